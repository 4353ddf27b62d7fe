"""Backprop, feedback alignment and their relatives: what must hold exactly."""

import math

import pytest
import torch
from helpers import assert_same, autograd, bench, largest_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.nets.channels import Channels
from credit.nets.networks import NONLINEARITIES, OUTPUTS, Init, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.kolen_pollack import KolenPollack
from credit.rules.sign_symmetry import SignSymmetry
from credit.rules.weight_mirror import WeightMirror
from credit.training.descent import Descent
from credit.training.diagnostics import angle
from credit.training.setting import Setting

SIZES = st.lists(st.integers(1, 9), min_size=3, max_size=7).map(tuple)
KINDS = st.sampled_from(sorted(NONLINEARITIES))
ENDS = st.sampled_from(sorted(OUTPUTS))


def step(rule, ch, x):
    return rule.step(ch, x)[1].dense()


@given(
    sizes=SIZES, nonlinearity=KINDS, output=ENDS, seed=st.integers(0, 99), batch=st.integers(1, 5)
)
@settings(max_examples=60, deadline=None)
def test_backprop_is_the_gradient_of_the_loss(sizes, nonlinearity, output, seed, batch):
    network, ch, x = bench(Backprop(), sizes, seed, batch, nonlinearity, output)
    update = step(Backprop(), ch, x)
    dW, db = autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


