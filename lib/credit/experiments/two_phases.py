"""Spiking sections of notebooks 05, 08 and 09: MNIST in two phases, one image after the other.

The same network, images and length for every rule, and as many rates tried on one seed.
"""

import itertools
from dataclasses import replace

from credit.experiments.common import COURSE as LEARNED
from credit.experiments.common import (
    SEEDS,
    TUNING_SEEDS,
    course,
    in_full,
    labelled,
    on_part,
    one_at_a_time,
)
from credit.runs.store import Job
from credit.spiking.contrasts.base import Contrast
from credit.spiking.contrasts.contrastive_hebbian import ContrastiveHebbian
from credit.spiking.contrasts.equilibrium_propagation import EquilibriumPropagation
from credit.spiking.contrasts.generalized_recirculation import GeneralizedRecirculation
from credit.spiking.contrasts.untold import Untold
from credit.spiking.two_phases import Setting

RUN = "credit.spiking.two_phases:run"
BRIDGE = Setting(  # a random network; only the hidden synapses change
    ContrastiveHebbian(), (60, 20, 10), dataset="", chunk=1, learning_rate=0.0, hidden_rate=1.0,
    schedule="constant",
)  # fmt: skip
PHASES = (60, 120, 240, 480, 960, 1920)  # ms
RULES = {
    "05": (EquilibriumPropagation(),),
    "08": (GeneralizedRecirculation(), GeneralizedRecirculation(apart=False)),
    "09": (ContrastiveHebbian(), Untold()),
}
TWO = {"sizes": (784, 200, 100, 10)}
DEEP = {  # with two hidden layers
    "05-spiking-depth": (EquilibriumPropagation(),),
    "08-spiking-depth": (GeneralizedRecirculation(),),
    "08-spiking-tied-depth": (GeneralizedRecirculation(apart=False),),
    "09-spiking-depth": (ContrastiveHebbian(), Untold()),
}
BEST = {  # mV, by the tuning (08: within 0.1 points of its best): of the output's synapses, of the
    # hidden ones; spread of the first weights
    "equilibrium propagation": (1.5, 5.0, 50.0),  # these two not its best: see SEARCHED
    "GeneRec, V apart": (1.5, 5.0, 50.0),
    "GeneRec, V is W": (1.5, 5.0, 50.0),
    "contrastive Hebbian": (0.5, 5.0, 50.0),
    "untold": (2.0, 0.0, 100.0),
}
# The same of networks with two hidden layers, and gain: by the tuning, or by `_slower`.
BEST_DEEP = {
    "equilibrium propagation": (0.5, 0.5, 50.0, 0.1),
    "GeneRec, V apart": (1.5, 0.15, 50.0, 0.2),
    "GeneRec, V is W": (1.5, 0.5, 50.0, 0.2),
    "contrastive Hebbian": (4.5, 1.5, 50.0, 0.1),
    "untold": (2.0, 0.0, 100.0, 0.0),
}
# What the tuning, on part of the images, would have where `_slower` has the last word.
SEARCHED_DEEP = {"equilibrium propagation": (1.5, 0.5)}
# More spikes come back to a hidden layer below another, and run away.
SEARCH_DEEP = dict.fromkeys(  # rate of the output, of the hidden layers, and the gain
    (
        *itertools.product((0.5, 1.5), (1.5, 5.0), (0.5, 0.2, 0.1)),
        *itertools.product((1.5, 4.5), (0.15, 0.5, 1.5), (0.2, 0.1)),
    )
)
OUTPUT, BELOW, SPREAD = (0.15, 0.5, 1.5, 4.5), (1.5, 5.0, 15.0), 50.0  # mV
ALONE = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # of the output's synapses, where no others learn
OWN = {  # the rule's own constant: where rates are tried, then others at the best rates
    "equilibrium propagation": [{"beta": beta} for beta in (1.0, 0.5, 2.0)],
    "contrastive Hebbian": [{"gain": gain} for gain in (0.5, 0.25, 1.0)],
}


# The best of the search, on one seed and part of the images. Of these and BEST, the best of a first
# search, BEST has the lower mean validation error over five seeds and all images.
SEARCHED = {
    "05": (EquilibriumPropagation(beta=2.0), {"learning_rate": 0.5, "hidden_rate": 1.5}),
    "09": (ContrastiveHebbian(), {"learning_rate": 1.5, "hidden_rate": 5.0}),
}


