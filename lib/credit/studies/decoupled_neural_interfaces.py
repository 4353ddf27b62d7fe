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

CONDITIONS = {"backprop": "backprop", "shallow": "shallow baseline"}


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
    """A search of rates: network, condition, its rates and the validation error of its run."""
    rows = []
    for row in results.final(frame, "validation error").itertuples():
        network, kind, *rates = row.setting.split(", ")
        rate, *models = (text.rpartition(" ")[2] for text in rates)
        models = f"`{models[0]}`" if models else "–"
        layers, units = network.split()
        condition = _condition(row.method, kind)
        rows.append((layers.split("x")[0], units, condition, f"`{rate}`", models, row.value))
    columns = ["hidden layers", "units", "condition", "rate", "rate of the models"]
    columns.append("validation error, %")
    table = pd.DataFrame(rows, columns=columns)
    sizes = table[["rate", "rate of the models"]].map(lambda rate: float(rate.strip("`–") or 0))
    order = table.assign(**sizes).sort_values(columns[:5]).index
    return table.loc[order].reset_index(drop=True)


def ends_table(*frames: pd.DataFrame) -> pd.DataFrame:
    """How the runs of networks of several depths ended, a condition in a row."""
    rows = []
    for frame in frames:
        for (setting, method), part in results.final(frame).groupby(["setting", "method"]):
            network, _, kind = setting.partition(", ")
            layers, units = network.split()
            errors = part["value"]
            rows.append(
                {
                    "hidden layers": layers.split("x")[0],
                    "units": units,
                    "condition": _condition(method, kind),
                    "epochs": f"{part['epoch'].max():.0f}",
                    "test error, %": mean_in_words(errors),
                    "lowest to highest seed": f"{errors.min():.2f} to {errors.max():.2f}",
                    "n": str(len(errors)),
                }
            )
    order = ["hidden layers", "units", "condition", "epochs"]
    return pd.DataFrame(rows).sort_values(order, ignore_index=True)


def _condition(method: str, kind: str) -> str:
    """In words; kind is what stands behind the network in a setting."""
    kinds = {"label broadcast": "label alone", "label unseen": "DNI, label unseen"}
    return kinds.get(kind) or CONDITIONS.get(method, "cDNI")


def by_rate(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """A search labelled as in 14-normalised-tuning: {rule: validation errors}, from the smallest
    rate to the largest."""
    ends = results.final(frame, "validation error")
    parts = ends["setting"].str.extract(r", (?P<rule>\w+), rate (?P<rate>\S+)$")
    ends = ends.assign(rule=parts["rule"], rate=parts["rate"].astype(float)).sort_values("rate")
    return {rule: part.set_index("rate")["value"] for rule, part in ends.groupby("rule")}
