#!/usr/bin/env python3
"""Writes test/fixtures/checkpoints with the real PyTorch, so that our reader is tested on files that we have not written.

    /usr/bin/python3 scripts/make-checkpoint-fixtures.py           writes the files (Debian: apt-get install python3-torch)
    /usr/bin/python3 scripts/make-checkpoint-fixtures.py --check   loads the files that we have written (written*.pt)

The tests need neither Python nor PyTorch. Written with PyTorch 1.13. All values follow the formula of `fill`, which
src/checkpoints/fixtures.fixture.ts repeats.
"""

import collections
import os
import sys
import zipfile

import torch
from torch.nn.utils import prune

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fixtures", "checkpoints")

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]


def fill(shape, dtype=torch.float32):
    """(7 i mod 23) - 11 for i = 0, 1, ...; an eighth of it for floats, its absolute value for uint8, i mod 3 = 0 for bool."""
    i = torch.arange(int(torch.Size(shape).numel()), dtype=torch.int64)
    if dtype == torch.bool:
        return (i % 3 == 0).reshape(shape)
    value = i * 7 % 23 - 11
    if dtype == torch.uint8:
        value = value.abs()
    if dtype in FLOATS:
        value = value.double() / 8
    return value.to(dtype).reshape(shape)


def network():
    net = torch.nn.Sequential(
        collections.OrderedDict(
            conv=torch.nn.Conv2d(2, 3, 3), bn=torch.nn.BatchNorm2d(3), fc=torch.nn.Linear(3, 4, bias=False)
        )
    )
    for tensor in net.state_dict().values():
        tensor.copy_(fill(tensor.shape, tensor.dtype))
    return net


def dtypes():
    names = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()
    tensors = {name: fill([2, 3], getattr(torch, name)) for name in names}
    return {**tensors, "empty": torch.zeros(0, 3), "scalar": torch.tensor(-2.5)}


def views():
    base = fill([4, 6])
    return {
        "transposed": base.t(),
        "rows": base[1:3],
        "everySecond": base[:, ::2],
        "channelsLast": fill([2, 3, 2, 2]).to(memory_format=torch.channels_last),
        "expanded": fill([3, 1]).expand(3, 4),
        "tied": base,
    }


def checkpoint():
    """What a training script of the field keeps, from a DataParallel model on a GPU."""
    net = torch.nn.DataParallel(network())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [80, 120])
    sum(p.sum() for p in net.parameters()).backward()
    optimizer.step()
    net.load_state_dict({"module." + name: tensor for name, tensor in network().state_dict().items()})
    return {
        "epoch": 3,
        "state_dict": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": schedule.state_dict(),
        "best": 91.25,
        "flags": {"seed": 2**70, "shift": -5, "tags": {"a"}, "raw": b"\x00\xff", "none": None, "list": [1, (2, 3, 4, 5)]},
        "torch": [torch.Size([2, 3]), torch.device("cuda:0"), torch.float16],
    }


def pruned():
    net = network()
    mask = (torch.arange(54) % 2 == 0).reshape(3, 2, 3, 3).float()
    prune.custom_from_mask(net.conv, "weight", mask)
    return net.state_dict()


class Harm:
    """Pickles to a call of os.system, as an attacker would write it."""

    def __reduce__(self):
        return os.system, ("touch /tmp/sweepstake-harmed",)


def save(value, name, **options):
    torch.save(value, os.path.join(FOLDER, name), **options)


def write():
    os.makedirs(FOLDER, exist_ok=True)
    legacy = {"_use_new_zipfile_serialization": False}
    save(network().state_dict(), "state-dict.pt")
    save(network().state_dict(), "state-dict-legacy.pt", **legacy)
    save(network().state_dict(), "protocol4.pt", pickle_protocol=4)
    save(dtypes(), "dtypes.pt")
    save(dtypes(), "dtypes-legacy.pt", **legacy)
    save(views(), "views.pt")
    save(views(), "views-legacy.pt", **legacy)
    location = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:0"
    save(checkpoint(), "checkpoint.pt")
    save(checkpoint(), "checkpoint-legacy.pt", **legacy)
    torch.serialization.location_tag = location
    save({"a": {"w": fill([2, 2])}, "b": {"w": fill([3])}}, "two-networks.pt")
    save({"w": torch.nn.Parameter(fill([2, 3])), "frozen": torch.nn.Parameter(fill([2]), False)}, "parameters.pt")
    save(pruned(), "pruned.pt")
    save(torch.nn.Linear(1, 1), "whole-model.pt")
    save({"w": fill([2]), "harm": Harm()}, "harm.pt")
    save({"w": fill([2]), "harm": Harm()}, "harm-legacy.pt", **legacy)
    source = zipfile.ZipFile(os.path.join(FOLDER, "state-dict.pt"))
    with zipfile.ZipFile(os.path.join(FOLDER, "deflated.pt"), "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry), zipfile.ZIP_DEFLATED)


def check():
    """torch.load must give exactly the values that the files were written from."""
    net, mask = network().state_dict(), pruned()
    expected = {
        "written.pt": net,
        "written-pruned.pt": {name: mask[name] for name in sorted(mask)},
        "written-dtypes.pt": dtypes(),
    }
    for name, state in expected.items():
        for weights_only in [False, True]:
            got = torch.load(os.path.join(FOLDER, name), weights_only=weights_only)
            assert type(got) is collections.OrderedDict, type(got)
            assert sorted(got) == sorted(state), (name, list(got))
            for key, tensor in state.items():
                assert got[key].dtype == tensor.dtype and got[key].shape == tensor.shape, (name, key)
                assert torch.equal(got[key], tensor) and got[key].is_contiguous(), (name, key)
        print(f"{name}: torch {torch.__version__} reads it, with and without weights_only")
    network().load_state_dict(torch.load(os.path.join(FOLDER, "written.pt")))
    again = network()
    prune.identity(again.conv, "weight")
    again.load_state_dict(torch.load(os.path.join(FOLDER, "written-pruned.pt")))
    prune.remove(again.conv, "weight")
    assert torch.equal(again.conv.weight, mask["conv.weight_orig"] * mask["conv.weight_mask"])
    print("load_state_dict takes them, the pruned one with its mask")


if __name__ == "__main__":
    check() if sys.argv[1:] == ["--check"] else write()
