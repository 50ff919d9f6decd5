"""An account that is not let in sends nothing and is told nothing, not even of a message of its own."""

from dataclasses import replace
from typing import Any, Final

import pytest
from tests.dialects.contract import DENIED, TOLD, Contract
from tests.dialects.contract_application import Application
from tests.dialects.contracts import CONTRACTS, every_dialect, every_speaker
from tests.dialects.speaking import ACCEPTED, Speaker
from tests.support.settings import settings_of

from palomar.accounts.blocks import REFUSED_A_MINUTE
from palomar.vocabulary.message import State

pytestmark = pytest.mark.asyncio(loop_scope="module")

LET_IN: Final = {("sofmex", "the account is disabled")}
"""Who may ask all the same, as the vendor's page wants."""
BEFORE: Final = {"too many requests a second": 1, "the account is blocked": REFUSED_A_MINUTE + 20}
"""Questions that are asked before the one that counts."""
SENDS_THAT_THE_GATE_REFUSES: Final = (
    "the address is not in the list",
    "the account is disabled",
    "the account may not send",
    "too many requests a second, by each dialect's setting",
)


def denied(speaker: Speaker, why: str) -> dict[str, Any]:
    """Return the settings of an account that is denied for this reason."""
    if why == "the address is not in the list":
        return {"allowed_addresses": ("192.0.2.0/24",)}
    return {CONTRACTS[speaker.dialect].rate_setting: 1} if why in BEFORE else {}


@every_speaker
@pytest.mark.parametrize("why", DENIED)
async def test_a_denied_account_is_not_told_the_state_of_its_message(
    palomar: Application, speaker: Speaker, why: str
) -> None:
    contract, who, number = CONTRACTS[speaker.dialect], await palomar.customer(), palomar.number()
    sent = await palomar.ask(speaker.send(who, number, "Hola"))
    await palomar.ended(who, State.DELIVERED)
    question = speaker.ask(who, speaker.identity(sent, number))
    assert speaker.word(await palomar.ask(question)) == contract.words[State.DELIVERED]

    settings = settings_of(**{"requests_per_second": 0} | denied(speaker, why))
    is_enabled = why != "the account is disabled"
    await palomar.change(replace(palomar.account(who), enabled=is_enabled, settings=settings))
    for _ in range(BEFORE.get(why, 0)):
        await palomar.ask(question)
    reply = await palomar.ask(question)

    speaker.check(reply)
    if contract.asks[why] == TOLD:
        assert speaker.word(reply) == contract.words[State.DELIVERED]
    else:
        assert speaker.asked(reply) == contract.asks[why]


@every_dialect
async def test_no_dialect_accepts_or_tells_what_the_gate_refuses(contract: Contract) -> None:
    """So no line of a table can let in somebody."""
    assert [why for why in SENDS_THAT_THE_GATE_REFUSES if contract.sends[why] == ACCEPTED] == []
    assert ACCEPTED not in {contract.answers[key] for key in ("bad credentials", "a blocked caller")}
    told = {TOLD, contract.words[State.DELIVERED], contract.answers["another's message, asked"]}
    assert {(contract.dialect, why) for why in DENIED if contract.asks[why] in told} <= LET_IN
