"""Weights from others, without training: the mean of checkpoints, and their decoder's two widest 3^3 convolutions
through fewer channels (the nearest ones, SVD).

    python slim.py out/demo-training/run/last.pt=0.5 demo_ema_fp16.pt=0.5 --out new.pt

Checkpoints of which one went on from the other may be averaged: the mean keeps what the longer training forgot
(Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022, arXiv:2109.01903).
"""
import argparse

import torch

from model import Config

RANKS = {"decoder.conv16": "rank16", "decoder.conv32a": "rank32"}      # layer: field of Config


def factors(weight, rank):
    """[out, in, 3, 3, 3] -> 1^3 weights [rank, in, 1, 1, 1] and 3^3 ones [out, rank, 3, 3, 3]; their product is the
    nearest to `weight` of that rank (Eckart and Young)"""
    o, i = weight.shape[:2]
    u, s, v = torch.linalg.svd(weight.permute(1, 0, 2, 3, 4).reshape(i, -1), full_matrices=False)
    root = s[:rank].sqrt()
    narrow = (u[:, :rank] * root).T.reshape(rank, i, 1, 1, 1)
    wide = (v[:rank] * root[:, None]).reshape(rank, o, 3, 3, 3).transpose(0, 1)
    return narrow.contiguous(), wide.contiguous()


def full(checkpoint):
    """the EMA weights, what goes through fewer channels multiplied out"""
    ema = {k: v.float() for k, v in checkpoint["ema"].items()}
    for name in RANKS:
        if f"{name}.0.weight" in ema:
            narrow, wide = ema.pop(f"{name}.0.weight"), ema.pop(f"{name}.1.weight")
            ema[f"{name}.weight"] = torch.einsum("or...,ri->oi...", wide, narrow[..., 0, 0, 0])
            ema[f"{name}.bias"] = ema.pop(f"{name}.1.bias")
    return ema


def mean(checkpoints, shares):
    """a checkpoint of their mean, of full rank; the shares are parts of their sum.  They must be of one network, but for
    its ranks."""
    whole = [{**Config(**c["config"]).as_dict(), **dict.fromkeys(RANKS.values(), 0)} for c in checkpoints]
    assert all(w == whole[0] for w in whole), f"different networks: {whole}"
    ema = {}
    for checkpoint, share in zip(checkpoints, shares):
        for name, tensor in full(checkpoint).items():
            ema[name] = ema.get(name, 0) + tensor * (share / sum(shares))
    return dict(config=whole[0], ema=ema)


def slim(checkpoint, rank16, rank32):
    """a checkpoint of EMA weights only; a rank of 0 leaves the convolution whole"""
    config, ema = {**checkpoint["config"], "rank16": rank16, "rank32": rank32}, full(checkpoint)
    for name, key in RANKS.items():
        if config[key]:
            ema[f"{name}.0.weight"], ema[f"{name}.1.weight"] = factors(ema.pop(f"{name}.weight"), config[key])
            ema[f"{name}.1.bias"] = ema.pop(f"{name}.bias")
    return dict(config=config, ema=ema)


def halves(checkpoint):
    """as it is stored in the repository: large tensors in float16"""
    return {**checkpoint, "ema": {k: v.half() if v.numel() >= 1024 else v for k, v in checkpoint["ema"].items()}}


def shared(text):
    """CHECKPOINT[=SHARE] -> path and share"""
    path, _, share = text.partition("=")
    return path, float(share or 1)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("sources", nargs="+", metavar="CHECKPOINT[=SHARE]")
    ap.add_argument("--out", required=True)
    ap.add_argument("--rank16", type=int, default=24)
    ap.add_argument("--rank32", type=int, default=16)
    a = ap.parse_args()
    paths, shares = zip(*map(shared, a.sources))
    mixed = mean([torch.load(p, map_location="cpu", weights_only=True) for p in paths], shares)
    torch.save(halves(slim(mixed, a.rank16, a.rank32)), a.out)
