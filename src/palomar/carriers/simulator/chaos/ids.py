"""The ids that the simulator gives to messages: in the answer to the submit, and as its receipts spell it.

Pure. Many carriers spell the two differently; a gateway that compares them as texts never finds its messages.
"""

from typing import Literal, NamedTuple, assert_never

IdDialect = Literal[
    "hexadecimal",
    "decimal",
    "hex-decimal",
    "decimal-hex",
    "padded",
    "stripped",
    "other-case",
    "tlv-only",
    "text-only",
]

_PADDED_DIGITS = 24


class MessageIds(NamedTuple):
    """The spellings of one message's id. (A tuple, because one is made for every message, at a third of the cost.)"""

    in_answer: str
    """In the answer; ``query_sm``, ``cancel_sm`` and ``replace_sm`` name it."""
    in_text: str
    """In the text of its receipts; empty where they leave it out."""
    in_tlv: bool
    """True if its receipts carry the answered id in ``receipted_message_id``."""


def make_ids(value: int, dialect: IdDialect) -> MessageIds:
    """Spell the id of the message with this number of 64 bits."""
    match dialect:
        case "hexadecimal":
            name = f"{value:016X}"
            return MessageIds(name, name, True)
        case "decimal":
            return MessageIds(str(value), str(value), True)
        case "hex-decimal":
            return MessageIds(f"{value:X}", str(value), False)
        case "decimal-hex":
            return MessageIds(str(value), f"{value:X}", False)
        case "padded":
            return MessageIds(str(value), f"{value:0{_PADDED_DIGITS}}", False)
        case "stripped":
            return MessageIds(f"{value:0{_PADDED_DIGITS}}", str(value), False)
        case "other-case":
            return MessageIds(f"{value:X}", f"{value:x}", False)
        case "tlv-only":
            return MessageIds(f"{value:016X}", "", True)
        case "text-only":
            return MessageIds(f"{value:016X}", f"{value:016X}", False)
        case _:
            assert_never(dialect)


def restored_ids(in_answer: str, dialect: IdDialect) -> MessageIds:
    """Spell the id of a message that was accepted before a restart, of which only the answered id is known.

    An id that is not of this dialect was given under another one: its receipts repeat it unchanged.
    """
    base = 10 if dialect in _DECIMAL else 16
    try:
        message_ids = make_ids(int(in_answer, base), dialect)
    except ValueError:
        return MessageIds(in_answer, in_answer, True)
    return message_ids if message_ids.in_answer == in_answer else MessageIds(in_answer, in_answer, True)


_DECIMAL = frozenset({"decimal", "decimal-hex", "padded", "stripped"})
