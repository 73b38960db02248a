"""Writes cases.json: small scans and label maps that nibabel and SimpleITK made of them, as their users do.

A scan of 7 × 6 × 5 voxels has the value 1000 at MARKER and 500 at FAR. A program reads it, makes a label map of it by
the values alone (1 where it found 1000, 2 where 500), and saves that. So whatever the program believes about the
scan's place, label 1 belongs into voxel MARKER of the scan. `side` is where nibabel sees that voxel. `why` names what
Voxpoint should recognise (nothing: the grids are one); "refused" with words of the error where it must not guess.
Needs nibabel, SimpleITK and numpy. Run in this folder.
"""
import gzip, json, logging, os, tempfile, warnings
import nibabel as nib
import numpy as np
import SimpleITK as sitk

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
sitk.ProcessObject.SetGlobalWarningDisplay(False)
DIMS, MARKER, FAR = (7, 6, 5), (5, 1, 3), (0, 4, 0)
FOLDER = tempfile.mkdtemp()


def turned(degrees, about=2):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = [a for a in range(3) if a != about]
    m = np.eye(3)
    m[i, i] = m[j, j] = c
    m[i, j], m[j, i] = -s, s
    return m


def affine(directions=np.diag([-1.0, 1, 1]), spacing=(2, 3, 4), origin=(10, -20, 30)):
    m = np.eye(4)
    m[:3, :3], m[:3, 3] = directions @ np.diag(spacing), origin
    return m


LAS = affine()
PIR = affine(np.array([[0, 0, 1.0], [-1, 0, 0], [0, -1, 0]]))
OBLIQUE = affine(turned(20) @ turned(15, 0) @ np.diag([-1.0, 1, 1]))
MOVED = affine(origin=(17, -24, 41))
TURNED = affine(turned(25) @ np.diag([-1.0, 1, 1]), origin=(3, 5, 30))
MIRRORED = affine(np.eye(3), origin=(10 - 2 * 6, -20, 30))
UNIT = affine(np.eye(3), (1, 1, 1), (-3, -3, -2))


def scan(name, sform=None, qform=None, s=1, q=1, units=2, pixdim=(2, 3, 4), kind=nib.Nifti1Image):
    data = (np.indices(DIMS).sum(0) * 3).astype(np.int16)
    data[MARKER], data[FAR] = 1000, 500
    image = kind(data, None)
    h = image.header
    if qform is not None:
        h.set_qform(qform, code=q)
    if sform is not None:
        h.set_sform(sform, code=s)
    h["qform_code"], h["sform_code"] = (q if qform is not None else 0), (s if sform is not None else 0)
    h["pixdim"][1:4] = pixdim
    h["xyzt_units"] = units
    path = os.path.join(FOLDER, name + ".nii.gz")
    nib.save(image, path)
    return path


def labels_of(values):
    return ((values == 1000) * 1 + (values == 500) * 2).astype(np.uint8)


def by_itk(path, axes=None):
    image = sitk.ReadImage(path)
    if axes:
        image = sitk.DICOMOrient(image, axes)
    out = sitk.GetImageFromArray(labels_of(sitk.GetArrayFromImage(image)))
    out.CopyInformation(image)
    to = os.path.join(FOLDER, "labels.nii.gz")
    sitk.WriteImage(out, to)
    return to


def by_nibabel(path, canonical=False, header=True, place=None, first=lambda a: a):
    image = nib.load(path)
    if canonical:
        image = nib.as_closest_canonical(image)
    data = first(labels_of(np.asarray(image.dataobj)))
    out = nib.Nifti1Image(data, image.affine if place is None else place, image.header if header else None)
    if header:
        out.header.set_data_dtype(np.uint8)
    to = os.path.join(FOLDER, "labels.nii.gz")
    nib.save(out, to)
    return to


CASES = []


def case(name, scan, labels, *why, refused=None):
    image = nib.load(scan)
    x, y, z = nib.affines.apply_affine(image.affine, MARKER)
    found = labels_of(np.asarray(image.dataobj))
    assert found[MARKER] == 1 and found[FAR] == 2
    hexed = lambda path: gzip.compress(gzip.decompress(open(path, "rb").read()), mtime=0).hex()
    CASES.append({"name": name, "scan": hexed(scan), "labels": hexed(labels), "why": list(why), "refused": refused,
                  "side": "RL"[int(x < 0)] + "AP"[int(y < 0)] + "SI"[int(z < 0)]})


