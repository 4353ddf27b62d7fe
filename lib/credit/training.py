"""One experiment: a Setting, complete, and `run`, a pure function of a Setting and a seed."""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from credit import data
from credit.channels import Channels
from credit.diagnostics import alignment
from credit.networks import OUTPUTS, Init, Network, Product, make_network
from credit.optimisers import GravesRMSprop
from credit.rule import Rule, Update, own_parameters
from credit.streams import streams

OPTIMISERS = {  # by torch, except plain gradient descent
    "sgd": None,
    "rmsprop": torch.optim.RMSprop,
    "graves": GravesRMSprop,
    "adam": torch.optim.Adam,
    "adam99": partial(torch.optim.Adam, betas=(0.9, 0.99)),
}
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
SCHEDULES = ("constant", "linear")
PROBE = 512  # validation examples on which the angles are measured
EARLY = (1, 3, 10, 30, 100, 300)  # updates of the first epoch after which they are,
ROUND = {first * 10**power for first in (1, 2, 5) for power in range(4)}  # and the epochs


@dataclass(frozen=True)
class Setting:
    """One experiment, complete: the same Setting and seed give the same numbers."""

    rule: Rule
    sizes: tuple[int, ...] = (784, 400, 400, 10)  # units per layer, input first
    nonlinearity: str = "tanh"  # of the hidden layers
    output: str = "softmax"  # output units with their loss, see networks.OUTPUTS
    weights: Init | tuple[Init, ...] = Init("uniform_fan_in")  # one, or one per layer
    biases: Init | tuple[Init, ...] | None = Init("zero")  # None: there are none
    coherent: bool = False  # weights above the first layer stay clamped to their units' signs
    sent: str = "graded"  # what hidden layers send each other, see networks.Network
    apart: bool = False  # a network of its own for every class or value, side by side
    precision: str = "float32"
    dataset: str = "mnist"
    examples: int | None = None  # the first n training examples; None: all
    optimiser: str = "sgd"
    learning_rate: float | tuple[float, ...] = 0.1  # one, or one per layer
    schedule: str = "constant"  # or "linear": the learning rate falls to zero at the end
    own_learning_rate: float | None = None  # of the rule's learned parameters; None: the same
    weight_decay: float = 0.0  # added to the update as weight_decay * W; not to biases
    batch: int = 64  # examples
    shuffled: bool = True  # anew for every epoch; else always in the order of the files
    epochs: int = 2
    stop_below: float | None = None  # running training error in %, 3/4 old + 1/4 new
    test_epochs: tuple[int, ...] = ()  # where the test set is looked at besides the end

    def __post_init__(self):
        if not isinstance(self.rule, Rule):
            raise ValueError(f"rule is {self.rule!r}, expected a Rule such as Backprop()")
        if self.optimiser not in OPTIMISERS:
            raise ValueError(
                f"unknown optimiser {self.optimiser!r}, expected one of {', '.join(OPTIMISERS)}"
            )
        if self.schedule not in SCHEDULES:
            raise ValueError(
                f"unknown schedule {self.schedule!r}, expected one of {', '.join(SCHEDULES)}"
            )
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"unknown precision {self.precision!r}, expected one of {', '.join(PRECISIONS)}"
            )
        if self.coherent and self.nonlinearity != "signed_relu":
            raise ValueError(f"coherent needs signed_relu units, got {self.nonlinearity}")
        whole = {"batch": self.batch, "epochs": self.epochs, "examples": self.examples}
        for name, n in whole.items():
            optional = name == "examples" and n is None
            if not optional and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
                raise ValueError(f"{name} is {n!r}, expected a whole number of at least 1")
        layered = isinstance(self.learning_rate, tuple)
        for rate in self.learning_rate if layered else (self.learning_rate,):
            if not isinstance(rate, int | float) or not rate > 0:
                raise ValueError(
                    f"learning_rate is {self.learning_rate!r}, expected a positive number"
                )
        for name in ("own_learning_rate", "weight_decay", "stop_below"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and value >= 0):
                raise ValueError(f"{name} is {value!r}, expected a number of at least 0")
        if len(self.sizes) < 3:
            raise ValueError(f"sizes needs at least one hidden layer, got {self.sizes}")
        if layered and len(self.learning_rate) != len(self.sizes) - 1:
            raise ValueError(
                f"learning_rate has {len(self.learning_rate)} rates, expected "
                f"{len(self.sizes) - 1}: one a layer"
            )

    def batches(self, n: int, random: torch.Generator) -> tuple[Tensor, ...]:
        """The indices of n examples, one tensor for each update of an epoch."""
        order = torch.randperm(n, generator=random) if self.shuffled else torch.arange(n)
        return order.split(self.batch)

    @property
    def label(self) -> str:
        """Hidden layers as in the papers' tables: "2x800 tanh"."""
        hidden = self.sizes[1:-1]
        widths = (
            f"{len(hidden)}x{hidden[0]}" if len(set(hidden)) == 1 else "-".join(map(str, hidden))
        )
        return f"{widths} {self.nonlinearity}"


