"""Writes small DICOM segmentations and RT Structure Sets, right and wrong ones, and expected.json: what they are on a
scan's grid.

Segmentations are written by highdicom and read back by it; contours are filled by skimage, and by the even-odd rule in
NumPy where there are several on a slice; the two must agree where both can say it. Needs highdicom 0.28, pydicom 3,
scikit-image, NumPy. Everything here is made up.
"""

import copy
import json
import pathlib

import highdicom as hd
import numpy as np
import pydicom
from highdicom.seg import SegmentAlgorithmTypeValues, SegmentationTypeValues, SegmentDescription
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid
from skimage.draw import polygon2mask

HERE = pathlib.Path(__file__).parent
RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
ROOT = "1.2.826.0.1.3680043.8.498."
COLUMNS, ROWS, SLICES = 11, 9, 7
SPACING = (0.8, 1.3, 2.5)  # along a row, from row to row, from slice to slice
FRAME = ROOT + "77"


def uid(*name):
    return generate_uid(ROOT, [str(part) for part in name])


def oblique():
    a, b = 0.5, -0.35
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    m = z @ x
    return m[:, 0], m[:, 1]


# Along a row and along a column, LPS.
TURNS = {
    "axial": (np.array([1.0, 0, 0]), np.array([0, 1.0, 0])),
    "sagittal": (np.array([0, 1.0, 0]), np.array([0, 0, -1.0])),
    "coronal": (np.array([1.0, 0, 0]), np.array([0, 0, -1.0])),
    "oblique": oblique(),
}
FIRST = np.array([-31.25, 17.5, 102.0])


def lps_of(turn):
    x, y = TURNS[turn]
    m = np.eye(4)
    m[:3, :3] = np.array([x * SPACING[0], y * SPACING[1], np.cross(x, y) * SPACING[2]]).T
    m[:3, 3] = FIRST
    return m


def images(turn):
    """A series without interesting pixels."""
    m = lps_of(turn)
    out = []
    for k in range(SLICES):
        d = pydicom.Dataset()
        d.file_meta = pydicom.dataset.FileMetaDataset()
        d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d.SpecificCharacterSet = "ISO_IR 192"
        d.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        d.SOPInstanceUID = uid(turn, k)
        d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = uid("study"), uid(turn), FRAME
        d.PatientName, d.PatientID, d.PatientBirthDate, d.PatientSex = "Nobody^A", "0", "", ""
        d.StudyDate = d.StudyTime = d.AccessionNumber = d.StudyID = d.ReferringPhysicianName = ""
        d.Modality, d.SeriesNumber, d.InstanceNumber, d.Manufacturer = "CT", 1, k + 1, ""
        d.PositionReferenceIndicator = ""
        d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 0
        d.ImagePositionPatient = [round(v, 9) for v in (m @ [0, 0, k, 1])[:3]]
        d.ImageOrientationPatient = [float(v) for v in np.concatenate(TURNS[turn])]
        d.PixelSpacing, d.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
        d.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        d.PixelData = bytes(2 * ROWS * COLUMNS)
        out.append(d)
    return out


def array(seed, kinds=3):
    """z, y, x: blobs of random shape in some of the slices."""
    random = np.random.default_rng(seed)
    values = np.zeros((SLICES, ROWS, COLUMNS), int)
    for label in range(1, kinds + 1):
        for k in range(1 + label % 2, SLICES - label % 3):
            if k == 3:
                continue
            part = random.random((ROWS, COLUMNS)) < 0.25
            values[k][part & (values[k] == 0)] = label
    return values


NAMES = {1: ("Liver", [221, 130, 101], codes.SCT.Liver), 2: ("Kidney left", [185, 102, 83], codes.SCT.Kidney),
         3: ("肿瘤", [144, 238, 144], codes.SCT.Neoplasm)}
KINDS = {"BINARY": SegmentationTypeValues.BINARY, "FRACTIONAL": SegmentationTypeValues.FRACTIONAL,
         "LABELMAP": SegmentationTypeValues.LABELMAP}


