"""Two sites of synaptic integration: the runs with depth and the two streams as tables."""

import pandas as pd

from credit.evidence import verdicts
from credit.experiments.two_sites import BEST
from credit.rules import catalogue

BURSTS = {"": "exact", "activity": "worth A, exact"}


def depth_table(final: pd.DataFrame) -> pd.DataFrame:
    """Networks of 10-depth with their learning rates, a row each.

    final  of evidence.results.final
    """
    rows = []
    for (depth, setting, method), part in final.groupby(["depth", "setting", "method"], sort=False):
        name = setting.partition(", ")[2]
        control = name.startswith("rate ")
        rate = float(name[5:]) if control else BEST[method, name][depth > 1]
        bursts = BURSTS.get("" if control else name, name)
        rows.append(
            {
                "hidden layers": str(depth),
                "rule": catalogue()[method].short,
                "bursts": bursts if method == "two_sites" else "–",
                "learning rate": f"{rate:g}" + " (control)" * control,
                "test error, %": verdicts.mean_in_words(part["value"]),
                "n": str(part["seed"].nunique()),
            }
        )
    return pd.DataFrame(rows)


def streams_table(streams: pd.DataFrame, unit: str = "1") -> pd.DataFrame:
    """Published correlations of two streams beside both scores at the end, a row per alpha.

    streams  of training.two_streams.learn
    """
    there = verdicts.published("10-streams").set_index("setting")["value"]
    last = streams[streams["iteration"] == streams["iteration"].max()]
    return pd.DataFrame(
        [
            {
                "alpha": f"{alpha:g}",
                "published": f"{there[f'two streams, alpha {alpha:g}']:.2f}",
                "here, centred": verdicts.mean_in_words(part["centred"], unit),
                "here, uncentred": verdicts.mean_in_words(part["correlation"], unit),
                "n": str(part["seed"].nunique()),
            }
            for alpha, part in last.groupby("alpha")
        ]
    )
