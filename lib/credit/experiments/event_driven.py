"""Spiking sections of notebooks 01, 02, 06, 07, 11, 12 and 14: MNIST by events, image by image.

The same network, images and length for every pathway, and as many rates tried on one seed.
Notebook 07 has coherent networks, one for every class, with one hidden layer and with two.
"""

import itertools
from dataclasses import replace
from functools import partial

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
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.base import Rule
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.spiking.event_driven import Setting as Spikes
from credit.spiking.pathways.attention import Attention
from credit.spiking.pathways.base import Pathway
from credit.spiking.pathways.direct import Direct
from credit.spiking.pathways.fixed import Fixed
from credit.spiking.pathways.gait import Gait
from credit.spiking.pathways.half_of_error import HalfOfError
from credit.spiking.pathways.kickback import Kickback
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.layered import Layered
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.symmetric import Symmetric
from credit.spiking.pathways.synthetic import Synthetic
from credit.spiking.pathways.target_difference import TargetDifference
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.spiking.pathways.weight_mirror import WeightMirror
from credit.training.setting import Setting

RUN = "credit.spiking.event_driven:run"
SPIKES = Spikes(sizes=(784, 200, 10), epochs=2)
# Networks of the same size in rates, on the same images as often.
RATES = Setting(
    rule=Backprop(),
    nonlinearity="relu",
    weights=Init("normal_fan_in", 2**0.5),
    optimiser="adam",
    learning_rate=1e-3,
    schedule="linear",
    batch=20,
    epochs=2,
)
TWO = {"sizes": (784, 200, 100, 10)}
DEEP = {"coherent": True} | TWO
FOUR = {"sizes": (784, 200, 100, 100, 100, 10)}
DEEPEST = {"coherent": True} | FOUR
LARGE = {"sizes": (784, 500, 10), "image": 120, "settling": 20}
SIZES = (SPIKES.sizes, TWO["sizes"], LARGE["sizes"])  # of networks in rates
LONG = {"sizes": (784, 500, 10), "epochs": 6}
ARMS = {  # with one hidden layer the way of 01 from layer to layer is the direct one, and 07's the
    # symmetric one, in a coherent network; in 02 what all are compared with
    "01-spiking": ((Signs(), {}), (KolenPollack(), {})),
    "01-spiking-large": (
        (TwoPopulations(way=KolenPollack()), LARGE),
        (TwoPopulations(way=Symmetric()), LARGE),
        (Fixed(), LARGE),
    ),
    "01-spiking-long": (
        (TwoPopulations(way=Signs()), LONG),
        (Fixed(), LONG | {"learning_rate": 0.04}),
    ),
    "01-spiking-mirror": ((WeightMirror(), {}),),
    "01-spiking-populations": (
        (TwoPopulations(way=Signs()), {}),
        (TwoPopulations(way=KolenPollack()), {}),
        (TwoPopulations(way=WeightMirror()), {}),
        (TwoPopulations(way=Symmetric()), {}),
    ),
    "01-spiking-depth": ((Signs(), TWO), (KolenPollack(), TWO)),
    "01-spiking-mirror-depth": ((WeightMirror(), TWO),),
    "01-spiking-four": ((KolenPollack(), FOUR), (Fixed(), FOUR)),
    "02-spiking": ((Direct(), {}), (Symmetric(), {}), (Fixed(), {})),
    "02-spiking-populations": ((TwoPopulations(), {}),),
    "02-spiking-floor": ((TwoPopulations(way=Fixed()), {}),),
    "02-spiking-depth": ((Direct(), TWO), (Layered(), TWO), (Symmetric(), TWO), (Fixed(), TWO)),
    "06-spiking": ((TargetDifference(), {}),),
    "06-spiking-depth": ((TargetDifference(own=1e-5), TWO),),
    "06-spiking-populations": ((TwoPopulations(way=TargetDifference()), {}),),
    "07-spiking": ((Kickback(), {}), (Kickback(), DEEP), (Symmetric(), DEEP), (Fixed(), DEEP)),
    "07-spiking-four": ((Kickback(), DEEPEST), (Fixed(), DEEPEST)),
    "07-spiking-populations": ((TwoPopulations(way=Kickback()), DEEP),),
    "11-spiking": ((Attention(), {}),),
    "11-spiking-populations": ((TwoPopulations(way=Attention()), {}),),
    "11-spiking-depth": ((Attention(), TWO),),
    "11-spiking-four": ((Attention(), FOUR),),
    "12-spiking": ((Gait(), {}),),
    "12-spiking-depth": ((Gait(), TWO),),
    "12-spiking-populations": ((TwoPopulations(way=Gait()), {}),),
    "14-spiking": ((Synthetic(), {}),),
    "14-spiking-populations": ((TwoPopulations(way=Synthetic()), {}),),
    "14-spiking-depth": ((Synthetic(), TWO),),
}
# beside which networks in rates stand, searched as briefly
IN_RATES = ("02-spiking", "02-spiking-depth", "01-spiking-large")
BEST = {  # mV, by the tuning: of the output's synapses, of the hidden ones
    "direct": (0.01, 0.03),
    "symmetric": (0.01, 0.01),
    "none": (0.08, 0.0),
    "direct, errors in spikes": (0.01, 0.01),
    "signs": (0.01, 0.01),
    "Kolen-Pollack": (0.01, 0.03),
    "weight mirror": (0.01, 0.01),
    "attention": (0.03, 0.01),
    "target difference": (0.01, 0.03),
    "Kickback": (0.03, 0.01),
    "200-100 Kickback": (0.01, 0.001),
    "200-100 symmetric, coherent": (0.01, 0.0003),
    "200-100 none, coherent": (0.04, 0.0),
    "synthetic": (0.01, 0.1),
    "GAIT": (0.01, 0.003),
    "symmetric, errors in spikes": (0.01, 0.01),
    "signs, errors in spikes": (0.03, 0.03),
    "Kolen-Pollack, errors in spikes": (0.03, 0.01),
    "weight mirror, errors in spikes": (0.03, 0.003),
    "attention, errors in spikes": (0.003, 0.03),
    "target difference, errors in spikes": (0.03, 0.03),
    "200-100 Kickback, errors in spikes": (0.01, 0.001),
    "synthetic, errors in spikes": (0.01, 0.01),
    "GAIT, errors in spikes": (0.01, 0.01),
    "500 Kolen-Pollack, errors in spikes": (0.02, 0.003),
    "500 symmetric, errors in spikes": (0.02, 0.01),
    "500 none": (0.02, 0.0),
    "500 signs, errors in spikes": (0.03, 0.03),
    "200-100 direct": (0.01, 0.01),
    "200-100 layered": (0.01, 0.003),
    "200-100 symmetric": (0.01, 0.001),
    "200-100 none": (0.04, 0.0),
    "200-100 attention": (0.03, 0.001),
    "200-100 signs": (0.01, 0.001),
    "200-100 Kolen-Pollack": (0.01, 0.003),
    "200-100 weight mirror": (0.01, 0.0003),
    "200-100 target difference": (0.01, 0.01),
    "200-100 GAIT": (0.01, 0.0003),
    "200-100 synthetic": (0.01, 0.001),
    "200-100-100-100 Kolen-Pollack": (0.01, 0.0003),
    "200-100-100-100 none": (0.02, 0.0),
    "200-100-100-100 Kickback": (0.01, 0.0003),
    "200-100-100-100 none, coherent": (0.02, 0.0),
    "200-100-100-100 attention": (0.03, 0.0003),
    "none, errors in spikes": (0.08, 0.0),
}
BEST_RATES = {  # of a search on a third of the images, as in spikes
    "500 BP": 1e-2,
    "500 shallow": 3e-2,
    "BP": 1e-2,
    "shallow": 1e-1,
    "200-100 BP": 1e-2,
    "200-100 shallow": 1e-1,
}