def described(number, name, colour, code):
    category = codes.SCT.AnatomicalStructure if name != "肿瘤" else codes.SCT.MorphologicallyAbnormalStructure
    description = SegmentDescription(
        segment_number=number, segment_label=name, segmented_property_category=category, segmented_property_type=code,
        algorithm_type=SegmentAlgorithmTypeValues.MANUAL)
    description.RecommendedDisplayCIELabValue = lab(colour)
    return description


def lab(colour):
    linear = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255])
    srgb = np.array([[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]])
    x, y, z = (srgb @ linear) / [0.9642, 1.0, 0.8249]
    f = [np.cbrt(t) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z)]
    lab = [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
    return [round(np.clip((v - low) / (high - low), 0, 1) * 65535) for v, low, high in
            zip(lab, (0, -128, -128), (100, 127, 127))]


def segmentation(turn, kind, pixels, numbers=(1, 2, 3), syntax=ExplicitVRLittleEndian, **more):
    return hd.seg.Segmentation(
        images(turn), pixels, KINDS[kind], [described(n, *NAMES[i + 1]) for i, n in enumerate(numbers)],
        series_instance_uid=uid("seg", turn, kind), series_number=2, sop_instance_uid=uid("seg", turn, kind, syntax, len(numbers)),
        instance_number=1, manufacturer="highdicom", manufacturer_model_name="highdicom", software_versions="0",
        device_serial_number="0", omit_empty_frames=True, transfer_syntax_uid=syntax, **more)


cases = []


def scan_of(turn, order="xyz", flips=""):
    """Dims and affine to RAS of the scan, its axes in another order and some of them flipped."""
    m = RAS @ lps_of(turn)
    dims = [COLUMNS, ROWS, SLICES]
    axes = ["xyz".index(axis) for axis in order]
    m = m[:, [*axes, 3]]
    dims = [dims[axis] for axis in axes]
    for n, axis in enumerate(order):
        if axis in flips:
            m[:, 3] += m[:, n] * (dims[n] - 1)
            m[:, n] = -m[:, n]
    return dims, m


def on(values, order="xyz", flips=""):
    """z, y, x of the scan as DICOM has it, in that order."""
    values = values.transpose(2, 1, 0)
    values = values.transpose(["xyz".index(axis) for axis in order])
    for n, axis in enumerate(order):
        if axis in flips:
            values = np.flip(values, n)
    return values


def runs(mask):
    flat = np.flatnonzero(np.asarray(mask).ravel(order="F"))
    if not len(flat):
        return []
    breaks = np.flatnonzero(np.diff(flat) > 1)
    starts = np.concatenate([[flat[0]], flat[breaks + 1]])
    ends = np.concatenate([flat[breaks], [flat[-1]]])
    return [[int(a), int(b - a + 1)] for a, b in zip(starts, ends)]


def expect(name, scan, values, labels, notes=(), doubtful=False, frame=FRAME):
    """values: x, y, z of the scan, or of each number what has it; labels: number → name, colour."""
    dims, affine = scan
    masks = values if isinstance(values, dict) else {n: values == n for n in labels}
    assert all(list(mask.shape) == dims for mask in masks.values()), (name, dims)
    rows = [{"value": n, "name": labels[n][0], "colour": labels[n][1], "runs": runs(masks[n])} for n in sorted(labels)
            if masks[n].any()]
    cases.append({"file": name, "dims": dims, "affine": affine[:3].tolist(), "frame_of_reference": frame, "labels": rows,
                  "notes": list(notes), "doubtful": doubtful})


def refuse(name, why, turn="axial"):
    dims, affine = scan_of(turn)
    cases.append({"file": name, "dims": dims, "affine": affine[:3].tolist(), "frame_of_reference": FRAME, "refused": why})


def save(name, data):
    data.save_as(HERE / name, enforce_file_format=True)


def plain(numbers=(1, 2, 3)):
    return {n: (NAMES[i + 1][0], NAMES[i + 1][1]) for i, n in enumerate(numbers)}


def read_by_highdicom(name, turn):
    """z, y, x on the whole scan."""
    found = hd.seg.segread(HERE / name)
    volume = found.get_volume(combine_segments=True, rescale_fractional=False)
    out = np.zeros((SLICES, ROWS, COLUMNS), int)
    to_scan = np.linalg.inv(lps_of(turn)) @ volume.affine
    for index in np.argwhere(volume.array > 0):
        at = np.rint((to_scan @ [*index, 1])[:3]).astype(int)
        out[at[2], at[1], at[0]] = volume.array[tuple(index)]
    return out


# Binary, in four acquisitions, each on scans that have their voxels in other orders.
for n, turn in enumerate(TURNS):
    values = array(n)
    name = f"binary_{turn}.dcm"
    save(name, segmentation(turn, "BINARY", values.astype(np.uint8)))
    assert np.array_equal(read_by_highdicom(name, turn), values), name
    for order, flips in [("xyz", ""), ("xyz", "xz"), ("zxy", "y"), ("yxz", "xyz")]:
        expect(name, scan_of(turn, order, flips), on(values, order, flips), plain())

# Shares of 200: 100 is inside.
shares = np.zeros((SLICES, ROWS, COLUMNS), np.float32)
shares[2:5, 1:8, 2:9] = np.linspace(0, 1, 7 * 7, dtype=np.float32).reshape(7, 7)
data = segmentation("axial", "FRACTIONAL", shares, numbers=(1,), fractional_type="PROBABILITY", max_fractional_value=200)
save("fractional.dcm", data)
stored = pydicom.dcmread(HERE / "fractional.dcm").pixel_array
values = np.zeros((SLICES, ROWS, COLUMNS), int)
values[2:5] = stored >= 100
expect("fractional.dcm", scan_of("axial"), on(values), plain((1,)), ["are shares"])

# Label maps of 8 and 16 bits, plain and in RLE.
for bits, numbers, syntax in [(8, (1, 2, 3), ExplicitVRLittleEndian), (16, (3, 40, 700), ExplicitVRLittleEndian),
                              (8, (5, 6, 9), RLELossless)]:
    values = array(20 + bits)
    mapped = np.choose(values, [0, *numbers])
    name = f"labelmap_{bits}{'_rle' if syntax == RLELossless else ''}.dcm"
    save(name, segmentation("coronal", "LABELMAP", mapped.astype(np.uint16), numbers, syntax))
    assert np.array_equal(read_by_highdicom(name, "coronal"), mapped), name
    expect(name, scan_of("coronal", "xyz", "z"), on(mapped, "xyz", "z"), plain(numbers))

# Structures that share voxels: each has its own.
stack = np.zeros((SLICES, ROWS, COLUMNS, 3), np.uint8)
stack[1:6, 1:8, 1:10, 0] = 1
stack[2:4, 2:5, 2:6, 1] = 1
stack[3:5, 3:7, 4:9, 2] = 1
save("overlap.dcm", segmentation("oblique", "BINARY", stack))
expect("overlap.dcm", scan_of("oblique"), {n + 1: on(stack[..., n] > 0) for n in range(3)}, plain(),
       ["each keeps all of its own (over / under: 肿瘤 / Liver"])


# Frames in no order.
def shuffled(data, order):
    data = copy.deepcopy(data)
    bits = np.unpackbits(np.frombuffer(data.PixelData, np.uint8), bitorder="little")
    frames = bits[: int(data.NumberOfFrames) * ROWS * COLUMNS].reshape(-1, ROWS * COLUMNS)
    packed = np.packbits(frames[order].ravel(), bitorder="little").tobytes()
    data.PixelData = packed + bytes(len(packed) % 2)
    data.PerFrameFunctionalGroupsSequence = [data.PerFrameFunctionalGroupsSequence[n] for n in order]
    return data


values = array(2)
data = segmentation("coronal", "BINARY", values.astype(np.uint8))
save("shuffled.dcm", shuffled(data, np.random.default_rng(4).permutation(int(data.NumberOfFrames))))
expect("shuffled.dcm", scan_of("coronal"), on(values), plain())

# Names from codes, and no colours.
data = segmentation("axial", "BINARY", array(0).astype(np.uint8))
for segment in data.SegmentSequence:
    segment.SegmentLabel = ""
    del segment.RecommendedDisplayCIELabValue
data.SegmentSequence[1].SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
    hd.sr.CodedConcept.from_code(codes.SCT.Left)]
