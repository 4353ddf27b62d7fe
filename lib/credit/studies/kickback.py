"""Kickback beside backprop on the same weights; what became of each torque's network on the arm."""

from collections.abc import Iterable, Mapping

import pandas as pd
import torch

from credit.evidence.results import final
from credit.experiments.kickback import ARM
from credit.nets.channels import Channels
from credit.nets.networks import Init, make_network
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.kickback import Kickback
from credit.tasks import data
from credit.training.diagnostics import angle

JOINT = "test nMSE of "  # metric of one torque's network
ONE_SIGN = (0.35, 0.65)  # nMSE about where a network ends that can answer with one sign only
CONSTANT = 0.95  # and above which it has learned next to nothing


def against_backprop(weights, sizes: tuple[int, ...] = ARM, seed: int = 0) -> pd.DataFrame:
    """Kickback beside backprop in a network as it starts, per hidden layer, float64.

    weights   Init of the network's weights, as in a Setting
    Returns   layer; same sign: the share of units and examples with an error at all in which the
              two agree in sign; cosine and angle (degrees) of the two batch updates; size,
              Kickback's over backprop's
    """
    network = make_network(
        sizes, seed, "signed_relu", "pair", weights, Init("zero"), dtype=torch.float64
    )
    chance = torch.Generator().manual_seed(seed)
    x = torch.randn(500, sizes[0], generator=chance, dtype=torch.float64)
    t = torch.randn(500, 1, generator=chance, dtype=torch.float64)
    ch = Channels(network, {}, streams(seed)).teach(t)
    trace = network.forward(x)
    ours, theirs = (r.delta(ch, trace, r.teach(ch, trace)) for r in (Kickback(), Backprop()))
    rows = []
    for l in range(1, network.L):
        on = theirs[l] != 0
        u, v = (ch.gradient(l, d[l], trace.h[l - 1])[0].dense() for d in (ours, theirs))
        same = (ours[l][on].sign() == theirs[l][on].sign()).double().mean()
        cosine, size = (u * v).sum() / (u.norm() * v.norm()), u.norm() / v.norm()
        values = {"same sign": same, "cosine": cosine, "angle": angle(u.flatten(), v.flatten())}
        values |= {"size": size}
        rows.append({"layer": l} | {name: float(value) for name, value in values.items()})
    return pd.DataFrame(rows)


def at_the_start(kinds: Iterable, nets: Mapping, seeds: Iterable[int]) -> pd.DataFrame:
    """against_backprop for every kind of start, network and seed, with columns start, net, seed.

    kinds  functions such as experiments.kickback.coherent
    nets   {name: sizes}
    """
    parts = [
        against_backprop(kind(Kickback(), sizes).weights, sizes, seed).assign(
            start=kind.__name__, net=name, seed=seed
        )
        for kind in kinds
        for name, sizes in nets.items()
        for seed in seeds
    ]
    return pd.concat(parts, ignore_index=True)


def networks(frame: pd.DataFrame) -> pd.DataFrame:
    """The test nMSE of every network, one for each torque and seed, of rows of experiment 07-arm.

    Returns   method, setting, seed, torque, value
    """
    rows = frame[frame["metric"].str.startswith(JOINT)]
    torque = rows["metric"].str.removeprefix(JOINT)
    return rows.assign(torque=torque)[["method", "setting", "seed", "torque", "value"]]


def medians(each: pd.DataFrame, method: str, setting: str) -> pd.Series:
    """The median over the torques' networks, by seed, of `networks`."""
    own = _of(each, method, setting)
    return own.groupby("seed")["value"].median()


def count(each: pd.DataFrame, method: str, setting: str, low: float, high: float) -> int:
    """How many networks end from `low` to below `high`."""
    own = _of(each, method, setting)["value"]
    return int(((own >= low) & (own < high)).sum())


def mean(each: pd.DataFrame, method: str, setting: str, stuck: bool = True) -> float:
    """The mean over all networks; without `stuck` over those that do not end within ONE_SIGN."""
    own = _of(each, method, setting)["value"]
    return float(own[stuck | ~own.between(*ONE_SIGN, inclusive="left")].mean())


