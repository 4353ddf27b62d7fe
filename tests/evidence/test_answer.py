"""The answer table is made from data, and says where there is none."""

import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from credit.evidence import answer, methods, results, verdicts
from credit.evidence.agreement import badness
from credit.evidence.answer import UNMEASURED
from credit.evidence.glossary import less
from credit.evidence.methods import (
    BASELINES,
    METHODS,
    Method,
    Spiking,
    Trained,
    own_rules,
    project_rules,
)
from credit.experiments import EXPERIMENTS, jobs
from credit.rules import catalogue
from credit.rules.backprop import Backprop
from credit.rules.sign_symmetry import SignSymmetry
from credit.show import reading
from credit.show.reading import audit_table, table


def test_every_method_of_the_question_has_a_row():
    assert {m.notebook for m in METHODS} == {f"{n:02}" for n in range(1, 19)}


def test_every_rule_with_an_experiment_is_in_the_answer_or_a_baseline():
    """The project's own rules, that is: those of a reader have no experiment."""
    used = {
        type(job.setting.rule).__module__.removeprefix("credit.rules.")
        for experiment in EXPERIMENTS
        for job in jobs(experiment, "quick")
    }
    known = {*BASELINES, *(m.rule for m in METHODS if m.rule and not m.probed)}
    assert {name for name in used if "." not in name} <= known
    assert known <= set(catalogue())


def test_a_rule_of_a_reader_has_its_row_and_leaves_the_readme_alone(monkeypatch):
    class Own(Backprop):
        name, short, source = "of my own", "OWN", ""

    before, known = answer.markdown(), catalogue() | {"own": Own}
    for module in (answer, methods):
        monkeypatch.setattr(module, "catalogue", lambda: known)
    assert own_rules()["own"] is Own
    assert set(own_rules()) | set(project_rules()) == set(known)
    assert "own" not in project_rules()
    row = answer.own_table().set_index("method").loc["of my own"]
    assert row["nb"] == ""
    assert row["forward weights"] == "depends" and row["MNIST"] == UNMEASURED
    assert answer.markdown() == before
    shown = reading.own_rules().data
    assert "| OWN |" in shown and "of my own" in shown


def test_without_a_rule_of_a_reader_its_tables_say_where_one_goes(monkeypatch):
    monkeypatch.setattr(reading, "rules_of_a_reader", dict)
    assert reading.own_rules().data == "None so far: README tells how to add a rule."


def test_a_method_without_a_rule_is_not_yet_measured_in_every_cell():
    rows = answer.table().set_index("method")
    assert set(rows.loc["conceptors"].drop("nb")) == {UNMEASURED}


def test_without_results_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(results, "available", list)
    rows = answer.table()
    assert set(rows["MNIST"]) | set(rows[answer.SPIKES]) | set(rows[answer.DEEP]) == {UNMEASURED}
    for cell in rows["published values"]:
        nothing = "none for its runs"
        assert cell in (UNMEASURED, nothing) or re.fullmatch(r"reproduced 0; \d+ not judged", cell)


@pytest.fixture
def made_up(monkeypatch):
    """Results in which FA ends at 2.0 ± 0.1 and backprop at 1.0."""
    frame = pd.DataFrame(
        [
            {"experiment": "01-mnist", "method": method, "setting": "1x1000 logistic", "seed": seed,
             "epoch": 3, "layer": 0, "depth": 1, "width": 1000, "metric": "test error", "unit": "%",
             "value": value + 0.1 * (seed - 1)}
            for method, value in (("feedback_alignment", 2.0), ("backprop", 1.0), ("shallow", 9.0))
            for seed in range(3)
        ]
    )  # fmt: skip
    # put back afterwards, though tests set them again
    monkeypatch.setattr(results, "available", lambda: ["01-mnist"])
    monkeypatch.setattr(results, "load", lambda experiment: frame)
    return frame


FA = Method("01", "FA", "feedback_alignment", mnist=Trained("01-mnist", "1x1000 logistic"))


def cell(method=FA):
    return answer.measured(method.mnist, method.rule).cell


