"""The outcome that the answer to a submit stands for: taken, refused for good, or to be sent again.

Pure. Every status that SMPP 3.4 names (section 5.1.3) has its row; those of vendors are refusals unless the carrier's
settings call them temporary. Not here: how much slower a link becomes (``pacing``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from palomar.carriers.smpp import setting_values
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import Deferred, Refused, SubmitOutcome, Submitted
from palomar.smpp import CommandStatus, DataSmResp, Pdu, SubmitSmResp, status_name

THROTTLED_STATUSES: Final = frozenset({CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL})
"""Statuses that say the link is too fast."""

PERMANENT: Final = None

RETRY_SECONDS: Final[Mapping[CommandStatus, float | None]] = MappingProxyType(
    {
        CommandStatus.ESME_RINVMSGLEN: PERMANENT,
        CommandStatus.ESME_RINVCMDLEN: PERMANENT,
        CommandStatus.ESME_RINVCMDID: PERMANENT,
        CommandStatus.ESME_RINVBNDSTS: 5.0,  # the SMSC has lost our bind: the message is not at fault
        CommandStatus.ESME_RALYBND: PERMANENT,
        CommandStatus.ESME_RINVPRTFLG: PERMANENT,
        CommandStatus.ESME_RINVREGDLVFLG: PERMANENT,
        CommandStatus.ESME_RSYSERR: 5.0,
        CommandStatus.ESME_RINVSRCADR: PERMANENT,
        CommandStatus.ESME_RINVDSTADR: PERMANENT,
        CommandStatus.ESME_RINVMSGID: PERMANENT,
        CommandStatus.ESME_RBINDFAIL: PERMANENT,
        CommandStatus.ESME_RINVPASWD: PERMANENT,
        CommandStatus.ESME_RINVSYSID: PERMANENT,
        CommandStatus.ESME_RCANCELFAIL: PERMANENT,
        CommandStatus.ESME_RREPLACEFAIL: PERMANENT,
        CommandStatus.ESME_RMSGQFUL: 5.0,
        CommandStatus.ESME_RINVSERTYP: PERMANENT,
        CommandStatus.ESME_RINVNUMDESTS: PERMANENT,
        CommandStatus.ESME_RINVDLNAME: PERMANENT,
        CommandStatus.ESME_RINVDESTFLAG: PERMANENT,
        CommandStatus.ESME_RINVSUBREP: PERMANENT,
        CommandStatus.ESME_RINVESMCLASS: PERMANENT,
        CommandStatus.ESME_RCNTSUBDL: PERMANENT,
        CommandStatus.ESME_RSUBMITFAIL: PERMANENT,
        CommandStatus.ESME_RINVSRCTON: PERMANENT,
        CommandStatus.ESME_RINVSRCNPI: PERMANENT,
        CommandStatus.ESME_RINVDSTTON: PERMANENT,
        CommandStatus.ESME_RINVDSTNPI: PERMANENT,
        CommandStatus.ESME_RINVSYSTYP: PERMANENT,
        CommandStatus.ESME_RINVREPFLAG: PERMANENT,
        CommandStatus.ESME_RINVNUMMSGS: PERMANENT,
        CommandStatus.ESME_RTHROTTLED: 1.0,
        CommandStatus.ESME_RINVSCHED: PERMANENT,
        CommandStatus.ESME_RINVEXPIRY: PERMANENT,
        CommandStatus.ESME_RINVDFTMSGID: PERMANENT,
        CommandStatus.ESME_RX_T_APPN: 5.0,
        CommandStatus.ESME_RX_P_APPN: PERMANENT,
        CommandStatus.ESME_RX_R_APPN: PERMANENT,
        CommandStatus.ESME_RQUERYFAIL: PERMANENT,
        CommandStatus.ESME_RINVOPTPARSTREAM: PERMANENT,
        CommandStatus.ESME_ROPTPARNOTALLWD: PERMANENT,
        CommandStatus.ESME_RINVPARLEN: PERMANENT,
        CommandStatus.ESME_RMISSINGOPTPARAM: PERMANENT,
        CommandStatus.ESME_RINVOPTPARAMVAL: PERMANENT,
        CommandStatus.ESME_RDELIVERYFAILURE: PERMANENT,
        CommandStatus.ESME_RUNKNOWNERR: PERMANENT,
    }
)
"""Seconds until a part may be sent again after each status but ESME_ROK."""

TEMPORARY_BY_SETTING_SECONDS: Final = 5.0


def outcome_reader(settings: SmppCarrierSettings) -> Callable[[Pdu], SubmitOutcome]:
    """Make the function that reads this carrier's answers; a ``generic_nack`` is a refusal too."""
    retry_seconds = {int(status): seconds for status, seconds in RETRY_SECONDS.items() if seconds is not None}
    for status in setting_values.statuses(settings.temporary_statuses):
        retry_seconds.setdefault(status, TEMPORARY_BY_SETTING_SECONDS)

    def outcome(answer: Pdu) -> SubmitOutcome:
        status = answer.command_status
        if status == 0 and isinstance(answer, (SubmitSmResp, DataSmResp)):
            return Submitted(reference=answer.message_id.strip())
        retry = retry_seconds.get(status)
        if retry is not None:
            return Deferred(status=status, reason=status_name(status), retry_after_seconds=retry)
        return Refused(status=status, reason=status_name(status) if status else answer.command_name)

    return outcome
