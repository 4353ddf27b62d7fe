"""STDP in its units: values against closed forms, and every pair of spikes counted once."""

import numpy as np
import pytest

from credit.spiking import stdp


def expected(edges, depth, tau):
    """Means over intervals of -C'(t), C(t) = depth^2 exp(-|t| / tau), in 1/s for lags in ms."""
    C = depth**2 * np.exp(-np.abs(edges) / tau)
    return -1000 * np.diff(C) / np.diff(edges)


@pytest.mark.parametrize(("depth", "tau"), [(0.3, 20.0), (0.2, 20.0), (0.3, 10.0)])
def test_what_an_experimenter_finds_is_the_slope_of_the_correlation(depth, tau):
    """A high rate and shallow fluctuations: many pairs, and a rate that is hardly ever negative."""
    edges = np.array([-30.0, -18.0, -6.0, 0.0, 6.0, 18.0, 30.0])
    found = stdp.averaged(edges, rate=100.0, depth=depth, tau=tau)
    want = expected(edges, depth, tau)
    outer = [0, 1, 4, 5]  # within a step of zero lag the central difference blurs the jump
    np.testing.assert_allclose(found[outer], want[outer], rtol=0, atol=0.15 * np.abs(want).max())
    assert np.abs(found).max() < 1.2 * np.abs(want).max()


@pytest.mark.parametrize(("depth", "tau"), [(0.6, 20.0), (0.3, 40.0)])
def test_another_depth_or_time_constant_would_give_other_values(depth, tau):
    """Guards the test above."""
    edges = np.array([6.0, 18.0, 30.0])
    found, other = stdp.averaged(edges, rate=100.0, depth=0.3), expected(edges, depth, tau)
    assert np.abs(found / other - 1).max() > 0.4


def test_an_interval_that_holds_every_spike_says_nothing():
    """It is what all pre spikes change, less what all pre spikes change."""
    assert stdp.averaged([-1e7, 1e7], seconds=20.0) == pytest.approx(0, abs=1e-9)
    assert abs(stdp.averaged([5.0, 20.0], seconds=20.0)[0]) > 1e-3


def test_every_pre_spike_meets_every_post_spike_once():
    pre, post = [0.0, 31.0, 100.0], [7.0, 52.0]
    pairs = [stdp.window([late - early])[0] for early in pre for late in post]
    assert stdp.from_spikes(pre, post) == pytest.approx(sum(pairs), rel=1e-12)
    own = [stdp.window([late - early])[0] for early, late in zip(pre, post, strict=False)]
    assert abs(sum(own) - sum(pairs)) > 1e-3  # the pairs across count


@pytest.mark.parametrize("tau", [10.0, 20.0])
def test_a_pair_changes_the_weight_by_the_slope_of_the_trace_that_the_other_leaves(tau):
    lags = np.array([-40.0, -15.0, 3.0, 12.0, 50.0])
    slope = np.sign(lags) * np.exp(-np.abs(lags) / tau) / tau  # per ms
    np.testing.assert_allclose(stdp.window(lags, tau, dt=1e-3), slope, rtol=1e-6)


def test_rates_change_the_weight_by_pre_times_the_rise_of_post_whatever_the_step():
    for dt in (1.0, 0.1):
        times = np.arange(0, 100 + dt / 2, dt)
        post = times / 50
        assert stdp.from_rates(np.full(len(times), 3.0), post, dt) == pytest.approx(3 * 2.0)
        assert stdp.from_rates(post, np.full(len(times), 3.0), dt) == 0
