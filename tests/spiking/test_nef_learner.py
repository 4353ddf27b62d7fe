"""The deep network that learns by spikes: against a plain loop, two code generators, controls."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from credit.runs.store import Job, sources
from credit.spiking import nef, nef_learner, simulation
from credit.spiking.nef_learner import NefLearner, NefSetting
from credit.spiking.simulation import Simulation

SMALL = NefSetting(
    NefLearner(scale=8.0), (4, 6, 5, 2), "", ensemble=4, image=60, settling=20, blackout=10,
    learning_rate=5.0, hidden_rate=3.0, spread=0.3, output_spread=0.3, chunk=3,
)  # fmt: skip
p = {name: float(value) for name, value in nef_learner.PARAMETERS.items()}


def values_of(setting, seed=0):
    """A set of values for one run of the network."""
    n, d, random = setting.sizes, setting.sizes[-1], np.random.default_rng(seed)
    chain = len(nef_learner.chain(setting))
    inputs = 2 * n[0] if setting.signs else n[0]
    values = {"values": random.normal(0, 0.7, (setting.chunk, n[0]))}
    values["teacher"] = random.normal(0, 0.7, (setting.chunk, chain * d))
    values["teacher"][:, :d] = values["teacher"][:, 3 * d :] = 0
    for l, (a, b) in enumerate(zip((inputs, *n[1:]), n[1:], strict=False), 1):
        values[f"w{l}"] = setting.spread * random.normal(0.4, 1, a * b)
    many = sum(d * setting.ensemble * width for width in n[1:-1])
    values["feedback"] = random.normal(0, 0.05, many)
    values |= {"eta_hidden": setting.hidden_rate, "eta": setting.learning_rate, "always": 0.0}
    return values | {"v": random.random(inputs)}


class Layer:
    """(LIF) neurons in a plain loop, in seconds; spikes of the last step in `fired`."""

    def __init__(self, n, tau_rc, v=0.0):
        self.tau, self.v, self.left = tau_rc, np.zeros(n) + v, np.zeros(n)
        self.fired, self.count = np.zeros(n, bool), np.zeros(n)

    def step(self, J):
        self.left -= 0.001
        span = np.clip(0.001 - self.left, 0, 0.001)
        self.v = np.clip(self.v - (J - self.v) * np.expm1(-span / self.tau), 0, 1e9)
        self.fired = self.v > 1
        late = self.tau * np.log1p(-(self.v[self.fired] - 1) / (J[self.fired] - 1))
        self.left[self.fired] = nef_learner.T_REF + 0.001 + late
        self.v[self.fired] = 0
        self.count += self.fired


def alpha(value, rise, tau):
    """Both states of an alpha synapse one step later, exactly."""
    q = np.exp(-0.001 / tau)
    value[:], rise[:] = q * (value + rise * 0.001 / tau), q * rise


def plain_loop(setting, given):
    """The same network step by step in numpy: {"w1", ..., "scores", "count"}."""
    n, d, E = setting.sizes, setting.sizes[-1], setting.ensemble
    names, L, tau = nef_learner.chain(setting), len(setting.sizes) - 1, setting.tau_rc
    signs = np.repeat([1.0, -1.0], n[0])
    fastest = np.random.default_rng(1).uniform(*nef_learner.RATES, len(signs))
    gain, bias = nef.gain_and_bias(fastest, 0.0, tau, nef_learner.T_REF)
    kinds = nef_learner.populations(setting)
    kinds = [kinds["output" if name == "output" else "error"] for name in names]
    decoders = [nef_learner.identity(kind) for kind in kinds]
    w = {l: given[f"w{l}"].reshape(-1, n[l]).copy() for l in range(1, L + 1)}
    parts, B = np.split(given["feedback"], np.cumsum([d * E * m for m in n[:0:-1][1:]])[:-1]), {}
    for l, part in zip(reversed(range(1, L)), parts, strict=True):
        B[l] = part.reshape(d * E, n[l])
    cells = {0: Layer(len(signs), tau, given["v"])} | {l: Layer(n[l], tau) for l in range(1, L)}
    groups = [Layer(d * E, tau) for _ in names]
    g, f, c, fc, Jf = ({l: np.zeros(n[l]) for l in range(1, L)} for _ in range(5))
    sums, rise = (np.zeros((len(names), d)) for _ in range(2))
    score, scores, kick = np.zeros((len(names), d)), [], 1 / p["tau_s"]
    for step in range(setting.chunk * setting.image + 1):
        image, phase = divmod(step, setting.image)
        image = min(image, setting.chunk - 1)
        if phase == 0:
            scores.append(score.ravel().copy())
            score[:] = 0
        told = given["teacher"][image].reshape(len(names), d)
        J = {l: 1 + g[l] for l in g}
        change = {
            l: -given["eta_hidden"] * p["kappa"] * c[l] * ((Jf[l] > 1) | bool(given["always"]))
            for l in g
        }
        change[L] = -given["eta"] * sums[2]
        x = sums + told
        x[1] *= phase >= setting.blackout
        currents = [
            (k.gain * k.encoders[:, 0] * np.repeat(row, E).reshape(d, E) + k.bias).ravel()
            for k, row in zip(kinds, x, strict=True)
        ]
        for l in g:
            alpha(g[l], f[l], p["tau_s"])
            alpha(c[l], fc[l], p["tau_s"])
            Jf[l] = J[l] + (Jf[l] - J[l]) * np.exp(-0.001 / p["tau_g"])
        alpha(sums, rise, p["tau_s"])
        cells[0].step(gain * signs * given["values"][image][np.arange(len(signs)) % n[0]] + bias)
        for l in g:
            cells[l].step(J[l])
        for group, current in zip(groups, currents, strict=True):
            group.step(current)
        for l in range(1, L + 1):
            fired = cells[l - 1].fired
            target = f[l] if l < L else rise[0]
            target += kick * p["area"] * (fired @ w[l])
            share = p["area"] if l < L else p["area"] / n[L - 1]
            w[l] += share * np.outer(fired, change[l])
        for k, group in enumerate(groups[:-1]):
            rise[k + 1] += kick * (group.fired.reshape(d, E) @ decoders[k])
        for k, l in enumerate(reversed(range(1, L)), 2):
            fc[l] += kick * (groups[k].fired @ B[l])
        score += sums * (phase >= setting.settling) / (setting.image - setting.settling)
    count = sum(layer.count.sum() for layer in [*cells.values(), *groups])
    return {f"w{l}": w[l].ravel() for l in w} | {"scores": np.array(scores), "count": count}


@pytest.fixture(scope="module")
def shown():
    """The network on numpy, and a run of it."""
    network = Simulation(partial(nef_learner.build, SMALL), "nef-small", "numpy")
    return network, network.run(values_of(SMALL))


def test_the_network_does_what_a_plain_loop_does(shown):
    values = values_of(SMALL)
    want = plain_loop(SMALL, values)
    for name in ("w1", "w2", "w3"):
        np.testing.assert_allclose(shown[1][name], want[name], rtol=0, atol=1e-9)
        assert np.abs(want[name] - values[name]).max() > 1e-4  # the test is about something
    np.testing.assert_allclose(shown[1]["scores"].T, want["scores"], rtol=0, atol=1e-9)
    counts = sum(shown[1][f"count_{g}"].sum() for g in ("input", "hidden", "population"))
    assert counts == want["count"] > 100


def test_without_plasticity_nothing_changes_and_the_gate_matters(shown):
    network, got = shown
    values = values_of(SMALL)
    still = network.run(values | {"eta": 0.0, "eta_hidden": 0.0})
    np.testing.assert_array_equal(still["w1"], values["w1"])
    np.testing.assert_array_equal(still["w3"], values["w3"])
    opened = network.run(values | {"always": 1.0})
    assert np.abs(opened["w1"] - got["w1"]).max() > 1e-5


def test_hidden_neurons_hear_another_error_and_the_output_does_not(shown):
    network, _ = shown
    values = values_of(SMALL) | {"eta_hidden": 0.0}
    teacher = values["teacher"].copy()
    teacher[:, 4:6] = 0
    one, other = network.run(values), network.run(values | {"teacher": teacher})
    np.testing.assert_array_equal(one["w3"], other["w3"])
    moved = network.run(values_of(SMALL) | {"teacher": teacher})
    assert np.abs(moved["w1"] - network.run(values_of(SMALL))["w1"]).max() > 1e-5


@pytest.mark.slow  # compiles one program
def test_the_compiled_program_has_the_same_numbers(shown):
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    program = Simulation(partial(nef_learner.build, SMALL), "nef-test", "cpp_standalone")
    got = program.run(values_of(SMALL))
    for name in ("w1", "w2", "w3", "scores", "count_hidden", "count_population"):
        np.testing.assert_allclose(got[name], shown[1][name], rtol=0, atol=1e-9, err_msg=name)
    other = program.run(values_of(SMALL, seed=1))
    assert np.abs(other["w1"] - got["w1"]).max() > 1e-3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sizes": (8, 3)}, "sizes needs at least one hidden layer"),
        ({"schedule": "cosine"}, "schedule is 'cosine', expected one of constant, linear"),
        ({"settling": 220}, "settling is 220 ms, expected less than"),
        ({"blackout": -1}, "blackout is -1 ms, expected less than"),
        ({"hidden_rate": -1.0}, "hidden_rate is -1.0, expected at least 0"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_an_impossible_setting_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        NefSetting(**wrong)


def test_unknown_feedback_and_gates_are_refused():
    with pytest.raises(ValueError, match="feedback is 'telepathy', expected one of spikes, none"):
        NefLearner("telepathy")
    with pytest.raises(ValueError, match="gate is 'ajar', expected one of step, open"):
        NefLearner(gate="ajar")


def test_the_error_is_one_for_silence_and_zero_for_the_target():
    t = torch.randn(20, 3)
    assert nef_learner.normalised_error(torch.zeros_like(t), t) == pytest.approx(1)
    assert nef_learner.normalised_error(t, t) == 0


def test_the_run_store_knows_a_run_by_its_setting_and_its_code():
    setting = NefSetting()
    job = Job("spiking", setting, 0, run="credit.spiking.nef_learner:run")
    assert job.function is nef_learner.run and job.method == "nef_learner"
    assert job.name == "80-80 spikes"
    other = replace(job, setting=replace(setting, rule=NefLearner(shuffled=True)))
    assert len({job.key, other.key, replace(job, seed=1).key}) == 3
    assert "credit.spiking.nef" in sources("credit.spiking.nef_learner")
