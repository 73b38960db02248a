"""Surface distances of random pairs of masks, by the authors' own code.

    pip install surface-distance-based-measures==0.1 numpy==2.4.6 scipy==1.17.1
    python make_surface.py > surface.json

The package (google-deepmind/surface-distance, Apache-2.0) uses names that NumPy and SciPy have dropped since; they are
put back here. Masks are written as hexadecimal digits of their bits, x fastest, the first voxel in the highest
bit of the first digit. A distance that is infinite is null.
"""
import json
import sys

import numpy as np
from scipy import ndimage

for old, new in (("bool", bool), ("Inf", np.inf)):
    if not hasattr(np, old):
        setattr(np, old, new)
for name in ("filters", "morphology"):
    if not hasattr(ndimage, name):
        setattr(ndimage, name, ndimage)

import surface_distance as sd  # noqa: E402

TOLERANCES = (0.5, 1.0, 2.0, 3.0, 5.0)


def blob(rng, dims, smooth, share):
    """the share of voxels with the highest smoothed noise"""
    noise = ndimage.gaussian_filter(rng.normal(size=dims), smooth, mode="nearest")
    return noise > np.quantile(noise, 1 - share)


def ball(dims, spacing, centre, radius):
    grid = np.indices(dims).reshape(3, -1).T * np.array(spacing)
    return (np.linalg.norm(grid - np.array(centre), axis=1) <= radius).reshape(dims)


def cases():
    rng = np.random.default_rng(20240501)
    for n, (dims, spacing) in enumerate([
        ((20, 18, 16), (1.0, 1.0, 1.0)),
        ((21, 17, 9), (0.75, 0.75, 5.0)),
        ((11, 19, 23), (2.5, 1.25, 1.5)),
        ((16, 16, 16), (0.9766, 0.9766, 2.0)),
        ((9, 25, 14), (3.3, 0.61, 1.17)),
    ]):
        a = blob(rng, dims, 2.0, 0.25)
        b = blob(rng, dims, 2.0, 0.1 + 0.1 * n) | a & (rng.random(dims) < 0.9)
        yield f"blobs {n}", spacing, a, b
    dims = (12, 11, 10)
    # Noise has every one of the 256 neighbourhoods.
    yield "noise", (1.2, 0.8, 2.1), rng.random(dims) < 0.5, rng.random(dims) < 0.4
    spacing = (0.8, 0.8, 2.5)
    dims = (40, 40, 12)
    yield "balls apart", spacing, ball(dims, spacing, (10, 10, 14), 5), ball(dims, spacing, (20, 23, 15), 6)
    yield "balls, one shifted", (1.0, 1.0, 1.0), ball((20,) * 3, (1, 1, 1), (9, 9, 9), 6), ball((20,) * 3, (1, 1, 1), (11, 9, 9), 6)
    one, other = np.zeros((2, 7, 6, 5), bool)
    one[0, 0, 0] = other[6, 5, 4] = True
    yield "two voxels in corners", (1.0, 2.0, 3.0), one, other
    slab = np.zeros((8, 8, 1), bool)
    slab[2:6, 1:7] = True
    yield "one slice", (1.5, 1.5, 4.0), slab, np.roll(slab, 1, axis=0)
    yield "the same", (1.0, 1.0, 2.0), one | other, one | other
    yield "one empty", (1.0, 1.0, 1.0), one, np.zeros_like(one)


def digits(mask):
    return np.packbits(mask.ravel(order="F")).tobytes().hex()


def number(x):
    return float(x) if np.isfinite(x) else None


def main():
    out = []
    for name, spacing, a, b in cases():
        d = sd.compute_surface_distances(a, b, spacing)
        out.append(dict(
            name=name, dims=list(a.shape), spacing=list(spacing), a=digits(a), b=digits(b),
            dice=number(sd.compute_dice_coefficient(a, b)),
            area_a=number(d["surfel_areas_gt"].sum()), area_b=number(d["surfel_areas_pred"].sum()),
            nsd={str(t): number(sd.compute_surface_dice_at_tolerance(d, t)) for t in TOLERANCES},
            hd95=number(sd.compute_robust_hausdorff(d, 95)), hd=number(sd.compute_robust_hausdorff(d, 100))))
    lines = ",\n".join(json.dumps(case) for case in out)
    sys.stdout.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
