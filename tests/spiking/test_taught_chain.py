"""Which synapses of a chain with STDP hear of the teacher."""

from itertools import pairwise

import numpy as np
import pytest
from brian2 import SpikeGeneratorGroup, StateMonitor, Synapses, ms

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


def paired(w):
    """Two synapses that begin with w, after one pair each: post 10 ms after pre, and before."""
    pre = SpikeGeneratorGroup(2, [0, 1], [10, 20] * ms, dt=0.5 * ms, name="pre")
    post = SpikeGeneratorGroup(2, [0, 1], [20, 10] * ms, dt=0.5 * ms, name="post")
    text = taught_chain.ON_PRE.replace("I_post += J*w; ", "")
    pairs = Synapses(
        pre, post, taught_chain.STDP, on_pre=text, on_post=taught_chain.ON_POST, method="exact",
        namespace=taught_chain.PARAMETERS, dt=0.5 * ms, name="pairs",
    )  # fmt: skip
    pairs.connect(j="i")
    pairs.w = w
    run(pre, post, pairs, duration=30 * ms)
    return np.asarray(pairs.w)


def test_pairs_change_a_weight_as_the_window_says():
    """One pair, post 10 ms after pre: dw = A+ exp(-10/20); pre after post: A- exp(-10/20)."""
    expected = 0.5 + np.array([0.01, -0.0105]) * np.exp(-10 / 20)
    np.testing.assert_allclose(paired(0.5), expected, atol=1e-12)


def test_inputs_fire_at_their_rates():
    which, times = poisson(20, 200, seed=0)
    first = (times // 100) % 2 == 0
    rates = [np.sum((which < 10) & part) / (10 * 10.0) for part in (first, ~first)]
    np.testing.assert_allclose(rates, [60, 5], rtol=0.1)


@pytest.fixture
def network(monkeypatch):
    """network(steps, prepare, ...): `learn` with what `prepare(objects by name)` changes, for so
    many steps only; its weights, its objects, and the last layer's v and I, [variable, unit, step].
    """

    def made(steps, prepare=lambda objects: None, **arguments):
        held = {}

        def brief(*objects, duration):
            held.update({one.name: one for one in objects})
            prepare(held)
            last = [one for one in objects if one.name.startswith("layer_")][-1]
            seen = StateMonitor(last, ["v", "I"], record=True, dt=0.5 * ms, name="last")
            run(*objects, seen, duration=steps * 0.5 * ms)
            held["traces"] = np.array([seen.v, seen.I])

        monkeypatch.setattr(taught_chain, "run", brief)
        return learn(**arguments), held

    return made


@pytest.mark.parametrize("flipped", [False, True])
def test_a_neuron_is_a_leaky_integrator_and_one_output_unit_is_taught(network, flipped):
    """tau_m 10 ms, tau_s 5 ms, and 2.5 thresholds for 100 ms into unit 0 and then into unit 1."""

    def silence(objects):
        objects["layer_2"].v, objects["layer_2"].I = [-3.0, -7.0], [0.3, -0.4]
        objects["synapses_1"].w = objects["synapses_2"].w = 0

    _, held = network(261, silence, flipped=flipped, presentations=4)
    v, I = held["traces"]
    np.testing.assert_allclose(np.diff(I) / 0.5, -I[:, :-1] / 5, atol=1e-12)
    slope, free = np.diff(v) / 0.5, (v[:, 1:] < 1) & (v[:, 1:] != 0) & (v[:, :-1] != 0)
    teacher = 10 * slope + v[:, :-1] - I[:, :-1]
    first = np.arange(260) < 200
    taught = np.array([first, ~first]) != flipped
    np.testing.assert_allclose(teacher[free], 2.5 * taught[free], atol=1e-9)
    assert free[0].sum() > 50 and free[1].sum() > 50


def test_hidden_neurons_are_not_taught_and_are_refractory_for_2_ms(network):
    """Held at 0 after a spike, while a current drives them: 4 steps, and the one of the spike."""

    def drive(objects):
        objects["layer_2"].v, objects["layer_2"].I = 1.2, 50.0

    _, held = network(12, drive, presentations=1)
    v = held["traces"][0]
    spikes = np.flatnonzero(v[1] == 0)
    assert spikes.tolist() == list(range(1, 5)) + list(range(5, 9)) + list(range(9, 12))
    assert not np.any(held["layer_1"].strength) and held["layer_2"].strength == 2.5


def test_feedback_is_of_both_signs_and_first_weights_allow_for_the_number_of_inputs(network):
    weights, held = network(0, sizes=DEEP, feedback=0.4, presentations=1)
    for l, (pre, post) in enumerate(pairwise(DEEP), start=1):
        w = held[f"synapses_{l}"]
        assert len(w) == pre * post and (2 / pre <= np.asarray(w.w)).all()
        assert np.ptp(w.w) > 0.5 * 6 / pre and np.max(w.w) <= 8 / pre
        table = np.zeros((post, pre))
        table[w.j, w.i] = w.w
        np.testing.assert_array_equal(weights[l - 1], table)
    for l in (1, 2):
        back = held[f"feedback_{l}"]
        assert len(back) == 20 and set(np.unique(back.b)) == {-0.4, 0.4}
        assert back.source is held["layer_3"] and back.target is held[f"layer_{l}"]
    _, held = network(0, sizes=DEEP, presentations=1)
    assert not [name for name in held if name.startswith("feedback")]


def test_weights_stay_between_0_and_1():
    """0.001 cannot fall by 0.0105 exp(-1/2), nor 0.999 rise by 0.01 exp(-1/2)."""
    np.testing.assert_array_equal(paired([0.999, 0.001]), [1, 0])


def test_another_seed_draws_other_trains():
    one, other = (poisson(20, 4, seed)[1] for seed in (0, 1))
    assert len(one) != len(other) or (one != other).any()
