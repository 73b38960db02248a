"""Label maps, with or without a scan, as a *store*, and training volumes from it.

    python maps.py store --data DATA [DATA …] [--heads DATA/train/label_maps] --out store
    python maps.py pool --store store --out pool_maps --count 800 --workers 2
    python maps.py pool --store store --out pool_val --count 40 --validation     # the split by which weights are chosen

A store has a folder per subject: image.npy (if there is a scan), tissue.npy (a byte per voxel, contrast.py; of a scan by
clusters of its intensity), sets.npy (one or more sets of targets, a byte per voxel each), spots.npz (voxels of every
target) and meta.json.  All on the subject's own grid, RAS.

A volume of a pool is [image, objects, tissue] of 128^3 at 1.5 mm: turned, zoomed, bent, sometimes with lesions grown
into it, sometimes only a part of what was scanned.  An image of zeros throughout: there is none, and train.py makes
one from the tissue each time.  Objects above CLEAR are those whose extent no first click tells: supervoxels, unions of
organs, the cortex of a whole hemisphere.
"""
import argparse
import json
import multiprocessing
import os
import shutil

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

import pause
from contrast import FREE, KINDS, OUT, paint, smooth, znorm
from real import judged, pseudo_objects
from synth import N, encode, outside

CLEAR = 210
COMPONENTS = 170         # objects from here to CLEAR: connected components of an intensity class
# What is kept out of training to choose by: parts of file names.  Not what the model is judged by (real.py).
VALIDATION = ("head_synthseg_19", "head_synthseg_20", "ct_head_neck_pt_286", "ct_head_neck_pt_294", "ct_head_neck_pt_319",
              "ct_head_neck_pt_332", "ct_chest_cip64", "mr_cord_t2_thoracic")
# How often each is taken; other subjects: 1.
WEIGHTS = {"ct_abdomen_slab": 10, "mr_atlas": 6, "ct_lung_right_crop": 3, "mr_brain_ms": 2.5, "ct_head_neck": .4}
HU_CUTS = (-950, -500, -150, -25, 25, 85, 200, 450)
HU_KINDS = ("air", "lung", "fat", "fat", "fluid", "muscle", "organ", "marrow", "cortex")
NAMED = {"vertebra": "marrow", "rib": "marrow", "mandible": "cortex", "humerus": "marrow", "scapula": "marrow", "clavicula": "marrow",
         "sternum": "marrow", "aorta": "vessel", "vena_cava": "vessel", "vein": "vessel", "arter": "vessel", "atri": "vessel",
         "ventricle_": "vessel", "lung": "lung", "muscle": "muscle", "autochthon": "muscle", "iliopsoas": "muscle",
         "cord": "csf", "stomach": "organ", "oesophagus": "muscle", "esophagus": "muscle"}


def held(name):
    return any(v in name for v in VALIDATION)


def byte(kind, variant=0):
    return 16 * KINDS.index(kind) + variant % 16


# ------------------------------------------------------------------ a store
def write_subject(out, name, spacing, tissue, sets, image=None, weight=None):
    """`sets`: target maps (bytes)"""
    sets = np.stack(sets)
    d = os.path.join(out, name)
    shutil.rmtree(d, ignore_errors=True)               # of one that was cut short
    os.makedirs(d)
    spots, rng = {}, np.random.default_rng(3)
    for k, m in enumerate(sets):
        at = np.argwhere(m)
        at = at[rng.permutation(len(at))]
        ids = m[tuple(at.T)]
        for v in np.unique(ids):
            spots[f"{k}_{v}"] = at[ids == v][:400].astype(np.int16)
    np.savez_compressed(os.path.join(d, "spots.npz"), **spots)
    np.save(os.path.join(d, "tissue.npy"), tissue.astype(np.uint8))
    np.save(os.path.join(d, "sets.npy"), sets.astype(np.uint8))
    if image is not None:
        np.save(os.path.join(d, "image.npy"), image.astype(np.float32))
    weight = weight or next((w for k, w in WEIGHTS.items() if k in name), 1.0)
    with open(os.path.join(d, "meta.json"), "w") as f:
        json.dump(dict(name=name, spacing=[float(s) for s in spacing], weight=weight, ct=name.startswith("ct_"), sets=len(sets)), f)
    print(name, tissue.shape, len(spots), flush=True)