def main():
    ordinary = {"LAS": scan("las", LAS), "PIR": scan("pir", PIR), "oblique": scan("oblique", OBLIQUE, OBLIQUE)}
    for name, path in ordinary.items():
        case(f"{name}, by ITK", path, by_itk(path))
        case(f"{name}, by nibabel", path, by_nibabel(path))
        case(f"{name}, by nibabel, canonical", path, by_nibabel(path, canonical=True), "Reordered")
        for axes in ("LPS", "RAS", "PIR", "SLA"):
            itk = by_itk(path, axes)  # ITK's letters tell where an axis comes from, nibabel's where it goes
            same = (nib.aff2axcodes(nib.load(itk).affine) == nib.aff2axcodes(nib.load(path).affine))
            case(f"{name}, by ITK as {axes}", path, itk, *(() if same else ("Reordered",)))
    two = scan("nifti2", OBLIQUE, kind=nib.Nifti2Image)
    case("NIfTI-2, by nibabel, canonical", two, by_nibabel(two, canonical=True), "Reordered")
    qform_only = scan("qform", qform=OBLIQUE)
    case("qform only, by ITK", qform_only, by_itk(qform_only))
    case("qform only, by nibabel, canonical", qform_only, by_nibabel(qform_only, canonical=True), "Reordered")

    none = scan("none")
    case("no form, by ITK", none, by_itk(none), "ByItk")
    case("no form, by ITK as LAI", none, by_itk(none, "LAI"), "ByItk", "Reordered")
    case("no form, by nibabel", none, by_nibabel(none))
    case("no form, by nibabel, canonical", none, by_nibabel(none, canonical=True), "Reordered")
    case("no form, by ITK, then canonical", none, by_nibabel_of(by_itk(none)), "ByItk", "Reordered")

    for name, other in (("moved", MOVED), ("turned", TURNED)):
        for s, q in ((1, 1), (2, 1), (4, 2)):
            path = scan(f"differ_{name}_{s}", LAS, other, s, q)
            # ITK takes the sform if its code is 1.
            why = () if s == 1 else ("ByQform",)
            case(f"sform {s}, qform {q} {name}, by ITK", path, by_itk(path), *why)
            case(f"sform {s}, qform {q} {name}, by nibabel", path, by_nibabel(path))
            case(f"sform {s}, qform {q} {name}, at the qform", path, by_nibabel(path, header=False, place=other), "ByQform")
            case(f"sform {s}, qform {q} {name}, by nibabel, canonical", path, by_nibabel(path, canonical=True), "Reordered")
    path = scan("mirrored", LAS, MIRRORED, 2, 1)
    case("forms that mirror each other, by nibabel", path, by_nibabel(path))
    case("forms that mirror each other, by ITK", path, by_itk(path), refused="mirror each other")
    case("forms that mirror each other, by nibabel, canonical", path, by_nibabel(path, canonical=True), refused="mirror each other")

    unit = scan("unit", UNIT)
    case("unit sform, by ITK", unit, by_itk(unit), "ByPixdim")
    case("unit sform, by nibabel", unit, by_nibabel(unit, header=False))
    unit = scan("unit_q", UNIT, LAS, 2, 1)
    case("unit sform over a qform, by ITK", unit, by_itk(unit), "ByQform")
    thick = scan("thick", affine(spacing=(2, 3, 5)))
    case("sform thicker than pixdim, by ITK", thick, by_itk(thick), "ByPixdim")

    for units, word in ((1, "metres"), (3, "micrometres")):
        factor = {1: 0.001, 3: 1000.0}[units]
        scaled = OBLIQUE.copy()
        scaled[:3] *= factor
        pixdim = tuple(factor * v for v in (2, 3, 4))
        path = scan(word, scaled, units=units, pixdim=pixdim)
        case(f"{word}, by ITK", path, by_itk(path))
        case(f"{word}, by nibabel with the header", path, by_nibabel(path))
        case(f"{word}, by nibabel without", path, by_nibabel(path, header=False), "ByNumbers")
        case(f"{word}, by nibabel without, canonical", path, by_nibabel(path, canonical=True, header=False), "ByNumbers", "Reordered")
        path = scan(word + "_none", units=units, pixdim=pixdim)
        case(f"{word}, no form, by ITK", path, by_itk(path), "ByItk")

    las = ordinary["LAS"]
    put = lambda place, **more: by_nibabel(las, header=False, place=place, **more)
    case("moved", las, put(affine(origin=(15, -21, 30))), refused="its middle lies R 5.00 P 1.00 mm from the scan's")
    case("turned", las, put(affine(turned(5) @ np.diag([-1.0, 1, 1]))), refused="it is turned by 5°")
    case("another spacing", las, put(affine(spacing=(2, 3, 3))), refused="its voxels lie 2 × 3 × 3 mm apart instead of 2 × 3 × 4 mm")
    case("other axes", las, put(affine(np.eye(3))), refused="its axes are RAS instead of LAS")
    case("a slice less", las, put(LAS, first=lambda a: a[:, :, 1:]), refused="7 × 6 × 4 voxels instead of 7 × 6 × 5")
    case("at the place that ITK gives scans without a form", las, put(affine(np.diag([-1.0, -1, 1]), origin=(0, 0, 0))), refused="its axes are LPS instead of LAS")
    case("no form, elsewhere", none, by_nibabel(none, header=False, place=LAS), refused="mm from the scan's")
    without = nib.load(put(LAS))
    without.header["sform_code"] = without.header["qform_code"] = 0
    without.header["pixdim"][1:4] = (2, 3, 4)
    to = os.path.join(FOLDER, "labels.nii.gz")
    nib.Nifti1Image(np.asarray(without.dataobj), None, without.header).to_filename(to)
    case("label map without a form", las, to, refused="the label map does not say how it lies")
    with open("cases.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in CASES) + "\n]\n")
    print(len(CASES), "cases")


def by_nibabel_of(path):
    """The label map itself, turned to RAS+."""
    nib.save(nib.as_closest_canonical(nib.load(path)), path)
    return path


main()
