"""SuperSpike on images: the rule's equations in torch, a few images side by side.

Every pixel above a threshold fires once, the earlier the brighter. The output neuron of the right
class is to fire at given times, all others never: the error is (ERR) of spiking.superspike, the
change is (ELI) summed in another order, and the mean over the images of a batch goes to an
optimiser with a rate per parameter. The paper has no such experiment.
"""

import os
from dataclasses import dataclass, field

import torch
from torch import Tensor

from credit.nets.networks import Init
from credit.nets.streams import streams
from credit.spiking import surrogate_backprop
from credit.spiking.superspike import SuperSpike
from credit.spiking.superspike_torch import (
    Constants,
    RMaxProp,
    double,
    double_backwards,
    expected_errors,
    layer,
    reordered,
)
from credit.tasks import data

OPTIMISERS = ("adam", "rmaxprop")
TEACHERS = ("rule", "backprop through time")


@dataclass(frozen=True)
class Setting:
    """One experiment on images, complete."""

    rule: SuperSpike = field(default_factory=SuperSpike)
    sizes: tuple[int, ...] = (784, 200, 10)
    dataset: str = "mnist"
    teacher: str = "rule"  # or backprop through time: the same net and loss, by autograd
    dt: float = 1.0  # ms
    window: int = 30  # ms, how long an image is shown
    first: int = 8  # ms, when the right output neuron is to fire first
    period: int = 6  # ms from then on
    latency: float = 20.0  # ms, time constant of the code: a pixel x fires at tau ln(x / (x - 0.2))
    width: float = 10.0  # mV, of the surrogate
    second: bool = True  # whether eligibilities have their second filter
    optimiser: str = "adam"
    learning_rate: float = 1.0  # mV, of the output's synapses
    hidden_rate: float = 0.1  # mV, of the others
    gamma: float = 0.99  # of RMaxProp, per batch
    spread: tuple[float, float] = (500.0, 100.0)  # mV, of the first weights times sqrt(fan-in)
    batch: int = 50
    epochs: int = 1
    examples: int | None = None  # of the training split; None: all

    def __post_init__(self):
        if len(self.sizes) != 3:
            raise ValueError(f"sizes has one hidden layer, got {self.sizes}")
        for name, known in (("optimiser", OPTIMISERS), ("teacher", TEACHERS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, expected one of {', '.join(known)}"
                )

    @property
    def label(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def constants(self) -> Constants:
        return Constants(dt=self.dt, width=self.width)

    @property
    def steps(self) -> int:
        return round(self.window / self.dt)

    @property
    def times(self) -> Tensor:
        """Steps in which the right output neuron is to fire."""
        return (torch.arange(self.first, self.window, self.period) / self.dt).long()


def latencies(x: Tensor, setting: Setting) -> tuple[Tensor, Tensor, Tensor]:
    """Spikes of images x [batch, pixels], as (step, image, pixel)."""
    bright = x > 0.2
    ratio = torch.where(bright, x, 1.0) / (torch.where(bright, x, 1.0) - 0.2)
    step = (setting.latency / setting.dt * ratio.log()).round().long()
    image, pixel = torch.nonzero(bright & (step < setting.steps), as_tuple=True)
    return step[image, pixel], image, pixel


class Learner:
    """A net between its batches.

    W  weights, mV, [n_pre, n_post];  b  feedback [n_out, n_hid]
    """

    def __init__(self, setting: Setting, seed: int):
        self.setting, self.c, self.random = setting, setting.constants, streams(seed)
        n = setting.sizes
        self.W = [
            Init("normal_fan_in", setting.spread[l]).draw((n[l + 1], n[l]), self.random["weights"])
            .T.contiguous()
            for l in (0, 1)
        ]  # fmt: skip
        self.b = torch.randn(n[2], n[1], generator=self.random["feedback"])
        if setting.rule.feedback == "uniform":
            self.b.fill_(1)
        rates = (setting.hidden_rate, setting.learning_rate)
        if setting.optimiser == "adam":
            groups = [{"params": [w], "lr": r} for w, r in zip(self.W, rates, strict=True)]
            self.adam = torch.optim.Adam(groups)
        else:
            self.steps = [RMaxProp(w, setting.gamma, float("inf")) for w in self.W]
        self.rates = rates

    def arriving(self, spikes: tuple, images: int, w: Tensor) -> Tensor:
        """What the pixels' spikes add to the currents of the hidden layer, [T, batch, n_hid]."""
        step, image, pixel = spikes
        T = self.setting.steps
        J = w.new_zeros(T * images, w.shape[1]).index_add(0, step * images + image, w[pixel])
        return J.view(T, images, -1)

    def show(self, x: Tensor) -> tuple:
        """Spikes of the pixels, and v and S of both layers, [T, batch, n]."""
        spikes = latencies(x, self.setting)
        v1, S1 = layer(self.arriving(spikes, len(x), self.W[0]), self.c)
        v2, S2 = layer(S1 @ self.W[1], self.c)
        return spikes, (v1, S1), (v2, S2)

    def answers(self, v2: Tensor, S2: Tensor) -> Tensor:
        """The output neuron with most spikes, and among equals that of the highest potential."""
        return (S2.sum(0) + 1e-3 * v2.mean(0)).argmax(1)

    def target(self, label: Tensor) -> Tensor:
        """[T, batch, n_out]"""
        t = torch.zeros(self.setting.steps, len(label), self.setting.sizes[2])
        t[self.setting.times[:, None], torch.arange(len(label)), label] = 1
        return t

    def changes(self, shown: tuple, label: Tensor, told: Tensor) -> tuple[Tensor | None, Tensor]:
        """m of both layers, mean of the images; `told` is the label that the hidden layer hears."""
        (step, image, pixel), (v1, S1), (v2, S2) = shown
        c, rule, second = self.c, self.setting.rule, self.setting.second
        e = double(self.target(label) - S2, c)
        m2 = reordered(double(S1, c), c.slope(v2), e, c, second).mean(0)
        if rule.feedback == "none":
            return None, m2
        if rule.shuffled:
            e = double(self.target(told) - S2, c)
        e = e @ (self.W[1].T if rule.feedback == "symmetric" else self.b)
        E = expected_errors(e, c) if second else c.dt * e
        # the pixel's trace is a filtered spike: filter the other factor backwards, look it up there
        Q = double_backwards(c.slope(v1) * E, c)
        m1 = torch.zeros_like(self.W[0]).index_add_(0, pixel, Q[step, image])
        return m1 / len(label), m2

    def by_backprop(self, x: Tensor, label: Tensor) -> tuple:
        """The answers, and minus the gradient of the same loss, its reset cutting the past."""
        W = [w.clone().requires_grad_() for w in self.W]
        J = self.arriving(latencies(x, self.setting), len(x), W[0])
        S1 = surrogate_backprop.neurons(J, self.c, "cuts the past")
        S2 = surrogate_backprop.neurons(S1 @ W[1], self.c, "cuts the past")
        e = surrogate_backprop.filtered(self.target(label) - S2, self.c)
        loss = 0.5 * e.square().sum() * self.c.dt / len(x)
        m = [-g for g in torch.autograd.grad(loss, W)]
        return S2.detach().sum(0).argmax(1), m

    def learn(self, x: Tensor, label: Tensor, share: float) -> int:
        """One batch, at this share of the learning rates; returns how many answers were right."""
        if self.setting.teacher != "rule":
            answers, changes = self.by_backprop(x, label)
        else:
            shown = self.show(x)
            told = label[torch.randperm(len(label), generator=self.random["choice"])]
            answers, changes = self.answers(*shown[2]), self.changes(shown, label, told)
        if self.setting.optimiser == "adam":
            for w, m, group, rate in zip(
                self.W, changes, self.adam.param_groups, self.rates, strict=True
            ):
                w.grad, group["lr"] = None if m is None else -m, rate * share
            self.adam.step()
        else:
            for step, m, rate in zip(self.steps, changes, self.rates, strict=True):
                if m is not None:
                    step.step(m, rate * share)
        return int((answers == label).sum())


def run(setting: Setting, seed: int) -> list[dict]:
    """Train and test; returns tidy rows of epoch, layer, metric, value, unit.

    Metrics: train error (of answers before each update), validation error after every epoch, test
    error after the last; spikes of each layer and synaptic events per test image; CPU time.
    """
    clock, dataset, learner, rows = _cpu(), data.load(setting.dataset), Learner(setting, seed), []
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    total, done = setting.epochs * -(-len(x) // setting.batch), 0

    def record(epoch, metric, value, unit="%", layer=0):
        row = {"epoch": epoch, "layer": layer, "metric": metric}
        rows.append(row | {"value": float(value), "unit": unit})

    def test(split):
        right, spikes = 0, torch.zeros(3)
        for part, wanted in zip(split.x.split(500), split.label.split(500), strict=True):
            pixels, (_, S1), (v2, S2) = learner.show(part)
            right += (learner.answers(v2, S2) == wanted).sum()
            spikes += torch.tensor([len(pixels[0]), S1.sum(), S2.sum()])
        return 100 - 100 * right / len(split.label), (spikes / len(split.label)).tolist()

    for epoch in range(1, setting.epochs + 1):
        right = 0
        for index in torch.randperm(len(x), generator=learner.random["order"]).split(setting.batch):
            right += learner.learn(x[index], label[index], 1 - done / total)
            done += 1
        record(epoch, "train error", 100 - 100 * right / len(x))
        record(epoch, "validation error", test(dataset.validation)[0])
    error, spikes = test(dataset.test)
    epoch = setting.epochs
    record(epoch, "test error", error)
    for l, count in enumerate(spikes):
        record(epoch, "spikes, test", count, "per image", l)
    events = sum(count * setting.sizes[l + 1] for l, count in enumerate(spikes[:-1]))
    record(epoch, "synaptic events, test", events, "per image")
    record(epoch, "cpu time", _cpu() - clock, "s")
    return rows


def _cpu() -> float:
    t = os.times()
    return t.user + t.system