def test_the_error_stands_beside_its_ratio_to_backprop(made_up):
    mean, half_width = verdicts.interval([1.9, 2.0, 2.1])
    assert cell() == f"{mean:.2f} ± {half_width:.2f} % ({mean:.2f} × BP), 1x1000 logistic, n = 3"
    found = answer.measured(FA.mnist, FA.rule)
    assert found.times == pytest.approx((mean, half_width))
    assert found.floor.mean() == pytest.approx(9.0) and found.layers == 1
    row = answer.table().set_index("method").loc["feedback alignment"]
    assert row["MNIST"] == cell() and row["CPU time, BP = 1"] == UNMEASURED


def test_the_ratio_is_that_to_the_mean_of_backprop_with_an_interval_over_own_seeds(made_up):
    half = made_up["method"].eq("backprop")
    frame = made_up.assign(value=made_up["value"].where(~half, made_up["value"] / 2))
    results.load = lambda experiment: frame
    times, half_width = answer.measured(FA.mnist, FA.rule).times
    assert (times, half_width) == pytest.approx((4.0, 2 * verdicts.interval([1.9, 2.0, 2.1])[1]))


def test_five_seeds_need_no_mention_and_a_variant_does(made_up):
    more = [made_up, made_up[made_up["seed"] < 2].assign(seed=lambda f: f["seed"] + 3)]
    results.load = lambda experiment: pd.concat(more)
    assert cell().endswith(" × BP), 1x1000 logistic")
    other = pd.concat(more).replace({"setting": {"1x1000 logistic": "1x1000 logistic, apart"}})
    both = pd.concat([*more, other[other["method"] == "feedback_alignment"]])
    results.load = lambda experiment: both
    assert cell(replace(FA, mnist=replace(FA.mnist, variant="apart"))).endswith(
        " × BP), 1x1000 logistic, apart"
    )


def test_a_deep_network_says_its_layers_and_how_long_it_was_trained(made_up):
    results.available = lambda: ["02-depth"]
    frame = made_up.assign(setting="8x240 tanh", depth=8)
    results.load = lambda experiment: frame
    found = answer.measured(methods.EIGHT, "feedback_alignment")
    assert found.deep_cell == "8 layers, 3 epochs: " + found.cell


SPIKES = Spiking("01-mnist", "spikes", "fixed", "rates")


def in_spikes(made_up, where=SPIKES):
    """The cell of a method whose rule has 2.0 % beside backprop's 1.0 %, under other names."""
    names = {"feedback_alignment": "spikes", "backprop": "rates", "shallow": "fixed"}
    frame = made_up.assign(
        setting=made_up["method"].map(names),
        method=made_up["method"].where(made_up["method"] == "backprop", "ensembles"),
    )
    results.load = lambda experiment: frame
    return answer.measured(where)


def test_what_was_trained_in_spikes_stands_beside_its_control_and_backprop_in_rates(made_up):
    found = in_spikes(made_up)
    assert found.cell == "2.00 ± 0.25 % (2.00 × BP), n = 3"
    assert found.floor.mean() == pytest.approx(9.0)
    lost = made_up["seed"].eq(1) & made_up["method"].eq("feedback_alignment")
    some = made_up.assign(metric=made_up["metric"].mask(lost, "diverged"))
    assert in_spikes(some).cell == "1.90, 2.10 % (1.90 to 2.10 × BP), 1 of 3 diverged, n = 2"
    none = made_up.assign(metric="diverged")
    assert in_spikes(none).cell == "3 of 3 diverged"
    other = replace(SPIKES, task="XOR", backprop="")
    assert in_spikes(made_up, other).cell == "XOR 2.00 ± 0.25 %, n = 3"
    share = made_up.assign(metric="test nMSE", value=made_up["value"] / 100)
    images = replace(SPIKES, task="reconstruction", metric="test nMSE")
    left = "reconstruction 2.00 ± 0.25 % of the variance left (2.00 × BP), n = 3"
    assert in_spikes(share, images).cell == left
    results.available = list
    assert in_spikes(made_up) is None


