"""Equilibrium propagation: theorem, other feedback, early inference, how long it settles."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import torch

from credit.evidence import results
from credit.experiments.equilibrium_propagation import LINEAR_OUTPUT, SCALE, settling
from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.relaxation import Relaxation, Settling
from credit.nets.streams import streams
from credit.rules.equilibrium_propagation import EquilibriumPropagation
from credit.tasks import data
from credit.training.descent import Descent
from credit.training.diagnostics import angle, in_double
from credit.training.run import build
from credit.training.setting import Setting

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
    steps: int = 20, hidden: int = 4, seeds: Sequence[int] = range(3), beta: float = 1e-5
) -> pd.DataFrame:
    """What the first nudged steps do, layer by layer; every nudged phase starts at the free rest.

    With beta = 1e-3 the first update of every layer is already 5 to 8 degrees from backprop's, with
    1e-5 less than 0.1.

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


def short_of_rest(
    setting: Setting, steps: Sequence[int], updates: int = 300, seed: int = 0, images: int = 100
) -> pd.DataFrame:
    """Angle between the update of the hidden layers and the gradient at the free fixed point, after
    free phases from zero of so many steps, in a network that has learned from so many batches, by
    the symmetric estimate.

    Returns columns method, steps, seed, metric, value, unit: "nudge up" and "nudge down", the
    one-sided estimates, and "mean of both", the symmetric one, which is also the expectation of the
    random sign. The gradient is that of two long phases with a tiny nudge, in double precision.
    """
    learned = replace(setting, rule=replace(setting.rule, estimate="symmetric"))
    ch, x = _after(learned, updates, seed, images)
    rule, L = setting.rule, ch.L
    net = Relaxation(ch, x, {l: ch.W_back[l] for l in range(2, L + 1)})

    def contrast(a, b):  # of the hidden layers
        flat = [(a[l].T @ a[l - 1] - b[l].T @ b[l - 1]).flatten() for l in range(1, L)]
        return torch.cat(flat)

    def nudged(h, how, beta):
        return net.settle(h, how, ch.target(), beta).h

    long = settling(5000, tolerance=1e-12)
    rest = net.settle(net.at(0.0), long).h
    exact = contrast(*(nudged(rest, long, b) for b in (-1e-4, 1e-4)))
    rows = []
    for n in steps:
        free = net.settle(net.at(0.0), settling(n)).h
        up, down = (nudged(free, rule.nudged, b) for b in (rule.beta, -rule.beta))
        found = {
            "nudge up": contrast(free, up),
            "nudge down": contrast(down, free),
            "mean of both": contrast(down, up),
        }
        rows += [(name, n, seed, "angle", float(angle(dW, exact)), "deg")
                 for name, dW in found.items()]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "steps", "seed", "metric", "value", "unit"])


def _after(setting: Setting, updates: int, seed: int, images: int) -> tuple[Channels, torch.Tensor]:
    """Channels of a network that was taught for so many batches, and validation images with their
    labels told, in double precision."""
    sets, random = data.load(setting.dataset), streams(seed)
    network = build(setting, seed, len(sets.classes))
    ch, descent = Channels(network, {}, random), Descent(setting, network, {})
    for _ in range(updates):
        index = torch.randint(len(sets.train.x), (setting.batch,), generator=random["order"])
        ch.teach(data.one_hot(sets.train.label[index], len(sets.classes)))
        descent.apply(setting.rule.step(ch, sets.train.x[index])[1])
    x, label = sets.validation.x[:images], sets.validation.label[:images]
    t = data.one_hot(label, len(sets.classes)).double()
    return in_double(network, {}, random, t), x.double()


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


def on_equal_terms(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of equilibrium propagation and of baselines with linear outputs, which do not die;
    these words leave their labels."""
    linear = frame["setting"].str.contains(LINEAR_OUTPUT)
    kept = frame[linear | (frame["method"] == "equilibrium_propagation")]
    return kept.assign(setting=kept["setting"].str.replace(LINEAR_OUTPUT, ""))


def arms_of_two_layers(frame: pd.DataFrame, arms: Mapping[str, str]) -> pd.DataFrame:
    """A row per condition of the two-layer network, and the error of each seed at its end.

    frame  of 05-two-layers;  arms  {setting: in words}
    """
    mine = frame[frame["method"] == "equilibrium_propagation"]
    ends, rows = results.final(mine), []
    for setting, words in arms.items():
        part, epochs = ends[ends["setting"] == setting], mine[mine["setting"] == setting]["epoch"]
        row = {"condition": words, "epochs": f"{epochs.max():.0f}"}
        row |= {f"seed {r.seed}, %": f"{r.value:.1f}" for r in part.itertuples()}
        rows.append(row)
    return pd.DataFrame(rows)
