"""Claims fail by name when data contradict them; the words of results against closed forms."""

import inspect
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from credit.evidence import glossary as words
from credit.evidence.claims import BROKEN, ClaimFailed, claim, say
from credit.evidence.prose import typed_numbers


def seeds(*values):
    """Runs on the seeds 0, 1, ..."""
    return pd.Series(values, index=pd.RangeIndex(len(values), name="seed"), dtype=float)


# saying


def test_a_true_claim_is_shown_with_its_numbers_as_prose_and_as_plain_text():
    said = say(
        claim("DFA is {gap:.1f} points **above** BP.", 0.28 < 0.3, gap=0.28), claim("So.", True)
    )
    assert said._repr_markdown_() == "DFA is 0.3 points **above** BP. So."
    assert repr(said) == "DFA is 0.3 points **above** BP.\nSo."


def test_a_list_of_claims_has_a_line_for_each():
    said = say(claim("One.", True), claim("Two.", True), bullets=True)
    assert said._repr_markdown_() == "- One.\n- Two."


def test_claims_of_one_topic_that_follow_each_other_stand_in_one_item_of_a_list():
    one, two, three = (claim(text, True) for text in ("One.", "Two.", "Three."))
    told = [one.under("What"), two.under("What"), three, one.under("Why?"), two.under("What")]
    assert say(*told, bullets=True)._repr_markdown_() == (
        "- **What.** One. Two.\n- Three.\n- **Why?** One.\n- **What.** Two."
    )
    assert say(*told)._repr_markdown_() == "One. Two. Three. One. Two."
    assert one.under("What") != one and str(one.under("What")) == str(one)
    false = claim("No.", False).under("What")
    with pytest.raises(ClaimFailed, match="No"):
        say(one.under("What"), false, bullets=True)
    crossed = say(one.under("What"), false, bullets=True, strict=False)
    assert crossed._repr_markdown_() == f"- **What.** One. ~~No.~~ *({BROKEN})*"


def test_items_of_a_folded_topic_stand_below_the_others_behind_a_line_that_names_them():
    one, two, three = (claim(text, True) for text in ("One.", "Two.", "Three."))
    told = [one.under("Rates"), two, three.under("Spikes"), two.under("Rates")]
    assert say(*told, bullets=True, folded=("Rates", "Spikes", "Other"))._repr_markdown_() == (
        "- Two.\n\n<details><summary>Rates, spikes</summary>\n\n"
        "- **Rates.** One.\n- **Spikes.** Three.\n- **Rates.** Two.\n\n</details>"
    )
    relatives = say(one.under("Rates"), two.under("ITP"), bullets=True, folded=("Rates", "ITP"))
    assert "<summary>Rates, ITP</summary>" in relatives._repr_markdown_()
    whole = say(one.under("Rates"), bullets=True, folded=("Rates",))._repr_markdown_()
    assert whole == "<details><summary>Rates</summary>\n\nOne.\n\n</details>"
    assert say(*told, bullets=True, folded=("Other",))._repr_markdown_().count("details") == 0
    assert "One." in repr(say(*told, bullets=True, folded=("Rates",)))
    with pytest.raises(ValueError, match="bullets=True"):
        say(*told, folded=("Rates",))


def test_what_is_false_is_never_folded():
    false = claim("No.", False).under("Rates")
    with pytest.raises(ClaimFailed, match="No"):
        say(claim("One.", True), false, bullets=True, folded=("Rates",))
    crossed = say(claim("One.", True), false, bullets=True, strict=False, folded=("Rates",))
    assert crossed._repr_markdown_() == f"- One.\n- **Rates.** ~~No.~~ *({BROKEN})*"


def test_every_false_claim_of_a_cell_is_named_with_its_numbers_in_one_line():
    with pytest.raises(ClaimFailed) as failed:
        say(
            claim("The gap is {gap:.1f} points.", False, gap=0.4567),
            claim("This holds.", True),
            claim("{who} wins.", False, who="DFA"),
        )
    assert str(failed.value) == (
        '2 of 3 claims false: "The gap is 0.5 points." (gap = 0.4567); "DFA wins." (who = DFA)'
    )
    assert [c.sentence for c in failed.value.claims] == [
        "The gap is {gap:.1f} points.",
        "{who} wins.",
    ]
    assert isinstance(failed.value, AssertionError)


