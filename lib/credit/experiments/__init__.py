"""The experiments of the notebooks: which settings are run, with which seeds, in which profile.

`quick` is what a reader, `make reproduce` and the tests run: real training on real data, with fewer
examples or epochs than the paper. `paper` is the published setting or the nearest that fits; its
results are committed to data/results. Learning rates and the scales of feedback were chosen on the
validation set, by the experiments named tuning.

One file per notebook, found by looking into this folder; each has a dict EXPERIMENTS.

May import: nets, tasks, rules, training, spiking, runs.
"""

import importlib
import pkgutil
from functools import partial

from credit.experiments.common import PROFILES, SEEDS, TUNING_SEEDS, check_profile, jobs_of

__all__ = ["EXPERIMENTS", "PROFILES", "SEEDS", "TUNING_SEEDS", "check_profile", "jobs"]


def _found() -> dict:
    modules = (
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    )
    found = {}
    for module in modules:
        found |= getattr(module, "EXPERIMENTS", {})
    return dict(sorted(found.items()))


EXPERIMENTS = _found()
jobs = partial(jobs_of, EXPERIMENTS)
