#!/usr/bin/python3
"""Writes test/fixtures/torchscript/: networks saved by torch.jit.save, and what PyTorch computes for two of them.

    apt-get install python3-torch                    # Debian; the tests themselves need neither Python nor PyTorch
    python3 scripts/make-torchscript-fixtures.py

The JSON files are those of make-fixtures.py, and are made by its functions: weights and images come from formulas there.
"""

import importlib.util
import pathlib
import warnings
from typing import List

import torch
import torch.nn.functional as F
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
specification = importlib.util.spec_from_file_location("make_fixtures", HERE / "make-fixtures.py")
reference = importlib.util.module_from_spec(specification)
specification.loader.exec_module(reference)

FOLDER = reference.FOLDER / "torchscript"
Relu, MaxPool = reference.Relu, reference.MaxPool  # they tell the search for seeds how near a kink an input is


def for_script(network):
    """The network with PyTorch's own ReLU and pooling, which TorchScript knows."""
    for name, child in network.named_children():
        if isinstance(child, Relu):
            setattr(network, name, nn.ReLU())
        elif isinstance(child, MaxPool):
            setattr(network, name, nn.MaxPool2d(2))
        else:
            for_script(child)
    return network


class Block(nn.Module):
    def __init__(self, inputs, outputs, groups):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu = Relu()

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)) + x)


class Residual(nn.Module):
    """Scripted: batch-norm that follows the mode, a loop over blocks, groups, a depthwise convolution, a view, a branch."""

    def __init__(self, shape, classes):
        super().__init__()
        self.stem = nn.Conv2d(shape[0], 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.relu = Relu()
        self.pool = MaxPool()
        self.blocks = nn.ModuleList([Block(8, 8, 1), Block(8, 8, 2), Block(8, 8, 8)])
        self.classifier = nn.Linear(8 * (shape[1] // 2) * (shape[2] // 2), classes)

    def forward(self, x):
        x = self.pool(self.relu(self.bn(self.stem(x))))
        for block in self.blocks:
            x = block(x)
        if x.dim() != 4:
            raise ValueError("four dimensions")
        return self.classifier(x.view(x.size(0), -1))


class Plain(nn.Module):
    """Traced: no batch-norm, whose mode tracing would fix."""

    def __init__(self, shape, classes):
        super().__init__()
        self.conv = nn.Conv2d(shape[0], 6, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(2, 6)
        self.relu = Relu()
        self.up = nn.ConvTranspose2d(6, 4, 2, stride=2, groups=2)
        self.hidden = nn.Linear(4 * shape[1] * shape[2], 24)
        self.classifier = nn.Linear(24, classes)

    def forward(self, x):
        x = self.up(self.relu(self.norm(self.conv(x))))
        return self.classifier(torch.tanh(self.hidden(x.flatten(1))))


class LeNet5(nn.Module):
    """The built-in lenet5 of width 0.25."""

    def __init__(self, shape, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(shape[0], 2, 5, padding=2, bias=False)
        self.bn1 = nn.BatchNorm2d(2)
        self.conv2 = nn.Conv2d(2, 4, 5, bias=False)
        self.bn2 = nn.BatchNorm2d(4)
        self.fc1 = nn.Linear(100, 30)
        self.fc2 = nn.Linear(30, 21)
        self.fc3 = nn.Linear(21, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class OwnConvolution(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, padding=1)


class Odd(nn.Module):
    """All that a search for prunable weights by shape or class would get wrong."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(4, 8)
        self.own = OwnConvolution(1, 4, 3)
        self.functional = nn.Parameter(torch.randn(4, 4, 1, 1))
        self.norm = nn.LayerNorm([8, 8])
        self.scale = nn.Parameter(torch.full([4, 1, 1], 0.5, dtype=torch.float64))
        self.offset = nn.Parameter(torch.full([4, 1, 1], 0.25, dtype=torch.float16))
        self.frozen = nn.Linear(8, 8)
        self.frozen.requires_grad_(False)
        self.first = nn.Linear(8, 8)
        self.tied = nn.Linear(8, 8)
        self.tied.weight = self.first.weight
        self.unused = nn.Linear(8, 8)
        self.classifier = nn.Linear(8, 3, bias=False)
        self.register_buffer("calls", torch.tensor(5))
        self.register_buffer("average", torch.full([2], 3.0))
        self.register_buffer("which", torch.tensor([True, False]))

    def forward(self, x):
        self.calls = self.calls + 1
        self.average = 0.5 * self.average + 0.5 * x.mean()
        x = self.norm(F.conv2d(self.own(x), self.functional)) * self.scale.to(x.dtype) + self.offset.to(x.dtype)
        x = x.mean((1, 2)) + self.embedding(torch.zeros([1], dtype=torch.long, device=x.device))
        return self.classifier(self.tied(torch.relu(self.first(self.frozen(x)))))


class Refused(nn.Module):
    """One of everything that cannot be repeated or stored."""

    calls: int

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.dropout = nn.Dropout(0.5)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        x = F.batch_norm(self.dropout(self.conv(x)), None, None, training=True)
        x = x + torch.rand([1], device=torch.device("cuda:0"))
        return x.mean((2, 3))


class Harmless(nn.Module):
    """A dropout that drops nothing; it is double throughout."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.dropout = nn.Dropout2d(0.0)

    def forward(self, x):
        return self.dropout(self.conv(x)).mean((2, 3))


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)

    def forward(self, x):
        x = self.conv(x)
        return x.mean((2, 3)), x


class Stateful(nn.Module):
    """It counts in a list, which no operation of the graph shows."""

    seen: List[int]

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.seen = [0]

    def forward(self, x):
        self.seen.append(1)
        return self.conv(x).mean((2, 3)) + len(self.seen)


class FixedBatch(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)

    def forward(self, x):
        return self.conv(x).reshape(4, 3, -1).mean(2)


# name: network, image shape, images per batch, classes, learning rate
MEASURED = {
    "residual": (Residual, [2, 8, 8], 4, 10, 0.02),
    "traced": (Plain, [2, 8, 8], 4, 10, 0.02),
}


def save(name, module):
    module.save(str(FOLDER / f"{name}.pt"))
    print(f"{name}.pt: {(FOLDER / f'{name}.pt').stat().st_size // 1000} kB")


def measure(name):
    network_class, shape, count, classes, lr = MEASURED[name]
    model = {"name": "torchscript", "torchscript": f"{name}.pt"}
    reference.FOLDER = FOLDER
    reference.FIXTURES[name] = (network_class, {}, model, shape, count, classes, lr, ["step", "training"])
    reference.make(name)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")  # tracing warns of what the tests are about
    for measured in MEASURED:
        measure(measured)
    torch.manual_seed(0)
    save("residual", torch.jit.script(for_script(Residual([2, 8, 8], 10))))
    save("traced", torch.jit.trace(for_script(Plain([2, 8, 8], 10)), torch.zeros(3, 2, 8, 8)))
    save("lenet5", torch.jit.script(LeNet5([1, 28, 28], 10)))
    save("odd", torch.jit.script(Odd()))
    save("refused", torch.jit.script(Refused()))
    save("harmless", torch.jit.script(Harmless().double()))
    save("traced-batch-norm", torch.jit.trace(nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)).eval(), torch.zeros(2, 1, 8, 8)))
    save("frozen", torch.jit.freeze(torch.jit.script(Harmless().eval())))
    save("stateful", torch.jit.script(Stateful()))
    save("two-outputs", torch.jit.script(TwoOutputs()))
    save("fixed-batch", torch.jit.trace(FixedBatch(), torch.zeros(4, 1, 8, 8)))
