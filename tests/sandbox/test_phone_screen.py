"""A screen joins what was sent, what arrived and what the phone wrote, and shows nobody another account's text."""

from typing import Any

from palomar.sandbox.phone_messages import KnownParts, SentToPhone, WrittenByPhone
from palomar.sandbox.phone_screen import Bubble, build_bubbles
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, State, make_message_id
from palomar.vocabulary.phone_message import PhoneMessage

NOW_MS = 1_760_000_000_000
PHONE = "34600000001"
NOTHING_KNOWN = KnownParts(by_reference={}, unanswered=frozenset(), of_others=frozenset())


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
        "parts_received": 1,
        "at_ms": NOW_MS + 60_000,
        "system_id": "palomar",
    }
    return "c", PhoneMessage(**(message | {"references": references} | fields))


def shown(
    messages: list[SentToPhone],
    *arrivals: tuple[str, PhoneMessage],
    unmatched: bool = False,
    unanswered: tuple[int, ...] = (),
    others: tuple[str, ...] = (),
    **references: int,
) -> list[Bubble]:
    """``references`` are messages' own, by number; ``doubtful`` messages, by number, lack an answer."""
    known = KnownParts(
        by_reference={("c", reference): message_id(number) for reference, number in references.items()},
        unanswered=frozenset(map(message_id, unanswered)),
        of_others=frozenset(("c", reference) for reference in others),
    )
    return build_bubbles(messages, [], arrivals, known, with_unmatched=unmatched)


def test_a_message_has_arrived_when_its_parts_have() -> None:
    (waiting,) = shown([sent(1)])
    assert (waiting.has_arrived, waiting.times_arrived, waiting.state) == (False, 0, State.SENT)
    (here,) = shown([sent(1)], arrival("hello", "AB"), AB=1)
    assert (here.has_arrived, here.times_arrived, here.key) == (True, 1, f"m{message_id(1)}")


def test_a_carriers_id_decides_between_messages_with_equal_texts() -> None:
    young, old = sent(2, account_id=AccountId(2)), sent(1)
    bubbles = shown([young, old], arrival("hello", "ab"), AB=1)
    assert [bubble.times_arrived for bubble in bubbles] == [1, 0]


def test_a_message_with_a_receipt_of_delivery_has_arrived() -> None:
    assert shown([sent(1, state=State.DELIVERED)])[0].has_arrived
    assert not shown([sent(1, state=State.UNDELIVERED)])[0].has_arrived


def test_arrived_parts_and_repeated_arrivals_are_counted() -> None:
    long = sent(1, "x" * 200, parts=2)
    (some,) = shown([long], arrival("x" * 153, "A1", parts=2), A1=1, A2=1)
    assert (some.parts_arrived, some.times_arrived, some.text) == (1, 0, "x" * 200)
    (twice,) = shown([sent(1)], arrival("hello", "A1"), arrival("hello", "A1"), A1=1)
    assert twice.times_arrived == 2


def test_a_screen_has_the_text_on_the_phone_and_the_text_that_was_sent() -> None:
    (odd,) = shown([sent(1, "¿qué?")], arrival("?qu??", "A1", is_flash=True), A1=1)
    assert (odd.text, odd.sent_text, odd.is_flash) == ("?qu??", "¿qué?", True)
    (same,) = shown([sent(1)], arrival("hello", "A1"), A1=1)
    assert (same.text, same.sent_text) == ("hello", "")


def test_an_unknown_id_is_matched_by_sender_and_text_to_an_unanswered_message() -> None:
    old, young, answered = sent(1), sent(2), sent(3)
    lost = arrival("hello", "LOST")
    assert [b.times_arrived for b in shown([answered, young, old], lost, unanswered=(1, 2), A3=3)] == [0, 1, 0]
    again = shown([answered, young, old], lost, arrival("hello", "ALSO"), unanswered=(1, 2), A3=3)
    assert [bubble.times_arrived for bubble in again] == [1, 1, 0], "rather one that has not arrived"
    assert [b.times_arrived for b in shown([answered, young, old], lost, A3=3)] == [0, 0, 0], "nothing was lost"
    for other in (arrival("hello!", "LOST"), arrival("hello", "LOST", peer="ACME")):
        assert [b.times_arrived for b in shown([young, old], other, unanswered=(1, 2))] == [0, 0]


def test_a_part_of_another_message_is_neither_matched_nor_shown() -> None:
    others = arrival("hello", "B1")
    assert [b.times_arrived for b in shown([sent(1)], others, unanswered=(1,), others=("B1",), unmatched=True)] == [0]


def test_an_unmatched_text_is_shown_only_with_unmatched() -> None:
    stray = arrival("somebody else's secret", "LOST")
    assert [bubble.text for bubble in shown([sent(1)], stray)] == ["hello"]
    bubbles = shown([sent(1)], stray, unmatched=True)
    assert [(bubble.text, bubble.state, bubble.message_id, bubble.has_arrived) for bubble in bubbles] == [
        ("hello", State.SENT, message_id(1), False),
        ("somebody else's secret", None, None, True),
    ]


def test_a_text_joined_from_two_messages_belongs_to_neither() -> None:
    """Two long messages from the same sender with the same reference: phones mix their parts."""
    mixed = arrival("half of mine, half of another's", "A1", "B2", parts=2, parts_received=2)
    (mine,) = shown([sent(1, "x" * 200, parts=2)], mixed, A1=1, others=("B2",), unanswered=(1,), unmatched=True)
    assert (mine.text, mine.parts_arrived) == ("x" * 200, 0)


def test_a_screen_is_in_order_of_time_and_has_what_the_phone_wrote() -> None:
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
    bubbles = build_bubbles([sent(2), sent(1)], [answer], [], NOTHING_KNOWN, with_unmatched=False)
    assert [(bubble.key, bubble.is_written) for bubble in bubbles] == [
        (f"m{message_id(1)}", False),
        ("w5", True),
        (f"m{message_id(2)}", False),
    ]
    assert (bubbles[1].has_arrived, bubbles[1].peer, bubbles[1].alphabet) == (True, "34900100200", Alphabet.GSM)
