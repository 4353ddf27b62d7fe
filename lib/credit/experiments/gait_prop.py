"""Notebook 12: GAIT-prop, its unadjusted relatives and what their penalty does to backprop."""

from dataclasses import dataclass, replace

import torch

from credit.experiments.common import SEEDS, TUNING_SEEDS
from credit.nets.channels import Channels
from credit.nets.networks import Init
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.gait_prop import GaitProp
from credit.rules.shallow import Shallow
from credit.runs.store import Job
from credit.tasks import data
from credit.training.diagnostics import alignment
from credit.training.run import build, targets
from credit.training.setting import PRECISIONS, Setting

# Ahmad et al. 2020, the authors' code: 784 units in every layer, 100 epochs of 1000 unshuffled
# batches of 60, Adam with beta2 = 0.99 and no bias correction, rate 1e-4 for BP and GAIT-prop, 1e-5
# with a penalty of 1000 for TP. Here: images pooled to 14x14 and so 196 units in every layer,
# 50,000 images, shuffled, Adam with bias correction, 4 epochs, every arm from orthogonal weights
# and in float64, which the literal form needs. By 12-tuning, 1e-3 is the best rate of BP, of BP
# with the penalty and of TP, and with eight hidden layers better than 3e-3 for every rule.
AHMAD = Setting(
    rule=Backprop(),
    sizes=(196,) * 6,
    nonlinearity="leaky_relu",
    output="leaky_squared",
    weights=Init("orthogonal"),
    precision="float64",
    dataset="mnist14",
    optimiser="adam99",
    learning_rate=1e-3,
    batch=60,
    epochs=4,
)
ARMS = {  # what stands behind the network in a label, and the rule
    "BP": Backprop(),
    "GAIT": GaitProp(),
    "literal": GaitProp(form="literal"),
    "ITP": GaitProp("itp"),
    "TP": GaitProp("tp", penalty=1000.0),
    "BP with penalty": GaitProp(inverse="transpose"),
    "no penalty": GaitProp(penalty=0.0),
    "norms bound": GaitProp(penalty_norms=True),
    "BP with norms bound": GaitProp(penalty_norms=True, inverse="transpose"),
    "shallow": Shallow(),
}
SWEEP = {"examples": 20_000, "epochs": 3}  # of depth
PLAIN = ("BP", "GAIT", "shallow")  # go by the network's label alone
# By 12-tuning; the norm penalty was not tuned, for no penalty and the baseline see 12-causes.
RATES = {"GAIT": 3e-3, "literal": 3e-3, "ITP": 3e-5}


def ahmad(arm: str, depth: int = 4, **changes) -> Setting:
    """The paper's square network with this many hidden layers."""
    rate = {"learning_rate": RATES[arm]} if arm in RATES and depth == 4 else {}
    return replace(AHMAD, rule=ARMS[arm], sizes=(196,) * (depth + 2), **rate | changes)


def _jobs(experiment: str, arms, seeds, note: str = "") -> list[Job]:
    """Each (arm, setting) with every seed; BP, GAIT and shallow share the label of the network."""

    def label(arm, s):
        parts = s.label, "" if arm in PLAIN else arm, note.format(s)
        return ", ".join(part for part in parts if part)

    return [Job(experiment, s, seed, label(arm, s)) for seed in seeds for arm, s in arms]


def _tuning(experiment: str, profile: str) -> list[Job]:
    rates = {
        "BP": (1e-4, 3e-4, 1e-3, 3e-3),
        "GAIT": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
        "BP with penalty": (3e-4, 1e-3, 3e-3),
        "ITP": (1e-5, 3e-5, 1e-4, 3e-4),
        "TP": (1e-5, 1e-3, 3e-3),
    }
    short = {"epochs": 2} if profile == "paper" else {"epochs": 1, "examples": 1200}
    arms = [(arm, ahmad(arm, learning_rate=rate, **short)) for arm in rates for rate in rates[arm]]
    if profile == "paper":
        arms = [  # the two best of GAIT-prop to the end
            (arm, replace(s, epochs=4) if arm == "GAIT" and 3e-4 < s.learning_rate < 1e-2 else s)
            for arm, s in arms
        ]
        deep = {"examples": 20_000, "epochs": 2}
        for arm in ("BP", "GAIT", "literal"):
            arms += [(arm, ahmad(arm, 8, learning_rate=rate, **deep)) for rate in (1e-3, 3e-3)]
    return _jobs(experiment, arms, TUNING_SEEDS, "rate {0.learning_rate:g}")


def _causes_tuning(experiment: str, profile: str) -> list[Job]:
    """What 12-tuning leaves out: low rates in depth and without the penalty, and the baseline."""
    few = {"epochs": 2} if profile == "paper" else {"epochs": 1, "examples": 1200}
    deep = {"epochs": 2, "examples": 20_000} if profile == "paper" else few
    tried = (
        ("literal", 8, (1e-4, 3e-4), deep),
        ("no penalty", 4, (3e-4,), few),
        ("shallow", 4, (1e-3, 3e-3, 1e-2, 3e-2), few),
    )
    arms = [
        (arm, ahmad(arm, depth, learning_rate=rate, **amount))
        for arm, depth, rates, amount in tried
        for rate in rates
    ]
    return _jobs(experiment, arms, TUNING_SEEDS, "rate {0.learning_rate:g}")


