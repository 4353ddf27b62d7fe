"""Contrastive Hebbian learning: its runs by name of their variants, by gain, by tolerance."""

import math
from collections.abc import Iterable

import pandas as pd

from credit.evidence import results
from credit.experiments.contrastive_hebbian import GAMMA, deep, first_batch, sweeps
from credit.rules.contrastive_hebbian import ContrastiveHebbian

NAMES = {  # what stands behind the network in a setting: the variant as figures name it
    "random": "rCHL",
    "random, feedback 10": "rCHL, feedback ×10",
    "float32": "CHL, float32",
    "gamma 0.3": "CHL, γ = 0.3",
    "first layer faster": "BP, rates 0.2 and 0.02",
}


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows, the method of a variant being its name and the setting its network alone."""
    network = frame["setting"].str.partition(", ")[0]
    return results.named(frame, NAMES).assign(setting=network)


def swept(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of 09-angles at all gains: columns gamma and precision taken from the settings."""
    found = frame["setting"].str.extract(r"x64 tanh, (float\d\d), gamma (.*)")
    rows = frame.assign(precision=found[0], gamma=found[1].astype(float))
    return rows.dropna(subset="gamma")


def gained(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of 09-gain at all gains, with columns gamma and output, "linear" or "logistic"."""
    found = frame["setting"].str.extract(r"1x120 (linear|logistic), gamma (.*)")
    return frame.assign(output=found[0], gamma=found[1].astype(float)).dropna(subset="gamma")


def slopes(frame: pd.DataFrame, up_to: float) -> pd.Series:
    """d log |CHL - BP| / d log gamma of every layer and seed, from the two largest gains up to
    this one, in three hidden layers of double precision."""
    rows = swept(frame).query(
        "metric == 'relative error' and depth == 3 and precision == 'float64'"
    )
    off = rows.pivot_table(index=["layer", "seed"], columns="gamma", values="value")
    a, b = sorted(gamma for gamma in off.columns if gamma <= up_to)[-2:]
    return (off[b] / off[a]).map(math.log) / math.log(b / a)


def at_the_cap(frame: pd.DataFrame, allowed: int = 100) -> pd.Series:
    """{setting of 09-angles: the share of its runs in which a phase took all the sweeps allowed}"""
    taken = frame[frame["metric"].isin(["steps, free", "steps, plus"])]
    most = taken.groupby(["setting", "seed"])["value"].max()
    return (most >= allowed).groupby("setting").mean()


def before_training(
    depth: int, precision: str, tolerance: float, seeds: Iterable[int], gamma: float = GAMMA
) -> pd.Series:
    """The angle (deg) of the first layer's update to backprop's in the first batch, as in
    09-angles, but settled to this tolerance: one value per seed."""
    rule = ContrastiveHebbian(gamma, settling=sweeps(tolerance))
    setting, angle = deep("BP", depth, precision, rule=rule), {}
    for seed in seeds:
        of = {(row["metric"], row["layer"]): row["value"] for row in first_batch(setting, seed)}
        angle[seed] = float(of["gradient angle", 1])
    return pd.Series(angle).rename_axis("seed")


def too_soon(frame: pd.DataFrame) -> pd.DataFrame:
    """By how many degrees the first layer's update turns when settling stops at a tolerance of so
    many times gamma^(L-1), against the finest: the most of all seeds, [gamma, share]. A gain with
    which a run at the finest took all the sweeps allowed is left out: it is no reference."""
    found = frame["setting"].str.extract(r"tolerance (.*), gamma (.*)").astype(float)
    rows = frame.assign(share=found[0], gamma=found[1]).dropna(subset="share")
    rows = rows[(rows["metric"] == "gradient angle") & (rows["layer"] == 1)]
    cut_off = rows["setting"].map(at_the_cap(frame)) > 0
    restless = rows.loc[cut_off & (rows["share"] == rows["share"].min()), "gamma"]
    rows = rows[~rows["gamma"].isin(restless)]
    angle = rows.pivot_table(index=["gamma", "seed"], columns="share", values="value")
    finest = angle.columns.min()
    off = angle.sub(angle[finest], axis=0).abs().groupby("gamma").max()
    return off.drop(columns=finest)
