"""SuperSpike on images: the rule's equations in torch, a few images side by side.

Every pixel above a threshold fires once, the earlier the brighter. The output neuron of the right
class is to fire at given times, all others never: the error is (ERR) of spiking.superspike, the
change is (ELI) summed in another order, and the mean over the images of a batch goes to an
optimiser with a rate per parameter. The paper has no such experiment.
"""

import os
from dataclasses import dataclass, field
from itertools import pairwise

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
    sizes: tuple[int, ...] = (784, 200, 10)  # or without the hidden layer
    dataset: str = "mnist"
    teacher: str = "rule"  # or backprop through time: the same net and loss, by autograd
    dt: float = 1.0  # ms
    window: int = 30  # ms, how long an image is shown
    first: int = 8  # ms, when the right output neuron is to fire first
    period: int = 6  # ms from then on
    latency: float = 20.0  # ms, time constant of the code: a pixel x fires at tau ln(x / (x - 0.2))
    width: float = 10.0  # mV, of the surrogate
    optimiser: str = "adam"
    learning_rate: float = 1.0  # mV, of the output's synapses
    hidden_rate: float = 0.1  # mV, of the others
    gamma: float = 0.99  # of RMaxProp, per batch
    # mV, of the first weights times sqrt(fan-in), of the hidden layer's and the output's synapses
    spread: tuple[float, float] = (500.0, 100.0)
    batch: int = 50
    epochs: int = 1
    examples: int | None = None  # of the training split; None: all

    def __post_init__(self):
        if len(self.sizes) not in (2, 3):
            raise ValueError(f"sizes has one hidden layer or none, got {self.sizes}")
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

    W  weights, mV, [n_pre, n_post];  b  feedback [n_out, n_hid], where there is a hidden layer
    """

    def __init__(self, setting: Setting, seed: int):
        self.setting, self.c, self.random = setting, setting.constants, streams(seed)
        shapes = list(pairwise(setting.sizes))
        spread = setting.spread[-len(shapes) :]
        self.W = [
            Init("normal_fan_in", s).draw((post, pre), self.random["weights"]).T.contiguous()
            for s, (pre, post) in zip(spread, shapes, strict=True)
        ]
        self.b = torch.randn(setting.sizes[-1], setting.sizes[1], generator=self.random["feedback"])
        if setting.rule.feedback == "uniform":
            self.b.fill_(1)
        self.rates = (setting.hidden_rate, setting.learning_rate)[-len(shapes) :]
        if setting.optimiser == "adam":
            groups = [{"params": [w], "lr": r} for w, r in zip(self.W, self.rates, strict=True)]
            self.adam = torch.optim.Adam(groups)
        else:
            self.steps = [RMaxProp(w, setting.gamma, float("inf")) for w in self.W]

    def arriving(self, pixels: tuple, images: int, w: Tensor) -> Tensor:
        """What the pixels' spikes add to the currents of the first layer, [T, batch, n]."""
        step, image, pixel = pixels
        T = self.setting.steps
        J = w.new_zeros(T * images, w.shape[1]).index_add(0, step * images + image, w[pixel])
        return J.view(T, images, -1)

    def show(self, x: Tensor) -> tuple[tuple, list]:
        """Spikes of the pixels, and (v, S) of every layer, [T, batch, n] each."""
        pixels = latencies(x, self.setting)
        states = [layer(self.arriving(pixels, len(x), self.W[0]), self.c)]
        for w in self.W[1:]:
            states.append(layer(states[-1][1] @ w, self.c))
        return pixels, states

    def answers(self, v: Tensor, S: Tensor) -> Tensor:
        """The output neuron with most spikes, and among equals that of the highest potential."""
        return (S.sum(0) + 1e-3 * v.mean(0)).argmax(1)

    def target(self, label: Tensor) -> Tensor:
        """[T, batch, n_out]"""
        t = torch.zeros(self.setting.steps, len(label), self.setting.sizes[-1])
        t[self.setting.times[:, None], torch.arange(len(label)), label] = 1
        return t

    def error(self, label: Tensor, S: Tensor) -> Tensor:
        """e of the output neurons, [T, batch, n_out]."""
        return double(self.target(label) - S, self.c)

    def below(self, e: Tensor) -> Tensor:
        """e of the hidden neurons, [T, batch, n_hid]: the one place that knows of the feedback."""
        return e @ (self.W[-1].T if self.setting.rule.feedback == "symmetric" else self.b)

    def changes(self, shown: tuple, label: Tensor, told: Tensor) -> list[Tensor | None]:
        """m of every layer, mean of the images; `told` is the label that the hidden layer hears."""
        (pixels, states), c, rule = shown, self.c, self.setting.rule
        v, S = states[-1]
        e = self.error(label, S)
        if len(states) == 1:
            return [self.of_pixels(pixels, v, e)]
        above = reordered(double(states[0][1], c), c.slope(v), e, c).mean(0)
        if rule.feedback == "none":
            return [None, above]
        if rule.shuffled:
            e = self.error(told, S)
        return [self.of_pixels(pixels, states[0][0], self.below(e)), above]

    def of_pixels(self, pixels: tuple, v: Tensor, e: Tensor) -> Tensor:
        """m of the first layer. A pixel's trace is one filtered spike: here the other factor is
        filtered backwards, and looked up where the spike is."""
        step, image, pixel = pixels
        Q = double_backwards(self.c.slope(v) * expected_errors(e, self.c), self.c)
        m = torch.zeros_like(self.W[0]).index_add_(0, pixel, Q[step, image])
        return m / e.shape[1]

    def by_backprop(self, x: Tensor, label: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The answers, and minus the gradient of the same loss, its reset cutting the past."""
        W = [w.clone().requires_grad_() for w in self.W]
        J = self.arriving(latencies(x, self.setting), len(x), W[0])
        S = surrogate_backprop.neurons(J, self.c, "cuts the past")
        for w in W[1:]:
            S = surrogate_backprop.neurons(S @ w, self.c, "cuts the past")
        e = surrogate_backprop.filtered(self.target(label) - S, self.c)
        loss = 0.5 * e.square().sum() * self.c.dt / len(x)
        m = [-g for g in torch.autograd.grad(loss, W)]
        return S.detach().sum(0).argmax(1), m

    def learn(self, x: Tensor, label: Tensor, share: float) -> int:
        """One batch, at this share of the learning rates; returns how many answers were right."""
        if self.setting.teacher != "rule":
            answers, changes = self.by_backprop(x, label)
        else:
            shown = self.show(x)
            told = label[torch.randperm(len(label), generator=self.random["choice"])]
            answers, changes = self.answers(*shown[1][-1]), self.changes(shown, label, told)
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
        right, spikes = 0, torch.zeros(len(setting.sizes))
        for part, wanted in zip(split.x.split(500), split.label.split(500), strict=True):
            pixels, states = learner.show(part)
            right += (learner.answers(*states[-1]) == wanted).sum()
            spikes += torch.tensor([len(pixels[0]), *(S.sum() for _, S in states)])
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
