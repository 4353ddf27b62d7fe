"""Recirculation by spikes: what is left of MNIST's images, beside controls, rates and PCA."""

from collections.abc import Sequence
from functools import cache, cached_property

import pandas as pd
import torch

from credit.evidence import results, verdicts
from credit.evidence.claims import Claim, claim
from credit.evidence.glossary import difference, greater, less, values
from credit.experiments import jobs
from credit.experiments.recirculation import ACTIVE, FIXED, SPIKES
from credit.spiking.contrasts import base as contrasts
from credit.studies.in_spikes import not_spikes
from credit.tasks import data

LABEL = "100 recirculation"
IN_SPIKES = {
    LABEL: "recirculation",
    f"{LABEL}, shuffled": "the second pass mixed with another image",
    f"{LABEL}, {FIXED}": "hidden synapses fixed",
    f"{LABEL}, {ACTIVE}": "hidden synapses fixed, neurons with a higher bias",
}
IN_RATES = {
    "recirculation": "rate network, recirculation",
    "backprop": "rate network, backprop",
    "shallow": "rate network, hidden weights fixed",
}


@cache
def pca_left(components: int, dataset: str = SPIKES.dataset) -> float:
    """Variance of the test images that principal components of the training images leave, %."""
    train, test = (getattr(data.load(dataset), part).x.double() for part in ("train", "test"))
    mean = train.mean(0)
    axes = torch.linalg.eigh((train - mean).T @ (train - mean)).eigenvectors[:, -components:]
    rest = (test - mean) - (test - mean) @ axes @ axes.T
    return float(100 * rest.square().sum() / (test - test.mean(0)).square().sum())


