"""The contract of a dialect: tables that its ``tests/dialects/NAME/contract.py`` fills.

Tests own the keys of the tables, a dialect its lines. ``contracts.py`` finds them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from tests.dialects.speaking import Call, Customer, Door, Speaker

from palomar.text.alphabets import Alphabet
from palomar.vocabulary.events import Clicked, InboundReceived
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

Read = str | tuple[str, Alphabet, int]
"""The text that a phone reads, its alphabet and its parts; or the code by which it is refused."""
Make = Callable[[Customer, str], Call]

ANSWERS: Final = {
    "bad credentials": "a send by a stranger",
    "bad credentials, asked": "a question by a stranger",
    "another's message, asked": "a question for what belongs to another account",
    "a blocked number": "a send to a number that wants nothing",
    "a blocked caller": "a send from an address, or by an account, that failed too often",
    "our fault": "a send while we have a bug",
    "our fault, asked": "a question while we have a bug",
    "unavailable, asked": "a question while the database is away",
    "a text far too long": "a send of more characters than are looked at",
    "only blanks": "a send of as many blanks as are looked at",
    "a number far too long": "a send to a number with so many blanks in it",
}
"""Keys of the table ``answers``, and when each is said."""

DENIED: Final = {
    "the address is not in the list": "the account has a list of addresses, without the caller's",
    "the account is disabled": "its credentials are right",
    "too many requests a second": "by the dialect's own setting",
    "the account is blocked": "it went on with too many requests",
}
"""Keys of the table ``asks``, and why the account is not let in."""
TOLD: Final = "told"
"""The line of ``asks`` where the vendor's page tells the state all the same."""


class Table(dict[Any, Any]):
    """A table of one dialect. A line that is missing fails with its name."""

    def __init__(self, dialect: str, name: str, lines: Mapping[Any, Any]) -> None:
        super().__init__(lines)
        self._where = f"table {name!r} (tests/dialects/{dialect}/contract.py)"
        self._dialect = dialect

    def __missing__(self, key: Any) -> Any:
        raise AssertionError(f"dialect {self._dialect} has no line {key!r} in {self._where}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A callback as the customer's server gets it."""

    method: str
    url: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One dialect's tables."""

    dialect: str
    speakers: tuple[Speaker, ...]
    doors: tuple[Door, ...] = ()
    """Ways in beside the speakers."""
    rate_setting: str
    """The account's setting of its requests a second in this dialect."""
    words: Mapping[State, str]
    """What is told of a message in each state, when it is asked for."""
    callbacks: Mapping[State | type[Clicked] | type[InboundReceived], str] = field(default_factory=dict)
    """What ``read_callback`` reads of each event that is called back; of all others nothing is told."""
    read_callback: Callable[[Callback], str] | None = None
    sends: Mapping[str, str]
    """What a send answers, by ``why`` of a row in ``test_contract.ROWS``."""
    refusals: Mapping[Refusal, str]
    """The code of each refusal of the gateway."""
    answers: Mapping[str, str]
    """The rest of its answers, by the keys of ``ANSWERS``."""
    asks: Mapping[str, str]
    """What a question for its own message answers to an account that is not let in, by the keys of ``DENIED``."""
    busy: str = ""
    """What too many passwords at once are told, where passwords are asked for."""
    texts: Mapping[str, Read]
    """What a phone reads, by the keys of ``test_contract_texts.TEXTS``."""
    raw_characters: int
    """Characters that a text may have before it is looked at."""
    number_blanks: int = 1_000_000
    """Blanks in the number that is far too long."""
    places: Mapping[str, Make]
    """Where it takes text, for ``test_growth``."""
    large: int = 400_000
    """Octets of the largest text for ``test_growth``."""

    def __post_init__(self) -> None:
        for one in fields(self):
            lines = getattr(self, one.name)
            if isinstance(lines, dict):
                object.__setattr__(self, one.name, Table(self.dialect, one.name, lines))
