"""What a part costs, by country: integer microcredits, an account's own rates before everybody's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_RATE_MICROCREDITS = 1_000_000
"""One credit a part, everywhere, until prices are set."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """Rates a part in microcredits: ``own`` of the account, ``general`` of the house, both by ISO country."""

    own: Mapping[str, int] = field(default_factory=dict)
    general: Mapping[str, int] = field(default_factory=dict)

    def rate(self, country: str | None) -> int:
        """Microcredits a part to ``country`` (None: a number whose country is not known)."""
        key = country or ""
        rate = self.own.get(key)
        if rate is None:
            rate = self.general.get(key, DEFAULT_RATE_MICROCREDITS)
        return rate
