"""Octets to PDUs and back: the frames of a stream (SMPP 3.4 section 3.2) and the bodies in them.

Theory of operation. A PDU's class is its field table; at import this module turns each table into one reader
and one writer. Runs of single octets are fused into one slice, C-octet strings are found in one Latin-1 copy
of the frame (which cannot fail), and a body's text part is written by one `%` template. The rest asks the
field's kind. When a fused step stumbles, the slow reader goes over the same table field by field to name the
field at fault.

Requests are read strictly: the peer can be told what is wrong. Responses are read leniently, because nobody
can answer a response: whatever is missing takes its default, whatever follows is dropped, and they never
fail.
"""

import struct
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from palomar.smpp.errors import FramingError, MalformedPdu, UnencodablePdu, UnknownCommand
from palomar.smpp.fields import COctets, FieldFault, Octet, WireKind, field_table
from palomar.smpp.pdus import PDU_TYPES, RESPONSE_BIT, Pdu
from palomar.smpp.status import CommandStatus
from palomar.smpp.tlvs import read_tlvs, write_tlvs

HEADER_OCTETS = 16
DEFAULT_MAX_FRAME_OCTETS = 0x10000

_HEADER = struct.Struct(">IIII")
_unpack_header = _HEADER.unpack_from
_pack_header = _HEADER.pack

_Reader = Callable[[bytes, int, int], Pdu]
_Writer = Callable[[Pdu], bytes]
# A fused step of a reader: (limit of a C-octet string or 0, width of a run of octets or 0, another kind).
_Step = tuple[int, int, WireKind | None]


class FrameBuffer:
    """Cuts a stream into frames, however its octets arrive.

    It never holds more than one unfinished frame, and allocates for what has come, not for what is announced.
    """

    __slots__ = ("_needed", "_pending", "error", "max_frame_octets")

    def __init__(self, max_frame_octets: int = DEFAULT_MAX_FRAME_OCTETS) -> None:
        self.max_frame_octets = max_frame_octets
        #: Set once a command_length was out of bounds: the stream is beyond repair and yields nothing more.
        self.error: FramingError | None = None
        self._pending = bytearray()
        self._needed = 4

    def receive(self, data: bytes) -> list[bytes]:
        """Take the next octets of the stream, return the frames that they complete; then look at `error`."""
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
            length = int.from_bytes(data[position : position + 4], "big")
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
    return reader(frame, status, sequence_number)


def encode(pdu: Pdu) -> bytes:
    """Encode one PDU to a whole frame; raises UnencodablePdu if a field cannot hold its value."""
    try:
        return _WRITERS[pdu.__class__](pdu)
    except (LookupError, ValueError, OverflowError, TypeError, AttributeError, struct.error) as error:
        raise _unencodable(pdu, error) from error


def _request_reader(pdu_type: type[Pdu]) -> _Reader:
    steps = _steps(pdu_type)
    make: Callable[..., Pdu] = pdu_type

    def read(frame: bytes, status: int, sequence_number: int) -> Pdu:
        text = frame.decode("latin-1")
        find = text.find
        values: list[Any] = []
        position = HEADER_OCTETS
        for limit, width, kind in steps:
            if limit:
                end = find("\0", position, position + limit)
                if end < 0:
                    raise _diagnosis(pdu_type, frame)
                values.append(text[position:end])
                position = end + 1
            elif width:
                end = position + width
                values += frame[position:end]
                position = end
            elif kind is not None:
                try:
                    value, position = kind.read(frame, position)
                except FieldFault:
                    raise _diagnosis(pdu_type, frame) from None
                values.append(value)
        length = len(frame)
        if position == length:
            return make(status, sequence_number, (), *values)
        tlvs, reached = read_tlvs(frame, position)
        if reached != length:
            raise _diagnosis(pdu_type, frame)
        return make(status, sequence_number, tlvs, *values)

    return read


