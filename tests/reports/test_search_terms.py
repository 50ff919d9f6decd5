"""Tokens of messages, and the queries that searches make of what was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.reports.search_terms import (
    NOTHING,
    SearchFilter,
    build_query,
    folded,
    matches,
    restrict_to_accounts,
    tokens_of,
)
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.opt_out_words import normalize_word

MESSAGE = {
    "account_id": 7,
    "text": "Tu código de verificación es 482913: no lo compartas",
    "msisdn": "5215512345678",
    "label": "Promo Verano/2026",
    "sender": "FOXSYS",
    "request_ref": "Batch-1",
}
TOKENS = tokens_of(**MESSAGE)  # type: ignore[arg-type]  # as they are named


def finds(**wanted: object) -> bool:
    query = build_query(SearchFilter(**wanted))  # type: ignore[arg-type]  # fields of it
    assert query is not None
    return matches(query, TOKENS)


@pytest.mark.parametrize(
    "text",
    ["codigo", "CÓDIGO", "verificación", "compartas no", "veri", "no lo comp", "482913", "4829", "tu, código...", "es"],
)
def test_words_are_found_in_any_order_without_case_and_accents_the_last_by_its_beginning(text: str) -> None:
    assert finds(text=text)
    assert finds(anywhere=text)


@pytest.mark.parametrize("text", ["odigo", "veri codigo", "codigo postal", "82913", "%", "c", "foxsys", "promo"])
def test_other_words_are_not_found(text: str) -> None:
    assert not finds(text=text)


@pytest.mark.parametrize("number", ["5215512345678", "+52 155 1234 5678", "678", "8", "(1234) 5678"])
def test_a_number_is_found_whole_or_by_its_end(number: str) -> None:
    assert finds(number=number)
    assert finds(anywhere=number)


@pytest.mark.parametrize("number", ["521551234567", "345", "-", "95678"])
def test_a_number_is_not_found_by_other_digits(number: str) -> None:
    assert not finds(number=number)


def test_label_sender_and_request_are_found_as_a_whole() -> None:
    assert finds(label="promo verano 2026")
    assert finds(sender="foxsys")
    assert finds(request_ref="batch-1")
    assert finds(anywhere="Promo Verano/2026")
    assert finds(anywhere="Batch-1")
    assert not finds(label="promo")
    assert not finds(sender="FOX")
    assert not finds(anywhere="FOXSYS")


def test_all_fields_of_a_search_must_match() -> None:
    assert finds(text="codigo", number="5678", label="promo verano 2026")
    assert not finds(text="codigo", number="5679")


def test_a_search_that_hides_content_finds_no_texts_and_only_whole_numbers() -> None:
    assert not finds(text="codigo", hides_content=True)
    assert not finds(anywhere="codigo", hides_content=True)
    assert not finds(number="5678", hides_content=True)
    assert not finds(anywhere="5678", hides_content=True)
    assert finds(number="5215512345678", hides_content=True)
    assert finds(anywhere="5215512345678", hides_content=True)
    assert finds(anywhere="batch-1", hides_content=True)


def test_a_mark_cannot_be_written_in_a_text() -> None:
    tokens = tokens_of(account_id=1, text="a=7 r=876 l=x", msisdn="", label="", sender="", request_ref="")
    assert tokens == {"a", "7", "r", "876", "l", "x", "a=1"}
    query = build_query(SearchFilter(text="a=7"))
    assert query is not None
    assert not matches(restrict_to_accounts(query, [AccountId(7)]), tokens)


def test_a_search_restricted_to_accounts_finds_only_their_messages() -> None:
    query = build_query(SearchFilter(text="codigo"))
    assert query is not None
    assert matches(restrict_to_accounts(query, [AccountId(7)]), TOKENS)
    assert matches(restrict_to_accounts(query, [AccountId(8), AccountId(7)]), TOKENS)
    assert not matches(restrict_to_accounts(query, [AccountId(8), AccountId(9)]), TOKENS)


def test_scripts_without_spaces_are_found_by_their_characters() -> None:
    tokens = tokens_of(account_id=1, text="確認コードは123です", msisdn="", label="", sender="", request_ref="")
    for text in ("コード", "確認", "123"):
        query = build_query(SearchFilter(text=text))
        assert query is not None
        assert matches(query, tokens)


def test_a_search_without_words_has_no_query_and_one_of_signs_finds_nothing() -> None:
    assert build_query(SearchFilter(carrier="c")) is None
    assert build_query(SearchFilter(text="¡!")) == NOTHING
    assert build_query(SearchFilter(text="¡!", number="5")) == NOTHING


@given(st.text(alphabet=st.characters(categories=["L", "N", "M"]), max_size=20))
def test_case_and_accents_of_texts_are_folded(text: str) -> None:
    assert folded(text) == normalize_word(text)


@given(st.text(max_size=60), st.text(max_size=12))
def test_tokens_have_no_characters_of_the_index_syntax(text: str, other: str) -> None:
    tokens = tokens_of(account_id=1, text=text, msisdn=other, label=other, sender=other, request_ref=other)
    for token in tokens:
        assert token
        assert len(token) <= 102
        assert not set(token) & set(" \t\n\x00\"'*()&|!:\\-"), token


@given(st.text(max_size=40))
def test_a_text_is_found_by_itself(text: str) -> None:
    query = build_query(SearchFilter(text=text))
    if query is not None and query != NOTHING:
        assert matches(query, tokens_of(account_id=1, text=text, msisdn="", label="", sender="", request_ref=""))
