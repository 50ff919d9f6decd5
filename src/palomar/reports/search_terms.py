"""Tokens by which messages are searched, and the query that a search makes of what was typed.

A message has the words of its text, without case and accents, and some marked tokens: its number reversed, so that the
last digits become a beginning; and its label, sender, request and account as a whole. A mark cannot be written in a
text. Not here: where the tokens are kept (``reports.search_rows``), and how they are found (``reports.search``).
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, assert_never

from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, State

WORD_LONGEST: Final = 40
"""Characters of a word that count; the rest of a longer word is ignored."""
_WHOLE_LONGEST: Final = 100
_PREFIX_SHORTEST: Final = 2
"""A single letter begins too many words to be searched as a prefix."""

_NUMBER, _LABEL, _SENDER, _REQUEST_REF, _ACCOUNT = "r=", "l=", "s=", "i=", "a="


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """What a search wants; every field left empty lets all pass. Times are when a message was accepted."""

    account_ids: frozenset[AccountId] | None = None
    """Accounts, among the visible ones."""
    message_id: MessageId | None = None
    state: State | None = None
    carrier: str = ""
    number: str = ""
    """The last digits of the number, or all of it."""
    label: str = ""
    sender: str = ""
    request_ref: str = ""
    text: str = ""
    """Words of the text, all of them, in any order; the last one may be the beginning of a word."""
    anywhere: str = ""
    """Words of the text, the end of the number, the label or the request."""
    hides_content: bool = False
    """Texts are not searched, and numbers only as a whole: for users who may not see them, and must not guess them."""
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One token, or all tokens that begin with it."""

    token: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """A query that matches if all its parts do."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A query that matches if one of its parts does; without parts it matches nothing."""

    parts: tuple["Query", ...]


Query = Term | AllOf | AnyOf
NOTHING: Final = AnyOf(())


def tokens_of(*, account_id: int, text: str, msisdn: str, label: str, sender: str, request_ref: str) -> set[str]:
    """Return all tokens by which a message can be found."""
    tokens = set(_words(text))
    tokens.add(f"{_ACCOUNT}{account_id}")
    for mark, value in ((_NUMBER, _digits(msisdn)[::-1]), (_LABEL, _whole(label)), (_SENDER, _whole(sender))):
        if value:
            tokens.add(mark + value)
    if request_ref:
        tokens.add(_REQUEST_REF + _whole(request_ref))
    return tokens


def build_query(wanted: SearchFilter) -> Query | None:
    """Build the query of a search; None if it has no words at all."""
    parts: list[Query] = []
    if wanted.text:
        parts.append(NOTHING if wanted.hides_content else _words_wanted(wanted.text))
    if wanted.number:
        parts.append(_number_wanted(wanted.number, hides_content=wanted.hides_content))
    for mark, value in ((_LABEL, wanted.label), (_SENDER, wanted.sender), (_REQUEST_REF, wanted.request_ref)):
        if value:
            parts.append(Term(mark + _whole(value)))
    if wanted.anywhere:
        parts.append(_anywhere(wanted.anywhere, hides_content=wanted.hides_content))
    return _all_of(parts) if parts else None


def restrict_to_accounts(query: Query, account_ids: Iterable[AccountId]) -> Query:
    """Restrict a query to these accounts."""
    accounts = tuple(Term(f"{_ACCOUNT}{account_id}") for account_id in sorted(account_ids))
    return _all_of([query, accounts[0] if len(accounts) == 1 else AnyOf(accounts)])


def matches(query: Query, tokens: Collection[str]) -> bool:
    """Return True if these tokens match a query."""
    match query:
        case Term(token, is_prefix=False):
            return token in tokens
        case Term(token):
            return any(one.startswith(token) for one in tokens)
        case AllOf(parts):
            return all(matches(part, tokens) for part in parts)
        case AnyOf(parts):
            return any(matches(part, tokens) for part in parts)
        case _:
            assert_never(query)


def folded(text: str) -> str:
    """Return a text without case and accents."""
    if not text.isascii():
        text = _COMMON_MARKS("", unicodedata.normalize("NFKD", text))
        if not text.isascii():
            text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return text.casefold()


# Where words are not told apart by spaces, each character is one.
_ALONE: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD: Final = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+").findall
_ASCII_WORD: Final = re.compile(f"([a-z0-9]{{1,{WORD_LONGEST}}})[a-z0-9]*").findall
_COMMON_MARKS: Final = re.compile("[\u0300-\u036f]+").sub


def _words(text: str) -> list[str]:
    plain = folded(text)
    if plain.isascii():
        return _ASCII_WORD(plain)
    return [word[:WORD_LONGEST] for word in _WORD(plain)]


@lru_cache(maxsize=4096)  # labels and senders come again and again
def _whole(text: str) -> str:
    """Return a value as one token; one without letters and digits is a token too."""
    if text.isascii() and text.isalnum():
        return text.lower()[:_WHOLE_LONGEST]
    return ("_".join(_WORD(folded(text))) or "_")[:_WHOLE_LONGEST] if text else ""


def _digits(number: str) -> str:
    """Return a number as it was typed, without plus, spaces and the like."""
    plain = number if number.isascii() and number.isdigit() else "".join(_WORD(folded(number)))
    return plain[:_WHOLE_LONGEST]


def _words_wanted(text: str) -> Query:
    *words, last = _words(text) or [""]
    if not last:
        return NOTHING
    prefix = Term(last, is_prefix=len(last) >= _PREFIX_SHORTEST)
    return _all_of([*(Term(word) for word in dict.fromkeys(words)), prefix])


def _number_wanted(number: str, *, hides_content: bool) -> Query:
    digits = _digits(number)
    return Term(_NUMBER + digits[::-1], is_prefix=not hides_content) if digits else NOTHING


def _anywhere(typed: str, *, hides_content: bool) -> Query:
    parts: list[Query] = [Term(_LABEL + _whole(typed)), Term(_REQUEST_REF + _whole(typed))]
    if not hides_content:
        parts.append(_words_wanted(typed))
    if _digits(typed).isdecimal():
        parts.append(_number_wanted(typed, hides_content=hides_content))
    return AnyOf(tuple(part for part in parts if part != NOTHING))


def _all_of(parts: Sequence[Query]) -> Query:
    if NOTHING in parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
