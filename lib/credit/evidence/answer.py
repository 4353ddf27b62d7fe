"""The answer so far: a row per cited method, every cell from data or marked as not measured."""

import math
from dataclasses import dataclass
from functools import cache

import pandas as pd

from credit import paths
from credit.audit import probes
from credit.evidence import results, verdicts
from credit.evidence.agreement import AGREEING, BEST, WORDS, badness
from credit.evidence.claims import listed
from credit.evidence.methods import (
    DEEPEST,
    LARGEST,
    LONGER,
    METHODS,
    Method,
    Spiking,
    Trained,
    joined,
    own_rules,
)
from credit.evidence.published import READ, has_value, plus_minus
from credit.evidence.verdicts import UNMEASURED
from credit.rules import catalogue
from credit.rules.base import Rule

SPIKES, DEEP, MNIST, IMAGENET = "in spikes", "three or more layers", "MNIST", "ImageNet, published"
QUESTIONS = (SPIKES, DEEP, MNIST, IMAGENET)
IMAGENET_CHANCE = 99.9  # percent, of 1000 classes
NEAR = 1.2  # times the error of backprop: what the sentences call near
GROUPS = (0, 1.5, 2, math.inf)  # the same: in which methods in spikes are named together
APART = ("03", "04", "13")  # notebooks whose networks of spiking neurons have their own budgets
SEEDS = 5  # of a cell that does not say how many


@dataclass(frozen=True)
class Measured:
    """Test errors in percent, one per run, nan of one that diverged, of a method and beside it."""

    own: pd.Series
    backprop: pd.Series  # in rates, in the same network; empty where the task has none
    floor: pd.Series  # in which the hidden synapses learn nothing
    layers: int  # hidden ones
    task: str = "MNIST"
    unit: str = "%"
    network: str = ""
    epochs: int = 0

    @property
    def times(self) -> tuple[float, float]:
        """The error over the mean of backprop's, and half of its 95 % interval over own seeds."""
        return verdicts.interval(list(self.own.dropna() / self.backprop.mean()))

    @property
    def cell(self) -> str:
        """'2.31 ± 0.06 % (1.07 × BP)', with what a reader of the column must know beside it."""
        n = self.own.count()
        error = verdicts.mean_in_words(self.own.dropna()) if n else ""
        parts = [] if self.task == "MNIST" else [self.task]
        parts += [f"{error} {self.unit}"] if n else []
        if n and self.backprop.count():
            ends = self.own.agg(["min", "max"]) / self.backprop.mean()
            times = f"{self.times[0]:.2f}" if "±" in error else "{:.2f} to {:.2f}".format(*ends)
            parts[-1] += f" ({times} × BP)"
        said = [self.network] if self.network else []
        said += [f"{len(self.own) - n} of {len(self.own)} diverged"] if n < len(self.own) else []
        said += [f"n = {n}"] if 0 < n < SEEDS else []
        return ", ".join([" ".join(parts), *said] if parts else said)

    @property
    def deep_cell(self) -> str:
        passes = f"{self.epochs} epoch{'s' * (self.epochs != 1)}"
        return f"{self.layers} layers, {passes}: {self.cell}"


def measured(where: Trained | Spiking | None, rule: str = "") -> Measured | None:
    """The runs of a cell of the answer; None where there are none."""
    if where is None or where.experiment not in results.available():
        return None
    metric = getattr(where, "metric", "test error")
    ends = _ends(where.experiment, metric)
    runs, nothing = _by_network(ends), ends["value"][:0]
    if isinstance(where, Spiking):
        own = ends[ends["setting"] == where.label]
        others = pd.concat([ends, *(_ends(name, metric) for name in where.beside)])
        runs = _by_network(others)
        floor = others.loc[others["setting"] == where.floor, "value"]
        beside, task, network = where.backprop, where.task, where.variant
    else:
        own = ends[(ends["method"] == rule) & (ends["setting"] == where.label)]
        fixed = _by_network(_ends(where.shallow)) if where.shallow else runs
        floor = fixed.get(("shallow", where.beside), fixed.get(("shallow", where.network), nothing))
        beside, task, network = where.beside, "MNIST", joined(where.label, where.note)
    if own.empty:
        return None
    layers, epochs = int(own["depth"].iloc[0]), round(own["epoch"].max())
    backprop = runs.get(("backprop", beside), nothing)
    unit = "%" if metric == "test error" else "% of the variance left"
    return Measured(own["value"], backprop, floor, layers, task, unit, network, epochs)


