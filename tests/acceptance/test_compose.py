"""Composed messages have the alphabet that makes the fewest parts, and cost their parts."""

import pytest
from msgspec import structs
from tests.support.world import CREDIT, World, recipient

from palomar.acceptance.accept import Accepted, accept
from palomar.acceptance.compose import (
    Acceptance,
    Recipient,
    compose,
)
from palomar.accounts.terms import Terms
from palomar.text.alphabets import Alphabet, payloads
from palomar.text.languages import Language
from palomar.vocabulary.account import Account

PORTUGUESE = "não há mais ação " * 8
"""136 characters: three parts in UCS-2, one in Portuguese."""


def composed(world: World, account: Account, asked: Recipient, languages: tuple[Language, ...]) -> Acceptance:
    request = world.compose(account, recipients=[asked]).request
    return compose(request, [asked], terms=Terms(), ids=world.ids, now_ms=world.now_ms, languages=languages)


@pytest.mark.parametrize(
    ("languages", "alphabet", "parts"),
    [
        ((Language.PORTUGUESE,), Alphabet.PORTUGUESE_LOCKING, 1),
        ((Language.TURKISH,), Alphabet.UCS2, 3),
        ((), Alphabet.UCS2, 3),
    ],
)
async def test_a_text_beyond_gsm_goes_in_a_language_that_every_carrier_takes_and_costs_its_parts(
    world: World, languages: tuple[Language, ...], alphabet: Alphabet, parts: int
) -> None:
    account = await world.account(credit=10 * CREDIT)
    asked = structs.replace(recipient(1, parts=3), text=PORTUGUESE, alphabet=Alphabet.UCS2)
    (result,) = await world.do(accept, composed(world, account, asked, languages))
    assert isinstance(result, Accepted)
    row = result.messages[0].row
    assert (row.alphabet, row.parts, row.parts_left) == (alphabet, parts, parts)
    assert await world.balance(account) == ((10 - parts) * CREDIT, parts * CREDIT)
    assert [part.number for part in (await world.show(row.id)).parts] == list(range(1, parts + 1))
    assert len(payloads(row.text, row.alphabet)) == parts


async def test_a_text_of_the_default_alphabet_stays_in_it(world: World) -> None:
    command = composed(world, await world.account(), recipient(1), tuple(Language))
    assert command.messages[0].row.alphabet is Alphabet.GSM
