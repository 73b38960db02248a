"""Subjects of a store (maps.py) from label maps of whole heads without a scan: those that SynthSeg was trained with
(Billot et al., Medical Image Analysis 2023), in FreeSurfer's numbers, with tissues around the brain.

The gyri come from the parcellated average brain (atlas.py): its tissues are registered to those of each head (affine,
then demons), and every voxel of the head's cortex takes the nearest parcel of its side.  So 20 different brains have
gyri of their own shape; where one ends is the average's opinion.
"""
import glob
import os

import nibabel as nib
import numpy as np
from scipy import ndimage

import atlas
import pause
from maps import CLEAR, byte, write_subject

WHITE, CORTEX = (2, 41), (3, 42)
KIND = {"wm": ((2, 41), (7, 46), (13, 52), (16,), (28, 60), (85, 530), (512,)),
        "gm": ((3, 42), (8, 47), (10, 49), (11, 50, 26, 58), (12, 51), (17, 53), (18, 54)),
        "csf": ((24,), (4, 5, 43, 44), (14, 15, 72)), "fluid": ((506,), (25, 57)), "vessel": ((30, 62), (502,), (514,)),
        "organ": ((136, 137, 163, 164), (509,)), "muscle": ((507,), (508,)), "fat": ((511,),), "cortex": ((515,),), "marrow": ((516,),)}
UNCLEAR = (2, 3, 41, 42, 507, 511)       # their extent is a convention, or they are nearly everywhere
WHOLE = {"cerebellum": (7, 8, 46, 47), "ventricles": (4, 5, 14, 15, 43, 44, 72, 136, 137, 163, 164), "skull": (515, 516),
         "left basal ganglia": (11, 12, 13, 26), "right basal ganglia": (50, 51, 52, 58), "left hippocampus and amygdala": (17, 18),
         "right hippocampus and amygdala": (53, 54), "eyes": (506,), "brain stem": (16, 28, 60), "thalami": (10, 49)}
LEFT = (2, 3, 10, 11, 12, 13, 17, 18, 26, 4, 5, 25, 136, 137)
RIGHT = (41, 42, 49, 50, 51, 52, 53, 54, 58, 43, 44, 57, 163, 164)


def tissues(labels):
    out = np.zeros(labels.shape, np.uint8)
    for kind, groups in KIND.items():
        for i, values in enumerate(groups):
            out[np.isin(labels, values)] = byte(kind, i)
    return out


def brain(labels):
    """what is registered: white matter bright, grey matter less, ventricles dark"""
    out = np.zeros(labels.shape, np.float32)
    out[np.isin(labels, (4, 5, 14, 15, 43, 44))] = .2
    out[np.isin(labels, [v for g in KIND["gm"] for v in g]) | (labels >= 1000) & (labels < 3000)] = .5
    out[np.isin(labels, (2, 41, 7, 46, 13, 52, 16, 28, 60))] = .8
    return out


def sitk_image(array, affine):
    """of an array in RAS, for registration only: RAS coordinates are kept as they are"""
    import SimpleITK as sitk
    im = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    spacing = np.diag(affine)[:3]
    im.SetSpacing([float(s) for s in spacing])
    im.SetOrigin([float(v) for v in affine[:3, 3]])
    return im


def coarse(im, mm=2.0):
    import SimpleITK as sitk
    size = [int(n * s / mm) for n, s in zip(im.GetSize(), im.GetSpacing())]
    return sitk.Resample(sitk.SmoothingRecursiveGaussian(im, 1.0), size, sitk.Transform(), sitk.sitkLinear, im.GetOrigin(), [mm] * 3,
                         im.GetDirection(), 0.0, sitk.sitkFloat32)


def registered(fixed, moving):
    """the transform from the head's space to the average's"""
    import SimpleITK as sitk
    f, m = coarse(fixed), coarse(moving)
    start = sitk.CenteredTransformInitializer(f, m, sitk.AffineTransform(3), sitk.CenteredTransformInitializerFilter.MOMENTS)
    r = sitk.ImageRegistrationMethod()
    r.SetMetricAsMeanSquares()
    r.SetMetricSamplingStrategy(r.RANDOM)
    r.SetMetricSamplingPercentage(.15, 7)
    r.SetInterpolator(sitk.sitkLinear)
    r.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 120)
    r.SetOptimizerScalesFromPhysicalShift()
    r.SetShrinkFactorsPerLevel([3, 1])
    r.SetSmoothingSigmasPerLevel([2, 0])
    r.SetInitialTransform(start, inPlace=False)
    affine = r.Execute(f, m)
    near = sitk.Resample(m, f, affine, sitk.sitkLinear, 0.0)
    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetStandardDeviations(1.2)
    shift = None
    for shrink, steps in ((4, 60), (2, 60), (1, 30)):
        small = lambda x: sitk.Shrink(sitk.DiscreteGaussian(x, (shrink / 2 * 2.0) ** 2 / 4), [shrink] * 3)
        a, b = small(f), small(near)
        demons.SetNumberOfIterations(steps)
        shift = demons.Execute(a, b) if shift is None else demons.Execute(a, b, sitk.Resample(shift, a))
    shift = sitk.Cast(sitk.Resample(shift, f), sitk.sitkVectorFloat64)
    return sitk.CompositeTransform([affine, sitk.DisplacementFieldTransform(shift)])