save("coded.dcm", data)
expect("coded.dcm", scan_of("axial"), on(array(0)), {1: ("Liver", None), 2: ("Kidney, Left", None), 3: ("Neoplasm", None)})

# Another grid: twice as coarse, and moved by a third of a voxel.
values = array(0)
dims, affine = scan_of("axial")
coarse = affine.copy()
coarse[:, :3] = affine[:, :3] * 2
coarse[:, 3] = affine @ [0.3, 0.3, 0.3, 1]
moved = np.zeros((6, 5, 4), int)
for index in np.ndindex(moved.shape):
    at = np.floor((np.linalg.inv(affine) @ coarse @ [*index, 1])[:3] + 0.5).astype(int)
    if (at < dims).all():
        moved[index] = on(values)[tuple(at)]
expect("binary_axial.dcm", ([6, 5, 4], coarse), moved, plain(), ["on another grid"], True)
# A part of it, and another frame of reference.
part = affine.copy()
part[:, 3] = affine @ [2, 3, 1, 1]
lost = int((values > 0).sum() - (on(values)[2:10, 3:8, 1:5] > 0).sum())
expect("binary_axial.dcm", ([8, 5, 4], part), on(values)[2:10, 3:8, 1:5], plain(), [f"{lost} of its voxels lie outside"], True)
expect("binary_axial.dcm", (dims, affine), on(values), plain(), ["another frame of reference"], True, ROOT + "78")
away = affine.copy()
away[:3, 3] += 500
cases.append({"file": "binary_axial.dcm", "dims": dims, "affine": away[:3].tolist(), "frame_of_reference": FRAME,
              "refused": "none of its voxels lie in the scan"})


