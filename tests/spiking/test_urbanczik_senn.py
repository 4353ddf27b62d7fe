"""The dendrite's prediction: closed forms, a plain loop, two code generators, and controls."""

import numpy as np
import pytest
from brian2 import ms, mV, nS, pA

from credit.spiking import simulation, urbanczik_senn
from credit.spiking.interpreted import interpreted
from credit.spiking.simulation import Simulation
from credit.spiking.urbanczik_senn import PARAMETERS, attenuation, potential

p = {name: float(value) for name, value in PARAMETERS.items()}  # SI
DT = float(urbanczik_senn.DT)
FEW = 12  # inputs of a small one


def on_numpy(values, repetitions=0, inputs=FEW):
    return Simulation(lambda: urbanczik_senn.build(repetitions, inputs), "dendrite", "numpy").run(
        values
    )


def silent(teacher=0.0, **changes):
    """One input spikes once, at 1 ms of every period, and the soma never does."""
    values = urbanczik_senn.values(0, 0, eta=0.0, teacher=teacher, inputs=FEW)
    values["pattern"] = np.zeros_like(values["pattern"])
    values["pattern"][10, 0] = 1
    return values | {"dice": np.ones_like(values["dice"])} | changes


@pytest.fixture(scope="module")
def one_spike():
    return on_numpy(silent())


def test_a_psp_has_its_closed_form_at_the_dendrite(one_spike):
    star = 1e3 * one_spike["V_star"].ravel()[:60] + 70  # mV above rest, every ms
    t = np.arange(60) - 1.1  # in the step after the spike
    want = attenuation() * potential(np.maximum(t, 0), urbanczik_senn.START)
    np.testing.assert_allclose(star, want, rtol=0, atol=0.04 * want.max())  # steps of 0.1 ms
    other = attenuation() * potential(np.maximum(t, 0), urbanczik_senn.START, tau_L=15.0)
    assert np.abs(star - other).max() > 0.1 * want.max()  # the test above can fail


def test_the_soma_follows_what_is_left_of_the_dendrite(one_spike):
    """The coupling is fast, C/(gL + gD) = 0.5 ms, beside a PSP."""
    assert attenuation() == pytest.approx(600 / 630)
    soma, star = (1e3 * one_spike[name].ravel() for name in ("U", "V_star"))
    np.testing.assert_allclose(soma[4:60], star[4:60], rtol=0, atol=0.12 * (star + 70).max())
    assert np.abs(star + 70).max() > 0.2


def steady(w):
    """U, V* and U_M in mV under constant input currents of w pA into the dendrite and a constant
    teacher."""
    model = urbanczik_senn.build(0, 1)
    soma, X, S = (
        next(o for o in model.network.objects if o.name == name)
        for name in ("soma", "inputs", "plastic")
    )
    X.I, X.namespace["tau_s"] = 1, 1e9 * ms
    S.w = w * pA
    soma.teacher, soma.offset, soma.amplitude = 1, 100 * nS, 0 * nS
    soma.namespace["before"], soma.namespace["teaching"] = 0 * ms, 1e9 * ms
    with interpreted():
        model.network.run(150 * ms)
    return (np.asarray(getattr(soma, name) / mV).item() for name in ("U", "V_star", "U_M"))


def test_the_soma_settles_where_currents_balance_and_the_teacher_is_a_fixed_point():
    """U = (gL EL + gD V + gE EE + gI EI)/(gL + gD + gE + gI); and U = U_M if V* = U_M, so that the
    error vanishes on average."""
    g = {name: p[name] * 1e9 for name in ("gL", "gD", "gI")} | {"gE": 100.0}  # nS
    U_M = g["gI"] * -75 / (g["gE"] + g["gI"])
    V = ((g["gL"] + g["gD"]) * U_M + 70 * g["gL"]) / g["gD"]  # so that V* = U_M
    U, star, target = steady((V + 70) * g["gL"])
    assert target == pytest.approx(U_M, abs=1e-9)
    np.testing.assert_allclose([U, star], U_M, rtol=0, atol=1e-4)
    U, star, _ = steady(0.0)
    want = (g["gL"] * -70 + g["gD"] * -70 + g["gI"] * -75) / sum(g.values())
    np.testing.assert_allclose(U, want, rtol=0, atol=1e-6)
    assert abs(U - star) > 1  # it is drawn away from anywhere else


