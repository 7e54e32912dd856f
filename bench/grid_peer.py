"""The stock-PyTorch peer of bench/grid: the same grid of trainings by peer.py's loop and loader, with what an OpenLTH user gets: the
levels and branches of one pruning setting (an iterative schedule, or one one-shot sparsity: OpenLTH names a run by all its pruning
parameters) share their dense run and their masks, settings share nothing; masks are multiplied in before every forward pass; test
accuracy and a checkpoint after every epoch. Written from OpenLTH's description.

usage: python3 bench/grid_peer.py JSON
JSON: data (folder), out (folder), subset, testSubset, epochs, batch, milestones, rates, seeds, sparsities, process, processes,
threads, denseOnly. This process does every `processes`-th pruning setting, from number `process` on.
Prints one line of JSON: trainings, seconds after the imports, dense and all accuracies in percent by learning rate.
"""
import json
import os
import sys
import time

import numpy as np
import torch
from torch import nn

from peer import MODELS, Images, train_step

TRAIN_FILES = [f"data_batch_{i}.bin" for i in range(1, 6)]


def read(folder, files, count):
    """A fixed random choice of so many images of CIFAR-10's binary layout, and their labels."""
    records = np.concatenate([np.fromfile(os.path.join(folder, name), dtype=np.uint8) for name in files]).reshape(-1, 3073)
    records = records[np.sort(np.random.default_rng(0).permutation(len(records))[:count])]
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


def loaders(config):
    images, labels = read(config["data"], TRAIN_FILES, config["subset"])
    scaled = images.astype(np.float64) / 255
    mean, std = (torch.tensor(f(scaled, axis=(0, 2, 3))).float()[:, None, None] for f in (np.mean, np.std))
    test = Images(*read(config["data"], ["test_batch.bin"], config["testSubset"]), False, mean, std)
    train = Images(images, labels, True, mean, std)
    batch = config["batch"]
    return (
        torch.utils.data.DataLoader(train, batch_size=batch, shuffle=True),
        torch.utils.data.DataLoader(test, batch_size=batch),
    )


class Pruned(nn.Module):
    """Multiplies the weights by their masks before every forward pass."""

    def __init__(self, model, masks):
        super().__init__()
        self.model, self.masks = model, masks

    def forward(self, x):
        parameters = dict(self.model.named_parameters())
        for name, mask in self.masks.items():
            parameters[name].data *= mask
        return self.model(x)


def initial(seed, draw):
    """Weights from the models' own distribution: He's normal for convolutions and the linear layer."""
    torch.manual_seed(2 * seed + draw)
    network = MODELS["resnet20"]()
    for array in network.parameters():
        if array.dim() > 1:
            nn.init.kaiming_normal_(array)
    return {name: array.clone() for name, array in network.state_dict().items()}


def prunable(weights):
    """Weights of convolutions and linear layers, without the first convolution."""
    return [name for name, array in weights.items() if array.dim() > 1][1:]


def prune(weights, sparsity, masks):
    """Removes the smallest weights up to so large a share of each layer, those that `masks` has removed first."""
    made = {}
    for name in prunable(weights):
        magnitudes = weights[name].abs() * masks.get(name, 1)
        kept = round(magnitudes.numel() * (1 - sparsity))
        made[name] = torch.zeros(magnitudes.numel())
        made[name][magnitudes.flatten().argsort(descending=True)[:kept]] = 1
        made[name] = made[name].view_as(magnitudes)
    return made


class Grid:
    def __init__(self, config):
        self.config, self.trainings = config, 0
        self.train_loader, self.test_loader = loaders(config)
        self.dense = {str(rate): [] for rate in config["rates"]}
        self.all = {str(rate): [] for rate in config["rates"]}

    def accuracy(self, model):
        model.eval()
        with torch.no_grad():
            right = sum(int((model(x).argmax(1) == labels).sum()) for x, labels in self.test_loader)
        return 100 * right / len(self.test_loader.dataset)

    def train(self, weights, rate, seed, masks=None):
        """Trains from these weights under the masks; returns the final weights."""
        network = MODELS["resnet20"]()
        network.load_state_dict(weights)
        model = Pruned(network, masks) if masks else network
        optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, self.config["milestones"])
        torch.manual_seed(seed)
        accuracy, file = 0, os.path.join(self.config["out"], f"{self.config['process']}-{self.trainings}.pt")
        for epoch in range(self.config["epochs"]):
            model.train()
            for x, labels in self.train_loader:
                train_step(model, optimizer, x, labels)
            schedule.step()
            accuracy = self.accuracy(model)
            torch.save({"epoch": epoch + 1, "model": network.state_dict(), "optimizer": optimizer.state_dict()}, file)
        self.trainings += 1
        self.all[str(rate)].append(accuracy)
        if masks is None:
            self.dense[str(rate)].append(accuracy)
        return {name: array.clone() for name, array in network.state_dict().items()}

    def setting(self, sparsities, rate, seed):
        """One pruning setting: its dense run, a round of pruning for each sparsity, and what starts from each mask."""
        start, other = initial(seed, 0), initial(seed, 1)
        dense = self.train(start, rate, seed)
        if self.config["denseOnly"]:
            return
        weights, masks = dense, {}
        for sparsity in sparsities:
            masks = prune(weights, sparsity, masks)
            weights = self.train(start, rate, seed, masks)
            self.train(other, rate, seed, masks)
            self.train(dense, rate, seed, masks)

    def run(self):
        config = self.config
        # Settings of one kind take equally long, so that taking turns gives every process the same work.
        kinds = [config["sparsities"]] + [[sparsity] for sparsity in config["sparsities"] if not config["denseOnly"]]
        settings = [(kind, r, s) for kind in kinds for s in range(config["seeds"]) for r in config["rates"]]
        for setting in settings[config["process"] :: config["processes"]]:
            self.setting(*setting)


if __name__ == "__main__":
    config = json.loads(sys.argv[1])
    torch.set_num_threads(config["threads"])
    start = time.perf_counter()
    grid = Grid(config)
    grid.run()
    print(json.dumps({
        "trainings": grid.trainings, "seconds": time.perf_counter() - start, "dense": grid.dense, "all": grid.all,
        "versions": f"PyTorch {torch.__version__}, Python {sys.version.split()[0]}, NumPy {np.__version__}",
    }))  # fmt: skip
