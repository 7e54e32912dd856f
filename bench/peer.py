"""The stock-PyTorch peer of bench/step: OpenLTH's way of training (a data loader that reads and transforms image by image, NCHW,
float32, torch.optim.SGD), written from its description, and two faster ways of writing the same in PyTorch. Made-up images.

usage: python3 bench/peer.py MODEL VARIANT THREADS STEPS [BATCH]
MODEL: lenet5, resnet20, vgg11, mobilenet-v2   VARIANT: stock, channels-last, bfloat16 (channels-last, autocast)
Prints one line of JSON: ms per step, minor page faults per step, peak resident MB.
"""
import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

WARM = 3


class Images(torch.utils.data.Dataset):
    """uint8 images [count, C, H, W]; crop after padding by 4, mirror (both only when augmenting), scale and normalise each one, as
    torchvision's transforms do."""

    def __init__(self, images, labels, augments, mean, std):
        self.images, self.labels, self.augments, self.mean, self.std = images, labels, augments, mean, std
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = self.images[i]
        if self.augments:
            y, x = self.rng.integers(0, 9, 2)
            image = np.pad(image, ((0, 0), (4, 4), (4, 4)))[:, y : y + 32, x : x + 32]
            if self.rng.random() < 0.5:
                image = image[:, :, ::-1]
        tensor = torch.from_numpy(np.ascontiguousarray(image)).float().div_(255)
        return tensor.sub_(self.mean).div_(self.std), int(self.labels[i])


def made_up(count, shape):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    return Images(images, rng.integers(0, 10, count), shape[0] == 3, 0.45, 0.25)


def train_step(model, optimizer, x, labels, bfloat16=False):
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        loss = F.cross_entropy(model(x), labels)
    loss.backward()
    optimizer.step()
    return loss


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Pooled(nn.Module):
    """Features, mean over the pixels, linear layer."""

    def __init__(self, features, width):
        super().__init__()
        self.features, self.linear = features, nn.Linear(width, 10)

    def forward(self, x):
        return self.linear(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


def resnet20():
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for outputs, stride in [(16, 1), (32, 2), (64, 2)]:
        for i in range(3):
            layers.append(Block(inputs, outputs, stride if i == 0 else 1))
            inputs = outputs
    return Pooled(nn.Sequential(*layers), 64)


def vgg11():
    layers, inputs = [], 3
    for outputs in [64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"]:
        if outputs == "pool":
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    return Pooled(nn.Sequential(*layers), 512)


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, expansion, stride):
        super().__init__()
        hidden, self.stride = expansion * inputs, stride
        self.body = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.ReLU(),
            nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        self.shortcut = nn.Sequential()
        if stride == 1 and inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.body(x)
        return y + self.shortcut(x) if self.stride == 1 else y


def mobilenet_v2():
    layers, inputs = [nn.Conv2d(3, 32, 3, 1, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU()], 32
    stages = [(1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expansion, outputs, blocks, stride in stages:
        for i in range(blocks):
            layers.append(Inverted(inputs, outputs, expansion, stride if i == 0 else 1))
            inputs = outputs
    layers += [nn.Conv2d(inputs, 1280, 1, bias=False), nn.BatchNorm2d(1280), nn.ReLU()]
    return Pooled(nn.Sequential(*layers), 1280)


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


MODELS = {"lenet5": lenet5, "resnet20": resnet20, "vgg11": vgg11, "mobilenet-v2": mobilenet_v2}


def main(name, variant, threads, steps, batch=None):
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    steps, small = int(steps), name == "lenet5"
    batch = int(batch) if batch else 64 if small else 128
    model = MODELS[name]()
    layout = torch.contiguous_format if variant == "stock" else torch.channels_last
    model = model.to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    images = made_up((steps + WARM) * batch, (1, 28, 28) if small else (3, 32, 32))
    loader = torch.utils.data.DataLoader(images, batch_size=batch, shuffle=True)
    model.train()
    times, faults = [], 0
    last = time.perf_counter()
    for step, (x, labels) in enumerate(loader):
        x = x.to(memory_format=layout)
        loss = train_step(model, optimizer, x, labels, variant == "bfloat16")
        now = time.perf_counter()
        if step < WARM:
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        else:
            times.append(1000 * (now - last))
        last = now
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "ms": times, "faults": (usage.ru_minflt - faults) / steps, "peakMb": usage.ru_maxrss / 1024, "loss": float(loss),
        "torch": torch.__version__,
    }))  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
