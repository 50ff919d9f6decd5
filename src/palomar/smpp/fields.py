"""The kinds of field that SMPP 3.4 bodies are made of (sections 3.1 and 4), and the words that declare them.

`pdus.py` spells each PDU as a dataclass whose fields are declared with `octet()`, `c_octets()` and so on, in
wire order; that declaration is the only field table there is. A kind can read, write and judge one value.
`bodies.py` fuses the two frequent kinds (octet, C-octet string) for speed; these methods are used for the rest
and to say exactly which field is at fault.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from palomar.smpp.status import CommandStatus

MAX_SHORT_MESSAGE = 254
MAX_DESTINATIONS = 254
_DESTINATION_ADDRESS = 1
_DISTRIBUTION_LIST = 2


class FieldFault(Exception):
    """One field could not be read. It stays inside the library: the codec adds the header and raises MalformedPdu."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(slots=True, frozen=True, kw_only=True)
class DestinationAddress:
    """A destination of submit_multi that is a phone (SMPP 3.4 section 4.5.1.1, dest_flag 1)."""

    ton: int = 0
    npi: int = 0
    address: str


@dataclass(slots=True, frozen=True, kw_only=True)
class DistributionList:
    """A destination of submit_multi that is a named list (SMPP 3.4 section 4.5.1.2, dest_flag 2)."""

    name: str


@dataclass(slots=True, frozen=True, kw_only=True)
class UnsuccessfulDelivery:
    """One refused destination in submit_multi_resp (SMPP 3.4 section 4.5.2.1)."""

    ton: int = 0
    npi: int = 0
    address: str
    error_status_code: int


