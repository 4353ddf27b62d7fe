"""Difference target propagation: what its targets and its learned inverses must be."""

import math

import pytest
import torch
from helpers import bench, largest_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.difference_target_propagation import DifferenceTargetPropagation
from credit.training.descent import Descent
from credit.training.diagnostics import angle
from credit.training.setting import Setting

DTP = DifferenceTargetPropagation()
TP = DifferenceTargetPropagation(difference=False)
SDTP = DifferenceTargetPropagation(top="label")
NUDGED = DifferenceTargetPropagation(top="nudge")
STEEP = DifferenceTargetPropagation(eta=1.0)
SQUARE = (4, 6, 6, 6, 3)


def linear_square(rule, feedback, batch=5):
    """A linear net whose hidden layers are square, with V_l = feedback(W_l) and the c_l to match.

    Returns (network, ch, trace) of the rule.
    """
    network, ch, x = bench(rule, SQUARE, batch=batch, nonlinearity="linear")
    for l in ch.own["V"]:
        W, b = network.layers[l].W, network.layers[l].b
        ch.own["V"][l] = feedback(W)
        ch.own["c"][l] = -b @ ch.own["V"][l]  # so that g_l(f_l(h)) = h W^T V
    return network, ch, rule.forward(ch, x)


def inverse(W):
    return torch.linalg.inv(W).T


def top_step(rule, ch, trace):
    """t_{L-1} - h_{L-1}, by autograd."""
    h = trace.h[ch.L - 1].clone().requires_grad_()
    loss = -(ch.target() * torch.log_softmax(ch.drive(ch.L, h), -1)).sum()
    return -rule.eta * torch.autograd.grad(loss, h)[0]


# targets


def test_with_perfect_inverses_the_difference_changes_nothing():
    _, ch, trace = linear_square(DTP, inverse)
    with_it, without = DTP.teach(ch, trace), TP.teach(ch, trace)
    assert largest_difference(with_it, without) < 1e-10


def test_with_imperfect_inverses_the_difference_changes_every_target_below_the_top():
    _, ch, trace = linear_square(DTP, lambda W: inverse(W) + 0.1)
    with_it, without = DTP.teach(ch, trace), TP.teach(ch, trace)
    assert all(float((with_it[l] - without[l]).abs().min()) > 1e-4 for l in (1, 2))
    torch.testing.assert_close(with_it[3], without[3])  # the top one comes by the gradient


def gauss_newton(network, step, l):
    """step (J_{L-1} ... J_{l+1})^-T: what moves layer L-1 by `step`, in a linear net."""
    for k in range(network.L - 1, l, -1):
        step = step @ inverse(network.layers[k].W)
    return step


@pytest.mark.parametrize("batch", [1, 5])
def test_with_perfect_inverses_the_targets_are_those_of_gauss_newton(batch):
    network, ch, trace = linear_square(DTP, inverse, batch)
    teaching, step = DTP.teach(ch, trace), top_step(DTP, ch, trace)
    for l in (1, 2, 3):
        want = gauss_newton(network, step, l)
        torch.testing.assert_close(-teaching[l] / 2, want, rtol=0, atol=1e-10)


def test_with_the_forward_weights_as_feedback_the_targets_are_not_those_of_gauss_newton():
    network, ch, trace = linear_square(DTP, lambda W: W)
    step = top_step(DTP, ch, trace)
    ours = -DTP.teach(ch, trace)[1] / 2
    assert float(angle(ours, gauss_newton(network, step, 1)).min()) > 20


@pytest.mark.parametrize("rule", [DTP, NUDGED], ids=["gradient", "nudge"])
def test_with_the_forward_weights_as_feedback_linear_nets_get_backprops_update(rule):
    """V = J^T: the update is 2 eta times backprop's, in every hidden layer."""
    _, ch, trace = linear_square(rule, lambda W: W)
    ours = rule.update(ch, trace, rule.teach(ch, trace)).dense().W
    theirs = Backprop().update(ch, trace, Backprop().teach(ch, trace)).dense().W
    for l in (1, 2, 3):
        torch.testing.assert_close(ours[l], 2 * rule.eta * theirs[l], rtol=0, atol=1e-12)


