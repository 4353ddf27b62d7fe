"""The claims of a notebook on results that are not the committed ones."""

import re
from pathlib import Path

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


def is_needed(cell) -> bool:
    """Whether a cell prepares or says claims on committed results; those tagged live train."""
    tags = cell.metadata.get("tags", [])
    draws = re.search(r"plt\.subplots|^table\(|^figures\.save\(", cell.source, flags=re.MULTILINE)
    return "parameters" in tags or ("hide-input" in tags and "live" not in tags and not draws)


def execute(notebook: Path, folder: Path, names: dict) -> list:
    """The claims of a notebook on the results in a folder; `names` gets its variables."""
    claims = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "RESULTS", folder)
        for cell in filter(is_needed, nbformat.read(notebook, as_version=4).cells):
            names["say"] = lambda *given, **kind: claims.extend(given)
            exec(cell.source, names)
    return claims


def say_all(notebook: Path, folder: Path) -> tuple[set[str], set[str]]:
    """The sentences of a notebook that hold, and those that fail, on the results in a folder."""
    claims = execute(notebook, folder, {})
    return ({c.sentence for c in claims if c.holds}, {c.sentence for c in claims if not c.holds})


def failing(notebook: Path, changes: dict, make_folder, beside=()) -> dict[str, set[str]]:
    """{falsification: sentences of the notebook that fail under it}.

    changes      {falsification: rows of an experiment -> others}
    make_folder  name -> a new folder
    beside       experiments of other notebooks that it shows, falsified likewise
    """
    own = [file.stem for file in paths.RESULTS.glob(f"{notebook.name[:2]}-*.csv")]
    failed = {}
    for name, change in changes.items():
        folder = make_folder("results")
        for experiment in (*own, *beside):
            change(results.load(experiment)).to_csv(folder / f"{experiment}.csv", index=False)
        failed[name] = say_all(notebook, folder)[1]
    return failed
