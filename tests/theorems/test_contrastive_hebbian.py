"""Contrastive Hebbian learning: nearly backprop for a weak gain, a gradient for every gain."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from helpers import assert_same, autograd, bench, largest_difference

from credit.audit import probes
from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.relaxation import Settling
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.base import own_parameters
from credit.rules.contrastive_hebbian import ContrastiveHebbian
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.training.descent import Descent
from credit.training.diagnostics import angle
from credit.training.setting import Setting

SIZES = (20, 15, 12, 8, 5)
TO_THE_END = Settling(2000, rate=1.0, tolerance=1e-15, in_turn=True)
GAINS = (0.1, 0.03, 0.01, 0.003, 0.001)
BOTH = pytest.mark.parametrize("feedback", ["symmetric", "random"])


def chl(gamma, feedback="symmetric", settling=TO_THE_END):
    return ContrastiveHebbian(gamma, feedback, settling=settling)


def set_up(rule, sizes=SIZES, nonlinearity="logistic", output="linear", batch=16, seed=0,
           dtype=torch.float64, weights=Init("normal_fan_in")):  # fmt: skip
    """(network, channels with labels set, x); the rule's own parameters come from `seed` alone."""
    network = make_network(sizes, seed, nonlinearity, output, weights, Init("normal", 0.1), dtype)
    chance = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, sizes[0], generator=chance, dtype=torch.float64).to(dtype)
    t = torch.eye(sizes[-1], dtype=dtype)[torch.randint(sizes[-1], (batch,), generator=chance)]
    ch = Channels(network, own_parameters(rule, sizes, seed, dtype), streams(seed))
    return network, ch.teach(t), x


def relative(got, want):
    """{l: |dW_l - its reference| / |reference|}."""
    return {l: float((got[l] - want[l]).norm() / want[l].norm()) for l in want}


def slopes(errors):
    """{l: slope of log error against log gain} of one {l: error} for each of GAINS."""
    return {l: np.polyfit(np.log(GAINS), np.log([e[l] for e in errors]), 1)[0] for l in errors[0]}


# a weak gain: nearly backprop


@pytest.mark.parametrize(
    ("nonlinearity", "output"),
    [("logistic", "linear"), ("tanh", "linear"), ("logistic", "logistic"), ("tanh", "logistic")],
)
@pytest.mark.parametrize("sizes", [(9, 7, 4), SIZES], ids=str)
def test_the_update_leaves_backprops_in_proportion_to_the_gain(sizes, nonlinearity, output):
    network, ch, x = set_up(chl(0.1), sizes, nonlinearity, output)
    dW, db = autograd(network, ch, x)
    updates = [chl(gamma).step(ch, x)[1].dense() for gamma in GAINS]
    errors = [relative(u.W, dW) for u in updates]
    for slope in slopes(errors).values():
        assert slope == pytest.approx(1, abs=0.1)
    assert max(errors[-1].values()) < 0.01
    # the bias of the output is exact but for the shift of the free output
    assert slopes([relative(u.b, db) for u in updates])[1] == pytest.approx(1, abs=0.1)
    assert relative(updates[-1].b, db)[len(sizes) - 1] < 0.01


def test_that_proportion_is_below_one_in_a_logistic_network():
    network, ch, x = set_up(chl(0.1))
    dW, _ = autograd(network, ch, x)
    for gamma in (0.1, 0.01, 0.001):
        errors = relative(chl(gamma).step(ch, x)[1].dense().W, dW)
        assert all(0.1 * gamma < e < gamma for e in errors.values())


def test_with_logistic_outputs_it_is_not_backprop_on_the_squared_error():
    """Guards the tests above: at the output the clamp says t - y and nothing of the slope."""
    network, ch, x = set_up(chl(0.001), output="logistic")
    ours = chl(0.001).step(ch, x)[1].dense().W
    squared = replace(network, output="logistic_squared")
    dW, _ = autograd(squared, ch, x)
    assert min(relative(ours, dW).values()) > 1


def test_with_one_power_of_the_gain_too_few_only_the_top_layer_is_right():
    """Guards the tests above: it is the scale that makes the layers equal."""

    class Unscaled(ContrastiveHebbian):
        def scale(self, l, L):
            return 1.0

    network, ch, x = set_up(chl(0.01))
    dW, _ = autograd(network, ch, x)
    ours = Unscaled(0.01, settling=TO_THE_END).step(ch, x)[1].dense().W
    off = relative(ours, dW)
    assert off[4] < 0.01
    for l in (1, 2, 3):
        assert float(ours[l].norm() / dW[l].norm()) == pytest.approx(0.01 ** (4 - l), rel=0.1)