def setting(rule: Contrast, **changes) -> Setting:
    """With the rates of the tuning."""
    rate, below, spread = BEST[rule.short]
    given = {"learning_rate": rate, "hidden_rate": below, "spread": spread} | changes
    return Setting(rule, **given)


def _spiking(experiment: str, profile: str) -> list[Job]:
    """One program after the other: all seeds of a rule, then the next."""
    seeds, rules = SEEDS[profile], RULES[experiment[:2]]
    if profile == "quick":  # one program
        return [Job(experiment, setting(rules[0], examples=5000, epochs=1), seeds[0], run=RUN)]
    return [Job(experiment, setting(rule), seed, run=RUN) for rule in rules for seed in seeds]


def _tried(
    experiment: str, profile: str, one: Setting, label: str = "", more: str = ""
) -> list[Job]:
    """A setting on a third of the images once, by default under its rates."""
    few = on_part(profile)
    rates = f"rates {one.learning_rate:g} and {one.hidden_rate:g} mV, spread {one.spread:g} mV"
    label = f"{one.label}, {label or rates}{more}"
    return [Job(experiment, replace(one, **few), s, label, RUN) for s in TUNING_SEEDS]


def _tuning(experiment: str, profile: str) -> list[Job]:
    """Twelve settings of a rule, and two of its own constant."""
    jobs = []
    for rule in RULES[experiment[:2]]:
        first, *others = OWN.get(rule.short, [{}])
        rule = replace(rule, **first)
        tried = [(rate, below, SPREAD) for rate in OUTPUT for below in BELOW]
        if isinstance(rule, Untold):
            tried = [(rate, 0.0, spread) for spread in (50.0, 100.0) for rate in ALONE]
        for rate, below, spread in tried:
            one = setting(rule, learning_rate=rate, hidden_rate=below, spread=spread)
            jobs += _tried(experiment, profile, one)
        for own in others:
            one = setting(replace(rule, **own), **SEARCHED[experiment[:2]][1])
            label = ", ".join(f"{name} {value:g}" for name, value in own.items())
            jobs += _tried(experiment, profile, one, label)
    return jobs


def deep(rule: Contrast, **changes) -> Setting:
    """With two hidden layers, and the rates and the gain of their tuning."""
    rate, below, spread, gain = BEST_DEEP[rule.short]
    given = TWO | {"learning_rate": rate, "hidden_rate": below, "spread": spread} | changes
    return Setting(replace(rule, gain=given.pop("gain", gain)), **given)


def _depth(experiment: str, profile: str) -> list[Job]:
    """Three seeds; five where these cannot tell a rule from no feedback."""
    seeds, rules = SEEDS[profile], DEEP[experiment]
    if profile == "quick":  # one program
        return [Job(experiment, deep(rules[0], examples=5000, epochs=1), seeds[0], run=RUN)]
    five = (EquilibriumPropagation, Untold)
    return [
        Job(experiment, deep(rule), seed, run=RUN)
        for rule in rules
        for seed in (seeds if isinstance(rule, five) else seeds[:3])
    ]


def _tuning_deep(experiment: str, profile: str) -> list[Job]:
    """22 settings of a rule, twelve where no others learn."""
    jobs = []
    for rule in DEEP[experiment.removesuffix("-tuning")]:
        tried = [(rate, below, SPREAD, gain) for rate, below, gain in SEARCH_DEEP]
        if isinstance(rule, Untold):
            tried = list(itertools.product(ALONE, (0.0,), (50.0, 100.0), (0.0,)))
        for rate, below, spread, gain in tried:
            one = deep(rule, learning_rate=rate, hidden_rate=below, spread=spread, gain=gain)
            jobs += _tried(experiment, profile, one, more=f", gain {gain:g}")
    return jobs


def _more(experiment: str, profile: str) -> list[Job]:
    """A rule as its search would have it; or with feedback, but an output that learns alone."""
    seeds, (rule, rates) = SEEDS[profile], SEARCHED[experiment[:2]]
    way, what = setting(rule, **rates), "best of the search"
    if experiment.endswith("fixed"):
        way, what = setting(rule, hidden_rate=0.0), "hidden synapses fixed"
    if profile == "quick":
        way, seeds = replace(way, examples=5000, epochs=1), seeds[:1]
    return [Job(experiment, way, s, f"{way.label}, {what}", RUN) for s in seeds]


