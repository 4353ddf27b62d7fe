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


# Files that take longest, longest first: they begin, so that none is left alone at the end. A file
# stays in one process, since fixtures of a module take seconds to a minute.
SLOWEST = (
    *("test_event_driven.py", "test_in_rates.py", "test_generalized_recirculation_stated.py"),
    *("test_segregated_dendrites.py", "test_superspike.py", "test_nef_learner.py", "test_nef.py"),
    *("test_urbanczik_senn.py", "test_speed.py", "test_recirculation_in_spikes.py"),
    *("test_two_sites.py", "test_two_phases.py", "test_schedule.py", "test_answer.py"),
    *("test_event_driven_in_rates.py", "test_cable.py", "test_taught_chain.py", "test_bridge.py"),
    *("test_simulation.py", "test_settings_of_results.py", "test_commands.py", "test_store.py"),
)


def pytest_collection_modifyitems(items):
    place = {name: k for k, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(SLOWEST)))


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
