"""Notebook 14: decoupled neural interfaces."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from credit.experiments.common import SEEDS, TUNING_SEEDS, grid, labelled
from credit.nets.networks import Init
from credit.rules.backprop import Backprop
from credit.rules.base import Rule, draw_feedback
from credit.rules.decoupled_neural_interfaces import DecoupledNeuralInterfaces
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.training.normalised_blocks import run_normalised
from credit.training.setting import Setting

HE = Init("normal_fan_in", 2**0.5)
CDNI = DecoupledNeuralInterfaces()  # linear models that see the label
DNI = DecoupledNeuralInterfaces(conditioned=False, hidden=(256, 256))  # that do not; theirs: 1024

# Jaderberg et al. 2017, the dense nets of their feed-forward table: 256 rectifiers a layer, Adam.
# Theirs: batch normalisation in every block and in the models, batches of 256, a constant rate of
# 3e-5, 500,000 updates (2,500 epochs of our 50,000 examples). Here: no normalisation, which these
# networks do not have (see run_normalised), but He's weights; batches of 64, which make four times
# as many updates of an epoch; a rate that falls linearly to zero over 5 epochs, 3,910 updates.
# Rates by 14-tuning, on the validation set: 1e-3 is best for cDNI with two and five layers, with
# 1e-2 for its models, and best or as good as another for BP; shallow wants 3e-2 and is 5 to 10
# points worse with 1e-3.
JADERBERG = Setting(
    rule=Backprop(),
    nonlinearity="relu",
    weights=HE,
    optimiser="adam",
    learning_rate=1e-3,
    own_learning_rate=1e-2,
    schedule="linear",
    batch=64,
    epochs=5,
)
SMALL = {"epochs": 2, "examples": 10_000, "batch": 32}  # quick: 626 updates
TWO = {"epochs": 2}
SLOW = {"learning_rate": 1e-4, "own_learning_rate": 1e-3}  # DNI's: with more, five layers diverge
# Nearer to theirs: their batches; the models' rate of a public reproduction; see run_normalised
NORMALISED = {"own_learning_rate": 1e-3, "batch": 256}
BY_BLOCKS = f"{run_normalised.__module__}:{run_normalised.__name__}"


@dataclass(frozen=True)
class _Broadcast(DecoupledNeuralInterfaces):
    """The control without a model: a fixed random map of the label, ghat_l = t B_l.

    The idea of direct random target projection (Frenkel et al. 2021), whose units saturate. In
    rectifiers a constant push has no end.
    """

    learned = ()

    def draw(self, sizes, streams):
        return {"B": draw_feedback(Init("uniform_fan_in"), sizes, streams, direct=True)}

    def predict(self, ch, l, trace):
        return ch.direct(ch.target(), ch.own["B"][l])


def net(rule: Rule, depth: int, width: int = 256, **changes) -> Setting:
    """`depth` hidden layers; the paper counts the output too and calls this depth + 1 layers."""
    rate = 3e-2 if isinstance(rule, Shallow) else JADERBERG.learning_rate
    given = {"learning_rate": rate} | changes
    return replace(JADERBERG, rule=rule, sizes=(784, *[width] * depth, 10), **given)


def knobs(rule: Rule, depth: int, label_seen: bool, p: float, models_rate: float) -> Setting:
    """Small networks for a reader to try; p is that of DNI, label_seen makes it cDNI."""
    if isinstance(rule, DecoupledNeuralInterfaces):
        rule = DecoupledNeuralInterfaces(label_seen, () if label_seen else (64, 64), p=p)
    return net(rule, depth, 64, own_learning_rate=models_rate, **SMALL)


def _named(settings: list[Setting], suffix: str = "") -> Mapping[str, Setting]:
    return {s.label + suffix: s for s in settings}


def _each(experiment: str, settings: list[Setting], seeds, suffix: str = "") -> list[Job]:
    return [job for s in settings for job in labelled(experiment, _named([s], suffix), seeds)]


ARMS = (Backprop(), CDNI, Shallow())


def _mnist(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":
        settings = [net(rule, depth, 64, **SMALL) for depth in (2, 5) for rule in ARMS]
        return _each(experiment, settings, SEEDS[profile])
    settings = [net(rule, depth) for depth in (2, 3, 4, 5) for rule in ARMS]
    jobs = _each(experiment, settings, SEEDS[profile])
    predicted = [net(DNI, depth, **SLOW) for depth in (2, 5)]  # twice the work: fewer nets, seeds
    return jobs + _each(experiment, predicted, SEEDS[profile][:3], ", label unseen")


def _depth(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":
        depths, width, changes = (1, 2, 5), 64, SMALL
    else:
        depths, width, changes = (1, 2, 4, 8), 128, {"epochs": 3}
    settings = [net(rule, depth, width, **changes) for depth in depths for rule in ARMS]
    control = [net(_Broadcast(), depth, width, **changes) for depth in depths]
    jobs = _each(experiment, settings, SEEDS[profile])
    return jobs + _each(experiment, control, SEEDS[profile], ", label broadcast")


def _unlocked(experiment: str, profile: str) -> list[Job]:
    """The paper's net of four layers; blocks at work on a random share p of the batches."""
    if profile == "quick":
        ps, size, changes = (1.0, 0.2), (2, 64), SMALL
    else:
        ps, size, changes = (1.0, 0.5, 0.2, 0.05), (3, 256), {}
    settings = {f"p = {p:g}": net(replace(CDNI, p=p), *size, **changes) for p in ps}
    settings |= {f"{rule.short}": net(rule, *size, **changes) for rule in (Backprop(), Shallow())}
    return labelled(experiment, settings, SEEDS[profile])