# Wrong ones.
def wrong(name, why, change):
    data = segmentation("axial", "BINARY", array(0).astype(np.uint8))
    change(data)
    save(name, data)
    refuse(name, why)


def many(data):
    data.NumberOfFrames = int(data.NumberOfFrames) + 1


def short(data):
    data.PixelData = data.PixelData[:40]


def nowhere(data):
    del data.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence


def unknown(data):
    data.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9


def none(data):
    data.SegmentSequence = []


def not_a_number(data):
    data.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = None


def twice(data):
    data.SegmentSequence[1].SegmentNumber = 1


def uneven(data):
    places = sorted({tuple(f.PlanePositionSequence[0].ImagePositionPatient) for f in data.PerFrameFunctionalGroupsSequence})
    for frame in data.PerFrameFunctionalGroupsSequence:
        place = frame.PlanePositionSequence[0]
        if tuple(place.ImagePositionPatient) == places[1]:
            x, y, z = place.ImagePositionPatient
            place.ImagePositionPatient = [x, y, z + 0.4]


def two_bits(data):
    data.BitsAllocated = 2


for row in [("bad_frames.dcm", "images and says the place of", many), ("bad_short.dcm", "bytes of pixels are there", short),
            ("bad_place.dcm", "frame 3 does not say where it lies", nowhere),
            ("bad_number.dcm", "frame 2 is of segment 9, which there is not", unknown),
            ("bad_none.dcm", "it has no segments", none), ("bad_nan.dcm", "frame 1 does not say where", not_a_number),
            ("bad_twice.dcm", "two segments have the number 1", twice), ("bad_uneven.dcm", "uneven distances", uneven),
            ("bad_bits.dcm", "its pixels have 2 bits", two_bits)]:
    wrong(*row)
data = segmentation("axial", "BINARY", array(0).astype(np.uint8))
del data.FrameOfReferenceUID
save("no_frame.dcm", data)
expect("no_frame.dcm", scan_of("axial"), on(array(0)), plain(), ["does not say its frame of reference"])

# Contours.
RED, GREEN = [200, 30, 40], [10, 180, 90]


