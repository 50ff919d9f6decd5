"""PDUs on a link that belong to no part: malformed and unknown ones, unexpected answers, and alerts. Each kind is
logged once.

Not here: answering them (``link``), and the oddities of receipts and answers, which are counted for people
(``vocabulary.oddity``).
"""

from typing import Final

import structlog

from palomar.numbers.phone import mask_number
from palomar.smpp import AlertNotification, Pdu, PduRefused, UnexpectedResponse, command_name, status_name

KINDS_AT_MOST: Final = 100
ALERTS_REMEMBERED: Final = 1_000

log = structlog.get_logger(__name__)


class StrayPdus:
    """The stray PDUs of one link, by its name."""

    def __init__(self, link: str) -> None:
        self.alerts = 0
        """Received ``alert_notification``."""
        self._link = link
        self._kinds: set[tuple[int, int | str]] = set()
        self._alerted: set[str] = set()

    @property
    def remembered(self) -> int:
        """Count the phones of which an alert was logged."""
        return len(self._alerted)

    def note_ignored(self, event: PduRefused | UnexpectedResponse) -> None:
        """Note a PDU that was answered where it can be, and otherwise ignored."""
        if isinstance(event, PduRefused):
            command, status = event.command_id, event.status
        else:
            command, status = event.pdu.command_id, event.pdu.command_status
        if self._is_first((command, status)):
            log.warning("carrier_odd_pdu", link=self._link, command=command_name(command), status=status_name(status))

    def note_salvaged(self, pdu: Pdu, oddity: str) -> None:
        """Note a malformed PDU that was read all the same."""
        if self._is_first((pdu.command_id, oddity)):
            log.warning("carrier_pdu_salvaged", link=self._link, oddity=oddity)

    def note_alert(self, pdu: AlertNotification) -> None:
        """Note that a phone can be reached again (SMPP 3.4 section 4.12); none of our parts waits for that."""
        self.alerts += 1
        phone = pdu.source_addr
        if phone not in self._alerted and len(self._alerted) < ALERTS_REMEMBERED:
            self._alerted.add(phone)
            log.info("carrier_alert_notification", link=self._link, phone=mask_number(phone))

    def _is_first(self, kind: tuple[int, int | str]) -> bool:
        if kind in self._kinds or len(self._kinds) >= KINDS_AT_MOST:
            return False
        self._kinds.add(kind)
        return True
