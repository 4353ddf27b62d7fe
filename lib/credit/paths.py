"""Where things lie: the only module that knows a path."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
RESULTS = DATA / "results"  # committed: what the paper profile measured
FIGURES = ROOT / "figures"
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "build"  # made again by any rerun, never committed
RUNS = Path(os.environ.get("CREDIT_RUNS", ROOT / "runs"))  # the run store
CACHE = Path(os.environ.get("CREDIT_CACHE", DATA / "downloads"))  # larger data sets