@pytest.mark.parametrize("learned", ["V", "c"])
def test_with_other_feedback_they_do_not(learned):
    """Guards the test above; of a linear g_l the difference cancels c_l, so that may be wrong."""
    _, ch, trace = linear_square(NUDGED, lambda W: W)
    before = NUDGED.teach(ch, trace)[1]
    ch.own[learned][2] = torch.randn_like(ch.own[learned][2])
    after = NUDGED.teach(ch, trace)[1]
    if learned == "V":
        assert float(angle(before, after).min()) > 10
    else:
        torch.testing.assert_close(before, after, rtol=0, atol=1e-12)


@given(
    seed=st.integers(0, 99),
    batch=st.integers(1, 5),
    nonlinearity=st.sampled_from(["tanh", "logistic", "leaky_relu"]),
    sizes=st.lists(st.integers(2, 7), min_size=4, max_size=7).map(tuple),
)
@settings(max_examples=40, deadline=None)
def test_an_output_on_target_sends_exactly_nothing_down(seed, batch, nonlinearity, sizes):
    _, ch, x = bench(SDTP, sizes, seed, batch, nonlinearity)
    trace = SDTP.forward(ch, x)
    ch.teach(trace.h[ch.L])
    for rule in (DTP, SDTP, NUDGED):
        teaching = rule.teach(ch, trace)
        assert all(not teaching[l].any() for l in range(1, ch.L + 1))
    plain = TP.teach(ch, trace)
    assert all(plain[l].any() for l in range(1, ch.L - 1))  # reconstruction errors


def test_the_difference_cancels_the_error_of_an_inverse_to_first_order():
    """Off by a little, an inverse misplaces TP's targets by that, however small the step; DTP's by
    a share of the step."""
    missed = {}
    for eta in (1e-3, 1e-5):
        for difference in (True, False):
            rule = DifferenceTargetPropagation(eta=eta, difference=difference)
            network, ch, trace = linear_square(rule, lambda W: inverse(W) * 1.05)
            want = gauss_newton(network, top_step(rule, ch, trace), 1)
            missed[eta, difference] = float((-rule.teach(ch, trace)[1] / 2 - want).norm())
    assert missed[1e-5, True] == pytest.approx(missed[1e-3, True] / 100, rel=1e-6)
    assert missed[1e-5, False] == pytest.approx(missed[1e-3, False], rel=0.1)
    assert missed[1e-5, False] > 1000 * missed[1e-5, True]


# inverses


@pytest.mark.parametrize("inverse", ["denoising", "jacobian"])
@pytest.mark.parametrize("top", ["gradient", "label", "nudge"])
@pytest.mark.parametrize("sent", ["graded", "sign"])
def test_the_inverses_descend_the_gradient_of_their_loss(inverse, top, sent):
    rule = DifferenceTargetPropagation(top=top, inverse=inverse, learning="parallel")
    network, ch, x = bench(rule, (6, 5, 5, 4, 3))
    network.sent = sent
    got = rule.step(ch, x)[1].dense().own
    ch = Channels(network, ch.own, streams(0)).teach(ch.target())  # the same noise again
    for w in (w for ws in ch.own.values() for w in ws.values()):
        w.requires_grad_()
    h, total = network.forward(x), 0
    for l in ch.own["V"]:
        total = total + reference_loss(rule, network, ch, h, l)
    for name, ws in ch.own.items():
        for l, w in ws.items():
            want = torch.autograd.grad(total, w, retain_graph=True)[0]
            torch.testing.assert_close(got[name][l], want, rtol=0, atol=1e-12)
            assert float(want.abs().max()) > 1e-3


def reference_loss(rule, network, ch, trace, l):
    """The loss of (V_l, c_l), mean over the batch, written out without the rule's functions."""

    def f(h):
        a = network.drive(l, h)
        logits = l == network.L and rule.top == "nudge"
        return (a if logits else network.phi(l, a)).detach()

    def g(u):
        u = u.sign() if network.sent == "sign" and l < network.L else u
        return torch.tanh(u @ ch.own["V"][l] + ch.own["c"][l])

    def noise(like):
        return 0.36 * torch.randn(like.shape, generator=ch.rng("noise"), dtype=like.dtype)

    h = trace.h[l - 1]
    r = h + noise(h)
    if rule.inverse == "denoising":
        return (g(f(r)) - r).square().sum(1).mean()
    shaken = g(f(h) + noise(f(h))) - g(f(h))
    return (shaken.square() - 2 * (r - h) * (g(f(r)) - g(f(h)))).sum(1).mean()


