"""A screen: what was sent, what arrived and what was written are put together, and nobody gets another's text."""

from typing import Any

from palomar.sandbox.phone_messages import SentToPhone, Ties, WrittenByPhone
from palomar.sandbox.phone_screen import Bubble, bubbles_of
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, State, make_message_id
from palomar.vocabulary.phone_message import PhoneMessage

NOW_MS = 1_760_000_000_000
PHONE = "34600000001"
NO_TIES = Ties(named={}, doubtful=frozenset(), others=frozenset())


def message_id(number: int) -> MessageId:
    return make_message_id(at_ms=NOW_MS + number * 1_000, node=0, sequence=0)


def sent(number: int, text: str = "hello", **fields: Any) -> SentToPhone:
    message = {
        "id": message_id(number),
        "account_id": AccountId(1),
        "sender": "FOXSYS",
        "msisdn": PHONE,
        "text": text,
        "alphabet": Alphabet.GSM,
        "parts": 1,
        "state": State.SENT,
        "carrier": "c",
    }
    return SentToPhone(**(message | fields))


def arrival(text: str = "hello", *references: str, **fields: Any) -> tuple[str, PhoneMessage]:
    message = {
        "serial": 7,
        "number": PHONE,
        "peer": "FOXSYS",
        "is_written": False,
        "text": text,
        "parts": 1,
        "parts_here": 1,
        "at_ms": NOW_MS + 60_000,
        "system_id": "palomar",
    }
    return "c", PhoneMessage(**(message | {"references": references} | fields))


def shown(
    messages: list[SentToPhone],
    *arrivals: tuple[str, PhoneMessage],
    strays: bool = False,
    doubtful: tuple[int, ...] = (),
    others: tuple[str, ...] = (),
    **references: int,
) -> list[Bubble]:
    """``references`` are messages' own, by number; ``doubtful`` messages, by number, lack an answer."""
    ties = Ties(
        named={("c", reference): message_id(number) for reference, number in references.items()},
        doubtful=frozenset(map(message_id, doubtful)),
        others=frozenset(("c", reference) for reference in others),
    )
    return bubbles_of(messages, [], arrivals, ties, with_strays=strays)


def test_a_message_is_on_its_way_until_its_parts_are_here() -> None:
    (waiting,) = shown([sent(1)])
    assert (waiting.is_here, waiting.times_here, waiting.state) == (False, 0, State.SENT)
    (here,) = shown([sent(1)], arrival("hello", "AB"), AB=1)
    assert (here.is_here, here.times_here, here.key) == (True, 1, f"m{message_id(1)}")


def test_a_reference_ties_whatever_else_is_the_same() -> None:
    young, old = sent(2, account_id=AccountId(2)), sent(1)
    bubbles = shown([young, old], arrival("hello", "ab"), AB=1)
    assert [bubble.times_here for bubble in bubbles] == [1, 0]


def test_what_was_delivered_before_this_process_began_is_here_too() -> None:
    assert shown([sent(1, state=State.DELIVERED)])[0].is_here
    assert not shown([sent(1, state=State.UNDELIVERED)])[0].is_here


def test_parts_are_counted_and_a_message_that_comes_twice_says_so() -> None:
    long = sent(1, "x" * 200, parts=2)
    (some,) = shown([long], arrival("x" * 153, "A1", parts=2), A1=1, A2=1)
    assert (some.parts_here, some.times_here, some.text) == (1, 0, "x" * 200)
    (twice,) = shown([sent(1)], arrival("hello", "A1"), arrival("hello", "A1"), A1=1)
    assert twice.times_here == 2


def test_a_screen_shows_what_the_phone_shows_and_what_was_meant() -> None:
    (odd,) = shown([sent(1, "¿qué?")], arrival("?qu??", "A1", is_flash=True), A1=1)
    assert (odd.text, odd.meant, odd.is_flash) == ("?qu??", "¿qué?", True)
    (same,) = shown([sent(1)], arrival("hello", "A1"), A1=1)
    assert (same.text, same.meant) == ("hello", "")


def test_what_has_no_known_reference_is_tied_by_sender_and_text_to_a_message_that_lacks_an_answer() -> None:
    old, young, answered = sent(1), sent(2), sent(3)
    lost = arrival("hello", "LOST")
    assert [b.times_here for b in shown([answered, young, old], lost, doubtful=(1, 2), A3=3)] == [0, 1, 0]
    again = shown([answered, young, old], lost, arrival("hello", "ALSO"), doubtful=(1, 2), A3=3)
    assert [bubble.times_here for bubble in again] == [1, 1, 0], "rather one that has not arrived"
    assert [b.times_here for b in shown([answered, young, old], lost, A3=3)] == [0, 0, 0], "nothing was lost"
    for other in (arrival("hello!", "LOST"), arrival("hello", "LOST", peer="ACME")):
        assert [b.times_here for b in shown([young, old], other, doubtful=(1, 2))] == [0, 0]


def test_what_is_known_to_be_anothers_is_neither_mine_nor_a_stray() -> None:
    others = arrival("hello", "B1")
    assert [b.times_here for b in shown([sent(1)], others, doubtful=(1,), others=("B1",), strays=True)] == [0]


def test_what_is_nobodys_is_shown_to_who_sees_everything_and_to_nobody_else() -> None:
    stray = arrival("somebody else's secret", "LOST")
    assert [bubble.text for bubble in shown([sent(1)], stray)] == ["hello"]
    bubbles = shown([sent(1)], stray, strays=True)
    assert [(bubble.text, bubble.state, bubble.message_id, bubble.is_here) for bubble in bubbles] == [
        ("hello", State.SENT, message_id(1), False),
        ("somebody else's secret", None, None, True),
    ]


def test_a_text_that_a_phone_has_joined_of_two_messages_is_nobodys() -> None:
    """Two long messages from the same sender with the same reference: phones mix their parts."""
    mixed = arrival("half of mine, half of another's", "A1", "B2", parts=2, parts_here=2)
    (mine,) = shown([sent(1, "x" * 200, parts=2)], mixed, A1=1, others=("B2",), doubtful=(1,), strays=True)
    assert (mine.text, mine.parts_here) == ("x" * 200, 0)


def test_a_screen_is_in_the_order_of_time_with_what_the_phone_wrote() -> None:
    answer = WrittenByPhone(
        id=5,
        account_id=AccountId(1),
        carrier="c",
        number=PHONE,
        to="34900100200",
        text="qué €",
        parts=1,
        received_ms=NOW_MS + 1_500,
    )
    bubbles = bubbles_of([sent(2), sent(1)], [answer], [], NO_TIES, with_strays=False)
    assert [(bubble.key, bubble.is_written) for bubble in bubbles] == [
        (f"m{message_id(1)}", False),
        ("w5", True),
        (f"m{message_id(2)}", False),
    ]
    assert (bubbles[1].is_here, bubbles[1].peer, bubbles[1].alphabet) == (True, "34900100200", Alphabet.GSM)
