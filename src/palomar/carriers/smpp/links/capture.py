"""A pcap file of everything sent and received by one carrier, to find out what went wrong: bounded, and without
passwords.

It holds texts and numbers, so only its owner may read it. A file that cannot be written is reported once and costs no
link. Not here: the octets of the file (``pcap``).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from palomar.carriers.smpp.links.pcap import FILE_HEADER, TcpStream
from palomar.smpp import BindReceiver, BindTransceiver, BindTransmitter, FrameBuffer, Outbind

MASK: Final = b"*"
_WITH_PASSWORD = frozenset(pdu.command_id for pdu in (BindReceiver, BindTransmitter, BindTransceiver, Outbind))
_HEADER_OCTETS = 16

log = structlog.get_logger(__name__)


class Capture:
    """The file. When it is full it becomes ``NAME.1``, in the place of an older one, and begins anew: the two of them
    have at most twice ``octets_max``."""

    def __init__(self, path: Path, *, octets_max: int, wall_ms: Callable[[], int]) -> None:
        self.path = path
        self.wall_ms = wall_ms
        self._octets_max = octets_max
        self._file: BinaryIO | None = None
        self._octets = 0
        self._flows = 0
        self._given_up = False

    def flow(self) -> "Flow":
        """Make the part of the capture that a new connection writes."""
        self._flows += 1
        return Flow(self, TcpStream(self._flows))

    def write(self, records: bytes) -> None:
        """Append records of a pcap file."""
        if self._given_up:
            return
        try:
            if self._file is None or self._octets + len(records) > self._octets_max:
                self._begin()
            if self._file is not None:
                self._file.write(records)
                self._octets += len(records)
        except OSError as error:
            self._given_up = True
            log.warning("carrier_capture_failed", file=str(self.path), reason=error.strerror or str(error))
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self.close()
        if self.path.exists():
            self.path.replace(self.path.with_name(self.path.name + ".1"))
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        # Unbuffered: everything recorded is in the file even if the process dies.
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._file.write(FILE_HEADER)
        self._octets = len(FILE_HEADER)


class Flow:
    """One connection's part of a capture, in whole PDUs."""

    def __init__(self, capture: Capture, stream: TcpStream) -> None:
        self._capture = capture
        self._stream = stream
        self._frames = {True: FrameBuffer(), False: FrameBuffer()}
        self._opened = False

    def sent(self, octets: bytes) -> None:
        """Record octets that we wrote."""
        self._record(octets, ours=True)

    def received(self, octets: bytes) -> None:
        """Record octets that the SMSC wrote."""
        self._record(octets, ours=False)

    def ended(self) -> None:
        """Record the end of the connection."""
        if self._opened:
            self._capture.write(self._stream.ending(self._capture.wall_ms()))

    def _record(self, octets: bytes, *, ours: bool) -> None:
        now_ms = self._capture.wall_ms()
        if not self._opened:
            self._opened = True
            self._capture.write(self._stream.handshake(now_ms))
        frames = self._frames[ours]
        for frame in frames.receive(octets):
            self._capture.write(self._stream.data(mask_password(frame), now_ms, ours=ours))
        if frames.error is not None:
            # The stream is no SMPP any more; record the octets as they came.
            self._capture.write(self._stream.data(octets, now_ms, ours=ours))


def mask_password(frame: bytes) -> bytes:
    """Return the frame with the password of a bind or an outbind masked, in the same length."""
    if int.from_bytes(frame[4:8], "big") not in _WITH_PASSWORD:
        return frame
    start = frame.find(0, _HEADER_OCTETS) + 1
    end = frame.find(0, start)
    if start == 0:
        return frame[:_HEADER_OCTETS] + MASK * (len(frame) - _HEADER_OCTETS)
    if end < 0:
        end = len(frame)
    return frame[:start] + MASK * (end - start) + frame[end:]
