"""Learning by two phases: against a plain loop, in what must not move, and in rates."""

import functools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brian2 import Hz, mV
from test_event_driven import corners

from credit.nets.streams import streams
from credit.runs.store import Job, sources
from credit.spiking import neurons, online, simulation, two_phases
from credit.spiking.contrasts.contrastive_hebbian import ContrastiveHebbian
from credit.spiking.contrasts.equilibrium_propagation import EquilibriumPropagation
from credit.spiking.contrasts.generalized_recirculation import GeneralizedRecirculation
from credit.spiking.contrasts.untold import Untold
from credit.spiking.simulation import Simulation
from credit.spiking.two_phases import Setting
from credit.tasks import data

RULES = (
    EquilibriumPropagation(beta=0.7), ContrastiveHebbian(), Untold(),
    GeneralizedRecirculation(gain=0.8), GeneralizedRecirculation(apart=False),
)  # fmt: skip
SMALL = Setting(
    ContrastiveHebbian(), (12, 9, 8, 4), phase=50, settling=15, white=200.0, target=150.0,
    spread=30.0, learning_rate=0.3, hidden_rate=0.2, chunk=5,
)  # fmt: skip

p = {  # without units: ms and mV
    name: float(value) * 1e3 for name, value in two_phases.PARAMETERS.items()
}


def values_of(setting, seed=0):
    """A set of values for one run of the network, in SI."""
    n, K, random = setting.sizes, setting.chunk, np.random.default_rng(seed)
    L = len(n) - 1
    values = {"pixels": random.random((K, n[0])).repeat(2, axis=0), "first": random.random(n[0])}
    values |= {"label": np.eye(n[-1])[random.integers(n[-1], size=K)], "learning": 1.0}
    for l in range(1, L + 1):
        w = random.normal(0, setting.spread / np.sqrt(n[l - 1]), n[l - 1] * n[l])
        values[f"w{l}"] = (w + 4) * 1e-3  # a bias, or these small layers would be silent
        values[f"eta{l}"] = 1e-3 * (setting.learning_rate if l == L else setting.hidden_rate)
    return values | setting.rule.draw(n, streams(seed)) | setting.rule.values(n)


def hebbian(x, y, x_taught, y_taught):
    return np.outer(x_taught, y_taught) - np.outer(x, y)


def recirculated(x, y, x_taught, y_taught):
    return np.outer((x + x_taught) / 2, y_taught - y)


def one_phase(setting, w, back, pixels, first, wanted, beta):
    """From rest to the end of a phase, in ms and mV: late spikes of each layer, all, and v.

    wanted  of the output neurons, in a taught phase; None in a free one
    """
    n, L, nudged = setting.sizes, len(setting.sizes) - 1, beta is not None
    strong = p["v_th"] / (1 - np.exp(-(1e3 / setting.target - p["t_ref"]) / p["tau_m"]))
    x, r, full = first.copy(), np.zeros(n[L]), setting.target * 1e-3 * p["tau_r"]
    v, I, late, every = ({l: np.zeros(n[l]) for l in range(L + 1)} for _ in range(4))
    last = {l: np.full(n[l], -np.inf) for l in v}
    for step in range(setting.phase):
        drive = {l: I[l] + setting.bias for l in range(1, L)} | {L: I[L]}
        if wanted is not None and nudged:
            drive[L] = I[L] + beta * strong * (wanted - r / full)
        elif wanted is not None:
            drive[L] = strong * np.where(wanted, 1, -1)
        x += pixels * setting.white * 1e-3
        fired = {0: x > 1}
        for l in drive:
            free = step - last[l] >= p["t_ref"]
            v[l] += free * (drive[l] - v[l]) / p["tau_m"]
            I[l] -= I[l] / p["tau_s"]
            fired[l] = (v[l] > p["v_th"]) & free
        r -= r / p["tau_r"]
        for l in drive:
            I[l] += fired[l - 1] @ w[l]
            I[l] += fired[l + 1] @ back[l] if l < L else 0
            v[l][fired[l]] = 0
            last[l][fired[l]] = step
        x[fired[0]] -= 1
        r += fired[L]
        for l in fired:
            late[l] += fired[l] * (step >= setting.settling)
            every[l] += fired[l]
    return late, every, v[L]


