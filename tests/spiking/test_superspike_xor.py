"""SuperSpike on patterns to tell apart: beside a loop over time steps, and what counts as wrong."""

from dataclasses import replace

import numpy as np
import pytest

from credit.runs.store import Job
from credit.spiking import superspike_xor as xor
from credit.spiking.simulation import Simulation
from credit.spiking.superspike import SuperSpike
from credit.spiking.superspike_xor import Setting

PROGRAM = Setting(sizes=(12, 3, 2), patterns=14, background=0.0)
SMALL = replace(PROGRAM, rate=5e-3, spread=0.4)
STEPS, WINDOW = 800, 250  # of a pattern with its pause; of the window


PAUSES = Setting(patterns=200, rate=0.0, sizes=(100, 2))


def by_hand(values, n, patterns):
    """The equations in numpy, one step of 0.1 ms after the other: weights, and what was counted."""
    L = len(n) - 1
    W = [values[f"w{l}"].reshape(n[l - 1], n[l]).copy() for l in range(1, L + 1)]
    state = {key: [np.zeros(size) for size in n] for key in ("z", "zt", "v", "I", "r", "err")}
    z, zt, v, I, r, err = state.values()
    last = [np.full(size, -(10**6)) for size in n]
    l1, l2, m, s = ([np.zeros_like(w) for w in W] for _ in range(4))
    b = values.get("b", np.zeros(n[1] * n[-1])).reshape(n[-1], n[1])
    answers, wrongs, misses = np.zeros((3, 2))
    for k in range(patterns * STEPS):
        shown, now = divmod(k, STEPS)
        since = now - values["onset"][shown]
        mine = np.arange(2) == values["right"][shown]
        inside, closing = 0 <= since < WINDOW, since == WINDOW
        heard = [e.copy() for e in err]
        if now == 0:
            answers[:] = 0
        if k % 5000 == 0:
            for w, change, size in zip(W, m, s, strict=True):
                g = change / 500
                size[:] = np.maximum(np.exp(-0.5 / 30) * size, g * g)
                w[:] = np.clip(w + values["rate"][0] * g / (np.sqrt(size) + 1e-12), -0.1, 0.1)
                change[:] = 0
        for j in range(L + 1):
            zt[j] += 0.1 * (z[j] - zt[j]) / 10
            z[j] -= 0.1 * z[j] / 5
            free = k - last[j] >= 50
            v[j] += free * 0.1 * (I[j] - v[j]) / 10
            I[j] -= 0.1 * I[j] / 5
            err[j] += 0.1 * (r[j] - err[j]) / 10
            r[j] -= 0.1 * r[j] / 5
        slopes = [1 / (1 + np.abs(x - 0.01) / 0.001) ** 2 for x in v]
        for l in range(L):
            m[l] += 0.1 * l2[l] * heard[l + 1]
            l2[l] += 0.1 * (l1[l] - l2[l]) / 10
            l1[l] += 0.1 * (np.outer(zt[l], slopes[l + 1]) - l1[l] / 5)
        fires = [(since == values["time"]) & (values["shown"][shown][values["set"]] > 0)]
        fires += [(v[j] > 0.01) & (k - last[j] >= 50) for j in range(1, L + 1)]
        told = closing & mine & (answers == 0)
        wrong = fires[-1] & ~(inside & mine)
        error = 1.0 * told - wrong
        for j in range(1, L + 1):
            I[j] += fires[j - 1] @ W[j - 1]
        if L == 2:
            r[1] += error @ (W[1].T * values["transported"] + b)
        r[-1] += error
        misses += told
        wrongs += wrong
        answers += fires[-1] * (inside & mine)
        for j in range(L + 1):
            z[j] += fires[j]
            v[j][fires[j]], last[j][fires[j]] = 0, k
    return W, wrongs, misses


@pytest.mark.parametrize("way", ["random", "symmetric", "uniform"])
def test_the_program_does_what_the_equations_say_step_by_step(way):
    setting = replace(SMALL, rule=SuperSpike(way))
    values = xor.drawn(setting, 3)
    got = xor.simulation(PROGRAM).run(values, 3)
    W, wrongs, misses = by_hand(values, SMALL.sizes, SMALL.patterns)
    for l, w in enumerate(W, 1):
        np.testing.assert_allclose(got[f"w{l}"], w.ravel(), rtol=0, atol=1e-9)
        assert (np.abs(w.ravel() - values[f"w{l}"]) > 1e-3).mean() > 0.3
    np.testing.assert_array_equal(got["wrongs"], wrongs)
    np.testing.assert_array_equal(got["misses"], misses)
    assert wrongs.sum() > 3 and misses.sum() > 0


