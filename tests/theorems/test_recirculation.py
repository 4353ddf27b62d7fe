"""Recirculation: the gradient of an autoencoder where the way back is the way there, to a limit."""

import numpy as np
import pytest
import torch
from helpers import autograd

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.recirculation import Recirculation

LEFT = (1e-1, 1e-2, 1e-3)  # 1 - lam


def autoencoder(output, symmetric=True, nonlinearity="logistic", seed=0):
    """(network n-m-n, channels whose target is the input, x)."""
    network = make_network(
        (6, 3, 6), seed, nonlinearity, output, Init("normal_fan_in"), Init("normal", 0.3),
        torch.float64,
    )  # fmt: skip
    if symmetric:
        network.layers[2].W.copy_(network.layers[1].W.mT)
    x = torch.rand(8, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return network, Channels(network, {}, streams(0)).teach(x), x


def distances(output, symmetric=True, nonlinearity="logistic", left=LEFT):
    """[distance of dW_1 / (1 - lam)^2 to the gradient, relative] for each 1 - lam; the same of
    dW_2 / (1 - lam)."""
    network, ch, x = autoencoder(output, symmetric, nonlinearity)
    want, _ = autograd(network, ch, x)
    columns = {1: [], 2: []}
    for rest in left:
        update = Recirculation(1 - rest).step(ch, x)[1].dense()
        for l in columns:
            got = update.W[l] / rest ** (3 - l)
            columns[l].append(float((got - want[l]).norm() / want[l].norm()))
    return columns


@pytest.mark.parametrize(
    ("output", "nonlinearity"), [("linear", "linear"), ("linear", "logistic"),
                                 ("logistic", "logistic")]
)  # fmt: skip
def test_nearly_all_regression_is_the_gradient_with_the_slope_in_it(output, nonlinearity):
    """Of the squared error with linear visible units, of the cross-entropy with logistic ones; no
    unit was told its slope. dW_1 comes out smaller by another 1 - lam."""
    columns = distances(output, nonlinearity=nonlinearity)
    assert max(columns[2]) < 1e-10  # the top layer at any lam
    assert columns[1][-1] < 1e-2
    slope = np.polyfit(np.log(LEFT), np.log(columns[1]), 1)[0]
    assert slope == pytest.approx(1, abs=0.1)


def test_with_other_weights_back_or_little_regression_it_is_not():
    """Guards the test above."""
    assert distances("linear", symmetric=False)[1][-1] > 0.3
    assert distances("linear", left=(1.0,))[1][0] > 0.1


def test_a_perfect_reconstruction_changes_nothing():
    network, ch, x = autoencoder("logistic")
    assert max(float(u.abs().max()) for u in Recirculation().step(ch, x)[1].dense().W.values()) > 0
    y = network.forward(x).h[2]
    for _ in range(200):  # to an x that is its own reconstruction
        x = y
        y = network.forward(x).h[2]
    update = Recirculation().step(ch.teach(x), x)[1].dense()
    assert all(float(u.abs().max()) < 1e-12 for u in (*update.W.values(), *update.b.values()))


def test_each_synapse_uses_its_sender_and_the_change_of_its_receiver():
    """The equations once more, one example and one synapse at a time."""
    network, ch, x = autoencoder("logistic", symmetric=False)
    lam, update = 0.75, Recirculation().step(ch, x)[1].dense()
    (W1, b1), (W2, b2) = ((n.W.numpy(), n.b.numpy()) for n in network.layers.values())

    def f(a):
        return 1 / (1 + np.exp(-a))

    dW1, dW2 = np.zeros_like(W1), np.zeros_like(W2)
    for v0 in x.numpy():
        h1 = f(W1 @ v0 + b1)
        v2 = lam * v0 + (1 - lam) * f(W2 @ h1 + b2)
        h3 = lam * h1 + (1 - lam) * f(W1 @ v2 + b1)
        dW2 += np.outer(v0 - v2, h1) / len(x)
        dW1 += np.outer(h1 - h3, v2) / len(x)
    np.testing.assert_allclose(-update.W[1].numpy(), dW1, atol=1e-14)
    np.testing.assert_allclose(-update.W[2].numpy(), dW2, atol=1e-14)


@pytest.mark.parametrize("lam", [-0.1, 1.0, "0.5", None])
def test_a_regression_outside_its_range_is_refused(lam):
    with pytest.raises(ValueError, match=r"lam is .*, expected at least 0 and less than 1"):
        Recirculation(lam)
