"""Linear functions to be learned from examples: y = x T, T with orthonormal columns."""

import torch
from torch import Tensor

SPLITS = {"train": 6000, "validation": 200, "test": 200}  # examples
SPREAD = 0.5  # standard deviation of x, and so of y


def splits(inputs: int, outputs: int) -> tuple[tuple[Tensor, Tensor], ...]:
    """(x, y) of every split, [n, inputs] and [n, outputs], always the same.

    Hunsberger 2018, the linear task of online learning: x ~ N(0, 0.5^2).
    """
    random = torch.Generator().manual_seed(8)
    T = torch.linalg.qr(torch.randn(inputs, outputs, generator=random, dtype=torch.float64))[0]
    drawn = [SPREAD * torch.randn(n, inputs, generator=random) for n in SPLITS.values()]
    return tuple((x, (x.double() @ T).float()) for x in drawn)
