"""A part's text in the carrier's alphabet: never a question mark, never cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.carriers.smpp.parts import part, settings

from palomar.carriers.smpp.text_decoding import coding_finder
from palomar.carriers.smpp.text_encoding import EncodedText, plain_codings, text_encoder
from palomar.ports import Refused
from palomar.text.alphabets import USER_DATA_OCTETS, Alphabet, measure
from palomar.text.phone_text import read_text


def test_most_carriers_take_a_part_as_it_is() -> None:
    write = text_encoder(settings())
    assert write(part("¿Qué? €")) == EncodedText(0, b"\x60Qu\x05? \x1be")
    assert write(part("ш😀")) == EncodedText(8, "ш😀".encode("utf-16-be"))
    assert plain_codings(settings()) == {Alphabet.GSM: 0, Alphabet.UCS2: 8}


def test_the_data_codings_are_those_of_the_carrier() -> None:
    write = text_encoder(settings(gsm_coding=0xF1, ucs2_coding=4, gsm_flash_coding=0xF0, ucs2_flash_coding=0x1B))
    codings = [write(part(text, flash=flash))[0] for text in ("a", "ш") for flash in (False, True)]
    assert codings == [0xF1, 0xF0, 4, 0x1B]


@pytest.mark.parametrize(("text", "coding"), [("hola", 0x10), ("ш", 0x18)])
def test_flash_is_class_0(text: str, coding: int) -> None:
    written = text_encoder(settings())(part(text, flash=True))
    assert isinstance(written, EncodedText)
    assert written.data_coding == coding


@pytest.mark.parametrize(
    ("alphabet", "text", "written"),
    [
        ("latin-1", "¿Qué? @", EncodedText(0, "¿Qué? @".encode("latin-1"))),
        ("latin-1", "{ñ}", EncodedText(0, b"{\xf1}")),
        ("ascii", "hola @ [x]", EncodedText(0, b"hola @ [x]")),
        ("ascii", "año", EncodedText(8, "año".encode("utf-16-be"))),
        ("latin-1", "1 €", EncodedText(8, "1 €".encode("utf-16-be"))),
        ("latin-1", "ш", EncodedText(8, "ш".encode("utf-16-be"))),
    ],
)
def test_another_alphabet_is_used_and_missing_characters_go_as_ucs2(
    alphabet: str, text: str, written: EncodedText
) -> None:
    assert text_encoder(settings(alphabet=alphabet))(part(text)) == written


@pytest.mark.parametrize("number", [1, 2])
def test_a_text_that_fits_neither_way_is_refused_and_the_character_named(number: int) -> None:
    text = "€" + "x" * 200
    outcome = text_encoder(settings(alphabet="latin-1"))(part(text, number=number))
    if number == 1:
        assert outcome == Refused(
            status=0, reason="the carrier's alphabet has no U+20AC, and the part is too long for UCS-2"
        )
    else:
        assert outcome == EncodedText(0, b"x" * 49)


@pytest.mark.parametrize(("characters", "fits"), [(67, True), (68, False)])
def test_a_part_of_a_long_message_leaves_room_for_its_header(characters: int, fits: bool) -> None:
    short = structs.replace(part("€" + "a" * (characters - 1)), parts=2)
    assert isinstance(text_encoder(settings(alphabet="ascii"))(short), EncodedText if fits else Refused)


def test_a_languages_tables_are_named_for_the_header() -> None:
    write = text_encoder(settings(languages=("portuguese", "turkish")))
    assert write(part("não", alphabet=Alphabet.PORTUGUESE_LOCKING)) == EncodedText(0, b"n\x7bo", ((0x25, b"\x03"),))
    assert write(part("ğ", alphabet=Alphabet.TURKISH_SINGLE)) == EncodedText(0, b"\x1bg", ((0x24, b"\x01"),))
    both = write(part("não", alphabet=Alphabet.PORTUGUESE_BOTH, flash=True))
    assert both == EncodedText(0x10, b"n\x7bo", ((0x24, b"\x03"), (0x25, b"\x03")))


def test_a_language_that_the_carrier_does_not_take_goes_as_ucs2_or_is_refused() -> None:
    write = text_encoder(settings(languages=("portuguese",)))
    assert write(part("ğ", alphabet=Alphabet.TURKISH_SINGLE)) == EncodedText(8, "ğ".encode("utf-16-be"))
    assert write(part("ğ" * 75, alphabet=Alphabet.TURKISH_LOCKING)) == Refused(
        status=0, reason="the carrier does not take turkish-locking, and the part is too long for UCS-2"
    )


def test_national_letters_go_as_ucs2_to_a_carrier_of_another_alphabet() -> None:
    write = text_encoder(settings(alphabet="latin-1"))
    assert write(part("á", alphabet=Alphabet.SPANISH_SINGLE)) == EncodedText(8, "á".encode("utf-16-be"))


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=170),
    st.sampled_from(["gsm", "latin-1", "ascii"]),
    st.booleans(),
)
def test_an_encoded_text_decodes_to_the_part_or_is_refused(text: str, alphabet: str, flash: bool) -> None:
    carrier = settings(alphabet=alphabet)
    first = part(text, flash=flash)
    whole = measure(text).parts == 1
    written = text_encoder(carrier)(first)
    if isinstance(written, Refused):
        assert "U+" in written.reason
        return
    read = read_text(written.octets, coding_finder(carrier)(written.data_coding, written.shifts))
    assert read == text if whole else text.startswith(read)
    if written.data_coding in (8, 0x18):
        assert len(written.octets) <= USER_DATA_OCTETS
