"""``texts.py``: what is folded, what goes as UCS-2, and what is too long."""

import pytest

from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.dialects.convergia.texts import Fitted, fit
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.refusals import Refusal

DEFAULTS = ConvergiaSettings()


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("Hola", Fitted("Hola", Alphabet.GSM, 1)),
        ("Información: ção “x”\r\n", Fitted('Informacion: cao "x"\n', Alphabet.GSM, 1)),
        ("¡Año ñandú!", Fitted("¡Año ñandu!", Alphabet.GSM, 1)),
        (" ", Fitted(" ", Alphabet.GSM, 1)),
        ("a" * 160, Fitted("a" * 160, Alphabet.GSM, 1)),
        ("á" * 160, Fitted("a" * 160, Alphabet.GSM, 1)),
        ("€" * 160, Fitted("€" * 160, Alphabet.GSM, 3)),
        ("a" * 159 + "\u200b\u200b", Fitted("a" * 159, Alphabet.GSM, 1)),
        ("¡Sí! 😀", Fitted("¡Sí! 😀", Alphabet.UCS2, 1)),
        ("日" * 70, Fitted("日" * 70, Alphabet.UCS2, 1)),
        ("😀" * 35, Fitted("😀" * 35, Alphabet.UCS2, 1)),
    ],
)
def test_a_text_gets_its_alphabet_and_parts(text: str, fitted: Fitted) -> None:
    assert fit(text, DEFAULTS) == fitted


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("a" * 161, Refusal.TEXT_TOO_LONG),
        ("…" * 54, Refusal.TEXT_TOO_LONG),
        ("日" * 71, Refusal.TEXT_TOO_LONG),
        ("😀" * 36, Refusal.TEXT_TOO_LONG),
        ("a" * 70 + "日", Refusal.TEXT_TOO_LONG),
        ("a\0b", Refusal.CHARACTERS),
        ("\ud83d", Refusal.CHARACTERS),
        ("\u200b", Refusal.EMPTY_TEXT),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(text: str, refusal: Refusal) -> None:
    assert fit(text, DEFAULTS) is refusal


def test_both_limits_are_settings() -> None:
    settings = ConvergiaSettings(max_characters=320, max_ucs2_units=140)
    assert fit("a" * 320, settings) == Fitted("a" * 320, Alphabet.GSM, 3)
    assert fit("a" * 321, settings) is Refusal.TEXT_TOO_LONG
    assert fit("日" * 140, settings) == Fitted("日" * 140, Alphabet.UCS2, 3)
    assert fit("日" * 141, settings) is Refusal.TEXT_TOO_LONG
