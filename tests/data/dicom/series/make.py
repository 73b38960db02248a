"""Writes cases.json: small DICOM files of nobody, and what pydicom, pylibjpeg and highdicom read in them: padding and
MONOCHROME1, enhanced (multi-frame) images and slices of nuclear medicine as volumes, and syntaxes that few programs write.

    python make.py    # pydicom 3.0, highdicom 0.28, pylibjpeg with its plugins, NumPy; to encode imagecodecs, Pillow

Voxels are given x fastest, from the lowest slice along the normal on; affines are rows of voxel to RAS mm.
"""

import io
import json
import pathlib

import highdicom
import imagecodecs
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian

HERE = pathlib.Path(__file__).parent
CT, MR, PET, NM = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "4", "128", "20"))
ENHANCED = {"CT": CT + ".1", "MR": MR + ".1", "PT": "1.2.840.10008.5.1.4.1.1.130"}
RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
RNG = np.random.default_rng(36)
cases = []


def image(class_uid, modality, pixels, photometric="MONOCHROME2", stored=None, frames=None):
    """Of an array of rows, columns or of frames, rows, columns."""
    n = sum(len(case["files"]) for case in cases)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = class_uid
    uid = pydicom.uid.generate_uid(prefix="1.2.3.", entropy_srcs=[f"{n} {RNG.integers(1 << 40)}"])
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = uid
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", f"1.2.3.{len(cases) + 1}"
    data.FrameOfReferenceUID, data.Modality, data.SeriesNumber = "1.2.4", modality, len(cases) + 1
    data.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data.Rows, data.Columns = pixels.shape[-2:]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, photometric
    data.BitsAllocated = 8 * pixels.dtype.itemsize
    data.BitsStored = stored or data.BitsAllocated
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        data.NumberOfFrames = len(pixels)
    data.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    data["PixelData"].VR = "OB" if data.BitsAllocated == 8 else "OW"
    return data


def single(pixels, z, slope=1, intercept=0, **more):
    data = image(CT, "CT", pixels, **more)
    data.ImagePositionPatient, data.ImageOrientationPatient = [-10, -20, z], [1, 0, 0, 0, 1, 0]
    data.PixelSpacing, data.SliceThickness = [0.75, 0.5], 2
    data.RescaleSlope, data.RescaleIntercept = slope, intercept
    return data


def written(data):
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, data, enforce_file_format=True)
    return stream.getvalue()


def add(name, files, volume, affine=None, **more):
    """`volume`: slices, rows, columns."""
    row = {"name": name, "files": [file.hex() for file in files], "dims": list(volume.shape[::-1])}
    row["values"] = [float(value) for value in volume.ravel()]
    if affine is not None:
        row["affine"] = np.asarray(affine).tolist()
    cases.append({**row, **more})


def read_again(file):
    return pydicom.dcmread(io.BytesIO(file))


# Padding: what is left out, by NumPy.


def circle(inside, outside, dtype):
    y, x = np.mgrid[:12, :10]
    return np.where(np.hypot(y - 5.5, x - 4.5) < 4.6, inside, outside).astype(dtype)


def padded(name, slices, is_padding, padding, inverted=False):
    """`is_padding` of the stored numbers of each slice; `padding`: puts the elements."""
    files = []
    for data in slices:
        padding(data)
        files.append(written(data))
    read = [read_again(file) for file in files]
    scaled = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in read]
    volume = np.stack(scaled)
    if len({float(d.RescaleSlope) for d in read}) > 1:
        volume = volume.astype("f4").astype(float)
    left_out = np.stack([is_padding(d.pixel_array) for d in read])
    kept = volume[~left_out]
    numbers = {"min": kept.min(), "max": kept.max(), "mean": kept.mean()}
    numbers = {key: float(value) for key, value in numbers.items()}
    add(name, files, volume, padded=int(left_out.sum()), **numbers, low_is_bright=inverted)


def body(low, high, dtype="i2"):
    return RNG.integers(low, high, (12, 10)).astype(dtype)


def value(number, vr):
    return lambda data: data.add_new("PixelPaddingValue", vr, number)


def ranged(number, limit, vr="SS"):
    def put(data):
        data.add_new("PixelPaddingValue", vr, number)
        data.add_new("PixelPaddingRangeLimit", vr, limit)

    return put


def slices(outside, low, high, dtype="i2", slopes=(1, 1, 1), **more):
    each = enumerate(slopes)
    return [single(circle(body(low, high, dtype), outside, dtype), 2 * n, s, -24, **more) for n, s in each]


padded("padding", slices(-2000, -900, 1500), lambda p: p == -2000, value(-2000, "SS"))
# 63536 is -2000 to whom words have no sign: as GE and others write it.
padded("padding without a sign", slices(-2000, -900, 1500), lambda p: p == -2000, value(63536, "US"))
mixed = slices(-2000, -900, 1500)
mixed[1] = single(circle(body(-900, 1500), -1500, "i2"), 2, 1, -24)
padded("a range of padding", mixed, lambda p: (p >= -2000) & (p <= -1500), ranged(-2000, -1500))
padded("padding that is bright", slices(4095, 100, 3000, "u2", photometric="MONOCHROME1", stored=12),
       lambda p: p == 4095, value(4095, "US"), True)
