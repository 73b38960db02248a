"""Writes disc.json: the series that pydicom finds in disc/ by its DICOMDIR, and one of them as SimpleITK reads it.

disc/ is the file set of pydicom's tests (dicomdirtests, MIT; patients are invented).
"""

import collections
import json
import pathlib

import numpy as np
import pydicom
import SimpleITK as sitk

HERE = pathlib.Path(__file__).parent
files = collections.defaultdict(list)
missing = 0
for record in pydicom.dcmread(HERE / "disc/DICOMDIR").DirectoryRecordSequence:
    if "ReferencedFileID" in record:
        path = HERE.joinpath("disc", *pydicom.multival.MultiValue(str, record.ReferencedFileID))
        if not path.is_file():
            missing += 1
            continue
        files[pydicom.dcmread(path).SeriesInstanceUID].append(str(path))
rows = [{"series": uid, "images": len(paths)} for uid, paths in files.items()]


def volume(paths):
    z = lambda path: float(pydicom.dcmread(path).ImagePositionPatient[2])
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sorted(paths, key=z))
    image = reader.Execute()
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix
    values = sitk.GetArrayFromImage(image).astype(float)
    return {"dims": list(values.shape[::-1]), "affine": affine.tolist(), "values": values.ravel().tolist()}


one = "1.3.6.1.4.1.5962.1.1.0.0.0.1194734704.16302.0.6"
assert missing == 0
(HERE / "disc.json").write_text(json.dumps({"rows": rows, "series": one, **volume(files[one])}) + "\n")