def test_what_is_shown_of_spikes_has_five_seeds_and_its_controls():
    shown = [method.spiking for method in METHODS if method.spiking]
    assert shown
    for where in shown:
        ends, *more = (
            results.final(results.load(e), where.metric) for e in (where.experiment, *where.beside)
        )
        others = pd.concat([ends, *more])
        runs, beside = (e.groupby("setting")["seed"].nunique() for e in (ends, others))
        assert runs[where.label] == beside[where.floor] == 5
        if where.task == "MNIST" or where.backprop:
            rates = others[(others["method"] == "backprop") & (others["setting"] == where.backprop)]
            assert rates["seed"].nunique() == 5


@pytest.mark.parametrize("method", [m for m in METHODS if m.mnist or m.deep], ids=lambda m: m.name)
def test_what_is_shown_of_rates_has_five_seeds_and_both_baselines(method):
    for where in filter(None, (method.mnist, method.deep)):
        found = answer.measured(where, method.rule)
        assert [len(runs) for runs in (found.own, found.backprop)] == [5, 5]
        assert len(found.floor) >= 3
    if method.deep:
        assert answer.measured(method.deep, method.rule).layers >= 3


def test_fair_baselines_take_the_place_of_those_in_the_same_network(made_up):
    fair = made_up[made_up["method"] != "feedback_alignment"]
    fair = fair.assign(setting="1x1000 logistic, linear output", value=fair["value"] / 2)
    method = replace(FA, mnist=replace(FA.mnist, fair="linear output"))
    frame = pd.concat([made_up, fair])
    results.load = lambda experiment: frame
    assert "(4.00 × BP)" in cell(method) and "(2.00 × BP)" in cell()
    assert answer.measured(method.mnist, FA.rule).floor.mean() == pytest.approx(4.5)
    frame = pd.concat([made_up, fair[fair["method"] == "backprop"]])
    assert answer.measured(method.mnist, FA.rule).floor.mean() == pytest.approx(9.0)


def test_a_fair_shallow_baseline_may_be_in_another_experiment(made_up):
    fixed = made_up[made_up["method"] == "shallow"].assign(value=4.0)
    fixed = fixed.assign(setting="1x1000 logistic, linear output")
    results.load = lambda experiment: fixed if experiment == "90-fixed" else made_up
    where = replace(FA.mnist, fair="linear output", shallow="90-fixed")
    assert answer.measured(where, FA.rule).floor.mean() == 4.0


def test_a_diverged_run_is_counted_in_its_cell_and_not_averaged(made_up):
    fa = made_up["method"] == "feedback_alignment"
    lost = made_up[fa & (made_up["seed"] == 0)].assign(seed=3)
    lost = [lost.assign(value=90.2, epoch=2), lost.assign(metric="diverged", unit="1")]
    results.load = lambda experiment: pd.concat([made_up, *lost])
    assert cell() == "2.00 ± 0.25 % (2.00 × BP), 1x1000 logistic, 1 of 4 diverged, n = 3"
    every = made_up.assign(metric=made_up["metric"].where(~fa, "diverged"))
    results.load = lambda experiment: every
    assert cell() == "1x1000 logistic, 3 of 3 diverged"


@pytest.mark.parametrize("how", ["a row says so", "it left no value"])
def test_a_diverged_run_of_backprop_is_in_no_ratio(made_up, how):
    more = made_up[(made_up["method"] == "backprop") & (made_up["seed"] == 0)].assign(seed=3)
    lost = more.assign(metric="diverged") if how == "a row says so" else more.assign(value=math.nan)
    results.load = lambda experiment: pd.concat([made_up, lost])
    assert "(2.00 × BP)" in cell()


def test_runs_that_scatter_beyond_what_can_be_are_told_one_by_one(made_up):
    ends = {0: 5.0, 1: 13.0, 2: 79.0}
    fa = made_up["method"] == "feedback_alignment"
    spread = made_up.assign(value=made_up["value"].where(~fa, made_up["seed"].map(ends)))
    results.load = lambda experiment: spread
    assert cell().startswith("5.00, 13.00, 79.00 % (")


# the sentences, on made-up ratios


def line(method, question, times, half_width=0.01, **more):
    who = {"method": method, "rule": "", "notebook": "01", "question": question, "times": times}
    numbers = {"half_width": half_width, "floor": 5.0, "error": 2 * times, "layers": 1}
    return who | numbers | {"epochs": 3, "read": "seen", "lost": math.nan} | more


