"""What SciPy, scikit-image and SimpleITK make of small masks on grids whose voxels are no cubes.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0 SimpleITK==2.5.7
    python make_reference.py > reference.json

Masks are written as hexadecimal digits of their bits, x fastest, the first voxel in the highest bit of the first digit. Where two
of the programs can compute the same, the script insists that they agree. A margin's footprint is written out here: offsets
whose shares of the margin, squared, add up to 1 or less (eighths of ellipsoids).
"""
import json
import sys

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from skimage import measure, morphology

EDGE = 1e-6


def ball(dims, spacing, centre, radius):
    grid = np.indices(dims).reshape(3, -1).T * np.array(spacing)
    return (np.linalg.norm(grid - np.array(centre), axis=1) <= radius).reshape(dims)


def blob(rng, dims, smooth, share):
    """the share of voxels with the highest smoothed noise"""
    noise = ndimage.gaussian_filter(rng.normal(size=dims), smooth, mode="nearest")
    return noise > np.quantile(noise, 1 - share)


def masks():
    rng = np.random.default_rng(20261129)
    dims, spacing = (15, 14, 8), (0.75, 0.75, 2.5)
    yield "blobs, thick slices", spacing, blob(rng, dims, (2, 2, 0.8), 0.3)
    dims, spacing = (12, 11, 10), (1.2, 0.8, 2.1)
    yield "noise", spacing, rng.random(dims) < 0.3
    yield "dense noise", spacing, rng.random(dims) < 0.75
    # Cut off by three faces of the volume, with a cavity, an open one, a tunnel, and crumbs.
    dims, spacing = (18, 14, 11), (0.7, 0.9, 1.0)
    organ = ball(dims, spacing, (4.5, 4.5, 3.5), 5.8) & ~ball(dims, spacing, (5, 5, 4), 1.7)
    organ &= ~ball(dims, spacing, (0, 5, 4), 1.6)
    organ[8, :, 6] = False
    organ[16, 12, 9] = organ[17, 13, 10] = organ[16, 1, 9] = organ[16, 2, 9] = True
    yield "organ at the edge", spacing, organ
    slab = blob(rng, (19, 16, 1), (1.5, 1.5, 0), 0.5)
    yield "one slice", (1.5, 1.25, 4.0), slab
    one = np.zeros((7, 6, 5), bool)
    one[3, 2, 2] = True
    yield "one voxel", (1.0, 2.0, 3.0), one


def image(mask, spacing):
    made = sitk.GetImageFromArray(mask.transpose(2, 1, 0).astype(np.uint8))
    made.SetSpacing([float(s) for s in spacing])
    return made


def array(made):
    return sitk.GetArrayFromImage(made).transpose(2, 1, 0)


def digits(mask):
    return np.packbits(mask.ravel(order="F")).tobytes().hex()


def parts(mask, full):
    structure = ndimage.generate_binary_structure(3, 3 if full else 1)
    labels, count = ndimage.label(mask, structure)
    theirs = array(sitk.ConnectedComponent(image(mask, (1, 1, 1)), full))
    again = measure.label(mask, connectivity=3 if full else 1)
    for other in (theirs, again):
        pairs = set(zip(labels.ravel().tolist(), other.ravel().tolist()))
        assert len(pairs) == len(np.unique(labels)) == len(np.unique(other))
    found = []
    for n, box in enumerate(ndimage.find_objects(labels), 1):
        first = int(np.flatnonzero((labels == n).ravel(order="F"))[0])
        row = [int((labels == n).sum())] + [s.start for s in box] + [s.stop for s in box]
        found.append((-row[0], first, row))
    assert len(found) == count
    return [row for *_, row in sorted(found)], labels


def filled(mask):
    found = ndimage.binary_fill_holes(mask)
    if min(mask.shape) > 1:
        assert (found == array(sitk.BinaryFillhole(image(mask, (1, 1, 1)), False, 1)).astype(bool)).all()
    return found


def filled_slices(mask, axis):
    slices = [ndimage.binary_fill_holes(s) for s in np.moveaxis(mask, axis, 0)]
    return np.moveaxis(np.array(slices), 0, axis)


