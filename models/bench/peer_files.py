"""Other programs' readers at one file or folder: what `voxpoint bench files --peer PYTHON` runs, each in a process of its own.

  peer_files.py READER PLACE

READER is `SimpleITK` (of a folder its series, by GDCM; else one file), `pydicom` (a folder's files with pylibjpeg's
plugins, in order of place, values in one array) or `pydicom2` (the same by two processes). Needs `pip install SimpleITK
numpy pydicom pylibjpeg[all]`. Prints one JSON object: `ms` from the first look at the place to the last voxel, without the
start of Python and imports; `peak_kib` of the process; `voxels`; `sum` of all of them.
"""
import concurrent.futures
import json
import multiprocessing
import pathlib
import sys
import time

import numpy as np


def simple_itk(place):
    import SimpleITK as sitk

    begun = time.perf_counter()
    if place.is_dir():
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(place)))
        image = reader.Execute()
    else:
        image = sitk.ReadImage(str(place))
    seconds = time.perf_counter() - begun
    return seconds, sitk.GetArrayFromImage(image)


def image(path):
    import pydicom
    from pydicom.pixels import pixel_array

    data = pydicom.dcmread(path)
    pixels = pixel_array(data, decoding_plugin="pylibjpeg" if data.file_meta.TransferSyntaxUID.is_compressed else "")
    place = np.array(data.ImagePositionPatient, float)
    axes = np.array(data.ImageOrientationPatient, float)
    return place @ np.cross(axes[:3], axes[3:]), pixels, float(data.RescaleIntercept)


def by_pydicom(place, processes):
    files = sorted(place.iterdir())
    # Not counted: starting processes and what they import.
    pool = None
    if processes > 1:
        pool = concurrent.futures.ProcessPoolExecutor(processes, multiprocessing.get_context("fork"))
        list(pool.map(image, files[: 2 * processes]))
    else:
        image(files[0])
    begun = time.perf_counter()
    images = list(pool.map(image, files, chunksize=4)) if pool else [image(path) for path in files]
    images.sort(key=lambda found: found[0])
    voxels = np.empty((len(images), *images[0][1].shape), np.int16)
    for n, (_, pixels, intercept) in enumerate(images):
        np.add(pixels, intercept, out=voxels[n], casting="unsafe")
    return time.perf_counter() - begun, voxels


def main():
    reader, place = sys.argv[1], pathlib.Path(sys.argv[2])
    if reader == "SimpleITK":
        seconds, voxels = simple_itk(place)
    elif reader in ("pydicom", "pydicom2"):
        seconds, voxels = by_pydicom(place, 2 if reader == "pydicom2" else 1)
    else:
        sys.exit(f"there is no reader {reader}")
    with open("/proc/self/status", encoding="utf-8") as status:
        peak = [int(line.split()[1]) for line in status if line.startswith("VmHWM:")]
    print(json.dumps({"ms": seconds * 1000, "peak_kib": peak[0] if peak else None, "voxels": int(voxels.size),
                      "sum": int(voxels.sum(dtype=np.int64))}))


if __name__ == "__main__":
    main()
