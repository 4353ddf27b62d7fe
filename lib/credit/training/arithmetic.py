"""How a run computes: without denormal numbers."""

from contextlib import contextmanager

import torch


@contextmanager
def without_denormals():
    """Inside, numbers that are nearer to zero than 1e-38 are zero, in this thread.

    A processor computes slowly with them, and vanishing signals of deep nets are full of them; of
    what is recorded of a run they change nothing. So one that cannot do without them is only slow.
    """
    before = bool(torch.tensor(1e-39) == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
