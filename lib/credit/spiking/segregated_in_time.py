"""Segregated dendrites in torch: all time steps of an image in one product per layer.

With a segregated apical dendrite (gA = 0) nothing within an image acts back on the neurons below,
and weights are constant in it, so that (SOMA) and (BASAL) of `segregated_dendrites` are linear in
what arrives: spikes, the state before, the bias and the teacher. `propagator` steps these equations
once for each of those and keeps the result as a matrix; an image is then K [S W; state; bias]. The
numbers are those of the Brian2 model for the same spikes; of the input only active pixels are read.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from credit.nets.streams import streams
from credit.spiking.segregated_dendrites import (
    P_HIDDEN,
    P_OUT,
    PARAMETERS,
    PHASE,
    RATE,
    SETTLING,
    STEPS,
    Rows,
    Setting,
    cpu,
    draw,
    told,
)
from credit.tasks import data

TAU_L, TAU_S = (float(PARAMETERS[name] / PARAMETERS["dt_ms"]) for name in ("tauL", "tauS"))
G_L, G_B, G_E = (float(PARAMETERS[name] * PARAMETERS["dt_ms"]) for name in ("gL", "gB", "gE"))
REVERSAL = PARAMETERS["reversal"]
SHARE = G_B / (G_L + G_B)  # k of (LEARNING)
FORWARD, TARGET = slice(SETTLING, PHASE), slice(PHASE + SETTLING, STEPS)
AVERAGED = 100  # images over which the authors average before they ask for mu
TEST = 250  # ms that an image is shown when no teacher speaks, as in the authors' code


@lru_cache
def propagator(steps: int, taught: bool, area: float = 1.0) -> tuple[Tensor, Tensor]:
    """(SOMA) and (BASAL) with dt = 1 ms as matrices: what one unit of each cause becomes.

    Returns  V [steps + 1, causes] when each step begins and after the last, and (x, B, V) at the
    end [3, causes], float64; causes are spikes of each step, x, B and V before, bias and teacher
    """
    x, B, V = torch.zeros(3, steps + 5, dtype=torch.float64)
    x[steps], B[steps + 1], V[steps + 2] = 1, 1, 1
    bias, teacher = torch.eye(steps + 5, dtype=torch.float64)[-2:]
    seen = [V]
    for step in range(steps):
        g = G_E * (taught and step >= PHASE)
        V = V - (G_L + G_B + g) * V + G_B * (B + bias) + g * REVERSAL * teacher
        x, B = x - x / TAU_S, B + (x - B) / TAU_L
        x[step] += area / TAU_S  # heard from the next step on
        seen.append(V)
    return torch.stack(seen), torch.stack([x, B, V])


@lru_cache
def trace(steps: int, area: float = 1.0) -> tuple[Tensor, Tensor]:
    """A presynaptic trace or an apical voltage in the same way: causes are spikes, x and s before.

    Returns  s [steps, causes] when each step begins, and (x, s) at the end [2, causes]. float64
    """
    x, s = torch.zeros(2, steps + 2, dtype=torch.float64)
    x[steps], s[steps + 1] = 1, 1
    seen = []
    for step in range(steps):
        seen.append(s)
        x, s = x - x / TAU_S, s + (x - s) / TAU_L
        x[step] += area / TAU_S
    return torch.stack(seen), torch.stack([x, s])


def angle(a: Tensor, b: Tensor) -> float:
    """Between two updates, in degrees; nan if one of them is zero."""
    cosine = (a * b).sum() / (a.norm() * b.norm())
    return float(torch.rad2deg(torch.acos(cosine.clamp(-1, 1))))


def there_and_back(W: Tensor, slope: Tensor, Y: Tensor, A: Tensor) -> Tensor:
    """Jb Jg of theorem 1, [n_out, n_out], float64: how the output's rates would follow their own
    small change, through the plateaus down and the hidden layer's targets up.

    W [n_l, n_out] and slope [n_out], of the output's rate by its input: Jb; Y [n_out, n_l] and A
    [n_l], apical voltages, make Jg, how the plateaus follow the output's rates
    """
    alpha = A.sigmoid()
    back = Y.double() * (alpha * (1 - alpha)).double()
    return (back @ (W * slope).double()).T


def mu(JbJg: Tensor) -> float:
    """The largest eigenvalue of (I - Jb Jg)' (I - Jb Jg); theorem 1 holds where it is below 1."""
    rest = torch.eye(len(JbJg), dtype=torch.float64) - JbJg
    return float(torch.linalg.matrix_norm(rest, 2) ** 2)


