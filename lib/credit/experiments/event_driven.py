"""Notebook 02, in spikes: event-driven learning of MNIST, one image after the other, once each."""

from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.base import Rule
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.spiking.event_driven import EventDriven
from credit.spiking.event_driven import Setting as Spikes
from credit.training.setting import Setting

RUN = "credit.spiking.event_driven:run"
HIDDEN = ((200,), (200, 200))
SPIKES = Spikes(epochs=1)
# The same networks in rates, on the same images as often.
RATES = Setting(
    rule=Backprop(),
    nonlinearity="relu",
    weights=Init("normal_fan_in", 2**0.5),
    optimiser="adam",
    learning_rate=1e-3,
    schedule="linear",
    batch=20,
    epochs=1,
)
WAYS = {1: ("direct", "symmetric", "none"), 2: ("direct", "layered", "symmetric", "none")}
BEST = {  # mV, by 02-spiking-tuning: of the output's synapses, of the hidden ones
    (1, "direct"): (0.005, 0.03),
    (1, "symmetric"): (0.005, 0.03),
    (1, "none"): (0.005, 0.0),
    (2, "direct"): (0.005, 0.03),
    (2, "layered"): (0.005, 0.03),
    (2, "symmetric"): (0.005, 0.03),
    (2, "none"): (0.005, 0.0),
}
BEST_RATES = {(1, "BP"): 1e-3, (1, "shallow"): 1e-3, (2, "BP"): 1e-3, (2, "shallow"): 1e-3}


def spiking(rule: EventDriven, hidden: tuple[int, ...], **changes) -> Spikes:
    """With the rates of the tuning; a control has those of what it controls."""
    rate, below = BEST[len(hidden), rule.feedback]
    given = {"learning_rate": rate, "hidden_rate": below} | changes
    return replace(SPIKES, rule=rule, sizes=(784, *hidden, 10), **given)


def rates(rule: Rule, hidden: tuple[int, ...], **changes) -> Setting:
    rate = BEST_RATES[len(hidden), rule.short]
    given = {"learning_rate": rate} | changes
    return replace(RATES, rule=rule, sizes=(784, *hidden, 10), **given)


def _spiking(experiment: str, profile: str) -> list[Job]:
    """One program after the other: all seeds of a setting, then the next setting."""
    seeds = SEEDS[profile]
    if profile == "quick":  # one program
        few = spiking(EventDriven(), HIDDEN[0], examples=5000)
        return [Job(experiment, few, seeds[0], run=RUN)]
    settings = [spiking(EventDriven(way), h) for h in HIDDEN for way in WAYS[len(h)]]
    settings.insert(1, spiking(EventDriven("direct", shuffled=True), HIDDEN[0]))
    jobs = [Job(experiment, s, seed, run=RUN) for s in settings for seed in seeds]
    same = [rates(rule, hidden) for hidden in HIDDEN for rule in (Backprop(), Shallow())]
    return jobs + [Job(experiment, s, seed) for s in same for seed in seeds]


OUTPUT, BELOW = (0.0025, 0.005, 0.01), (0.01, 0.03, 0.1)  # mV


def _tuning(experiment: str, profile: str) -> list[Job]:
    """A third of the images: the rate of the output first, at the middle one below, then that."""
    jobs = []
    for hidden in HIDDEN:
        for way in WAYS[len(hidden)]:
            pairs = [(rate, 0.03) for rate in OUTPUT] + [(0.005, rate) for rate in BELOW]
            if way == "none":
                pairs = [(rate, 0.0) for rate in OUTPUT]
            for rate, below in dict.fromkeys(pairs):
                given = {"learning_rate": rate, "hidden_rate": below, "examples": 15_000}
                if profile == "quick":
                    given["examples"] = 2500
                setting = spiking(EventDriven(way), hidden, **given)
                label = f"{setting.label}, rates {rate:g} and {below:g} mV"
                jobs += [Job(experiment, setting, seed, label, RUN) for seed in TUNING_SEEDS]
        for rule in (Backprop(), Shallow()):
            for rate in (3e-4, 1e-3, 3e-3):
                few = {"examples": 2500 if profile == "quick" else 15_000}
                setting = rates(rule, hidden, learning_rate=rate, **few)
                label = f"{setting.label}, rate {rate:g}"
                jobs += [Job(experiment, setting, seed, label) for seed in TUNING_SEEDS]
    return jobs


EXPERIMENTS = {"02-spiking": _spiking, "02-spiking-tuning": _tuning}
