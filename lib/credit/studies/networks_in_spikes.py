"""Spiking networks by the labels that results give them, such as "200-100 direct"."""

import itertools
from functools import cache

from credit.evidence.methods import LAYERS
from credit.experiments import event_driven as event_driven_experiments
from credit.experiments import two_phases as two_phases_experiments
from credit.spiking.online import Online

DEEPER = {"two": LAYERS[2], "four": LAYERS[4]}


def layers(label: str) -> str:
    """ "one hidden layer", by the label of a network."""
    more = label.split()[0].count("-")
    return f"{('', 'two', '', 'four')[more]} hidden layers" if more else "one hidden layer"


def hidden(label: str) -> list[int]:
    """Neurons of every hidden layer."""
    return [int(n) for n in label.split()[0].split("-")]


def synapses(setting: Online | None, label: str) -> list[int]:
    """Forward synapses into every layer; of a coherent network, above the first hidden layer, those
    within the networks of the classes.

    setting  None: dense, as the label says
    """
    n = (784, *hidden(label), 10)
    apart = n[-1] if getattr(setting, "coherent", False) else 1
    return [m * k // (apart if l else 1) for l, (m, k) in enumerate(itertools.pairwise(n))]


@cache
def setting_of(label: str) -> Online | None:
    """Of a network by events or in two phases that was trained, by its label."""
    for name in event_driven_experiments.ARMS:
        for way in event_driven_experiments.arms(name):
            if way.label == label:
                return way
    two = two_phases_experiments
    rules = [
        (make, rule)
        for make, of in ((two.setting, two.RULES), (two.deep, two.DEEP))
        for group in of.values()
        for rule in group
    ]
    return next((way for make, rule in rules if (way := make(rule)).label == label), None)
