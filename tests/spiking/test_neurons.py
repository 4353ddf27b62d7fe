"""The spiking neuron against its closed forms."""

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    TimedArray,
    defaultclock,
    ms,
    mV,
    prefs,
    second,
    seed,
)

from credit.spiking import neurons

P = neurons.PARAMETERS


@pytest.fixture(autouse=True)
def on_numpy():
    prefs.codegen.target = "numpy"
    defaultclock.dt = 0.05 * ms
    yield
    defaultclock.dt = 0.1 * ms


def spike_times(drive, duration, parameters=P):
    """{neuron: times} under constant drives."""
    group = NeuronGroup(
        len(drive), neurons.MEMBRANE + "I : volt (constant)", **neurons.SPIKES, method="exact",
        namespace=parameters, name="driven",
    )  # fmt: skip
    group.I = drive
    spikes = SpikeMonitor(group, name="times")
    Network(group, spikes).run(duration)
    return spikes.spike_trains()


def test_the_rate_follows_the_closed_form_and_is_zero_below_threshold():
    drive = np.array([5, 9.9, 11, 15, 30, 80]) * mV
    trains = spike_times(drive, 1 * second)
    assert len(trains[0]) == len(trains[1]) == 0
    expected = neurons.rate(drive, P["tau_m"], P["t_ref"], P["v_th"])[2:]
    measured = [1 / np.diff(trains[k] / second).mean() for k in range(2, 6)]
    np.testing.assert_allclose(measured, expected / Hz, rtol=0.02)  # a step of dt in a period


def test_without_the_refractory_time_the_closed_form_is_missed():
    """Guards the test above."""
    drive = np.array([80]) * mV
    (train,) = spike_times(drive, 1 * second, P | {"t_ref": 0 * ms}).values()
    expected = neurons.rate(drive, P["tau_m"], P["t_ref"], P["v_th"]) / Hz
    assert 1 / np.diff(train / second).mean() > 1.5 * expected[0]


def test_a_refractory_time_of_whole_steps_is_kept_exactly():
    """An endless drive fires as soon as it may: in the first step after the refractory time."""
    defaultclock.dt = 1 * ms
    (train,) = spike_times(np.array([1e6]) * mV, 100 * ms).values()
    np.testing.assert_allclose(np.diff(train / ms), P["t_ref"] / ms, rtol=0, atol=1e-9)


@pytest.mark.parametrize("tau_s", [5 * ms, 2 * ms], ids=["slow", "fast"])
def test_a_spike_moves_the_membrane_by_the_closed_form(tau_s):
    parameters = P | {"tau_s": tau_s}
    group = NeuronGroup(
        1, neurons.MEMBRANE + neurons.CURRENT, **neurons.SPIKES, method="exact",
        namespace=parameters, name="resting",
    )  # fmt: skip
    group.I = 8 * mV
    trace = StateMonitor(group, "v", record=True, name="trace")
    Network(group, trace).run(40 * ms)
    expected = neurons.potential(trace.t, 8 * mV, P["tau_m"], tau_s)
    np.testing.assert_allclose(trace.v[0] / mV, expected / mV, rtol=0, atol=1e-9)
    other = neurons.potential(trace.t, 8 * mV, P["tau_m"], 1.2 * tau_s)  # and it can fail
    assert np.abs((trace.v[0] - other) / mV).max() > 0.05


def shown(kind, duration, pixels):
    """Spike counts [n] of an input layer that sees these pixels at 100 Hz for white."""
    defaultclock.dt = 1 * ms
    seed(0)
    here = {
        "white": 100 * Hz, "image": duration,
        "pixels": TimedArray(np.array([pixels]), dt=duration, name="pixels"),
    }  # fmt: skip
    group = neurons.input_layer(len(pixels), kind, here)
    spikes = SpikeMonitor(group, record=False, name="counts")
    Network(group, spikes).run(duration)
    return np.array(spikes.count)


def test_regular_input_fires_at_the_rate_of_its_pixel_to_a_spike():
    pixels = np.array([0, 0.1, 0.333, 0.5, 1.0])
    np.testing.assert_allclose(shown("regular", 2 * second, pixels), 200 * pixels, rtol=0, atol=1)


def test_poisson_input_has_the_mean_and_the_variance_of_its_rate():
    """Binomial, to be exact: at most one spike a step."""
    n, p = 2000, 0.1 * 0.7
    counts = shown("poisson", 200 * ms, np.full(n, 0.7))
    assert counts.mean() == pytest.approx(200 * p, abs=4 * np.sqrt(200 * p * (1 - p) / n))
    assert counts.var() == pytest.approx(200 * p * (1 - p), rel=4 * np.sqrt(2 / n))
    assert shown("regular", 200 * ms, np.full(n, 0.7)).var() < 0.5  # guards: even spikes differ


def test_an_unknown_input_is_refused():
    with pytest.raises(ValueError, match="input is 'morse', expected one of poisson, regular"):
        neurons.input_layer(3, "morse", {})
