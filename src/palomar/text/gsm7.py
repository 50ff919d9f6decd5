"""The GSM 7 bit alphabet: which characters it has, what they cost, and their octets.

Source: 3GPP TS 23.038 sections 6.1.2.1 (packing), 6.2.1 (the default alphabet) and 6.2.1.1 (its extension table). A
pair of tables is data (`SeptetTables`), and every function takes one: a national language of Annex A is another pair,
not another code path. Not here: parts (`alphabets`), data codings and headers (the carriers).
"""

import codecs
import re
from collections.abc import Mapping
from types import MappingProxyType

ESCAPE = 0x1B
"""The septet that calls the extension table (section 6.2.1)."""

REPLACEMENT = "\ufffd"
"""What is shown for a septet that has no character; in a basic table it marks such a place."""


class SeptetTables:
    """A basic table of 128 characters and the extension table behind its escape, prepared for use.

    Nearly all basic characters are in Latin-1, so `bytes.translate` checks and encodes most texts. The few others
    (Greek capitals, the euro, escaped characters) take a slower way to the same octets.
    """

    __slots__ = (
        "basic",
        "extension",
        "extension_characters",
        "foreign_characters",
        "from_octets",
        "latin1_basic",
        "latin1_to_septets",
        "only_known_characters",
        "to_septets",
    )

    def __init__(self, basic: str, extension: Mapping[int, str]) -> None:
        """Take the 128 characters of `basic` in order (the escape at 0x1B), and `extension` by septet.

        A character of both tables is written by the basic one, which costs less.
        """
        if len(basic) != 128 or ord(basic[ESCAPE]) != ESCAPE:
            raise ValueError("a basic table has 128 characters, the escape at 0x1B")
        septet_of = {
            character: septet for septet, character in enumerate(basic) if septet != ESCAPE and character != REPLACEMENT
        }
        latin1 = {ord(character): septet for character, septet in septet_of.items() if character <= "\xff"}
        escaped = {character: septet for septet, character in extension.items() if character not in septet_of}
        known = re.escape("".join([*septet_of, *escaped]))

        self.basic = basic
        self.extension = extension
        self.latin1_basic = bytes(latin1)
        self.latin1_to_septets = bytes(latin1.get(octet, 0) for octet in range(256))
        self.only_known_characters = re.compile(f"[{known}]*").fullmatch
        self.foreign_characters = re.compile(f"[^{known}]")
        self.extension_characters = re.compile(f"[{re.escape(''.join(escaped))}]" if escaped else "(?!)")
        self.to_septets = {ord(character): chr(septet) for character, septet in septet_of.items()}
        self.to_septets |= {ord(character): f"\x1b{chr(septet)}" for character, septet in escaped.items()}
        self.from_octets = basic + REPLACEMENT * 128


DEFAULT = SeptetTables(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà",
    MappingProxyType(
        {
            0x0A: "\f",
            0x14: "^",
            0x28: "{",
            0x29: "}",
            0x2F: "\\",
            0x3C: "[",
            0x3D: "~",
            0x3E: "]",
            0x40: "|",
            0x65: "€",
        }
    ),
)
"""The GSM 7 bit default alphabet and its extension table (sections 6.2.1 and 6.2.1.1)."""


def is_gsm(text: str, tables: SeptetTables = DEFAULT) -> bool:
    """Return True if every character of `text` is in one of the two tables. The escape itself is in neither."""
    return _plain_octets(text, tables) is not None or tables.only_known_characters(text) is not None


def septets_if_gsm(text: str, tables: SeptetTables = DEFAULT) -> int | None:
    """Count the septets of a text; return None if it has a character that is in neither table."""
    if _plain_octets(text, tables) is not None:
        return len(text)
    return None if tables.only_known_characters(text) is None else _with_escapes(text, tables)


def septets(text: str, tables: SeptetTables = DEFAULT) -> int:
    """Count the septets of a text for which `is_gsm` is true: an extension character takes two."""
    if _plain_octets(text, tables) is not None:
        return len(text)
    return _with_escapes(text, tables)


def encode(text: str, tables: SeptetTables = DEFAULT) -> bytes:
    """Encode `text`, one septet an octet, unpacked, as SMPP's data_coding 0 carries it.

    Raises `UnicodeEncodeError` (a `ValueError`) at the first character that the tables lack.
    """
    plain = _plain_octets(text, tables)
    if plain is not None:
        return plain.translate(tables.latin1_to_septets)
    if foreign := tables.foreign_characters.search(text):
        raise UnicodeEncodeError("gsm7", text, foreign.start(), foreign.end(), "not in the GSM 7 bit alphabet")
    return text.translate(tables.to_septets).encode("latin-1")


def decode(octets: bytes, tables: SeptetTables = DEFAULT) -> str:
    """Decode unpacked septets as a receiving entity shall (section 6.2.1.1); never fails.

    An escape before a septet that the extension table lacks shows that septet's basic character; two escapes (reserved
    for a further table) and an escape at the end show a space. An octet above 0x7F is not a septet and shows U+FFFD.
    """
    plain, *pieces = _ESCAPED_SEPTET.split(octets)
    text = codecs.charmap_decode(plain, "strict", tables.from_octets)[0]
    for escaped, plain in zip(pieces[::2], pieces[1::2], strict=True):
        text += _unescaped(escaped, tables) + codecs.charmap_decode(plain, "strict", tables.from_octets)[0]
    return text


_ESCAPED_SEPTET = re.compile(b"\x1b(.?)", re.DOTALL)


def _with_escapes(text: str, tables: SeptetTables) -> int:
    """Count the septets of a text with extension characters: each has an escape before it."""
    return len(text) + len(tables.extension_characters.findall(text))


def _plain_octets(text: str, tables: SeptetTables) -> bytes | None:
    """Return the Latin-1 octets of a text that consists of basic Latin-1 characters, as most do; None for any other."""
    try:
        octets = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    return None if octets.translate(None, tables.latin1_basic) else octets


def _unescaped(octet: bytes, tables: SeptetTables) -> str:
    if not octet or octet[0] == ESCAPE:
        return " "
    return tables.extension.get(octet[0]) or tables.from_octets[octet[0]]
