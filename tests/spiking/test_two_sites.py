"""Two sites of integration: rates against autograd, spikes against a plain loop, and controls."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from credit.runs.store import Job
from credit.spiking import simulation, two_sites
from credit.spiking.simulation import Simulation
from credit.spiking.two_sites import PARAMETERS, Setting, TwoSites, draw, step

SIZES = (2, 4, 3, 1)
MANY = PARAMETERS["neurons"]
p = {name: float(PARAMETERS[name]) for name in ("tau", "base", "presentation", "window")}  # s
DT = float(two_sites.DT)


def mirrored(sizes=SIZES, seed=0):
    """W, and V as its transposes; some of the weights negative."""
    W, V, _ = draw(Setting(sizes=sizes), seed)
    W = {l: 2 * w - 1 for l, w in W.items()}
    return W, {l: W[l + 1][:, :-1].T.copy() for l in V}


def gradient(W, x, t):
    """Minus the gradient of |t - y|^2 / 2, by autograd."""
    leaves = {l: torch.tensor(w, requires_grad=True) for l, w in W.items()}
    h = torch.tensor(x)
    for w in leaves.values():
        h = torch.sigmoid(w @ torch.cat([h, torch.ones(1, dtype=torch.float64)]))
    found = torch.autograd.grad(((torch.tensor(t) - h) ** 2).sum() / 2, list(leaves.values()))
    return {l: -g.numpy() for l, g in zip(W, found, strict=True)}


@pytest.mark.parametrize("sizes", [(2, 4, 1), SIZES, (3, 1, 1, 1, 2)], ids=str)
def test_with_mirrored_apical_weights_a_presentation_is_a_step_of_backprop(sizes):
    W, V = mirrored(sizes)
    x, t = np.linspace(0, 1, sizes[0]), np.full(sizes[-1], 0.3)
    before = {l: w.copy() for l, w in W.items()}
    want = gradient(W, x, t)
    step(W, V, x, t, TwoSites(), beta=0.7)
    for l, w in W.items():
        np.testing.assert_allclose(w - before[l], 0.7 * want[l], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "rule", [TwoSites(alpha=0.1), TwoSites(gain="activity"), "other V"], ids=str
)
def test_without_the_right_parts_it_is_not(rule):
    """Guards the test above."""
    W, V = mirrored()
    x, t = np.linspace(0, 1, 2), np.full(1, 0.3)
    if rule == "other V":
        rule, V = TwoSites(), {l: -v for l, v in V.items()}
    before, want = W[2].copy(), gradient(W, x, t)[2]
    step(W, V, x, t, rule, beta=1.0)
    assert np.abs(W[2] - before - want).max() > 1e-4


def differences(rule, steps=1000):
    """By how much V - W^T has changed after so many presentations, and W."""
    W, V, _ = draw(Setting(sizes=SIZES), 1)
    random = np.random.default_rng(0)
    start = {l: V[l] - W[l + 1][:, :-1].T for l in V}
    first = {l: w.copy() for l, w in W.items()}
    for _ in range(steps):
        step(W, V, random.random(2), random.random(1), rule, beta=2.0)
    return (max(np.abs(V[l] - W[l + 1][:, :-1].T - start[l]).max() for l in V),
            max(np.abs(W[l] - first[l]).max() for l in W))  # fmt: skip


def test_apical_weights_keep_their_distance_from_the_basal_ones():
    """The increments are those of Kolen & Pollack; without a decay V never becomes W."""
    apart, moved = differences(TwoSites())
    assert apart < 1e-10 and moved > 0.1


def test_activity_mixed_into_basal_learning_ends_that():
    assert differences(TwoSites(alpha=0.01))[0] > 1e-2


def answers(rule, presentations=200, **changes):
    return two_sites.learn(
        Setting(rule, firing="rates", presentations=presentations, **changes), seed=0
    )[0]


def test_without_apical_input_no_hidden_synapse_learns():
    np.testing.assert_array_equal(answers(TwoSites("off")), answers(TwoSites(hidden=False)))
    assert np.abs(answers(TwoSites("off")) - answers(TwoSites())).max() > 1e-3


def test_a_shuffled_apical_site_hears_the_presentation_before():
    """The first presentation has none before it, and all later ones are told something else."""
    W, V = mirrored()
    told = {l: np.full(n, 0.1) for l, n in enumerate(SIZES)}
    A, D = step(W, V, np.ones(2), np.ones(1), TwoSites("shuffled"), 1.0, told)
    W, V = mirrored()
    np.testing.assert_allclose(D[2], V[2] @ told[3] * A[2] * (1 - A[2]))
    np.testing.assert_allclose(D[1], V[1] @ told[2] * A[1] * (1 - A[1]))


# spikes


OWN = TwoSites()


def given(chunk, sizes=SIZES, rule=OWN, seed=0, **changes):
    """Values of one run, and the weights and patterns that they hold."""
    setting = Setting(rule, sizes, firing="regular", **changes)
    W, V, order = draw(setting, seed)
    W = {l: 2 * w - 1 for l, w in W.items()}
    values = two_sites.values(setting, W, V, order[:chunk], np.random.default_rng(seed))
    return values, W, V


def plain_loop(values, W, V, chunk, sizes=SIZES):
    """The same network step by step; returns what its outputs say, and the weights at the end."""
    place, n, L = two_sites.units(sizes), sum(sizes) + 1, len(W)
    neurons = np.arange(n * MANY) // MANY
    x, y, r = values["x"].copy(), values["y"].copy(), values["r"]
    A_heard, A_mean, D_mean, D_before = np.zeros((4, n))
    D_heard = np.full(n, p["base"])
    steps, measured = round(p["presentation"] / DT), round(p["window"] / DT)
    W, V = ({l: w.copy() for l, w in ws.items()} for ws in (W, V))
    betas = np.split(values["beta"], np.cumsum([w.size for w in W.values()])[:-1])
    beta = {l: b.reshape(W[l].shape) for l, b in zip(W, betas, strict=True)}
    said = []
    for now in range(chunk * steps + 1):
        k, phase = divmod(now, steps)
        if phase == 0:
            said.append(A_mean[place[-1]].copy())
            for l in W:
                pre = np.append(A_mean[place[l - 1]], A_mean[-1])
                mixed = D_mean[place[l]] + values["alpha"] * A_mean[place[l]]
                W[l] += beta[l] * np.outer(mixed, pre)
            for l in V:
                V[l] += values["beta_v"] * np.outer(A_mean[place[l]], D_mean[place[l + 1]])
            D_before = D_mean
            A_mean, D_mean = np.zeros((2, n))
            shown = values["stimulus"][min(k, chunk - 1)]
            wanted = values["teacher"][min(k, chunk - 1)]
        basal, apical = np.zeros((2, n))
        for l in W:
            basal[place[l]] = W[l] @ np.append(A_heard[place[l - 1]], A_heard[-1])
        heard = values["now"] * (D_heard - p["base"]) + values["before"] * D_before
        for l in V:
            apical[place[l]] = V[l] @ heard[place[l + 1]]
        A, D = shown.copy(), np.zeros(n)
        for l in range(1, L + 1):
            A[place[l]] = 1 / (1 + np.exp(-basal[place[l]]))
        D[place[-1]] = (wanted - A)[place[-1]]
        D += apical
        D *= A * (1 - A)
        D[place[0]], D[-1] = 0, 0
        if phase >= steps - measured:
            A_mean = A_mean + A_heard * DT / p["window"]
            D_mean = D_mean + (D_heard - p["base"]) * DT / p["window"]
        A_heard, D_heard = (h * (1 - DT / p["tau"]) for h in (A_heard, D_heard))
        x, y = x + A[neurons] * r * DT, y + np.maximum(p["base"] + D[neurons], 0) * r * DT
        size = 1 / (MANY * r * p["tau"])
        A_heard = A_heard + size * (x > 1).reshape(n, MANY).sum(1)
        D_heard = D_heard + size * (y > 1).reshape(n, MANY).sum(1)
        x, y = x - (x > 1), y - (y > 1)
    return np.array(said).T, W, V


def on_numpy(values, chunk, sizes=SIZES):
    return Simulation(lambda: two_sites.build(sizes, chunk), "small", "numpy").run(values)


def flat(weights):
    return np.concatenate([w.ravel() for w in weights.values()])


@pytest.mark.parametrize(
    "rule", [TwoSites(), TwoSites("shuffled", alpha=0.02)], ids=["own", "other"]
)
def test_the_network_does_what_a_plain_loop_does(rule):
    values, W, V = given(3, rule=rule)
    got = on_numpy(values, 3)
    said, W_end, V_end = plain_loop(values, W, V, 3)
    np.testing.assert_allclose(got["said"], said, rtol=0, atol=1e-9)
    np.testing.assert_allclose(got["w"], flat(W_end), rtol=0, atol=1e-9)
    np.testing.assert_allclose(got["v"], flat(V_end), rtol=0, atol=1e-9)
    first = W[1].size
    assert np.abs(got["w"] - flat(W))[:first].max() > 1e-4  # and it is not about nothing
    assert got["singles"].sum() > 1000 and got["bursts"].sum() > 500


def test_what_regular_ensembles_say_is_near_the_rates():
    """After the first pattern; the filters have not quite settled when measuring begins."""
    sizes = (2, 4, 1)
    values, W, V = given(1, sizes)
    said = on_numpy(values, 1, sizes)["said"][0, -1]
    x, t = values["stimulus"][0, :2], values["teacher"][0, two_sites.units(sizes)[-1]]
    A, _ = step(W, V, x, t, TwoSites(), beta=2.0)
    assert said == pytest.approx(A[2].item(), abs=0.03)
    assert abs(said - 0.5) > 0.05


@pytest.mark.slow  # compiles one program: half a minute when the machine is free
def test_the_compiled_program_has_the_same_numbers_and_learns_only_by_its_apical_site():
    """Everything that needs the compiler, on one program."""
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    sizes, many = (2, 4, 1), two_sites.CHUNK
    values = given(many, sizes)[0]
    few = {**values, "stimulus": values["stimulus"][:3], "teacher": values["teacher"][:3]}
    shown = on_numpy(few, 3, sizes)
    program = two_sites._simulation(sizes)
    got = program.run(values)
    np.testing.assert_allclose(got["said"][:, :4], shown["said"], rtol=0, atol=1e-9)
    assert np.ptp(shown["said"]) > 1e-3
    compiled = (program.folder / "main").stat().st_mtime_ns

    def test_error(rule):
        rows = two_sites.run(Setting(rule, presentations=3000), seed=0)
        return {r["metric"]: r["value"] for r in rows if r["epoch"] == two_sites.TENTHS}

    learned, cut = test_error(TwoSites()), test_error(TwoSites("off"))
    assert learned["test error"] < 5 < 30 < cut["test error"]
    assert learned["singles"] > 1000 and learned["bursts"] == pytest.approx(8 * 50 * 2, rel=0.02)
    assert (program.folder / "main").stat().st_mtime_ns == compiled
    assert two_sites._simulation(sizes) is program


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sizes": (2, 1)}, "sizes needs at least one hidden layer"),
        ({"firing": "bursty"}, "firing is 'bursty', expected one of rates, regular, poisson"),
        ({"presentations": 100}, "presentations is 100, expected a multiple of 1500"),
        ({"events": 0.0}, "events 0.0 and beta 2.0 must be more than 0"),
        ({"rule": TwoSites(v="mirrored")}, "signed, gain and v = 'mirrored' are for rates"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_an_impossible_setting_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Setting(**wrong)


def test_an_unknown_apical_site_is_refused():
    with pytest.raises(ValueError, match="apical is 'deaf', expected one of own, shuffled, off"):
        TwoSites("deaf")


def test_the_run_store_knows_a_run_by_its_setting():
    job = Job("10-spiking", Setting(), 0, run="credit.spiking.two_sites:run")
    assert (job.method, job.name) == ("two_sites", "2-4-1 poisson")
    other = replace(job, setting=Setting(TwoSites("off")))
    assert len({job.key, other.key, replace(job, seed=1).key}) == 3


@pytest.mark.parametrize("beta", [0.5, 2.0])
@pytest.mark.parametrize("alpha", [0.0, 0.005])
def test_a_smaller_learning_rate_lets_no_more_activity_in(alpha, beta):
    """The answer to an exercise of notebook 10."""
    setting = Setting(TwoSites(alpha=alpha), (2, 4, 1), "rates", beta=beta, presentations=10_000)
    for seed in range(3):
        y, t, *_ = two_sites.learn(setting, seed)
        loss = ((y - t)[-1000:] ** 2).mean() / 2
        assert loss > 0.12 if alpha else loss < 0.06
