"""Classes written in a notebook's cells: where Python finds no source of them, this does."""

import ast
import inspect
import linecache
import os
import sys
import textwrap
from types import FunctionType

PLAIN = (bool, int, float, complex, str, bytes, type(None), tuple)


def source_of(thing) -> str:
    """The source of a function or a class, of a class in a notebook's cell as well.

    Raises OSError where there is none, as for what was typed into `python -i`.
    """
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):  # a kernel's __main__ has no file in which Python would look
        if not inspect.isclass(thing):
            raise
    places = {f.__code__.co_filename: None for f in vars(thing).values() if _is_function(f)}
    cells = [name for name in reversed(linecache.cache) if not os.path.exists(name)]
    for name in dict.fromkeys([*places, *cells]):  # a class of fields alone says no cell: the last
        cell = "".join(linecache.getlines(name))
        if f"class {thing.__name__}" in cell and (found := _definition(cell, thing.__name__)):
            return found
    raise OSError(
        f"the source of {thing.__name__} is not to be found: write it into a file, and name that "
        "in CREDIT_RULES"
    )


def with_what_it_uses(kind: type) -> str:
    """The source of a class of __main__ and of the functions, classes and plain values of __main__
    that it names, and so on: what a change of any cell may change in it."""
    names, parts, queue = vars(sys.modules["__main__"]), {}, [kind.__name__]
    while queue:
        name = queue.pop()
        thing = kind if name == kind.__name__ else names.get(name)
        if name in parts:
            continue
        if isinstance(thing, type | FunctionType) and thing.__module__ == "__main__":
            parts[name] = textwrap.dedent(source_of(thing))
            tree = ast.parse(parts[name])
            queue += [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]
        elif name in names and isinstance(thing, PLAIN):
            parts[name] = f"{name} = {thing!r}"
    return "\n".join(parts[name] for name in sorted(parts))


def only_here(kind: type) -> bool:
    """Whether a class lives in a notebook's kernel, where no other process can import it."""
    return kind.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")


def _is_function(thing) -> bool:
    # what dataclass generates has no cell
    return inspect.isfunction(thing) and thing.__code__.co_filename != "<string>"


def _definition(cell: str, name: str) -> str:
    """The last definition of a class in a cell's text, with its decorators, or nothing."""
    try:
        nodes = [n for n in ast.walk(ast.parse(cell)) if isinstance(n, ast.ClassDef)]
    except SyntaxError:  # magics
        return ""
    nodes = [n for n in nodes if n.name == name]
    if not nodes:
        return ""
    first = min([nodes[-1].lineno] + [d.lineno for d in nodes[-1].decorator_list])
    return "\n".join(cell.splitlines()[first - 1 : nodes[-1].end_lineno]) + "\n"
