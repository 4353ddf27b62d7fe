"""The spiking sections of the notebooks: one pathway beside random feedback, backprop's way and
fixed hidden synapses, in one network of spiking neurons, and beside backprop in rates."""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import pandas as pd

from credit.evidence import results, verdicts
from credit.evidence.claims import Claim, claim
from credit.evidence.glossary import difference, less, ordered, teaches, undecided, values
from credit.spiking.pathways.base import Pathway

REFERENCES = {
    "200 direct": "random feedback",
    "200 symmetric": "backprop's way",
    "200 none": "none: hidden synapses fixed",
}
RATES = {"backprop": "backprop, in rates", "shallow": "none, in rates"}
IN_RATES = "1x200 relu"


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
        rows = self.runs[(self.runs["setting"] == label) & (self.runs["metric"] == metric)]
        rows = rows[rows["epoch"] == rows["epoch"].max()]
        return rows.groupby("seed")["value"].sum().mean()

    def table(self) -> pd.DataFrame:
        rows = []
        for label, name in (self.named | RATES).items():
            row = {"way of the error": name}
            row["test error, %"] = verdicts.mean_in_words(self.errors[label])
            if label in self.named:
                row |= {
                    "spikes per image": f"{self.count(label, 'spikes, test'):,.0f}",
                    "synaptic events": f"{self.count(label, 'synaptic events, test'):,.0f}",
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
        error, fixed = self.errors[label], self.errors["200 none"]
        name = self.named[label]
        name = name[0].upper() + name[1:]
        yield claim(
            "{name} ends at {e:.2f} % test error, and with hidden synapses fixed it is {s:.1f} %: "
            "the events teach the hidden layer.",
            teaches(error, fixed),
            name=name, e=error.mean(), s=fixed.mean(),
        )  # fmt: skip
        for other in ("200 direct", "200 symmetric"):
            if other != label:
                yield self._beside(error, self.errors[other], REFERENCES[other])
        backprop = self.errors["backprop"]
        yield claim(
            "Backprop in rates, with the same images, has {bp:.2f} %, and the error in spikes is "
            "{times:.1f} times that.",
            less(backprop, error),
            bp=backprop.mean(), times=error.mean() / backprop.mean(),
        )  # fmt: skip
        spikes, events = (
            self.count(label, f"{what}, test") for what in ("spikes", "synaptic events")
        )
        products = sum(n * m for n, m in pairwise((784, 200, 10)))
        yield claim(
            "A test image takes {spikes:,.0f} spikes, which make {events:,.0f} synaptic events, "
            "where the network of rates has {products:,} products. What the output got wrong in an "
            "image is told in {sent:.0f} events.",
            0 < self.count(label, "error events, learning") < spikes,
            spikes=spikes, events=events, products=products,
            sent=self.count(label, "error events, learning"),
        )  # fmt: skip
        yield claim(
            "What is still no spike: {these}.",
            bool(pathway.not_spikes),
            these="; ".join(pathway.not_spikes),
        )

    def _beside(self, error: pd.Series, other: pd.Series, name: str) -> Claim:
        d, low, high = difference(error, other)
        if undecided(error, other):
            return claim(
                "Five seeds cannot tell it from {name} ({o:.2f} %): the difference lies between "
                "{low:+.2f} and {high:+.2f} points.",
                undecided(error, other),
                name=name, o=other.mean(), low=low, high=high,
            )  # fmt: skip
        return claim(
            "That is {d:.2f} points {way} than {name} ({o:.2f} %).",
            ordered(error, other) if d < 0 else ordered(other, error),
            d=abs(d), way="less" if d < 0 else "more", name=name, o=other.mean(),
        )  # fmt: skip
