"""Spiking networks beside their own rules in rates."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brian2 import Hz, mV

from credit.experiments.two_phases import BRIDGE
from credit.spiking import bridge, event_driven, in_rates, neurons, two_phases
from credit.spiking.contrasts.contrastive_hebbian import ContrastiveHebbian
from credit.spiking.contrasts.equilibrium_propagation import EquilibriumPropagation
from credit.spiking.contrasts.generalized_recirculation import GeneralizedRecirculation
from credit.spiking.online import Learner
from credit.spiking.pathways import synthetic
from credit.spiking.pathways.attention import Attention
from credit.spiking.pathways.direct import Direct
from credit.spiking.pathways.gait import Gait
from credit.spiking.pathways.kickback import Kickback
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.layered import Layered
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.symmetric import Symmetric
from credit.spiking.pathways.synthetic import Synthetic
from credit.spiking.pathways.target_difference import TargetDifference
from credit.spiking.pathways.weight_mirror import WeightMirror
from credit.spiking.simulation import Simulation

PATHWAYS = (
    Direct(), Layered(), Symmetric(), Signs(), KolenPollack(), WeightMirror(), TargetDifference(),
    Kickback(), Attention(), Gait(), Synthetic(),
)  # fmt: skip


def on_numpy(monkeypatch, module):
    """Networks of this module run uncompiled; returns how a learner is made."""
    monkeypatch.setattr(
        module, "_simulation", lambda s: Simulation(lambda: module.build(s), "small", "numpy")
    )


def images(n, pixels, classes, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(n, pixels, generator=random), torch.arange(n) % classes


@pytest.fixture
def network(monkeypatch):
    """network(rule) -> a learner of two hidden layers, and what it gives in rates, four images."""

    def made(rule, sizes=(60, 24, 20, 4), **changes):
        on_numpy(monkeypatch, event_driven)
        setting = event_driven.Setting(
            rule, sizes, coherent=rule.coherent, image=800, settling=100, chunk=4
        )
        learner = Learner(replace(setting, **changes), 1)
        random = np.random.default_rng(0)
        for l, (mean, spread) in enumerate(((1.0, 0.6), (2.0, 1.0), (2.5, 1.5))[: len(sizes) - 1]):
            w = learner.W[f"w{l + 1}"]
            if l and isinstance(rule, Gait | Kickback):  # whose way back asks for such as are drawn
                w[:] = w / 3
            else:  # most neurons fire all the time
                w[:] = 1e-3 * (mean + spread * random.normal(size=w.shape))
        for name in learner.W.keys() & {"of_layer1", "of_layer2", "of_label1", "of_label2"}:
            learner.W[name] = random.normal(size=learner.W[name].shape)  # at first all are 0
        return learner, *images(4, 60, 4)

    return made


def in_rates_of(learner, x, label):
    net = in_rates.InRates.of(learner.setting, learner.W, x.numpy(), label.numpy())
    return net, in_rates.by_pathway(learner.setting, learner.W, net, label.numpy())


@pytest.mark.parametrize("rule", PATHWAYS, ids=lambda rule: rule.short)
def test_the_change_by_spikes_is_near_that_of_the_same_pathway_in_rates(network, rule):
    """Two hidden layers, but where a random network of so few neurons is far from its mean."""
    one = isinstance(rule, Gait | Kickback)
    learner, x, label = network(rule, (60, 24, 4) if one else (60, 24, 20, 4))
    by_spikes = in_rates._asked(learner, x, label)
    net, T = in_rates_of(learner, x, label)
    other = in_rates.InRates.of(learner.setting, learner.W, x.numpy(), label.numpy()[::-1])
    wrong = other.changes(
        in_rates.by_pathway(learner.setting, learner.W, other, label.numpy()[::-1])
    )
    for l, change in net.changes(T).items():
        own, control = (in_rates.angle(by_spikes[l], c) for c in (change, wrong[l]))
        assert own < 30 and own < control


def test_the_network_in_rates_is_that_of_the_closed_forms(network):
    learner, x, label = network(Direct())
    net, _ = in_rates_of(learner, x, label)
    p = {name: event_driven.PARAMETERS[name] for name in ("tau_m", "t_ref", "v_th")}
    drive = 5e-3 * net.a[1] @ (1e3 * learner.W["w2"].reshape(24, 20))
    np.testing.assert_allclose(net.a[2][3], np.asarray(neurons.rate(drive[3] * mV, **p)))
    np.testing.assert_array_equal(net.gate[2], (drive > 0) & (drive < 40))
    # the mean of (1 - exp(-t / 20 ms)) from 100 to 800 ms
    t = np.arange(100, 800, 1e-2)
    risen = (1 - np.exp(-t / 20)).mean()
    want = 0.02 * (risen * net.a[3] - 200 * np.eye(4)[label])
    np.testing.assert_allclose(net.e, want, rtol=1e-4)


def test_what_kickback_and_predictions_tell_in_rates_is_their_sum(network):
    learner, x, label = network(Kickback())
    net, T = in_rates_of(learner, x, label)
    w, s = net.w[2], 1 - 2 * (np.arange(24) // 4 % 2)
    for k, j in ((0, 0), (1, 5), (2, 14), (3, 23)):
        kicks = sum(abs(w[j, i]) * net.gate[2][k, i] for i in range(20))
        assert T[1][k, j] == pytest.approx(net.e[k, j % 4] * s[j] * kicks)
        assert T[2][k, j % 20] == pytest.approx(
            net.e[k, j % 4] * s[j % 20] * np.abs(net.w[3][j % 20]).sum()
        )
    learner, x, label = network(Synthetic())
    net, T = in_rates_of(learner, x, label)
    a, b = learner.W["of_layer2"].reshape(20, 20), learner.W["of_label2"].reshape(4, 20)
    want = sum(net.a[2][1, j] * a[j, 7] for j in range(20)) + 200 * b[label[1], 7]
    assert T[2][1, 7] == pytest.approx(want)
    assert f"({in_rates.LABEL_RATE:g}*Hz)" in synthetic.LABEL


def test_attention_tells_of_the_most_active_output_alone_and_the_inverse_is_of_the_weights(network):
    learner, x, label = network(Attention())
    net, T = in_rates_of(learner, x, label)
    for k, s in enumerate(net.a[3].argmax(1)):
        np.testing.assert_allclose(T[2][k], net.e[k, s] * net.w[3][:, s])
    learner, x, label = network(Gait())
    net, T = in_rates_of(learner, x, label)
    np.testing.assert_allclose(T[2] @ net.w[3], 50**2 * net.e, rtol=1e-5, atol=1e-2)


def test_a_rule_of_transposed_weights_is_backprop_and_signs_are_not(network):
    for rule, same in ((Symmetric(), True), (Signs(), False)):
        learner, x, label = network(rule)
        net, T = in_rates_of(learner, x, label)
        own, reference = net.changes(T), net.changes(net.backprop())
        for l in (1, 2):
            np.testing.assert_array_equal(reference[l].shape, own[l].shape)
            assert (own[l] == reference[l]).all() == same


def test_what_is_asked_for_leaves_the_learner_as_it_was(network):
    learner, x, label = network(KolenPollack(), image=20, settling=5)
    setting, before = learner.setting, {name: np.array(w) for name, w in learner.W.items()}
    noise = learner.random["noise"].get_state()
    in_rates._asked(learner, x, label)
    assert learner.setting is setting
    for name, w in learner.W.items():
        np.testing.assert_array_equal(w, before[name])
    assert torch.equal(learner.random["noise"].get_state(), noise)


TWO = two_phases.Setting(ContrastiveHebbian(), (60, 20, 16, 10), phase=60, chunk=1)


def phases_at_rest(setting, wanted=None):
    """Rates of a random network, the drives that they make, and both forward weights in mV."""
    random, n = np.random.default_rng(3), setting.sizes
    W = {f"w{l}": 1e-3 * random.normal(1, 0.6, n[l - 1] * n[l]) for l in range(1, len(n))}
    W |= {f"feedback{l}": 1e-3 * random.normal(0, 1, n[l] * n[l + 1]) for l in range(1, len(n) - 1)}
    x = random.random((2, n[0]))
    return W, in_rates.at_rest(setting, W, x, wanted), x


@pytest.mark.parametrize(
    "rule",
    [ContrastiveHebbian(), EquilibriumPropagation(gain=0.3), GeneralizedRecirculation(gain=0.4)],
)
@pytest.mark.parametrize("taught", [False, True])
def test_networks_of_two_phases_rest_at_the_rates_of_their_own_drives(rule, taught):
    setting = replace(TWO, rule=rule)
    wanted = np.eye(10)[[3, 7]] if taught else None
    W, a, _ = phases_at_rest(setting, wanted)
    w2, w3 = (1e3 * W[f"w{l}"].reshape(setting.sizes[l - 1 : l + 1]) for l in (2, 3))
    b1, b2 = w2.T, w3.T
    if rule.apart:
        b1, b2 = 1e3 * W["feedback1"].reshape(16, 20), 1e3 * W["feedback2"].reshape(10, 16)
    tau, p = 5e-3, two_phases.PARAMETERS
    w1 = 1e3 * W["w1"].reshape(60, 20)
    hidden = tau * (a[0] @ w1 + rule.gain * a[2] @ b1) + setting.bias
    np.testing.assert_allclose(a[1], in_rates.firing(hidden, p), rtol=1e-3, atol=0.05)
    second = tau * (a[1] @ w2 + rule.gain * a[3] @ b2) + setting.bias
    np.testing.assert_allclose(a[2], in_rates.firing(second, p), rtol=1e-3, atol=0.05)
    top = tau * a[2] @ w3
    if taught and isinstance(rule, EquilibriumPropagation):
        strong = float(two_phases.drive_for(200 * Hz) / mV)
        top = top + strong * (wanted - a[3] / 200)
    if taught and not isinstance(rule, EquilibriumPropagation):
        np.testing.assert_array_equal(a[3], 200 * wanted)
    else:
        np.testing.assert_allclose(a[3], in_rates.firing(top, p), rtol=1e-3, atol=0.05)
    assert (a[1] > 10).mean() > 0.3 and (a[2] > 10).mean() > 0.3


def test_with_one_hidden_layer_the_network_at_rest_is_that_of_the_bridge():
    setting = replace(BRIDGE, rule=ContrastiveHebbian())
    W, a, x = phases_at_rest(setting)
    w1, w2 = (1e3 * W[f"w{l}"].reshape(setting.sizes[l - 1 : l + 1]) for l in (1, 2))
    for k in range(2):
        want = bridge.at_rest(setting, w1, w2, x[k])
        for got, of in zip(a, want, strict=True):
            np.testing.assert_allclose(got[k], of, rtol=5e-3, atol=0.2)


def test_the_change_of_two_phases_is_the_contrast_of_their_rates():
    label = np.array([3, 7])
    for rule in (ContrastiveHebbian(), GeneralizedRecirculation()):
        setting = replace(TWO, rule=rule)
        W, minus, x = phases_at_rest(setting)
        plus = in_rates.at_rest(setting, W, x, np.eye(10)[label])
        got = in_rates.by_phases(setting, W, x, label)
        for l in (1, 2):
            for i, j in ((3, 4), (11, 9)):
                lo, hi = ((a[l - 1][:, i], a[l][:, j]) for a in (minus, plus))
                want = hi[0] * hi[1] - lo[0] * lo[1]
                if isinstance(rule, GeneralizedRecirculation):
                    want = (lo[0] + hi[0]) / 2 * (hi[1] - lo[1])
                assert got[l][i, j] == pytest.approx(want.sum())


def test_the_angle():
    a = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert in_rates.angle(a, 3 * a) == pytest.approx(0, abs=1e-6)
    assert in_rates.angle(a, a[::-1]) == pytest.approx(90)
    assert in_rates.angle(a, -a) == pytest.approx(180)
    assert in_rates.angle(a, a + a[:, ::-1]) == pytest.approx(45)


def test_angles_are_measured_on_the_way_and_learning_is_as_without(monkeypatch):
    """Of a network that adds to its weights what is told."""
    shown = []

    class Fake:
        setting = event_driven.Setting(Symmetric(), (4, 3, 2), chunk=10, examples=60)

        def __init__(self, setting, seed):
            random = np.random.default_rng(0)
            self.W = {"w1": 1e-3, "w2": 1e-3 * random.normal(size=6)}
            self.random = in_rates.streams(seed)
            self.setting = setting

        def show(self, x, label, rate):
            shown.append((len(x), rate))

    monkeypatch.setattr(in_rates, "Learner", Fake)
    monkeypatch.setattr(in_rates, "_asked", lambda learner, x, label: {1: np.eye(4)[:, :3]})
    monkeypatch.setattr(in_rates, "AFTER", (0, 20, 500))
    x, label = images(200, 4, 2)
    split = SimpleNamespace(x=x, label=label)
    monkeypatch.setattr(
        in_rates.data, "load", lambda name: SimpleNamespace(train=split, validation=split)
    )
    rows = in_rates.run(Fake.setting, 0)
    assert shown == [(10, pytest.approx(1 - k / 6)) for k in range(6)]
    assert sorted({row["epoch"] for row in rows}) == [0, pytest.approx(1 / 3), 1]
    metrics = {"the rule in rates", "it for other labels", "backprop in rates"}
    assert {row["metric"] for row in rows} == {f"angle to {what}" for what in metrics}
    by = {(row["epoch"], row["metric"]): row["value"] for row in rows}
    assert by[0, "angle to the rule in rates"] == by[0, "angle to backprop in rates"]
    assert by[0, "angle to it for other labels"] != by[0, "angle to backprop in rates"]
