"""Virtual numbers and their keywords: which account gets what phones write to them. Written by people, read by
``receive``."""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.inbound import inbound_rows as rows
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.vocabulary.account import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualNumber:
    """A number and its account. ``url`` wins over the account's ``inbound_url``; if words are None, the account's
    hold."""

    number: str
    account_id: AccountId
    url: str = ""
    stop_words: tuple[str, ...] | None = None
    start_words: tuple[str, ...] | None = None
    created_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A word of a shared number: texts that begin with it belong to that account. ``url`` wins over its
    ``inbound_url``."""

    number: str
    word: str
    account_id: AccountId
    url: str = ""
    created_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimedNumber:
    """A number that phones wrote to and that belongs to no account."""

    number: str
    messages: int
    last_ms: int


async def add_number(tx: Transaction, number: VirtualNumber) -> bool:
    """Give a number to an account; return False if it belongs to one already."""
    row = (
        number.number,
        number.account_id,
        number.url,
        number.created_ms,
        _words_text(number.stop_words),
        _words_text(number.start_words),
    )
    return bool(await tx.insert_new(rows.INSERT_NUMBERS, [row]))


async def remove_number(tx: Transaction, number: str) -> bool:
    """Take a number from its account; return False if it belonged to none."""
    return await tx.execute(rows.DELETE_NUMBER, number) == 1


async def list_numbers(tx: Transaction) -> list[VirtualNumber]:
    """List all numbers, in order."""
    return [virtual_number(row) for row in await tx.select(rows.SELECT_NUMBERS)]


async def add_keyword(tx: Transaction, keyword: Keyword) -> bool:
    """Give a word of a number to an account; return False if it belongs to one already."""
    row = (keyword.number, keyword.word, keyword.account_id, keyword.url, keyword.created_ms)
    return bool(await tx.insert_new(rows.INSERT_KEYWORDS, [row]))


async def remove_keyword(tx: Transaction, number: str, word: str) -> bool:
    """Take a word of a number from its account; return False if it belonged to none."""
    return await tx.execute(rows.DELETE_KEYWORD, number, word) == 1


async def list_keywords(tx: Transaction) -> list[Keyword]:
    """List all keywords, by number."""
    return [keyword(row) for row in await tx.select(rows.SELECT_KEYWORDS)]


async def list_unclaimed(tx: Transaction) -> list[UnclaimedNumber]:
    """List numbers that got messages and belong to no account."""
    return [
        UnclaimedNumber(number=row[0], messages=row[1], last_ms=row[2])
        for row in await tx.select(rows.SELECT_INBOUND_OF_NOBODY)
    ]


def virtual_number(row: ResultRow) -> VirtualNumber:
    """Read a row of LOOKUP_NUMBERS."""
    number, account_id, url, stop_words, start_words, created_ms = row
    return VirtualNumber(
        number=number,
        account_id=AccountId(account_id),
        url=url,
        stop_words=_words(stop_words),
        start_words=_words(start_words),
        created_ms=created_ms,
    )


def keyword(row: ResultRow) -> Keyword:
    """Read a row of LOOKUP_KEYWORDS."""
    number, word, account_id, url, created_ms = row
    return Keyword(number=number, word=word, account_id=AccountId(account_id), url=url, created_ms=created_ms)


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word for word in text.split(",") if word)


def _words_text(words: Sequence[str] | None) -> str | None:
    return None if words is None else ",".join(words)
