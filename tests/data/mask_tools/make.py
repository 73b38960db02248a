"""What scikit-image, SciPy, SimpleITK and NumPy answer to the questions that the tools for masks are asked.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0 SimpleITK==2.5.7
    python make.py > cases.json

Arrays are indexed [x, y, z] and written x fastest: values as numbers, masks as hexadecimal digits of their bits, the
first voxel in the highest bit of the first digit. Seeds and planes are voxel indices.
"""
import json
import sys

import numpy as np
import SimpleITK as sitk
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from skimage import draw, graph, segmentation

ALL = np.ones((3, 3), bool)


def bits(mask):
    flat = np.asarray(mask, bool).flatten(order="F")
    flat = np.concatenate([flat, np.zeros(-len(flat) % 4, bool)]).reshape(-1, 4)
    return "".join(f"{d:x}" for d in flat @ np.array([8, 4, 2, 1]))


def numbers(values):
    return [int(v) for v in np.asarray(values).flatten(order="F")]


def noise(rng, dims, smooth, high=200):
    """whole numbers from 0 to `high` that change slowly"""
    values = ndimage.gaussian_filter(rng.normal(size=dims), smooth, mode="nearest")
    values = (values - values.min()) / (values.max() - values.min())
    return np.rint(values * high).astype(np.int16)


def polygons(rng):
    """skimage.draw.polygon2mask, which is even-odd"""
    for axis in range(3):
        for points in (3, 5, 8, 20):
            dims = [int(n) for n in rng.integers(8, 40, 3)]
            at = int(rng.integers(dims[axis]))
            u, v = [a for a in range(3) if a != axis]
            drawn = rng.uniform(-3, 1, (points, 2)) * [dims[u], dims[v]] * 0.4 + [dims[u], dims[v]]
            layer = draw.polygon2mask((dims[u], dims[v]), drawn)
            mask = np.zeros(dims, bool)
            mask[tuple(at if a == axis else slice(None) for a in range(3))] = layer
            yield {"dims": dims, "axis": axis, "at": at, "points": drawn.tolist(), "mask": bits(mask)}


def floods(rng):
    """SimpleITK.ConnectedThreshold and skimage.segmentation.flood"""
    for smooth in (0.6, 1.0, 2.0):
        dims = (17, 13, 9)
        values = noise(rng, dims, smooth)
        seed = [int(rng.integers(n)) for n in dims]
        level = int(values[tuple(seed)])
        image = sitk.GetImageFromArray(values.T)
        cases = []
        for low, high in ((level - 20, level + 15), (level, 300), (level + 1, 300)):
            for full in (False, True):
                connected = sitk.ConnectedThreshold(
                    image, [seed], low, high, 1,
                    sitk.ConnectedThresholdImageFilter.FullConnectivity if full
                    else sitk.ConnectedThresholdImageFilter.FaceConnectivity)
                mask = sitk.GetArrayFromImage(connected).T > 0
                cases.append({"low": low, "high": high, "full": full, "mask": bits(mask)})
        alike = []
        for tolerance in (0, 3, 10.5, 40):
            for full in (False, True):
                mask = segmentation.flood(values.astype(float), tuple(seed), connectivity=3 if full else 1, tolerance=tolerance)
                alike.append({"tolerance": tolerance, "full": full, "mask": bits(mask)})
        traced = []
        for axis in range(3):
            for bright in (True, False):
                cut = tuple(seed[a] if a == axis else slice(None) for a in range(3))
                layer = values[cut] >= level if bright else values[cut] <= level
                parts, _ = ndimage.label(layer)
                part = parts == parts[tuple(seed[a] for a in range(3) if a != axis)]
                mask = np.zeros(dims, bool)
                mask[cut] = ndimage.binary_fill_holes(part, structure=ALL)
                traced.append({"axis": axis, "bright": bright, "mask": bits(mask)})
        yield {"dims": dims, "values": numbers(values), "seed": seed, "ranges": cases, "alike": alike, "traced": traced}


