"""Weights whose two widest 3^3 convolutions of the decoder go through fewer channels: the nearest ones (SVD), to be
trained on.

    python slim.py continuation_ema_fp16.pt slim.pt --rank16 24 --rank32 16
"""
import argparse

import torch

from model import Config, DemoSam


def factors(weight, rank):
    """[out, in, 3, 3, 3] -> 1^3 weights [rank, in, 1, 1, 1] and 3^3 ones [out, rank, 3, 3, 3]; their product is the
    nearest to `weight` of that rank (Eckart and Young)"""
    o, i = weight.shape[:2]
    u, s, v = torch.linalg.svd(weight.permute(1, 0, 2, 3, 4).reshape(i, -1), full_matrices=False)
    root = s[:rank].sqrt()
    narrow = (u[:, :rank] * root).T.reshape(rank, i, 1, 1, 1)
    wide = (v[:rank] * root[:, None]).reshape(rank, o, 3, 3, 3).transpose(0, 1)
    return narrow.contiguous(), wide.contiguous()


def slim(checkpoint, rank16, rank32):
    """a checkpoint of EMA weights only"""
    config = {**checkpoint["config"], "rank16": rank16, "rank32": rank32}
    ema = {k: v.float() for k, v in checkpoint["ema"].items()}
    for name, rank in (("decoder.conv16", rank16), ("decoder.conv32a", rank32)):
        if rank and f"{name}.weight" in ema:
            ema[f"{name}.0.weight"], ema[f"{name}.1.weight"] = factors(ema.pop(f"{name}.weight"), rank)
            ema[f"{name}.1.bias"] = ema.pop(f"{name}.bias")
    DemoSam(Config(**config)).load_state_dict(ema)
    return dict(config=config, ema=ema)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("source")
    ap.add_argument("out")
    ap.add_argument("--rank16", type=int, default=24)
    ap.add_argument("--rank32", type=int, default=16)
    a = ap.parse_args()
    torch.save(slim(torch.load(a.source, map_location="cpu", weights_only=True), a.rank16, a.rank32), a.out)