def _course(experiment: str, profile: str) -> list[Job]:
    """Half of the images, once; angles to the rules in rates on the way."""
    rules = [rule for rule in RULES[experiment[:2]] if not isinstance(rule, Untold)]
    ways = [setting(rule, examples=LEARNED[profile], epochs=1) for rule in rules]
    return course(experiment, profile, ways)


# What was changed, one thing at a time, where a rule stays below 95 % right with one hidden layer:
# {what: of the rule, of the network}, and the best of them.
EXPLAINED = {
    "05": {
        "phases of 120 ms": ({}, {"phase": 120, "settling": 30}),
        "gain 0.5": ({"gain": 0.5}, {}),
        "gain 0.25": ({"gain": 0.25}, {}),
        "twice the constant drive": ({}, {"bias": 10.0}),
        "first weights half as large": ({}, {"spread": 25.0}),
        "first weights twice as large": ({}, {"spread": 100.0}),
    },
    "08": {
        "phases of 120 ms": ({}, {"phase": 120, "settling": 30}),
        "gain 0.5": ({"gain": 0.5}, {}),
        "gain 0.25": ({"gain": 0.25}, {}),
        "twice the constant drive": ({}, {"bias": 10.0}),
        "first feedback weights half as large": ({"spread": 25.0}, {}),
        "first feedback weights twice as large": ({"spread": 100.0}, {}),
    },
}
BEST_EXPLAINED = {"05": "phases of 120 ms", "08": "first feedback weights twice as large"}


def _explained(experiment: str, profile: str) -> list[Job]:
    notebook = experiment[:2]
    changed = {
        what: setting(replace(RULES[notebook][0], **own), **network)
        for what, (own, network) in EXPLAINED[notebook].items()
    }
    return one_at_a_time(experiment, profile, changed, BEST_EXPLAINED[notebook], RUN, seeds=3)


# With two hidden layers a longer phase, too: rates that are tried, of the output and the others.
SEARCH_LONGER = tuple(itertools.product((0.5, 1.5, 4.5), (0.15, 0.5, 1.5)))
BEST_LONGER = {"05": (4.5, 0.5), "08": (0.5, 0.5)}


def _longer(experiment: str, profile: str) -> list[Job]:
    """Phases of 120 ms in the deeper network, at some of the rates; see _tuning_deep."""
    (rule, *_), (output, hidden) = RULES[experiment[:2]], BEST_LONGER[experiment[:2]]
    changed = {
        f"phases of 120 ms, rates {rate:g} and {below:g} mV": deep(
            rule, phase=120, settling=30, learning_rate=rate, hidden_rate=below
        )
        for rate, below in SEARCH_LONGER
    }
    best = f"phases of 120 ms, rates {output:g} and {hidden:g} mV"
    return one_at_a_time(experiment, profile, changed, best, RUN, seeds=3)


def _larger(experiment: str, profile: str) -> list[Job]:
    """Two hidden layers and first weights as large as those that suit `Untold`."""
    jobs, rule = [], GeneralizedRecirculation()
    for rate, below in SEARCH_LONGER:
        one = deep(rule, learning_rate=rate, hidden_rate=below, spread=100.0)
        jobs += _tried(experiment, profile, one, more=", larger first weights")
    return jobs


# Longer phases and no feedback: rates of the output that are tried, and by hidden layers the best.
ALONE_LONGER = (0.5, 1.0, 2.0, 4.0, 8.0)
BEST_UNTOLD = {1: 4.0, 2: 1.0}


def _longer_untold(experiment: str, profile: str) -> list[Job]:
    """Without feedback, phases of 120 ms: one hidden layer, and two."""
    tuned, jobs = experiment.endswith("-tuning"), []
    for make, layers in ((setting, 1), (deep, 2)):
        tried = ALONE_LONGER if tuned else (BEST_UNTOLD[layers],)
        few = on_part(profile) if tuned else {}
        ways = {}
        for rate in tried:
            way = make(Untold(), learning_rate=rate, phase=120, settling=30, **few)
            ways[f"{way.label}, phases of 120 ms" + f", rate {rate:g} mV" * tuned] = way
        jobs += labelled(experiment, ways, TUNING_SEEDS if tuned else SEEDS[profile][:3], RUN)
    if profile == "quick" and not tuned:  # one program
        return [replace(jobs[0], setting=replace(jobs[0].setting, examples=5000, epochs=1))]
    return jobs


