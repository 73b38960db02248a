"""Small NRRD, MetaImage and MGH files as odd and ordinary writers leave them, and what SimpleITK, pynrrd and nibabel read
in them: `cases.json`. Where those cannot read a file that the format's definition allows, or read it otherwise than its
definition says, what is expected is computed here and `by` says "definition".

    python tests/data/formats/make.py        (SimpleITK, nibabel, pynrrd, numpy)

A case: `files` (name: hexadecimal bytes), `open` (which), and `expect`: `dims` x, y, z; `time_points`; `affine` voxel to RAS
millimetres, 3 rows; `type`; `values`, x fastest, time points one after another; `says`: words of warnings, each of which
must be there (an empty list: no warning at all). Or `error`: words of it.
"""

import bz2
import gzip
import json
import struct
import tempfile
import zlib
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import SimpleITK as sitk

HERE = Path(__file__).parent
FLIP = np.diag([-1.0, -1.0, 1.0])
CASES = []
RAW = np.arange(24, dtype="<i2").tobytes()
# An oblique, left-handed placement with three different spacings.
_ANGLE = np.deg2rad(20)
_TURN = np.array([[np.cos(_ANGLE), -np.sin(_ANGLE), 0], [np.sin(_ANGLE), np.cos(_ANGLE), 0], [0, 0, 1]])
_TILT = np.array([[1, 0, 0], [0, np.cos(0.3), -np.sin(0.3)], [0, np.sin(0.3), np.cos(0.3)]])
OBLIQUE = _TURN @ _TILT @ np.diag([0.7, -1.2, 3.0])
ORIGIN = np.array([-10.5, 20.25, 30.125])


def by_sitk(path):
    """Affine in RAS, dims, values with components as time points."""
    image = sitk.ReadImage(str(path))
    n = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(n, n)
    spacing, origin = np.array(image.GetSpacing()), np.array(image.GetOrigin())
    affine = np.eye(3, 4)
    k = min(n, 3)
    linear, first = np.eye(3), np.zeros(3)
    linear[:k, :k] = (direction @ np.diag(spacing))[:k, :k]
    first[:k] = origin[:k]
    affine[:, :3], affine[:, 3] = FLIP @ linear, FLIP @ first
    array = sitk.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() > 1:
        array = np.moveaxis(array, -1, 0)
    dims = list(image.GetSize()[:3]) + [1] * (3 - k)
    return affine, dims, array