def clusters(image, ct, k=9):
    """tissue of a scan by its intensity: kinds by HU of a CT, else free ones in order"""
    x = ndimage.gaussian_filter(image, .6)
    if ct:
        return np.array([byte(kind, 4 * (i % 4)) for i, kind in enumerate(HU_KINDS)], np.uint8)[np.digitize(x, HU_CUTS)]
    rng = np.random.default_rng(5)
    low = float(np.quantile(x, .02)) + .02 * float(np.quantile(x, .99) - np.quantile(x, .02))
    v = rng.choice(x[x > low], 20000)
    c = np.quantile(v, (np.arange(k) + .5) / k)
    for _ in range(30):
        part = np.abs(v[:, None] - c).argmin(1)
        c = np.sort([v[part == i].mean() if (part == i).any() else c[i] for i in range(k)])
    t = FREE + np.digitize(x, (c[1:] + c[:-1]) / 2)
    return np.where(x > low, t, 0).astype(np.uint8)


def own_tissue(tissue, labels, names, ct):
    """labelled organs of a CT whose kind the name tells get a tissue of their own variant; where the scan shows bone or
    gas inside them it stays"""
    if not ct:
        return tissue
    out = tissue.copy()
    stays = np.isin(tissue, [byte("air"), byte("air", 8), byte("gas"), byte("cortex")])
    for i, (v, name) in enumerate(sorted(names.items())):
        kind = next((k for part, k in NAMED.items() if part in name), "organ")
        out[(labels == v) & ~stays] = byte(kind, i * 5 + 1)
    return out


def scans(root, there=()):
    """but those that are `there` ->  name, image f32, spacing, [(label map, {value: name})], on the image's own grid in RAS"""
    import torchio as tio
    with open(os.path.join(root, "volumes", "labels.json")) as f:
        index = json.load(f)
    by_image = {}
    for lab, e in index.items():
        by_image.setdefault(e["image"], []).append((lab, {int(k): v["name"] for k, v in e["labels"].items()}))
    for image, labels in by_image.items():
        name = os.path.basename(image).split(".")[0]
        if judged(image) or any(judged(lab) for lab, _ in labels) or name in there:
            continue
        im = tio.ToCanonical()(tio.ScalarImage(os.path.join(root, image)))
        maps = []
        for lab, names in labels:
            m = tio.ToCanonical()(tio.LabelMap(os.path.join(root, lab)))
            maps.append((m.data[0].numpy().astype(np.int32), names))
        yield name, im.data[0].float().numpy(), im.spacing, maps


def store_scan(out, name, image, spacing, maps):
    ct = name.startswith("ct_")
    tissue, sets = clusters(image, ct), []
    for m, names in maps:
        ids = np.zeros(max(int(m.max()), 0) + 1, np.uint8)
        clear = sorted(v for v in names if v < len(ids))
        for i, v in enumerate(clear):
            unclear = names[v] in ("grey matter", "white matter") or "White" in names[v] or "third" in names[v]
            ids[v] = CLEAR + 1 + i % 40 if unclear else i + 1
        sets.append(ids[m])
        tissue = own_tissue(tissue, m, names, ct)
    write_subject(out, name, spacing, tissue, sets, image)


def store(a):
    os.makedirs(a.out, exist_ok=True)
    for root in a.data:
        there = [d for d in os.listdir(a.out) if os.path.exists(os.path.join(a.out, d, "meta.json"))]
        for name, image, spacing, maps in scans(root, there):
            store_scan(a.out, name, image, spacing, maps)
    if a.heads:
        import heads
        heads.store(a.heads, a.gyri, a.out)