padded("a bright range", slices(4095, 100, 3000, "u2", photometric="MONOCHROME1", stored=12),
       lambda p: p >= 4000, ranged(4095, 4000, "US"), True)
padded("each its own scale", slices(-2000, -900, 1500, slopes=(1, 0.5, 0.3)), lambda p: p == -2000, value(-2000, "SS"))
padded("low is bright", slices(0, 0, 255, "u1", photometric="MONOCHROME1"), lambda p: p < 0, lambda data: None, True)
numbers_of_each = iter([-2000, -1900, -1800])
mixed = [single(circle(body(-900, 1500), n, "i2"), 2 * k, 1, -24) for k, n in enumerate([-2000, -1900, -1800])]
padded("each file its own padding", mixed, lambda p: p <= -1800,
       lambda data: data.add_new("PixelPaddingValue", "SS", next(numbers_of_each)))


# Multi-frame files as volumes, read by highdicom.


def turned(degrees):
    """A row's and a column's direction, oblique."""
    a, b = np.radians(degrees), np.radians(17)
    z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return (z @ x)[:, 0], (z @ x)[:, 1]


def item(**elements):
    data = Dataset()
    for key, element in elements.items():
        setattr(data, key, element)
    return data


def enhanced(name, modality, order, degrees, scales, step, shared_scale=False):
    """Frames in the file lie at the places `order` along the normal, `step` mm apart."""
    x, y = turned(degrees)
    normal = np.cross(x, y)
    dtype = "u2" if modality == "PT" else "i2"
    low = 0 if dtype == "u2" else -1000
    pixels = RNG.integers(low, 2000, (len(order), 6, 7)).astype(dtype)
    data = image(ENHANCED[modality], modality, pixels)
    first = np.array([-31.5, 12.25, 100.0])
    transformation = [item(RescaleIntercept=i, RescaleSlope=s, RescaleType="US") for s, i in scales]
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[1.5, 1.25], SliceThickness=step, SpacingBetweenSlices=step)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[round(v, 10) for v in [*x, *y]])],
    )
    if shared_scale:
        shared.PixelValueTransformationSequence = transformation[:1]
    data.SharedFunctionalGroupsSequence = [shared]
    organization = pydicom.uid.UID("1.2.5")
    data.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organization)]
    data.DimensionIndexSequence = [
        item(DimensionOrganizationUID=organization, DimensionIndexPointer=0x00200032, FunctionalGroupPointer=0x00209113)
    ]
    frames = []
    for n, place in enumerate(order):
        position = first + place * step * normal
        frame = item(
            FrameContentSequence=[item(DimensionIndexValues=[place + 1], FrameAcquisitionNumber=1)],
            PlanePositionSequence=[item(ImagePositionPatient=[round(v, 8) for v in position])],
        )
        if not shared_scale:
            frame.PixelValueTransformationSequence = transformation[n : n + 1]
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = frames
    file = written(data)
    found = highdicom.Image.from_dataset(read_again(file)).get_volume(
        apply_real_world_transform=False, apply_modality_transform=True, apply_voi_transform=False
    )
    assert found.channel_shape == ()
    volume, affine = found.array.astype(float), found.affine[:, [2, 1, 0, 3]]
    if affine[:3, 2] @ normal < 0:
        # Highdicom begins at the other end.
        affine = affine @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, len(order) - 1], [0, 0, 0, 1]])
        volume = volume[::-1]
    add(name, [file], volume, RAS_FROM_LPS @ affine)


steps = [(1, -1024)] * 5
enhanced("enhanced CT, shuffled", "CT", [3, 0, 4, 1, 2], 0, steps, 2.5, True)
enhanced("enhanced CT, oblique", "CT", [0, 1, 2, 3, 4], 25, steps, 2.5)
enhanced("enhanced MR, its own scales", "MR", [4, 2, 0, 1, 3], -40, [(n + 0.5, -3 * n) for n in range(5)], 3.25)
enhanced("enhanced PET, downwards", "PT", [5, 4, 3, 2, 1, 0], 10, [(0.5 * n + 0.25, 0) for n in range(6)], 4)


