"""Writes cases.json: small NIfTI files with headers as odd writers leave them, and what nibabel and SimpleITK
read in them. Every number in it is theirs, or (`by` is "bytes") that of the voxels as they were put into the file.

`by` says whose answer is expected of Voxpoint: "both" where they agree; where they do not, the safer one, with the
reason beside it here. "refused" is expected where no answer is safe; `says` are words of the error or of a warning.
Needs nibabel, SimpleITK and numpy. Run in this folder.
"""
import gzip, itertools, json, logging, os, struct, tempfile, warnings
import nibabel as nib
import numpy as np
import SimpleITK as sitk

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
sitk.ProcessObject.SetGlobalWarningDisplay(False)
DIMS = (4, 3, 2)
VOXELS = np.arange(24, dtype=np.int16) * 7 + 1
STRAIGHT = ((-2.0, 0, 0, 10), (0, 3.0, 0, -20), (0, 0, 4.0, 30))


def header(version=1, big=False, dim=(3, *DIMS, 1, 1, 1, 1), datatype=4, bitpix=16, offset=None, size=None,
           magic=None, pixdim=(1, 2, 3, 4, 1, 1, 1, 1), units=2, sform=1, rows=STRAIGHT, qform=0,
           quatern=(0, 0, 0), qoffset=(0, 0, 0)):
    e = ">" if big else "<"
    if version == 1:
        h = bytearray(352)
        put = lambda at, kind, *v: struct.pack_into(e + kind, h, at, *v)
        put(0, "i", 348 if size is None else size)
        put(40, "8h", *dim)
        put(70, "hh", datatype, bitpix)
        put(76, "8f", *pixdim)
        put(108, "3f", 352.0 if offset is None else offset, 1, 0)
        h[123] = units
        put(252, "hh", qform, sform)
        put(256, "6f", *quatern, *qoffset)
        put(280, "12f", *itertools.chain(*rows))
        h[344:348] = magic or b"n+1\0"
    else:
        h = bytearray(544)
        put = lambda at, kind, *v: struct.pack_into(e + kind, h, at, *v)
        put(0, "i", 540 if size is None else size)
        h[4:12] = magic or b"n+2\0\r\n\x1a\n"
        put(12, "hh", datatype, bitpix)
        put(16, "8q", *dim)
        put(104, "8d", *pixdim)
        put(168, "q", 544 if offset is None else int(offset))
        put(176, "2d", 1, 0)
        put(344, "ii", qform, sform)
        put(352, "6d", *quatern, *qoffset)
        put(400, "12d", *itertools.chain(*rows))
        put(500, "i", units)
    return bytes(h)


def voxels(big=False, of=VOXELS):
    return of.astype(of.dtype.newbyteorder(">" if big else "<")).tobytes()


def told(affine, shape, values):
    shape = list(shape) + [1] * (3 - len(shape))
    frames = int(np.prod(shape[3:]))
    return {"dims": [int(n) for n in shape[:3]], "frames": frames,
            "affine": [[round(float(v), 9) for v in row] for row in affine[:3]],
            "values": [float(v) for v in values]}


def by_nibabel(path):
    try:
        image = nib.load(path)
        data = np.asarray(image.dataobj)
        return told(image.affine, data.shape, data.ravel(order="F")) if data.size else "no voxels"
    except Exception:
        return "error"


def by_simpleitk(path):
    try:
        image = sitk.ReadImage(path)
        data = sitk.GetArrayFromImage(image)
    except Exception:
        return "error"
    n = image.GetDimension()
    affine = np.eye(4)
    direction = np.eye(3)
    direction[:min(n, 3), :min(n, 3)] = np.array(image.GetDirection()).reshape(n, n)[:3, :3]
    spacing, origin = np.ones(3), np.zeros(3)
    spacing[:min(n, 3)], origin[:min(n, 3)] = image.GetSpacing()[:3], image.GetOrigin()[:3]
    affine[:3, :3], affine[:3, 3] = direction @ np.diag(spacing), origin
    return told(np.diag([-1, -1, 1, 1]) @ affine + 0.0, image.GetSize(), data.ravel())


CASES = []