def said(*lines):
    names = ("spikes", "depth", "benchmarks")
    return dict(zip(names, answer.sentences(pd.DataFrame(lines)), strict=True))


REST = [line("b", answer.SPIKES, 2.0), line("a", answer.DEEP, 1.0), line("a", answer.MNIST, 1.0)]


def test_near_needs_the_whole_interval_and_beyond_does_too():
    deep = [
        line(name, answer.DEEP, 1.14, width, layers=layers)
        for name, width, layers in (("sure", 0.04, 4), ("unsure", 0.2, 3))
    ]
    deep += [line("far", answer.DEEP, 1.3, 0.05, layers=8, epochs=12)]
    sentence = said(REST[0], REST[2], *deep)["depth"]
    assert "With 3 to 8 hidden layers, trained for 3 to 12 epochs, sure stay within" in sentence
    assert "; too close to tell: unsure (1.14 ± 0.20); beyond" in sentence
    spikes = "In spikes, with four hidden layers and errors as signed events, 3 were run, beside"
    assert sentence.count(f"beyond it lie far (1.3). {spikes}") == 1


def test_in_spikes_counts_only_what_ends_below_its_control():
    more = line("taught by nothing", answer.SPIKES, 4.9, 0.2)
    sentence = said(*REST, more)["spikes"]
    assert (
        "1 networks of spiking neurons in the table learn MNIST, with one hidden layer. Their"
        in sentence
    )
    assert "backprop's in rates, are 2.0 (b); not shown to learn: taught by nothing" in sentence


def test_networks_with_budgets_of_their_own_stand_apart():
    lines = [
        line(f"m{times:g}", answer.SPIKES, times, error=9.0 + times, notebook=notebook)
        for notebook, times in (("01", 1.2), ("01", 1.5), ("02", 1.6), ("13", 1.7), ("03", 3.0))
    ]
    sentence = said(*lines, *REST[1:])["spikes"]
    assert (
        "5 networks" in sentence and "are 1.2 to 1.5 (m1.2 and m1.5) and 1.6 (m1.6); " in sentence
    )
    assert "those with a budget and a backprop of their own: m1.7 (1.7) and m3 (3.0)" in sentence
    lines[-1]["method"] = "SuperSpike"
    assert (
        "m1.7 (1.7) and SuperSpike with random feedback (3.0)" in said(*lines, *REST[1:])["spikes"]
    )


def test_four_layers_in_spikes_stand_beside_fixed_synapses():
    sentence = said(*REST)["depth"]
    for name, network in methods.DEEPEST:
        found = answer.measured(network)
        floor = found.floor.mean()
        fixed = f"{name} {found.cell} (fixed synapses: at most {floor:.0f} %)"
        assert fixed in sentence and floor > 30


def test_what_did_better_with_more_is_told_beside_what_all_methods_share():
    sentence = said(*REST)["spikes"]
    for begins, (name, network), what in (
        ("A larger network with", methods.LARGEST, "500 hidden"),
        ("Longer phases of", methods.LONGER, "120 ms"),
    ):
        (usual,) = (answer.measured(m.spiking) for m in METHODS if m.name == name)
        found = answer.measured(network)
        assert less(found.own, usual.own)
        number = r"(\d\.\d\d)"
        ((times, half, how),) = re.findall(
            rf"\. {begins} {name}: {number} ± {number} \((.+?)\)", sentence
        )
        assert f"({times} × BP), {how}" in found.cell and how.startswith(what)
        assert float(half) == pytest.approx(found.times[1], abs=0.005)
        assert found.cell.endswith(how)
        assert ("n = 3" in how) == (len(found.own) == 3)


def test_what_is_lost_on_imagenet_says_how_it_was_read():
    more = [line("a", answer.IMAGENET, 1.5, lost=60.0), line("b", answer.IMAGENET, 1.1, lost=3.2,
            read="memory")]  # fmt: skip
    sentence = said(*REST, *more)["benchmarks"]
    assert sentence.endswith("in percent: b 3 (recalled) and a 60.")
    assert "On MNIST 1 of 1 methods come within 1.2 times" in sentence


