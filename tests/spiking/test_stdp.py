"""The STDP window that a rule of activities alone implies."""

import numpy as np
import pytest

from credit.spiking import stdp

LAGS = np.array([2.0, 5.0, 10.0, 20.0, 30.0, 60.0])


def test_the_window_is_antisymmetric():
    np.testing.assert_allclose(stdp.window(-LAGS), -stdp.window(LAGS), rtol=0, atol=1e-12)


def test_it_strengthens_where_post_follows_pre_and_decays_with_the_trace():
    w = stdp.window(LAGS)
    assert (w > 0).all()
    ratios = w[1:] / w[:-1]
    np.testing.assert_allclose(ratios, np.exp(-np.diff(LAGS) / stdp.TAU), rtol=1e-9)
    assert stdp.window([0.0]) == pytest.approx(0, abs=1e-12)


def test_the_traces_decay_within_20_ms():
    assert stdp.window([25.0])[0] / stdp.window([5.0])[0] == pytest.approx(np.exp(-1), rel=1e-9)


def test_a_causal_trace_is_not_antisymmetric():
    """Guards the tests above: what a membrane knows of the past alone gives no potentiation."""
    after, before = stdp.window(LAGS, causal=True), stdp.window(-LAGS, causal=True)
    assert np.abs(after).max() < 1e-12  # the post spike is still to come
    np.testing.assert_allclose(before, -np.exp(-LAGS / stdp.TAU) / stdp.TAU, rtol=1e-3)


def test_pairs_add():
    one, two = (stdp.from_spikes([0.0], [lag]) for lag in (7.0, -12.0))
    assert stdp.from_spikes([0.0], [7.0, -12.0]) == pytest.approx(one + two)
    assert stdp.from_spikes([], [3.0]) == 0


@pytest.mark.parametrize("shape", [(40,), (40, 3)])
def test_both_directions_together_are_the_change_of_the_product(shape):
    chance = np.random.default_rng(0)
    pre, post = chance.random(shape), chance.random(shape)
    both = stdp.from_rates(pre, post, 0.5) + stdp.from_rates(post, pre, 0.5)
    np.testing.assert_allclose(both, pre[-1] * post[-1] - pre[0] * post[0], rtol=0, atol=1e-12)


def test_one_direction_alone_is_not():
    """Guards the test above."""
    chance = np.random.default_rng(0)
    pre, post = chance.random(40), chance.random(40)
    assert abs(stdp.from_rates(pre, post) - (pre[-1] * post[-1] - pre[0] * post[0])) > 0.05


def test_spikes_at_a_rate_give_on_average_what_the_rates_give():
    """Pre spikes sample the rate of change of the post activity."""
    times = np.arange(0, 2000, 1.0)
    pre, post = 0.5 + 0.4 * np.sin(times / 90), np.cos(times / 90)
    expected = stdp.from_rates(pre, post)
    chance, slope = np.random.default_rng(1), np.gradient(post)
    sampled = [slope[chance.random(len(times)) < 0.5 * pre].sum() / 0.5 for _ in range(400)]
    assert np.mean(sampled) == pytest.approx(expected, rel=0.05)


def test_spike_pairs_in_random_trains_show_the_window():
    edges = np.array([-45.0, -15.0, 0.0, 15.0, 45.0, 150.0, 300.0])
    far_before, before, after, far_after, *_, nothing = stdp.averaged(edges)
    assert after > 2 * far_after > 0
    assert before < 2 * far_before < 0
    assert abs(nothing) < 0.15 * after
    assert after == pytest.approx(-before, rel=0.3)


def test_trains_without_fluctuations_show_none():
    """Guards the test above: a constant rate has no rate of change."""
    assert np.abs(stdp.averaged(np.array([-20.0, 0.0, 20.0]), depth=0.0, seconds=100.0)).max() == 0
