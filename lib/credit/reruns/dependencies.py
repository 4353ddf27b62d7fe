"""What a notebook depends on, found in its code: library modules, data, results."""

import ast
import functools
import json
from collections.abc import Iterable
from pathlib import Path

from credit import paths
from credit.runs.files import readable

PACKAGE = Path(__file__).parents[1]  # lib/credit


def notebooks() -> list[str]:
    """Names of the numbered notebooks, without .ipynb, in order."""
    return sorted(file.stem for file in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def inputs(name: str, experiments: Iterable[str] = ()) -> list[Path]:
    """Every file that can change what this notebook shows.

    experiments  those whose results are going to be there, besides those that are
    """
    file = paths.NOTEBOOKS / f"{name}.ipynb"
    cells = _code_cells(file)
    known = {*experiments, *(result.stem for result in paths.RESULTS.glob("[0-9][0-9]*.csv"))}
    return [
        file,
        *modules(cells),
        *sorted((paths.DATA / "mnist").glob("*.gz")),
        *paths.DATA.glob("published.csv"),
        *(paths.RESULTS / f"{e}.csv" for e in sorted(known) if _reads(name, cells, e)),
    ]


def _reads(name: str, cells: Iterable[str], experiment: str) -> bool:
    """Notebook 00 reads all results, NN those of the experiments NN-* and any that it names."""
    number = name[:2]
    named = any(f'"{experiment}"' in cell for cell in cells)
    return number == "00" or experiment.startswith(f"{number}-") or named


def modules(cells: Iterable[str]) -> list[Path]:
    """Files of the library that this code imports, directly or through others."""
    found, queue = set(), [file for cell in cells for file in _imports(cell)]
    while queue:
        file = queue.pop()
        if file not in found:
            found.add(file)
            queue += _imports_of(file)
    return sorted(found)


def cells_of(file: Path) -> list[dict]:
    """The cells of a notebook: their cell_type, their source as one text, their metadata."""
    with readable(file, "get it back with git checkout, or execute it again"):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            cell["source"] = "".join(cell["source"])
            tags = cell.setdefault("metadata", {}).get("tags", [])
            if not isinstance(tags, list) or not isinstance(cell["cell_type"], str):
                raise ValueError(f"a cell of type {cell['cell_type']!r} has the tags {tags!r}")
    return cells


def _code_cells(file: Path) -> list[str]:
    try:
        return [cell["source"] for cell in cells_of(file) if cell["cell_type"] == "code"]
    except ValueError:  # it says so itself when it is executed, and holds up no other notebook
        return []


@functools.cache
def _imports_of(file: Path) -> list[Path]:
    return _imports(file.read_text(encoding="utf-8"))


def _imports(source: str) -> list[Path]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell with a magic: it may use anything
        return list(PACKAGE.rglob("*.py")) if "credit" in source else []
    files = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            # of `from credit.rules import backprop, rule` the first is a module, the second is not
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if _place(name) else node.module for name in names]
        else:
            continue
        files += [file for name in names for file in _files(name)]
    return files


def _place(module: str) -> Path | None:
    """The file or the folder of a module of the library, None for any other name."""
    first, *parts = module.split(".")
    place = PACKAGE.joinpath(*parts)
    if first != "credit":
        return None
    return next((p for p in (place, place.with_suffix(".py")) if p.exists() and parts), None)


def _files(module: str) -> list[Path]:
    """A module and the packages around it; of a package every file, its catalogue finds them."""
    place = _place(module)
    if place is None:
        return []
    around = [p / "__init__.py" for p in place.parents if p.is_relative_to(PACKAGE)]
    return [*around, *(sorted(place.rglob("*.py")) if place.is_dir() else [place])]
