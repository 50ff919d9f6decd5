"""The probe of one carrier: it binds, sends a few messages, and reports each thing that it has learned.

It never sends more messages than it was allowed, and never writes a configuration. Not here: binding (``probe_bind``),
what follows from the answers (``diagnosis``), and showing it (``cli/routing/carrier_doctor.py``).
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from palomar.carriers.smpp import setting_values
from palomar.carriers.smpp.probing import diagnosis
from palomar.carriers.smpp.probing.diagnosis import PROBE_OCTETS, Finding, FindingLevel, ProbeSubmit
from palomar.carriers.smpp.probing.probe_bind import BindStep, Connector
from palomar.carriers.smpp.probing.probe_link import Delivery, ProbeLink
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.numbers.sender import SenderKind, parse_sender
from palomar.ports import Clock
from palomar.smpp import CommandStatus, Receipt, SubmitSm, SubmitSmResp, parameters, parse_receipt, status_name, tlvs

FIRST_TEXT = "Palomar asks: what does a receipt look like?"
QUIET_SECONDS = 1.2
"""The pause before the burst, so that a carrier that counts by the second counts from its beginning."""
_REFERENCE = 0x402
_NO_PARAMETERS = (
    CommandStatus.ESME_RINVOPTPARSTREAM,
    CommandStatus.ESME_ROPTPARNOTALLWD,
    CommandStatus.ESME_RINVOPTPARAMVAL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeLimits:
    """What the probe may do: how many messages it sends to which number, as which sender, and how long it waits for
    receipts."""

    to: str = ""
    messages: int = 0
    sender: str = "Palomar"
    wait_seconds: float = 60.0


class Probe:
    """One examination. ``on_finding`` is called with each finding as it is made, ``on_progress`` with what is being
    done."""

    def __init__(
        self,
        settings: SmppCarrierSettings,
        limits: ProbeLimits,
        *,
        clock: Clock,
        on_finding: Callable[[Finding], None],
        on_progress: Callable[[str], None],
        connect: Connector | None = None,
    ) -> None:
        """Take as ``connect`` what is used instead of TCP, for a simulator in this process."""
        self._settings = settings
        self._limits = limits
        self._clock = clock
        self._on_finding = on_finding
        self._on_progress = on_progress
        self._bind_step = BindStep(
            settings,
            clock=clock,
            is_ours=self._is_ours,
            on_finding=on_finding,
            on_progress=on_progress,
            connect=connect,
        )
        self._messages_left = limits.messages
        self._links: list[ProbeLink] = []
        self._ids: dict[str, str] = {}
        """Ids of our messages, with their texts."""

    async def examine(self) -> None:
        """Learn everything that the limits allow."""
        try:
            self._links = await self._bind_step.open()
            if self._links:
                await self._enquire()
                await self._send_messages()
        finally:
            await self._bind_step.close()
            if self._bind_step.sent_back:
                self._note(
                    "deliveries", "ok", f"{self._bind_step.sent_back} were not ours and went back, to come again"
                )

    async def _enquire(self) -> None:
        seconds = await self._links[0].enquire(self._settings.response_timeout_seconds)
        if seconds is None:
            self._note("enquire_link", "warning", "not answered in time")
        else:
            self._note("enquire_link", "ok", f"answered in {seconds * 1_000:.0f} ms")

    # --- messages

    async def _send_messages(self) -> None:
        if not (self._limits.to and self._messages_left):
            self._note("messages", "unknown", "none was sent: nothing is known of ids, receipts, alphabet and pace")
            return
        receipt = await self._send_first()
        if receipt is None and not self._ids:
            return
        await self._send_alphabet()
        await self._send_burst()

    async def _send_first(self) -> Receipt | None:
        """Send one message; report on its answer and its receipt."""
        echo = (tlvs.USER_MESSAGE_REFERENCE.of(_REFERENCE),)
        identifier, status = await self._send_one(FIRST_TEXT.encode("ascii"), echo)
        if status in _NO_PARAMETERS:
            self._note("optional parameters", "warning", f"refused: {status_name(status or 0)}", echo=False)
            identifier, status = await self._send_one(FIRST_TEXT.encode("ascii"), ())
        if identifier is None:
            said = "no answer in time" if status is None else status_name(status)
            self._note("submit", "fault", said)
            return None
        self._note("answer id", "ok", f"{identifier}: {diagnosis.describe_id(identifier)}")
        delivery, receipt = await self._receipt_of(identifier)
        if delivery is None or receipt is None:
            self._note("receipt", "warning", f"none within {self._limits.wait_seconds:g} s")
            return None
        self._on_finding(diagnosis.receipt_id(receipt, delivery.tlvs, identifier))
        self._on_finding(diagnosis.receipt_dates(receipt, now_ms=self._clock.wall_ms()))
        own_words = setting_values.receipt_words(self._settings.receipt_words)
        self._on_finding(diagnosis.receipt_words(receipt, FIRST_TEXT, own_words))
        self._note("receipt addresses", "ok", f"from {delivery.source_addr} to {delivery.destination_addr}")
        echoed = receipt.user_message_reference == _REFERENCE
        said = "comes back in the receipt" if echoed else "does not come back"
        self._note("user_message_reference", "ok" if echoed else "warning", said, echo=echoed)
        return receipt

    async def _send_alphabet(self) -> None:
        if not self._messages_left:
            return
        identifier, status = await self._send_one(PROBE_OCTETS, ())
        if identifier is None:
            said = "no answer in time" if status is None else status_name(status)
            self._note("alphabet of coding 0", "unknown", f"octets above 0x7F: {said}")
            return
        delivery, receipt = await self._receipt_of(identifier)
        echo = receipt.text if receipt is not None else ""
        self._on_finding(diagnosis.alphabet(echo, delivery.data_coding if delivery is not None else 0))

    async def _send_burst(self) -> None:
        """Send the rest at once; report how many may be unanswered, and how fast the carrier is."""
        count, self._messages_left = self._messages_left, 0
        if count < 2:
            self._note("window and rate", "unknown", "more messages are needed to see them (--messages)")
            return
        await asyncio.sleep(QUIET_SECONDS)
        self._on_progress(f"sending {count} messages at once")
        link = self._links[0]
        texts = [f"Palomar asks: how many at once? {number} of {count}" for number in range(1, count + 1)]
        burst = link.submit([self._message(text.encode("ascii")) for text in texts])
        await link.until(lambda: all(sent.status is not None for sent in burst), self._answer_seconds(burst))
        self._remember(texts, burst)
        for finding in diagnosis.pace(burst):
            self._on_finding(finding)
        await self._await_receipts()

    async def _await_receipts(self) -> None:
        """Wait for the receipts of the rest: what is left behind would go to a running server, which does not know
        these messages."""
        self._on_progress("waiting for the other receipts")

        def came() -> int:
            final = (parse_receipt(delivery) for delivery in self._deliveries())
            return sum(receipt is not None and receipt.is_final is not False for receipt in final)

        await self._receiver().until(lambda: came() >= len(self._ids), self._limits.wait_seconds)
        missing = len(self._ids) - came()
        text = f"{came()} for {len(self._ids)} messages"
        self._note("receipts", "ok" if missing == 0 else "warning", text)

    def _answer_seconds(self, burst: list[ProbeSubmit]) -> float:
        return self._settings.response_timeout_seconds + len(burst) / 10

    async def _send_one(self, octets: bytes, parameters_too: tlvs.Tlvs) -> tuple[str | None, int | None]:
        """Send a message; return the id of its answer, or its status instead, or neither if there was none in time."""
        if not self._messages_left:
            return None, None
        self._messages_left -= 1
        link = self._links[0]
        self._on_progress(f"sending a message to {self._limits.to}")
        (sent,) = link.submit([self._message(octets, parameters_too)])
        await link.until(lambda: sent.status is not None, self._settings.response_timeout_seconds)
        if sent.status != 0:
            return None, sent.status
        answer = next(pdu for answered, pdu in link.answers if answered is sent)
        identifier = answer.message_id.strip() if isinstance(answer, SubmitSmResp) else ""
        self._ids[identifier] = octets.decode("latin-1")
        return identifier, 0

    def _remember(self, texts: list[str], burst: list[ProbeSubmit]) -> None:
        by_sent = dict(zip(map(id, burst), texts, strict=True))
        for sent, pdu in self._links[0].answers:
            if id(sent) in by_sent and isinstance(pdu, SubmitSmResp) and not pdu.command_status:
                self._ids[pdu.message_id.strip()] = by_sent[id(sent)]

    def _message(self, octets: bytes, parameters_too: tlvs.Tlvs = ()) -> SubmitSm:
        settings, sender = self._settings, parse_sender(self._limits.sender)
        ton, npi = SenderKind.ALPHANUMERIC.value if sender is None else (sender.ton, sender.npi)
        return SubmitSm(
            tlvs=parameters_too,
            source_addr_ton=ton if settings.source_ton is None else settings.source_ton,
            source_addr_npi=npi if settings.source_npi is None else settings.source_npi,
            source_addr=self._limits.sender if sender is None else sender.address,
            dest_addr_ton=settings.dest_ton,
            dest_addr_npi=settings.dest_npi,
            destination_addr=self._limits.to.lstrip("+"),
            registered_delivery=parameters.RECEIPT_ALWAYS,
            short_message=octets,
        )

    # --- receipts

    async def _receipt_of(self, identifier: str) -> tuple[Delivery | None, Receipt | None]:
        """Wait for the first final receipt of that message; return it with its PDU."""
        self._on_progress("waiting for its receipt")
        text = self._ids[identifier]
        seen: list[tuple[Delivery, Receipt]] = []

        def came() -> bool:
            for delivery in self._deliveries():
                receipt = parse_receipt(delivery)
                if receipt is not None and receipt.is_final is not False and self._matches(receipt, identifier, text):
                    seen.append((delivery, receipt))
                    return True
            return False

        await self._receiver().until(came, self._limits.wait_seconds)
        return seen[0] if seen else (None, None)

    def _matches(self, receipt: Receipt, identifier: str, text: str) -> bool:
        """Return True if the receipt belongs to the message: by its id, by its text, or because it can belong to no
        other."""
        candidates = [receipt.message_id, *receipt.raw.decode("latin-1").split()[:1]]
        if any(diagnosis.id_relation(identifier, one.removeprefix("id:")) for one in candidates):
            return True
        others = [known for known in self._ids if known != identifier]
        if any(diagnosis.id_relation(known, receipt.message_id) for known in others):
            return False
        return bool(receipt.text and text.startswith(receipt.text.rstrip())) or not others

    def _is_ours(self, delivery: Delivery) -> bool:
        """Return True for a receipt from the number that we write to."""
        receipt = parse_receipt(delivery)
        to = self._limits.to.lstrip("+")
        return bool(receipt is not None and self._limits.messages and to and delivery.source_addr.lstrip("+") == to)

    def _receiver(self) -> ProbeLink:
        """Return the link by which receipts come: the transceiver, or the last of the two."""
        return self._links[-1]

    def _deliveries(self) -> Iterable[Delivery]:
        return self._receiver().deliveries

    # --- telling

    def _note(self, subject: str, verdict: FindingLevel, text: str, **settings: object) -> None:
        self._on_finding(Finding(subject=subject, verdict=verdict, text=text, settings=settings))
