"""SuperSpike: closed forms, Brian2 beside torch, two code generators, learning with its control."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from credit.runs.store import Job
from credit.spiking import neurons, simulation, superspike
from credit.spiking import superspike_torch as fast
from credit.spiking.simulation import Simulation
from credit.spiking.superspike import ONE_SPIKE, Setting, SuperSpike
from credit.spiking.superspike_torch import Constants

SMALL = Setting(
    SuperSpike("random"), (12, 3, 2), input_rate=120.0, targets=3, trial=60.0, trials=2, rate=2e-3,
    falls=(), spread=0.4,
)  # fmt: skip
C = Constants()
FINE = Constants(dt=0.01)


def impulse(c, ms=100.0):
    x = torch.zeros(round(ms / c.dt), dtype=torch.float64)
    x[0] = 1
    return x, c.dt * torch.arange(len(x), dtype=torch.float64)


# closed forms


def test_the_filter_is_a_difference_of_two_exponentials():
    x, t = impulse(FINE)
    want = (torch.exp(-t / 10) - torch.exp(-t / 5)) * 5 / (10 - 5)
    torch.testing.assert_close(fast.double(x, FINE), want, rtol=0, atol=2e-3)
    other = Constants(dt=0.01, tau_rise=4.0)
    assert (fast.double(x, other) - want).abs().max() > 2e-2


def test_a_spike_makes_the_postsynaptic_potential_of_the_closed_form():
    """Peak w / 4 after 6.93 ms."""
    x, t = impulse(FINE)
    v, S = fast.layer(20.0 * x[:, None], FINE)
    want = torch.as_tensor(neurons.potential(t.numpy(), 20.0, 10.0, 5.0))
    torch.testing.assert_close(v[:, 0], want, rtol=0, atol=2e-2)
    assert v.max() == pytest.approx(5, rel=2e-3) and not S.any()
    assert float(t[v.argmax()]) == pytest.approx(10 * np.log(2), abs=0.05)


def test_one_unmatched_spike_costs_what_the_closed_form_says_and_a_matched_one_nothing():
    x, _ = impulse(FINE, ms=300.0)
    cost = fast.double(x, FINE).square().sum() * FINE.dt
    assert float(cost) == pytest.approx(ONE_SPIKE, rel=5e-3)
    late = torch.roll(x, round(100 / FINE.dt))
    apart = fast.double(x - late, FINE).square().sum() * FINE.dt
    assert float(apart) == pytest.approx(2 * ONE_SPIKE, rel=1e-2)
    assert fast.double(x - x, FINE).abs().max() == 0


def test_neurons_are_silent_for_the_refractory_period():
    J = torch.full((2000, 1), 5.0, dtype=torch.float64)
    _, S = fast.layer(J, C)
    intervals = torch.diff(torch.nonzero(S[:, 0]).ravel())
    assert len(intervals) > 10 and intervals.min() >= round(C.t_ref / C.dt)
    _, other = fast.layer(J, replace(C, t_ref=1.0))
    assert other.sum() > 1.5 * S.sum()


def test_the_surrogate_is_one_at_threshold_and_never_zero():
    at = C.slope(torch.tensor([10.0, 0.0, 20.0], dtype=torch.float64))
    torch.testing.assert_close(at, torch.tensor([1, 1 / 121, 1 / 121], dtype=torch.float64))


# the rate per parameter


def test_the_first_step_has_the_size_of_the_rate_and_no_step_is_larger():
    g = torch.tensor([3.0, -1e-5, 0.0], dtype=torch.float64)
    w = torch.zeros(3, dtype=torch.float64)
    optimiser = fast.RMaxProp(w, gamma=0.9, bound=1.0)
    optimiser.step(g, 0.01)
    torch.testing.assert_close(w, torch.tensor([0.01, -0.01, 0]).double(), rtol=1e-6, atol=1e-12)
    before = w.clone()
    optimiser.step(0.1 * g, 0.01)
    moved = (w - before).abs()
    assert (moved[:2] < 0.0011).all() and (moved[:2] > 0.001).all()  # 0.1 / sqrt(0.9)
    for _ in range(200):
        optimiser.step(g, 0.01)
    assert w.abs().max() <= 1.0


# traces


def traces(seed=0, T=60, shape=(2,)):
    g = torch.Generator().manual_seed(seed)

    def draw(n):
        return torch.randn(T, *shape, n, generator=g, dtype=torch.float64)

    return draw(4).abs(), draw(3).abs(), draw(3)


@pytest.mark.parametrize("second", [True, False])
def test_summed_in_another_order_the_change_is_the_same(second):
    zt, slope, e = traces()
    found = fast.reordered(zt, slope, e, C, second)
    want = fast.changes(zt, slope, e, C, second)
    torch.testing.assert_close(found, want, rtol=0, atol=1e-12)
    assert (fast.reordered(zt, slope, e, C, not second) - want).abs().max() > 1e-3


def test_the_filter_backwards_is_the_adjoint():
    zt, _, e = traces()
    x, p = zt[..., :3], e
    found = (fast.double_backwards(p, C) * x).sum()
    torch.testing.assert_close(found, (p * fast.double(x, C)).sum(), rtol=0, atol=1e-12)
    assert abs(found - (p * fast.double(x.flip(0), C)).sum()) > 1e-3


# Brian2 beside torch


def numpy_run(setting, values):
    return Simulation(lambda: superspike.build(setting), "superspike-small", "numpy").run(values)


def in_torch(setting, values):
    """One trial: {what Brian2 reads at its end}, weights in mV."""
    n = setting.sizes
    W = [1e3 * torch.as_tensor(values[f"w{l}"]).view(n[l - 1], n[l]) for l in range(1, len(n))]
    x, target = (torch.as_tensor(values[name]) for name in ("stimulus", "target"))
    v1, S1 = fast.layer(x @ W[0], C)
    v2, S2 = fast.layer(S1 @ W[1], C)
    arriving = target - S2
    back = W[1].T / 1e3 if values["transported"] else torch.as_tensor(values["b"]).view(n[2], n[1])
    e = [fast.double(arriving @ back, C), fast.double(arriving, C)]
    m = [
        fast.changes(fast.double(pre, C), C.slope(v), error, C)
        for pre, v, error in zip((x, S1), (v1, v2), e, strict=True)
    ]
    return {"v": (v1, v2), "S": (S1, S2), "e": e, "m": m}


@pytest.mark.parametrize("feedback", ["random", "symmetric"])
def test_brian2_and_torch_have_the_same_potentials_traces_and_updates(feedback):
    setting = replace(SMALL, rule=SuperSpike(feedback))
    values = superspike.drawn(setting, seed=3)
    once = numpy_run(replace(setting, trials=1), values | {"rate": values["rate"][:1]})
    want = in_torch(setting, values)
    assert once["count_hidden"].sum() == want["S"][0].sum() > 5
    step, unit = torch.nonzero(want["S"][1]).T.numpy()
    assert len(step) > 3
    np.testing.assert_array_equal(np.rint(once["spike_t"] / 1e-4).astype(int), step)
    np.testing.assert_array_equal(once["spike_i"], unit)
    for l, name in enumerate(("hidden", "output")):
        v = want["v"][l][-1] * (1 - want["S"][l][-1])
        np.testing.assert_allclose(1e3 * once[f"v_{name}"], v, rtol=0, atol=1e-9)
        m = want["m"][l].numpy().ravel()
        np.testing.assert_allclose(once[f"m{l + 1}"], m, rtol=0, atol=1e-9)
        assert np.abs(m).max() > 1e-3
    np.testing.assert_allclose(once["e_hidden"], want["e"][0][-1], rtol=0, atol=1e-9)
    cost = want["e"][1][:-1].square().sum(0) * C.dt
    np.testing.assert_allclose(once["cost"], cost, rtol=0, atol=1e-9)

    twice = numpy_run(setting, values)  # the weights change once, before the second trial
    for l in (1, 2):
        w = torch.as_tensor(values[f"w{l}"]).clone()
        g = want["m"][l - 1].ravel() / setting.trial
        p = superspike.PARAMETERS
        fast.RMaxProp(w, p["gamma"], p["w_max"], p["epsilon"]).step(g, setting.rate)
        np.testing.assert_allclose(twice[f"w{l}"], w, rtol=0, atol=1e-9)
        assert np.abs(twice[f"w{l}"] - values[f"w{l}"]).max() > 1e-3


@pytest.mark.slow  # compiles one program: half a minute when the machine is free
def test_the_compiled_program_has_the_same_numbers_and_learns_where_weights_may_change():
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    setting = replace(SMALL, sizes=(40, 3, 1), targets=2, trials=150, spread=0.05)
    few = replace(setting, trials=2)
    values = superspike.drawn(few, seed=1)
    shown = numpy_run(few, values)
    program = Simulation(lambda: superspike.build(setting), "superspike-test", "cpp_standalone")

    def learn(feedback, rate):
        chosen = replace(setting, rule=SuperSpike(feedback), rate=rate)
        got = program.run(superspike.drawn(chosen, seed=1))
        return np.append(got["costs"].mean(0), got["cost"].mean()), got

    first = np.where(np.arange(setting.trials) < 2, few.rate, 0.0)
    stopped = program.run(superspike.drawn(setting, seed=1) | {"rate": first})
    assert np.abs(shown["w1"] - values["w1"]).max() > 1e-4
    for w in ("w1", "w2"):
        np.testing.assert_allclose(stopped[w], shown[w], rtol=0, atol=1e-9)
    np.testing.assert_allclose(stopped["costs"][:, :2], shown["costs"], rtol=0, atol=1e-9)
    learned, got = learn("symmetric", 2e-3)
    silent, off = learn("symmetric", 0.0)
    np.testing.assert_array_equal(off["w1"], superspike.drawn(setting, seed=1)["w1"])
    before, after = np.diff(silent)[-10:].mean(), np.diff(learned)[-10:].mean()
    assert after < 0.25 * before
    assert got["count_hidden"].sum() > 20 and len(got["spike_t"]) > 20


# settings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sizes": (100, 4, 4, 1)}, "sizes has one hidden layer or none"),
        ({"rate": -1.0}, "rate is -1.0, expected at least 0"),
        ({"targets": 80}, "targets is 80: so many do not fit 500 ms"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_an_impossible_setting_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Setting(**wrong)


def test_an_unknown_feedback_is_refused():
    with pytest.raises(ValueError, match="feedback is 'telepathy', expected one of random"):
        SuperSpike("telepathy")


def test_the_run_store_knows_a_run_that_draws_its_own_data():
    job = Job("spiking", Setting(), 0, run="credit.spiking.superspike:run")
    assert (job.method, job.name) == ("superspike", "4 random")
    assert job.key != replace(job, setting=Setting(rate=0.0)).key


def test_what_is_drawn_depends_on_the_seed_and_feedback_on_the_rule_alone():
    one, again, other = (superspike.drawn(SMALL, seed) for seed in (0, 0, 1))
    for name in ("stimulus", "w1", "b"):
        np.testing.assert_array_equal(one[name], again[name])
        assert (one[name] != other[name]).any()
    uniform = superspike.drawn(replace(SMALL, rule=SuperSpike("uniform")), 0)
    np.testing.assert_array_equal(uniform["w1"], one["w1"])
    assert (uniform["b"] == 1).all()
    assert superspike.drawn(replace(SMALL, rule=SuperSpike("symmetric")), 0)["transported"] == 1
