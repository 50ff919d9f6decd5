"""Choose the alphabet of a text: folded to GSM if that is possible, else UCS-2, if it is short."""

from typing import NamedTuple

from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.text.alphabets import Alphabet, has_unusable_characters, measure
from palomar.text.folding import fold_text
from palomar.vocabulary.refusals import Refusal


class Fitted(NamedTuple):
    """A text as it will be sent."""

    text: str
    alphabet: Alphabet
    parts: int


def fit(text: str, settings: ConvergiaSettings) -> Fitted | Refusal:
    """Choose the alphabet of a text. Characters are counted as people do, so 160 of them with a euro take two parts;
    nothing is ever cut off."""
    if has_unusable_characters(text):
        return Refusal.CHARACTERS
    folded = fold_text(text)
    if not folded:
        return Refusal.EMPTY_TEXT
    measured = measure(folded)
    if measured.alphabet is Alphabet.GSM:
        too_long = len(folded) > settings.max_characters
    else:
        folded, measured = text, measure(text)
        too_long = measured.units > settings.max_ucs2_units
    return Refusal.TEXT_TOO_LONG if too_long else Fitted(folded, measured.alphabet, measured.parts)
