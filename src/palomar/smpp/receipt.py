"""Delivery receipts in deliver_sm and data_sm: reading every dialect of them, and writing the standard one.

esm_class says that a PDU is a receipt (SMPP 3.4 section 5.2.12), or else receipted_message_id, which no phone can set,
beside message_state or a text that says the same id and a state: a text alone that looks like a receipt is a text.
The optional parameters (section 5.3.2) win over the text, whose format (Appendix B) is the carrier's own: fields
missing or named otherwise, spaces or none, any case, any stat word. What the words mean is in `receipt_words`; what a
carrier means by its own words and ids is for `carriers/` to say, so they are kept as they came.

A final state wins over one that is not, wherever the two stand: a message_state of 0, 1 or 6, or one that nobody
defined, beside `stat:UNDELIV` is undeliverable, and so is 5 beside `stat:ACCEPTD`. UNKNOWN is the weakest end. Where
two other ends contradict each other the parameter wins.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from msgspec import Struct

from palomar.smpp import tlvs
from palomar.smpp.concatenation import text_octets
from palomar.smpp.parameters import (
    CODING_UCS2,
    ESM_TYPE_DELIVERY_RECEIPT,
    ESM_TYPE_INTERMEDIATE_NOTIFICATION,
    ESM_TYPE_MASK,
    MessageState,
)
from palomar.smpp.pdus import DataSm, DeliverSm
from palomar.smpp.receipt_words import STAT_WORDS, state_of

MAX_RECEIPT_TEXT = 20


@dataclass(slots=True, frozen=True, kw_only=True)
class NetworkError:
    """The network_error_code parameter (SMPP 3.4 section 5.3.2.31): type 1 ANSI-136, 2 IS-95, 3 GSM."""

    network_type: int
    code: int


class Receipt(Struct, frozen=True, kw_only=True):
    """The contents of one receipt; a missing field is empty or None.

    `stat` is the carrier's word as it came (or the standard word for `state`, if there is only the parameter); `state`
    is None for an unknown word. `raw` is the text as it came, without a user data header. Dates stay raw, because their
    zone is the carrier's: see `receipt_time`.
    """

    message_id: str
    stat: str
    state: MessageState | None
    is_intermediate: bool
    err: str
    sub: str
    dlvrd: str
    submit_date: str
    done_date: str
    text: str
    network_error: NetworkError | None
    user_message_reference: int | None
    raw: bytes

    @property
    def is_final(self) -> bool | None:
        """Return True if the message changes no more; None if the word is unknown."""
        if self.is_intermediate:
            return False
        return None if self.state is None else self.state.is_final


def state_word(state: MessageState) -> str:
    """Return the word that Appendix B has for a state."""
    return STAT_WORDS[state][0]


def is_receipt(esm_class: int) -> bool:
    """Return True if a message with this esm_class is a delivery receipt or an intermediate notification."""
    return esm_class & ESM_TYPE_MASK in _RECEIPT_TYPES


def parse_receipt(pdu: DeliverSm | DataSm) -> Receipt | None:
    """Read the receipt that `pdu` carries; None if it is a message of a phone. Never fails on a strange text."""
    if not is_receipt(pdu.esm_class) and not _is_receipt_by_parameters(pdu):
        return None
    raw, parameters = text_octets(pdu), pdu.tlvs
    message_id, sub, dlvrd, submit_date, done_date, stat, err, text = _read(raw, pdu.data_coding)
    number = tlvs.MESSAGE_STATE.find(parameters) if parameters else None
    # The state of nearly every receipt is looked up first.
    state = _PLAIN_ENDS.get(number) if number is not None else _PLAIN_ENDS.get(stat)
    if state is None:
        state = _stronger_state(_STATES_BY_NUMBER.get(number), state_of(stat))
    if not stat and number is not None:
        stat = f"message_state:{number}" if state is None else state_word(state)
    return Receipt(
        message_id=_message_id(tlvs.RECEIPTED_MESSAGE_ID.find(parameters), message_id) if parameters else message_id,
        stat=stat,
        state=state,
        is_intermediate=pdu.esm_class & ESM_TYPE_MASK == ESM_TYPE_INTERMEDIATE_NOTIFICATION,
        err=err,
        sub=sub,
        dlvrd=dlvrd,
        submit_date=submit_date,
        done_date=done_date,
        text=text,
        network_error=_network_error(parameters) if parameters else None,
        user_message_reference=tlvs.USER_MESSAGE_REFERENCE.find(parameters) if parameters else None,
        raw=raw,
    )


def format_receipt(
    *,
    message_id: str,
    state: MessageState,
    submitted: datetime,
    done: datetime,
    err: str = "000",
    text: str = "",
) -> bytes:
    """Write the text of a receipt for one message as Appendix B does, in Latin-1.

    The dates are written as they are, without their zone; `text` is cut to its first 20 characters.
    """
    delivered = 1 if state is MessageState.DELIVERED else 0
    line = (
        f"id:{message_id} sub:001 dlvrd:{delivered:03} submit date:{submitted:%y%m%d%H%M} "
        f"done date:{done:%y%m%d%H%M} stat:{state_word(state)} err:{err} text:{text[:MAX_RECEIPT_TEXT]}"
    )
    return line.encode("latin-1", "replace")


def receipt_tlvs(*, message_id: str, state: MessageState) -> tlvs.Tlvs:
    """Make the parameters that repeat the text's id and state (SMPP 3.4 sections 5.3.2.12 and 5.3.2.35)."""
    return tlvs.RECEIPTED_MESSAGE_ID.of(message_id), tlvs.MESSAGE_STATE.of(state)


