"""Notebook 02, in spikes: event-driven learning of MNIST, one image after the other, once each."""

from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.base import Rule
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.spiking.event_driven import Setting as Spikes
from credit.spiking.pathways.base import Pathway
from credit.spiking.pathways.direct import Direct
from credit.spiking.pathways.symmetric import Symmetric
from credit.training.setting import Setting

RUN = "credit.spiking.event_driven:run"
SPIKES = Spikes(sizes=(784, 200, 10), epochs=1)
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
WAYS = (Direct(), Symmetric(), Pathway())
BEST = {  # mV, by 02-spiking-tuning: of the output's synapses, of the hidden ones
    "direct": (0.01, 0.03),
    "symmetric": (0.01, 0.01),
    "none": (0.08, 0.0),
}
BEST_RATES = {"BP": 1e-2, "shallow": 1e-1}


def spiking(rule: Pathway, **changes) -> Spikes:
    """With the rates of the tuning; fixed hidden synapses are twice as strong, by the tuning, too:
    at first few hidden neurons fire, and where nothing is learned it stays so."""
    rate, below = BEST[rule.short]
    given = {"learning_rate": rate, "hidden_rate": below}
    if not rule.sends:
        given["spread"] = 2 * SPIKES.spread
    return replace(SPIKES, rule=rule, **given | changes)


def rates(rule: Rule, **changes) -> Setting:
    given = {"sizes": SPIKES.sizes, "learning_rate": BEST_RATES[rule.short]} | changes
    return replace(RATES, rule=rule, **given)


def _spiking(experiment: str, profile: str) -> list[Job]:
    """One program after the other: all seeds of a setting, then the next setting."""
    seeds = SEEDS[profile]
    if profile == "quick":  # one program
        return [Job(experiment, spiking(Direct(), examples=5000), seeds[0], run=RUN)]
    rules = list(WAYS)
    rules.insert(1, Direct(shuffled=True))
    jobs = [Job(experiment, spiking(rule), seed, run=RUN) for rule in rules for seed in seeds]
    return jobs + [Job(experiment, rates(r), s) for r in (Backprop(), Shallow()) for s in seeds]


OUTPUT, BELOW = (0.005, 0.01, 0.02), (0.003, 0.01, 0.03, 0.1)  # mV


def _tuning(experiment: str, profile: str) -> list[Job]:
    """On a third of the images, the same number of rates for all that has as many of them."""
    few = {"examples": 2500 if profile == "quick" else 15_000}
    jobs = []
    for way in WAYS:
        pairs = [(rate, below, SPIKES.spread) for rate in OUTPUT for below in BELOW]
        if not way.sends:
            pairs = [(rate, 0.0, SPIKES.spread) for rate in (*OUTPUT, 0.04, 0.08, 0.16, 0.32)]
            pairs += [
                (rate, 0.0, spread) for spread in (100.0, 200.0) for rate in (0.02, 0.08, 0.16)
            ]
        for rate, below, spread in pairs:
            given = {"learning_rate": rate, "hidden_rate": below, "spread": spread} | few
            setting = spiking(way, **given)
            label = f"{setting.label}, rates {rate:g} and {below:g} mV, spread {spread:g} mV"
            jobs += [Job(experiment, setting, seed, label, RUN) for seed in TUNING_SEEDS]
    for rule in (Backprop(), Shallow()):
        for rate in (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1):
            setting = rates(rule, learning_rate=rate, **few)
            label = f"{setting.label}, rate {rate:g}"
            jobs += [Job(experiment, setting, seed, label) for seed in TUNING_SEEDS]
    return jobs


EXPERIMENTS = {"02-spiking": _spiking, "02-spiking-tuning": _tuning}
