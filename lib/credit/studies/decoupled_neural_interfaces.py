"""Synthetic gradients: what learns while layers are locked; figures and tables of the runs."""

from collections.abc import Mapping

import pandas as pd
import torch

from credit.evidence import results
from credit.evidence.verdicts import mean_in_words
from credit.experiments.decoupled_neural_interfaces import HE
from credit.nets.channels import Channels
from credit.nets.networks import Trace, make_network
from credit.nets.streams import streams
from credit.rules.base import Rule, Update
from credit.rules.decoupled_neural_interfaces import DecoupledNeuralInterfaces


class Locked(Channels):
    """Channels that end at a layer, as if nothing above it had happened yet."""

    top = 0  # the last layer that is open

    def _check(self, l: int):
        if l > self.top:
            raise LookupError(f"layer {l} is locked")

    def drive(self, l, h):
        self._check(l)
        return super().drive(l, h)

    def phi(self, l, a):
        self._check(l)
        return super().phi(l, a)

    def back(self, l, signal, weights):
        self._check(l)
        return super().back(l, signal, weights)

    def error(self, trace):
        self._check(self.L)
        return super().error(trace)

    def gradient(self, l, delta, h):
        self._check(l)
        return super().gradient(l, delta, h)


def learned_while_locked(rule: Rule, sizes=(20, 15, 15, 15, 5), seed: int = 0) -> pd.DataFrame:
    """Which layers get their whole update, bit for bit, while everything above one is locked.

    Returns one row per last open layer: columns rule, open up to layer, layers that learn
    """
    network, random = make_network(sizes, seed, "relu", weights=HE), streams(seed)
    own = {name: {} for name in rule.learned}
    for name, tensors in rule.draw(sizes, random).items():  # as if something had been learned
        own[name] = {l: torch.randn(w.shape, generator=random["noise"]) for l, w in tensors.items()}
    x = torch.randn(16, sizes[0], generator=random["noise"])
    t = torch.eye(sizes[-1])[torch.arange(16) % sizes[-1]]
    whole = rule.step(Channels(network, own, streams(seed)).teach(t), x)[1].dense()
    rows = []
    for top in range(1, len(sizes)):
        ch, trace, update = Locked(network, own, streams(seed)), Trace(h={0: x}, a={}), Update()
        ch.top = top
        ch.teach(t)
        try:
            if isinstance(rule, DecoupledNeuralInterfaces) and not rule.lam:
                for l in range(1, ch.L + 1):
                    rule.block(ch, l, trace, update)
            else:
                update = rule.step(ch, x)[1]
        except LookupError:
            pass
        same = [
            str(l)
            for l, dW in update.dense().W.items()
            if torch.equal(dW, whole.W[l]) and torch.equal(update.b[l], whole.b[l])
        ]
        learn = ", ".join(sorted(same)) or "none"
        rows.append({"rule": rule.short, "open up to layer": str(top), "layers that learn": learn})
    return pd.DataFrame(rows)


def shares_table(runs: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Test errors of blocks that work on a share of the batches, and of the baselines beside them.

    runs  {"p = 0.2", "BP" or "shallow": one value per seed}
    """
    rows = []
    for name, errors in runs.items():
        case = {"BP": "backprop", "shallow": "shallow baseline"}.get(name, f"cDNI, `{name}`")
        span = f"{errors.min():.2f} to {errors.max():.2f}"
        error = mean_in_words(errors)
        rows.append((case, error, span, len(errors)))
    columns = ["condition", "test error, %", "lowest to highest seed", "n"]
    return pd.DataFrame(rows, columns=columns)


def rates_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A search of rates: units, condition, its rates and the validation error of its run."""
    rows = []
    names = {"backprop": "backprop", "shallow": "shallow baseline"}
    for row in results.final(frame, "validation error").itertuples():
        network, kind, *rates = row.setting.split(", ")
        rate, *models = (text.rpartition(" ")[2] for text in rates)
        case = "label alone" if kind == "label broadcast" else names.get(row.method, "cDNI")
        models = f"`{models[0]}`" if models else "–"
        rows.append((network.split()[1], case, f"`{rate}`", models, row.value))
    columns = ["units", "condition", "rate", "rate of the models", "validation error, %"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:3], ignore_index=True)


def by_rate(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """A search labelled as in 14-normalised-tuning: {rule: validation errors}, from the smallest
    rate to the largest."""
    ends = results.final(frame, "validation error")
    parts = ends["setting"].str.extract(r", (?P<rule>\w+), rate (?P<rate>\S+)$")
    ends = ends.assign(rule=parts["rule"], rate=parts["rate"].astype(float)).sort_values("rate")
    return {rule: part.set_index("rate")["value"] for rule, part in ends.groupby("rule")}