def test_without_a_compiler_the_numbers_are_the_same():
    values = xor.drawn(SMALL, 3)
    got = xor.simulation(PROGRAM).run(values, 3)
    plain = Simulation(lambda: xor.build(SMALL), "superspike-xor-small", on="numpy").run(values, 3)
    for name in ("w1", "w2", "wrongs", "misses", "count_hidden"):
        np.testing.assert_allclose(plain[name], got[name], rtol=0, atol=1e-12)


def test_who_never_fires_misses_every_pattern_of_its_own():
    silent = replace(SMALL, rate=0.0, spread=0.0)
    got = xor.learn(silent, 0)
    assert not got["wrong"].any()
    mine = got["first_right"][:, None] == np.arange(2)
    np.testing.assert_array_equal(got["missed"], mine)


@pytest.mark.parametrize(("w", "late"), [(0.02, False), (0.1, True)])
def test_spikes_are_right_in_the_window_of_the_own_class_alone(w, late):
    """Every pattern makes both outputs fire; strong synapses make them go on after the window."""
    values = xor.drawn(replace(SMALL, rate=0.0), 0)
    values |= {"w1": np.full(36, w), "w2": np.full(6, w), "time": np.zeros(12, dtype=int)}
    got = xor.simulation(PROGRAM).run(values, 0)
    wrong = np.diff(np.column_stack([got["wrongs_before"], got["wrongs"]])).T > 0.5
    mine = values["right"][:, None] == np.arange(2)
    assert wrong[~mine].all() and not got["misses"].any()
    assert wrong[mine].any() == late


def test_the_classes_are_an_exclusive_or_of_two_sets():
    values = xor.drawn(replace(SMALL, patterns=400), 1)
    reference, a, b = values["shown"].T.astype(bool)
    assert reference.all()
    np.testing.assert_array_equal(values["right"] == 1, a ^ b)
    for kind in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert ((a == kind[0]) & (b == kind[1])).mean() == pytest.approx(0.25, abs=0.08)
    assert set(values["set"]) == {0, 1, 2} and values["time"].max() < 100
    assert values["onset"].max() < 100 and len(set(values["onset"])) > 50


def test_inputs_fire_at_random_in_the_pauses_alone():
    got = xor.learn(PAUSES, 0)
    in_patterns = got["first_shown"][:, got["first_set"]].sum()
    pauses = 200 * (80 - 25) * 1e-3  # s
    assert (got["count_input"].sum() - in_patterns) / 100 / pauses == pytest.approx(4, rel=0.05)
    other = xor.learn(PAUSES, 1)
    assert (got["count_input"] != other["count_input"]).any()


def test_rows_say_what_was_counted():
    silent = replace(PAUSES, spread=0.0)
    rows = {(row["metric"], row["epoch"], row["layer"]): row["value"] for row in xor.run(silent, 0)}
    for metric in ("pattern error", "missed"):
        assert rows[metric, 100, 0] == rows[metric, 200, 0] == 100
    assert rows["rate", 200, 1] == 0
    fired = rows["rate", 200, 0] * 100 * 80e-3  # input spikes of a pattern and its pause
    assert rows["synaptic events", 200, 0] == pytest.approx(2 * fired)
    assert 60 < fired < 2 / 3 * 100 + 0.055 * 4 * 100 + 10


@pytest.mark.slow  # two programs
def test_hidden_neurons_learn_what_a_single_layer_does_not():
    def end(way, **changes):
        rows = xor.run(Setting(SuperSpike(way), patterns=1600, **changes), 1001)
        (error,) = (
            row["value"] for row in rows if (row["metric"], row["epoch"]) == ("pattern error", 1600)
        )
        return error

    assert end("symmetric") < 20
    assert end("none", sizes=(100, 2)) > 40
    assert end("symmetric", rate=0.0) > 90


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sizes": (100, 4, 3)}, "two outputs"),
        ({"sizes": (100, 4, 4, 2)}, "one hidden layer or none"),
        ({"rate": -1.0}, "at least 0"),
        ({"rate": float("nan")}, "at least 0"),
    ],
)
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Setting(**given)


def test_labels_name_the_feedback():
    settings = (Setting(), Setting(SuperSpike("none"), (100, 2)), Setting(rate=0.0))
    want = ["4 random", "no hidden layer", "4 random, plasticity off"]
    assert [setting.label for setting in settings] == want
    job = Job("03-xor", Setting(), 0, run="credit.spiking.superspike_xor:run")
    assert job.method == "superspike"
