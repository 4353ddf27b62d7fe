"""Notebooks as files: what is kept of a run, and what a stored notebook must hold."""

import ast
import copy
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode, from_dict

from credit.evidence.claims import BROKEN
from credit.evidence.prose import typed_numbers
from credit.reruns.parameters import DEFAULTS
from credit.runs.files import readable

# Level-2 headings, in this order; others may stand between them. The key is the number that
# starts a notebook's file name.
SECTIONS = {
    "00": (
        "The answer in three sentences",
        "In one figure",
        "In one table",
        "What makes backprop implausible",
        "The audit",
        "What this does and does not show",
        "References",
    ),
    "21": (
        "In brief",
        "The network and its pathways",
        "Side by side",
        "Errors as events and as spikes",
        "How far from its own rule",
        "Two and four hidden layers",
        "What is not a spike",
        "What this does and does not show",
        "References",
    ),
    "default": (
        "The idea",
        "The rule at work",
        "At paper scale",
        "What this does and does not show",
        "References",
    ),
}
MAX_CELLS, MAX_LINES = 15, 25  # code cells in a notebook, lines in one, of those not folded
FOLDED = "hide-input"  # of cells that say claims, import or draw: a reader sees their output alone
# Tags of a cell that says claims: numbers of training done now differ between processors.
SPEAKING = ({FOLDED}, {"nbval-check-output", "nbval-ignore-output"})

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {  # what JupyterLab writes, less the version
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
BINARY = ("image/png", "image/jpeg", "application/pdf")  # base64: any letters may turn up in it
WIDGET = "application/vnd.jupyter.widget-view+json"
ABSOLUTE_PATH = re.compile(r"(?<![\w.])(?:/(?:home|root|tmp|work|usr|opt|Users)/|C:\\)\S*")


def read(file: Path) -> NotebookNode:
    """A notebook as nbformat reads it, checked against the format."""
    with readable(file, "execute it again, or get it back with git checkout"):
        nb = nbformat.read(file, as_version=4)
        nbformat.validate(nb)
    return nb


def clean(nb: NotebookNode) -> NotebookNode:
    """A copy without the traces of machine and time; outputs and execution counts stay.

    Of the metadata only tags and jupytext's pairing are kept; cells are named by their place, and
    what is tagged as folded is folded in JupyterLab. What a progress bar leaves, an empty piece of
    HTML, goes too.
    """
    nb = copy.deepcopy(nb)
    kept = {key: nb.metadata[key] for key in ("jupytext",) if key in nb.metadata}
    nb.metadata = from_dict({**kept, "kernelspec": KERNEL, "language_info": LANGUAGE})
    nb.nbformat, nb.nbformat_minor = 4, 5  # the first format with cell ids
    for number, cell in enumerate(nb.cells, start=1):
        tags = cell.metadata.get("tags")
        cell.id = f"cell-{number:02d}"
        folded = {"jupyter": {"source_hidden": True}} if FOLDED in (tags or ()) else {}
        cell.metadata = from_dict(({"tags": tags} if tags else {}) | folded)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("data") != {"text/html": ""}]
    return nb


def lost_pictures(old: NotebookNode, new: NotebookNode) -> list[str]:
    """Cells that showed more pictures in the old version of the same notebook, one line each."""
    return [
        f"cell {number} shows {_pictures(cell)} pictures, the stored version {_pictures(before)}"
        for (number, cell), (_, before) in zip(_code(new), _code(old), strict=False)
        if _pictures(cell) < _pictures(before)
    ]


def _pictures(cell: NotebookNode) -> int:
    shown = [output.get("data", {}) for output in cell.outputs]
    return sum(any(kind.startswith("image/") for kind in data) for data in shown)


def sections_of(name: str) -> tuple[str, ...]:
    """The headings that a notebook with this file name must have."""
    return SECTIONS.get(name[:2], SECTIONS["default"])


def problems(nb: NotebookNode, sections: tuple[str, ...] = SECTIONS["default"]) -> list[str]:
    """What keeps this notebook from being stored, one line each; empty when nothing does."""
    return [
        *_run_problems(nb),
        *_check_problems(nb),
        *_parameter_problems(nb),
        *_heading_problems(nb, sections),
        *_machine_problems(nb),
        *_size_problems(nb),
        *_claim_problems(nb),
    ]


def unbound_results(nb: NotebookNode) -> list[str]:
    """What a notebook states about results that no data can contradict, one line each."""
    said = any(_calls(cell.source, "say") for _, cell in _code(nb))
    typed = [
        f"cell {number} states {found!r}, typed by hand"
        for number, cell in enumerate(nb.cells, start=1)
        if cell.cell_type == "markdown"
        for found in typed_numbers(cell.source)
    ]
    return ([] if said else ["no cell says a claim"]) + typed


def _code(nb: NotebookNode, tag: str | None = None) -> list[tuple[int, NotebookNode]]:
    """Code cells with their place in the notebook, from 1; with a tag, only those that carry it."""
    return [
        (number, cell)
        for number, cell in enumerate(nb.cells, start=1)
        if cell.cell_type == "code" and (tag is None or tag in cell.metadata.get("tags", []))
    ]