# Of a search at full length on all images, more than spikes have.
AT_LENGTH, LENGTH = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), ", best at full length"
BEST_AT_LENGTH = {  # by passes
    2: {
        "200 BP": 3e-3,
        "200 shallow": 3e-2,
        "200-100 BP": 3e-3,
        "200-100 shallow": 3e-2,
        "500 BP": 3e-3,
        "500 shallow": 3e-2,
        "200-100-100-100 BP": 1e-3,
        "200-100-100-100 shallow": 3e-2,
    },
    6: {"500 BP": 3e-3, "500 shallow": 1e-2},
}


def spiking(rule: Pathway, **changes) -> Spikes:
    """With the rates of the tuning; where hidden synapses are fixed all first weights are twice as
    strong, by the tuning, too: at first few hidden neurons fire, and there it stays so."""
    network = {"coherent": rule.coherent} | changes
    label = replace(SPIKES, rule=replace(rule, shuffled=False), **network).label
    rate, below = BEST[label.removeprefix("200 ")]
    given = network | {"learning_rate": rate, "hidden_rate": below}
    if not rule.sends:
        given["spread"] = 2 * SPIKES.spread
    if isinstance(getattr(rule, "way", rule), Gait):
        given["chunk"] = 250  # with 2500 the inverse is of weights long past
    return replace(SPIKES, rule=rule, **given | changes)


