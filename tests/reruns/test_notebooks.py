"""The guard finds each planted defect, and cleaning keeps what a reader sees."""

import copy

import nbformat
import pytest
from damage import refusals
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from credit.evidence.claims import BROKEN
from credit.reruns import dependencies, execution
from credit.reruns.notebooks import (
    SECTIONS,
    clean,
    lost_pictures,
    problems,
    read,
    sections_of,
    unbound_results,
)


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def tagged(source, tag, outputs=(), count=1):
    cell = new_code_cell(source, execution_count=count, outputs=list(outputs))
    cell.metadata.tags = [tag]
    return cell


def good_notebook(sections=SECTIONS["default"]):
    """Title, parameters (cell 2), one markdown cell per section, a check (the last cell)."""
    return new_notebook(
        cells=[
            new_markdown_cell("# A rule\n\nIts claim."),
            tagged('profile = "quick"\nseed: int = 0  # of every stream', "parameters", count=1),
            *[new_markdown_cell(f"## {section}\n\nSome prose.") for section in sections],
            tagged(
                'print("learns: True")', "nbval-check-output", [stream("learns: True\n")], count=2
            ),
        ]
    )


@pytest.mark.parametrize("name", ["00_the_question.ipynb", "01_backprop.ipynb"])
def test_a_good_notebook_has_no_problems(name):
    assert problems(good_notebook(sections_of(name)), sections_of(name)) == []


def test_notebook_00_has_its_own_sections():
    assert sections_of("00_the_question.ipynb") != sections_of("01_backprop.ipynb")
    assert "section 'The rule at work' is missing" in problems(good_notebook(SECTIONS["00"]))


def test_headings_of_a_notebooks_own_may_stand_between_the_required_ones():
    nb = good_notebook()
    nb.cells[3].source += "\n\n## Spiking version\n\n### In detail"
    assert problems(nb) == []


def add_output(nb, output):
    nb.cells[-1].outputs.append(output)


def add_source(nb, number, text):
    nb.cells[number - 1].source += text


def display(data):
    return new_output("display_data", data=data)


DEFECTS = {  # what the guard says -> how the defect is planted
    "was not run": lambda nb: nb.cells[1].update(execution_count=None),
    "cells were not run from top": lambda nb: nb.cells[1].update(execution_count=7),
    "ended in an error": lambda nb: add_output(nb, new_output("error", ename="E", evalue="no")),
    "wrote to stderr": lambda nb: add_output(nb, stream("Warning: odd", name="stderr")),
    "no code cell is tagged nbval-check-output": lambda nb: nb.cells[-1].metadata.clear(),
    "shows no text": lambda nb: nb.cells[-1].update(outputs=[]),
    "but shows no text": lambda nb: nb.cells[-1].update(outputs=[stream(" \n")]),
    "no text to compare": lambda nb: nb.cells[-1].update(outputs=[display({"image/png": "AA=="})]),
    "0 code cells are tagged parameters": lambda nb: nb.cells[1].metadata.clear(),
    "2 code cells are tagged parameters": lambda nb: nb.cells[-1].metadata.tags.append(
        "parameters"
    ),
    "a cell of injected parameters": lambda nb: nb.cells[-1].metadata.tags.append(
        "injected-parameters"
    ),
    "not plain Python": lambda nb: add_source(nb, 2, "\n%matplotlib inline"),
    "'import os'": lambda nb: add_source(nb, 2, "\nimport os"),
    "'n = {[]: 1}'": lambda nb: add_source(nb, 2, "\nn = {[]: 1}"),
    "'n = int(3)'": lambda nb: add_source(nb, 2, "\nn = int(3)"),
    "'a, b = (1, 2)'": lambda nb: add_source(nb, 2, "\na, b = 1, 2"),
    "'n: int'": lambda nb: add_source(nb, 2, "\nn: int"),
    "must say profile = 'quick'": lambda nb: add_source(nb, 2, '\nprofile = "paper"'),
    "must say seed = 0": lambda nb: nb.cells[1].update(source='profile = "quick"'),
    "must say seed": lambda nb: nb.cells[1].update(source='profile = "quick"\nseed = False'),
    "level-1 title": lambda nb: nb.cells[0].update(source="A rule"),
    "does not begin with a level-1 title": lambda nb: nb.cells.pop(0),
    "section 'The idea' is missing": lambda nb: nb.cells.pop(2),
    "section 'At paper scale' is missing": lambda nb: nb.cells[4].update(
        source="### At paper scale"
    ),
    "section 'References' is": lambda nb: nb.cells[6].update(source="```\n## References\n```"),
    "sections stand as": lambda nb: nb.cells.insert(2, nb.cells.pop(3)),
    "each once in the order": lambda nb: add_source(nb, 3, "\n\n## The idea"),
    "cell 8 holds an absolute path": lambda nb: add_source(nb, 8, '  # "/home/ann/x.csv"'),
    "an absolute path: '/tmp/": lambda nb: add_output(nb, stream("saved to /tmp/x.csv")),
    "an absolute path: '/root/": lambda nb: add_output(nb, display({"text/html": "/root/x"})),
    "an absolute path: 'C:": lambda nb: add_source(nb, 1, " In C:\\data."),
    "an absolute path: '/work/": lambda nb: nb.cells[0].metadata.update(source="/work/x"),
    "metadata holds an absolute path": lambda nb: nb.metadata.update(path="/home/ann"),
    "metadata carries metadata of papermill": lambda nb: nb.metadata.update(papermill={}),
    "carries metadata of widgets": lambda nb: nb.metadata.update(widgets={}),
    "cell 2 carries metadata of papermill": lambda nb: nb.cells[1].metadata.update(papermill={}),
    "carries metadata of execution": lambda nb: nb.cells[1].metadata.update(execution={}),
    "shows a widget": lambda nb: add_output(
        nb, display({"application/vnd.jupyter.widget-view+json": {}})
    ),
    "16 code cells that are not folded, at most 15": lambda nb: nb.cells.extend(
        new_code_cell("1", execution_count=count) for count in range(3, 17)
    ),
    "has 26 lines, at most 25": lambda nb: add_source(nb, 8, 25 * "\n0"),
}