# ------------------------------------------------------------------ a volume
class Store:
    def __init__(self, root, validation=False):
        self.subjects = []
        for d in sorted(os.listdir(root)):
            meta = os.path.join(root, d, "meta.json")
            if os.path.exists(meta) and held(d) == validation:
                assert not judged(d), d
                with open(meta) as f:
                    self.subjects.append((os.path.join(root, d), json.load(f)))
        w = np.array([m["weight"] for _, m in self.subjects])
        self.p = w / w.sum()

    def names(self):
        return [m["name"] for _, m in self.subjects]


def field(rng, at, spacing, calm):
    """positions of the cube's voxels in the subject's own voxels [N, N, N, 3]: turned, zoomed, bent"""
    ang = rng.normal(0, .1 if calm else .22, 3)
    m = np.eye(3)
    for i, t in enumerate(ang):
        r = np.eye(3)
        a, b = [(0, 1), (0, 2), (1, 2)][i]
        r[a, a] = r[b, b] = np.cos(t)
        r[a, b], r[b, a] = -np.sin(t), np.sin(t)
        m = m @ r
    if not calm:
        m = m * rng.uniform(.7, 1.35) * np.clip(rng.normal(1, .07, 3), .8, 1.25)
    m = torch.tensor(m * 1.5, dtype=torch.float32)
    g = torch.arange(N, dtype=torch.float32) - N // 2
    p = torch.stack(torch.meshgrid(g, g, g, indexing="ij"), -1) @ m.T
    if not calm and rng.random() < .75:
        bend = torch.from_numpy(rng.normal(0, rng.uniform(.8, 6), (1, 3, 7, 7, 7)).astype(np.float32))
        p += F.interpolate(bend, size=(N,) * 3, mode="trilinear", align_corners=True)[0].permute(1, 2, 3, 0)
    return (p / torch.tensor(spacing, dtype=torch.float32)) + torch.tensor(at, dtype=torch.float32)


def mirrored(p, shape, spacing):
    """A slab of a body, continued by its mirror images: p where its voxels are then.  Without that large organs would
    only ever be seen cut off."""
    extent = np.array(shape) * spacing
    for ax in range(3):
        if extent[ax] < 90 and extent.max() > 150:
            n = shape[ax]
            y = (p[..., ax] + .5) % (2 * n)
            p[..., ax] = torch.minimum(y, 2 * n - y) - .5
    return p


def taken(volume, p, mode="nearest"):
    """the volume at the positions p, and where they lie outside of it"""
    size = torch.tensor(volume.shape, dtype=torch.float32)
    if mode == "nearest":
        i = p.round().long()
        flat = 0
        for ax in range(3):
            flat = flat * volume.shape[ax] + i[..., ax].clamp(0, volume.shape[ax] - 1)
        return torch.from_numpy(np.array(volume)).flatten()[flat]
    grid = ((2 * p + 1) / size - 1).flip(-1)[None]
    v = torch.from_numpy(np.array(volume))[None, None]
    return F.grid_sample(v, grid, padding_mode="border", align_corners=False)[0, 0]


def supervoxels(x, free, rng, first, last):
    """cells of a watershed of the gradient from random seeds, at half resolution, on several scales"""
    half = ndimage.gaussian_filter(x[::2, ::2, ::2], rng.uniform(.4, 1.2))
    g = ndimage.gaussian_gradient_magnitude(half, .8)
    g = np.clip(g / (np.quantile(g, .98) + 1e-6) * 60000, 0, 65535).astype(np.uint16)
    n = int(np.exp(rng.uniform(np.log(25), np.log(400))))
    seeds = np.zeros(half.shape, np.int16)
    for i, s in enumerate(rng.integers(0, half.shape[0], (n, 3))):
        seeds[tuple(s)] = i + 1
    cells = ndimage.watershed_ift(g, seeds)
    size = np.bincount(cells.ravel(), minlength=n + 1)
    some = [i for i in rng.permutation(np.arange(1, n + 1)) if 40 < size[i] < .25 * half.size][:last - first + 1]
    ids = np.zeros(n + 1, np.uint8)
    ids[some] = first + np.arange(len(some))
    cells = ids[cells].repeat(2, 0).repeat(2, 1).repeat(2, 2)
    return np.where(free, cells, 0)


