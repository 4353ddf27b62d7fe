"""Files that may be damaged: whatever is wrong with one is said in one line, with its name."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def readable(file: Path, remedy: str) -> Iterator[None]:
    """Whatever goes wrong in here while a file is read ends in one ValueError that names it.

    remedy   what to do about a damaged file, as an order: "collect it again"
    What the system refuses, a file that is not there among it, has its own clear words and stays.
    """
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a reader ends in many ways, none of which names the file
        words = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        reason = f"{kind}{' '.join(words.split())}"[:200]
        raise ValueError(f"{file} is damaged ({reason}): {remedy}") from error
