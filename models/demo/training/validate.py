"""The validation split while training runs: Dice of the averaged weights after 1, 3, 5 and 10 clicks of both robots on a few
dozen objects of pools that hold none of what is trained on, nor of what the model is judged by.

    python validate.py --pool WORK/pool_val WORK/pool_val_synth WEIGHTS.pt …
"""
import argparse
import csv
import glob
import json
import os
import zlib

import numpy as np
import torch
import torch.distributed as dist

import pause
from evaluate import CLICKS, run_case
from maps import CLEAR
from model import DemoSam
from slim import halves
from synth import decode

ROBOTS = ("centre", "random")
CLICKS_HERE = [c for c in CLICKS if c <= 10]


class TorchModel:
    def __init__(self, net):
        self.net = net.eval()

    @torch.no_grad()
    def encode(self, x):
        return self.net.decoder.prepare(*self.net.encoder(x[None, None]))

    @torch.no_grad()
    def decode(self, e, pts, lab, prev):
        return self.net.decoder.decode(e, pts, lab, prev)


class Once:
    """the image is encoded once for both robots"""

    def __init__(self, model, x):
        self.made, self.decode = model.encode(x), model.decode

    def encode(self, _):
        return self.made


def cases(pools):
    """(key, path, object): of maps.py's volumes the object in their middle (the first random click is there), of
    others one of a middling size"""
    for d in pools:
        kind = os.path.basename(d.rstrip("/"))
        for path in sorted(f for f in glob.glob(os.path.join(d, "*.npy")) if ".tmp" not in f):
            inst = np.load(path, mmap_mode="r")[1].view(np.uint8)
            v = int(inst[64, 64, 64])
            if os.path.exists(os.path.join(d, "store.json")):
                if not 0 < v <= CLEAR:
                    continue
            else:
                n = np.bincount(np.asarray(inst)[::2, ::2, ::2].ravel(), minlength=256)[:CLEAR + 1]
                ids = np.nonzero((n >= 60) & (n < 80000))[0][1:]
                if not len(ids):
                    continue
                v = int(np.random.default_rng(zlib.crc32(os.path.basename(path).encode())).choice(ids))
            yield f"{kind}/{os.path.basename(path)[:-4]}", path, v


def measure(model, path, v):
    vol = np.load(path)
    x, gt = decode(torch.from_numpy(vol[0])), torch.from_numpy(vol[1].view(np.uint8) == v)
    once, rng = Once(model, x), np.random.default_rng(zlib.crc32(os.path.basename(path).encode()))
    out = []
    for robot in ROBOTS:
        _, d = run_case(once, x, gt, rng, max(CLICKS_HERE), robot)
        out += [d[c] for c in CLICKS_HERE]
    return out


COLUMNS = ["step", "minutes", "group", "n"] + [f"{r}{c}" for r in ROBOTS for c in CLICKS_HERE]


def groups(pools):
    """case -> group: pool, and the kind of subject where names.json of the pool tells it"""
    names = {}
    for d in pools:
        path = os.path.join(d, "names.json")
        if os.path.exists(path):
            with open(path) as f:
                names.update({f"{os.path.basename(d.rstrip('/'))}/{k}": v for k, v in json.load(f).items()})
    kind = lambda name: next((k for k in ("head_synthseg", "ct_head_neck", "ct_", "mr_") if name.startswith(k)), name).rstrip("_")
    return lambda key: kind(names[key]) if key in names else key.split("/")[0]


def summary(rows, group):
    """{group: (n, means)} of {case: Dice…}; "all" is the mean of the groups, as some have more cases than others"""
    out = {}
    for key, r in rows.items():
        out.setdefault(group(key), []).append(r)
    means = {g: (len(r), np.mean(r, 0)) for g, r in out.items()}
    return {"all": (len(rows), np.mean([m for _, m in means.values()], 0)), **means}


class Validation:
    def __init__(self, pools, out, rank=0, procs=1):
        self.cases, self.group = list(cases(pools)), groups(pools)
        self.out, self.rank, self.procs, self.last = out, rank, procs, self.before(out)
        assert self.cases, f"nothing to validate by in {pools}"

    @staticmethod
    def before(out):
        """minutes of the last row that is there"""
        try:
            with open(os.path.join(out, "validation.csv")) as f:
                return float(list(csv.DictReader(f))[-1]["minutes"])
        except (OSError, IndexError):
            return None

    def due(self, spent, every):
        """at the start of the first session and then every so many minutes; all processes know the same clock"""
        if self.last is None or spent - self.last >= every:
            self.last = spent
            return True
        return False

    def run(self, net, cfg, step, spent):
        """judges the weights, and keeps them"""
        model, n = TorchModel(net), len(COLUMNS) - 4
        table = torch.zeros(len(self.cases), n, dtype=torch.float64)
        for i in range(self.rank, len(self.cases), self.procs):
            pause.wait()
            _, path, v = self.cases[i]
            table[i] = torch.tensor(measure(model, path, v))
        net.train()
        if self.procs > 1:
            dist.all_reduce(table)
        if self.rank:
            return
        path = os.path.join(self.out, "validation.csv")
        new = not os.path.exists(path)
        rows = {key: r.numpy() for (key, _, _), r in zip(self.cases, table)}
        with open(path, "a", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            if new:
                w.writerow(COLUMNS)
            for g, (count, means) in summary(rows, self.group).items():
                w.writerow([step, round(spent, 1), g, count, *(f"{m:.4f}" for m in means)])
        torch.save(halves(dict(config=cfg.as_dict(), ema=net.state_dict())), os.path.join(self.out, f"ema-{step:06d}.pt"))


def main(a):
    torch.set_num_threads(a.threads)
    todo, group = list(cases(a.pool)), groups(a.pool)
    for path in a.weights:
        model = TorchModel(DemoSam.of(torch.load(path, map_location="cpu", weights_only=True)))
        rows = {key: measure(model, p, v) for key, p, v in todo}
        for g, (n, means) in summary(rows, group).items():
            print(os.path.basename(path), g, n, *(" / ".join(f"{m:.3f}" for m in part) for part in np.split(means, 2)), sep=" | ")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("weights", nargs="+")
    ap.add_argument("--pool", nargs="+", required=True)
    ap.add_argument("--threads", type=int, default=1)
    main(ap.parse_args())
