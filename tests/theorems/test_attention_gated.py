"""Attention-gated learning: what one output unit and one scalar amount to, exactly."""

import math
from dataclasses import dataclass

import pytest
import torch
from helpers import assert_same, autograd, bench, largest_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.audit.bench import set_up
from credit.audit.probes import teacher, weight_transport
from credit.nets.channels import Channels
from credit.nets.networks import NONLINEARITIES
from credit.nets.streams import streams
from credit.rules.attention_gated import AttentionGated
from credit.rules.backprop import Backprop
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.training.descent import Descent
from credit.training.setting import Setting

SIZES = st.lists(st.integers(1, 9), min_size=3, max_size=7).map(tuple)
KINDS = st.sampled_from(sorted(NONLINEARITIES))
NET = (6, 5, 4, 3)


@dataclass(frozen=True)
class Chooses(AttentionGated):
    """The same rule, its choices made by the test: `always` in every trial."""

    always: int = 0

    short = "chooses"

    def _choice(self, q, chance):
        return torch.full(q.shape[:-1], self.always)


class Watched:
    """Keeps the choices a rule makes."""

    def __init__(self, ch):
        self.ch, self.choices = ch, []

    def __getattr__(self, name):
        return getattr(self.ch, name)

    def reward(self, choice):
        self.choices.append(choice)
        return self.ch.reward(choice)


def step(rule, ch, x):
    return rule.step(ch, x)[1].dense()


def one_output_loss(network, ch, x, s):
    """({l: dW}, {l: db}) of mean 1/2 (r - q_s)^2 by torch.autograd, r held as it is."""
    parameters = network.parameters()
    for p in parameters:
        p.requires_grad_()
    index = torch.arange(len(x))
    q, r = network.forward(x).a[network.L][index, s], ch.target()[index, s]
    gradients = torch.autograd.grad((0.5 * (r - q) ** 2).mean(), parameters)
    for p in parameters:
        p.requires_grad_(False)
    layers = range(1, network.L + 1)
    return dict(zip(layers, gradients[::2], strict=True)), dict(
        zip(layers, gradients[1::2], strict=True)
    )


# one output unit


@given(sizes=SIZES, nonlinearity=KINDS, seed=st.integers(0, 99), epsilon=st.sampled_from([0, 1]))
@settings(max_examples=40, deadline=None)
def test_an_update_is_backprop_of_the_chosen_output_alone(sizes, nonlinearity, seed, epsilon):
    rule = AttentionGated(epsilon)
    network, ch, x = bench(rule, sizes, seed, 5, nonlinearity)
    watched = Watched(ch)
    update = step(rule, watched, x)
    dW, db = one_output_loss(network, ch, x, watched.choices[0])
    assert_same(update.W, dW, atol=1e-10)
    assert_same(update.b, db, atol=1e-10)


def test_the_gradient_of_another_output_is_another_update():
    """Guards the test above: the choice matters."""
    network, ch, x = bench(AttentionGated(), NET)
    watched = Watched(ch)
    update = step(AttentionGated(), watched, x)
    dW, _ = one_output_loss(network, ch, x, (watched.choices[0] + 1) % 3)
    assert largest_difference(update.W, dW) > 1e-2


@pytest.mark.parametrize("feedback", ["reciprocal", "random"])
def test_with_feedback_equal_to_the_forward_weights_all_variants_are_one(feedback):
    rule = AttentionGated(feedback=feedback)
    network, ch, x = bench(rule, NET)
    ch._streams = streams(3)
    apart = step(rule, ch, x)
    ch.own["B"] = {l: network.layers[l].W for l in range(2, network.L + 1)}
    ch._streams = streams(3)
    together = step(rule, ch, x)
    ch._streams = streams(3)
    symmetric = step(AttentionGated(), ch, x)
    assert_same(together.W, symmetric.W, atol=0)
    assert largest_difference(apart.W, symmetric.W) > 1e-2  # with a B of its own they are not
    torch.testing.assert_close(apart.W[3], symmetric.W[3])  # save at the top, which needs none


