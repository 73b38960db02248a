"""Writes a PET series of nobody in Bq/mL, three slices, and expected.json: what its values are as standardised uptake values.

    python make.py    # pydicom 3.0, NumPy

The formulas are written here as published, from nothing of Voxpoint's:
- SUV = activity concentration / (injected dose, decayed to the time to which the images are corrected) * body size, with
  DecayCorrection START: the beginning of the series. P. E. Kinahan, J. W. Fletcher, "Positron emission tomography-computed
  tomography standardized uptake values in clinical practice and assessing response to therapy", Semin Ultrasound CT MR
  31(6):496-505, 2010; QIBA, "FDG-PET/CT as an Imaging Biomarker Measuring Response to Cancer Therapy", appendix G.
- Lean body mass: S. Janmahasatian et al., "Quantification of lean bodyweight", Clin Pharmacokinet 44(10):1051-65, 2005.
- Body surface: D. Du Bois, E. F. Du Bois, "A formula to estimate the approximate surface area if height and weight be
  known", Arch Intern Med 17:863-71, 1916.
"""

import datetime
import json
import math
import pathlib

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(3)
DOSE, HALF_LIFE, KILOGRAMS, METRES = 345_600_000.0, 6586.2, 82.5, 1.68
INJECTED, BEGUN = "20240331091230.50", "20240331101545.00"


def slice_of(n, slope):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    uid = f"1.2.3.36.{n + 1}"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = PositronEmissionTomographyImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = uid
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = "1.2.3", "1.2.3.36", "1.2.4"
    data.Modality, data.SeriesNumber, data.InstanceNumber = "PT", 36, n + 1
    data.ImageType = ["ORIGINAL", "PRIMARY"]
    data.SeriesDate = data.AcquisitionDate = BEGUN[:8]
    data.SeriesTime = BEGUN[8:]
    # Beds come one after the other; the series is corrected to its beginning.
    data.AcquisitionTime = f"1016{10 * n:02}"
    data.Units, data.DecayCorrection, data.CorrectedImage = "BQML", "START", ["DECY", "ATTN", "SCAT"]
    data.PatientWeight, data.PatientSize, data.PatientSex = KILOGRAMS, METRES, "F"
    drug = Dataset()
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = DOSE, HALF_LIFE
    drug.RadiopharmaceuticalStartTime = INJECTED[8:]
    drug.RadiopharmaceuticalStartDateTime = INJECTED
    data.RadiopharmaceuticalInformationSequence = [drug]
    data.ImagePositionPatient, data.ImageOrientationPatient = [-16, -12, 4.0 * n], [1, 0, 0, 0, 1, 0]
    data.PixelSpacing, data.SliceThickness = [4, 4], 4
    data.Rows, data.Columns, data.SamplesPerPixel = 6, 8, 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 1
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.RescaleSlope, data.RescaleIntercept = slope, 0
    data.PixelData = RNG.integers(0, 30_000, (6, 8)).astype("<i2").tobytes()
    pydicom.dcmwrite(HERE / f"{n}.dcm", data, enforce_file_format=True)


def when(text):
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%S.%f")


for n, slope in enumerate([0.75, 1.5, 1.25]):
    slice_of(n, slope)
slices = sorted((pydicom.dcmread(path) for path in HERE.glob("*.dcm")), key=lambda d: d.ImagePositionPatient[2])
activity = np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in slices])
seconds = (when(BEGUN) - when(INJECTED)).total_seconds()
left = DOSE * math.exp(-math.log(2) * seconds / HALF_LIFE)
bmi = KILOGRAMS / METRES**2
lean_grams = 1000 * 9270 * KILOGRAMS / (8780 + 244 * bmi)
surface_cm2 = 71.84 * KILOGRAMS**0.425 * (100 * METRES) ** 0.725
expected = {"minutes": seconds / 60, "activity": activity.ravel().tolist()}
for kind, size in [("bw", 1000 * KILOGRAMS), ("lbm", lean_grams), ("bsa", surface_cm2)]:
    expected[kind] = {"factor": size / left, "values": (activity / left * size).ravel().tolist()}
(HERE / "expected.json").write_text(json.dumps(expected) + "\n")