def parcels(labels, warped):
    """every voxel of the cortex takes the nearest parcel of its side (`side` thousands: left, then right)"""
    out = np.zeros(labels.shape, np.int32)
    for cortex, side in zip(CORTEX, (0, 1)):
        there = (warped > 0) & (warped % 2 == side)
        nearest = ndimage.distance_transform_edt(~there, return_distances=False, return_indices=True)
        out = np.where(labels == cortex, warped[tuple(nearest)], out)
    return out


def with_white_matter(gyri, labels):
    away, nearest = ndimage.distance_transform_edt(gyri == 0, return_indices=True)
    near = np.isin(labels, WHITE) & (away <= atlas.NEAR_MM) | np.isin(labels, (24, 30, 62)) & (away <= atlas.FILL_MM)
    return np.where((gyri > 0) | near, gyri[tuple(nearest)], 0)


class Average:
    """the parcellations of atlas.py's average brain: parcel numbers, left ones even, right ones odd"""

    def __init__(self):
        folder = atlas.folder()
        template = nib.as_closest_canonical(nib.load(os.path.join(folder, "templates", "mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz")))
        get = lambda name: atlas.on_grid(nib.load(os.path.join(folder, "atlases", f"atlas_{name}.nii.gz")), template)
        regions, folds = get("desikan_killiany"), get("destrieux")
        self.moving = sitk_image(brain(regions), template.affine)
        # 1000 and 11100 on are left, 2000 and 12100 on right
        number = lambda m: np.where(m >= 11000, (m % 1000) * 2 + (m >= 12000), np.where(m >= 1000, (m % 1000) * 2 + (m >= 2000), 0))
        self.maps = [sitk_image(number(m).astype(np.int32), template.affine) for m in (regions, folds)]


def target_sets(labels, average, affine):
    import SimpleITK as sitk
    ids = np.zeros(1024, np.uint8)
    values = [int(v) for v in np.unique(labels) if v]
    clear = [v for v in values if v not in UNCLEAR]
    for i, v in enumerate(clear):
        ids[v] = i + 1
    for i, v in enumerate(UNCLEAR):
        ids[v] = CLEAR + 1 + i
    sets = [ids[labels]]
    rest = np.where(np.isin(labels, (3, 42, 2, 41, 24, 507, 511)), 0, ids[labels])       # nuclei, cerebellum and others
    whole = np.zeros(labels.shape, np.uint8)
    whole[np.isin(labels, LEFT)], whole[np.isin(labels, RIGHT)] = CLEAR + 1, CLEAR + 2
    for i, values in enumerate(WHOLE.values()):
        whole[np.isin(labels, values)] = i + 1
    if average:
        fixed = sitk_image(brain(labels), affine)
        transform = registered(fixed, average.moving)
        for m in average.maps:
            warped = sitk.GetArrayFromImage(sitk.Resample(m, fixed, transform, sitk.sitkNearestNeighbor, 0)).transpose(2, 1, 0)
            gyri = parcels(labels, warped)
            found, small = np.unique(with_white_matter(gyri, labels), return_inverse=True)
            small = small.reshape(labels.shape)
            first = int(rest.max())
            assert found[0] == 0 and first + len(found) <= CLEAR
            sets.append(np.where(small > 0, first + small, rest).astype(np.uint8))
    return sets + [whole]


def store(root, with_gyri, out):
    import SimpleITK as sitk
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    average = None
    for path in sorted(glob.glob(os.path.join(root, "*.nii.gz"))):
        name = os.path.basename(path).split(".")[0]
        if os.path.exists(os.path.join(out, name, "meta.json")):
            continue
        pause.wait()
        average = average or (Average() if with_gyri else None)
        im = nib.as_closest_canonical(nib.load(path))
        labels = np.asarray(im.dataobj).astype(np.int32)
        box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(labels))
        affine = im.affine.copy()
        affine[:3, 3] += affine[:3, :3] @ [s.start for s in box]
        labels = labels[box]
        write_subject(out, name, im.header.get_zooms()[:3], tissues(labels), target_sets(labels, average, affine))
