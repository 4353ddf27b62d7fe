"""GAIT-prop: the names of its variants, and what a step costs at the paper's width."""

import time
from dataclasses import replace

import pandas as pd
import torch

from credit.evidence import results
from credit.experiments.gait_prop import AHMAD
from credit.nets.channels import Channels
from credit.nets.streams import streams
from credit.rules.backprop import Backprop
from credit.rules.gait_prop import GaitProp
from credit.training.descent import Descent
from credit.training.run import build

NAMES = {  # what stands behind the network in a setting: the variant as figures name it
    "literal": "GAIT as published",
    "ITP": "ITP",
    "TP": "TP",
    "no penalty": "GAIT, no penalty",
    "norms bound": "GAIT, norm penalty",
    "BP with penalty": "BP, published penalty",
    "BP with norms bound": "BP, norm penalty",
}


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows, the name of a variant in place of its rule's in column `method`."""
    return results.named(frame, NAMES)


def step_cost(width: int = 784, hidden: int = 4, steps: int = 2, seed: int = 0) -> dict[str, float]:
    """CPU seconds of a training step of backprop and of GAIT-prop as published, with its penalty;
    the fastest of some steps, in a network of this width.

    Returns {"BP": ..., "GAIT": ...}
    """
    seconds = {}
    for rule in (Backprop(), GaitProp(form="literal")):
        setting = replace(AHMAD, rule=rule, sizes=(width,) * (hidden + 2))
        network, random = build(setting, seed, 10), streams(seed)
        descent, taken = Descent(setting, network, {}), []
        x = torch.rand(setting.batch, width, generator=random["noise"], dtype=torch.float64)
        t = torch.eye(10, dtype=torch.float64)[torch.arange(setting.batch) % 10]
        ch = Channels(network, {}, random).teach(t)
        for _ in range(steps):
            began = time.process_time()
            descent.apply(rule.step(ch, x)[1])
            taken.append(time.process_time() - began)
        seconds[rule.short] = min(taken)
    return seconds