def arms(experiment: str) -> list[Spikes]:
    return [spiking(way, **network) for way, network in ARMS[experiment]]


def rates(rule: Rule, **changes) -> Setting:
    given = {"sizes": SPIKES.sizes} | changes
    if "learning_rate" not in given:
        of = f"{'-'.join(map(str, given['sizes'][1:-1]))} {rule.short}".removeprefix("200 ")
        given["learning_rate"] = BEST_RATES[of]
    return replace(RATES, rule=rule, **given)


def _spiking(experiment: str, profile: str) -> list[Job]:
    """One program after the other: all seeds of a setting, then the next."""
    seeds, ways = SEEDS[profile], arms(experiment)
    if profile == "quick":  # one program
        return [Job(experiment, replace(ways[0], examples=5000, epochs=1), seeds[0], run=RUN)]
    told = [
        _told_others(way)
        for way in ways
        if isinstance(way.rule, Direct) or way == spiking(Kickback(), **DEEP)
    ]
    jobs = [
        Job(experiment, way, seed, run=RUN)
        for way in (*ways, *told)
        for seed in (seeds[:3] if _stands_beside(way) else seeds)
    ]
    if experiment.startswith("02"):  # beside them in rates, once for all notebooks
        jobs += [Job(experiment, rates(r), s) for r in (Backprop(), Shallow()) for s in seeds]
    return jobs


def _depth(experiment: str, profile: str) -> list[Job]:
    """Three seeds, five of what is in the answer; beside some networks the same in rates."""
    seeds, ways = SEEDS[profile], arms(experiment)
    if profile == "quick":  # one program
        return [Job(experiment, replace(ways[0], examples=5000, epochs=1), seeds[0], run=RUN)]
    longer = ways[0].epochs > SPIKES.epochs
    seeds = seeds if longer else seeds[:3]
    jobs = [Job(experiment, way, seed, run=RUN) for way in ways for seed in seeds]
    if longer:
        return jobs + _at_length(experiment, profile, ways[:1])
    beside = (Backprop(), Shallow()) if experiment in IN_RATES else ()
    return jobs + [Job(experiment, rates(r, sizes=ways[0].sizes), s) for r in beside for s in seeds]


