"""Spiking sections of notebooks 01, 02, 06, 11 and 14: MNIST by events, one image after the other.

The same network, images, length and search for every pathway, with one and with two hidden layers.
"""

from dataclasses import replace

from credit.experiments.common import SEEDS, TUNING_SEEDS
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
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.layered import Layered
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.symmetric import Symmetric
from credit.spiking.pathways.synthetic import Synthetic
from credit.spiking.pathways.target_difference import TargetDifference
from credit.training.setting import Setting

RUN = "credit.spiking.event_driven:run"
ONE, TWO = (784, 200, 10), (784, 200, 200, 10)
SPIKES = Spikes(sizes=ONE, epochs=2)
# The same networks in rates, on the same images as often.
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
WAYS = {
    "01": (Layered(), Signs(), KolenPollack()),
    "02": (Direct(), Symmetric(), Fixed()),
    "06": (TargetDifference(),),
    "11": (Attention(),),
    "14": (Synthetic(),),
}
BEST = {  # mV, by the tuning: of the output's synapses, of the hidden ones; one and two layers
    "direct": ((0.01, 0.03), (0.01, 0.03)),
    "symmetric": ((0.01, 0.01), (0.01, 0.01)),
    "none": ((0.08, 0.0), (0.08, 0.0)),
    "layered": ((0.01, 0.03), (0.01, 0.03)),
    "signs": ((0.01, 0.03), (0.01, 0.03)),
    "Kolen-Pollack": ((0.01, 0.03), (0.01, 0.03)),
    "attention": ((0.03, 0.01), (0.03, 0.01)),
    "synthetic": ((0.01, 0.01), (0.01, 0.01)),
    "target difference": ((0.01, 0.03), (0.01, 0.03)),
}
BEST_RATES = {"BP": 1e-2, "shallow": 1e-1}


def spiking(rule: Pathway, sizes: tuple[int, ...] = ONE, **changes) -> Spikes:
    """With the rates of the tuning; fixed hidden synapses are twice as strong, by the tuning, too:
    at first few hidden neurons fire, and where nothing is learned it stays so."""
    rate, below = BEST[rule.short][len(sizes) - 3]
    given = {"sizes": sizes, "learning_rate": rate, "hidden_rate": below}
    if not rule.sends:
        given["spread"] = 2 * SPIKES.spread
    return replace(SPIKES, rule=rule, **given | changes)


def rates(rule: Rule, sizes: tuple[int, ...] = ONE, **changes) -> Setting:
    given = {"sizes": sizes, "learning_rate": BEST_RATES[rule.short]} | changes
    return replace(RATES, rule=rule, **given)


def _spiking(experiment: str, profile: str) -> list[Job]:
    """With one hidden layer. One program after the other: all seeds of a setting, then the next."""
    seeds, ways = SEEDS[profile], _ways(experiment, ONE)
    if profile == "quick":  # one program
        return [Job(experiment, spiking(ways[0], examples=5000, epochs=1), seeds[0], run=RUN)]
    told = [replace(way, shuffled=True) for way in ways if isinstance(way, Direct)]
    jobs = [Job(experiment, spiking(w), seed, run=RUN) for w in (*ways, *told) for seed in seeds]
    return jobs + _beside(experiment, ONE, seeds)


def _depth(experiment: str, profile: str) -> list[Job]:
    """With two hidden layers, three seeds."""
    seeds, ways = SEEDS[profile][:3], _ways(experiment, TWO)
    if profile == "quick":
        return [Job(experiment, spiking(ways[0], TWO, examples=5000, epochs=1), seeds[0], run=RUN)]
    jobs = [Job(experiment, spiking(w, TWO), seed, run=RUN) for w in ways for seed in seeds]
    return jobs + _beside(experiment, TWO, seeds)


def _ways(experiment: str, sizes: tuple[int, ...]) -> list[Pathway]:
    """The pathways of a notebook; with one hidden layer the layered one is the direct one."""
    return [w for w in WAYS[experiment[:2]] if sizes == TWO or not isinstance(w, Layered)]


def _beside(experiment: str, sizes: tuple[int, ...], seeds) -> list[Job]:
    """Backprop and the shallow baseline in rates, once for all notebooks."""
    if not experiment.startswith("02"):
        return []
    return [Job(experiment, rates(r, sizes), s) for r in (Backprop(), Shallow()) for s in seeds]


OUTPUT, BELOW = (0.01, 0.03), (0.003, 0.01, 0.03, 0.1)  # mV


def _tuning(experiment: str, profile: str) -> list[Job]:
    """On a third of the images once, at every depth; as many rates for all that has as many."""
    few = {"examples": 2500 if profile == "quick" else 15_000, "epochs": 1}
    jobs = []
    for way in WAYS[experiment[:2]]:
        spread = SPIKES.spread
        pairs = [(ONE, rate, below, spread) for rate in OUTPUT for below in BELOW]
        pairs += [(TWO, rate, below, spread) for rate in OUTPUT for below in BELOW[:3]]
        if isinstance(way, Layered):
            pairs = [pair for pair in pairs if pair[0] == TWO]
        if not way.sends:
            rest = [(rate, s) for s in (50.0, 100.0, 200.0) for rate in (0.02, 0.08, 0.16)]
            pairs = [(sizes, rate, 0.0, s) for sizes in (ONE, TWO) for rate, s in rest]
        for sizes, rate, below, spread in pairs:
            given = {"learning_rate": rate, "hidden_rate": below, "spread": spread} | few
            setting = spiking(way, sizes, **given)
            label = f"{setting.label}, rates {rate:g} and {below:g} mV, spread {spread:g} mV"
            jobs += [Job(experiment, setting, seed, label, RUN) for seed in TUNING_SEEDS]
    if experiment.startswith("02"):
        for rule in (Backprop(), Shallow()):
            for sizes in (ONE, TWO):
                for rate in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1):
                    setting = rates(rule, sizes, learning_rate=rate, **few)
                    label = f"{setting.label}, rate {rate:g}"
                    jobs += [Job(experiment, setting, seed, label) for seed in TUNING_SEEDS]
    return jobs


EXPERIMENTS = {
    f"{number}-{name}": jobs
    for number in WAYS
    for name, jobs in (
        ("spiking", _spiking),
        ("spiking-depth", _depth),
        ("spiking-tuning", _tuning),
    )
}
