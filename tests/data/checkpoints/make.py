"""The checkpoints of this folder, and what PyTorch reads in them. Needs torch and numpy."""
import argparse
import json
import os

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def described(state):
    """Shape, sum in float64 and first values of each tensor."""
    out = {}
    for name, tensor in state.items():
        flat = tensor.detach().to(torch.float64).contiguous().reshape(-1)
        out[name] = dict(shape=list(tensor.shape), dtype=str(tensor.dtype).removeprefix("torch."),
                         sum=float(flat.sum()), absolute=float(flat.abs().sum()), first=flat[:4].tolist())
    return out


def weights(dtype=torch.float32):
    torch.manual_seed(3)
    return {
        "linear.weight": torch.randn(4, 6).to(dtype),
        "linear.bias": torch.randn(4).to(dtype),
        "volume": torch.randn(2, 1, 3, 1, 2).to(dtype),
        "scalar": torch.tensor(-1.5).to(dtype),
    }


def save(name, content, state=None, **how):
    torch.save(content, f"{HERE}/{name}.pth", **how)
    if state is not None:
        json.dump(described(state), open(f"{HERE}/{name}.json", "w"), indent=1)


class Network(torch.nn.Module):
    """Shares a tensor between two names."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(5, 3)
        self.second = torch.nn.Linear(5, 3)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.first(x) + self.second(x)


def training():
    """What training scripts put beside the weights."""
    torch.manual_seed(4)
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    network(torch.randn(2, 5)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3)
    state = network.state_dict()
    extras = dict(
        epoch=np.int64(7), best=np.float64(0.25), losses=[np.float32(x) for x in (3, 2, 1)], dices=[0.5, 0.75],
        args=argparse.Namespace(lr=1e-3, gpu_ids=[0, 1], work_dir="work", rate=None, flag=True, seed=2**70),
        optimizer_state_dict=optimizer.state_dict(), lr_scheduler_state_dict=schedule.state_dict(),
        history=np.arange(6.0).reshape(2, 3), names={"a", "b"}, raw=b"\x00\xff", when=(1, (2, (3,))),
    )
    prefixed = type(state)(("module." + name, tensor) for name, tensor in state.items())
    return {**extras, "model_state_dict": prefixed}, state


if __name__ == "__main__":
    tiny = torch.load(f"{HERE}/../models/tiny_official.pth", weights_only=True)["model_state_dict"]
    json.dump(described(tiny), open(f"{HERE}/tiny_official.json", "w"))
    for name in ["float32", "float16", "bfloat16"]:
        state = weights(getattr(torch, name))
        save(name, state, state)
    for protocol in [3, 4, 5]:
        save(f"protocol_{protocol}", {"state_dict": weights()}, weights(), pickle_protocol=protocol)
    content, state = training()
    save("training", content, state)
    parameters = {name: torch.nn.Parameter(tensor) for name, tensor in weights().items()}
    save("parameters", parameters, parameters)
    base = torch.arange(24.0)
    views = {"middle": base[4:16].view(3, 4), "all": base, "ones": base[8:12].view(1, 4, 1)}
    save("views", views, views)
    odd = {"good": torch.ones(2), "double": torch.ones(2, dtype=torch.float64), "whole": torch.ones(2, dtype=torch.int64),
           "transposed": torch.ones(2, 3).T, "spread": torch.ones(3).expand(2, 3), "eight": torch.ones(2).to(torch.float8_e4m3fn),
           "unsigned": torch.ones(2, dtype=torch.int32).to(torch.uint32)}
    save("odd", odd)
    save("legacy", weights(), _use_new_zipfile_serialization=False)
    save("module", {"epoch": 1, "losses": [1.0]})
