"""GAIT-prop: where it is backprop, where it is not, and what rounding leaves of it."""

import math

import numpy as np
import pytest
import torch
from helpers import assert_same, autograd, largest_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.gait_prop import GaitProp

ORTHOGONAL, GAUSS = Init("orthogonal"), Init("normal_fan_in")
PLAIN = {"penalty": 0.0}  # the task's part of the update alone


class Linear(Channels):
    """Channels of a network whose units are all linear: each is its own inverse."""

    def phi_inverse(self, l, h):
        return h


def square(
    layers=5, width=60, seed=0, nonlinearity="leaky_relu", weights=ORTHOGONAL, answers=10,
    batch=20, dtype=torch.float64, p=0.0,
):  # fmt: skip
    """(network, channels with labels set, x in 0..1) with `layers` square matrices W + p noise."""
    output = "leaky_squared" if nonlinearity == "leaky_relu" else "linear"
    biases = Init("normal", 0.1)
    network = make_network(
        (width,) * (layers + 1), seed, nonlinearity, output, weights, biases, dtype
    )
    chance = torch.Generator().manual_seed(seed)
    for layer in network.layers.values():
        layer.W += p * torch.randn(width, width, generator=chance, dtype=dtype) / width**0.5
    x = torch.rand(batch, width, generator=chance, dtype=dtype)
    answers = min(answers, width) if output == "leaky_squared" else width  # linear: none is spare
    t = torch.eye(answers, dtype=dtype)[torch.randint(answers, (batch,), generator=chance)]
    channels = Linear if nonlinearity == "linear" else Channels
    return network, channels(network, {}, streams(seed)).teach(t), x


def degrees(u, v):
    """The angle of two updates, in a form that resolves the smallest ones."""
    u, v = (w.double().flatten() / w.double().norm() for w in (u, v))
    return math.degrees(2 * math.atan2(float((u - v).norm()), float((u + v).norm())))


def away(rule, ch, x):
    """{l: angle of dW_l to backprop's}."""
    ours, theirs = (r.step(ch, x)[1].dense().W for r in (rule, Backprop()))
    return {l: degrees(ours[l], theirs[l]) for l in ours}


# where it is backprop


