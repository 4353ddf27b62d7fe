"""Recirculation by spikes: against a plain loop, in what must not move, and in rates."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brian2 import mV
from test_event_driven import corners
from test_two_phases import angle, one_phase, p

from credit.spiking import neurons, online, simulation, two_phases
from credit.spiking.contrasts.recirculation import Recirculation
from credit.spiking.simulation import Simulation
from credit.spiking.two_phases import Setting
from credit.tasks import data

SMALL = Setting(
    Recirculation(lam=0.3), (12, 9, 12), dataset="mnist-pixels", phase=50, settling=15, white=160.0,
    target=200.0, spread=30.0, learning_rate=0.3, hidden_rate=0.2, chunk=5,
)  # fmt: skip


def values_of(setting, seed=0):
    """A set of values for one run of the network, in SI."""
    n, random = setting.sizes, np.random.default_rng(seed)
    images = random.random((setting.chunk, n[0]))
    values = {"pixels": images.repeat(2, axis=0), "first": random.random(n[0]), "learning": 1.0}
    values["label"] = images * setting.white / setting.target
    for l in (1, 2):
        w = random.normal(0, setting.spread / np.sqrt(n[l - 1]), n[l - 1] * n[l])
        values[f"w{l}"] = (w + 4) * 1e-3  # a bias, or these small layers would be silent
        values[f"eta{l}"] = 1e-3 * (setting.learning_rate if l == 2 else setting.hidden_rate)
    return values | setting.rule.values(n)


def plain_loop(setting, values):
    """The same in numpy: weights in SI, "scores" and "spikes" of the layers."""
    values = {name: np.asarray(value, float) for name, value in values.items()}
    n, lam, learning = setting.sizes, values["lam"], values["learning"]
    w = {l: 1e3 * values[f"w{l}"].reshape(n[l - 1], n[l]) for l in (1, 2)}
    eta = {l: 1e3 * values[f"eta{l}"] for l in w}
    full = setting.target * 1e-3 * (setting.phase - setting.settling)
    scores, spikes = [], [np.zeros(size) for size in n]
    for image in range(setting.chunk):
        passes = []
        for again in (False, True):
            pixels = values["pixels"][2 * image + again]
            if again and learning:
                made = passes[0][2] * setting.target / setting.white
                pixels = lam * pixels + (1 - lam) * made
            late, every, v = one_phase(
                setting, w, {1: np.zeros((n[2], n[1]))}, pixels, values["first"], None, None
            )
            scores.append(late[2] + np.clip(v / p["v_th"], 0, 0.999))
            passes.append([late[l] / full for l in range(3)])
            spikes = [spikes[l] + every[l] for l in range(3)]
        (_, h, y), (v, h_again, _) = passes
        w[2] = w[2] + eta[2] * np.outer(h, values["label"][image] - y)
        w[1] = w[1] + eta[1] * np.outer(v, h - h_again)
    # the run ends in the first step of another phase
    spikes[0] += values["first"] + values["pixels"][-1] * setting.white * 1e-3 > 1
    learned = {f"w{l}": 1e-3 * w[l].ravel() for l in w}
    return learned | {"scores": np.array(scores), "spikes": spikes}


@pytest.fixture(scope="module")
def program():
    """The network SMALL, in numpy."""
    return Simulation(lambda: two_phases.build(SMALL), "small", "numpy")


def test_the_network_does_what_a_plain_loop_does(program):
    values = values_of(SMALL)
    got, want = program.run(values), plain_loop(SMALL, values)
    for name in ("w1", "w2"):
        np.testing.assert_allclose(got[name], want[name], rtol=0, atol=1e-15, err_msg=name)
        assert np.abs(got[name] - values[name]).max() > 1e-5
    np.testing.assert_allclose(got["scores"].T[1:], want["scores"], rtol=0, atol=1e-9)
    spikes = [got[f"count_{layer}"] for layer in ("input", "hidden1", "output")]
    for counted, expected in zip(spikes, want["spikes"], strict=True):
        np.testing.assert_array_equal(counted, expected)
        assert counted.sum() > 50


def test_where_the_image_comes_again_only_the_way_down_learns(program):
    """lam = 1: both passes are the same spike by spike. And of this alone the way up knows."""
    values = values_of(SMALL)
    same = program.run(values | {"lam": 1.0})
    np.testing.assert_array_equal(same["w1"], values["w1"])
    np.testing.assert_array_equal(same["scores"][:, 1::2], same["scores"][:, 2::2])
    assert np.abs(same["w2"] - values["w2"]).max() > 1e-4
    # what is wanted changes the way down, and the way up only by what that makes
    fixed = values | {"eta2": 0.0}
    other = fixed | {"label": 1 - values["label"]}
    np.testing.assert_array_equal(program.run(fixed)["w1"], program.run(other)["w1"])


def test_where_nobody_learns_every_phase_answers_for_its_own_image(program):
    values = values_of(SMALL) | {"learning": 0.0, "eta1": 0.0, "eta2": 0.0}
    different = np.random.default_rng(5).random((2 * SMALL.chunk, SMALL.sizes[0]))
    got = program.run(values | {"pixels": different})["scores"][:, 1:]
    for phase in (0, 1):
        alone = different[phase::2].repeat(2, axis=0)
        alone = program.run(values | {"pixels": alone})["scores"][:, 1:]
        np.testing.assert_array_equal(got[:, phase::2], alone[:, ::2])
    assert (got[:, ::2] != got[:, 1::2]).any()


@pytest.fixture
def learner(monkeypatch, program):
    """Of SMALL; `seen` are the values of its runs."""
    seen = []

    def run(values, seed):
        seen.append(values)
        return program.run(values)

    monkeypatch.setattr(two_phases, "_simulation", lambda setting: SimpleNamespace(run=run))
    learner = online.Learner(SMALL, 2)
    learner.seen = seen
    return learner


def test_an_answer_is_the_image_as_the_free_phase_reconstructs_it(learner):
    """In the same units: an output neuron that fires as a white pixel does answers 1."""
    x = torch.rand(5, 12, generator=torch.Generator().manual_seed(1))
    other = x.roll(1, 0)
    answers, _ = learner.show(x, x, rate=0.5, teacher=other)
    (run,) = learner.seen
    np.testing.assert_array_equal(run["pixels"], np.stack((x, other), 1).reshape(10, 12))
    np.testing.assert_allclose(run["label"], x * SMALL.white / SMALL.target)
    assert (run["eta1"], run["eta2"], run["lam"]) == (0.5 * 0.2e-3, 0.5 * 0.3e-3, 0.3)
    free = plain_loop(SMALL, run)["scores"][::2]
    np.testing.assert_allclose(answers, free / (SMALL.white * 35e-3))
    shown, _ = learner.show(x.repeat(2, 1), x.repeat(2, 1))
    assert shown.shape == (10, 12)
    np.testing.assert_array_equal(shown[:5], shown[5:])


def test_errors_are_counted_in_units_of_the_variance_of_all_pixels_together():
    x = torch.tensor([[0.0, 1.0, 0.5], [2.0, 1.0, 0.0]])  # variances 1, 0, 1/16
    assert online.missed(x.mean(0).expand(2, 3), x) == pytest.approx(1)
    assert online.missed(x + torch.tensor([1.0, 0.0, 0.0]), x) == pytest.approx(2 / 2.125)


def test_other_images_are_mixed_in_where_it_is_shuffled(monkeypatch):
    """run() hands the second pass another image of the same chunk; its own otherwise."""
    shown = []

    def show(self, x, label, rate=0.0, teacher=None):
        if rate > 0:
            shown.append((x, teacher))
        counts = dict.fromkeys(("input", "hidden1", "output"), 0.0)
        return torch.zeros_like(x), counts

    monkeypatch.setattr(online.Learner, "show", show)
    monkeypatch.setattr(two_phases, "_simulation", lambda setting: None)
    monkeypatch.setattr(data, "load", pictures)
    setting = replace(TASK, epochs=1)
    for shuffled in (False, True):
        two_phases.run(replace(setting, rule=Recirculation(shuffled=shuffled)), 0)
    own, others = shown[:4], shown[4:]
    assert all((x == teacher).all() for x, teacher in own)
    for x, teacher in others:
        assert (x != teacher).any(1).float().mean() > 0.8
        np.testing.assert_array_equal(np.sort(x, 0), np.sort(teacher, 0))


@pytest.mark.parametrize("sizes", [(12, 9, 11), (12, 9, 9, 12)], ids=str)
def test_a_network_that_cannot_reconstruct_its_input_is_refused(sizes):
    with pytest.raises(
        ValueError, match=r"recirculation needs sizes n-m-n, got \(12, 9"
    ) as refused:
        Setting(Recirculation(), sizes, dataset="mnist-pixels")
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="recirculation reconstructs images, mnist has classes"):
        two_phases.run(Setting(Recirculation(), (784, 9, 784)), 0)


@pytest.mark.parametrize("lam", [-0.1, 1.0, "much"])
def test_a_regression_that_leaves_nothing_to_learn_from_is_refused(lam):
    with pytest.raises(ValueError, match=f"lam is {lam!r}, expected at least 0 and less than 1"):
        Recirculation(lam=lam)


def in_rates(setting, w1, w2, pixels):
    """v+ and h- - h+ of neurons that have the rates of the closed form, Hz."""
    f_I = [two_phases.PARAMETERS[name] for name in ("tau_m", "t_ref", "v_th")]
    tau, lam = p["tau_s"] * 1e-3, setting.rule.lam

    def up(x):
        return np.asarray(neurons.rate((tau * x @ w1 + setting.bias) * mV, *f_I))

    def down(h):
        return np.asarray(neurons.rate(tau * h @ w2 * mV, *f_I))

    x = pixels * setting.white
    again = lam * x + (1 - lam) * down(up(x))
    return again, up(x) - up(again)


def test_the_change_of_the_way_up_turns_towards_that_of_the_rate_rule():
    """By the network itself; to what other hidden neurons are told in rates it does not."""
    own, control = [], []
    for phase in (60, 960):
        setting = replace(SMALL, sizes=(40, 20, 40), phase=phase, settling=phase // 4, chunk=1)
        program = Simulation(lambda setting=setting: two_phases.build(setting), "bridge", "numpy")
        off = []
        for seed in range(3):
            random = np.random.default_rng(seed)
            w1, w2 = random.normal(1.5, 2.0, (40, 20)), random.normal(2.0, 2.0, (20, 40))
            pixels, first = random.random((2, 40))
            values = {"pixels": np.stack([pixels, pixels]), "label": pixels[None], "eta2": 0.0}
            values |= {"w1": 1e-3 * w1.ravel(), "w2": 1e-3 * w2.ravel(), "first": first}
            values |= {"eta1": 1e-3, "learning": 1.0} | setting.rule.values(setting.sizes)
            change = program.run(values)["w1"].reshape(w1.shape) - 1e-3 * w1
            again, told = in_rates(setting, w1, w2, pixels)
            rules = [np.outer(again, np.roll(told, shift)) for shift in range(20)]
            right, *wrong = (angle(change, rule) for rule in rules)
            off.append([right, np.mean(wrong)])
        own.append(np.mean(off, 0)[0])
        control.append(np.mean(off, 0)[1])
    assert own[1] < 0.6 * own[0] and own[1] < 0.4 * control[1]


def pictures(name):
    """Pictures with a bright row, to be reconstructed."""
    known = corners(name)
    splits = [data.Split(s.x, s.x) for s in (known.train, known.test)]
    return replace(known, train=splits[0], validation=splits[1], test=splits[1])


TASK = Setting(
    Recirculation(lam=0.25), (16, 6, 16), dataset="pictures", phase=60, settling=10, white=150.0,
    target=200.0, spread=40.0, learning_rate=2.0, hidden_rate=2.0, chunk=40, epochs=6,
)  # fmt: skip


@pytest.mark.slow  # compiles one program: half a minute when the machine is free
def test_the_compiled_program_has_the_same_numbers_and_learns(monkeypatch):
    """0.27, 0.44 and 0.35 of the variance are left on three seeds, with hidden synapses fixed 0.25,
    0.97 and 0.43. In so small a task a second pass mixed with another image does no harm."""
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    values = values_of(TASK)
    shown = Simulation(lambda: two_phases.build(TASK), "small", "numpy").run(values)
    compiled = Simulation(lambda: two_phases.build(TASK), "test-recirculation", "cpp_standalone")
    got = compiled.run(values)
    assert shown["count_hidden1"].sum() > 100
    for name in shown:
        np.testing.assert_allclose(got[name], shown[name], rtol=0, atol=1e-9, err_msg=name)
    monkeypatch.setattr(two_phases, "_simulation", lambda setting: compiled)
    monkeypatch.setattr(data, "load", pictures)

    def left(seed, **changes):
        rows = two_phases.run(replace(TASK, **changes), seed)
        (error,) = [row["value"] for row in rows if row["metric"] == "test nMSE"]
        return error

    learned, fixed = (
        [left(k, **changes) for k in range(3)] for changes in ({}, {"hidden_rate": 0.0})
    )
    assert max(learned) < 0.6 and np.mean(learned) < 0.8 * np.mean(fixed)
