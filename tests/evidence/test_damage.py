"""Damaged results and published values: read, or refused with the name of the file."""

import pytest
from damage import refusals

from credit import paths
from credit.evidence import published, results

HEAD = "# command: x\n# profile: paper\n# runs: 6 of 6\n" + ",".join(results.KEPT) + "\n"
ROW = "90-stub,{},1x9 tanh,mnist,1,9,{},{},0,test error,{},%\n"
TABLE = HEAD + "".join(
    ROW.format(method, seed, float(epoch), 3.25 / epoch)
    for method in ("backprop", "shallow")
    for seed in (0, 1, 2)
    for epoch in (1, 2)
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    path = results.path("90-stub")
    path.write_text(TABLE)
    return path


def test_damaged_results_are_refused_with_their_name_or_can_be_used(file):
    assert len(results.final(results.load("90-stub"))) == 6
    said = refusals(file, 300, lambda: results.final(results.load("90-stub"))["epoch"].astype(int))
    assert 150 < len(said) < 300  # a changed letter in a name is no damage that can be seen
    for text in said:
        assert text.startswith(f"{file} ") and text.endswith(": collect it again")
        assert "\n" not in text


@pytest.mark.parametrize(
    ("kept", "said"),
    [(8, "it holds 4 of its 6 runs"), (11.5, "has gaps|NA values|its last line is cut")],
    ids=["whole rows are missing", "half a row is missing"],
)
def test_a_file_that_was_cut_is_refused(file, kept, said):
    lines = TABLE.splitlines(keepends=True)
    whole = 4 + int(kept)
    file.write_text("".join(lines[:whole]) + (lines[whole][:20] if kept % 1 else ""))
    with pytest.raises(ValueError, match=said):
        results.load("90-stub")


def test_a_row_without_a_method_is_refused_and_one_without_a_value_is_read(file):
    file.write_text(TABLE.replace("90-stub,shallow,", "90-stub,,", 1))
    with pytest.raises(ValueError, match="column method has gaps"):
        results.load("90-stub")
    file.write_text(TABLE.replace(",3.25,", ",,", 1))
    assert results.load("90-stub")["value"].isna().sum() == 1


def test_damaged_published_values_are_refused_with_their_name(tmp_path, monkeypatch):
    content = b"".join(published.PUBLISHED.read_bytes().splitlines(keepends=True)[:8])
    file = tmp_path / "published.csv"
    monkeypatch.setattr(published, "PUBLISHED", file)
    file.write_bytes(content)
    assert len(published.published()) == 7
    said = refusals(file, 300, published.published)
    assert 100 < len(said) < 300
    assert [text for text in said if str(file) not in text] == []


def test_published_values_that_are_no_text_are_refused_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "PUBLISHED", tmp_path / "published.csv")
    published.PUBLISHED.write_bytes(b"id,\xff\n")
    with pytest.raises(ValueError, match=r"published.csv is damaged \(Unicode.*git checkout"):
        published.published()
