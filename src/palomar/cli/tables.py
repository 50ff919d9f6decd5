"""Tables for the terminal: columns as wide as their cells, cut so that a row stands on one line.

What must be whole stays whole: the first column, which names the row; figures, because a cut figure is another figure;
and tables of two columns, which are names with their values (secrets among them). Characters of East Asia and emoji
take two places, combining marks none. ``wcwidth`` measures them; it is imported only if a cell needs it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_GAP: Final = "  "
_NARROWEST: Final = 6
"""Places that a cut column keeps; on a terminal too narrow even for that, rows take several lines."""
_PLAIN: Final = "\u0300"
"""Below this character (a combining one) each takes one place: Latin letters and the signs beside them."""
_FIGURE: Final = re.compile(r"[0-9 +.,:-]*")


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]], *, columns: int | None = None) -> list[str]:
    """Return the lines of a table, its headings first. With ``columns``, cut the widest columns until a row fits."""
    table = list(zip(headings, *rows, strict=True))
    widths = [max(map(width_of, column)) for column in table]
    if columns is not None and len(headings) > 2:
        is_cut = [number > 0 and not _are_figures(column[1:]) for number, column in enumerate(table)]
        widths = _fitting(widths, is_cut, columns - len(_GAP) * (len(widths) - 1))
    return [_GAP.join(map(_cell, row, widths)).rstrip() for row in (headings, *rows)]


def width_of(text: str) -> int:
    """Return how many places a text takes on a terminal."""
    if max(text, default="") < _PLAIN:
        return len(text)
    from wcwidth import wcswidth  # imported here: slow, and most tables do not need it

    return max(wcswidth(text), 0)


def _are_figures(cells: Iterable[str]) -> bool:
    return all(_FIGURE.fullmatch(cell) for cell in cells)


def _fitting(widths: Sequence[int], is_cut: Sequence[bool], room: int) -> list[int]:
    widest = max(widths, default=0)
    fitting = list(widths)
    while widest > _NARROWEST and sum(fitting) > room:
        widest -= 1
        fitting = [min(width, widest) if cut else width for width, cut in zip(widths, is_cut, strict=True)]
    return fitting


def _cell(text: str, width: int) -> str:
    if width_of(text) > width:
        text = _cut(text, width - 1) + "…"
    return text + " " * (width - width_of(text))


def _cut(text: str, width: int) -> str:
    if max(text) < _PLAIN:
        return text[:width].rstrip()
    from wcwidth import clip

    return clip(text, 0, width, control_codes="ignore").rstrip()