def _at_length(experiment: str, profile: str, nets=()) -> list[Job]:
    """In rates, as often as in spikes: with the best rate of five at full length."""
    if profile == "quick":
        sizes = nets[0].sizes if nets else SPIKES.sizes
        best = BEST_AT_LENGTH[SPIKES.epochs][f"{'-'.join(map(str, sizes[1:-1]))} BP"]
        setting = rates(Backprop(), sizes=sizes, learning_rate=best, examples=5000, epochs=1)
        return [Job(experiment, setting, SEEDS[profile][0], setting.label + LENGTH)]
    jobs = []
    for net in nets or [replace(SPIKES, sizes=sizes) for sizes in SIZES]:
        for rule in (Backprop(), Shallow()):
            of = f"{'-'.join(map(str, net.sizes[1:-1]))} {rule.short}"
            best = {"learning_rate": BEST_AT_LENGTH[net.epochs][of]}
            setting = rates(rule, sizes=net.sizes, epochs=net.epochs, **best)
            jobs += [Job(experiment, setting, s, setting.label + LENGTH) for s in SEEDS[profile]]
    return jobs


def _tuning_at_length(experiment: str, profile: str, nets=()) -> list[Job]:
    """On all images, as often as the networks of `_at_length` see them: five rates, or four."""
    jobs = []
    for job in _at_length(experiment, "paper", nets):
        if job.seed == SEEDS["paper"][0]:
            longer = job.setting.epochs > SPIKES.epochs
            for rate in AT_LENGTH[:4] if longer else AT_LENGTH:  # the longer, the lower
                setting = replace(job.setting, learning_rate=rate)
                if profile == "quick":
                    setting = replace(setting, examples=2500, epochs=1)
                label = f"{job.name}, rate {rate:g}"
                jobs += [Job(experiment, setting, seed, label) for seed in TUNING_SEEDS]
    return jobs


# Feedback that stays as it is drawn, as large as the weights at first.
BLIND = WeightMirror(eta_B=0.0, decay=0.0, spread=SPIKES.spread)


def _mirror(experiment: str, profile: str) -> list[Job]:
    """Feedback that mirrors the weights, and as a control the same that stays as it is drawn, as
    large as the weights at first."""
    seeds, (mirror,) = SEEDS[profile], arms(experiment)
    if profile == "quick":  # one program
        return [Job(experiment, replace(mirror, examples=5000, epochs=1), seeds[0], run=RUN)]
    blind = replace(mirror, rule=BLIND)
    jobs = [Job(experiment, mirror, seed, run=RUN) for seed in seeds]
    return jobs + [Job(experiment, blind, s, f"{mirror.label}, blind", RUN) for s in seeds[:3]]


def _populations(experiment: str, profile: str) -> list[Job]:
    """Errors in spikes alone; of the direct way three seeds more are told other labels."""
    seeds, ways = SEEDS[profile], arms(experiment)
    if profile == "quick":  # one program
        return [Job(experiment, replace(ways[0], examples=5000, epochs=1), seeds[0], run=RUN)]
    told = [_told_others(way) for way in ways if isinstance(way.rule.way, Direct)]
    jobs = [Job(experiment, way, seed, run=RUN) for way in ways for seed in seeds]
    return jobs + [Job(experiment, way, seed, run=RUN) for way in told for seed in seeds[:3]]


CONTROLS = {  # told other labels; of 02 and 07 they stand beside the others
    "01": (Signs(), KolenPollack(), WeightMirror()),
    "06": (TargetDifference(),),
    "11": (Attention(),),
    "12": (Gait(),),
    "14": (Synthetic(),),
}


def _controls(experiment: str, profile: str) -> list[Job]:
    """What is learned where hidden neurons are told other labels; and what of those that predict
    their error where they are told the label alone."""
    labelled = [(_told_others(spiking(way)), "") for way in CONTROLS[experiment[:2]]]
    if experiment.startswith("14"):
        alone = spiking(Synthetic(layer=False))
        labelled.append((alone, f"{alone.label}, of the label alone"))
    seeds = SEEDS[profile][:3]
    if profile == "quick":
        labelled = [(replace(w, examples=5000, epochs=1), label) for w, label in labelled[:1]]
    return [Job(experiment, way, seed, label, RUN) for way, label in labelled for seed in seeds]


