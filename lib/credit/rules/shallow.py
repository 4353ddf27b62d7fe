"""The shallow baseline: hidden layers stay at their random start, only the readout learns."""

from dataclasses import dataclass

from credit.rules.base import Rule


@dataclass(frozen=True)
class Shallow(Rule):
    """tau_L = e, and nothing is sent further down.

    A rule that does not beat this one has not taught its hidden layers.
    """

    name = "shallow baseline"
    short = "shallow"
    source = ""

    def teach(self, ch, trace):
        return {ch.L: ch.error(trace)}
