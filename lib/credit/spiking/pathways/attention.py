"""Attention-gated learning: only the chosen output neuron sends, and learns, by reward alone."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from brian2 import Synapses, TimedArray

from credit.spiking.pathways.symmetric import Symmetric

CHOICE = """
phase = timestep(t, dt) % steps : 1 (shared)
late = int(phase > choosing) : 1 (shared)
chosen : 1
bonus : 1
ahead : 1
hears = chosen * late * learning : 1
error = (r - wanted) * hears : 1
sent = (r - told) * hears : 1
"""


@dataclass(frozen=True)
class Attention(Symmetric):
    """The output neuron with most spikes so far is chosen, half-way through the time in which
    spikes count; with probability epsilon any one, at random. From then on

        r_s - r_target,   r_target > 0 only where the choice s is right

    is minus the reward prediction error. Nothing else is known of the label: a neuron that was not
    chosen has no error, whichever the right one was. Events of the chosen neuron alone return
    through the forward synapses (BrainProp's symmetric attention).

    After Pozzi, Bohte & Roelfsema 2020. There attention travels and meets the reward, broadcast as
    one number, at the synapse; here their product travels and nothing is broadcast. They explore by
    softmax.
    """

    epsilon: float = 0.02

    short = "attention"
    error = CHOICE
    not_spikes = (
        "a weight used backwards",
        "the choice, which compares spike counts and membranes of all output neurons at a set time",
    )

    def values(self, rate, images, n, random):
        explores = torch.rand(images, 1, generator=random["choice"]) < self.epsilon * (rate > 0)
        bonus = 1e3 * torch.rand(images, n[-1], generator=random["choice"]) * explores
        return {"bonus": bonus.numpy()}

    def speaks(self, setting):
        return (setting.settling + setting.image) // 2 + 1  # after the choice

    def in_rates(self, net, W):
        chosen = np.eye(net.n[-1])[net.a[-1].argmax(1)]
        return super().in_rates(replace(net, e=net.e * chosen), W)

    def add(self, parts):
        super().add(parts)
        output, here = parts.layers[-1], parts.here
        here["choosing"] = (here["settling"] + here["steps"]) // 2
        here["bonuses"] = TimedArray(0.0 * here["label"].values, dt=here["image"], name="bonuses")
        parts.given["bonus"] = here["bonuses"]
        race = Synapses(
            output, output,
            "ahead_post = int(score_pre + bonus_pre > score_post + bonus_post) "
            "+ int(score_pre + bonus_pre == score_post + bonus_post)*int(i < j) : 1 (summed)",
            name="race", namespace=here,
        )  # fmt: skip
        race.connect(condition="i != j")
        output.run_regularly(
            "bonus = bonuses(t, i)\nchosen = 0", here["image"], name="new_trial", order=1
        )
        output.run_regularly(
            "chosen = chosen*int(phase != choosing) + int(ahead < 0.5)*int(phase == choosing)",
            when="end", name="choice",
        )  # fmt: skip
        return [race]
