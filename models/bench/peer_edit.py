"""SimpleITK and SciPy at operations on a mask, timed: what `voxpoint bench edit --peer PYTHON` runs.

  peer_edit.py --mask FILE --size X,Y,Z --spacing X,Y,Z --margin MM --open MM --sigma MM --repeat N

Needs `pip install SimpleITK scipy numpy`. The mask is a file of bytes, 0 or 1, x fastest. Prints one JSON object: for each
program the median wall clock of each operation in milliseconds. `SimpleITK` and `SciPy` get the mask cut to its box and
what an operation needs around it, as the program itself works; `SimpleITK, whole volume` the volume as it is, once. Neither
the cutting nor the conversion between NumPy and SimpleITK counts. Kernels are balls of voxels (in SimpleITK an ellipsoid
with the margin as radius along each axis, rounded to voxels).
"""
import argparse
import json
import statistics
import time

import numpy as np
import SimpleITK as sitk
from scipy import ndimage


def three(kind):
    return lambda text: tuple(kind(value) for value in text.split(","))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mask", required=True)
    parser.add_argument("--size", type=three(int), required=True)
    parser.add_argument("--spacing", type=three(float), required=True)
    parser.add_argument("--margin", type=float, required=True)
    parser.add_argument("--open", type=float, required=True)
    parser.add_argument("--sigma", type=float, required=True)
    parser.add_argument("--repeat", type=int, default=5)
    return parser.parse_args()


def radius(mm, spacing):
    return [int(round(mm / s)) for s in spacing]


def largest_itk(image):
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(image, True))
    return parts == 1


def gaussian_itk(image, sigma):
    field = sitk.DiscreteGaussian(sitk.Cast(image, sitk.sitkFloat32), sigma**2, 64, 0.01, True)
    return field >= 0.5


def itk(mask, spacing, args, box):
    image = sitk.GetImageFromArray(mask)
    image.SetSpacing(spacing)
    margin, small = radius(args.margin, spacing), radius(args.open, spacing)
    operations = {
        "islands": lambda: largest_itk(image),
        "holes": lambda: sitk.BinaryFillhole(image, False, 1),
        "grow": lambda: sitk.BinaryDilate(image, margin, sitk.sitkBall, 0, 1),
        "shrink": lambda: sitk.BinaryErode(image, margin, sitk.sitkBall, 0, 1),
        "open": lambda: sitk.BinaryMorphologicalOpening(image, small, sitk.sitkBall, 0, 1),
        "close": lambda: sitk.BinaryMorphologicalClosing(image, small, sitk.sitkBall, 1),
        "hollow": lambda: image - sitk.BinaryErode(image, small, sitk.sitkBall, 0, 1),
    }
    if box:
        operations["median"] = lambda: sitk.BinaryMedian(image, small, 1, 0)
        operations["gaussian"] = lambda: gaussian_itk(image, args.sigma)
        operations["distance"] = lambda: sitk.SignedMaurerDistanceMap(image, False, False, True)
    return operations


def largest_scipy(mask):
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    return labels == 1 + np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:])


def scipy(mask, spacing, args):
    def within(voxels, mm):
        return ndimage.distance_transform_edt(~voxels, spacing[::-1]) <= mm

    def without(voxels, mm):
        return ndimage.distance_transform_edt(voxels, spacing[::-1]) > mm

    return {
        "islands": lambda: largest_scipy(mask),
        "holes": lambda: ndimage.binary_fill_holes(mask),
        "grow": lambda: within(mask, args.margin),
        "shrink": lambda: without(mask, args.margin),
        "open": lambda: within(without(mask, args.open), args.open),
        "close": lambda: without(within(mask, args.open), args.open),
        "hollow": lambda: mask & ~without(mask, args.open),
        "gaussian": lambda: ndimage.gaussian_filter(
            mask.astype(np.float32), [args.sigma / s for s in spacing[::-1]]) >= 0.5,
        "distance": lambda: ndimage.distance_transform_edt(~mask, spacing[::-1])
        - ndimage.distance_transform_edt(mask, spacing[::-1]),
    }


def timed(operations, repeat):
    times = {}
    for name, operation in operations.items():
        runs = []
        for _ in range(repeat):
            start = time.perf_counter()
            operation()
            runs.append((time.perf_counter() - start) * 1000)
            # What takes seconds needs no second run to be told from milliseconds.
            if sum(runs) > 3000:
                break
        times[name] = statistics.median(runs)
    return times


def main():
    args = arguments()
    mask = np.fromfile(args.mask, np.uint8).reshape(args.size[::-1])
    room = [int(np.ceil(max(args.margin, 4 * args.sigma) / s)) + 1 for s in args.spacing[::-1]]
    (box,) = ndimage.find_objects(mask)
    box = tuple(slice(max(0, s.start - n), s.stop + n) for s, n in zip(box, room))
    cut = np.ascontiguousarray(mask[box])
    print(json.dumps({
        "SimpleITK": timed(itk(cut, args.spacing, args, True), args.repeat),
        "SciPy": timed(scipy(cut.astype(bool), args.spacing, args), args.repeat),
        "SimpleITK, whole volume": timed(itk(mask, args.spacing, args, False), 1),
    }))


if __name__ == "__main__":
    main()