def plain_loop(setting, values):
    """The same in numpy: {name: weights in SI} and "scores", "spikes" of the layers."""
    n, L, how, K = setting.sizes, len(setting.sizes) - 1, setting.rule, setting.chunk
    contrast = recirculated if isinstance(how, GeneralizedRecirculation) else hebbian
    beta = how.beta if isinstance(how, EquilibriumPropagation) else None
    values = {name: np.asarray(value, float) for name, value in values.items()}
    w = {l: 1e3 * values[f"w{l}"].reshape(n[l - 1], n[l]) for l in range(1, L + 1)}
    own = {
        l: 1e3 * values[f"feedback{l}"].reshape(n[l + 1], n[l])
        for l in range(1, L if getattr(how, "apart", False) else 1)
    }
    full = setting.target * 1e-3 * (setting.phase - setting.settling)
    scores, spikes = [], {l: np.zeros(n[l]) for l in range(L + 1)}
    for image in range(K):
        counted = []
        for taught in (False, True):
            back = {l: how.gain * (own[l] if own else w[l + 1].T) for l in range(1, L)}
            pixels = values["pixels"][2 * image + taught]
            wanted = values["label"][image] if taught and values["learning"] else None
            late, every, v = one_phase(setting, w, back, pixels, values["first"], wanted, beta)
            scores.append(late[L] + np.clip(v / p["v_th"], 0, 0.999))
            counted.append({l: late[l] / full for l in late})
            spikes = {l: spikes[l] + every[l] for l in every}
        free, told = counted
        for l in w:
            w[l] += 1e3 * values[f"eta{l}"] * contrast(free[l - 1], free[l], told[l - 1], told[l])
        for l, b in own.items():
            b += 1e3 * values[f"eta{l}"] * contrast(free[l + 1], free[l], told[l + 1], told[l])
    # the run ends in the first step of another phase
    spikes[0] += values["first"] + pixels * setting.white * 1e-3 > 1
    learned = {f"w{l}": w[l] for l in w} | {f"feedback{l}": b for l, b in own.items()}
    learned = {name: 1e-3 * value.ravel() for name, value in learned.items()}
    return learned | {"scores": np.array(scores), "spikes": list(spikes.values())}


@functools.cache
def program(rule):
    """The network SMALL with this rule, in numpy."""
    return Simulation(lambda: two_phases.build(replace(SMALL, rule=rule)), "small", "numpy")


def spikes_of(got):
    return [got[f"count_{layer}"] for layer in ("input", "hidden1", "hidden2", "output")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.short)
def test_the_network_does_what_a_plain_loop_does(rule):
    setting = replace(SMALL, rule=rule)
    values = values_of(setting)
    got, want = program(rule).run(values), plain_loop(setting, values)
    learned = [name for name in got if name in values]
    for name in learned:
        np.testing.assert_allclose(got[name], want[name], rtol=0, atol=1e-15, err_msg=name)
    np.testing.assert_allclose(got["scores"].T[1:], want["scores"], rtol=0, atol=1e-9)
    for counted, expected in zip(spikes_of(got), want["spikes"], strict=True):
        np.testing.assert_array_equal(counted, expected)
        assert counted.sum() > 50
    still = {name for name in learned if np.abs(got[name] - values[name]).max() < 1e-5}
    assert still == ({"w1", "w2"} if isinstance(rule, Untold) else set())  # it is about something


