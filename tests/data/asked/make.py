"""Writes cases.json: small ANALYZE 7.5 files (nibabel) and stacks of PNG and TIFF pictures (Pillow, tifffile), of which
it is asked how their voxels lie, and what nibabel, Pillow and tifffile read in them.

    python make.py        # nibabel 5.4, Pillow 13, tifffile 2026, SimpleITK 2.5

A place that was typed follows from the letters: `orientation` says where x, y, z run to, and the middle of the scan, or
SPM's origin, lies at 0, 0, 0. With LAS that is what nibabel makes of ANALYZE files; the script checks that it is.
"""

import io
import json
import pathlib
import tempfile

import nibabel as nib
import numpy as np
import SimpleITK as sitk
import tifffile
from PIL import Image

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(7)
UNIT = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}


def affine(letters, spacing, origin):
    """Voxel to RAS mm: the axes run to the letters, the voxel `origin` lies at 0."""
    m = np.zeros((4, 4))
    m[3, 3] = 1
    for column, letter in enumerate(letters):
        row, sign = UNIT[letter]
        m[row, column] = sign * spacing[column]
    m[:3, 3] = -m[:3, :3] @ np.asarray(origin, float)
    return m


def luminance(rgb):
    rgb = rgb[..., :3].astype(np.uint64)
    weighted = rgb[..., 0] * 19595 + rgb[..., 1] * 38470 + rgb[..., 2] * 7471
    return (weighted + 0x8000) >> 16


cases = []


def case(name, files, opened, expect, orientation=None, spacing=None):
    hexes = {n: bytes(b).hex() for n, b in files.items()}
    cases.append(dict(name=name, files=hexes, open=opened, orientation=orientation, spacing=spacing, **expect))


def volume(array, matrix, **more):
    """`array` is indexed x, y, z."""
    flat = array.flatten(order="F")
    return dict(
        dims=list(array.shape),
        dtype=str(array.dtype),
        affine=[[float(v) for v in row] for row in matrix],
        values=[float(v) for v in flat],
        **more,
    )


def analyze(name, cls, array, spacing, letters="LAS", origin=None, endian="<", more=None, warns=None, factor=1.0):
    with tempfile.TemporaryDirectory() as folder:
        header = cls.header_class(endianness=endian)
        header.set_data_dtype(array.dtype)
        image = cls(array, np.diag([-spacing[0], spacing[1], spacing[2], 1.0]), header)
        image.header.set_zooms(list(spacing) + [1.0] * (array.ndim - 3))
        if origin is not None:
            image.header["origin"][:3] = origin
        path = pathlib.Path(folder) / "scan.img"
        image.to_filename(path)
        files = {p.name: bytearray(p.read_bytes()) for p in pathlib.Path(folder).iterdir() if p.suffix != ".mat"}
        if factor != 1.0:
            order = "<f4" if endian == "<" else ">f4"
            files["scan.hdr"][112:116] = np.array([factor], order).tobytes()
        if origin is not None:
            order = "<i2" if endian == "<" else ">i2"
            files["scan.hdr"][253:259] = np.array(origin, order).tobytes()
        # What nibabel reads without SPM's matrix.
        for n, b in files.items():
            (pathlib.Path(folder) / n).write_bytes(b)
        for mat in pathlib.Path(folder).glob("*.mat"):
            mat.unlink()
        found = nib.load(path)
        if letters == "LAS" and origin is None:
            middle = [(n - 1) / 2 for n in array.shape[:3]]
            np.testing.assert_allclose(found.affine, affine("LAS", spacing, middle), atol=1e-5)
        if letters == "LAS" and origin is not None and cls is not nib.AnalyzeImage:
            np.testing.assert_allclose(found.affine, affine("LAS", spacing, np.array(origin) - 1.0), atol=1e-5)
        values = np.asarray(found.dataobj)
        np.testing.assert_allclose(values, array * factor, rtol=1e-6)
    middle = [(n - 1) / 2 for n in array.shape[:3]] if origin is None else np.array(origin) - 1.0
    if more:
        files.update(more)
    stored = array.astype(array.dtype.newbyteorder("="))
    expect = volume(stored, affine(letters, spacing, middle), factor=factor, warns=warns or "was typed")
    case(name, files, "scan.img", expect, orientation=letters)
    case(name + ", by its header", files, "scan.hdr", expect, orientation=letters)
    return files


