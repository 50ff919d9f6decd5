"""Every dialect sends, and measures, a text with its account's templates in it."""

import pytest
from tests.dialects.contract_application import Application
from tests.dialects.contracts import CONTRACTS, every_speaker
from tests.dialects.speaking import ACCEPTED, Customer, Speaker

from palomar.accounts import templates
from palomar.vocabulary.message import State

pytestmark = pytest.mark.asyncio(loop_scope="module")

TERMS = "Terms apply. "


async def customer_with(palomar: Application, text: str) -> Customer:
    """Make a customer with a template ``terms``."""
    who = await palomar.customer(templates=True)
    await palomar.database.write(lambda tx: templates.set_template(tx, palomar.account(who).id, "terms", text))
    await palomar.app.directory.reload()
    return who


@every_speaker
async def test_a_template_is_put_into_the_text(palomar: Application, speaker: Speaker) -> None:
    who = await customer_with(palomar, TERMS)
    reply = await palomar.ask(speaker.send(who, palomar.number(), "Hi. {terms}"))
    assert speaker.said(reply) == ACCEPTED
    assert (await palomar.ended(who, State.DELIVERED)).text == "Hi. " + TERMS


@every_speaker
async def test_a_text_is_measured_with_its_templates(palomar: Application, speaker: Speaker) -> None:
    who = await customer_with(palomar, TERMS * 13)
    wanted = CONTRACTS[speaker.dialect].sends["the text needs two parts"]
    assert speaker.said(await palomar.ask(speaker.send(who, palomar.number(), "Hi. {terms}"))) == wanted
    assert [row.parts for row in await palomar.messages(who)] == ([2] if wanted == ACCEPTED else [])
