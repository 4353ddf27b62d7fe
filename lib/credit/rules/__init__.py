"""The catalogue of learning rules, found by looking into this folder."""

import importlib
import inspect
import pkgutil

from credit.rule import Rule


def catalogue() -> dict[str, type[Rule]]:
    """{module name: rule class} of every rule file here; each file holds one public rule."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        for _, thing in inspect.getmembers(importlib.import_module(f"{__name__}.{module.name}")):
            if inspect.isclass(thing) and issubclass(thing, Rule) and thing.__module__.endswith(
                f".{module.name}"
            ):  # fmt: skip
                found[module.name] = thing
    return found


def rule(name: str, **fields) -> Rule:
    """The rule of that name, e.g. rule("feedback_alignment", feedback=Init("uniform", 0.4))."""
    known = catalogue()
    if name not in known:
        raise ValueError(f"unknown rule {name!r}, expected one of {', '.join(known)}")
    return known[name](**fields)
