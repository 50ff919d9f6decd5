"""Accents, emoji, long texts: what of a text reaches the handset, in how many parts, and what it costs."""

from dataclasses import dataclass

import pytest
from tests.dialects.contract_house import CREDIT, House
from tests.dialects.speakers import ACCEPTED, FOXSYS, SPEAKERS, Speaker

from palomar.domain.message import State
from palomar.domain.text import Alphabet

pytestmark = pytest.mark.asyncio(loop_scope="module")
every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)

DIALECTS = ("sofmex", "convergia", "labs402t", "foxsys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text, and by dialect what the handset reads: the text, its alphabet and its parts; or why it is refused."""

    posted: str
    read: dict[str, str | tuple[str, Alphabet, int]]


GSM, UCS2 = Alphabet.GSM, Alphabet.UCS2


def everywhere(text: str, alphabet: Alphabet, parts: int) -> dict[str, str | tuple[str, Alphabet, int]]:
    return dict.fromkeys(DIALECTS, (text, alphabet, parts))


TEXTS = {
    "what GSM has is left as it is": Text(
        posted="Año: ¿qué? Ñ ü è @ £ ¡!", read=everywhere("Año: ¿qué? Ñ ü è @ £ ¡!", GSM, 1)
    ),
    "a euro is two septets": Text(posted="5 € {x}", read=everywhere("5 € {x}", GSM, 1)),
    "160 characters are one part": Text(posted="x" * 160, read=everywhere("x" * 160, GSM, 1)),
    "accents that GSM lacks": Text(
        posted="Información útil",
        read={
            "sofmex": ("Información útil", UCS2, 1),
            "convergia": ("Informacion util", GSM, 1),
            "labs402t": ("Informacion util", GSM, 1),
            "foxsys": "27",
        },
    ),
    "typographic quotes": Text(
        posted="“Hola” – dijo…",
        read={
            "sofmex": ("“Hola” – dijo…", UCS2, 1),
            "convergia": ('"Hola" - dijo...', GSM, 1),
            "labs402t": ('"Hola" - dijo...', GSM, 1),
            "foxsys": "27",
        },
    ),
    "an emoji": Text(
        posted="Sí 😀",
        read={
            "sofmex": ("Sí 😀", UCS2, 1),
            "convergia": ("Sí 😀", UCS2, 1),
            "labs402t": "-21, 400",
            "foxsys": "27",
        },
    ),
    "70 of another alphabet": Text(
        posted="ж" * 70,
        read={
            "sofmex": ("ж" * 70, UCS2, 1),
            "convergia": ("ж" * 70, UCS2, 1),
            "labs402t": "-21, 400",
            "foxsys": "27",
        },
    ),
    "160 characters with a euro": Text(
        posted="€" + "x" * 159,
        read={
            "sofmex": ("€" + "x" * 159, GSM, 2),
            "convergia": ("€" + "x" * 159, GSM, 2),
            "labs402t": ("€" + "x" * 159, GSM, 2),
            "foxsys": "30",
        },
    ),
    "800 characters": Text(
        posted="palomar " * 100,
        read={
            "sofmex": ("palomar " * 100, GSM, 6),
            "convergia": "105",
            "labs402t": "-19, 400",
            "foxsys": "30",
        },
    ),
}


@every_speaker
@pytest.mark.parametrize("case", TEXTS)
async def test_a_text_reaches_the_handset_as_the_sheet_says_and_its_parts_are_charged(
    palomar: House, speaker: Speaker, case: str
) -> None:
    who, number = await palomar.customer(), palomar.number()
    wanted = TEXTS[case].read[speaker.dialect]

    reply = await palomar.ask(speaker.send(who, number, TEXTS[case].posted))

    if isinstance(wanted, str):
        assert speaker.said(reply) == wanted
        assert await palomar.messages(who) == []
        return
    text, alphabet, parts = wanted
    assert speaker.said(reply) == ACCEPTED
    row = await palomar.ended(who, State.DELIVERED)
    assert (row.text, row.alphabet, row.parts) == (text, alphabet, parts)
    arrived = palomar.handset(number)
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
async def test_foxsys_takes_long_and_foreign_texts_when_it_is_asked_to(
    palomar: House, text: str, switches: dict[str, object], parts: int, alphabet: Alphabet
) -> None:
    who, number = await palomar.customer(), palomar.number()
    assert FOXSYS.said(await palomar.ask(FOXSYS.send(who, number, text, **switches))) == ACCEPTED
    row = await palomar.ended(who, State.DELIVERED)
    assert (row.parts, row.alphabet, "".join(palomar.handset(number))) == (parts, alphabet, text)