def _longer_alone(experiment: str, profile: str) -> list[Job]:
    """Two hidden layers at the rates of the tuning in phases of 60 ms; in phases of 120 ms."""
    rule = EquilibriumPropagation()
    rate, below = SEARCHED_DEEP[rule.short]
    way = deep(rule, phase=120, settling=30, learning_rate=rate, hidden_rate=below)
    label = f"{way.label}, phases of 120 ms, rates {rate:g} and {below:g} mV"
    return in_full(experiment, profile, label, way, RUN, seeds=3)


def _searched_deep(experiment: str, profile: str) -> list[Job]:
    """The same in phases of 60 ms."""
    rate, below = SEARCHED_DEEP[EquilibriumPropagation.short]
    way = deep(EquilibriumPropagation(), learning_rate=rate, hidden_rate=below)
    label = f"{way.label}, best of the search"
    return in_full(experiment, profile, label, way, RUN, seeds=3)


# With two hidden layers, at full length: the best rates of the search, and thirds of one or both;
# of other rules the lowest of these.
SLOWER = {
    "05": tuple(itertools.product((1.5, 0.5), (0.5, 0.15))),
    "08": ((0.5, 0.5), (0.5, 0.15)),
    "09": ((0.5, 0.5), (0.5, 0.15)),
}


def _slower(experiment: str, profile: str) -> list[Job]:
    """Whether lower rates keep what is lost, or not reached, in phases of 60 ms."""
    few, ways = on_part(profile) if profile == "quick" else {}, {}
    rules = [rule for rule in RULES[experiment[:2]] if not isinstance(rule, Untold)]
    for rule, (rate, below) in itertools.product(rules, SLOWER[experiment[:2]]):
        way = deep(rule, learning_rate=rate, hidden_rate=below, **few)
        ways[f"{way.label}, rates {rate:g} and {below:g} mV, full length"] = way
    return labelled(experiment, ways, run=RUN)


def _off(experiment: str, profile: str) -> list[Job]:
    """No synapse changes; what is shown meanwhile does not matter."""
    way = setting(ContrastiveHebbian(), learning_rate=0.0, hidden_rate=0.0, **on_part(profile))
    return labelled(experiment, {f"{way.label}, plasticity off": way}, SEEDS[profile][:3], RUN)


def _bridge(experiment: str, profile: str) -> list[Job]:
    """One image, in phases of any length: the change by spikes beside that by rates."""
    phases = PHASES[:3:2] if profile == "quick" else PHASES
    return [
        Job(
            experiment, replace(BRIDGE, phase=phase, settling=phase // 4), seed, f"{phase} ms",
            "credit.spiking.bridge:run",
        )
        for phase in phases for seed in SEEDS[profile]
    ]  # fmt: skip


EXPERIMENTS = (
    {f"{number}-spiking": _spiking for number in RULES}
    | {f"{number}-spiking-tuning": _tuning for number in RULES}
    # with feedback of its own the search alone: it found nothing that helps
    | {name: _depth for name in DEEP if name != "08-spiking-depth"}
    | {f"{name}-tuning": _tuning_deep for name in DEEP}
    | {f"{number}-spiking-slower-tuning": _slower for number in SLOWER}
    | {"05-spiking-searched": _more, "09-spiking-searched": _more, "09-spiking-fixed": _more}
    | {f"{number}-spiking-course": _course for number in RULES}
    | {
        f"{number}-spiking-explained{kind}": _explained
        for number in EXPLAINED
        for kind in ("", "-tuning")
    }
    | {"05-spiking-longer": _longer, "05-spiking-longer-tuning": _longer}
    | {"08-spiking-longer": _longer, "08-spiking-longer-tuning": _longer}
    | {"08-spiking-depth-larger-tuning": _larger}
    | {f"05-spiking-longer-untold{kind}": _longer_untold for kind in ("", "-tuning")}
    | {"05-spiking-longer-alone": _longer_alone, "05-spiking-depth-searched": _searched_deep}
    | {"09-spiking-off": _off}
    | {"09-spiking-bridge": _bridge}
)
