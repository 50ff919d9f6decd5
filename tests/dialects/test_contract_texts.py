"""Accents, emoji, long texts: what of a text reaches the phone, in how many parts, and what it costs."""

import pytest
from tests.dialects.contract_application import CREDIT, Application
from tests.dialects.contracts import CONTRACTS, every_speaker
from tests.dialects.foxsys.speaker import FOXSYS
from tests.dialects.speaking import ACCEPTED, Speaker

from palomar.text.alphabets import Alphabet
from palomar.vocabulary.message import State

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXTS = {
    "what GSM has is left as it is": "Año: ¿qué? Ñ ü è @ £ ¡!",
    "a euro is two septets": "5 € {x}",
    "160 characters are one part": "x" * 160,
    "accents that GSM lacks": "Información útil",
    "typographic quotes": "“Hola” – dijo…",
    "an emoji": "Sí 😀",
    "70 of another alphabet": "ж" * 70,
    "160 characters with a euro": "€" + "x" * 159,
    "800 characters": "palomar " * 100,
}
"""Texts as they are posted. What a phone reads stands in each dialect's table ``texts``."""
GSM, UCS2 = Alphabet.GSM, Alphabet.UCS2


@every_speaker
@pytest.mark.parametrize("case", TEXTS)
async def test_a_text_reaches_the_phone_as_the_sheet_says_and_its_parts_are_charged(
    palomar: Application, speaker: Speaker, case: str
) -> None:
    who, number = await palomar.customer(), palomar.number()
    wanted = CONTRACTS[speaker.dialect].texts[case]

    reply = await palomar.ask(speaker.send(who, number, TEXTS[case]))

    if isinstance(wanted, str):
        assert speaker.said(reply) == wanted
        assert await palomar.messages(who) == []
        return
    text, alphabet, parts = wanted
    assert speaker.said(reply) == ACCEPTED
    row = await palomar.ended(who, State.DELIVERED)
    assert (row.text, row.alphabet, row.parts) == (text, alphabet, parts)
    arrived = palomar.texts_on_phone(number)
    assert ("".join(arrived), len(arrived)) == (text, parts)
    assert (await palomar.balance(who)).available == (1_000 - parts) * CREDIT


@pytest.mark.parametrize(
    ("text", "switches", "parts", "alphabet"),
    [
        ("x" * 161, {"long": 1}, 2, GSM),
        ("Sí 😀", {"ucs2": 1}, 1, UCS2),
        ("ж" * 71, {"ucs2": "1", "long": True}, 2, UCS2),
    ],
)
async def test_foxsys_accepts_long_and_ucs2_texts_on_request(
    palomar: Application, text: str, switches: dict[str, object], parts: int, alphabet: Alphabet
) -> None:
    who, number = await palomar.customer(), palomar.number()
    assert FOXSYS.said(await palomar.ask(FOXSYS.send(who, number, text, **switches))) == ACCEPTED
    row = await palomar.ended(who, State.DELIVERED)
    assert (row.parts, row.alphabet, "".join(palomar.texts_on_phone(number))) == (parts, alphabet, text)
