"""Plausible learning rules on one shared, small library: `credit.rules`, `credit.training`, ...

Rooms are imported when first asked for.
"""

import importlib
import pkgutil

_ROOMS = sorted(room.name for room in pkgutil.iter_modules(__path__))


def __getattr__(name: str):
    if name not in _ROOMS:
        raise AttributeError(f"credit has no {name!r}, its rooms are {', '.join(_ROOMS)}")
    return importlib.import_module(f"credit.{name}")


def __dir__() -> list[str]:
    return _ROOMS