def grow_lesions(inst, tissue, img, rng):
    """lesions in what is labelled: new objects, of another tissue; on a scan brighter or darker, with a soft border"""
    ids = [int(v) for v in np.unique(inst[::4, ::4, ::4]) if v]
    used = int(inst[inst < COMPONENTS].max()) if (inst < COMPONENTS).any() else 0
    for _ in range(int(rng.integers(1, 4))):
        if not ids or used + 1 >= COMPONENTS:
            return
        host = inst == rng.choice(ids)
        at = np.argwhere(host[::2, ::2, ::2])
        if len(at) < 30:
            continue
        c, r = at[rng.integers(len(at))] * 2, np.exp(rng.uniform(np.log(2.5), np.log(15))) * rng.uniform(.7, 1.4, 3)
        g = [(np.arange(N) - c[a]) / r[a] for a in range(3)]
        level = torch.from_numpy((g[0][:, None, None] ** 2 + g[1][None, :, None] ** 2 + g[2] ** 2).astype(np.float32)).sqrt()
        level += rng.uniform(0, .25) * smooth(rng, int(rng.integers(8, 24)))
        within = host if rng.random() < .7 else tissue >= 16
        blob = (level.numpy() < 1) & within
        if blob.sum() < 60:
            continue
        used += 1
        inst[blob] = used
        kind = rng.choice(["organ", "fluid", "vessel", "muscle", "cortex"], p=[.35, .3, .2, .1, .05])
        tissue[blob] = byte(str(kind), int(rng.integers(16))) if tissue[blob].max() < FREE else FREE + int(rng.integers(32))
        if img is not None:
            near = img[blob]
            amount = rng.choice([-1, 1]) * rng.uniform(.6, 2.5) * max(float(near.std()), .12 * float(img[tissue >= 16].std()))
            soft = ndimage.gaussian_filter(blob.astype(np.float32), rng.uniform(.4, 1.2))
            img += amount * soft
            if rng.random() < .3:
                img += soft * rng.uniform(.3, 1) * amount * smooth(rng, 24).numpy()


def volume(store, i, validation=False):
    """-> image f32 (None: none), objects and tissue, bytes [N]^3, of number i; and the subject's name"""
    rng = np.random.default_rng([i, 71, int(validation)])
    d, meta = store.subjects[rng.choice(len(store.subjects), p=store.p)]
    load = lambda name: np.load(os.path.join(d, name), mmap_mode="r")
    k = int(rng.integers(meta["sets"]))
    with np.load(os.path.join(d, "spots.npz")) as spots:
        names = [n for n in spots.files if n.startswith(f"{k}_")]
        clear = [n for n in names if int(n.split("_")[1]) <= CLEAR]
        at = spots[rng.choice(clear or names)]
    at = at[rng.integers(len(at))] + (0 if validation else rng.normal(0, 9, 3) / meta["spacing"])
    p = field(rng, at, meta["spacing"], validation)
    if not validation and rng.random() < .5:
        p = mirrored(p, tissue_shape(d), meta["spacing"])
    inst, tissue = taken(load("sets.npy")[k], p).numpy(), taken(load("tissue.npy"), p).numpy()
    off = np.zeros((N,) * 3, bool)
    for ax, n in enumerate(tissue_shape(d)):
        off |= ((p[..., ax] < -.5) | (p[..., ax] > n - .5)).numpy()
    inst[off], tissue[off] = 0, 0
    scan = os.path.exists(os.path.join(d, "image.npy"))
    img = taken(load("image.npy"), p, "linear").numpy() if scan else None
    if not validation and rng.random() < .35:
        grow_lesions(inst, tissue, img, rng)
    if img is not None:
        if rng.random() < (0 if validation else .5):
            x = (img - img.mean()) / (img.std() + 1e-6)
            fill = inst == 0
            if rng.random() < .5:
                more = pseudo_objects(torch.from_numpy(x), ~fill | off, rng, COMPONENTS, 30)
            else:
                more = supervoxels(x, fill & ~off, rng, CLEAR + 1, 255)
            inst = np.where(fill, more, inst).astype(np.uint8)
        img[off], tissue[off] = 0, OUT
    if not validation and rng.random() < .4:                     # as if only a part had been scanned
        there = torch.ones((N,) * 3, dtype=torch.uint8)
        outside(rng, there)
        gone = there.numpy() == 0
        inst[gone], tissue[gone] = 0, OUT
        if img is not None:
            img[gone] = 0
    return img, inst, tissue, meta["name"]


