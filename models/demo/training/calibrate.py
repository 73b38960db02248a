"""Makes the predicted IoU honest: a scale and a shift of its logit (Platt scaling) by which the mean error on the validation
split is least, written into the last layer, so that nothing changes where the model runs.

    python calibrate.py new.pt --pool WORK/pool_val_synth WORK/pool_val --out calibrated.pt
"""
import argparse

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import minimize

from model import DemoSam
from slim import halves
from validate import TorchModel, cases, measure

LAYER = "decoder.iou.layers.1"


class Recorder(TorchModel):
    """keeps every answer"""

    def __init__(self, net):
        super().__init__(net)
        self.answers = []

    def decode(self, e, pts, lab, prev):
        logits, iou = super().decode(e, pts, lab, prev)
        self.answers.append((float(iou), logits))
        return logits, iou


def true_iou(logits, gt):
    m = F.interpolate(logits, size=gt.shape, mode="trilinear", align_corners=False)[0, 0] > 0
    return float((m & gt).sum()) / max(1.0, float((m | gt).sum()))


def told_and_true(net, pools):
    """-> [cases][answers] of (told, true)"""
    out = []
    for _, path, v in cases(pools):
        model = Recorder(net)
        measure(model, path, v)
        gt = torch.from_numpy(np.load(path, mmap_mode="r")[1].view(np.uint8) == v)
        out.append([(told, true_iou(logits, gt)) for told, logits in model.answers])
    return out


def logit(p):
    p = np.clip(p, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


def error(scale_shift, told, true):
    z = scale_shift[0] * logit(told) + scale_shift[1]
    return float(np.abs(1 / (1 + np.exp(-z)) - true).mean())


def fitted(told, true):
    return minimize(error, (1.0, 0.0), (told, true), method="Nelder-Mead").x


def apply(weights, scale, shift):
    out = dict(weights)
    out[f"{LAYER}.weight"] = weights[f"{LAYER}.weight"].float() * scale
    out[f"{LAYER}.bias"] = weights[f"{LAYER}.bias"].float() * scale + shift
    return out


def main(a):
    torch.set_num_threads(a.threads)
    checkpoint = torch.load(a.weights, map_location="cpu", weights_only=True)
    rows = told_and_true(DemoSam.of(checkpoint), a.pool)
    both = lambda some: np.array([pair for r in some for pair in r]).T
    odd, even = both(rows[1::2]), both(rows[::2])
    print(f"mean error of odd cases: {error((1, 0), *odd):.3f}, fitted on even ones: {error(fitted(*even), *odd):.3f}")
    scale, shift = fitted(*both(rows))
    print(f"all: {error((1, 0), *both(rows)):.3f} -> {error((scale, shift), *both(rows)):.3f}; logit * {scale:.3f} + {shift:.3f}")
    torch.save(halves(dict(checkpoint, ema=apply(checkpoint["ema"], scale, shift))), a.out)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("weights")
    ap.add_argument("--pool", nargs="+", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--threads", type=int, default=1)
    main(ap.parse_args())