def test_the_state_moves_by_backprops_delta_times_a_power_of_the_gain():
    network, ch, x = set_up(chl(0.1))
    passed = Backprop().forward(ch, x)
    delta = Backprop().delta(ch, passed, Backprop().teach(ch, passed))
    errors = []
    for gamma in GAINS:
        trace = chl(gamma).forward(ch, x)
        minus, plus = trace.phases["minus"].h, trace.phases["plus"].h
        moved = {l: (minus[l] - plus[l]) / gamma ** (network.L - l) for l in delta}
        errors.append(relative(moved, delta))
    assert all(s == pytest.approx(1, abs=0.1) for s in slopes(errors).values())
    assert max(errors[-1].values()) < 0.01


def test_with_random_feedback_it_is_feedback_alignment_in_the_same_limit():
    init = Init("normal_fan_in")
    network, ch, x = set_up(chl(0.1, "random"))
    fa = FeedbackAlignment(init).step(ch, x)[1].dense().W
    errors = [relative(chl(g, "random").step(ch, x)[1].dense().W, fa) for g in GAINS]
    assert all(s == pytest.approx(1, abs=0.1) for s in slopes(errors).values())
    dW, _ = autograd(network, ch, x)
    off = relative(chl(0.001, "random").step(ch, x)[1].dense().W, dW)
    assert min(off[l] for l in (1, 2, 3)) > 0.5 > 0.01 > off[4]  # and not backprop


# every gain: the gradient of a difference of energies

INTEGRAL = {  # F with F' = phi^-1
    "linear": lambda h: h.square() / 2,
    "logistic": lambda h: torch.xlogy(h, h) + torch.xlogy(1 - h, 1 - h),
    "tanh": lambda h: h * torch.atanh(h) + torch.log1p(-h * h) / 2,
}


def energy(network, h, gamma):
    """E = sum_k gamma^(k-L) [1.F(h_k) - h_k . (h_{k-1} W_k^T + b_k)], [batch]."""
    total = 0.0
    for l, layer in network.layers.items():
        F = INTEGRAL[network.output if l == network.L else network.nonlinearity](h[l]).sum(-1)
        sent = (h[l] * (h[l - 1] @ layer.W.mT + layer.b)).sum(-1)
        total = total + gamma ** (l - network.L) * (F - sent)
    return total


def by_differences(rule, network, ch, x, h=1e-5):
    """{l: d (E_clamped - E_free) / dW_l} by central differences, both phases settled anew."""

    def contrast():
        fresh = Channels(network, ch.own, streams(0)).teach(ch.target())
        trace = rule.forward(fresh, x)
        free, clamped = (energy(network, trace.phases[p].h, rule.gamma) for p in ("minus", "plus"))
        return float((clamped - free).mean())

    gradient = {}
    for l, layer in network.layers.items():
        gradient[l] = torch.zeros_like(layer.W)
        for i in range(layer.W.shape[0]):
            for j in range(layer.W.shape[1]):
                was = float(layer.W[i, j])
                layer.W[i, j] = was + h
                above = contrast()
                layer.W[i, j] = was - h
                gradient[l][i, j] = (above - contrast()) / (2 * h)
                layer.W[i, j] = was
    return gradient


@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0])
@pytest.mark.parametrize(
    ("nonlinearity", "output"), [("logistic", "linear"), ("tanh", "linear"), ("tanh", "logistic")]
)
def test_the_update_is_the_gradient_of_the_difference_of_energies(gamma, nonlinearity, output):
    """The linear output is clamped at a label, the logistic one a little inside of 0..1."""
    rule = chl(gamma)
    weights = Init("normal_fan_in", 0.7)
    network, ch, x = set_up(rule, (5, 4, 3, 2), nonlinearity, output, batch=3, weights=weights)
    ch.teach(0.1 + 0.8 * ch.target())
    ours = rule.step(ch, x)[1].dense().W
    assert_same(ours, by_differences(rule, network, ch, x), atol=1e-7)


def test_with_random_feedback_it_is_not():
    """Guards the test above: without symmetry there is no such energy."""
    rule = chl(0.5, "random")
    network, ch, x = set_up(rule, (5, 4, 3, 2), batch=3)
    ours = rule.step(ch, x)[1].dense().W
    assert largest_difference(ours, by_differences(rule, network, ch, x)) > 1e-3


def energies(gamma, feedback, clamp, seed, rate=0.3):
    """The energy after each of 40 small steps, [steps, batch]."""
    rule = chl(gamma, feedback, Settling(1, rate=rate))
    network, ch, x = set_up(rule, (6, 9, 7, 4), "tanh", batch=5, seed=seed)
    loop = rule._relaxation(ch, x)
    h = loop.at(0.3) | {network.L: ch.target() if clamp else loop.at(0.3)[network.L]}
    seen = [energy(network, h, gamma)]
    for _ in range(40):
        h = loop.settle(h, rule.settling, ch.target() if clamp else None).h
        seen.append(energy(network, h, gamma))
    return torch.stack(seen)


