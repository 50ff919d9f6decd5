"""The ids of messages: in the answer, and as receipts spell them."""

from typing import get_args

import pytest

from palomar.carriers.simulator.chaos.ids import IdDialect, MessageIds, make_ids, restored_ids

VALUE = 0x00C0FFEE12345678


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        ("hexadecimal", MessageIds("00C0FFEE12345678", "00C0FFEE12345678", True)),
        ("decimal", MessageIds("54324593501165176", "54324593501165176", True)),
        ("hex-decimal", MessageIds("C0FFEE12345678", "54324593501165176", False)),
        ("decimal-hex", MessageIds("54324593501165176", "C0FFEE12345678", False)),
        ("padded", MessageIds("54324593501165176", "000000054324593501165176", False)),
        ("stripped", MessageIds("000000054324593501165176", "54324593501165176", False)),
        ("other-case", MessageIds("C0FFEE12345678", "c0ffee12345678", False)),
        ("tlv-only", MessageIds("00C0FFEE12345678", "", True)),
        ("text-only", MessageIds("00C0FFEE12345678", "00C0FFEE12345678", False)),
    ],
)
def test_each_dialect_spells_the_id_in_its_way(dialect: IdDialect, names: MessageIds) -> None:
    assert make_ids(VALUE, dialect) == names


def test_every_dialect_is_in_the_table_above() -> None:
    (rows,) = (mark.args[1] for mark in test_each_dialect_spells_the_id_in_its_way.pytestmark)  # type: ignore[attr-defined]
    assert [row[0] for row in rows] == list(get_args(IdDialect))


@pytest.mark.parametrize("dialect", get_args(IdDialect))
def test_all_ids_of_a_message_follow_from_the_answered_one(dialect: IdDialect) -> None:
    names = make_ids(VALUE, dialect)
    assert restored_ids(names.in_answer, dialect) == names


@pytest.mark.parametrize("answered", ["", "no-number", "00C0FFEE12345678"])
def test_an_id_of_another_dialect_is_repeated_unchanged(answered: str) -> None:
    assert restored_ids(answered, "hex-decimal") == MessageIds(answered, answered, True)
