"""Trains ResNet-20 on CIFAR-10 by stock PyTorch from weights and a mask that sweepstake has stored, to check an accuracy of ours by a
loop that shares no code with it: same weights, mask, images per epoch and schedule, other data order and augmentation draws.

usage: python3 scripts/retrain-with-pytorch.py WEIGHTS.safetensors [MASK.safetensors] --data DIR [--lr 0.1] [--epochs 4] [--batch 32]
       [--milestones 2 3] [--subset 2560] [--test-subset 1000] [--seed 0]
DIR is cifar-10-batches-bin. Needs Debian's python3-torch. Prints one line of JSON.
"""
import argparse
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

TYPES = {"F32": np.float32, "U8": np.uint8, "BOOL": np.bool_, "I64": np.int64}


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = np.frombuffer(body[start:end], dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.astype(np.float32))
    return tensors


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet20(nn.Module):
    """With the names of sweepstake's state dict."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self.stage(16, 16, 1)
        self.layer2 = self.stage(16, 32, 2)
        self.layer3 = self.stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    @staticmethod
    def stage(inputs, outputs, stride):
        return nn.Sequential(Block(inputs, outputs, stride), Block(outputs, outputs, 1), Block(outputs, outputs, 1))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def read_cifar(folder, files, count, rng):
    records = np.concatenate([np.fromfile(os.path.join(folder, name), dtype=np.uint8) for name in files]).reshape(-1, 3073)
    records = records[rng.permutation(len(records))[:count]]
    images = records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255
    return torch.from_numpy(images), torch.from_numpy(records[:, 0].astype(np.int64))


def augmented(images, rng):
    padded = F.pad(images, (4, 4, 4, 4))
    crops = [image[:, y : y + 32, x : x + 32] for image, (y, x) in zip(padded, rng.integers(0, 9, (len(images), 2)))]
    return torch.stack([crop.flip(2) if flips else crop for crop, flips in zip(crops, rng.random(len(images)) < 0.5)])


def main(args):
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)
    images, labels = read_cifar(args.data, [f"data_batch_{i}.bin" for i in range(1, 6)], args.subset, rng)
    test_images, test_labels = read_cifar(args.data, ["test_batch.bin"], args.test_subset, rng)
    mean, deviation = images.mean((0, 2, 3), keepdim=True), images.std((0, 2, 3), keepdim=True)
    images, test_images = (images - mean) / deviation, (test_images - mean) / deviation

    model = ResNet20()
    found = model.load_state_dict(read_safetensors(args.weights), strict=False)
    missing = [name for name in found.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or found.unexpected_keys:
        raise SystemExit(f"{args.weights}: no ResNet-20 (missing {missing}, unexpected {found.unexpected_keys})")
    masks = read_safetensors(args.mask) if args.mask else {}
    parameters = dict(model.named_parameters())

    def apply_masks():
        for name, mask in masks.items():
            parameters[name].data.mul_(mask)

    apply_masks()
    optimizer = torch.optim.SGD(model.parameters(), args.lr, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, args.milestones)
    for _ in range(args.epochs):
        model.train()
        order = rng.permutation(len(labels))
        for at in range(0, len(order), args.batch):
            batch = order[at : at + args.batch]
            optimizer.zero_grad()
            F.cross_entropy(model(augmented(images[batch], rng)), labels[batch]).backward()
            optimizer.step()
            apply_masks()
        schedule.step()
    model.eval()
    with torch.no_grad():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in zip(test_images.split(500), test_labels.split(500)))
    print(json.dumps({"accuracy": 100 * right / len(test_labels), "lr": args.lr, "seed": args.seed, "masked": bool(masks)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("weights")
    parser.add_argument("mask", nargs="?")
    parser.add_argument("--data", required=True)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--milestones", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--subset", type=int, default=2560)
    parser.add_argument("--test-subset", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    main(parser.parse_args())