def test_without_feedback_no_hidden_synapse_changes_and_with_it_all_layers_learn():
    """Bit for bit, and in one program: only the gain is another."""
    values = values_of(replace(SMALL, rule=Untold()))
    untold, above_alone, told = (
        program(Untold()).run(values | {"gain1": first, "gain2": second})
        for first, second in ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))
    )
    for name in ("w1", "w2"):
        np.testing.assert_array_equal(untold[name], values[name])
        np.testing.assert_array_equal(above_alone[name], values[name])  # it knows nothing itself
        assert np.abs(told[name] - values[name]).max() > 1e-4
    assert np.abs(untold["w3"] - values["w3"]).max() > 1e-3
    hebbian_way = program(ContrastiveHebbian()).run(
        values | ContrastiveHebbian().values(SMALL.sizes)
    )
    for name in told:
        np.testing.assert_array_equal(hebbian_way[name], told[name])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.short)
def test_where_nobody_teaches_both_phases_are_the_same_and_nothing_is_learned(rule):
    """All rates of learning are above zero: no spike is counted in one phase alone."""
    values = values_of(replace(SMALL, rule=rule)) | {"learning": 0.0}
    got = program(rule).run(values)
    np.testing.assert_array_equal(got["scores"][:, 1::2], got["scores"][:, 2::2])
    assert (np.ptp(got["scores"][:, 1:], axis=1) > 0).any()  # other images, other answers
    for name in got:
        if name in values:
            np.testing.assert_array_equal(got[name], values[name])


def test_an_image_in_the_second_phase_is_answered_as_it_is_in_the_first():
    rule = GeneralizedRecirculation(gain=0.8)
    values = values_of(replace(SMALL, rule=rule)) | {"learning": 0.0}
    values |= {"eta1": 0.0, "eta2": 0.0, "eta3": 0.0}
    different = np.random.default_rng(5).random((2 * SMALL.chunk, SMALL.sizes[0]))
    got = program(rule).run(values | {"pixels": different})["scores"][:, 1:]
    for phase in (0, 1):
        pixels = different[phase::2].repeat(2, axis=0)
        alone = program(rule).run(values | {"pixels": pixels})["scores"][:, 1:]
        np.testing.assert_array_equal(got[:, phase::2], alone[:, ::2])
    assert (got[:, ::2] != got[:, 1::2]).any()


def test_while_it_is_taught_the_right_neuron_alone_fires_as_often_as_it_should():
    """To one spike; over long windows too often, by up to a step of 1 ms in every interval: at a
    target of 200 Hz, 5 ms, a neuron fires every 4 ms."""
    values = values_of(SMALL)
    late = program(SMALL.rule).run(values)["scores"][:, 2::2].T
    right, full = values["label"] > 0, SMALL.target * 1e-3 * (SMALL.phase - SMALL.settling)
    assert (np.abs(np.floor(late[right]) - full) <= 1).all() and (late[~right] == 0).all()


@pytest.fixture
def learner(monkeypatch):
    """Of SMALL, with another seed for its weights; `seen` are the values of its runs."""
    seen, rule = [], SMALL.rule

    def run(values, seed):
        seen.append(values)
        return program(rule).run(values)

    monkeypatch.setattr(two_phases, "_simulation", lambda setting: SimpleNamespace(run=run))
    learner = online.Learner(SMALL, 2)
    learner.seen = seen
    return learner


def images(n):
    random = torch.Generator().manual_seed(1)
    return torch.rand(n, SMALL.sizes[0], generator=random), torch.arange(n) % SMALL.sizes[-1]


def by_hand(learner, x, label, first, rate):
    """The values of a run on these images, each shown twice."""
    values = {"pixels": x.numpy().repeat(2, axis=0), "label": np.eye(SMALL.sizes[-1])[label]}
    values |= {"learning": float(rate > 0), "first": first, "eta3": 0.3e-3 * rate}
    return values | {"eta1": 0.2e-3 * rate, "eta2": 0.2e-3 * rate} | learner.W


