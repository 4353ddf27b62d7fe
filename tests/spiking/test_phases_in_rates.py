"""The network of two phases in rates, beside that of spikes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from brian2 import Hz, mV

from credit.spiking import bridge, course, neurons, phases_in_rates, two_phases
from credit.spiking.contrasts.contrastive_hebbian import ContrastiveHebbian
from credit.spiking.contrasts.equilibrium_propagation import EquilibriumPropagation
from credit.spiking.contrasts.generalized_recirculation import GeneralizedRecirculation
from credit.spiking.contrasts.untold import Untold
from credit.spiking.online import Learner
from credit.spiking.phases_in_rates import InRates
from credit.spiking.segregated_in_time import angle
from credit.spiking.two_phases import Setting

RULES = (
    ContrastiveHebbian(gain=0.2), EquilibriumPropagation(gain=0.2), GeneralizedRecirculation(0.2),
    GeneralizedRecirculation(0.2, apart=False),
)  # fmt: skip
SIZES = (60, 24, 20, 4)


@pytest.fixture
def network(uncompiled):
    """network(rule) -> a learner of two hidden layers, most of whose neurons fire, four images."""
    uncompiled(two_phases)

    def made(rule, **changes):
        setting = replace(Setting(rule, SIZES, phase=600, settling=100, chunk=4), **changes)
        learner, random = Learner(setting, 1), np.random.default_rng(0)
        for l, (mean, spread) in enumerate(((1.0, 0.6), (1.0, 1.0), (1.8, 1.0)), 1):
            w = learner.W[f"w{l}"]
            learner.W[f"w{l}"] = 1e-3 * (mean + spread * random.normal(size=w.shape))
        for l in (1, 2) if rule.apart else ():
            learner.W[f"feedback{l}"] = 2e-3 * random.normal(size=SIZES[l] * SIZES[l + 1])
        x = torch.rand(4, SIZES[0], generator=torch.Generator().manual_seed(0))
        return learner, x, torch.arange(4)

    return made


def in_rates(learner, x, label):
    return InRates.of(learner.setting, learner.W, x.numpy(), label.numpy())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.short)
def test_the_change_by_spikes_is_near_that_of_the_same_rule_in_rates(network, rule):
    """At the hidden layer that hears of the teacher by a single step."""
    learner, x, label = network(rule)
    label = torch.ones_like(label)
    by_spikes = torch.from_numpy(course.asked(learner, x, label)[2])
    of = learner.setting, learner.W, x.numpy()
    own, _ = phases_in_rates.changes(*of, label.numpy())
    wrong, _ = phases_in_rates.changes(*of, label.numpy() + 2)
    near, control = (angle(by_spikes, torch.from_numpy(c[2])) for c in (own, wrong))
    assert near < 30 and near < control - 20


@pytest.mark.parametrize("rule", RULES[1:3], ids=lambda rule: rule.short)
def test_rates_late_in_both_phases_are_near_the_counts_of_spikes(network, rule):
    """In steps of 1 ms neurons fire more than in closed form, by up to a quarter."""
    learner, x, label = network(rule, chunk=1, phase=500, settling=100)
    net, setting = in_rates(learner, x[:1], label[:1]), learner.setting
    values = setting.values(x[:1], label[:1], label[:1], 1.0, learner.random) | learner.W
    for taught, want in ((0.0, net.minus), (1.0, net.plus)):
        simulation = setting.simulation()
        simulation.run(values | {"learning": taught, "eta1": 0.0, "eta2": 0.0, "eta3": 0.0}, 0)
        groups = {g.name: g for g in simulation.model.network.objects if hasattr(g, "minus")}
        for l, name in enumerate(("input", "hidden1", "hidden2", "output")):
            counted = np.asarray(groups[name].minus)  # of the phase that was the last
            more = 0.03 if l < 3 else 0.25  # a layer adds to what those below do too much
            np.testing.assert_allclose(counted, want[l][0], rtol=0.3, atol=more)


def test_with_one_hidden_layer_a_long_phase_comes_to_rest_with_itself():
    """At the rest that spiking.bridge finds its own way; without feedback into the hidden layer."""
    random = np.random.default_rng(0)
    for rule in (ContrastiveHebbian(gain=0.1), Untold()):
        setting = Setting(rule, (60, 24, 4), phase=900, settling=800)
        w1, w2 = 1 + 0.6 * random.normal(size=(60, 24)), 0.8 + random.normal(size=(24, 4))
        pixels = random.random(60)
        W = {"w1": 1e-3 * w1.ravel(), "w2": 1e-3 * w2.ravel()}
        net = InRates.of(setting, W, pixels[None], np.array([2]))
        for phase, right in ((net.minus, None), (net.plus, 2)):
            rest = bridge.at_rest(setting, w1, w2, pixels, right)
            for l in (0, 1):
                np.testing.assert_allclose(phase[l][0] * setting.target, rest[l], rtol=1e-6)
        assert (rule.gain == 0) == np.array_equal(net.minus[1], net.plus[1])


def test_the_taught_phase_is_clamped_or_nudged(network):
    learner, x, label = network(ContrastiveHebbian())
    net = in_rates(learner, x, label)
    np.testing.assert_allclose(net.plus[3], np.eye(4), atol=1e-9)  # 1 is the target's rate
    learner, x, label = network(EquilibriumPropagation(gain=0.0, beta=0.5))
    free, strong = in_rates(learner, x, label), two_phases.drive_for(200 * Hz)
    # at rest: r = f(drive + beta strong (wanted - r / target)), found by another way
    w3 = 1e3 * learner.W["w3"].reshape(20, 4)
    drive = 5e-3 * 200 * free.minus[2] @ w3
    p = {name: two_phases.PARAMETERS[name] for name in ("tau_m", "t_ref", "v_th")}

    def off(r, k, j):
        nudge = 0.5 * float(strong / mV) * (float(label[k] == j) - r / 200)
        return float(neurons.rate(np.array([drive[k, j] + float(nudge)]) * mV, **p)[0]) - r

    for k, j in ((0, 0), (1, 0), (2, 2), (3, 1)):
        low, high = 0.0, 1000.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if off(middle, k, j) > 0 else (low, middle)
        assert 200 * free.plus[3][k, j] == pytest.approx(low, abs=2)


def test_a_contrast_is_the_sum_over_images_of_what_brian2_reads(network, monkeypatch):
    monkeypatch.setattr(phases_in_rates, "AT_ONCE", 3)
    learner, x, label = network(GeneralizedRecirculation(0.2))
    net = in_rates(learner, x, label)
    own, _ = phases_in_rates.changes(learner.setting, learner.W, x.numpy(), label.numpy())
    for l in (1, 2):
        want = (net.minus[l - 1] + net.plus[l - 1]).T / 2 @ (net.plus[l] - net.minus[l])
        np.testing.assert_allclose(own[l], want, atol=1e-12)
    hebbian = net.contrast(ContrastiveHebbian.contrast, 2)
    want = net.plus[1].T @ net.plus[2] - net.minus[1].T @ net.minus[2]
    np.testing.assert_allclose(hebbian, want, atol=1e-12)


def test_backprop_goes_through_transposed_weights_of_neurons_that_fire(network):
    learner, x, label = network(ContrastiveHebbian(), bias=-2.0)
    learner.W["w2"] += 2e-3 * np.arange(20)[None].repeat(24, 0).ravel() / 20
    net = in_rates(learner, x, label)
    silent = [(net.minus[l] == 0).any() and (net.minus[l] > 0).any() for l in (1, 2)]
    assert all(silent)
    _, back = phases_in_rates.changes(learner.setting, learner.W, x.numpy(), label.numpy())
    w2, w3 = (1e3 * learner.W[f"w{l}"].reshape(SIZES[l - 1], SIZES[l]) for l in (2, 3))
    e = net.minus[3] - np.eye(4)
    for i, j in ((0, 0), (5, 13), (59, 23)):
        want = 0.0
        for k in range(4):
            above = [(net.minus[2][k, m] > 0) * (e[k] @ w3[m]) for m in range(20)]
            want -= net.minus[0][k, i] * (net.minus[1][k, j] > 0) * (w2[j] @ above)
        assert back[1][i, j] == pytest.approx(want)


def test_feedback_of_its_own_is_what_comes_back_with_its_gain(network):
    """One layer above another: weights that are apart and equal, transposed, are the same."""
    tied, x, label = network(GeneralizedRecirculation(0.2, apart=False))
    apart, *_ = network(GeneralizedRecirculation(0.2))
    for l in (1, 2):
        w = tied.W[f"w{l + 1}"].reshape(SIZES[l], SIZES[l + 1])
        apart.W[f"feedback{l}"] = w.T.ravel()
    for a, b in zip(in_rates(tied, x, label).plus, in_rates(apart, x, label).plus, strict=True):
        np.testing.assert_allclose(a, b)
    weaker, *_ = network(GeneralizedRecirculation(0.1, apart=False))
    other = in_rates(weaker, x, label)
    assert not np.allclose(other.plus[1], in_rates(tied, x, label).plus[1])