@pytest.mark.parametrize("clamp", [False, True])
@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0])
def test_the_energy_never_rises_while_the_network_settles(gamma, clamp):
    for seed in range(5):
        change = energies(gamma, "symmetric", clamp, seed).diff(dim=0)
        assert float(change.max()) < 1e-9
        assert float(change.min()) < -1e-3


def test_with_random_feedback_it_does():
    """Guards the test above."""
    rises = [float(energies(1.0, "random", True, s).diff(dim=0).max()) for s in range(5)]
    assert max(rises) > 1e-3


# the two phases


@BOTH
@pytest.mark.parametrize("gamma", [0.05, 0.5])
def test_without_an_error_nothing_changes(gamma, feedback):
    rule = chl(gamma, feedback)
    network, ch, x = set_up(rule)
    settled = rule.answer(ch, x)
    assert max(float(u.norm()) for u in rule.step(ch, x)[1].dense().W.values()) > 1e-3
    update = rule.step(ch.teach(settled), x)[1].dense()
    bound = {l: 1e-13 * gamma ** (l - network.L) for l in update.W}  # of states settled to 1e-15
    assert all(float(update.W[l].abs().max()) < bound[l] for l in update.W)
    assert all(float(update.b[l].abs().max()) < bound[l] for l in update.b)


@dataclass(frozen=True)
class OnlyClamped(ContrastiveHebbian):
    """Feedback only while the output is clamped."""

    def forward(self, ch, x):
        free, loop = Backprop().forward(ch, x), self._relaxation(ch, x)
        free.phases["minus"] = free.as_phase()
        free.phases["plus"] = loop.settle(free.h, self.settling, ch.target())
        return free


@BOTH
def test_feedback_must_be_there_in_both_phases(feedback):
    """Guards the test above: else the layers below are told the target instead of the error."""
    rule = OnlyClamped(0.05, feedback, settling=TO_THE_END)
    _, ch, x = set_up(rule)
    update = rule.step(ch.teach(Backprop().answer(ch, x)), x)[1].dense()
    assert min(float(update.W[l].norm()) for l in (1, 2, 3)) > 1e-3


@BOTH
def test_the_update_is_the_plain_difference_of_two_hebbian_products(feedback):
    rule = chl(0.2, feedback)
    network, ch, x = set_up(rule)
    trace, update = rule.step(ch, x)
    minus, plus = trace.phases["minus"].h, trace.phases["plus"].h
    for l, dW in update.dense().W.items():
        hebb = minus[l].mT @ minus[l - 1] - plus[l].mT @ plus[l - 1]
        plain = 0.2 ** (l - network.L) * hebb / len(x)
        torch.testing.assert_close(dW, plain, rtol=0, atol=1e-12)
        assert float(plain.abs().max()) > 1e-3


def test_in_float32_the_plain_difference_is_coarser():
    """Guards the test above: why the update is not computed that way."""
    rule = chl(0.05, settling=replace(TO_THE_END, steps=50))
    _, ch, x = set_up(rule)
    exact = rule.step(ch, x)[1].dense().W[2]
    trace = rule.forward(ch, x)
    minus, plus = ({l: h.float() for l, h in trace.phases[p].h.items()} for p in ("minus", "plus"))
    # the same states, rounded after settling, so that only the products differ
    plus = {l: minus[l] + (trace.phases["plus"].h[l] - trace.phases["minus"].h[l]).float()
            for l in plus}  # fmt: skip
    moved = {l: minus[l] - plus[l] for l in plus}
    plain = minus[2].mT @ minus[1] - plus[2].mT @ plus[1]
    stable = moved[2].mT @ plus[1] + minus[2].mT @ moved[1]
    off = [float((w / (0.05**2 * len(x)) - exact).norm()) for w in (plain, stable)]
    assert off[0] > 5 * off[1]


def test_with_one_hidden_layer_the_clamped_phase_is_one_sweep():
    """The hidden layer then hears only what is given; the second sweep notices."""
    rule = chl(0.5)
    _, ch, x = set_up(rule, (6, 5, 4))
    trace = rule.forward(ch, x)
    assert trace.phases["plus"].steps == 2
    assert trace.steps > 5
    _, ch, x = set_up(rule, (6, 5, 5, 4))
    assert rule.forward(ch, x).phases["plus"].steps > 5


@BOTH
def test_the_network_answers_as_it_settles_and_not_as_it_passes(feedback):
    passed, gaps = None, []
    for gamma in (0.01, 0.1, 0.5):
        rule = chl(gamma, feedback)
        _, ch, x = set_up(rule)
        y = rule.answer(ch, x)
        assert torch.equal(y, rule.forward(ch, x).h[4])
        passed = Backprop().answer(ch, x) if passed is None else passed
        gaps.append(float((y - passed).norm()))
    assert gaps[0] > 0
    assert gaps == sorted(gaps)
    assert gaps[1] == pytest.approx(10 * gaps[0], rel=0.2)


