"""What the answer to a submit means: taken, refused for good, or to come again.

Pure. Every status that SMPP 3.4 names (section 5.1.3) has its row; those of vendors are refusals unless the carrier's
settings call them temporary. Not here: how much slower a link becomes (``pacing``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from palomar.carriers.smpp import setting_values
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import Deferred, Refused, SubmitOutcome, Taken
from palomar.smpp import CommandStatus, DataSmResp, Pdu, SubmitSmResp, status_name

SLOW_DOWN: Final = frozenset({CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL})
"""Statuses that speak of the link's speed."""

FOR_GOOD: Final = None

RETRY_SECONDS: Final[Mapping[CommandStatus, float | None]] = MappingProxyType(
    {
        CommandStatus.ESME_RINVMSGLEN: FOR_GOOD,
        CommandStatus.ESME_RINVCMDLEN: FOR_GOOD,
        CommandStatus.ESME_RINVCMDID: FOR_GOOD,
        CommandStatus.ESME_RINVBNDSTS: 5.0,  # the SMSC has lost our bind: the message is not at fault
        CommandStatus.ESME_RALYBND: FOR_GOOD,
        CommandStatus.ESME_RINVPRTFLG: FOR_GOOD,
        CommandStatus.ESME_RINVREGDLVFLG: FOR_GOOD,
        CommandStatus.ESME_RSYSERR: 5.0,
        CommandStatus.ESME_RINVSRCADR: FOR_GOOD,
        CommandStatus.ESME_RINVDSTADR: FOR_GOOD,
        CommandStatus.ESME_RINVMSGID: FOR_GOOD,
        CommandStatus.ESME_RBINDFAIL: FOR_GOOD,
        CommandStatus.ESME_RINVPASWD: FOR_GOOD,
        CommandStatus.ESME_RINVSYSID: FOR_GOOD,
        CommandStatus.ESME_RCANCELFAIL: FOR_GOOD,
        CommandStatus.ESME_RREPLACEFAIL: FOR_GOOD,
        CommandStatus.ESME_RMSGQFUL: 5.0,
        CommandStatus.ESME_RINVSERTYP: FOR_GOOD,
        CommandStatus.ESME_RINVNUMDESTS: FOR_GOOD,
        CommandStatus.ESME_RINVDLNAME: FOR_GOOD,
        CommandStatus.ESME_RINVDESTFLAG: FOR_GOOD,
        CommandStatus.ESME_RINVSUBREP: FOR_GOOD,
        CommandStatus.ESME_RINVESMCLASS: FOR_GOOD,
        CommandStatus.ESME_RCNTSUBDL: FOR_GOOD,
        CommandStatus.ESME_RSUBMITFAIL: FOR_GOOD,
        CommandStatus.ESME_RINVSRCTON: FOR_GOOD,
        CommandStatus.ESME_RINVSRCNPI: FOR_GOOD,
        CommandStatus.ESME_RINVDSTTON: FOR_GOOD,
        CommandStatus.ESME_RINVDSTNPI: FOR_GOOD,
        CommandStatus.ESME_RINVSYSTYP: FOR_GOOD,
        CommandStatus.ESME_RINVREPFLAG: FOR_GOOD,
        CommandStatus.ESME_RINVNUMMSGS: FOR_GOOD,
        CommandStatus.ESME_RTHROTTLED: 1.0,
        CommandStatus.ESME_RINVSCHED: FOR_GOOD,
        CommandStatus.ESME_RINVEXPIRY: FOR_GOOD,
        CommandStatus.ESME_RINVDFTMSGID: FOR_GOOD,
        CommandStatus.ESME_RX_T_APPN: 5.0,
        CommandStatus.ESME_RX_P_APPN: FOR_GOOD,
        CommandStatus.ESME_RX_R_APPN: FOR_GOOD,
        CommandStatus.ESME_RQUERYFAIL: FOR_GOOD,
        CommandStatus.ESME_RINVOPTPARSTREAM: FOR_GOOD,
        CommandStatus.ESME_ROPTPARNOTALLWD: FOR_GOOD,
        CommandStatus.ESME_RINVPARLEN: FOR_GOOD,
        CommandStatus.ESME_RMISSINGOPTPARAM: FOR_GOOD,
        CommandStatus.ESME_RINVOPTPARAMVAL: FOR_GOOD,
        CommandStatus.ESME_RDELIVERYFAILURE: FOR_GOOD,
        CommandStatus.ESME_RUNKNOWNERR: FOR_GOOD,
    }
)
"""How soon a part may come again after each status but ESME_ROK."""

TEMPORARY_BY_SETTING_SECONDS: Final = 5.0


def judge(settings: SmppCarrierSettings) -> Callable[[Pdu], SubmitOutcome]:
    """What this carrier's answers mean; a ``generic_nack`` is a refusal too."""
    retry_seconds = {int(status): seconds for status, seconds in RETRY_SECONDS.items() if seconds is not None}
    for status in setting_values.statuses(settings.temporary_statuses):
        retry_seconds.setdefault(status, TEMPORARY_BY_SETTING_SECONDS)

    def outcome(answer: Pdu) -> SubmitOutcome:
        status = answer.command_status
        if status == 0 and isinstance(answer, (SubmitSmResp, DataSmResp)):
            return Taken(reference=answer.message_id.strip())
        retry = retry_seconds.get(status)
        if retry is not None:
            return Deferred(status=status, reason=status_name(status), retry_after_seconds=retry)
        return Refused(status=status, reason=status_name(status) if status else answer.command_name)

    return outcome
