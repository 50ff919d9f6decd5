"""Octets to PDUs and back: the frames of a stream (SMPP 3.4 section 3.2) and the bodies in them.

A body is read and written by the functions that `bodies` makes of its class's field table. When one of them fails, this
module goes over the same table field by field, to name the field at fault.

Requests are read strictly: the peer can be told what is wrong. Responses are read leniently, because nobody can answer
a response: missing fields take their defaults, anything that follows is dropped, and reading never fails. An ESME may
still `salvage` a malformed request: a refusal would cost a receipt or a text, and the SMSC would only send it again.
"""

import struct
from collections.abc import Callable
from typing import Any

from palomar.smpp.bodies import BODY_ERRORS, HEADER_OCTETS, body_reader, body_writer
from palomar.smpp.errors import FramingError, MalformedPdu, UnencodablePdu, UnknownCommand
from palomar.smpp.fields import COctets, CountedOctets, FieldFault, WireKind, field_table
from palomar.smpp.pdus import PDU_TYPES, RESPONSE_BIT, Pdu
from palomar.smpp.status import CommandStatus
from palomar.smpp.tlvs import TLV_DEFINITIONS, Tlvs, read_tlvs, salvage_tlvs, write_tlvs

DEFAULT_MAX_FRAME_OCTETS = 0x10000

_HEADER = struct.Struct(">IIII")
_unpack_header = _HEADER.unpack_from
_unpack_length = struct.Struct(">I").unpack_from
_pack_header = _HEADER.pack


class FrameBuffer:
    """A buffer that cuts a stream into frames, however its octets arrive.

    It never holds more than one unfinished frame, and allocates for the octets that have come, not for the announced
    length.
    """

    __slots__ = ("_needed", "_pending", "error", "max_frame_octets")

    def __init__(self, max_frame_octets: int = DEFAULT_MAX_FRAME_OCTETS) -> None:
        self.max_frame_octets = max_frame_octets
        #: Set once a command_length was out of bounds: the stream cannot be read any further.
        self.error: FramingError | None = None
        self._pending = bytearray()
        self._needed = 4

    def receive(self, data: bytes) -> list[bytes]:
        """Take the next octets of the stream and return the frames that they complete; then the caller looks at
        `error`."""
        frames: list[bytes] = []
        if self.error is not None:
            return frames
        if self._pending:
            self._pending += data
            if len(self._pending) < self._needed:
                return frames
            data = bytes(self._pending)
            self._pending.clear()
        position, end = 0, len(data)
        while end - position >= 4:
            (length,) = _unpack_length(data, position)
            if not HEADER_OCTETS <= length <= self.max_frame_octets:
                self.error = FramingError(length)
                return frames
            stop = position + length
            if stop > end:
                self._pending += data[position:]
                self._needed = length
                return frames
            frames.append(data[position:stop])
            position = stop
        self._pending += data[position:]
        self._needed = 4
        return frames


def decode(frame: bytes) -> Pdu:
    """Decode one whole frame; raises UnknownCommand or MalformedPdu, each with the status to answer."""
    try:
        length, command_id, status, sequence_number = _unpack_header(frame)
    except struct.error:
        raise _malformed(frame, "header", "shorter than 16 octets") from None
    if length != len(frame):
        raise _malformed(frame, "command_length", f"says {length}, the frame has {len(frame)} octets")
    try:
        reader = _READERS[command_id]
    except KeyError:
        raise UnknownCommand(
            f"command_id 0x{command_id:08X} is not defined",
            command_id=command_id,
            sequence_number=sequence_number,
            status=CommandStatus.ESME_RINVCMDID,
        ) from None
    try:
        return reader(frame, status, sequence_number)
    except BODY_ERRORS:
        pdu_type = PDU_TYPES[command_id]
        if command_id & RESPONSE_BIT:
            return _read_leniently(pdu_type, frame, status, sequence_number)
        raise _diagnosis(pdu_type, frame) from None


def salvage(frame: bytes) -> tuple[Pdu, str] | None:
    """Read a request that `decode` calls malformed, if its mandatory part is whole; return it and what is odd about it
    in words.

    A string may be too long, if it is printable. sm_length may be wrong: beyond the end, one too many or too few before
    optional parameters, or 0 before a text. NULs between and behind the optional parameters are skipped, and half a
    parameter at the end is dropped.
    """
    if len(frame) < HEADER_OCTETS:
        return None
    length, command_id, status, sequence_number = _unpack_header(frame)
    pdu_type = PDU_TYPES.get(command_id)
    if length != len(frame) or pdu_type is None:
        return None
    values: list[Any] = []
    odd: list[str] = []
    position = HEADER_OCTETS
    for name, kind in field_table(pdu_type):
        read = _salvaged_field(kind, frame, position)
        if read is None:
            return None
        value, position, is_odd = read
        values.append(value)
        if is_odd:
            odd.append(f"a {name} that is too long" if isinstance(kind, COctets) else "an sm_length beyond the end")
    tlvs, is_whole = salvage_tlvs(frame, position)
    if not is_whole:
        odd.append("octets that are no optional parameters")
        if values and isinstance(values[-1], bytes) and not tlvs:
            values[-1], tlvs = _with_length_corrected(frame, position, values[-1])
    make: Callable[..., Pdu] = pdu_type
    return make(status, sequence_number, tlvs, *values), f"{pdu_type.command_name} with {', '.join(odd) or 'oddities'}"