def ranges(rng):
    """numpy"""
    dims = (11, 9, 7)
    values = noise(rng, dims, 0.8)
    for share in (0.002, 0.1, 0.9):
        region = rng.random(dims) < share
        region[3, 3, 3] = True
        inside = values[region].astype(float)
        low, high = np.percentile(inside, [7.5, 93])
        yield {
            "dims": dims, "values": numbers(values), "region": bits(region),
            "mean": inside.mean(), "sd": inside.std(), "low": low, "high": high,
            "selected": bits(region & (values >= low) & (values <= high)),
        }


def signed(mask, spacing):
    wide = np.pad(mask, 1)
    field = np.where(wide, ndimage.distance_transform_edt(wide, sampling=spacing),
                     -ndimage.distance_transform_edt(~wide, sampling=spacing))
    return field[1:-1, 1:-1]


def interpolations(rng):
    """weighted signed distances of scipy.ndimage.distance_transform_edt, of blobs that branch; `unsure` is where their
    sum is 0 but for rounding"""
    spacing = (0.8, 1.1, 3.0)
    for axis in range(3):
        dims = [26, 22, 18]
        dims[axis] = 13
        u, v = [a for a in range(3) if a != axis]
        mask, expected, unsure = (np.zeros(dims, bool) for _ in range(3))
        at = lambda n: tuple(n if a == axis else slice(None) for a in range(3))
        ticks = np.indices((dims[u], dims[v])).astype(float)
        disc = lambda cu, cv, r: np.hypot((ticks[0] - cu * dims[u]) * spacing[u], (ticks[1] - cv * dims[v]) * spacing[v]) <= r
        width = min(dims[u] * spacing[u], dims[v] * spacing[v])
        wide = dims[u] * spacing[u]
        drawn = {
            1: disc(0.5, 0.5, 0.4 * width),
            # Two parts over one: no alignment of centroids.
            5: disc(0.33, 0.5, 0.1 * wide) | disc(0.7, 0.5, 0.13 * wide),
            6: disc(0.33, 0.45, 0.12 * wide) | disc(0.7, 0.5, 0.15 * wide),
            11: disc(0.5, 0.5, 0.35 * width) & ~disc(0.5, 0.5, 0.1 * width),
        }
        for n, layer in drawn.items():
            assert ndimage.label(layer, ALL)[1] == (2 if n in (5, 6) else 1)
            mask[at(n)] = layer
        places = sorted(drawn)
        for a, b in zip(places, places[1:]):
            one, other = (signed(drawn[n], (spacing[u], spacing[v])) for n in (a, b))
            for n in range(a + 1, b):
                t = (n - a) / (b - a)
                total = (1 - t) * one + t * other
                expected[at(n)] = total >= 0
                unsure[at(n)] = np.abs(total) < 1e-9
        yield {"dims": dims, "spacing": spacing, "axis": axis, "mask": bits(mask), "expected": bits(expected), "unsure": bits(unsure)}


def grow_cuts(rng):
    """scipy.sparse.csgraph.dijkstra from all seeds of a label; `sure` is where the nearest label is nearer by more than
    costs in whole numbers are off"""
    for spacing in ((1.0, 1.0, 1.0), (0.7, 1.3, 4.0)):
        dims = (13, 11, 9)
        values = noise(rng, dims, 1.2).astype(float)
        index = np.arange(np.prod(dims)).reshape(dims, order="F")
        locality = 0.25
        rows, cols, costs = [], [], []
        for by in np.ndindex(3, 3, 3):
            by = np.array(by) - 1
            if not by.any():
                continue
            to = tuple(slice(max(0, b), n + min(0, b)) for b, n in zip(by, dims))
            from_ = tuple(slice(max(0, -b), n + min(0, -b)) for b, n in zip(by, dims))
            rows.append(index[from_].ravel())
            cols.append(index[to].ravel())
            costs.append((np.abs(values[from_] - values[to]) + locality * np.linalg.norm(by * np.array(spacing))).ravel())
        edges = sparse.csr_array((np.concatenate(costs), (np.concatenate(rows), np.concatenate(cols))))
        seeds = {label: np.sort(rng.choice(index.size, 5, replace=False)) for label in (1, 2, 7)}
        far = np.array([csgraph.dijkstra(edges, indices=s, min_only=True) for s in seeds.values()])
        order = np.sort(far, axis=0)
        yield {
            "dims": dims, "spacing": spacing, "values": numbers(values), "locality": locality,
            "seeds": {str(label): [int(n) for n in s] for label, s in seeds.items()},
            "labels": {str(label): bits((far.argmin(axis=0) == n).reshape(dims, order="F")) for n, label in enumerate(seeds)},
            "sure": bits((order[1] - order[0] > 1e-2).reshape(dims, order="F")),
        }