def plain_loop(values, repetitions):
    """The same neuron step by step, numpy and SI: weights, U every ms, spikes."""
    inputs, steps = len(values["w"]), round(urbanczik_senn.PERIOD * 1e-3 / DT)
    current, PSP, elig = np.zeros((3, inputs))
    w, U, free = values["w"].copy(), p["EL"], 0
    seen, spikes = [], []
    start = urbanczik_senn.UNTAUGHT * steps
    for now in range(steps * (repetitions + 2 * urbanczik_senn.UNTAUGHT)):
        t, phase = now * DT, now % steps
        V = p["EL"] + w @ PSP
        star = (p["gL"] * p["EL"] + p["gD"] * V) / (p["gL"] + p["gD"])
        gE = values["offset"] + values["amplitude"] * np.sin(2 * np.pi * values["frequency"] * t)
        taught = values["teacher"] * (start <= now < start + repetitions * steps)
        if now % 10 == 0:
            seen.append(U)

        def rate(u):
            return p["phi_max"] / (1 + p["k"] * np.exp((p["theta"] - u) / p["width"]))

        def h(u):
            return 1 / (p["width"] * (1 + np.exp((u - p["theta"]) / p["width"]) / p["k"]))

        PSP, current = (
            PSP + DT / p["tau_L"] * (current / p["gL"] - PSP), current * (1 - DT / p["tau_s"])
        )  # fmt: skip
        w = w + values["eta"] * elig * DT
        elig = elig - DT * (rate(star) * h(star) * PSP + elig) / p["tau_P"]
        U = U + DT / p["C"] * (
            p["gL"] * (p["EL"] - U) + p["gD"] * (V - U)
            + taught * (gE * (p["EE"] - U) + p["gI"] * (p["EI"] - U))
        )  # fmt: skip
        if now >= free and values["dice"][now] < rate(U) * DT:
            spikes.append(t)
            free = now + round(p["t_ref"] / DT)
            elig = elig + h(star) * PSP / p["tau_P"]
        current = current + values["pattern"][phase]
        w = np.clip(w, 0, p["w_max"])
    return w, np.array(seen), np.array(spikes)


def learning(repetitions, inputs=FEW):
    """Values of a run in which a few inputs fire often."""
    values = urbanczik_senn.values(repetitions, 3, eta=50 * urbanczik_senn.ETA, inputs=inputs)
    random = np.random.default_rng(1)
    values["pattern"] = (random.random(values["pattern"].shape) < 0.01).astype(float)
    return values | {"w": values["w"] * 3}


def test_the_neuron_does_what_a_plain_loop_does():
    values = learning(0)  # untaught: spikes, and the teacher of the fixed point is tested above
    got = on_numpy(values, 0)
    w, seen, spikes = plain_loop(values, 0)
    np.testing.assert_allclose(got["spikes"], spikes, rtol=0, atol=1e-9)
    assert len(spikes) > 10
    np.testing.assert_allclose(got["U"].ravel(), seen, rtol=0, atol=1e-12)
    np.testing.assert_allclose(got["w"], w, rtol=1e-9, atol=0)
    assert np.abs(got["w"] / values["w"] - 1).max() > 0.01  # and it is not about nothing


@pytest.mark.slow  # compiles one program: half a minute when the machine is free
def test_the_compiled_neuron_has_the_same_numbers_and_learns_only_from_a_teacher():
    """Everything that needs the compiler, on one program."""
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    repetitions = 40
    program = urbanczik_senn.simulation(repetitions)
    values = urbanczik_senn.values(repetitions, 0)
    shown = on_numpy(values | {"dice": values["dice"][: 4 * 2000]}, 0, urbanczik_senn.INPUT)
    got = program.run(values | {"teacher": 0.0})
    for name in ("U", "V_star"):
        np.testing.assert_allclose(
            got[name].ravel()[:400], shown[name].ravel()[:400], rtol=0, atol=1e-9
        )
    assert np.ptp(shown["V_star"]) > 1e-3

    def rms(**given):
        seen = urbanczik_senn.learn(repetitions, **given)
        found = urbanczik_senn.distances(seen)["rms"]
        return found.iloc[0], found.iloc[-1], seen

    before, after, seen = rms()
    assert after < 0.6 * before and len(seen["spikes"]) > 100 and seen["heard"] > 1000
    still = rms(eta=0.0)
    assert still[1] == pytest.approx(still[0], rel=1e-6)
    untaught = rms(teacher=0.0)
    assert untaught[1] > 1.3 * after
    assert urbanczik_senn.simulation(repetitions) is program
