"""What scikit-image draws for loops, lines and discs in a slice.

    pip install numpy==2.4.6 scikit-image==0.26.0
    python make.py > cases.json

Arrays are indexed [u, v] in the slice; `inside` are the voxels, as [u, v], in order. Loops do not cross themselves (what
that means is for others to say), and no corner or edge of theirs lies on a voxel's centre, where two programs may differ.
"""
import json

import numpy as np
from skimage import draw

SIZE = (23, 17)


def inside(found):
    return sorted([int(u), int(v)] for u, v in zip(*found))


def main():
    rng = np.random.default_rng(20)
    loops, lines, discs = [], [], []
    for corners in [3, 4, 5, 8, 13, 40]:
        # Seen from the middle, corners come in the order of their angles: no edge crosses another.
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = rng.uniform(2, 7.7, corners)
        middle = np.array([11.03, 8.07])
        loop = middle + np.stack([radius * np.cos(angles), radius * np.sin(angles)], 1)
        found = draw.polygon(loop[:, 0], loop[:, 1], SIZE)
        loops.append({"places": loop.tolist(), "inside": inside(found)})
    for _ in range(12):
        a, b = rng.integers(0, SIZE, 2), rng.integers(0, SIZE, 2)
        lines.append({"places": [a.tolist(), b.tolist()], "inside": inside(draw.line(*a, *b))})
    for radius in [0.6, 1.3, 2.1, 4.4]:
        middle = [int(n) for n in rng.integers(5, np.array(SIZE) - 5)]
        discs.append({"places": [middle], "radius": radius, "inside": inside(draw.disk(middle, radius, shape=SIZE))})
    print(json.dumps({"size": SIZE, "loops": loops, "lines": lines, "discs": discs}))


main()
