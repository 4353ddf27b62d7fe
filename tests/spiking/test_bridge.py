"""One image by spikes of two phases, beside the same in rates."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import mV, second

from credit.experiments.two_phases import BRIDGE
from credit.spiking import bridge, neurons
from credit.spiking.contrasts.contrastive_hebbian import ContrastiveHebbian
from credit.spiking.two_phases import PARAMETERS as p


def network(seed=3):
    random = np.random.default_rng(seed)
    return random.normal(1, 0.6, (60, 20)), random.normal(0.8, 1.5, (20, 10)), random.random(60)


@pytest.mark.parametrize("right", [None, 4])
def test_rates_at_rest_are_those_of_their_own_drive(right):
    """With feedback at its gain: at another one the same rates would not rest."""
    w1, w2, pixels = network()
    x, h, y = bridge.at_rest(BRIDGE, w1, w2, pixels, right)
    np.testing.assert_array_equal(x, 100 * pixels)

    def f(drive):
        return np.asarray(neurons.rate(drive * mV, p["tau_m"], p["t_ref"], p["v_th"]))

    tau, bias = p["tau_s"] / second, BRIDGE.bias
    np.testing.assert_allclose(h, f(tau * (x @ w1 + 0.5 * w2 @ y) + bias), rtol=1e-6)
    assert np.abs(h - f(tau * (x @ w1 + w2 @ y) + bias)).max() > 1
    taught = 200 * np.eye(10)[4] if right == 4 else f(tau * h @ w2)
    np.testing.assert_allclose(y, taught, rtol=1e-6)
    assert (h > 10).sum() > 10


def test_longer_phases_bring_the_change_by_spikes_nearer_to_the_rule_of_the_right_class():
    found = {}
    for phase in (60, 480):
        setting = replace(BRIDGE, phase=phase, settling=phase // 4)
        rows = [bridge.run(setting, seed) for seed in (0, 2, 4)]
        found[phase] = np.array([[row["value"] for row in of_seed] for of_seed in rows])
    assert (found[480][:, 0] < found[60][:, 0] - 15).all() and (found[480][:, 0] < 35).all()
    assert (np.abs(found[480][:, 1] - 90) < 15).all()  # rates that are taught another class


def test_without_feedback_nothing_is_to_be_compared():
    silent = replace(BRIDGE, rule=ContrastiveHebbian(gain=0.0))
    with np.errstate(invalid="ignore"):
        angle, _ = bridge.run(silent, 0)
    assert np.isnan(angle["value"])