def test_every_cell_with_backprop_beside_it_has_its_ratio():
    rows = answer.ratios()
    wanted = {(m.name, answer.MNIST) for m in METHODS if m.mnist}
    wanted |= {(m.name, answer.DEEP) for m in METHODS if m.deep}
    wanted |= {(m.name, answer.SPIKES) for m in METHODS if m.spiking and m.spiking.task == "MNIST"}
    wanted |= {(m.name, answer.IMAGENET) for m in METHODS if m.rule and answer.record(m.rule)}
    assert set(zip(rows["method"], rows["question"], strict=True)) == wanted
    assert (rows["times"].dropna() > 0).all()
    lost = rows.set_index(["method", "question"])["lost"].dropna()
    assert len(lost) == (rows["question"] == answer.IMAGENET).sum()
    # 98.34 % beside 71.43 % of backprop, where chance is 99.9 %
    assert lost["difference target propagation", answer.IMAGENET] == pytest.approx(94.5, abs=0.1)


def of_rule(rule):
    return next(method for method in METHODS if method.rule == rule)


def test_beside_an_error_on_imagenet_stands_backprop_on_the_same_network():
    assert answer.record("weight_mirror").cell == "23.4 % (BP 22.9; ResNet-50, recalled)"
    labelled = answer.record("sign_symmetry")  # the rule's own label is no network
    assert labelled.cell.endswith(" % (BP 30.39; ResNet-18)")
    assert answer.record("gait_prop") is None


@pytest.fixture
def three_values(monkeypatch):
    """One published value recalled, one read in its paper, one without a run; on made-up runs."""
    rows = verdicts.published("01-mnist", "feedback_alignment")[:1]
    made = [("a", "1x1000 logistic", 2.1, "memory"), ("b", "1x9 tanh", 2.0, "seen")]
    made += [("c", "1x9 ReLU", 2.0, "seen")]
    rows = pd.concat([rows.assign(id=i, setting=s, value=v, read=read) for i, s, v, read in made])
    backprop = rows.assign(method="backprop", value=1.0, id=rows["id"] + "-bp")
    everything = pd.concat([rows, backprop], ignore_index=True)

    def published(experiment=None, method=None, setting=None):
        return everything[(everything["method"] == method) | (method is None)].reset_index(
            drop=True
        )

    monkeypatch.setattr(verdicts, "published", published)


def test_the_agreement_counts_computed_verdicts_and_what_was_not_judged(
    made_up, three_values, monkeypatch
):
    frame = made_up[made_up["seed"] == 0].drop(columns=["seed", "value"])
    ends = {"feedback_alignment": 2.1, "backprop": 1.0, "shallow": 9.0}
    runs = pd.concat(
        [frame.assign(seed=seed, value=frame["method"].map(ends)) for seed in range(3)]
    )
    net = runs.assign(setting="1x9 tanh", value=runs["value"] - 0.1)
    monkeypatch.setattr(results, "load", lambda experiment: pd.concat([runs, net]))
    assert answer._agreement(METHODS[0]) == ("reproduced 1, agrees 1; 1 not judged")
    monkeypatch.setattr(results, "load", lambda experiment: runs)
    assert answer._agreement(METHODS[0]) == ("reproduced 0, agrees 1; 2 not judged")
    worse = runs.assign(value=2 * runs["value"])
    monkeypatch.setattr(results, "load", lambda experiment: worse)
    assert answer._agreement(METHODS[0]) == ("reproduced 0, differs 1; 2 not judged")


def test_a_method_with_values_and_no_experiment_for_them_says_so():
    assert answer._agreement(of_rule("sign_symmetry")) == "none for its runs"


def test_a_method_outside_the_catalogue_counts_the_verdicts_of_its_notebook():
    found = {m.notebook: answer._agreement(m) for m in METHODS if not m.rule}
    for notebook, experiment in (("04", "04-longer"), ("13", "13-fixed")):
        judged = verdicts.verdict_table(results.load(experiment), experiment)
        words = [w for w in verdicts.judgements(judged, "verdict") if badness(w) >= 0]
        assert len(words) == sum(map(int, re.findall(r"[a-z] (\d)", found[notebook]))) > 0
    assert found["15"] == found["18"] == UNMEASURED


