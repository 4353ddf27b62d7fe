"""Where things lie: the only module that knows a path."""

import os
from pathlib import Path

ROOT = Path(os.environ.get("CREDIT_ROOT") or Path(__file__).resolve().parents[2])
if not (ROOT / "data" / "published.csv").exists():
    raise ImportError(
        f"{ROOT} is no clone of this project, whose data and notebooks the library needs: install "
        "it from its clone with `pip install -e .`, or name the clone in CREDIT_ROOT"
    )
DATA = ROOT / "data"
RESULTS = DATA / "results"  # committed: what the paper profile measured
FIGURES = ROOT / "figures"
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "build"  # made again by any rerun, never committed
# Of the two that can be chosen a relative one is taken from ROOT: notebooks work in another folder.
RUNS = ROOT / (os.environ.get("CREDIT_RUNS") or "runs")  # the run store
CACHE = ROOT / (os.environ.get("CREDIT_CACHE") or "data/downloads")  # larger data sets
# rule files of one's own and folders of them, kept outside the library
RULES = os.environ.get("CREDIT_RULES", "")
