"""Notebook 05: equilibrium propagation, and the STDP that it can be read as."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
import torch

from credit import data
from credit.channels import Channels
from credit.diagnostics import angle
from credit.experiments.common import SEEDS, TUNING_SEEDS, labelled
from credit.networks import Init, make_network
from credit.rule import Rule
from credit.rules.backprop import Backprop
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.rules.shallow import Shallow
from credit.settling import Relaxation, Settling
from credit.store import Job
from credit.streams import streams
from credit.training import Setting


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


CODE = "784-500-10, rates of the code"


def _mnist(experiment: str, profile: str) -> list[Job]:
    few = {"examples": 6000, "epochs": 2} if profile == "quick" else {}
    rules = (EquilibriumPropagation(), Backprop(), Shallow())
    pairs = [("784-500-10", mnist(rule, **few)) for rule in rules]
    jobs = labelled(experiment, pairs, SEEDS[profile])
    if profile == "paper":  # and what backprop does without clipped outputs
        linear = mnist(Backprop(), output="linear")
        code = mnist(EquilibriumPropagation(), learning_rate=times((0.1, 0.05), 2.0))
        more = {CODE: code, "784-500-10, linear output": linear}
        for net, setting in {"784-500-10": pairs[0][1], **more}.items():
            more[f"{net}, in file order"] = replace(setting, shuffled=False)
        jobs += labelled(experiment, more, SEEDS[profile])
    return jobs


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


# Demonstrations

REST = Settling(4000, tolerance=1e-14)


def smooth(seed: int = 0, sizes: tuple[int, ...] = (6, 8, 8, 3)):
    """(network of logistic units, channels with a teacher set, x), float64, as it starts."""
    kinds, init = ("logistic", "logistic_squared"), Init("normal_fan_in")
    network = make_network(sizes, seed, *kinds, init, Init("uniform", 0.5), torch.float64)
    chance = torch.Generator().manual_seed(seed)
    x = torch.rand(5, sizes[0], generator=chance, dtype=torch.float64)
    t = torch.eye(sizes[-1], dtype=torch.float64)[torch.randint(sizes[-1], (5,), generator=chance)]
    return network, Channels(network, {}, streams(seed)).teach(t), x


def gradient_at_rest(network, ch, x, added: dict | None = None, steps: int = 300) -> dict:
    """{l: dJ/dW_l} of J = |h_L - d|^2 / 2 at the free rest, by autograd through all the steps.

    added  {l: what the way back has besides W_l}
    """
    layers, L = network.layers, network.L
    weights = [layer.W.requires_grad_() for layer in layers.values()]
    h = {0: x} | {l: x.new_zeros(len(x), n) for l, n in enumerate(network.sizes) if l}
    for _ in range(steps):
        a = {l: h[l - 1] @ layer.W.T + layer.b for l, layer in layers.items()}
        for l in range(1, L):
            a[l] = a[l] + h[l + 1] @ (layers[l + 1].W + (added[l + 1] if added else 0))
        h = {0: x} | {l: (h[l] + torch.sigmoid(a[l])) / 2 for l in a}
    J = 0.5 * (h[L] - ch.target()).square().sum(-1).mean()
    gradients = torch.autograd.grad(J, weights)
    for W in weights:
        W.requires_grad_(False)
    return dict(zip(layers, gradients, strict=True))


def _flat(update: dict) -> torch.Tensor:
    return torch.cat([w.flatten() for w in update.values()])


def theorem(betas: Sequence[float], seeds: Sequence[int] = range(3)) -> pd.DataFrame:
    """The update's error relative to the gradient at rest: columns method (the estimate), seed,
    beta, metric, value, unit."""
    rows = []
    for seed in seeds:
        network, ch, x = smooth(seed)
        exact = _flat(gradient_at_rest(network, ch, x))
        for beta in betas:
            for kind in ("positive", "symmetric"):
                rule = EquilibriumPropagation(beta, kind, REST, REST, persistent=False)
                off = _flat(rule.step(ch, x)[1].dense().W) - exact
                rows.append((kind, seed, beta, "relative error", float(off.norm() / exact.norm())))
    frame = pd.DataFrame(rows, columns=["method", "seed", "beta", "metric", "value"])
    return frame.assign(unit="1")


def hard(sizes: tuple[int, ...], seed: int, images: int, scale: float = SCALE, dtype=torch.float64):
    """(network of clipped units, channels, x) with the first images of MNIST, as it starts."""
    kinds = ("hard_sigmoid", "hard_sigmoid_squared", Init("uniform_fan_sum", scale))
    network = make_network(sizes, seed, *kinds, dtype=dtype)
    train = data.load("mnist").train
    t = data.one_hot(train.label[:images], sizes[-1]).to(dtype)
    return network, Channels(network, {}, streams(seed)).teach(t), train.x[:images].to(dtype)


def another_way_back(noises: Sequence[float], seeds: Sequence[int] = range(5)) -> pd.DataFrame:
    """Angle of the update to the gradient at rest, per layer, when the way back is W_l and noise of
    this size relative to it: columns layer, seed, epoch (the noise), metric, value, unit."""
    rows = []
    for seed in seeds:
        network, ch, x = smooth(seed, (20, 30, 30, 10))
        chance, W_back = torch.Generator().manual_seed(seed), ch.W_back
        N = {l: torch.randn(W.shape, generator=chance).to(W) * W.std() for l, W in W_back.items()}
        for noise in noises:
            added = {l: noise * N[l] for l in N}
            ch.W_back = {l: W + added[l] for l, W in W_back.items()}
            rule = EquilibriumPropagation(0.003, "symmetric", REST, REST, persistent=False)
            ours, exact = rule.step(ch, x)[1].dense().W, gradient_at_rest(network, ch, x, added)
            for l in ours:
                degrees = float(angle(ours[l].flatten(), exact[l].flatten()))
                rows.append((l, seed, noise, "angle", degrees, "deg"))
    return pd.DataFrame(rows, columns=["layer", "seed", "epoch", "metric", "value", "unit"])


def backprop_at(net: Relaxation, h: dict, t: torch.Tensor) -> dict:
    """{l: dW_l} of backprop sent down from these states: a chain of W and slopes, no loop."""
    inside = {l: ((a > 0) & (a < 1)).to(a) for l, a in net.drives(h).items()}
    delta, dW = (h[net.L] - t) * inside[net.L], {}
    for l in range(net.L, 0, -1):
        dW[l] = delta.T @ h[l - 1] / len(t)
        if l > 1:
            delta = (delta @ net.W[l].T) * inside[l - 1]
    return dW


def early_inference(
    steps: int = 14, hidden: int = 4, seeds: Sequence[int] = range(3), beta: float = 1e-3
) -> pd.DataFrame:
    """What the first nudged steps do, layer by layer; every nudged phase starts at the free rest.

    Returns columns step, layer, seed, metric, value, unit: "displacement", its size |h_l - rest|
    over the batch; and of the update after so many steps "angle to the gradient", that being the
    update of a long nudged phase, and "angle to backprop" from the states at rest.
    """
    rows, L, still = [], hidden + 1, settling(3000, tolerance=1e-13)
    for seed in seeds:
        _, ch, x = hard((784, *[100] * hidden, 10), seed, 50, scale=1.0)
        net = Relaxation(ch, x, {l: ch.W_back[l] for l in range(2, L + 1)})
        rest, t = net.settle(net.at(0.0), still).h, ch.target()

        def states(nudged, net=net, rest=rest, t=t):
            return [net.settle(rest, nudged, t, b).h for b in (beta, -beta)]

        def contrast(up, down):
            return {l: down[l].T @ down[l - 1] - up[l].T @ up[l - 1] for l in range(1, L + 1)}

        others = {"the gradient": contrast(*states(still)), "backprop": backprop_at(net, rest, t)}
        for step in range(1, steps + 1):
            up, down = states(settling(step))
            ours = contrast(up, down)
            for l in ours:
                moved = float((up[l] - rest[l]).norm())
                rows.append((step, l, seed, "displacement", moved, "1"))
                for name, other in others.items():
                    degrees = float(angle(ours[l].flatten(), other[l].flatten()))
                    rows.append((step, l, seed, f"angle to {name}", degrees, "deg"))
    return pd.DataFrame(rows, columns=["step", "layer", "seed", "metric", "value", "unit"])


def iterations(
    depths: Sequence[int], scales: dict[str, float], seeds: Sequence[int] = range(3),
    tolerance: float = 1e-3, most: int = 1000,
) -> pd.DataFrame:  # fmt: skip
    """The free phase, from zero, until no unit moves by more than this in a step; 20 images at
    once, 256 units. Returns columns method (the name of the scale), depth, seed, metric, value,
    unit: "steps to rest", and of all hidden units there the share "inside" their range."""
    rows = []
    for depth in depths:
        for name, scale in scales.items():
            for seed in seeds:
                _, ch, x = hard((784, *[256] * depth, 10), seed, 20, scale, torch.float32)
                net = Relaxation(ch, x, {l: ch.W_back[l] for l in range(2, ch.L + 1)})
                rest = net.settle(net.at(0.0), settling(most, tolerance=tolerance))
                hidden = torch.cat([rest.h[l] for l in range(1, ch.L)], -1)
                inside = 100 * float(((hidden > 0) & (hidden < 1)).float().mean())
                rows.append((name, depth, seed, "steps to rest", rest.steps, "1"))
                rows.append((name, depth, seed, "inside", inside, "%"))
    return pd.DataFrame(rows, columns=["method", "depth", "seed", "metric", "value", "unit"])


EXPERIMENTS = {
    "05-tuning": _tuning,
    "05-mnist": _mnist,
    "05-estimates": _estimates,
    "05-two-layers": _two_layers,
    "05-depth": _depth,
}
