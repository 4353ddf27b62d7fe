"""Difference target propagation: what its targets are, beside backprop's signals and
Gauss-Newton steps, in a network whose inverses alone have learned."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import torch
from torch import Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Init, Network, Trace, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.base import own_parameters
from credit.rules.difference_target_propagation import DifferenceTargetPropagation
from credit.training.descent import Descent
from credit.training.diagnostics import mean_angle
from credit.training.setting import Setting

SIZES = (30,) * 7 + (10,)  # six square hidden layers
BATCH = 64
NAMES = {  # what stands behind the network in a setting: the variant as figures name it
    "without the difference": "TP, no difference",
    "no weight transport": "DTP, no weight transport",
}


def learned(
    rule: DifferenceTargetPropagation, seed: int = 0, steps: int = 500, rate: float = 0.02
) -> tuple[Channels, Tensor]:
    """Channels of a tanh network with orthogonal weights after its inverses have learned, from
    noise and nothing else, and its examples x [BATCH, n_0]; the teacher is set."""
    network, ch, x = _network(rule, seed, "tanh", Init("orthogonal"))
    descent = Descent(Setting(rule, SIZES, own_learning_rate=rate), network, ch.own)
    for _ in range(steps):
        descent.apply(rule.prepare(ch, x))
    return ch, x


def exact(rule: DifferenceTargetPropagation, seed: int = 0) -> tuple[Channels, Tensor]:
    """The same of a linear network with independent normal weights, each V_l^T the inverse of its
    W_l."""
    _, ch, x = _network(rule, seed, "linear", Init("normal_fan_in"))
    for l in ch.own["V"]:
        ch.own["V"][l] = torch.linalg.inv(ch.W_own[l]).mT
    return ch, x


def gauss_newton(ch: Channels, trace: Trace, tau: Tensor) -> dict[int, Tensor]:
    """{l: J_l^+ tau}, example by example, with J_l = dh_{L-1} / dh_l: the smallest change of h_l
    that changes h_{L-1} by tau [batch, n_{L-1}], to first order."""
    J = torch.eye(tau.shape[-1], dtype=tau.dtype).expand(len(tau), -1, -1)
    steps = {}
    for l in range(ch.L - 1, 0, -1):
        steps[l] = torch.linalg.lstsq(J, tau.unsqueeze(-1)).solution.squeeze(-1)
        J = J @ (ch.slope_path(l, trace).unsqueeze(-1) * ch.W_back[l])
    return steps


def told(
    rule: DifferenceTargetPropagation, ch: Channels, x: Tensor, etas: Sequence[float]
) -> pd.DataFrame:
    """What every hidden layer is told, with the difference and without, per size of the step eta.

    Returns columns rule, eta, layer, move (mean |t_l - h_l|), backprop and gauss_newton: the angles
    of t_l - h_l to what those would have the layer do, mean over the examples, deg
    """
    trace, rows = rule.forward(ch, x), []
    theirs = Backprop().teach(ch, trace)
    for eta in etas:
        for name, difference in ((NAMES["without the difference"], False), (rule.short, True)):
            tau = replace(rule, eta=eta, difference=difference).teach(ch, trace)
            newton = gauss_newton(ch, trace, tau[ch.L - 1])
            rows += [
                {
                    "rule": name,
                    "eta": eta,
                    "layer": l,
                    "move": float(tau[l].norm(dim=-1).mean()) / 2,
                    "backprop": mean_angle(tau[l], theirs[l]),
                    "gauss_newton": mean_angle(tau[l], newton[l]),
                }
                for l in range(1, ch.L)
            ]
    return pd.DataFrame(rows)


def _network(rule, seed, nonlinearity, weights) -> tuple[Network, Channels, Tensor]:
    random = streams(seed)
    own = own_parameters(rule, SIZES, random, torch.float64)
    network = make_network(SIZES, seed, nonlinearity, weights=weights, dtype=torch.float64)
    x = torch.randn(BATCH, SIZES[0], generator=random["choice"], dtype=torch.float64)
    label = torch.arange(BATCH) % SIZES[-1]
    ch = Channels(network, own, random)
    return network, ch.teach(torch.eye(SIZES[-1], dtype=torch.float64)[label]), x