class WireKind(Protocol):
    """The way one field is written on the wire."""

    def read(self, frame: bytes, position: int) -> tuple[Any, int]:
        """Read the value at `position`; return it and the position after it, or raise FieldFault."""

    def write(self, value: Any) -> bytes:
        """Return the octets of a value with which `problem` finds nothing wrong."""

    def problem(self, value: Any) -> str | None:
        """Return why this field cannot hold `value`, or None if it can."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Octet:
    """An unsigned integer of one octet."""

    def read(self, frame: bytes, position: int) -> tuple[int, int]:
        if position >= len(frame):
            raise FieldFault(CommandStatus.ESME_RINVCMDLEN, "the PDU ends before this field")
        return frame[position], position + 1

    def write(self, value: int) -> bytes:
        return bytes((value,))

    def problem(self, value: object) -> str | None:
        if not isinstance(value, int):
            return f"{type(value).__name__} is not an integer"
        return None if 0 <= value <= 0xFF else f"{value} is not in 0..255"


@dataclass(slots=True, frozen=True, kw_only=True)
class COctets:
    """A string that ends with NUL: ASCII on paper, read and written as Latin-1 so that no octet can fail.

    `max_octets` counts the NUL, as the specification's tables do; `fault` is the status for a longer string.
    """

    max_octets: int
    fault: int

    def read(self, frame: bytes, position: int) -> tuple[str, int]:
        end = frame.find(0, position, position + self.max_octets)
        if end < 0:
            if position + self.max_octets > len(frame):
                raise FieldFault(CommandStatus.ESME_RINVCMDLEN, "the PDU ends before this field does")
            raise FieldFault(self.fault, f"longer than {self.max_octets} octets with its NUL")
        return frame[position:end].decode("latin-1"), end + 1

    def write(self, value: str) -> bytes:
        return value.encode("latin-1") + b"\0"

    def problem(self, value: object) -> str | None:
        if not isinstance(value, str):
            return f"{type(value).__name__} is not a string"
        if len(value) >= self.max_octets:
            return f"{len(value)} characters, the most is {self.max_octets - 1}"
        if "\0" in value:
            return "holds a NUL"
        return None if value.isascii() or all(c <= "\xff" for c in value) else "holds more than Latin-1"


@dataclass(slots=True, frozen=True, kw_only=True)
class CountedOctets:
    """sm_length and short_message (SMPP 3.4 sections 5.2.21, 5.2.22): to 254 octets; 255 is tolerated."""

    def read(self, frame: bytes, position: int) -> tuple[bytes, int]:
        if position >= len(frame):
            raise FieldFault(CommandStatus.ESME_RINVCMDLEN, "the PDU ends before sm_length")
        start = position + 1
        end = start + frame[position]
        if end > len(frame):
            raise FieldFault(CommandStatus.ESME_RINVMSGLEN, "sm_length goes beyond the end of the PDU")
        return frame[start:end], end

    def write(self, value: bytes) -> bytes:
        length = len(value)
        if length > MAX_SHORT_MESSAGE:
            raise ValueError(length)
        return _COUNTS[length] + value

    def problem(self, value: object) -> str | None:
        if not isinstance(value, bytes):
            return f"{type(value).__name__} is not bytes"
        return None if len(value) <= MAX_SHORT_MESSAGE else f"{len(value)} octets, the most is {MAX_SHORT_MESSAGE}"


@dataclass(slots=True, frozen=True, kw_only=True)
class Destinations:
    """number_of_dests and dest_address(es) of submit_multi (SMPP 3.4 sections 4.5.1 and 5.2.24-5.2.25)."""

    def read(self, frame: bytes, position: int) -> tuple[tuple[DestinationAddress | DistributionList, ...], int]:
        count, position = _OCTET.read(frame, position)
        values: list[DestinationAddress | DistributionList] = []
        for _ in range(count):
            flag, position = _OCTET.read(frame, position)
            if flag == _DESTINATION_ADDRESS:
                ton, npi, address, position = _read_address(frame, position)
                values.append(DestinationAddress(ton=ton, npi=npi, address=address))
            elif flag == _DISTRIBUTION_LIST:
                name, position = _LIST_NAME.read(frame, position)
                values.append(DistributionList(name=name))
            else:
                raise FieldFault(CommandStatus.ESME_RINVDESTFLAG, f"dest_flag {flag} is neither 1 nor 2")
        return tuple(values), position

    def write(self, value: tuple[DestinationAddress | DistributionList, ...]) -> bytes:
        if len(value) > MAX_DESTINATIONS:
            raise ValueError(f"{len(value)} destinations, the most is {MAX_DESTINATIONS}")
        parts = [_OCTET.write(len(value))]
        for destination in value:
            if isinstance(destination, DestinationAddress):
                parts.append(bytes((_DESTINATION_ADDRESS, destination.ton, destination.npi)))
                parts.append(_checked(_ADDRESS, destination.address))
            else:
                parts.append(bytes((_DISTRIBUTION_LIST,)))
                parts.append(_checked(_LIST_NAME, destination.name))
        return b"".join(parts)

    def problem(self, value: object) -> str | None:
        if not isinstance(value, tuple):
            return f"{type(value).__name__} is not a tuple"
        return _problem_of_writing(self, value)


@dataclass(slots=True, frozen=True, kw_only=True)
class UnsuccessfulDeliveries:
    """no_unsuccess and unsuccess_sme(s) of submit_multi_resp (SMPP 3.4 sections 4.5.2 and 5.2.26-5.2.27)."""

    def read(self, frame: bytes, position: int) -> tuple[tuple[UnsuccessfulDelivery, ...], int]:
        count, position = _OCTET.read(frame, position)
        values = []
        for _ in range(count):
            ton, npi, address, position = _read_address(frame, position)
            end = position + 4
            if end > len(frame):
                raise FieldFault(CommandStatus.ESME_RINVCMDLEN, "the PDU ends before error_status_code")
            status = int.from_bytes(frame[position:end], "big")
            values.append(UnsuccessfulDelivery(ton=ton, npi=npi, address=address, error_status_code=status))
            position = end
        return tuple(values), position

    def write(self, value: tuple[UnsuccessfulDelivery, ...]) -> bytes:
        parts = [_OCTET.write(len(value))]
        for delivery in value:
            parts.append(bytes((delivery.ton, delivery.npi)))
            parts.append(_checked(_ADDRESS, delivery.address))
            parts.append(delivery.error_status_code.to_bytes(4, "big"))
        return b"".join(parts)

    def problem(self, value: object) -> str | None:
        if not isinstance(value, tuple):
            return f"{type(value).__name__} is not a tuple"
        return _problem_of_writing(self, value)


def octet(default: int = 0) -> Any:
    """Declare a field of one octet."""
    return field(default=default, metadata={"wire": Octet()})


def c_octets(max_octets: int, *, fault: int = CommandStatus.ESME_RINVPARLEN, shown: bool = True) -> Any:
    """Declare a string ended by NUL, of `max_octets` with the NUL; `shown=False` keeps it out of the repr."""
    return field(default="", repr=shown, metadata={"wire": COctets(max_octets=max_octets, fault=fault)})


def counted_octets() -> Any:
    """Declare sm_length and short_message."""
    return field(default=b"", metadata={"wire": CountedOctets()})


def destinations() -> Any:
    """Declare the destinations of submit_multi."""
    return field(default=(), metadata={"wire": Destinations()})


def unsuccessful_deliveries() -> Any:
    """Declare the refused destinations of submit_multi_resp."""
    return field(default=(), metadata={"wire": UnsuccessfulDeliveries()})


def field_table(pdu_type: type[Any]) -> tuple[tuple[str, WireKind], ...]:
    """Return the body fields that a PDU class declares, in wire order: (name, kind)."""
    return tuple((f.name, f.metadata["wire"]) for f in fields(pdu_type) if "wire" in f.metadata)


_COUNTS = tuple(bytes((n,)) for n in range(MAX_SHORT_MESSAGE + 1))
_OCTET = Octet()
_ADDRESS = COctets(max_octets=21, fault=CommandStatus.ESME_RINVDSTADR)
_LIST_NAME = COctets(max_octets=21, fault=CommandStatus.ESME_RINVDLNAME)


def _read_address(frame: bytes, position: int) -> tuple[int, int, str, int]:
    ton, position = _OCTET.read(frame, position)
    npi, position = _OCTET.read(frame, position)
    address, position = _ADDRESS.read(frame, position)
    return ton, npi, address, position


def _checked(kind: COctets, value: str) -> bytes:
    problem = kind.problem(value)
    if problem is not None:
        raise ValueError(problem)
    return kind.write(value)


def _problem_of_writing(kind: WireKind, value: Any) -> str | None:
    try:
        kind.write(value)
    except (ValueError, OverflowError, TypeError, AttributeError) as error:
        return str(error)
    return None
