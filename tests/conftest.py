"""Shared by all tests: one thread, and the helpers importable from every folder."""

import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)
os.environ.pop("CREDIT_RULES", None)  # the reader's own rules are not what is tested here
