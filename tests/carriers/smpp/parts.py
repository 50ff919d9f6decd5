"""Parts and settings for tests of one carrier's settings."""

from typing import Any

from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import OutgoingPart
from palomar.text.alphabets import Alphabet, measure, payloads
from palomar.vocabulary.message import MessageId, part_id

NOW_MS = 1_760_000_000_000
"""2025-10-09T08:53:20Z."""


def settings(**given: Any) -> SmppCarrierSettings:
    """Make a carrier's settings with these changes."""
    return SmppCarrierSettings(name="acme", host="h", port=1, system_id="s", password="p", **given)


def part(
    text: str = "hola", *, alphabet: Alphabet | None = None, sender: str = "PALOMAR", number: int = 1, **more: Any
) -> OutgoingPart:
    """Make one part of a text, in the alphabet that it needs unless another is named."""
    alphabet = alphabet or measure(text).alphabet
    cut = payloads(text, alphabet)
    message_id = MessageId(256)
    return OutgoingPart(
        part_id=part_id(message_id, number),
        message_id=message_id,
        attempt=1,
        number=number,
        parts=len(cut),
        reference=0x1AB,
        sender=sender,
        msisdn="573001234567",
        alphabet=alphabet,
        payload=cut[number - 1],
        **more,
    )
