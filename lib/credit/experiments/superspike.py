"""Notebook 03: SuperSpike."""

from collections.abc import Mapping
from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.spiking import superspike, superspike_images
from credit.spiking.superspike import SuperSpike
from credit.training.setting import Setting

TRAINS = "credit.spiking.superspike:run"
IMAGES = "credit.spiking.superspike_images:run"

# Figure 4 of the paper: 100 frozen Poisson inputs, four hidden neurons, one output that is to fire
# five times in 500 ms. Input rate, first weights and r_0 are not printed: those of the authors'
# code for another task, and the rate of a public port. 200 s in place of 250 s and more.
FIGURE_4 = superspike.Setting(trials=400, falls=(300,))
WAYS = ("random", "symmetric", "uniform")

# One pass of MNIST. The rates are those of 03-tuning, by validation error.
PASS = superspike_images.Setting(batch=20, learning_rate=0.5, hidden_rate=0.5)
RATE_NET = Setting(
    Backprop(), (784, 200, 10), nonlinearity="relu", learning_rate=0.1, batch=20, epochs=1
)


def _jobs(experiment: str, run: str, settings: Mapping, seeds) -> list[Job]:
    return [
        Job(experiment, setting, seed, label, run)
        for seed in seeds
        for label, setting in settings.items()
    ]


def _trains(experiment: str, profile: str) -> list[Job]:
    settings = [replace(FIGURE_4, rule=SuperSpike(way)) for way in WAYS]
    return _jobs(experiment, TRAINS, {s.label: s for s in settings}, SEEDS[profile])


def _mnist(experiment: str, profile: str) -> list[Job]:
    few = {} if profile == "paper" else {"examples": 2_000}
    base, seeds = replace(PASS, **few), SEEDS["quick"]
    jobs = _jobs(experiment, IMAGES, {base.label: base}, seeds)
    for rule in (Backprop(), Shallow()):
        net = replace(RATE_NET, rule=rule, **few)
        jobs += [Job(experiment, net, seed, base.label) for seed in seeds]
    return jobs


def _tuning(experiment: str, profile: str) -> list[Job]:
    base = replace(PASS, examples=10_000 if profile == "paper" else 500)
    settings = {}
    for rate in (0.25, 0.5):
        for hidden in (0.2 * rate, rate):
            label = f"random, rate {rate:g}, hidden {hidden:g}"
            settings[label] = replace(base, learning_rate=rate, hidden_rate=hidden)
    return _jobs(experiment, IMAGES, settings, TUNING_SEEDS)


EXPERIMENTS = {
    "03-tuning": _tuning,
    "03-trains": _trains,
    "03-mnist": _mnist,
}
