"""Notebook 10: two sites of synaptic integration."""

from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS, labelled
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.shallow import Shallow
from credit.rules.two_sites import TwoSites
from credit.runs.store import Job
from credit.spiking import two_sites as ensembles
from credit.training.setting import Setting

RUN = "credit.spiking.two_sites:run"

# Körding & König 2001, Fig. 2: XOR, beta 2, weights uniform in [0, 1), 10 000 iterations. Sizes,
# biases, coding and the error are a reconstruction.
RATES = ensembles.Setting(firing="rates", presentations=10_000)
ALPHAS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.04, 0.16, 0.3, 0.6)
ARMS = {  # that stand beside the rule: what it is made of taken away, one at a time
    "apical off": ensembles.TwoSites(apical="off"),
    "apical shuffled": ensembles.TwoSites(apical="shuffled"),
    "hidden synapses fixed": ensembles.TwoSites(hidden=False),
    "apical synapses fixed": ensembles.TwoSites(v="fixed"),
    "backprop": ensembles.TwoSites(v="mirrored"),
    "bursts without a base rate": ensembles.TwoSites(signed=False),
    "bursts as a share of spikes": ensembles.TwoSites(gain="activity"),
}
BETAS = (0.2, 0.6, 2.0, 6.0)


def _xor(experiment: str, profile: str) -> list[Job]:
    """beta is 2 in every arm: 10-tuning says that no other helps those that fail."""
    quick = profile == "quick"
    settings = {
        f"2-4-1, alpha {alpha:g}": replace(RATES, rule=ensembles.TwoSites(alpha=alpha))
        for alpha in (ALPHAS[:1] if quick else ALPHAS)
    }
    beside = ("apical off", "apical shuffled", "backprop") if quick else ARMS
    settings |= {f"2-4-1, {name}": replace(RATES, rule=ARMS[name]) for name in beside}
    deep = {"2-4-4-1, alpha 0": ensembles.TwoSites(), "2-4-4-1, backprop": ARMS["backprop"]}
    if not quick:
        settings |= {n: replace(RATES, rule=r, sizes=(2, 4, 4, 1)) for n, r in deep.items()}
    return labelled(experiment, settings, SEEDS[profile], RUN)


SPIKES = ensembles.Setting(presentations=4500)
MIXED = ensembles.TwoSites(alpha=0.05)


def _spiking(experiment: str, profile: str) -> list[Job]:
    """The same task in spikes; 20 events are too few, unless they come evenly."""
    if profile == "quick":
        few = replace(SPIKES, presentations=3000)
        settings = {"2-4-1": few, "2-4-1, apical off": replace(few, rule=ARMS["apical off"])}
        return labelled(experiment, settings, SEEDS[profile][:1], RUN)
    settings = {"2-4-1": SPIKES}
    for name in ("apical off", "apical shuffled", "hidden synapses fixed"):
        settings[f"2-4-1, {name}"] = replace(SPIKES, rule=ARMS[name])
    settings["2-4-1, 20 events"] = replace(SPIKES, events=20.0)
    settings["2-4-1, regular, 20 events"] = replace(SPIKES, firing="regular", events=20.0)
    settings["2-4-4-1"] = replace(SPIKES, sizes=(2, 4, 4, 1))
    # outside, unlike elsewhere: one program after the other
    return [
        Job(experiment, s, seed, label, RUN)
        for label, s in settings.items()
        for seed in SEEDS[profile]
    ]


# Not in the paper: MNIST. Logistic units, as the rule's A lie in (0, 1); a standard deviation of
# 3 / sqrt(fan-in) above the first layer, without which logistic layers do not learn in this time.
STEEP = Init("normal_fan_in", 3.0)
MNIST = Setting(
    rule=Backprop(),
    nonlinearity="logistic",
    output="logistic_squared",
    learning_rate=1.0,
    batch=20,
    examples=20_000,
    epochs=2,
)
EXACT = TwoSites(feedback=STEEP)
NOISY = {
    "1000 events": replace(EXACT, events=1000.0),
    "100 events": replace(EXACT, events=100.0),
}
SHARE = replace(EXACT, gain="activity")


def mnist(rule, depth: int, **changes) -> Setting:
    weights = (Init("normal_fan_in"), *[STEEP] * depth)
    return replace(MNIST, rule=rule, sizes=(784, *[100] * depth, 10), weights=weights, **changes)


RULES = {  # after a comma behind the network
    "": (EXACT, Backprop(), Shallow()),
    "activity": (SHARE,),
    **{name: (rule,) for name, rule in NOISY.items()},
}
BEST = {  # by 10-tuning, for one hidden layer and for more
    ("two_sites", ""): (1.0, 3.0),
    ("backprop", ""): (3.0, 1.0),
    ("shallow", ""): (1.0, 1.0),
    ("two_sites", "activity"): (1.0, 1.0),
    ("two_sites", "1000 events"): (1.0, 1.0),
    ("two_sites", "100 events"): (0.3, 0.1),
}


def _depth(experiment: str, profile: str) -> list[Job]:
    """One and three hidden layers of 100 units."""
    quick = profile == "quick"
    few = {"epochs": 1, "examples": 10_000} if quick else {}
    jobs = []
    for seed in SEEDS[profile]:
        for depth in (1, 3):
            for name, rules in RULES.items():
                for rule in rules if not quick or name in ("", "100 events") else ():
                    kind = type(rule).__module__.rsplit(".", 1)[-1]
                    rate = BEST[kind, name][depth > 1]
                    setting = mnist(rule, depth, learning_rate=rate, **few)
                    label = ", ".join(part for part in (setting.label, name) if part)
                    jobs.append(Job(experiment, setting, seed, label))
        if not quick:  # a control: one seed of five is lost with the rate of the tuning
            calm = mnist(EXACT, 3, learning_rate=1.0)
            jobs.append(Job(experiment, calm, seed, f"{calm.label}, rate 1"))
    return jobs


def _tuning(experiment: str, profile: str) -> list[Job]:
    few = {} if profile == "paper" else {"epochs": 1, "examples": 2000}
    jobs = [
        Job(experiment, mnist(rule, depth, learning_rate=rate, **few), seed,
            ", ".join(part for part in (f"{depth}x100", name, f"rate {rate:g}") if part))
        for seed in TUNING_SEEDS
        for name, rules in RULES.items()
        for rule in rules
        for depth in (1, 3)
        for rate in ((0.1, 0.3, 1.0) if "events" in name else (0.3, 1.0, 3.0))
    ]  # fmt: skip
    xor = {
        f"2-4-1, {name}, beta {beta:g}": replace(RATES, rule=rule, beta=beta)
        for name, rule in {"alpha 0": ensembles.TwoSites(), "alpha 0.05": MIXED, **ARMS}.items()
        for beta in BETAS
    }
    return jobs + labelled(experiment, xor, run=RUN)


EXPERIMENTS = {
    "10-tuning": _tuning,
    "10-xor": _xor,
    "10-spiking": _spiking,
    "10-depth": _depth,
}