def test_an_untaught_run_shows_an_image_in_each_of_its_phases(learner):
    x, label = images(20)
    before = dict(learner.W)
    answers, counts = learner.show(x, label)
    assert [len(run["pixels"]) for run in learner.seen] == [10, 10]
    want, spikes = [], 0
    for k, run in enumerate(learner.seen):
        assert run["learning"] == run["eta1"] == run["eta2"] == run["eta3"] == 0
        for half in (slice(10 * k, 10 * k + 5), slice(10 * k + 5, 10 * k + 10)):
            shown = plain_loop(SMALL, by_hand(learner, x[half], label[half], run["first"], 0.0))
            want += list(shown["scores"][::2].argmax(1))
            spikes += shown["spikes"][1].sum() / 2
    assert answers.tolist() == want and len(set(want)) > 1
    assert counts["hidden1"] == pytest.approx(spikes / 20)
    assert (learner.seen[0]["first"] != learner.seen[1]["first"]).all()
    for name, w in learner.W.items():
        np.testing.assert_array_equal(w, before[name])


def test_a_taught_run_answers_in_the_free_phases_and_hands_its_weights_on(learner):
    x, label = images(10)
    W = dict(learner.W)
    answers, _ = learner.show(x, label, rate=0.5, teacher=label.roll(1))
    want = []
    for k, run in enumerate(learner.seen):
        part = slice(5 * k, 5 * k + 5)
        values = by_hand(SimpleNamespace(W=W), x[part], label[part], run["first"], 0.5)
        shown = plain_loop(SMALL, values)
        want += list(shown["scores"][::2].argmax(1))
        W = {name: shown[name] for name in W}
    assert len(learner.seen) == 2 and answers.tolist() == want and len(set(want)) > 1
    for name, w in learner.W.items():
        np.testing.assert_allclose(w, W[name], rtol=0, atol=1e-15)


@pytest.mark.parametrize("rate", [10, 50, 200, 320])
def test_the_drive_for_a_rate_is_that_of_the_closed_form(rate):
    drive = two_phases.drive_for(rate * Hz)
    known = (two_phases.PARAMETERS[name] for name in ("tau_m", "t_ref", "v_th"))
    found = neurons.rate(np.atleast_1d(drive), *known)
    np.testing.assert_allclose(np.asarray(found), rate)


def test_feedback_that_is_apart_starts_with_the_spread_asked_for():
    n = (5, 400, 300, 20)
    drawn = GeneralizedRecirculation(spread=40.0).draw(n, streams(0))
    assert {name: len(b) for name, b in drawn.items()} == {
        "feedback1": 300 * 400, "feedback2": 20 * 300
    }  # fmt: skip
    for l in (1, 2):
        assert drawn[f"feedback{l}"].std() * n[l] ** 0.5 == pytest.approx(40e-3, rel=0.05)
    assert GeneralizedRecirculation(apart=False).draw(n, streams(0)) == {}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rule": "hebb"}, "rule is 'hebb', expected a Contrast"),
        ({"sizes": (784, 10)}, r"sizes is \(784, 10\), expected at least input, one hidden layer"),
        ({"schedule": "cosine"}, "schedule is 'cosine', expected one of linear, constant"),
        ({"hidden_rate": -1.0}, "hidden_rate is -1.0, expected at least 0"),
        ({"settling": 60}, "settling is 60 ms, expected less than a phase's 60 ms"),
        ({"settling": -1}, "settling is -1, expected a whole number of at least 0"),
        ({"target": 400.0}, "target is 400.0 Hz, expected one that a neuron with"),
        ({"phase": 60.5}, "phase is 60.5, expected a whole number of at least 1"),
        ({"bias": "5 mV"}, "bias is '5 mV', expected a number"),
        ({"target": None}, "target is None, expected a number"),
        ({"target": 0.0}, "target is 0.0 Hz, expected one that a neuron with"),
    ],
    ids=lambda part: "-".join(map(str, part)) if isinstance(part, dict) else "",
)
def test_an_impossible_setting_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message) as refused:
        Setting(**{"rule": ContrastiveHebbian()} | wrong)
    assert "\n" not in str(refused.value)


