"""Other worlds for the same activities: networks that differ where these examples do not look."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from credit.audit.bench import Outcome, Trial
from credit.nets.networks import Network, Trace


class NoRoom(ValueError):
    """The activities span a whole layer: no weight can be other without making them others."""


def silent_twin(
    network: Network,
    outcome: Outcome,
    but: int | None = None,
    same_signs: bool = False,
    seed: int = 12345,
) -> tuple[Network, float]:
    """A network with other weights and, for these examples, the same activities.

        W'_k = W_k + N_k,   N_k h = 0 for every h of layer k-1 in the traces            (SILENT)

    What is behind drive, synapses, W_own, W_back and every other door is then other than it was,
    and only what comes by way of activities is not.

    but         a layer whose W stays, since a synapse may look at itself
    same_signs  W'_k and W_k have the same signs
    Returns it and |N| / |W| over all layers that changed; without same_signs that is 1
    """
    chance, layers = torch.Generator().manual_seed(seed), dict(network.layers)
    changed = whole = 0.0
    for k, layer in network.layers.items():
        if k == but:
            continue
        W = layer.W
        H = [network.received(k, h) for h in _states(outcome, k - 1, W.shape[-1])]
        Q = _span(torch.cat(H))
        N = _into(torch.randn(W.shape, generator=chance, dtype=W.dtype), Q)
        if not N.any():
            raise NoRoom(f"the activities span all {W.shape[-1]} units of layer {k - 1}")
        N *= W.norm() / N.norm()
        if same_signs:
            bound = 0.9 * W.abs()
            for _ in range(10):  # nearer to both sets, by projecting on the one and on the other
                N = _into(N.clamp(-bound, bound), Q)
            N *= min(1.0, 0.99 * float((W / N).abs().min()))
        layers[k] = replace(layer, W=W + N)
        changed, whole = changed + float(N.square().sum()), whole + float(W.square().sum())
    return replace(network, layers=layers), (changed / whole) ** 0.5


def _span(H: Tensor) -> Tensor:
    """Orthogonal directions [m, n_{k-1}] that make up all rows of H [.., n_{k-1}]."""
    _, size, directions = torch.linalg.svd(H, full_matrices=False)
    return directions[size > 1e-9 * size.max()]


def _into(N: Tensor, Q: Tensor) -> Tensor:
    """The part of N [n_k, n_{k-1}] that sends nothing on from the directions Q."""
    if len(Q) == Q.shape[-1]:
        return torch.zeros_like(N)
    for _ in range(2):  # the second time takes away what rounding left
        N = N - N @ Q.mT @ Q
    return N


def _states(outcome: Outcome, l: int, units: int) -> Iterator[Tensor]:
    """All h_l [batch, n_l] of all states that the rule visited."""
    for trace in outcome.traces:
        for state in _all_phases(trace):
            if l in state.h and state.h[l].shape == (len(trace.h[0]), units):
                yield state.h[l]


def _all_phases(trace: Trace) -> Iterator[Trace]:
    yield trace
    for phase in trace.phases.values():
        yield from _all_phases(phase)


def moved_into(trial: Trial, network: Network, beside: bool = False) -> Trial:
    """The same trial in another network.

    beside  activities are still made by the first one, whatever is sent forward: what a rule
            learns beside its layers may listen to that, noise included
    """
    return replace(trial, network=network, acting=trial.network if beside else None)
