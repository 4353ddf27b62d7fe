"""The contract of a rule: what breaks it is one line, and what keeps it is left alone."""

from dataclasses import dataclass

import pytest
import torch
from helpers import bench

from credit.nets.networks import Init, Product, make_network
from credit.rules import catalogue
from credit.rules.base import Rule, own_parameters
from credit.rules.contract import check
from credit.rules.direct_feedback_alignment import DirectFeedbackAlignment
from credit.training import criterion
from credit.training.run import run
from credit.training.setting import Setting

SIZES = (6, 5, 4, 3)


@dataclass(frozen=True)
class Mine(DirectFeedbackAlignment):
    """A rule to be broken in one place."""

    def draw(self, sizes, streams):
        return super().draw(sizes, streams) | {"m": {1: torch.zeros(2)}}


def look(rule):
    network, ch, x = bench(rule, SIZES)
    return check(rule, network, ch.own, x, ch.target())


@pytest.mark.parametrize("name", catalogue())
def test_every_rule_of_the_library_keeps_the_contract_and_nothing_is_changed(name):
    rule = catalogue()[name]()
    network, ch, x = bench(rule)
    held = [*network.parameters(), *(w for ws in ch.own.values() for w in ws.values())]
    held += [x, ch.target()]
    before = [w.clone() for w in held]
    states = [ch.rng(p).get_state() for p in ("feedback", "noise", "choice")]
    learn = check(rule, network, ch.own, x, ch.target())
    assert learn == ([network.L] if name == "shallow" else list(range(1, network.L + 1)))
    assert all(torch.equal(w, then) for w, then in zip(held, before, strict=True))
    after = [ch.rng(p).get_state() for p in ("feedback", "noise", "choice")]
    assert all(torch.equal(s, then) for s, then in zip(after, states, strict=True))


def test_a_rule_keeps_the_contract_in_many_networks_at_once():
    rule = catalogue()["kolen_pollack"]()
    network = make_network(SIZES, (0, 1), dtype=torch.float64)
    own = own_parameters(rule, SIZES, (0, 1), torch.float64)
    x, t = torch.ones(2, 7, 6, dtype=torch.float64), torch.ones(2, 7, 3, dtype=torch.float64)
    assert check(rule, network, own, x, t) == [1, 2, 3]
    assert check(rule, network, own, x[0], t) == [1, 2, 3]  # the same examples for all


def teaches(change):
    """Mine with another teaching signal for layer 1."""

    class Broken(Mine):
        def teach(self, ch, trace):
            teaching = super().teach(ch, trace)
            return change(teaching)

    return Broken()


TEACH = {
    "a column": (lambda t: t | {1: t[1][:, :1]}, r"layer 1: came \[7, 1\], expected \[7, 5\]"),
    "a row": (lambda t: t | {1: t[1][0]}, r"layer 1: came \[5\], expected \[7, 5\]"),
    "transposed": (lambda t: t | {2: t[2].T}, r"layer 2: came \[4, 7\], expected \[7, 4\]"),
    "wide": (lambda t: t | {2: t[2][:, 1:]}, r"layer 2: came \[7, 3\], expected \[7, 4\]"),
    "a list": (lambda t: list(t.values()), "teach gives a list, expected dict"),
    "None": (lambda t: None, "teach gives a NoneType, expected dict"),
    "no signal": (lambda t: t | {1: None}, r"layer 1: came a NoneType, expected \[7, 5\]"),
    "numbers": (lambda t: t | {1: t[1].tolist()}, r"layer 1: came a list, expected \[7, 5\]"),
    "{}": (lambda t: {}, "teach gives {}, expected a signal"),
    "layer 0": (lambda t: t | {0: t[1]}, "teach names layer 0, expected one of 1 to 3"),
    "layer L+1": (lambda t: t | {4: t[1]}, "teach names layer 4, expected one of 1 to 3"),
    "NaN": (lambda t: t | {1: t[1] * float("nan")}, "layer 1: came NaN or infinity"),
    "infinity": (lambda t: t | {1: t[1] / 0}, "layer 1: came NaN or infinity"),
    "precision": (lambda t: t | {1: t[1].float()}, "came torch.float32, expected torch.float64"),
}


@pytest.mark.parametrize("case", TEACH)
def test_a_wrong_teaching_signal_is_one_line_with_rule_and_layer(case):
    change, message = TEACH[case]
    with pytest.raises(ValueError, match=message) as caught:
        look(teaches(change))
    assert str(caught.value).startswith("Broken: teach") and "\n" not in str(caught.value)


def test_what_keeps_the_contract_is_not_refused():
    """Guards the test above and those below: a changed signal of the right form is fine."""
    assert look(teaches(lambda t: {l: 2 * s for l, s in t.items()})) == [1, 2, 3]
    assert look(teaches(lambda t: {3: t[3], 1: t[1]})) == [1, 3]  # a forgotten layer is allowed


