"""Makes the parts that carriers are given, of new and of claimed messages.

Not here: PDUs (``carriers.smpp.submitting``).
"""

from palomar.acceptance.compose import AcceptedMessage
from palomar.ports import OutgoingPart
from palomar.sending.release import ReadyPart
from palomar.text.alphabets import payloads
from palomar.vocabulary.message import part_id


def new_message_parts(message: AcceptedMessage) -> list[OutgoingPart]:
    """Make all parts of a message that was just stored, for their first attempt."""
    row, lane = message.row, message.new.lane
    return [
        OutgoingPart(
            part_id=part_id(row.id, number),
            message_id=row.id,
            attempt=1,
            number=number,
            parts=row.parts,
            reference=row.reference,
            sender=message.choice.sender if message.choice else row.sender,
            msisdn=row.msisdn,
            alphabet=row.alphabet,
            payload=payload,
            flash=lane is not None and lane.flash,
            rank=message.new.rank,
            due_ms=row.due_ms,
            stale_ms=message.new.stale_ms,
        )
        for number, payload in enumerate(payloads(row.text, row.alphabet), 1)
    ]


def outgoing_part(part: ReadyPart) -> OutgoingPart:
    """Make a part of a claimed message."""
    return OutgoingPart(
        part_id=part.part_id,
        message_id=part.message_id,
        attempt=part.attempt,
        number=part.number,
        parts=part.parts,
        reference=part.reference,
        sender=part.sender,
        msisdn=part.msisdn,
        alphabet=part.alphabet,
        payload=payloads(part.text, part.alphabet)[part.number - 1],
        flash=part.flash,
        rank=part.rank,
        due_ms=part.due_ms,
        stale_ms=part.stale_ms,
    )
