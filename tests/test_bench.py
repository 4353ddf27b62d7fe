"""The benchmark compares equals, treats them alike and keeps what it found."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import assert_same, largest_difference

from credit import bench, paths, rules
from credit.evidence import results
from credit.nets.networks import Dense, Network, make_network
from credit.nets.streams import streams

SIZES = (6, 5, 4, 3)
FEEDBACK = {"fa": "feedback_alignment", "dfa": "direct_feedback_alignment"}


def trained_twice(rule_name, sizes=SIZES, mode="", steps=3):
    """({l: W_l}, {l: b_l}) of our network and of PyTorch's after the same steps, in float64."""
    rule, start = rules.rule(rule_name), make_network(sizes, seed=0)
    model = bench.torch_model(start, mode).double()
    layers = {l: Dense(layer.W.double(), layer.b.double()) for l, layer in start.layers.items()}
    network, own = Network(layers), rule.draw(sizes, streams(0))
    own = {name: {l: B.double() for l, B in tensors.items()} for name, tensors in own.items()}
    for l, B in own.get("B", {}).items() if mode else ():
        # FA: B_l stands beside W_l; DFA: layer l + 1 sends e through B_l to its input
        model[2 * (l if mode == "dfa" else l - 1)].weight_backward.data.copy_(B)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(7, sizes[0], generator=generator, dtype=torch.float64)
    label = torch.randint(sizes[-1], (7,), generator=generator)
    ours, theirs = bench.our_step(rule, network, own, x, label), bench.torch_step(model, x, label)
    for _ in range(steps):
        ours()
        theirs()
    return (
        ({l: layer.W for l, layer in layers.items()}, {l: layer.b for l, layer in layers.items()}),
        (
            {l: model[2 * l - 2].weight.detach() for l in layers},
            {l: model[2 * l - 2].bias.detach() for l in layers},
        ),
    )


@pytest.mark.parametrize("sizes", [(5, 4, 3), SIZES, (3, 8, 8, 8, 2)], ids=str)
def test_our_backprop_and_autograd_take_the_same_steps(sizes):
    ours, theirs = trained_twice("backprop", sizes)
    for got, want in zip(ours, theirs, strict=True):
        assert_same(got, want)


def test_feedback_alignment_and_autograd_do_not():
    """Guards the tests around it: they would also pass if no step changed anything."""
    (ours, _), (theirs, _) = trained_twice("feedback_alignment")
    assert largest_difference(ours, theirs) > 1e-4


@pytest.mark.parametrize("mode", ["fa", "dfa"])
def test_our_rule_and_biotorch_take_the_same_steps(mode):
    pytest.importorskip("biotorch", reason="optional, only the benchmark uses it")
    if mode not in bench.biotorch_modes():
        pytest.skip(f"biotorch {mode} does not run with torch {torch.__version__}")
    ours, theirs = trained_twice(FEEDBACK[mode], mode=mode)
    for got, want in zip(ours, theirs, strict=True):
        assert_same(got, want)


@pytest.mark.parametrize("sizes", [(5, 4, 3), SIZES], ids=str)
def test_backprop_has_three_products_a_layer_and_none_back_to_the_input(sizes):
    assert len(bench.products(make_network(sizes), batch=7)()) == 3 * (len(sizes) - 1) - 1


def test_every_candidate_has_its_turn_in_every_round():
    calls = []
    times = bench.interleave({n: lambda n=n: calls.append(n) for n in "abc"}, rounds=4)
    turns = "".join(calls).replace("a" * (bench.REPEATS + 1), "A")
    assert turns == ("A" + "b" * (bench.REPEATS + 1) + "c" * (bench.REPEATS + 1)) * 4
    assert {name: len(ms) for name, ms in times.items()} == dict.fromkeys("abc", 4)


def test_one_thread_while_it_measures_and_as_many_as_before_afterwards():
    before, seen = torch.get_num_threads(), []

    def fails():
        seen.append(torch.get_num_threads())
        raise RuntimeError("broken candidate")

    torch.set_num_threads(before + 1)
    try:
        bench.interleave({"a": lambda: seen.append(torch.get_num_threads())}, rounds=1)
        assert torch.get_num_threads() == before + 1
        with pytest.raises(RuntimeError, match="broken candidate"):
            bench.interleave({"a": fails}, rounds=1)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


def test_a_ratio_is_that_of_the_same_round(monkeypatch):
    """A machine that slows down for a while slows both, and the ratio stays."""
    torch_ms, ours_ms = torch.tensor([1.0, 2.0, 9.0]).numpy(), torch.tensor([0.5, 1, 4.5]).numpy()
    monkeypatch.setattr(bench, "interleave", lambda *_: {"torch": torch_ms, "ours": ours_ms})
    first, second = bench.compare("5-4-3", {}, rounds=3)
    assert first == ("5-4-3", "torch", 1, 1, 1, 0, 2, 3)
    assert second == ("5-4-3", "ours", 0.5, 0.5, 0.5, 0, 1, 3)


