"""The classes of errors."""

import pytest

from palomar.smpp import (
    FramingError,
    MalformedPdu,
    PduError,
    SmppError,
    UnencodablePdu,
    UnknownCommand,
    WindowFull,
    WrongState,
)


@pytest.mark.parametrize("kind", [FramingError, PduError, UnencodablePdu, WindowFull, WrongState])
def test_all_errors_have_one_base_class(kind: type[Exception]):
    assert issubclass(kind, SmppError)


def test_a_pdu_error_has_what_an_answer_needs():
    error = MalformedPdu("too long", command_id=4, sequence_number=7, status=0x0B, field="destination_addr")
    assert isinstance(error, PduError)
    assert issubclass(UnknownCommand, PduError)
    assert (error.command_id, error.sequence_number, error.status) == (4, 7, 0x0B)
    assert str(error) == "destination_addr: too long"