def structure_set(name, turn, rois, change=None):
    """rois: name, colour, list of (kind, points in voxels of the scan: x, y, z)."""
    m = lps_of(turn)
    d = pydicom.Dataset()
    d.file_meta = pydicom.dataset.FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    d.file_meta.MediaStorageSOPClassUID = d.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    d.file_meta.MediaStorageSOPInstanceUID = d.SOPInstanceUID = uid(name)
    d.StudyInstanceUID, d.SeriesInstanceUID, d.Modality = uid("study"), uid("rt", name), "RTSTRUCT"
    d.PatientName, d.PatientID = "Nobody^A", "0"
    d.StructureSetLabel = "made up"
    d.StructureSetROISequence, d.ROIContourSequence = [], []
    for n, (title, colour, contours) in enumerate(rois, 1):
        roi, item = pydicom.Dataset(), pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = n, title, FRAME
        item.ReferencedROINumber, item.ROIDisplayColor, item.ContourSequence = n, colour, []
        for kind, points in contours:
            contour = pydicom.Dataset()
            world = (m @ np.c_[np.asarray(points, float), np.ones(len(points))].T).T[:, :3]
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [f"{v:.6f}"[:16] for v in world.ravel()]
            item.ContourSequence.append(contour)
        d.StructureSetROISequence.append(roi)
        d.ROIContourSequence.append(item)
    if change:
        change(d)
    save(name, d)


def filled(contours):
    """z, y, x by the even-odd rule; of a single contour on a slice by skimage, too."""
    out = np.zeros((SLICES, ROWS, COLUMNS), bool)
    slices = {}
    for _, points in contours:
        points = np.asarray(points, float)
        slices.setdefault(int(np.rint(points[:, 2].mean())), []).append(points[:, :2])
    for k, rings in slices.items():
        mine = np.zeros((ROWS, COLUMNS), bool)
        for y in range(ROWS):
            for x in range(COLUMNS):
                for ring in rings:
                    a, b = ring, np.roll(ring, -1, 0)
                    spans = (a[:, 1] <= y) != (b[:, 1] <= y)
                    at = a[spans, 0] + (y - a[spans, 1]) / (b[spans, 1] - a[spans, 1]) * (b[spans, 0] - a[spans, 0])
                    mine[y, x] ^= bool((at > x).sum() % 2)
        if len(rings) == 1:
            theirs = polygon2mask((ROWS, COLUMNS), rings[0][:, ::-1])
            assert np.array_equal(mine, theirs), "skimage fills otherwise"
        out[k] ^= mine
    return out


def at(k, *points):
    return [(x, y, k) for x, y in points]


def circle(k, x, y, r, n=24):
    return [(x + r * np.cos(t), y + r * 0.7 * np.sin(t), k) for t in np.linspace(0, 2 * np.pi, n, endpoint=False) + 0.1]


for turn in TURNS:
    outer = [("CLOSED_PLANAR", circle(k, 4.9, 4.1, 4.2)) for k in range(1, 5)]
    hole = [("CLOSED_PLANAR", circle(k, 4.6, 4.2, 1.9)) for k in range(2, 4)]
    keyhole = at(5, (0.6, 0.6), (9.4, 0.6), (9.4, 7.4), (0.6, 7.4), (0.6, 3.7), (2.6, 3.7), (2.6, 5.4), (6.4, 5.4), (6.4, 2.6),
                 (2.6, 2.6), (2.6, 3.7), (0.6, 3.7))
    two = [("CLOSED_PLANAR", at(0, (0.6, 0.6), (3.4, 0.6), (3.4, 3.2))), ("CLOSED_PLANAR", at(0, (5.6, 2.6), (8.4, 2.6), (7.1, 6.4)))]
    rois = [("organ", RED, outer + hole), ("keyhole", GREEN, [("CLOSED_PLANAR", keyhole)]), ("two", RED, two)]
    name = f"contours_{turn}.dcm"
    structure_set(name, turn, rois)
    values = np.zeros((SLICES, ROWS, COLUMNS), int)
    for n, (_, _, contours) in enumerate(rois, 1):
        values[filled(contours)] = n
    labels = {n: (title, colour) for n, (title, colour, _) in enumerate(rois, 1)}
    for order, flips in [("xyz", ""), ("xyz", "yz"), ("zyx", "x")]:
        expect(name, scan_of(turn, order, flips), on(values, order, flips), labels)

