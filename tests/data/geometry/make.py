"""Writes one asymmetric phantom in all 48 axis orders and flips, and obliquely, with nibabel.

The test in tests/geometry.rs opens these files; every number in nibabel.json is nibabel's, none ours.
Needs nibabel and numpy. Run in this folder.
"""
import itertools, json
import nibabel as nib
import numpy as np
from nibabel.orientations import aff2axcodes

DIMS, SPACING, MARKER = (14, 18, 22), (1.5, 2.0, 2.5), (10, 4, 17)


def phantom():
    data = np.full(DIMS, 40, np.int16)
    data[3:11, 3:15, 4:18] = 90
    data[MARKER] = 500  # right, posterior, superior
    return data


def rotation(about_x, about_z):
    a, b = np.radians(about_x), np.radians(about_z)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return z @ x


def main():
    base = np.eye(4)
    base[:3, :3] = np.diag(SPACING)
    base[:3, 3] = (-9.5, -21.25, 100.75)
    oblique = base.copy()
    oblique[:3, :3] = rotation(18, 25) @ base[:3, :3]
    cases = {}
    for kind, affine in (("straight", base), ("oblique", oblique)):
        image = nib.Nifti1Image(phantom(), affine)
        image.header.set_xyzt_units("mm", "sec")
        for axes in itertools.permutations(range(3)):
            for flips in itertools.product((1, -1), repeat=3):
                if kind == "oblique" and flips not in ((1, 1, 1), (-1, 1, -1)):
                    continue
                turned = image.as_reoriented(np.array(list(zip(axes, flips))))
                turned.set_sform(turned.affine, code=1)
                turned.set_qform(turned.affine, code=1)
                name = f"{kind}_{''.join(aff2axcodes(turned.affine))}"
                nib.save(turned, f"{name}.nii.gz")
                again = nib.load(f"{name}.nii.gz")
                voxel = [int(v[0]) for v in np.where(np.asarray(again.dataobj) == 500)]
                cases[name] = dict(
                    dims=[int(n) for n in again.shape], orientation="".join(aff2axcodes(again.affine)),
                    affine=again.affine.tolist(), marker_voxel=voxel,
                    marker_world=(again.affine @ [*voxel, 1])[:3].tolist())
    json.dump(cases, open("nibabel.json", "w"), indent=0)
    print(len(cases))


main()
