"""Shared by all tests: one thread, the helpers importable from every folder, and the same random
numbers for a test whatever ran before it."""

import os
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)
os.environ.pop("CREDIT_RULES", None)  # the reader's own rules are not what is tested here


@pytest.fixture(autouse=True)
def seeded():
    """Where a test draws from torch's own generator."""
    torch.manual_seed(0)
