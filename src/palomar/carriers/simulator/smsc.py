"""An SMSC that takes everything, delivers it to phones that are not there, and sends the receipts.

Stores and forwards in memory: receipts wait for a receiver of their system_id and come again until they are
acknowledged. Not here: how a message is answered (``submit_handler``) and what becomes of it (``mobile_network``), the
requests beside ``submit_sm`` (``requests``), and octets (``connection``).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from palomar.carriers.simulator import memory_transport
from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.chaos.fault_injector import FaultInjector
from palomar.carriers.simulator.chaos.faults import CALM, Alphabet, ChaosScript
from palomar.carriers.simulator.connection import ClientConnection
from palomar.carriers.simulator.mailbox import Mailbox
from palomar.carriers.simulator.message_store import StoredMessage
from palomar.carriers.simulator.mobile_network import MobileNetwork
from palomar.carriers.simulator.phones import SimulatedPhones
from palomar.carriers.simulator.receipts import Delivery, inbound_pdu
from palomar.carriers.simulator.requests import Requests
from palomar.carriers.simulator.scheduler import Scheduler
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.stats import Stats
from palomar.carriers.simulator.submit_handler import SubmitHandler
from palomar.ports import Clock
from palomar.smpp import DataSm, DataSmResp, DeliverSm, Outbind, Pdu, SubmitSm, SubmitSmResp, message_octets, tlvs


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedPart:
    """A message as the phone got it, one part."""

    number: str
    sender: str
    system_id: str
    octets: bytes
    esm_class: int
    data_coding: int
    at_ms: int
    reference: str
    """What its sender was told to know it by."""


class SimulatorSmsc:
    """The simulator; any number of connections, in memory or through a listener."""

    def __init__(self, settings: SimulatorSettings | None = None, *, clock: Clock, chance: Callable[[], float]) -> None:
        self.settings = settings or SimulatorSettings()
        self.clock = clock
        self.stats = Stats()
        self.phones = SimulatedPhones(self)
        self._peers: set[ClientConnection] = set()
        self._mailboxes: dict[str, Mailbox] = {}
        self._touched: set[str] = set()
        self._wire = Scheduler(clock.monotonic, after=self._pump_touched)
        self._air = Scheduler(clock.monotonic, after=self._pump_touched)
        self.reception = SubmitHandler(
            clock=clock, stats=self.stats, wire=self._wire, behaviours=self.phones.behaviours
        )
        self.network = MobileNetwork(
            self.settings,
            clock=clock,
            chance=chance,
            stats=self.stats,
            agenda=self._air,
            bring=self._bring,
            arrived=self._arrived,
            replied=self._replied,
        )
        self._requests = Requests(
            network=self.network,
            reception=self.reception,
            stats=self.stats,
            clock=clock,
            submitted=self.submitted,
        )
        self._subscribers: list[Callable[[ArrivedPart], None]] = []
        self.set_chaos(script.parse(self.settings.chaos))

    # --- what its owner asks

    async def connect_memory(self, factory: Callable[[], asyncio.Protocol]) -> object:
        """A connector for a client in this process: joins the protocol that ``factory`` makes to a new peer."""
        return memory_transport.join(factory(), ClientConnection(self))

    def accept(self) -> asyncio.Protocol:
        """A protocol for one connection that a listener has accepted."""
        return ClientConnection(self)

    def calling(self, *, password: str) -> ClientConnection:
        """A protocol for one connection to an ESME that listens: it is asked to bind (SMPP 3.4 section 2.2.1)."""
        return ClientConnection(self, outbind=Outbind(system_id=self.settings.system_id, password=password))

    @property
    def chaos(self) -> ChaosScript:
        """The script at work."""
        mischief = self.reception.mischief
        return mischief.script if mischief is not None else CALM

    def set_chaos(self, wanted: ChaosScript) -> None:
        """Do wrong by this script from now on, from its beginning; what was planned before stays so."""
        self.reception.mischief = FaultInjector(wanted) if wanted != CALM else None

    def skip(self, seconds: float) -> None:
        """The sandbox clock has jumped: what was to happen to messages in the meantime happens now."""
        self._air.skip(seconds)

    def subscribe(self, arrived: Callable[[ArrivedPart], None]) -> Callable[[], None]:
        """Be told of every part that reaches a phone, as it came; returns how to be told no more."""
        self._subscribers.append(arrived)
        return partial(self._subscribers.remove, arrived)

    def send_inbound(
        self, *, system_id: str, source: str, destination: str, octets: bytes, data_coding: int = 0
    ) -> None:
        """A phone writes a single part to a number of ``system_id``; it waits for a receiver like any receipt."""
        pdu = inbound_pdu(source=source, destination=destination, octets=octets, data_coding=data_coding)
        self.brought(system_id, [pdu])

    def recall(self, system_id: str, message_id: str, pdu: SubmitSm) -> None:
        """A message that was taken before a restart, and whose receipt is still owed."""
        self.network.recall(system_id, message_id, pdu, script=self.chaos)

    def waiting(self) -> int:
        """Deliveries that no receiver has taken yet."""
        return sum(len(mailbox) for mailbox in self._mailboxes.values())

    def drop_connections(self) -> None:
        """Close every connection at once, without a word."""
        for peer in list(self._peers):
            peer.drop()

    def close(self) -> None:
        """Unbind everybody and forget what is due."""
        self._wire.close()
        self._air.close()
        for peer in list(self._peers):
            peer.unbind()

    # --- what its peers tell (ConnectionHandler)

    def connected(self, peer: ClientConnection) -> None:
        self._peers.add(peer)

    def disconnected(self, peer: ClientConnection) -> None:
        self._peers.discard(peer)

    def mailbox(self, system_id: str) -> Mailbox:
        """What waits for this system_id."""
        found = self._mailboxes.get(system_id)
        if found is None:
            found = self._mailboxes[system_id] = Mailbox(limit=self.settings.mailbox_limit)
        return found

    def submitted(self, peer: ClientConnection, pdu: SubmitSm, request: SubmitSm | DataSm | None = None) -> None:
        """A message came: answer it and plan what becomes of it.

        ``request`` is what is answered, where ``pdu`` was made of another.
        """
        reception, request = self.reception, request or pdu
        self.stats.submitted += 1
        plan, mischief = reception.plan_of(pdu.destination_addr)
        fate, wanted = None, CALM
        if mischief is not None:
            fate, wanted = reception.meets(peer, request, pdu, mischief), mischief.script
            if fate is None:
                return
        if reception.refuses(peer, request, pdu, plan):
            return
        if pdu.replace_if_present_flag and (before := self._replaceable(peer, pdu)) is not None:
            peer.answer(request, _response(request, self.network.replace(before, pdu)))
            return
        if mischief is not None and fate is not None:
            reception.took(pdu, mischief, fate)
        by_data_sm = isinstance(request, DataSm)
        taken = self.network.take(peer.system_id, pdu, plan, script=wanted, fate=fate, by_data_sm=by_data_sm)
        reception.answer(peer, request, _response(request, taken), taken)

    def requested(self, peer: ClientConnection, pdu: Pdu) -> None:
        self._requests.handle(peer, pdu)

    def delivered(self, *, refused: bool) -> None:
        if refused:
            self.stats.deliveries_refused += 1
        else:
            self.stats.deliveries += 1

    def deliver_again(self, system_id: str, pdu: Delivery, *, after_seconds: float) -> None:
        self.stats.deliveries_again += 1
        self._wire.later(after_seconds, partial(self._bring, system_id, pdu))

    # --- what its phones ask (PhoneService)

    def wall_ms(self) -> int:
        return self.clock.wall_ms()

    def alphabet(self) -> Alphabet:
        return self.chaos.alphabet or "gsm"

    def brought(self, system_id: str, pdus: Sequence[DeliverSm]) -> None:
        mailbox = self.mailbox(system_id)
        for pdu in pdus:
            mailbox.put(self.network.carried(pdu))
        mailbox.pump()

    def somebody(self) -> str:
        bound = (peer.system_id for peer in self._peers if peer.receives)
        return next(bound, next(iter(self.settings.passwords or ()), ""))

    # --- inside

    def _replaceable(self, peer: ClientConnection, pdu: SubmitSm) -> StoredMessage | None:
        """The message of the same addresses and service that has not been delivered (SMPP 3.4 section 5.2.18)."""
        found = self.network.memory.changeable(
            system_id=peer.system_id,
            source=pdu.source_addr,
            destination=pdu.destination_addr,
            service_type=pdu.service_type,
        )
        return next(found, None)

    def _arrived(self, taken: StoredMessage, at_ms: int) -> None:
        pdu = taken.pdu
        self.phones.arrived(pdu, taken.system_id, at_ms, reference=taken.names.answered)
        if not self._subscribers:
            return
        arrival = ArrivedPart(
            number=pdu.destination_addr,
            sender=pdu.source_addr,
            system_id=taken.system_id,
            octets=message_octets(pdu),
            esm_class=pdu.esm_class,
            data_coding=pdu.data_coding,
            at_ms=at_ms,
            reference=taken.names.answered,
        )
        for arrived in list(self._subscribers):
            arrived(arrival)

    def _replied(self, pdu: SubmitSm, system_id: str, text: str) -> None:
        self.phones.write(pdu.destination_addr, pdu.source_addr, text, system_id=system_id)

    def _bring(self, system_id: str, delivery: Delivery) -> None:
        self.mailbox(system_id).put(delivery)
        self._touched.add(system_id)

    def _pump_touched(self) -> None:
        for system_id in self._touched:
            self._mailboxes[system_id].pump()
        self._touched.clear()


def _response(request: SubmitSm | DataSm, taken: StoredMessage) -> SubmitSmResp | DataSmResp:
    if isinstance(request, SubmitSm):
        return SubmitSmResp(message_id=taken.names.answered)
    # SMPP 3.4 section 5.3.2.28: whether the delivery pending flag was set, for who asked.
    wants_flag = tlvs.SET_DPF.find(request.tlvs) == 1
    return DataSmResp(message_id=taken.names.answered, tlvs=(tlvs.DPF_RESULT.of(1),) if wants_flag else ())
