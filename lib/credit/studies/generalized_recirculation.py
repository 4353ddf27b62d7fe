"""Generalized recirculation: runs to a criterion, its theorems, when networks settle."""

from dataclasses import replace

import pandas as pd
import torch

from credit.evidence import results
from credit.evidence.agreement import FEWEST, interval
from credit.evidence.glossary import differ_in_counts, greater, less, more_often
from credit.evidence.verdicts import mean_in_words
from credit.experiments.generalized_recirculation import ARMS, TASKS, UNIFORM, deep, task
from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.almeida_pineda import AlmeidaPineda
from credit.rules.backprop import Backprop
from credit.rules.base import Rule, own_parameters
from credit.rules.generalized_recirculation import GeneralizedRecirculation
from credit.tasks import data
from credit.training.descent import Descent
from credit.training.diagnostics import angle


def ends_table(frame: pd.DataFrame, names: dict[tuple[str, str], str]) -> pd.DataFrame:
    """How training ended, one row per rule: its test error with the 95 % interval, and means of the
    seeds for the training error, the steps of settling, and the angle of the first layer's update.

    names  {(method, setting): name}
    """
    shown = {
        "train error": "training error (%)",
        "steps, free": "steps, minus",
        "steps, plus": "steps, plus",
        "gradient angle": "angle of layer 1's update (deg)",
    }
    first = frame[(frame["layer"] <= 1) & frame["metric"].isin([*shown, "test error"])]
    cells = {m: results.final(first, m).groupby(["method", "setting"])["value"] for m in shown}
    errors = results.final(first).groupby(["method", "setting"])["value"]
    rows = []
    for rule, name in names.items():
        row = {"rule": name, "test error (%)": mean_in_words(errors.get_group(rule), "")}
        for metric, column in shown.items():
            there = rule in cells[metric].groups
            row[column] = f"{cells[metric].get_group(rule).mean():.1f}" if there else "–"
        rows.append(row)
    return pd.DataFrame(rows)


def by_network(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[pd.Series, pd.Series, float]]:
    """{(task, rule): (solved, epochs, all)} of 08-encoders, 08-families or 08-symmetry.

    solved, epochs   per network; a network that did not get there took `all` the epochs there were
    """
    found, tasks = {}, ("4-2-4 all at once", *TASKS)
    for setting, part in frame.groupby("setting", sort=False):
        name = next(name for name in tasks if setting.startswith(name))
        metrics = {name: rows.set_index("seed")["value"] for name, rows in part.groupby("metric")}
        solved, last = metrics["solved"], float(part["epoch"].max())
        epochs = metrics.get("epochs to criterion", pd.Series(dtype=float))
        epochs = epochs.reindex(solved.index).fillna(last)
        found[name, setting.removeprefix(name).strip()] = solved, epochs, last
    return found


