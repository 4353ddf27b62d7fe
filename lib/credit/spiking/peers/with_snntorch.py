"""snnTorch: a spiking network learns by backprop through time with a surrogate gradient.

Leaky neurons, cross-entropy of the output's spike counts and Adam, as in its tutorials.
"""

import json
import sys
from importlib.metadata import version
from itertools import pairwise

import numpy as np
import torch
from rounds import answer
from snntorch import Leaky, spikegen
from snntorch.functional import ce_count_loss

BETA, GAIN, RATE = 0.95, 0.25, 5e-4  # of v in a step; a white pixel's spikes in a step; of learning


def main(images: str, sizes: list[int], batch: int, n: int, steps: int, silent: int):
    """Answer; arguments as in credit.spiking.speed, but silent, as all steps are learned from."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    given = np.load(images)
    pixels, label = (torch.from_numpy(given[k][:n]).float() for k in ("pixels", "label"))
    linear = [torch.nn.Linear(*shape) for shape in pairwise(sizes)]
    leaky, loss = [Leaky(beta=BETA) for _ in linear], ce_count_loss()
    optimiser = torch.optim.Adam([p for layer in linear for p in layer.parameters()], lr=RATE)

    def learn(x, target):
        potential, spikes = [cell.reset_mem() for cell in leaky], []
        for s in spikegen.rate(x, steps, gain=GAIN):
            for l, (layer, cell) in enumerate(zip(linear, leaky, strict=True)):
                s, potential[l] = cell(layer(s), potential[l])
            spikes.append(s)
        spikes = torch.stack(spikes)
        optimiser.zero_grad()
        loss(spikes, target).backward()
        optimiser.step()
        return int((spikes.sum(0).argmax(1) == target).sum())

    def learn_all():
        parts = zip(pixels.split(batch), label.argmax(1).split(batch), strict=True)
        return {"right": sum(learn(*part) for part in parts) / n}

    answer(learn_all, **{name: version(name) for name in ("snntorch", "torch")})


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