def _causes(experiment: str, profile: str) -> list[Job]:
    """GAIT-prop without its penalty and the baseline, each at the best rate that was tried."""
    small = {"examples": 6000, "epochs": 2} if profile == "quick" else {}
    rates = {"no penalty": 3e-4, "shallow": 1e-2}
    arms = [(arm, ahmad(arm, learning_rate=rate, **small)) for arm, rate in rates.items()]
    return _jobs(experiment, arms, SEEDS[profile], "rate {0.learning_rate:g}")


def _gamma(experiment: str, profile: str) -> list[Job]:
    """As published, but with a larger gamma, which rounding troubles less; four hidden layers else
    as in 12-mnist, eight as in 12-depth."""
    few, short = ({"examples": 6000, "epochs": 2},) * 2 if profile == "quick" else ({}, SWEEP)
    four = ahmad("literal", **few)
    eight = ahmad("literal", 8, **short)
    arms = [
        ("literal", replace(setting, rule=replace(setting.rule, gamma=gamma)))
        for setting, gammas in ((four, (0.01, 0.1)), (eight, (0.1,)))
        for gamma in gammas
    ]
    return _jobs(experiment, arms, SEEDS[profile], "gamma {0.rule.gamma:g}")


def _mnist(experiment: str, profile: str) -> list[Job]:
    small = {"examples": 6000, "epochs": 2} if profile == "quick" else {}
    names = ARMS if profile == "paper" else ("BP", "GAIT", "literal", "ITP", "TP", "shallow")
    return _jobs(experiment, [(arm, ahmad(arm, **small)) for arm in names], SEEDS[profile])


def _depth(experiment: str, profile: str) -> list[Job]:
    if profile == "quick":
        depths, small = (1, 3, 6), {"examples": 4800, "epochs": 1}
    else:
        depths, small = (1, 2, 4, 8), SWEEP
    names = ("BP", "GAIT", "literal", "shallow")
    rate = AHMAD.learning_rate
    nets = [(arm, depth) for depth in depths for arm in names]
    arms = [(arm, ahmad(arm, depth, learning_rate=rate, **small)) for arm, depth in nets]
    return _jobs(experiment, arms, SEEDS[profile])


@dataclass(frozen=True)
class Start(Setting):
    """The first batch of a training, of which only the angles to backprop are wanted.

    departure   p of W_l = Q_l + p N / sqrt(n), Q_l as drawn and N standard normal, 1
    """

    departure: float = 0.0


def first_batch(setting: Start, seed: int) -> list[dict]:
    """Rows of diagnostics.alignment of the untrained network, and the largest gradient angle."""
    random, dataset = streams(seed), data.load(setting.dataset)
    classes, dtype = len(dataset.classes), PRECISIONS[setting.precision]
    network = build(setting, seed, classes)
    for layer in network.layers.values():
        N = torch.randn(layer.W.shape, generator=random["noise"], dtype=dtype)
        layer.W += setting.departure * N / layer.W.shape[-1] ** 0.5
    index = torch.randperm(len(dataset.train), generator=random["order"])[: setting.batch]
    t = targets(dataset.train.label[index], classes, False, dtype)
    x = dataset.train.x[index].to(dtype)
    rows = alignment(setting.rule, Channels(network, {}, random).teach(t), x)
    largest = max(row["value"] for row in rows if row["metric"] == "gradient angle")
    rows.append({"layer": 0, "metric": "largest gradient angle", "value": largest, "unit": "deg"})
    return [{"epoch": 0.0, **row} for row in rows]


GAMMAS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)
DEPARTURES = (0.0, 0.05, 0.1, 0.2, 0.3)


def _angles(experiment: str, profile: str) -> list[Job]:
    """The paper's identity on one batch: against gamma, and against departure from orthogonality;
    its own width, 784, in the paper profile."""
    width, dataset = {"quick": (196, "mnist14"), "paper": (784, "mnist")}[profile]
    square = {"sizes": (width,) * 6, "dataset": dataset}
    start = Start(**{**vars(AHMAD), **square, "rule": GaitProp()})
    settings = {start.label: start}
    for gamma in GAMMAS:
        rule = GaitProp(form="literal", gamma=gamma)
        settings[f"{start.label}, gamma {gamma:g}"] = replace(start, rule=rule)
    for p in DEPARTURES[1:]:
        settings[f"{start.label}, departure {p:g}"] = replace(start, departure=p)
    for target in ("itp", "tp"):
        settings[f"{start.label}, {target.upper()}"] = replace(start, rule=GaitProp(target))
    run = "credit.experiments.gait_prop:first_batch"
    return [
        Job(experiment, setting, seed, label, run)
        for seed in SEEDS[profile]
        for label, setting in settings.items()
    ]


EXPERIMENTS = {
    "12-tuning": _tuning,
    "12-causes-tuning": _causes_tuning,
    "12-angles": _angles,
    "12-mnist": _mnist,
    "12-gamma": _gamma,
    "12-causes": _causes,
    "12-depth": _depth,
}