@pytest.mark.parametrize(
    ("later", "said"),
    [(1.04, "2 of 2 ratios within 5 %, earlier rounds against later ones"),
     (1.1, "1 of 2 ratios within 5 %, earlier rounds against later ones; not 5-4-3, ours"),
     (0.9, "1 of 2 ratios within 5 %, earlier rounds against later ones; not 5-4-3, ours")],
)  # fmt: skip
def test_the_table_says_which_ratios_have_not_repeated(monkeypatch, later, said):
    times = {"torch": np.full(4, 2.0), "ours": np.array([1.0, 1.0, later, later])}
    monkeypatch.setattr(bench, "interleave", lambda *_: times)
    table = pd.DataFrame(bench.compare("5-4-3", {}, rounds=4), columns=bench.COLUMNS)
    assert table["apart"].tolist() == [0, pytest.approx(abs(later - 1))]
    assert bench.repeated(table) == said


def test_one_round_has_nothing_to_repeat(monkeypatch):
    monkeypatch.setattr(bench, "interleave", lambda *_: {"torch": np.ones(1)})
    table = pd.DataFrame(bench.compare("5-4-3", {}, rounds=1), columns=bench.COLUMNS)
    assert bench.repeated(table).startswith("0 of 1 ratios")


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The benchmark with small networks, without training and without biotorch."""
    for known in ("NETWORKS", "SETTLE"):
        monkeypatch.setattr(bench, known, {"5-4-3": (5, 4, 3)})
    monkeypatch.setattr(bench, "TRAIN", "print(500_000)  # {sizes} {batch}")
    monkeypatch.setitem(bench.sys.modules, "biotorch", None)
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    return tmp_path / "bench.csv"


def test_the_table_is_kept_with_what_it_takes_to_make_it_again(small):
    bench.main(rounds=2)
    table, head = pd.read_csv(small, comment="#"), small.read_text()
    assert list(table) == bench.COLUMNS
    settling = {f"5-4-3 settling, batch {n}" for n in (20, 64, bench.BATCH)}
    assert set(table.network) == {"5-4-3", "20-30-10", *settling} and set(table.rounds) == {2}
    assert {"autograd", "backprop", "direct feedback alignment"} < set(table.what)
    assert (table.ratio[table.what == "autograd"] == 1).all()
    assert ((table.low > 0) & (table.low <= table.ratio) & (table.ratio <= table.high)).all()
    for part in (
        "# command: python -m credit.bench",
        "# torch: ",
        "# machine: ",
        "# peak memory",
        "# repeated: ",
    ):
        assert part in head


def test_the_memory_is_that_of_a_training():
    """Of Python, torch, MNIST as float32 (60,000 x 784) and little more."""
    assert 4 * 60_000 * 784 / 1e6 < bench.peak_memory((784, 20, 10)) < 4000


def test_the_speed_of_settling_is_taken_apart_as_it_says():
    """Made up: 10 ms with a drive of 2; without products 4; the bare products take 5."""
    name, alone = "9-8-7 settling, batch 20", f"products of {bench.STEPS} steps alone"
    steps = f"{bench.STEPS} steps"
    times = {steps: 10, f"{steps}, without their products": 4, f"{steps}, leaky": 12,
             f"{steps}, leaky, without their products": 9, alone: 5,
             "the drive from the input": 2}  # fmt: skip
    rows = [("784-500-10", "autograd", 99)] + [(name, what, ms) for what, ms in times.items()]
    table = bench.settling_table(pd.DataFrame(rows, columns=["network", "what", "milliseconds"]))
    assert list(table["network"]) == ["9-8-7"] * 2 and list(table["batch"]) == [20, 20]
    whole, half = (row for _, row in table.set_index("kind").iterrows())
    assert (whole["steps/s"], whole["bound"]) == (pytest.approx(2500), pytest.approx(5 / 8))
    assert whole["products"] == pytest.approx((10 - 4 + 2) / 10)
    assert (half["steps/s"], half["bound"]) == (pytest.approx(2000), pytest.approx(0.5))
    assert half["products"] == pytest.approx((12 - 9 + 2) / 12)


def test_the_speed_of_settling_is_in_the_table(small):
    bench.main(rounds=1)
    table = bench.settling_table(pd.read_csv(small, comment="#"))
    assert list(table["batch"]) == [n for n in (20, 64, bench.BATCH) for _ in range(2)]
    # differences of two times, which may come out negative in one round on a busy machine
    assert table.notna().all(axis=None)


def test_a_table_that_cannot_be_written_leaves_the_last_one(small, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    small.write_text("the last one")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="nothing half-written"):
        bench.main(rounds=1)
    assert small.read_text() == "the last one" and list(small.parent.iterdir()) == [small]


def test_the_table_is_no_experiment(small):
    small.write_text("network\n")
    (small.parent / "01-toy.csv").write_text("method\n")
    assert results.available() == ["01-toy"]


def test_a_missing_biotorch_is_said_in_one_line(small, capsys):
    assert bench.biotorch_modes() == []
    assert capsys.readouterr().out.count("\n") == 1


def test_a_biotorch_that_fails_is_left_out_with_one_line_a_mode(monkeypatch, capsys):
    def fails(network, mode):
        raise AttributeError(f"no such hook for {mode}\nand a second line")

    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(bench, "torch_model", fails)
    assert bench.biotorch_modes() == []
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == [
        "biotorch fa left out",
        "biotorch dfa left out",
    ]