def nuclear(name, order, spacing):
    """Slice `order` of each frame, counted from 1; `spacing` with its sign (PS3.3 C.8.4.15)."""
    pixels = RNG.integers(0, 900, (len(order), 6, 7)).astype("u2")
    data = image(NM, "NM", pixels)
    data.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    x, y = turned(30)
    first = np.array([5.0, -7.0, 33.0])
    data.DetectorInformationSequence = [
        item(ImagePositionPatient=[float(v) for v in first],
             ImageOrientationPatient=[round(v, 10) for v in [*x, *y]])
    ]
    data.PixelSpacing, data.SliceThickness, data.SpacingBetweenSlices = [2.0, 2.5], abs(spacing), spacing
    data.SliceVector, data.NumberOfSlices = order, len(order)
    data.FrameIncrementPointer = 0x00540080
    file = written(data)
    read = read_again(file)
    by_place = read.pixel_array[np.argsort(read.SliceVector)].astype(float)
    step = spacing * np.cross(x, y)
    if spacing < 0:
        first, step, by_place = first + (len(order) - 1) * step, -step, by_place[::-1]
    affine = np.eye(4)
    affine[:3] = np.array([2.5 * x, 2.0 * y, step, first]).T
    add(name, [file], by_place, RAS_FROM_LPS @ affine)


nuclear("NM by its slice vector", [3, 1, 4, 2], 4.5)
nuclear("NM against the normal", [1, 2, 3, 4], -4.5)


# Syntaxes, read by pylibjpeg.


def coded(name, syntax, pixels, encode, read_as=None, stored=None, tolerance=None, frames=False):
    """`read_as`: the syntax under which pydicom has a decoder, the stream says the rest."""
    data = image("1.2.840.10008.5.1.4.1.1.7", "OT", pixels, stored=stored)
    each = pixels if frames else [pixels]
    data.PixelData = encapsulate([encode(np.ascontiguousarray(frame)) for frame in each])
    data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
    data.file_meta.TransferSyntaxUID = syntax
    file = written(data)
    read = read_again(file)
    read.file_meta.TransferSyntaxUID = read_as or syntax
    found = read.pixel_array.astype(float)
    if tolerance is None:
        assert (found == pixels).all(), name
    volume = found[:, None] if frames else found[None]
    more = {} if tolerance is None else {"tolerance": tolerance}
    add(name, [file], volume, **more)
    cases[-1]["dims"] = list(found.shape[::-1][:2]) + ([1, len(found)] if frames else [1])


def smooth(bits, dtype, shape=(13, 17)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    wave = (np.sin(x / 5) + np.cos(y / 4) + 2) / 4
    noise = RNG.random(shape) / 20
    return ((wave * 0.9 + noise) * (2**bits - 1)).astype(dtype)


def progressive(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=92, progressive=True)
    return stream.getvalue()


def raw(pixels):
    return pixels.tobytes() + b"\0" * (pixels.nbytes % 2)


def lossless(predictor, bits):
    def encode(pixels):
        return imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=predictor, bitspersample=bits)

    return encode


UID = "1.2.840.10008.1.2.4."
for predictor in (1, 4, 7):
    name = f"JPEG lossless, predictor {predictor}"
    coded(name, UID + "57", smooth(16, "u2"), lossless(predictor, 16))
coded("JPEG lossless of 8 bits", UID + "57", smooth(8, "u1"), lossless(6, 8))
coded("JPEG lossless of 12 bits", UID + "57", smooth(12, "u2"), lossless(5, 12), stored=12)
coded("JPEG lossless, first order", UID + "70", smooth(16, "u2"), lossless(1, 16))
coded("JPEG lossless by another program", UID + "70", smooth(12, "u2"), imagecodecs.ljpeg_encode, stored=12)
for n in ("53", "55"):
    coded(f"progressive JPEG {n}", UID + n, smooth(8, "u1", (40, 33)), progressive, UID + "50", tolerance=1.5)


def throughput(**how):
    return lambda pixels: imagecodecs.htj2k_encode(pixels, **how)


coded("HTJ2K of 8 bits", UID + "201", smooth(8, "u1", (20, 24)), throughput(reversible=True))
coded("HTJ2K of 16 bits", UID + "201", smooth(16, "u2", (20, 24)), throughput(reversible=True))
coded("HTJ2K with a sign", UID + "201", smooth(11, "i2", (20, 24)) - np.int16(900), throughput(reversible=True))
coded("HTJ2K by resolution", UID + "202", smooth(12, "u2", (20, 24)), throughput(reversible=True), stored=16)
coded("HTJ2K, lossy", UID + "203", smooth(12, "u2", (20, 24)), throughput(reversible=False), stored=16, tolerance=2)
plain = "1.2.840.10008.1.2.1.98"


def items(name, pixels, frames=False):
    """Encapsulated, not compressed: pydicom has no decoder for it, what is in an item is what is stored."""
    data = image("1.2.840.10008.5.1.4.1.1.7", "OT", pixels)
    data.PixelData = encapsulate([raw(frame) for frame in (pixels if frames else [pixels])])
    data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
    data.file_meta.TransferSyntaxUID = plain
    add(name, [written(data)], pixels[:, None] if frames else pixels[None])
    cases[-1]["dims"] = list(pixels.shape[::-1][:2]) + ([1, len(pixels)] if frames else [1])


items("items that are not compressed", smooth(16, "u2"))
items("items of bytes, several", np.stack([smooth(8, "u1", (5, 7)) for _ in range(3)]), True)

(HERE / "cases.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
