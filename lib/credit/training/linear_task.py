"""The linear task of feedback alignment's paper, learned online by an ensemble of networks.

Twenty networks 30-20-10 learn y = T x side by side, one example at a time: the leading axis of
every tensor is the network.
"""

import pandas as pd
import torch

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.base import Rule, own_parameters
from credit.training.diagnostics import angle

SIZES = (30, 20, 10)
RATE = 1e-3
RECORDED = (1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000)
TESTED = 200  # held-out examples on which errors and angles are measured


def learn(
    rule: Rule,
    seeds: range,
    examples: int = 2000,
    output: Init = Init("uniform", 0.01),
    freeze_output: bool = False,
    redraw: bool = False,
) -> pd.DataFrame:
    """Learn online with x ~ N(0, 1), T ~ U[-1, 1], W ~ U[-0.01, 0.01], no biases.

    output         Init of the output weights
    freeze_output  a control: only the lower weights learn
    redraw         a control: feedback B is drawn anew before every example
    Returns rows of seed, example, metric, value, unit, all of held-out examples: the normalised
    squared error NSE = |e|^2 / |y|^2, the mean angle of the hidden layer's error signals to
    backprop's ("delta angle") and that of its update ("gradient angle").
    Lillicrap et al. 2016, Fig. 1 (details: the "Full Methods" of the 2014 preprint).
    """
    weights = (Init("uniform", 0.01), output)
    network = make_network(SIZES, tuple(seeds), "linear", "linear", weights, Init("zero"))
    own = own_parameters(rule, SIZES, seeds)
    again = [streams(seed) for seed in seeds]  # for those that are drawn again and again
    chance = torch.Generator().manual_seed(seeds[0])
    T = torch.rand(len(seeds), SIZES[-1], SIZES[0], generator=chance) * 2 - 1
    test = torch.randn(TESTED, SIZES[0], generator=chance)
    ch = Channels(network, own, streams(seeds[0]))
    rows = []
    for example in range(1, examples + 1):
        if redraw:
            ch.own = own_parameters(rule, SIZES, again)
        if example in RECORDED or example == examples:
            rows += _measure(rule, ch.teach(test @ T.mT), test, seeds, example)
        x = torch.randn(len(seeds), 1, SIZES[0], generator=chance)
        update = rule.step(ch.teach(x @ T.mT), x)[1]
        for l in [1] if freeze_output else update.W:
            update.W[l].descend(network.layers[l].W, RATE)
    return pd.DataFrame(rows, columns=["seed", "example", "metric", "value", "unit"])


def _measure(rule, ch, x, seeds, example):
    trace = rule.forward(ch, x.expand(len(seeds), *x.shape))
    ours = rule.delta(ch, trace, rule.teach(ch, trace))
    theirs = Backprop().delta(ch, trace, Backprop().teach(ch, trace))
    t, h = ch.target(), trace.h[0]
    nse = ((trace.h[2] - t) ** 2).sum((-1, -2)) / (t**2).sum((-1, -2))
    degrees = angle(ours[1], theirs[1]).nanmean(-1)
    dW, reference = (ch.gradient(1, delta[1], h)[0].dense() for delta in (ours, theirs))
    turned = angle(dW.flatten(1), reference.flatten(1))
    for i, seed in enumerate(seeds):
        yield seed, example, "NSE", float(nse[i]), "1"
        yield seed, example, "delta angle", float(degrees[i]), "deg"
        yield seed, example, "gradient angle", float(turned[i]), "deg"


def as_results(frame: pd.DataFrame) -> pd.DataFrame:
    """The start and the end of the angle as rows that evidence.verdict_table takes."""
    angles = frame[frame["metric"] == "delta angle"]
    start = angles[angles["example"] == 1].assign(metric="delta angle at start")
    end = angles[angles["example"] == angles["example"].max()]
    return pd.concat([start, end]).assign(
        experiment="01-linear", method="feedback_alignment", setting="30-20-10 linear", epoch=1
    )