def _response_reader(pdu_type: type[Pdu]) -> _Reader:
    steps = _steps(pdu_type)
    make: Callable[..., Pdu] = pdu_type

    def read(frame: bytes, status: int, sequence_number: int) -> Pdu:
        length = len(frame)
        if length == HEADER_OCTETS:
            return make(status, sequence_number)
        values: list[Any] = []
        position = HEADER_OCTETS
        for limit, width, kind in steps:
            if position >= length:
                break
            if limit:
                end = frame.find(0, position)
                if end < 0:
                    end = length
                values.append(frame[position:end].decode("latin-1"))
                position = end + 1
            elif width:
                end = position + width
                values += frame[position:end]
                position = end
            elif kind is not None:
                try:
                    value, position = kind.read(frame, position)
                except FieldFault:
                    break
                values.append(value)
        else:
            if position < length:
                return make(status, sequence_number, read_tlvs(frame, position)[0], *values)
        return make(status, sequence_number, (), *values)

    return read


def _writer(pdu_type: type[Pdu]) -> _Writer:
    command_id = pdu_type.command_id
    bare_when_refused = pdu_type.bare_when_refused
    table = field_table(pdu_type)
    texts = _values_of([name for name, kind in table if isinstance(kind, COctets)])
    limits = tuple(kind.max_octets for _, kind in table if isinstance(kind, COctets))
    pieces = _pieces(table)

    def write(pdu: Pdu) -> bytes:
        body = b""
        if not (bare_when_refused and pdu.command_status):
            for value, limit in zip(texts(pdu), limits, strict=False):
                if len(value) >= limit or "\0" in value:
                    raise ValueError(value)
            for template, values, kind in pieces:
                if kind is None:
                    body += (template % values(pdu)).encode("latin-1")
                else:
                    body += kind.write(values(pdu))
            if pdu.tlvs:
                body += write_tlvs(pdu.tlvs)
        return _pack_header(HEADER_OCTETS + len(body), command_id, pdu.command_status, pdu.sequence_number) + body

    return write


def _steps(pdu_type: type[Pdu]) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    for _, kind in field_table(pdu_type):
        if isinstance(kind, COctets):
            steps.append((kind.max_octets, 0, None))
        elif not isinstance(kind, Octet):
            steps.append((0, 0, kind))
        elif steps and steps[-1][1]:
            steps[-1] = (0, steps[-1][1] + 1, None)
        else:
            steps.append((0, 1, None))
    return tuple(steps)


def _pieces(
    table: tuple[tuple[str, WireKind], ...],
) -> tuple[tuple[str, Callable[[Pdu], Any], WireKind | None], ...]:
    """Cut a table into runs that one template writes, and the fields between them that write themselves."""
    pieces: list[tuple[str, Callable[[Pdu], Any], WireKind | None]] = []
    template, names = "", list[str]()
    for name, kind in (*table, ("", None)):
        if isinstance(kind, Octet | COctets):
            template += "%c" if isinstance(kind, Octet) else "%s\0"
            names.append(name)
            continue
        if names:
            pieces.append((template, _values_of(names), None))
            template, names = "", []
        if kind is not None:
            pieces.append(("", attrgetter(name), kind))
    return tuple(pieces)


def _values_of(names: list[str]) -> Callable[[Pdu], tuple[Any, ...]]:
    if not names:
        return lambda pdu: ()
    if len(names) == 1:
        get = attrgetter(names[0])
        return lambda pdu: (get(pdu),)
    return attrgetter(*names)


def _diagnosis(pdu_type: type[Pdu], frame: bytes) -> MalformedPdu:
    """Read a body that the fused reader stumbled over field by field, to say what is wrong with it."""
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


_READERS: dict[int, _Reader] = {
    command_id: (_response_reader if command_id & RESPONSE_BIT else _request_reader)(pdu_type)
    for command_id, pdu_type in PDU_TYPES.items()
}
_WRITERS: dict[type[Pdu], _Writer] = {pdu_type: _writer(pdu_type) for pdu_type in PDU_TYPES.values()}
