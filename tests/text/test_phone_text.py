"""Texts of phones: read even if a carrier mangled them; parts are joined before they are decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.text import gsm7
from palomar.text.phone_text import UCS2, TextPart, gsm_coding, join_text, read_text
from palomar.vocabulary.opt_out_words import STOP_WORDS, find_word

BIG, LITTLE = b"\xfe\xff", b"\xff\xfe"
STOP = "STOP".encode(UCS2)


@pytest.mark.parametrize(
    "octets",
    [
        STOP,
        BIG + STOP,
        LITTLE + "STOP".encode("utf-16-le"),
        "STOP".encode("utf-16-le"),
        STOP + b"\0",
        STOP + b"\0\0",
        STOP + b"\x20",
        STOP[1:],
        b"\0" + STOP,
        BIG + STOP + b"\0",
        LITTLE + "STOP".encode("utf-16-le") + b"\0",
    ],
)
@pytest.mark.parametrize("coding", [UCS2])
def test_ucs2_is_read_in_either_order_with_or_without_a_mark_or_a_surplus_octet(octets: bytes, coding: str) -> None:
    assert read_text(octets, coding) == "STOP"


@pytest.mark.parametrize(
    ("octets", "text"),
    [(b"STOP", "STOP"), (b"Stop.", "Stop."), (b"parar", "parar"), (b"ALTA \0", "ALTA "), (b"BAJA", "BAJA")],
)
def test_an_ascii_word_declared_as_ucs2_is_read_as_the_word(octets: bytes, text: str) -> None:
    assert read_text(octets, UCS2) == text


@pytest.mark.parametrize("text", ["中文", "你好", "人民", "StOp"])
def test_ideographs_and_letters_are_not_mistaken_for_such_a_word(text: str) -> None:
    assert read_text(text.encode(UCS2), UCS2) == text


@pytest.mark.parametrize("text", ["Ñandú", "¿Qué?\r\nSí", "20 € y más", "Hola 😀 ñ"])
def test_latin_text_in_the_other_order_of_octets_is_read_without_a_mark(text: str) -> None:
    assert read_text(text.encode("utf-16-le"), UCS2) == text
    assert read_text(text.encode(UCS2), UCS2) == text


@pytest.mark.parametrize("coding", ["gsm", "latin-1", "ascii"])
@pytest.mark.parametrize("octets", [STOP, BIG + STOP, LITTLE + "STOP".encode("utf-16-le")])
def test_ucs2_declared_as_another_coding_is_recognized_by_its_mark_or_its_zeros(octets: bytes, coding: str) -> None:
    assert read_text(octets, coding) == "STOP"


@pytest.mark.parametrize("text", ["一二", "匀", "ñ😀", "@a", "Ω", "一一一一"])
def test_correct_texts_are_read_unchanged(text: str) -> None:
    assert read_text(text.encode(UCS2), UCS2) == text


def test_at_signs_in_septets_are_kept() -> None:
    assert read_text(gsm7.encode("@ana@beto"), "gsm") == "@ana@beto"
    assert read_text(b"\0a", "gsm") == "@a"


@pytest.mark.parametrize(
    "text",
    [
        "STOP\0",
        "STOP\u00a0",
        "stop\u200e",
        "\ufeffSTOP",
        "STOP\ufffd",
        "STOP@",
        "¡Stóp!",
        "STOP 🙏",
        "STOP\r\n" + " " * 90,
    ],
)
def test_an_opt_out_word_is_found_whatever_surrounds_it(text: str) -> None:
    assert find_word(text, STOP_WORDS) == "STOP"


# --- parts that are joined


def pieces(coding: str, *octets: bytes, first: int = 1) -> dict[int, TextPart]:
    return {number: TextPart(read_text(some, coding), some, coding) for number, some in enumerate(octets, first)}


@given(st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=("Cs",)), max_size=60), st.data())
def test_a_ucs2_text_cut_between_any_two_units_is_whole_again(text: str, data: st.DataObject) -> None:
    octets = text.encode(UCS2)
    cut = 2 * data.draw(st.integers(0, len(octets) // 2))
    assert join_text(pieces(UCS2, octets[:cut], octets[cut:])) == read_text(octets, UCS2)


def test_an_emoji_across_two_parts_is_joined() -> None:
    octets = "a😀b".encode(UCS2)
    assert join_text(pieces(UCS2, octets[:4], octets[4:])) == "a😀b"


def test_an_escape_at_the_end_of_a_part_is_joined_with_the_next_septet() -> None:
    octets = gsm7.encode("10€")
    assert join_text(pieces("gsm", octets[:-1], octets[-1:])) == "10€"
    assert join_text(pieces(gsm_coding(0, 2), b"\x1b", b"\x65")) == "€"


def test_a_character_that_was_cut_between_its_octets_is_whole_again() -> None:
    octets = "Hola, ¿qué tal?".encode(UCS2)
    assert join_text(pieces(UCS2, octets[:7], octets[7:])) == "Hola, ¿qué tal?"


def test_a_surplus_zero_at_the_end_of_each_part_shifts_nothing() -> None:
    parts = [text.encode(UCS2) + b"\0" for text in ("Hola, ", "¿qué tal?")]
    assert join_text(pieces(UCS2, *parts)) == "Hola, ¿qué tal?"


def test_a_byte_order_mark_in_each_part_or_the_first_only_is_removed() -> None:
    octets = "a😀b".encode("utf-16-le")
    assert join_text(pieces(UCS2, LITTLE + octets[:4], LITTLE + octets[4:])) == "a😀b"
    assert join_text(pieces(UCS2, LITTLE + octets[:4], octets[4:])) == "a😀b"


def test_parts_in_different_codings_or_beside_a_missing_one_are_read_separately() -> None:
    high, low = "😀".encode(UCS2)[:2], "😀".encode(UCS2)[2:]
    mixed = pieces(UCS2, "¿".encode(UCS2)) | pieces("gsm", b"Hola", first=2)
    assert join_text(mixed) == "¿Hola"
    assert join_text(pieces(UCS2, high) | pieces(UCS2, low, first=3)) == "\ufffd\ufffd"


def test_a_part_without_octets_is_used_by_its_text() -> None:
    assert join_text({1: TextPart("uno "), 2: TextPart("dos"), 4: TextPart("!")}) == "uno dos!"


@given(st.dictionaries(st.integers(1, 9), st.tuples(st.binary(max_size=20), st.sampled_from([UCS2, "gsm", "latin-1"]))))
def test_any_octets_are_read_as_text_that_can_be_stored(parts: dict[int, tuple[bytes, str]]) -> None:
    text = join_text({number: TextPart(read_text(o, c), o, c) for number, (o, c) in parts.items()})
    assert "\0" not in text
    text.encode("utf-8")