@given(
    layers=st.integers(2, 6),
    width=st.integers(1, 9),
    kind=st.sampled_from(["leaky_relu", "linear"]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_with_orthogonal_weights_the_displacement_form_is_the_gradient(layers, width, kind, seed):
    network, ch, x = square(layers, width, seed, kind)
    update = GaitProp(**PLAIN).step(ch, x)[1].dense()
    dW, db = autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


def test_with_other_weights_it_is_not():
    """Guards the test above: orthogonality is what does it."""
    network, ch, x = square(weights=GAUSS)
    update = GaitProp(**PLAIN).step(ch, x)[1].dense()
    dW, _ = autograd(network, ch, x)
    assert min(degrees(update.W[l], dW[l]) for l in range(1, 5)) > 60
    assert float(update.W[1].norm() / dW[1].norm()) > 100
    torch.testing.assert_close(update.W[5], dW[5])  # the top needs no inverse


def test_in_float32_the_displacement_form_stays_backprop_at_any_depth():
    for layers in (5, 10, 20):
        _, ch, x = square(layers, dtype=torch.float32)
        assert max(away(GaitProp(**PLAIN), ch, x).values()) < 1e-3


def test_in_float32_the_literal_form_loses_the_layers_below_the_third():
    """Guards the test above: it is the form, not the precision, that keeps them."""
    _, ch, x = square(5, dtype=torch.float32)
    angles = away(GaitProp(form="literal", **PLAIN), ch, x)
    assert angles[5] < 1e-3
    assert min(angles[1], angles[2]) > 60


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_the_literal_form_is_backprop_up_to_rounding(layers):
    network, ch, x = square(layers, width=200, batch=30)
    rule = GaitProp(form="literal", gamma=1e-2 if layers < 4 else 1e-3, **PLAIN)
    update, (dW, _) = rule.step(ch, x)[1].dense(), autograd(network, ch, x)
    for l in dW:
        assert degrees(update.W[l], dW[l]) < 0.1
        assert float(update.W[l].norm() / dW[l].norm()) == pytest.approx(1, abs=1e-3)


def test_the_literal_form_with_other_weights_is_not():
    """Guards the test above."""
    _, ch, x = square(4, width=200, batch=30, weights=GAUSS)
    assert away(GaitProp(form="literal", **PLAIN), ch, x)[3] > 30


@given(layers=st.integers(2, 6), width=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_with_the_transpose_for_the_inverse_it_is_backprop_for_all_weights(layers, width, seed):
    network, ch, x = square(layers, width, seed, weights=GAUSS)
    update = GaitProp(inverse="transpose", **PLAIN).step(ch, x)[1].dense()
    dW, db = autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


@pytest.mark.parametrize("gamma", [1.0, 0.1, 0.01])
def test_in_a_linear_orthogonal_network_the_slopes_do_not_matter(gamma):
    network, ch, x = square(3, nonlinearity="linear")
    dW, _ = autograd(network, ch, x)
    for target in ("gait", "itp"):
        rule = GaitProp(target, "literal", gamma, **PLAIN)
        assert_same(rule.step(ch, x)[1].dense().W, dW, atol=1e-9)
    assert_same(GaitProp("tp", **PLAIN).step(ch, x)[1].dense().W, dW)
    assert_same(GaitProp("itp", **PLAIN).step(ch, x)[1].dense().W, dW)


# where it is not


def test_without_the_slopes_the_increments_do_not_make_backprop():
    """ITP and TP; guards the test above, whose network has no slopes."""
    _, ch, x = square(width=100)
    for rule in (GaitProp("itp", **PLAIN), GaitProp("tp", **PLAIN)):
        angles = away(rule, ch, x)
        assert angles[5] < 1e-5
        assert angles[4] > 20
        assert min(angles[1], angles[2], angles[3]) > 60


def test_the_further_from_orthogonal_the_further_from_backprop():
    angles = []
    for p in (0.0, 0.05, 0.1, 0.2, 0.3):
        _, ch, x = square(width=100, p=p)
        angles.append(away(GaitProp(**PLAIN), ch, x))
    for l in range(1, 5):
        column = [a[l] for a in angles]
        assert column == sorted(column)
        assert column[0] < 1e-5
        assert column[-1] > 15
    assert all(4 < angles[2][l] < 30 for l in range(1, 5))


def test_gaussian_weights_leave_nothing_of_backprop():
    _, ch, x = square(width=100, weights=GAUSS)
    angles = away(GaitProp(**PLAIN), ch, x)
    assert all(70 < angles[l] < 110 for l in range(1, 5))


def test_the_published_penalty_leaves_a_gain_for_each_unit():
    """W^T W = S^2 is diagonal, the penalty zero and W^-T = W S^-2: backprop over s^2."""
    network, ch, x = square(2, width=12)
    s = torch.linspace(0.5, 2, 12, dtype=torch.float64)
    network.layers[2].W.mul_(s)
    trace = GaitProp().forward(ch, x)
    ours, theirs = (r.teach(ch, trace)[1] for r in (GaitProp(), Backprop()))
    torch.testing.assert_close(ours, theirs / s**2, rtol=0, atol=1e-12)
    assert float((ours - theirs).abs().max()) > 0.01
    # its penalty has no gradient here, the one on the norms has
    for bound in (False, True):
        update, task = (
            GaitProp(penalty_norms=bound, penalty=c).step(ch, x)[1].dense() for c in (1.0, 0.0)
        )
        assert bool(((update.W[2] - task.W[2]).abs() > 1e-9).any()) == bound


# gamma, flips and rounding


def test_the_error_of_the_literal_form_has_a_minimum_in_gamma():
    """Too large, and units change sign inside their increment; too small, and it is rounded off."""
    gammas = (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)
    _, ch, x = square(width=100)
    first = [away(GaitProp(form="literal", gamma=g, **PLAIN), ch, x)[1] for g in gammas]
    best = first.index(min(first))
    assert 0 < best < len(gammas) - 1
    assert first[0] > 3 > 1 > first[best]
    assert first[-1] > 60


def test_the_displacement_form_knows_no_gamma():
    """Guards the test above: its minimum is not the test's."""
    _, ch, x = square(width=100)
    updates = [GaitProp(gamma=g, **PLAIN).step(ch, x)[1].dense().W for g in (0.3, 1e-4)]
    assert all(torch.equal(updates[0][l], updates[1][l]) for l in updates[0])


def noise(target, gamma, nonlinearity="linear"):
    """{k: |literal - displacement| / |displacement| of tau, k layers below the top}."""
    _, ch, x = square(5, width=100, nonlinearity=nonlinearity)
    trace = Backprop().forward(ch, x)
    rules = GaitProp(target, "literal", gamma), GaitProp(target)
    literal, exact = (rule.teach(ch, trace) for rule in rules)
    return {
        k: float((literal[5 - k] - exact[5 - k]).norm() / exact[5 - k].norm()) for k in (1, 2, 3)
    }


@pytest.mark.parametrize("target", ["gait", "itp"])
def test_rounding_noise_grows_by_one_over_gamma_with_every_layer(target):
    """Noise k layers below the top ~ eps |h| / (gamma^k |delta|); linear units never flip."""
    gammas = 10 ** np.linspace(-1, -3, 7)
    rows = [noise(target, float(g)) for g in gammas]
    for k in (1, 2, 3):
        slope = np.polyfit(np.log(1 / gammas), np.log([row[k] for row in rows]), 1)[0]
        assert slope == pytest.approx(k, rel=0.2)
    depth = np.polyfit([1, 2, 3], [math.log10(rows[-1][k]) for k in (1, 2, 3)], 1)[0]
    assert depth == pytest.approx(3, rel=0.2)  # at gamma = 1e-3


def test_sign_flips_shrink_with_gamma_where_rounding_grows():
    """Guards the test above: leaky units at a large gamma do the opposite."""
    coarse, fine = noise("gait", 0.3, "leaky_relu"), noise("gait", 0.03, "leaky_relu")
    assert all(fine[k] < 1e-3 < 0.1 < coarse[k] for k in (2, 3))


def test_the_literal_form_needs_the_biases():
    """phi^-1(h) - b and not phi^-1(h) is what the layer below sent."""
    network, ch, x = square(3)
    assert max(away(GaitProp(form="literal", **PLAIN), ch, x).values()) < 1
    before = GaitProp(form="literal", **PLAIN).step(ch, x)[1].dense().W[1]
    assert any(bool(layer.b.any()) for layer in network.layers.values())

    class Unbiased(Channels):
        def drive(self, l, h):
            a = super().drive(l, h)
            return a if h.any() else torch.zeros_like(a)

    blind = Unbiased(network, {}, streams(0)).teach(ch.target())
    after = GaitProp(form="literal", **PLAIN).step(blind, x)[1].dense().W[1]
    assert degrees(before, after) > 45


# the spare units, the penalty, what is refused


@pytest.mark.parametrize("rule", [GaitProp(), GaitProp(form="literal"), GaitProp("itp", "literal"),
                                  GaitProp("tp")], ids=str)  # fmt: skip
def test_spare_output_units_have_exactly_no_error(rule):
    network, ch, x = square(answers=10)
    tau = rule.teach(ch, rule.forward(ch, x))[network.L]
    assert not tau[:, 10:].any()
    assert bool(tau[:, :10].any())
    ch.teach(torch.eye(60, dtype=torch.float64)[:20])  # and with targets they have one
    assert bool(rule.teach(ch, rule.forward(ch, x))[network.L][:, 10:].any())


@pytest.mark.parametrize("bound", [False, True])
def test_the_penalty_is_the_gradient_of_what_it_says(bound):
    network, ch, x = square(3, width=7, weights=GAUSS, answers=4)
    with_it, without = (
        GaitProp(penalty=c, penalty_norms=bound).step(ch, x)[1].dense().W for c in (0.3, 0.0)
    )
    added = {l: with_it[l] - without[l] for l in with_it}

    def gradient(transposed):
        grads = {}
        for l, layer in network.layers.items():
            W = layer.W.clone().requires_grad_()
            R = W @ W.T if transposed else W.T @ W
            off = R - (torch.eye(7, dtype=W.dtype) if bound else torch.diag(R.diagonal()))
            (grads[l],) = torch.autograd.grad(0.3 * off.square().sum(), W)
        return grads

    assert_same(added, gradient(transposed=False))
    # of the rows it would be another, unless the norms are bound: then the two are the same
    assert (largest_difference(added, gradient(transposed=True)) < 1e-12) == bound


def test_an_ensemble_is_its_members():
    seeds, sizes = (0, 1, 2), (8,) * 4
    make = {"nonlinearity": "leaky_relu", "output": "leaky_squared", "dtype": torch.float64}
    x, t = torch.rand(6, 8, dtype=torch.float64), torch.eye(8, dtype=torch.float64)[:6, :5]
    for rule in (GaitProp(), GaitProp(form="literal", gamma=0.1), GaitProp("tp")):
        together, *alone = (
            rule.step(Channels(make_network(sizes, s, **make), {}, streams(0)).teach(t), x)[1]
            for s in (seeds, *seeds)
        )
        for l, dW in together.dense().W.items():
            each = torch.stack([u.dense().W[l] for u in alone])
            torch.testing.assert_close(dW, each, rtol=1e-6, atol=1e-9)


def test_a_layer_that_has_no_inverse_is_refused():
    network = make_network((8, 8, 6, 5), 0, "leaky_relu", "leaky_squared")
    ch = Channels(network, {}, streams(0)).teach(torch.eye(5))
    with pytest.raises(ValueError, match="W_3 is 5 by 6, expected a square matrix"):
        GaitProp().step(ch, torch.rand(5, 8))


def test_the_first_layer_needs_no_inverse():
    network = make_network((11, 8, 8), 0, "leaky_relu", "leaky_squared")
    ch = Channels(network, {}, streams(0)).teach(torch.eye(8)[:, :5])
    assert GaitProp().step(ch, torch.rand(8, 11))[1].dense().W[1].shape == (8, 11)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "bp"}, "target is 'bp', expected gait, itp or tp"),
        ({"form": "exact"}, "form is 'exact', expected displacement or literal"),
        ({"inverse": "none"}, "inverse is 'none', expected exact or transpose"),
        ({"gamma": 0.0}, "gamma is 0.0, expected above 0 and at most 1"),
        ({"penalty": -1.0}, "penalty is -1.0, expected at least 0"),
        ({"inverse": "transpose", "form": "literal"}, "inverse is 'transpose', expected exact"),
    ],
)
def test_bad_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        GaitProp(**fields)