def test_with_parameters_of_the_readers_own_a_false_claim_is_crossed_out():
    said = say(claim("A wins.", False), claim("B runs.", True), strict=False)
    assert said._repr_markdown_() == f"~~A wins.~~ *({BROKEN})* B runs."
    assert repr(said) == f'{BROKEN}: "A wins."\nB runs.'


@pytest.mark.parametrize("condition", [np.bool_(True), np.float64(1) < 2, True])
def test_a_condition_may_be_a_bool_of_numpy(condition):
    assert claim("Yes.", condition).holds is True


@pytest.mark.parametrize(
    ("sentence", "condition", "numbers", "message"),
    [
        ("Yes.", 1, {}, "the condition of 'Yes.' is int, expected one bool"),
        ("Yes.", None, {}, "is NoneType, expected one bool"),
        ("Yes.", np.array([True, True]), {}, "is ndarray, expected one bool"),
        ("Yes.", pd.Series([True]), {}, "is Series, expected one bool"),
        ("{a:.1f}", True, {}, r"has the fields \['a'\], but was given \[\]"),
        ("Yes.", True, {"a": 1}, r"has the fields \[\], but was given \['a'\]"),
        ("{a:.1f}", True, {"a": math.nan}, "a in '{a:.1f}' is nan, expected a finite number"),
        ("{a:.1f}", True, {"a": np.float32("inf")}, "expected a finite number"),
        ("{a}", True, {"a": None}, "is None, expected a finite number or a text"),
        ("{a}", True, {"a": 0.1}, "has no format: write {a:.1f}, say"),
        ("It ends at 5.9 %.", True, {}, "holds '5.9 %', typed by hand: make it a field"),
        ("{a:.1f} beside 3 points", True, {"a": 1}, "holds '3 points', typed by hand"),
    ],
)
def test_what_cannot_be_a_claim_is_refused_with_its_reason(sentence, condition, numbers, message):
    with pytest.raises(ValueError, match=message):
        claim(sentence, condition, **numbers)


@pytest.mark.parametrize("given", [(), ("a sentence",), (True,)])
def test_only_claims_are_said(given):
    with pytest.raises(ValueError, match="say expects claims"):
        say(*given)


# numbers typed into prose


TYPED = {
    "it ends at 5.9 %": "5.9 %",
    "a cost of 300 %": "300 %",
    "within 3 degrees": "3 degrees",
    "51° in layer one": "51°",
    "a few degrees": "few degrees",
    "two points above": "two points",
    "half a point": "half a point",
    "2.5 times slower": "2.5 times",
    "a 3-fold gain": "3-fold",
    "over five seeds (n = 5)": "n = 5",
    "1.7 ± 0.1": "± 0.1",
    "33 of 50 runs": "33 of 50",
    "four of five seeds": "four of five seeds",
    "an error of 0.031": "error of 0.031",
    "errors 6.3, 5.2": "errors 6.3",
    "NSE: 0.0002": "NSE: 0.0002",
    "published 2 % and `0.1`, ours 3 %": "2 %",
    "it falls from 6.28 to 5.23": "from 6.28 to 5.23",
    "between 2 and 3.5 of them": "between 2 and 3.5",
    "an accuracy of 98": "accuracy of 98",
    "accuracy 98 after an epoch": "accuracy 98",
    "the error falls to 5.": "error falls to 5",
    "an error\nof 12, nearly": "error of 12",
    "the gap reaches 3 where": "gap reaches 3",
    "in 4 out of 5 seeds": "4 out of 5",
    "four out of the five seeds": "four out of the five seeds",
    "1.5 percentage points": "1.5 percentage points",
    "a 2-percentage-point gain": "2-percentage-point",
    "two percentage points": "two percentage points",
    "slower by a factor of 2.5": "factor of 2.5",
    "a factor of about ten": "factor of about ten",
}


@pytest.mark.parametrize("text", TYPED)
def test_a_measured_number_typed_into_prose_is_found(text):
    assert typed_numbers(text)[0] == TYPED[text]