def encode(pdu: Pdu) -> bytes:
    """Encode one PDU to a whole frame; raises UnencodablePdu if a field cannot hold its value."""
    try:
        body = _WRITERS[pdu.__class__](pdu)
        return _pack_header(HEADER_OCTETS + len(body), pdu.command_id, pdu.command_status, pdu.sequence_number) + body
    except (LookupError, ValueError, OverflowError, TypeError, AttributeError, struct.error) as error:
        raise _unencodable(pdu, error) from error


def _read_leniently(pdu_type: type[Pdu], frame: bytes, status: int, sequence_number: int) -> Pdu:
    """Read what can be read of a response's body: strings of any length, nothing after a missing field."""
    values: list[Any] = []
    tlvs: Tlvs = ()
    position = HEADER_OCTETS
    for _, kind in field_table(pdu_type):
        if position >= len(frame):
            break
        if isinstance(kind, COctets):
            text, _, _ = frame[position:].partition(b"\0")
            values.append(text.decode("latin-1"))
            position += len(text) + 1
        else:
            try:
                value, position = kind.read(frame, position)
            except FieldFault:
                break
            values.append(value)
    else:
        tlvs, _ = read_tlvs(frame, position)
    make: Callable[..., Pdu] = pdu_type
    return make(status, sequence_number, tlvs, *values)


def _salvaged_field(kind: WireKind, frame: bytes, position: int) -> tuple[Any, int, bool] | None:
    """Read one field: return its value, the position after it, and whether it was odd; None where it is incomplete."""
    try:
        return *kind.read(frame, position), False
    except FieldFault:
        pass
    if isinstance(kind, COctets):
        text = frame[position:].partition(b"\0")[0].decode("latin-1")
        end = position + len(text)
        return (text, end + 1, True) if end < len(frame) and text.isprintable() else None
    if isinstance(kind, CountedOctets) and position < len(frame):
        return frame[position + 1 :], len(frame), True
    return None


def _with_length_corrected(frame: bytes, end: int, text: bytes) -> tuple[bytes, Tlvs]:
    """Read the optional parameters from where they begin if sm_length is one too many, or one too few.

    A text with sm_length 0 takes everything that is left.
    """
    for shift in (-1, 1):
        tlvs, reached = read_tlvs(frame, end + shift)
        if tlvs and reached == len(frame) and all(tag in TLV_DEFINITIONS for tag, _ in tlvs):
            return (text[:-1] if shift < 0 else text + frame[end : end + 1]), tlvs
    return text or frame[end:].rstrip(b"\0"), ()


def _diagnosis(pdu_type: type[Pdu], frame: bytes) -> MalformedPdu:
    """Read field by field a body that the generated reader could not read, and return what is wrong with it."""
    position = HEADER_OCTETS
    for name, kind in field_table(pdu_type):
        try:
            _, position = kind.read(frame, position)
        except FieldFault as fault:
            return _malformed(frame, name, fault.reason, fault.status)
    return _malformed(frame, "tlvs", "not a whole number of parameters", CommandStatus.ESME_RINVOPTPARSTREAM)


def _malformed(frame: bytes, field: str, reason: str, status: int = CommandStatus.ESME_RINVCMDLEN) -> MalformedPdu:
    _, command_id, _, sequence_number = _unpack_header(frame.ljust(HEADER_OCTETS, b"\0"))
    return MalformedPdu(reason, command_id=command_id, sequence_number=sequence_number, status=status, field=field)


def _unencodable(pdu: Pdu, error: Exception) -> UnencodablePdu:
    if pdu.__class__ not in _WRITERS:
        return UnencodablePdu("is not a PDU", field=type(pdu).__name__)
    for name, kind in field_table(type(pdu)):
        problem = kind.problem(getattr(pdu, name))
        if problem is not None:
            return UnencodablePdu(problem, field=name)
    try:
        write_tlvs(pdu.tlvs)
    except (ValueError, TypeError, struct.error) as fault:
        return UnencodablePdu(str(fault), field="tlvs")
    return UnencodablePdu(str(error), field="header")


_READERS = {command_id: body_reader(pdu_type) for command_id, pdu_type in PDU_TYPES.items()}
_WRITERS = {pdu_type: body_writer(pdu_type) for pdu_type in PDU_TYPES.values()}
