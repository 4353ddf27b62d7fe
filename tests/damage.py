"""Damaged versions of a file's content, the same ones every time, and what a reader says."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path


def damaged(content: bytes, many: int, seed: int = 0) -> Iterator[bytes]:
    """Cut, garbled, shuffled and emptied versions of a text."""
    draw = random.Random(seed)
    tokens = [b"null", b"[]", b"{}", b"-1", b"nan", b"\xff", b'"', b",", b"\n", b"x", b"[" * 5000]
    for number in range(many):
        at, end = sorted(draw.randrange(len(content)) for _ in range(2))
        other = draw.choice(tokens)
        kind = number % 5
        if kind == 0:  # a copy that was interrupted
            yield content[:at]
        elif kind == 1:  # something is missing
            yield content[:at] + content[min(end, at + 40) :]
        elif kind == 2:  # something else stands there
            yield content[:at] + other + content[at + 1 :]
        elif kind == 3:  # a value has become another
            yield content.replace(draw.choice(content.split(b'"')[1:] or [b"1"]), other, 1)
        else:
            lines = content.split(b"\n")
            lines[draw.randrange(len(lines))] = other
            yield b"\n".join(lines)


def refusals(file: Path, many: int, read: Callable[[], object]) -> list[str]:
    """What is said about damaged versions of a file that are refused; any error but a ValueError
    goes through."""
    said = []
    for content in damaged(file.read_bytes(), many):
        file.write_bytes(content)
        try:
            read()
        except ValueError as error:
            said.append(str(error))
    return said
