"""All exceptions of this library. No other escapes, whatever the octets were.

A `PduError` concerns one PDU in a well-formed frame: answer it with its `status` and go on. A `FramingError` concerns
the stream: the start of the next PDU is lost, so the connection ends. The rest are mistakes of the caller.
"""

from palomar.smpp.status import CommandStatus


class SmppError(Exception):
    """The base class of all errors of this library."""


class FramingError(SmppError):
    """A command_length that no PDU can have (SMPP 3.4 section 3.2): the stream cannot be read any further."""

    status = CommandStatus.ESME_RINVCMDLEN

    def __init__(self, command_length: int) -> None:
        super().__init__(f"command_length {command_length} is out of bounds")
        self.command_length = command_length


class PduError(SmppError):
    """A PDU in a well-formed frame that cannot be accepted; carries what an answer needs."""

    def __init__(self, reason: str, *, command_id: int, sequence_number: int, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.command_id = command_id
        self.sequence_number = sequence_number
        self.status = status


class UnknownCommand(PduError):
    """A command_id that SMPP 3.4 does not define; the answer is a generic_nack (section 4.3)."""


class MalformedPdu(PduError):
    """A body that contradicts its field table; `field` is the first field at fault."""

    def __init__(self, reason: str, *, command_id: int, sequence_number: int, status: int, field: str) -> None:
        super().__init__(f"{field}: {reason}", command_id=command_id, sequence_number=sequence_number, status=status)
        self.field = field


class UnencodablePdu(SmppError):
    """A PDU of ours with a value that its field cannot hold."""

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class WrongState(SmppError):
    """A request that the session's state does not allow us to send (SMPP 3.4 section 2.3)."""


class WindowFull(SmppError):
    """A request sent while as many as the window holds are still unanswered."""
