"""Words of receipts mean what carriers mean by them, however they are written; unknown words stay unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.smpp import MessageState, state_of
from palomar.smpp.receipt_words import STAT_WORDS, SYNONYMS, normalize_word

DELIVERED, UNDELIVERABLE, EXPIRED = MessageState.DELIVERED, MessageState.UNDELIVERABLE, MessageState.EXPIRED
DELETED, REJECTED, UNKNOWN = MessageState.DELETED, MessageState.REJECTED, MessageState.UNKNOWN
ENROUTE, ACCEPTED = MessageState.ENROUTE, MessageState.ACCEPTED


@pytest.mark.parametrize(
    ("word", "state"),
    [
        *((word, DELIVERED) for word in ("DELIVRD", "delivered", "DELIVERD", "DELIVER", "Dlvrd", "[DELIVRD]")),
        *((word, DELIVERED) for word in ("DELIVRD.", "DELIVERE")),
        *((word, DELIVERED) for word in ("ENTREGADO", "entregue", "Delivered to handset", "SUCCESS", "ok")),
        *((word, UNDELIVERABLE) for word in ("FAILED", "UNDL", "UNDELIVERED", "UNDELIV", "undeliverable", "Fail")),
        *((word, UNDELIVERABLE) for word in ("NOTDELIV", "NOT DELIVERED", "Not-Delivered", "NOTDELI", "UN-DELIVERED")),
        *((word, UNDELIVERABLE) for word in ("ERR", "ERROR", "ERR_23", "FAILED-12", "FAILED (absent)")),
        *((word, UNDELIVERABLE) for word in ("Delivery failed", "sending failed")),
        *((word, UNDELIVERABLE) for word in ("NO ENTREGADO", "não entregue", "échoué", "Fallido", "НЕДОСТАВЛЕНО")),
        *((word, EXPIRED) for word in ("EXPIRD", "EXPIRE", "TIMEOUT", "Timed out", "CADUCADO", "expirado")),
        *((word, DELETED) for word in ("DELETED", "CANCELED", "CANCELLED", "CANCELL")),
        *((word, REJECTED) for word in ("REJECT", "REJECTD", "REJECTE", "BLOCKED", "BLACKLI", "REJECTED:SPAM")),
        *((word, REJECTED) for word in ("Bloqueado", "rechazado", "DND")),
        *((word, UNKNOWN) for word in ("UNKNOWN", "UNKN", "desconocido")),
        *((word, ACCEPTED) for word in ("ACCEPTED", "ACCEPTE", "ACCEPTD", "ACK")),
        *((word, ENROUTE) for word in ("ENROUTE", "EN ROUTE", "EN_ROUTE", "BUFFERED", "BUFFERE", "PENDING", "SENT")),
        *((word, ENROUTE) for word in ("QUEUED", "SUBMITT", "Enviado", "PENDIENTE", "delivered to network")),
        *((word, MessageState.SCHEDULED) for word in ("SCHEDLD", "scheduled", "programado", "0")),
        ("2", DELIVERED), ("02", DELIVERED), ("005", UNDELIVERABLE), (" 8 ", REJECTED), ("6", ACCEPTED),
    ],
)  # fmt: skip
def test_words_by_meaning(word: str, state: MessageState) -> None:
    assert state_of(word) is state


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "MISLUKT",
        "12",
        "-1",
        "DELIVERY",
        "SENT BUT FAILED",
        "not yet delivered",
        "no longer pending",
        "²",
        "\0",
    ],
)
def test_unknown_words_are_not_guessed(word: str) -> None:
    assert state_of(word) is None


def test_no_word_stands_for_two_states() -> None:
    words = [word for known in STAT_WORDS.values() for word in known]
    words += [normalize_word(word) for text in SYNONYMS.values() for word in text.split()]
    assert len(words) == len(set(words))


@given(st.text(max_size=200))
def test_any_word_gives_a_state_or_none(word: str) -> None:
    assert state_of(word) in (None, *MessageState)