def to_criterion(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per task and rule of 08-encoders, 08-families or 08-symmetry.

    Returns columns task, rule; solved, "49 of 50"; epochs of those that solved it, mean and half
    width of its 95 % interval, of three or more; charged, the mean epochs with every other network
    counting as one that took all; share that solved it
    """
    rows = []
    for (name, rule), (solved, epochs, _) in by_network(frame).items():
        theirs = epochs[solved == 1]
        said = "–"
        if len(theirs) >= FEWEST:
            mean, half = interval(theirs)
            said = f"{mean:.0f} ± {half:.0f}"
        counted = f"{solved.sum():.0f} of {len(solved)}"
        rows.append((name, rule, counted, said, epochs.mean(), solved.mean()))
    return pd.DataFrame(rows, columns=["task", "rule", "solved", "epochs", "charged", "share"])


def versus(found: dict, task: str, one: str, other: str) -> str:
    """How a rule compares with another on a task: by the networks that solve it, where these counts
    differ beyond noise, else by epochs, in pairs of networks with the same start.

    found  of by_network
    """
    (k, epochs, _), (other_k, other_epochs, _) = found[task, one], found[task, other]
    counts = int(k.sum()), len(k), int(other_k.sum()), len(other_k)
    if differ_in_counts(*counts):
        return "solves it more often" if more_often(*counts) else "solves it less often"
    if less(epochs, other_epochs):
        return "faster"
    return "slower" if greater(epochs, other_epochs) else "cannot be told apart"


def by_rate(tuning: pd.DataFrame, run: str) -> pd.Series:
    """{rate: mean validation error of the last three epochs, over the seeds} of one network and
    rule of 08-tuning, such as "1x120 logistic, CHL"."""
    network, rate = f"{run}, rate ", tuning["setting"].str.rpartition(" ")[2]
    found = tuning["setting"].eq(network + rate) & tuning["metric"].eq("validation error")
    rows = tuning[found].assign(rate=rate[found].astype(float)).sort_values("epoch")
    return rows.groupby(["rate", "seed"]).tail(3).groupby("rate")["value"].mean()


EXACT = Settling(3000, rate=0.5, tolerance=1e-14)


def start(depth: int, seed: int = 0, width: int = 100, inputs: int = 784, outputs: int = 10):
    """A network of 08-depth as it starts, float64."""
    sizes, weights = (inputs, *[width] * depth, outputs), deep("BP", depth).weights
    return make_network(sizes, seed, "logistic", "logistic", weights, dtype=torch.float64)


def limits(seed: int = 0) -> pd.DataFrame:
    """How far a batch's updates are from what they turn into, relative, in a 6-5-4-3 network.

    Returns columns limit, form, layer, size, distance: "small error", the distance of dW_l to
    recurrent backprop's with the output's error held, for targets that are size times as far from
    the expectation; "small error, free output", its distance then to the exact gradient, that of
    recurrent backprop with a free output; and "weak feedback", the distance of D_l / gain^(L-l) to
    backprop's delta_l at the gain `size`.
    """
    network = make_network((6, 5, 4, 3), seed, "logistic", "logistic", Init("normal_fan_in", 2.0),
                           Init("normal", 0.3), torch.float64)  # fmt: skip
    chance = torch.Generator().manual_seed(seed)
    x, t = (torch.rand(7, n, generator=chance, dtype=torch.float64) for n in (6, 3))
    ch, rows = Channels(network, {}, streams(seed)), []

    def compare(limit, form, size, ours, theirs):
        for l in range(1, network.L):
            away = float((ours[l] - theirs[l]).norm() / theirs[l].norm())
            rows.append((limit, form, l, size, away))

    for size in (1.0, 0.1, 0.01, 0.001):
        held = AlmeidaPineda(feedback="tied", held=True, settling=EXACT)
        y = held.answer(ch, x)
        ch.teach(y + size * (t.round() - y))
        rest, both = held.forward(ch, x), {"small error": held}
        both["small error, free output"] = replace(held, held=False)
        alone = {limit: Rule.local(ap, ch, rest, ap.teach(ch, rest)) for limit, ap in both.items()}
        for form in ("plain", "midpoint", "contrastive"):
            rule = GeneralizedRecirculation(form, feedback="tied", settling=EXACT)
            ours = rule.step(ch, x)[1].dense().W
            for limit, theirs in alone.items():
                compare(limit, form, size, ours, theirs.dense().W)
    ch.teach(t.round())
    backprop = Backprop().delta(ch, once := network.forward(x), Backprop().teach(ch, once))
    for gain in (1.0, 0.1, 0.01, 0.001):
        rule = GeneralizedRecirculation("plain", feedback="tied", gain=gain, settling=EXACT)
        D = rule.teach(ch, rule.forward(ch, x))
        scaled = {l: D[l] / gain ** (network.L - l) for l in D}
        compare("weak feedback", "plain", gain, scaled, backprop)
    return pd.DataFrame(rows, columns=["limit", "form", "layer", "size", "distance"])


STEPS = {  # ways to settle, one step of each
    "all layers at once, half the way": Settling(1, rate=0.5),
    "layer after layer, all the way": Settling(1, rate=1.0, in_turn=True),
}


def restlessness(depth: int, gain: float, steps: int = 120, seed: int = 0) -> pd.DataFrame:
    """How far the most restless unit of a network of 08-depth moves in each step, from one half,
    before any training: columns way, step, movement."""
    x, rows = data.load("mnist").validation.x[:20].double(), []
    network = start(depth, seed)
    ch = Channels(network, {}, streams(seed))
    loop = Relaxation(ch, x, ch.W_back, gain)
    for way, how in STEPS.items():
        h = loop.at(0.5)
        for step in range(1, steps + 1):
            before, h = h, loop.settle(h, how).h
            moved = max(float((h[l] - before[l]).abs().max()) for l in range(1, ch.L + 1))
            rows.append((way, step, moved))
    return pd.DataFrame(rows, columns=["way", "step", "movement"])


def drifting_apart(arms=("GR-mid", "CHL"), updates: int = 400, seed: int = 0) -> pd.DataFrame:
    """8-3-8 networks: the angle between V and W for each form, from V = W and from V apart.

    Returns columns form, begins, update, seed, angle (deg), a row for each of 20 networks
    """
    rows, seeds = [], range(seed, seed + 20)
    for arm in arms:
        for begins in ("V = W", "V apart"):
            rule = ARMS[arm]
            network = make_network((8, 3, 8), seeds, "logistic", "logistic", UNIFORM)
            own = own_parameters(rule, (8, 3, 8), seeds)
            W, V = network.layers[2].W, own["V"][2]
            if begins == "V = W":
                V.copy_(W)
            descent = Descent(task("8-3-8", arm, 0.3), network, own)
            ch, chance = Channels(network, own, streams(seed)), streams(seed)["order"]
            for update in range(updates + 1):
                if update % 20 == 0:
                    apart = angle(V.flatten(1), W.flatten(1))
                    rows += [
                        (arm, begins, update, *at) for at in zip(seeds, apart.tolist(), strict=True)
                    ]
                x = torch.eye(8)[torch.randint(8, (20, 1), generator=chance)]
                descent.apply(rule.step(ch.teach(x), x)[1])
    return pd.DataFrame(rows, columns=["form", "begins", "update", "seed", "angle"])
