"""Reads with highdicom and pydicom the DICOM segmentations and structure sets that Voxpoint wrote, and compares: every
voxel, names, colours, the images that are named. Contours are filled by skimage.

    VOXPOINT_WRITTEN=folder cargo nextest run -p voxpoint-core --run-ignored only write_dicom_for_reference_readers
    python tests/data/dicom/labels/read_back.py folder        (highdicom, pydicom, scikit-image, NumPy)
"""

import json
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from skimage.draw import polygon2mask

folder = Path(sys.argv[1])
expected = json.loads((folder / "dicom.json").read_text(encoding="utf-8"))
wrong = []
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def name_of(label):
    return "".join(" " if c == "\\" else c for c in label["name"])


def colour(lab):
    """sRGB of CIELab (D50)."""
    l, a, b = (low + code / 65535 * (high - low) for code, low, high in zip(lab, (0, -128, -128), (100, 127, 127)))
    y = (l + 16) / 116
    xyz = np.array([f**3 if f**3 > 216 / 24389 else (116 * f - 16) * 27 / 24389 for f in (y + a / 500, y, y - b / 200)])
    linear = np.linalg.inv([[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]) @ (
        xyz * [0.9642, 1.0, 0.8249])
    linear = np.clip(linear, 0, 1)
    return np.rint(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)).astype(int)


def segmentation(name, meant, values, lps):
    data = hd.seg.segread(folder / name)
    numbers = {s.SegmentNumber: s["00631001"].value for s in data.SegmentSequence}
    slanted = np.abs(np.cross(np.cross(lps[:3, 0], lps[:3, 1]), lps[:3, 2])).max() > 1e-6
    # highdicom's volumes have slices above one another.
    if not slanted:
        volume = data.get_volume(combine_segments=True, allow_missing_positions=True)
        out = np.zeros_like(values)
        to_scan = np.linalg.inv(lps) @ volume.affine
        for index in np.argwhere(volume.array > 0):
            at = (to_scan @ [*index, 1])[:3]
            if np.abs(at - np.rint(at)).max() > 1e-4:
                wrong.append(f"{name}: a voxel lies {at} of the scan's")
                break
            out[tuple(np.rint(at).astype(int)[::-1])] = numbers[volume.array[tuple(index)]]
        if not np.array_equal(out, values):
            wrong.append(f"{name} by highdicom: other voxels")
    # Frame by frame as well: each names the image that it was drawn on.
    by_image = data.get_pixels_by_source_instance(list(scan_uids(meant)), combine_segments=True, ignore_spatial_locations=False,
                                                  assert_missing_frames_are_empty=True)
    mapped = np.vectorize(lambda n: numbers.get(n, 0))(by_image)
    if not np.array_equal(mapped, values):
        wrong.append(f"{name} by highdicom, by image: other voxels")
    for segment in data.SegmentSequence:
        label = next(label for label in meant["labels"] if label["value"] == segment["00631001"].value)
        if segment.SegmentLabel != name_of(label):
            wrong.append(f"{name}: {segment.SegmentLabel!r} instead of {label['name']!r}")
        if np.abs(colour(segment.RecommendedDisplayCIELabValue) - label["colour"]).max() > 1:
            wrong.append(f"{name}: the colour of {label['name']}")
    check(name, data)


def scan_uids(meant):
    """Of the images in the order of the scan's slices."""
    files = [pydicom.dcmread(path) for path in (folder / meant["scan"]).iterdir()]
    lps = FLIP @ np.vstack([meant["affine"], [0, 0, 0, 1]])
    height = lambda d: (np.linalg.inv(lps) @ [*map(float, d.ImagePositionPatient), 1])[2]
    return [d.SOPInstanceUID for d in sorted(files, key=height)]


def structures(name, meant, values, lps):
    data = pydicom.dcmread(folder / name)
    out = np.zeros_like(values)
    uids = scan_uids(meant)
    for contours in data.ROIContourSequence:
        for contour in contours.ContourSequence:
            world = np.array(contour.ContourData, float).reshape(-1, 3)
            at = (np.linalg.inv(lps) @ np.c_[world, np.ones(len(world))].T).T[:, :3]
            k = int(np.rint(at[:, 2].mean()))
            if np.abs(at[:, 2] - k).max() > 1e-4 or contour.ContourImageSequence[0].ReferencedSOPInstanceUID != uids[k]:
                wrong.append(f"{name}: a contour lies beside its image")
            mask = polygon2mask(values.shape[1:], at[:, 1::-1])
            if (out[k][mask] != 0).any():
                wrong.append(f"{name}: contours overlap")
            out[k][mask] = contours.ReferencedROINumber
    if not np.array_equal(out, values):
        wrong.append(f"{name} by skimage: other voxels")
    for roi, contours in zip(data.StructureSetROISequence, data.ROIContourSequence):
        label = next(label for label in meant["labels"] if label["value"] == roi.ROINumber)
        if roi.ROIName != name_of(label) or list(contours.ROIDisplayColor) != label["colour"]:
            wrong.append(f"{name}: {roi.ROIName!r}, {contours.ROIDisplayColor}")
    check(name, data)


def check(name, data):
    if str(data.PatientName) != "Müßig^Näme" or data.StudyInstanceUID != "1.2.3" or data.FrameOfReferenceUID != "1.2.3.4":
        wrong.append(f"{name}: another patient, study or frame of reference")


def whole(name, meant, lps):
    """Labels that share voxels: each by itself."""
    masks = {}
    for value, runs in meant["whole"].items():
        mask = np.zeros(int(np.prod(meant["dims"])), bool)
        for start, end in runs:
            mask[start:end] = True
        masks[int(value)] = mask.reshape(meant["dims"][::-1])
    if sum(mask.astype(int) for mask in masks.values()).max() < 2:
        wrong.append(f"{name}: nothing is shared")
    found = {}
    if "rtstruct" in name:
        data = pydicom.dcmread(folder / name)
        for contours in data.ROIContourSequence:
            out = found[int(contours.ReferencedROINumber)] = np.zeros(meant["dims"][::-1], bool)
            for contour in contours.ContourSequence:
                world = np.array(contour.ContourData, float).reshape(-1, 3)
                at = (np.linalg.inv(lps) @ np.c_[world, np.ones(len(world))].T).T[:, :3]
                out[int(np.rint(at[:, 2].mean()))] ^= polygon2mask(out.shape[1:], at[:, 1::-1])
    else:
        data = hd.seg.segread(folder / name)
        if data.SegmentsOverlap != "YES":
            wrong.append(f"{name}: it says that its segments do not overlap")
        for segment in data.SegmentSequence:
            pixels = data.get_pixels_by_source_instance(list(scan_uids(meant)), segment_numbers=[segment.SegmentNumber],
                                                        assert_missing_frames_are_empty=True)
            found[segment["00631001"].value] = pixels[..., 0] > 0
    if found.keys() != masks.keys() or any(not np.array_equal(found[n], masks[n]) for n in masks):
        wrong.append(f"{name}: other voxels of labels that share some")
    check(name, data)


for name, meant in expected.items():
    values = np.array(meant["values"]).reshape(meant["dims"][::-1])
    lps = FLIP @ np.vstack([meant["affine"], [0, 0, 0, 1]])
    if "whole" in meant:
        whole(name, meant, lps)
        continue
    (structures if "rtstruct" in name else segmentation)(name, meant, values, lps)
if wrong or not expected:
    sys.exit("\n".join(wrong) or "nothing was read")
print(f"{len(expected)} DICOM files read: all the same")
