"""Generalized recirculation: runs to a criterion, its theorems, when networks settle."""

from dataclasses import replace

import pandas as pd
import torch

from credit.evidence.agreement import FEWEST
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


def to_criterion(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per task and rule of 08-encoders, 08-families or 08-symmetry.

    Returns columns task, rule; solved, "49 of 50"; epochs of those that solved it, mean and
    standard error, of three or more; charged, the mean epochs with every other network counting as
    one that took all; share that solved it
    """
    rows, tasks = [], ("4-2-4 all at once", *TASKS)
    for setting, part in frame.groupby("setting", sort=False):
        name = next(name for name in tasks if setting.startswith(name))
        values = part.set_index(["metric", "seed"])["value"]
        solved, last = values["solved"], part["epoch"].max()
        found = values.get("epochs to criterion", pd.Series(dtype=float))
        epochs = f"{found.mean():.0f} ± {found.sem():.0f}" if len(found) >= FEWEST else "–"
        charged = (found.sum() + last * (len(solved) - len(found))) / len(solved)
        counted = f"{solved.sum():.0f} of {len(solved)}"
        rule = setting.removeprefix(name).strip()
        rows.append((name, rule, counted, epochs, charged, solved.mean()))
    return pd.DataFrame(rows, columns=["task", "rule", "solved", "epochs", "charged", "share"])


EXACT = Settling(3000, rate=0.5, tolerance=1e-14)


def start(depth: int, seed: int = 0, width: int = 100, inputs: int = 784, outputs: int = 10):
    """A network of 08-depth as it starts, float64."""
    sizes, weights = (inputs, *[width] * depth, outputs), deep("BP", depth).weights
    return make_network(sizes, seed, "logistic", "logistic", weights, dtype=torch.float64)


def limits(seed: int = 0) -> pd.DataFrame:
    """How far a batch's updates are from what they turn into, relative, in a 6-5-4-3 network.

    Returns columns limit, form, layer, size, distance: "small error", the distance of dW_l to
    recurrent backprop's for targets that are size times as far from the expectation; and "weak
    feedback", the distance of D_l / gain^(L-l) to backprop's delta_l at the gain `size`.
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
        alone = Rule.local(held, ch, rest := held.forward(ch, x), held.teach(ch, rest)).dense().W
        for form in ("plain", "midpoint", "contrastive"):
            rule = GeneralizedRecirculation(form, feedback="tied", settling=EXACT)
            compare("small error", form, size, rule.step(ch, x)[1].dense().W, alone)
    ch.teach(t.round())
    backprop = Backprop().delta(ch, once := network.forward(x), Backprop().teach(ch, once))
    for gain in (1.0, 0.1, 0.01, 0.001):
        rule = GeneralizedRecirculation("plain", feedback="tied", gain=gain, settling=EXACT)
        D = rule.teach(ch, rule.forward(ch, x))
        scaled = {l: D[l] / gain ** (network.L - l) for l in D}
        compare("weak feedback", "plain", gain, scaled, backprop)
    return pd.DataFrame(rows, columns=["limit", "form", "layer", "size", "distance"])


def restlessness(depths=(1, 3, 6), gains=(1.0, 0.2), steps=120, seed=0) -> pd.DataFrame:
    """How far the most restless unit of a network of 08-depth moves in each step, half the way at
    a time, from one half and before any training: columns depth, gain, step, movement."""
    x, rows = data.load("mnist").validation.x[:20].double(), []
    for depth in depths:
        network = start(depth, seed)
        ch = Channels(network, {}, streams(seed))
        for gain in gains:
            loop, how = Relaxation(ch, x, ch.W_back, gain), Settling(1, rate=0.5)
            h = loop.at(0.5)
            for step in range(1, steps + 1):
                before, h = h, loop.settle(h, how).h
                moved = max(float((h[l] - before[l]).abs().max()) for l in range(1, ch.L + 1))
                rows.append((depth, gain, step, moved))
    return pd.DataFrame(rows, columns=["depth", "gain", "step", "movement"])


def drifting_apart(updates: int = 400, decay: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """8-3-8 networks: the angle between V and W for each form, from V = W and from V apart.

    Returns columns form, begins, update, angle (deg, mean of 20 networks)
    """
    rows, seeds = [], range(seed, seed + 20)
    for arm in ("GR", "GR-mid", "GR-sym", "CHL"):
        for begins in ("V = W", "V apart"):
            rule = ARMS[arm]
            network = make_network((8, 3, 8), seeds, "logistic", "logistic", UNIFORM)
            own = own_parameters(rule, (8, 3, 8), seeds)
            W, V = network.layers[2].W, own["V"][2]
            if begins == "V = W":
                V.copy_(W)
            descent = Descent(replace(task("8-3-8", arm, 0.3), weight_decay=decay), network, own)
            ch, chance = Channels(network, own, streams(seed)), streams(seed)["order"]
            for update in range(updates + 1):
                if update % 20 == 0:
                    apart = angle(V.flatten(1), W.flatten(1)).mean()
                    rows.append((arm, begins, update, float(apart)))
                x = torch.eye(8)[torch.randint(8, (20, 1), generator=chance)]
                descent.apply(rule.step(ch.teach(x), x)[1])
    return pd.DataFrame(rows, columns=["form", "begins", "update", "angle"])
