"""Notebook 13: the NEF route, Hunsberger 2018."""

import itertools
from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.spiking.fixed_encoders import FixedEncoders, FixedSetting
from credit.spiking.nef_learner import NefLearner, NefSetting
from credit.training.setting import Setting

SPIKING = "credit.spiking.nef_learner:run"
FIXED = "credit.spiking.fixed_encoders:run"
WITHOUT = "credit.spiking.nef_rates:run"  # the learner's code and network, no spikes

# The thesis' network, rates, weights and feedback, for half of the poster's time: 0.22 s an
# example, 40 neurons for each dimension of the output and of every error population.
HEADLINE = NefSetting(examples=2500, chunk=100)
# The same in small, from weights that are not near zero and with higher rates.
SMALL = NefSetting(
    sizes=(8, 40, 40, 3),
    dataset="linear-8-3",
    ensemble=20,
    image=200,
    settling=100,
    learning_rate=0.3,
    hidden_rate=0.3,
    spread=0.1,
    output_spread=0.1,
    examples=300,
    chunk=100,
)
ARMS = {
    "spikes": NefLearner(),
    "hidden synapses fixed": NefLearner("none"),
    "another example's error": NefLearner(shuffled=True),
    "gate always open": NefLearner(gate="open"),
}
# Rates in place of spikes, on the same task and as many examples. Learning rates are the best of
# 0.01, 0.03, 0.1 and 0.3 by the validation error, on the seed of tuning.
RATES = Setting(
    rule=Backprop(),
    sizes=(8, 40, 40, 3),
    nonlinearity="relu",
    output="linear",
    weights=Init("normal_fan_in", 2**0.5),
    dataset="linear-8-3",
    learning_rate=0.03,
    batch=1,
    epochs=1,
    examples=300,
)


def _linear(experiment: str, profile: str) -> list[Job]:
    """A run takes a second, so the profiles differ in their seeds alone."""
    rates = [
        replace(RATES, learning_rate=0.1),
        replace(RATES, rule=DirectFeedbackAlignment()),
        replace(RATES, rule=Shallow()),
    ]
    jobs = []
    for seed in SEEDS[profile]:
        for name, rule in ARMS.items():
            setting = replace(SMALL, rule=rule)
            jobs.append(Job(experiment, setting, seed, f"40-40, {name}", SPIKING))
        jobs += [Job(experiment, setting, seed, "40-40, rates") for setting in rates]
    return jobs


def _headline(experiment: str, profile: str) -> list[Job]:
    """The quick profile only shows that it runs."""
    quick = profile == "quick"
    base = replace(HEADLINE, examples=100) if quick else HEADLINE
    return [
        Job(experiment, replace(base, rule=ARMS[name]), seed, f"80-80, {name}", SPIKING)
        for seed in (SEEDS["quick"][:1] if quick else SEEDS["quick"])
        for name in ("spikes", "hidden synapses fixed")
    ]


def _fixed(experiment: str, profile: str) -> list[Job]:
    settings = [
        FixedSetting(FixedEncoders(solver=solver), (784, n, 10), spiking=1000)
        for n in (500, 1000)
        for solver in ("squared", "weighted")
    ]
    seeds = SEEDS["quick"]
    if profile == "quick":  # the first alone
        settings, seeds = settings[:1], seeds[:1]
    return [Job(experiment, s, seed, run=FIXED) for seed in seeds for s in settings]


# MNIST with a hidden layer that learns. Pixels are not negative: one input neuron each. Error
# neurons have thresholds on both sides of zero, as those of the output: see 13-mnist-tuning.
WIDE = (-1.0, 0.9)
MNIST = NefSetting(
    sizes=(784, 200, 10),
    dataset="mnist",
    signs=False,
    ensemble=20,
    intercepts=WIDE,
    tau_rc=0.02,
    image=50,
    settling=20,
    blackout=15,
    learning_rate=5.0,
    hidden_rate=0.1,
    schedule="linear",
    spread=0.05,
    output_spread=0.0,
    examples=20_000,
    validated=2500,
    chunk=2500,
)
FEW = replace(MNIST, examples=5000, tested=0)  # to choose rates by, and to look for causes


THESIS = NefSetting.intercepts
BEST = {  # learning rates of the output's and of hidden synapses, by 13-mnist-tuning
    "spikes": (10.0, 0.1),
    "hidden synapses fixed": (10.0, 0.0),
}
BEST_WITHOUT = {
    "spikes": (5.0, 0.1),
    "hidden synapses fixed": (5.0, 0.0),
    "thresholds of the thesis": (2.0, 0.1),
}
# of two within 0.1 points the smaller one
BEST_RATES = {"backprop": 0.3, "direct_feedback_alignment": 0.3, "shallow": 1.0}
# The same images in rates, by plain gradients.
IN_RATES = Setting(
    rule=Backprop(),
    sizes=(784, 200, 10),
    nonlinearity="relu",
    weights=Init("normal_fan_in", 2**0.5),
    schedule="linear",
    batch=20,
    epochs=1,
    examples=20_000,
)
EITHER = tuple((rate, below) for rate in (2, 5) for below in (0.01, 0.03, 0.1))
RULES = (Backprop(), DirectFeedbackAlignment(), Shallow())


def mnist(rule: NefLearner, arm: str, best: dict = BEST, code: tuple = WIDE) -> NefSetting:
    """With the learning rates of an arm; a control has those of what it controls."""
    rate, below = best[arm]
    return replace(MNIST, rule=rule, learning_rate=rate, hidden_rate=below, intercepts=code)


