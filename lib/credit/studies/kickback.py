"""Kickback beside backprop on the same weights; linear regression on the arm."""

import pandas as pd
import torch

from credit.experiments.kickback import ARM
from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.kickback import Kickback
from credit.tasks import data


def against_backprop(weights, sizes: tuple[int, ...] = ARM, seed: int = 0) -> pd.DataFrame:
    """Kickback beside backprop in a network as it starts, per hidden layer, float64.

    weights   Init of the network's weights, as in a Setting
    Returns   layer; same sign: the share of units and examples with an error at all in which the
              two agree in sign; cosine of the two batch updates; size, Kickback's over backprop's
    """
    network = make_network(
        sizes, seed, "signed_relu", "pair", weights, Init("zero"), dtype=torch.float64
    )
    chance = torch.Generator().manual_seed(seed)
    x = torch.randn(500, sizes[0], generator=chance, dtype=torch.float64)
    t = torch.randn(500, 1, generator=chance, dtype=torch.float64)
    ch = Channels(network, {}, streams(seed)).teach(t)
    trace = network.forward(x)
    ours, theirs = (r.delta(ch, trace, r.teach(ch, trace)) for r in (Kickback(), Backprop()))
    rows = []
    for l in range(1, network.L):
        on = theirs[l] != 0
        u, v = (ch.gradient(l, d[l], trace.h[l - 1])[0].dense() for d in (ours, theirs))
        same = (ours[l][on].sign() == theirs[l][on].sign()).double().mean()
        cosine, size = (u * v).sum() / (u.norm() * v.norm()), u.norm() / v.norm()
        values = {"same sign": same, "cosine": cosine, "size": size}
        rows.append({"layer": l} | {name: float(value) for name, value in values.items()})
    return pd.DataFrame(rows)


def linear_regression(dataset: str = "arm") -> pd.Series:
    """Test nMSE of every joint by least squares on the training part, no network at all."""
    train, test = data.load(dataset).train, data.load(dataset).test
    X, Z = (torch.nn.functional.pad(s.x, (0, 1), value=1.0).double() for s in (train, test))
    solved = torch.linalg.lstsq(X, train.label.double()).solution
    errors = (Z @ solved - test.label).square().mean(0) / test.label.var(0, correction=0)
    return pd.Series(errors.tolist(), index=data.load(dataset).classes)
