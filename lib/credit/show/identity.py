"""Plots of GAIT-prop's angle to backprop: where its updates are backprop's, and where not."""

import pandas as pd

from credit.show import figures

RESOLVED = 1e-6  # degrees, what an arccosine resolves


def against(frame: pd.DataFrame, word: str) -> pd.DataFrame:
    """Angles of the updates of one batch, with the number behind `word` of their setting as epoch.

    word  gamma, or departure, to which the orthogonal weights themselves belong as 0
    """
    rows = frame[frame["metric"] == "gradient angle"]
    x = rows["setting"].str.extract(rf", {word} (\S+)$")[0].astype(float)
    if word == "departure":
        x = x.mask(~rows["setting"].str.contains(","), 0.0)
    rows = rows.assign(epoch=x, value=rows["value"].clip(lower=RESOLVED))
    return rows.dropna(subset="epoch")


def plot_identity(axes, frame: pd.DataFrame):
    """The published form against gamma, the displacement form against p, a line per layer.

    axes   two of them;  frame   tidy rows of 12-angles
    """
    left, right = axes
    for ax, word in zip(axes, ("gamma", "departure"), strict=True):
        figures.plot_angles(ax, against(frame, word)).set_ylabel("angle of the update (deg)")
    limit = against(frame, "departure").query("epoch == 0")["value"].max()
    line = left.axhline(limit, color="0.2", ls="--", label="displacement form, all layers")
    left.set(xscale="log", yscale="log", xlabel="γ", xlim=(8e-5, 1.2), ylim=(3e-7, 300))
    left.legend(handles=[line], fontsize=8, loc="lower right")
    right.set(xscale="linear", xlabel="departure p from orthogonality", xlim=(0, 0.31))
    right.legend(fontsize=9, loc="upper left", bbox_to_anchor=(0, 0.9))
    return axes