class Net:
    """A network that learns one image at a time, with all that it carries from one to the next.

    weights   of `draw`
    """

    def __init__(self, setting: Setting, weights: dict[str, Tensor], dtype=torch.float32):
        rule = setting.rule
        if rule.apical:
            raise ValueError(
                f"gA is {rule.apical:g}: the torch form is that of a segregated dendrite, gA = 0; "
                "run it in Brian2"
            )
        self.setting, self.dtype, n = setting, dtype, setting.sizes
        self.L = len(n) - 1
        layers = range(1, self.L + 1)
        self.W, self.b = ([weights[f"{w}{l}"].to(dtype, copy=True) for l in layers] for w in "wb")
        self.fixed = [weights[f"y{l}"].to(dtype) for l in range(1, self.L) if f"y{l}" in weights]
        self.state = [torch.zeros(3, m, dtype=dtype) for m in n[1:]]  # x, B, V
        self.apical = [torch.zeros(2, m, dtype=dtype) for m in n[1:-1]]  # xA, A
        self.operators = {
            key: self._operators(*key) for key in ((STEPS, True), (STEPS, False), (TEST, False))
        }
        s, end = (part.to(dtype) for part in trace(STEPS, setting.area))
        self.weigh = s[FORWARD, :STEPS].mean(0)
        self.plateaus = torch.cat([s[FORWARD].mean(0)[None], s[TARGET].mean(0)[None], end])

    def _operators(self, steps, taught):
        V, end = propagator(steps, taught, self.setting.area)
        K = torch.cat([V, end[:2]]).to(self.dtype)
        return K[:, :steps].contiguous(), K[:, steps:].contiguous()

    @property
    def Y(self) -> list[Tensor]:
        """From the output to each hidden layer, [n_out, n_l]."""
        if self.setting.rule.feedback != "symmetric":
            return self.fixed
        products = [self.W[-1].T]
        for W in reversed(self.W[1:-1]):
            products.append(products[-1] @ W.T)
        return products[::-1]

    def _voltages(self, l, S, W, steps, teacher=None):
        """V of layer l + 1 when each step begins, and at the end, [steps + 1, n]; keeps the rest.

        S  spikes that arrive [steps, m], W [m, n]; teacher [n] of 1 and -1, for the target phase
        """
        K, rest = self.operators[steps, teacher is not None]
        zero = torch.zeros(1, len(self.b[l]), dtype=self.dtype)
        others = [self.state[l], self.b[l][None], zero if teacher is None else teacher[None]]
        got = rest @ torch.cat(others)
        if len(self.b[l]) < len(W):  # the smaller product first
            got.addmm_(K, S @ W)
        else:
            got.addmm_(K @ S, W)
        self.state[l] = torch.stack([got[-2], got[-1], got[steps]])
        return got[: steps + 1]

    def _fire(self, V, random):
        """Spikes of every step [steps, n], from voltages at the end of the step."""
        chance = torch.rand(V.shape, generator=random, dtype=self.dtype)
        return chance.lt_(V.sigmoid().mul_(RATE))  # 1 where true

    def _input(self, x, steps, random):
        """Active pixels and their spikes."""
        active = x.nonzero().squeeze(1)
        p = (RATE * x[active]).to(self.dtype)
        chance = torch.rand(steps, len(active), generator=random, dtype=self.dtype)
        return active, chance.lt_(p)

    def learn(self, x: Tensor, label: int, random=None, spikes: Sequence[Tensor] = (), rate=1.0):
        """One image in two phases, and what it teaches.

        x [n_0]; label: of the teacher; spikes: those of every layer [STEPS, n_l], in place of
        drawing them; rate: 0 is without plasticity
        Returns  voltages, spikes, averages by name, as tests and figures want them
        """
        L = self.L
        if spikes:
            active, S = x.nonzero().squeeze(1), spikes[0].to(self.dtype)
            S = S[:, active]
        else:
            active, S = self._input(x, STEPS, random)
        teacher = torch.full((self.setting.sizes[-1],), -1.0, dtype=self.dtype)
        teacher[label] = 1.0
        Ws = [self.W[0].index_select(0, active), *self.W[1:]]
        seen = {"V": [], "S": [S], "s": [], "delta": [None] * L}
        for l in range(L):
            V = self._voltages(l, S, Ws[l], STEPS, teacher if l == L - 1 else None)
            seen["s"].append(self.weigh @ S)
            S = spikes[l + 1].to(self.dtype) if spikes else self._fire(V[1:], random)
            seen["V"].append(V)
            seen["S"].append(S)
        Vf = [V[FORWARD].mean(0) for V in seen["V"]]
        r = [v.sigmoid() for v in Vf]
        told = seen["V"][-1][TARGET].sigmoid().mean(0)
        delta = seen["delta"]
        delta[-1] = SHARE * RATE**2 * (told - r[-1]) * r[-1] * (1 - r[-1])
        seen["A"] = []
        for l, Y in enumerate(self.Y):
            causes = torch.cat([S @ Y, self.apical[l]])
            Af, At, *end = self.plateaus @ causes
            self.apical[l] = torch.stack(end)
            plateau = At.sigmoid() - Af.sigmoid()
            delta[l] = SHARE * RATE * plateau * r[l] * (1 - r[l])
            seen["A"].append((Af, At))
        if rate:
            self._update(active, seen["s"], delta, rate)
        return seen | {"Vf": Vf, "told": told, "active": active}

    def _update(self, active, s, delta, rate):
        for l, (eta, d) in enumerate(zip(self.setting.rates, delta, strict=True)):
            P = P_OUT if l == self.L - 1 else P_HIDDEN
            step = rate * eta * P * d
            if not eta:
                continue
            if l == 0:
                self.W[0].index_add_(0, active, torch.outer(s[0], step))
            else:
                self.W[l].addr_(s[l], step)
            self.b[l] += step

    def compare(self, x: Tensor, label: Tensor, random) -> list[tuple[str, int, float, str]]:
        """What these images would teach, without learning, beside backprop on the same averages.

        Backprop sends the output's E down the forward weights. With rates in the feedback pathway
        the apical voltage is Y times the output's mean rates, without the noise of spikes.
        Returns  (metric, layer, value, unit) of each hidden layer: the angle between updates summed
        over the images, and the mean angle between the E of single images, as in the authors' code;
        with one hidden layer mu of single images, which is what theorem 1 is about, and that of Jb
        Jg averaged over AVERAGED images, which is what the authors' code calls so
        """
        Y, products = self.Y, []
        traces = [torch.zeros(len(x), n, dtype=self.dtype) for n in self.setting.sizes[:-2]]
        E = {way: [[] for _ in traces] for way in ("spikes", "rates", "backprop")}
        for i, (image, wanted) in enumerate(zip(x, label.tolist(), strict=True)):
            seen = self.learn(image, wanted, random, rate=0.0)
            slopes = [v.sigmoid() * (1 - v.sigmoid()) for v in seen["Vf"]]
            before = RATE * seen["V"][-1][FORWARD].sigmoid().mean(0)
            error, after = seen["delta"][-1], RATE * seen["told"]
            traces[0][i, seen["active"]] = seen["s"][0]
            for l in reversed(range(len(traces))):
                if l:
                    traces[l][i] = seen["s"][l]
                error = SHARE * RATE * slopes[l] * (self.W[l + 1] @ error)
                plateau = (after @ Y[l]).sigmoid() - (before @ Y[l]).sigmoid()
                E["spikes"][l].append(seen["delta"][l])
                E["rates"][l].append(SHARE * RATE * plateau * slopes[l])
                E["backprop"][l].append(error)
            if len(traces) == 1:
                slope = SHARE * RATE * slopes[-1]
                products.append(there_and_back(self.W[1], slope, Y[0], before @ Y[0]))
        found = []
        for l, s in enumerate(traces):
            told = {way: torch.stack(E[way][l]).double() for way in E}
            for way in ("spikes", "rates"):
                sums = (s.double().T @ told[way], s.double().T @ told["backprop"])
                one = [angle(*pair) for pair in zip(told[way], told["backprop"], strict=True)]
                found.append((f"angle, {way}", l + 1, angle(*sums), "deg"))
                found.append((f"angle of one image, {way}", l + 1, float(np.mean(one)), "deg"))
        if products:
            mus = [mu(one) for one in products]
            means = [some.mean(0) for some in torch.stack(products).split(AVERAGED)]
            found.append(("mu", 1, float(np.mean(mus)), "1"))
            found.append(("mu of a mean", 1, float(np.mean([mu(one) for one in means])), "1"))
            found.append(("mu below 1", 1, 100 * float(np.mean(np.array(mus) < 1)), "%"))
        return found

    def rest(self):
        """All voltages to zero, as before each image of a test."""
        for part in (*self.state, *self.apical):
            part.zero_()

    def answer(self, x: Tensor, random) -> tuple[Tensor, list[float]]:
        """Mean voltage of the output [n_out] for an image without teacher, and spikes per layer."""
        self.rest()
        active, S = self._input(x, TEST, random)
        counts = [float(S.sum())]
        for l, W in enumerate([self.W[0].index_select(0, active), *self.W[1:]]):
            V = self._voltages(l, S, W, TEST)
            S = self._fire(V[1:], random)
            counts.append(float(S.sum()))
        return V.mean(0), counts


