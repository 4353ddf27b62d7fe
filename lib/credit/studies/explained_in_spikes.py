"""Where spikes stay below 95 % right with one hidden layer: what was changed, one at a time."""

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import greater, teaches, values
from credit.evidence.methods import LAYERS
from credit.evidence.verdicts import mean_in_words
from credit.studies.in_spikes import InSpikes, against, searched


def explained(study: InSpikes, label: str) -> Claim:
    """What each change alone brought in a short run, and the best of them in full ones.

    label  of the network as it is
    """
    error = values(study.ends, setting=label)
    experiment = f"{study.experiments[0]}-explained"
    tried = searched(f"{experiment}-tuning", f"{label}, ")
    tried.index = tried.index.str.removeprefix(f"{label}, ")
    usual = study.search(label).own
    ends = results.final(results.load(experiment))
    (run,) = ends["setting"].unique()
    better, best = values(ends, setting=run), run.removeprefix(f"{label}, ")
    return claim(
        "It has {right:.2f} % of the test images right. {n} changes were tried, each alone, with "
        "the seed, the images and the rates of the search: from {usual:.2f} % the validation error "
        "comes to {said}. At full length the best change, {best}, ends at {e} % test error ({k} "
        "seeds). Compared with the network as it is the error {way}.",
        best == tried.idxmin() and bool(tried.min() < usual),
        right=100 - error.mean(), n=len(tried), usual=usual, best=best, e=mean_in_words(better),
        said=listed([f"{v:.2f} ({what})" for what, v in tried.sort_values().items()]),
        k=len(better), way=against(better, error),
    ).under("Below 95 %")  # fmt: skip


def longer(study: InSpikes, label: str) -> Claim:
    """What phases twice as long bring to the network with two hidden layers.

    label  of the network with one
    """
    rule, experiment = label.partition(" ")[2], f"{study.experiments[0]}-longer"
    deep = f"{LAYERS[2]} {rule}"
    ends = results.final(results.load(experiment))
    (run,) = ends["setting"].unique()
    error, before = values(ends, setting=run), values(study.deep, setting=deep)
    fixed = values(study.deep, setting=f"{LAYERS[2]} {study.fixed.partition(' ')[2]}")
    one = results.final(results.load(f"{study.experiments[0]}-explained"))
    one = values(one, setting=f"{label}, phases of 120 ms")
    tried = searched(f"{experiment}-tuning", f"{deep}, ")
    return claim(
        "With `120 ms` phases, for which {n} pairs of rates were tried, it does learn: two hidden "
        "layers end at {e} % ({k} seeds), every one lower than any with `60 ms`, and on average "
        "lower than without feedback. One hidden layer with such phases is still better "
        "({one:.2f} %).",
        teaches(error, fixed)
        and bool(error.max() < before.min())
        and greater(error, one)
        and run == tried.idxmin(),
        n=len(tried), e=mean_in_words(error), k=len(error), one=one.mean(),
    ).under("More hidden layers")  # fmt: skip