def _run_problems(nb: NotebookNode) -> Iterator[str]:
    counts = [cell.get("execution_count") for _, cell in _code(nb)]
    for number, cell in _code(nb):
        if cell.get("execution_count") is None:
            yield f"cell {number} was not run"
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"cell {number} ended in an error: {output.ename}: {output.evalue}"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"cell {number} wrote to stderr: {output.text.strip()[:80]!r}"
    if None not in counts and counts != list(range(1, len(counts) + 1)):
        yield f"cells were not run from top to bottom on a fresh kernel: counts are {counts}"


def _check_problems(nb: NotebookNode) -> Iterator[str]:
    checks = _code(nb, "nbval-check-output")
    if not checks:
        yield "no code cell is tagged nbval-check-output"
    for number, cell in checks:
        if not any(_shown_text(output).strip() for output in cell.outputs):
            yield f"cell {number} is tagged nbval-check-output but shows no text to compare"


def _shown_text(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return output.text if output.name == "stdout" else ""
    return output.get("data", {}).get("text/plain", "")


def _parameter_problems(nb: NotebookNode) -> Iterator[str]:
    if _code(nb, "injected-parameters"):
        yield "a cell of injected parameters: store a run with the notebook's own defaults"
    tagged = _code(nb, "parameters")
    if len(tagged) != 1:
        yield f"{len(tagged)} code cells are tagged parameters, expected one"
        return
    (number, cell), values = tagged[0], {}
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError as error:
        yield f"cell {number}, the parameters, is not plain Python: {error.msg}"
        return
    for statement in statements:
        try:
            name, value = _literal_assignment(statement)
        except (ValueError, TypeError):  # the latter from {[]: 1}
            shown = ast.unparse(statement)
            yield f"cell {number}, the parameters, holds more than name = literal: {shown!r}"
        else:
            values[name] = value
    for name, default in DEFAULTS.items():
        if repr(values.get(name)) != repr(default):
            yield f"cell {number}, the parameters, must say {name} = {default!r}"


def _literal_assignment(statement: ast.stmt) -> tuple[str, object]:
    """Name and value of `name = literal` or `name: type = literal`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, ast.literal_eval(value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, ast.literal_eval(value)
    raise ValueError("not an assignment of one name")


def _heading_problems(nb: NotebookNode, sections: tuple[str, ...]) -> Iterator[str]:
    first = nb.cells[0] if nb.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell does not begin with a level-1 title"
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    prose = re.sub(r"^(```|~~~).*?^\1", "", prose, flags=re.MULTILINE | re.DOTALL)
    found = [heading.strip() for heading in re.findall(r"^## +(.+)$", prose, flags=re.MULTILINE)]
    missing = [section for section in sections if section not in found]
    for section in missing:
        yield f"section {section!r} is missing"
    required = [heading for heading in found if heading in sections]
    if not missing and required != list(sections):
        yield f"sections stand as {required}, expected each once in the order {list(sections)}"


def _machine_problems(nb: NotebookNode) -> Iterator[str]:
    parts = [("the notebook's metadata", nb.metadata, nb.metadata)]
    parts += [(f"cell {n}", cell, cell.metadata) for n, cell in enumerate(nb.cells, start=1)]
    for where, part, metadata in parts:
        for key in ("papermill", "widgets", "execution", "ExecuteTime"):
            if key in metadata:
                yield f"{where} carries metadata of {key}"
        path = next(filter(None, map(ABSOLUTE_PATH.search, _texts(part))), None)
        if path:
            yield f"{where} holds an absolute path: {path.group()!r}"
    for number, cell in _code(nb):
        if any(WIDGET in output.get("data", {}) for output in cell.outputs):
            yield f"cell {number} shows a widget, whose state is not stored"


def _texts(node: object) -> Iterator[str]:
    """Every text inside a part of a notebook, binary pictures left out."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            if key not in BINARY:
                yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _size_problems(nb: NotebookNode) -> Iterator[str]:
    shown = [(n, cell) for n, cell in _code(nb) if FOLDED not in cell.metadata.get("tags", [])]
    if len(shown) > MAX_CELLS:
        yield f"{len(shown)} code cells that are not folded, at most {MAX_CELLS} are allowed"
    for number, cell in shown:
        lines = len(cell.source.splitlines())
        if lines > MAX_LINES:
            yield f"cell {number} has {lines} lines, at most {MAX_LINES} are allowed"


def _calls(source: str, name: str) -> list[ast.Call]:
    """The calls of a function of this name in the source of a cell; none where it is no Python."""
    try:
        nodes = ast.walk(ast.parse(source))
    except SyntaxError:
        return []
    return [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == name]


def _claim_problems(nb: NotebookNode) -> Iterator[str]:
    for number, cell in _code(nb):
        if not _calls(cell.source, "say"):
            continue
        tags = {*cell.metadata.get("tags", [])}
        for wanted in (" or ".join(sorted(kind)) for kind in SPEAKING if not kind & tags):
            yield f"cell {number} says claims, but is not tagged {wanted}"
        for call in _calls(cell.source, "claim"):
            sentence, condition, *_ = [*call.args, None, None]
            if not (isinstance(sentence, ast.Constant) and isinstance(sentence.value, str)):
                yield f"cell {number}: a claim's sentence is no literal: {ast.unparse(call)[:60]}"
            if condition is None or isinstance(condition, ast.Constant):
                yield f"cell {number}: a claim's condition is no data: {ast.unparse(call)[:60]}"
        if any(BROKEN in _shown_text(output) for output in cell.outputs):
            yield f"cell {number} shows a claim that {BROKEN}"