CONTROLS_ALONE = tuple(f"{notebook}-spiking-populations-controls" for notebook in (*CONTROLS, "07"))


def _controls_alone(experiment: str, profile: str) -> list[Job]:
    """The same where errors are spikes alone; of 02 it stands beside the others, too."""
    ways, seeds = arms(experiment.removesuffix("-controls")), SEEDS[profile][:3]
    told = [_told_others(way) for way in ways if way.rule.way != Symmetric()]
    if profile == "quick":  # one program
        told, seeds = [replace(told[0], examples=5000, epochs=1)], seeds[:1]
    return [Job(experiment, way, seed, run=RUN) for way in told for seed in seeds]


def _off(experiment: str, profile: str) -> list[Job]:
    """No synapse changes; what is shown meanwhile does not matter."""
    way = spiking(Direct(), learning_rate=0.0, hidden_rate=0.0, **on_part(profile))
    return labelled(experiment, {f"{way.label}, plasticity off": way}, SEEDS[profile][:3], RUN)


def _blind(experiment: str, profile: str) -> list[Job]:
    """Errors in spikes alone and feedback that stays as it is drawn, at the mirror's rates."""
    mirror = spiking(TwoPopulations(way=WeightMirror()))
    blind = replace(mirror, rule=replace(mirror.rule, way=BLIND))
    return in_full(experiment, profile, f"{mirror.label}, blind", blind, RUN, seeds=5)


def _told_others(way: Spikes) -> Spikes:
    return replace(way, rule=replace(way.rule, shuffled=True))


def _stands_beside(way: Spikes) -> bool:
    """Whether it is not in the answer, and has two hidden layers."""
    return len(way.sizes) > 3 and way.rule in (Symmetric(), Kickback(shuffled=True))


COURSE = {  # beside their own rules in rates, while they learn
    "01": (Signs(), KolenPollack(), WeightMirror()),
    "02": (Direct(), Symmetric()),
    "06": (TargetDifference(),),
    "07": (Kickback(),),
    "11": (Attention(),),
    "12": (Gait(),),
    "14": (Synthetic(),),
}


def _course(experiment: str, profile: str) -> list[Job]:
    """Half of the images, once; angles to the rules in rates on the way."""
    length = {"examples": LEARNED[profile], "epochs": 1}
    if "populations" in experiment:
        ways = [replace(way, **length) for way in arms(experiment.removesuffix("-course"))]
    else:
        ways = [spiking(way, **length) for way in COURSE[experiment[:2]]]
    return course(experiment, profile, ways)


OUTPUT, BELOW = (0.01, 0.03), (0.003, 0.01, 0.03, 0.1)  # mV
BELOW_DEEP = (0.0003, 0.001, 0.003, 0.01)  # with two hidden layers
BELOW_FOUR = (0.0001, *BELOW_DEEP)
WIDER = {  # pairs besides, where the best was at an end
    "200-100 weight mirror": [(0.01, 0.0001)],
    "200-100 GAIT": [(0.01, 0.0001)],
    "200 attention, errors in spikes": [
        *itertools.product((0.001,), (0.01, 0.03, 0.1)),
        *itertools.product((0.003,), (0.001, 0.003, 0.01, 0.03, 0.1)),
    ],
}
OWN = {  # constants of a pathway that are tried besides, with every pair
    "200-100 target difference": [{"own": own} for own in (3e-3, 1e-4, 3e-5, 1e-5)]
}
OUTPUT_LARGE, BELOW_LARGE = (0.01, 0.02), (0.003, 0.01)  # mV, where images are longer
ALONE_LARGE = (0.01, 0.02, 0.04)  # mV, where images are longer
ALONE = (0.02, 0.04, 0.08, 0.16)  # of the output's synapses, where no others learn