def test_as_many_cells_and_lines_as_are_allowed_are_no_problem():
    nb = good_notebook()
    add_source(nb, 8, 24 * "\n0")
    nb.cells.extend(new_code_cell("1", execution_count=count) for count in range(3, 16))
    assert problems(nb) == []


@pytest.mark.parametrize("said", DEFECTS)
def test_a_planted_defect_is_the_one_reported(said):
    nb = good_notebook()
    DEFECTS[said](nb)
    found = problems(nb)
    assert len(found) == 1 and said in found[0]


def test_an_empty_notebook_is_reported_and_not_a_crash():
    assert "no code cell is tagged nbval-check-output" in problems(new_notebook())


@pytest.mark.parametrize(
    "text",
    ["data/tmp/x.csv", "../work/x.csv", "at home/work/school", "see example.org/home/", "1/2/3"],
)
def test_a_path_that_is_not_absolute_is_no_problem(text):
    nb = good_notebook()
    add_output(nb, stream(text))
    assert problems(nb) == []


def test_a_picture_whose_base64_spells_a_path_is_no_problem():
    nb = good_notebook()
    add_output(nb, display({"image/png": "AA/tmp/+/home/", "text/plain": "<Figure>"}))
    assert problems(nb) == []


def dirty_notebook():
    nb = good_notebook()
    nb.metadata.update(
        papermill={"duration": 1.5, "input_path": "/tmp/x.ipynb"},
        widgets={"state": {}},
        language_info={"name": "python", "version": "3.11.7"},
        kernelspec={"name": "mine", "display_name": "Mine"},
    )
    for cell in nb.cells:
        cell.metadata.update(papermill={"status": "completed"}, execution={"iopub": "12:00"})
    return nb


def test_cleaning_removes_every_trace_of_machine_and_time():
    cleaned = clean(dirty_notebook())
    nbformat.validate(cleaned)
    assert problems(dirty_notebook()) != []
    assert problems(cleaned) == []
    assert "version" not in cleaned.metadata.language_info
    assert cleaned.metadata.kernelspec.name == "python3"
    assert set(cleaned.metadata) == {"kernelspec", "language_info"}
    assert {key for cell in cleaned.cells for key in cell.metadata} == {"tags"}
    assert [cell.id for cell in cleaned.cells[:2]] == ["cell-01", "cell-02"]


def test_cleaning_keeps_sources_tags_outputs_and_counts():
    before, after = dirty_notebook(), clean(dirty_notebook())
    for key in ("cell_type", "source", "outputs", "execution_count"):
        assert [c.get(key) for c in after.cells] == [c.get(key) for c in before.cells]
    assert [c.metadata.get("tags") for c in after.cells] == [
        c.metadata.get("tags") for c in before.cells
    ]


def test_cleaning_twice_is_cleaning_once_and_leaves_its_input_alone():
    nb = dirty_notebook()
    untouched = copy.deepcopy(nb)
    assert clean(clean(nb)) == clean(nb)
    assert nb == untouched


