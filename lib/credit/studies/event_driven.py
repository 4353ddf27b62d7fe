"""The spiking sections of the notebooks: one pathway beside random feedback, backprop's way and
fixed hidden synapses, in one network of spiking neurons, and beside backprop in rates."""

import math
from collections.abc import Sequence
from functools import cached_property

import pandas as pd

from credit.evidence import results, verdicts
from credit.evidence.claims import Claim, claim
from credit.evidence.glossary import difference, less, ordered, teaches, undecided, values
from credit.spiking.pathways.base import NO_SPIKES, Pathway

REFERENCES = {
    "200 direct": "random feedback",
    "200 symmetric": "backprop's way",
    "200 direct, shuffled": "random feedback, told other labels",
    "200 none": "none: hidden synapses fixed",
}
RATES = {"backprop": "backprop, in rates", "shallow": "none, in rates"}
IN_RATES = "1x200 relu"
SIZES, EVENTS = (784, 200, 10), "synaptic events, test"


class InSpikes:
    """What a notebook's pathways, and those that all are compared with, came to.

    experiment  of the notebook; the references are those of 02-spiking
    named       {label of its runs: name in words}
    """

    def __init__(self, experiment: str, named: dict[str, str]):
        self.named = named | {k: v for k, v in REFERENCES.items() if k not in named}
        runs = [results.load(e) for e in dict.fromkeys((experiment, "02-spiking"))]
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
            row = {"way of the error": name}
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
        error, fixed = self.errors[label], self.errors["200 none"]
        times = round(self.runs.loc[self.runs["setting"] == label, "epoch"].max())
        return claim(
            "**In spiking neurons?** Yes, with one hidden layer{how}: {k} integrate-and-fire "
            "neurons that see each image of MNIST {often} end at {e:.2f} % test error, and at "
            "{s:.0f} % with hidden synapses fixed.",
            teaches(error, fixed),
            how=how, k=200, often=("once", "twice")[times - 1], e=error.mean(), s=fixed.mean(),
        )  # fmt: skip

    def sentences(self, label: str, pathway: type[Pathway]) -> Sequence[Claim]:
        """What is said of a pathway: whether it teaches, what it costs, what is no spike."""
        error, fixed, told = (
            self.errors[net] for net in (label, "200 none", "200 direct, shuffled")
        )
        name = self.named[label]
        name = name[0].upper() + name[1:]
        yield claim(
            "{name} ends at {e:.2f} % test error; with hidden synapses fixed it is {s:.1f} %, and "
            "with random feedback that tells the errors of other images {w:.1f} %: hidden neurons "
            "use what they are told of their own image.",
            teaches(error, fixed) and less(error, told),
            name=name, e=error.mean(), s=fixed.mean(), w=told.mean(),
        )  # fmt: skip
        for other in ("200 direct", "200 symmetric"):
            if other != label:
                yield self._beside(error, self.errors[other], REFERENCES[other])
        backprop = self.errors["backprop"]
        yield claim(
            "Backprop in a rate network of the same size, with the same images, has {bp:.2f} %; "
            "the error in spikes is {times:.1f} times that.",
            less(backprop, error),
            bp=backprop.mean(), times=error.mean() / backprop.mean(),
        )  # fmt: skip
        spikes, events = self._by_layer(label, "spikes, test"), self.count(label, EVENTS)
        reached = sum(spikes[l] * n for l, n in enumerate(SIZES[1:]))  # in the layer above
        yield claim(
            "A test image takes {spikes:,.0f} spikes, which make {events:,.0f} synaptic events; in "
            "the last pass a training image brings {sent:.0f} error events.",
            math.isclose(events, reached, rel_tol=1e-3),
            spikes=spikes.sum(), events=events,
            sent=self.count(label, "error events, learning"),
        )  # fmt: skip
        yield claim(
            "What is no spike here: {these}.",
            bool(pathway.not_spikes),
            these="; ".join((*NO_SPIKES, *pathway.not_spikes)),
        )

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
