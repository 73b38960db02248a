"""Reads with SimpleITK, nibabel and pynrrd what Voxpoint wrote, and compares: places to 1e-4 mm, voxels exactly, names
and colours of segments.

    VOXPOINT_WRITTEN=folder cargo nextest run --test io --run-ignored only write_for_reference_readers
    python tests/data/formats/read_back.py folder        (SimpleITK, nibabel, pynrrd, numpy)
"""

import json
import sys
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import SimpleITK as sitk

FLIP = np.diag([-1.0, -1.0, 1.0])
folder = Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
wrong, read = [], 0


def compare(name, reader, affine, values, meant, tolerance=1e-4):
    global read
    read += 1
    far = np.abs(np.asarray(affine) - np.asarray(meant["affine"])).max()
    if far > tolerance:
        wrong.append(f"{name} by {reader}: the affine is {far} mm off")
    # As doubles, which hold all numbers that are written: in the type that was found a fraction would be cut off.
    if not np.array_equal(np.asarray(values, dtype=float), np.asarray(meant["values"], dtype=float)):
        wrong.append(f"{name} by {reader}: other voxels")


def segments(name, header, meant):
    for i, label in enumerate(meant["labels"]):
        key = f"Segment{i}_"
        colour = [round(float(c) * 255) for c in header[key + "Color"].split()]
        found = [header[key + "Name"].replace("\\\\", "\\"), int(header[key + "LabelValue"]), colour, header[key + "Layer"]]
        # pynrrd leaves out of a header what is not ASCII.
        name_read = label["name"].encode("ascii", "ignore").decode()
        if found != [name_read, label["value"], label["colour"], "0"]:
            wrong.append(f"{name}: segment {i} is {found}")
        array = np.asarray(meant["values"]).reshape(3, 4, 5)
        at = np.argwhere(array == label["value"])[:, ::-1]
        extent = " ".join(f"{a} {b}" for a, b in zip(at.min(0), at.max(0))) if len(at) else "0 -1 0 -1 0 -1"
        if header[key + "Extent"] != extent:
            wrong.append(f"{name}: the extent of segment {i} is {header[key + 'Extent']}, not {extent}")
    if header["Segmentation_MasterRepresentation"] != "Binary labelmap":
        wrong.append(f"{name}: no master representation")


for name, meant in expected.items():
    path = str(folder / name)
    if name.endswith((".nrrd", ".mha", ".nii.gz", ".nii")):
        image = sitk.ReadImage(path)
        affine = np.zeros((3, 4))
        direction = np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
        affine[:, :3], affine[:, 3] = FLIP @ direction, FLIP @ np.array(image.GetOrigin())
        # ITK holds a NIfTI's rotation in float32.
        tolerance = 2e-3 if ".nii" in name else 1e-4
        compare(name, "SimpleITK", affine, sitk.GetArrayFromImage(image).ravel(), meant, tolerance)
    if name.endswith((".mgz", ".mgh", ".nii.gz", ".nii")):
        image = nibabel.load(path)
        # MGH holds the middle in float32.
        tolerance = 5e-4 if ".mg" in name else 1e-4
        compare(name, "nibabel", image.affine[:3], np.asarray(image.dataobj).ravel(order="F"), meant, tolerance)
    if name.endswith(".nrrd"):
        data, header = nrrd.read(path)
        affine = np.zeros((3, 4))
        affine[:, :3], affine[:, 3] = FLIP @ header["space directions"].T, FLIP @ header["space origin"]
        compare(name, "pynrrd", affine, data.ravel(order="F"), meant)
        if name.endswith(".seg.nrrd"):
            segments(name, header, meant)
# Labels that share voxels, in layers.
layered = folder / "layers.json"
for name, meant in json.loads(layered.read_text(encoding="utf-8")).items() if layered.exists() else ():
    read += 1
    data, header = nrrd.read(str(folder / name))
    affine = np.zeros((3, 4))
    affine[:, :3], affine[:, 3] = FLIP @ header["space directions"][1:].T, FLIP @ header["space origin"]
    if np.abs(affine - np.asarray(meant["affine"])).max() > 1e-4:
        wrong.append(f"{name} by pynrrd: the affine is off")
    # Components of a voxel are an axis of their own, the fastest.
    image = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / name)))
    for i, label in enumerate(meant["labels"]):
        key = f"Segment{i}_"
        layer, value = int(header[key + "Layer"]), int(header[key + "LabelValue"])
        mask = np.zeros(int(np.prod(meant["dims"])), bool)
        for start, end in label["runs"]:
            mask[start:end] = True
        if [header[key + "Name"], value] != [label["name"], label["value"]]:
            wrong.append(f"{name}: segment {i} is {header[key + 'Name']}")
        if not np.array_equal(data[layer].ravel(order="F") == value, mask):
            wrong.append(f"{name} by pynrrd: other voxels of {label['name']}")
        if not np.array_equal(image[..., layer].ravel() == value, mask):
            wrong.append(f"{name} by SimpleITK: other voxels of {label['name']}")
if wrong or not read:
    sys.exit("\n".join(wrong) or "nothing was read")
print(f"{len(expected)} files read {read} times: all the same")
