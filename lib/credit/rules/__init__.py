"""The learning rules, one file each, and their catalogue, found by looking into this folder.

May import: nets, paths. base and phases hold what rules inherit.
"""

import importlib
import inspect
import os
import pkgutil
import sys
import warnings
from pathlib import Path

from credit import paths
from credit.rules.base import Rule
from credit.rules.contract import check_names

HELPERS = ("base", "contract", "phases")  # no rules, but what rules need


def catalogue() -> dict[str, type[Rule]]:
    """{module name: rule class} of every rule file; each file holds one public rule.

    A file that cannot be used is left out with a warning, the others are there.
    """
    found, wrong = _look()
    for line in wrong.values():
        warnings.warn(f"left out of the catalogue: {line}", stacklevel=2)
    return found


def rule(name: str, **fields) -> Rule:
    """The rule of that name, e.g. rule("feedback_alignment", feedback=Init("uniform", 0.4))."""
    known, wrong = _look()
    if name in wrong:
        raise ValueError(wrong[name])
    if name not in known:
        raise ValueError(f"unknown rule {name!r}, expected one of {', '.join(known)}")
    return known[name](**fields)


def _look() -> tuple[dict[str, type[Rule]], dict[str, str]]:
    """({module name: rule class}, {module name: what is wrong with the file, in one line})."""
    here = Path(__file__).parent
    files = [here / f"{m.name}.py" for m in pkgutil.iter_modules([here]) if m.name not in HELPERS]
    modules = {file: f"{__name__}.{file.stem}" for file in files}
    modules |= {file: file.stem for file in _elsewhere()}
    found, wrong = {}, {}
    for file, module in modules.items():
        try:
            if file.stem in found:
                raise ValueError(f"there is a rule {file.stem!r} already, rename this one")
            found[file.stem] = _only_rule(file, module)
        except Exception as error:  # whatever a file of somebody's own may raise when imported
            name = file.stem if file.stem not in found else str(file)
            wrong[name] = " ".join(f"{file}: {type(error).__name__}: {error}".split())
    return found, wrong


def _elsewhere() -> list[Path]:
    """The files that CREDIT_RULES names, or whose folders, with the separator of PATH between them;
    they are made importable by their names."""
    files = []
    for place in map(Path, filter(None, paths.RULES.split(os.pathsep))):
        place = place.expanduser().resolve()
        files += sorted(place.glob("[!_]*.py")) if place.is_dir() else [place]
    for file in files:
        if str(file.parent) not in sys.path:  # at the end: it shall not hide anybody's module
            sys.path.append(str(file.parent))
    return files


def _only_rule(file: Path, module: str) -> type[Rule]:
    """The one rule of a file."""
    if not file.is_file():
        raise FileNotFoundError("no such file")
    loaded = importlib.import_module(module)
    if Path(loaded.__file__ or "").resolve() != file.resolve():
        raise ImportError(f"another module is called {module}, {loaded.__file__}: rename this one")
    classes = [c for _, c in inspect.getmembers(loaded, inspect.isclass)]
    own = [c for c in classes if issubclass(c, Rule) and c.__module__ == module]
    if len(own) != 1:
        raise ValueError(f"{len(own)} rules in it, expected one frozen dataclass of Rule")
    check_names(own[0])
    return own[0]
