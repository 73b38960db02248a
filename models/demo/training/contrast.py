"""Images from label maps: random contrasts (domain randomisation as in SynthSeg, Billot et al., Medical Image Analysis
2023), for the scenes of synth.py when they are made and for the label maps of maps.py whenever a cube is taken.

Every voxel has a *tissue*; a mean and a spread are drawn per tissue in one of three modes: CT-like (HU, negative air),
MR-like (zero background) or fully random.  Then partial volume, texture, bias field, noise, gamma, thick slices.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

KINDS = ("air", "lung", "fat", "muscle", "organ", "fluid", "vessel", "cortex", "marrow", "gas", "csf", "gm", "wm", "free")
# a tissue of a label map is one byte: kind * 16 + variant; all from FREE on are of kind "free"
FREE = 16 * KINDS.index("free")
OUT = 255                # outside of the scan: 0 before the normalisation

HU = dict(air=(-1000, -990), lung=(-900, -650), fat=(-125, -65), muscle=(30, 75), organ=(20, 140), fluid=(-5, 35),
          vessel=(35, 300), cortex=(350, 1400), marrow=(80, 450), gas=(-980, -700), csf=(0, 20), gm=(32, 42), wm=(22, 32),
          free=(-120, 160))
T1 = dict(air=(0, .02), lung=(.02, .12), fat=(.7, 1), muscle=(.25, .45), organ=(.25, .7), fluid=(.05, .3), vessel=(.1, .9),
          cortex=(0, .15), marrow=(.4, .9), gas=(0, .05), csf=(.05, .25), gm=(.35, .6), wm=(.55, .85), free=(.05, 1))
T2 = dict(air=(0, .02), lung=(.02, .12), fat=(.4, .9), muscle=(.1, .3), organ=(.15, .6), fluid=(.7, 1), vessel=(.02, .5),
          cortex=(0, .15), marrow=(.3, .7), gas=(0, .05), csf=(.8, 1), gm=(.45, .65), wm=(.25, .45), free=(.05, 1))
FLAIR = {**T2, "csf": (.03, .15), "fluid": (.05, .95), "gm": (.5, .7), "wm": (.35, .55)}


def smooth(rng, cells, n=128):
    """white noise on a coarse grid, upsampled to n^3 (unit-ish variance)"""
    t = torch.from_numpy(rng.standard_normal((1, 1) + tuple(np.broadcast_to(cells, 3)), dtype=np.float32))
    return F.interpolate(t, size=(n, n, n), mode="trilinear", align_corners=True)[0, 0]


def blur3(x, a):
    """[a, 1-2a, a] along each axis"""
    for ax in range(3):
        y = (1 - 2 * a) * x
        n = x.shape[ax]
        y.narrow(ax, 1, n - 1).add_(x.narrow(ax, 0, n - 1), alpha=a)
        y.narrow(ax, 0, n - 1).add_(x.narrow(ax, 1, n - 1), alpha=a)
        y.select(ax, 0).add_(x.select(ax, 0), alpha=a)
        y.select(ax, n - 1).add_(x.select(ax, n - 1), alpha=a)
        x = y
    return x


def znorm(x):
    """torchio.ZNormalization(masking_method=lambda x: x > 0)"""
    v = x[x > 0]
    if v.numel() < 100:
        v = x.flatten()
    return (x - v.mean()) / v.std().clamp(min=1e-6)


# ------------------------------------------------------------------ tables of intensities
def scene_tables(kinds, near, rng):
    """For a scene whose tissue i is of kind `kinds[i]`; `near`: tissue -> (tissue that it looks nearly like, contrast).
    -> mode, mean and spread per tissue"""
    k = len(kinds)
    mode = rng.choice(["ct", "mr", "any"], p=[.42, .38, .2])
    if mode == "ct":
        tab = HU
        squeeze = rng.uniform(.6, 1.2)
    else:
        tab = (T1, T2)[int(rng.random() < .5)]
    mean = np.array([rng.uniform(*tab[q]) for q in kinds], np.float32)

    def alike(scale):
        for t, (other, contrast) in near.items():
            mean[t] = mean[other] + contrast * scale
    if mode == "ct":
        soft = np.array([q in ("organ", "muscle", "fluid", "vessel") for q in kinds])
        mean[soft] *= squeeze
        if rng.random() < .5:                                                # unenhanced
            ves = np.array([q in ("vessel", "organ") for q in kinds])
            mean[ves] = rng.uniform(25, 75, ves.sum())
        alike(rng.uniform(3, 20))
        sd = np.abs(rng.normal(0, 5, k)).astype(np.float32)
        sd[[q in ("cortex", "marrow", "lung") for q in kinds]] *= rng.uniform(2, 12)
    elif mode == "mr":
        if rng.random() < .4:
            fg = np.arange(k) > 0
            mean[fg] = np.clip(mean[fg] + rng.normal(0, .15, fg.sum()), .02, None)
        alike(rng.uniform(.015, .1))
        mean = np.clip(mean, 0, None)
        sd = np.abs(rng.normal(0, .035, k)).astype(np.float32)
    else:
        mean = rng.uniform(0, 1, k).astype(np.float32)
        if rng.random() < .5:
            mean[0] = 0
        alike(rng.uniform(.02, .12))
        sd = np.abs(rng.normal(0, .06, k)).astype(np.float32)
    return mode, mean, sd


def byte_tables(present, rng):
    """For a label map's tissue bytes: mode, mean and spread per byte, 256 of each.  Variants of a kind mostly lie near
    each other, as nuclei of the brain or organs in one phase do; free ones keep their order (that of the scan they were
    found in by intensity) as often as not."""
    free = present >= FREE
    mode = rng.choice(["ct", "mr", "any"], p=[.35, .42, .23] if free.mean() < .5 else [0, .35, .65])
    mean, sd = np.zeros(256, np.float32), np.zeros(256, np.float32)
    if mode == "any":
        mean[:FREE + 32] = rng.uniform(0, 1, FREE + 32)
        if rng.random() < .5:
            mean[:16] = 0
        spread, scale = .06, 1.0
    else:
        tab = HU if mode == "ct" else (T1, T1, T2, FLAIR)[rng.integers(4)]
        for i, kind in enumerate(KINDS):
            lo, hi = tab[kind]
            base, apart = rng.uniform(lo, hi), rng.random() < .3
            v = rng.uniform(lo, hi, 16) if apart else base + rng.normal(0, rng.uniform(.05, .3) * (hi - lo), 16)
            mean[16 * i:16 * i + 16] = np.clip(v, lo - .2 * (hi - lo), hi + .2 * (hi - lo))
        spread, scale = (5, 150.0) if mode == "ct" else (.035, 1.0)
        if mode == "ct" and rng.random() < .45:                              # unenhanced
            for kind in ("vessel", "organ"):
                i = 16 * KINDS.index(kind)
                mean[i:i + 16] = rng.normal(rng.uniform(35, 60), rng.uniform(2, 10), 16)
    if mode != "ct" or free.any():
        lo, hi = (-120, 160) if mode == "ct" else (0, 1)
        v = rng.uniform(lo, hi, 32)
        mean[FREE:FREE + 32] = np.sort(v) if rng.random() < .5 else v
    if mode != "ct" and rng.random() < .3:                                   # some differ by little from another
        for t in rng.choice(present, min(3, len(present)), replace=False):
            mean[t] = mean[rng.choice(present)] + rng.normal(0, .04) * scale
    sd[:] = np.abs(rng.normal(0, spread, 256))
    if mode == "ct":
        for kind in ("cortex", "marrow", "lung"):
            i = 16 * KINDS.index(kind)
            sd[i:i + 16] *= rng.uniform(2, 12)
    else:
        mean = np.clip(mean, 0, None)
    return mode, mean, sd


# ------------------------------------------------------------------ the image
def image(tissue, mode, mean, sd, rng):
    """tissue [n]^3 bytes, mean and spread per tissue -> image, not yet normalised"""
    n = tissue.shape[0]
    idx = tissue.long()
    img = torch.from_numpy(mean)[idx]
    img = blur3(img, rng.uniform(0.02, .25))                                 # partial volume
    tex = torch.from_numpy(rng.standard_normal((n, n, n), dtype=np.float32))
    pick = rng.random()
    if pick < .35:
        tex = .5 * tex + smooth(rng, 3 * n // 8, n)
    elif pick < .7:
        tex = smooth(rng, int(rng.integers(5 * n // 32, n // 2)), n)
    img += tex * torch.from_numpy(sd)[idx]
    if mode == "ct":
        if rng.random() < .5:
            img += rng.uniform(0, 12) * smooth(rng, 5, n)
        noise = math.exp(rng.uniform(math.log(2), math.log(28)))
    else:
        img *= torch.exp(rng.uniform(0, .35) * smooth(rng, int(rng.integers(2, 5)), n))     # bias field
        noise = math.exp(rng.uniform(math.log(.004), math.log(.06)))
    g = torch.from_numpy(rng.standard_normal((n, n, n), dtype=np.float32))
    if rng.random() < .6:
        a = rng.uniform(.05, .25)
        g = blur3(g, a)                                                      # correlated noise
        g /= g.std()
    img += noise * g
    if rng.random() < .35:                                                   # thick slices
        ax, f = int(rng.integers(3)), rng.uniform(1.5, 4.5)
        size = [n, n, n]
        size[ax] = max(8, int(n / f))
        v = F.adaptive_avg_pool3d(img[None, None], size)
        img = F.interpolate(v, size=(n, n, n), mode="trilinear", align_corners=False)[0, 0]
    elif rng.random() < .3:
        img = blur3(img, rng.uniform(.1, .3))
    if mode == "ct":
        img.clamp_(-1024, 3071)
        if rng.random() < .15:
            img = (img - rng.choice([-1024, -200])).clamp_(min=0)            # shifted or windowed storage
        elif rng.random() < .1:
            img.clamp_(-200, 300)
    else:
        img = img.abs() if rng.random() < .7 else img.clamp(min=0)
        if mode == "any" or rng.random() < .3:
            m = float(img.max()) + 1e-6
            img = (img / m) ** math.exp(rng.normal(0, .3)) * m
        if rng.random() < .3:                                                # masked background
            img = img * ((idx >= 16) if len(mean) == 256 else (idx > 0))
        img *= rng.choice([1.0, 100, 1000])
    return img


def paint(tissue, rng):
    """an image, normalised, for tissue bytes of a label map [n]^3 (uint8 array)"""
    present = np.unique(tissue[::4, ::4, ::4])
    present = present[present < OUT]
    if not len(present):
        return torch.zeros(tissue.shape)
    t = torch.from_numpy(np.ascontiguousarray(tissue))
    img = image(t, *byte_tables(present, rng), rng)
    return znorm(img.masked_fill_(t == OUT, 0.0))
