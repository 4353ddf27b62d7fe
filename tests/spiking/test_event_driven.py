"""Learning at events: against a plain loop, under two code generators, and with controls."""

from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
import torch

from credit.spiking import event_driven, simulation
from credit.spiking.event_driven import EventDriven, Setting
from credit.spiking.simulation import Simulation
from credit.tasks import data

SMALL = Setting(
    EventDriven("direct"), (12, 9, 8, 4), image=25, settling=5, white=200.0, events=400.0,
    spread=30.0, learning_rate=0.3, hidden_rate=0.05, chunk=6,
)  # fmt: skip
P = {  # without units: ms and mV
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
        values[f"w{l}"] = (w + 2) * 1e-3  # a bias, or these small layers would be silent
        values[f"eta{l}"] = 1e-3 * (setting.learning_rate if l == L else setting.hidden_rate)
        source = {"direct": n[-1], "layered": n[min(l + 1, L)]}.get(setting.rule.feedback)
        if l > 1 and setting.rule.feedback == "symmetric":
            values[f"scale{l}"] = setting.rule.scale
        if l < L and source:
            values[f"feedback{l}"] = random.normal(0, 1, source * n[l])
    return values


def plain_loop(setting, values):
    """The same network step by step in numpy, in ms and mV: {"w1", ..., "scores", "spikes"}."""
    n, L, how = setting.sizes, len(setting.sizes) - 1, setting.rule.feedback
    w = {l: 1e3 * values[f"w{l}"].reshape(n[l - 1], n[l]) for l in range(1, L + 1)}
    eta = {l: 1e3 * values[f"eta{l}"] for l in w}
    x, phase, scores, count = values["x"].copy(), 0, [], 0
    full = setting.target * 1e-3 * P["tau_r"]
    Layer = namedtuple("Layer", "v I T E quiet r score")
    state = {l: Layer(*np.zeros((7, n[l]))) for l in w}
    for step in range(setting.chunk * setting.image + 1):
        image, phase = divmod(step, setting.image)
        image, on = min(image, setting.chunk - 1), float(phase >= setting.settling)
        top = state[L]
        if phase == 0:
            scores.append(top.score + np.clip(top.v / P["v_th"], 0, 0.999))
            for layer in state.values():
                for part in (layer.v, layer.I, layer.T, layer.E, layer.r, layer.score):
                    part[:] = 0
        wanted, told = full * values["label"][image], full * values["teacher"][image]
        error, change = {}, {}
        for l, layer in state.items():
            gated = layer.T * (layer.I > P["I_low"]) * (layer.I < P["I_high"])
            error[l] = (top.r - told) * on if l == L else gated
            change[l] = -eta[l] * ((top.r - wanted) * on if l == L else gated)
        x += values["pixels"][image] * setting.white * 1e-3
        fired = {0: x > 1}
        up, down = {}, {}
        for l, layer in state.items():
            free = layer.quiet >= P["t_ref"] if step else np.full(n[l], True)
            layer.v[:] += free * (layer.I - layer.v) / P["tau_m"]
            layer.I[:] *= 1 - 1 / P["tau_s"]
            layer.T[:] *= 1 - 1 / P["tau_T"]
            layer.r[:] *= 1 - 1 / P["tau_r"]
            layer.E[:] += error[l] * setting.events * 1e-3
            fired[l] = (layer.v > P["v_th"]) & free
            up[l], down[l] = layer.E > 1, layer.E < -1
            count += fired[l].sum()
        for l in w:
            state[l].I[:] += fired[l - 1] @ w[l]
            w[l] += np.outer(fired[l - 1], change[l])
        for l in range(1, L):
            signed = {m: up[m].astype(float) - down[m] for m in up}
            if how == "symmetric":
                state[l].T[:] += w[l + 1] @ signed[l + 1] * setting.rule.scale
            elif how != "none":
                source = L if how == "direct" else l + 1
                state[l].T[:] += signed[source] @ values[f"feedback{l}"].reshape(-1, n[l])
        x[fired[0]] -= 1
        for l, layer in state.items():
            layer.v[fired[l]] = 0
            layer.quiet[:] = np.where(fired[l], 1, layer.quiet + 1) if step else 1e9
            layer.E[:] += down[l].astype(float) - up[l]
        top.r[:] += fired[L]
        top.score[:] += on * fired[L]
    return {f"w{l}": 1e-3 * w[l].ravel() for l in w} | {"scores": scores, "spikes": count}


@pytest.mark.parametrize("feedback", event_driven.FEEDBACK)
def test_the_network_does_what_a_plain_loop_does(feedback):
    setting = replace(SMALL, rule=EventDriven(feedback, scale=0.2))
    values = values_of(setting)
    got = Simulation(lambda: event_driven.build(setting), "small", "numpy").run(values)
    want = plain_loop(setting, values)
    for name in ("w1", "w2", "w3"):
        np.testing.assert_allclose(got[name], want[name], rtol=0, atol=1e-15)
    np.testing.assert_allclose(got["scores"].T, want["scores"], rtol=0, atol=1e-9)
    spikes = sum(got[f"count_{g}"].sum() for g in ("hidden1", "hidden2", "output"))
    assert spikes == want["spikes"] > 100
    moved = [np.abs(got[w] - values[w]).max() > 1e-5 for w in ("w1", "w2", "w3")]
    assert moved == [feedback != "none"] * 2 + [True]  # and the test above is not about nothing