def wires(rng):
    """skimage.graph.MCP_Geometric"""
    for spacing in ((1.0, 1.0), (0.6, 1.7)):
        size = (24, 19)
        costs = (noise(rng, size, 1.0, 100) + 1) / 100
        anchor = [int(rng.integers(n)) for n in size]
        sums, _ = graph.MCP_Geometric(costs, sampling=spacing).find_costs([anchor])
        yield {"size": size, "spacing": spacing, "costs": costs.flatten(order="F").tolist(), "anchor": anchor,
               "sums": sums.flatten(order="F").tolist()}


def snaps():
    """skimage.segmentation.watershed of the gradient of scipy.ndimage.gaussian_filter, from what lies deeper inside or
    further outside than the band. The scan is a formula: a ball of 100 on 0, and `noise` times -50 to 50"""
    for spacing, scale in (((1, 1, 1), 0.2), ((1, 1, 1), 0.6), ((1, 1, 2), 0.4)):
        dims = tuple(36 // s for s in spacing)
        x, y, z = (i * s for i, s in zip(np.indices(dims), spacing))
        n = np.arange(np.prod(dims)).reshape(dims, order="F")
        square = (x - 17) ** 2 + (y - 18) ** 2 + (z - 18) ** 2
        truth = square <= 121
        values = 100.0 * truth + scale * ((n * 7919 % 10007 * 31 % 101) - 50)
        # A ball drawn too large and beside it.
        mask = (x - 18) ** 2 + (y - 18) ** 2 + (z - 17) ** 2 <= 144
        band = 3.0
        depth = np.where(mask, -ndimage.distance_transform_edt(mask, sampling=spacing),
                         ndimage.distance_transform_edt(~mask, sampling=spacing))
        smooth = ndimage.gaussian_filter(values, 1.0, mode="nearest", radius=4)
        wide = np.pad(smooth, 1, mode="edge")
        middle = (slice(1, -1),) * 3
        square = 0
        for a, s in enumerate(spacing):
            square = square + ((np.roll(wide, -1, a) - np.roll(wide, 1, a))[middle] / (2 * s)) ** 2
        markers = np.where(depth < -band, 1, np.where(depth > band, 2, 0))
        found = segmentation.watershed(np.sqrt(square).astype(np.float32), markers) == 1
        dice = lambda a: 2 * (a & truth).sum() / (a.sum() + truth.sum())
        yield {"dims": dims, "spacing": spacing, "noise": scale, "band": band, "mask": bits(mask), "found": bits(found),
               "truth": bits(truth), "dice_before": dice(mask), "dice": dice(found)}


def main():
    rng = np.random.default_rng(20261129)
    cases = {
        "polygons": list(polygons(rng)),
        "floods": list(floods(rng)),
        "ranges": list(ranges(rng)),
        "interpolations": list(interpolations(rng)),
        "grow_cuts": list(grow_cuts(rng)),
        "wires": list(wires(rng)),
        "snaps": list(snaps()),
    }
    json.dump(cases, sys.stdout, separators=(",", ":"))


main()