def run(setting: Setting, seed: int) -> list[dict]:
    """Train once, online, one image at a time; returns tidy rows of epoch, layer, metric, value,
    unit.

    Metrics: train error as in Brian2; validation error after each epoch and test error after the
    last, of images shown for TEST ms without a teacher; spikes and synaptic events per image of the
    test; before learning and after each epoch those of `Net.compare`; the CPU time. Nothing is
    chosen by the test error.
    """
    clock, dataset, random = cpu(), data.load(setting.dataset), streams(seed)
    chance = streams(seed)["noise"]  # of what is asked beside training
    net, rows = Net(setting, draw(setting, random)), Rows()
    x, label = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]

    def error(split, n=None):
        missed, spikes = 0, torch.zeros(len(setting.sizes))
        for image, wanted in zip(split.x[:n], split.label[:n], strict=True):
            score, counts = net.answer(image, random["noise"])
            missed += int(score.argmax() != wanted)
            spikes += torch.tensor(counts)
        return 100 * missed / len(split.x[:n]), (spikes / len(split.x[:n])).tolist()

    def watch():
        if setting.watched and len(setting.sizes) > 2 and setting.rule.feedback != "none":
            split = dataset.validation
            for metric, layer, value, unit in net.compare(
                split.x[: setting.watched], split.label[: setting.watched], chance
            ):
                rows.add(metric, value, unit, layer)

    watch()
    for epoch in range(setting.epochs):
        order = torch.randperm(len(x), generator=random["order"])
        net.rest()
        for k, index in enumerate(order.split(setting.curve), 1):
            teacher = told(label[index], setting, random)
            missed = 0
            for i, wanted in zip(index.tolist(), teacher.tolist(), strict=True):
                seen = net.learn(x[i], wanted, random["noise"])
                missed += int(seen["Vf"][-1].argmax() != label[i])
            rows.epoch = epoch + min(k * setting.curve / len(x), 1)
            rows.add("train error", 100 * missed / len(index))
        rows.add("validation error", error(dataset.validation, setting.validated)[0])
        watch()
    test, spikes = error(dataset.test, setting.tested)
    rows.add("test error", test)
    rows.energy(spikes, setting.sizes, "test")
    rows.add("cpu time", cpu() - clock, "s")
    return rows.all
