"""The GSM 7 bit alphabet, against 3GPP TS 23.038 and against `smsutil`."""

import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from palomar.text import gsm7

# smsutil takes the bare escape for a character and an empty text for no GSM text: both are its own.
GSM_CHARACTERS = (GSM_BASIC_CHARSET + GSM_EXT_CHARSET).replace("\x1b", "")
gsm_texts = st.text(st.sampled_from(GSM_CHARACTERS), max_size=400)
septet_strings = st.binary(max_size=200).map(lambda octets: bytes(octet & 0x7F for octet in octets))


@given(gsm_texts)
@example("€" * 160)
@example("")
def test_a_text_of_the_alphabet_survives_encoding_and_decoding(text: str) -> None:
    assert gsm7.is_gsm(text)
    assert gsm7.decode(gsm7.encode(text)) == text


@given(gsm_texts)
def test_septets_counts_the_octets_of_the_encoding(text: str) -> None:
    assert gsm7.septets(text) == len(gsm7.encode(text))


@given(st.text())
@example("`")
@example("ç")
@example("á")
@example("\x1b")
@example("\u0391")
def test_is_gsm_agrees_with_smsutil(text: str) -> None:
    expected = text == "" or ("\x1b" not in text and smsutil.codecs.is_valid_gsm(text))
    assert gsm7.is_gsm(text) == expected
    assert gsm7.septets_if_gsm(text) == (gsm7.septets(text) if expected else None)


@given(gsm_texts.filter(bool))
def test_the_octets_equal_those_of_smsutil(text: str) -> None:
    # smsutil builds its extension pairs as integers that no charmap emits, so only the basic table compares.
    basic = "".join(character for character in text if character not in GSM_EXT_CHARSET)
    assert gsm7.encode(basic) == basic.encode("gsm0338")


@pytest.mark.parametrize(
    ("character", "octets"),
    [
        ("@", "00"),
        ("_", "11"),
        ("Δ", "10"),
        ("Ξ", "1a"),
        ("É", "1f"),
        ("¤", "24"),
        ("¡", "40"),
        ("§", "5f"),
        ("¿", "60"),
        ("à", "7f"),
        ("\f", "1b0a"),
        ("^", "1b14"),
        ("{", "1b28"),
        ("}", "1b29"),
        ("\\", "1b2f"),
        ("[", "1b3c"),
        ("~", "1b3d"),
        ("]", "1b3e"),
        ("|", "1b40"),
        ("€", "1b65"),
    ],
)
def test_a_character_has_its_place_of_the_tables_in_6_2_1(character: str, octets: str) -> None:
    assert gsm7.encode(character).hex() == octets
    assert gsm7.decode(bytes.fromhex(octets)) == character


@pytest.mark.parametrize(("octets", "shown"), [("1b61", "a"), ("1b00", "@"), ("411b", "A "), ("1b1b41", " A")])
def test_an_unknown_escape_is_decoded_as_in_6_2_1_1(octets: str, shown: str) -> None:
    assert gsm7.decode(bytes.fromhex(octets)) == shown


@given(st.binary())
@example(b"\x1b\xff")
def test_decoding_never_fails_and_invents_no_character(octets: bytes) -> None:
    decoded = gsm7.decode(octets)
    assert gsm7.is_gsm(decoded.replace("\ufffd", ""))
    assert len(decoded) <= len(octets)


@pytest.mark.parametrize("text", ["ç", "hola á", "😀", "€ 中", "\x1b", "\x1be"])
def test_encoding_a_foreign_character_raises_with_its_position(text: str) -> None:
    with pytest.raises(UnicodeEncodeError) as raised:
        gsm7.encode(text)
    assert gsm7.is_gsm(text[: raised.value.start])
    assert not gsm7.is_gsm(text[raised.value.start])


def test_a_table_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="128 characters"):
        gsm7.SeptetTables("abc", {})


def test_every_function_takes_another_pair_of_tables() -> None:
    turkish_i = gsm7.SeptetTables(gsm7.DEFAULT.from_octets[:128].replace("ì", "ı"), {0x53: "Ş", 0x65: "€"})
    assert gsm7.encode("ıŞ", turkish_i).hex() == "071b53"
    assert gsm7.decode(b"\x07\x1b\x53", turkish_i) == "ıŞ"
    assert not gsm7.is_gsm("ì", turkish_i)
