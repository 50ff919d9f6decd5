"""What can be searched of a message, and what a search wants: the same tokens, whatever finds them.

A message is the words of its text, without case and accents, and some marked tokens: its number reversed, so that its
last digits are a beginning; its label, sender, request and account whole. A mark cannot be written in a text. Not here:
where the tokens are kept (``reports.search_rows``), and how they are looked for (``reports.search``).
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
"""Characters of a word that count: what is longer is found by these."""
_WHOLE_LONGEST: Final = 100
_PREFIX_SHORTEST: Final = 2
"""A single letter begins too much to be looked for as a beginning."""

_NUMBER, _LABEL, _SENDER, _REQUEST_REF, _ACCOUNT = "r=", "l=", "s=", "i=", "a="


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """Which messages; every field left empty lets all pass. Times are when a message was accepted."""

    account_ids: frozenset[AccountId] | None = None
    """Whose, among those that may be seen."""
    message_id: MessageId | None = None
    state: State | None = None
    carrier: str = ""
    number: str = ""
    """The digits with which the number ends, or all of it."""
    label: str = ""
    sender: str = ""
    request_ref: str = ""
    text: str = ""
    """Words of the text, all of them and in any order; the last one may be the beginning of a word."""
    anywhere: str = ""
    """Words of the text, the end of the number, the label or the request's name."""
    is_blind: bool = False
    """Texts are not looked at, and numbers only whole: for who may not see them, and must not guess them either."""
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One token, or all that begin with it."""

    token: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of them at least; of none, nothing."""

    parts: tuple["Query", ...]


Query = Term | AllOf | AnyOf
NOTHING: Final = AnyOf(())


def tokens_of(*, account_id: int, text: str, msisdn: str, label: str, sender: str, request_ref: str) -> set[str]:
    """Everything by which a message can be found."""
    tokens = set(_words(text))
    tokens.add(f"{_ACCOUNT}{account_id}")
    for mark, value in ((_NUMBER, _digits(msisdn)[::-1]), (_LABEL, _whole(label)), (_SENDER, _whole(sender))):
        if value:
            tokens.add(mark + value)
    if request_ref:
        tokens.add(_REQUEST_REF + _whole(request_ref))
    return tokens


def query_of(wanted: SearchFilter) -> Query | None:
    """What a search looks for among tokens; None where it asks for no words at all."""
    parts: list[Query] = []
    if wanted.text:
        parts.append(NOTHING if wanted.is_blind else _words_wanted(wanted.text))
    if wanted.number:
        parts.append(_number_wanted(wanted.number, is_blind=wanted.is_blind))
    for mark, value in ((_LABEL, wanted.label), (_SENDER, wanted.sender), (_REQUEST_REF, wanted.request_ref)):
        if value:
            parts.append(Term(mark + _whole(value)))
    if wanted.anywhere:
        parts.append(_anywhere(wanted.anywhere, is_blind=wanted.is_blind))
    return _all_of(parts) if parts else None


def by_accounts(query: Query, account_ids: Iterable[AccountId]) -> Query:
    """The same, of these accounts only."""
    accounts = tuple(Term(f"{_ACCOUNT}{account_id}") for account_id in sorted(account_ids))
    return _all_of([query, accounts[0] if len(accounts) == 1 else AnyOf(accounts)])


def holds(query: Query, tokens: Collection[str]) -> bool:
    """Whether these are the tokens of what is looked for."""
    match query:
        case Term(token, is_prefix=False):
            return token in tokens
        case Term(token):
            return any(one.startswith(token) for one in tokens)
        case AllOf(parts):
            return all(holds(part, tokens) for part in parts)
        case AnyOf(parts):
            return any(holds(part, tokens) for part in parts)
        case _:
            assert_never(query)


def folded(text: str) -> str:
    """A text without case and accents."""
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
    """A value as one token; what has no letter and no digit is a token too."""
    if text.isascii() and text.isalnum():
        return text.lower()[:_WHOLE_LONGEST]
    return ("_".join(_WORD(folded(text))) or "_")[:_WHOLE_LONGEST] if text else ""


def _digits(number: str) -> str:
    """A number as it was typed, without plus, spaces and the like."""
    plain = number if number.isascii() and number.isdigit() else "".join(_WORD(folded(number)))
    return plain[:_WHOLE_LONGEST]


def _words_wanted(text: str) -> Query:
    *words, last = _words(text) or [""]
    if not last:
        return NOTHING
    prefix = Term(last, is_prefix=len(last) >= _PREFIX_SHORTEST)
    return _all_of([*(Term(word) for word in dict.fromkeys(words)), prefix])


def _number_wanted(number: str, *, is_blind: bool) -> Query:
    digits = _digits(number)
    return Term(_NUMBER + digits[::-1], is_prefix=not is_blind) if digits else NOTHING


def _anywhere(typed: str, *, is_blind: bool) -> Query:
    parts: list[Query] = [Term(_LABEL + _whole(typed)), Term(_REQUEST_REF + _whole(typed))]
    if not is_blind:
        parts.append(_words_wanted(typed))
    if _digits(typed).isdecimal():
        parts.append(_number_wanted(typed, is_blind=is_blind))
    return AnyOf(tuple(part for part in parts if part != NOTHING))


def _all_of(parts: Sequence[Query]) -> Query:
    if NOTHING in parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
