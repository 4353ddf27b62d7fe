"""The spiking sections of the notebooks: one rule beside its references and fixed hidden synapses,
in one network of spiking neurons, and beside backprop in rates."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import pandas as pd

from credit.evidence import results, verdicts
from credit.evidence.claims import Claim, claim
from credit.evidence.glossary import difference, less, ordered, teaches, undecided, values
from credit.spiking.contrasts import base as contrasts
from credit.spiking.contrasts.base import Contrast
from credit.spiking.pathways import base as pathways
from credit.spiking.pathways.base import Pathway

REFERENCES = {
    "200 direct": "random feedback",
    "200 symmetric": "backprop's way",
    "200 direct, shuffled": "random feedback, told other labels",
    "200 none": "none: hidden synapses fixed",
}
RATES = {"backprop": "backprop, in rates", "shallow": "none, in rates"}
IN_RATES = "1x200 relu"
EVENTS = "synaptic events, test"


class InSpikes:
    """What a notebook's pathways, and those that all are compared with, came to.

    experiment  of the notebook
    named       {label of its runs: name in words}
    """

    references = REFERENCES
    beside: tuple[str, ...] = ("02-spiking",)  # experiments of the references and of the rates
    fixed = "200 none"  # labels of the controls
    told = "200 direct, shuffled"
    compared: tuple[str, ...] = ("200 direct", "200 symmetric")  # in sentences
    no_spikes = pathways.NO_SPIKES  # whatever the pathway is
    fans: tuple[int, ...] = (200, 10)  # synapses that a neuron of a layer has with the next
    column = "way of the error"
    size = "of the same size"  # of the network in rates

    def __init__(self, experiment: str, named: dict[str, str]):
        self.named = named | {k: v for k, v in self.references.items() if k not in named}
        runs = [results.load(e) for e in dict.fromkeys((experiment, *self.beside))]
        self.runs = pd.concat(runs, ignore_index=True)

    @cached_property
    def errors(self) -> dict[str, pd.Series]:
        """{label: test error of every seed, %}; of networks in rates by method."""
        ends = results.final(self.runs)
        found = {label: values(ends, setting=label) for label in self.named}
        return found | {m: values(ends, setting=IN_RATES, method=m) for m in RATES}

    def count(self, label: str, metric: str) -> float:
        """Per image, all layers together, mean of the seeds."""
        return self._by_layer(label, metric).sum()

    def _by_layer(self, label: str, metric: str) -> pd.Series:
        """Per image of the last epoch, mean of the seeds; layer 0 is the input."""
        rows = self.runs[(self.runs["setting"] == label) & (self.runs["metric"] == metric)]
        rows = rows[rows["epoch"] == rows["epoch"].max()]
        return rows.groupby("layer")["value"].mean()

    def table(self) -> pd.DataFrame:
        rows = []
        for label, name in (self.named | RATES).items():
            row = {self.column: name}
            row["test error, %"] = verdicts.mean_in_words(self.errors[label])
            if label in self.named:
                row |= {
                    "spikes per image": f"{self.count(label, 'spikes, test'):,.0f}",
                    "synaptic events": f"{self.count(label, EVENTS):,.0f}",
                    "error events": f"{self.count(label, 'error events, learning'):,.1f}",
                }
            rows.append(row | {"n": str(len(self.errors[label]))})
        return pd.DataFrame(rows).fillna("–")

    def in_brief(self, label: str, how: str = "") -> Claim:
        """The answer to the first question, with what is particular about it in a few words."""
        error, fixed = self.errors[label], self.errors[self.fixed]
        times = round(self.runs.loc[self.runs["setting"] == label, "epoch"].max())
        return claim(
            "**In spiking neurons?** Yes, with {layers}{how}: {k} integrate-and-fire neurons that "
            "see each image of MNIST {often} end at {e:.2f} % test error, and at {s:.0f} % with "
            "hidden synapses fixed.",
            teaches(error, fixed),
            layers=("one hidden layer", "two hidden layers")[label.count("-")], how=how,
            k=" and ".join(label.split()[0].split("-")), often=("once", "twice")[times - 1],
            e=error.mean(), s=fixed.mean(),
        )  # fmt: skip

    def sentences(self, label: str, rule: type[Pathway | Contrast]) -> Sequence[Claim]:
        """What is said of a rule: whether it teaches, what it costs, what is no spike."""
        yield self._taught(label)
        error = self.errors[label]
        for other in self.compared:
            if other != label:
                yield self._beside(error, self.errors[other], self.named[other])
        backprop = self.errors["backprop"]
        yield claim(
            "Backprop in a rate network {size}, with the same images, has {bp:.2f} %; the error in "
            "spikes is {times:.1f} times that.",
            less(backprop, error),
            size=self.size, bp=backprop.mean(), times=error.mean() / backprop.mean(),
        )  # fmt: skip
        yield self._spent(label)
        yield claim(
            "What is no spike here: {these}.",
            bool(self.no_spikes),
            these="; ".join((*self.no_spikes, *rule.not_spikes)),
        )

    def _taught(self, label: str) -> Claim:
        error, fixed, told = (self.errors[net] for net in (label, self.fixed, self.told))
        return claim(
            "{name} ends at {e:.2f} % test error; with hidden synapses fixed it is {s:.1f} %, and "
            "with {other} {w:.1f} %: hidden neurons use what they are told of their own image.",
            teaches(error, fixed) and less(error, told),
            name=_capital(self.named[label]), e=error.mean(), s=fixed.mean(),
            other=f"{self.named[self.told].partition(',')[0]} that tells the errors of other "
            "images",
            w=told.mean(),
        )  # fmt: skip

    def _spent(self, label: str) -> Claim:
        spikes, events = self._by_layer(label, "spikes, test"), self.count(label, EVENTS)
        reached = sum(spikes[l] * n for l, n in enumerate(self.fans))
        return claim(
            "A test image takes {spikes:,.0f} spikes, which make {events:,.0f} synaptic events; in "
            "the last pass a training image brings {sent:.0f} error events.",
            math.isclose(events, reached, rel_tol=1e-3),
            spikes=spikes.sum(), events=events,
            sent=self.count(label, "error events, learning"),
        )  # fmt: skip

    def _beside(self, error: pd.Series, other: pd.Series, name: str) -> Claim:
        d, low, high = difference(error, other)
        if undecided(error, other):
            return claim(
                "{n} seeds cannot tell it from {name} ({o:.2f} %): the difference lies between "
                "{low:+.2f} and {high:+.2f} points.",
                undecided(error, other),
                n=len(error), name=name, o=other.mean(), low=low, high=high,
            )  # fmt: skip
        return claim(
            "That is {d:.2f} points {way} than {name} ({o:.2f} %).",
            ordered(error, other) if d < 0 else ordered(other, error),
            d=abs(d), way="less" if d < 0 else "more", name=name, o=other.mean(),
        )  # fmt: skip


class InCoherentNetworks(InSpikes):
    """Kickback's networks: one for every class, with two hidden layers."""

    references: ClassVar = {
        "200-100 symmetric, coherent": "backprop's way, through all layers",
        "200-100 Kickback, shuffled": "Kickback, told other labels",
        "200-100 none, coherent": "none: hidden synapses fixed",
    }
    fixed = "200-100 none, coherent"
    told = "200-100 Kickback, shuffled"
    compared = ("200-100 symmetric, coherent",)
    fans = (200, 10, 1)
    size = "with one hidden layer of 200"


