"""Synapses that learn to predict: least mean squares by events."""

from brian2 import Synapses

MISSED = "dD/dt = (S - T) * on / (50*ms) : 1                       # by how much it was more\n"
CORRECTS = {"more": "D > 1", "less": "D < -1"}


def predictions(name: str, source, target) -> Synapses:
    """T_i += a_ij at every spike of neuron j of the source, so that T predicts S of the target:

        dD_i/dt = (S_i - T_i) / 50 ms;   D > 1: event `more`, D -= 1;   D < -1: event `less`, D += 1
        da_ij = +-own rho_j              at `more` and `less` of i

    with the trace rho of j's spikes, by which a_ij entered T_i. By S - T at the spikes of j
    instead, before they count, T can grow without end.
    """
    synapses = Synapses(
        source, target, "a : 1\nown : 1 (shared, constant)",
        on_pre="T_post += a",
        on_post={"more": "a += own*rho_pre", "less": "a -= own*rho_pre"},
        on_event={"pre": "spike", "more": "more", "less": "less"},
        name=name,
    )  # fmt: skip
    synapses.connect()
    return synapses