@pytest.mark.parametrize("rule", [AttentionGated(0.0), Backprop()])
def test_an_output_that_nobody_chooses_is_not_taught_unless_by_backprop(rule):
    network, ch, x = bench(rule, (6, 5, 4, 10), output="linear")
    chosen = network.forward(x).h[3].argmax(-1).unique()
    left_out = [k for k in range(10) if k not in chosen]
    taught = bool(step(rule, ch, x).W[3][left_out].any())
    assert left_out and taught == (rule == Backprop())


# all of them


@given(sizes=SIZES, nonlinearity=KINDS, seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_updates_of_all_choices_add_up_to_backprop_of_the_squared_error(
    sizes, nonlinearity, seed
):
    network, ch, x = bench(Chooses(), sizes, seed, 5, nonlinearity)
    updates = [step(Chooses(always=s), ch, x) for s in range(sizes[-1])]
    dW, db = autograd(network, ch, x)
    assert_same({l: sum(u.W[l] for u in updates) for l in dW}, dW, atol=1e-10)
    assert_same({l: sum(u.b[l] for u in updates) for l in db}, db, atol=1e-10)


def test_without_one_of_the_choices_they_do_not():
    """Guards the test above."""
    network, ch, x = bench(Chooses(), NET)
    dW, _ = autograd(network, ch, x)
    few = {l: sum(step(Chooses(always=s), ch, x).W[l] for s in (0, 1)) for l in dW}
    assert largest_difference(few, dW) > 1e-2


@pytest.mark.parametrize(("policy", "unbiased"), [("uniform", True), ("softmax", False)])
def test_a_policy_expects_backprop_of_the_squared_error_only_if_it_is_uniform(policy, unbiased):
    network, ch, x = bench(Chooses(), (12, 10, 8, 10), batch=1)
    dW, _ = autograd(network, ch, x)
    q = network.forward(x).a[network.L][0]
    p = torch.full_like(q, 1 / 10) if policy == "uniform" else torch.softmax(q, -1)
    updates = [step(Chooses(always=s), ch, x).W for s in range(10)]
    expected = {l: sum(p[s] * u[l] for s, u in enumerate(updates)) for l in dW}
    gap = largest_difference(expected, {l: g / 10 for l, g in dW.items()})
    assert (gap < 1e-10) if unbiased else (gap > 1e-3)


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_choices_have_the_probabilities_of_max_boltzmann(epsilon):
    q = torch.tensor([0.1, 1.2, 0.7], dtype=torch.float64)
    n = 200_000
    s = AttentionGated(epsilon)._choice(q.expand(n, 3), streams(0)["choice"])
    explored = torch.softmax(q, -1)
    expected = (1 - epsilon) * torch.tensor([0.0, 1.0, 0.0]) + epsilon * explored
    measured = torch.bincount(s, minlength=3) / n
    assert measured.tolist() == pytest.approx(expected.tolist(), abs=5 * 0.5 / math.sqrt(n))


def test_the_chance_of_a_trial_does_not_depend_on_what_others_chose():
    q = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    other = q.clone()
    other[0] = -other[0]
    a, b = (AttentionGated(0.5)._choice(v, streams(0)["choice"]) for v in (q, other))
    assert a[0] != b[0]
    assert torch.equal(a[1:], b[1:])


# AGREL of 2005: a softmax policy and a gain that grows as the choice was unlikely


def agrel(ch, trace, s, gain):
    """{l: dW_l} of Roelfsema & van Ooyen 2005 for one example whose choice is s, descent.

    delta = 1 - Z_s when right, -1 when wrong;  f = delta / (1 - delta) when right, -1 when wrong
    """
    Z = trace.h[ch.L]
    z = torch.zeros_like(Z)
    z[..., s] = 1.0
    right = ch.reward(torch.full(Z.shape[:-1], s))
    f = right * gain(1 - Z[..., s : s + 1]) - (1 - right)
    attention = z @ ch.W_back[ch.L]
    hidden = f * attention * ch.slope_own(1, trace)
    return {2: -(f * z).mT @ trace.h[1], 1: -hidden.mT @ trace.h[0]}


@pytest.mark.parametrize("with_gain", [True, False])
def test_agrel_expects_backprop_of_the_cross_entropy_because_of_its_gain(with_gain):
    network, ch, x = bench(Backprop(), (6, 5, 4), batch=1, nonlinearity="logistic")
    trace = network.forward(x)
    Z = trace.h[2][0]
    gain = (lambda d: d / (1 - d)) if with_gain else (lambda d: d)
    choices = [agrel(ch, trace, s, gain) for s in range(4)]
    expected = {l: sum(Z[s] * dW[l] for s, dW in enumerate(choices)) for l in (1, 2)}
    gap = largest_difference(expected, autograd(network, ch, x)[0])
    assert (gap < 1e-12) if with_gain else (gap > 1e-3)


# the teacher


def swapped(rule):
    """(update, update after another class became the label) of trials whose choice is wrong under
    both labels."""
    at = set_up(rule, batch=32)
    s = at.network.forward(at.x).h[at.network.L].argmax(-1)
    first, second = (torch.eye(10, dtype=torch.float64)[(s + k) % 10] for k in (1, 4))
    channels = (Channels(at.network, at.own, at.chance()).teach(t) for t in (first, second))
    return [rule.step(ch, at.x)[1].dense() for ch in channels]


@pytest.mark.parametrize("feedback", ["symmetric", "reciprocal", "random"])
def test_what_the_label_was_is_nowhere_in_the_update_of_a_wrong_choice(feedback):
    before, after = swapped(AttentionGated(0.0, feedback))
    assert all(torch.equal(before.W[l], after.W[l]) for l in before.W)
    assert all(torch.equal(before.b[l], after.b[l]) for l in before.b)


@pytest.mark.parametrize("rule", [Backprop(), FeedbackAlignment(), DirectFeedbackAlignment()])
def test_rules_with_the_whole_target_change_with_it(rule):
    """Guards the test above."""
    before, after = swapped(rule)
    assert float((before.W[1] - after.W[1]).norm() / before.W[1].norm()) > 0.2


@pytest.mark.parametrize(
    ("feedback", "transport"),
    [("symmetric", "depends"), ("reciprocal", "independent"), ("random", "independent")],
)
def test_the_audit_finds_reward_and_only_the_published_weight_transport(feedback, transport):
    rule = AttentionGated(feedback=feedback)
    assert teacher(rule, seeds=5).verdict == "reward"
    assert weight_transport(rule, seeds=5).verdict == transport


# reciprocal feedback


@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_reciprocal_feedback_nears_the_forward_weights_by_the_decay_alone(decay):
    rule = AttentionGated(feedback="reciprocal")
    network, ch, x = bench(rule, NET, nonlinearity="relu")
    setting = Setting(rule, NET, output="linear", learning_rate=0.05, weight_decay=decay)
    descent = Descent(setting, network, ch.own)
    start = {l: B.clone() for l, B in ch.own["B"].items()}

    def gaps():
        return torch.stack([(network.layers[l].W - B).norm() for l, B in ch.own["B"].items()])

    log = []
    for _ in range(60):
        log.append(gaps().log())
        descent.apply(rule.step(ch, x)[1])
    assert all(float((B - start[l]).norm()) > 1e-3 for l, B in ch.own["B"].items())
    slope = (log[-1] - log[0]) / 59  # (1 - rate * decay)^t
    want = math.log(1 - 0.05 * decay)
    assert slope.tolist() == pytest.approx([want] * 2, rel=0.01, abs=1e-10)


def test_random_feedback_stays_as_it_was_drawn():
    """Guards the test above: B moves only where it is reciprocal."""
    rule = AttentionGated(feedback="random")
    network, ch, x = bench(rule, NET)
    before = {l: B.clone() for l, B in ch.own["B"].items()}
    Descent(Setting(rule, NET, weight_decay=0.2), network, ch.own).apply(rule.step(ch, x)[1])
    assert all(torch.equal(B, before[l]) for l, B in ch.own["B"].items())
    assert rule.learned == ()


# what is refused


def test_an_unknown_feedback_is_refused():
    message = "feedback is 'kp', expected one of symmetric, reciprocal, random"
    with pytest.raises(ValueError, match=message):
        AttentionGated(feedback="kp")


@pytest.mark.parametrize("epsilon", [-0.1, 1.5, "often"])
def test_an_epsilon_that_is_no_probability_is_refused(epsilon):
    with pytest.raises(ValueError, match=f"epsilon is {epsilon!r}, expected a probability"):
        AttentionGated(epsilon)