# pictures and progress


def test_a_cell_that_shows_fewer_pictures_than_before_is_named():
    old, new = good_notebook(), good_notebook()
    for kind in ("image/png", "image/svg+xml"):
        add_output(old, display({kind: "AA=="}))
    assert lost_pictures(old, old) == lost_pictures(new, old) == []
    assert lost_pictures(old, new) == ["cell 8 shows 0 pictures, the stored version 2"]
    add_output(new, display({"image/png": "BB=="}))
    assert lost_pictures(old, new) == ["cell 8 shows 1 pictures, the stored version 2"]


def test_what_a_progress_bar_leaves_is_taken_off_and_other_html_stays():
    nb = good_notebook()
    add_output(nb, display({"text/html": ""}))
    add_output(nb, display({"text/html": "<b>0</b>"}))
    assert [o.get("data") for o in clean(nb).cells[-1].outputs] == [None, {"text/html": "<b>0</b>"}]


# damaged files


def refused(file, reader, many=300):
    said = refusals(file, many, lambda: reader(file))
    assert [text for text in said if not text.startswith(f"{file} is damaged (")] == []
    assert [text for text in said if "\n" in text] == []
    return len(said)


READERS = {
    "as nbformat does": lambda file: problems(clean(read(file))),
    "for its code": lambda file: dependencies.modules(
        cell["source"] for cell in dependencies.cells_of(file)
    ),
    "for its parameters": execution.defaults_of,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_notebook_is_read_or_refused_with_its_name(reader, tmp_path):
    file = tmp_path / "01_rule.ipynb"
    nbformat.write(good_notebook(), file)
    READERS[reader](file)
    assert 100 < refused(file, READERS[reader]) < 300


def test_parameters_that_are_not_python_are_refused_with_the_name_of_the_notebook(tmp_path):
    file, nb = tmp_path / "01_rule.ipynb", good_notebook()
    nb.cells[1].source = "seed = = 0"
    nbformat.write(nb, file)
    with pytest.raises(ValueError, match=r"01_rule.ipynb is damaged \(SyntaxError.*name = value"):
        execution.defaults_of(file)


# what notebooks say about results

SAID = """say(claim("It falls by {x:.1f}.", x > 0, x=x))"""


def speaking_notebook(source=SAID, output="It falls by 0.3."):
    nb = good_notebook()
    cell = tagged(source, "hide-input", [stream(output)], count=3)
    cell.metadata.tags.append("nbval-check-output")
    nb.cells.append(cell)
    return nb


def test_a_notebook_whose_results_are_claims_has_no_problems():
    assert problems(speaking_notebook()) == [] and unbound_results(speaking_notebook()) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SAID.replace("x > 0", "True"), "a claim's condition is no data"),
        (SAID.replace(", x > 0, x=x", ""), "a claim's condition is no data"),
        (SAID.replace('"It', 'f"It'), "a claim's sentence is no literal"),
        (SAID.replace('"It falls by {x:.1f}."', "text"), "a claim's sentence is no literal"),
    ],
)
def test_a_claim_without_data_is_reported(source, said):
    found = problems(speaking_notebook(source))
    assert len(found) == 1 and said in found[0]


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [
        ("hide-input", "hide-input"),
        ("nbval-check-output", "nbval-check-output or nbval-ignore-output"),
    ],
)
def test_a_cell_that_says_claims_is_folded_and_says_how_it_is_compared(tag, wanted):
    nb = speaking_notebook()
    nb.cells[-1].metadata.tags.remove(tag)
    assert problems(nb) == [f"cell 9 says claims, but is not tagged {wanted}"]


def test_a_claim_that_did_not_hold_is_not_stored():
    nb = speaking_notebook(output=f"{BROKEN}: It falls by -0.3.")
    assert problems(nb) == [f"cell 9 shows a claim that {BROKEN}"]


def test_results_that_are_not_bound_are_listed():
    assert unbound_results(good_notebook()) == ["no cell says a claim"]
    nb = speaking_notebook()
    nb.cells[3].source += " It ends at 5.9 %."
    assert unbound_results(nb) == ["cell 4 states '5.9 %', typed by hand"]


def test_folded_cells_do_not_count_and_are_folded_in_jupyterlab():
    nb = speaking_notebook()
    for count in range(4, 30):
        cell = tagged("1\n" * 30, "hide-input", count=count)
        nb.cells.append(cell)
    assert problems(nb) == []
    assert clean(nb).cells[-1].metadata.jupyter.source_hidden is True
    assert "jupyter" not in clean(nb).cells[1].metadata