def receipt_time(raw: str, zone: tzinfo) -> datetime | None:
    """Read a date of a receipt that was written in `zone`: 10, 12 or 14 digits, any punctuation; None if it is not.

    Twelve digits may be YYMMDDhhmmss or YYYYMMDDhhmm; the first is tried first, and for the years from 2013 on a date
    that reads well both ways does not exist.
    """
    digits = "".join(c for c in raw if c in "0123456789")
    readings = {10: (f"20{digits}00",), 12: (f"20{digits}", f"{digits}00"), 14: (digits,)}
    for reading in readings.get(len(digits), ()):
        month, day, hour, minute, second = (int(reading[i : i + 2]) for i in range(4, 14, 2))
        try:
            return datetime(int(reading[:4]), month, day, hour, minute, second, tzinfo=zone)
        except ValueError:
            continue
    return None


_RECEIPT_TYPES = frozenset((ESM_TYPE_DELIVERY_RECEIPT, ESM_TYPE_INTERMEDIATE_NOTIFICATION))
_STATES_BY_NUMBER: Final[dict[int | None, MessageState]] = {int(state): state for state in MessageState}
_STRONG_ENDS: Final = frozenset(state for state in MessageState if state.is_final and state is not MessageState.UNKNOWN)
_PLAIN_ENDS: Final[dict[int | str, MessageState]] = {
    written: state for state in _STRONG_ENDS for written in (int(state), STAT_WORDS[state][0])
}
_VALUE = r"([^\s:,;\0\[\](){}<>\"'|]*)"
_STANDARD_NAMES = ("id", "sub", "dlvrd", "submit date", "done date", "stat", "err")
_STANDARD = re.compile(
    " ".join((*(f"{name}:{_VALUE}" for name in _STANDARD_NAMES), r"text:([^\0]*)\0*")),
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_KEYS = ("id", "sub", "dlvrd", "submitdate", "donedate", "stat", "err", "text")
_WORDS = frozenset({"id", "sub", "dlvrd", "err"})
_KEY = re.compile(
    r"(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat(?:us|e)?|err(?:or)?(?:[ _]?code)?|text)[\"']?\s*[:=]",
    re.IGNORECASE | re.ASCII,
)
_OTHER_NAMES = {"status": "stat", "state": "stat", "error": "err", "errorcode": "err", "errcode": "err"}
_AROUND = " ,;\r\n\t[](){}<>\"'|"
_LONGEST_STAT = 80
_NETWORK_ERROR_OCTETS = 3


def _read(raw: bytes, data_coding: int) -> tuple[str, ...]:
    """Return the fields of a text, in the order of `_KEYS`: at once where it has the layout of Appendix B."""
    if (standard := _STANDARD.fullmatch(raw.decode("latin-1"))) is not None:
        return standard.groups()
    return _read_text(_decode(raw, data_coding))


def _decode(raw: bytes, data_coding: int) -> str:
    """Decode a text; some carriers send even receipts in UCS-2, in either order of octets, whatever data_coding says; a
    field name there has a zero octet beside each letter."""
    if b"\0" in raw[:4] or data_coding == CODING_UCS2:
        if raw[:2] in (b"\xfe\xff", b"\xff\xfe"):
            return raw[: len(raw) & ~1].decode("utf-16", "replace")
        if raw[:1] == b"\0":
            return raw.decode("utf-16-be", "replace")
        if raw[1:2] == b"\0" == raw[3:4]:
            return raw[: len(raw) & ~1].decode("utf-16-le", "replace")
    return raw.decode("latin-1")


def _read_text(text: str) -> tuple[str, ...]:
    """Find the fields by their names, in any order (a value ends where the next name begins); return them in the order
    of `_KEYS`, empty where they are missing."""
    # Nearly every receipt has the layout of Appendix B, and one match reads it five times as fast.
    if (standard := _STANDARD.fullmatch(text.rstrip("\0"))) is not None:
        return standard.groups()
    found = _read_fields(text.replace("\0", ""))
    values = ((key, found.get(key, "")) for key in _KEYS)
    return tuple(_first_word(value) if key in _WORDS else _single_spaced(key, value) for key, value in values)


def _is_receipt_by_parameters(pdu: DeliverSm | DataSm) -> bool:
    """Return True if there are parameters for an id and a state, or for an id alone and a text with the same id and a
    state. A state alone proves nothing, nor does another id: it may be the id of this message of a phone."""
    receipted_id = tlvs.RECEIPTED_MESSAGE_ID.find(pdu.tlvs) if pdu.tlvs else None
    if not receipted_id:
        return False
    if tlvs.MESSAGE_STATE.find(pdu.tlvs) is not None:
        return True
    message_id, *_, stat, _err, _text = _read(text_octets(pdu), pdu.data_coding)
    return message_id == receipted_id and state_of(stat) is not None


def _message_id(in_parameter: str | None, in_text: str) -> str:
    """Return the parameter's id, unless it consists of zeros and blanks and the text has a better one."""
    if in_parameter and (in_parameter[0] not in " 0" or in_parameter.strip(" 0") or not in_text.strip(" 0")):
        return in_parameter
    return in_text


def _read_fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    key, start = "", 0
    for match in _KEY.finditer(text):
        if key:
            found.setdefault(key, text[start : match.start()].strip(_AROUND))
        key = match[1].lower().replace(" ", "").replace("_", "")
        start = match.end()
        if key == "text":
            # The text of a person: names in it are no fields.
            found[key] = text[start:]
            break
    else:
        if key:
            found.setdefault(key, text[start:].strip(_AROUND))
    for name, standard in _OTHER_NAMES.items():
        if name in found:
            found.setdefault(standard, found[name])
    return found


def _single_spaced(key: str, value: str) -> str:
    """Return a stat of several words with one blank between, and anything else unchanged."""
    return " ".join(value.split())[:_LONGEST_STAT] if key == "stat" else value


def _first_word(value: str) -> str:
    words = value.split(maxsplit=1)
    return words[0].strip(_AROUND) if words else ""


def _stronger_state(in_parameter: MessageState | None, in_text: MessageState | None) -> MessageState | None:
    """Return the state that follows from the parameter's and the text's, by the rules in the module's head."""
    for ends in (_STRONG_ENDS, (MessageState.UNKNOWN,)):
        for state in (in_parameter, in_text):
            if state in ends:
                return state
    return in_text if in_parameter is None else in_parameter


def _network_error(found: tlvs.Tlvs) -> NetworkError | None:
    octets = tlvs.NETWORK_ERROR_CODE.find(found)
    if octets is None or len(octets) != _NETWORK_ERROR_OCTETS:
        return None
    return NetworkError(network_type=octets[0], code=int.from_bytes(octets[1:], "big"))
