"""idx files, the format of MNIST: arrays of bytes, and data sets of one's own in four files."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from credit.tasks.dataset import Dataset, as_split

FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def read_idx(path: Path) -> np.ndarray:
    """Array in an idx file of unsigned bytes, gzipped where its name says so.

        bytes 0-2    0x000008: unsigned bytes follow
        byte 3       number of dimensions d, here 1 to 4
        4 d bytes    size of each dimension, big-endian
        the rest     values, last dimension fastest

    Returns uint8, of the shape in the file, read-only
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a complete gzip file: {error}") from error
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or raw[3] not in range(1, 5):
        raise ValueError(f"{path} starts with 0x{raw[:4].hex()}, expected 0x00000801 to 0x00000804")
    start = 4 + 4 * raw[3]
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4))
    if 0 in shape or math.prod(shape) != len(raw) - start:
        found = max(0, len(raw) - start)
        raise ValueError(f"{path} has {found} values, expected dimensions {shape} to hold them")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def files(root: Path) -> dict[str, Path]:
    """{name: path} of the four files in a folder, each gzipped (.gz) or not."""
    found = {}
    for name in FILES:
        choices = [root / f"{name}-ubyte{suffix}" for suffix in (".gz", "")]
        there = [path for path in choices if path.is_file()]
        if not there:
            raise FileNotFoundError(f"{choices[0]} is missing, with and without .gz")
        found[name] = there[0]
    return found


def idx_dataset(root: Path) -> Dataset:
    """A data set in the four files of MNIST, such as Fashion-MNIST.

    The last sixth of the training images, in the order of the file, validates: of 60,000 the last
    10,000. There are as many classes as the largest label says, named by their numbers.
    """
    images, label, test_images, test_label = (read_idx(path) for path in files(root).values())
    n, shape = len(label), images.shape[1:]
    for part, x, y in (("train", images, label), ("t10k", test_images, test_label)):
        if x.ndim != 3 or y.shape != x.shape[:1] or x.shape[1:] != shape:
            raise ValueError(
                f"{root} has {part} images {x.shape} with labels {y.shape}, expected "
                f"(n, {', '.join(map(str, shape))}) with (n,)"
            )
    classes = int(label.max()) + 1
    if n < 6 or classes < 2 or test_label.max() >= classes:
        raise ValueError(
            f"{root} has {n} training images of {classes} classes and test labels up to "
            f"{test_label.max()}, expected at least 6 of 2 or more, and no other class in the test"
        )
    cut = n - n // 6
    splits = [as_split(images[:cut], label[:cut]), as_split(images[cut:], label[cut:])]
    names = tuple(map(str, range(classes)))
    return Dataset(
        root.resolve().name, *splits, as_split(test_images, test_label), names, (1, *shape)
    )
