"""Converts scans with `voxpoint convert` and reads what was written with SimpleITK and nibabel.

    convert_back.py PROGRAM

Values must be those that nibabel reads in the source, places those that `voxpoint info` says of it.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import nibabel
import numpy as np
import SimpleITK as sitk

SOURCES = pathlib.Path(__file__).parent.parent / "nifti"
ENDINGS = ["nii", "nii.gz", "nrrd", "mha", "mgz"]


def with_time(values):
    values = values.reshape(*values.shape, *[1] * (3 - values.ndim)) if values.ndim < 3 else values
    return values.reshape(*values.shape[:3], -1).astype(float)


def by_nibabel(path):
    image = nibabel.load(path)
    return with_time(np.asanyarray(image.dataobj)), image.affine


def by_itk(path):
    image = sitk.ReadImage(path)
    values = sitk.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() > 1:
        # It takes the list of an NRRD for the components of a voxel.
        values = values.transpose(2, 1, 0, 3)
    else:
        values = values.transpose(range(values.ndim)[::-1])
    n = image.GetDimension()
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(n, n)[:3, :3]
    affine[:3, :3] = directions * np.array(image.GetSpacing())[:3]
    affine[:3, 3] = image.GetOrigin()[:3]
    return with_time(values), np.diag([-1, -1, 1, 1]) @ affine


def main():
    program, compared, wrong = sys.argv[1], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(SOURCES.glob("*.nii*")):
            if source.name.startswith("bad_"):
                continue
            said = nibabel.load(source)
            if said.get_data_dtype().kind in "cV":
                continue
            info = subprocess.run([program, "info", source, "--json"], capture_output=True, text=True, check=True)
            place = np.array(json.loads(info.stdout)["world_from_voxel"])
            meant, _ = by_nibabel(source)
            for ending in ENDINGS:
                out = f"{folder}/out.{ending}"
                run = subprocess.run([program, "convert", source, out, "--as", "image", "--force"],
                                     capture_output=True, text=True)
                if run.returncode:
                    # A format may have no place for it, and says so.
                    print(f"{source.name} as {ending}: {run.stderr.strip()}")
                    continue
                found, affine = (by_itk if ending in ("nrrd", "mha") else by_nibabel)(out)
                same = found.shape == meant.shape and np.allclose(found, meant, rtol=1e-5, atol=1e-5, equal_nan=True)
                compared += 1
                if not same or np.abs(affine - place).max() > 1e-3:
                    wrong += 1
                    print(f"{source.name} as {ending}: values {'as' if same else 'not as'} they were, "
                          f"{np.abs(affine - place).max():.3g} mm apart")
    print(f"{compared} converted files read by SimpleITK and nibabel, {wrong} of them wrong")
    return 1 if wrong or compared < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