def signed_distance(mask, spacing):
    outside = ndimage.distance_transform_edt(~mask, spacing)
    inside = ndimage.distance_transform_edt(mask, spacing)
    maurer = array(sitk.SignedMaurerDistanceMap(image(mask, spacing), False, False, True))
    assert np.allclose(maurer[~mask], outside[~mask], atol=1e-4)
    return outside - inside


def footprint(low, high, spacing):
    reach = [int(max(a, b) / s * (1 + EDGE)) for a, b, s in zip(low, high, spacing)]
    used = np.zeros([2 * n + 1 for n in reach])
    for axis, (a, b, s, n) in enumerate(zip(low, high, spacing, reach)):
        steps = np.arange(-n, n + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(steps == 0, 0, steps * s / np.where(steps < 0, a, b)) ** 2
        used += share.reshape([-1 if axis == a else 1 for a in range(3)])
    return used <= 1 + EDGE


def dilated(mask, kernel):
    return ndimage.binary_dilation(mask, kernel)


def eroded(mask, kernel):
    return ndimage.binary_erosion(mask, kernel, border_value=1)


def in_slice(mask, scope, work):
    """work on one slice, in its plane"""
    if scope is None:
        return work(mask)
    axis, index = scope
    at = tuple(slice(index, index + 1) if a == axis else slice(None) for a in range(3))
    result = mask.copy()
    result[at] = work(mask[at])
    return result


def flat(sizes, scope):
    return [0.0 if scope and scope[0] == axis else size for axis, size in enumerate(sizes)]


def closed(mask, kernel):
    room = [n // 2 + 1 for n in kernel.shape]
    wide = np.pad(mask, [(n, n) for n in room])
    wide = ndimage.binary_erosion(ndimage.binary_dilation(wide, kernel), kernel)
    return wide[tuple(slice(n, n + m) for n, m in zip(room, mask.shape))]


def median(mask, kernel):
    inside = ndimage.correlate(mask.astype(np.int64), kernel.astype(np.int64), mode="nearest")
    return inside > kernel.sum() // 2


def blurred(mask, sigma, spacing, scope=None):
    sizes = [s / step for s, step in zip(flat([sigma] * 3, scope), spacing)]
    return ndimage.gaussian_filter(mask.astype(float), sizes, mode="nearest", truncate=4.0)


def softened(mask, sigma, spacing):
    """as many voxels as before, those with the highest values; None where that is not clear"""
    field = blurred(mask, sigma, spacing)
    values = np.sort(field.ravel())[::-1]
    count = int(mask.sum())
    if values[count - 1] - values[count] < 1e-5:
        return None
    return field >= values[count - 1]


def margins(mask, spacing):
    evens = [([mm] * 3, [mm] * 3) for mm in (0.75, 2.5, 4.2)]
    odd = [([2.0, 0, 0], [0, 0, 0]), ([0, 1.6, 0], [0, 0, 5.0]), ([1.0, 2.0, 3.0], [3.0, 0.5, 2.5])]
    scopes = [None] + [(axis, mask.shape[axis] // 2) for axis in range(3)]
    for n, (low, high) in enumerate(evens + odd):
        yield low, high, scopes[n % 4]
        if n % 4:
            yield low, high, None


def case(name, spacing, mask, rng):
    dims = mask.shape
    faces, _ = parts(mask, False)
    corners, labels = parts(mask, True)
    voxel = float(np.prod(spacing))
    least = sorted({row[0] for row in corners})[len({row[0] for row in corners}) // 2]
    kept = ndimage.sum_labels(mask, labels, np.arange(labels.max() + 1)) >= least
    kept[0] = False
    sk = morphology.remove_small_objects(mask, max_size=least - 1, connectivity=3)
    assert (kept[labels] == sk).all()
    distances = signed_distance(mask, spacing).ravel(order="F")
    sigma = 1.3
    while softened(mask, sigma, spacing) is None:
        sigma += 0.05
        if sigma > 3:
            break
    field = blurred(mask, sigma, spacing).ravel(order="F")
    some = np.sort(rng.choice(mask.size, min(mask.size, 60), replace=False)).tolist()
    out = dict(
        name=name, dims=list(dims), spacing=list(spacing), mask=digits(mask),
        parts_faces=faces, parts_corners=corners, small_mm3=least * voxel, without_small=digits(sk),
        filled=digits(filled(mask)), filled_slices=[digits(filled_slices(mask, a)) for a in range(3)],
        distances=[[n, float(distances[n])] for n in some],
        sigma_mm=sigma, blurred=[[n, float(field[n])] for n in some])
    soft = softened(mask, sigma, spacing)
    out["softened"] = None if soft is None else digits(soft)
    out["margins"] = []
    for low, high, scope in margins(mask, spacing):
        kernel = footprint(flat(low, scope), flat(high, scope), spacing)
        grown = in_slice(mask, scope, lambda m: dilated(m, kernel))
        shrunk = in_slice(mask, scope, lambda m: eroded(m, kernel))
        if scope is None and low == high == [low[0]] * 3:
            assert (grown == morphology.isotropic_dilation(mask, low[0] * (1 + EDGE), spacing=spacing)).all()
            assert (shrunk == morphology.isotropic_erosion(mask, low[0] * (1 + EDGE), spacing=spacing)).all()
        out["margins"].append(dict(low=low, high=high, scope=scope, grown=digits(grown), shrunk=digits(shrunk)))
    out["sizes"] = []
    for mm, scope in [(0.95, None), (2.2, None), (3.1, (2, dims[2] // 2)), (2.2, (0, dims[0] // 2))]:
        def kernel(size):
            return footprint(flat([size] * 3, scope), flat([size] * 3, scope), spacing)

        def of(work):
            return digits(in_slice(mask, scope, work))

        out["sizes"].append(dict(
            mm=mm, scope=scope,
            opened=of(lambda m: dilated(eroded(m, kernel(mm)), kernel(mm))),
            closed=of(lambda m: closed(m, kernel(mm))),
            shell_inside=of(lambda m: m & ~eroded(m, kernel(mm))),
            shell_outside=of(lambda m: dilated(m, kernel(mm)) & ~m),
            shell_centred=of(lambda m: dilated(m, kernel(mm / 2)) & ~eroded(m, kernel(mm / 2))),
            median=of(lambda m: median(m, kernel(mm)))))
    return out


def together(masks, sigma, spacing):
    """Each voxel to the highest field, with biases that keep the volumes, found by bisection. The fields are SciPy's."""
    fields = [blurred(mask, sigma, spacing) for mask in masks]
    fields = np.array(fields + [1 - sum(fields)])
    wanted = [int(mask.sum()) for mask in masks]
    bias = np.zeros(len(fields))

    def won(n):
        return int((np.argmax(fields + bias.reshape(-1, 1, 1, 1), axis=0) == n).sum())

    for _ in range(60):
        for n, count in enumerate(wanted):
            low, high = -2.0, 2.0
            for _ in range(40):
                bias[n] = (low + high) / 2
                low, high = (bias[n], high) if won(n) < count else (low, bias[n])
        if all(abs(won(n) - count) <= 1 for n, count in enumerate(wanted)):
            break
    winners = np.argmax(fields + bias.reshape(-1, 1, 1, 1), axis=0)
    return [winners == n for n in range(len(masks))]


def groups(rng):
    dims, spacing = (24, 20, 12), (0.8, 0.8, 1.6)
    body = ball(dims, spacing, (9, 8, 9), 6.5) | ball(dims, spacing, (13, 8, 9), 4)
    noise = np.array([ndimage.gaussian_filter(rng.normal(size=dims), (2, 2, 1)) for _ in range(4)])
    owners = np.argmax(noise, axis=0)
    yield "four in a body", spacing, 1.2, [body & (owners == n) for n in range(4)]
    # Touching the volume's edge on both sides.
    halves = np.indices(dims)[0] + (rng.random(dims) < 0.3) * 2 < 12
    yield "two halves", spacing, 1.5, [halves, ~halves]


def main():
    rng = np.random.default_rng(7)
    singles = [case(*args, rng) for args in masks()]
    joint = []
    for name, spacing, sigma, group in groups(rng):
        smoothed = together(group, sigma, spacing)
        joint.append(dict(
            name=name, dims=list(group[0].shape), spacing=list(spacing), sigma_mm=sigma,
            masks=[digits(m) for m in group], smoothed=[digits(m) for m in smoothed]))
    rows = [",\n".join(json.dumps(row) for row in rows) for rows in (singles, joint)]
    sys.stdout.write('{"masks": [\n%s\n], "groups": [\n%s\n]}\n' % tuple(rows))


if __name__ == "__main__":
    main()