def _tuning(experiment: str, profile: str) -> list[Job]:
    """On a third of the images once: eight settings of a pathway, five of a rule in rates.

    With two hidden layers four, at the rate of the output that was best with one; four of a large
    network, three where its hidden synapses are fixed.
    """
    few = on_part(profile)
    kind = experiment.removesuffix("-tuning").split("-")[-1]
    jobs, deep, large = [], kind in ("depth", "four"), kind == "large"
    for way in arms(experiment.removesuffix("-tuning")):
        under = {1: BELOW, 2: BELOW_DEEP, 4: BELOW_FOUR}[len(way.sizes) - 2]
        outputs = OUTPUT
        if large:
            outputs, under = OUTPUT_LARGE, BELOW_LARGE
        outputs = (way.learning_rate,) if deep else outputs
        both = [(rate, below) for rate in outputs for below in under]
        both += [pair for pair in WIDER.get(way.label, []) if pair not in both]
        pairs = [(*pair, SPIKES.spread) for pair in both]
        if not way.rule.sends:
            spreads = (way.spread,) if deep or large or kind == "long" else (50.0, 100.0)
            alone = ALONE_LARGE if large else ALONE
            pairs = [(rate, 0.0, spread) for spread in spreads for rate in alone]
        for (rate, below, spread), own in itertools.product(pairs, OWN.get(way.label, ({},))):
            given = {"learning_rate": rate, "hidden_rate": below, "spread": spread} | few
            setting = replace(way, rule=replace(way.rule, **own), **given)
            label = f"{setting.label}, rates {rate:g} and {below:g} mV, spread {spread:g} mV"
            label += "".join(f", {name} {value:g}" for name, value in own.items())
            jobs += [Job(experiment, setting, seed, label, RUN) for seed in TUNING_SEEDS]
    if kind == "long":
        jobs += _tuning_at_length(experiment, profile, arms(experiment.removesuffix("-tuning"))[:1])
    elif experiment.removesuffix("-tuning") in IN_RATES:
        sizes = arms(experiment.removesuffix("-tuning"))[0].sizes
        for rule in (Backprop(), Shallow()):
            for rate in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1):
                setting = rates(rule, learning_rate=rate, sizes=sizes, **few)
                label = f"{setting.label}, rate {rate:g}"
                jobs += [Job(experiment, setting, seed, label) for seed in TUNING_SEEDS]
    return jobs


LARGER, ALONE_LARGER = (200.0, 400.0, 800.0), (0.01, 0.02, 0.04, 0.08, 0.16)  # mV


def _tuning_larger(experiment: str, profile: str) -> list[Job]:
    """Fixed hidden synapses with first weights larger than those of `_tuning`."""
    tried = {}
    for spread, rate in itertools.product(LARGER, ALONE_LARGER):
        way = spiking(Fixed(), spread=spread, learning_rate=rate, **on_part(profile))
        tried[f"{way.label}, larger first weights, rate {rate:g} mV, spread {spread:g} mV"] = way
    return labelled(experiment, tried, run=RUN)


# What was changed, one thing at a time, where a method stays below 95 % right with one layer: of
# the pathway, of the network.
EXPLAINED = {
    "rate of the inverse 0.001": ({"own": 1e-3}, {}),
    "rate of the inverse 0.0001": ({"own": 1e-4}, {}),
    "rate of the inverse 1e-05": ({"own": 1e-5}, {}),
    "images of 120 ms": ({}, {"image": 120, "settling": 20}),
    "first weights half as large": ({}, {"spread": 25.0}),
    "first weights twice as large": ({}, {"spread": 100.0}),
}
BEST_EXPLAINED = "rate of the inverse 1e-05"


