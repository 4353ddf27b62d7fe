"""A spike at the soma and input to the dendrite make a burst; either alone does not.

What the neuron is made of stands here once more in the units of the paper, Payeur et al. 2021,
ms, mV, pA, pF and nS (pA / pF is mV / ms), and is held against traces in steps of 0.1 ms.
"""

import numpy as np
import pytest
from brian2 import StateMonitor, ms, mV, pA
from scipy.linalg import expm

from credit.spiking import burst_neuron
from credit.spiking.burst_neuron import BACK, spikes

UNITS = {"v": mV, "w": pA, "theta": mV, "u": mV, "wd": pA, "K": 1}
DT = 0.1  # ms


@pytest.fixture(scope="module")
def answers():
    soma, dendrite = [2200, 0, 2200, 2200, 0], [0, 600, 600, 600, 0]
    return spikes(soma, dendrite, back=[BACK, BACK, BACK, 0, BACK])


def test_a_burst_needs_both_sites_and_the_spike_that_runs_back(answers):
    assert [len(times) for times in answers] == [1, 0, 2, 1, 0]


def test_the_two_spikes_are_a_burst(answers):
    assert 0 < np.diff(answers[2]).item() < 16  # ms, the criterion of Payeur et al. 2021


def test_the_dendrites_input_must_come_within_some_milliseconds():
    delays = np.array([-12, -4, 0, 4, 12])
    burst = [len(times) == 2 for times in spikes(2200, 700, delays)]
    assert burst == [False, True, True, True, False]


@pytest.fixture
def traces(monkeypatch):
    """traces(steps, pulses, leak, **start): every variable [neurons, steps + 1] of cells that begin
    with these values instead of rest, with `leak` without the currents g f(V_d)."""
    run = burst_neuron.run

    def made(steps, pulses=(0, 0), leak=False, **start):
        held = {}

        def watched(cells, *others, duration):
            for name, value in start.items():
                setattr(cells, name, np.asarray(value) * UNITS.get(name, ms))
            held["seen"] = StateMonitor(cells, list(UNITS), record=True, name="variables")
            run(cells, *others, held["seen"], duration=(steps + 1) * DT * ms)

        monkeypatch.setattr(burst_neuron, "run", watched)
        for strength in ("g_soma", "g_d") * leak:
            monkeypatch.setitem(burst_neuron.PARAMETERS, strength, 0 * pA)
        spikes(*pulses)
        seen = held["seen"]
        return {name: np.asarray(getattr(seen, name) / unit) for name, unit in UNITS.items()}

    return made


def test_every_variable_moves_as_its_equation_says(traces):
    """One step from states of all kinds; a spike 1 ms ago holds the soma and reaches the dendrite,
    one 2.9 ms ago only holds the soma."""
    v = np.array([-75, -70, -62, -55, -51, -60.0])
    u = np.array([-80, -60, -44, -38, -20, 10.0])
    w, theta, wd = (scale * np.arange(1, 7.0) for scale in (70, 3, -40))
    ago = np.array([1000, 1, 1000, 2.9, 1000, 50])
    seen = traces(1, (np.zeros(6), 0), v=v, u=u, w=w, theta=theta, wd=wd, lastspike=-ago)
    f = (1 + np.tanh((u + 38) / 12)) / 2
    expected = {
        "v": (ago > 3) * (-(v + 70) / 16 + (1300 * f - w) / 370),
        "w": -w / 100,
        "theta": -theta / 27,
        "u": -(u + 70) / 7 + (1200 * f + 2600 * (ago == 1) - wd) / 170,
        "wd": (13 * (u + 70) - wd) / 30,
    }
    for name, slope in expected.items():
        moved = (seen[name][:, 1] - seen[name][:, 0]) / DT
        np.testing.assert_allclose(moved, slope, rtol=0, atol=1e-9, err_msg=name)


