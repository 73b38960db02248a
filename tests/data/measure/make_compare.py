"""Distances, lesions and STAPLE of pairs of masks, by MedPy, SciPy, NumPy and SimpleITK.

    pip install medpy==0.5.2 numpy==2.4.6 scipy==1.17.1 SimpleITK==2.5.7
    python make_compare.py > compare.json

The masks are those of surface.json, which lies beside this script, and pairs in which one or both are empty. Lesions
are counted as MetricsReloaded (`BinaryPairwiseMeasures.lesion_wise_tp_fp_fn`) says: with scipy.ndimage.label of the
faces' neighbourhood. A number that MedPy refuses is null.
"""
import json
import os

import numpy as np
import SimpleITK as sitk
from medpy.metric import binary as medpy
from scipy import ndimage

HERE = os.path.dirname(os.path.abspath(__file__))


def mask(digits, dims):
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(digits), np.uint8))
    return bits[: np.prod(dims)].astype(bool).reshape(dims, order="F")


def lesions(a, b):
    of_b, count_b = ndimage.label(b)
    of_a, count_a = ndimage.label(a)
    detected = sum(bool((a & (of_b == n + 1)).any()) for n in range(count_b))
    spurious = sum(not (b & (of_a == n + 1)).any() for n in range(count_a))
    return [detected, count_b - detected, spurious]


def pair(case):
    dims, spacing = case["dims"], case["spacing"]
    a, b = mask(case["a"], dims), mask(case["b"], dims)
    both = a.any() and b.any()
    distance = lambda f, x, y: float(f(x, y, voxelspacing=spacing)) if both else None
    number = lambda f: float(f(a, b)) if both else None
    return dict(
        name=case["name"], dims=dims, spacing=spacing, a=case["a"], b=case["b"],
        hd=distance(medpy.hd, a, b), hd95=distance(medpy.hd95, a, b), asd_a_to_b=distance(medpy.asd, a, b),
        asd_b_to_a=distance(medpy.asd, b, a), assd=distance(medpy.assd, a, b), dice=number(medpy.dc),
        jaccard=number(medpy.jc), precision=number(medpy.precision), recall=number(medpy.recall), lesions=lesions(a, b))


def digits(m):
    return np.packbits(m.ravel(order="F")).tobytes().hex()


def raters(seed, count, dims, flip):
    rng = np.random.default_rng(seed)
    truth = ndimage.gaussian_filter(rng.normal(size=dims), 2.0) > 0.05
    masks = [truth ^ (rng.random(dims) < p) for p in np.linspace(flip, 2 * flip, count)]
    images = [sitk.GetImageFromArray(m.astype(np.uint8)) for m in masks]
    staple = sitk.STAPLEImageFilter()
    staple.SetForegroundValue(1)
    probability = sitk.GetArrayFromImage(staple.Execute(images))
    voted = sitk.GetArrayFromImage(sitk.LabelVoting(images, 0)).astype(bool)
    if count % 2 == 0:
        # Of an even number half is no majority.
        voted = np.sum(masks, 0) > count / 2
    return dict(
        dims=list(dims), masks=[digits(m) for m in masks], sensitivity=list(staple.GetSensitivity()),
        specificity=list(staple.GetSpecificity()), staple=digits(probability >= 0.5), majority=digits(voted))


def main():
    with open(os.path.join(HERE, "surface.json")) as file:
        cases = json.load(file)
    dims, one = [7, 6, 5], np.zeros((7, 6, 5), bool)
    one[2:4, 3, 1:3] = True
    nothing = digits(np.zeros_like(one))
    for name, a, b in (("A empty", nothing, digits(one)), ("B empty", digits(one), nothing), ("both empty", nothing, nothing)):
        cases.append(dict(name=name, dims=dims, spacing=[1.0, 2.0, 0.5], a=a, b=b))
    out = dict(
        pairs=[pair(case) for case in cases],
        raters=[raters(1, 3, (12, 11, 9), 0.02), raters(2, 5, (14, 9, 8), 0.1), raters(3, 4, (10, 10, 10), 0.05)])
    lists = (f'"{key}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for key, rows in out.items())
    print("{" + ",\n".join(lists) + "}")


if __name__ == "__main__":
    main()