def _mnist(experiment: str, profile: str) -> list[Job]:
    """One program for all arms in spikes; then the same code and network without them."""
    arms = {
        "spikes": mnist(NefLearner(), "spikes"),
        "hidden synapses fixed": mnist(NefLearner("none"), "hidden synapses fixed"),
        "another image's error": mnist(NefLearner(shuffled=True), "spikes"),
    }
    if profile == "quick":
        few = replace(arms["spikes"], examples=2500, tested=2500)
        return [Job(experiment, few, SEEDS["quick"][0], "200, spikes", SPIKING)]
    seeds = SEEDS["paper"]
    jobs = []
    for arm, setting in arms.items():
        few = seeds if arm in BEST else SEEDS["quick"]
        jobs += [Job(experiment, setting, seed, f"200, {arm}", SPIKING) for seed in few]
    for arm in BEST_WITHOUT:
        rule = NefLearner("none" if arm == "hidden synapses fixed" else "spikes")
        code = THESIS if arm == "thresholds of the thesis" else WIDE
        setting = mnist(rule, arm, BEST_WITHOUT, code)
        label = "200, without spikes" + f", {arm}" * (arm != "spikes")
        jobs += [Job(experiment, setting, seed, label, WITHOUT) for seed in seeds]
    for rule in RULES:
        rate = BEST_RATES[type(rule).__module__.rpartition(".")[2]]
        setting = replace(IN_RATES, rule=rule, learning_rate=rate)
        jobs += [Job(experiment, setting, seed, "200, rates") for seed in seeds]
    return jobs


def _tried(experiment: str, grids) -> list[Job]:
    """Every pair of rates of (run, thresholds, rule, pairs)."""
    jobs = []
    for run, code, rule, pairs in grids:
        for rate, below in pairs:
            pair = {"learning_rate": rate, "hidden_rate": below}
            s = replace(FEW, intercepts=code, rule=rule, **pair)
            label = f"{s.label}, intercepts from {code[0]:g}, rates {rate:g} and {below:g}"
            label += ", without spikes" * (run == WITHOUT)
            jobs += [Job(experiment, s, seed, label, run) for seed in TUNING_SEEDS]
    return jobs


def _tuning(experiment: str, profile: str) -> list[Job]:
    """A quarter of the images: rates of the output's and of the hidden synapses, for both codes,
    with spikes and without; and those of the networks of rates."""
    spikes, none = NefLearner(), NefLearner("none")
    grids = (
        (SPIKING, WIDE, spikes, ((5, 0.03), (5, 0.1), (5, 0.3), (2, 0.1), (10, 0.1))),
        (SPIKING, WIDE, none, ((2, 0), (5, 0), (10, 0))),
        (SPIKING, THESIS, spikes, ((5, 0.003), (5, 0.01), (5, 0.03), (2, 0.01), (10, 0.01))),
        (WITHOUT, WIDE, spikes, EITHER),
        (WITHOUT, WIDE, none, ((2, 0), (5, 0), (10, 0))),
        (WITHOUT, THESIS, spikes, EITHER),
    )
    jobs = _tried(experiment, grids)
    for rule in RULES:
        for rate in (0.1, 0.3, 1.0):
            s = replace(IN_RATES, rule=rule, learning_rate=rate, examples=5000)
            jobs += [Job(experiment, s, seed, f"rates, {rate:g}") for seed in TUNING_SEEDS]
    return jobs[:1] if profile == "quick" else jobs


# With the thresholds of the thesis in spikes: of the output's and of hidden synapses.
BEST_THESIS = {"spikes": (2.0, 0.3), "hidden synapses fixed": (10.0, 0.0)}  # by 13-thesis-tuning


def _thesis(experiment: str, profile: str) -> list[Job]:
    """The thresholds of the thesis in spikes, beside fixed hidden synapses under the same."""
    arms = {
        "200, thesis": mnist(NefLearner(), "spikes", BEST_THESIS, THESIS),
        "200, thesis, hidden synapses fixed": mnist(
            NefLearner("none"), "hidden synapses fixed", BEST_THESIS, THESIS
        ),
    }
    if profile == "quick":
        few = replace(arms["200, thesis"], examples=2500, tested=2500)
        return [Job(experiment, few, SEEDS["quick"][0], "200, thesis", SPIKING)]
    return [
        Job(experiment, s, seed, label, SPIKING)
        for label, s in arms.items()
        for seed in SEEDS["paper"]
    ]


def _thesis_tuning(experiment: str, profile: str) -> list[Job]:
    """As wide a search as the other thresholds had, and as many rates where nothing is sent."""
    pairs = itertools.product((2, 5, 10), (0.03, 0.1, 0.3))
    grids = (
        (SPIKING, THESIS, NefLearner(), pairs),
        (SPIKING, THESIS, NefLearner("none"), ((2, 0), (5, 0), (10, 0))),
    )
    jobs = _tried(experiment, grids)
    return jobs[:1] if profile == "quick" else jobs


EXPERIMENTS = {
    "13-fixed": _fixed,
    "13-headline": _headline,
    "13-linear": _linear,
    "13-mnist": _mnist,
    "13-mnist-tuning": _tuning,
    "13-thesis": _thesis,
    "13-thesis-tuning": _thesis_tuning,
}
