"""README.md says what the data say, and its links and commands exist."""

import re

import pytest

from credit import cli
from credit.evidence import answer
from credit.paths import ROOT

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


def test_the_rule_in_the_readme_works():
    """The example is executed as it stands, audited, and found to need no forward weights."""
    code = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL).group(1)
    names = {"__name__": "readme"}
    exec(
        "from dataclasses import dataclass\nfrom credit.nets.networks import Init\n"
        "from credit.rules.base import Rule, draw_feedback\n" + code,
        names,
    )
    from credit.audit import probes

    assert probes.weight_transport(names["MyRule"]()).verdict == "independent"
