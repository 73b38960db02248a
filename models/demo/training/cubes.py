"""What a step of training sees: cubes with a few target objects each, from pools of volumes (synth.py, maps.py)."""
import glob
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import contrast
from contrast import znorm
from maps import CLEAR
from real import judged
from synth import decode


def mean3(x):
    """mean over 3^3 cells with zeros around, an axis at a time (avg_pool3d takes eight times as long)"""
    for d in (2, 3, 4):
        n, y = x.shape[d], x.clone()
        y.narrow(d, 1, n - 1).add_(x.narrow(d, 0, n - 1))
        y.narrow(d, 0, n - 1).add_(x.narrow(d, 1, n - 1))
        x = y
    return x / 27


def blurred(x):
    """mean over the 3^3 cells that there are"""
    return mean3(x) / mean3(torch.ones_like(x))


class Cubes:
    """Random cubes with a few target objects each, from directories of .npy volumes."""

    def __init__(self, dirs, weights, rng, pet=0.0, recolour=0.35):
        self.dirs, self.rng, self.pet, self.recolour = dirs, rng, pet, recolour
        self.weights = np.array(weights) / np.sum(weights)
        self.files, self.seen = {}, 0
        for d in dirs:
            sources = os.path.join(d, "sources.json")
            if os.path.exists(sources):
                with open(sources) as f:
                    assert not any(map(judged, json.load(f))), f"{d} holds volumes that the model is judged by"

    def pick(self):
        if self.seen % 200 == 0:                       # the pool may still be growing
            self.files = {d: [f for f in glob.glob(os.path.join(d, "*.npy")) if ".tmp" not in f] for d in self.dirs}
        self.seen += 1
        d = self.dirs[self.rng.choice(len(self.dirs), p=self.weights)]
        files = self.files[d] or self.files[self.dirs[0]]
        return np.load(files[self.rng.integers(len(files))], mmap_mode="r")

    def image(self, vol, cut, pet):
        """the scan; or, if there is none and sometimes if there is, one in a random contrast made from its tissues"""
        if len(vol) < 3:
            return decode(torch.from_numpy(np.array(vol[0][cut])))
        scan = bool(np.asarray(vol[0][::16, ::16, ::16]).any())
        if scan and (pet or self.rng.random() >= self.recolour):
            return decode(torch.from_numpy(np.array(vol[0][cut])))
        tissue = np.array(vol[2][cut]).view(np.uint8)
        if pet:
            return torch.from_numpy(((tissue >= 16) & (tissue != contrast.OUT)).astype(np.float32))
        return contrast.paint(tissue, self.rng)

    def first(self, half, n, room, middle):
        """the id of the first target: large ones more often, by far not in proportion; those whose extent no first click
        tells less often; if the cube is to be around it, one that is near the volume's middle"""
        p = np.where(n >= 12, n, 0.0) ** 0.5
        p[CLEAR + 1:] *= 0.35
        if middle:
            c, w = half.shape[0] // 2, room // 4 + 6
            near = np.bincount(half[c - w:c + w, c - w:c + w, c - w:c + w].ravel(), minlength=256) >= 3
            p = p * near if (p * near).any() else p
        return self.rng.choice(256, p=p / p.sum()) if p.any() else 0

    def sample(self, side, targets):
        rng = self.rng
        while True:
            vol = self.pick()
            inst = np.asarray(vol[1]).view(np.uint8)
            half = inst[::2, ::2, ::2]
            n = np.bincount(half.ravel(), minlength=256)
            n[0] = 0
            room = inst.shape[0] - side
            # the program's cube is around the first click: often so here, as far as the volume goes
            middle = rng.random() < 0.65
            first = self.first(half, n, room, middle)
            if not first:
                continue
            at = np.argwhere(half == first)
            if middle:
                far = ((at * 2 - inst.shape[0] // 2) ** 2).sum(1)
                far = np.exp(-far / (2 * (12.0 + room / 4) ** 2)) + 1e-9
                at = at[rng.choice(len(at), p=far / far.sum())] * 2
                lo = np.clip(at - side // 2, 0, room)
            else:
                at = at[rng.integers(len(at))] * 2
                lo = np.clip(at - side // 2 + rng.integers(-side // 3, side // 3 + 1, 3), 0, room)
            cut = tuple(slice(a, a + side) for a in lo)
            lab = inst[cut]
            n = np.bincount(lab[::2, ::2, ::2].ravel(), minlength=256)
            n[0] = 0
            ids = np.nonzero((n >= 12) & (n < 0.7 * (side // 2) ** 3))[0]
            if first not in ids:
                continue
            p = n[ids] ** 0.5 * np.where(ids > CLEAR, 0.35, 1.0)
            others = rng.choice(ids, targets - 1, replace=len(ids) < targets, p=p / p.sum())
            start = (at - lo) // 2
            starts = [start if middle else None] + [None] * (targets - 1)
            pet = rng.random() < self.pet                      # of all of an object: its uptake shows no border inside
            masks, clear = zip(*(self.target(lab, c, at, whole=pet) for c, at in zip([first, *others], starts)))
            masks = torch.stack(masks)
            img = self.image(vol, cut, pet)
            if pet:
                img = self.uptake(img, lab, [first, *others])
            img = self.intensity(img)
            perm = tuple(int(i) for i in rng.permutation(3))
            flips = [a for a in range(3) if rng.random() < 0.5]
            img = img.permute(perm).flip(flips)
            masks = masks.permute(0, *[1 + a for a in perm]).flip([1 + a for a in flips])
            s = side // 2
            start = [s - 1 - start[p] if a in flips else start[p] for a, p in enumerate(perm)]
            start = (start[0] * s + start[1]) * s + start[2] if middle else -1
            # where this cube sits in the 128^3 field, for the position encodings
            origin = np.full(3, (128 - side) // 2) if middle else rng.integers(0, 128 - side + 1, 3)
            start = torch.tensor([start] + [-1] * (targets - 1))
            return (img[None].contiguous(), masks.contiguous(), torch.tensor(origin, dtype=torch.float32), start,
                    torch.tensor(clear, dtype=torch.float32))

    def target(self, lab, chosen, at, whole=False):
        """One object, sometimes (unless `whole`) with what it touches or lies in, sometimes only a part of it (at half
        resolution; the part holds the cell `at`): organs with their lesions, lobes, gyri, levels of a long structure.
        -> mask, and how far a first click tells its extent (the weight of what is learned there)"""
        rng = self.rng
        share_of = lambda v: F.avg_pool3d(torch.from_numpy(lab == v).float()[None, None], 2)[0, 0]
        mask, clear = share_of(chosen), 1.0 if chosen <= CLEAR else 0.25
        if whole:
            return mask, clear
        half = torch.from_numpy(np.ascontiguousarray(lab[::2, ::2, ::2]))
        if rng.random() < 0.08:
            grown = F.max_pool3d(mask[None, None], 3, 1, 1)[0, 0] > 0
            touch = np.bincount(half[grown].numpy(), minlength=256)
            touch[[0, chosen]] = 0
            if touch.any():
                other = rng.choice(256, p=touch / touch.sum())
                both = mask + share_of(other)
                if both.mean() <= 0.7:
                    mask, clear = both, 0.25
        cells = torch.nonzero(mask >= 0.5)
        share = len(cells) / mask.numel()
        if len(cells) > 200 and rng.random() < 0.03 + 0.15 * (share > 0.02):
            keep = mask * self.cell(mask.shape[0], cells, at)
            if int((keep >= 0.5).sum()) >= 30:
                return keep, 0.1
        return mask, clear

    def cell(self, s, cells, at):
        """the cell of a warped Voronoi diagram with seeds in the object that holds `at`"""
        rng = self.rng
        k = int(rng.integers(2, 3 + min(12, len(cells) // 400)))
        seeds = cells[rng.integers(len(cells), size=k)].float()
        at = seeds[0] if at is None else torch.tensor(at, dtype=torch.float32)
        scale = torch.tensor(rng.uniform(0.6, 1.5, 3), dtype=torch.float32)
        warp = torch.from_numpy(rng.normal(0, s / 25, (1, 3, 6, 6, 6)).astype(np.float32))
        g = torch.arange(s, dtype=torch.float32)
        x = F.interpolate(warp, size=(s,) * 3, mode="trilinear", align_corners=True)[0]
        for a in range(3):
            x[a] += g.reshape([-1 if a == b else 1 for b in range(3)])
        x *= scale[:, None, None, None]
        best, arg = None, torch.zeros((s,) * 3, dtype=torch.int64)
        for i, seed in enumerate(seeds):
            d = ((x - (seed * scale)[:, None, None, None]) ** 2).sum(0)
            if best is not None:
                arg.masked_fill_(d < best, i)
            best = d if best is None else torch.minimum(best, d)
        return (arg == arg[tuple(at.long())]).float()

    def uptake(self, x, lab, hot):
        """The same objects as PET shows them: those in `hot` take up much, unevenly, others little; blurred (FWHM 5 to
        8 mm), noisy, normalised."""
        rng, s = self.rng, x.shape[0]
        def field(spread, cells):
            a = torch.from_numpy(rng.normal(0, spread, (1, 1, cells, cells, cells)).astype(np.float32))
            return F.interpolate(a, size=(s,) * 3, mode="trilinear", align_corners=True)[0, 0].exp()
        value = rng.lognormal(math.log(0.7), 0.6, 256).astype(np.float32)
        value[0] = rng.uniform(0.2, 0.6)
        for i in hot:
            value[i] = rng.lognormal(math.log(5.0), 0.6)
        y = torch.from_numpy(value)[torch.from_numpy(lab.astype(np.int64))]
        body = (x > x.min() + 0.1) | torch.from_numpy(lab > 0)
        y = y * field(rng.uniform(0.1, 0.35), 12) * field(0.15, 5) * torch.where(body, 1.0, 0.05)
        y = y[None, None]
        for _ in range(int(rng.integers(3, 9))):         # n boxes of 3: sigma sqrt(2 n / 3) voxels of 1.5 mm
            y = blurred(y)
        y = y[0, 0] * (1 + rng.uniform(0.02, 0.15) * mean3(torch.randn(1, 1, s, s, s))[0, 0] * 3)
        return znorm(y.clamp(min=0))

    def intensity(self, x):
        rng = self.rng
        if rng.random() < 0.5:
            x = x * rng.uniform(0.75, 1.3) + rng.uniform(-0.25, 0.25)
        if rng.random() < 0.25:
            b = rng.uniform(0.8, 2.5)
            x = x + rng.uniform(-0.6, 0.6) / b * torch.sin(b * x + rng.uniform(0, 6.3))
        if rng.random() < 0.1:
            x = -x
        if rng.random() < 0.25:
            x = x + rng.uniform(0, 0.12) * torch.randn_like(x)
        return x

    def batch(self, side, cubes, targets):
        img, tgt, org, start, clear = zip(*(self.sample(side, targets) for _ in range(cubes)))
        return torch.stack(img), torch.cat(tgt)[:, None], torch.stack(org), torch.cat(start), torch.cat(clear)


class Stream(torch.utils.data.IterableDataset):
    """the same cubes from DataLoader workers (GPU runs)"""

    def __init__(self, dirs, weights, side, cubes, targets, seed, pet):
        self.args = (dirs, weights, side, cubes, targets, seed, pet)

    def __iter__(self):
        torch.set_num_threads(1)
        dirs, weights, side, cubes, targets, seed, pet = self.args
        w = torch.utils.data.get_worker_info()
        c = Cubes(dirs, weights, np.random.default_rng([seed, w.id if w else 0, time.time_ns() % 2 ** 32]), pet)
        while True:
            yield c.batch(side, cubes, targets)