ring = circle(2, 4.9, 4.1, 3.1)
moved = [(x, y, z + 0.3) for x, y, z in circle(4, 4.9, 4.1, 3.1)]
rois = [("seeds", RED, [("POINT", at(2, (3, 3)))]),
        ("body", GREEN, [("CLOSED_PLANAR", ring), ("CLOSED_PLANAR", ring), ("CLOSED_PLANAR", at(3, (1, 1), (2, 2)))]),
        ("moved", RED, [("CLOSED_PLANAR", moved), ("CLOSED_PLANAR", [(x, y, 6.9) for x, y, _ in ring])])]
structure_set("contours_odd.dcm", "axial", rois)
values = np.zeros((SLICES, ROWS, COLUMNS), int)
values[filled([("", ring)])] = 2
values[filled([("", moved)])] = 3
expect("contours_odd.dcm", scan_of("axial"), on(values), {2: ("body", GREEN), 3: ("moved", RED)},
       ["1 contours are points or lines", "1 contours have fewer than three points", "1 contours are there twice",
        "1 contours lie outside", "0.75 mm beside a slice", "1 structures have no closed contour"], True)
# Planes finer than the scan's, and coarser.
fine = [(k, [(x, y, k) for x, y, _ in circle(0, 4.9, 4.1, 2.0 + k / 3)]) for k in np.arange(1, 3.5, 0.5)]
sparse = [("CLOSED_PLANAR", circle(k, 4.9, 4.1, 3.1)) for k in (0, 2, 4, 6)]
structure_set("contours_planes.dcm", "axial", [("fine", RED, [("CLOSED_PLANAR", points) for _, points in fine])])
kept = [("", points) for k, points in fine if k == int(k)]
values = filled(kept).astype(int)
expect("contours_planes.dcm", scan_of("axial"), on(values), {1: ("fine", RED)}, ["lie between slices of the scan"], True)
structure_set("contours_sparse.dcm", "axial", [("sparse", RED, sparse)])
expect("contours_sparse.dcm", scan_of("axial"), on(filled(sparse).astype(int)), {1: ("sparse", RED)}, ["on some of their slices only"])


def bad_count(d):
    d.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = 99


def bad_end(d):
    contour = d.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData = contour.ContourData[:-1]


def bad_roi(d):
    d.ROIContourSequence[0].ReferencedROINumber = 7


def no_rois(d):
    d.StructureSetROISequence, d.ROIContourSequence = [], []


for name, why, change in [("bad_contour_count.dcm", "contour 1 of organ claims 99 points and has 24", bad_count),
                          ("bad_contour_end.dcm", "contour 1 of organ ends within a point", bad_end),
                          ("bad_contour_roi.dcm", "contours are of structure 7, which there is not", bad_roi),
                          ("bad_contour_none.dcm", "it has no structures", no_rois)]:
    structure_set(name, "axial", [("organ", RED, [("CLOSED_PLANAR", ring)])], change)
    refuse(name, why)
# A number that is none: pydicom does not write it, so a text of the same length is exchanged.
structure_set("bad_contour_nan.dcm", "axial", [("organ", RED, [("CLOSED_PLANAR", ring)])])
path = HERE / "bad_contour_nan.dcm"
text = pydicom.dcmread(path).ROIContourSequence[0].ContourSequence[0].ContourData[4].original_string.encode()
path.write_bytes(path.read_bytes().replace(text, b"nan".ljust(len(text)), 1))
refuse("bad_contour_nan.dcm", "contour 1 of organ has something that is no number")
structure_set("bad_contour_points.dcm", "axial", [("seeds", RED, [("POINT", at(2, (3, 3)))])])
refuse("bad_contour_points.dcm", "it has no closed contour")
(HERE / "expected.json").write_text(json.dumps(cases, ensure_ascii=False).replace('{"file"', '\n{"file"') + "\n")
print(len(cases), "cases")