def numbers(shape, dtype):
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return RNG.normal(0, 100, shape).astype(kind)
    info = np.iinfo(kind)
    return RNG.integers(max(info.min, -3000), min(info.max, 3000), shape, endpoint=True).astype(kind)


def analyze_cases():
    shape, spacing = (4, 3, 5), (2.0, 1.5, 3.0)
    for dtype in ["uint8", "int16", "int32", "float32", "float64"]:
        analyze(f"analyze {dtype}", nib.AnalyzeImage, numbers(shape, dtype), spacing)
    for letters in ["RAS", "LPS", "ASL", "LSA", "PIR"]:
        analyze(f"analyze {letters}", nib.AnalyzeImage, numbers(shape, "int16"), spacing, letters)
    analyze("analyze big-endian", nib.AnalyzeImage, numbers(shape, "int16"), spacing, endian=">")
    analyze("analyze, time points", nib.AnalyzeImage, numbers((3, 2, 2, 3), "int16"), spacing)
    analyze("SPM99 origin", nib.Spm99AnalyzeImage, numbers(shape, "int16"), spacing, origin=(2, 1, 4))
    analyze("SPM99 origin, RAS", nib.Spm99AnalyzeImage, numbers(shape, "int16"), spacing, "RAS", origin=(2, 1, 4))
    analyze("SPM factor", nib.Spm99AnalyzeImage, numbers(shape, "int16"), spacing, factor=0.25, warns="times 0.25")
    files = analyze(
        "SPM matrix beside", nib.AnalyzeImage, numbers(shape, "int16"), spacing, more={"scan.mat": b"MATLAB"}, warns=".mat"
    )
    files = {n: b for n, b in files.items()}
    case("analyze, not asked yet", files, "scan.img", dict(error="does not say which side is left (nor is SPM's .mat", likely="LAS"))
    alone = {n: b for n, b in files.items() if n != "scan.mat"}
    case("analyze, not asked yet", alone, "scan.hdr", dict(error="which side is left", likely="LAS"))
    sagittal = {n: bytearray(b) for n, b in alone.items()}
    sagittal["scan.hdr"][252] = 2
    case("analyze, sagittal by its header", sagittal, "scan.hdr", dict(error="which side is left", likely="ASL"))
    case("analyze, only the header", {"scan.hdr": alone["scan.hdr"]}, "scan.hdr", dict(error="second file"), "LAS")
    short = dict(alone, **{"scan.img": alone["scan.img"][:50]})
    case("analyze, cut short", short, "scan.hdr", dict(error="cut short"), "LAS")


def png(array, mode=None, **options):
    out = io.BytesIO()
    Image.fromarray(array, mode).save(out, "PNG", **options)
    return out.getvalue()


def stack(name, slices, encode, ending, kept=None, letters=None, spacing=(0.5, 0.75, 2.0), warns="typed", names=None):
    """`slices` are indexed y, x; `kept` is what they become."""
    kept = slices if kept is None else kept
    files = {}
    for n, one in enumerate(slices):
        files[names[n] if names else f"slice {n + 8}.{ending}"] = encode(one)
    array = np.stack(kept, axis=-1).transpose(1, 0, 2)
    middle = [(n - 1) / 2 for n in array.shape]
    expect = volume(array, affine(letters or "LPS", spacing, middle), warns=warns, factor=1.0)
    case(name, files, ".", expect, letters, list(spacing))
    return files


