"""Which synapses of a chain with STDP hear of the teacher."""

import numpy as np
import pytest
from brian2 import SpikeGeneratorGroup, Synapses, ms

from credit.spiking import taught_chain
from credit.spiking.interpreted import run
from credit.spiking.taught_chain import learn, moved_by_the_teacher, poisson

DEEP = (20, 10, 10, 2)


@pytest.mark.parametrize("sizes", [(20, 10, 2), DEEP], ids=str)
def test_without_feedback_only_the_last_synapses_hear_of_the_teacher(sizes):
    *below, last = moved_by_the_teacher(sizes, presentations=6)
    assert below == [0.0] * len(below)
    assert last > 0.05


def test_with_feedback_synapses_all_do():
    """Guards the test above."""
    assert min(moved_by_the_teacher(DEEP, feedback=0.5, presentations=6)) > 0.05


def test_weights_below_the_teacher_do_change():
    """Else the teacher could not have been heard of in any case."""
    start = learn(DEEP, presentations=1)
    later = learn(DEEP, presentations=6)
    assert min(np.abs(a - b).max() for a, b in zip(start, later, strict=True)) > 0.05


def test_the_same_seed_gives_the_same_weights_and_another_does_not():
    one, same, other = (learn((20, 10, 2), presentations=4, seed=s) for s in (3, 3, 4))
    assert all(map(np.array_equal, one, same))
    assert not np.allclose(one[0], other[0])


def test_pairs_change_a_weight_as_the_window_says():
    """One pair, post 10 ms after pre: dw = A+ exp(-10/20); pre after post: A- exp(-10/20)."""
    pre = SpikeGeneratorGroup(2, [0, 1], [10, 20] * ms, dt=0.5 * ms, name="pre")
    post = SpikeGeneratorGroup(2, [0, 1], [20, 10] * ms, dt=0.5 * ms, name="post")
    text = taught_chain.ON_PRE.replace("I_post += J*w; ", "")
    pairs = Synapses(
        pre, post, taught_chain.STDP, on_pre=text, on_post=taught_chain.ON_POST, method="exact",
        namespace=taught_chain.PARAMETERS, dt=0.5 * ms, name="pairs",
    )  # fmt: skip
    pairs.connect(j="i")
    pairs.w = 0.5
    run(pre, post, pairs, duration=30 * ms)
    expected = 0.5 + np.array([0.01, -0.0105]) * np.exp(-10 / 20)
    np.testing.assert_allclose(pairs.w, expected, atol=1e-12)


def test_inputs_fire_at_their_rates():
    which, times = poisson(20, 200, seed=0)
    first = (times // 100) % 2 == 0
    rates = [np.sum((which < 10) & part) / (10 * 10.0) for part in (first, ~first)]
    np.testing.assert_allclose(rates, [60, 5], rtol=0.1)
