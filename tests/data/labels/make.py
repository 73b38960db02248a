"""Label maps as programs write them, and what NumPy reads in them: `expected.json`.

Needs nibabel and NumPy. Each file has 12 x 10 x 8 voxels with blocks of the values named here around a
background. `labels` are the voxels of every value above 0, rounded to a whole number; `refused` is a word of the
reason why it can't be a label map. `reports/` holds files after public bug reports; they are read, not made, here.
"""

import glob
import json
import os

import nibabel
import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
AFFINE = numpy.diag([-2.0, -2.0, 2.0, 1.0])
DIMS = (12, 10, 8)


def blocks(values, dtype, background=0):
    """A row of blocks of 3 x 4 x 3 voxels, one for each value."""
    voxels = numpy.full(DIMS, background, dtype)
    for n, value in enumerate(values):
        voxels[4 * n : 4 * n + 3, 2:6, 2:5] = value
    return voxels


def save(name, voxels, slope=1, inter=0):
    image = nibabel.Nifti1Image(voxels, AFFINE, dtype=voxels.dtype)
    image.header.set_data_dtype(voxels.dtype)
    image.header.set_slope_inter(1, 0)
    path = os.path.join(HERE, name)
    nibabel.save(image, path)
    if slope != 1 or inter != 0:
        with open(path, "r+b") as file:
            file.seek(112)
            file.write(numpy.array([slope, inter], "<f4").tobytes())


def counts(voxels):
    """Voxels of each label, by the whole number nearest to the value."""
    if voxels.dtype.kind == "f":
        voxels = numpy.where(numpy.isfinite(voxels), numpy.round(voxels), 0)
    values, found = numpy.unique(voxels, return_counts=True)
    return {str(int(v)): int(n) for v, n in zip(values, found) if v > 0}


I32 = 2_000_000_000
GOOD = {
    "int32_annotation.nii": (blocks([1639705, 2647065, 10511485], numpy.int32),),
    "int32_two_billion.nii": (blocks([I32 + 7, I32 + 8, 1], numpy.int32),),
    "uint32_four_billion.nii": (blocks([4_000_000_001, 2], numpy.uint32),),
    "int64_neurons.nii": (blocks([720575940621039145, 720575940621039146], numpy.int64),),
    "uint64_largest.nii": (blocks([2**64 - 1, 2**64 - 2, 3], numpy.uint64),),
    "float32_annotation.nii": (blocks([16711935, 70001], numpy.float32),),
    "float64_70001.nii": (blocks([70001, 65536, 65535], numpy.float64),),
    "int16_minus_1000.nii": (blocks([1, 2], numpy.int16, -1000),),
    "int8_minus_1.nii": (blocks([1, 127], numpy.int8, -1),),
    "float32_minus_1_and_nan.nii": (blocks([-1, 5, numpy.nan], numpy.float32),),
    "float32_lowest.nii": (blocks([1, 2], numpy.float32, numpy.finfo("f4").min),),
    "float64_infinite.nii": (blocks([numpy.inf, 2, -numpy.inf], numpy.float64),),
    "float32_off_0.06.nii": (blocks([0.94, 2.06, 3], numpy.float32),),
    "uint8_slope_0.1.nii": (blocks([10, 20, 30], numpy.uint8), 0.1),
    "int16_slope_and_offset.nii": (blocks([-29768, -19768, 31232], numpy.int16, -32768), 0.001, 32.768),
    "float32_empty_minus_1.nii": (blocks([], numpy.float32, -1),),
}
BAD = {
    "float32_interpolated.nii": ((blocks([0.25, 1], numpy.float32),), "0.25, and labels are whole"),
    "uint8_slope_half.nii": ((blocks([1, 2], numpy.uint8), 0.5), "0.5, and labels are whole"),
    "float32_largest.nii": ((blocks([numpy.finfo("f4").max, 2], numpy.float32),), "3.4e38, which is too large"),
    "int8_wrapped.nii": ((blocks([-56, -6, 3], numpy.int8),), "several negative values, -56 and -6"),
    "float32_tiny.nii": ((blocks([5e-6, 2e-6], numpy.float32),), "near 0"),
    "float32_nan.nii": ((blocks([], numpy.float32, numpy.nan),), "no numbers"),
    "complex64.nii": ((blocks([1, 2], numpy.complex64),), "complex numbers"),
}

expected = {}
for name, content in GOOD.items():
    save(name, *content)
for name, (content, refused) in BAD.items():
    save(name, *content)
    expected[name] = {"refused": refused}
rgb = numpy.zeros(DIMS, [("R", "u1"), ("G", "u1"), ("B", "u1")])
rgb["R"][2:5, 2:5, 2:5] = 255
save("rgb24.nii", rgb)
expected["rgb24.nii"] = {"refused": "colours (RGB)"}
reports = [os.path.relpath(path, HERE) for path in glob.glob(os.path.join(HERE, "reports", "*"))]
for name in sorted([*GOOD, *reports]):
    image = nibabel.load(os.path.join(HERE, name))
    if image.dataobj.slope == 1 and image.dataobj.inter == 0:
        voxels = image.dataobj.get_unscaled()
    else:
        voxels = numpy.asarray(image.dataobj)
    frames = voxels[..., numpy.newaxis] if voxels.ndim == 3 else voxels
    expected[name] = {"labels": [counts(frames[..., t]) for t in range(frames.shape[3])]}
with open(os.path.join(HERE, "expected.json"), "w", encoding="utf-8") as file:
    json.dump(expected, file, indent=1, sort_keys=True)
    file.write("\n")
