"""Segregated dendrites: the Brian2 model beside its torch form, closed forms, and controls."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from brian2 import SpikeMonitor, StateMonitor, defaultclock

from credit.nets.streams import streams
from credit.runs.store import Job, sources
from credit.spiking import segregated_dendrites as brian
from credit.spiking import segregated_in_time as in_time
from credit.spiking import simulation
from credit.spiking.segregated_dendrites import STEPS, SegregatedDendrites, Setting
from credit.spiking.simulation import Simulation
from credit.tasks import data

SMALL = Setting(sizes=(12, 9, 8, 4), learning_rate=(0.3, 0.2, 0.1), chunk=2)


def watched(setting):
    """The model with everything recorded."""
    model = brian.build(setting)
    defaultclock.dt = brian.PARAMETERS["dt_ms"]
    for group in [o for o in model.network.objects if o.name in NAMES]:
        spikes = SpikeMonitor(group, name=f"seen_{group.name}")
        model.network.add(spikes)
        model.read |= {f"i_{group.name}": (spikes, "i"), f"t_{group.name}": (spikes, "t")}
        if group.name != "input":
            wanted = ["V", "A"] if group.name != "output" else ["V"]
            seen = StateMonitor(group, wanted, record=True, when="end", name=f"of_{group.name}")
            model.network.add(seen)
            model.read |= {f"{v}_{group.name}": (seen, v) for v in wanted}
    return model


NAMES = ("input", "hidden1", "hidden2", "output")


def values_of(setting, seed=0):
    """Values for one run, and the weights among them as `draw` gives them."""
    weights, random = brian.draw(setting, streams(seed)), np.random.default_rng(seed)
    n, K = setting.sizes, setting.chunk
    label = random.integers(n[-1], size=K)
    x = random.random((K, n[0])) * (random.random((K, n[0])) < 0.7)
    values = {name: w.numpy().ravel() for name, w in weights.items()}
    values |= {"pixels": x, "teacher": np.eye(n[-1])[label], "learning": 1.0}
    values |= {f"eta{l}": rate for l, rate in enumerate(setting.rates, 1)}
    values |= {f"gA{l}": setting.rule.apical for l in range(1, len(n) - 1)}
    return values, weights, torch.tensor(x), label


def run_here(setting, values, seed=0):
    return Simulation(partial(watched, setting), "small", "numpy").run(values, seed)


def spikes_of(got, setting):
    """Spikes of every layer [K * STEPS, n_l] as float64."""
    found = []
    for l, n in enumerate(setting.sizes):
        name = "input" if l == 0 else NAMES[l] if l < len(setting.sizes) - 1 else "output"
        S = torch.zeros(setting.chunk * STEPS + 1, n, dtype=torch.float64)
        S[np.rint(got[f"t_{name}"] * 1e3).astype(int), got[f"i_{name}"]] = 1
        found.append(S[:-1])
    return found


def in_torch(setting, weights, x, label, S):
    """The torch form for these spikes: the net, and the voltages of every layer in each step."""
    net, seen = in_time.Net(setting, weights, torch.float64), []
    for k in range(setting.chunk):
        part = slice(k * STEPS, (k + 1) * STEPS)
        seen.append(net.learn(x[k], int(label[k]), spikes=[s[part] for s in S]))
    L = len(setting.sizes) - 1
    return net, [torch.cat([one["V"][l][1:] for one in seen]) for l in range(L)], seen


def difference(got, setting, values):
    """The largest difference between a run of Brian2 and the torch form for the same spikes, in
    voltages, apical voltages and weights; and how much the weights have moved."""
    _, weights, x, label = values
    net, V, _ = in_torch(setting, weights, x, label, spikes_of(got, setting))
    L, found, moved = len(setting.sizes) - 1, [], []
    for l in range(L):
        name = NAMES[l + 1] if l < L - 1 else "output"
        found.append(np.abs(got[f"V_{name}"][:, :-1].T - V[l].numpy()).max())
        w = got[f"w{l + 1}"].reshape(setting.sizes[l : l + 2])
        found.append(np.abs(w - net.W[l].numpy()).max())
        found.append(np.abs(got[f"b{l + 1}"] - net.b[l].numpy()).max())
        moved.append(np.abs(w - weights[f"w{l + 1}"].numpy()).max())
        if l < L - 1:
            A = net.apical[l][1].numpy()
            found.append(np.abs(got[f"A_{name}"][:, -2] - A).max())
    return max(found), min(moved)


@pytest.mark.parametrize(
    ("rule", "area"), [(SegregatedDendrites(), 1.0), (SegregatedDendrites("sparse"), 0.51)]
)
def test_brian_and_torch_agree_on_voltages_traces_and_updates_for_the_same_spikes(rule, area):
    setting = replace(SMALL, rule=rule, area=area)
    values = values_of(setting)
    got = run_here(setting, values[0])
    gap, moved = difference(got, setting, values)
    assert gap < 1e-9 < 1e-6 < moved
    got["t_input"][0] += 1e-3  # one spike a millisecond later would be seen
    assert difference(got, setting, values)[0] > 1e-6


def test_symmetric_feedback_comes_through_the_forward_synapses_themselves():
    setting = replace(
        SMALL, rule=SegregatedDendrites("symmetric"), sizes=(12, 9, 4), learning_rate=0.3
    )
    values = values_of(setting)
    gap, moved = difference(run_here(setting, values[0]), setting, values)
    # what is on its way in a dendrite when the weights change has the old ones in both
    assert gap < 1e-9 < 1e-6 < moved
    with pytest.raises(ValueError, match="expected one hidden layer, or the torch form"):
        brian.build(replace(SMALL, rule=SegregatedDendrites("symmetric")))


def test_the_forward_pathway_of_a_segregated_neuron_is_independent_of_its_feedback():
    """P1: bitwise; and not of one that is not segregated."""
    simulation = Simulation(partial(watched, SMALL), "small", "numpy")
    for apical, same in ((0.0, True), (0.05, False)):
        values = values_of(SMALL)[0] | {f"eta{l}": 0.0 for l in (1, 2, 3)}
        values |= {"gA1": apical, "gA2": apical}
        other = values | {f"y{l}": values[f"y{l}"][::-1] for l in (1, 2)}
        one, two = simulation.run(values), simulation.run(other)
        names = ("V_hidden1", "V_hidden2", "V_output", "t_hidden1", "t_output")
        equal = [np.array_equal(one[name], two[name]) for name in names]
        assert all(equal) if same else not equal[0], apical
        assert np.abs(one["A_hidden1"] - two["A_hidden1"]).max() > 0.1


def test_a_steady_drive_leads_to_the_steady_voltage_in_closed_form():
    """P2: V = k (B + b) without, and (0.6 B + 8)/1.7 with the teacher; B is the rate times w."""
    V, _ = in_time.propagator(400, False)
    steady = V[-1, :400].sum()  # a spike of weight 1 in every step
    assert steady == pytest.approx(0.6 / 0.7, rel=1e-6)
    assert V[-1, -2] == pytest.approx(0.6 / 0.7)  # and of a bias
    V, _ = in_time.propagator(400, True)
    assert V[-1, :400].sum() == pytest.approx(0.6 / 1.7, rel=1e-6)
    assert V[-1, -1] == pytest.approx(8 / 1.7)


@pytest.mark.parametrize("area", [1.0, 0.51])
def test_a_trace_has_the_mean_of_the_rate(area):
    """P5: the whole kernel has unit area, and the first ten steps of the authors' code half of it.

    Beside the double exponential in closed form, which smaller steps would come to.
    """
    s, _ = in_time.trace(300, area)
    assert s[-1, :300].sum() == pytest.approx(area, rel=1e-9)
    t = np.arange(11)
    exact = (np.exp(-t / 10) - np.exp(-t / 3)) / 7
    assert exact.sum() == pytest.approx(0.51, abs=0.005)
    steps = np.arange(300)  # after the spike: x and s shrink to 2/3 and 9/10 in every step
    closed = area * (0.9**steps - (2 / 3) ** steps) / 7
    np.testing.assert_allclose(s[1:, 0], closed[:-1], rtol=0, atol=1e-12)


def test_plateaus_teach_nothing_without_feedback_and_the_teacher_is_heard_through_it_alone():
    """P8: dW of hidden layers is zero to the last bit with Y = 0, and only then."""
    moved = {}
    for kind in ("random", "none", "zero"):
        rule = SegregatedDendrites("none" if kind == "none" else "random")
        setting = replace(SMALL, rule=rule)
        for label in (0, 1):
            weights = brian.draw(setting, streams(0))
            if kind == "zero":
                weights |= {"y1": 0 * weights["y1"], "y2": 0 * weights["y2"]}
            net = in_time.Net(setting, weights, torch.float64)
            x = torch.ones(12, dtype=torch.float64)
            net.learn(x, label, torch.Generator().manual_seed(0))
            moved[kind, label] = [W - weights[f"w{l}"] for l, W in enumerate(net.W, 1)]
    for kind in ("none", "zero"):
        assert all(not moved[kind, label][l].any() for label in (0, 1) for l in (0, 1))
        assert moved[kind, 0][2].any()
    assert not torch.equal(moved["random", 0][0], moved["random", 1][0])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sizes": (784,)}, "sizes needs an input and an output"),
        ({"learning_rate": (0.1, 0.1, 0.1)}, "one for each of 2 layers"),
        ({"learning_rate": -1.0}, "a number of at least 0"),
        ({"area": 0.0}, "area is 0.0, expected"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_an_impossible_setting_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Setting(**wrong)


def test_impossible_rules_are_refused():
    with pytest.raises(ValueError, match="feedback is 'telepathy', expected one of random"):
        SegregatedDendrites("telepathy")
    with pytest.raises(ValueError, match=r"apical is -1, expected at least 0"):
        SegregatedDendrites(apical=-1)
    leaky = Setting(SegregatedDendrites(apical=0.05))
    with pytest.raises(ValueError, match=r"gA is 0.05: the torch form .* run it in Brian2"):
        in_time.Net(leaky, {})


def test_the_run_store_knows_both_forms():
    jobs = [Job("04", Setting(), 0, run=f"credit.spiking.{m.__name__.split('.')[-1]}:run")
            for m in (brian, in_time)]  # fmt: skip
    assert [job.function for job in jobs] == [brian.run, in_time.run]
    assert (jobs[0].method, jobs[0].name) == ("segregated_dendrites", "784-500-10, random")
    assert len({job.key for job in jobs}) == 2
    assert "credit.spiking.segregated_dendrites" in sources("credit.spiking.segregated_in_time")


TASK = Setting(sizes=(16, 24, 4), dataset="corners", learning_rate=0.4, chunk=40, curve=160,
               epochs=8, watched=20)  # fmt: skip


def corners(name):
    """Four classes of a 4 x 4 picture: which row is bright; 160 to learn, 80 to test."""
    random = torch.Generator().manual_seed(0)
    label = torch.randint(4, (240,), generator=random)
    x = 0.3 * torch.rand(240, 4, 4, generator=random)
    x[torch.arange(240), label] += 0.7
    splits = [data.Split(x[k].flatten(1), label[k]) for k in (slice(160), slice(160, 240))]
    return data.Dataset(name, splits[0], splits[1], splits[1], tuple("abcd"), (1, 4, 4))


def error_of(rows, metric="test error"):
    return [r["value"] for r in rows if r["metric"] == metric][-1]


def test_the_torch_form_learns_with_feedback_and_a_teacher_that_is_right(monkeypatch):
    monkeypatch.setattr(data, "load", corners)
    rows = in_time.run(TASK, 0)
    assert error_of(rows) < 10
    assert error_of(in_time.run(replace(TASK, learning_rate=0.0, epochs=1), 0)) > 50
    wrong = replace(TASK, rule=SegregatedDendrites(shuffled=True))
    assert error_of(in_time.run(wrong, 0)) > 40
    names = {r["metric"] for r in rows}
    wanted = {"mu", "mu of a mean", "mu below 1", "angle, spikes", "angle of one image, rates"}
    assert wanted <= names
    assert in_time.run(TASK, 0)[:-1] == rows[:-1]  # the same but for the CPU time


@pytest.mark.slow  # compiles one program: three quarters of a minute when the machine is free
def test_the_compiled_program_has_the_same_numbers_and_learns(monkeypatch):
    """Everything that needs the compiler, on one program."""
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    values = values_of(TASK)
    program = Simulation(partial(watched, TASK), "segregated-test", "cpp_standalone")
    got = program.run(values[0], seed=1)
    gap, moved = difference(got, TASK, values)
    assert gap < 1e-9 < 1e-6 < moved
    assert len(got["t_output"]) > 100

    monkeypatch.setattr(brian, "_simulation", lambda setting: program)
    monkeypatch.setattr(data, "load", corners)
    rows = brian.run(TASK, seed=0)
    still = brian.run(replace(TASK, learning_rate=0.0, epochs=1), seed=0)
    assert error_of(rows) < 15 < 50 < error_of(still)
    assert brian.run(replace(TASK, learning_rate=0.0, epochs=1), 0)[:-1] == still[:-1]
    spikes = {r["layer"]: r["value"] for r in rows if r["metric"] == "spikes, test"}
    assert error_of(rows, "synaptic events, test") == pytest.approx(24 * spikes[0] + 4 * spikes[1])
