"""Settings of the whole 402T Labs dialect for the operator; those of one account are in ``account_settings``."""

from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from palomar.numbers.countries import COUNTRIES
from palomar.numbers.sender import parse_sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Labs402tSettings:
    """``[dialects.labs402t]``. Raises ValueError, whose text begins with the setting's name."""

    http_status: Literal["rest", "always200"] = field(
        default="rest", metadata={"help": "HTTP status of errors: rest (400, 401, 402 ...) or always200"}
    )
    timezone: str = field(default="Europe/Madrid", metadata={"help": "zone of times that name none"})
    currency: str = field(default="EUR", metadata={"help": "ISO 4217 code that costs are shown in"})
    country: str = field(
        default="ES", metadata={"help": "whose numbers need no country code, where an account has none"}
    )
    sender: str = field(default="", metadata={"help": "sender of requests that name none, where the account has none"})

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError(f"timezone: {self.timezone!r} is no time zone such as Europe/Madrid") from None
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"currency: {self.currency!r} is no code such as EUR")
        if self.country not in COUNTRIES:
            raise ValueError(f"country: {self.country!r} is no ISO 3166 code such as ES")
        if self.sender and parse_sender(self.sender) is None:
            raise ValueError(f"sender: {self.sender!r} is not up to 11 letters and digits")

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone, which zoneinfo caches."""
        return ZoneInfo(self.timezone)
