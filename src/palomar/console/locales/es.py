"""Spanish: what stands in the place of each English text."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {}
