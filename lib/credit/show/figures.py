"""Plots: each takes axes and tidy data and returns the axes; none trains, loads or shows."""

import os
from collections.abc import Mapping

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from credit import paths
from credit.rules import catalogue

# One colour, dash and marker for each rule in every figure; Okabe and Ito's colours by seaborn.
_COLOURS = sns.color_palette("colorblind").as_hex()
LOOKS = {
    "backprop": ("0.15", "-", "o"),
    "shallow": ("0.6", ":", "v"),
    "feedback_alignment": (_COLOURS[0], "-", "s"),
    "direct_feedback_alignment": (_COLOURS[3], "-", "D"),
    "sign_symmetry": (_COLOURS[2], "--", "^"),
    "kolen_pollack": (_COLOURS[1], "--", "P"),
    "weight_mirror": (_COLOURS[4], "--", "X"),
    "difference_target_propagation": (_COLOURS[9], "-", "s"),
    "kickback": (_COLOURS[1], "-", "D"),
    "attention_gated": (_COLOURS[4], "-", "^"),
    "gait_prop": (_COLOURS[2], "-", "D"),
    "decoupled_neural_interfaces": (_COLOURS[5], "-", "P"),
    "equilibrium_propagation": (_COLOURS[0], "-", "o"),
    "contrastive_hebbian": (_COLOURS[3], "-", "^"),
    "generalized_recirculation": (_COLOURS[2], "-", "s"),
    "almeida_pineda": (_COLOURS[1], "--", "v"),
    "recirculation": (_COLOURS[8], "-.", "X"),
    "two_sites": (_COLOURS[4], "-", "D"),
}
# Variants that notebooks name: the colour of their rule and hollow marks, by another dash.
VARIANTS = {
    "GAIT as published": ("gait_prop", "--", "D"),
    "GAIT, no penalty": ("gait_prop", ":", "s"),
    "GAIT, norm penalty": ("gait_prop", "-.", "o"),
    "BP, published penalty": ("backprop", "--", "o"),
    "BP, norm penalty": ("backprop", "-.", "s"),
    "ITP": ("gait_prop", "-.", "^"),
    "TP": ("gait_prop", ":", "v"),
    "TP, no difference": ("difference_target_propagation", ":", "v"),
    "DTP, no weight transport": ("difference_target_propagation", "--", "o"),
    "rCHL": ("contrastive_hebbian", "-.", "v"),
    "rCHL, feedback ×10": ("contrastive_hebbian", ":", "s"),
    "CHL, float32": ("contrastive_hebbian", "--", "o"),
    "CHL, γ = 0.3": ("contrastive_hebbian", ":", "D"),
    "BP, rates 0.2 and 0.02": ("backprop", "--", "s"),
    "FA, W frozen": ("feedback_alignment", "--", "o"),
    "FA, B redrawn": ("feedback_alignment", ":", "D"),
    "WM, activity": ("weight_mirror", ":", "o"),
}
MARKED = 12  # a line with more points than this goes without marks


def style():
    """The look of all figures, and what makes two savings of one figure the same bytes."""
    sns.set_theme(context="notebook", style="ticks", palette="colorblind")
    mpl.rcParams |= {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.dpi": 80,
        "figure.constrained_layout.use": True,
        "legend.frameon": False,
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "credit",
    }


def look(method: str) -> dict:
    """Keyword arguments of a line for this rule, or for a variant of one."""
    if method in VARIANTS:
        rule, dash, marker = VARIANTS[method]
        return look(rule) | {"ls": dash, "marker": marker, "mfc": "none"}
    colour, dash, marker = LOOKS.get(method, (_COLOURS[5], "-.", "*"))
    return {"color": colour, "ls": dash, "marker": marker, "ms": 5}


def short(method: str) -> str:
    """The rule as legends name it, e.g. DFA."""
    known = catalogue()
    return known[method].short if method in known else method