def test_without_its_active_currents_it_decays_in_closed_form(traces):
    """v and theta as exponentials, u and its adaptation as one damped linear system."""
    seen = traces(300, leak=True, v=-55, u=-50, theta=5)
    t = DT * np.arange(301)
    system = np.array([[-1 / 7, -1 / 170], [13 / 30, -1 / 30]])
    u, wd = np.transpose([expm(system * time) @ [20, 0] for time in t])
    for name, expected, scale in (
        ("v", -70 + 15 * np.exp(-t / 16), 15),
        ("theta", 5 * np.exp(-t / 27), 5),
        ("u", -70 + u, 20),
        ("wd", wd, 260),
    ):
        off = np.abs(seen[name][0] - expected).max() / scale
        assert off < 0.01, name  # of Euler's method with steps of 0.1 ms
    assert u.min() < -0.5  # it undershoots: its adaptation outlasts it


def test_the_soma_is_driven_for_5_ms_and_the_dendrite_for_10(traces):
    """The currents, from what the membranes do: I = C dV/dt + C (V - E_L) / tau + w."""
    seen = traces(500, ([300, 0, 0], [0, 200, 200], [0, 0, -7]), leak=True)
    v, u, w, wd = (seen[name] for name in ("v", "u", "w", "wd"))
    soma = 370 * (np.diff(v) / DT + (v[:, :-1] + 70) / 16) + w[:, :-1]
    dendrite = 170 * (np.diff(u) / DT + (u[:, :-1] + 70) / 7) + wd[:, :-1]
    step = np.arange(500)
    pulse = (step >= 300) & (step < 350)
    np.testing.assert_allclose(soma, np.outer([300, 0, 0], pulse), rtol=0, atol=1e-6)
    pulses = [(step >= start) & (step < start + 100) for start in (300, 300, 230)]
    expected = np.array([[0], [200], [200]]) * pulses
    np.testing.assert_allclose(dendrite, expected, rtol=0, atol=1e-6)


def test_it_fires_above_a_threshold_that_every_spike_raises(traces):
    """-50 mV + theta; then v is -70 mV, w has grown by 200 pA and theta by 2 mV."""
    theta = np.array([0, 0, 7.0, 7.0])
    later = theta * (1 - DT / 27)
    apart = np.array([0.01, -0.01, 0.01, -0.01])
    v = -70 + (20 + later + apart + 300 * DT / 370) / (1 - DT / 16)  # one step of leak before
    fires = np.array([True, False, True, False])
    seen = traces(1, (np.zeros(4), 0), leak=True, v=v, theta=theta, w=300, u=-65)
    np.testing.assert_allclose(seen["w"][:, 1], 300 * (1 - DT / 100) + 200 * fires)
    np.testing.assert_allclose(seen["theta"][:, 1], later + 2 * fires)
    np.testing.assert_allclose(seen["v"][fires, 1], -70)
    np.testing.assert_allclose(seen["v"][~fires, 1], -50.01 + later[~fires])
    np.testing.assert_allclose(seen["u"][:, 1], -70 + 5 * (1 - DT / 7))


def test_its_spike_reaches_the_dendrite_from_half_a_ms_to_two_and_a_half(traces):
    """And the soma is refractory for 3 ms, although a current (-w) drives it."""
    seen = traces(40, v=0, w=-2000)
    assert np.flatnonzero(seen["K"][0]).tolist() == list(range(5, 25))
    held = np.flatnonzero(seen["v"][0] == -70)
    assert held.tolist() == list(range(1, 31))


def test_a_burst_is_that_of_the_method_sheet(answers):
    """12.9 ms between its spikes; with 700 pA there are two for delays from -6 to 8 ms."""
    assert np.diff(answers[2]).item() == pytest.approx(12.9, abs=0.01)
    delays = np.arange(-12, 13, 2)
    two = np.array([len(times) == 2 for times in spikes(2200, 700, delays)])
    assert delays[two].tolist() == list(range(-6, 9, 2))


def test_a_neuron_alone_is_the_one_among_others(answers):
    """Numbers are broadcast, and times are counted from the pulse."""
    (alone,) = spikes(2200, 600)
    np.testing.assert_array_equal(alone, answers[2])
    assert 0 < alone[0] < 5  # while the pulse lasts
