"""Spiking networks beside their own rules in rates; the course of learning."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, SpikeMonitor, ms, mV, second

from credit.spiking import course, event_driven, in_rates, neurons
from credit.spiking.online import Learner
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
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.spiking.pathways.weight_mirror import WeightMirror

PATHWAYS = (
    Direct(), Layered(), Symmetric(), Signs(), KolenPollack(), WeightMirror(), TargetDifference(),
    Kickback(), Attention(), Gait(), Synthetic(), TwoPopulations(way=Signs()),
)  # fmt: skip


def angle(a, b):
    return course.angle(*(torch.from_numpy(w.copy()) for w in (a, b)))


def images(n, pixels, classes, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(n, pixels, generator=random), torch.arange(n) % classes


@pytest.fixture
def network(uncompiled):
    """network(rule) -> a learner of two hidden layers, and what it gives in rates, four images."""

    def made(rule, sizes=(60, 24, 20, 4), **changes):
        uncompiled(event_driven)
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


def told(learner, net):
    return learner.setting.rule.in_rates(net, learner.W | learner.setting.derived(learner.W))


def in_rates_of(learner, x, label):
    net = in_rates.InRates.of(learner.setting, learner.W, x.numpy(), label.numpy())
    return net, told(learner, net)


@pytest.mark.parametrize("rule", PATHWAYS, ids=lambda rule: rule.short)
def test_the_change_by_spikes_is_near_that_of_the_same_pathway_in_rates(network, rule):
    """Two hidden layers, but where a random network of so few neurons is far from its mean."""
    one = isinstance(rule, Gait | Kickback)
    learner, x, label = network(rule, (60, 24, 4) if one else (60, 24, 20, 4))
    by_spikes = course.asked(learner, x, label)
    net, T = in_rates_of(learner, x, label)
    other = in_rates.InRates.of(learner.setting, learner.W, x.numpy(), label.numpy()[::-1])
    wrong = other.changes(told(learner, other))
    for l, change in net.changes(T).items():
        own, control = (angle(by_spikes[l], c) for c in (change, wrong[l]))
        assert own < 30 and own < control


# Whose way back sees the forward weights above, their signs, or what is computed from them.
SEE = (Symmetric, Signs, Kickback, Attention, Gait)


@pytest.mark.parametrize("rule", PATHWAYS[:-1], ids=lambda rule: rule.short)
def test_who_sees_the_forward_weights_on_the_way_back_says_so(network, rule):
    """An intervention: others in their place on the way back alone, activities and errors as they
    are. Predictions see them only in what they learn, by the errors that come back."""
    learner, x, label = network(rule)
    net, T = in_rates_of(learner, x, label)
    W = learner.W | {name: -learner.W[name] for name in ("w2", "w3")}
    others = replace(net, w={l: -w if l > 1 else w for l, w in net.w.items()})
    swapped = rule.in_rates(others, W | learner.setting.derived(W))
    sees = any(not np.allclose(T[l], swapped[l]) for l in net.hidden)
    assert sees == (type(rule) in SEE)
    said = any("used backwards" in what or "from the weights" in what for what in rule.not_spikes)
    assert said == (sees or isinstance(rule, Synthetic))


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


def test_the_window_ends_at_0_and_at_40_mV(network):
    learner, x, label = network(Direct())
    setting, w = learner.setting, learner.W["w2"].reshape(24, 20)
    below = in_rates.InRates.of(setting, learner.W, x.numpy(), label.numpy()).a[1].sum(1)
    for j, drive in enumerate((-1, 45 / below.min(), 35 / below.max())):
        w[:, j] = 1e-3 * drive / 5e-3  # mV of mean current, if times the rates below
    gate = in_rates.InRates.of(setting, learner.W, x.numpy(), label.numpy()).gate[2]
    assert not gate[:, :2].any() and gate[:, 2].all()


def test_outside_the_window_nothing_is_changed_and_nothing_passed_on():
    random, n = np.random.default_rng(0), (5, 4, 3, 2)
    a, e = [random.random((6, k)) for k in n], random.normal(size=(6, 2))
    gate = {l: random.random((6, n[l])) < 0.5 for l in (1, 2, 3)}
    w = {l: random.normal(size=n[l - 1 : l + 1]) for l in (1, 2, 3)}
    net = in_rates.InRates(a, gate, w, e, np.eye(2)[[0, 1] * 3])
    T = net.backprop()
    np.testing.assert_allclose(T[2], e @ w[3].T)
    np.testing.assert_allclose(T[1], (gate[2] * T[2]) @ w[2].T)
    for l, change in net.changes(T).items():
        want = -sum(np.outer(a[l - 1][k], gate[l][k] * T[l][k]) for k in range(6))
        np.testing.assert_allclose(change, want)


def test_what_is_asked_for_leaves_the_learner_as_it_was(network):
    learner, x, label = network(KolenPollack(), image=20, settling=5)
    setting, before = learner.setting, {name: np.array(w) for name, w in learner.W.items()}
    noise = learner.random["noise"].get_state()
    course.asked(learner, x, label)
    assert learner.setting is setting
    for name, w in learner.W.items():
        np.testing.assert_array_equal(w, before[name])
    assert torch.equal(learner.random["noise"].get_state(), noise)


def test_the_angle():
    a = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert angle(a, 3 * a) == pytest.approx(0, abs=1e-6)
    assert angle(a, a[::-1]) == pytest.approx(90)
    assert angle(a, -a) == pytest.approx(180)
    assert angle(a, a + a[:, ::-1]) == pytest.approx(45)


@pytest.fixture
def followed(monkeypatch):
    """followed(rule) -> the rows of a run of 60 images, with what was shown and asked for; the
    network adds to its weights what it is told."""

    def made(rule, **changes):
        setting = event_driven.Setting(rule, (4, 3, 3, 2), chunk=10, examples=60, epochs=1)
        setting = replace(setting, **changes)
        shown, asked = [], []

        class Fake:
            def __init__(self, setting, seed):
                random = np.random.default_rng(0)
                sizes = {"w1": 12, "w2": 9, "w3": 6}  # of weights that let most neurons fire
                self.W = {name: 0.01 * (2 + random.normal(size=n)) for name, n in sizes.items()}
                self.setting, self.random = setting, course.streams(seed)
                self.W |= rule.draw(setting.sizes, self.random)

            def show(self, x, label, rate):
                shown.append((x[:, 0].tolist(), label.tolist(), rate))

        def told(learner, x, label):
            asked.append((x, label))
            return {1: np.eye(4)[:, :3], 2: np.eye(3)}

        monkeypatch.setattr(course, "Learner", Fake)
        monkeypatch.setattr(course, "asked", told)
        monkeypatch.setattr(course, "AFTER", (0, 20, 500))
        train, validation = (SimpleNamespace(x=x, label=y) for x, y in (
            images(60, 4, 2), images(50, 4, 2, seed=1)
        ))  # fmt: skip
        split = SimpleNamespace(train=train, validation=validation)
        monkeypatch.setattr(course.data, "load", lambda name: split)
        return course.run(setting, 0), shown, asked, split

    return made


def test_angles_are_measured_on_the_way_and_learning_is_as_without(followed):
    rows, shown, asked, split = followed(Symmetric())
    assert [rate for *_, rate in shown] == [pytest.approx(1 - k / 6) for k in range(6)]
    label = dict(zip(split.train.x[:, 0].tolist(), split.train.label.tolist(), strict=True))
    pairs = [pair for xs, ys, _ in shown for pair in zip(xs, ys, strict=True)]
    assert len(pairs) == 60 and dict(pairs) == label  # every image once, with its own label
    assert [x for x, _ in pairs] != split.train.x[:, 0].tolist()
    for x, told in asked:
        assert torch.equal(x, split.validation.x) and torch.equal(told, split.validation.label)
    assert sorted({row["epoch"] for row in rows}) == [0, pytest.approx(1 / 3), 1]
    metrics = {"the rule in rates", "it for other labels", "backprop in rates"}
    assert {row["metric"] for row in rows} == {f"angle to {what}" for what in metrics}
    assert len(rows) == 3 * 3 * 2 and {row["layer"] for row in rows} == {1, 2}
    by = {(row["layer"], row["metric"]): row["value"] for row in rows if row["epoch"] == 0}
    for l in (1, 2):
        assert by[l, "angle to the rule in rates"] == by[l, "angle to backprop in rates"]
        assert by[l, "angle to it for other labels"] != by[l, "angle to backprop in rates"]
    _, shown, *_ = followed(Symmetric(), schedule="constant")
    assert {rate for *_, rate in shown} == {1.0}
    rows, *_ = followed(TwoPopulations(way=Symmetric()))
    assert {row["metric"] for row in rows} == {
        *(f"angle to {what}" for what in metrics), "angle to it on wrong answers",
    }  # fmt: skip


def test_what_wrong_answers_ask_for_is_what_they_alone_would():
    setting = event_driven.Setting(TwoPopulations(), (4, 3, 2))
    random = np.random.default_rng(0)
    W = {"w1": 0.01 * (2 + random.normal(size=12)), "w2": 0.01 * (2 + random.normal(size=6))}
    W |= setting.rule.draw(setting.sizes, course.streams(0))
    x, label = (part.numpy() for part in images(60, 4, 2))
    answers = in_rates.InRates.of(setting, W, x, label).a[-1].argmax(1)
    wrong = answers != label
    assert 0 < wrong.sum() < 60
    found = in_rates.where_wrong(setting, W, x, label)
    alone, _ = in_rates.changes(setting, W, x[wrong], label[wrong])
    every, _ = in_rates.changes(setting, W, x, label)
    np.testing.assert_allclose(found[1], alone[1])
    assert np.abs(every[1] - found[1]).max() > 1e-6


def test_where_a_rule_asks_for_nothing_there_is_no_angle(followed):
    """Predictions of errors are all zero at first, and here they stay so."""
    assert not followed(Synthetic())[0]
    with pytest.raises(ValueError, match="epochs is 2, expected 1"):
        followed(Symmetric(), epochs=2)


def test_nothing_but_what_is_asked_for_changes_meanwhile(network):
    """The feedback of a mirror has a rest, and so has the decay of Kolen-Pollack."""
    for rule in (WeightMirror(), KolenPollack()):
        learner, x, label = network(rule, image=40, settling=10)
        seen = {}
        show = learner.show

        def watched(x, label, rate, show=show, learner=learner, seen=seen):
            before = {name: np.array(w) for name, w in learner.W.items()}
            show(x, label, rate)
            seen |= {name: np.abs(w - before[name]).max() for name, w in learner.W.items()}

        learner.show = watched
        course.asked(learner, x, label)
        assert seen["feedback1"] < 1e-4 and 0 < seen["w1"] < 1e-7


def test_with_attention_errors_are_those_after_the_choice(network):
    learner, x, label = network(Attention())
    net, _ = in_rates_of(learner, x, label)
    t = np.arange(451, 800, 1e-2)
    risen = (1 - np.exp(-t / 20)).mean()
    want = 0.02 * (risen * net.a[3] - 200 * np.eye(4)[label])
    np.testing.assert_allclose(net.e, want, rtol=1e-4)
    short = replace(learner.setting, image=60, settling=15)
    e = in_rates.InRates.of(short, learner.W, x.numpy(), label.numpy()).e
    t = np.arange(38, 60, 1e-3)
    want = 0.02 * ((1 - np.exp(-t / 20)).mean() * net.a[3] - 200 * np.eye(4)[label])
    np.testing.assert_allclose(e, want, rtol=1e-3)


def test_in_steps_of_1_ms_neurons_fire_more_than_in_closed_form_by_a_fifth_at_40_mV():
    p, drive = event_driven.PARAMETERS, np.array([20.0, 40.0])
    group = NeuronGroup(
        2, neurons.MEMBRANE + "I : volt (constant)", **neurons.SPIKES, method="euler", dt=1 * ms,
        namespace=p,
    )  # fmt: skip
    group.I = drive * mV
    count = SpikeMonitor(group, record=False)
    Network(group, count).run(1 * second)
    more = np.asarray(count.count) / in_rates.firing(drive, p)
    assert 1.0 < more[0] < more[1] and more[1] == pytest.approx(1.2, abs=0.05)
