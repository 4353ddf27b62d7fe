"""Populations of spiking neurons: closed forms, least squares, and the package nengo beside."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from brian2 import Network, SpikeMonitor, defaultclock, ms, prefs, second

from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.spiking import fixed_encoders, nef, pes, soft_lif
from credit.spiking.fixed_encoders import FixedEncoders, FixedSetting

TAU, REF = 0.02, 0.002


def population(n=20, seed=0):
    return nef.one_dimensional(n, (200, 400), (-1, 0.9), np.random.default_rng(seed))


def trains(one, x, duration=1.0):
    """Spike counts of a population that encodes x, in Brian2."""
    prefs.codegen.target = "numpy"
    defaultclock.dt = 1 * ms
    group = one.neurons("x : 1", "cells", method="euler")
    group.x = one.encoders[:, 0] * x
    spikes = SpikeMonitor(group)
    network = Network(group, spikes)
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    network.run(duration * second)
    return np.array(spikes.count), np.array(spikes.i), np.array(spikes.t / ms).round()


def test_rates_are_those_of_the_closed_form_at_steps_of_a_millisecond():
    one = population()
    count, _, _ = trains(one, 0.6)
    np.testing.assert_allclose(count, one.rates(np.array([[0.6]]))[0], atol=1)  # one spike in 1 s
    assert count.max() > 250


def test_spikes_counted_in_whole_steps_are_off():
    """Guards the test above: the plain model loses or gains what is left of each step."""
    J, v, held, spikes = 12.0, 0.0, 0, 0
    for _ in range(1000):
        held -= 1
        if held < 0:
            v += (J - v) * (1 - np.exp(-0.001 / TAU))
            if v > 1:
                v, held, spikes = 0.0, 2, spikes + 1
    assert abs(spikes - nef.rate(np.array(J), TAU, REF)) > 4


def test_a_neuron_starts_at_its_intercept_and_reaches_its_largest_rate():
    gain, bias = nef.gain_and_bias([300.0, 120.0], [0.4, -0.5], TAU, REF)
    at = [nef.rate(gain * x + bias, TAU, REF) for x in (1.0, np.array([0.4, -0.5]))]
    np.testing.assert_allclose(at[0], [300, 120])
    assert (
        not at[1].any()
        and (nef.rate(gain * (np.array([0.4, -0.5]) + 1e-6) + bias, TAU, REF) > 0).all()
    )
    with pytest.raises(ValueError, match="max_rate is 500 Hz, expected less than 500"):
        nef.gain_and_bias(500.0, 0.0, TAU, REF)


def test_decoders_are_those_of_ridge_regression():
    random = np.random.default_rng(0)
    A, Y = 100 * random.random((50, 7)), random.random((50, 2))
    size = np.sqrt(50) * 0.1 * A.max()
    wide = np.vstack([A, size * np.eye(7)])  # the same as least squares with extra rows
    want = np.linalg.lstsq(wide, np.vstack([Y, np.zeros((7, 2))]), rcond=None)[0]
    np.testing.assert_allclose(nef.solve(A, Y, 0.1), want, atol=1e-12)
    assert np.abs(nef.solve(A, Y, 0.2) - want).max() > 1e-4


def test_the_fixed_point_of_pes_is_least_squares():
    """On rates, to convergence: what is decoded, as the decoders themselves are ill-conditioned."""
    one, x = population(12), np.linspace(-1, 1, 60)[:, None]
    A, y = one.rates(x), x**2
    best = A @ np.linalg.lstsq(A, y, rcond=None)[0]
    seen, wanted = A.T @ A / 60, A.T @ y / 60
    d, kappa = np.zeros((12, 1)), 12 / np.linalg.eigvalsh(seen).max()
    early = None
    for step in range(100_000):
        d -= kappa / 12 * (seen @ d - wanted)
        early = A @ d if step == 100 else early
    size = np.sqrt((y**2).mean())
    assert np.sqrt((A @ d - best) ** 2).mean() < 0.01 * size
    assert np.sqrt((early - best) ** 2).mean() > 0.02 * size  # it takes its time


def test_pes_by_events_learns_a_function_and_keeps_it():
    got = pes.learn(seconds=6.0, seed=0)
    assert got["error"] < 0.12 < 0.3 < pes.learn(kappa=0.0, seconds=3.0, seed=0)["error"]


def test_the_soft_rate_becomes_the_hard_one():
    x = np.linspace(-0.5, 2, 400)
    hard = nef.rate(1 + x, TAU, REF)
    gaps = [
        np.abs(soft_lif.rate(x, gamma, TAU, REF) - hard).max() for gamma in (0.3, 0.1, 0.03, 0.01)
    ]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.4 * gaps[0]


def test_the_soft_rate_has_the_slope_of_finite_differences():
    x = np.linspace(-0.3, 1.5, 50)
    step = 1e-6
    numeric = (soft_lif.rate(x + step, 0.1) - soft_lif.rate(x - step, 0.1)) / (2 * step)
    np.testing.assert_allclose(soft_lif.slope(x, 0.1), numeric, rtol=1e-6)
    assert np.abs(soft_lif.slope(x, 0.2) - numeric).max() > 1


def test_the_noise_of_spikes_has_their_rate_as_its_mean():
    for hertz in (20, 100, 200):
        period = 1 / hertz
        t = (np.arange(200_000) + 0.5) / 200_000 * period
        alpha = soft_lif.filtered_alpha(t, period, 0.003)
        slow = soft_lif.filtered_alpha_membrane(t, period, 0.003, 0.02)
        assert alpha.mean() == pytest.approx(hertz, rel=1e-3)
        assert slow.mean() == pytest.approx(hertz, rel=1e-3)
        assert slow.std() < alpha.std()


def test_silent_neurons_have_no_noise():
    x = np.array([-1.0, -0.1, 0.5, 1.0])
    shape = {"gamma": 0.02, "amplitude": 0.063}
    noisy = soft_lif.noisy(x, 10.0, np.random.default_rng(0), **shape)
    clean = soft_lif.rate(x, **shape)
    np.testing.assert_array_equal(noisy[:2], clean[:2])
    assert (noisy[2:] != clean[2:]).all()


def test_layer_by_layer_without_slopes_is_direct_feedback_with_products():
    """e_l = e_{l+1} B_{l+1} all the way down is e (B_N .. B_{l+1}): LFA is DFA."""
    random = torch.Generator().manual_seed(0)
    e = torch.randn(5, 3, generator=random, dtype=torch.float64)
    sizes = (7, 6, 4, 3)
    B = [torch.randn(n, m, generator=random, dtype=torch.float64) for m, n in pairwise(sizes)]
    signal, product = e, torch.eye(3, dtype=torch.float64)
    for matrix in reversed(B):
        signal, product = signal @ matrix, product @ matrix
        torch.testing.assert_close(signal, e @ product, rtol=0, atol=1e-12)
    assert DirectFeedbackAlignment.short == "DFA"


# one population with fixed encoders


def test_the_side_by_side_neurons_fire_as_their_rates():
    random = torch.Generator().manual_seed(0)
    x = 2 * torch.rand(40, 784, generator=random) - 1
    neurons = fixed_encoders.Neurons(fixed_encoders.gabors(30, random), x)
    count = neurons.counts(x, random)
    expected = neurons.rates(x) * 0.001 * (fixed_encoders.SHOWN - fixed_encoders.CLIPPED)
    assert float((count - expected).abs().max()) <= 1.01 and float(expected.max()) > 2


def test_weighted_decoders_are_least_squares_with_repeated_examples():
    """A class a quarter as large as the rest together weighs as if it were there three times."""
    random = torch.Generator().manual_seed(0)
    A, label = torch.rand(40, 6, generator=random), torch.arange(40) % 4
    setting = FixedSetting(FixedEncoders(solver="weighted"), (784, 6, 4), regularisation=1e-4)
    D = fixed_encoders.decoders(iter([(A, label)]), setting)
    for k in range(4):
        rows = torch.cat([A, *[A[label == k]] * 2]).double()
        y = torch.cat([(label == k).double(), torch.ones(20)])
        want = torch.linalg.lstsq(rows, y[:, None]).solution[:, 0]
        torch.testing.assert_close(D[:, k], want, rtol=0, atol=1e-4)
    squared = FixedSetting(FixedEncoders(), (784, 6, 4), regularisation=1e-4)
    other = fixed_encoders.decoders(iter([(A, label)]), squared)
    assert float((other - D).abs().max()) > 0.01


def test_impossible_populations_are_refused():
    with pytest.raises(ValueError, match="solver is 'guess', expected one of squared, weighted"):
        FixedEncoders(solver="guess")
    with pytest.raises(ValueError, match=r"sizes is \(10, 5, 2\)"):
        FixedSetting(sizes=(10, 5, 2))


# the package nengo, where it is installed


def test_spikes_are_those_of_nengo():
    nengo = pytest.importorskip("nengo")
    one = population()
    with nengo.Network(seed=0) as model:
        x = nengo.Node(0.6)
        cells = nengo.Ensemble(
            20, 1, encoders=one.encoders, gain=one.gain, bias=one.bias, normalize_encoders=False
        )
        nengo.Connection(x, cells, synapse=None)
        spikes = nengo.Probe(cells.neurons)
    with nengo.Simulator(model, progress_bar=False) as simulated:
        simulated.run(1.0)
    fired = simulated.data[spikes] > 0
    count, i, t = trains(one, 0.6)
    np.testing.assert_allclose(count, fired.sum(0), atol=1)
    theirs = {k: np.flatnonzero(fired[:, k]) for k in range(20)}
    for k in range(20):
        n = min(len(theirs[k]), (i == k).sum())
        late = theirs[k][:n] - t[i == k][:n]
        assert len(set(late)) <= 2 and np.ptp(late) <= 1 if n else True  # their first step is ours