def _normalised(experiment: str, profile: str) -> list[Job]:
    """The paper's deepest net with its batch normalisation and batches of 256; 20 epochs, 3,920
    updates. The rates of the network are the best of 14-normalised-tuning."""
    size, changes = ((2, 64), SMALL) if profile == "quick" else ((5, 256), {"epochs": 20})
    rates, changes = {Backprop(): 1e-2, CDNI: 1e-3, Shallow(): 1e-2}, NORMALISED | changes
    settings = [net(rule, *size, learning_rate=rate, **changes) for rule, rate in rates.items()]
    pairs = [(f"{s.label}, batch normalised", s) for s in settings]
    return labelled(experiment, pairs, SEEDS[profile], BY_BLOCKS)


def _normalised_tuning(experiment: str, profile: str) -> list[Job]:
    """Five rates of the network for every condition; one seed, three epochs."""
    changes = SMALL | {"examples": 2000} if profile == "quick" else {"epochs": 3}
    settings = {}
    for rule in ARMS:
        rates = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
        for rate in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1) if rule == Shallow() else rates:
            s = net(rule, 5, **NORMALISED | {"learning_rate": rate} | changes)
            settings[f"{s.label}, batch normalised, {rule.short}, rate {rate:g}"] = s
    return labelled(experiment, settings, run=BY_BLOCKS)


