"""Progress that is seen while it lasts and leaves nothing behind."""

import html
import io
import sys

from tqdm import tqdm


def bar(total: int, **given) -> tqdm:
    """A bar of tqdm's for this place: in a notebook in the cell's output, elsewhere on stderr.

    given   keyword arguments of tqdm; like those, TQDM_DISABLE=1 in the environment has its say
    """
    kind = _InNotebook if _in_notebook() else tqdm
    return kind(total=total, leave=False, **given)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")  # nobody needs to import it to find out
    shell = ipython and ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class _InNotebook(tqdm):
    """A bar as HTML and as nothing else, emptied at the end.

    tqdm's own two leave traces that would be stored with the notebook: one lines on stderr, the
    other a widget and its text. An empty piece of HTML is taken off by reruns.notebooks.clean, and
    no comparison of outputs looks at HTML.
    """

    _shown = None  # the place on the page, once there is one

    def __init__(self, **given):
        super().__init__(file=io.StringIO(), ascii=False, ncols=80, **given)

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Show the bar, or another text in its place; tqdm calls this at every change."""
        from IPython.display import display

        text = str(self) if msg is None else msg
        data = {"text/html": f"<pre>{html.escape(text)}</pre>" if text else ""}
        if self._shown is not None:
            self._shown.update(data, raw=True)
        elif text:
            self._shown = display(data, raw=True, display_id=True)
        return True
