"""Messages whose parts are in doubt, for tests."""

from typing import Any

from msgspec import structs
from tests.support.world import CREDIT, World, outgoing, recipient

from palomar.acceptance.compose import AcceptedMessage
from palomar.ports import Deferred, InDoubt, OutgoingPart, Refused
from palomar.sending.in_doubt import Retry
from palomar.vocabulary.message import State

NO_ANSWER = InDoubt(reason="no answer in time")
REFUSED = Refused(status=11, reason="ESME_RINVDSTADR")
LATER = Deferred(status=8, reason="ESME_RSYSERR", retry_after_seconds=5.0)
PHONE = recipient().msisdn


async def doubted(world: World, *, carrier: str = "c", **asked: Any) -> AcceptedMessage:
    """Accept a message whose parts get no answer; each waits to be sent again."""
    account = asked.pop("account", None) or await world.account(credit=100 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, carrier=carrier, **asked)
    for part in outgoing(message):
        await world.answer(part, NO_ANSWER, carrier=carrier)
    return message


async def submitted_again(world: World, part: OutgoingPart, attempt: int, *, carrier: str = "c") -> Retry | None:
    """Submit the part once more, again without an answer."""
    part = structs.replace(part, attempt=attempt)
    assert await world.mark(part, carrier=carrier) == [True]
    return await world.answer(part, NO_ANSWER, carrier=carrier)