def test_the_published_epochs_of_one_run_count_once():
    """Kolen-Pollack: seven values of one set of runs, four of them answered here."""
    counted = re.findall(r"[a-z] (\d)", answer._agreement(of_rule("kolen_pollack")))
    assert sum(map(int, counted)) == 1
    assert len(verdicts.published("01-akrout", "kolen_pollack")) == 7


def test_the_table_in_the_readme_can_be_replaced_and_found_again():
    readme = f"before\n{answer.BEGIN}old{answer.END}after\n"
    new = answer.with_table(readme)
    assert answer.in_readme(new) == answer.markdown()
    assert new.startswith("before\n") and new.endswith("after\n")


def test_every_number_of_the_table_says_from_which_file_it_comes():
    shown, found = answer.table().set_index("method"), answer.origins().set_index("method")
    for question in (answer.SPIKES, answer.DEEP, answer.MNIST):
        for method, cell in shown[question].items():
            origin = found[question].get(method, UNMEASURED)
            assert (origin == UNMEASURED) == (cell == UNMEASURED)
            if origin != UNMEASURED:
                file, label = re.match(r"\[(.+)\]\(.*\) `(.+?)`", origin).groups()
                assert label in set(results.load(file)["setting"])
    ids = {name.strip("`") for name in found[answer.IMAGENET]} - {UNMEASURED}
    assert ids and ids <= set(verdicts.published()["id"])
    assert "`200 none" not in str(found) and "[02-rates](" in found.loc["GAIT-prop", answer.SPIKES]
    told = [name for name in found.index if name.endswith(", in the sentences")]
    assert len(told) == len(methods.DEEPEST) + 2


def test_what_was_not_measured_comes_from_no_file(monkeypatch):
    monkeypatch.setattr(results, "available", list)
    found = answer.origins()
    assert set(found[[answer.SPIKES, answer.DEEP, answer.MNIST]].stack()) == {UNMEASURED}


def test_a_readme_without_the_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match=r"README\.md has lost the lines"):
        answer.with_table("no table here")


def test_the_audit_table_has_numbers_and_words():
    rows = audit_table([Backprop(), SignSymmetry()], seeds=3)
    assert list(rows["weight transport"]) == ["depends", "signs only"]
    assert list(rows["TG1, different updates"]) == ["10", "10"]
    assert float(rows["WT2, same signs: s"][0]) > 0.5
    assert rows["WT2, same signs: s"][1] == "< 1e-09"
    assert list(rows["numbers it sends"]) == ["9", "9"]
    assert list(rows["seeds that say so"]) == ["3 of 3", "3 of 3"]


def test_a_markdown_table_has_a_line_per_row():
    shown = table(pd.DataFrame({"a": [1.234, 2.0], "b": ["x", "y"]})).data
    assert shown.splitlines() == ["| a | b |", "| --- | --- |", "| 1.23 | x |", "| 2.00 | y |"]


def test_a_note_stands_below_its_table():
    frame = pd.DataFrame({"a": [1.0]})
    assert table(frame, "why").data == table(frame).data + "\n\nwhy"


def test_two_names_of_one_network_in_spikes_are_counted_once():
    twin = line("direct b", answer.SPIKES, 2.0, error=4.0, layers=2)
    sentence = said(*REST, twin)["spikes"]
    assert (
        "1 networks of spiking neurons in the table learn MNIST, with 1 to 2 hidden layers"
        in sentence
    )
    assert "are 2.0 (b and direct b)" in sentence


def test_what_the_row_of_recirculation_says_of_active_neurons_is_so():
    (row,) = [m.spiking for m in METHODS if m.spiking and m.spiking.task == "reconstruction"]
    assert row.variant == "fixed hidden neurons that are as active do better"
    own, active = (
        results.final(results.load(f"08-recirculation{which}"), row.metric)
        for which in ("", "-active")
    )
    assert less(active["value"], own.loc[own["setting"] == row.label, "value"])
