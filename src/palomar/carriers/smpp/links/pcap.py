"""SMPP traffic as packets that Wireshark and tshark dissect: Ethernet, IPv4 and TCP headers around the octets.

Pure: octets in, octets out. The addresses are those reserved for documentation (RFC 5737): the carrier is 192.0.2.2
port 2775, we are 192.0.2.1 and one port a connection. Layouts: the pcap file format, RFC 791, RFC 9293. Not here: the
file and what is left out of it (``capture``).
"""

import struct
from typing import Final

FILE_HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
"""Little-endian, microseconds, link type Ethernet."""

SMPP_PORT: Final = 2_775
SEGMENT_OCTETS: Final = 60_000
_FIRST_PORT: Final = 49_152

_OURS, _THEIRS = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
_MACS = {_OURS: bytes((2, 0, 0, 0, 0, 1)), _THEIRS: bytes((2, 0, 0, 0, 0, 2))}
_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10

_RECORD = struct.Struct("<IIII")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_TCP = struct.Struct("!HHIIBBHHH")


class TcpStream:
    """The packets of one connection; every method returns records of a pcap file."""

    def __init__(self, number: int) -> None:
        self._port = _FIRST_PORT + number % (0x10000 - _FIRST_PORT)
        self._next = {True: 1_000, False: 5_000}
        """The sequence number of the next octet, ours (True) and theirs."""

    def handshake(self, at_ms: int) -> bytes:
        """Return the three packets of a handshake."""
        return (
            self._packet(at_ms, ours=True, flags=_SYN)
            + self._packet(at_ms, ours=False, flags=_SYN | _ACK)
            + self._packet(at_ms, ours=True, flags=_ACK)
        )

    def data(self, octets: bytes, at_ms: int, *, ours: bool) -> bytes:
        """Return what one side sent, in as many segments as it needs."""
        cuts = range(0, len(octets), SEGMENT_OCTETS)
        pieces = [octets[start : start + SEGMENT_OCTETS] for start in cuts]
        return b"".join(self._packet(at_ms, ours=ours, flags=_PSH | _ACK, octets=piece) for piece in pieces)

    def ending(self, at_ms: int) -> bytes:
        """Return the end of the connection, as if both sides had closed it."""
        return self._packet(at_ms, ours=True, flags=_FIN | _ACK) + self._packet(at_ms, ours=False, flags=_FIN | _ACK)

    def _packet(self, at_ms: int, *, ours: bool, flags: int, octets: bytes = b"") -> bytes:
        sequence = self._next[ours]
        acknowledged = self._next[not ours] if flags & _ACK else 0
        taken = len(octets) + (flags & (_SYN | _FIN) != 0)  # SYN and FIN take a number each
        self._next[ours] = (sequence + taken) & 0xFFFFFFFF
        source, target = (_OURS, _THEIRS) if ours else (_THEIRS, _OURS)
        ports = (self._port, SMPP_PORT) if ours else (SMPP_PORT, self._port)
        fields = (*ports, sequence, acknowledged, 5 << 4, flags, 0xFFFF)
        pseudo_header = source + target + struct.pack("!HH", 6, _TCP.size + len(octets))
        checksum = _checksum(pseudo_header + _TCP.pack(*fields, 0, 0) + octets)
        packet = _ethernet_and_ip(source, target, _TCP.size + len(octets)) + _TCP.pack(*fields, checksum, 0) + octets
        seconds, rest_ms = divmod(at_ms, 1_000)
        return _RECORD.pack(seconds & 0xFFFFFFFF, rest_ms * 1_000, len(packet), len(packet)) + packet


def _ethernet_and_ip(source: bytes, target: bytes, octets: int) -> bytes:
    fields = (0x45, 0, _IPV4.size + octets, 0, 0x4000, 64, 6)
    checksum = _checksum(_IPV4.pack(*fields, 0, source, target))
    return _MACS[target] + _MACS[source] + b"\x08\x00" + _IPV4.pack(*fields, checksum, source, target)


def _checksum(octets: bytes) -> int:
    """Compute the internet checksum (RFC 1071)."""
    if len(octets) % 2:
        octets += b"\0"
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
