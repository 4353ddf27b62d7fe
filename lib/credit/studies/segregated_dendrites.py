"""What notebook 04 argues with beside training: one neuron's voltages, theorem 1, a plain loop."""

import time

import numpy as np
import pandas as pd
import torch
from brian2 import StateMonitor
from torch import Tensor

from credit.nets.streams import streams
from credit.spiking.segregated_dendrites import (
    P_HIDDEN,
    P_OUT,
    PHASE,
    RATE,
    SETTLING,
    STEPS,
    SegregatedDendrites,
    Setting,
    build,
    draw,
)
from credit.spiking.segregated_in_time import Net, mu, there_and_back
from credit.spiking.simulation import Simulation
from credit.tasks import data

G_L, G_B, G_E, TAU_S, TAU_L = 0.1, 0.6, 1.0, 3.0, 10.0  # per ms and ms, as in PARAMETERS


def voltages(
    apical: float = 0.0, feedback: float = 1.0, images: int = 2, width: int = 100, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One hidden neuron in Brian2, without plasticity: the one with the strongest feedback weight.

    apical    gA, per ms;  feedback  what its feedback weights are multiplied with

    Returns  voltages in every ms, columns ms, basal, apical, soma; and a row per image: label,
             alpha_f, alpha_t, the two plateaus
    """
    setting = Setting(SegregatedDendrites(apical=apical), (784, width, 10), chunk=images)
    split, weights = data.load("mnist").train, draw(setting, streams(seed))
    x, label = split.x[:images], split.label[:images]

    def make():
        model = build(setting)
        (hidden,) = (o for o in model.network.objects if o.name == "hidden1")
        seen = StateMonitor(hidden, ("B", "A", "V"), record=True, name="seen")
        model.network.add(seen)
        model.read |= {v: (seen, v) for v in "BAV"}
        return model

    values = {name: w.numpy().ravel() for name, w in weights.items()}
    values |= {"pixels": x.numpy(), "teacher": data.one_hot(label, 10).numpy(), "gA1": apical}
    values["y1"] = feedback * values["y1"]
    values |= {"eta1": 0.0, "eta2": 0.0, "learning": 1.0}
    got = Simulation(make, "voltages", "numpy").run(values, seed)
    B, A, V = (got[v][:, :-1].reshape(width, images, STEPS) for v in "BAV")
    f, t = (1 / (1 + np.exp(-A[..., w].mean(-1))) for w in (FORWARD, TARGET))
    one = int(weights["y1"][label].abs().min(0).values.argmax())
    bias = weights["b1"][one].item()
    traces = {"basal": B[one].ravel() + bias, "apical": A[one].ravel(), "soma": V[one].ravel()}
    frame = pd.DataFrame({"ms": np.arange(images * STEPS), **traces})
    return frame, pd.DataFrame({"label": label, "alpha_f": f[one], "alpha_t": t[one]})


FORWARD, TARGET = slice(SETTLING, PHASE), slice(PHASE + SETTLING, STEPS)


def plateaus(Y: Tensor, before: Tensor, e: Tensor) -> tuple[Tensor, Tensor]:
    """What a change e of the output's rates makes of the plateaus, and its linear form
    sigma'(A) (e Y), which is direct feedback alignment but for the slope.

    Y [n_out, n], before and e [N, n_out]
    """
    A = before @ Y
    slope = A.sigmoid() * (1 - A.sigmoid())
    return ((before + e) @ Y).sigmoid() - A.sigmoid(), slope * (e @ Y)


FEEDBACK = ("random", "pseudo-inverse", "pseudo-inverse and noise")


def theorem(trials: int = 60, seed: int = 0, hidden: int = 50, size: float = 1e-6) -> pd.DataFrame:
    """Theorem 1 in small random networks: does the output's error shrink when the hidden layer
    moves to its target?

    Feedback matrices are by turns those of FEEDBACK: random; s times the pseudo-inverse of what
    goes up, so that Jb Jg = s I and mu = (1 - s)^2 < 1 by construction; the same and a tenth of
    noise, which makes it no multiple of I, with mu on both sides of 1.
    Returns  one row per trial: feedback, mu, ratio (the error's norm after to before), and off, the
             share of Jb Jg that is no multiple of I
    """
    random, rows = torch.Generator().manual_seed(seed), []
    setting, k_D = Setting(sizes=(20, hidden, 10)), G_B / (G_L + G_B)
    for k in range(trials):
        given = draw(setting, {"weights": random, "feedback": random})
        W, Y, bias = given["w2"], given["y1"], given["b2"]
        r = RATE * torch.rand(hidden, generator=random, dtype=torch.float64)
        y = RATE * (k_D * (r @ W + bias)).sigmoid()
        slope, before = k_D * y * (1 - y / RATE), y
        kind = FEEDBACK[k % len(FEEDBACK)]
        if kind != "random":  # and no activity in it, where the slope of a plateau is 1/4
            scale = 2 * torch.rand(1, generator=random, dtype=torch.float64)
            Y, before = 4 * scale * torch.linalg.pinv(W * slope), 0 * y
        if kind == "pseudo-inverse and noise":
            noise = torch.randn(Y.shape, generator=random, dtype=torch.float64)
            Y = Y + 0.1 * Y.std() * noise
        e = size * (torch.rand(10, generator=random, dtype=torch.float64) - 0.5)
        step = plateaus(Y, before[None], e[None])[0][0]
        after = RATE * (k_D * ((r + step) @ W + bias)).sigmoid()
        ratio = float((y + e - after).norm() / e.norm())
        JbJg = there_and_back(W, slope, Y, before @ Y)
        diagonal = JbJg.diagonal().mean() * torch.eye(len(JbJg), dtype=torch.float64)
        off = float((JbJg - diagonal).norm() / JbJg.norm())
        rows.append({"feedback": kind, "mu": mu(JbJg), "ratio": ratio, "off": off})
    return pd.DataFrame(rows)


class PlainLoop:
    """The same model with one hidden layer, as it is usually written: numpy, whole matrices, time
    step by time step. float64, as the authors' code."""

    def __init__(self, setting: Setting, weights: dict[str, Tensor]):
        self.setting = setting
        self.w = {name: w.double().numpy().copy() for name, w in weights.items()}
        sizes = {"1": setting.sizes[1], "2": setting.sizes[2]}
        self.v = {f"{v}{l}": np.zeros(n) for l, n in sizes.items() for v in ("xB", "B", "V")}
        self.v |= {"xA": np.zeros(sizes["1"]), "A": np.zeros(sizes["1"])}

    def learn(self, x: np.ndarray, label: int, random: np.random.Generator | None, spikes=()):
        """One image. spikes: those of input, hidden and output [STEPS, n], or they are drawn."""
        w, v, n = self.w, self.v, self.setting.sizes
        s = {l: np.zeros((2, n[l])) for l in (0, 1)}  # traces x and s
        mean = dict.fromkeys(("s0", "s1", "V1", "V2", "Af", "At", "R"), 0.0)
        drive = np.where(np.arange(n[2]) == label, 8.0, -8.0)
        for k in range(STEPS):
            f, t = (SETTLING <= k < PHASE), (k >= PHASE + SETTLING)
            told = G_E * (k >= PHASE)
            for name, value in (("s0", s[0][1]), ("s1", s[1][1]), ("V1", v["V1"]), ("V2", v["V2"]),
                                ("Af", v["A"])):  # fmt: skip
                mean[name] = mean[name] + f * value / (PHASE - SETTLING)
            mean["At"] = mean["At"] + t * v["A"] / (PHASE - SETTLING)
            mean["R"] = mean["R"] + t * _sigmoid(v["V2"]) / (PHASE - SETTLING)
            for l in ("1", "2"):
                pull = told * (drive - v["V2"]) if l == "2" else 0.0
                V = v["V" + l] - G_L * v["V" + l] + G_B * (v["B" + l] + w["b" + l] - v["V" + l])
                v["B" + l], v["V" + l] = v["B" + l] + (v["xB" + l] - v["B" + l]) / TAU_L, V + pull
                v["xB" + l] = v["xB" + l] * (1 - 1 / TAU_S)
            v["A"], v["xA"] = v["A"] + (v["xA"] - v["A"]) / TAU_L, v["xA"] * (1 - 1 / TAU_S)
            for trace in s.values():
                trace[1] += (trace[0] - trace[1]) / TAU_L
                trace[0] *= 1 - 1 / TAU_S
            if spikes:
                S = [np.asarray(part[k], float) for part in spikes]
            else:
                p = (RATE * x, RATE * _sigmoid(v["V1"]), RATE * _sigmoid(v["V2"]))
                S = [(random.random(len(part)) < part).astype(float) for part in p]
            v["xB1"] += S[0] @ w["w1"] / TAU_S
            v["xB2"] += S[1] @ w["w2"] / TAU_S
            v["xA"] += S[2] @ w["y1"] / TAU_S
            for l in (0, 1):
                s[l][0] += S[l] / TAU_S
        r1, r2, k = _sigmoid(mean["V1"]), _sigmoid(mean["V2"]), G_B / (G_L + G_B)
        plateau = _sigmoid(mean["At"]) - _sigmoid(mean["Af"])
        E = {"1": P_HIDDEN * k * RATE * plateau * r1 * (1 - r1)}
        E["2"] = P_OUT * k * RATE**2 * (mean["R"] - r2) * r2 * (1 - r2)
        for l, eta, trace in zip("12", self.setting.rates, ("s0", "s1"), strict=True):
            w["w" + l] += eta * np.outer(mean[trace], E[l])
            w["b" + l] += eta * E[l]


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def speed(images: int = 60, sizes: tuple[int, ...] = (784, 500, 10)) -> pd.DataFrame:
    """CPU time of learning one image, in the plain loop and in torch, by turns on one core."""
    setting, split = Setting(sizes=sizes), data.load("mnist").train
    given, random, chance = draw(setting, streams(0)), streams(0)["noise"], np.random.default_rng(0)
    loop, net, taken = PlainLoop(setting, given), Net(setting, given), {"loop": [], "torch": []}
    for x, label in zip(split.x[:images], split.label[:images].tolist(), strict=True):
        start = time.process_time()
        loop.learn(x.double().numpy(), label, chance)
        middle = time.process_time()
        net.learn(x, label, random)
        taken["loop"].append(middle - start)
        taken["torch"].append(time.process_time() - middle)
    middles = {name: 1000 * float(np.median(times)) for name, times in taken.items()}
    return pd.DataFrame([middles | {"ratio": middles["loop"] / middles["torch"]}])
