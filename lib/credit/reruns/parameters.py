"""The parameters of a notebook: checked where they are used, and what follows from other ones."""

import ast
import sys

from credit import paths

Allowed = tuple[float, float] | list
DEFAULTS = {"profile": "quick", "seed": 0}  # every notebook has these, with these defaults


def check_parameters(
    profile: str = "quick", seed: int = 0, **others: tuple[object, object, Allowed]
):
    """Refuse wrong parameters, and keep the stored figures from being replaced by other ones.

    others   name=(value, default, allowed) for each further parameter, where allowed is a pair, the
             lowest and the highest number (whole ones if the default is whole), or a list of words

        check_parameters(profile=profile, seed=seed, beta=(beta, 0.5, (0, 1)))

    Names that papermill has put into a notebook which does not know them are refused as well.
    With any value but the defaults figures go to build/<profile>/figures or build/own/figures.
    """
    known = {**DEFAULTS, **others}
    if unknown := [name for name in _injected() if name not in known]:
        raise ValueError(
            f"unknown parameter {', '.join(map(repr, unknown))}, "
            f"this notebook has: {', '.join(known)}"
        )
    check_profile(profile)
    check_seed(seed)
    for name, (value, default, allowed) in others.items():
        _check(name, value, default, allowed)
    own = [value != default for value, default, _ in others.values()]
    if seed != DEFAULTS["seed"] or any(own):
        paths.FIGURES = paths.BUILD / "own/figures"
    elif profile != DEFAULTS["profile"]:
        paths.FIGURES = paths.BUILD / profile / "figures"
    else:
        paths.FIGURES = paths.ROOT / "figures"


def check_profile(profile: str) -> str:
    """The profile, if there is one of that name."""
    if profile == "quick":  # known, so that torch need not be imported
        return profile
    from credit import experiments

    return experiments.check_profile(profile)


def check_seed(seed: int):
    if type(seed) is not int or seed < 0:  # True is an int, too
        raise ValueError(f"seed is {seed!r}, expected a whole number of at least 0, as in seed = 7")


def _check(name: str, value: object, default: object, allowed: Allowed):
    if isinstance(allowed, list):
        if value not in allowed:
            words = ", ".join(map(str, allowed))
            raise ValueError(f"{name} is {value!r}, expected one of {words}")
        return
    low, high = allowed
    whole = type(default) is int
    if type(value) not in ({int} if whole else {int, float}) or not low <= value <= high:
        kind = "whole number" if whole else "number"
        raise ValueError(
            f"{name} is {value!r}, expected a {kind} from {low} to {high}; by default {default}"
        )


def _injected() -> list[str]:
    """Names that papermill's cell of parameters sets in this kernel; empty anywhere else."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    cells = shell.user_ns.get("In", []) if shell else []
    names = []
    for cell in cells:
        if cell.startswith("# Parameters\n"):  # so begins the cell that papermill adds
            names += [
                target.id
                for statement in ast.parse(cell).body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
            ]
    return list(dict.fromkeys(names))