def below(each: pd.DataFrame, method: str, setting: str, linear: pd.Series) -> int:
    """How many networks end below linear regression of their own torque.

    linear  of linear_regression
    """
    own = _of(each, method, setting)
    return int((own["value"] < own["torque"].map(linear)).sum())


def arm_table(each: pd.DataFrame, names: Mapping, linear: Mapping) -> pd.DataFrame:
    """The networks of the arm to read: median, mean, best and worst, and how many are stuck.

    each    of `networks`
    names   {(method, setting): (rule, network)} in words
    linear  {network in words: nMSE of every torque} of linear regression
    """
    rows = []
    for (method, setting), (rule, network) in names.items():
        own = _of(each, method, setting)["value"]
        row = {"rule": rule, "network": network} | _summary(own)
        row["about a half"] = str(count(each, method, setting, *ONE_SIGN))
        row["about one"] = str(count(each, method, setting, CONSTANT, float("inf")))
        rows.append(row | {"n": str(len(own))})
    for network, own in linear.items():
        row = {"rule": "linear regression", "network": network} | _summary(own)
        rows.append(row | {"about a half": "–", "about one": "–", "n": str(len(own))})
    return pd.DataFrame(rows)


def _of(frame: pd.DataFrame, method: str, setting: str) -> pd.DataFrame:
    return frame[(frame["method"] == method) & (frame["setting"] == setting)]


def _summary(nmse: pd.Series) -> dict[str, str]:
    found = {
        "median nMSE": nmse.median(), "mean": nmse.mean(), "best": nmse.min(), "worst": nmse.max()
    }  # fmt: skip
    return {name: f"{value:.4f}" for name, value in found.items()}


def ties(frame: pd.DataFrame, method: str, setting: str) -> pd.Series:
    """The share of test images (%) on which the largest outputs tie, by seed: no row is none."""
    own = _of(frame, method, setting)
    found = final(own, "test no answer").set_index("seed")["value"]
    seeds = pd.Index(sorted(own["seed"].unique()), name="seed")
    return found.reindex(seeds, fill_value=0.0)


def mnist_table(frame: pd.DataFrame, names: Mapping) -> pd.DataFrame:
    """The networks of 07-mnist to read and, where runs recorded it, the images on which the largest
    outputs tie.

    names   {(method, setting): (rule, network)} in words
    """
    rows, ends, recorded = [], final(frame), (frame["metric"] == "test no answer").any()
    for (method, setting), (rule, network) in names.items():
        own = _of(ends, method, setting)["value"]
        row = {"rule": rule, "network": network, "test error, %": f"{own.mean():.2f}"}
        row |= {"best seed": f"{own.min():.2f}", "worst seed": f"{own.max():.2f}"}
        if recorded:
            row["of these no answer"] = f"{ties(frame, method, setting).mean():.2f}"
        rows.append(row | {"n": str(len(own))})
    return pd.DataFrame(rows)


def tuned(tuning: pd.DataFrame) -> pd.DataFrame:
    """The last validation error of every run of 07-tuning: method, network, rate, seed, epoch,
    metric, value."""
    ends = tuning[tuning["metric"].isin(["validation nMSE", "validation error"])]
    ends = ends[ends["epoch"] == ends.groupby(["method", "setting"])["epoch"].transform("max")]
    of = ends["setting"].str.partition(", rate ")
    ends = ends.assign(network=of[0], rate=of[2].astype(float))
    return ends[["method", "network", "rate", "seed", "epoch", "metric", "value"]].reset_index(
        drop=True
    )


def linear_regression(dataset: str = "arm") -> pd.Series:
    """Test nMSE of every joint by least squares on the training part, no network at all."""
    train, test = data.load(dataset).train, data.load(dataset).test
    X, Z = (torch.nn.functional.pad(s.x, (0, 1), value=1.0).double() for s in (train, test))
    solved = torch.linalg.lstsq(X, train.label.double()).solution
    errors = (Z @ solved - test.label).square().mean(0) / test.label.var(0, correction=0)
    return pd.Series(errors.tolist(), index=data.load(dataset).classes)
