"""The masks of `benches/measure.rs`, by MedPy, surface-distance and SimpleITK: seconds for all ten labels.

    pip install medpy==0.5.2 surface-distance==0.1 SimpleITK numpy scipy
    python benches/measure_peers.py [REPEAT]

MedPy gets each pair cut to the box that holds both, and once whole, as its users call it: that takes minutes a label,
so one label is timed and counted ten times.
"""
import statistics
import sys
import time

import numpy as np
import SimpleITK as sitk
from medpy.metric import binary as medpy
from scipy import ndimage

for old, new in (("bool", bool), ("Inf", np.inf)):
    if not hasattr(np, old):
        setattr(np, old, new)
for name in ("filters", "morphology"):
    if not hasattr(ndimage, name):
        setattr(ndimage, name, ndimage)
import surface_distance as sd  # noqa: E402

DIMS, SPACING, RADIUS = (512, 512, 300), (0.7, 0.7, 1.0), 28.8


def label_map(shift, radius):
    labels = np.zeros(DIMS, np.uint8)
    for n in range(10):
        middle = (45 + 66 * (n % 5) + shift, 90 + 170 * (n // 5), 150 - shift)
        low = [max(int((m - 1.2 * radius) / s), 0) for m, s in zip(middle, SPACING)]
        high = [min(int((m + 1.2 * radius) / s), d) for m, s, d in zip(middle, SPACING, DIMS)]
        box = tuple(map(slice, low, high))
        x, y, z = (g * s - m for g, s, m in zip(np.ogrid[box], SPACING, middle))
        wave = 1 + 0.1 * np.sin(x / 6) * np.cos(y / 8)
        labels[box][x**2 + y**2 + z**2 < (radius * wave) ** 2] = n + 1
    return labels


def boxed(a, b):
    box = ndimage.find_objects((a | b).astype(np.uint8))[0]
    return a[box], b[box]


def by_medpy(a, b):
    keep = dict(voxelspacing=SPACING)
    medpy.dc(a, b), medpy.jc(a, b), medpy.precision(a, b), medpy.recall(a, b)
    medpy.hd(a, b, **keep), medpy.hd95(a, b, **keep), medpy.assd(a, b, **keep)


def by_surface_distance(a, b):
    found = sd.compute_surface_distances(a, b, SPACING)
    sd.compute_surface_dice_at_tolerance(found, 2.0), sd.compute_robust_hausdorff(found, 95)


def by_simpleitk(a, b):
    a, b = (sitk.GetImageFromArray(m.astype(np.uint8)) for m in (a, b))
    sitk.LabelOverlapMeasuresImageFilter().Execute(a, b)
    sitk.HausdorffDistanceImageFilter().Execute(a, b)


def main():
    repeat = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    a, b = label_map(0, RADIUS), label_map(2, 1.03 * RADIUS)
    all_ten = range(1, 11)
    for name, way, labels in (
        ("MedPy, box", lambda x, y: by_medpy(*boxed(x, y)), all_ten),
        ("surface-distance", by_surface_distance, all_ten),
        ("SimpleITK", by_simpleitk, all_ten),
        ("MedPy, whole volume, one label ten times", by_medpy, [1])):
        times = []
        for _ in range(repeat):
            start = time.perf_counter()
            for n in labels:
                way(a == n, b == n)
            times.append((time.perf_counter() - start) * 10 / len(labels))
        print(f"{name}: {statistics.median(times):.2f} s", flush=True)


if __name__ == "__main__":
    main()
