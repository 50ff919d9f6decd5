"""The values in the lists and tables of a carrier's settings, read into our types.

Pure. Each function raises ``ValueError`` whose text begins with the setting's name.
"""

from collections.abc import Collection, Mapping
from typing import Final

from palomar.numbers.sender import SenderKind
from palomar.smpp import CommandStatus, Tlvs, UnencodablePdu, normalize_word
from palomar.smpp.tlvs import TLV_DEFINITIONS, Definition, IntegerTlv, OctetsTlv, TextTlv
from palomar.text.languages import Language
from palomar.vocabulary.message import State

HEX = "hex:"
_RESERVED_BY_US = frozenset({0x0204, 0x020C, 0x020E, 0x020F, 0x0424, 0x0017})
"""Parameters that each part sets itself: user_message_reference, sar_, message_payload, qos_time_to_live."""
RECEIPT_MEANINGS: Final[Mapping[str, State | None]] = {
    **{
        state.value: state
        for state in (State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN)
    },
    "pending": None,
}
"""What a word of a receipt can mean: a final state, or (None) none yet."""


def languages(words: Collection[str]) -> frozenset[Language]:
    """Read names of languages: ``turkish``, ``spanish`` ..."""
    known = {language.word: language for language in Language}
    unknown = sorted(set(words) - known.keys())
    if unknown:
        raise ValueError(f"languages: {', '.join(known)}; not {', '.join(unknown)}")
    return frozenset(known[word] for word in words)


def source_types(table: Mapping[str, str] | None) -> dict[SenderKind, tuple[int, int]]:
    """Read ``short_code = "0/1"``: TON and NPI by the kind of sender."""
    kinds = {kind.name.lower(): kind for kind in SenderKind}
    types = {}
    for name, text in (table or {}).items():
        ton, slash, npi = text.partition("/")
        if name not in kinds:
            raise ValueError(f"source_types: {', '.join(kinds)}; not {name}")
        if not (slash and _is_octet(ton) and _is_octet(npi)):
            raise ValueError(f'source_types: TON/NPI such as "5/0" is expected for {name}, not {text!r}')
        types[kinds[name]] = (int(ton), int(npi))
    return types


def static_tlvs(table: Mapping[str, str] | None) -> Tlvs:
    """Read ``"0x1400" = "hex:0a0b"``: optional parameters by tag or by the specification's name (SMPP 3.4 section 5.3).

    A parameter of the specification is written in its type; any other as the octets of the text.
    """
    return tuple(_tlv(name, text) for name, text in (table or {}).items())


def statuses(words: Collection[str]) -> frozenset[int]:
    """Read ``"0x0400"`` or ``"ESME_RSUBMITFAIL"``."""
    return frozenset(_status(word) for word in words)


def receipt_words(table: Mapping[str, str] | None) -> dict[str, State | None]:
    """Read ``MISLUKT = "undelivered"``: the meaning of a word in this carrier's receipts, in upper or lower case; None
    is no final state."""
    meant: dict[str, State | None] = {}
    for word, meaning in (table or {}).items():
        if meaning not in RECEIPT_MEANINGS:
            raise ValueError(f"receipt_words: {', '.join(RECEIPT_MEANINGS)}; not {meaning!r} for {word}")
        if not normalize_word(word):
            raise ValueError(f"receipt_words: {word!r} has neither letters nor digits")
        meant[normalize_word(word)] = RECEIPT_MEANINGS[meaning]
    return meant


def _tlv(name: str, text: str) -> tuple[int, bytes]:
    by_name = {definition.name: definition for definition in TLV_DEFINITIONS.values()}
    tag = by_name[name].tag if name in by_name else _number(name, 0xFFFF)
    if tag is None:
        raise ValueError(f'tlvs: a tag such as "0x1400" or a name of the specification is expected, not {name!r}')
    if tag in _RESERVED_BY_US:
        raise ValueError(f"tlvs: {name} is set for each part")
    try:
        if text.startswith(HEX):
            return tag, bytes.fromhex(text.removeprefix(HEX))
        return _typed(TLV_DEFINITIONS.get(tag, OctetsTlv(tag=tag, name=name)), text)
    except (ValueError, UnencodablePdu) as error:
        raise ValueError(f"tlvs: {name} cannot be {text!r}: {error}") from None


def _typed(definition: Definition, text: str) -> tuple[int, bytes]:
    match definition:
        case IntegerTlv():
            return definition.of(int(text))
        case TextTlv():
            return definition.of(text)
        case OctetsTlv():
            return definition.of(text.encode("latin-1"))


def _status(word: str) -> int:
    if word in CommandStatus.__members__:
        found: int | None = CommandStatus[word]
    else:
        found = _number(word, 0xFFFFFFFF)
    if not found:
        raise ValueError(f'temporary_statuses: names such as ESME_RSUBMITFAIL or "0x0400", not {word!r}')
    return int(found)


def _number(text: str, most: int) -> int | None:
    """Read a number such as "0x1400" or "5120"; None for anything else."""
    try:
        number = int(text, 0)
    except ValueError:
        return None
    return number if 0 <= number <= most else None


def _is_octet(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= 0xFF