def updates(change, **fields):
    """Mine with another update; fields of the class besides."""

    def update(self, ch, trace, teaching):
        made = super(Broken, self).update(ch, trace, teaching)
        changed = change(ch, trace, made)
        return made if changed is None else changed

    Broken = type("Broken", (Mine,), {"update": update, **fields})
    return Broken()


def own(name, layer=1, shape=(3, 5)):
    def change(ch, trace, update):
        update.own[name] = {layer: torch.ones(shape, dtype=torch.float64)}

    return change


def first(name, value):
    def change(ch, trace, update):
        getattr(update, name)[1] = value

    return change


def writes(where):
    def change(ch, trace, update):
        where(ch, trace).mul_(0.5)

    return change


UPDATE = {
    "turned": (first("W", torch.zeros(6, 5)), r"W of layer 1: came \[6, 5\], expected \[5, 6\]"),
    "a row": (first("W", torch.zeros(6)), r"W of layer 1: came \[6\], expected \[5, 6\]"),
    "product": (
        first("W", Product(torch.zeros(7, 6), torch.zeros(7, 5))),
        r"W of layer 1: came \[6, 5\], expected \[5, 6\]",
    ),
    "bias": (first("b", torch.zeros(1)), r"b of layer 1: came \[1\], expected \[5\]"),
    "NaN": (first("b", torch.full((5,), float("nan"))), "b of layer 1: came NaN or infinity"),
    "layer": (lambda ch, trace, u: u.W.update({0: u.W[1]}), "update.W names layer 0, expected"),
    "a dict": (lambda ch, trace, u: {"W": u.W}, "update gives a dict, expected Update"),
    "undeclared": (own("B"), r"update changes 'B', which is not in learned = \(\)"),
    "writes W": (writes(lambda ch, trace: ch.W_own[2]), "a step writes into W of layer 2"),
    "writes W_back": (writes(lambda ch, trace: ch.W_back[3]), "a step writes into W of layer 3"),
    "writes h": (writes(lambda ch, trace: trace.h[1]), "teach or update writes into h of layer 1"),
    "writes a": (writes(lambda ch, trace: trace.a[2]), "teach or update writes into a of layer 2"),
    "writes x": (writes(lambda ch, trace: trace.h[0]), "teach or update writes into h"),
    "writes t": (writes(lambda ch, trace: ch.target()), "a step writes into t"),
}


@pytest.mark.parametrize("case", UPDATE)
def test_a_wrong_update_is_one_line_with_rule_and_layer(case):
    change, message = UPDATE[case]
    with pytest.raises(ValueError, match=message) as caught:
        look(updates(change))
    assert str(caught.value).startswith("Broken: ") and "\n" not in str(caught.value)


DECLARED = {
    "shape": (own("B", shape=(3, 4)), ("B",), r"B of layer 1: came \[3, 4\], expected \[3, 5\]"),
    "layer": (own("B", layer=3), ("B",), "'B' of layer 3, expected one of 1, 2"),
    "unknown": (own("B"), ("B", "C"), "learned names 'C', which draw does not give: B, m"),
    "a text": (own("B"), "B", "learned is 'B', expected a tuple of names"),
    "in place": (
        lambda ch, trace, u: u.own.update({"B": {1: ch.own["B"][1].mul_(2)}}),
        ("B",),
        "writes into B of layer 1",
    ),
}


@pytest.mark.parametrize("case", DECLARED)
def test_learned_names_what_there_is_and_is_changed_through_updates_alone(case):
    change, learned, message = DECLARED[case]
    with pytest.raises(ValueError, match=message):
        look(updates(change, learned=learned))


def test_a_declared_own_parameter_may_be_updated():
    """Guards the test above."""
    assert look(updates(own("B"), learned=("B",))) == [1, 2, 3]


def test_a_state_across_batches_may_be_written_in_update_and_nowhere_else():
    def remember(ch, trace, update):
        ch.own["m"][1].add_(1)

    rule = updates(remember)
    network, ch, x = bench(rule, SIZES)
    assert check(rule, network, ch.own, x, ch.target()) == [1, 2, 3]
    assert not ch.own["m"][1].any()  # the look itself leaves no state

    class Forward(Mine):
        def teach(self, ch, trace):
            ch.own["m"][1].add_(1)
            return super().teach(ch, trace)

    with pytest.raises(ValueError, match="Forward: forward or teach writes into m of layer 1"):
        look(Forward())


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        (lambda ch: ch.own["b"], "no own parameter 'b', known are B, m"),
        (lambda ch: ch.rng("noize"), "no random stream 'noize', known are weights, feedback, ord"),
    ],
    ids=["own", "stream"],
)
def test_a_misspelt_name_is_answered_with_the_known_ones(asks, message):
    class Broken(Mine):
        def teach(self, ch, trace):
            asks(ch)

    with pytest.raises(KeyError, match=message):
        look(Broken())