def train_inverses(rule, sizes, steps, x=None, rate=0.05, batch=64, decay=0.0):
    """(network, ch) after the rule's inverses have learned, nothing else, in a linear net without
    biases, at a rate that falls to a hundredth; x [batch, n_0], or zero: then there is only noise.
    """
    init = Init("normal_fan_in")
    network = make_network(sizes, 1, "linear", "linear", init, dtype=torch.float64)
    random = streams(1)
    own = {n: {l: w.double() for l, w in ws.items()} for n, ws in rule.draw(sizes, random).items()}
    ch = Channels(network, own, random)
    x = torch.zeros(batch, sizes[0], dtype=torch.float64) if x is None else x
    setting = Setting(rule, sizes, learning_rate=rate, weight_decay=decay)
    descent = Descent(setting, network, own)
    for step in range(steps):
        descent.apply(rule.prepare(ch, x), fraction=0.01 ** (step / steps))
    return network, ch


def off(V, W):
    return float((V - W).norm() / W.norm())


def test_matched_jacobians_make_the_feedback_the_forward_weights():
    rule = DifferenceTargetPropagation(inverse="jacobian", sigma=0.3)
    network, ch = train_inverses(rule, (4, 7, 5, 3), 2000, rate=0.5)
    assert off(ch.own["V"][2], network.layers[2].W) < 0.05


def test_denoising_makes_the_feedback_the_pseudo_inverse_instead():
    rule = DifferenceTargetPropagation(sigma=1.0)
    network, ch = train_inverses(rule, (4, 7, 5, 3), 4000)
    W, V = network.layers[2].W, ch.own["V"][2]
    assert off(V, torch.linalg.pinv(W).T) < 0.05
    assert off(V, W) > 0.3


def test_with_decay_denoising_makes_it_the_damped_pseudo_inverse():
    """V^T -> W^T (W W^T + lambda I)^-1, lambda = decay / (2 sigma^2): what the difference
    reconstruction loss of Meulemans et al. 2020 asks for."""
    rule, decay = DifferenceTargetPropagation(sigma=1.0), 0.6
    network, ch = train_inverses(rule, (4, 7, 5, 3), 2000, decay=decay)
    W, V = network.layers[2].W, ch.own["V"][2]
    damped = torch.linalg.inv(W @ W.T + 0.5 * decay * torch.eye(5, dtype=W.dtype)) @ W
    assert off(V, damped) < 0.05
    assert off(V, torch.linalg.pinv(W).T) > 0.3


