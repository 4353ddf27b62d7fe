"""Validation by nbval: words are compared exactly, decimal numbers within a tolerance.

So are the figures that notebooks write: after the last cell each must show what it showed before,
and all are put back as they were. To change one, execute its notebook with `make reproduce`.
"""

import math
import os
import re
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

# Kernels inherit these: pictures in the outputs, whatever is usual on this machine, and no bars.
os.environ |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "TQDM_DISABLE": "1"}

RELATIVE, ABSOLUTE = 0.02, 0.005
SKIPPED = ("image/svg+xml", "application/pdf", "text/html", "stderr")  # may differ between runs

# 0.158, -1.5e-3, 2e-05. Integers and versions such as 2.13.0 are words, compared exactly.
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)(?!\.?\d)")


class Tolerant(str):
    """An output that equals another with the same words, and numbers that are close."""

    def _parts(self) -> tuple[list[str], list[float]]:
        words = [" ".join(part.split()) for part in NUMBER.split(self)]
        return words, [float(number) for number in NUMBER.findall(self)]

    def __eq__(self, other):
        (words, numbers), (other_words, other_numbers) = self._parts(), Tolerant(other)._parts()
        return words == other_words and all(
            math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
            for a, b in zip(numbers, other_numbers, strict=True)  # as many as gaps between words
        )

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def pytest_itemcollected(item):
    """Give every notebook cell the comparison above; nbval itself offers no tolerance."""
    if not isinstance(item, IPyNbCell):
        return
    exact = item.sanitize
    item.sanitize = lambda output: (
        Tolerant(exact(output)) if isinstance(output, str) else exact(output)
    )
    item.parent.skip_compare = (*item.parent.skip_compare, *SKIPPED)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    """Keep a history, as nbval does not: without it IPython shows a value despite its `;`."""
    if not isinstance(item, IPyNbCell):
        return
    kernel = item.parent.kernel
    kernel.execute_cell_input = lambda source, allow_stdin=None: kernel.kc.execute(
        source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
    )


# Numbers of the notebooks that take longest: they begin, so that none is left alone at the end.
SLOWEST = ("11", "02", "21", "12", "13", "09", "18", "03", "04", "05")


def pytest_collection_modifyitems(items):
    """A notebook's cells stay together and in order; all others follow by their numbers."""
    place = {number: k for k, number in enumerate(SLOWEST)}
    items.sort(key=lambda item: place.get(item.path.name[:2], len(SLOWEST)))


FIGURES = Path(__file__).resolve().parents[1] / "figures"
POINTS = 0.5  # a place in a figure may move by so much, a point being 1/72 inch
BEFORE = pytest.StashKey()
REDRAWN = pytest.StashKey()

# of a picture as text: names made from its content, and all numbers outside of words and colours
NAME = re.compile(r"\b[a-z][0-9a-f]{10}\b")
PLACE = re.compile(r"(?<![\w#.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")


def same_picture(one: str, other: str) -> bool:
    """Whether two SVG files show the same, up to what rounding on another processor moves."""
    one, other = (NAME.sub("", text) for text in (one, other))
    if PLACE.split(one) != PLACE.split(other):
        return False
    places = zip(PLACE.findall(one), PLACE.findall(other), strict=True)
    return all(math.isclose(float(a), float(b), abs_tol=POINTS) for a, b in places)


def _watching(config) -> bool:
    """In the process that starts and ends the others, where there are several."""
    return config.getoption("nbval", False) and not hasattr(config, "workerinput")


def pytest_sessionstart(session):
    if _watching(session.config):
        files = sorted(FIGURES.glob("*.*"))
        session.config.stash[BEFORE] = {file: file.read_bytes() for file in files}


def pytest_sessionfinish(session):
    redrawn = session.config.stash[REDRAWN] = []
    for file, before in session.config.stash.get(BEFORE, {}).items():
        now = file.read_bytes() if file.exists() else b""
        if now == before:
            continue
        if file.suffix == ".svg" and not same_picture(before.decode(), now.decode()):
            redrawn.append(file.name)
        file.write_bytes(before)
    if redrawn and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for name in config.stash.get(REDRAWN, []):
        terminalreporter.write_line(
            f"FAILED figures/{name} - its notebook draws it differently now: look at both after "
            "`make reproduce`, which keeps the new one"
        )
