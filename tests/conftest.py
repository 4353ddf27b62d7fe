"""Shared by all tests: one thread, the helpers importable from every folder, the same random
numbers for a test whatever ran before it, and no failure because a machine is busy."""

import os
import sys
from pathlib import Path

import hypothesis
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)
hypothesis.settings.register_profile("credit", deadline=None)
hypothesis.settings.load_profile("credit")
os.environ.pop("CREDIT_RULES", None)  # the reader's own rules are not what is tested here


@pytest.fixture(autouse=True)
def seeded():
    """Where a test draws from torch's own generator."""
    torch.manual_seed(0)


@pytest.fixture
def committed(monkeypatch):
    """Runs count as made by committed code, also while somebody is changing the library."""
    from credit.runs import store

    found = store.provenance()
    found["commit"] = found["commit"].removesuffix(" with changes")
    monkeypatch.setattr(store, "provenance", lambda: found)