def picture_cases():
    shape = (3, 5)
    grey = [numbers(shape, "uint8") for _ in range(4)]
    stack("png uint8", grey, png, "png", warns="left and right may be swapped")
    stack("png uint8, RAS", grey, png, "png", letters="RAS")
    wide = [numbers(shape, "uint16") for _ in range(3)]
    stack("png uint16", wide, png, "PNG")
    rgb = [numbers(shape + (3,), "uint8") for _ in range(3)]
    stack("png colours", rgb, png, "png", [luminance(p).astype("uint8") for p in rgb], warns="luminance")
    rgba = [numbers(shape + (4,), "uint8") for _ in range(2)]
    stack("png colours and alpha", rgba, png, "png", [luminance(p).astype("uint8") for p in rgba], warns="luminance")
    bits = [RNG.integers(0, 2, (3, 11)).astype("uint8") for _ in range(2)]
    stack("png of 1 bit", bits, lambda a: png(a.astype(bool)), "png")
    palette = [RNG.integers(0, 7, shape).astype("uint8") for _ in range(2)]

    def indexed(array):
        image = Image.fromarray(array, "P")
        image.putpalette(list(RNG.integers(0, 255, 21)))
        out = io.BytesIO()
        image.save(out, "PNG", bits=8)
        return out.getvalue()

    stack("png of a colour table", palette, indexed, "png", warns="colour table")

    def tiff(compression=None, byteorder="<", **options):
        def encode(array):
            out = io.BytesIO()
            tifffile.imwrite(out, array, compression=compression, byteorder=byteorder, metadata=None, **options)
            return out.getvalue()

        return encode

    for dtype in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]:
        stack(f"tiff {dtype}", [numbers(shape, dtype) for _ in range(2)], tiff(), "tif")
    stack("tiff big-endian", wide, tiff(byteorder=">"), "tiff")
    stack("tiff colours", rgb, tiff(photometric="rgb"), "tif", [luminance(p).astype("uint8") for p in rgb], warns="luminance")

    def of_pillow(array, compression):
        out = io.BytesIO()
        Image.fromarray(array).save(out, "TIFF", compression=compression)
        return out.getvalue()

    for compression in ["tiff_lzw", "tiff_adobe_deflate", "packbits"]:
        stack(f"tiff {compression}", grey, lambda a, c=compression: of_pillow(a, c), "tif")

    def pages(name, array, expect_warns="typed", spacing=(1.0, 1.0, 4.0), **options):
        out = io.BytesIO()
        tifffile.imwrite(out, array, metadata=None, photometric="minisblack", **options)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "s.tif"
            path.write_bytes(out.getvalue())
            if "tile" not in options:  # SimpleITK turns tiles into colours.
                np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), array)
        kept = array.transpose(2, 1, 0)
        middle = [(n - 1) / 2 for n in kept.shape]
        expect = volume(kept, affine("LPS", spacing, middle), warns=expect_warns, factor=1.0)
        case(name, {"s.tif": out.getvalue()}, "s.tif", expect, None, list(spacing))
        return out.getvalue()

    several = pages("tiff of pages", numbers((4, 3, 5), "uint16"))
    pages("tiff of pages, big", numbers((2, 3, 5), "int16"), bigtiff=True)
    pages("tiff of pages, tiles", numbers((2, 32, 48), "uint8"), tile=(16, 16))

    names = ["b10.png", "b9.png", "B2.png"]
    order = [2, 1, 0]
    files = stack("png in the order of numbers", [grey[n] for n in order], png, "png", names=[names[n] for n in order], warns="leave something out")
    case("png, not asked yet", files, ".", dict(error="say it in mm"))
    mixed = dict(files, **{"b11.png": png(numbers((4, 5), "uint8"))})
    case("png of two sizes", mixed, ".", dict(error="a picture has 5 × 4 pixels, the first has 5 × 3"), None, [1.0, 1.0, 1.0])
    types = dict(files, **{"b11.png": png(wide[0])})
    case("png of two types", types, ".", dict(error="type uint16, the first has grey values of type uint8"), None, [1.0, 1.0, 1.0])
    case("one png", {"a.png": png(grey[0])}, "a.png", dict(error="it is one picture; open the folder"), None, [1.0, 1.0, 1.0])
    cut = dict(files, **{"b11.png": png(grey[0])[:60]})
    case("png cut short", cut, ".", dict(error="b11.png"), None, [1.0, 1.0, 1.0])
    case("tiff cut short", {"s.tif": several[: len(several) // 2]}, "s.tif", dict(error="s.tif"), None, [1.0, 1.0, 1.0])
    no = {"a.png": png(grey[0]), "b.png": png(grey[0]), "c.nii": b"x"}
    case("pictures beside a scan", no, ".", dict(error="a folder"), None, [1.0, 1.0, 1.0])


analyze_cases()
picture_cases()
(HERE / "cases.json").write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
print(len(cases), "cases")
