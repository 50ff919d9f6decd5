"""The command statuses of SMPP 3.4 section 5.1.3, by name and meaning.

A status stays an `int` wherever it travels: carriers use reserved and vendor values (0x400-0x4FF and others), and those
must survive unchanged. Not here: which status is worth another attempt (``carriers.smpp.submit_answers``).
"""

from enum import IntEnum


class CommandStatus(IntEnum):
    """The statuses that SMPP 3.4 names (section 5.1.3, table 5-2)."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVNUMDESTS = 0x33
    ESME_RINVDLNAME = 0x34
    ESME_RINVDESTFLAG = 0x40
    ESME_RINVSUBREP = 0x42
    ESME_RINVESMCLASS = 0x43
    ESME_RCNTSUBDL = 0x44
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSRCTON = 0x48
    ESME_RINVSRCNPI = 0x49
    ESME_RINVDSTTON = 0x50
    ESME_RINVDSTNPI = 0x51
    ESME_RINVSYSTYP = 0x53
    ESME_RINVREPFLAG = 0x54
    ESME_RINVNUMMSGS = 0x55
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RINVDFTMSGID = 0x63
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RMISSINGOPTPARAM = 0xC3
    ESME_RINVOPTPARAMVAL = 0xC4
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF


_MEANINGS = {
    CommandStatus.ESME_ROK: "no error",
    CommandStatus.ESME_RINVMSGLEN: "message length is invalid",
    CommandStatus.ESME_RINVCMDLEN: "command length is invalid",
    CommandStatus.ESME_RINVCMDID: "invalid command id",
    CommandStatus.ESME_RINVBNDSTS: "command not allowed in this bind state",
    CommandStatus.ESME_RALYBND: "already bound",
    CommandStatus.ESME_RINVPRTFLG: "invalid priority flag",
    CommandStatus.ESME_RINVREGDLVFLG: "invalid registered delivery flag",
    CommandStatus.ESME_RSYSERR: "system error",
    CommandStatus.ESME_RINVSRCADR: "invalid source address",
    CommandStatus.ESME_RINVDSTADR: "invalid destination address",
    CommandStatus.ESME_RINVMSGID: "message id is invalid",
    CommandStatus.ESME_RBINDFAIL: "bind failed",
    CommandStatus.ESME_RINVPASWD: "invalid password",
    CommandStatus.ESME_RINVSYSID: "invalid system id",
    CommandStatus.ESME_RCANCELFAIL: "cancel_sm failed",
    CommandStatus.ESME_RREPLACEFAIL: "replace_sm failed",
    CommandStatus.ESME_RMSGQFUL: "message queue full",
    CommandStatus.ESME_RINVSERTYP: "invalid service type",
    CommandStatus.ESME_RINVNUMDESTS: "invalid number of destinations",
    CommandStatus.ESME_RINVDLNAME: "invalid distribution list name",
    CommandStatus.ESME_RINVDESTFLAG: "destination flag is invalid",
    CommandStatus.ESME_RINVSUBREP: "invalid submit with replace",
    CommandStatus.ESME_RINVESMCLASS: "invalid esm_class",
    CommandStatus.ESME_RCNTSUBDL: "cannot submit to distribution list",
    CommandStatus.ESME_RSUBMITFAIL: "submit_sm or submit_multi failed",
    CommandStatus.ESME_RINVSRCTON: "invalid source address TON",
    CommandStatus.ESME_RINVSRCNPI: "invalid source address NPI",
    CommandStatus.ESME_RINVDSTTON: "invalid destination address TON",
    CommandStatus.ESME_RINVDSTNPI: "invalid destination address NPI",
    CommandStatus.ESME_RINVSYSTYP: "invalid system type",
    CommandStatus.ESME_RINVREPFLAG: "invalid replace_if_present flag",
    CommandStatus.ESME_RINVNUMMSGS: "invalid number of messages",
    CommandStatus.ESME_RTHROTTLED: "throttled: allowed rate exceeded",
    CommandStatus.ESME_RINVSCHED: "invalid scheduled delivery time",
    CommandStatus.ESME_RINVEXPIRY: "invalid validity period",
    CommandStatus.ESME_RINVDFTMSGID: "predefined message is invalid or not found",
    CommandStatus.ESME_RX_T_APPN: "receiver's temporary application error",
    CommandStatus.ESME_RX_P_APPN: "receiver's permanent application error",
    CommandStatus.ESME_RX_R_APPN: "receiver rejects the message",
    CommandStatus.ESME_RQUERYFAIL: "query_sm failed",
    CommandStatus.ESME_RINVOPTPARSTREAM: "error in the optional part of the PDU",
    CommandStatus.ESME_ROPTPARNOTALLWD: "optional parameter not allowed",
    CommandStatus.ESME_RINVPARLEN: "invalid parameter length",
    CommandStatus.ESME_RMISSINGOPTPARAM: "expected optional parameter is missing",
    CommandStatus.ESME_RINVOPTPARAMVAL: "invalid optional parameter value",
    CommandStatus.ESME_RDELIVERYFAILURE: "delivery failure",
    CommandStatus.ESME_RUNKNOWNERR: "unknown error",
}


def status_name(status: int) -> str:
    """Return the specification's name of `status`, or eight hexadecimal digits for one it does not name."""
    try:
        return CommandStatus(status).name
    except ValueError:
        return f"0x{status:08X}"


def status_meaning(status: int) -> str:
    """Return in a few words what `status` means, as far as the specification names it."""
    try:
        return _MEANINGS[CommandStatus(status)]
    except ValueError:
        return "not named by SMPP 3.4"
