"""Notebook 08: recirculation by spikes, images of MNIST reconstructed through 100 hidden neurons.

Beside it the same network in rates, on the same images as often, under recirculation, backprop and
fixed hidden weights. Every arm is tuned on its own: eight or nine pairs of rates in spikes, six
rates in rates. And fixed hidden neurons that are more active by a higher bias.
"""

from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.base import Rule
from credit.rules.recirculation import Recirculation as InRates
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.spiking.contrasts.recirculation import Recirculation
from credit.spiking.two_phases import Setting as Spikes
from credit.training.setting import Setting

RUN = "credit.spiking.two_phases:run"
SPIKES = Spikes(Recirculation(), (784, 100, 784), dataset="mnist-pixels", epochs=1)
RATES = Setting(
    rule=Backprop(),
    sizes=(784, 100, 784),
    nonlinearity="logistic",
    output="logistic",
    weights=Init("normal_fan_in", 1.0),
    dataset="mnist-pixels",
    optimiser="adam",
    schedule="linear",
    batch=20,
    epochs=1,
)
FIXED = "hidden synapses fixed"
ARMS = {  # what stands behind the label: the rule's fields
    "": {},
    "shuffled": {"shuffled": True},
    FIXED: {},
}
BEST = {  # mV, by the tuning: of the synapses down, of those up; spread of the first weights
    "": (2.0, 0.1, 50.0),
    "shuffled": (4.0, 0.03, 50.0),
    FIXED: (4.0, 0.0, 50.0),
}
BEST_RATES = {"BP": 3e-2, "recirculation": 3e-2, "shallow": 1.0}
DOWN, UP, SPREAD = (1.0, 2.0, 4.0), (0.03, 0.1, 0.3), 50.0  # mV
ALONE, SPREADS = (1.0, 2.0, 4.0, 8.0), (50.0, 100.0)  # of the synapses down, where no others learn
KEPT = (0.25, 0.5)  # lam, besides the paper's 0.75, at the best rates
TRIED = (1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)  # in rates


def spiking(arm: str = "", **changes) -> Spikes:
    """With the rates of the tuning."""
    down, up, spread = BEST[arm]
    given = {"learning_rate": down, "hidden_rate": up, "spread": spread} | changes
    return replace(SPIKES, rule=Recirculation(**ARMS[arm]), **given)


def rates(rule: Rule, **changes) -> Setting:
    given = {"learning_rate": BEST_RATES[rule.short]} | changes
    return replace(RATES, rule=rule, **given)


def _label(setting: Spikes, arm: str) -> str:
    return f"{setting.label}, {arm}" if arm == FIXED else setting.label


def _recirculation(experiment: str, profile: str) -> list[Job]:
    seeds = SEEDS[profile]
    if profile == "quick":  # one program
        return [Job(experiment, spiking(examples=5000), seeds[0], run=RUN)]
    jobs = [
        Job(experiment, spiking(arm), seed, _label(spiking(arm), arm), RUN)
        for arm in ARMS
        for seed in (seeds if arm in ("", FIXED) else seeds[:3])
    ]
    in_rates = (InRates(), Backprop(), Shallow())
    return jobs + [Job(experiment, rates(rule), seed) for rule in in_rates for seed in seeds]


def _tuning(experiment: str, profile: str) -> list[Job]:
    """On a fifth of the images once; in rates on as many."""
    few = {"examples": 2500 if profile == "quick" else 10_000}
    jobs = []
    for arm in ARMS:
        tried = [(down, up, SPREAD) for down in DOWN for up in UP]
        if arm == FIXED:
            tried = [(down, 0.0, spread) for spread in SPREADS for down in ALONE]
        for down, up, spread in tried:
            one = spiking(arm, learning_rate=down, hidden_rate=up, spread=spread, **few)
            label = f"{_label(one, arm)}, rates {down:g} and {up:g} mV, spread {spread:g} mV"
            jobs += [Job(experiment, one, seed, label, RUN) for seed in TUNING_SEEDS]
    for lam in KEPT:
        one = replace(spiking(**few), rule=Recirculation(lam=lam))
        jobs += [Job(experiment, one, s, f"{one.label}, lam {lam:g}", RUN) for s in TUNING_SEEDS]
    for rule in (InRates(), Backprop(), Shallow()):
        for rate in TRIED:
            one = rates(rule, learning_rate=rate, **few)
            label = f"{one.label}, rate {rate:g}"
            jobs += [Job(experiment, one, seed, label) for seed in TUNING_SEEDS]
    return jobs


ACTIVE = f"{FIXED}, higher bias"
BIASES = (10.0, 20.0, 40.0)  # mV; 5 elsewhere
BEST_ACTIVE = (2.0, 20.0)  # mV, by the tuning: of the synapses down; the bias


def active(**changes) -> Spikes:
    """Fixed hidden synapses and a higher bias, so that hidden neurons fire more than they would."""
    down, bias = BEST_ACTIVE
    return spiking(FIXED, **{"learning_rate": down, "bias": bias} | changes)


def _active(experiment: str, profile: str) -> list[Job]:
    """Whether it is their activity alone that learning gives to the hidden neurons; three seeds."""
    seeds = SEEDS[profile][:3]
    if profile == "quick":  # one program
        return [Job(experiment, active(examples=5000), seeds[0], run=RUN)]
    return [Job(experiment, active(), seed, f"{SPIKES.label}, {ACTIVE}", RUN) for seed in seeds]


def _active_tuning(experiment: str, profile: str) -> list[Job]:
    """As many images as elsewhere, four rates at every bias."""
    few = {"examples": 2500 if profile == "quick" else 10_000}
    jobs = []
    for bias in BIASES:  # one program
        for down in (0.5, 1.0, 2.0, 4.0):
            one = active(learning_rate=down, bias=bias, **few)
            label = f"{SPIKES.label}, {FIXED}, rates {down:g} and 0 mV, bias {bias:g} mV"
            jobs += [Job(experiment, one, seed, label, RUN) for seed in TUNING_SEEDS]
    return jobs


EXPERIMENTS = {
    "08-recirculation": _recirculation,
    "08-recirculation-tuning": _tuning,
    "08-recirculation-active": _active,
    "08-recirculation-active-tuning": _active_tuning,
}
