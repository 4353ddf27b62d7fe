"""Notebook 04: segregated dendrites, in their torch form."""

from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS, labelled
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.spiking.segregated_dendrites import SegregatedDendrites, Setting
from credit.training import setting as rates

TORCH = "credit.spiking.segregated_in_time:run"
BRIAN = "credit.spiking.segregated_dendrites:run"

# Guerguiev et al. 2017, Fig. 6B: rates chosen on the test set there, for 60 epochs; for an epoch
# 04-spiking-tuning tries them times a factor. They show no data of the third hidden layer; its size
# is ours.
NETS = {
    (784, 10): 0.19,
    (784, 500, 10): 0.21,
    (784, 500, 100, 10): (0.23, 0.23, 0.12),
    (784, 500, 100, 100, 10): (0.23, 0.23, 0.23, 0.12),
}
EPOCHS = 1  # of their 60
LONGER = 20  # the length of their Fig. 8, supplement 1
AREA = 0.51  # of a postsynaptic potential that ends after ten steps, as in the authors' code
SMALL = {"examples": 2500, "epochs": 1, "curve": 500, "validated": 100, "tested": 1000}
SMALL |= {"watched": 100}
SHORT = {"examples": 20_000, "curve": 1000, "watched": 0}
SINGLE = (784, 500, 10)
FACTORS = (0.1, 0.3, 1.0, 3.0)  # that 04-spiking-tuning multiplies these rates with
FROZEN = 0.3  # the best with frozen hidden synapses
# rates that 04-tuning tries for the baselines
TRIED = {Backprop(): (0.3, 1.0, 3.0), Shallow(): (0.1, 0.3, 1.0)}
TRIED_LONGER = {Backprop(): (0.1, 0.3, 1.0), Shallow(): (0.03, 0.1, 0.3)}
# the best of them, by the number of hidden layers; of those that are alike the steadier one
RATES = {
    EPOCHS: {"BP": {1: 1.0, 2: 1.0, 3: 1.0}, "shallow": {1: 0.1, 2: 0.3, 3: 1.0}},
    LONGER: {"BP": {1: 0.3}, "shallow": {1: 0.1}},
}


def hidden(sizes: tuple[int, ...]) -> tuple[int, ...]:
    return sizes[1:-1]


def net(
    sizes: tuple[int, ...], feedback: str = "random", apical: float = 0.0, **changes
) -> Setting:
    """A network of NETS with its rates."""
    rule = SegregatedDendrites(feedback, apical, changes.pop("shuffled", False))
    given = {"epochs": EPOCHS, "learning_rate": NETS[sizes]} | changes
    return Setting(rule, sizes, **given)


def faster(setting: Setting, factor: float) -> Setting:
    """All its rates times a factor."""
    rates = setting.learning_rate
    several = isinstance(rates, tuple)
    times = tuple(round(r * factor, 6) for r in rates) if several else round(rates * factor, 6)
    return replace(setting, learning_rate=times)


def spiking(experiment: str, settings: list[Setting], seeds, run: str = TORCH) -> list[Job]:
    return [Job(experiment, setting, seed, run=run) for seed in seeds for setting in settings]


def baseline(rule, sizes: tuple[int, ...], **changes) -> rates.Setting:
    """The same sizes in rates: logistic units that start as steep as the spiking ones, batches."""
    steep = (Init("normal_fan_in", 3.0),) * (len(sizes) - 1)
    given = {"weights": steep, "batch": 20, "epochs": EPOCHS} | changes
    return rates.Setting(rule, sizes, nonlinearity="logistic", **given)


def _beside(experiment, nets, seeds, **changes) -> list[Job]:
    best = RATES[changes.get("epochs", EPOCHS)]
    pairs = [
        (f"{'-'.join(map(str, sizes))}, {type(rule).__name__.lower()}",
         baseline(rule, sizes, learning_rate=best[rule.short][len(hidden(sizes))], **changes))
        for sizes in filter(hidden, nets) for rule in TRIED
    ]  # fmt: skip
    return labelled(experiment, pairs, seeds)