class Descent:
    """Applies updates in place: plain gradient descent by hand, the others by torch.optim."""

    def __init__(self, setting: Setting, network: Network, own: dict):
        self.layers, self.own, self.decay = network.layers, own, setting.weight_decay
        self.schedule = setting.schedule
        self.biased = setting.biases is not None
        self.coherent = network.make_coherent if setting.coherent else None
        rates = setting.learning_rate
        if not isinstance(rates, tuple):
            rates = (rates,) * len(network.layers)
        self.rates = dict(zip(network.layers, rates, strict=True))
        given = setting.own_learning_rate
        self.own_rates = self.rates if given is None else dict.fromkeys(self.rates, given)
        self.optimiser = None
        if setting.optimiser != "sgd":
            groups = defaultdict(list)  # by rate and decay
            for l, layer in network.layers.items():
                groups[self.rates[l], self.decay].append(layer.W)
                groups[self.rates[l], 0.0].append(layer.b)
            for name in setting.rule.learned:
                for l, w in own[name].items():
                    groups[self.own_rates[l], self.decay].append(w)
            self.optimiser = OPTIMISERS[setting.optimiser](
                [{"params": p, "lr": r, "weight_decay": d} for (r, d), p in groups.items()],
                lr=self.rates[1],
            )
            self.full = [group["lr"] for group in self.optimiser.param_groups]

    def fraction(self, done: float) -> float:
        """Of the learning rates, when this share of all updates is done."""
        return 1 - done if self.schedule == "linear" else 1.0

    def apply(self, update: Update, fraction: float = 1.0):
        """One step at this fraction of the learning rates."""
        if not self.biased:
            update = Update(update.W, {}, update.own)
        self._step(update, fraction)
        if self.coherent:
            self.coherent()

    def _step(self, update: Update, fraction: float):
        if self.optimiser is not None:
            for group, full in zip(self.optimiser.param_groups, self.full, strict=True):
                group["lr"] = full * fraction
            for parameter, direction in self._pairs(update.dense()):
                parameter.grad = direction
            self.optimiser.step()
            self.optimiser.zero_grad()  # frees the update before the next one is made
            return
        for l, db in update.b.items():
            self.layers[l].b.sub_(db, alpha=self.rates[l] * fraction)
        for l, dW in update.W.items():
            self._descend(self.layers[l].W, dW, self.rates[l] * fraction)
        for name, updates in update.own.items():
            for l, dB in updates.items():
                self._descend(self.own[name][l], dB, self.own_rates[l] * fraction)

    def _pairs(self, update: Update) -> Iterator[tuple[Tensor, Tensor]]:
        for l, dW in update.W.items():
            yield self.layers[l].W, dW
        for l, db in update.b.items():
            yield self.layers[l].b, db
        for name, updates in update.own.items():
            for l, dB in updates.items():
                yield self.own[name][l], dB

    def _descend(self, W: Tensor, dW: Product | Tensor, rate: float):
        if self.decay:
            W.mul_(1 - rate * self.decay)
        if isinstance(dW, Product):
            dW.descend(W, rate)
        else:
            W.sub_(dW, alpha=rate)


def answers(y: Tensor) -> Tensor:
    """[batch, answers] from one network's y, or from [answers, batch, 1] of networks apart."""
    return y.squeeze(-1).mT if y.dim() == 3 else y


def misses(y: Tensor, label: Tensor) -> Tensor:
    """Wrong answers, the answer being the largest output, [1]; of values, squared errors [n]."""
    if label.dim() == 1:
        return (y.argmax(-1) != label).sum().view(1)
    return (y - label).square().sum(0)


def rates(missed: Tensor, label: Tensor) -> Tensor:
    """misses over a split: in % of its examples or, of values, in units of their variance."""
    if label.dim() == 1:
        return 100 * missed / len(label)
    return missed / (len(label) * label.var(0, correction=0))


def error_rates(
    answer: Callable[[Tensor], Tensor], split: data.Split, classes: int, chunk: int = 2000
) -> Tensor:
    """The error in % [1] or, of a regression, the normalised error of every value [classes].

    answer  x -> y
    """
    missed = 0
    for x, label in zip(split.x.split(chunk), split.label.split(chunk), strict=True):
        y = answers(answer(x))[:, :classes]
        missed = missed + misses(y, label)
    return rates(missed, split.label)


