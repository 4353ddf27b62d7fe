"""SuperSpike's update beside the gradient of its own surrogate loss, by autograd through time."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from credit.evidence import results
from credit.experiments.superspike import BEST, BEST_RATE, FIGURE_4, PASS, arm, label
from credit.spiking import superspike
from credit.spiking import superspike_torch as fast
from credit.spiking.superspike import SuperSpike
from credit.spiking.superspike_images import Learner
from credit.spiking.superspike_torch import Constants
from credit.spiking.surrogate_backprop import RESETS
from credit.spiking.surrogate_backprop import changes as by_autograd
from credit.tasks import data

SIZES, STEPS, SEEDS = (20, 10, 5), 1000, 20
C = Constants(dt=0.2)
SOLVED = 0.5  # Hz: at most one unmatched spike in four trials


def by_rule(W, x, target, c: Constants, feedback="symmetric", b=None, second=True, traces=None):
    """SuperSpike's m of every layer.

    second  False: eligibilities without their second filter
    traces  Constants of the rule's own filters eps and the eligibility's alpha, by default c
    """
    S, v = [x], []
    for w in W:
        potential, spikes = fast.layer(torch.einsum("t...i,...ij->t...j", S[-1], w), c)
        v.append(potential)
        S.append(spikes)
    e = fast.double(target - S[-1], c)
    own = traces or c
    found = []
    for l in reversed(range(len(W))):
        zt, slope = fast.double(S[l], own), c.slope(v[l])
        found.append(fast.reordered(zt, slope, e, own, second))
        if l == 0:
            continue
        if feedback == "symmetric":
            e = torch.einsum("t...j,...ij->t...i", e, W[l])
        elif feedback == "random":
            e = torch.einsum("t...j,...ji->t...i", e, b)
        else:
            e = e.sum(-1, keepdim=True).expand(*e.shape[:-1], W[l].shape[-2])
    return found[::-1]


def problem(sizes=SIZES, steps: int = STEPS, seeds: Iterable[int] = range(SEEDS), c: Constants = C):
    """Nets that fire, one per seed, with Poisson input and targets: W, x, target, b, in float64."""
    parts = []
    for seed in seeds:
        g = torch.Generator().manual_seed(seed)
        noise = {"generator": g, "dtype": torch.float64}
        W = [(torch.randn(i, o, **noise) + 0.25) * 150 / i**0.5 for i, o in pairwise(sizes)]
        x = (torch.rand(steps, sizes[0], **noise) < 0.02 * c.dt).double()
        target = (torch.rand(steps, sizes[-1], **noise) < 0.03 * c.dt).double()
        parts.append((*W, x, target, torch.randn(sizes[-1], sizes[1], **noise)))
    *W, x, target, b = (torch.stack(p) for p in zip(*parts, strict=True))
    return W, x.movedim(0, 1), target.movedim(0, 1), b


def angle(a: Tensor, b: Tensor) -> Tensor:
    """Between two updates, in degrees, one per net."""
    a, b = a.flatten(1), b.flatten(1)
    a, b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    return torch.rad2deg(2 * torch.atan2((a - b).norm(dim=1), (a + b).norm(dim=1)))


def angles(seeds: Iterable[int] = range(SEEDS)) -> pd.DataFrame:
    """SuperSpike's update against autograd's, one row per case, layer and seed: case, layer, seed,
    value in degrees."""
    rows, seeds = [], list(seeds)

    def record(case, layer, found, want):
        values = angle(found, want).tolist()
        rows.extend(
            {"case": case, "layer": layer, "seed": seed, "value": value}
            for seed, value in zip(seeds, values, strict=True)
        )

    one = problem(SIZES[::2], seeds=seeds)
    (W, x, target, _), (rule,) = one, by_rule(*one[:3], C)
    for reset in RESETS:
        record(f"one layer, reset {reset}", 1, rule, by_autograd(W, x, target, C, reset)[0])
    (exact,) = by_autograd(W, x, target, C, RESETS[0])
    record("one layer, no second filter", 1, by_rule(W, x, target, C, second=False)[0], exact)
    for factor in (0.5, 2.0, 4.0):
        own = replace(C, tau_rise=factor * C.tau_rise, tau_decay=factor * C.tau_decay)
        case = f"one layer, traces {factor:g} times as slow"
        record(case, 1, by_rule(W, x, target, C, traces=own)[0], exact)

    W, x, target, b = problem(seeds=seeds)
    exact = by_autograd(W, x, target, C, RESETS[0])
    for feedback in ("symmetric", "random", "uniform"):
        found = by_rule(W, x, target, C, feedback, b)
        for l in (1, 2):
            record(f"hidden layer, {feedback}", l, found[l - 1], exact[l - 1])
    return pd.DataFrame(rows)


def trains(ways: Iterable[str], seed: int, **changes) -> dict[str, dict]:
    """Nets of Figure 4 after learning, and one whose weights stay: {name: superspike.learn(...)}.

    changes  fields of spiking.superspike.Setting
    """
    base = replace(FIGURE_4, **changes)
    settings = {way: replace(base, rule=SuperSpike(way)) for way in ways}
    settings["plasticity off"] = replace(base, rate=0.0)
    return {name: superspike.learn(setting, seed) for name, setting in settings.items()}


def ended(found: dict) -> float:
    """Unmatched spikes per second, mean of the last 50 trials."""
    return float(found["mismatch"][-50:].mean())


def at_the_end(frame: pd.DataFrame) -> pd.DataFrame:
    """Of committed trains: one row per run with its mismatch in the last 50 trials, the rate of its
    hidden neurons and whether it is solved; columns setting, seed, mismatch, rate, solved."""
    rows = frame[(frame["metric"] == "mismatch") & (frame["epoch"] > frame["epoch"].max() - 50)]
    ends = rows.groupby(["setting", "seed"])["value"].mean().rename("mismatch").reset_index()
    hidden = results.final(frame, "rate").query("layer == 1")[["setting", "seed", "value"]]
    ends = ends.merge(hidden.rename(columns={"value": "rate"}), how="left")
    return ends.assign(solved=ends["mismatch"] < SOLVED)


def patterns_wrong(frame: pd.DataFrame, last: int = 400) -> dict[str, pd.Series]:
    """Of committed runs with patterns to tell apart: the share of the last ones that a net got
    wrong, in %, {setting: by seed}."""
    rows = frame[frame["metric"] == "pattern error"]
    rows = rows[rows["epoch"] > rows["epoch"].max() - last]
    by_net = rows.groupby(["setting", "seed"])["value"].mean()
    return {name: part.droplevel("setting") for name, part in by_net.groupby("setting")}


def images(names: Iterable[str], examples: int, seed: int, tested: int = 1000) -> pd.DataFrame:
    """Error after so many images of MNIST, on `tested` images of the validation set, at the rates
    of 03-mnist: one row per name in ARMS; columns name, error, hidden and output spikes."""
    dataset, rows = data.load(PASS.dataset), []
    for name in names:
        learner = Learner(arm(name, *BEST[name]), seed)
        order = torch.randperm(len(dataset.train.x), generator=learner.random["order"])
        parts = order[:examples].split(PASS.batch)
        for k, index in enumerate(parts):
            share = 1 - k / len(parts)
            learner.learn(dataset.train.x[index], dataset.train.label[index], share)
        x, label = dataset.validation.x[:tested], dataset.validation.label[:tested]
        _, states = learner.show(x)
        right = float((learner.answers(*states[-1]) == label).double().mean())
        spikes = [float(S.sum() / tested) for _, S in states]
        spikes = [float("nan")] * (2 - len(spikes)) + spikes  # without a hidden layer
        rows.append([name, 100 * (1 - right), *spikes])
    return pd.DataFrame(rows, columns=["condition", "error", "hidden spikes", "output spikes"])


# The rates of every condition of 03-mnist: of the output's synapses, of the hidden layer's (or 0).
USED = BEST | {name: (rate, 0.0) for name, rate in BEST_RATE.items()}


def search(name: str) -> pd.DataFrame:
    """What 03-tuning tries for a condition of USED: rate, hidden and the validation error."""
    rows = results.final(results.load("03-tuning"), "validation error")
    own = rows["setting"].str.startswith(f"{label(name)}, rate") & (rows["method"] == "superspike")
    rows = rows[own if name in BEST else rows["method"] == name]
    pairs = rows["setting"].str.extract(r"rate (?P<rate>[\d.]+)(?:, hidden (?P<hidden>[\d.]+))?")
    return pairs.astype(float).fillna(0.0).assign(error=rows["value"])


def best(tried: pd.DataFrame) -> tuple[float, float]:
    """The pair of rates with the least validation error."""
    return tuple(tried.loc[tried["error"].idxmin(), ["rate", "hidden"]])


def edges(tried: pd.DataFrame) -> list[tuple[str, str]]:
    """Where the best pair lies at an edge of those tried, such as ("hidden", "smallest")."""
    grids = ((which, sorted(set(tried[which]))) for which in ("rate", "hidden"))
    return [
        (which, end)
        for (which, grid), value in zip(grids, best(tried), strict=True)
        for end, edge in (("smallest", grid[0]), ("largest", grid[-1]))
        if len(grid) > 1 and value == edge
    ]


def raster(found: dict, trial: float) -> tuple[np.ndarray, np.ndarray]:
    """Output spikes as time within the trial (ms) and number of the trial."""
    t = 1e3 * found["spike_t"]
    return t % trial, t // trial
