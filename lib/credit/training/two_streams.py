"""Two streams of neurons with two sites teach each other what they have in common.

Self-supervised learning of Körding & König 2001, in rates: two streams of 12 inputs and 4 neurons
each. In every iteration one input of each stream is active, in the same of 4 columns and in a row
of its own. The basal site of a neuron hears its own stream, the apical site the other.

    A_i = max(0, w_i . x) / m_i^2,   m_i a running mean of A_i                      (BASAL)
    D_i = v_i . A' + alpha A_i,   A' of the other stream                           (APICAL)
    the neuron of the largest D in its stream bursts: dw = beta D (x - w), dv = beta D (A' - v)
    every neuron:  dw = dv = chi T,  T iterations since it last burst                 (REST)

Reconstructed: that v follows the same rules as w, where the paper prints one formula, and the
score: its indices are not clear. It is uncentred, so that neurons that say the same all the time
score 1; `centred` takes each neuron's mean away first.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

COLUMNS, ROWS, NEURONS = 4, 3, 4
BETA, CHI, MEAN = 0.002, 1e-5, 1000.0  # the paper's; MEAN in iterations
ITERATIONS, SCORED = 10_000, 200


def learn(
    alphas: Sequence[float],
    seeds: Sequence[int],
    iterations: int = ITERATIONS,
    apart: bool = False,
    rest: bool = True,
) -> pd.DataFrame:
    """Every alpha with every seed, side by side, scored every 200 iterations: columns alpha, seed,
    iteration, correlation, centred, winners (neurons that burst, of the four in a stream).

    apart   a control: the streams see columns of their own, so that they have nothing in common
    rest    whether (REST) also holds for v
    """
    alpha = np.repeat(np.asarray(alphas, dtype=float), len(seeds))
    seed = np.tile(np.asarray(seeds), len(alphas))
    runs = np.arange(len(seed))
    chance = [np.random.default_rng(s) for s in seed]
    w = np.stack([c.random((2, NEURONS, COLUMNS * ROWS)) for c in chance])  # [runs, stream, n, x]
    v = np.stack([c.random((2, NEURONS, NEURONS)) for c in chance])
    column = np.stack([c.integers(COLUMNS, size=(iterations, 2)) for c in chance], 1)
    row = np.stack([c.integers(ROWS, size=(iterations, 2)) for c in chance], 1)
    if not apart:
        column[..., 1] = column[..., 0]
    shown = column * ROWS + row  # [iterations, runs, stream]
    mean = np.cbrt(w.mean(-1))  # as if it had always been so: A = w/m^2 has the mean m
    since = np.zeros(mean.shape)
    stream, seen, burst, rows = np.arange(2), [], [], []
    for k in range(iterations):
        active = w[runs[:, None], stream, :, shown[k]]  # [runs, stream, n]
        A = np.maximum(active, 0) / mean**2
        mean += (A - mean) / MEAN
        other = A[:, ::-1]
        D = (v @ other[..., None])[..., 0] + alpha[:, None, None] * A
        first = D.argmax(-1)  # [runs, stream]
        place = runs[:, None], stream, first
        step = BETA * D[place][..., None]
        x = np.zeros((*first.shape, COLUMNS * ROWS))
        np.put_along_axis(x, shown[k][..., None], 1.0, -1)
        w[place] += step * (x - w[place])
        v[place] += step * (other - v[place])
        since += 1
        since[place] = 0
        w += CHI * since[..., None]
        v += rest * CHI * since[..., None]
        seen.append(A)
        burst.append(first)
        if (k + 1) % SCORED == 0:
            said, won = np.stack(seen, 1), np.stack(burst, 1)
            scores = correlation(said), correlation(said - said.mean(1, keepdims=True))
            won = (won[..., None] == np.arange(NEURONS)).any(1).sum(-1).mean(-1)
            rows += zip(alpha, seed, [k + 1] * len(runs), *scores, won, strict=True)
            seen, burst = [], []
    columns = ["alpha", "seed", "iteration", "correlation", "centred", "winners"]
    return pd.DataFrame(rows, columns=columns)


def correlation(A: np.ndarray) -> np.ndarray:
    """|A1^T A2|^2 / (|A1^T A1| |A2^T A2|) of activities [runs, iterations, stream, n]: [runs], 1 if
    one stream's can be turned into the other's. Linear CKA."""
    one, two = A[:, :, 0], A[:, :, 1]
    cross, *own = (a.mT @ b for a, b in ((one, two), (one, one), (two, two)))
    norms = [np.sqrt((m**2).sum((-1, -2))) for m in own]
    return (cross**2).sum((-1, -2)) / (norms[0] * norms[1])
