"""Pictures of graphs, and pages to step through them; imported when first used."""

from typing import TYPE_CHECKING, Any

from autograd_lite.core.suggestions import missing, show_only_public
from autograd_lite.stepping import Trace
from autograd_lite.transcript import renderers

if TYPE_CHECKING:
    from autograd_lite.drawing.drawing import Drawing, draw, draw_dot

__all__ = ["Drawing", "draw", "draw_dot"]


def __getattr__(name: str) -> Any:
    """Import what draws when it is first asked for."""
    if name in __all__:
        from autograd_lite.drawing import drawing

        found = globals()[name] = getattr(drawing, name)
        return found
    raise missing("module 'autograd_lite.drawing'", name, __all__)


def _page(trace: Trace, direction: str = "auto") -> str:
    from autograd_lite.drawing.step_page.page import page

    return page(trace, direction=direction)


def _notebook(trace: Trace) -> str:
    from autograd_lite.drawing.step_page.page import notebook

    return notebook(trace)


renderers[".html"] = _page
renderers["text/html"] = _notebook
show_only_public(__name__)
