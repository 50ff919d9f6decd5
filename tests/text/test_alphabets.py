"""Parts of a text: their limits, their number, their octets, with `smsutil` as a second opinion."""

import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st

from palomar.text import gsm7
from palomar.text.alphabets import (
    GSM_FOLDS,
    MAX_PARTS,
    PART_UNITS,
    SHIFTS,
    SINGLE_UNITS,
    Alphabet,
    TextSize,
    count_parts,
    fold_to_gsm,
    has_unusable_characters,
    measure,
    payloads,
    shortest_in_languages,
    text_of_payload,
    units,
)
from palomar.text.languages import Language, septet_tables

GSM_CHARACTERS = gsm7.decode(bytes(octet for octet in range(128) if octet != gsm7.ESCAPE)) + "^{}\\[~]|€\f"


@st.composite
def long_texts(draw: st.DrawFn, characters: str) -> str:
    """Draw texts of a few parts with pairs anywhere, which random characters alone seldom reach."""
    chunks = draw(st.lists(st.text(st.sampled_from(characters), max_size=20), max_size=4))
    filler = st.integers(0, 170).map(lambda count: characters[0] * count)
    return "".join(chunk + draw(filler) for chunk in chunks)


gsm_texts = long_texts("a€{^]ñ@\f~")
ucs2_texts = long_texts("中😀a\U0010ffff\ue000\uffff")
texts = gsm_texts | ucs2_texts | st.text(max_size=300)


def split(text: str, alphabet: Alphabet) -> tuple[str, ...]:
    """Decode the payloads of a text."""
    return tuple(text_of_payload(octets, alphabet) for octets in payloads(text, alphabet))


def fewest_parts(text: str, alphabet: Alphabet) -> int:
    """Count the parts by definition: filling greedily is optimal if the units keep their order."""
    costs = [units(character, alphabet) for character in text]
    if sum(costs) <= SINGLE_UNITS[alphabet]:
        return 1
    parts, room = 1, PART_UNITS[alphabet]
    for cost in costs:
        if cost > room:
            parts, room = parts + 1, PART_UNITS[alphabet]
        room -= cost
    return parts


@given(texts)
@example("a" * 160)
@example("a" * 161)
@example("a" * 152 + "€" * 100)
@example("中" * 66 + "😀" * 50)
@example("😀" * 35)
@example("😀" * 36)
def test_the_parts_make_up_the_text_fit_and_are_the_fewest(text: str) -> None:
    measured = measure(text)
    parts = split(text, measured.alphabet)
    assert "".join(parts) == text
    limit = SINGLE_UNITS if len(parts) == 1 else PART_UNITS
    assert all(units(part, measured.alphabet) <= limit[measured.alphabet] for part in parts)
    assert len(parts) == measured.parts == fewest_parts(text, measured.alphabet)
    assert count_parts(text, measured.alphabet) == measured.parts


@given(texts)
def test_payloads_are_the_octets_of_the_parts(text: str) -> None:
    alphabet = measure(text).alphabet
    encode = gsm7.encode if alphabet is Alphabet.GSM else (lambda part: part.encode("utf-16-be"))
    assert payloads(text, alphabet) == tuple(encode(part) for part in split(text, alphabet))


@given(gsm_texts | st.text(st.sampled_from(GSM_CHARACTERS), max_size=400))
def test_a_gsm_text_may_be_sent_as_ucs2_too(text: str) -> None:
    parts = split(text, Alphabet.UCS2)
    assert "".join(parts) == text
    assert len(parts) == count_parts(text, Alphabet.UCS2) == fewest_parts(text, Alphabet.UCS2)


@given((gsm_texts | ucs2_texts).filter(bool))
@example("a" * 152 + "€" * 100)
def test_smsutil_cuts_at_the_same_places(text: str) -> None:
    # It deviates on the empty text only, of which it makes no part.
    assert split(text, measure(text).alphabet) == tuple(part.content for part in smsutil.split(text).parts)


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("", TextSize(Alphabet.GSM, 0, 1)),
        ("a" * 160, TextSize(Alphabet.GSM, 160, 1)),
        ("a" * 161, TextSize(Alphabet.GSM, 161, 2)),
        ("a" * 306, TextSize(Alphabet.GSM, 306, 2)),
        ("a" * 307, TextSize(Alphabet.GSM, 307, 3)),
        ("€" * 80, TextSize(Alphabet.GSM, 160, 1)),
        ("€" * 81, TextSize(Alphabet.GSM, 162, 2)),
        ("€" * 153, TextSize(Alphabet.GSM, 306, 3)),  # 76 a part, as a pair is never cut
        ("ç" * 70, TextSize(Alphabet.UCS2, 70, 1)),
        ("ç" * 71, TextSize(Alphabet.UCS2, 71, 2)),
        ("ç" * 135, TextSize(Alphabet.UCS2, 135, 3)),
        ("😀" * 35, TextSize(Alphabet.UCS2, 70, 1)),
        ("😀" * 67, TextSize(Alphabet.UCS2, 134, 3)),  # 33 a part
    ],
)
def test_the_limits_are_those_of_23_040(text: str, measured: TextSize) -> None:
    assert measure(text) == measured


def test_no_part_ends_with_an_escape_or_a_high_surrogate() -> None:
    assert [len(octets) for octets in payloads("a" * 152 + "€" * 10, Alphabet.GSM)] == [152, 20]
    assert [len(octets) for octets in payloads("中" * 66 + "😀" * 5, Alphabet.UCS2)] == [132, 20]


