"""One line of ``palomar doctor``."""

from typing import Literal

Verdict = tuple[Literal["ok", "warning", "fault"], str]
"""How bad it is, and what is seen."""
