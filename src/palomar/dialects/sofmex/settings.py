"""Settings of the whole dialect for the operator, where the vendor's page is silent."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from palomar.numbers.sender import parse_sender


@dataclass(frozen=True, slots=True, kw_only=True)
class SofmexSettings:
    """``[dialects.sofmex]``. Raises ValueError, whose text begins with the setting's name."""

    sender: str = field(default="", metadata={"help": "who its messages come from where the account has no sender"})
    timezone: str = field(default="America/Mexico_City", metadata={"help": "zone of the times in its answers"})
    token_days: int = field(default=30, metadata={"help": "how long a token that /login gives is good, in days"})
    strict_http: bool = field(
        default=False, metadata={"help": "HTTP 400, not 200, where a batch has no records or more than 100"}
    )

    def __post_init__(self) -> None:
        if self.sender and parse_sender(self.sender) is None:
            raise ValueError("sender: a name of up to 11 characters, or up to 16 digits")
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError(f"timezone: there is no zone {self.timezone!r}") from None
        if not 1 <= self.token_days <= 36_500:
            raise ValueError(f"token_days: 1 to 36500, not {self.token_days}")