def save(figure: Figure, name: str):
    """Write <name>.svg and .pdf to paths.FIGURES, whole, and the same bytes for the same data."""
    paths.FIGURES.mkdir(parents=True, exist_ok=True)
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None, "ModDate": None}}
    for kind, metadata in undated.items():
        file = paths.FIGURES / f"{name}.{kind}"
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            figure.savefig(part, format=kind, metadata=metadata, bbox_inches="tight")
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


def _mean_and_range(ax, values: pd.Series, by: pd.Series, label: str, **line):
    """The mean of the seeds at each place as a line, their range as a band around it."""
    seeds = values.dropna().groupby(by)
    mean = seeds.mean()
    ax.plot(mean.index, mean, label=label, **({"lw": 1.8} | line))
    ax.fill_between(mean.index, seeds.min(), seeds.max(), color=line["color"], alpha=0.15, lw=0)


def _with_unit(metric: str, rows: pd.DataFrame) -> str:
    units = rows.loc[rows["metric"] == metric, "unit"]
    return metric if units.empty or units.iloc[0] == "1" else f"{metric} ({units.iloc[0]})"


def _of(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of a metric and those of runs that diverged and have it no more."""
    return frame[frame["metric"].isin([metric, "diverged"])]


def _identity(rows: pd.DataFrame) -> list[str] | None:
    """The columns that tell runs apart, of those there are; None if every row is one."""
    return [column for column in ("method", "setting", "seed") if column in rows] or None


def _lost(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for every run that diverged: it says so, or its final value is nan."""
    gone = rows["value"].isna()
    if "metric" in rows:
        gone |= rows["metric"] == "diverged"
    return rows[gone].drop_duplicates(_identity(rows))


def _diverged(rows: pd.DataFrame) -> str:
    """In words how many runs did: "1 of 5 diverged"; "" if none."""
    lost, runs = len(_lost(rows)), len(rows.drop_duplicates(_identity(rows)))
    return f"{lost} of {runs} diverged" if lost else ""


def _counted(method: str, part: pd.DataFrame) -> str:
    many = _diverged(part) or f"n = {part['seed'].nunique()}"
    return f"{short(method)} ({many})"


def _crosses(ax, at: pd.Series, colour, label: str | None = None):
    """A cross at the top, where there is no value, for every run that diverged."""
    if len(at):
        line = {"color": colour, "clip_on": False, "label": label}
        ax.plot(at, [0.98] * len(at), "x", ms=6, transform=ax.get_xaxis_transform(), **line)


def _case(name: str, part: pd.DataFrame) -> str:
    lost = _diverged(part)
    return f"{name} ({lost})" if lost else name


def _curve(ax, part: pd.DataFrame, metric: str, x: str, label: str, line: dict):
    """One line of plot_curves and its like: mean, range, and the crosses of runs that diverged."""
    own = part[part["metric"] == metric]
    line = line | ({"marker": None} if own[x].nunique() > MARKED else {})
    _mean_and_range(ax, own["value"], own[x], label, **line)
    _crosses(ax, _lost(part)[x], line["color"])


def plot_curves(ax, frame: pd.DataFrame, metric: str, x: str = "epoch"):
    """A metric against `x`: mean of the seeds as a line, their range as a band, per method. A run
    that diverged is in them as far as it went; then it is a cross, and the legend counts it.

    frame   tidy rows with columns method, seed, metric, value, unit and x
    """
    rows = _of(frame, metric)
    for method, part in rows.groupby("method", sort=False):
        _curve(ax, part, metric, x, _counted(method, part), look(method))
    ax.set(xlabel=x, ylabel=_with_unit(metric, rows))
    return ax


def plot_cases(ax, frame: pd.DataFrame, metric: str, x: str):
    """Like plot_curves, for cases that are not rules: column `method` holds their names."""
    rows = _of(frame, metric)
    for name, colour in zip(rows["method"].unique(), _COLOURS, strict=False):
        part = rows[rows["method"] == name]
        _curve(ax, part, metric, x, _case(name, part), {"color": colour})
    ax.set(xlabel=x, ylabel=_with_unit(metric, rows))
    return ax


def plot_variants(ax, frame: pd.DataFrame, metric: str, variants: Mapping, x: str = "epoch"):
    """Like plot_curves, for rules in several settings: the colour is the rule's in every figure,
    the dash and a hollow mark are the setting's.

    variants  {(method, setting): name}; the first setting looks like the rule, others differ
    """
    dashes = ("--", (0, (1, 1)), "-.", (0, (5, 1, 1, 1)))
    settings = list(dict.fromkeys(setting for _, setting in variants))
    rows = _of(frame, metric)
    for (method, setting), name in variants.items():
        part = rows[(rows["method"] == method) & (rows["setting"] == setting)]
        which = settings.index(setting)
        line = look(method) | ({"ls": dashes[which - 1], "mfc": "none"} if which else {})
        _curve(ax, part, metric, x, _case(name, part), line)
    ax.set(xlabel=x, ylabel=_with_unit(metric, rows))
    return ax


def plot_starts(axes, starts: pd.DataFrame, method: str):
    """A rule beside backprop at initialisation, layer by layer: whether the signs agree, the angle
    of the updates, and their size. Networks differ in hue, open marks are the second start.

    starts  of studies.kickback.at_the_start: net, start, layer, same sign, angle, size
    """
    nets, kinds = (list(dict.fromkeys(starts[column])) for column in ("net", "start"))
    hues = (look(method)["color"], _COLOURS[0])
    for column, ax in zip(("same sign", "angle", "size"), axes, strict=True):
        for (net, kind), part in starts.groupby(["net", "start"], sort=False):
            which, hue = kinds.index(kind), hues[nets.index(net)]
            line = {"color": hue, "marker": "Ds"[nets.index(net)], "ms": 5}
            line |= {"ls": ("-", "--")[which]} | ({"mfc": "none"} if which else {})
            _mean_and_range(ax, part[column], part["layer"], f"{net}, {kind}", **line)
        ax.set(xlabel="hidden layer", xticks=sorted(starts["layer"].unique()))
    axes[0].set(ylabel="share with backprop's sign", ylim=(0, 1.05))
    axes[1].set(ylabel="angle of the update (deg)", ylim=(0, 180))
    axes[2].set(ylabel="size, backprop's update = 1", yscale="log")
    for ax, middle in zip(axes, (0.5, 90, 1), strict=True):
        ax.axhline(middle, color="0.4", ls=":", lw=1)
    return axes


def percent_axis(ax):
    """A logarithmic axis of errors that is labelled 1, 2, 5, 10, ..."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, 0.9 * high / 2), high)
    return ax


def plot_published(ax, value: float, source: str, below: bool = False):
    """A published value: a dashed line that no measured one looks like, named above or below."""
    ax.axhline(value, color="0.4", ls=(0, (2, 2)), lw=1)
    ax.annotate(
        f"published: {source}", (0.02, value), xycoords=("axes fraction", "data"),
        xytext=(0, -2 if below else 2), textcoords="offset points", ha="left",
        va="top" if below else "bottom", fontsize=8, color="0.3",
    )  # fmt: skip
    return ax


ANGLES = {  # whose angle it is, as an axis says it
    "gradient angle": "update",
    "delta angle": "error signal",
    "weight angle": "feedback",
}


def plot_angles(ax, frame: pd.DataFrame, metric: str = "gradient angle"):
    """Angle to backprop against the epoch, a line per hidden layer, darker towards the input: that
    of what the layer learns, dW_l of a batch ("gradient angle"). The "delta angle" is that of the
    error signals, example by example: it does not see how examples are weighed."""
    rows = frame[frame["metric"] == metric]
    layers = sorted(rows["layer"].unique())
    colours = sns.color_palette("crest_r", len(layers))
    for layer, colour in zip(layers, colours, strict=True):
        part = rows[rows["layer"] == layer]
        line = {"color": colour, "marker": ".", "lw": 1.5}
        _mean_and_range(ax, part["value"], part["epoch"], f"layer {layer}", **line)
    ax.axhline(90, color="0.4", ls=":", lw=1)
    runs = _of(frame, metric)
    _crosses(ax, _lost(runs)["epoch"], "0.3", _diverged(runs))
    what = f"angle of the {ANGLES[metric]}" if metric in ANGLES else metric
    ax.set(xlabel="epoch", ylabel=f"{what} to backprop's (deg)", ylim=(0, None))
    ax.set_xscale("symlog", linthresh=0.01)
    ax.set_xlim(0, None)
    return ax


def plot_depth(ax, final: pd.DataFrame):
    """Final error against the number of hidden layers: mean with every seed as a dot. Variants of a
    rule, named after a comma in column `setting`, are dashed and hollow. Runs that diverged (nan)
    are in no mean: they are counted beside a cross at the top.

    final   of evidence.results.final
    """
    variant = final["setting"].str.partition(", ")[2]
    for (method, special), part in final.groupby(["method", variant], sort=False):
        mean = part.groupby("depth")["value"].mean()
        kind = look(method) | ({"ls": "--", "mfc": "none"} if special else {})
        label = f"{short(method)} (n = {part['seed'].nunique()}){', ' * bool(special)}{special}"
        for depth, lost in _lost(part).groupby("depth"):
            _crosses(ax, lost["depth"], kind["color"])
            which = f"{special}: " * bool(special)
            ax.annotate(
                which + _diverged(part[part["depth"] == depth]), (depth, 0.98), (-6, 0),
                xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="right", va="center", fontsize=8, color=kind["color"],
            )  # fmt: skip
        ax.plot(mean.index, mean, lw=1.8, label=label, **kind)
        ax.plot(part["depth"], part["value"], ".", ms=3, color=kind["color"], alpha=0.5)
    ax.set(xlabel="hidden layers", ylabel="test error (%)")
    ax.set_xticks(sorted(final["depth"].unique()))
    return ax


def plot_beside(ax, table: pd.DataFrame):
    """Published and measured values side by side: one row per setting, a colour per method;
    recalled values, which nobody could check against the paper, are paler, dashed and called so.

    table   of evidence.verdict_table, rows with both values
    """
    both = table.dropna(subset=["published", "mean"])
    settings = list(dict.fromkeys(both["setting"]))
    methods = list(dict.fromkeys(both["method"]))
    for i, method in enumerate(methods):
        part = both[both["method"] == method]
        place = part["setting"].map(settings.index) + 0.22 * (i - (len(methods) - 1) / 2)
        colour, marker = look(method)["color"], look(method)["marker"]
        ax.errorbar(
            part["mean"], place, xerr=part["half_width"], fmt=marker, ms=5, color=colour,
            label=f"{short(method)}, here (n = {part['n'].min()})",
        )  # fmt: skip
        recalled = part["read"].eq("memory")
        for word, there, alpha in (("published", ~recalled, 1.0), ("recalled", recalled, 0.6)):
            if there.any():
                _, _, (bars,) = ax.errorbar(
                    part["published"][there], place[there], fmt=marker, ms=7, mfc="none",
                    xerr=part["spread"].fillna(0)[there], color=colour, alpha=alpha,
                    label=f"{short(method)}, {word}",
                )  # fmt: skip
                bars.set_linestyle("-" if word == "published" else "--")
    ax.set_yticks(range(len(settings)), settings)
    ax.invert_yaxis()
    ax.set(xlabel=f"{both['metric'].iloc[0]} ({both['unit'].iloc[0]})", xlim=(0, None))
    return ax