def _mnist(experiment: str, profile: str) -> list[Job]:
    """One hidden layer, in one epoch."""
    seeds = SEEDS[profile]
    if profile == "quick":
        sizes = (784, 100, 10)
        told = [("random", False), ("none", False), ("random", True)]
        settings = [
            Setting(SegregatedDendrites(f, shuffled=wrong), sizes, **SMALL) for f, wrong in told
        ]
        few = {"examples": SMALL["examples"], "epochs": SMALL["epochs"]}
        return spiking(experiment, settings, seeds) + _beside(experiment, [sizes], seeds, **few)
    sizes = SINGLE
    return spiking(experiment, [net(sizes)], seeds) + _beside(experiment, [sizes], seeds)


def _depth(experiment: str, profile: str) -> list[Job]:
    """No to three hidden layers, in one epoch."""
    seeds = SEEDS["paper"]
    return spiking(experiment, list(map(net, NETS)), seeds) + _beside(experiment, NETS, seeds)


def _feedback(experiment: str, profile: str) -> list[Job]:
    """Their Fig. 8: other feedback to one hidden layer, in one epoch; 04-depth stands beside it."""
    settings = [net(SINGLE, feedback) for feedback in ("sparse", "symmetric")]
    return spiking(experiment, settings, SEEDS["quick"])


def _apical(experiment: str, profile: str) -> list[Job]:
    """Their Fig. 9B: apical dendrites that reach the soma, in Brian2."""
    settings = [net((784, 500, 100, 10), apical=gA, **SHORT) for gA in (0.0, 0.05, 0.6)]
    return spiking(experiment, settings, SEEDS["quick"], BRIAN)


def _area(experiment: str, profile: str) -> list[Job]:
    """One hidden layer with postsynaptic potentials as in the authors' code."""
    return spiking(experiment, [net(SINGLE, area=AREA)], SEEDS["quick"])


def _longer(experiment: str, profile: str) -> list[Job]:
    """04-area at a published length, and what backprop and a trained readout make of it."""
    sizes, seeds = SINGLE, SEEDS["quick"]
    rule = net(sizes, area=AREA, epochs=LONGER)
    return spiking(experiment, [rule], seeds) + _beside(experiment, [sizes], seeds, epochs=LONGER)


def _spiking_tuning(experiment: str, profile: str) -> list[Job]:
    """All rates of a network times one factor, after an epoch; one hidden layer also frozen."""
    tried = [*map(net, NETS), net(SINGLE, "none")]
    settings = {f"{s.label}, rates times {f:g}": faster(s, f) for s in tried for f in FACTORS}
    return labelled(experiment, settings, run=TORCH)


def _floor(experiment: str, profile: str) -> list[Job]:
    """One hidden layer with frozen synapses at the best factor, the shallow baseline in spikes."""
    return spiking(experiment, [faster(net(SINGLE, "none"), FROZEN)], SEEDS[profile])


def _tuning(experiment: str, profile: str, nets=tuple(NETS), by=TRIED, **changes) -> list[Job]:
    """The baselines' rates, by the validation set after an epoch."""
    found = []
    for sizes in filter(hidden, nets):
        for rule, tried in by.items():
            for rate in tried:
                setting = baseline(rule, sizes, learning_rate=rate, **changes)
                label = f"{'-'.join(map(str, sizes))}, rate {rate:g}"
                found += [Job(experiment, setting, seed, label) for seed in TUNING_SEEDS]
    return found


def _longer_tuning(experiment: str, profile: str) -> list[Job]:
    """The same at the length of 04-longer."""
    return _tuning(experiment, profile, [SINGLE], TRIED_LONGER, epochs=LONGER)


EXPERIMENTS = {
    "04-area": _area,
    "04-depth": _depth,
    "04-floor": _floor,
    "04-feedback": _feedback,
    "04-apical": _apical,
    "04-longer": _longer,
    "04-longer-tuning": _longer_tuning,
    "04-mnist": _mnist,
    "04-spiking-tuning": _spiking_tuning,
    "04-tuning": _tuning,
}
