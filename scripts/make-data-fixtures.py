#!/usr/bin/env python3
"""Writes test/fixtures/data with NumPy, Hugging Face's datasets and Python's tarfile, so that our readers are tested on files of others.

    pip install numpy datasets pillow
    python3 scripts/make-data-fixtures.py

The tests need no Python. Sample i is an image of 6 x 5 (width, height) of class i mod 3; byte k of its values (height, width, channels)
is (7 i + 11 k) mod 256. Grey images are in the arrays, colour PNGs in the tables and archives.
"""

import io
import os
import tarfile

import datasets
import numpy as np
from PIL import Image

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fixtures", "data")
NAMES = ["cat", "dog", "owl"]
TRAIN, TEST = range(9), range(9, 12)


def pixels(i, channels):
    return ((7 * i + 11 * np.arange(5 * 6 * channels)) % 256).astype(np.uint8).reshape(5, 6, channels)


def image(i):
    return Image.fromarray(pixels(i, 3))


def png(i):
    buffer = io.BytesIO()
    image(i).save(buffer, "PNG")
    return buffer.getvalue()


def arrays(part):
    return np.stack([pixels(i, 1)[..., 0] for i in part]), np.array([i % 3 for i in part])


def write_arrays():
    (x_train, y_train), (x_test, y_test) = arrays(TRAIN), arrays(TEST)
    np.savez(os.path.join(FOLDER, "stored.npz"), x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    medmnist = dict(train_images=x_train, train_labels=y_train.astype(np.uint8)[:, None], test_images=x_test,
                    test_labels=y_test.astype(np.uint8)[:, None])
    np.savez_compressed(os.path.join(FOLDER, "packed.npz"), **medmnist)
    planes = np.stack([pixels(i, 3).transpose(2, 0, 1) for i in range(12)])
    os.makedirs(os.path.join(FOLDER, "pair"), exist_ok=True)
    np.save(os.path.join(FOLDER, "pair", "images.npy"), planes)
    np.save(os.path.join(FOLDER, "pair", "labels.npy"), np.array([i % 3 for i in range(12)]).astype(">i4"))
    np.savez(os.path.join(FOLDER, "objects.npz"), x_train=np.array([x_train[0], None], dtype=object), y_train=y_train[:2],
             x_test=x_test, y_test=y_test)


def write_tables():
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=NAMES), "id": datasets.Value("int64")})
    for name, part in (("train-00000-of-00002", TRAIN[:5]), ("train-00001-of-00002", TRAIN[5:]), ("test-00000-of-00001", TEST)):
        rows = {"img": [image(i) for i in part], "label": [i % 3 for i in part], "id": list(part)}
        table = datasets.Dataset.from_dict(rows, features=features)
        table.to_parquet(os.path.join(FOLDER, f"{name}.parquet"), batch_size=2)


def write_archives():
    for name, part in (("train-000000", TRAIN[:5]), ("train-000001", TRAIN[5:]), ("test-000000", TEST)):
        form = tarfile.PAX_FORMAT if name.endswith("1") else tarfile.GNU_FORMAT
        with tarfile.open(os.path.join(FOLDER, f"{name}.tar"), "w", format=form) as tar:
            for i in part:
                key = f"{'long-' * 25 if i == 7 else ''}sample{i:03d}"
                for extension, data in (("png", png(i)), ("cls", str(i % 3).encode())):
                    info = tarfile.TarInfo(f"{key}.{extension}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    write_arrays()
    write_tables()
    write_archives()
