"""Short simulations on Brian2's numpy target: nothing is compiled, so nothing is waited for."""

import contextlib
from collections.abc import Iterator

from brian2 import BrianObject, Network, Quantity, prefs


@contextlib.contextmanager
def interpreted() -> Iterator[None]:
    """Within it Brian2 generates numpy code; afterwards what was chosen before."""
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        yield
    finally:
        prefs.codegen.target = before


def run(*objects: BrianObject, duration: Quantity):
    """Simulate these objects and no others, names being looked up in them alone."""
    with interpreted():
        Network(*objects).run(duration, namespace={})