def targets(label: Tensor, classes: int, apart: bool, dtype: torch.dtype) -> Tensor:
    """t [n, classes] of one network, or [classes, n, 1] of networks apart, classes as -1 and 1."""
    t = (data.one_hot(label, classes) if label.dim() == 1 else label).to(dtype)
    if not apart:
        return t
    return (t if label.dim() == 2 else 2 * t - 1).mT.unsqueeze(-1)


def build(setting: Setting, seed: int, classes: int) -> Network:
    """The network of a setting, or the `classes` networks side by side that answer for it."""
    seeds = range(seed * classes, (seed + 1) * classes) if setting.apart else seed
    return make_network(
        setting.sizes, seeds, setting.nonlinearity, setting.output, setting.weights,
        setting.biases or Init("zero"), PRECISIONS[setting.precision], setting.sent,
    )  # fmt: skip


def run(setting: Setting, seed: int) -> list[dict]:
    """Train once; returns tidy rows of epoch, layer, metric, value, unit.

    Epochs count from 1, with fractions inside the first. Metrics: train error (running, over the
    epoch) and validation error after each epoch; test error after the last one and after
    setting.test_epochs; the rows of diagnostics.alignment at the start, early in the first epoch,
    after epochs 1, 2, 5, 10, ... and at the end; of a network that settles, the mean number of
    steps in every phase of an epoch; the CPU time of the whole run. Nothing is chosen by the test
    error. A regression has the normalised mean squared error, nMSE, in its place, the
    mean over the values, and at the end the test nMSE of each.
    """
    clock = time.process_time()
    random = streams(seed)
    dataset = data.load(setting.dataset)
    _check_fit(setting, dataset)
    classes, dtype = len(dataset.classes), PRECISIONS[setting.precision]
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    x = x.to(dtype)
    t = targets(label, classes, setting.apart, dtype)
    network = build(setting, seed, classes)
    own = own_parameters(setting.rule, setting.sizes, seed, dtype)
    ch = Channels(network, own, random, len(x))
    descent = Descent(setting, network, own)
    probe_ch = Channels(network, own, streams(seed))
    probe = dataset.validation.x[:PROBE].to(dtype)
    probe_ch.teach(targets(dataset.validation.label[:PROBE], classes, setting.apart, dtype))
    kind, unit = ("nMSE", "1") if dataset.regression else ("error", "%")

    rows, step, running = [], 0, 100.0
    updates = math.ceil(len(x) / setting.batch)  # in an epoch
    total = updates * setting.epochs

    def record(metric, value, unit=unit, layer=0):
        row = {"epoch": step / updates, "layer": layer, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    def batches():
        return setting.batches(len(x), random["order"])

    def answer(x):
        return setting.rule.answer(probe_ch, x.to(dtype))

    def diagnose():
        for row in alignment(setting.rule, probe_ch, probe):
            record(row["metric"], row["value"], row["unit"], row["layer"])

    diagnose()
    for epoch in range(1, setting.epochs + 1):
        if setting.rule.prepares:
            for index in batches():
                descent.apply(setting.rule.prepare(ch, x[index]), descent.fraction(step / total))
        missed, settled = 0, Counter()
        for index in batches():
            trace, update = setting.rule.step(ch.teach(t[..., index, :], index), x[index])
            descent.apply(update, descent.fraction(step / total))
            missed = missed + misses(answers(trace.h[network.L])[:, :classes], label[index])
            step += 1
            settled.update(trace.taken())
            if step in EARLY and step < updates:
                diagnose()
        train = rates(missed, label).mean()
        running = 0.75 * running + 0.25 * float(train)
        enough = setting.stop_below is not None and running <= setting.stop_below
        last = enough or epoch == setting.epochs
        record(f"train {kind}", train)
        for name, steps in settled.items():
            if steps:
                record(f"steps, {name}", steps / updates, "1")
        record(f"validation {kind}", error_rates(answer, dataset.validation, classes).mean())
        if last or epoch in setting.test_epochs:
            test = error_rates(answer, dataset.test, classes)
            record(f"test {kind}", test.mean())
            if dataset.regression:
                for name, value in zip(dataset.classes, test, strict=True):
                    record(f"test {kind} of {name}", value)
        if last or epoch in ROUND:
            diagnose()
        if last:
            break
    record("cpu time", time.process_time() - clock, "s")
    return rows


def _check_fit(setting: Setting, dataset: data.Dataset):
    """Refuse a network that does not fit the data."""
    output, given = OUTPUTS[setting.output], setting.sizes[-1]
    inputs = dataset.train.x.shape[1]
    outputs = output.units * (1 if setting.apart else len(dataset.classes))
    if setting.sizes[0] != inputs or not (given == outputs or (output.spare and given > outputs)):
        raise ValueError(
            f"sizes {setting.sizes} do not fit {setting.dataset}: expected {inputs} inputs and "
            f"{outputs} outputs{' or more' if output.spare else ''}"
        )
