"""Spiking networks beside their own rules in rates, in the course of learning.

The weights that a spiking network has come to make a network in rates, too. How far the change by
spikes is from the change by the same rule there, from what that were for other labels, and from
backprop's, is an angle.
"""

from dataclasses import replace

import numpy as np
import torch

from credit.nets.streams import streams
from credit.spiking import event_driven, in_rates, phases_in_rates, two_phases
from credit.spiking.online import Learner, Online
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.spiking.segregated_in_time import angle
from credit.tasks import data

# {network: the module of the same in rates, which has changes and weights}
NETWORKS = {event_driven.Setting: in_rates, two_phases.Setting: phases_in_rates}
AFTER = (0, 2500, 10_000)  # images learned, when angles are measured, and at the end
WATCHED = 2500  # images of the validation set by which they are
SLOW = 1e-6  # of the rates then: weights stay as they are while their changes add up


def run(setting: Online, seed: int) -> list[dict]:
    """Learn online, once, and meanwhile measure angles in degrees, of every hidden layer, between
    changes that WATCHED images ask for; rows of epoch, layer, metric, value, unit.

    Metrics: angle of the change by spikes to that of the same rule in rates; to the latter where
    the labels are those of other images, a control; and to backprop's in rates, through transposed
    weights. Where errors are spikes, also to that of the rule on the images that the network in
    rates answers wrongly. Where a rule asks for no change there is no angle, as of predictions that
    are all zero.
    """
    if setting.epochs != 1:
        raise ValueError(f"epochs is {setting.epochs}, expected 1")
    dataset, learner = data.load(setting.dataset), Learner(setting, seed)
    train, watched = dataset.train, dataset.validation
    x, label = watched.x[:WATCHED], watched.label[:WATCHED]
    other = label[torch.randperm(len(label), generator=streams(seed)["choice"])]
    length = setting.examples or len(train.x)
    there, rows, done = NETWORKS[type(setting)], [], 0

    def measure():
        by_spikes = asked(learner, x, label)
        own, backprop = there.changes(setting, learner.W, x.numpy(), label.numpy())
        for_others, _ = there.changes(setting, learner.W, x.numpy(), other.numpy())
        named = {
            "the rule in rates": own,
            "it for other labels": for_others,
            "backprop in rates": backprop,
        }
        if isinstance(setting.rule, TwoPopulations):
            wrong = there.where_wrong(setting, learner.W, x.numpy(), label.numpy())
            named["it on wrong answers"] = wrong
        for what, changes in named.items():
            for l, change in changes.items():
                if change.any() and own[l].any():
                    value = angle(*map(torch.from_numpy, (by_spikes[l], change)))
                    row = {"epoch": done / length, "layer": l, "metric": f"angle to {what}"}
                    rows.append(row | {"value": value, "unit": "degrees"})

    order = torch.randperm(length, generator=learner.random["order"])
    for after in [min(after, length) for after in AFTER if after < length] + [length]:
        for index in order[done:after].split(setting.chunk) if after else ():
            rate = 1 - done / length if setting.schedule == "linear" else 1.0
            learner.show(train.x[index], train.label[index], rate)
            done += len(index)
        measure()
    return rows


def asked(learner: Learner, x, label) -> dict[int, np.ndarray]:
    """{l: [n_{l-1}, n_l]}, the change of hidden weights that images ask for by spikes."""
    setting, random, before = learner.setting, learner.random, dict(learner.W)
    there = NETWORKS[type(setting)]
    learner.setting = replace(setting, rule=setting.rule.at_rest())
    learner.random = streams(0)  # learning goes on as if nothing had been measured
    learner.show(x, label, SLOW)
    after, learner.W, learner.setting, learner.random = learner.W, before, setting, random
    return {
        l: there.weights(setting, after, l) - there.weights(setting, before, l)
        for l in range(1, len(setting.sizes) - 1)
    }