@pytest.mark.parametrize(
    "text",
    [
        "two layers of 240 units, 20,000 images, two epochs, at a rate of `0.001`",
        "with $\\beta = 1$ and $0.5\\,\\%$",
        "a learning rate of 0.0003 for seven of 240 units",
        "published: [1.45 %](https://arxiv.org/abs/1609.01596)",
        "below 90 degrees, 180° apart, 100 % of them",
        "marks have 95 % intervals",
        "dropout of `50 %` on hidden layers",
        "```\nerror 5.9 %\n```",
        "<!-- 3 % -->",
        "Neural Computation 15(2):441-454, 2003, https://doi.org/10.1162/0899, arXiv:1609.01596",
        "the error falls; version 2.13",
        "the mean loss of 100 examples, errors of 3 networks, the angle in layer 2",
        "the angle is 90, the gap 0; on their errors (1986), with accuracy, 2017",
        "weights between 0 and 1, from 2 to 8 layers",
        "an error at each of the outputs, a factor of the update",
    ],
)
def test_settings_sources_and_geometry_are_no_measured_numbers(text):
    assert typed_numbers(text) == []


# words


def test_the_interval_of_pairs_is_that_of_their_differences():
    a, b = seeds(1.0, 2.0, 3.0, 4.5), seeds(0.5, 1.8, 2.2, 4.1)
    gap = np.array([0.5, 0.2, 0.8, 0.4])
    low, high = stats.t.interval(0.95, 3, gap.mean(), stats.sem(gap))
    assert words.difference(a, b) == pytest.approx((gap.mean(), low, high))
    assert words.difference(a, b[::-1]) == pytest.approx((gap.mean(), low, high))  # by seed


def test_runs_on_other_seeds_are_compared_by_welch():
    a, b = [1.0, 2.0, 3.0, 4.5], [0.5, 1.8, 2.9]
    theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    mean = np.mean(a) - np.mean(b)
    expected = pytest.approx((mean, theirs.low, theirs.high))
    assert words.difference(a, b) == expected
    others = pd.Series(b, index=pd.Index([7, 8, 9], name="seed"))
    assert words.difference(seeds(*a), others) == expected


def test_runs_are_compared_with_one_number_by_their_own_interval():
    a = [1.0, 2.0, 3.0]
    low, high = stats.t.interval(0.95, 2, 2.0, stats.sem(a))
    assert words.difference(a, 1.5) == pytest.approx((0.5, low - 1.5, high - 1.5))


def test_pairs_show_what_noise_common_to_both_hides():
    """Guards the pairing: the same numbers, taken as unrelated runs, decide nothing."""
    a, b = seeds(1, 5, 9, 13), seeds(1.1, 5.2, 9.1, 13.2)
    assert words.less(a, b)
    assert not words.less(a.tolist(), b.tolist()) and words.undecided(a.tolist(), b.tolist())


LOW, HIGH = seeds(1.0, 1.1, 0.9, 1.0, 1.05), seeds(2.0, 2.2, 2.1, 1.9, 2.05)
WIDE = seeds(0.0, 4.2, 1.0, 3.0, 1.9)  # about the mean of HIGH, with much noise


def test_less_and_greater_need_the_whole_interval_on_one_side():
    assert words.less(LOW, HIGH) and words.greater(HIGH, LOW)
    assert not words.less(HIGH, LOW) and not words.greater(LOW, HIGH)
    assert not words.less(LOW, WIDE) and words.undecided(LOW, WIDE)
    assert not words.greater(WIDE, LOW)  # though the mean is
    assert not words.undecided(LOW, HIGH) and not words.undecided(HIGH, LOW)
    assert words.less(LOW, HIGH, by=0.8) and not words.less(LOW, HIGH, by=1.2)
    assert words.greater(HIGH, LOW, by=0.8) and not words.greater(HIGH, LOW, by=1.2)


def test_an_order_is_one_of_every_pair_of_neighbours():
    assert words.ordered(LOW, HIGH, HIGH + 1)
    assert not words.ordered(LOW, HIGH + 1, HIGH)
    assert not words.ordered(LOW, HIGH, WIDE)
    with pytest.raises(ValueError, match="two groups of runs or more, got 1"):
        words.ordered(LOW)


