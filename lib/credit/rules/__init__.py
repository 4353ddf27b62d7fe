"""The learning rules, one file each, and their catalogue, found by looking into this folder.

May import: nets. A file with a rule that has a name is in the catalogue; base and phases hold what
rules inherit.
"""

import importlib
import inspect
import pkgutil

from credit.rules.base import Rule


def catalogue() -> dict[str, type[Rule]]:
    """{module name: rule class} of every rule file here; each file holds one public rule."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        for _, thing in inspect.getmembers(importlib.import_module(f"{__name__}.{module.name}")):
            own = inspect.isclass(thing) and thing.__module__ == f"{__name__}.{module.name}"
            if own and issubclass(thing, Rule) and hasattr(thing, "name"):
                found[module.name] = thing
    return found


def rule(name: str, **fields) -> Rule:
    """The rule of that name, e.g. rule("feedback_alignment", feedback=Init("uniform", 0.4))."""
    known = catalogue()
    if name not in known:
        raise ValueError(f"unknown rule {name!r}, expected one of {', '.join(known)}")
    return known[name](**fields)
