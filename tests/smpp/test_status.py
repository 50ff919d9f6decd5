"""Command statuses: names, meanings, and those without a name."""

import pytest

from palomar.smpp import CommandStatus, status_meaning, status_name


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, "ESME_ROK"),
        (0x0B, "ESME_RINVDSTADR"),
        (0x14, "ESME_RMSGQFUL"),
        (0x58, "ESME_RTHROTTLED"),
        (0x64, "ESME_RX_T_APPN"),
        (0xFF, "ESME_RUNKNOWNERR"),
        (0x09, "0x00000009"),
        (0x400, "0x00000400"),
        (0xFFFFFFFF, "0xFFFFFFFF"),
    ],
)
def test_names(status: int, name: str):
    assert status_name(status) == name


def test_every_status_has_a_meaning_of_its_own():
    meanings = [status_meaning(status) for status in CommandStatus]
    assert len(set(meanings)) == len(CommandStatus)
    assert status_meaning(0x400) not in meanings
