"""Every status of an answer is decided by a table."""

import pytest
from tests.carriers.smpp.parts import settings

from palomar.carriers.smpp.submit_answers import RETRY_SECONDS, THROTTLED_STATUSES, outcome_reader
from palomar.ports import Deferred, Refused, Submitted
from palomar.smpp import CommandStatus, DataSmResp, GenericNack, QuerySmResp, SubmitSmResp

OUTCOME_OF = outcome_reader(settings())
TEMPORARY = {"ESME_RINVBNDSTS", "ESME_RSYSERR", "ESME_RMSGQFUL", "ESME_RTHROTTLED", "ESME_RX_T_APPN"}


@pytest.mark.parametrize("answer", [SubmitSmResp(message_id=" 00aF "), DataSmResp(message_id="00aF")])
def test_an_accepted_part_has_its_reference_as_it_came(answer: SubmitSmResp | DataSmResp) -> None:
    assert OUTCOME_OF(answer) == Submitted(reference="00aF")


def test_every_status_of_the_specification_has_its_row() -> None:
    assert set(RETRY_SECONDS) == set(CommandStatus) - {CommandStatus.ESME_ROK}
    assert set(RETRY_SECONDS) >= THROTTLED_STATUSES


@pytest.mark.parametrize("status", sorted(set(CommandStatus) - {CommandStatus.ESME_ROK}), ids=lambda s: s.name)
def test_a_status_is_temporary_or_for_good(status: CommandStatus) -> None:
    verdict = OUTCOME_OF(SubmitSmResp(command_status=status))
    if status.name in TEMPORARY:
        assert isinstance(verdict, Deferred)
        assert verdict.retry_after_seconds > 0
        assert (verdict.status, verdict.reason) == (status, status.name)
    else:
        assert verdict == Refused(status=status, reason=status.name)


def test_a_vendors_status_is_for_good_unless_the_setting_says_otherwise() -> None:
    told = outcome_reader(settings(temporary_statuses=("0x404", "ESME_RSUBMITFAIL", "ESME_RTHROTTLED")))
    assert OUTCOME_OF(SubmitSmResp(command_status=0x404)) == Refused(status=0x404, reason="0x00000404")
    assert told(SubmitSmResp(command_status=0x404)) == Deferred(
        status=0x404, reason="0x00000404", retry_after_seconds=5.0
    )
    assert isinstance(told(SubmitSmResp(command_status=CommandStatus.ESME_RSUBMITFAIL)), Deferred)
    throttled = told(SubmitSmResp(command_status=CommandStatus.ESME_RTHROTTLED))
    assert isinstance(throttled, Deferred)
    assert throttled.retry_after_seconds == 1.0


def test_a_generic_nack_or_another_response_is_a_refusal_even_with_status_0() -> None:
    assert OUTCOME_OF(GenericNack()) == Refused(status=0, reason="generic_nack")
    assert OUTCOME_OF(QuerySmResp()) == Refused(status=0, reason="query_sm_resp")
