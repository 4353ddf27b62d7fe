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
PAUSES_PROGRAM = Setting(patterns=200, sizes=(100, 2))
PAUSES = replace(PAUSES_PROGRAM, rate=0.0)


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


def until_it_fires(w):
    """Steps from spikes of weight w into a resting neuron to its own."""
    v, I, steps = 0.0, w, 0
    while v <= 0.01:
        v, I, steps = v + 0.1 * (I - v) / 10, I - 0.1 * I / 5, steps + 1
    return steps


def at_the_edges():
    """Values of a run in which the first output fires once in each pattern shown, at a chosen step,
    and is the right one; with what is wrong and missed of its spikes, [patterns]."""
    d = until_it_fires(4 * 0.015) + until_it_fires(3 * 0.02)
    first, last, late = [1, 0, 0], WINDOW - 1, WINDOW  # which set, and when the output fires
    cases = [  # set, onset, wrong, missed
        (first, 20, 0, 0),  # at the last step of the window
        ([0, 1, 0], 20, 1, 1),  # one step after
        (first, 551, 0, 0),  # at step 0 of the next pattern; the window does not close in time
        ([0, 0, 0], 0, 0, 0),  # which is the first step of its window
        (first, 551, 0, 0),
        ([0, 0, 0], 1, 1, 1),  # one step before its window, which is no answer
        (first, 20, 0, 0),
        *[([0, 0, 0], 20, 0, 1)] * 7,
    ]
    shown, onset, wrong, missed = map(np.array, zip(*cases, strict=True))
    w2 = np.tile([0.02, 0.0], 3)
    values = xor.drawn(replace(SMALL, rate=0.0), 0) | {"w1": np.full(36, 0.015), "w2": w2}
    values |= {"shown": shown.astype(float), "onset": onset.astype(float), "right": np.zeros(14)}
    values["time"] = np.array([last, late, last])[values["set"]] - d
    return values, wrong, missed


def test_the_window_begins_and_ends_at_its_very_steps():
    values, wrong, missed = at_the_edges()
    got = xor.simulation(PROGRAM).run(values, 0)
    for what, want in (("wrongs", wrong), ("misses", missed)):
        counted = np.diff(np.column_stack([got[f"{what}_before"], got[what]]))
        np.testing.assert_array_equal(counted, [want, np.zeros(14)])
    _, wrongs, misses = by_hand(values, SMALL.sizes, SMALL.patterns)
    assert (wrongs[0], misses[0]) == (wrong.sum(), missed.sum())


def test_the_classes_are_an_exclusive_or_of_two_sets():
    values = xor.drawn(replace(SMALL, patterns=400), 1)
    reference, a, b = values["shown"].T.astype(bool)
    assert reference.all()
    np.testing.assert_array_equal(values["right"] == 1, a ^ b)
    for kind in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert ((a == kind[0]) & (b == kind[1])).mean() == pytest.approx(0.25, abs=0.08)
    assert set(values["set"]) == {0, 1, 2} and values["time"].max() < 100
    assert values["onset"].max() < 100 and len(set(values["onset"])) > 50


def test_what_is_drawn_is_spread_as_the_setting_says():
    n, setting = (900, 400, 2), Setting(sizes=(900, 400, 2), rate=5e-3, patterns=300)
    values = xor.drawn(setting, 0)
    assert values["rate"] == 5e-3
    assert set(values["time"]) == set(range(100))  # steps within 10 ms
    assert (np.bincount(values["set"]) == 300).all()
    for l in (1, 2):
        assert values[f"w{l}"].std() == pytest.approx(0.05 / n[l - 1] ** 0.5, rel=0.05)
    assert values["b"].mean() == pytest.approx(0, abs=0.1)
    assert values["b"].std() == pytest.approx(1, rel=0.05)
    strong = xor.drawn(replace(setting, spread=30.0), 0)
    assert np.abs(strong["w1"]).max() == np.abs(strong["w2"]).max() == 0.1
    assert xor.drawn(setting, 1)["onset"].tolist() != values["onset"].tolist()


