"""Queries for the state of a part (query_sm, SMPP 3.4 section 4.8).

Not here: when one is due (``receipts.overdue``), and whether a link has a slot for it (``carrier``).
"""

import structlog

from palomar.carriers.smpp.deliveries import query_receipt
from palomar.carriers.smpp.links.link import SmppLink, StateQuery
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.submitting import query_maker
from palomar.ports import CarrierReceipt
from palomar.smpp import CommandStatus, Pdu, QuerySmResp, UnencodablePdu, status_name

log = structlog.get_logger(__name__)


class StateQueries:
    """The queries of one carrier; a carrier that does not know query_sm is asked once."""

    def __init__(self, settings: SmppCarrierSettings) -> None:
        self._carrier = settings.name
        self._make_query = query_maker(settings)
        self.are_known = True
        """False once the carrier has answered that it does not know query_sm."""

    def ask(self, link: SmppLink, reference: str, *, sender: str) -> bool:
        """Ask over a live link for the state of the part with this reference; return False if it cannot be written in
        SMPP."""
        try:
            link.query(self._make_query(reference, sender), StateQuery(reference=reference, sender=sender))
        except UnencodablePdu:
            return False
        return True

    def receipt(self, query: StateQuery, answer: Pdu, octets: bytes) -> CarrierReceipt | None:
        """Read the answer to a query as a receipt; None where the carrier refused it, which is logged."""
        status = answer.command_status
        if status == 0 and isinstance(answer, QuerySmResp):
            return query_receipt(
                answer, carrier=self._carrier, reference=query.reference, sender=query.sender, octets=octets
            )
        if status == CommandStatus.ESME_RINVCMDID:
            self.are_known = False
            log.warning("carrier_takes_no_queries", carrier=self._carrier)
        else:
            log.info("carrier_query_refused", carrier=self._carrier, status=status_name(status))
        return None