class Reconstructed:
    """The runs of 08-recirculation."""

    def __init__(self):
        names = ("08-recirculation", "08-recirculation-active")
        self.runs = pd.concat([results.load(name) for name in names], ignore_index=True)
        self.tried = results.load("08-recirculation-tuning")

    @cached_property
    def left(self) -> dict[str, pd.Series]:
        """{label, or method in rates: variance left of every seed, %}."""
        ends = results.final(self.runs, "test nMSE")
        found = {k: 100 * values(ends, "test nMSE", setting=k) for k in IN_SPIKES}
        return found | {
            m: 100 * values(ends, "test nMSE", setting="1x100 logistic", method=m) for m in IN_RATES
        }

    def count(self, label: str, metric: str, layer: int = 0) -> float:
        """Per image, mean of the seeds; layer 0 is the input."""
        rows = self.runs[(self.runs["setting"] == label) & (self.runs["metric"] == metric)]
        return rows.loc[rows["layer"] == layer, "value"].mean()

    def hidden_rate(self, label: str) -> float:
        """Hz, while an image is tested."""
        shown, hidden = SPIKES.phase / 1000, SPIKES.sizes[1]
        return self.count(label, "spikes, test", 1) / hidden / shown

    def table(self) -> pd.DataFrame:
        rows = []
        for label, name in (IN_SPIKES | IN_RATES).items():
            row = {"": name, "variance left, %": verdicts.mean_in_words(self.left[label])}
            if label in IN_SPIKES:
                row |= {
                    "hidden rate, Hz": f"{self.hidden_rate(label):.0f}",
                    "events at synapses": f"{self.count(label, 'synaptic events, test'):,.0f}",
                }
            rows.append(row | {"n": str(len(self.left[label]))})
        return pd.DataFrame(rows).fillna("–")

    def in_brief(self) -> Claim:
        own, fixed = self.left[LABEL], self.left[f"{LABEL}, {FIXED}"]
        active = self.left[f"{LABEL}, {ACTIVE}"]
        return claim(
            "**Recirculation in spikes?** The synapses back to the pixels learn; for those from "
            "the pixels this is not shown. Reconstructed through {k} hidden neurons, MNIST's "
            "images are left with {own:.0f} % of their variance unexplained, with fixed hidden "
            "synapses {fixed:.0f} %, but with those and a higher bias, tried for them alone, "
            "{active:.0f} %.",
            less(own, fixed) and less(active, own),
            k=SPIKES.sizes[1], own=own.mean(), fixed=fixed.mean(), active=active.mean(),
        )  # fmt: skip

    def sentences(self) -> Sequence[Claim]:
        """What learning in the upward synapses brings, what rates reach, how it was tuned."""
        own, other, fixed, active = (self.left[label] for label in IN_SPIKES)
        same, backprop, flat = (self.left[method] for method in IN_RATES)
        _, low, high = difference(fixed, own)
        fast, few, slow, more = (self.hidden_rate(label) for label in IN_SPIKES)
        yield claim(
            "In spikes recirculation leaves {own:.1f} % of the variance of test images, with "
            "hidden synapses fixed {fixed:.1f} % ({low:.1f} to {high:.1f} points more). Its hidden "
            "neurons have come to fire at {fast:.0f} Hz, the fixed ones at {slow:.0f}.",
            less(own, fixed) and bool(fast > slow),
            own=own.mean(), fixed=fixed.mean(), low=low, high=high, fast=fast, slow=slow,
        )  # fmt: skip
        d, low, high = difference(active, own)
        yield claim(
            "Activity alone does as much and more: {k} hidden neurons with fixed synapses and a "
            "higher bias, at {more:.0f} Hz, leave {active:.1f} %, {d:.1f} points less than "
            "recirculation ({low:.1f} to {high:.1f}). Whether recirculation gains from such a "
            "bias, too, was not tried: no gain from learning in the upward synapses is shown.",
            less(active, own) and bool(slow < more < fast),
            more=more, k=SPIKES.sizes[1], active=active.mean(), d=-d, low=-high, high=-low,
        )  # fmt: skip
        yield claim(
            "Where the second pass is mixed with another image, {other:.1f} % is left, more than "
            "with fixed ones; hidden neurons come to fire at {few:.0f} Hz.",
            greater(other, fixed) and bool(few < slow / 2),
            other=other.mean(), few=few,
        )  # fmt: skip
        principal = pca_left(SPIKES.sizes[1])
        yield claim(
            "In rates, on the same images, backprop leaves {bp:.1f} %, recirculation {same:.1f} % "
            "and a network with fixed hidden weights {flat:.1f} %: after one pass learning those "
            "brings no visible gain. As many principal components leave {pca:.1f} %.",
            not less(backprop, flat)
            and not less(same, flat)
            and less(same, own)
            and greater(backprop, principal),
            bp=backprop.mean(), same=same.mean(), flat=flat.mean(), pca=principal,
        )  # fmt: skip
        yield self.tuned()

    def tuned(self) -> Claim:
        """How the learning rates were found, by the results of the search."""
        setting = next(j.setting for j in jobs("08-recirculation", "paper") if j.name == LABEL)
        searched = jobs("08-recirculation-tuning", "paper")[0].setting
        tried = self.tried[self.tried["metric"] == "validation nMSE"].set_index("setting")["value"]
        pairs = 100 * tried[tried.index.str.startswith(f"{LABEL}, rates ")].sort_values()
        used = f"{LABEL}, rates {setting.learning_rate:g} and {setting.hidden_rate:g} mV"
        own = pairs[pairs.index.str.startswith(used)].iloc[0]
        mixed = 100 * tried[tried.index.str.startswith(f"{LABEL}, lam ")]
        names = [f"{name.rpartition(' ')[2]}: {value:.1f} %" for name, value in mixed.items()]
        return claim(
            "Of {k} pairs of learning rates, each tried on {n:,} images with one seed, the pair "
            "used is the best: {own:.1f} % of the validation images, the next {after:.1f} %. "
            "$\\lambda$ is the paper's {lam:g}; at the same rates, not tuned anew, others leave: "
            "{others}.",
            own == pairs.iloc[0],
            k=len(pairs), n=searched.examples, own=own, after=pairs.iloc[1], lam=setting.rule.lam,
            others=", ".join(names),
        )  # fmt: skip

    def not_spikes(self) -> pd.DataFrame:
        """What the rule needs that spikes do not carry, one in a row."""
        return not_spikes(contrasts.NO_SPIKES, SPIKES.rule)
