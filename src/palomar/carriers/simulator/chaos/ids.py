"""How the simulator names messages: the id in the answer, and the same id as its receipts have it.

Pure. Carriers disagree with themselves here, and a gateway that compares the two as texts never finds its messages.
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
    """What one message is called. (A tuple because one is made for every message, at a third of the price.)"""

    in_answer: str
    """In the answer; what ``query_sm`` and its like ask for."""
    in_text: str
    """In the text of its receipts; empty where they do not say it."""
    in_tlv: bool
    """Whether its receipts say the answered id in ``receipted_message_id``."""


def make_ids(value: int, dialect: IdDialect) -> MessageIds:
    """The names of the message with that number, 64 bits."""
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
    """The names of a message that was taken before a restart, of which only the answered id is known.

    An id that is none of this dialect was given under another one: its receipts repeat it as it is.
    """
    base = 10 if dialect in _DECIMAL else 16
    try:
        message_ids = make_ids(int(in_answer, base), dialect)
    except ValueError:
        return MessageIds(in_answer, in_answer, True)
    return message_ids if message_ids.in_answer == in_answer else MessageIds(in_answer, in_answer, True)


_DECIMAL = frozenset({"decimal", "decimal-hex", "padded", "stripped"})