def test_the_largest_message_has_255_parts_and_no_more() -> None:
    largest = "a" * (MAX_PARTS * 153)
    assert len(split(largest, Alphabet.GSM)) == MAX_PARTS
    with pytest.raises(ValueError, match="256 parts"):
        split(largest + "a", Alphabet.GSM)
    assert measure(largest + "a").parts == MAX_PARTS + 1


def test_splitting_a_foreign_text_as_gsm_raises() -> None:
    with pytest.raises(UnicodeEncodeError):
        split("中", Alphabet.GSM)


@pytest.mark.parametrize("text", ["\0", "a\0b", "é\0", "\ud83d", "a\ude00", "\ude00\ud83d"])
def test_nul_and_lone_surrogates_are_unusable_characters_characters_characters(text: str) -> None:
    assert has_unusable_characters(text)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_other_text_has_no_unusable_characters(text: str) -> None:
    assert not has_unusable_characters(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ação, São João", "acao, Sao Joao"),
        ("á í ó ú Á Í Ó Ú ç", "a i o u A I O U c"),
        ("camión, mañana, è à ù ñ É", "camion, mañana, è à ù ñ É"),
        ("cafe\u0301 ç", "café c"),
        ("“Hola” – l’été…", '"Hola" - l\'été...'),
        ("Łódź, œuvre, þ", "Lodz, oeuvre, th"),
        ("à è ñ €", "à è ñ €"),
        ("中 ç", "中 c"),
    ],
)
def test_folding_removes_the_accents_that_gsm_lacks(text: str, folded: str) -> None:
    assert fold_to_gsm(text) == folded


@given(st.text(max_size=100))
def test_folding_is_idempotent_and_keeps_gsm_texts(text: str) -> None:
    folded = fold_to_gsm(text)
    assert fold_to_gsm(folded) == folded
    assert not gsm7.is_gsm(text) or folded == text


def test_every_fold_replaces_a_foreign_character_by_gsm_ones() -> None:
    assert all(not gsm7.is_gsm(chr(character)) for character in GSM_FOLDS)
    assert all(gsm7.is_gsm(replacement) for replacement in GSM_FOLDS.values())


IBERIAN = (Language.SPANISH, Language.PORTUGUESE)
NATIONAL = [alphabet for alphabet, shifts in SHIFTS.items() if any(shifts)]


def test_every_alphabet_names_its_shifts() -> None:
    assert SHIFTS[Alphabet.GSM] == SHIFTS[Alphabet.UCS2] == (None, None)
    assert SHIFTS[Alphabet.TURKISH_SINGLE] == (None, Language.TURKISH)
    assert SHIFTS[Alphabet.TURKISH_LOCKING] == (Language.TURKISH, None)
    assert SHIFTS[Alphabet.URDU_BOTH] == (Language.URDU, Language.URDU)
    assert len(set(SHIFTS.values())) == len(SHIFTS) - 1


@pytest.mark.parametrize(
    ("alphabet", "single", "part"),
    [
        (Alphabet.SPANISH_SINGLE, 155, 149),
        (Alphabet.TURKISH_LOCKING, 155, 149),
        (Alphabet.PORTUGUESE_BOTH, 152, 146),
    ],
)
def test_the_headers_of_the_shifts_cost_septets(alphabet: Alphabet, single: int, part: int) -> None:
    """23.040 section 9.2.3.24: 4 or 7 octets of header alone, 9 or 12 with a concatenation."""
    assert (SINGLE_UNITS[alphabet], PART_UNITS[alphabet]) == (single, part)


@given(st.sampled_from(NATIONAL), st.data())
def test_a_text_in_a_national_language_is_cut_like_any_other(alphabet: Alphabet, data: st.DataObject) -> None:
    tables = septet_tables(*SHIFTS[alphabet])
    known = sorted({c for c in [*tables.basic, *tables.extension.values()] if gsm7.is_gsm(c, tables)})
    text = data.draw(st.lists(st.sampled_from(known), max_size=500).map("".join))
    parts = split(text, alphabet)
    assert "".join(parts) == text
    limit = SINGLE_UNITS if len(parts) == 1 else PART_UNITS
    assert all(units(part, alphabet) <= limit[alphabet] for part in parts)
    assert len(parts) == count_parts(text, alphabet) == fewest_parts(text, alphabet)


@pytest.mark.parametrize(
    ("text", "languages", "measured"),
    [
        ("Mañana en Ávila: á í ó ú " * 4, IBERIAN, TextSize(Alphabet.SPANISH_SINGLE, 120, 1)),
        ("não há mais ação " * 8, IBERIAN, TextSize(Alphabet.PORTUGUESE_LOCKING, 136, 1)),
        ("ışığı " * 25, [Language.TURKISH], TextSize(Alphabet.TURKISH_LOCKING, 150, 1)),
        ("mañana á " * 8, IBERIAN, TextSize(Alphabet.SPANISH_SINGLE, 80, 1)),
        ("á", IBERIAN, None),  # one part either way
        ("ш" * 100, IBERIAN, None),
        ("mañana á " * 8, [], None),
        ("mañana á " * 8, [Language.TURKISH], None),
        ("não " * 200, IBERIAN, TextSize(Alphabet.PORTUGUESE_LOCKING, 800, 6)),
        ("ãõΦ" * 30 + "a" * 50, IBERIAN, TextSize(Alphabet.PORTUGUESE_BOTH, 170, 2)),
    ],
)
def test_a_national_language_is_chosen_if_it_makes_fewer_parts(
    text: str, languages: list[Language], measured: TextSize | None
) -> None:
    found = shortest_in_languages(text, languages)
    assert found == measured
    if found is not None:
        assert found.parts < count_parts(text, Alphabet.UCS2)
        assert "".join(split(text, found.alphabet)) == text
