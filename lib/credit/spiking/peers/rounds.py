"""What a program that is measured says: a line when it is ready, then one for every round."""

import json
import resource
import sys


def cpu_time() -> float:
    """CPU seconds of this process, all its threads, and of the programs that it has run."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def answer(learn, **versions):
    """Learn all images once, so that everything is compiled; then again for every line that comes.

    learn  learns the images of a round; what it gives back, a dict, is part of the answer
    Prints a line of JSON when it is ready, with `versions`, and one a round, with CPU seconds `s`.
    """
    out, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    print(json.dumps({"versions": versions} | learn()), file=out, flush=True)
    for _ in sys.stdin:
        start = cpu_time()
        said = learn()
        print(json.dumps(said | {"s": cpu_time() - start}), file=out, flush=True)
