"""Texts of phones, as carriers mangle them: read all the same; and parts that are joined before they are read."""

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
def test_ucs2_is_read_whatever_its_order_its_mark_and_an_octet_too_many_or_too_few(octets: bytes, coding: str) -> None:
    assert read_text(octets, coding) == "STOP"


@pytest.mark.parametrize(
    ("octets", "text"),
    [(b"STOP", "STOP"), (b"Stop.", "Stop."), (b"parar", "parar"), (b"ALTA \0", "ALTA "), (b"BAJA", "BAJA")],
)
def test_a_word_in_ascii_that_calls_itself_ucs2_is_that_word(octets: bytes, text: str) -> None:
    assert read_text(octets, UCS2) == text


@pytest.mark.parametrize("text", ["中文", "你好", "人民", "StOp"])
def test_ideographs_and_letters_are_no_such_word(text: str) -> None:
    assert read_text(text.encode(UCS2), UCS2) == text


@pytest.mark.parametrize("text", ["Ñandú", "¿Qué?\r\nSí", "20 € y más", "Hola 😀 ñ"])
def test_latin_text_in_the_other_order_of_octets_is_read_without_a_mark(text: str) -> None:
    assert read_text(text.encode("utf-16-le"), UCS2) == text
    assert read_text(text.encode(UCS2), UCS2) == text


@pytest.mark.parametrize("coding", ["gsm", "latin-1", "ascii"])
@pytest.mark.parametrize("octets", [STOP, BIG + STOP, LITTLE + "STOP".encode("utf-16-le")])
def test_ucs2_under_another_name_is_known_by_its_mark_or_its_zeros(octets: bytes, coding: str) -> None:
    assert read_text(octets, coding) == "STOP"


@pytest.mark.parametrize("text", ["一二", "匀", "ñ😀", "@a", "Ω", "一一一一"])
def test_what_is_sound_is_read_as_it_stands(text: str) -> None:
    assert read_text(text.encode(UCS2), UCS2) == text


def test_septets_keep_their_ats() -> None:
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
def test_a_word_is_obeyed_whatever_surrounds_it(text: str) -> None:
    assert find_word(text, STOP_WORDS) == "STOP"


# --- parts that are joined


def pieces(coding: str, *octets: bytes, first: int = 1) -> dict[int, TextPart]:
    return {number: TextPart(read_text(some, coding), some, coding) for number, some in enumerate(octets, first)}


@given(st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=("Cs",)), max_size=60), st.data())
def test_a_text_that_was_cut_anywhere_between_octets_pairs_is_whole_again(text: str, data: st.DataObject) -> None:
    octets = text.encode(UCS2)
    cut = 2 * data.draw(st.integers(0, len(octets) // 2))
    assert join_text(pieces(UCS2, octets[:cut], octets[cut:])) == read_text(octets, UCS2)


def test_an_emoji_that_lies_across_two_parts_is_one() -> None:
    octets = "a😀b".encode(UCS2)
    assert join_text(pieces(UCS2, octets[:4], octets[4:])) == "a😀b"


def test_an_escape_at_the_end_of_a_part_belongs_to_the_septet_of_the_next() -> None:
    octets = gsm7.encode("10€")
    assert join_text(pieces("gsm", octets[:-1], octets[-1:])) == "10€"
    assert join_text(pieces(gsm_coding(0, 2), b"\x1b", b"\x65")) == "€"


def test_a_character_that_was_cut_between_its_octets_is_whole_again() -> None:
    octets = "Hola, ¿qué tal?".encode(UCS2)
    assert join_text(pieces(UCS2, octets[:7], octets[7:])) == "Hola, ¿qué tal?"


def test_a_zero_too_many_at_the_end_of_each_part_moves_nothing() -> None:
    parts = [text.encode(UCS2) + b"\0" for text in ("Hola, ", "¿qué tal?")]
    assert join_text(pieces(UCS2, *parts)) == "Hola, ¿qué tal?"


def test_a_mark_at_the_beginning_of_each_part_or_of_the_first_alone() -> None:
    octets = "a😀b".encode("utf-16-le")
    assert join_text(pieces(UCS2, LITTLE + octets[:4], LITTLE + octets[4:])) == "a😀b"
    assert join_text(pieces(UCS2, LITTLE + octets[:4], octets[4:])) == "a😀b"


def test_parts_in_different_codings_or_with_one_between_missing_are_read_apart() -> None:
    high, low = "😀".encode(UCS2)[:2], "😀".encode(UCS2)[2:]
    mixed = pieces(UCS2, "¿".encode(UCS2)) | pieces("gsm", b"Hola", first=2)
    assert join_text(mixed) == "¿Hola"
    assert join_text(pieces(UCS2, high) | pieces(UCS2, low, first=3)) == "\ufffd\ufffd"


def test_a_part_of_which_only_the_text_is_known_is_taken_as_it_is() -> None:
    assert join_text({1: TextPart("uno "), 2: TextPart("dos"), 4: TextPart("!")}) == "uno dos!"


@given(st.dictionaries(st.integers(1, 9), st.tuples(st.binary(max_size=20), st.sampled_from([UCS2, "gsm", "latin-1"]))))
def test_whatever_comes_it_is_text_that_can_be_stored(parts: dict[int, tuple[bytes, str]]) -> None:
    text = join_text({number: TextPart(read_text(o, c), o, c) for number, (o, c) in parts.items()})
    assert "\0" not in text
    text.encode("utf-8")