class InTwoPhases(InSpikes):
    """Rules that compare two phases; there are no errors, and so none of other images."""

    references: ClassVar = {
        "200 contrastive Hebbian": "contrastive Hebbian learning",
        "200 untold": "no feedback: hidden synapses stay as they are",
    }
    beside = ("09-spiking", "02-spiking")
    fixed = "200 untold"
    compared = ("200 contrastive Hebbian",)
    no_spikes = contrasts.NO_SPIKES
    column = "rule"

    def table(self):
        return super().table().drop(columns="error events")

    def _taught(self, label):
        error, fixed = self.errors[label], self.errors[self.fixed]
        return claim(
            "{name} ends at {e:.2f} % test error; without feedback, so that hidden synapses stay "
            "as they are, it is {s:.1f} %: hidden neurons use what comes back.",
            teaches(error, fixed),
            name=_capital(self.named[label]), e=error.mean(), s=fixed.mean(),
        )  # fmt: skip

    def _spent(self, label):
        spikes, events = self._by_layer(label, "spikes, test"), self.count(label, EVENTS)
        reached = sum(spikes[l] * n for l, n in enumerate(self.fans))
        learning = self.count(label, "spikes, learning")
        return claim(
            "A test image takes {spikes:,.0f} spikes, which make {events:,.0f} synaptic events on "
            "their way up; a training image, shown twice, takes {learning:,.0f}.",
            math.isclose(events, reached, rel_tol=1e-3) and learning > spikes.sum(),
            spikes=spikes.sum(), events=events, learning=learning,
        )  # fmt: skip


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
