"""What a data set is: examples, their classes or values, three fixed splits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

Shape = tuple[int, int, int]  # of an image: channels, height, width


@dataclass(frozen=True, eq=False)
class Split:
    """Examples and their classes, or the values to be predicted.

    x        pixels in [0, 1], channels first and flattened, float32 [n, features]
    label    class of each example, int64 [n]; of a regression, values, float32 [n, answers]
    """

    x: Tensor
    label: Tensor

    def __post_init__(self):
        if len(self.x) != len(self.label):
            raise ValueError(f"{len(self.x)} examples with {len(self.label)} labels")

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three fixed splits; `x.view(-1, *shape)` gives the images, channels first.

    classes  names of the classes or, of a regression, of the values
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    shape: Shape

    @property
    def regression(self) -> bool:
        return self.train.label.dim() == 2

    @property
    def reconstruction(self) -> bool:
        """Whether the values are the pixels themselves: their errors count together."""
        return self.train.label is self.train.x


def as_split(images: np.ndarray, label: np.ndarray) -> Split:
    """Bytes to tensors.

    images    uint8 [n, ...]
    label     integers [n]
    """
    x = torch.from_numpy(images.reshape(len(images), -1).astype(np.float32)).div_(255)
    return Split(x, torch.from_numpy(label.astype(np.int64)))


def checksums(files: Mapping[str, Path]) -> tuple[str, ...]:
    """ "name sha256" of the content of each file; one that stays as it is is read once."""
    return tuple(f"{name} {_sha256(file, *_stamp(file))}" for name, file in files.items())


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
