"""Writes expected.json: what pydicom and SimpleITK read in the files and folders here.

Needs pydicom 3, pylibjpeg with its plugins, SimpleITK, highdicom, numpy. Colours: luma of ITU-R BT.601.
"""

import json
import pathlib

import highdicom
import numpy as np
import pydicom
import SimpleITK as sitk

HERE = pathlib.Path(__file__).parent
# Part of the reason why a file is not opened.
REFUSED = {
    "MR_truncated.dcm": "bytes",
    "rtstruct.dcm": "an RT Structure Set",
    "rtplan_truncated.dcm": "cut short",
    "UN_sequence.dcm": "without images",
}
# Lossy compression: decoders round differently.
LOSSY = {"JPGExtended.dcm": 0.02, "JPEG2000.dcm": 0.02, "SC_rgb_jpeg_dcmtk.dcm": 2.0, "SC_rgb_dcmtk_+eb+cy+np.dcm": 2.0,
         "SC_rgb_jpeg.dcm": 2.0}


def affine_of(image):
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return (np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix).tolist()


def described(values, affine, tolerance=None):
    """values: z, y, x or time, z, y, x."""
    shape = list(values.shape[::-1])
    row = {"dims": shape, "min": float(values.min()), "max": float(values.max()), "mean": float(values.mean())}
    voxel = [shape[0] // 3, shape[1] // 2, shape[2] // 2]
    first = values if values.ndim == 3 else values[0]
    row["voxel"] = [voxel, float(first[voxel[2], voxel[1], voxel[0]])]
    if affine is not None:
        row["affine"] = affine
    if tolerance:
        row["tolerance"] = tolerance
    return row


def luma(data, pixels):
    pixels = pixels.astype(float)
    if data.PhotometricInterpretation.startswith("YBR_FULL"):
        return pixels[..., 0]
    return np.floor(pixels @ [0.299, 0.587, 0.114] + 0.5)


def single(path):
    data = pydicom.dcmread(path, force=True)
    pixels = pydicom.pixels.pixel_array(data, raw=True)
    frames = int(data.get("NumberOfFrames", 1))
    if data.SamplesPerPixel == 3:
        values = luma(data, pixels)
    else:
        slope = float(data.get("RescaleSlope", data.get("DoseGridScaling", 1)))
        values = pixels.astype(float) * slope + float(data.get("RescaleIntercept", 0))
    values = values.reshape(frames, data.Rows, data.Columns)
    placed = "ImagePositionPatient" in data or "PerFrameFunctionalGroupsSequence" in data
    affine = None
    if "ImagePositionPatient" in data and frames == 1:
        x, y = np.array(data.ImageOrientationPatient, float).reshape(2, 3)
        rows, columns = map(float, data.PixelSpacing)
        thick = float(data.get("SpacingBetweenSlices", data.get("SliceThickness", 1)))
        lps = np.eye(4)
        lps[:3, :3] = np.array([x * columns, y * rows, np.cross(x, y) * thick]).T
        lps[:3, 3] = data.ImagePositionPatient
        affine = (np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps).tolist()
    if "SegmentationType" in data:
        affine = affine_of_segmentation(data)
    if not placed and frames > 1:
        values = values[:, None]
    return described(values, affine, LOSSY.get(path.name))


def affine_of_segmentation(data):
    """Of one frame."""
    shared, own = data.SharedFunctionalGroupsSequence[0], data.PerFrameFunctionalGroupsSequence[0]
    x, y = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    measures = shared.PixelMeasuresSequence[0]
    rows, columns = map(float, measures.PixelSpacing)
    lps = np.eye(4)
    lps[:3, :3] = np.array([x * columns, y * rows, np.cross(x, y) * float(measures.SpacingBetweenSlices)]).T
    lps[:3, 3] = own.PlanePositionSequence[0].ImagePositionPatient
    return (np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps).tolist()


def folder(path):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path)))
    image = reader.Execute()
    return described(sitk.GetArrayFromImage(image).astype(float), affine_of(image))


def multi_frame(path):
    """A volume whose frames begin at the far end of the normal."""
    found = highdicom.imread(path).get_volume(apply_modality_transform=True, apply_voi_transform=False)
    affine = found.affine[:, [2, 1, 0, 3]]
    x, y, z = affine[:3, :3].T
    assert np.cross(x, y) @ z < 0
    affine[:3, 3] += (len(found.array) - 1) * z
    affine[:3, 2] = -z
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    return described(found.array[::-1].astype(float), affine.tolist())


rows = []
for path in sorted((HERE / "pydicom").iterdir()):
    name = f"pydicom/{path.name}"
    if path.name in REFUSED:
        rows.append({"path": name, "refused": REFUSED[path.name]})
    else:
        rows.append({"path": name, **single(path)})
for name in ["pet"]:
    rows.append({"path": name, **folder(HERE / name)})
rows.append({"path": "niivue/enhanced.dcm", **multi_frame(HERE / "niivue/enhanced.dcm")})
(HERE / "expected.json").write_text(json.dumps(rows, indent=1) + "\n")
