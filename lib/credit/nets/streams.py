"""Randomness: one independent generator per purpose, all from one seed."""

import numpy as np
import torch

from credit.nets.plain import whole

# A new purpose goes to the end: the streams before it then stay as they were.
PURPOSES = ("weights", "feedback", "order", "noise", "choice")


class Named(dict):
    """A dict by name that answers a misspelt name with the known ones.

    what   it holds, in a word or two
    """

    def __init__(self, what: str, things: dict):
        super().__init__(things)
        self.what = what

    def __missing__(self, name):
        raise KeyError(f"no {self.what} {name!r}, known are {', '.join(map(str, self)) or 'none'}")


def streams(seed: int) -> dict[str, torch.Generator]:
    """Generators by purpose, so that redrawing the feedback leaves the order of the data alone.

    seed     any non-negative integer
    Returns  {purpose: generator} for every name in PURPOSES
    """
    seed = whole("seed", seed, 0, "a non-negative integer")
    children = np.random.SeedSequence(seed).spawn(len(PURPOSES))
    generators = {
        name: torch.Generator().manual_seed(int(child.generate_state(1, np.uint64)[0] >> 1))
        for name, child in zip(PURPOSES, children, strict=True)
    }
    return Named("random stream", generators)
