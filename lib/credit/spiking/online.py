"""Online learning of images by spiking neurons: one compiled run after the other, a chunk of images
each, and what is measured meanwhile. The networks are those of event_driven and two_phases."""

import os
from collections import Counter
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Generator, Tensor

from credit.nets.networks import Init
from credit.nets.plain import check_sizes, one_of, plain, real, whole
from credit.nets.streams import streams
from credit.spiking.simulation import Simulation
from credit.tasks import data

SCHEDULES = ("linear", "constant")


@dataclass(frozen=True)
class Online:
    """One experiment in spikes: what all networks have in common.

    A network adds what is its own, and says how it is made and fed.
    """

    rule: object
    sizes: tuple[int, ...] = (784, 200, 10)
    dataset: str = "mnist"
    white: float = 100.0  # Hz, rate of a white pixel
    learning_rate: float = 0.005  # mV, of the output's synapses
    hidden_rate: float = 0.03  # mV, of the others
    spread: float = 50.0  # mV, standard deviation of the first weights times sqrt(fan-in)
    schedule: str = "linear"  # of the rates, down to 0, in steps of a chunk; or constant
    epochs: int = 2
    examples: int | None = None  # of the training split; None: all
    chunk: int = 2500  # images in one run of the network, while it learns

    def __post_init__(self):
        base = {f.name: f.type for f in fields(self)}["rule"]
        if not isinstance(self.rule, base):
            raise ValueError(f"rule is {self.rule!r}, expected a {base.__name__}")
        object.__setattr__(self, "sizes", plain(self.sizes))
        check_sizes(self.sizes)
        one_of("schedule", self.schedule, SCHEDULES)
        real("white", self.white, "more than 0 Hz", lambda v: v > 0)
        for name in ("learning_rate", "hidden_rate", "spread"):
            real(name, getattr(self, name), "at least 0", lambda v: v >= 0)
        for name in ("epochs", "chunk", "examples"):
            if name != "examples" or self.examples is not None:
                whole(name, getattr(self, name))

    @property
    def label(self) -> str:
        """Hidden layers and how they are taught: "200 direct"."""
        told = ", shuffled" if self.rule.shuffled else ""
        return f"{'-'.join(map(str, self.sizes[1:-1]))} {self.rule.short}{self.form}{told}"

    @property
    def form(self) -> str:
        """What is particular about the network, as in a label."""
        return ""

    def program(self) -> "Online":
        """A setting that asks for the same program: what is only a value of a run, or a number of
        runs, is the same in all of them."""
        same = {"learning_rate": 1.0, "hidden_rate": 1.0, "spread": 1.0, "schedule": "linear"}
        return replace(self, rule=self.rule.program(), epochs=1, examples=None, **same)

    def simulation(self) -> Simulation:
        """The network, ready to be run on one chunk of images."""
        raise NotImplementedError

    def first(self, l: int, w: np.ndarray) -> np.ndarray:
        """The weights of layer l at the start, of those [n_{l-1}, n_l] that were drawn."""
        return w

    def images(self, rate: float) -> int:
        """How many images one run of the network shows at this rate of learning."""
        return self.chunk

    def values(
        self, x: Tensor, label: Tensor, teacher: Tensor, rate: float, random: dict[str, Generator]
    ) -> dict:
        """{name in Model.given: its value} in a run on these images; arguments as Learner.show."""
        raise NotImplementedError

    def derived(self, W: dict[str, np.ndarray]) -> dict:
        """{name in Model.given: its value} where it follows from the weights, as Learner.W."""
        return {}

    def answers(self, scores: np.ndarray, rate: float) -> Tensor:
        """[images], of what the monitor of a run says, [outputs, times]; of a regression
        [images, outputs]."""
        return torch.from_numpy(scores.argmax(0))


class Learner:
    """A network between its runs: the weights, and what a run of the network says.

    W  {name: weights}: w_l [n_{l-1}, n_l] in volts and those of the rule, flat, in SI
    """

    def __init__(self, setting: Online, seed: int):
        self.setting, self.random = setting, streams(seed)
        self.simulation = setting.simulation()
        weights, n = Init("normal_fan_in", setting.spread * 1e-3), setting.sizes
        self.W = {
            f"w{l}": setting.first(l, weights.draw((n[l], m), self.random["weights"]).T.numpy())
            for l, m in enumerate(n[:-1], 1)
        }
        self.W = {name: w.ravel() for name, w in self.W.items()}
        self.W |= setting.rule.draw(n, self.random)

    def show(self, x: Tensor, label: Tensor, rate: float = 0.0, teacher: Tensor | None = None):
        """Show images, one after the other, in runs of the network of one chunk each.

        x        [n, pixels], n a multiple of the images of one run
        label    [n], heard only where rate > 0; of a regression [n, outputs]
        rate     of learning, in units of the setting's; 0 is without teacher and plasticity
        teacher  [n], the labels of which the hidden neurons hear; by default the same
        Returns  the answers, as label, and {what: number per image}
        """
        setting, answers, total = self.setting, [], Counter()
        chunk = setting.images(rate)
        teacher = label if teacher is None else teacher
        for start in range(0, len(x), chunk):
            part = slice(start, start + chunk)
            values = setting.values(x[part], label[part], teacher[part], rate, self.random)
            seed = int(torch.randint(2**31 - 1, (), generator=self.random["noise"]))
            values |= setting.derived(self.W)
            got = self.simulation.run(values | self.W, seed)
            answers.append(setting.answers(got["scores"], rate))
            if rate > 0:
                self.W |= {name: got[name] for name in got if name in self.W}
            total.update({name: got[name].sum() for name in got if name.startswith("count_")})
        return torch.cat(answers), {
            name.removeprefix("count_"): count / len(x) for name, count in total.items()
        }