def _tuning(experiment: str, profile: str) -> list[Job]:
    """By label: rate of the network, rate of the models; one seed, three epochs."""
    pairs = ((3e-4, 3e-3), (3e-4, 1e-2), (1e-3, 1e-2), (1e-3, 3e-2))
    cases = [(CDNI, *rates) for rates in pairs]
    cases += [(Backprop(), rate, 1e-2) for rate in (3e-4, 1e-3, 3e-3)]
    cases += [(Shallow(), rate, 1e-2) for rate in (1e-3, 1e-2, 3e-2, 1e-1)]
    settings = {}
    for depth in (2, 5):
        for rule, rate, own in cases:
            s = net(rule, depth, learning_rate=rate, own_learning_rate=own, epochs=3)
            models = f", models {own:g}" if rule == CDNI else ""
            settings[f"{s.label}, {rule.short}, rate {rate:g}{models}"] = s
    slow = ((3e-5, 1e-3), (1e-4, 1e-3), (3e-4, 1e-3))
    unseen = [(2, *rates) for rates in (*slow, (3e-4, 3e-4), (3e-4, 3e-3), (1e-3, 1e-3))]
    for depth, rate, own in [*unseen, *((5, *rates) for rates in slow)]:
        s = net(DNI, depth, learning_rate=rate, own_learning_rate=own, epochs=2)
        settings[f"{s.label}, label unseen, rate {rate:g}, models {own:g}"] = s
    if profile == "quick":
        settings = {k: replace(s, **SMALL | {"examples": 2000}) for k, s in settings.items()}
    return labelled(experiment, settings, TUNING_SEEDS)


def _deep_tuning(experiment: str, profile: str) -> list[Job]:
    """Eight layers, by label as in 14-tuning: as many choices for every condition; one seed."""
    cases = [(CDNI, *rates) for rates in ((3e-4, 3e-3), (3e-4, 1e-2), (1e-3, 1e-2))]
    cases += [(Backprop(), rate, 1e-2) for rate in (3e-4, 1e-3, 3e-3)]
    cases += [(Shallow(), rate, 1e-2) for rate in (1e-2, 3e-2, 1e-1)]
    settings = {}
    for rule, rate, own in cases:
        s = net(rule, 8, 128, learning_rate=rate, own_learning_rate=own, **TWO)
        models = f", models {own:g}" if rule == CDNI else ""
        settings[f"{s.label}, {rule.short}, rate {rate:g}{models}"] = s
    for units in ("relu", "tanh"):
        for rate in (1e-4, 3e-4, 1e-3):
            s = net(_Broadcast(), 8, 128, nonlinearity=units, learning_rate=rate, **TWO)
            settings[f"{s.label}, label broadcast, rate {rate:g}"] = s
    for rate in (1e-2, 3e-2, 1e-1):
        s = net(Shallow(), 8, 128, nonlinearity="tanh", learning_rate=rate, **TWO)
        settings[f"{s.label}, shallow, rate {rate:g}"] = s
    if profile == "quick":
        settings = {k: replace(s, **SMALL | {"examples": 2000}) for k, s in settings.items()}
    return labelled(experiment, settings, TUNING_SEEDS)


def _deep(experiment: str, profile: str) -> list[Job]:
    """One and eight layers, two epochs; with eight at the best rates of 14-deep-tuning, with one at
    those of 14-tuning; and the label alone with eight layers of rectifiers and of tanh."""
    depths, width, changes = ((1, 5), 64, SMALL) if profile == "quick" else ((1, 8), 128, TWO)
    rates = {(depths[-1], CDNI): {"learning_rate": 3e-4}}
    rates |= {(depths[-1], Shallow()): {"learning_rate": 1e-1}}
    settings = [
        net(rule, depth, width, **changes | rates.get((depth, rule), {}))
        for depth in reversed(depths)
        for rule in ARMS
    ]
    deepest = (depths[-1], width)
    told = [
        net(_Broadcast(), *deepest, nonlinearity=units, **changes) for units in ("relu", "tanh")
    ]
    other = net(Shallow(), *deepest, nonlinearity="tanh", learning_rate=1e-1, **changes)
    seeds = SEEDS[profile][:3]
    jobs = grid(experiment, [*settings, other], seeds)
    return jobs + _each(experiment, told, seeds, ", label broadcast")


EXPERIMENTS = {
    "14-tuning": _tuning,
    "14-mnist": _mnist,
    "14-depth": _depth,
    "14-unlocked": _unlocked,
    "14-normalised": _normalised,
    "14-normalised-tuning": _normalised_tuning,
    "14-deep-tuning": _deep_tuning,
    "14-deep": _deep,
}
