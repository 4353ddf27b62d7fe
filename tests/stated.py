"""The claims of a notebook on results that are not the committed ones."""

import ast
import dis
import re
from pathlib import Path
from types import CodeType

import nbformat
import numpy as np
import pytest

from credit import paths
from credit.evidence import results

# What the spiking sections of all notebooks show beside their own, by InSpikes.beside.
REFERENCES = (
    *("02-rates", "02-spiking", "02-spiking-populations", "01-spiking-populations"),
    "02-spiking-floor",
    *("02-rates-four", "02-spiking-depth", "01-spiking-four"),  # with more hidden layers
)
# What the spiking sections say in words that the data choose: never false.
CHOSEN = {
    "{this} is {d:.2f} points {way}",
    "{n} seeds cannot tell {this} f",
}
# Cells that train or simulate.
LIVE = frozenset({"live", "nbval-ignore-output"})


def noisy(rows):
    """Seeds that scatter over a factor of ten: no claim about a mean is left."""
    factor = np.random.default_rng(0).lognormal(0, 1.2, len(rows))
    return rows.assign(value=rows["value"] * factor)


def loud(rows):
    """A thousand times the events and the spikes of tests; a search that was right, after all; and
    a tenth of the errors in spikes."""
    counts = rows["metric"].isin(["error events, learning", "spikes, test"])
    found = rows["setting"].str.endswith("best of the search")
    errs = rows["experiment"].str.contains("-spiking") & (rows["metric"] == "test error")
    errs &= ~rows["method"].isin(["backprop", "shallow"])
    return rows.assign(value=rows["value"] * (1 + 999 * counts) * (1 - 0.9 * (found | errs)))


def exchanged(rows, column, one, other, where=True):
    """Two names of a column under each other's, where a mask says so and both stand there."""
    found = rows[column].isin([one, other]) & where
    if rows.loc[found, column].nunique() < 2:
        return rows  # an experiment without one of them
    names = rows[column].replace({one: other, other: one})
    return rows.assign(**{column: rows[column].where(~found, names)})


def behind_network(rows, one, other, where=True):
    """The same for what stands behind the network in a setting; "" is nothing."""
    parts = rows["setting"].str.partition(", ")
    behind = exchanged(rows.assign(behind=parts[2]), "behind", one, other, where)["behind"]
    return rows.assign(setting=parts[0] + (", " + behind).where(behind != "", ""))


def swapped(one, other, kinds=("error",)):
    """Two methods under each other's names, wherever both have a value of such a kind."""

    def change(rows):
        groups = rows.groupby(["setting", "metric"])["method"]
        both = groups.transform(lambda methods: {one, other} <= set(methods)).astype(bool)
        return exchanged(rows, "method", one, other, both & rows["metric"].str.endswith(kinds))

    return change


def variants_swapped(method, one, other):
    """Two variants of a method under each other's labels; "" is that without a label."""
    return lambda rows: behind_network(rows, one, other, rows["method"] == method)


def upside_down(rows):
    """Layers and depths in the opposite order."""
    top = rows.groupby(["setting", "metric"])["layer"].transform("max")
    depths = sorted(rows["depth"].unique())
    mirrored = rows["depth"].map(dict(zip(depths, reversed(depths), strict=True)))
    angle, error = rows["metric"].str.endswith("angle"), rows["metric"] == "test error"
    return rows.assign(
        layer=rows["layer"].where(~angle, top + 1 - rows["layer"]),
        depth=rows["depth"].where(~error, mirrored),
    )


def is_needed(cell, live=LIVE) -> bool:
    """Whether a cell prepares or says claims on committed results."""
    tags = set(cell.metadata.get("tags", []))
    draws = re.search(r"plt\.subplots|^(table|display|figures\.save)\(", cell.source, re.MULTILINE)
    return "parameters" in tags or ("hide-input" in tags and not tags & live and not draws)


def loaded(code: CodeType) -> set[str]:
    """The global names that code reads, and those that its functions read."""
    inner = (loaded(const) for const in code.co_consts if isinstance(const, CodeType))
    reads = (i for i in dis.get_instructions(code) if i.opname in ("LOAD_NAME", "LOAD_GLOBAL"))
    return {i.argval for i in reads}.union(*inner)


def steps(notebook: Path, known: dict, live=LIVE) -> list[CodeType]:
    """The statements of the cells that are needed, and of all others those that define a name which
    they read, unless it is known."""
    found, missing = [], set()
    for cell in reversed(nbformat.read(notebook, as_version=4).cells):
        if cell.cell_type != "code":
            continue
        whole = is_needed(cell, live)
        for statement in reversed(ast.parse(cell.source).body):
            code = compile(ast.unparse(statement), notebook.name, "exec")
            written = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"}
            entries = re.findall(r"^(\w+)\[.*\] = ", ast.unparse(statement))  # of a frame
            if (whole or missing & {*written, *entries}) and not known.keys() >= written > set():
                missing = missing - written | loaded(code) - known.keys()
                found.append(code)
    return found[::-1]


def execute(notebook: Path, folder: Path, names: dict, live=LIVE) -> list:
    """The claims of a notebook on the results in a folder; `names` gets its variables, those that
    it has already stay."""
    claims = []
    todo = steps(notebook, names, live)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "RESULTS", folder)
        for step in todo:
            names["say"] = lambda *said, **kind: claims.extend(said)
            exec(step, names)
    return claims


def say_all(notebook: Path, folder: Path, known=(), live=LIVE) -> tuple[set[str], set[str]]:
    """The sentences of a notebook that hold, and those that fail, on the results in a folder.

    known  variables of the notebook that are not made again: {name: value}
    live   tags of cells whose claims are left out
    """
    claims = execute(notebook, folder, dict(known), live)
    return ({c.sentence for c in claims if c.holds}, {c.sentence for c in claims if not c.holds})


def failing(notebook: Path, changes: dict, make_folder, beside=(), **given) -> dict[str, set[str]]:
    """{falsification: sentences of the notebook that fail under it}.

    changes      {falsification: rows of an experiment -> others}
    make_folder  name -> a new folder
    beside       experiments of other notebooks that it shows, falsified likewise
    given        further arguments of say_all
    """
    own = [file.stem for file in paths.RESULTS.glob(f"{notebook.name[:2]}-*.csv")]
    failed = {}
    for name, change in changes.items():
        folder = make_folder("results")
        for experiment in (*own, *beside):
            change(results.load(experiment)).to_csv(folder / f"{experiment}.csv", index=False)
        failed[name] = say_all(notebook, folder, **given)[1]
    return failed


def failing_live(notebook: Path, known: dict, changes: dict, **given) -> dict[str, set[str]]:
    """The same where variables are falsified that a notebook computes, on the committed results.

    known    {variable: its value}
    changes  {falsification: (variable, its value -> another)}
    """
    failed = {}
    for name, (variable, change) in changes.items():
        falsified = {variable: change(known[variable])}
        failed[name] = say_all(notebook, paths.RESULTS, known | falsified, **given)[1]
    return failed


def simulated(notebook: Path, variables, **given) -> tuple[dict[str, set[str]], dict]:
    """What a notebook says on the committed results, computing all that it computes: {"said": all
    sentences, "failed": those that fail}; and {variable: value} of some, to be given again.

    given  further arguments of execute
    """
    names = {}
    claims = execute(notebook, paths.RESULTS, names, **given)
    said = {
        "said": {claim.sentence for claim in claims},
        "failed": {claim.sentence for claim in claims if not claim.holds},
    }
    return said, {name: names[name] for name in variables}
