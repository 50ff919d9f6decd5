"""One search: what it looks for, and how much it may read. The index search and the scan share it."""

from dataclasses import dataclass
from typing import Final

from palomar.reports.search_terms import Query, SearchFilter
from palomar.storage.statements import ResultRow
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

LATEST: Final = MessageId((1 << 63) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBounds:
    """How much one search reads; the defaults were measured at a million messages."""

    few_accounts: int = 64
    """Up to so many accounts are searched one by one, along their own messages; more along all messages."""
    scanned: int = 250_000
    """Messages of all accounts that a search without words scans."""
    scanned_of_accounts: int = 100_000
    """Messages of few accounts that it scans: each is looked up."""
    scanned_at_first: int = 2_000
    spans_at_once: int = 240
    """Hours, or days, whose counts are read at once."""
    read: int = 20_000
    """Messages younger than the index that are read: their words are computed on the way."""
    read_at_once: int = 1_000
    candidates: int = 20_000
    candidates_at_first: int = 2_000
    candidates_at_most: int = 10_000
    """Messages from the index whose state, carrier or account has to be read."""
    still_open: int = 20_000
    """If no more messages than this have not ended, a search for an open state reads those."""


BOUNDS: Final = SearchBounds()
SearchStep = tuple[list[MessageId], MessageId]
"""The ids that were found, newest first, and down to which id (included) was searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What is searched, among the ids from ``since_id`` (included) to ``until_id`` (excluded)."""

    wanted: SearchFilter
    account_ids: frozenset[AccountId] | None
    query: Query | None
    since_id: MessageId
    until_id: MessageId
    limit: int
    bounds: SearchBounds

    @property
    def few_accounts(self) -> frozenset[AccountId] | None:
        """Return the accounts if they are few; otherwise None."""
        ids = self.account_ids
        return ids if ids is not None and len(ids) <= self.bounds.few_accounts else None

    @property
    def scanned(self) -> int:
        """Return how many messages may be scanned."""
        return self.bounds.scanned if self.few_accounts is None else self.bounds.scanned_of_accounts

    def fits(self, facts: ResultRow) -> bool:
        """Return True if what tokens do not tell of a message is as wanted. The row begins as those of LOOKUP_FACTS."""
        _, account_id, state, carrier, request_ref, *_ = facts
        wanted = self.wanted
        return (
            (self.account_ids is None or account_id in self.account_ids)
            and (wanted.state is None or state == wanted.state.value)
            and wanted.carrier in ("", carrier)
            and wanted.request_ref in ("", request_ref)
        )
