"""Notebook 05: equilibrium propagation, and the STDP that it can be read as."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from credit.experiments.common import SEEDS, TUNING_SEEDS, labelled
from credit.nets.networks import Init
from credit.nets.relaxation import Settling
from credit.rules.backprop import Backprop
from credit.rules.base import Rule
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.training.setting import Setting


def settling(steps: int, **changes) -> Settling:
    return Settling(steps, projected=True, **changes)


GLOROT = Init("uniform_fan_sum", 6**0.5)
EARLY = {"tolerance": 1e-2, "check": 5}
# Scellier & Bengio 2017, table 2, one hidden layer: 25 epochs of 50,000 images in batches of 20,
# eps 0.5, 20 free and 4 nudged steps, beta 1, rates 0.1 and 0.05, no shuffling. Here: shuffled.
# Their code, which made the figure, has beta = 0.5 and a cost without the 1/2: the nudge is as
# strong as with beta = 1, the update, over 0.5, twice as large.
SCELLIER = Setting(
    rule=EquilibriumPropagation(),
    sizes=(784, 500, 10),
    nonlinearity="hard_sigmoid",
    output="hard_sigmoid_squared",
    weights=GLOROT,
    learning_rate=(0.1, 0.05),
    batch=20,
    epochs=25,
)


def times(rates: Sequence[float], factor: float) -> tuple[float, ...]:
    return tuple(factor * rate for rate in rates)


# By 05-tuning, as factors of the published rates. Backprop loses a class with twice the rates: an
# output unit that is clipped for every example has no slope and never comes back.
FACTORS = {"shallow": 2.0}


def mnist(rule: Rule, **changes) -> Setting:
    rates = times(SCELLIER.learning_rate, FACTORS.get(rule.short, 1.0))
    return replace(SCELLIER, rule=rule, **{"learning_rate": rates} | changes)


CODE, LINEAR_OUTPUT = "784-500-10, rates of the code", ", linear output"


def wide_shallow(**changes) -> Setting:
    """The shallow baseline of 784-500-10 with linear outputs, at the best rate of
    05-shallow-tuning."""
    return mnist(Shallow(), **{"output": "linear", "learning_rate": (0.1, 0.05)} | changes)


def _mnist(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":  # with outputs that do not die
        few = {"examples": 6000, "epochs": 2}
        baselines = [mnist(Backprop(), output="linear", **few), wide_shallow(**few)]
        pairs = [("784-500-10", mnist(EquilibriumPropagation(), **few))]
        pairs += [(f"784-500-10{LINEAR_OUTPUT}", setting) for setting in baselines]
        return labelled(experiment, pairs, SEEDS[profile])
    rules = (EquilibriumPropagation(), Backprop(), Shallow())
    pairs = [("784-500-10", mnist(rule)) for rule in rules]
    jobs = labelled(experiment, pairs, SEEDS[profile])
    # and what backprop does without clipped outputs
    linear = mnist(Backprop(), output="linear")
    code = mnist(EquilibriumPropagation(), learning_rate=times((0.1, 0.05), 2.0))
    more = {CODE: code, f"784-500-10{LINEAR_OUTPUT}": linear}
    for net, setting in {"784-500-10": pairs[0][1], **more}.items():
        more[f"{net}, in file order"] = replace(setting, shuffled=False)
    return jobs + labelled(experiment, more, SEEDS[profile])


def _estimates(experiment: str, profile: str) -> list[Job]:
    """The headline's network and rates on 10,000 images, four epochs: which sign of beta, and where
    the free phase begins and how long it is."""
    quick = profile == "quick"
    few = {"examples": 3000, "epochs": 1} if quick else {"examples": 10_000, "epochs": 4}
    starts = {
        "20 steps, persistent": {},
        "20 steps, from zero": {"persistent": False},
        "5 steps, from zero": {"persistent": False, "free": settling(5)},
    }
    settings = {
        f"{estimate}, {start}": mnist(EquilibriumPropagation(estimate=estimate, **given), **few)
        for start, given in list(starts.items())[2 * quick :]
        for estimate in ("random", "positive", "symmetric")
    }
    if not quick:
        early = EquilibriumPropagation(free=settling(100, **EARLY))
        settings["random, to 0.01, persistent"] = mnist(early, **few)
    return labelled(experiment, settings, SEEDS[profile])


# Two hidden layers as in the authors' code: images in the order of the files, 100 free and 6 nudged
# steps and, in the terms of the paper, beta = 2 and twice its rates 0.4, 0.1, 0.01. Their 60 epochs
# are affordable with free phases that end when no unit moves by more than a hundredth in a step.
TWO, THREE = "784-500-500-10", "784-500-500-500-10"
TWO_RATES = (0.8, 0.2, 0.02)
TWO_PHASES = {"beta": 2.0, "nudged": settling(6), "tested": settling(100, **EARLY)}


def two(rule: Rule, **changes) -> Setting:
    given = {"sizes": (784, 500, 500, 10), "learning_rate": TWO_RATES, "epochs": 10}
    return mnist(rule, **given | {"shuffled": False} | changes)


def _two_layers(experiment: str, profile: str) -> list[Job]:
    """The paper's two deeper nets, as far as they can be reached, on 50,000 images, three seeds.

    With two hidden layers: fixed against early ends of the free phase, and what shuffling, smaller
    weights and the symmetric estimate do; with three, what 05-depth uses. Backprop has linear
    outputs.
    """
    early = {"free": settling(100, **EARLY)} | TWO_PHASES
    theirs = two(EquilibriumPropagation(**early))
    shuffled = replace(theirs, shuffled=True)
    both = EquilibriumPropagation(estimate="symmetric", **early)
    arms = {
        f"{THREE}, as in 05-depth": deep(deep_rule(3), 3, sizes=(784, 500, 500, 500, 10), epochs=5),
        f"{TWO}, shuffled": shuffled,
        f"{TWO}, shuffled, smaller weights": replace(
            shuffled, weights=Init("uniform_fan_sum", SCALE)
        ),
        f"{TWO}, shuffled, symmetric": replace(shuffled, rule=both, epochs=5),
        TWO: two(EquilibriumPropagation(free=settling(100), **TWO_PHASES), epochs=5),
        f"{TWO}, 60 epochs": replace(theirs, epochs=60, test_epochs=(10,)),
    }
    pairs = list(arms.items())
    for net, hidden, rate in ((TWO, 2, 0.1), (THREE, 3, 0.2)):  # the rates by 05-tuning
        given = {"sizes": (784, *[500] * hidden, 10), "learning_rate": rate}
        pairs.append((f"{net}, linear output", mnist(Backprop(), output="linear", **given)))
        pairs.append((net, mnist(Shallow(), **given)))
    if profile == "quick":  # then only that it runs
        few = {"examples": 300, "epochs": 1, "test_epochs": ()}
        pairs = [
            (net, replace(s, sizes=(784, *[50] * (len(s.sizes) - 2), 10), **few))
            for net, s in pairs
        ]
    return labelled(experiment, pairs, SEEDS[profile][:3])


def _steps(experiment: str, profile: str) -> list[Job]:
    """Two hidden layers with the 150 free steps of the authors' code in place of their table's
    100, on the first 20,000 images; the free phases may end early."""
    given = {"free": settling(150, **EARLY)} | TWO_PHASES
    theirs = two(EquilibriumPropagation(**given), examples=20_000, epochs=1)
    if profile == "quick":  # then only that it runs
        theirs = replace(theirs, sizes=(784, 50, 50, 10), examples=300)
    return labelled(experiment, {f"{TWO}, 150 free steps": theirs}, SEEDS[profile][:3])


# Depth. Published are up to three layers of 500, each net with rates of its own that mostly fall by
# a factor of 4 from layer to layer. Here: 256 units; weights smaller than Glorot's, with which deep
# nets rest sooner; the symmetric estimate, which forgives a free phase that is not at rest yet; 20
# free steps and two nudged ones a layer; every free phase from zero, because deep nets have many
# rests and states that persist drift into some that are not found from zero. Rates by 05-tuning, of
# EqProp with one, two and six layers: falling by 3 from layer to layer, the first 0.5 for every
# hidden layer but at most 2.
SCALE, FALL = 1.5, 3.0


def falling(first: float, depth: int, factor: float = FALL) -> tuple[float, ...]:
    """alpha_l = first / factor^(l - 1), one rate for each of depth + 1 layers."""
    return tuple(first / factor**l for l in range(depth + 1))


def deep_rates(rule: Rule, depth: int) -> float | tuple[float, ...]:
    if rule.short == "EqProp":
        return falling(min(0.5 * depth, 2.0), depth)
    if rule.short == "BP" and depth > 4:
        return falling(0.8, depth, 1.3)
    return {1: 0.1, 4: 0.4}.get(depth, 0.2) if rule.short == "BP" else 0.2


# Backprop with linear outputs, which do not die, has no smaller rates below them to begin with.
LINEAR = {1: (0.2, 1.0), 2: (0.8, 1.6), 3: (1.5, 2.0), 4: (3.0, 2.0), 6: (3.0, 2.0)}


def deep_linear(depth: int, **changes) -> Setting:
    first, factor = LINEAR[depth]
    given = {"output": "linear", "learning_rate": falling(first, depth, factor)}
    return deep(Backprop(), depth, **given | changes)


def deep_rule(depth: int, **changes) -> EquilibriumPropagation:
    phases = {"nudged": settling(2 * (depth + 1)), "tested": settling(20)}
    return EquilibriumPropagation(
        **{"estimate": "symmetric", "persistent": False} | phases | changes
    )


def deep(rule: Rule, depth: int, **changes) -> Setting:
    given = {
        "sizes": (784, *[256] * depth, 10),
        "weights": Init("uniform_fan_sum", SCALE),
        "learning_rate": deep_rates(rule, depth),
    }
    return replace(SCELLIER, rule=rule, **given | changes)


def knobs(hidden_layers: int, estimate: str, beta: float, free_steps: int) -> list[Setting]:
    """Equilibrium propagation with a reader's choices, backprop and the shallow baseline: one to
    four layers of 100 units, 3,000 images, two epochs."""
    net = {"sizes": (784, *[100] * hidden_layers, 10), "examples": 3000, "epochs": 2}
    rule = deep_rule(hidden_layers, estimate=estimate, beta=beta, free=settling(free_steps))
    makes = (partial(deep, rule), deep_linear, deep_shallow)
    return [make(hidden_layers, **net) for make in makes]


def _depth(experiment: str, profile: str) -> list[Job]:
    quick = profile == "quick"
    few = {"examples": 3000, "epochs": 1} if quick else {"examples": 8000, "epochs": 3}
    depths = (1, 3) if quick else (1, 2, 3, 4, 6)
    pairs = [
        (f"{depth}x256 hard_sigmoid", deep(rule, depth, **few))
        for depth in depths
        for rule in (deep_rule(depth), Backprop(), Shallow())
    ]
    pairs += [
        (f"{depth}x256 hard_sigmoid, linear output", deep_linear(depth, **few)) for depth in depths
    ]
    if not quick:
        kept = [(f"{depth}x256, persistent", depth) for depth in (1, 2, 4)]
        pairs += [(net, deep(deep_rule(n, persistent=True), n, **few)) for net, n in kept]
    return labelled(experiment, pairs, SEEDS[profile])


# The shallow baseline with the outputs of the fair backprop, linear ones, which do not die: in the
# networks of 05-mnist and 05-depth, for as long. Rates by 05-shallow-tuning.
SHALLOW_RATES = {1: 0.2, 2: 0.8, 3: 0.8, 4: 0.2, 6: 0.2}


def _shallow(experiment: str, profile: str) -> list[Job]:
    few = {"examples": 500, "epochs": 1} if profile == "quick" else {}
    deeper = {
        f"{depth}x256 hard_sigmoid{LINEAR_OUTPUT}": deep_shallow(
            depth, **{"examples": 8000, "epochs": 3} | few
        )
        for depth in SHALLOW_RATES
    }
    jobs = labelled(experiment, deeper, SEEDS[profile])
    wide = {f"784-500-10{LINEAR_OUTPUT}": wide_shallow(**few)}
    return jobs + labelled(experiment, wide, SEEDS[profile][:3])


def deep_shallow(depth: int, **changes) -> Setting:
    given = {"output": "linear", "learning_rate": SHALLOW_RATES[depth]}
    return deep(Shallow(), depth, **given | changes)


def _shallow_tuning(experiment: str, profile: str) -> list[Job]:
    quick = profile == "quick"  # then only that it runs
    brief = {"epochs": 1, "examples": 500} if quick else {"epochs": 2}
    small = {"epochs": 1, "examples": 500 if quick else 4000}
    settings = {}
    for factor in (1.0,) if quick else (0.125, 0.25, 0.5, 1.0, 2.0):
        rates = times(SCELLIER.learning_rate, factor)
        label = f"784-500-10 shallow, published rates x {factor:g}"
        settings[label] = wide_shallow(learning_rate=rates, **brief)
    for depth in (2,) if quick else SHALLOW_RATES:
        for rate in (0.1,) if quick else (0.05, 0.1, 0.2, 0.4, 0.8):
            label = f"{depth}x256 shallow, rate {rate:g}"
            settings[label] = deep_shallow(depth, learning_rate=rate, **small)
    return labelled(experiment, settings, TUNING_SEEDS)


def _tuning(experiment: str, profile: str) -> list[Job]:
    quick = profile == "quick"  # then only that it runs
    brief = {"epochs": 2} if not quick else {"epochs": 1, "examples": 500}
    small = {"epochs": 1, "examples": 500 if quick else 4000}
    settings = {}
    for rule in (Backprop(), Shallow()):
        for factor in (1.0,) if quick else (0.5, 1.0, 2.0, 4.0, 8.0):
            rates = times(SCELLIER.learning_rate, factor)
            settings[f"784-500-10 {rule.short}, published rates x {factor:g}"] = mnist(
                rule, learning_rate=rates, **brief
            )
    for hidden in (2,) if quick else (2, 3):
        for rule in (Backprop(), Shallow()):
            for rate in (0.1,) if quick else (0.02, 0.05, 0.1, 0.2):
                given = {"sizes": (784, *[500] * hidden, 10), "learning_rate": rate}
                given["output"] = "linear" if rule.short == "BP" else SCELLIER.output
                settings[f"{hidden}x500 {rule.short}, rate {rate:g}"] = mnist(rule, **given | brief)
    for depth in (2,) if quick else (1, 2, 4, 6):
        for rule in (Backprop(), Shallow()):
            for rate in (0.2,) if quick else (0.1, 0.2, 0.4, 0.8):
                net = f"{depth}x256 {rule.short}, rate {rate:g}"
                settings[net] = deep(rule, depth, learning_rate=rate, **small)
        for rate in (0.1,) if quick else (0.05, 0.1, 0.2, 0.4):
            net = f"{depth}x256 BP, linear output, rate {rate:g}"
            settings[net] = deep_linear(depth, learning_rate=rate, **small)
    if not quick:
        laws = [("", d, a, c) for a, c in ((0.4, 1.3), (0.8, 1.3), (1.0, 2.0), (1.0, 3.0))
                for d in (4, 6)]  # fmt: skip
        laws += [(", linear output", d, a, c)
                 for a, c in ((0.8, 1.3), (0.8, 1.6), (1.6, 1.6), (1.5, 2.0), (3.0, 2.0))
                 for d in (2, 4, 6)]  # fmt: skip
        for output, depth, a, c in laws:
            make = deep_linear if output else partial(deep, Backprop())
            label = f"{depth}x256 BP{output}, {a:g} / {c:g}^l"
            settings[label] = make(depth, learning_rate=falling(a, depth, c), **small)
    laws = [(2, 1.0, 3.0, SCALE)]
    if not quick:
        laws = [(1, a, 3.0, SCALE) for a in (0.25, 0.5, 1.0, 2.0)]
        laws += [(2, a, 3.0, SCALE) for a in (0.5, 1.0, 2.0)]
        laws += [(6, a, c, SCALE) for a, c in ((0.5, 3.0), (1.0, 3.0), (2.0, 3.0), (4.0, 3.0))]
        laws += [(6, a, c, SCALE) for a, c in ((0.5, 2.0), (1.0, 2.0), (1.0, 4.0), (2.0, 4.0))]
        laws += [(6, 1.0, 3.0, scale) for scale in (1.2, 1.8, GLOROT.scale)]
    for depth, a, c, scale in laws:
        label = f"{depth}x256 EqProp, {a:g} / {c:g}^l, weights {scale:.3g}"
        weights = Init("uniform_fan_sum", scale)
        rates = falling(a, depth, c)
        rule = deep_rule(depth, persistent=True)  # which makes no difference within an epoch
        settings[label] = deep(rule, depth, weights=weights, learning_rate=rates, **small)
    return labelled(experiment, settings, TUNING_SEEDS)


EXPERIMENTS = {
    "05-tuning": _tuning,
    "05-mnist": _mnist,
    "05-estimates": _estimates,
    "05-two-layers": _two_layers,
    "05-steps": _steps,
    "05-depth": _depth,
    "05-shallow-tuning": _shallow_tuning,
    "05-shallow": _shallow,
}