def expected(affine, dims, values, says, dtype, by):
    flat = np.asarray(values).ravel()
    return {
        "dims": [int(d) for d in dims],
        "time_points": int(flat.size // np.prod(dims)),
        "affine": [[float(v) for v in row] for row in np.asarray(affine)],
        "values": [float(v) for v in flat],
        "type": str(dtype),
        "says": says,
        "by": by,
    }


def case(name, files, open_=None, says=(), error=None, expect=None, dtype=None):
    """`expect`: (affine, dims, values, type) where no reader is asked."""
    open_ = open_ or next(iter(files))
    entry = {"name": name, "files": {k: v.hex() for k, v in files.items()}, "open": open_}
    if error is not None:
        entry["error"] = error
    elif expect is not None:
        affine, dims, values, dtype = expect
        entry["expect"] = expected(affine, dims, values, list(says), dtype, "definition")
    else:
        with tempfile.TemporaryDirectory() as folder:
            for file, content in files.items():
                path = Path(folder, file)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            path = Path(folder, open_)
            if open_.endswith((".mgh", ".mgz")):
                image = nibabel.load(path)
                array = np.asarray(image.dataobj)
                affine, dims = image.affine[:3], array.shape[:3]
                values, by = np.moveaxis(array.T, 0, 0), "nibabel"
                dtype = dtype or array.dtype.newbyteorder("=").name
            else:
                affine, dims, values = by_sitk(path)
                dtype, by = dtype or values.dtype.name, "SimpleITK"
        entry["expect"] = expected(affine, dims, values, list(says), dtype, by)
    CASES.append(entry)


# NRRD


def vec(v):
    return "(" + ",".join(repr(float(x)) for x in v) + ")"


def head(extra="", type_="short", sizes="4 3 2", encoding="raw", endian="little", space="LPS", directions=None, origin=None, kinds=None, magic="NRRD0005"):
    lines = [magic, "# a comment", f"type: {type_}", f"dimension: {len(sizes.split())}"]
    if space:
        lines.append(f"space: {space}" if not space.isdigit() else f"space dimension: {space}")
    lines.append(f"sizes: {sizes}")
    if directions is None and space:
        directions = " ".join(vec(OBLIQUE[:, i]) for i in range(3))
    if directions:
        lines.append(f"space directions: {directions}")
        lines.append(f"space origin: {origin or vec(ORIGIN)}")
    if kinds:
        lines.append(f"kinds: {kinds}")
    if endian:
        lines.append(f"endian: {endian}")
    lines.append(f"encoding: {encoding}")
    if extra:
        lines.append(extra)
    return ("\n".join(lines) + "\n\n").encode()


def lps(matrix, origin, flip=FLIP):
    out = np.zeros((3, 4))
    out[:, :3], out[:, 3] = flip @ matrix, flip @ origin
    return out


VALUES = np.arange(24)
PLAIN = (lps(OBLIQUE, ORIGIN), [4, 3, 2], VALUES, "int16")

# Every type under every name, both byte orders.
TYPES = {
    "int8": ["signed char", "int8", "int8_t"],
    "uint8": ["uchar", "unsigned char", "uint8", "uint8_t"],
    "int16": ["short", "short int", "signed short", "signed short int", "int16", "int16_t"],
    "uint16": ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"],
    "int32": ["int", "signed int", "int32", "int32_t"],
    "uint32": ["uint", "unsigned int", "uint32", "uint32_t"],
    "int64": ["longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"],
    "uint64": ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"],
    "float32": ["float"],
    "float64": ["double"],
}
for numpy_type, names in TYPES.items():
    kind = np.dtype(numpy_type)
    values = np.arange(24) * 5 if kind.kind == "u" else np.arange(24) * 5 - 60
    values = values + 0.25 if kind.kind == "f" else values
    for i, name in enumerate(names):
        case(f"type {name}", {"a.nrrd": head(type_=name) + values.astype(kind.newbyteorder("<")).tobytes()})
    case(f"big-endian {numpy_type}", {"a.nrrd": head(type_=names[0], endian="big") + values.astype(kind.newbyteorder(">")).tobytes()})

# Encodings.
case("gzip", {"a.nrrd": head(encoding="gzip") + gzip.compress(RAW)})
case("gz, in two members", {"a.nrrd": head(encoding="gz") + gzip.compress(RAW[:20]) + gzip.compress(RAW[20:])}, expect=PLAIN)
case("bzip2", {"a.nrrd": head(encoding="bzip2") + bz2.compress(RAW)}, expect=PLAIN)
case("bz2", {"a.nrrd": head(encoding="bz2") + bz2.compress(RAW)}, expect=PLAIN)
TEXT = " ".join(str(v) for v in VALUES).encode() + b"\n"
for name in ["ascii", "text", "txt"]:
    case(name, {"a.nrrd": head(encoding=name, endian=None) + TEXT})
case("text of floats", {"a.nrrd": head(encoding="text", type_="float", endian=None) + b"1.5,-2e3\n" + b" 7 " * 22}, expect=(lps(OBLIQUE, ORIGIN), [4, 3, 2], [1.5, -2000] + [7] * 22, "float32"))
case("hex", {"a.nrrd": head(encoding="hex") + RAW.hex().encode()})
case("hex with blanks, big", {"a.nrrd": head(encoding="hex", endian="big") + b"\n".join(np.arange(24, dtype=">i2").tobytes().hex(" ", 6).encode().split(b" "))})
case("the whole file in gzip", {"a.nrrd.gz": gzip.compress(head() + RAW)}, expect=PLAIN)
case("the whole file in bzip2", {"a.nrrd.bz2": bz2.compress(head() + RAW)}, expect=PLAIN)
case("an unknown encoding", {"a.nrrd": head(encoding="zrl") + RAW}, error="the encoding ‘zrl’")
for magic in ["NRRD0001", "NRRD0002", "NRRD0003"]:
    case(magic, {"a.nrrd": head(magic=magic) + RAW}, expect=PLAIN)
case("NRRD0006", {"a.nrrd": head(magic="NRRD0006") + RAW}, error="an NRRD file of a version that is not known")
case("line ends of Windows", {"a.nrrd": head().replace(b"\n", b"\r\n") + RAW})
case("no byte order", {"a.nrrd": head(endian=None) + RAW}, error="does not say the byte order")
case("one byte needs no byte order", {"a.nrrd": head(endian=None, type_="uchar") + bytes(range(24))})
case("blocks", {"a.nrrd": head(type_="block", extra="block size: 2") + RAW}, error="voxels of type ‘block’")
case("something after the voxels", {"a.nrrd": head() + RAW + b"xyz"}, expect=PLAIN, says=["3 B follow the voxels"])
case("something after gzip", {"a.nrrd": head(encoding="gzip") + gzip.compress(RAW) + b"xyz"}, expect=PLAIN, says=["not gzip"])
case("one voxel too few", {"a.nrrd": head() + RAW[:-2]}, error="cut short")
case("gzip cut short", {"a.nrrd": head(encoding="gzip") + gzip.compress(RAW)[:-9]}, error="cut short")
case("gzip with a wrong checksum", {"a.nrrd": head(encoding="gzip") + gzip.compress(RAW)[:-8] + b"\0" * 8}, error="compressed data is damaged")
case("a text with a word in it", {"a.nrrd": head(encoding="text") + b"1 2 three" + b" 4" * 24}, error="no number of its type")
case("more voxels than there can be", {"a.nrrd": head(sizes="4000000000 4000000000 4000000000") + RAW}, error="4000000000 × 4000000000")
case("more voxels than there are", {"a.nrrd": head(sizes="40000 40000 400") + RAW}, error="its header claims 1.3 TB")
case("a size of 0", {"a.nrrd": head(sizes="4 0 2") + RAW}, error="the sizes are")
case("fewer sizes than dimensions", {"a.nrrd": head().replace(b"dimension: 3", b"dimension: 4") + RAW}, error="‘4’ dimensions, 3 sizes")
case("a field twice", {"a.nrrd": head(extra="encoding: raw") + RAW}, error="twice")
case("a line that is none", {"a.nrrd": head(extra="what is this") + RAW}, error="the line ‘what is this’")
case("no type", {"a.nrrd": head().replace(b"type: short\n", b"") + RAW}, error="does not say the type")
case("keys of a patient", {"a.nrrd": head(extra="DICOM_PatientName:=Doe^Jane\ncontent: Jane Doe") + RAW})
case("fields that say nothing of the place", {"a.nrrd": head(extra='measurement frame: (0,1,0) (1,0,0) (0,0,1)\nthicknesses: nan nan 4\nold min: 3\nlabels: "x" "y" "z"') + RAW})

# Spaces.
IDENTITY = {"RAS": np.eye(3), "LAS": np.diag([-1.0, 1, 1]), "LPS": FLIP}
LONG = {"RAS": "right-anterior-superior", "LAS": "left-anterior-superior", "LPS": "left-posterior-superior"}
for short, flip in IDENTITY.items():
    for name in [short, LONG[short], LONG[short].title(), short.lower()]:
        case(f"space {name}", {"a.nrrd": head(space=name) + RAW})
    four = " ".join(vec([*OBLIQUE[:, i], 0]) for i in range(3)) + " (0,0,0,2)"
    for name in [short + "T", LONG[short] + "-time"]:
        case(f"space {name}", {"a.nrrd": head(space=name, sizes="2 3 2 2", directions=four, origin=vec([*ORIGIN, 0])) + RAW},
             expect=(lps(OBLIQUE, ORIGIN, flip), [2, 3, 2], VALUES, "int16"), says=["2 time points"])
case("space scanner-xyz", {"a.nrrd": head(space="scanner-xyz") + RAW}, says=["by the scanner, not the patient"])
for name in ["3D-right-handed", "3D-left-handed", "3"]:
    case(f"space {name}", {"a.nrrd": head(space=name) + RAW}, says=["left and right may be swapped"])
case("a space that there is not", {"a.nrrd": head(space="up-down-left") + RAW}, error="the space ‘up-down-left’")
case("directions without a space", {"a.nrrd": head(space="", directions="(1,0,0) (0,2,0) (0,0,3)") + RAW}, error="neither a space nor a space dimension")
case("directions of two components in a space of three", {"a.nrrd": head(directions="(1,0) (0,2) (0,3)") + RAW}, error="a vector of 2 components")
case("flat directions", {"a.nrrd": head(directions="(1,0,0) (0,2,0) (1,2,0)") + RAW}, error="not finite or not invertible")
case("directions that are none", {"a.nrrd": head(directions="(1,0,0) (0,2,0) 3") + RAW}, error="space directions are")
case("too few directions", {"a.nrrd": head(directions="(1,0,0) (0,2,0)") + RAW}, error="2 entries for 3 axes")
case("no origin", {"a.nrrd": head().replace(f"space origin: {vec(ORIGIN)}\n".encode(), b"") + RAW}, says=["does not say where the first voxel is"])
for unit, factor in [("mm", 1), ("cm", 10), ("um", 1e-3), ("µm", 1e-3), ("microns", 1e-3), ("m", 1e3), ("", 1), ("furlong", 1)]:
    says = [f"times {factor:g} for millimetres"] if factor != 1 else []
    case(f"space units {unit}", {"a.nrrd": head(extra="space units: " + " ".join([f'"{unit}"'] * 3)) + RAW},
         expect=(lps(OBLIQUE, ORIGIN) * factor, *PLAIN[1:]), says=says)
NO_SPACE = "left and right may be swapped"
for name, lines in {
    "spacings": "spacings: 0.5 2 3",
    "a negative spacing": "spacings: -0.5 2 3",
    "spacings and axis mins": "spacings: 0.5 2 3\naxis mins: 10 20 30",
    "axis mins of cells": "spacings: 0.5 2 3\naxis mins: 10 20 30\ncenters: cell cell cell",
    "axis mins of nodes": "spacings: 0.5 2 3\naxis mins: 10 20 30\ncenterings: node node node",
}.items():
    case(f"{name} alone", {"a.nrrd": head(space="", extra=lines) + RAW}, says=[NO_SPACE])
case("a spacing that is not known", {"a.nrrd": head(space="", extra="spacings: 0.5 2 nan") + RAW}, says=[NO_SPACE, "not stated along z"])
case("nothing about the place", {"a.nrrd": head(space="") + RAW}, says=[NO_SPACE, "not stated along x, y, z"])
case("a spacing of 0", {"a.nrrd": head(space="", extra="spacings: 1 0 1") + RAW}, error="the spacing along axis 2 is 0")
case("axis mins and maxs", {"a.nrrd": head(space="", extra="axis mins: 10 20 30\naxis maxs: 14 26 36") + RAW}, says=[NO_SPACE],
     expect=(lps(np.diag([1.0, 2, 3]), np.array([10.5, 21, 31.5])), *PLAIN[1:]))
case("units of axes", {"a.nrrd": head(space="", extra='spacings: 1 2 3\nunits: "cm" "cm" "cm"') + RAW}, says=[NO_SPACE, "times 10 for millimetres"],
     expect=(lps(np.diag([10.0, 20, 30]), np.zeros(3)), *PLAIN[1:]))

# Axes that are none of space.
D3 = " ".join(vec(OBLIQUE[:, i]) for i in range(3))
AT = lps(OBLIQUE, ORIGIN)


def planes(sizes, list_axis):
    """Values as they lie in memory when the list comes last; sizes as the file has them."""
    array = VALUES.reshape(sizes[::-1])
    return np.moveaxis(array, len(sizes) - 1 - list_axis, 0)


for kind in ["list", "vector", "time", "2-vector", "???"]:
    words = "2 time points" if kind in ["list", "time", "???"] else "2 numbers"
    case(f"{kind} first", {"a.nrrd": head(sizes="2 3 2 2", directions="none " + D3, kinds=f"{kind} domain domain domain") + RAW},
         expect=(AT, [3, 2, 2], planes([2, 3, 2, 2], 0), "int16"), says=[words])
    case(f"{kind} last", {"a.nrrd": head(sizes="3 2 2 2", directions=D3 + " none", kinds=f"space space space {kind}") + RAW},
         expect=(AT, [3, 2, 2], VALUES, "int16"), says=[words])
case("a list in the middle", {"a.nrrd": head(sizes="3 2 2 2", directions=" ".join([vec(OBLIQUE[:, 0]), "none", vec(OBLIQUE[:, 1]), vec(OBLIQUE[:, 2])]), kinds="domain list domain domain") + RAW},
     expect=(AT, [3, 2, 2], planes([3, 2, 2, 2], 1), "int16"), says=["2 time points"])
case("two lists", {"a.nrrd": head(sizes="2 3 2 1 2", directions="none " + D3 + " none", kinds="vector domain domain domain list") + RAW},
     expect=(AT, [3, 2, 1], np.moveaxis(VALUES.reshape(2, 1, 2, 3, 2), 4, 1), "int16"), says=["4 numbers"])
case("list first, as SimpleITK has it", {"a.nrrd": head(sizes="2 3 2 2", directions="none " + D3, kinds="list domain domain domain") + RAW}, says=["2 time points"])
case("list last, as SimpleITK has it", {"a.nrrd": head(sizes="3 2 2 2", directions=D3 + " none", kinds="domain domain domain list") + RAW}, says=["2 time points"])
case("four axes, no word about them", {"a.nrrd": head(sizes="3 2 2 2", space="", extra="spacings: 1 2 3 1") + RAW},
     expect=(lps(np.diag([1.0, 2, 3]), np.zeros(3)), [3, 2, 2], VALUES, "int16"), says=[NO_SPACE, "2 time points"])
case("a list of one", {"a.nrrd": head(sizes="1 4 3 2", directions="none " + D3, kinds="list domain domain domain") + RAW}, expect=PLAIN)
case("four axes of space", {"a.nrrd": head(sizes="3 2 2 2", directions=D3 + " (1,1,1)") + RAW}, error="4 axes of space")
case("no axis of space", {"a.nrrd": head(sizes="24", directions="none") + RAW}, error="no axis of space")
RGB = bytes(v * 10 for v in range(24))


def luma(rgb):
    return [int((19595 * int(r) + 38470 * int(g) + 7471 * int(b) + 0x8000) >> 16) for r, g, b in rgb]


colour = np.frombuffer(RGB, np.uint8).reshape(8, 3)
COLOURS = (AT, [2, 2, 2], luma(colour), "uint8")
for kind in ["RGB-color", "3-color"]:
    case(f"{kind} first", {"a.nrrd": head(type_="uchar", sizes="3 2 2 2", directions="none " + D3, kinds=f"{kind} domain domain domain") + RGB}, expect=COLOURS, says=["luminance"])
case("RGB-color last", {"a.nrrd": head(type_="uchar", sizes="2 2 2 3", directions=D3 + " none", kinds="domain domain domain RGB-color") + colour.T.tobytes()}, expect=COLOURS, says=["luminance"])
rgba = np.frombuffer(bytes(range(0, 128, 4)), np.uint8).reshape(8, 4)
case("RGBA-color", {"a.nrrd": head(type_="uchar", sizes="4 2 2 2", directions="none " + D3, kinds="RGBA-color domain domain domain") + rgba.tobytes()},
     expect=(AT, [2, 2, 2], luma(rgba[:, :3]), "uint8"), says=["luminance"])
case("colours of 16 bits", {"a.nrrd": head(sizes="3 2 2 2", directions="none " + D3, kinds="RGB-color domain domain domain") + RAW},
     expect=(AT, [2, 2, 2], planes([3, 2, 2, 2], 0), "int16"), says=["3 numbers"])
for t, dt in [("float", "<f4"), ("double", "<f8")]:
    numbers = (np.arange(16) - 4).astype(dt)
    z = numbers[0::2] + 1j * numbers[1::2]
    case(f"complex {t}", {"a.nrrd": head(type_=t, sizes="2 2 2 2", directions="none " + D3, kinds="complex domain domain domain") + numbers.tobytes()},
         expect=(AT, [2, 2, 2], np.abs(z).astype(np.float32), "float32"), says=["magnitude"])
two = lambda x, y: " ".join(vec(v) for v in (x, y))
up = np.cross(OBLIQUE[:, 0], OBLIQUE[:, 1])
case("one slice in space", {"a.nrrd": head(sizes="4 6", directions=two(OBLIQUE[:, 0], OBLIQUE[:, 1])) + RAW},
     expect=(lps(np.column_stack([OBLIQUE[:, 0], OBLIQUE[:, 1], up / np.linalg.norm(up)]), ORIGIN), [4, 6, 1], VALUES, "int16"))
case("one slice of spacings", {"a.nrrd": head(sizes="4 6", space="", extra="spacings: 2 3") + RAW}, says=[NO_SPACE])
case("one slice, a space of two", {"a.nrrd": head(sizes="4 6", space="2", directions="(2,0) (0,3)", origin="(5,6)") + RAW},
     expect=(lps(np.diag([2.0, 3, 1]), np.array([5.0, 6, 0])), [4, 6, 1], VALUES, "int16"), says=["left and right may be swapped"])

# Other files for the voxels.
detached = lambda extra, **k: head(extra=extra, **k).rstrip(b"\n") + b"\n"
case("detached", {"a.nhdr": detached("data file: a.raw"), "a.raw": RAW})
case("datafile in a folder", {"a.nhdr": detached("datafile: d/a.raw"), "d/a.raw": RAW})
case("detached, gzip", {"a.nhdr": detached("data file: a.raw.gz", encoding="gzip"), "a.raw.gz": gzip.compress(RAW)})
case("byte skip", {"a.nhdr": detached("byte skip: 7\ndata file: a.raw"), "a.raw": b"1234567" + RAW})
case("byte skip -1", {"a.nhdr": detached("byte skip: -1\ndata file: a.raw"), "a.raw": b"1234567" + RAW})
case("line skip", {"a.nhdr": detached("line skip: 2\ndata file: a.raw"), "a.raw": b"one\ntwo\n" + RAW})
case("line and byte skip", {"a.nhdr": detached("line skip: 1\nbyte skip: 2\ndata file: a.raw"), "a.raw": b"one\n.." + RAW})
case("line skip and gzip with a byte skip", {"a.nhdr": detached("line skip: 1\nbyte skip: 3\ndata file: a.raw", encoding="gzip"), "a.raw": b"one\n" + gzip.compress(b"abc" + RAW)}, expect=PLAIN)
case("attached, byte skip -1", {"a.nrrd": head(extra="byte skip: -1") + b"padding" + RAW}, expect=PLAIN)
case("byte skip -1 and gzip", {"a.nrrd": head(extra="byte skip: -1", encoding="gzip") + gzip.compress(RAW)}, error="the byte skip ‘-1’")
SLICES = {f"s{i:02d}.raw": RAW[24 * i : 24 * i + 24] for i in range(2)}
case("a list of files", {"a.nhdr": detached("data file: LIST\ns00.raw\ns01.raw"), **SLICES})
case("a list of files of two axes", {"a.nhdr": detached("data file: LIST 2\ns00.raw\ns01.raw"), **SLICES})
case("a list of gzip files", {"a.nhdr": detached("data file: LIST\ns00.gz\ns01.gz", encoding="gzip"), "s00.gz": gzip.compress(RAW[:24]), "s01.gz": gzip.compress(RAW[24:])})
case("a list, each with a header", {"a.nhdr": detached("byte skip: -1\ndata file: LIST\ns00.raw\ns01.raw"), "s00.raw": b"junk" + RAW[:24], "s01.raw": b"more junk" + RAW[24:]})
case("a pattern of files", {"a.nhdr": detached("data file: s%02d.raw 0 1 1"), **SLICES})
case("a pattern, backwards", {"a.nhdr": detached("data file: s%02d.raw 1 0 -1"), **SLICES}, expect=(AT, [4, 3, 2], np.roll(VALUES, 12), "int16"))
case("files of rows", {"a.nhdr": detached("data file: r%d.raw 1 6 1 1"), **{f"r{i + 1}.raw": RAW[8 * i : 8 * i + 8] for i in range(6)}}, expect=PLAIN)
case("a name with a path of Windows", {"a.nhdr": detached("data file: d\\a.raw"), "d/a.raw": RAW}, expect=PLAIN)
case("a path of another machine", {"a.nhdr": detached("data file: /data/jane_doe/a.raw"), "a.raw": RAW}, expect=PLAIN, says=["names a file on another machine"])
case("a drive of another machine", {"a.nhdr": detached("data file: D:\\scans\\a.raw"), "a.raw": RAW}, expect=PLAIN, says=["names a file on another machine"])
case("up one folder", {"d/a.nhdr": detached("data file: ../a.raw"), "a.raw": RAW}, open_="d/a.nhdr")
case("a file that is missing", {"a.nhdr": detached("data file: gone.raw")}, error="belong in another file, gone.raw, which is missing")
case("a file of a list that is missing", {"a.nhdr": detached("data file: LIST\ns00.raw\ngone.raw"), **SLICES}, error="gone.raw, which is missing")
case("a file of the system", {"a.nhdr": detached("data file: /etc/passwd", type_="uchar", encoding="raw")}, error="/etc/passwd, which is missing")
case("a device", {"a.nhdr": detached("data file: /dev/zero")}, error="/dev/zero, which is missing")
case("a device, on a way up", {"a.nhdr": detached("data file: " + "../" * 24 + "dev/zero")}, error="a device or pipe")
case("a folder for a file", {"a.nhdr": detached("data file: d"), "d/a.raw": RAW}, error="a folder")
case("a list of nothing", {"a.nhdr": detached("data file: LIST")}, error="its list of files is empty")
case("three files for 24 voxels of 2 bytes and one left", {"a.nhdr": detached("data file: s%d.raw 0 4 1"), **{f"s{i}.raw": RAW for i in range(5)}}, error="48 bytes of voxels in 5 files")
case("a short file", {"a.nhdr": detached("data file: LIST\ns00.raw\ns01.raw"), "s00.raw": RAW[:24], "s01.raw": RAW[24:40]}, error="cut short")
case("a million files", {"a.nhdr": detached("data file: s%d.raw 1 1000000 1")}, error="1000000 files of voxels")

# As pynrrd writes.
for name, header in {
    "pynrrd": {"space": "right-anterior-superior", "space directions": OBLIQUE.T, "space origin": ORIGIN, "encoding": "gzip"},
    "pynrrd, bzip2": {"space": "left-posterior-superior", "space directions": OBLIQUE.T, "space origin": ORIGIN, "encoding": "bzip2"},
    "pynrrd, ascii": {"space": "left-anterior-superior", "space directions": OBLIQUE.T, "space origin": ORIGIN, "encoding": "ascii"},
}.items():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.nrrd")
        nrrd.write(str(path), VALUES.astype(np.int16).reshape(4, 3, 2, order="F"), header)
        data, read = nrrd.read(str(path))
        flip = {"right": np.eye(3), "left-a": np.diag([-1.0, 1, 1]), "left-p": FLIP}
        flip = next(v for k, v in flip.items() if read["space"].startswith(k))
        affine = lps(read["space directions"].T, read["space origin"], flip)
        case(name, {"a.nrrd": path.read_bytes()}, expect=(affine, data.shape, data.ravel(order="F"), "int16"))

# MetaImage


def meta(extra="", type_="MET_SHORT", sizes="4 3 2", file="LOCAL", place=True, first="ObjectType = Image\n", binary="BinaryData = True\n"):
    lines = first + f"NDims = {len(sizes.split())}\n" + binary
    if place:
        unit = OBLIQUE / np.linalg.norm(OBLIQUE, axis=0)
        lines += "TransformMatrix = " + " ".join(repr(float(v)) for v in unit.T.ravel()) + "\n"
        lines += "Offset = " + " ".join(repr(float(v)) for v in ORIGIN) + "\n"
        lines += "ElementSpacing = " + " ".join(repr(float(v)) for v in np.linalg.norm(OBLIQUE, axis=0)) + "\n"
    return (lines + extra + f"DimSize = {sizes}\nElementType = {type_}\nElementDataFile = {file}\n").encode()


META = {
    "MET_CHAR": "<i1", "MET_UCHAR": "<u1", "MET_SHORT": "<i2", "MET_USHORT": "<u2", "MET_INT": "<i4", "MET_UINT": "<u4",
    "MET_LONG": "<i4", "MET_ULONG": "<u4", "MET_LONG_LONG": "<i8", "MET_ULONG_LONG": "<u8", "MET_FLOAT": "<f4", "MET_DOUBLE": "<f8",
}
for name, kind in META.items():
    kind = np.dtype(kind)
    values = np.arange(24) * 5 if kind.kind == "u" else np.arange(24) * 5 - 60
    case(f"type {name}", {"a.mha": meta(type_=name) + values.astype(kind).tobytes()})
    case(f"big-endian {name}", {"a.mha": meta("ElementByteOrderMSB = True\n", type_=name) + values.astype(kind.newbyteorder(">")).tobytes()})
case("BinaryDataByteOrderMSB", {"a.mha": meta("BinaryDataByteOrderMSB = True\n") + np.arange(24, dtype=">i2").tobytes()})
packed = zlib.compress(RAW)
case("zlib", {"a.mha": meta(f"CompressedData = True\nCompressedDataSize = {len(packed)}\n") + packed})
case("zlib of no stated size", {"a.mha": meta("CompressedData = True\n") + packed}, expect=PLAIN)
gz = gzip.compress(RAW)
case("gzip in a MetaImage", {"a.mha": meta(f"CompressedData = True\nCompressedDataSize = {len(gz)}\n") + gz})
case("zlib cut short", {"a.mha": meta("CompressedData = True\n") + packed[:-6]}, error="cut short")
case("zlib, damaged", {"a.mha": meta("CompressedData = True\n") + packed[:-4] + b"\0\0\0\0"}, error="compressed data is damaged")
case("numbers as text", {"a.mha": meta(binary="BinaryData = False\n") + TEXT}, expect=PLAIN)
case("mhd and raw", {"a.mhd": meta(file="a.raw"), "a.raw": RAW})
case("the raw file of an mhd", {"a.mhd": meta(file="a.raw"), "a.raw": RAW}, open_="a.raw", expect=PLAIN)
case("mhd and zraw", {"a.mhd": meta(f"CompressedData = True\nCompressedDataSize = {len(packed)}\n", file="a.zraw"), "a.zraw": packed})
case("HeaderSize", {"a.mhd": meta("HeaderSize = 7\n", file="a.raw"), "a.raw": b"1234567" + RAW})
case("HeaderSize -1", {"a.mhd": meta("HeaderSize = -1\n", file="a.raw"), "a.raw": b"1234567" + RAW})
case("LIST", {"a.mhd": meta(file="LIST\ns00.raw\ns01.raw"), **SLICES})
case("LIST 2", {"a.mhd": meta(file="LIST 2\ns00.raw\ns01.raw"), **SLICES}, expect=PLAIN)
case("pattern", {"a.mhd": meta(file="s%02d.raw 0 1 1"), **SLICES})
case("pattern without numbers", {"a.mhd": meta(file="s%d.raw"), "s1.raw": RAW[:24], "s2.raw": RAW[24:]}, expect=PLAIN)
case("a MetaImage's file that is missing", {"a.mhd": meta(file="gone.raw")}, error="gone.raw, which is missing")
case("a MetaImage's file elsewhere", {"a.mhd": meta(file="/home/jane_doe/a.raw"), "a.raw": RAW}, expect=PLAIN, says=["names a file on another machine"])
case("a MetaImage's device", {"a.mhd": meta(file="../" * 24 + "dev/zero")}, error="a device or pipe")
case("AnatomicalOrientation contradicts the matrix", {"a.mha": meta("AnatomicalOrientation = RAI\n") + RAW})
for words, lines in {
    "Rotation and Position": "Rotation = 0 1 0 -1 0 0 0 0 1\nPosition = 5 6 7\nElementSpacing = 1 2 3\n",
    "Orientation and Origin": "Orientation = 0 1 0 -1 0 0 0 0 1\nOrigin = 5 6 7\nElementSpacing = 1 2 3\n",
    "ElementSize before ElementSpacing": "TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementSize = 9 9 9\nElementSpacing = 1 2 3\n",
    "ElementSpacing before ElementSize": "TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementSpacing = 1 2 3\nElementSize = 9 9 9\n",
    "ElementSize alone": "TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementSize = 1 2 3\n",
    "CenterOfRotation": "TransformMatrix = 0 1 0 -1 0 0 0 0 1\nCenterOfRotation = 10 10 10\nOffset = 1 2 3\nElementSpacing = 1 2 3\n",
    "a scaled matrix": "TransformMatrix = 2 0 0 0 1 0 0 0 1\nElementSpacing = 1 2 3\n",
    "a negative spacing of a MetaImage": "TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementSpacing = -1 2 3\n",
}.items():
    case(words, {"a.mha": meta(lines, place=False) + RAW})
case("no matrix", {"a.mha": meta("ElementSpacing = 1 2 3\nOffset = 5 6 7\n", place=False) + RAW}, says=[NO_SPACE])
case("no place at all", {"a.mha": meta(place=False) + RAW}, says=[NO_SPACE, "spacing is not stated"])
case("DistanceUnits", {"a.mha": meta("DistanceUnits = um\n") + RAW}, says=["times 0.001"], expect=(AT / 1000, *PLAIN[1:]))
case("ElementToIntensityFunction", {"a.mha": meta("ElementToIntensityFunctionSlope = 2\nElementToIntensityFunctionOffset = 10\n") + RAW}, says=["not applied, as in ITK"])
case("a spacing of 0 in a MetaImage", {"a.mha": meta("TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementSpacing = 1 0 3\n", place=False) + RAW}, error="the spacing along axis 2 is 0")
case("a matrix of two numbers", {"a.mha": meta("TransformMatrix = 1 0\n", place=False) + RAW}, error="transformmatrix is ‘1 0’")
case("colons", {"a.mha": meta().replace(b" = ", b": ") + RAW})
case("keys in lower case", {"a.mha": meta().replace(b"DimSize", b"dimsize").replace(b"NDims", b"ndims") + RAW}, expect=PLAIN)
case("no ObjectType", {"a.mha": meta(first="") + RAW})
case("a comment first", {"a.mha": meta(first="Comment = Jane Doe\nObjectType = Image\n") + RAW}, expect=PLAIN)
case("a tube", {"a.mha": meta(first="ObjectType = Tube\n") + RAW}, error="a file of MetaIO that holds no image")
case("channels", {"a.mha": meta("ElementNumberOfChannels = 2\n", sizes="3 2 2") + RAW}, says=["2 numbers"])
case("three channels of bytes", {"a.mha": meta("ElementNumberOfChannels = 3\n", sizes="2 2 2", type_="MET_UCHAR") + RGB}, expect=COLOURS, says=["luminance"])
case("MET_FLOAT_ARRAY", {"a.mha": meta("ElementNumberOfChannels = 3\n", sizes="2 2 2", type_="MET_FLOAT_ARRAY") + VALUES.astype("<f4").tobytes()},
     expect=(AT, [2, 2, 2], planes([3, 2, 2, 2], 0), "float32"), says=["3 numbers"])
M4 = "TransformMatrix = 0 1 0 0 -1 0 0 0 0 0 1 0 0 0 0 1\nElementSpacing = 1 2 3 4\nOffset = 1 2 3 4\n"
case("time points of a MetaImage", {"a.mha": meta(M4, sizes="3 2 2 2", place=False) + RAW}, says=["2 time points"])
case("one slice of a MetaImage", {"a.mha": meta("TransformMatrix = 0 1 -1 0\nElementSpacing = 1 2\nOffset = 1 2\n", sizes="4 6", place=False) + RAW})
case("no type in a MetaImage", {"a.mha": meta().replace(b"ElementType = MET_SHORT\n", b"") + RAW}, error="does not say the type")
case("an odd type", {"a.mha": meta(type_="MET_STRING") + RAW}, error="voxels of type ‘MET_STRING’")
case("no ElementDataFile", {"a.mha": meta().replace(b"ElementDataFile = LOCAL\n", b"")}, error="does not say where the voxels are")
case("too large a MetaImage", {"a.mha": meta(sizes="40000 40000 400") + RAW}, error="its header claims 1.3 TB")
case("too many axes", {"a.mha": meta(sizes="1 1 1 1 1 1 24", place=False) + RAW}, error="dimensions, 7 sizes")
case("one voxel too few in a MetaImage", {"a.mha": meta() + RAW[:-2]}, error="cut short")
case("something after a MetaImage", {"a.mha": meta() + RAW + b"xy"}, expect=PLAIN, says=["2 B follow the voxels"])

# MGH


def mgh(values, shape=(4, 3, 2), good=1, frames=1, code=4, tail=b"", matrix=OBLIQUE, centre=(5, -6, 7.5)):
    spacing = np.linalg.norm(matrix, axis=0)
    unit = (matrix / spacing).T.ravel()
    out = struct.pack(">iiiiiii", 1, *shape, frames, code, 0)
    out += struct.pack(">h15f", good, *spacing, *unit, *centre)
    return out.ljust(284, b"\0") + values.tobytes() + tail


for code, kind in {0: ">u1", 1: ">i4", 3: ">f4", 4: ">i2"}.items():
    kind = np.dtype(kind)
    values = np.arange(24) * 5 if kind.kind == "u" else np.arange(24) * 5 - 60
    case(f"MGH of type {code}", {"a.mgh": mgh(values.astype(kind), code=code)})
shorts = np.arange(24).astype(">i2")
case("MGZ", {"a.mgz": gzip.compress(mgh(shorts))})
centre = np.array([5, -6, 7.5])
unsigned = lps(OBLIQUE.astype(np.float32), centre - OBLIQUE @ np.array([2, 1.5, 1]), np.eye(3))
case("MGH of unsigned shorts", {"a.mgh": mgh((np.arange(24) * 2000).astype(">u2"), code=10)}, expect=(unsigned, [4, 3, 2], np.arange(24) * 2000, "uint16"))
# FreeSurfer's default leads left, down, forward; nibabel 5.4 takes that matrix transposed.
case("goodRASFlag 0", {"a.mgh": mgh(shorts, good=0)}, says=["goodRASFlag is 0"],
     expect=(np.array([[-1.0, 0, 0, 2], [0, 0, 1, -1], [0, -1, 0, 1.5]]), [4, 3, 2], np.arange(24), "int16"))
case("frames", {"a.mgz": gzip.compress(mgh(shorts, shape=(3, 2, 2), frames=2))}, says=["2 time points"])
TAIL = struct.pack(">5f", 2300, 0.157, 2.98, 900, 256)
case("parameters and tags", {"a.mgh": mgh(shorts, tail=TAIL + b"\0\0\0\x03\0\0\0\0\0\0\0\x10mri_convert jane")})
case("a tensor", {"a.mgh": mgh(shorts, code=6)}, error="voxels of type tensor")
case("a bitmap", {"a.mgh": mgh(shorts, code=5)}, error="voxels of type bitmap")
case("MGH cut short", {"a.mgh": mgh(shorts)[:-2]}, error="cut short")
case("MGH too large", {"a.mgh": mgh(shorts, shape=(40000, 40000, 400))}, error="its header claims 1.3 TB")
case("an MGH header alone", {"a.mgh": mgh(shorts)[:200]}, error="MGH file that is cut short or damaged")
case("flat MGH", {"a.mgh": mgh(shorts, matrix=np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]]))}, error="not finite or not invertible")

text = json.dumps(CASES, indent=None, separators=(",", ":"), ensure_ascii=False)
(HERE / "cases.json").write_text(text.replace('},{"name"', '},\n{"name"') + "\n", encoding="utf-8")
print(len(CASES), "cases,", sum("expect" in c for c in CASES), "are read")
by = {}
for c in CASES:
    by[c.get("expect", {}).get("by", "refused")] = by.get(c.get("expect", {}).get("by", "refused"), 0) + 1
print(by)

# The same small NIfTI, packed as a whole. zstd's files are made by its command line tool from the .nii:
#     zstd -19 small.nii; (head -c 400 small.nii | zstd; tail -c +401 small.nii | zstd) > frames.nii.zst
reference = nibabel.load(HERE.parent / "nifti" / "ref_int16.nii.gz")
small = nibabel.Nifti1Image(np.asarray(reference.dataobj)[:8, :7, :6].astype(np.int16), reference.affine)
nifti = small.to_bytes()
(HERE / "small.nii.bz2").write_bytes(bz2.compress(nifti))