@pytest.mark.parametrize(("inverse", "strays"), [("denoising", True), ("jacobian", False)])
def test_a_target_may_stray_into_what_the_layers_above_do_not_see(inverse, strays):
    """6-6-2: of layer 1 the output sees two dimensions. An inverse learned on its activities,
    which are correlated, sends targets out of these two (Meulemans et al. 2020, theorem on the null
    space); feedback with the transposed Jacobian cannot."""
    rule = DifferenceTargetPropagation(top="nudge", inverse=inverse, sigma=0.3, eta=0.1)
    x = torch.randn(64, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = 3 * x @ torch.diag(torch.tensor([2.0, 1, 1, 0, 0, 0], dtype=x.dtype))
    rate = 0.01 if inverse == "denoising" else 0.5
    network, ch = train_inverses(rule, (6, 6, 2), 3000, x, rate)
    ch.teach(torch.ones(64, 2, dtype=x.dtype))
    trace = rule.forward(ch, x)
    moved = -rule.teach(ch, trace)[1]
    W = network.layers[2].W
    unseen = moved - moved @ torch.linalg.pinv(W) @ W
    share = float(unseen.norm() / moved.norm())
    assert share > 0.2 if strays else share < 0.05


# binary signals, schedules, mistakes


def binary(rule, sizes, batch):
    """A net whose hidden layers send signs, with inverses that have learned for a while."""
    network, ch, x = bench(rule, sizes, batch=batch)
    network.sent = "sign"
    ch = Channels(network, ch.own, streams(0)).teach(ch.target())
    descent = Descent(Setting(rule, sizes, learning_rate=0.02), network, ch.own)
    for _ in range(200):
        descent.apply(rule.prepare(ch, x))
    return network, ch, x


@pytest.mark.parametrize(
    ("rule", "learns"), [(Backprop(), False), (STEEP, True)], ids=["BP", "DTP"]
)
def test_through_step_functions_targets_teach_the_first_layer_and_errors_do_not(rule, learns):
    """Only W_1 is changed, below a layer that hears signs: the loss falls, or nothing moves."""
    network, ch, x = binary(STEEP, (6, 40, 40, 3), batch=60)
    before = float(network.loss(x, ch.target()).mean())
    for _ in range(200):
        network.layers[1].W.sub_(rule.step(ch, x)[1].dense().W[1], alpha=0.1)
    after = float(network.loss(x, ch.target()).mean())
    assert after < 0.9 * before if learns else after == before


def test_a_target_passes_a_step_function_only_where_it_crosses_it():
    """g_l hears the sign of h_l and of t_l: a step too small to flip a unit sends nothing down."""
    timid = DifferenceTargetPropagation(eta=1e-6)
    _, ch, x = binary(STEEP, (6, 40, 40, 3), batch=60)
    trace = STEEP.forward(ch, x)
    assert STEEP.teach(ch, trace)[1].any()
    assert timid.teach(ch, trace)[2].any()
    assert not timid.teach(ch, trace)[1].any()


def test_alternating_learns_in_a_pass_of_its_own_and_parallel_in_every_step():
    for learning, own in (("alternating", set()), ("parallel", {"V", "c"})):
        rule = DifferenceTargetPropagation(learning=learning)
        _, ch, x = bench(rule)
        assert rule.prepares == (0 if own else math.inf)
        assert set(rule.step(ch, x)[1].own) == own


def test_with_one_hidden_layer_there_is_nothing_to_invert_and_the_update_is_backprops():
    _, ch, x = bench(DTP, (6, 5, 3))
    assert not ch.own["V"]
    ours, theirs = (rule.step(ch, x)[1].dense().W for rule in (DTP, Backprop()))
    torch.testing.assert_close(ours[1], 2 * DTP.eta * theirs[1], rtol=0, atol=1e-12)


def test_one_pass_serves_several_networks_at_once():
    rule, sizes = DifferenceTargetPropagation(top="nudge", learning="parallel"), (6, 5, 4, 3)
    x, t = torch.randn(7, 6), torch.eye(3)[torch.arange(7) % 3]
    init, kind = Init("normal_fan_in"), {"dtype": torch.float64}
    drawn = [rule.draw(sizes, streams(seed)) for seed in (0, 1)]
    stacked = {
        name: {l: torch.stack([d[name][l] for d in drawn]).double() for l in ws}
        for name, ws in drawn[0].items()
    }
    many = make_network(sizes, (0, 1), weights=init, **kind)
    ch = Channels(many, stacked, streams(0)).teach(t.double())
    together = rule.teach(ch, rule.forward(ch, x.double()))
    for i, own in enumerate(drawn):
        own = {n: {l: w.double() for l, w in ws.items()} for n, ws in own.items()}
        ch = Channels(make_network(sizes, i, weights=init, **kind), own, streams(0))
        alone = rule.teach(ch.teach(t.double()), rule.forward(ch, x.double()))
        for l in alone:
            torch.testing.assert_close(together[l][i], alone[l], rtol=0, atol=1e-12)
    own = rule.update(Channels(many, stacked, streams(0)), rule.forward(ch, x.double()), {}).own
    assert own["V"][2].dense().shape == (2, 4, 5)


@pytest.mark.parametrize(
    ("field", "value", "known"),
    [
        ("top", "bottom", "gradient, label, nudge"),
        ("learning", "never", "alternating, parallel"),
        ("inverse", "exact", "denoising, jacobian"),
    ],
)
def test_an_unknown_choice_is_refused_with_the_known_ones(field, value, known):
    with pytest.raises(ValueError, match=f"{field} is '{value}', expected one of {known}"):
        DifferenceTargetPropagation(**{field: value})


@pytest.mark.parametrize("field", ["sigma", "eta"])
def test_a_negative_size_is_refused(field):
    with pytest.raises(ValueError, match=f"{field} is -1, expected a number of at least 0"):
        DifferenceTargetPropagation(**{field: -1})
