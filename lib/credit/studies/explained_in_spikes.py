"""Where spikes stay below 95 % right with one hidden layer: what was changed, one at a time."""

import pandas as pd

from credit.evidence import results
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import difference, less, values
from credit.evidence.verdicts import mean_in_words
from credit.studies.in_spikes import InSpikes, searched


def explained(study: InSpikes, label: str, error: pd.Series) -> Claim:
    """What each change alone brought in a short run, and the best of them in full ones.

    label  of the network as it is
    error  its test error of every seed, %
    """
    experiment = f"{study.experiments[0]}-explained"
    tried = searched(f"{experiment}-tuning", f"{label}, ")
    tried.index = tried.index.str.removeprefix(f"{label}, ")
    usual = study.search(label).own
    ends = results.final(results.load(experiment))
    (run,) = ends["setting"].unique()
    better, best = values(ends, setting=run), run.removeprefix(f"{label}, ")
    d, low, high = difference(better, error)
    return claim(
        "It has {right:.1f} % of the test images right. {n} changes were tried, each alone, with "
        "the seed, the images and the rates of the search: from {usual:.2f} % the validation error "
        "comes to {said}. At full length the network with {best} ends at {e} % test error ({k} "
        "seeds), {d:+.2f} points ({low:+.2f} to {high:+.2f}).",
        best == tried.idxmin() and bool(tried.min() < usual) and less(better, error),
        right=100 - error.mean(), n=len(tried), usual=usual, best=best, e=mean_in_words(better),
        said=listed([f"{v:.2f} ({what})" for what, v in tried.sort_values().items()]),
        k=len(better), d=d, low=low, high=high,
    ).under("Below 95 %")  # fmt: skip
