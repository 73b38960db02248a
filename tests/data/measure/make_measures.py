"""First-order and shape numbers of masks, by PyRadiomics, SimpleITK, scikit-image and NumPy.

    pip install numpy==2.4.6 scipy==1.17.1 SimpleITK==2.5.7 scikit-image==0.26.0 pywavelets
    pip install --no-build-isolation --no-deps pyradiomics==3.0.1
    python make_measures.py > measures.json

Masks are written as hexadecimal digits of their bits, values as int16 in hexadecimal, x fastest; the scan's value is
that times `slope`. Numbers of PyRadiomics have its names. `obb`: size of ITK's oriented bounding box, sorted. `long`: the
longest distance between two points of skimage's contours of one part (8 neighbours) in an axial slice. `peak`: the
largest mean within 6.2 mm of a voxel of the mask. What is NaN is null.
"""
import json
import logging

import numpy as np
import SimpleITK as sitk
from radiomics import featureextractor
from scipy import ndimage
from skimage import measure

logging.disable(logging.CRITICAL)


def blob(rng, dims, smooth, share):
    noise = ndimage.gaussian_filter(rng.normal(size=dims), smooth, mode="nearest")
    return noise > np.quantile(noise, 1 - share)


def cases():
    rng = np.random.default_rng(20261130)
    for n, (dims, spacing, slope) in enumerate([
        ((18, 16, 14), (1.0, 1.0, 1.0), 1.0),
        ((21, 15, 9), (0.75, 0.8, 5.0), 0.1),
        ((11, 17, 19), (2.5, 1.25, 1.5), 1.0),
        ((9, 21, 12), (3.3, 0.61, 1.17), 0.5),
    ]):
        yield f"blob {n}", spacing, slope, blob(rng, dims, 2.0, 0.2), rng.integers(-400, 900, dims)
    dims = (9, 8, 7)
    # Noise has every one of the 256 neighbourhoods.
    yield "noise", (1.2, 0.8, 2.1), 1.0, rng.random(dims) < 0.5, rng.integers(0, 200, dims)
    two = np.zeros((6, 5, 4), bool)
    two[2, 2, 1] = two[3, 3, 2] = True
    yield "two voxels that touch by a corner", (1.0, 2.0, 3.0), 1.0, two, rng.integers(0, 50, two.shape)
    row = np.zeros((8, 5, 4), bool)
    row[0:8, 2:4, 3] = True
    yield "two rows at the edge of the volume", (1.0, 2.0, 3.0), 1.0, row, np.full(row.shape, 7)


def digits(mask):
    return np.packbits(mask.ravel(order="F")).tobytes().hex()


def axial_long(mask, spacing):
    best = 0.0
    for z in range(mask.shape[2]):
        parts = measure.label(np.pad(mask[:, :, z], 1), connectivity=2)
        for part in range(1, parts.max() + 1):
            lines = measure.find_contours((parts == part).astype(float), 0.5)
            points = np.concatenate(lines) * np.array(spacing[:2])
            best = max(best, np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1)).max())
    return best


def peak(mask, values, spacing):
    radius = (3 * 1000 / (4 * np.pi)) ** (1 / 3)
    places = np.indices(mask.shape).reshape(3, -1).T * np.array(spacing)
    flat = values.ravel()
    means = [flat[np.linalg.norm(places - p, axis=1) <= radius].mean() for p in places[mask.ravel()]]
    return float(max(means))


def main():
    lines = []
    for name, spacing, slope, mask, raw in cases():
        raw = raw.astype(np.int16)
        values = raw * slope
        image = sitk.GetImageFromArray(values.T)
        label = sitk.GetImageFromArray(mask.T.astype(np.uint8))
        for one in (image, label):
            one.SetSpacing(spacing)
        extractor = featureextractor.RadiomicsFeatureExtractor()
        extractor.disableAllFeatures()
        for kind in ("firstorder", "shape"):
            extractor.enableFeatureClassByName(kind)
        found = extractor.execute(image, label)
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.ComputeOrientedBoundingBoxOn()
        shape.Execute(label)
        lines.append(json.dumps(dict(
            name=name, dims=mask.shape, spacing=spacing, slope=slope, mask=digits(mask),
            values=raw.ravel(order="F").astype("<i2").tobytes().hex(),
            centroid=shape.GetCentroid(1), obb=sorted(shape.GetOrientedBoundingBoxSize(1)),
            percentiles=[float(np.percentile(values[mask], p)) for p in (5, 10, 25, 50, 75, 90, 95)],
            sd=float(values[mask].std()), long=axial_long(mask, spacing), peak=peak(mask, values, spacing),
            **{key.removeprefix("original_"): None if np.isnan(v) else float(v) for key, v in found.items() if key.startswith("original_")})))
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main()