def _explained(experiment: str, profile: str) -> list[Job]:
    """Target differences with errors in spikes."""
    changed = {
        what: replace(
            spiking(TwoPopulations(way=TargetDifference())),
            rule=TwoPopulations(way=TargetDifference(**own)), **network,
        )
        for what, (own, network) in EXPLAINED.items()
    }  # fmt: skip
    return one_at_a_time(experiment, profile, changed, BEST_EXPLAINED, RUN, seeds=5)


def _standstill(experiment: str, profile: str) -> list[Job]:
    """Target differences with errors in spikes, at its rates; its inverse stays as it is drawn."""
    usual = spiking(TwoPopulations(way=TargetDifference()))
    way = replace(usual, rule=TwoPopulations(way=TargetDifference(own=0.0)))
    label = f"{way.label}, inverse at a standstill"
    return in_full(experiment, profile, label, way, RUN, seeds=5)


EXPLORED = (0.02, 0.1)  # how often any neuron is chosen


def _explored(experiment: str, profile: str) -> list[Job]:
    """Attention with errors in spikes, at its rates, and the answers of every class: whether a
    class is lost because it is never chosen."""
    tried, few = {}, {"examples": 5000, "epochs": 1} if profile == "quick" else {}
    for epsilon in EXPLORED[:1] if profile == "quick" else EXPLORED:
        way = spiking(TwoPopulations(way=Attention()))
        way = replace(way, rule=TwoPopulations(way=Attention(epsilon=epsilon)), **few)
        tried[f"{way.label}, {epsilon:g} at random"] = way
    seeds = SEEDS[profile][:1] if profile == "quick" else SEEDS[profile]
    return labelled(experiment, tried, seeds, "credit.spiking.by_class:run")


# Of the error of random feedback: no label for hidden neurons, and another image's label alone.
HALVES = (HalfOfError(), HalfOfError(half="label", shuffled=True))


def _halves(experiment: str, profile: str) -> list[Job]:
    """What hidden neurons learn of either half where they are told other labels, at its rates."""
    rate, below = BEST["direct"]
    few = {"examples": 5000, "epochs": 1} if profile == "quick" else {}
    ways = [
        replace(SPIKES, rule=half, learning_rate=rate, hidden_rate=below, **few) for half in HALVES
    ]
    seeds = SEEDS[profile][:3]
    if profile == "quick":  # one program
        ways, seeds = ways[:1], seeds[:1]
    return [Job(experiment, way, seed, run=RUN) for way in ways for seed in seeds]


KINDS = {
    "large": _depth,
    "long": _depth,
    "mirror": _mirror,
    "populations": _populations,
    "depth": _depth,
    "four": _depth,
    "floor": _populations,
}
EXPERIMENTS = (
    {name: KINDS.get(name.split("-")[-1], _spiking) for name in ARMS}
    | {f"{name}-tuning": _tuning for name in ARMS}
    | {"02-spiking-larger-tuning": _tuning_larger}
    | {"02-spiking-halves": _halves}
    | {"06-spiking-standstill": _standstill}
    | {"11-spiking-populations-explored": _explored}
    | {"06-spiking-explained": _explained, "06-spiking-explained-tuning": _explained}
    | {"02-rates": _at_length, "02-rates-tuning": _tuning_at_length}
    | {
        "02-rates-four": partial(_at_length, nets=(replace(SPIKES, **FOUR),)),
        "02-rates-four-tuning": partial(_tuning_at_length, nets=(replace(SPIKES, **FOUR),)),
    }
    | {f"{notebook}-spiking-controls": _controls for notebook in CONTROLS}
    | dict.fromkeys(CONTROLS_ALONE, _controls_alone)
    | {"02-spiking-off": _off}
    | {"01-spiking-populations-blind": _blind}
    | {f"{notebook}-spiking-course": _course for notebook in COURSE}
    | {f"{notebook}-spiking-populations-course": _course for notebook in COURSE}
)
