"""The contract of a rule, looked at once before its first step: one line says what breaks it.

A wrong shape would mostly broadcast and train on, to a number that looks like a result.
"""

from collections.abc import Iterable

from torch import Tensor

from credit.nets.channels import Channels
from credit.nets.networks import Network, Product, Trace
from credit.nets.streams import Named, streams
from credit.rules.base import Rule, Update


def check(rule: Rule, network: Network, own: dict, x: Tensor, t: Tensor) -> list[int]:
    """Take one step with copies of all that is given, and refuse what no rule may do.

    own      the rule's own parameters, {name: {l: tensor}}
    x, t     some examples [..., batch, n_0] with their targets [..., batch, answers]
    Returns  the layers that learn: hidden ones may be left out, as by the shallow baseline
    Raises ValueError with the rule, the layer, what came and what was expected. Nothing given is
    changed and no random stream of a run is drawn from.
    """
    check_names(type(rule))
    _check_learned(rule, own)
    used = network.copy()
    kept = {name: {l: w.clone() for l, w in tensors.items()} for name, tensors in own.items()}
    ch = Channels(used, Named("own parameter", kept), streams(0)).teach(t.clone())
    look, given = _Look(rule, network, own, x), x.clone()
    if type(rule).step is Rule.step:
        trace, update = _by_stages(rule, ch, given, look)
    else:  # a rule that interleaves the stages: only what comes out can be looked at
        trace, update = rule.step(ch, given)
    finite = _finite(trace.h.values())
    look.update("update", update, finite)
    if rule.prepares:
        look.update("prepare", rule.prepare(ch, given), finite)
    for name in ("W", "b"):
        then, now = ({l: getattr(d, name) for l, d in n.layers.items()} for n in (network, used))
        look.same("a step", then, now, name)
    look.untouched("a step", {name: kept[name] for name in rule.learned}, own)
    look.same("a step", {0: x}, {0: given}, "x")
    look.same("a step", {0: t}, {0: ch.target()}, "t")
    return sorted(update.W)


def _by_stages(rule: Rule, ch: Channels, x: Tensor, look: "_Look") -> tuple[Trace, Update]:
    """rule.step, with a look at what comes out of each stage."""
    trace = rule.forward(ch, x)
    look.kind("forward", trace, Trace)
    before = {name: _copies(getattr(trace, name)) for name in "ha"}
    teaching = rule.teach(ch, trace)
    look.teaching(teaching, finite=_finite(trace.h.values()))
    look.untouched("forward or teach", ch.own, look.own)
    update = rule.update(ch, trace, teaching)
    for name, copies in before.items():
        look.same("teach or update", copies, getattr(trace, name), name)
    return trace, update


def check_names(kind: type[Rule]):
    """Refuse a rule that lacks one of the three texts by which tables and legends call it."""
    for field in ("name", "short", "source"):
        if not isinstance(getattr(kind, field, None), str):
            raise ValueError(f'{kind.__name__} has no {field}, expected a text: {field} = "..."')


def _check_learned(rule: Rule, own: dict):
    who = type(rule).__name__
    if isinstance(rule.learned, str):
        raise ValueError(f"{who}: learned is {rule.learned!r}, expected a tuple of names")
    for name in rule.learned:
        if name not in own:
            known = ", ".join(own) or "none"
            raise ValueError(f"{who}: learned names {name!r}, which draw does not give: {known}")


class _Look:
    """Refusals, each naming the rule."""

    def __init__(self, rule: Rule, network: Network, own: dict, x: Tensor):
        self.who, self.rule, self.network, self.own = type(rule).__name__, rule, network, own
        W = network.layers[1].W
        self.rows = (*(W.shape[:-2] or x.shape[:-2]), x.shape[-2])  # [..., batch]

    def refuse(self, text: str):
        raise ValueError(f"{self.who}: {text}")

    def kind(self, stage: str, thing, expected: type):
        if not isinstance(thing, expected):
            self.refuse(f"{stage} gives {_described(thing)}, expected {expected.__name__}")

    def teaching(self, teaching, finite: bool):
        self.kind("teach", teaching, dict)
        if not teaching:
            self.refuse("teach gives {}, expected a signal for every layer that learns")
        for l, signal in teaching.items():
            self._is_layer("teach", l)
            W = self.network.layers[l].W
            self._is_tensor(f"teach, layer {l}", signal, (*self.rows, W.shape[-2]), finite)
            if signal.dtype != W.dtype:
                self.refuse(f"teach, layer {l}: came {signal.dtype}, expected {W.dtype}")

    def update(self, stage: str, update, finite: bool):
        self.kind(stage, update, Update)
        layers = self.network.layers
        for name in ("W", "b"):
            for l, change in getattr(update, name).items():
                self._is_layer(f"{stage}.{name}", l)
                self._is_change(stage, name, l, change, getattr(layers[l], name), finite)
        for name, changes in update.own.items():
            if name not in self.rule.learned:
                self.refuse(
                    f"{stage} changes {name!r}, which is not in learned = {self.rule.learned}"
                )
            for l, change in changes.items():
                if l not in self.own[name]:
                    self.refuse(
                        f"{stage} changes {name!r} of layer {l!r}, expected one of "
                        f"{', '.join(map(str, self.own[name]))}"
                    )
                self._is_change(stage, name, l, change, self.own[name][l], finite)

    def untouched(self, stage: str, after: dict, before: dict):
        for name, tensors in after.items():
            self.same(stage, before[name], tensors, name)

    def same(self, stage: str, before: dict, after: dict, name: str):
        for l, w in before.items():
            if not w.equal(after[l]) and _finite([w]):
                where = f"{name} of layer {l}" if l else name
                self.refuse(f"{stage} writes into {where}, expected it to stay as it was")

    def _is_layer(self, stage: str, l):
        if l not in self.network.layers:
            L = self.network.L
            self.refuse(f"{stage} names layer {l!r}, expected one of 1 to {L}")

    def _is_change(self, stage: str, name: str, l: int, change, of: Tensor, finite: bool):
        written_out = change.dense() if isinstance(change, Product) else change
        self._is_tensor(f"{stage}, {name} of layer {l}", written_out, tuple(of.shape), finite)

    def _is_tensor(self, where: str, thing, expected: tuple, finite: bool):
        """Refuse what is no tensor of this shape or, where it could be, not finite."""
        if not isinstance(thing, Tensor) or thing.shape != expected:
            self.refuse(f"{where}: came {_described(thing)}, expected {list(expected)}")
        if finite and not _finite([thing]):
            self.refuse(f"{where}: came NaN or infinity, expected finite numbers")


def _described(thing) -> str:
    return str(list(thing.shape)) if isinstance(thing, Tensor) else f"a {type(thing).__name__}"


def _copies(tensors: dict) -> dict:
    return {l: w.clone() for l, w in tensors.items()}


def _finite(tensors: Iterable[Tensor]) -> bool:
    return all(bool(w.isfinite().all()) for w in tensors)