def tissue_shape(d):
    return np.load(os.path.join(d, "tissue.npy"), mmap_mode="r").shape


def write(store, out, i, validation=False, slot=None):
    """volume number i into a pool, in one move; as number `slot` of its files if given"""
    img, inst, tissue, name = volume(store, i, validation)
    if img is None and validation:
        x = encode(paint(tissue, np.random.default_rng(i)).numpy())
    else:
        x = np.zeros(inst.shape, np.int8) if img is None else encode(znorm(torch.from_numpy(img)).numpy())
    path = os.path.join(out, f"{i if slot is None else slot:06d}")
    np.save(path + ".tmp.npy", np.stack([x, inst.view(np.int8), tissue.view(np.int8)]))
    os.replace(path + ".tmp.npy", path + ".npy")
    return name


def fill(a, rank):
    torch.set_num_threads(1)
    s, names = Store(a.store, a.validation), {}
    for i in range(rank, a.count, a.workers):
        pause.wait()
        if a.validation or not os.path.exists(os.path.join(a.out, f"{i:06d}.npy")):
            names[f"{i:06d}"] = write(s, a.out, i, a.validation)
    if a.validation:
        with open(os.path.join(a.out, "names.json"), "w") as f:
            json.dump(names, f, indent=1)


def pool(a):
    os.makedirs(a.out, exist_ok=True)
    a.workers = 1 if a.validation else a.workers
    names = Store(a.store, a.validation).names()
    if not names or a.validation and os.path.exists(os.path.join(a.out, "names.json")):
        raise SystemExit(0 if names else "the store has no such subjects")
    for what, data in (("sources.json", dict.fromkeys(names, 1)), ("store.json", dict(store=os.path.realpath(a.store)))):
        with open(os.path.join(a.out, what), "w") as f:
            json.dump(data, f, indent=1)
    ps = [multiprocessing.Process(target=fill, args=(a, w)) for w in range(a.workers)]
    [p.start() for p in ps]
    [p.join() for p in ps]
    if any(p.exitcode for p in ps):
        raise SystemExit("no pool was made")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    sub = ap.add_subparsers(dest="what", required=True)
    p = sub.add_parser("store")
    p.add_argument("--data", nargs="*", default=[])
    p.add_argument("--heads", help="folder with label maps of whole heads (SynthSeg's)")
    p.add_argument("--gyri", action="store_true", help="give the heads gyri, those of the average brain of atlas.py")
    p.add_argument("--out", required=True)
    p = sub.add_parser("pool")
    p.add_argument("--store", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--count", type=int, default=800)
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--validation", action="store_true", help="of the subjects that are kept out of training")
    args = ap.parse_args()
    (store if args.what == "store" else pool)(args)