def test_a_chunk_that_does_not_divide_the_untaught_images_is_refused(monkeypatch):
    monkeypatch.setattr(two_phases, "_simulation", lambda setting: None)
    monkeypatch.setattr(data, "load", corners)
    setting = replace(SMALL, sizes=(16, 5, 4), chunk=16)  # 160 to learn, 80 to test
    with pytest.raises(
        ValueError, match="chunk is 16 images, 32 in a run, expected a divisor of 8"
    ):
        two_phases.run(setting, 0)


def test_settings_that_differ_in_values_alone_share_a_program(monkeypatch):
    def made(make, name):
        return SimpleNamespace(ended=False, name=name)

    monkeypatch.setattr(two_phases, "Simulation", made)
    two_phases._simulation.cache_clear()
    small = replace(SMALL, rule=GeneralizedRecirculation())
    rules = (GeneralizedRecirculation(gain=3.0, spread=1.0), GeneralizedRecirculation(apart=False))
    try:
        first = small.simulation()
        values = {"learning_rate": 9.0, "hidden_rate": 9.0, "spread": 9.0, "epochs": 9}
        values |= {"examples": 9, "schedule": "constant"}
        assert replace(small, rule=rules[0], **values).simulation() is first
        for other in ({"rule": rules[1]}, {"target": 9.0}, {"settling": 9}, {"chunk": 9}):
            assert replace(small, **other).simulation() is not small.simulation()
        assert replace(small, rule=rules[1]).simulation().name != first.name
    finally:
        two_phases._simulation.cache_clear()


def test_the_run_store_knows_a_run_by_its_setting_and_its_code():
    methods = (
        "equilibrium_propagation", "contrastive_hebbian", "untold", "generalized_recirculation",
        "generalized_recirculation",
    )  # fmt: skip
    jobs = [Job("s", Setting(rule), 0, run="credit.spiking.two_phases:run") for rule in RULES]
    assert tuple(job.method for job in jobs) == methods
    assert {job.function for job in jobs} == {two_phases.run}
    assert jobs[1].name == "200 contrastive Hebbian"
    others = [replace(jobs[1], seed=1), replace(jobs[1], setting=Setting(ContrastiveHebbian(0.4)))]
    assert len({job.key for job in (*jobs, *others)}) == 7
    code = sources("credit.spiking.two_phases")
    used = ("online", "neurons", "simulation", "contrasts.base", "contrasts.contrastive_hebbian")
    assert {f"credit.spiking.{name}" for name in used} <= code.keys()


BRIDGE, WINDOWS, SEEDS = (60, 20, 10), (60, 240, 960), range(4)
BRIDGE_SETTING = Setting(ContrastiveHebbian(gain=1.0), BRIDGE, white=100.0, target=200.0)


def angle(a, b):
    return np.degrees(np.arccos((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())))


def fixed_point(w, pixels, right=None):
    """{layer: rates in Hz} of the same network in rates: y = f(drive), at rest with itself.

    right  the class that is taught; None is the free phase
    """
    x = {0: pixels * BRIDGE_SETTING.white, 1: np.zeros(BRIDGE[1]), 2: np.zeros(BRIDGE[2])}
    f_I = [two_phases.PARAMETERS[name] for name in ("tau_m", "t_ref", "v_th")]
    tau = p["tau_s"] * 1e-3
    for _ in range(300):
        drive = {1: tau * (x[0] @ w[1] + x[2] @ w[2].T) + BRIDGE_SETTING.bias, 2: tau * x[1] @ w[2]}
        for l in drive:
            y = np.asarray(neurons.rate(drive[l] * mV, *f_I))
            if l == 2 and right is not None:
                y = BRIDGE_SETTING.target * np.eye(BRIDGE[2])[right]
            x[l] = x[l] + 0.1 * (y - x[l])
    return x


