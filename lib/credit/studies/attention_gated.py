"""Attention-gated learning: how many more epochs than backprop, and how often a synapse learns."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from credit.evidence.verdicts import interval
from credit.experiments.attention_gated import BRAINPROP, DECAY, SYMMETRIC
from credit.nets.channels import Channels
from credit.nets.networks import Network
from credit.nets.streams import streams
from credit.rules.attention_gated import AttentionGated
from credit.rules.backprop import Backprop
from credit.tasks import data
from credit.training.descent import Descent
from credit.training.diagnostics import angle
from credit.training.run import build


def epochs_to(frame: pd.DataFrame, accuracy: float) -> pd.Series:
    """Epochs until the validation accuracy first reaches this many %, a value per run, interpolated
    between the two epochs around it; inf where that is never, nan where within the first epoch.

    frame   tidy rows of an experiment. Returns a series by (method, setting, seed)
    """
    rows = frame[frame["metric"] == "validation error"].sort_values("epoch")

    def crossing(run: pd.DataFrame) -> float:
        epoch, error = run["epoch"].to_numpy(), run["value"].to_numpy()
        reached = error <= 100 - accuracy
        i = int(reached.argmax())
        if i == 0:
            return float("nan" if reached[0] else "inf")
        share = (error[i - 1] - (100 - accuracy)) / (error[i - 1] - error[i])
        return float(epoch[i - 1] + share * (epoch[i] - epoch[i - 1]))

    keys = ["method", "setting", "seed"]
    return pd.Series({key: crossing(run) for key, run in rows.groupby(keys)}).sort_index()


def slowdown(
    frame: pd.DataFrame,
    pairs: Mapping[str, tuple[tuple[str, str], tuple[str, str]]],
    accuracies: Sequence[float],
) -> pd.DataFrame:
    """How many times the epochs, seed by seed, with the 95 % interval of the mean.

    pairs   {name: (ours, theirs)}, each (method, setting). Returns columns pair, accuracy, mean,
            half_width and n, of the seeds with a ratio; ours_never, theirs_never, early and
            diverged, the seeds without one: a run never gets there, or one is there within its
            first epoch, or one diverged before it had any accuracy
    """
    rows = []
    for accuracy in accuracies:
        epochs = epochs_to(frame, accuracy)
        for name, pair in pairs.items():
            ours, theirs = (epochs[p] for p in pair)
            seeds = ours.index.union(theirs.index)
            diverged = ~(seeds.isin(ours.index) & seeds.isin(theirs.index))
            ours, theirs = ours.reindex(seeds), theirs.reindex(seeds)
            never = [ours == float("inf"), theirs == float("inf")]
            early = (ours.isna() | theirs.isna()) & ~never[0] & ~never[1] & ~diverged
            ratio = (ours / theirs)[~early & ~never[0] & ~never[1] & ~diverged]
            counts = (len(ratio), *(int(x.sum()) for x in (*never, early, diverged)))
            rows.append((name, accuracy, *interval(ratio), *counts))
    numbers = ["mean", "half_width", "n", "ours_never", "theirs_never", "early", "diverged"]
    return pd.DataFrame(rows, columns=["pair", "accuracy", *numbers])


def slowdown_table(slow: pd.DataFrame, ranges: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """A row per pair and accuracy: how many times the epochs, beside the printed ranges.

    slow    of slowdown
    ranges  {whose: (lowest, highest)}
    """
    rows = []
    for row in slow.itertuples():
        several = row.half_width == row.half_width  # an interval needs three runs
        counts = {
            "BrainProp never there": row.ours_never,
            "backprop never": row.theirs_never,
            "there in the first epoch": row.early,
            "diverged": row.diverged,
        }
        shown = {"beside backprop of": row.pair, "to reach": f"{row.accuracy:g} %"}
        shown["times the epochs"] = f"{row.mean:.1f} ± {row.half_width:.1f}" if several else "–"
        for whose, (low, high) in ranges.items():
            printed = f"{whose}: {low:g} to {high:g}"
            shown[printed] = place(row.mean, row.half_width, low, high)
        shown["n"] = str(row.n)
        shown["seeds without a ratio"] = "; ".join(f"{k}: {n}" for k, n in counts.items() if n)
        rows.append(shown)
    return pd.DataFrame(rows)


def forgotten(epochs: int) -> float:
    """The share of the first difference between B and W that weight decay takes away in training:
    both get the same increments, so that it alone changes their difference."""
    updates = epochs * math.ceil(len(data.load("mnist").train.x) / BRAINPROP.batch)
    return 1 - (1 - BRAINPROP.learning_rate * DECAY) ** updates


def dense_table(frame: pd.DataFrame, names: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Mean validation error after each epoch and how many runs diverged.

    names  {(method, setting): what the row is called}
    """
    shown = []
    for (method, setting), name in names.items():
        part = frame[(frame["method"] == method) & (frame["setting"] == setting)]
        lost = part[part["metric"] == "diverged"]["seed"].nunique()
        mean = part[part["metric"] == "validation error"].groupby("epoch")["value"].mean()
        row = {"validation error, %": name}
        row |= {f"epoch {e}": f"{mean[e]:.2f}" if e in mean else "" for e in (1, 2, 3, 4)}
        shown.append(row | {"diverged": f"{lost} of {part['seed'].nunique()}"})
    return pd.DataFrame(shown)


def place(mean: float, half_width: float, low: float, high: float) -> str:
    """Where a mean lies beside a published range, within chance of what its interval reaches, too;
    below three runs nowhere."""
    if not half_width >= 0:
        return "too few runs"
    if low <= mean <= high:
        whole = low <= mean - half_width and mean + half_width <= high
        return "inside" if whole else "inside, within chance"
    beyond, edge = ("below", low) if mean < low else ("above", high)
    return beyond if abs(mean - edge) > half_width else f"{beyond}, within chance"


@dataclass(frozen=True)
class _Ranked(AttentionGated):
    """BrainProp whose choice is not the largest output but the one of this rank."""

    rank: int = 0

    def _choice(self, q, chance):
        return q.argsort(-1, descending=True)[..., self.rank]


def turns(steps: Sequence[int], seed: int = 0, batch: int = 512) -> pd.DataFrame:
    """Angle to backprop when the k most valued actions of every example take a turn each.

    steps   BrainProp updates before the look. Returns columns updates, turns, angle (deg, over all
            layers), length (of the sum, beside backprop's)
    """
    sample = data.load("mnist").train
    network, random = build(BRAINPROP, seed, 10), streams(seed)
    ch = Channels(network, {}, random)
    descent = Descent(BRAINPROP, network, {})
    rows = []
    for step in range(max(steps) + 1):
        if step in steps:
            rows += [(step, *row) for row in _turns(network, ch, sample, batch)]
        index = torch.randint(len(sample.x), (BRAINPROP.batch,), generator=random["order"])
        ch.teach(data.one_hot(sample.label[index], 10))
        descent.apply(SYMMETRIC.step(ch, sample.x[index])[1])
    return pd.DataFrame(rows, columns=["updates", "turns", "angle", "length"])


def _turns(network: Network, ch: Channels, sample, batch: int) -> list[tuple]:
    ch.teach(data.one_hot(sample.label[:batch], 10))
    x = sample.x[:batch]

    def flat(rule):
        return torch.cat([dW.flatten() for dW in rule.step(ch, x)[1].dense().W.values()])

    whole, total, rows = flat(Backprop()), 0.0, []
    for k in range(network.answers):
        total = total + flat(_Ranked(rank=k))
        length = float(total.norm() / whole.norm())
        rows.append((k + 1, float(angle(total, whole)), length))
    return rows