def _ends(experiment: str, metric: str = "test error") -> pd.DataFrame:
    """Final test errors, %, one row per run, nan of those that diverged or left no value."""
    ends = results.final(results.load(experiment), metric)
    return ends if metric == "test error" else ends.assign(value=100 * ends["value"])


def _by_network(ends: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    return {key: part["value"] for key, part in ends.groupby(["method", "setting"])}


@dataclass(frozen=True)
class Record:
    """The best top-1 error on ImageNet in the literature, in percent."""

    value: float
    backprop: float | None  # of the same network in the same source
    network: str
    read: str
    id: str = ""  # of its row in data/published.csv

    @property
    def cell(self) -> str:
        beside = f"BP {self.backprop:g}; " if self.backprop else ""
        read = "" if self.read == "seen" else f", {READ[self.read]}"
        return f"{self.value:g} % ({beside}{self.network}{read})"


def record(rule: str) -> Record | None:
    everything = verdicts.published()
    everything = everything[everything["metric"] == "top-1 error"].dropna(subset=["value"])
    everything = everything[everything["setting"].str.startswith("ImageNet ")]
    rows = everything[everything["method"] == rule]
    if rows.empty:
        return None
    best = rows.loc[rows["value"].idxmin()]
    network = best["setting"].partition(", ")[0]  # without the rule's own label
    same = everything[(everything["method"] == "backprop") & (everything["setting"] == network)]
    same = same.loc[same["paper"] == best["paper"], "value"]
    backprop = float(same.iloc[0]) if len(same) else None
    network = network.removeprefix("ImageNet ")
    return Record(float(best["value"]), backprop, network, best["read"], best["id"])


def ratios() -> pd.DataFrame:
    """What the figure and the sentences of the answer are made of: errors over backprop's.

    Returns columns method, rule, notebook, question, times, half_width (95 %, over the seeds of the
    method), floor (the same of a network whose hidden synapses learn nothing), error (%), layers,
    epochs; of published values read (how) and lost, the share of backprop's way down from chance
    in percent, in place of times; a row for every cell with backprop beside it
    """
    rows = []
    for m in METHODS:
        who = {"method": m.name, "rule": m.rule, "notebook": m.notebook}
        for question, where in ((SPIKES, m.spiking), (DEEP, m.deep), (MNIST, m.mnist)):
            found = measured(where, m.rule)
            told = found and found.own.count() and found.backprop.count()
            if told and found.task == "MNIST":
                times, half_width = found.times
                numbers = {"times": times, "half_width": half_width, "error": found.own.mean()}
                numbers |= {"floor": found.floor.mean() / found.backprop.mean()}
                numbers |= {"layers": found.layers, "epochs": found.epochs}
                rows.append(who | {"question": question} | numbers)
        best = record(m.rule)
        if best and best.backprop:
            lost = (best.value - best.backprop) / (IMAGENET_CHANCE - best.backprop)
            numbers = {"lost": 100 * lost, "error": best.value, "read": best.read}
            rows.append(who | {"question": IMAGENET} | numbers)
    return pd.DataFrame(rows)


def table() -> pd.DataFrame:
    """One row per method; strings, ready to be shown."""
    return pd.DataFrame([_row(method) for method in METHODS])


def own_table() -> pd.DataFrame:
    """The same row for each of the reader's rules."""
    return pd.DataFrame([_row(Method("", k.name, name)) for name, k in own_rules().items()])


def _row(method: Method) -> dict[str, str]:
    transport, teacher = method.probed or _audit(method.rule)
    spikes, deep, mnist = (
        measured(where, method.rule) for where in (method.spiking, method.deep, method.mnist)
    )
    best = record(method.rule)
    return {
        "nb": method.notebook,
        "method": method.name,
        SPIKES: spikes.cell if spikes else UNMEASURED,
        DEEP: deep.deep_cell if deep else UNMEASURED,
        MNIST: mnist.cell if mnist else UNMEASURED,
        IMAGENET: best.cell if best else "no value read" if method.rule else UNMEASURED,
        "forward weights": transport,
        "teacher": teacher,
        "CPU time, BP = 1": _cost(method),
        "published values": _agreement(method),
    }


def _cost(method: Method) -> str:
    """CPU time of an epoch beside backprop's, in the runs of the MNIST cell, or of the deep one."""
    where = method.mnist or method.deep
    if where is None or where.experiment not in results.available():
        return UNMEASURED
    costs = results.costs(results.load(where.experiment))
    own = costs[(costs["method"] == method.rule) & (costs["setting"] == where.label)]
    return f"{own['ratio'].iloc[0]:.1f}" if len(own) else UNMEASURED


def _audit(name: str) -> tuple[str, str]:
    return _asked(catalogue()[name]) if name else (UNMEASURED, UNMEASURED)


@cache  # seconds, for every table
def _asked(kind: type[Rule]) -> tuple[str, str]:
    transport, _, teacher = probes.audit(kind())
    return transport.verdict, teacher.verdict


def _agreement(method: Method) -> str:
    """What became of the published values that experiments here are to answer, a run counted once.

    'reproduced 1, near 2, differs 1; 9 not judged'
    """
    rows = verdicts.published()
    if method.rule:
        rows = rows[rows["method"] == method.rule]
    elif method.spiking:  # not in the catalogue: what the experiments of its notebook are to answer
        rows = rows[rows["experiment"].str.startswith(f"{method.notebook}-")]
    else:
        return UNMEASURED
    rows = rows[(rows["experiment"] != "") & has_value(rows)]
    if rows.empty:
        return "none for its runs"
    of = rows.drop_duplicates(["experiment", "setting", "paper"])
    words = []
    for experiment in of["experiment"].unique():
        if experiment in results.available():
            frame = results.with_accuracy(results.load(experiment))
            judged = verdicts.verdict_table(frame, experiment)
            judged = judged[judged["method"].isin(rows["method"])]
            words += list(verdicts.judgements(judged, "verdict"))
    counts = {"reproduced": 0} | dict.fromkeys(map(_short, WORDS), 0)
    words = [word for word in words if badness(word) >= 0]
    for word in words:
        counts[_short(WORDS[badness(word)])] += 1
    parts = [f"{word} {n}" for word, n in counts.items() if n or word == "reproduced"]
    rest = len(of) - len(words)
    return ", ".join(parts) + (f"; {rest} not judged" if rest else "")


def _short(word: str) -> str:
    """A verdict without its direction; agreement with what was not read in its paper apart."""
    if word in AGREEING:
        return "reproduced" if word == BEST["seen"] else "agrees"
    return word.partition(",")[0]


# -- the three sentences --------------------------------------------------------------------------


def sentences(rows: pd.DataFrame | None = None) -> list[str]:
    """The answer in three sentences of Markdown, one per part of the question.

    rows  of `ratios`
    """
    rows = ratios() if rows is None else rows
    return [_in_spikes(rows), _in_depth(rows), _on_benchmarks(rows)]


def _in_spikes(rows: pd.DataFrame) -> str:
    found = rows[rows["question"] == SPIKES].sort_values("times")
    learns = found["times"] + found["half_width"] < found["floor"]
    networks = found.loc[learns, "error"].nunique()  # one network may have two names
    there = found[learns & ~found["notebook"].isin(APART)]
    steps = there.groupby(pd.cut(there["times"], GROUPS), observed=True)
    each = [f"{_times(group)} ({listed(group['method'])})" for _, group in steps]
    others = [m for m in METHODS if m.spiking and m.name not in set(found["method"])]
    deep = "s" * bool((found.loc[learns, "layers"] > 1).any())
    more = ""
    if (apart := found["notebook"].isin(APART) & learns).any():
        forms = {m.name: m.spiking.variant for m in METHODS if m.spiking}
        how = {name: f" with {form}" for name, form in forms.items() if form}
        own = [
            f"{row.method}{how.get(row.method, '')} ({row.times:.1f})"
            for row in found[apart].itertuples()
        ]
        more += f"; those with a budget and a backprop of their own: {listed(own)}"
    if not learns.all():
        more += f"; not shown to learn: {listed(found.loc[~learns, 'method'])}"
    elsewhere = [f"{m.name} ({m.spiking.task})" for m in others if measured(m.spiking)]
    if elsewhere:
        more += f"; tested on other tasks only: {listed(elsewhere)}"
    for begins, (name, network) in (
        ("A larger network with", LARGEST),
        ("Longer phases of", LONGER),
    ):
        if best := measured(network):
            times = plus_minus(*best.times)
            more += f". {begins} {name}: {times} ({_beside(best)})"
    return (
        f"**Spiking neurons.** {networks} networks of spiking neurons in the table learn MNIST, "
        f"with {_range(found.loc[learns, 'layers'])} hidden layer{deep}. Their errors, in "
        f"multiples of backprop's in rates, are {listed(each)}{more}."
    )


def _beside(found: Measured) -> str:
    """What stands behind an error in its cell."""
    return found.cell.partition(" × BP), ")[2]


def _in_depth(rows: pd.DataFrame) -> str:
    found = rows[rows["question"] == DEEP]
    near, between, far = _sorted(found)
    deepest = [(name, measured(network)) for name, network in DEEPEST]
    cells = [
        f"{name} {network.cell} (fixed synapses: at most {network.floor.mean():.0f} %)"
        for name, network in deepest
        if network
    ]
    sent = f"with four hidden layers and errors as signed events, {len(cells)} were run"
    beside = "beside backprop in an ordinary rate network and fixed hidden synapses"
    spikes = f" In spikes, {sent}, {beside}: {'; '.join(cells)}." if cells else ""
    return (
        f"**Depth.** With {_range(found['layers'])} hidden layers, trained for "
        f"{_range(found['epochs'])} epochs, {listed(near)} stay within {NEAR:g} times the error of "
        f"backprop in the same network{_open(between)}; beyond it lie {listed(far)}.{spikes}"
    )


def _on_benchmarks(rows: pd.DataFrame) -> str:
    near, between, far = _sorted(rows[rows["question"] == MNIST])
    published = rows[rows["question"] == IMAGENET].sort_values("lost")
    lost = [
        f"{row.method} {row.lost:.0f}" + f" ({READ[row.read]})" * (row.read != "seen")
        for row in published.itertuples()
    ]
    return (
        f"**Benchmarks.** On MNIST {len(near)} of {len([*near, *between, *far])} methods come "
        f"within {NEAR:g} times the error of backprop: {listed(near)}{_open(between)}. "
        "ImageNet is not run here; published methods lose, of what backprop learns in the same "
        f"network, in percent: {listed(lost)}."
    )


def _sorted(rows: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Methods that are near backprop by the whole of their interval, those that may or may not be,
    and those that are not, with the error over backprop's."""
    rows = rows.sort_values("times")
    near = rows["times"] + rows["half_width"] <= NEAR
    far = rows["times"] - rows["half_width"] > NEAR
    open_ = rows[~near & ~far]
    return (
        list(rows.loc[near, "method"]),
        [f"{row.method} ({row.times:.2f} ± {row.half_width:.2f})" for row in open_.itertuples()],
        [f"{row.method} ({row.times:.1f})" for row in rows[far].itertuples()],
    )


def _open(methods: list[str]) -> str:
    return f"; too close to tell: {listed(methods)}" if methods else ""


def _range(values: pd.Series) -> str:
    ends = sorted({int(values.min()), int(values.max())})
    return "one" if ends == [1] else " to ".join(map(str, ends))


def _times(rows: pd.DataFrame) -> str:
    ends = dict.fromkeys(f"{times:.1f}" for times in (rows["times"].min(), rows["times"].max()))
    return " to ".join(ends)


# -- as README.md shows it -------------------------------------------------------------------------


def markdown_table(frame: pd.DataFrame) -> str:
    """A frame in Markdown, text as it is and numbers with two decimals."""
    cells = frame.map(
        lambda v: str(v) if not isinstance(v, float) else f"{v:.2f}" if v == v else "–"
    )
    lines = ["| " + " | ".join(map(str, cells.columns)) + " |", "|" + " --- |" * len(cells.columns)]
    lines += ["| " + " | ".join(row) + " |" for row in cells.itertuples(index=False)]
    return "\n".join(lines)


def linked(frame: pd.DataFrame, folder: str) -> pd.DataFrame:
    """The table with a link from each method to its notebook in `folder`, and dashes for what was
    not measured; methods without any measured cell are left out."""
    files = {file.name[:2]: file.name for file in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")}
    names = [
        f"[{row.method}]({folder}{files[row.nb]})" if row.nb in files else row.method
        for row in frame.itertuples()
    ]
    shown = frame.assign(method=names)[~_empty(frame)].drop(columns="nb")
    return shown.replace({UNMEASURED: "–", "no value read": "–", "none for its runs": "–"})


def _empty(frame: pd.DataFrame) -> pd.Series:
    return (frame.drop(columns=["nb", "method"]) == UNMEASURED).all(axis=1)


def origins() -> pd.DataFrame:
    """Where the numbers of the table stand, and those of networks that the sentences alone name:
    in data/results the file and the label of the runs, in data/published.csv the row."""
    rows = []
    for m in METHODS:
        best = record(m.rule)
        row = {"method": m.name, SPIKES: _origin(m.spiking, m.rule)}
        row |= {DEEP: _origin(m.deep, m.rule), MNIST: _origin(m.mnist, m.rule)}
        rows.append(row | {IMAGENET: f"`{best.id}`" if best else UNMEASURED})
    for name, where in (*DEEPEST, LARGEST, LONGER):
        row = dict.fromkeys(rows[0], UNMEASURED)
        rows.append(row | {"method": f"{name}, in the sentences", SPIKES: _origin(where)})
    frame = pd.DataFrame(rows)
    return frame[(frame.drop(columns="method") != UNMEASURED).any(axis=1)]


def _origin(where: Trained | Spiking | None, rule: str = "") -> str:
    """The file of a cell and the label of its runs; after + the files of what stands beside it."""
    if measured(where, rule) is None:
        return UNMEASURED
    others = where.beside if isinstance(where, Spiking) else filter(None, (where.shallow,))
    own, *beside = (f"[{name}](data/results/{name}.csv)" for name in (where.experiment, *others))
    return f"{own} `{where.label}`" + (f" + {', '.join(beside)}" if beside else "")


ORIGINS = """<details><summary>Where each number comes from</summary>

Each cell names a file of `data/results` and the label of the runs in its column `setting`; after +
the files of backprop or of fixed hidden synapses, where these are others. Under ImageNet stands the
`id` of a row of [data/published.csv](data/published.csv); *published values* counts its rows that
name an experiment. *CPU time* is that of the runs under *MNIST*, else under *three or more layers*.

{}

</details>"""


def markdown(folder: str = "notebooks/") -> str:
    """The answer as README.md shows it: the sentences, the table, the methods without a row, and
    where the numbers come from."""
    frame = table()
    nothing = set(frame.loc[_empty(frame), "method"])
    said = [f"{m.name} ({m.notebook}): {m.carries_none}" for m in METHODS if m.carries_none]
    rest = [f"{m.name} ({m.notebook})" for m in METHODS if m.name in nothing and not m.carries_none]
    parts = ["\n".join(f"- {sentence}" for sentence in sentences())]
    parts += [markdown_table(linked(frame, folder))]
    parts += [f"**Carries no error:** {'; '.join(said)}."] if said else []
    parts += [f"**Not yet measured:** {', '.join(rest)}."] if rest else []
    parts += [ORIGINS.format(markdown_table(origins().replace(UNMEASURED, "–")))]
    return "\n\n".join(parts)


BEGIN = "<!-- answer: generated by `credit table`, do not edit -->\n"
END = "\n<!-- /answer -->"


def in_readme(readme: str) -> str:
    """The answer that stands in README.md now."""
    return readme.partition(BEGIN)[2].partition(END)[0]


def with_table(readme: str) -> str:
    """README.md with the answer of today."""
    if BEGIN not in readme or END not in readme:
        raise ValueError(f"README.md has lost the lines {BEGIN.strip()!r} and {END.strip()!r}")
    return readme.partition(BEGIN)[0] + BEGIN + markdown() + END + readme.partition(END)[2]
