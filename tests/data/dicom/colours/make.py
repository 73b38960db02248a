"""Writes cases.json: small DICOM images whose pixels are colours (JPEG-LS in all orders, palettes) or single bits, and
what pydicom reads in them: of colours their luma of ITU-R BT.601, rounded.

    python make.py        # pydicom 3.0, pyjpegls 1.5 (CharLS), NumPy
"""

import io
import json
import pathlib
import zlib

import jpeg_ls
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(87)
cases = []


def image(syntax, rows, columns, photometric, samples, allocated, stored=None, signed=0, frames=1):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = f"1.2.3.{len(cases) + 1}"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = "1.2.3", "1.2.4", "OT"
    data.Rows, data.Columns, data.SamplesPerPixel = rows, columns, samples
    data.PhotometricInterpretation = photometric
    data.BitsAllocated, data.BitsStored = allocated, stored or allocated
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, signed
    if samples > 1:
        data.PlanarConfiguration = 0
    if frames > 1:
        data.NumberOfFrames = frames
    return data


def written(data):
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, data, enforce_file_format=True)
    return stream.getvalue()


def luma(rgb):
    r, g, b = np.moveaxis(rgb.astype(float), -1, 0)
    # In this order: sums of one half are rounded by what the last bit is.
    return np.floor(0.299 * r + 0.587 * g + 0.114 * b + 0.5)


def case(name, data, values=None, refused=None):
    row = {"name": name, "file": written(data).hex()}
    if refused:
        row["refused"] = refused
    else:
        frames = int(data.get("NumberOfFrames", 1))
        row["dims"] = [data.Columns, data.Rows, 1] + ([frames] if frames > 1 else [])
        row["values"] = [int(v) for v in np.asarray(values).flatten()]
    cases.append(row)


