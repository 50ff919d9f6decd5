"""What one search looks for, and how much it may look at: shared by the two ways to search."""

from dataclasses import dataclass
from typing import Final

from palomar.reports.search_terms import Query, SearchFilter
from palomar.storage.statements import ResultRow
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

LATEST: Final = MessageId((1 << 63) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBounds:
    """How much one search looks at; the defaults were measured at a million messages."""

    few_accounts: int = 64
    """So many accounts are looked for one by one, along their own messages; more along everybody's."""
    walked: int = 250_000
    """Of everybody's messages, where there are no words to ask the index for."""
    walked_of_accounts: int = 100_000
    """Of those of few accounts: each is looked up."""
    walked_at_first: int = 2_000
    spans_at_once: int = 240
    """Hours, or days, of which the counts are asked at once."""
    read: int = 20_000
    """Of the messages younger than the index: their words are made on the way."""
    read_at_once: int = 1_000
    candidates: int = 20_000
    candidates_at_first: int = 2_000
    candidates_at_most: int = 10_000
    """Of the messages that the index gives, where their state, carrier or account has to be looked at."""
    still_open: int = 20_000
    """If no more messages have not ended, those that have some open state are looked for among them."""


BOUNDS: Final = SearchBounds()
Looked = tuple[list[MessageId], MessageId]
"""What was found, newest first, and down to which id (included) it was looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What is looked for, from ``low`` (included) to ``top`` (not)."""

    wanted: SearchFilter
    account_ids: frozenset[AccountId] | None
    query: Query | None
    low: MessageId
    top: MessageId
    limit: int
    bounds: SearchBounds

    @property
    def few_accounts(self) -> frozenset[AccountId] | None:
        """The accounts, if they are few."""
        ids = self.account_ids
        return ids if ids is not None and len(ids) <= self.bounds.few_accounts else None

    @property
    def walked(self) -> int:
        """How many messages may be walked along."""
        return self.bounds.walked if self.few_accounts is None else self.bounds.walked_of_accounts

    def fits(self, facts: ResultRow) -> bool:
        """Whether what tokens do not tell of a message is as wanted: rows that begin as those of LOOKUP_FACTS."""
        _, account_id, state, carrier, request_ref, *_ = facts
        wanted = self.wanted
        return (
            (self.account_ids is None or account_id in self.account_ids)
            and (wanted.state is None or state == wanted.state.value)
            and wanted.carrier in ("", carrier)
            and wanted.request_ref in ("", request_ref)
        )