@pytest.fixture(scope="module")
def angles():
    """{window: [(to the change by the rate rule, to those for other classes), one a network]}."""
    found = {window: [] for window in WINDOWS}
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        w = {1: random.normal(1.0, 0.6, BRIDGE[:2]), 2: random.normal(0.8, 1.5, BRIDGE[1:])}
        pixels, first = random.random(BRIDGE[0]), random.random(BRIDGE[0])
        free = fixed_point(w, pixels)
        taught = [fixed_point(w, pixels, right) for right in range(BRIDGE[2])]
        rules = [hebbian(free[0], free[1], told[0], told[1]) for told in taught]
        right = np.eye(BRIDGE[2])[seed]
        for window in WINDOWS:
            setting = replace(BRIDGE_SETTING, phase=window, settling=window // 4)
            x, x_taught = (
                one_phase(setting, w, {1: w[2].T}, pixels, first, wanted, None)[0]
                for wanted in (None, right)
            )
            change = hebbian(x[0], x[1], x_taught[0], x_taught[1])
            off = [angle(change, rule) for rule in rules]
            found[window].append((off.pop(seed), np.mean(off)))
    return {window: np.mean(pairs, axis=0) for window, pairs in found.items()}


def test_the_change_of_hidden_synapses_turns_towards_that_of_the_rate_rule(angles):
    """By the loop that does what the network does: 44, 17 and 10 degrees in windows of 60, 240 and
    960 ms; with the teacher of another class in rates 89, 81 and 81.

    Counts of regular spikes are off by one over the window, so that 1/window would be expected. To
    the change in a window of 3840 ms the angle falls with the power -0.8 of the window; to the
    rate rule with -0.6 and hardly below 9 degrees, as spikes in steps of 1 ms are a tenth more
    than in the closed form, and neurons below threshold still fire by what comes in pulses.
    """
    right, other = np.transpose([angles[window] for window in WINDOWS])
    assert right[0] > 30 and right[1] < 25 and right[2] < 14
    assert right[1] < 0.6 * right[0] and right[2] < 0.8 * right[1]
    assert (other > 70).all()


TASK = Setting(
    ContrastiveHebbian(), (16, 5, 4), dataset="corners", phase=50, settling=10, white=200.0,
    target=200.0, spread=40.0, learning_rate=1.0, hidden_rate=1.0, chunk=40, epochs=4,
)  # fmt: skip


@pytest.mark.slow  # compiles one program: half a minute when the machine is free
def test_the_compiled_program_has_the_same_numbers_and_learns(monkeypatch):
    """With 5 hidden neurons errors are 0, 30 and 0 % on three seeds, those of the output's synapses
    alone 18, 48 and 4 %, and 75 % by chance."""
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    values = values_of(TASK)
    shown = Simulation(lambda: two_phases.build(TASK), "small", "numpy").run(values)
    compiled = Simulation(lambda: two_phases.build(TASK), "test-two-phases", "cpp_standalone")
    got = compiled.run(values)
    assert shown["count_hidden1"].sum() > 100
    for name in shown:
        np.testing.assert_allclose(got[name], shown[name], rtol=0, atol=1e-9, err_msg=name)
    monkeypatch.setattr(two_phases, "_simulation", lambda setting: compiled)
    monkeypatch.setattr(data, "load", corners)

    def test_error(rule, seed):
        rows = two_phases.run(replace(TASK, rule=rule), seed)
        (error,) = [row["value"] for row in rows if row["metric"] == "test error"]
        return error

    told, untold = ([test_error(rule, k) for k in range(3)] for rule in (TASK.rule, Untold()))
    assert min(told) < 5 and np.mean(told) < 0.7 * np.mean(untold)
