"""README.md says what the data say, and its links and commands exist."""

import os
import re
import subprocess
import sys

import pytest

from credit import cli, paths
from credit.evidence import answer
from credit.paths import ROOT
from credit.show import reading

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_answer_table_is_current():
    shown = answer.in_readme(README)
    assert shown == answer.markdown(), "run: .venv/bin/credit table"


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_link_leads_somewhere(link):
    assert (ROOT / link).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"bin/credit (\w+)", README))))
def test_every_command_exists(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0


def test_every_make_target_exists():
    targets = set(re.findall(r"`?make (\w+)", README))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


RULE, TRIAL = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow  # two runs of one epoch
def test_the_rule_in_the_readme_runs_as_pasted_and_beats_the_shallow_baseline(tmp_path):
    """The two blocks letter by letter, in a folder outside the library."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/my_rule.py").write_text(RULE, encoding="utf-8")
    (tmp_path / "trial.py").write_text(TRIAL, encoding="utf-8")
    environment = os.environ | {"CREDIT_RULES": str(tmp_path / "rules"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, tmp_path / "trial.py"], env=environment, capture_output=True, text=True
    )
    assert done.stderr == ""
    audited, ours, shallow = done.stdout.splitlines()
    assert "rule='MINE'" in audited and "verdict='independent'" in audited
    errors = [float(re.search(r"\[([\d.]+)\]", line).group(1)) for line in (ours, shallow)]
    assert errors[0] < errors[1] - 3


def test_the_rule_in_the_readme_joins_the_tables_of_notebook_00(tmp_path, monkeypatch):
    (tmp_path / "rule_of_the_readme.py").write_text(RULE, encoding="utf-8")
    monkeypatch.setattr(paths, "RULES", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])
    shown = reading.own_rules().data
    assert "| MINE |" in shown and "| saturating feedback | not yet measured |" in shown
    assert "MINE" not in answer.markdown()


def test_every_notebook_is_listed():
    missing = [
        f.name for f in paths.NOTEBOOKS.glob("*.ipynb") if f"(notebooks/{f.name})" not in README
    ]
    assert missing == []