def test_feedback_is_of_the_one_kind_that_is_asked_for():
    found = {}
    for way in ("random", "symmetric", "uniform", "none"):
        values = xor.drawn(replace(SMALL, rule=SuperSpike(way)), 0)
        kinds = {(0,): "none", (1,): "ones"}
        found[way] = (kinds.get(tuple(set(values["b"])), "random"), values["transported"])
        np.testing.assert_array_equal(values["w1"], xor.drawn(SMALL, 0)["w1"])
    assert found == {
        "random": ("random", 0),
        "symmetric": ("none", 1),
        "uniform": ("ones", 0),
        "none": ("none", 0),
    }


def test_inputs_fire_at_random_in_the_pauses_alone():
    got = xor.learn(PAUSES, 0)
    in_patterns = got["first_shown"][:, got["first_set"]].sum()
    pauses = 200 * (80 - 25) * 1e-3  # s
    assert (got["count_input"].sum() - in_patterns) / 100 / pauses == pytest.approx(4, rel=0.05)
    program, values = xor.simulation(PAUSES_PROGRAM), xor.drawn(PAUSES, 0)
    again, other = program.run(values, 0), program.run(values, 1)
    np.testing.assert_array_equal(got["count_input"], again["count_input"])
    assert (got["count_input"] != other["count_input"]).any()


class Counted:
    """In place of a program: gives back counts per pattern, as its monitors would."""

    def __init__(self, wrongs, misses):
        self.counts, self.asked = {"wrongs": wrongs, "misses": misses}, []

    def __call__(self, setting):
        self.asked.append(setting)
        return self

    def run(self, values, seed):
        self.asked.append(seed)
        got = {}
        for what, counts in self.counts.items():
            summed = np.cumsum(counts, axis=0).T.astype(float)
            before = np.column_stack([np.zeros(2), summed[:, :-1]])
            got |= {f"{what}_before": before, what: summed[:, -1]}
        counts = {"input": np.full(100, 800), "hidden": np.full(4, 320), "output": [160, 480]}
        return got | {f"count_{name}": np.asarray(of) for name, of in counts.items()}


def test_every_pattern_has_its_own_wrong_spikes_and_missed_answers(monkeypatch):
    wrongs = np.array([[0, 0], [1, 0], [0, 2], [0, 0], [3, 1]])
    misses = np.array([[0, 1], [0, 0], [1, 0], [0, 0], [0, 0]])
    program = Counted(wrongs, misses)
    monkeypatch.setattr(xor, "simulation", program)
    setting = Setting(sizes=(12, 2), patterns=5, background=2.0, rate=0.01, spread=0.1)
    got = xor.learn(setting, 7)
    np.testing.assert_array_equal(got["wrong"], wrongs > 0)
    np.testing.assert_array_equal(got["missed"], misses > 0)
    # one program serves all rates and spreads, none another background
    assert program.asked == [Setting(sizes=(12, 2), patterns=5, background=2.0), 7]
    np.testing.assert_array_equal(got["first_onset"], xor.drawn(setting, 7)["onset"])


def test_a_pattern_fails_by_a_wrong_spike_or_a_missed_answer(monkeypatch):
    """Of the first 100 patterns 30 have a wrong spike, 20 none and a missed answer, 5 both; of the
    second 100, 8 have a wrong spike of the first output."""
    wrongs, misses = np.zeros((2, 200, 2))
    wrongs[:35, 1] = misses[30:55, 0] = wrongs[100:108, 0] = 1
    monkeypatch.setattr(xor, "simulation", Counted(wrongs, misses))
    found = xor.run(Setting(patterns=200), 0)
    rows = {(row["metric"], row["epoch"], row["layer"]): row["value"] for row in found}
    shares = [rows[m, end, 0] for m in ("pattern error", "missed") for end in (100, 200)]
    assert shares == pytest.approx([55, 8, 25, 0])
    # in 200 patterns and their pauses, 16 s
    assert [rows["rate", 200, l] for l in range(3)] == pytest.approx([50, 20, 20])
    assert rows["synaptic events", 200, 0] == (100 * 800 * 4 + 4 * 320 * 2) / 200
    assert {row["unit"] for row in found} == {"%", "Hz", "per pattern", "s"}


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
