"""Notebook 09: contrastive Hebbian learning, with symmetric and with random feedback."""

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from credit.experiments.common import SEEDS, TUNING_SEEDS, labelled
from credit.nets.channels import Channels
from credit.nets.networks import Init
from credit.nets.relaxation import Settling
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.base import Rule, own_parameters
from credit.rules.contrastive_hebbian import ContrastiveHebbian
from credit.rules.feedback_alignment import FeedbackAlignment
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.tasks import data
from credit.training.descent import Descent
from credit.training.diagnostics import alignment
from credit.training.run import Diverged, build, misses, must_be_finite, rates, targets
from credit.training.setting import PRECISIONS, Setting

# Xie & Seung 2003: MNIST, gamma = 0.05, linear outputs and sigmoid hidden units, online; of the
# width, 10 and 120 are both remembered, of rate, start and epochs nothing reliable. Here: both
# widths, tanh, 50,000 images, batches of 64, 20 epochs. By 09-tuning 0.05 is the largest rate with
# which no arm diverges in two epochs; random feedback to 120 units does later, and has 0.03. The
# shallow network, which nothing below unsettles, gains up to 0.1.
XIE = Setting(
    rule=Backprop(),
    sizes=(784, 120, 10),
    nonlinearity="tanh",
    output="linear",
    weights=Init("normal_fan_in"),
    learning_rate=0.05,
    batch=64,
    epochs=20,
    test_epochs=(1, 2, 3, 5, 10),
)
GAMMA = 0.05


def sweeps(tolerance: float, steps: int = 100) -> Settling:
    """Whole sweeps, layer after layer, until no unit moves further than this."""
    return Settling(steps, rate=1.0, tolerance=tolerance, in_turn=True)


def chl(gamma: float = GAMMA, layers: int = 2, precision: str = "float32", **fields) -> Rule:
    """CHL settled to a thousandth of what the clamping does to layer 1, or to what rounding lets
    it."""
    finest = {"float32": 3e-7, "float64": 1e-15}[precision]
    how = sweeps(max(1e-3 * gamma ** (layers - 1), finest))
    return ContrastiveHebbian(gamma, settling=how, **fields)


def rchl(scale: float = 1.0, **given) -> Rule:
    return chl(feedback="random", init=Init("normal_fan_in", scale), **given)


ARMS = {  # what stands behind the network in a label, and the rule
    "BP": Backprop(),
    "CHL": chl(),
    "random": rchl(),
    "FA": FeedbackAlignment(Init("normal_fan_in")),
    "shallow": Shallow(),
    # the rate is bounded by the top layer; stronger random feedback is a faster first layer
    "random, feedback 10": rchl(10.0),
    "first layer faster": Backprop(),
}
FIVE = tuple(ARMS)[:5]
RATES = {("random", 120): 0.03, ("FA", 120): 0.03, ("shallow", 120): 0.1, ("shallow", 10): 0.1}
RATES |= {("random, feedback 10", 120): 0.02, ("first layer faster", 120): (0.2, 0.02)}
PLAIN = ("BP", "CHL", "FA", "shallow")  # go by the network's label alone


def label(arm: str, setting: Setting, note: str = "") -> str:
    parts = setting.label, "" if arm in PLAIN else arm, note.format(setting)
    return ", ".join(part for part in parts if part)


# The code of augustwester/chl: 784-128-10, all units logistic, gamma 0.1, batches of 8, 5 epochs,
# 60,000 images, 50 sweeps; its powers of gamma are one too many, so its rate of 0.01 is 0.1 in
# ours. Here: 50,000 images, sweeps until rest, and biases that are not eight times slower.
WESTER = replace(
    XIE,
    sizes=(784, 128, 10),
    nonlinearity="logistic",
    output="logistic",
    weights=Init("normal", 0.1),
    biases=Init("normal", 0.1),
    learning_rate=0.1,
    batch=8,
    epochs=5,
    test_epochs=(),
)


