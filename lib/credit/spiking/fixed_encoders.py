"""MNIST by one population: encoders fixed, decoders solved; read out from rates and from spikes.

    A = rates of n neurons with Gabor encoders e_i, at the training images
    D = argmin sum_k w_k |A D - Y|^2 + m (rho max A)^2 |D|^2                              (SOLVE)
    squared: w_k = 1;  weighted: images of the class and all others weigh the same, for each column

Hunsberger 2018, chapter 3. Nothing learns below the decoders, so this is a shallow network with
good features.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from credit.nets.streams import streams
from credit.spiking.nef import gain_and_bias
from credit.spiking.nef_learner import _cpu
from credit.tasks import data

SOLVERS, ENCODERS = ("squared", "weighted"), ("gabor", "full")
TAU_RC, T_REF = 0.02, 0.002  # s
MAX_RATE, INTERCEPT = 100.0, 0.1  # Hz, and in units of e . x
PATCH, SIDE = 13, 28  # pixels
DT, SHOWN, CLIPPED = 0.001, 70, 5  # s; steps that an image is shown, and that do not count
CHUNK = 500  # images at a time


@dataclass(frozen=True)
class FixedEncoders:
    """Which encoders the neurons have, and how the decoders are found.

    encoders  "gabor": a patch of 13 x 13 at a random place; "full": random, all pixels
    solver    "squared" or "weighted"
    """

    encoders: str = "gabor"
    solver: str = "squared"

    def __post_init__(self):
        for name, known in (("encoders", ENCODERS), ("solver", SOLVERS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, expected one of {', '.join(known)}"
                )


@dataclass(frozen=True)
class FixedSetting:
    """One population, complete."""

    rule: FixedEncoders = FixedEncoders()
    sizes: tuple[int, ...] = (784, 500, 10)
    dataset: str = "mnist"
    regularisation: float = 0.02
    spiking: int | None = None  # test images shown to spiking neurons; None: all

    def __post_init__(self):
        if len(self.sizes) != 3 or self.sizes[0] != SIDE**2:
            raise ValueError(f"sizes is {self.sizes}, expected ({SIDE**2}, neurons, classes)")

    @property
    def label(self) -> str:
        return f"{self.sizes[1]} {self.rule.encoders}, {self.rule.solver}"


def gabors(n: int, random: torch.Generator) -> Tensor:
    """n encoders [n, 784] of length 1: a grating under a Gaussian, in a patch at a random place.

    In a patch with coordinates -1 .. 1: frequency U(0.2, 2), width 0.45, any angle and phase.
    """

    def uniform(low, high):
        return low + (high - low) * torch.rand(n, 1, 1, generator=random)

    y, x = torch.meshgrid(*[torch.linspace(-1, 1, PATCH)] * 2, indexing="ij")
    angle, phase, frequency = uniform(0, 2 * np.pi), uniform(0, 2 * np.pi), uniform(0.2, 2)
    across = torch.cos(angle) * x + torch.sin(angle) * y
    patch = torch.cos(2 * np.pi * frequency * across + phase)
    patch = patch * torch.exp(-0.5 * (x**2 + y**2) / 0.45**2)
    whole = torch.zeros(n, SIDE, SIDE)
    corners = torch.randint(SIDE - PATCH + 1, (n, 2), generator=random)
    for image, part, (top, left) in zip(whole, patch, corners, strict=True):
        image[top : top + PATCH, left : left + PATCH] = part
    return torch.nn.functional.normalize(whole.flatten(1), dim=1)


def full(n: int, random: torch.Generator) -> Tensor:
    """n random directions [n, 784]."""
    return torch.nn.functional.normalize(torch.randn(n, SIDE**2, generator=random), dim=1)


class Neurons:
    """The population: currents, rates, and spikes of images scaled to -1 .. 1."""

    def __init__(self, encoders: Tensor, some: Tensor):
        """some  [m, 784] images, by whose responses long encoders are scaled down"""
        drive = 2 * (some @ encoders.T).std(0)
        self.encoders = encoders / drive.clamp(min=1)[:, None]
        gain, bias = gain_and_bias(MAX_RATE, INTERCEPT, TAU_RC, T_REF)
        # the thesis' code takes the intercept off twice, so that neurons begin to fire at 0.2
        self.gain, self.bias = float(gain), float(bias - gain * INTERCEPT)

    def currents(self, x: Tensor) -> Tensor:
        return self.gain * (x @ self.encoders.T) + self.bias

    def rates(self, x: Tensor) -> Tensor:
        """[m, n] in Hz, the closed form."""
        over = self.currents(x) - 1
        above = 1 / (T_REF + TAU_RC * torch.log1p(1 / over.clamp(min=1e-9)))
        return torch.where(over > 0, above, 0.0)

    def counts(self, x: Tensor, random: torch.Generator) -> Tensor:
        """Spikes of every image shown for SHOWN steps, the first CLIPPED ones not counted, [m, n];
        many images side by side, each from membranes at random."""
        J = self.currents(x)
        v, left = torch.rand(J.shape, generator=random), torch.zeros_like(J)
        count = torch.zeros_like(J)
        for step in range(SHOWN):
            left -= DT
            v -= (J - v) * torch.expm1(-(DT - left).clamp(0, DT) / TAU_RC)
            v.clamp_(min=0)
            fired = v > 1
            late = TAU_RC * torch.log1p(-(v - 1) / (J - 1))
            left = torch.where(fired, T_REF + DT + late, left)
            v[fired] = 0
            if step >= CLIPPED:
                count += fired
        return count


def decoders(parts: Iterator[tuple[Tensor, Tensor]], setting: FixedSetting) -> Tensor:
    """D [n, classes] by (SOLVE).

    parts  (A, label) of some images each
    """
    n, classes = setting.sizes[1], setting.sizes[2]
    gram = torch.zeros(classes, n, n, dtype=torch.float64)  # of the images of each class
    sums, of_class = torch.zeros(classes, n, dtype=torch.float64), torch.zeros(classes)
    largest = 0.0
    for A, label in parts:
        largest = max(largest, float(A.max()))
        for k in range(classes):
            mine = A[label == k]
            gram[k] += (mine.T @ mine).double()
            sums[k] += mine.sum(0).double()
            of_class[k] += len(mine)
    whole, m = gram.sum(0), of_class.sum()
    ridge = m * (setting.regularisation * largest) ** 2 * torch.eye(n, dtype=torch.float64)
    if setting.rule.solver == "squared":
        return torch.linalg.solve(whole + ridge, sums.T)
    columns = []
    for k in range(classes):
        share = of_class[k] / m
        of_mine, of_others = 0.5 / share, 0.5 / (1 - share)  # a mean weight of 1
        weighted = of_others * whole + (of_mine - of_others) * gram[k]
        columns.append(torch.linalg.solve(weighted + ridge, of_mine * sums[k]))
    return torch.stack(columns, 1)


def run(setting: FixedSetting, seed: int) -> list[dict]:
    """Solve once, on all 60,000 images that are not for testing; tidy rows of the errors on these
    (train), on the test images by rates (test) and by spikes (spiking test), and what fires.

    Beside the spiking error stands that of rates on the same images, "test error, those shown".
    """
    clock, random, dataset = _cpu(), streams(seed), data.load(setting.dataset)
    splits = (dataset.train, dataset.validation)
    x = torch.cat([s.x for s in splits]) * 2 - 1
    label = torch.cat([s.label for s in splits])
    make = gabors if setting.rule.encoders == "gabor" else full
    neurons = Neurons(make(setting.sizes[1], random["weights"]), x[:1000])
    parts = ((neurons.rates(a), b) for a, b in zip(x.split(5000), label.split(5000), strict=True))
    D = decoders(parts, setting).float()

    def error(answer, x, label):
        missed = sum(
            int((answer(part) @ D).argmax(1).ne(own).sum())
            for part, own in zip(x.split(CHUNK), label.split(CHUNK), strict=True)
        )
        return 100 * missed / len(label)

    rows = []

    def record(metric, value, unit="%", layer=0):
        row = {"epoch": 1, "layer": layer, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    fired = []

    def spikes(part):
        count = neurons.counts(part, random["noise"])
        fired.append(float(count.mean()) / (DT * (SHOWN - CLIPPED)))
        return count

    test, wanted = dataset.test.x * 2 - 1, dataset.test.label
    record("train error", error(neurons.rates, x, label))
    record("test error", error(neurons.rates, test, wanted))
    shown = slice(setting.spiking)
    record("test error, those shown", error(neurons.rates, test[shown], wanted[shown]))
    record("spiking test error", error(spikes, test[shown], wanted[shown]))
    record("firing rate", np.mean(fired), "Hz")
    record("cpu time", _cpu() - clock, "s")
    return rows
