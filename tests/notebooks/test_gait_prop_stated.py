"""What notebook 12 says about results is bound to data: falsified data make its sentences fail."""

import nbformat
import pytest
from test_stated_results import is_needed, noisy

from credit import paths
from credit.evidence import results

(NOTEBOOK,) = paths.NOTEBOOKS.glob("12_*.ipynb")
GAIT, BP = "gait_prop", "backprop"


def variants_swapped(one, other):
    """The same runs of GAIT-prop under each other's labels; "" is the displacement form."""

    def change(rows):
        network, _, variant = (rows["setting"].str.partition(", ")[i] for i in range(3))
        ours = rows["method"] == GAIT
        if not {one, other} <= set(variant[ours]):
            return rows  # an experiment without one of them
        variant = variant.where(~ours, variant.replace({one: other, other: one}))
        return rows.assign(setting=network + (", " + variant).where(variant != "", ""))

    return change


def plain_swapped(one, other):
    """The errors of two rules under each other's names, where they have no variant."""

    def change(rows):
        plain = ~rows["setting"].str.contains(",") & rows["metric"].str.endswith("error")
        if not {one, other} <= set(rows.loc[plain, "method"]):
            return rows  # an experiment without one of them
        names = rows["method"].replace({one: other, other: one})
        return rows.assign(method=rows["method"].where(~plain, names))

    return change


def upside_down(rows):
    """Layers and depths in the opposite order."""
    top = rows.groupby(["setting", "metric"])["layer"].transform("max")
    depths = sorted(rows["depth"].unique())
    mirrored = rows["depth"].map(dict(zip(depths, reversed(depths), strict=True)))
    angle, error = rows["metric"].str.endswith("angle"), rows["metric"] == "test error"
    return rows.assign(
        layer=rows["layer"].where(~angle, top + 1 - rows["layer"]),
        depth=rows["depth"].where(~error, mirrored),
    )


FALSIFIED = {
    "BP and GAIT": plain_swapped(BP, GAIT),
    "GAIT and shallow": plain_swapped(GAIT, "shallow"),
    "published and displacement form": variants_swapped("literal", ""),
    "ITP and GAIT": variants_swapped("ITP", ""),
    "penalties": variants_swapped("norms bound", "BP with penalty"),
    "gamma": variants_swapped("gamma 0.01", "gamma 0.001"),
    "noisy": noisy,
    "upside down": upside_down,
}


def say_all(folder) -> tuple[set[str], set[str]]:
    """The sentences of notebook 12 that hold, and those that fail, on the results in a folder."""
    claims, names = [], {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "RESULTS", folder)
        for cell in filter(is_needed, nbformat.read(NOTEBOOK, as_version=4).cells):
            names["say"] = lambda *given, **kind: claims.extend(given)
            exec(cell.source, names)
    return ({c.sentence for c in claims if c.holds}, {c.sentence for c in claims if not c.holds})


@pytest.fixture(scope="module")
def falsified(tmp_path_factory):
    """{falsification: sentences that fail under it}."""
    failed = {}
    for name, change in FALSIFIED.items():
        folder = tmp_path_factory.mktemp("results")
        for file in paths.RESULTS.glob("12-*.csv"):
            rows = results.load(file.stem)
            change(rows).to_csv(folder / file.name, index=False)
        failed[name] = say_all(folder)[1]
    return failed


def test_all_claims_of_notebook_12_hold_on_the_committed_results():
    said, failed = say_all(paths.RESULTS)
    assert failed == set() and len(said) > 15


@pytest.mark.slow  # the claims of a notebook on eight falsified sets of results
@pytest.mark.parametrize("name", FALSIFIED)
def test_falsified_results_make_sentences_of_notebook_12_fail(falsified, name):
    assert falsified[name]


@pytest.mark.slow  # the same
def test_every_claim_of_notebook_12_about_runs_fails_under_some_falsification(falsified):
    unmoved = say_all(paths.RESULTS)[0] - set().union(*falsified.values())
    assert unmoved == set()