# rounding and patience


def degrees(rule, sizes, dtype=torch.float64, seed=0):
    """The angle of dW_1 to backprop's."""
    _, ch, x = set_up(rule, sizes, "tanh", seed=seed, dtype=dtype)
    ours, theirs = (r.step(ch, x)[1].dense().W[1].double() for r in (rule, Backprop()))
    return float(angle(ours.flatten(), theirs.flatten()))


PATIENT = Settling(60, rate=1.0, tolerance=1e-7, in_turn=True)


def test_single_precision_loses_the_first_layer_when_the_gain_is_too_small():
    assert degrees(chl(0.003, settling=PATIENT), SIZES, torch.float32) > 45


def test_double_precision_keeps_it_and_single_does_with_a_larger_gain():
    """Guards the test above: it is rounding, not the gain."""
    assert degrees(chl(0.003), SIZES) < 1
    exact = degrees(chl(0.2), SIZES)
    assert degrees(chl(0.2, settling=PATIENT), SIZES, torch.float32) == pytest.approx(exact, abs=5)


@pytest.mark.parametrize("gamma", [0.3, 0.1, 0.03])
def test_the_tolerance_must_lie_below_the_signal_of_the_first_layer(gamma):
    signal = gamma ** (len(SIZES) - 2)
    exact = degrees(chl(gamma), SIZES)
    fine, coarse = (
        degrees(chl(gamma, settling=Settling(500, 1.0, share * signal, True)), SIZES)
        for share in (1e-3, 30.0)
    )
    assert fine == pytest.approx(exact, abs=0.5)
    assert coarse > fine + 1


# random feedback


def test_in_training_backprop_comes_towards_the_random_feedback():
    angles = angles_in_training((0.03, 0.03))
    assert 75 < angles[0] < 110
    assert angles[-1] < 70


def test_it_does_not_where_the_output_weights_are_held():
    """Guards the test above: it is W_2 that turns."""
    angles = angles_in_training((0.03, 1e-12))
    assert min(angles) > 85


def angles_in_training(rates, steps=150):
    """Angle of dW_1 to backprop's while a network learns a linear teacher, before it has it."""
    rule = chl(0.05, "random", Settling(50, 1.0, 1e-12, True))
    sizes = (20, 30, 10)
    network, ch, x = set_up(rule, sizes, "tanh", batch=200, weights=Init("normal_fan_in", 0.3))
    descent = Descent(Setting(rule, sizes, learning_rate=rates), network, ch.own)
    teacher = torch.randn(20, 10, generator=torch.Generator().manual_seed(5), dtype=x.dtype)
    ch.teach(x @ teacher / math.sqrt(20))
    seen = []
    for _ in range(steps):
        _, update = rule.step(ch, x)
        theirs = Backprop().step(ch, x)[1].dense().W[1]
        seen.append(float(angle(update.dense().W[1].flatten(), theirs.flatten())))
        descent.apply(update)
    return seen


def test_symmetric_feedback_is_weight_transport_and_random_feedback_is_not():
    assert probes.transport_verdict(ContrastiveHebbian()) == "depends"
    assert probes.transport_verdict(ContrastiveHebbian(feedback="random")) == "independent"


# many at once, and what is refused


@BOTH
def test_an_ensemble_is_its_members(feedback):
    rule, sizes, seeds = chl(0.3, feedback), (6, 5, 4, 3), (0, 1, 2)
    _, ch, x = bench(rule, sizes, output="linear")

    def step(seed):
        network = make_network(sizes, seed, "tanh", "linear", dtype=torch.float64)
        own = own_parameters(rule, sizes, seed, torch.float64)
        return rule.step(Channels(network, own, streams(0)).teach(ch.target()), x)[1].dense()

    together, alone = step(seeds), [step(s) for s in seeds]
    for l in together.W:
        each = torch.stack([u.W[l] for u in alone])
        torch.testing.assert_close(together.W[l], each, rtol=0, atol=1e-10)
        torch.testing.assert_close(
            together.b[l], torch.stack([u.b[l] for u in alone]), rtol=0, atol=1e-10
        )


@pytest.mark.parametrize("gamma", [0, -0.1, float("nan"), "weak"])
def test_a_gain_that_is_not_positive_is_refused(gamma):
    with pytest.raises(ValueError, match=r"gamma is .*, expected a positive number"):
        ContrastiveHebbian(gamma)


def test_an_unknown_feedback_is_refused():
    with pytest.raises(ValueError, match="feedback is 'fixed', expected one of symmetric, random"):
        ContrastiveHebbian(feedback="fixed")