def picture(rows, columns, bits, kind):
    """Flat parts, edges, slopes and noise, of which coders have a way each."""
    most = (1 << bits) - 1
    y, x = np.mgrid[:rows, :columns]
    planes = []
    for c in range(3):
        plane = np.where(x + c < columns // 2, most // 3 * (c + 1) % (most + 1), (x * 37 + y * 11 * (c + 1)) % (most + 1))
        if kind == "noise":
            plane = most // 2 + RNG.integers(0, most // 6 + 1, (rows, columns)) * (1 - c)
        if kind == "flat":
            plane = np.where((x // 4 + y // 3 + c) % 5 == 0, most - c, c)
        planes.append(plane)
    return np.stack(planes, -1).astype(np.uint16 if bits > 8 else np.uint8)


def jls():
    for order, name in enumerate(["one after another", "by lines", "by pixels"]):
        for bits in [8, 12, 16]:
            for near in [0, 3]:
                for kind in ["edges", "noise", "flat"]:
                    rows, columns = {"edges": (11, 13), "noise": (16, 19), "flat": (12, 17)}[kind]
                    pixels = picture(rows, columns, bits, kind)
                    # CharLS takes and gives pixel after pixel where it codes line after line.
                    ordered = np.moveaxis(pixels, 2, 0) if order == 0 else pixels
                    stream = jpeg_ls.encode_buffer(
                        np.ascontiguousarray(ordered).tobytes(), rows, columns, 3, bits, near, order
                    )
                    data = image(
                        JPEGLSNearLossless if near else JPEGLSLossless, rows, columns, "RGB", 3, 16 if bits > 8 else 8, bits
                    )
                    data.PixelData = encapsulate([bytes(stream)])
                    read = pydicom.pixels.pixel_array(pydicom.dcmread(io.BytesIO(written(data))), raw=True)
                    if near == 0:
                        assert (read == pixels).all()
                    assert (abs(read.astype(int) - pixels) <= near).all()
                    case(f"JPEG-LS {name}, {bits} bits, {near} off, {kind}", data, luma(read))
                    if order == 2 and bits == 8 and kind == "edges" and near == 0:
                        data.PixelData = encapsulate([bytes(stream[:-40])])
                        case("JPEG-LS, cut short", data, refused="is damaged")


def with_palette(data, described, tables, segmented=False):
    for colour, table in zip(["Red", "Green", "Blue"], tables):
        # The first number that is mapped has the sign that pixels have.
        vr = "SS" if data.PixelRepresentation else "US"
        count, first, bits = described
        element = pydicom.DataElement(f"{colour}PaletteColorLookupTableDescriptor", vr, [count, first, bits])
        data[element.tag] = element
        order = ">" if data.file_meta.TransferSyntaxUID == ExplicitVRBigEndian else "<"
        table = np.asarray(table)
        wide = table.dtype == np.uint16
        raw = table.astype(order + "u2").tobytes() if wide else table.astype(np.uint8).tobytes()
        if not wide and len(raw) % 2:
            raw += b"\0"
        if not wide and order == ">":
            raw = np.frombuffer(raw, "<u2").astype(">u2").tobytes()
        name = "Segmented" * segmented + f"{colour}PaletteColorLookupTableData"
        element = pydicom.DataElement(name, "OW", raw)
        data[element.tag] = element


def palettes():
    def of(name, syntax, numbers, described, tables, signed=0, segmented=False, refused=None, stored=None):
        allocated = numbers.dtype.itemsize * 8
        rows, columns = numbers.shape
        data = image(syntax, rows, columns, "PALETTE COLOR", 1, allocated, stored, signed)
        with_palette(data, described, tables, segmented)
        if syntax == RLELossless:
            data.PixelData = numbers.tobytes()
            data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            data.compress(RLELossless, numbers, generate_instance_uid=False)
        else:
            order = ">" if syntax == ExplicitVRBigEndian else "<"
            data.PixelData = numbers.astype(order + numbers.dtype.str[1:]).tobytes()
            data["PixelData"].VR = "OW" if allocated > 8 else "OB"
        if refused:
            return case(name, data, refused=refused)
        # Of big-endian files pydicom takes the bytes of a palette as they come.
        little = data if syntax != ExplicitVRBigEndian else of_little(data, described, tables, segmented)
        case(name, data, luma(apply_color_lut(numbers, little)))

    def of_little(data, described, tables, segmented):
        little = image(ExplicitVRLittleEndian, data.Rows, data.Columns, "PALETTE COLOR", 1, 8, None, data.PixelRepresentation)
        with_palette(little, described, tables, segmented)
        return little

    bytes_ = [RNG.integers(0, 256, 256).astype(np.uint8) for _ in range(3)]
    words = [RNG.integers(0, 65536, 300).astype(np.uint16) for _ in range(3)]
    small = RNG.integers(0, 256, (4, 6)).astype(np.uint8)
    large = RNG.integers(0, 400, (4, 6)).astype(np.uint16)
    below = RNG.integers(-60, 300, (4, 6)).astype(np.int16)
    little, big = ExplicitVRLittleEndian, ExplicitVRBigEndian
    of("palette of bytes", little, small, (256, 0, 8), bytes_)
    of("palette of bytes, implicit", ImplicitVRLittleEndian, small, (256, 0, 8), bytes_)
    of("palette of bytes, big-endian", big, small, (256, 0, 8), bytes_)
    of("palette of bytes, run-length coded", RLELossless, small, (256, 0, 8), bytes_)
    of("palette of words", little, large, (300, 0, 16), words)
    of("palette of words, big-endian", big, large, (300, 0, 16), words)
    of("palette of bytes in words", little, small, (256, 0, 8), [b.astype(np.uint16) for b in bytes_])
    of("palette from 70 on", little, large, (200, 70, 16), [w[:200] for w in words])
    of("palette from -50 on", little, below, (300, -50, 16), words, signed=1)
    segments = [0, 4, 9, 80, 7, 30, 1, 60, 250, 0, 3, 1, 2, 3, 1, 29, 0]
    count = 4 + 60 + 3 + 29
    of("palette in segments of bytes", little, small, (count, 0, 8), [np.array(segments, np.uint8)] * 3, segmented=True)
    again = np.array([0, 4, 9, 80, 7, 30, 1, 60, 250, 2, 2, 0, 0, 0, 0], np.uint8)
    of("palette with segments again", little, small, (128, 0, 8), [again] * 3, segmented=True)
    wide = np.array([0, 2, 9, 40000, 1, 300, 65535, 1, 98, 12], np.uint16)
    of("palette in segments of words", little, large, (400, 0, 16), [wide] * 3, segmented=True)
    of("palette in segments of words, big-endian", big, large, (400, 0, 16), [wide] * 3, segmented=True)
    of("palette that is too short", little, small, (300, 0, 8), bytes_, refused="claims 300 colours and has 256")


def bits():
    def of(name, syntax, rows, columns, frames, photometric="MONOCHROME2", words=False, refused=None):
        pixels = RNG.integers(0, 2, (frames, rows, columns)).astype(np.uint8)
        data = image(syntax, rows, columns, photometric, 1, 1, frames=frames)
        packed = np.packbits(pixels.flatten(), bitorder="little").tobytes()
        packed += b"\0" * (len(packed) % 2)
        if words:
            packed = np.frombuffer(packed, "<u2").astype(">u2").tobytes()
        if syntax == RLELossless:
            packed = encapsulate([packed])
        data.PixelData = packed
        data["PixelData"].VR = "OW" if words else "OB"
        if refused:
            return case(name, data, refused=refused)
        read = pydicom.dcmread(io.BytesIO(written(data))).pixel_array
        # Of words pydicom takes the bytes as they come; PS3.5 8.1.1 and 8.2 say how they are meant.
        assert words or (read.flatten() == pixels.flatten()).all(), name
        case(name, data, pixels)

    of("bits", ExplicitVRLittleEndian, 5, 3, 1)
    of("bits, images that begin within bytes", ExplicitVRLittleEndian, 5, 3, 4)
    of("bits, whole bytes", ImplicitVRLittleEndian, 4, 8, 3)
    of("bits, big-endian", ExplicitVRBigEndian, 5, 7, 3)
    of("bits, big-endian words", ExplicitVRBigEndian, 5, 7, 3, words=True)
    of("bits, deflated", DeflatedExplicitVRLittleEndian, 5, 3, 2)
    of("bits, low is bright", ExplicitVRLittleEndian, 5, 3, 1, photometric="MONOCHROME1")
    of("bits, run-length coded", RLELossless, 5, 3, 1, refused="pixels of one bit")


jls()
palettes()
bits()
(HERE / "cases.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in cases) + "\n]\n")
