"""Learning at events: against a plain loop, under two code generators, and with controls."""

from collections import namedtuple
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brian2 import NeuronGroup, SpikeMonitor, get_device
from brian2.devices import RuntimeDevice

from credit.nets.streams import streams
from credit.runs.store import Job, sources
from credit.spiking import bench, by_class, event_driven, online, simulation
from credit.spiking.event_driven import Setting
from credit.spiking.pathways.attention import Attention
from credit.spiking.pathways.direct import Direct
from credit.spiking.pathways.fixed import Fixed
from credit.spiking.pathways.gait import Gait
from credit.spiking.pathways.half_of_error import HalfOfError
from credit.spiking.pathways.kickback import Kickback
from credit.spiking.pathways.kolen_pollack import KolenPollack
from credit.spiking.pathways.layered import Layered
from credit.spiking.pathways.signs import Signs
from credit.spiking.pathways.symmetric import Symmetric
from credit.spiking.pathways.synthetic import Synthetic
from credit.spiking.pathways.target_difference import TargetDifference
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.spiking.pathways.weight_mirror import WeightMirror
from credit.spiking.simulation import Simulation
from credit.tasks import data

PATHWAYS = (
    Fixed(), Direct(scale=0.2), Layered(scale=0.2), Symmetric(scale=0.2), Signs(scale=0.2),
    KolenPollack(scale=0.2, decay=0.01, spread=3.0), Attention(scale=0.2, epsilon=0.5),
    TargetDifference(scale=0.2, own=0.02), Kickback(scale=0.2), Synthetic(scale=0.2, own=0.4),
    Gait(scale=0.2, gamma=0.8, norm=40.0),
    WeightMirror(scale=0.2, eta_B=1.0, decay=0.01, noise=100.0, spread=3.0),
    TwoPopulations(way=Direct(scale=0.2)),
    TwoPopulations(way=Direct(scale=0.2), shuffled=True, gain=30.0),
    TwoPopulations(way=Layered(scale=0.2)), TwoPopulations(way=Signs(scale=0.2)),
    TwoPopulations(way=KolenPollack(scale=0.2, decay=0.01, spread=3.0)),
    TwoPopulations(way=Attention(scale=0.2, epsilon=0.5)),
    TwoPopulations(way=TargetDifference(scale=0.2, own=0.02)),
    TwoPopulations(way=Kickback(scale=0.2)), TwoPopulations(way=Synthetic(scale=0.2, own=0.4)),
    TwoPopulations(way=Gait(scale=0.2, norm=40.0)),
    TwoPopulations(way=WeightMirror(scale=0.2, decay=0.01, noise=100.0, spread=3.0)),
    TwoPopulations(way=Fixed()),
    *(HalfOfError(scale=0.2, half=half) for half in ("answer", "label")),
)  # fmt: skip
SMALL = Setting(
    Direct(), (12, 9, 8, 4), image=25, settling=5, white=200.0, events=400.0,
    spread=30.0, learning_rate=0.3, hidden_rate=0.05, chunk=6,
)  # fmt: skip


def small(rule, **changes):
    """SMALL with this rule, in networks of its own where it asks for them."""
    return replace(SMALL, rule=rule, coherent=rule.coherent, **changes)


p = {  # without units: ms and mV
    name: float(value) * 1e3 for name, value in event_driven.PARAMETERS.items()
}


def values_of(setting, seed=0):
    """A set of values for one run of the network, in SI."""
    n, K, random = setting.sizes, setting.chunk, np.random.default_rng(seed)
    L = len(n) - 1
    label = np.eye(n[-1])[random.integers(n[-1], size=K)]
    values = {"pixels": random.random((K, n[0])), "label": label, "learning": 1.0}
    values |= {"teacher": np.roll(label, 1, axis=0), "x": random.random(n[0])}
    for l in range(1, L + 1):
        w = random.normal(0, setting.spread / np.sqrt(n[l - 1]), n[l - 1] * n[l])
        values[f"w{l}"] = (w + 4) * 1e-3  # a bias, or these small layers would be silent
        if setting.coherent and l > 1:
            joined, signs = blocks(n[l - 1], n[l], n[-1])
            values[f"w{l}"] = np.abs(3 * w.reshape(joined.shape) * 1e-3)[joined] * signs[joined]
        values[f"eta{l}"] = 1e-3 * (setting.learning_rate if l == L else setting.hidden_rate)
    random = streams(seed)
    drawn = setting.rule.draw(n, random) | setting.rule.values(1.0, K, n, random)
    return values | drawn | setting.derived(values)


