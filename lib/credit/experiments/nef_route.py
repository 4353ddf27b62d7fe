"""Notebook 13: the NEF route, Hunsberger 2018."""

from dataclasses import replace

from credit.experiments.common import SEEDS
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
    """The same in both profiles: a run takes a second."""
    rates = [
        replace(RATES, learning_rate=0.1),
        replace(RATES, rule=DirectFeedbackAlignment()),
        replace(RATES, rule=Shallow()),
    ]
    jobs = []
    for seed in SEEDS["paper"]:
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
    quick = profile == "quick"
    sizes = (500,) if quick else (500, 1000)
    settings = [
        FixedSetting(FixedEncoders(solver=solver), (784, n, 10), spiking=1000)
        for n in sizes
        for solver in ("squared", "weighted")
    ]
    seeds = SEEDS["quick"]
    return [Job(experiment, s, seed, run=FIXED) for seed in seeds for s in settings]


EXPERIMENTS = {"13-fixed": _fixed, "13-headline": _headline, "13-linear": _linear}
