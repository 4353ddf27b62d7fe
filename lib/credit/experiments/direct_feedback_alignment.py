"""Notebook 02: direct feedback alignment."""

from dataclasses import replace

from credit.experiments.common import SEEDS, grid, tuning
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.base import Rule
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.shallow import Shallow
from credit.rules.sign_symmetry import SignSymmetry
from credit.runs.store import Job
from credit.training.setting import Setting

ZERO, FAN_IN = Init("zero"), Init("uniform_fan_in")

# Nøkland 2016, Table 1, after his code: RMSprop with a constant rate of 1e-4, 64 a batch, up to
# 300 epochs. Here: a rate that falls linearly to zero over far fewer epochs.
NOKLAND = Setting(
    rule=Backprop(),
    output="logistic",
    weights=FAN_IN,
    biases=FAN_IN,
    optimiser="rmsprop",
    learning_rate=1e-3,
    schedule="linear",
    batch=64,
    epochs=12,
)


TRIED = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
# By 02-tuning, for each number of hidden layers the best on the validation set, after a third of
# the length.
SHORT = {
    "BP": {1: 3e-3, 2: 1e-3, 3: 1e-3, 4: 3e-4, 7: 1e-3},
    "FA": {1: 3e-3, 2: 1e-3, 3: 3e-4, 4: 3e-4, 7: 3e-4},
    "DFA": dict.fromkeys((1, 2, 3, 4, 7), 3e-3),
    "shallow": dict.fromkeys((1, 2, 3, 4, 7), 1e-2),
}
# By 02-whole-tuning: that or the next lower one, the better at full length.
RATES = SHORT | {"DFA": SHORT["DFA"] | {2: 1e-3, 3: 1e-3, 4: 1e-3}}


def nokland(rule: Rule, depth: int, width: int, **changes) -> Setting:
    """His networks and his starts: BP and shallow random, FA zero above layer 1, DFA all zero."""
    starts = {"FA": (FAN_IN, *[ZERO] * depth), "DFA": ZERO}
    start = starts.get(rule.short, FAN_IN)
    given = {"learning_rate": RATES[rule.short][depth], "weights": start, "biases": start}
    return replace(NOKLAND, rule=rule, sizes=(784, *[width] * depth, 10), **(given | changes))


TABLE1 = ((1, 800), (7, 240), (2, 800), (3, 800), (4, 800))  # hidden layers, width
TABLE1_RULES = (Backprop(), FeedbackAlignment(), DirectFeedbackAlignment(), Shallow())


def _table1(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":
        settings = [nokland(rule, 2, 400, epochs=2, examples=20_000) for rule in TABLE1_RULES]
        return grid(experiment, settings, SEEDS[profile])
    nets = ([nokland(rule, *net) for rule in TABLE1_RULES] for net in TABLE1)
    return [job for settings in nets for job in grid(experiment, settings, SEEDS[profile])]


def _table1_tuning(experiment: str, profile: str) -> list[Job]:
    """Every rule in every network, at a third of the length."""
    settings = [
        nokland(rule, *net, learning_rate=rate, epochs=4)
        for net in TABLE1
        for rule in TABLE1_RULES
        for rate in TRIED
    ]
    return tuning(experiment, settings)


# within 0.1 points with one seed, and a network whose runs scatter at the higher rate: three decide
ALIKE = (("BP", 3), ("DFA", 4), ("DFA", 7), ("BP", 7))


def _table1_whole_tuning(experiment: str, profile: str) -> list[Job]:
    """The best of these and the next lower rate, at full length."""
    settings = [
        nokland(rule, *net, learning_rate=rate)
        for net in TABLE1
        for rule in TABLE1_RULES[:3]
        for rate in TRIED[: TRIED.index(SHORT[rule.short][net[0]]) + 1][-2:]
    ]
    alike = [s for s in settings if (s.rule.short, len(s.sizes) - 2) in ALIKE]
    return tuning(experiment, settings) + tuning(experiment, alike, (1001, 1002))


# Depth on equal terms: every rule from the same random weights, with the same optimiser.
GAUSS = Init("normal_fan_in")
DEPTH = Setting(
    rule=Backprop(),
    output="logistic",
    weights=GAUSS,
    optimiser="adam",
    schedule="linear",
    batch=64,
    epochs=12,
)
DEPTH_RULES = (
    Backprop(),
    FeedbackAlignment(GAUSS),
    DirectFeedbackAlignment(),
    SignSymmetry("uniform", GAUSS),
    Shallow(),
)


DEEP = ((1, 240), (2, 240), (4, 240), (8, 240))  # hidden layers, width
# By 02-depth-tuning, for each number of hidden layers the best on the validation set; of two that
# are within 0.1 points the lower one.
DEEP_RATES = {
    "BP": {1: 3e-3, 2: 3e-3, 4: 1e-3, 8: 1e-3},
    "FA": {1: 3e-3, 2: 1e-3, 4: 1e-3, 8: 3e-4},
    "DFA": {1: 3e-3, 2: 3e-3, 4: 3e-3, 8: 1e-3},
    "SS": {1: 3e-3, 2: 3e-3, 4: 1e-3, 8: 1e-3},
    "shallow": dict.fromkeys((1, 2, 4, 8), 1e-2),
}


def _deep(rule: Rule, depth: int, width: int, **changes) -> Setting:
    given = {"learning_rate": DEEP_RATES[rule.short][depth]} | changes
    return replace(DEPTH, rule=rule, sizes=(784, *[width] * depth, 10), **given)


def _depth(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":  # one rate for all
        small = {"epochs": 2, "examples": 20_000, "batch": 32, "learning_rate": 1e-3}
        nets = [(rule, depth, 64) for depth in (1, 4, 8) for rule in DEPTH_RULES]
        nets = [net for net in nets if net[0].short != "SS"]
    else:
        small = {}
        nets = [(rule, *net) for net in DEEP for rule in DEPTH_RULES]
    return grid(experiment, [_deep(*net, **small) for net in nets], SEEDS[profile])


def _depth_tuning(experiment: str, profile: str) -> list[Job]:
    """Every rule in every network, at full length."""
    settings = [
        _deep(rule, *net, learning_rate=rate)
        for net in DEEP
        for rule in DEPTH_RULES
        for rate in TRIED
    ]
    return tuning(experiment, settings)


EXPERIMENTS = {
    "02-tuning": _table1_tuning,
    "02-whole-tuning": _table1_whole_tuning,
    "02-depth-tuning": _depth_tuning,
    "02-depth": _depth,
    "02-table1": _table1,
}