def test_a_rule_that_draws_from_a_misspelt_stream_is_told_the_known_ones():
    class Broken(Mine):
        def draw(self, sizes, streams):
            return {"B": {1: streams["feedbak"]}}

    with pytest.raises(KeyError, match="no random stream 'feedbak', known are weights, feedback"):
        bench(Broken(), SIZES)


@pytest.mark.parametrize("field", ["name", "short", "source"])
def test_a_rule_without_one_of_its_texts_is_refused(field):
    class Nameless(Rule):
        def teach(self, ch, trace):
            return {ch.L: ch.error(trace)}

    texts = {"name": "n", "short": "s", "source": ""}
    del texts[field]
    for other, text in texts.items():
        setattr(Nameless, other, text)
    with pytest.raises(ValueError, match=f"Nameless has no {field}, expected a text"):
        look(Nameless())


def test_a_rule_whose_network_has_overflown_is_not_blamed():
    network, ch, x = bench(Mine(), SIZES, nonlinearity="relu", output="linear")
    network.layers[1].W.mul_(float("inf"))
    assert check(Mine(), network, ch.own, x, ch.target()) == [1, 2, 3]


# where it is looked at


class Column(Rule):
    """The mistake that used to train on: one number for every unit of a layer."""

    name = short = source = "column"

    def teach(self, ch, trace):
        e = ch.error(trace)
        return {ch.L: e} | dict.fromkeys(range(1, ch.L), e[..., :1])


def test_a_run_refuses_a_rule_before_its_first_step():
    setting = Setting(Column(), (784, 5, 10), examples=64, epochs=1)
    with pytest.raises(ValueError, match=r"Column: teach, layer 1: came \[64, 1\], expected"):
        run(setting, 0)


def test_training_to_a_criterion_refuses_a_rule_before_its_first_step():
    setting = criterion.ToCriterion(
        Column(), (4, 3, 4), output="logistic", dataset="encoder-4", batch=2, networks=3
    )
    with pytest.raises(ValueError, match=r"layer 1: came \[3, 2, 1\], expected \[3, 2, 3\]"):
        criterion.run(setting, 0)


def test_after_the_first_step_nothing_is_looked_at(monkeypatch):
    looks = []
    for module in ("run", "criterion"):
        monkeypatch.setattr(f"credit.training.{module}.check", lambda *a: looks.append(len(a[3])))
    run(Setting(Mine(), (784, 5, 10), examples=640, epochs=2, batch=32), 0)
    assert looks == [32]


# a rule that perturbs


@dataclass(frozen=True)
class NodePerturbation(Rule):
    """Noise xi on every drive; delta_l = xi_l (loss with it - loss without) / sigma."""

    sigma: float = 1e-3
    name = "node perturbation"
    short = "NP"
    source = ""

    def teach(self, ch, trace):
        h, noise = trace.h[0], {}
        for l in range(1, ch.L + 1):
            a = ch.drive(l, h)
            noise[l] = torch.randn(a.shape, generator=ch.rng("noise"), dtype=a.dtype)
            a = a + self.sigma * noise[l]
            h = ch.phi(l, a)
        perturbed = type(trace)(h={}, a={ch.L: a})
        felt = (ch.loss(perturbed) - ch.loss(trace)) / self.sigma
        return {l: felt.unsqueeze(-1) * xi for l, xi in noise.items()}

    def delta(self, ch, trace, teaching):
        return teaching


def test_node_perturbation_learns_a_small_task_through_the_loss_channel():
    setting = criterion.ToCriterion(
        NodePerturbation(), (4, 4, 4), output="logistic", dataset="encoder-4", batch=4,
        networks=6, epochs=4000, learning_rate=0.5, weights=Init("uniform_fan_in"),
        precision="float64",
    )  # fmt: skip
    rows = criterion.run(setting, 0)
    assert sum(row["value"] for row in rows if row["metric"] == "solved") == 6


def test_node_perturbation_without_the_loss_learns_nothing(monkeypatch):
    """Guards the test above: a deaf rule does not solve the task."""
    monkeypatch.setattr("credit.nets.channels.Channels.loss", lambda self, at: at.a[self.L][..., 0])
    setting = criterion.ToCriterion(
        NodePerturbation(), (4, 4, 4), output="logistic", dataset="encoder-4", batch=4,
        networks=6, epochs=400, learning_rate=0.5, precision="float64",
    )  # fmt: skip
    rows = criterion.run(setting, 0)
    assert not any(row["value"] for row in rows if row["metric"] == "solved")
