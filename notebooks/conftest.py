"""Validation by nbval: words are compared exactly, decimal numbers within a tolerance."""

import math
import os
import re

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
