#!/usr/bin/python3
"""Writes test/fixtures/torchscript/: networks saved by torch.jit.save, and what PyTorch computes for some of them.

    apt-get install python3-torch                    # Debian; the tests themselves need neither Python nor PyTorch
    python3 scripts/make-torchscript-fixtures.py

The JSON files are those of make-fixtures.py, and are made by its functions: weights and images come from formulas there.
"""

import importlib.util
import pathlib
import warnings
import zipfile
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


class Attention(nn.Module):
    """Scripted: dropouts that drop nothing, which no constant of the graph says, and a branch that no run takes."""

    def __init__(self, shape, classes):
        super().__init__()
        self.stem = nn.Conv2d(shape[0], 8, 2, stride=2)
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.0, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.classifier = nn.Linear(8, classes)
        self.p = 0.0
        self.noisy = False

    def forward(self, x, drop: float = 0.0):
        x = self.stem(x).flatten(2).transpose(1, 2)
        if self.noisy:
            x = x + torch.rand_like(x)
        x = F.dropout(x + self.attention(x, x, x, need_weights=False)[0], 0.5 * self.p, self.training)
        return self.classifier(F.dropout(self.norm(x).mean(1), drop, self.training))


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


class Dropouts(nn.Module):
    """Dropouts that can drop: by an attribute, by one that changes, by a branch on a value, and in a recurrent layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.p = 0.5
        self.rate = 0.0
        self.recurrent = nn.GRU(3, 3, 2, dropout=0.25, batch_first=True)

    def forward(self, x):
        x = F.dropout2d(self.conv(x), 0.5 * self.p, self.training)
        x = F.alpha_dropout(x, self.rate, self.training)
        self.rate = 0.5
        p = 0.0
        if x.size(0) > 100:
            p = 0.5
        return self.recurrent(F.dropout(x, p, self.training).flatten(2).transpose(1, 2))[0].mean(1)


class Unlisted(nn.Module):
    """A draw that is in no list, and only in training."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)

    def forward(self, x):
        x = self.conv(x).mean((2, 3))
        if self.training:
            x = x + torch._standard_gamma(torch.ones_like(x))
        return x


class Logits(nn.Module):
    """Layers for the classes below, each of which spoils the logits."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.classifier = nn.Linear(3, 3)


class DoubleLogits(Logits):
    def forward(self, x):
        return self.classifier(self.conv(x).mean((2, 3))).double()


class DoubleInside(Logits):
    def forward(self, x):
        return self.classifier(self.conv(x).mean((2, 3)).to(torch.float64))


class ComplexLogits(Logits):
    def forward(self, x):
        return torch.fft.fft(self.classifier(self.conv(x).mean((2, 3))))


class RoundedLogits(Logits):
    def forward(self, x):
        return self.classifier(self.conv(x).mean((2, 3))).round().long()


class DetachedLogits(Logits):
    def forward(self, x):
        return self.classifier(self.conv(x).mean((2, 3))).detach()


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


class Small(nn.Module):
    """A convolution and a linear layer with one thing that a user gets wrong."""

    def __init__(self, wrong: str):
        super().__init__()
        self.wrong = wrong
        self.block = nn.Conv2d(4, 4, 3, padding=1)  # registered before the layer that computes first
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm1d(10)
        self.head = nn.Linear(4 * 8 * 8, 10)

    def forward(self, x):
        x = self.head(torch.relu(self.block(torch.relu(self.stem(x)))).flatten(1))
        if self.wrong == "softmax":
            return torch.softmax(x, 1)
        if self.wrong == "sigmoid":
            return torch.sigmoid(x)
        if self.wrong == "relu":
            return torch.relu(x)
        if self.wrong == "mixed":
            return x - x.mean(0)
        if self.wrong == "vectors":
            return self.norm(x)
        return x


class WeightNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.utils.weight_norm(nn.Linear(64, 10))

    def forward(self, x):
        return self.head(x.flatten(1))


# name: network, image shape, images per batch, classes, learning rate
MEASURED = {
    "residual": (Residual, [2, 8, 8], 4, 10, 0.02),
    "traced": (Plain, [2, 8, 8], 4, 10, 0.02),
    "attention": (Attention, [2, 8, 8], 4, 10, 0.02),
}


def without_place(path):
    """Takes out where this script lies, which PyTorch notes for its tracebacks; to the same length, since it notes positions, too."""
    with zipfile.ZipFile(path) as file:
        entries = [(entry, file.read(entry)) for entry in file.infolist()]
    place = str(HERE.parent).encode()
    with zipfile.ZipFile(path, "w") as file:
        for entry, data in entries:
            file.writestr(entry, data.replace(place, b"/" * len(place)))


def save(name, module):
    module.save(str(FOLDER / f"{name}.pt"))
    without_place(FOLDER / f"{name}.pt")
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
    save("attention", torch.jit.script(Attention([2, 8, 8], 10)))
    save("dropouts", torch.jit.script(Dropouts()))
    save("unlisted", torch.jit.script(Unlisted()))
    save("double-logits", torch.jit.script(DoubleLogits()))
    save("double-inside", torch.jit.script(DoubleInside()))
    save("complex-logits", torch.jit.script(ComplexLogits()))
    save("rounded-logits", torch.jit.script(RoundedLogits()))
    save("detached-logits", torch.jit.script(DetachedLogits()))
    for wrong in ["plain", "softmax", "sigmoid", "relu", "mixed", "vectors"]:
        save(f"small-{wrong}", torch.jit.script(for_script(Small(wrong))))
    save("weight-norm", torch.jit.trace(WeightNorm(), torch.zeros(2, 1, 8, 8)))