def case(name, by, content, says="", file="a.nii", image=None, meant=None, strict=True):
    """`meant`: voxels as put into the file, for `by="bytes"`. With `strict` (and `by="both"`) the readers must agree."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, file)
        pack = lambda p, b: open(p, "wb").write(gzip.compress(b, mtime=0) if p.endswith(".gz") else b)
        pack(path, content)
        if image is not None:
            pack(path.replace(".hdr", ".img"), image)
        read = {"nibabel": by_nibabel(path), "simpleitk": by_simpleitk(path)}
    found = {"both": read["nibabel"], "bytes": None, "refused": None}.get(by, read.get(by))
    if by == "both":
        same = read["nibabel"], read["simpleitk"]
        assert all(isinstance(r, dict) for r in same), (name, same)
        for key in ("dims", "frames", "values") + (("affine",) if strict else ()):
            assert np.allclose(same[0][key], same[1][key], atol=1e-5), (name, key, same)
    if by == "bytes":
        found = told(np.array(STRAIGHT), DIMS, VOXELS if meant is None else meant)
    if by in read:
        assert isinstance(found, dict), (name, read)
    brief = {k: v if isinstance(v, str) else "opens it" if found is None else "the same" if v == found else "another image"
             for k, v in read.items()}
    squeezed = lambda b: gzip.compress(b, mtime=0).hex()
    CASES.append({"name": name, "file": file, "content": squeezed(content), "says": says, "by": by,
                  "readers": brief, "expected": found} | ({} if image is None else {"image": squeezed(image)}))


def dimensions(version, big):
    h = lambda *dim: header(version, big, dim=dim) + voxels(big)
    tag = f"NIfTI-{version} {'big' if big else 'little'}"
    itk = "bytes" if version == 2 else "simpleitk"  # ITK does not read NIfTI-2
    both = "nibabel" if version == 2 else "both"
    case(f"{tag}: zeros after the last dimension", both, h(3, *DIMS, 0, 0, 0, 0))
    case(f"{tag}: two dimensions, zeros after", both, header(version, big, dim=(2, 4, 6, 0, 0, 0, 0, 0), rows=STRAIGHT) + voxels(big), strict=False)
    # nibabel makes images without voxels of these.
    case(f"{tag}: no time points", itk, h(4, *DIMS, 0, 0, 0, 0), "dimension is 0 in the header (4); 1 is used")
    case(f"{tag}: no time points, no channels", itk, h(5, *DIMS, 0, 0, 1, 1), "dimensions are 0 in the header (4, 5)")
    case(f"{tag}: no channels", itk, h(7, *DIMS, 1, 1, 1, 0), "(7); 1 is used")
    if version == 1:
        case(f"{tag}: no slices", "simpleitk", h(3, 4, 3, 0, 1, 1, 1, 1), "(3); 1 is used")
        case(f"{tag}: no slices, two time points", "simpleitk", h(4, 4, 3, 0, 2, 1, 1, 1), "(3); 1 is used")
    # ITK takes a negative number or no rows for 1, nibabel does not: that is damage.
    case(f"{tag}: negative time points", "refused", h(4, *DIMS, -1, 1, 1, 1), "dimension 4 is -1")
    case(f"{tag}: negative slices", "refused", h(3, 4, 3, -2, 1, 1, 1, 1), "dimension 3 is -2")
    case(f"{tag}: no rows", "refused", h(3, 4, 0, 2, 1, 1, 1, 1), "dimension 2 is 0")
    case(f"{tag}: no columns", "refused", h(3, 0, 3, 2, 1, 1, 1, 1), "dimension 1 is 0")
    for n in (0, 8, 255, -1):
        case(f"{tag}: {n} dimensions", "refused", h(n, *DIMS, 1, 1, 1, 1), f"{n} dimensions")


def types(version, big):
    both = "nibabel" if version == 2 else "both"
    tag = f"NIfTI-{version} {'big' if big else 'little'}"
    kinds = {2: "uint8", 4: "int16", 8: "int32", 16: "float32", 64: "float64", 256: "int8", 512: "uint16", 768: "uint32"}
    for code, kind in kinds.items():
        for bits in (0, 8, 16, 32, 64, -1):
            right = bits == 8 * np.dtype(kind).itemsize
            if (big or version == 2) and bits not in (0, 32) or right and code != 4:
                continue
            says = "" if right else "does not state the size" if bits == 0 else f"states {bits} bits for each voxel"
            case(f"{tag}: {kind} of {bits} bits", both,
                 header(version, big, datatype=code, bitpix=bits) + voxels(big, np.arange(24).astype(kind)), says)


def offsets(version, big):
    tag = f"NIfTI-{version} {'big' if big else 'little'}"
    own, first = (348, 352) if version == 1 else (540, 544)
    for at, file in itertools.product((own, first), ("a.nii", "a.nii.gz")):
        for offset in (0, 1, 100, own - 1, own, own + 2):
            # No reader takes an offset of 352 here, nibabel takes none: the length of the file tells.
            content = header(version, big, offset=offset)[:at] + voxels(big)
            says = "" if offset == at else f"puts the voxels at byte {offset}; byte {at} is used, so that they end"
            case(f"{tag}: offset {offset}, voxels at {at}, {file}", "bytes", content, says, file)
    for file in ("a.nii", "a.nii.gz"):
        # Something follows the voxels: the stated byte if it can be right, else the usual one.
        content = header(version, big, offset=0)[:first] + voxels(big) + b"\0" * 32
        case(f"{tag}: offset 0, more after the voxels, {file}", "bytes", content, f"byte {first} is used, likely", file)
        content = header(version, big, offset=own)[:own] + voxels(big) + b"\0" * 32
        case(f"{tag}: offset {own}, more after the voxels, {file}", "bytes", content, "follow the voxels", file)
        if version == 1:
            content = header(1, big, offset=352.5) + voxels(big)
            case(f"{tag}: offset 352.5, {file}", "both", content, "byte 352.5; byte 352 is used", file)
            for offset in (-1, float("nan"), float("inf")):
                case(f"{tag}: offset {offset}, {file}", "refused", header(1, big, offset=offset) + voxels(big),
                     "voxels start at byte", file)
        # ITK fills up with zeros.
        case(f"{tag}: offset {first}, voxels at {own}, {file}", "refused", header(version, big)[:own] + voxels(big),
             "cut short", file)


def sizes_and_marks(big):
    tag = "big" if big else "little"
    for size in (0, 352, 347, 540, 999, -1, 1543569408):
        case(f"{tag}: sizeof_hdr {size}", "both", header(1, big, size=size) + voxels(big),
             f"says it has {size} bytes; it has 348")
    case(f"{tag}: ni1 in a .nii", "both", header(1, big, magic=b"ni1\0") + voxels(big), "those of this file are used")
    case(f"{tag}: ni1 in a .nii.gz", "both", header(1, big, magic=b"ni1\0") + voxels(big), "those of this file are used", "a.nii.gz")
    # Both read the header as voxels.
    for at in (348, 352):
        case(f"{tag}: ni1 in a .nii, offset 0, voxels at {at}", "bytes",
             header(1, big, magic=b"ni1\0", offset=0)[:at] + voxels(big), f"byte {at} is used")
    case(f"{tag}: ni2 in a .nii", "nibabel", header(2, big, magic=b"ni2\0\r\n\x1a\n") + voxels(big), "those of this file are used")
    case(f"{tag}: ni1 in a .nii without voxels", "refused", header(1, big, magic=b"ni1\0"), "second file")
    case(f"{tag}: NIfTI-2 of 544 bytes", "refused", header(2, big, size=544) + voxels(big), "its size is not 540")
    case(f"{tag}: NIfTI-2 without line ends", "nibabel", header(2, big, magic=b"n+2\0\0\0\0\0") + voxels(big))
    case(f"{tag}: NIfTI-2 through text mode", "refused", header(2, big, magic=b"n+2\0\n\n\x1a\n") + voxels(big), "transfer as text")
    # ANALYZE says nothing of left and right.
    case(f"{tag}: no mark", "refused", header(1, big, magic=b"\0\0\0\0") + voxels(big), "ANALYZE")


def pairs(big):
    tag = f"pair, {'big' if big else 'little'}"
    pair = lambda **f: header(1, big, magic=f.pop("magic", b"ni1\0"), offset=f.pop("offset", 0), **f)[:348]
    case(tag, "both", pair(), file="a.hdr", image=voxels(big))
    case(f"{tag}, gzip", "both", pair(), file="a.hdr.gz", image=voxels(big))
    case(f"{tag}, offset 16", "both", pair(offset=16), file="a.hdr", image=b"\xee" * 16 + voxels(big))
    case(f"{tag}, sizeof_hdr 0", "both", pair(size=0), "it has 348", "a.hdr", voxels(big))
    case(f"{tag}, no time points", "simpleitk", pair(dim=(4, *DIMS, 0, 0, 0, 0)), "1 is used", "a.hdr", voxels(big))
    case(f"{tag}, 8 bits", "both", pair(bitpix=8), "states 8 bits", "a.hdr", voxels(big))
    # ITK shows zeros for these, nibabel reads the first only.
    case(f"{tag}, marked as one file", "nibabel", pair(magic=b"n+1\0"), "those of the .img file are used", "a.hdr", voxels(big))
    for file in ("a.hdr", "a.hdr.gz"):
        case(f"{tag}, offset of one file, {file}", "bytes", pair(offset=352), "at byte 352; byte 0 is used, so that", file, voxels(big))
    case(f"{tag}, offset 16 and nothing there", "refused", pair(offset=16), "cut short", "a.hdr", b"\xee" * 8 + voxels(big))


def quaternion(affine):
    """qform fields of a straight or turned affine, by nibabel; for x, y, z sizes 2, 3, 4."""
    h = nib.Nifti1Header()
    h.set_qform(affine, code=1)
    return {"quatern": [float(h["quatern_" + c]) for c in "bcd"],
            "qoffset": [float(h["qoffset_" + c]) for c in "xyz"],
            "pixdim": (float(h["pixdim"][0]), *np.linalg.norm(affine[:3, :3], axis=0), 1, 1, 1, 1)}


def places():
    straight = np.vstack([STRAIGHT, [0, 0, 0, 1]])
    for version, big in ((1, False), (1, True), (2, False)):
        tag = f"NIfTI-{version} {'big' if big else 'little'}"
        for units in (0, 1, 2, 3, 4, 7, 1 | 8, 3 | 16, 2 | 24, 0x41, 0x80 | 3):
            if big and units > 4:
                continue
            says = {1: "the metre: its numbers are taken times 1000", 3: "the micrometre: its numbers are taken times 0.001"}.get(units & 7, "")
            factor = {1: 1000.0, 3: 0.001}.get(units & 7, 1.0)
            forms = {"sform": {}, "qform": {"sform": 0, "qform": 1} | quaternion(straight),
                     "both": {"sform": 1, "qform": 1} | quaternion(straight)}
            for name, fields in forms.items():
                content = header(version, big, units=units, **fields) + voxels(big)
                by = "simpleitk" if version == 1 else "bytes"
                case(f"{tag}: units {units}, {name}", by, content, says)
                if version == 2:  # ITK does not read NIfTI-2; its rule for NIfTI-1 is that of the unit
                    scaled = np.array(STRAIGHT) * factor
                    CASES[-1]["expected"] = told(scaled, DIMS, VOXELS)
            # ITK turns y round and starts at 0; nibabel's place in the middle is used, in ITK's unit.
            content = header(version, big, units=units, sform=0) + voxels(big)
            case(f"{tag}: units {units}, no form", "nibabel", content, "left and right may be swapped")
            rows = CASES[-1]["expected"]["affine"]
            CASES[-1]["expected"]["affine"] = [[round(v * factor, 9) for v in row] for row in rows]
    # Forms that differ: nibabel takes the sform. ITK does so only if its code is 1.
    turned = straight.copy()
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    turned[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ straight[:3, :3]
    moved = straight.copy()
    moved[:3, 3] = (17, -24, 41)
    mirrored = straight.copy()
    mirrored[0, 0], mirrored[0, 3] = 2, 4
    for s, q in itertools.product((1, 2, 4), (1, 2)):
        for name, other, says in (
            ("moved", moved, "by up to 13.6382 mm; the sform is used (spacing 2 × 3 × 4 mm, axes LAS, first voxel at 10, -20, 30 mm); programs that use the qform see spacing 2 × 3 × 4 mm, axes LAS, first voxel at 17, -24, 41 mm"),
            ("turned", turned, "sform and qform disagree by up to"), ("mirrored", mirrored, "axes RAS, first voxel at 4, -20, 30 mm"),
            ("the same", straight, ""),
        ):
            fields = quaternion(other)
            case(f"sform {s}, qform {q}: {name}", "both" if s == 1 or name == "the same" else "nibabel",
                 header(sform=s, qform=q, **fields) + voxels(), says)
    unit = ((1, 0, 0, -40), (0, 1, 0, -40), (0, 0, 1, -37))
    for s in (1, 2):
        case(f"unit sform {s} over other pixdim", "nibabel", header(sform=s, rows=unit) + voxels(),
             "puts the voxels 1 × 1 × 1 mm apart, pixdim 2 × 3 × 4 mm; the sform is used")
        case(f"unit sform {s} over another qform", "nibabel", header(sform=s, rows=unit, qform=1, **quaternion(straight)) + voxels(),
             "the sform is used (spacing 1 × 1 × 1 mm, axes RAS, first voxel at -40, -40, -37 mm); programs that use the qform see spacing 2 × 3 × 4 mm, axes LAS, first voxel at 10, -20, 30 mm")
    thick = ((-2.0, 0, 0, 10), (0, 3.0, 0, -20), (0, 0, 5.0, 30))
    case("sform thicker than pixdim", "nibabel", header(rows=thick) + voxels(), "puts the voxels 2 × 3 × 5 mm apart, pixdim 2 × 3 × 4 mm")
    case("pixdim of ones", "nibabel", header(pixdim=(1,) * 8) + voxels(), "pixdim 1 × 1 × 1 mm")
    case("pixdim of zeros", "nibabel", header(pixdim=(0,) * 8) + voxels())
    near = tuple(tuple(v * 1.0001 for v in row) for row in STRAIGHT)
    case("sform a ten-thousandth larger than pixdim", "nibabel", header(rows=near) + voxels())


if __name__ == "__main__":
    for big in (False, True):
        for version in (1, 2):
            dimensions(version, big)
            types(version, big)
            offsets(version, big)
        sizes_and_marks(big)
        pairs(big)
    places()
    names = [c["name"] for c in CASES]
    assert len(set(names)) == len(names), sorted(n for n in set(names) if names.count(n) > 1)
    with open("cases.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in CASES) + "\n]\n")
    print(len(CASES), "cases")