@given(sizes=SIZES, nonlinearity=KINDS, output=ENDS, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_feedback_alignment_with_the_forward_weights_is_backprop(sizes, nonlinearity, output, seed):
    network, ch, x = bench(FeedbackAlignment(), sizes, seed, 4, nonlinearity, output)
    ch.own["B"] = {l: network.layers[l].W for l in range(2, network.L + 1)}
    update = step(FeedbackAlignment(), ch, x)
    dW, db = autograd(network, ch, x)
    assert_same(update.W, dW)
    assert_same(update.b, db)


def test_feedback_alignment_with_random_feedback_is_not_backprop():
    """Guards the test above: it would also pass if the rule ignored B."""
    network, ch, x = bench(FeedbackAlignment())
    update, (dW, _) = step(FeedbackAlignment(), ch, x), autograd(network, ch, x)
    assert float(angle(update.W[1].flatten(), dW[1].flatten())) > 10
    torch.testing.assert_close(update.W[network.L], dW[network.L])  # the top needs no feedback


def test_feedback_alignment_with_the_forward_weights_is_backprop_bit_for_bit_in_float32():
    sizes = (20, 15, 10, 5)
    network = make_network(sizes)
    W = {l: layer.W for l, layer in network.layers.items()}
    x, t = torch.randn(8, 20), torch.eye(5)[torch.arange(8) % 5]
    updates = [
        step(rule, Channels(network, {"B": W}, streams(0)).teach(t), x)
        for rule in (Backprop(), FeedbackAlignment())
    ]
    for l in network.layers:
        assert torch.equal(updates[0].W[l], updates[1].W[l])


@given(sizes=st.tuples(*[st.integers(1, 9)] * 3), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_with_one_hidden_layer_direct_feedback_alignment_is_feedback_alignment(sizes, seed):
    _, ch, x = bench(DirectFeedbackAlignment(), sizes, seed)
    direct = step(DirectFeedbackAlignment(), ch, x)
    ch.own["B"] = {2: ch.own["B"][1]}
    assert_same(step(FeedbackAlignment(), ch, x).W, direct.W, atol=0)


def test_with_two_hidden_layers_direct_feedback_alignment_is_not_feedback_alignment():
    _, ch, x = bench(DirectFeedbackAlignment(), (6, 5, 5, 3))
    direct = step(DirectFeedbackAlignment(), ch, x)
    B = ch.own["B"]
    ch.own["B"] = {3: B[2], 2: torch.eye(5, dtype=torch.float64)}
    assert largest_difference(step(FeedbackAlignment(), ch, x).W, direct.W) > 1e-3


@pytest.mark.parametrize("nonlinearity", ["linear", "tanh"])
def test_direct_feedback_through_the_product_of_the_weights_is_backprop_if_units_are_linear(
    nonlinearity,
):
    network, ch, x = bench(DirectFeedbackAlignment(), (6, 5, 4, 3), nonlinearity=nonlinearity)
    product = {network.L: torch.eye(3, dtype=torch.float64)}
    for l in range(network.L, 0, -1):
        product[l - 1] = product[l] @ network.layers[l].W
    ch.own["B"] = {l: product[l] for l in range(1, network.L)}
    update, (dW, _) = step(DirectFeedbackAlignment(), ch, x), autograd(network, ch, x)
    assert_same({2: update.W[2]}, {2: dW[2]})  # the top hidden layer, always
    if nonlinearity == "linear":
        assert_same(update.W, dW)
    else:
        assert largest_difference(update.W, dW) > 1e-3


def test_from_zero_weights_backprop_only_moves_the_output_bias():
    zero, sizes = Init("zero"), (6, 5, 4, 3)
    for rule, moves in ((Backprop(), False), (DirectFeedbackAlignment(), True)):
        network = make_network(sizes, 0, "tanh", "softmax", zero, zero)
        ch = Channels(network, rule.draw(sizes, streams(0)), streams(0))
        ch.teach(torch.eye(3)[torch.tensor([0, 1])])
        x = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
        update = step(rule, ch, x)
        assert bool(update.b[3].abs().max() > 0)
        assert all(bool(update.b[l].abs().max() > 0) == moves for l in (1, 2))
        assert bool(update.W[1].abs().max() > 0) == moves
        assert not update.W[3].any()  # h is zero above the input, at the first step


def test_from_zero_weights_direct_feedback_moves_every_layer_within_two_steps():
    zero, sizes, rule = Init("zero"), (6, 5, 4, 3), DirectFeedbackAlignment()
    network = make_network(sizes, 0, "tanh", "softmax", zero, zero)
    own = rule.draw(sizes, streams(0))
    ch = Channels(network, own, streams(0)).teach(torch.eye(3)[torch.tensor([0, 1])])
    descent = Descent(Setting(rule, sizes, weights=zero, biases=zero), network, own)
    x = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        descent.apply(rule.step(ch, x)[1])
    assert all(bool(layer.W.any()) for layer in network.layers.values())


def trained_linear(rule, sizes, steps, rate, weights, own=None, batch=40, seed=0):
    """A linear network after plain gradient descent with this rule on a random linear task."""
    network = make_network(sizes, seed, "linear", "linear", weights, Init("zero"), torch.float64)
    drawn = rule.draw(sizes, streams(seed))
    own = own or {name: {l: w.double() for l, w in ws.items()} for name, ws in drawn.items()}
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, sizes[0], generator=generator, dtype=torch.float64)
    T = torch.randn(sizes[-1], sizes[0], generator=generator, dtype=torch.float64)
    ch = Channels(network, own, streams(seed)).teach(x @ T.T / sizes[0] ** 0.5)
    for _ in range(steps):
        update = rule.step(ch, x)[1].dense()
        for l, layer in network.layers.items():
            layer.W -= rate * update.W[l]
    return network, own


def test_from_zero_the_alignment_is_the_size_of_the_first_layer():
    """D = B^T W + W^T B - W_1 W_1^T stays 0 under gradient flow, so tr(B^T W) = |W_1|^2 / 2 >= 0:
    why the angle falls below 90 degrees. The deviation shrinks with the learning rate."""
    deviation = []
    for rate in (1e-2, 1e-3):
        rule, steps = FeedbackAlignment(Init("uniform", 0.5)), round(2 / rate)
        network, own = trained_linear(rule, (8, 6, 4), steps, rate, Init("zero"))
        W1, W2, B = network.layers[1].W, network.layers[2].W, own["B"][2]
        D = B.T @ W2 + W2.T @ B - W1 @ W1.T
        deviation.append(float(D.norm() / (W1 @ W1.T).norm()))
        assert float((B * W2).sum()) > 0
    assert deviation[0] < 0.1
    assert deviation[1] / deviation[0] == pytest.approx(0.1, abs=0.02)


def test_away_from_zero_the_alignment_is_not_tied_to_the_first_layer():
    rule = FeedbackAlignment(Init("uniform", 0.5))
    network, own = trained_linear(rule, (8, 6, 4), 2000, 1e-3, Init("uniform", 0.3))
    W1, W2, B = network.layers[1].W, network.layers[2].W, own["B"][2]
    D = B.T @ W2 + W2.T @ B - W1 @ W1.T
    assert float(D.norm() / (W1 @ W1.T).norm()) > 0.3


def test_from_zero_a_deep_linear_network_learns_only_what_the_feedback_spans():
    """W_l = P_l W_l, P_l the projector on the rows of B_l: rank(W_l) <= n_L."""
    sizes = (12, 15, 15, 3)
    network, own = trained_linear(DirectFeedbackAlignment(), sizes, 300, 0.05, Init("zero"))
    for l in (1, 2):
        W, B = network.layers[l].W, own["B"][l]
        outside = W - torch.linalg.pinv(B) @ B @ W
        assert float(outside.norm() / W.norm()) < 1e-12
        assert int(torch.linalg.matrix_rank(W)) == 3


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_kolen_pollack_shrinks_the_difference_of_the_two_ways_by_the_decay_alone(decay):
    rule, sizes = KolenPollack(Init("uniform", 0.5)), (6, 5, 4, 3)
    network, ch, x = bench(rule, sizes)
    setting = Setting(rule, sizes, learning_rate=0.1, weight_decay=decay)
    descent = Descent(setting, network, ch.own)
    start = {l: network.layers[l].W - B for l, B in ch.own["B"].items()}
    before = {l: B.clone() for l, B in ch.own["B"].items()}
    for _ in range(20):
        descent.apply(rule.step(ch, x)[1])
    shrunk = (1 - 0.1 * decay) ** 20
    for l, B in ch.own["B"].items():
        torch.testing.assert_close(network.layers[l].W - B, shrunk * start[l], rtol=0, atol=1e-12)
        assert float((B - before[l]).norm()) > 1e-3  # and B has moved


def test_the_weight_mirror_learns_the_forward_weights_from_noise_alone():
    rule, sizes = WeightMirror(Init("uniform_fan_in"), sigma=0.1), (6, 20, 15, 3)
    network, ch, x = bench(rule, sizes, batch=128, nonlinearity="linear")
    ch.teach(network.forward(x).h[network.L])  # no error: nothing to learn forward

    def angles():
        return [
            float(angle(ch.own["B"][l].flatten(), network.layers[l].W.flatten())) for l in (2, 3)
        ]

    descent = Descent(Setting(rule, sizes, own_learning_rate=0.02), network, ch.own)
    start, W = angles(), network.layers[2].W.clone()
    for _ in range(300):
        descent.apply(rule.step(ch, x)[1])
    assert min(start) > 60
    assert max(angles()) < 10
    torch.testing.assert_close(network.layers[2].W, W, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("magnitude", "init", "degrees"),
    [
        ("uniform", Init("normal"), math.degrees(math.acos(math.sqrt(2 / math.pi)))),
        ("uniform", Init("uniform"), 30.0),
        ("fixed", Init("uniform"), math.degrees(math.acos(3 / 4))),
    ],
)
def test_the_angle_of_sign_symmetric_feedback_follows_from_the_distribution(
    magnitude, init, degrees
):
    """cos = E|w| / sqrt(E w^2) for uniform magnitudes, 3/4 for two independent uniform ones."""
    sizes = (3, 400, 300, 3)
    network = make_network(sizes, 0, weights=init)
    rule = SignSymmetry(magnitude, Init("uniform"))
    M = rule.draw(sizes, streams(1))["M"][2]
    W = network.layers[2].W
    F = M * W.sign()
    assert float(angle(F.flatten(), W.flatten())) == pytest.approx(degrees, abs=0.5)


def test_sign_symmetry_with_magnitudes_of_the_forward_weights_is_backprop():
    network, ch, x = bench(SignSymmetry("fixed"))
    ch.own["M"] = {l: network.layers[l].W.abs() for l in (2, 3)}
    dW, _ = autograd(network, ch, x)
    assert_same(step(SignSymmetry("fixed"), ch, x).W, dW)


def test_redrawn_magnitudes_differ_from_step_to_step_and_fixed_ones_do_not():
    for magnitude, same in (("redrawn", False), ("fixed", True)):
        rule = SignSymmetry(magnitude)
        _, ch, x = bench(rule)
        assert torch.equal(step(rule, ch, x).W[1], step(rule, ch, x).W[1]) == same