def test_noise_or_fewer_seeds_never_make_a_word_of_agreement_true():
    generator = np.random.default_rng(0)
    unit = generator.normal(size=6)
    unit = (unit - unit.mean()) / unit.std(ddof=1)
    agreed = [words.same(seeds(*(0.1 + s * unit)), 0.0, within=0.3) for s in (0.01, 0.1, 0.3, 1, 5)]
    assert agreed == sorted(agreed, reverse=True) and agreed[0] and not agreed[-1]
    pairs = [words.same([0.1, 0.2] * n, 0.15, within=0.05) for n in (2, 4, 8, 16)]
    assert pairs == sorted(pairs) and pairs[-1] and not pairs[0]


def test_near_is_a_tenth_of_what_it_is_near_to():
    exact = np.zeros(3)
    assert words.near(exact + 1.09, 1.0) and not words.near(exact + 1.11, 1.0)
    assert words.near(exact + 10.9, exact + 10) and not words.near(exact + 11.1, exact + 10)
    assert words.near(exact - 10.9, exact - 10) and not words.near(exact - 11.1, exact - 10)
    assert words.at_chance(exact + 88) and not words.at_chance(exact + 80)
    assert not words.near(WIDE, 2.0)  # its mean is, its interval is not


def test_angles_are_judged_by_their_interval_and_on_one_scale():
    assert words.below_90(seeds(80, 82, 84)) and not words.below_90(seeds(80, 89, 95))
    assert not words.below_90(seeds(91, 91.5, 92))
    assert words.well_below_90(seeds(50, 52, 54))
    assert not words.well_below_90(seeds(59, 65, 62)) and not words.well_below_90(seeds(50, 59, 66))
    assert math.cos(math.radians(words.WELL_BELOW)) == pytest.approx(0.5)


def test_a_rule_teaches_its_hidden_layers_if_it_beats_the_shallow_baseline():
    assert words.teaches(LOW, HIGH) and not words.teaches(HIGH, LOW)
    assert not words.teaches(WIDE, HIGH)


def test_33_and_39_of_50_do_not_differ_and_20_and_39_do():
    assert not words.differ_in_counts(33, 50, 39, 50)
    assert words.differ_in_counts(20, 50, 39, 50)
    assert words.more_often(39, 50, 20, 50) and not words.more_often(20, 50, 39, 50)
    assert words.more_often(8, 8, 20, 100)  # of all that there were, not in number
    # by hand: all tables of the same margins that are as unlikely as 0 of 4 against 4 of 4
    assert not words.differ_in_counts(0, 3, 3, 3)  # p = 2 / C(6, 3) = 0.1
    assert words.differ_in_counts(0, 4, 4, 4)  # p = 2 / C(8, 4) = 0.029


def test_most_is_what_the_exact_interval_of_a_share_says():
    """k = n: the lower end is 0.025^(1/n), above one half from n = 6 on."""
    assert [words.mostly(n, n) for n in (4, 5, 6, 7)] == [False, False, True, True]
    assert words.mostly(9, 10) and not words.mostly(8, 10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: words.less([1, 2], [1, 2, 3]), "2 runs say nothing about a mean, expected 3"),
        (
            lambda: words.same([1, 2, math.nan], 1, 0.1),
            "one that diverged needs a claim of its own",
        ),
        (lambda: words.mostly(4, 3), "a count is 4 of 3, expected k of n"),
        (lambda: words.differ_in_counts(1, 2, -1, 2), "a count is -1 of 2"),
    ],
)
def test_what_has_no_meaning_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_values_are_one_per_seed():
    frame = pd.DataFrame(
        {"metric": "test error", "method": ["a", "a", "b"], "seed": [1, 0, 0], "value": [2, 1, 3.0]}
    )
    assert [*words.values(frame, method="a").items()] == [(0, 1.0), (1, 2.0)]  # in their order
    with pytest.raises(LookupError, match="no rows with metric = 'test error', method = 'c'"):
        words.values(frame, method="c")
    with pytest.raises(LookupError, match="several rows for a seed"):
        words.values(frame)


def test_the_glossary_has_every_word_with_its_meaning_and_its_function():
    table = words.glossary()
    tests = set(table["test"].str.strip("`"))
    public = {name for name, f in inspect.getmembers(words, inspect.isfunction) if name[0] != "_"}
    public -= {"word", "glossary", "values", "difference"}
    assert tests == {name for name in public if getattr(words, name).__module__ == words.__name__}
    assert (table["true if"].str.len() > 20).all() and not table["words"].duplicated().any()