def run(setting: Online, seed: int) -> list[dict]:
    """Train once, online, one image at a time; returns tidy rows of epoch, layer, metric, value,
    unit.

    Metrics: train error (of answers given while the network learns) and validation error after
    each epoch; test error after the last, of a regression nMSE in their place, see `missed`; spikes
    and synaptic events per image, of the test images without learning and of the training images
    with it; the CPU time of the whole run, its program included. Nothing is chosen by the test
    error.
    """
    clock, dataset = cpu_time(), data.load(setting.dataset)
    _check_fit(setting, dataset)
    learner = Learner(setting, seed)
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    random, rows, n = learner.random, [], setting.sizes
    kind, unit = ("nMSE", "1") if dataset.regression else ("error", "%")
    for split, rate in ((label, 1.0), (dataset.validation, 0.0), (dataset.test, 0.0)):
        if len(split) % setting.images(rate):
            raise ValueError(
                f"chunk is {setting.chunk} images, {setting.images(rate)} in a run, expected a "
                f"divisor of {len(split)}, the number of images to be shown"
            )
    chunks = len(x) // setting.chunk
    total = chunks * setting.epochs

    def record(epoch, metric, value, unit="%", layer=0):
        row = {"epoch": epoch, "layer": layer, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    def error(split):
        answers, counts = learner.show(split.x, split.label)
        return missed(answers, split.label), counts

    def energy(counts, when):
        spikes = [counts[name] for name in ("input", *_hidden(setting), "output")]
        for l, count in enumerate(spikes):
            record(epoch, f"spikes, {when}", count, "per image", l)
        # a spike times the synapses that a neuron of its layer has
        events = sum(
            count * len(learner.W[f"w{l + 1}"]) / n[l] for l, count in enumerate(spikes[:-1])
        )
        record(epoch, f"synaptic events, {when}", events, "per image")
        sent = sum(count for name, count in counts.items() if "_" in name)
        record(epoch, f"error events, {when}", sent, "per image")

    for epoch in range(1, setting.epochs + 1):
        wrong, counts = 0.0, Counter()
        order = torch.randperm(len(x), generator=random["order"]).split(setting.chunk)
        for k, index in enumerate(order):
            step = (epoch - 1) * chunks + k
            rate = 1 - step / total if setting.schedule == "linear" else 1.0
            teacher = label[index]
            if setting.rule.shuffled:
                teacher = teacher[torch.randperm(len(index), generator=random["choice"])]
            answers, count = learner.show(x[index], label[index], rate, teacher)
            wrong += missed(answers, label[index]) / chunks
            counts.update({name: c / chunks for name, c in count.items()})
        record(epoch, f"train {kind}", wrong, unit)
        energy(counts, "learning")
        record(epoch, f"validation {kind}", error(dataset.validation)[0], unit)
    test, counts = error(dataset.test)
    record(epoch, f"test {kind}", test, unit)
    energy(counts, "test")
    record(epoch, "cpu time", cpu_time() - clock, "s")
    return rows


def _check_fit(setting: Online, dataset: data.Dataset):
    """Refuse a network that does not fit the data, and more examples than there are."""
    given, there = setting.examples or 0, len(dataset.train)
    if given > there:
        raise ValueError(f"examples is {given}, {setting.dataset} has {there} to train on")
    inputs, label = dataset.train.x.shape[1], dataset.train.label
    outputs = label.shape[1] if dataset.regression else len(dataset.classes)
    if (setting.sizes[0], setting.sizes[-1]) != (inputs, outputs):
        raise ValueError(
            f"sizes {setting.sizes} do not fit {setting.dataset}: expected {inputs} inputs and "
            f"{outputs} outputs"
        )


def missed(answers: Tensor, label: Tensor) -> float:
    """Wrong answers in %; of a regression, squared errors in units of the variance, all values
    together."""
    if label.dim() == 1:
        return float(100 * (answers != label).double().mean())
    return float((answers - label).square().sum() / (label - label.mean(0)).square().sum())


def _hidden(setting: Online) -> list[str]:
    return [f"hidden{l}" for l in range(1, len(setting.sizes) - 1)]


def cpu_time() -> float:
    """CPU seconds of this process and of the programs that it has run."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system
