"""The bridge from events to the rate rule: over a long window they make the same change."""

import numpy as np
import pytest
from brian2 import mV

from credit.spiking import event_driven, neurons
from credit.spiking.event_driven import PARAMETERS, Setting
from credit.spiking.pathways.direct import Direct
from credit.spiking.simulation import Simulation

N, WINDOWS = (100, 30, 10), (200, 400, 800, 1600)  # ms
SEEDS = range(4)


def angle(a, b):
    return np.degrees(np.arccos((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())))


@pytest.fixture(scope="module")
def network():
    """Weights that keep most neurons firing, one picture and its label, in SI."""
    random = np.random.default_rng(0)
    return {
        "pixels": random.random((1, N[0])),
        "w1": 1e-3 * random.normal(0.8, 0.3, N[0] * N[1]),
        "w2": 1e-3 * random.normal(1.0, 1.2, N[1] * N[2]),
        "feedback1": random.normal(0, 1, N[2] * N[1]),
        "label": np.eye(10)[[3]],
        "teacher": np.eye(10)[[3]],
        "learning": 1.0,
        # so slow that the weights stay as they are while their changes add up
        "eta1": 1e-12,
        "eta2": 1e-12,
    }


@pytest.fixture(scope="module")
def runs(network):
    """{window: [(change of w1, rates of the hidden and of the output neurons in Hz)]}."""
    found = {}
    for window in WINDOWS:
        setting = Setting(Direct(), N, input="poisson", image=window, settling=0, chunk=1)
        simulation = Simulation(lambda s=setting: event_driven.build(s), "bridge", "numpy")
        found[window] = []
        for seed in SEEDS:
            got = simulation.run(network, seed)
            change = (got["w1"] - network["w1"]).reshape(N[:2])
            rates = [got[f"count_{g}"] / window * 1e3 for g in ("hidden1", "output")]
            found[window].append((change, *rates))
    return found


def rate_rule(network, output, feedback):
    """minus h_0^T (e B) gate, with the rates of the output neurons in e; every gate is open here.

    output  Hz
    """
    e = (output - Setting().target * network["label"][0]) * float(PARAMETERS["tau_r"])
    return -np.outer(network["pixels"][0], e @ feedback.reshape(N[2], N[1]))


def test_the_change_turns_towards_that_of_the_rate_rule_as_the_root_of_the_window(network, runs):
    B = network["feedback1"]
    off = [
        np.mean([angle(change, rate_rule(network, output, B)) for change, _, output in runs[w]])
        for w in WINDOWS
    ]
    exponent = np.polyfit(np.log(WINDOWS), np.log(off), 1)[0]
    assert -0.65 < exponent < -0.35
    assert off[-1] < 6 < off[0] < 25  # degrees
    other = np.random.default_rng(1).permutation(B)
    wrong = [angle(change, rate_rule(network, o, other)) for change, _, o in runs[WINDOWS[-1]]]
    assert abs(np.mean(wrong) - 90) < 15


def test_hidden_neurons_fire_at_the_rates_of_the_closed_form(network, runs):
    """To the tenth by which a step of 1 ms lets them fire too often."""
    white, tau_s = Setting().white, float(PARAMETERS["tau_s"])
    drive = white * tau_s * network["pixels"][0] @ network["w1"].reshape(N[:2]) * 1e3
    want = neurons.rate(drive * mV, *(PARAMETERS[n] for n in ("tau_m", "t_ref", "v_th")))
    got = np.mean([hidden for _, hidden, _ in runs[WINDOWS[-1]]], axis=0)
    assert (np.asarray(want) > 20).all()
    assert np.abs(got / np.asarray(want) - 1).max() < 0.15