def _mnist(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":
        few = {"examples": 8000, "epochs": 3, "test_epochs": ()}
        settings = [(label(arm, XIE), xie(arm, 120, **few)) for arm in FIVE]
        return labelled(experiment, settings, SEEDS[profile])
    nets = [(arm, 120) for arm in ARMS] + [(arm, 10) for arm in FIVE]
    settings = [(label(arm, s), s) for arm, s in ((arm, xie(arm, n)) for arm, n in nets)]
    settings += [
        (WESTER.label, replace(WESTER, rule=rule)) for rule in (Backprop(), chl(0.1), Shallow())
    ]
    return labelled(experiment, settings, SEEDS[profile])


def xie(arm: str, width: int, **changes) -> Setting:
    """The paper's network with this many hidden units."""
    rate = RATES.get((arm, width), XIE.learning_rate)
    given = {"rule": ARMS[arm], "sizes": (784, width, 10), "learning_rate": rate}
    return replace(XIE, **(given | changes))


def curves(setting: Setting, seed: int) -> list[dict]:
    """The paper's curves: after every epoch the classification error and half the squared distance
    to the target per example, on the training and on the test set, of the settled network.

    A run whose weights or outputs are no longer finite ends there, with a row "diverged"."""
    random, dataset = streams(seed), data.load(setting.dataset)
    classes, dtype = len(dataset.classes), PRECISIONS[setting.precision]
    x, digit = dataset.train.x[: setting.examples], dataset.train.label[: setting.examples]
    t = targets(digit, classes, False, dtype)
    network = build(setting, seed, classes)
    own = own_parameters(setting.rule, setting.sizes, seed, dtype)
    ch, descent = Channels(network, own, random, len(x)), Descent(setting, network, own)
    held = {"train": (x, digit), "test": (dataset.test.x, dataset.test.label)}
    rows = []

    def record(epoch, metric, value, unit):
        row = {"epoch": float(epoch), "layer": 0, "metric": metric}
        rows.append({**row, "value": float(value), "unit": unit})

    for epoch in range(1, setting.epochs + 1):
        for index in setting.batches(len(x), random["order"]):
            _, update = setting.rule.step(ch.teach(t[index], index), x[index])
            descent.apply(update)
        try:
            must_be_finite(*network.parameters())
            for name, (inputs, labels) in held.items():
                missed, squared = _both_errors(setting.rule, ch, inputs, labels, classes)
                record(epoch, f"{name} error", missed, "%")
                record(epoch, f"{name} squared error", squared, "1")
        except Diverged:
            record(epoch, "diverged", epoch, "1")
            break
    return rows


def _both_errors(rule: Rule, ch: Channels, x: Tensor, digit: Tensor, classes: int):
    missed = squared = 0
    for inputs, labels in zip(x.split(2000), digit.split(2000), strict=True):
        y = rule.answer(ch, inputs)
        must_be_finite(y)
        missed = missed + misses(y, labels)
        squared += float((y - data.one_hot(labels, classes)).square().sum()) / 2
    return float(rates(missed, digit).mean()), squared / len(x)


def _curves(experiment: str, profile: str) -> list[Job]:
    quick = profile == "quick"
    few = {"examples": 6000, "epochs": 3} if quick else {}
    run = "credit.experiments.contrastive_hebbian:curves"
    nets = [xie(arm, width, **few) for width in ((10,) if quick else (120, 10))
            for arm in ("BP", "CHL")]  # fmt: skip
    return [Job(experiment, s, seed, s.label, run) for seed in SEEDS[profile] for s in nets]


# Not in the paper: gains that are not small, each with its best rate by 09-tuning; with logistic
# outputs 0.3 for all, because at 0.5, a little better for small gains, errors jump.
GAINS = (0.05, 0.2, 0.5, 1.0)
GAIN_RATES = {("linear", 0.2): 0.02, ("linear", 1.0): 0.02}


def gained(output: str, gamma: float, **changes) -> Setting:
    """CHL with this gain and, gamma 0, backprop."""
    rate = GAIN_RATES.get((output, gamma), {"linear": 0.05, "logistic": 0.3}[output])
    rule = chl(gamma) if gamma else Backprop()
    given = {"rule": rule, "output": output, "learning_rate": rate, "epochs": 5, "test_epochs": ()}
    return replace(XIE, **(given | changes))


def _gain(experiment: str, profile: str) -> list[Job]:
    """And what a fixed number of sweeps costs and another loss does to backprop."""
    quick = profile == "quick"
    few = {"examples": 6000, "epochs": 2} if quick else {}
    gains = (0.0, 0.05, 0.5, 1.0) if quick else (0.0, *GAINS)
    settings = [
        (f"1x120 {output}" + (f", gamma {g:g}" if g else ""), gained(output, g, **few))
        for output in ("linear", "logistic")
        for g in gains
    ]
    squared = replace(gained("logistic", 0.0, **few), output="logistic_squared")
    fixed = gained("linear", GAMMA, rule=ContrastiveHebbian(settling=sweeps(0.0, 50)), **few)
    settings += [("1x120 logistic squared", squared), ("1x120 linear, 50 sweeps", fixed)]
    return labelled(experiment, settings, SEEDS[profile])


# Not in the paper: depth. Widths of 64 so that the deepest runs are affordable.
def deep(arm: str, depth: int, precision: str = "float64", **changes) -> Setting:
    given = {"layers": depth + 1, "precision": precision}
    rule = {
        "CHL": chl(**given),
        "CHL, gamma 0.3": chl(0.3, **given),
        "random": rchl(**given),
    }.get(arm) or ARMS[arm]
    net = {"rule": rule, "sizes": (784, *[64] * depth, 10), "precision": precision}
    net |= {"learning_rate": DEEP_RATES.get(arm, 0.05), "test_epochs": ()}
    return replace(XIE, **(net | changes))


# The largest rates of 09-tuning with which no depth diverges.
DEEP_RATES = {"CHL, gamma 0.3": 0.02, "shallow": 0.1}
DEEP = ("BP", "CHL", "CHL, gamma 0.3", "random", "FA", "shallow")


def _depth(experiment: str, profile: str) -> list[Job]:
    """One rate for all depths; CHL in float64 and, noted, in float32."""
    if profile == "quick":
        depths, few, arms = (1, 3, 6), {"examples": 4800, "epochs": 1}, ("BP", "CHL", "shallow")
    else:
        depths, few, arms = (1, 2, 3, 4, 6), {"examples": 20_000, "epochs": 3}, DEEP
    settings = []
    for depth in depths:  # a larger gain settles for so long that the deepest are left out
        nets = [(arm, deep(arm, depth, **few)) for arm in arms if "gamma" not in arm or depth < 4]
        nets += [("CHL", deep("CHL", depth, "float32", **few))]
        for arm, s in nets:
            gamma = arm.partition(", ")[2]
            note = gamma or ("" if s.precision == "float64" else s.precision)
            settings.append((label(arm.split(",")[0], s, note), s))
    return labelled(experiment, settings, SEEDS[profile])


def first_batch(setting: Setting, seed: int) -> list[dict]:
    """The first batch of a training, before it: rows of diagnostics.alignment, the steps taken and
    per layer, against backprop's,
        relative error   |dW_l - dW_l of backprop| / |dW_l of backprop|
        state ratio      |h-_l - h+_l| / (gamma^(L-l) |delta_l|)
    """
    random, dataset = streams(seed), data.load(setting.dataset)
    classes, dtype = len(dataset.classes), PRECISIONS[setting.precision]
    network, rule = build(setting, seed, classes), setting.rule
    own = own_parameters(rule, setting.sizes, seed, dtype)
    index = torch.randperm(len(dataset.train), generator=random["order"])[: setting.batch]
    t = targets(dataset.train.label[index], classes, False, dtype)
    x = dataset.train.x[index].to(dtype)
    ch, reference = Channels(network, own, random).teach(t), Backprop()
    rows = alignment(rule, ch, x)
    trace, passed = rule.forward(ch, x), reference.forward(ch, x)
    tau, delta = rule.teach(ch, trace), reference.delta(ch, passed, reference.teach(ch, passed))
    ours = rule.local(ch, trace, tau).dense().W
    theirs = reference.local(ch, passed, reference.teach(ch, passed)).dense().W
    for l in ours:
        off = float((ours[l] - theirs[l]).norm() / theirs[l].norm())
        moved = float(tau[l].norm() / delta[l].norm())  # tau_l = (h-_l - h+_l) / gamma^(L-l)
        for metric, value in (("relative error", off), ("state ratio", moved)):
            rows.append({"layer": l, "metric": metric, "value": value, "unit": "1"})
    for name, steps in trace.taken().items():
        rows.append({"layer": 0, "metric": f"steps, {name}", "value": steps, "unit": "1"})
    return [{"epoch": 0.0, **row} for row in rows]


SWEPT = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
SHARES = (10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5)  # tolerance / gamma^(L-1)


def _angles(experiment: str, profile: str) -> list[Job]:
    """Updates against backprop's in an untrained network, by gain, depth, precision and
    tolerance."""
    depths = (1, 3, 6) if profile == "quick" else (1, 2, 3, 4, 6)
    settings = {}
    for depth in depths:
        for precision in PRECISIONS:
            for gamma in SWEPT[:: 2 if profile == "quick" else 1]:
                rule = chl(gamma, depth + 1, precision)
                s = deep("BP", depth, precision, rule=rule)
                settings[f"{s.label}, {precision}, gamma {gamma:g}"] = s
    for share in SHARES:
        for gamma in (0.3, 0.1, 0.03):
            rule = ContrastiveHebbian(gamma, settling=sweeps(share * gamma**3))
            s = deep("BP", 3, rule=rule)
            settings[f"{s.label}, tolerance {share:g}, gamma {gamma:g}"] = s
    run = "credit.experiments.contrastive_hebbian:first_batch"
    return [
        Job(experiment, setting, seed, name, run)
        for seed in SEEDS[profile]
        for name, setting in settings.items()
    ]


def _tuning(experiment: str, profile: str) -> list[Job]:
    """Rates of every arm and the size of random feedback, on 20,000 images in two epochs."""
    quick = profile == "quick"  # then only that it runs
    few = {"test_epochs": (), "epochs": 2, "examples": 20_000}
    few |= {"epochs": 1, "examples": 1200} if quick else {}
    settings = []

    def tried(arm, make, tested, note=""):
        for rate in tested[:1] if quick else tested:
            s = make(learning_rate=rate)
            settings.append((label(arm, s, f"{note}rate {rate}"), replace(s, **few)))

    for width, tested in ((120, (0.02, 0.03, 0.05, 0.07, 0.1)), (10, (0.02, 0.05, 0.1, 0.2))):
        for arm in FIVE:
            tried(arm, partial(xie, arm, width), tested)
    for scale in (0.3, 3.0, 10.0):
        random = FeedbackAlignment(Init("normal_fan_in", scale))
        for arm, rule in (("random", rchl(scale)), ("FA", random)):
            make = partial(xie, "BP", 120, rule=rule)
            tried(arm, make, (0.02, 0.03, 0.05, 0.07), f"feedback {scale:g}, ")
    faster = "first layer faster"
    tried(faster, partial(xie, faster, 120), ((0.1, 0.02), (0.2, 0.02), (0.3, 0.03)))
    for output, tested in (
        ("linear", (0.01, 0.02, 0.03, 0.05)),
        ("logistic", (0.1, 0.3, 0.5, 1.0)),
    ):
        for g in (0.0, *GAINS):
            tried("", partial(gained, output, g), tested, f"{output}, gamma {g:g}, ")
    for depth in (1, 3, 6):
        for arm in DEEP:
            if "gamma" not in arm:
                tried(arm, partial(deep, arm, depth), (0.02, 0.05, 0.1))
            elif depth < 6:
                tried(arm, partial(deep, arm, depth), (0.01, 0.02))
    return labelled(experiment, settings, TUNING_SEEDS)


EXPERIMENTS = {
    "09-tuning": _tuning,
    "09-angles": _angles,
    "09-curves": _curves,
    "09-mnist": _mnist,
    "09-gain": _gain,
    "09-depth": _depth,
}
