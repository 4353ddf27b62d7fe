"""The rooms of the library: every import points down the map that the rooms' docstrings draw."""

import ast
import re
from graphlib import TopologicalSorter

import pytest

from credit import paths

LIBRARY = paths.ROOT / "lib/credit"
ROOMS = sorted(folder.name for folder in LIBRARY.iterdir() if (folder / "__init__.py").exists())
ENTRANCES = {"cli", "bench"}  # they may import everything, and nothing imports them


def allowed(room: str) -> set[str]:
    """What the docstring of a room says that it may import."""
    docstring = ast.get_docstring(ast.parse((LIBRARY / room / "__init__.py").read_text()))
    (line,) = re.findall(r"May import: ([\w, ]+)\.", " ".join(docstring.split()))
    return set(line.split(", ")) - {"nothing"}


def imports(file) -> set[str]:
    """The rooms and modules of credit that a file imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        assert not getattr(node, "level", 0), f"{file.name}: import from credit, not from a dot"
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "credit":
            inner = node.module.split(".")[1:2] or [alias.name for alias in node.names]
            found.update(inner)
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found.update(name[1] for name in names if name[0] == "credit" and len(name) > 1)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_its_docstring_allows(room):
    assert allowed(room) <= {*ROOMS, "paths"}
    for file in (LIBRARY / room).rglob("*.py"):
        assert imports(file) <= {room} | allowed(room), file.name


def test_the_map_has_no_circle():
    floors = TopologicalSorter({room: allowed(room) for room in ROOMS})
    assert {*floors.static_order()} >= {*ROOMS}


def test_outside_the_rooms_are_only_the_entrances_and_paths():
    modules = {file.stem for file in LIBRARY.glob("*.py")}
    assert modules == {"__init__", "paths"} | ENTRANCES
    assert imports(LIBRARY / "paths.py") == set()


def test_the_page_with_the_map_names_every_room_and_fits_a_screen():
    page = (paths.ROOT / "lib/README.md").read_text(encoding="utf-8")
    drawn = page.split("    cli, bench")[1].split("|")[0]
    assert all(re.search(rf"^\s+.*\b{room}\b", drawn, flags=re.MULTILINE) for room in ROOMS)
    assert len(page.splitlines()) <= 45


def test_an_import_that_points_up_would_be_seen(tmp_path):
    """Guards the tests above."""
    file = tmp_path / "upside_down.py"
    file.write_text("def late():\n    from credit.show import figures\n")
    assert imports(file) == {"show"} and "show" not in allowed("nets")