def blocks(below, above, classes):
    """Of layers of coherent networks: which neurons are joined, and the signs of their synapses."""
    k, s = ([f(n) for n in (below, above)] for f in (
        lambda n: np.arange(n) % classes, lambda n: np.where(np.arange(n) // classes % 2, -1, 1)
    ))  # fmt: skip
    return np.equal.outer(*k), np.multiply.outer(*s)


def plain_loop(setting, values):
    """The same network step by step in numpy, in ms and mV: {"w1", ..., "scores", "spikes"}."""
    n, L, how = setting.sizes, len(setting.sizes) - 1, setting.rule
    two, side = isinstance(how, TwoPopulations), np.repeat([1.0, -1.0], n[L])
    shuffled, gain = how.shuffled, getattr(how, "gain", 0.0)
    how = how.way if two else how
    joined = {l: np.full((n[l - 1], n[l]), True) for l in range(1, L + 1)}
    if setting.coherent:
        pairs = {l: blocks(n[l - 1], n[l], n[L]) for l in range(2, L + 1)}
        joined |= {l: pair[0] for l, pair in pairs.items()}
    w = {l: np.zeros(joined[l].shape) for l in joined}
    for l in w:
        w[l][joined[l]] = 1e3 * values[f"w{l}"]
    own = {  # of the pathway, [source, target]
        name: value.reshape(-1, n[int(name[-1])]).astype(float)
        for name, value in values.items()
        if name.startswith(("feedback", "of_"))
    }
    eta = {l: 1e3 * values[f"eta{l}"] for l in w}
    x, phase, scores, count = values["x"].copy(), 0, [], 0
    full, choosing = setting.target * 1e-3 * p["tau_r"], (setting.settling + setting.image) // 2
    Layer = namedtuple("Layer", "v I T E quiet r score rho P m S D x bias learned")
    state = {l: Layer(*np.zeros((15, n[l]))) for l in w}
    chosen = np.zeros(n[L])
    predicted = isinstance(how, Synthetic)
    tau_T = p["tau_r"] if predicted else p["tau_T"]
    told_x, told_rho = np.zeros((2, n[L]))  # of the label neurons
    Pair = namedtuple("Pair", "x v I quiet")  # a teacher neuron and error neurons for every class
    compare = {  # of whom the output hears, and last of whom hidden neurons do
        told: Pair(np.zeros(n[L]), *np.zeros((3, 2 * n[L])))
        for told in ("label", "teacher")[: two + shuffled]
    }
    kick, dice, dark, noise = (
        {},
        np.random.RandomState(0),
        how.dark,
        getattr(how, "noise", 0.0) * 1e-3,
    )
    for step in range(setting.chunk * (dark + setting.image) + 1):
        image, phase = divmod(step, dark + setting.image)
        noisy = 1 + image % (L - 1) if phase < dark and noise else 0
        image, on = min(image, setting.chunk - 1), float(phase >= dark + setting.settling)
        top = state[L]
        if phase == 0:
            scores.append(top.score + np.clip(top.v / p["v_th"], 0, 0.999))
            for layer in state.values():
                for part in layer:
                    if not any(part is stays for stays in (layer.quiet, layer.m, layer.bias)):
                        part[:] = 0
            chosen[:] = told_rho[:] = 0
            told_x[:] = 0.5
            for pair in compare.values():
                pair.v[:], pair.I[:], pair.x[:] = 0, 0, 0.5
        wanted, told = full * values["label"][image], full * values["teacher"][image]
        heard_of, half = top.r, getattr(how, "half", "")
        told = full / n[L] if half == "answer" else told
        heard_of = full / n[L] if half == "label" else heard_of
        speaks = on
        if isinstance(how, Attention):
            speaks = chosen * (phase > choosing)
        error, change, correction, opened = {}, {}, {}, {}
        for l, layer in state.items():
            opened[l] = (p["I_low"] < layer.I) & (p["I_high"] > layer.I)
            gated = layer.T * opened[l] * (on if predicted else 1)
            error[l] = (heard_of - told) * speaks if l == L else gated
            change[l] = -eta[l] * ((top.r - wanted) * speaks if l == L else gated)
            if two and l == L:
                change[l] = -eta[l] * top.learned
                error[l] = 0
            if isinstance(how, TargetDifference):
                correction[l] = how.own * (layer.rho - layer.m - layer.P)
        if isinstance(how, KolenPollack | WeightMirror) and phase == 0:
            for l in range(1, L):
                own[f"feedback{l}"] *= 1 - how.decay
                w[l + 1] *= 1 - (how.decay if isinstance(how, KolenPollack) else 0)
        if phase == choosing and isinstance(how, Attention):
            hopes = top.score + np.clip(top.v / p["v_th"], 0, 0.999) + values["bonus"][image]
        if isinstance(how, WeightMirror):
            for l, layer in state.items():
                if phase == dark:
                    for part in (layer.v, layer.I, layer.T, layer.E, layer.r, layer.x):
                        part[:] = 0
                free = (layer.quiet >= 1 + p["t_ref"]) | (step == 0)
                if l == noisy + 1 > 1:
                    layer.v[:] += free * layer.bias / p["tau_m"]
                    layer.bias[:] += (p["v_th"] / 2 - layer.v) / 500
                if l < L:
                    likely = free * noise * (l == noisy)
                    kick[l] = dice.rand(n[l]) < likely
                    layer.v[:] += 2 * p["v_th"] * kick[l]
                    layer.x[:] += kick[l] - likely
        x += values["pixels"][image] * setting.white * 1e-3 * (phase >= dark)
        fired = {0: x > 1}
        up, down = {}, {}
        for l, layer in state.items():
            free = layer.quiet >= p["t_ref"] if step else np.full(n[l], True)
            layer.v[:] += free * (layer.I - layer.v) / p["tau_m"]
            layer.I[:] *= 1 - 1 / p["tau_s"]
            layer.D[:] += (layer.S - layer.T) * on / 50
            layer.T[:] *= 1 - 1 / tau_T
            layer.learned[:] *= 1 - 1 / p["tau_T"]
            layer.S[:] *= 1 - 1 / p["tau_T"]
            layer.m[:] += (layer.rho - layer.m) / 1000
            layer.x[:] *= 1 - 1 / p["tau_m"]
            for part in (layer.r, layer.rho, layer.P):
                part[:] *= 1 - 1 / p["tau_r"]
            share = how.gamma ** (L - l + 1) if isinstance(how, Gait) else 1.0
            layer.E[:] += share * error[l] * setting.events * 1e-3
            fired[l] = (layer.v > p["v_th"]) & free
            up[l], down[l] = layer.E >= 1, layer.E <= -1
            count += fired[l].sum()
        told_x += values["teacher"][image] * 0.2
        told_rho *= 1 - 1 / p["tau_r"]
        tells = told_x > 1
        for l in w:
            state[l].I[:] += fired[l - 1] @ w[l]
            w[l] += np.outer(fired[l - 1], change[l])
            if setting.coherent and l > 1:
                w[l] = np.where(joined[l] & (pairs[l][1] * w[l] > 0), w[l], 0)
        sent = []
        for told_of, pair in compare.items():
            free = pair.quiet >= p["t_ref"] if step else np.full(2 * n[L], True)
            pair.v[:] += free * (pair.I - pair.v) / p["tau_m"]
            pair.I[:] *= 1 - 1 / p["tau_s"]
            pair.x[:] += values[told_of][image] * speaks * setting.target * 1e-3
            sent.append((pair.v > p["v_th"]) & free)
            pair.I[:] += gain * side * np.tile(speaks * fired[L] - (pair.x > 1), 2)
            pair.x[pair.x > 1] -= 1
            pair.v[sent[-1]] = 0
            pair.quiet[:] = np.where(sent[-1], 1, pair.quiet + 1) if step else 1e9
        if two:
            heard = [(side * spikes).reshape(2, -1).sum(0) for spikes in sent]
            top.learned[:] += heard[0]
            top.E[:] += heard[-1]
        for l in range(1, L):
            signed, b = {m: up[m].astype(float) - down[m] for m in up}, own.get(f"feedback{l}")
            if predicted:
                heard = {"layer": (fired[l], state[l].rho), "label": (tells, told_rho)}
                off = (state[l].D > 1).astype(float) - (state[l].D < -1)
                for what, (spikes, rho) in heard.items():
                    a = own[f"of_{what}{l}"]
                    state[l].T[:] += spikes @ a
                    a += values[f"own_{what}{l}"] * np.outer(rho, off)
                state[l].S[:] += how.scale * (w[l + 1] @ signed[l + 1])
                state[l].D[:] -= off
            elif isinstance(how, Signs):
                state[l].T[:] += how.scale * (np.sign(w[l + 1]) @ signed[l + 1])
            elif isinstance(how, Kickback):
                beta, sign = np.resize(signed[L], n[l]), pairs[l + 1][1][:, 0]
                influence = np.abs(w[l + 1]) @ (opened[l + 1] if l + 1 < L else np.ones(n[L]))
                state[l].T[:] += how.scale * beta * sign * influence
            elif isinstance(how, Symmetric):
                state[l].T[:] += how.scale * (w[l + 1] @ signed[l + 1])
            elif isinstance(how, Gait):
                W = 1e3 * values[f"w{l + 1}"].reshape(n[l], n[l + 1]).T
                inverse = how.norm**2 * W.T @ np.linalg.inv(W @ W.T)
                state[l].T[:] += how.scale / how.gamma ** (L - l) * (inverse @ signed[l + 1])
            elif isinstance(how, KolenPollack | TargetDifference | WeightMirror):
                if isinstance(how, WeightMirror) and l == noisy:
                    assert (fired[l] == kick[l]).all()  # x is of spikes
                    b += how.eta_B * np.outer(fired[l + 1], state[l].x)
                if isinstance(how, TargetDifference):
                    state[l].P[:] += fired[l + 1] @ b
                    b += np.outer(fired[l + 1], correction[l])
                state[l].T[:] += how.scale * (signed[l + 1] @ b)
                if isinstance(how, KolenPollack):
                    b += np.outer(change[l + 1], fired[l])
            elif b is not None:
                state[l].T[:] += signed[L if isinstance(how, Direct) else l + 1] @ b
        x[fired[0]] -= 1
        told_x[tells] -= 1
        told_rho[tells] += 1
        for l, layer in state.items():
            layer.v[fired[l]] = 0
            layer.quiet[:] = np.where(fired[l], 1, layer.quiet + 1) if step else 1e9
            layer.E[:] += down[l].astype(float) - up[l]
            layer.rho[:] += fired[l]
        top.r[:] += fired[L]
        top.score[:] += on * fired[L]
        if phase == choosing and isinstance(how, Attention):
            chosen = np.eye(n[L])[hopes.argmax()]
    learned = {name: b.ravel() for name, b in own.items()}
    learned |= {f"w{l}": 1e-3 * w[l][joined[l]] for l in w}
    learned |= {f"bias{l}": 1e-3 * state[l].bias for l in w if f"bias{l}" in values}
    return learned | {"scores": scores, "spikes": count}


def numpy_run(setting, values):
    return Simulation(lambda: event_driven.build(setting), "small", "numpy").run(values)


@pytest.mark.parametrize("rule", PATHWAYS, ids=lambda rule: rule.short)
def test_the_network_does_what_a_plain_loop_does(rule):
    setting = small(rule)
    values = values_of(setting)
    got = numpy_run(setting, values)
    want = plain_loop(setting, values)
    learned = [name for name in got if name in values]
    for name in learned:
        within = 1e-15 if name.startswith("w") else 1e-12  # volt, 1
        np.testing.assert_allclose(got[name], want[name], rtol=1e-13, atol=within, err_msg=name)
    np.testing.assert_allclose(got["scores"].T, want["scores"], rtol=0, atol=1e-9)
    spikes = sum(got[f"count_{g}"].sum() for g in ("hidden1", "hidden2", "output"))
    assert spikes == want["spikes"] > 50
    moved = {name: np.abs(got[name] - values[name]).max() > 1e-5 for name in learned}
    still = {"w1", "w2"} if not rule.sends else set()
    assert {name for name in moved if not moved[name]} == still  # so the above is about something


def test_with_one_hidden_layer_the_way_from_layer_to_layer_is_the_direct_one():
    one = replace(SMALL, sizes=(12, 9, 4))
    values = values_of(one)
    direct, layered = (numpy_run(replace(one, rule=way), values) for way in (Direct(), Layered()))
    assert np.abs(direct["w1"] - values["w1"]).max() > 1e-5
    for name in direct:
        np.testing.assert_array_equal(layered[name], direct[name])


def test_with_one_hidden_layer_kickback_is_the_way_back_through_the_synapses():
    one = small(Kickback(), sizes=(12, 9, 4))
    values = values_of(one)
    kicked, back = (numpy_run(replace(one, rule=way), values) for way in (Kickback(), Symmetric()))
    assert np.abs(kicked["w1"] - values["w1"]).max() > 1e-5
    for name in kicked:
        np.testing.assert_array_equal(kicked[name], back[name])


def first_weights_learn(rule, values):
    """What the weights of the first layer have learned, all others as they were."""
    setting = replace(SMALL, rule=rule, coherent=True)
    got = numpy_run(setting, values | {"eta2": 0.0, "eta3": 0.0, "eta1": 1e-9})
    assert got["count_up_output"].sum() + got["count_down_output"].sum() > 10
    return (got["w1"] - values["w1"]).reshape(SMALL.sizes[:2])


def test_kickback_feeds_nothing_through_layers():
    """Cut off the output: backprop's chain has nothing to say any more, and Kickback as before."""
    values = values_of(small(Kickback()))
    cut = values | {"w3": 0 * values["w3"]}
    assert (first_weights_learn(Symmetric(), cut) == 0).all()
    assert (first_weights_learn(Symmetric(), values) != 0).any()
    assert np.abs(first_weights_learn(Kickback(), cut)).max() > 1e-8


def test_only_active_neurons_kick_back():
    """All that is left between hidden layers inhibits, so that no window above is open."""
    values = values_of(small(Kickback()))
    inhibited = values | {"w2": np.minimum(values["w2"], 0)}
    assert (inhibited["w2"] < 0).any() and (first_weights_learn(Kickback(), values) != 0).any()
    assert (first_weights_learn(Kickback(), inhibited) == 0).all()


def test_kickback_goes_where_the_chain_goes_in_a_coherent_network():
    """All outputs are too slow: whose spikes help has to fire more, whatever lies between."""
    values = values_of(small(Kickback()))
    values |= {"teacher": np.ones_like(values["teacher"])}
    kicked, chain = (first_weights_learn(way, values) for way in (Kickback(), Symmetric()))
    s = blocks(*SMALL.sizes[1:])[1][:, 0]
    for change in (kicked, chain):
        assert (s * change >= 0).all()
        assert all((change[:, s == sign] != 0).any() for sign in (-1, 1))
    assert np.corrcoef(kicked[chain != 0], chain[chain != 0])[0, 1] < 0.99  # by other amounts


@pytest.mark.parametrize("rule", [Kickback(), Symmetric()], ids=lambda rule: rule.short)
def test_a_coherent_network_stays_coherent(rule):
    setting = replace(SMALL, rule=rule, coherent=True, hidden_rate=3.0, learning_rate=3.0)
    values = values_of(setting)
    got = numpy_run(setting, values)
    for l in (2, 3):
        joined, signs = blocks(*SMALL.sizes[l - 1 : l + 1], SMALL.sizes[-1])
        assert (got[f"w{l}"] * signs[joined] >= 0).all()
        assert ((got[f"w{l}"] == 0) & (values[f"w{l}"] != 0)).any()  # it would have crossed
    assert (got["w1"] * values["w1"] < 0).any()  # the synapses from pixels are free


def test_the_first_weights_of_coherent_networks_are_those_of_their_synapses(monkeypatch):
    monkeypatch.setattr(event_driven, "_simulation", lambda setting: None)
    setting, K = small(Kickback()), SMALL.sizes[-1]
    w = online.Learner(setting, 0).W
    whole = online.Learner(SMALL, 0).W
    np.testing.assert_array_equal(w["w1"], whole["w1"])
    for l in (2, 3):
        joined, signs = blocks(*SMALL.sizes[l - 1 : l + 1], K)
        want = signs * np.abs(whole[f"w{l}"]).reshape(joined.shape) * K**0.5
        np.testing.assert_allclose(w[f"w{l}"], want[joined])


def test_attention_learns_nothing_from_the_labels_of_neurons_that_were_not_chosen():
    """The chosen neuron is the first in every image; whether the label is the second or the third
    is the same to all synapses, and whether it is the first is not."""
    setting = replace(SMALL, rule=Attention())
    bonus = np.zeros((SMALL.chunk, SMALL.sizes[-1]))
    bonus[:, 0] = 1e3
    values = values_of(setting)
    values |= {"bonus": bonus, "w3": values["w3"] + 5e-3}  # so that it fires

    def learned(right):
        label = np.eye(SMALL.sizes[-1])[[right] * SMALL.chunk]
        return numpy_run(setting, values | {"label": label, "teacher": label})

    first, second, third = map(learned, range(3))
    for name in ("w1", "w2", "w3"):
        np.testing.assert_array_equal(second[name], third[name])
    assert np.abs(first["w3"] - second["w3"]).max() > 1e-5
    others = (second["w3"] - values["w3"]).reshape(-1, SMALL.sizes[-1])[:, 1:]
    assert (others == 0).all() and np.abs(second["w3"] - values["w3"]).max() > 1e-5


def test_what_differs_between_the_weights_of_kolen_pollack_decays_with_every_image():
    setting = replace(SMALL, rule=KolenPollack(decay=0.1))
    values = values_of(setting)
    got = numpy_run(setting, values)
    for l in (1, 2):
        n, m = SMALL.sizes[l], SMALL.sizes[l + 1]

        def apart(w, l=l, n=n, m=m):
            return 1e3 * w[f"w{l + 1}"].reshape(n, m) - w[f"feedback{l}"].reshape(m, n).T

        images = SMALL.chunk + 1  # the run ends in the first step of another
        np.testing.assert_allclose(apart(got), apart(values) * 0.9**images, atol=1e-9)


def mirrored(images, **changes):
    """What feedback synapses were at random and what they became, forward weights as they were and
    nothing to see, and how far either is from those, in degrees: {name: (first, last)}."""
    sizes = (4, 12, 8, 4)
    rule = WeightMirror(**{"noise": 100.0, "decay": 0.0, "spread": 0.3} | changes)
    setting = small(rule, sizes=sizes, image=2, settling=1, chunk=images)
    values, random = values_of(setting), np.random.default_rng(2)
    values |= {f"eta{l}": 0.0 for l in (1, 2, 3)} | {"pixels": np.zeros((images, 4))}
    values |= {f"w{l}": 1e-2 * random.normal(size=sizes[l - 1] * sizes[l]) for l in (2, 3)}
    got, ways, angles = numpy_run(setting, values), {}, {}
    for l in (1, 2):
        w, name = values[f"w{l + 1}"].reshape(sizes[l], sizes[l + 1]).T.ravel(), f"feedback{l}"
        ways[name] = values[name], got[name]
        cosines = [w @ b / np.linalg.norm(w) / np.linalg.norm(b) for b in ways[name]]
        angles[name] = np.degrees(np.arccos(cosines))
    return ways, angles


def test_in_the_dark_feedback_turns_towards_the_forward_weights_that_it_cannot_see():
    """In both layers, which take turns; without noise it stays."""
    _, angles = mirrored(120)
    for first, last in angles.values():
        assert last < 45 < 70 < first
    for first, last in mirrored(10, noise=0.0)[0].values():
        np.testing.assert_array_equal(last, first)


def test_images_change_no_feedback_and_the_dark_no_answer():
    """With pixels and errors and without noise feedback stays; with noise errors are the same, as
    all come to rest before the image appears, and forward weights learn the same."""
    rule = WeightMirror(eta_B=0.0, decay=0.0)
    setting = small(rule)
    values = values_of(setting)
    dark = numpy_run(setting, values | {f"noise{l}": 0.0 for l in (1, 2, 3)})
    loud = numpy_run(setting, values | {f"noise{l}": 100.0 for l in (1, 2, 3)})
    spikes = [got["count_hidden1"].sum() + got["count_hidden2"].sum() for got in (dark, loud)]
    assert spikes[1] > spikes[0] + 50
    assert np.abs(dark["w1"] - values["w1"]).max() > 1e-5
    for name in ("w1", "w2", "w3", "scores", "count_up_output", "count_down_hidden2"):
        np.testing.assert_array_equal(loud[name], dark[name], err_msg=name)
    seen = numpy_run(setting, values | {"noise1": 0.0, "noise2": 0.0, "noise3": 0.0, "eta_B1": 1.0})
    np.testing.assert_array_equal(seen["feedback1"], values["feedback1"])


def test_without_a_dark_time_there_is_none_in_the_network():
    """Dark and silent, an image is as it is without: only the regular neurons' clock has gone on.
    Nothing of the dark is in the equations of the other pathways."""

    class Silent(Layered):
        dark = 20

    values = values_of(replace(SMALL, rule=Layered()))
    light, dark = (numpy_run(replace(SMALL, rule=way()), values) for way in (Layered, Silent))
    assert np.abs(light["w1"] - values["w1"]).max() > 1e-5
    pixels = light.pop("count_input") - dark["count_input"]
    assert ((pixels >= 0) & (pixels <= 1)).all()  # the run's last step is one of the next image
    for name in light:
        np.testing.assert_array_equal(dark[name], light[name], err_msg=name)
    for way in (Layered, Silent):
        model = event_driven.build(replace(SMALL, rule=way()))
        pixels = model.randomness.equations
        assert ("white" in pixels) == ("dark" in str(pixels)) == (way is Silent)


def orthogonal(values, norm):
    """These values, and rows of that length that are orthogonal in all layers above the first."""
    n, random = SMALL.sizes, np.random.default_rng(5)
    for l in (2, 3):
        Q = np.linalg.qr(random.normal(size=(n[l - 1], n[l])))[0]
        values = values | {f"w{l}": 1e-3 * norm * Q.ravel()}
    return values


def test_where_weights_are_orthogonal_the_inverse_is_the_way_back_through_the_synapses():
    """Static weights but for the first: with one increment the events are the same, to rounding."""
    rule = Gait(scale=0.2, norm=40.0)
    values = values_of(replace(SMALL, rule=Symmetric(scale=0.2))) | {"eta2": 0.0, "eta3": 0.0}

    def learned(rule, values):
        setting = replace(SMALL, rule=rule)
        given = values | rule.draw(SMALL.sizes, {}) | rule.values(1.0, 6, SMALL.sizes, {})
        if isinstance(rule, Gait):
            given = {k: v for k, v in given.items() if k != "scale3"}
        got = numpy_run(setting, given | setting.derived(given))
        assert got["count_up_hidden2"].sum() + got["count_down_hidden2"].sum() > 10
        return got["w1"] - values["w1"]

    def apart(values, **other):
        chain = learned(Symmetric(scale=0.2), values)
        return np.abs(learned(replace(rule, **other), values) - chain).max() / np.abs(chain).max()

    near = orthogonal(values, 40.0)
    assert apart(near) < 1e-9
    assert apart(near, norm=30.0) > 0.1  # the scale is in it
    assert apart(values) > 0.1  # and so is what is not orthogonal


def test_what_comes_down_through_the_inverse_is_the_step_that_was_asked_for_above():
    """Up again it is the error of its own neuron, norm^2 of it, and none of the others."""
    rule = Gait(norm=40.0)
    values = values_of(replace(SMALL, rule=rule))
    for l in (1, 2):
        n, m = SMALL.sizes[l], SMALL.sizes[l + 1]
        w, b = 1e3 * values[f"w{l + 1}"].reshape(n, m), values[f"feedback{l}"].reshape(m, n)
        np.testing.assert_allclose(b @ w, 1600 * np.eye(m), atol=1e-9)
        assert np.linalg.matrix_rank(np.vstack([b, w.T])) == m  # and nothing that w does not see
    with pytest.raises(ValueError, match="expected no layer above the first with more neurons"):
        rule.derived(values, (12, 8, 9, 4))


def test_the_papers_steps_are_below_what_events_can_tell():
    setting = replace(SMALL, rule=Gait(gamma=1e-3))
    values = values_of(setting)
    got = numpy_run(setting, values)
    assert got["count_up_output"].sum() + got["count_down_output"].sum() == 0
    for name in ("w1", "w2"):
        np.testing.assert_array_equal(got[name], values[name])
    assert np.abs(got["w3"] - values["w3"]).max() > 1e-5


def test_neurons_that_predict_their_error_learn_by_what_they_predict_alone():
    """Without a model, which starts at zero, errors come from above and the hidden synapses stay;
    with one that hears the label alone they do not, and what it would hear of its layer stays."""
    rule = Synthetic(scale=0.2, own=0.4)
    values = values_of(replace(SMALL, rule=rule))

    def learned(rule):
        setting = replace(SMALL, rule=rule)
        changed = rule.values(1.0, SMALL.chunk, SMALL.sizes, {})
        return numpy_run(setting, values | changed)

    none, label = learned(replace(rule, own=0.0)), learned(replace(rule, layer=False))
    for l in (1, 2):
        np.testing.assert_array_equal(none[f"w{l}"], values[f"w{l}"])
        assert (label[f"of_layer{l}"] == 0).all() and (label[f"of_label{l}"] != 0).any()
        assert np.abs(label[f"w{l}"] - values[f"w{l}"]).max() > 1e-5
    assert none["count_more_hidden2"].sum() + none["count_less_hidden2"].sum() > 10


def test_predicted_errors_come_to_be_those_from_above_and_the_answers_hear_nothing_of_it():
    """Shown again and again, with forward weights that stay: fewer and fewer are corrected."""
    setting = replace(SMALL, rule=Synthetic(scale=0.2, own=0.3))
    values = values_of(setting) | {"eta1": 0.0, "eta2": 0.0, "eta3": 0.0}
    small, shown = Simulation(lambda: event_driven.build(setting), "small", "numpy"), []
    for _ in range(6):
        shown.append(small.run(values))
        values |= {name: w for name, w in shown[-1].items() if name.startswith("of_")}
    first, last = (
        sum(got[f"count_{event}_hidden2"].sum() for event in ("more", "less"))
        for got in (shown[0], shown[-1])
    )
    assert last < 0.5 * first and first > 50
    np.testing.assert_array_equal(shown[-1]["scores"], shown[0]["scores"])


def test_error_neurons_tell_too_much_from_too_little_and_hear_nothing_without_a_teacher():
    """Neurons - of the classes shown, where the output is silent; neurons +, where none is wanted;
    and while images are tested none at all."""
    setting = replace(SMALL, rule=TwoPopulations(way=Direct(scale=0.2)))
    values = values_of(setting) | {"label": np.eye(4)[[0, 2] * 3]}
    loud, silent = values | {"w3": values["w3"] + 5e-3}, values | {"w3": 0 * values["w3"]}
    still = {"eta1": 0.0, "eta2": 0.0, "eta3": 0.0}
    much, little, tested = (
        np.stack([numpy_run(setting, v)[f"count_{event}_output"] for event in ("up", "down")]) > 0
        for v in (
            loud | still | {"label": 0 * values["label"]},
            silent | still,
            loud | {"learning": 0.0},
        )
    )
    assert much[0].any() and not much[1].any()
    assert not little[0].any() and little[1].tolist() == [True, False, True, False]
    assert not tested.any()


def test_hidden_weights_stay_where_error_neurons_reach_the_output_alone():
    """And all weights stay while images are tested, as what they learn by is silent."""
    setting = replace(SMALL, rule=TwoPopulations(way=Direct(scale=0.2)))
    values = values_of(setting)
    cut = {name: 0.0 * values[name] for name in ("feedback1", "feedback2")}
    got = numpy_run(setting, values | cut)
    for name in ("w1", "w2"):
        np.testing.assert_array_equal(got[name], values[name])
    assert np.abs(got["w3"] - values["w3"]).max() > 1e-5
    got = numpy_run(setting, values | {"learning": 0.0})
    for name in ("w1", "w2", "w3"):
        np.testing.assert_array_equal(got[name], values[name])


def test_error_neurons_of_their_own_tell_hidden_neurons_other_labels_and_the_output_nothing():
    setting = replace(SMALL, rule=TwoPopulations(way=Direct(scale=0.2), shuffled=True))
    values = values_of(setting)
    same = values | {"teacher": values["label"]}
    told, other = (numpy_run(setting, v) for v in (same, values))
    assert np.abs(told["w1"] - other["w1"]).max() > 1e-6
    once = numpy_run(replace(setting, rule=TwoPopulations(way=Direct(scale=0.2))), same)
    for name in ("w1", "w2", "w3", "count_up_output"):
        np.testing.assert_array_equal(
            told[name], once[name]
        )  # two pairs that hear the same are one
    silent = [numpy_run(setting, v | {"eta1": 0.0, "eta2": 0.0})["w3"] for v in (same, values)]
    np.testing.assert_array_equal(*silent)  # nothing but w1, w2 hears it


@pytest.mark.parametrize("wrong", [{"scale": 2.0}, {"way": Direct(shuffled=True)}])
def test_what_populations_cannot_heed_is_refused(wrong):
    with pytest.raises(ValueError, match="shuffled of the populations, and the scale of their"):
        TwoPopulations(**wrong)
    with pytest.raises(ValueError, match=r"gamma is 0\.5, expected 1: a spike cannot be smaller"):
        TwoPopulations(way=Gait(gamma=0.5))


def test_the_label_of_populations_says_which_pathway_and_which_other_gain():
    assert TwoPopulations(way=Signs()).short == "signs, errors in spikes"
    assert TwoPopulations(gain=30.0).short == "direct, errors in spikes, gain 30 mV"
    assert replace(SMALL, rule=TwoPopulations(shuffled=True)).label.endswith(
        "direct, errors in spikes, shuffled"
    )


def test_at_a_low_gain_an_error_neuron_is_silent_at_a_single_spike():
    """One output neuron is made to fire once while no spike is wanted."""
    fired = []
    for gain in (30.0, 60.0):  # mV
        setting = replace(SMALL, rule=TwoPopulations(gain=gain), chunk=1, image=40)
        values = values_of(setting) | {"w3": 0.0 * values_of(setting)["w3"]}
        values |= {"label": np.zeros((1, 4)), "pixels": np.ones((1, 12)), "eta3": 0.0}
        values["w3"] = np.zeros((8, 4))
        values["w3"][:, 1] = 1.6e-3  # V
        got = numpy_run(setting, values | {"w3": values["w3"].ravel()})
        fired.append((got["count_output"].tolist(), int(got["count_up_output"].sum())))
    (low, none), (high, one) = fired
    assert low == high and sum(low) == 1 and none == 0 and one == 1


def test_a_shuffled_teacher_reaches_the_hidden_neurons_and_not_the_output():
    """The plain loop above heard another teacher below than at the output; here only that moves."""
    values = values_of(SMALL)
    told = numpy_run(SMALL, values | {"teacher": values["label"]})
    other = numpy_run(SMALL, values)
    first = SMALL.sizes[0] * SMALL.sizes[1]
    assert told["w1"].shape == (first,) and np.abs(told["w1"] - other["w1"]).max() > 1e-6
    silent = values | {"eta1": 0.0, "eta2": 0.0}
    heard = [numpy_run(SMALL, silent | {"teacher": values[t]}) for t in ("teacher", "label")]
    np.testing.assert_array_equal(heard[0]["w3"], heard[1]["w3"])  # nothing but w1, w2 hears it


def test_hidden_neurons_that_are_sent_the_answer_alone_hear_no_label():
    """And of the other half they hear nothing but it; the output learns by both."""
    heard = {}
    for half in ("answer", "label"):
        setting = replace(SMALL, rule=HalfOfError(half=half))
        values = values_of(setting) | {"eta3": 0.0}
        for told in ("teacher", "label"):
            got = numpy_run(setting, values | {"teacher": values[told]})
            heard[half, told] = got["w1"] - values["w1"]
        deaf = values | {"w3": 0.0 * values["w3"]}  # the output never fires
        sent = numpy_run(setting, deaf)["count_up_output"].sum()
        assert (sent == 0) == (half == "answer")  # it has only fallen behind the mean
    assert np.abs(heard["answer", "teacher"]).max() > 1e-6
    np.testing.assert_array_equal(heard["answer", "teacher"], heard["answer", "label"])
    assert np.abs(heard["label", "teacher"] - heard["label", "label"]).max() > 1e-6


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"half": "both"}, "half is 'both', expected one of answer, label"),
     ({"shuffled": True}, "no label that could be another image's")],
)  # fmt: skip
def test_an_impossible_half_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        HalfOfError(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rule": "direct"}, "rule is 'direct', expected a Pathway"),
        ({"rule": Direct}, "rule is <class .*Direct'>, expected a Pathway"),
        ({"sizes": (784, 10)}, r"sizes is \(784, 10\), expected at least input, one hidden layer"),
        ({"sizes": 5}, "sizes is 5, expected at least input, one hidden layer and output"),
        ({"sizes": (784, "20", 10)}, r"sizes is \(784, '20', 10\), expected at least input"),
        ({"sizes": (784, 10**8, 10)}, r"sizes is .*, expected at most 1e\+09 weights"),
        ({"epochs": 0}, "epochs is 0, expected a whole number of at least 1"),
        ({"chunk": 0}, "chunk is 0, expected a whole number of at least 1"),
        ({"chunk": 2.5}, "chunk is 2.5, expected a whole number of at least 1"),
        ({"examples": -1}, "examples is -1, expected a whole number of at least 1"),
        ({"image": -60}, "image is -60, expected a whole number of at least 1"),
        ({"settling": -1}, "settling is -1, expected a whole number of at least 0"),
        ({"white": 0.0}, "white is 0.0, expected more than 0 Hz"),
        ({"events": 0.0}, "events is 0.0, expected more than 0 Hz"),
        ({"target": float("nan")}, "target is nan, expected more than 0 Hz"),
        ({"spread": "wide"}, "spread is 'wide', expected at least 0"),
        ({"coherent": "no"}, "coherent is 'no', expected True or False"),
        ({"input": "morse"}, "input is 'morse', expected one of poisson, regular"),
        ({"schedule": "cosine"}, "schedule is 'cosine', expected one of linear, constant"),
        ({"settling": 60}, "settling is 60 ms, expected less than"),
        ({"hidden_rate": -1.0}, "hidden_rate is -1.0, expected at least 0"),
        ({"rule": Kickback()}, "Kickback teaches coherent networks only"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_an_impossible_setting_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message) as refused:
        Setting(**wrong)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dataset": "nowhere"}, "unknown data set 'nowhere', known are"),
        ({"sizes": (15, 24, 4)}, r"sizes \(15, 24, 4\) do not fit corners: expected 16"),
        ({"sizes": (16, 24, 5)}, r"sizes \(16, 24, 5\) do not fit corners: expected 16"),
        ({"examples": 200}, "examples is 200, corners has 160 to train on"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_what_does_not_fit_the_data_is_refused_before_anything_is_compiled(
    monkeypatch, wrong, message
):
    monkeypatch.setattr(event_driven, "_simulation", None)
    load = data.load
    monkeypatch.setattr(data, "load", lambda n: corners(n) if n == "corners" else load(n))
    with pytest.raises(ValueError, match=message):
        event_driven.run(replace(TASK, **wrong), 0)


def test_sizes_may_be_a_list_and_numpys():
    assert replace(SMALL, sizes=list(np.array(SMALL.sizes))) == SMALL


def test_the_run_store_knows_a_run_by_its_setting_and_its_code():
    job = Job("spiking", Setting(), 0, run="credit.spiking.event_driven:run")
    assert job.function is event_driven.run
    assert (job.method, job.name) == ("direct", "200 direct")
    other = replace(job, setting=Setting(Layered()))
    assert len({job.key, other.key, replace(job, seed=1).key}) == 3
    code = sources("credit.spiking.event_driven")
    assert {f"credit.spiking.{name}" for name in ("neurons", "simulation")} <= code.keys()


TASK = Setting(
    Direct(), (16, 24, 4), dataset="corners", image=40, settling=10, white=200.0,
    target=200.0, spread=40.0, learning_rate=0.1, hidden_rate=0.05, chunk=40, epochs=4,
)  # fmt: skip


def corners(name):
    """Four classes of a 4 x 4 picture: which row is bright; 160 to learn, 80 to test."""
    random = torch.Generator().manual_seed(0)
    label = torch.randint(4, (240,), generator=random)
    x = 0.3 * torch.rand(240, 4, 4, generator=random)
    x[torch.arange(240), label] += 0.7
    splits = [data.Split(x[k].flatten(1), label[k]) for k in (slice(160), slice(160, 240))]
    return data.Dataset(name, splits[0], splits[1], splits[1], tuple("abcd"), (1, 4, 4))


def task_with_dice():
    """The network of the task and, beside it, neurons that fire by chance."""
    model = event_driven.build(TASK)
    dice = NeuronGroup(
        30, "seed : integer (shared, constant)", threshold="rand() < 0.3", name="dice"
    )
    thrown = SpikeMonitor(dice, record=False, name="thrown")
    model.network.add(dice, thrown)
    model.read["thrown"], model.randomness = (thrown, "count"), dice
    return model


def test_a_simulation_is_kept_until_another_has_its_place(monkeypatch):
    monkeypatch.setattr(event_driven, "Simulation", lambda make, name: SimpleNamespace(ended=False))
    event_driven._simulation.cache_clear()
    try:
        first = event_driven._simulation(SMALL)
        assert event_driven._simulation(SMALL) is first
        first.ended = True
        assert event_driven._simulation(SMALL) is not first
    finally:
        event_driven._simulation.cache_clear()


@pytest.mark.slow  # compiles one program: half a minute when the machine is free
def test_the_compiled_program_has_the_same_numbers_and_learns(monkeypatch):
    """Everything that needs the compiler, on one program: numbers, other values, learning."""
    if simulation.target() != "cpp_standalone":
        pytest.skip("no compiler")
    values = values_of(TASK)
    shown = numpy_run(TASK, values)
    program = Simulation(task_with_dice, "test", "cpp_standalone")
    got = program.run(values)
    assert shown["count_hidden1"].sum() > 100
    for name in shown:
        np.testing.assert_allclose(got[name], shown[name], rtol=0, atol=1e-9, err_msg=name)
    assert isinstance(get_device(), RuntimeDevice)  # other networks run as if nothing had been
    compiled = (program.folder / "main").stat().st_mtime_ns
    other = program.run(values_of(TASK, seed=1))
    assert np.abs(other["w1"] - got["w1"]).max() > 1e-3
    again, reseeded = program.run(values), program.run(values, seed=1)
    np.testing.assert_array_equal(again["w1"], got["w1"])
    np.testing.assert_array_equal(again["thrown"], got["thrown"])
    assert (reseeded["thrown"] != got["thrown"]).any()

    monkeypatch.setattr(event_driven, "_simulation", lambda setting: program)
    monkeypatch.setattr(data, "load", corners)

    def test_error(setting):
        rows = event_driven.run(setting, seed=0)
        (error,) = [r["value"] for r in rows if r["metric"] == "test error"]
        return error, rows

    error, rows = test_error(TASK)
    still = replace(TASK, learning_rate=0.0, hidden_rate=0.0, epochs=1)
    without, once = test_error(still)
    assert error < 10 < 50 < without
    assert test_error(still)[1][:-1] == once[:-1]  # the same but for the CPU time
    assert (program.folder / "main").stat().st_mtime_ns == compiled
    spikes = {r["layer"]: r["value"] for r in rows if r["metric"] == "spikes, test"}
    (events,) = [r["value"] for r in rows if r["metric"] == "synaptic events, test"]
    assert events == pytest.approx(spikes[0] * 24 + spikes[1] * 4)

    apart = by_class.run(TASK, seed=0)  # the same learning, answers of every class apart
    errors = {r["metric"]: r["value"] for r in rows if "error" in r["metric"]}
    for name in ("validation error", "test error"):
        last = [r["value"] for r in apart if r["metric"] == name][-1]
        assert last == pytest.approx(errors[name])
    lost = [r["value"] for r in by_class.run(still, 0) if r["metric"].startswith("test answers")]
    taught = [r["value"] for r in apart if r["metric"].startswith("test answers")]
    assert len(taught) == 4 and sum(taught) == pytest.approx(100) == sum(lost)
    assert taught != lost and min(taught) > 10
    assert len([r for r in apart if r["metric"] == "validation error"]) == TASK.epochs


def test_the_benchmark_measures_on_numpy(monkeypatch):
    monkeypatch.setattr(simulation, "FOLDERS", simulation.FOLDERS)  # measure() sets its own
    row = bench.measure((784, 5, 10), "numpy", 0, images=2, repeats=1)
    assert list(row) == bench.COLUMNS[3:] and all(value > 0 for value in row.values())
    assert row["events/s"] < 1000 / row["ms/image"] * row["spikes/image"] * 10


def test_populations_ask_for_the_program_of_their_pathway_at_their_gain():
    rule = TwoPopulations(way=Attention(epsilon=0.5, scale=2.0), shuffled=True, gain=30.0)
    assert rule.program() == TwoPopulations(way=Attention(), shuffled=True, gain=30.0)


def test_populations_do_not_carry_what_their_pathway_needs_besides_and_events_of_hidden_neurons():
    one, chain = (TwoPopulations(way=way()).not_spikes for way in (Direct, Symmetric))
    assert len(one) == 2 and "a weight used backwards" in chain
    for what in ("the events of hidden neurons", "the relay"):
        assert [text for text in chain if what in text]


@pytest.mark.parametrize(
    "way", [w for w in PATHWAYS if not isinstance(w, TwoPopulations)], ids=lambda way: way.short
)
def test_what_learns_from_spikes_above_needs_the_relay(way):
    model = event_driven.build(small(way))
    learns = any(hasattr(part, "above") for part in model.network.objects)
    assert way.mirrors == learns
    not_spikes = TwoPopulations(way=type(way)()).not_spikes
    relayed = [text for text in not_spikes if "the relay" in text]
    assert len(relayed) == (learns or bool(way.through(2)))


@pytest.mark.parametrize(
    "rule",
    [rule for rule in PATHWAYS if type(rule) in (KolenPollack, TargetDifference, Synthetic)]
    + [rule for rule in PATHWAYS if isinstance(rule, WeightMirror)],
    ids=lambda rule: rule.short,
)
def test_while_images_are_tested_what_a_pathway_learns_stays(rule):
    setting = small(rule)
    values = values_of(setting) | {"learning": 0.0, "eta1": 0.0, "eta2": 0.0, "eta3": 0.0}
    values |= rule.values(0.0, setting.chunk, setting.sizes, streams(0))
    random = np.random.default_rng(3)  # predictions, which start at 0
    values |= {k: random.normal(size=v.shape) for k, v in values.items() if k.startswith("of_")}
    got = numpy_run(setting, values)
    assert got["count_hidden2"].sum() > 10
    for name in got.keys() & values.keys():
        np.testing.assert_array_equal(got[name], values[name], err_msg=name)


def test_attention_explores_in_a_share_of_the_images_while_it_learns():
    rule = Attention(epsilon=0.1)
    bonus = rule.values(1.0, 10_000, SMALL.sizes, streams(0))["bonus"]
    assert (bonus > 0).any(1).mean() == pytest.approx(0.1, abs=0.01)
    assert not rule.values(0.0, 10_000, SMALL.sizes, streams(0))["bonus"].any()


def test_feedback_starts_with_the_spread_that_is_asked_for():
    n = (5, 400, 300, 20)
    spreads = {
        KolenPollack(spread=10.0): (10 / 400**0.5, 10 / 300**0.5),
        WeightMirror(spread=10.0): (10 / 400**0.5, 10 / 300**0.5),
        TargetDifference(): (1 / 300**0.5, 1 / 20**0.5),
        Direct(scale=0.2): (0.2, 0.2),
        Layered(scale=0.2): (0.2, 0.2),
    }
    for rule, spread in spreads.items():
        drawn = rule.draw(n, streams(0))
        found = [drawn[f"feedback{l}"] for l in (1, 2)]
        assert [b.std() for b in found] == pytest.approx(spread, rel=0.05)
        assert len(found[0]) == (20 if isinstance(rule, Direct) else 300) * 400
    assert Symmetric(scale=0.3).draw(n, {}) == {"scale2": 0.3, "scale3": 0.3}


def test_at_rest_nothing_is_learned_but_what_errors_ask_for():
    for rule in (KolenPollack(), WeightMirror()):
        for still in (rule.at_rest(), TwoPopulations(way=rule).at_rest().way):
            assert still.decay == getattr(still, "eta_B", 0.0) == 0.0


def test_a_run_is_given_its_labels_and_rates():
    x, label, teacher = torch.rand(6, 12), torch.arange(6) % 4, torch.arange(1, 7) % 4
    given = SMALL.values(x, label, teacher, 0.5, streams(0))
    for name, of in (("label", label), ("teacher", teacher)):
        np.testing.assert_array_equal(given[name], np.eye(4)[of])
    rates = {"eta1": 0.025e-3, "eta2": 0.025e-3, "eta3": 0.15e-3}
    assert {name: given[name] for name in rates} == pytest.approx(rates)
    tested = SMALL.values(x, label, teacher, 0.0, streams(0))
    assert given["learning"] == 1 and not any(tested[name] for name in ("learning", *rates))
    fixed = replace(SMALL, rule=Fixed()).values(x, label, teacher, 0.5, streams(0))
    assert fixed["eta1"] == fixed["eta2"] == 0 < fixed["eta3"]


@pytest.mark.parametrize(
    ("rule", "senders"),
    [(Fixed(), []), (Direct(), ["output"]), (Symmetric(), ["hidden2", "output"])],
    ids=lambda part: getattr(part, "short", ""),
)
def test_error_events_are_counted_of_those_alone_who_send_to_hidden_neurons(rule, senders):
    setting = replace(SMALL, rule=rule, chunk=1)
    names = numpy_run(setting, values_of(setting))
    for event in ("up", "down"):
        start = f"count_{event}_"
        assert sorted(n.removeprefix(start) for n in names if n.startswith(start)) == senders


def test_the_answer_to_an_image_is_read_when_the_next_begins():
    scores = np.array([[9, 1, 0, 2], [0, 0, 3, 1]])  # the first before there is any image
    assert SMALL.answers(scores, 0.0).tolist() == [0, 1, 0]
