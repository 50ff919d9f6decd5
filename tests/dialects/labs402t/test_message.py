"""Appendix A and the rest of what is judged of one message."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.dialects.labs402t.documents import MessageBody
from palomar.dialects.labs402t.errors import Code, Problem
from palomar.dialects.labs402t.message import Message, judge, written_number
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.text import gsm7
from palomar.vocabulary.account import Account, AccountId

APPENDIX_A = (
    "€@$Çç_!\"#%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNÑOPQRSTUVWXYZ¿abcdefghijklmnñopqrstuvwxyz"
    "ÁáÉéÍíÓóÚúÀàÈèÌìÒòÙùÄäËëÏïÖöÜüÂâÊêÎîÔôÛû "
)
"""The page's list, in its order."""
LACKED_BY_GSM = "ÀÁÂÈÊËÌÍÎÏÒÓÔÙÚÛáâçêëíîïóôúû"
ACCOUNT = Account(id=AccountId(1), login="demo")


def judged(text: str) -> Message | Problem:
    return judge(
        MessageBody(to="34600000000", text=text),
        account=ACCOUNT,
        settings=Labs402tSettings(),
        default_sender="402TLabs",
    )


def sent(text: str) -> str:
    """Return what is sent for a text that is accepted."""
    message = judged(text)
    assert isinstance(message, Message), message
    return message.text


def test_the_list_of_characters_is_the_pages() -> None:
    assert len(APPENDIX_A) == len(set(APPENDIX_A)) == 133
    assert {character for character in APPENDIX_A if not gsm7.is_gsm(character)} == set(LACKED_BY_GSM)


@pytest.mark.parametrize("character", APPENDIX_A)
def test_every_character_of_the_list_is_one_character_on_the_air(character: str) -> None:
    without_accent = unicodedata.normalize("NFD", character)[0]
    assert sent(f"a{character}") == f"a{character if gsm7.is_gsm(character) else without_accent}"


@pytest.mark.parametrize("character", [c for c in gsm7.DEFAULT.to_septets if c not in (0x1B,)])
def test_every_character_of_gsm_is_sent_as_it_is_but_for_the_line_end(character: int) -> None:
    assert sent(f"a{chr(character)}b") == f"a{chr(character)}b".replace("\r", "\n")


@pytest.mark.parametrize(
    ("text", "on_the_air"),
    [
        ("A\u0301", "A"),
        ("e\u0301", "é"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\u2003x\u00a0y\u202fz", " x y z"),
        ("x\u200by\ufeffz\u2060", "xyz"),
        ("«“”»‘’", '""""\'\''),
        ("–—―…•ªº", "---...*ao"),
        ("łđðþœŒıŋ", "lddthoeOEin"),
        ("ﬁ²①", "fi21"),
        ("ãõĄű", "aoAu"),
    ],
)
def test_characters_outside_the_list_are_folded(text: str, on_the_air: str) -> None:
    assert sent(text) == on_the_air


@pytest.mark.parametrize("text", ["😀", "я", "漢", "\x00", "\x1b", "\x7f", "a\ud83d", "✓", "×", "\U000e0001"])
def test_a_character_without_an_equivalent_is_refused(text: str) -> None:
    assert judged(f"a{text}") == Problem(Code.CHARACTERS)


@given(st.text(max_size=200))
def test_every_sent_text_is_gsm_of_160_characters_at_most_and_stays_so_when_folded_again(text: str) -> None:
    message = judged(text)
    if isinstance(message, Message):
        assert gsm7.is_gsm(message.text)
        assert 1 <= len(message.text) <= 160
        assert message.text.count("?") == unicodedata.normalize("NFKD", text).count("?")
        assert sent(message.text) == message.text


@pytest.mark.parametrize(("text", "parts"), [("a" * 160, 1), ("€" * 80, 1), ("€" + "a" * 159, 2), ("€" * 160, 3)])
def test_parts_are_counted_in_septets(text: str, parts: int) -> None:
    message = judged(text)
    assert isinstance(message, Message)
    assert message.recipient().parts == parts


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        (None, None),
        ("x" * 100, "x" * 32),
        (34600000000, "34600000000"),
        ("346\n\ud800😀", "346??😀"),
        pytest.param(10**5_000, "…", id="enormous"),
        pytest.param(-(10**5_000), "…", id="enormous and negative"),
    ],
)
def test_a_refused_number_is_shown_as_it_was_written_short_and_printable(
    to: str | int | None, shown: str | None
) -> None:
    assert written_number(MessageBody(to=to)) == shown
    assert isinstance(
        judge(MessageBody(to=to, text="a"), account=ACCOUNT, settings=Labs402tSettings(), default_sender="402TLabs"),
        Message,
    ) == (shown == "34600000000")
