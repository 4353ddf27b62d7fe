"""Spike-timing dependent plasticity as pre-activity times rate of change of post-activity.

    dw/dt = r_pre du/dt                                     (RATE)
    dw    = sum over pre spikes of du/dt at their times     (SPIKES)

Time is in ms, weights are in units of u. Bengio et al. 2015, 2017; Xie & Seung 2000 before them.
"""

from itertools import pairwise

import numpy as np
from scipy.signal import lfilter

TAU = 20.0  # ms, time constant of the traces


def from_rates(pre, post, dt: float = 1.0):
    """(RATE) over the whole time, the activity taken in the middle of each step.

    pre, post  [time] or [time, ...], one value every dt. Returns the weight change [...], in units
    of pre * post; with (post, pre) it is the other direction of the synapse, and the two together
    are the change of pre * post from beginning to end.
    """
    pre, post = np.asarray(pre, float), np.asarray(post, float)
    return ((pre[1:] + pre[:-1]) / 2 * np.diff(post, axis=0) / dt).sum(0) * dt


def trace(spikes, times, tau: float = TAU, causal: bool = False):
    """u(t): what is left of every spike, exp(-|t - spike| / tau), [times].

    causal  only spikes in the past count, as in a membrane; else a smoothed rate, which an observer
            who knows the whole train can give
    """
    lag = np.subtract.outer(np.asarray(times, float), np.asarray(spikes, float))
    bump = np.exp(-np.abs(lag) / tau)
    return np.where(lag < 0, 0.0, bump).sum(-1) if causal else bump.sum(-1)


def from_spikes(pre, post, tau: float = TAU, causal: bool = False, dt: float = 1.0) -> float:
    """(SPIKES): du/dt of the post trace, summed over the pre spikes, as a central difference.

    pre, post  times of spikes in ms
    """
    pre = np.asarray(pre, float)
    ahead, behind = (trace(post, pre + s * dt / 2, tau, causal) for s in (1, -1))
    return float(((ahead - behind) / dt).sum())


def window(lags, tau: float = TAU, causal: bool = False, dt: float = 1.0) -> np.ndarray:
    """dw of one pair of spikes for each lag, post minus pre in ms."""
    return np.array([from_spikes([0.0], [lag], tau, causal, dt) for lag in lags])


def averaged(
    lags, rate: float = 20.0, depth: float = 0.5, tau: float = TAU, seconds: float = 4000.0, seed=0
) -> np.ndarray:
    """What an experimenter finds who sees spikes alone, and bins them by their lag.

    Pre and post fire by chance, independent of each other, with this mean rate in Hz; the post
    rate u fluctuates by the factor 1 + depth * N, N Gaussian with a correlation time of tau ms, and
    every pre spike changes the weight by du/dt, (SPIKES). Returns the mean change of those pre
    spikes that had a post spike between lags[k] and lags[k + 1] ms after them, beside the mean of
    all, in units of rate / s for each interval: E[du/dt(0) u(t)] = -C'(t), C the correlation of u.
    """
    chance, n = np.random.default_rng(seed), int(1000 * seconds)
    keep = np.exp(-1 / tau)
    noise = chance.standard_normal(n) * np.sqrt(1 - keep**2)
    u = 1 + depth * lfilter([1.0], [1.0, -keep], noise)
    pre, post = (np.flatnonzero(chance.random(n) < rate / 1000 * r) for r in (np.ones(n), u))
    pre = pre[(pre > 500) & (pre < n - 500)]
    dw = 1000 * (u[pre + 1] - u[pre - 1]) / 2
    means = []
    for early, late in pairwise(lags):
        pairs = np.searchsorted(post, pre + late) - np.searchsorted(post, pre + early)
        means.append((pairs * dw).sum() / pairs.sum())
    return np.array(means) - dw.mean()
