"""Axial diameters (RECIST 1.1) and boxes of masks in turned grids, by scikit-image, shapely and SimpleITK.

    pip install numpy==2.4.6 scipy==1.17.1 SimpleITK==2.5.7 scikit-image==0.26.0 shapely==2.2.0
    python make_diameters.py > diameters.json

Masks are written as hexadecimal digits of their bits, x fastest; `affine` has the rows from voxels to RAS mm. SimpleITK
(LPS) places points and counts boxes. `long`: the longest distance between two points of skimage's contours of one part (8
neighbours) in a slice of the voxel axis nearest to Superior; `short`: the longest way across those contours at right
angles to it, from where shapely finds them crossed first to where last. `world_min`, `world_max`: of the corners of the
box of voxels.
"""
import itertools
import json

import numpy as np
import shapely
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial.transform import Rotation
from skimage import measure

LPS = np.diag([-1.0, -1.0, 1.0])


def blob(rng, dims, smooth, share):
    noise = ndimage.gaussian_filter(rng.normal(size=dims), smooth, mode="nearest")
    return noise > np.quantile(noise, 1 - share)


def cases():
    """name, mask, spacing, the RAS directions of the voxel axes as columns, first voxel in RAS"""
    rng = np.random.default_rng(20261201)
    turned = Rotation.from_euler("xyz", [12, -9, 21], degrees=True).as_matrix()
    # Columns: x of the file to the back, y up, z to the left: as sagittal slices are.
    sagittal = np.array([[0, 0, -1], [-1, 0, 0], [0, 1, 0]], float)
    coronal = np.array([[-1, 0, 0], [0, 0, 1], [0, -1, 0]], float)
    for name, dims, spacing, directions in [
        ("axial, straight", (22, 20, 9), (0.8, 0.8, 3.0), np.diag([-1.0, -1.0, 1.0])),
        ("axial, turned", (24, 19, 10), (0.7, 0.9, 2.1), turned @ np.diag([-1.0, 1.0, 1.0])),
        ("sagittal, turned", (18, 12, 11), (1.1, 2.3, 1.7), turned @ sagittal),
        ("coronal, turned", (15, 9, 21), (1.3, 0.6, 2.9), turned @ coronal),
        ("upside down", (17, 23, 7), (1.0, 1.4, 4.0), turned.T @ np.diag([1.0, -1.0, -1.0])),
    ]:
        mask = np.zeros(dims, bool)
        inner = tuple(slice(int(rng.integers(1, 4)), n - int(rng.integers(1, 3))) for n in dims)
        mask[inner] = blob(rng, dims, 1.6, 0.2)[inner]
        yield name, mask, spacing, directions, rng.uniform(-300, 300, 3)


def image_of(mask, spacing, directions, origin):
    """as an image in ITK's LPS"""
    image = sitk.GetImageFromArray(mask.T.astype(np.uint8))
    image.SetSpacing(spacing)
    image.SetOrigin((LPS @ origin).tolist())
    image.SetDirection((LPS @ directions).ravel().tolist())
    return image


def world(image, index):
    """RAS mm of a place in voxels"""
    return LPS @ np.array(image.TransformContinuousIndexToPhysicalPoint([float(v) for v in index]))


def diameters(image, mask, axis):
    best = (0.0, None)
    u, v = [a for a in range(3) if a != axis]
    for n in range(mask.shape[axis]):
        parts = measure.label(np.pad(np.take(mask, n, axis), 1), connectivity=2)
        for part in range(1, parts.max() + 1):
            lines = []
            for line in measure.find_contours((parts == part).astype(float), 0.5):
                at = np.zeros((len(line), 3))
                at[:, u], at[:, v], at[:, axis] = line[:, 0] - 1, line[:, 1] - 1, n
                lines.append(np.array([world(image, p) for p in at]))
            points = np.concatenate(lines)
            apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
            if apart.max() > best[0] + 1e-9:
                a, b = np.unravel_index(apart.argmax(), apart.shape)
                best = (apart.max(), (n, lines, points[a], points[b]))
    long, (n, lines, a, b) = best
    along = (b - a) / long
    normal = world(image, np.eye(3)[axis]) - world(image, np.zeros(3))
    across = np.cross(normal / np.linalg.norm(normal), along)
    flat = [np.stack([(line - a) @ along, (line - a) @ across], 1) for line in lines]
    outline = shapely.MultiLineString([shapely.LineString(line) for line in flat])
    short = 0.0
    for t in np.concatenate(flat)[:, 0]:
        # Beside the corner, on either side: on it the line may just miss.
        for off in (-1e-10, 1e-10):
            crossed = outline.intersection(shapely.LineString([(t + off, -1e4), (t + off, 1e4)]))
            if not crossed.is_empty:
                short = max(short, crossed.bounds[3] - crossed.bounds[1])
    return long, short, n


def digits(mask):
    return np.packbits(mask.ravel(order="F")).tobytes().hex()


def main():
    lines = []
    for name, mask, spacing, directions, origin in cases():
        image = image_of(mask, spacing, directions, origin)
        axis = int(np.abs(directions[2]).argmax())
        long, short, number = diameters(image, mask, axis)
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.Execute(image)
        box = shape.GetBoundingBox(1)
        low, size = np.array(box[:3]), np.array(box[3:])
        ends = zip(low - 0.5, low + size - 0.5)
        corners = np.array([world(image, corner) for corner in itertools.product(*ends)])
        affine = np.column_stack([directions * np.array(spacing), origin])
        lines.append(json.dumps(dict(
            name=name, dims=mask.shape, affine=affine.tolist(), mask=digits(mask), axis=axis, slice=number,
            long=float(long), short=float(short), box_min=low.tolist(), box_size=size.tolist(),
            world_min=corners.min(0).tolist(), world_max=corners.max(0).tolist())))
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main()
