"""Languages with a national language shift table, and what such a table makes of the GSM 7 bit alphabet.

Source: 3GPP TS 23.038 section 6.2.1.2 and Annex A. A single shift table replaces the extension table; a locking shift
table replaces the default alphabet. Not here: the tables themselves (``latin_tables``, ``indic_tables``), what a header
that names them costs (``alphabets``), and how the header is written (the carriers).
"""

from collections.abc import Mapping
from enum import Enum, unique
from functools import cache

from palomar.text import indic_tables, latin_tables
from palomar.text.gsm7 import DEFAULT, ESCAPE, REPLACEMENT, SeptetTables


@unique
class Language(Enum):
    """A language with tables of its own; the value is its national language identifier (section 6.2.1.2.4)."""

    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3
    BENGALI = 4
    GUJARATI = 5
    HINDI = 6
    KANNADA = 7
    MALAYALAM = 8
    ORIYA = 9
    PUNJABI = 10
    TAMIL = 11
    TELUGU = 12
    URDU = 13

    @property
    def word(self) -> str:
        """Return the name that the configuration uses."""
        return self.name.lower()


def language_by_identifier(identifier: int) -> Language | None:
    """Find the language of a national language identifier; None for a reserved one, which is to be ignored."""
    return _BY_IDENTIFIER.get(identifier)


@cache  # building one costs a tenth of a millisecond
def septet_tables(locking: Language | None, single: Language | None) -> SeptetTables:
    """Build the pair of tables under these shifts; the default table is used for a shift that is None (section
    6.2.1.2.4)."""
    if locking is None and single is None:
        return DEFAULT
    basic = _locking_table(locking.name) if locking is not None else DEFAULT.basic
    extension = _single_table(single.name) if single is not None else DEFAULT.extension
    return SeptetTables(basic, extension)


_BY_IDENTIFIER = {language.value: language for language in Language}


def _locking_table(name: str) -> str:
    places = dict.fromkeys(range(128), REPLACEMENT)
    if name in indic_tables.LOCKING:
        places |= _places(indic_tables.LOCKING_COMMON) | _places(indic_tables.LOCKING[name])
    else:
        places |= dict(enumerate(DEFAULT.basic)) | _places(latin_tables.LOCKING.get(name, {}))
    places[ESCAPE] = chr(ESCAPE)
    return "".join(places.values())


def _single_table(name: str) -> dict[int, str]:
    if name in indic_tables.SINGLE:
        return _places(indic_tables.SINGLE_COMMON) | _places(indic_tables.SINGLE[name])
    return dict(DEFAULT.extension) | _places(latin_tables.SINGLE[name])


def _places(runs: Mapping[int, str]) -> dict[int, str]:
    return {start + offset: character for start, run in runs.items() for offset, character in enumerate(run)}
