"""The simulated SMSC: it takes every message, delivers it to simulated phones, and sends the receipts.

It stores and forwards in memory: receipts wait for a receiver of their system_id and are sent again until they are
acknowledged. Not here: how a submit is answered (``submit_handler``), its delivery (``mobile_network``), the requests
beside ``submit_sm`` (``requests``), and octets (``connection``).
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
    """A part as a phone received it."""

    number: str
    sender: str
    system_id: str
    octets: bytes
    esm_class: int
    data_coding: int
    at_ms: int
    reference: str
    """The id that its sender was given for it."""


class SimulatorSmsc:
    """The simulator, with any number of connections, in memory or through a listener."""

    def __init__(self, settings: SimulatorSettings | None = None, *, clock: Clock, chance: Callable[[], float]) -> None:
        self.settings = settings or SimulatorSettings()
        self.clock = clock
        self.stats = Stats()
        self.phones = SimulatedPhones(self)
        self._connections: set[ClientConnection] = set()
        self._mailboxes: dict[str, Mailbox] = {}
        self._changed_mailboxes: set[str] = set()
        self._connection_scheduler = Scheduler(clock.monotonic, after=self._deliver_changed)
        self._network_scheduler = Scheduler(clock.monotonic, after=self._deliver_changed)
        self.submit_handler = SubmitHandler(
            clock=clock, stats=self.stats, scheduler=self._connection_scheduler, behaviors=self.phones.behaviors
        )
        self.network = MobileNetwork(
            self.settings,
            clock=clock,
            chance=chance,
            stats=self.stats,
            scheduler=self._network_scheduler,
            enqueue=self._enqueue,
            on_arrival=self._on_arrival,
            on_reply=self._on_reply,
        )
        self._requests = Requests(
            network=self.network,
            submit_handler=self.submit_handler,
            stats=self.stats,
            clock=clock,
            on_submit=self.on_submit,
        )
        self._subscribers: list[Callable[[ArrivedPart], None]] = []
        self.set_chaos(script.parse(self.settings.chaos))

    # --- what its owner asks

    async def connect_memory(self, factory: Callable[[], asyncio.Protocol]) -> object:
        """Join the protocol that ``factory`` makes to a new connection of the SMSC: a connector for a client in this
        process."""
        return memory_transport.join(factory(), ClientConnection(self))

    def accept(self) -> asyncio.Protocol:
        """Make the protocol of a connection that a listener has accepted."""
        return ClientConnection(self)

    def outbind_connection(self, *, password: str) -> ClientConnection:
        """Make the protocol of a connection to an ESME that listens: it is asked to bind (SMPP 3.4 section 2.2.1)."""
        return ClientConnection(self, outbind=Outbind(system_id=self.settings.system_id, password=password))

    @property
    def chaos(self) -> ChaosScript:
        """Return the chaos script in force."""
        injector = self.submit_handler.injector
        return injector.script if injector is not None else CALM

    def set_chaos(self, chaos_script: ChaosScript) -> None:
        """Follow this script from now on, from its beginning; what was planned before stays as it was."""
        self.submit_handler.injector = FaultInjector(chaos_script) if chaos_script != CALM else None

    def skip(self, seconds: float) -> None:
        """Move the network's time ahead, as the sandbox's clock jumps: what was due in the meantime happens now."""
        self._network_scheduler.skip(seconds)

    def subscribe(self, on_arrival: Callable[[ArrivedPart], None]) -> Callable[[], None]:
        """Call ``on_arrival`` with every part that reaches a phone; return a function that ends it."""
        self._subscribers.append(on_arrival)
        return partial(self._subscribers.remove, on_arrival)

    def send_inbound(
        self, *, system_id: str, source: str, destination: str, octets: bytes, data_coding: int = 0
    ) -> None:
        """Send a message of one part from a phone to a number of ``system_id``; it waits for a receiver like a
        receipt."""
        pdu = inbound_pdu(source=source, destination=destination, octets=octets, data_coding=data_coding)
        self.deliver_inbound(system_id, [pdu])

    def restore(self, system_id: str, message_id: str, pdu: SubmitSm) -> None:
        """Plan the delivery of a message again that was accepted before a restart and whose receipt is outstanding."""
        self.network.restore(system_id, message_id, pdu, script=self.chaos)

    def waiting(self) -> int:
        """Count the deliveries that no receiver has taken yet."""
        return sum(len(mailbox) for mailbox in self._mailboxes.values())

    def drop_connections(self) -> None:
        """Close every connection at once, without an unbind."""
        for connection in list(self._connections):
            connection.drop()

    def close(self) -> None:
        """Unbind every client and forget what is due."""
        self._connection_scheduler.close()
        self._network_scheduler.close()
        for connection in list(self._connections):
            connection.unbind()

    # --- what its peers tell (ConnectionHandler)

    def on_connected(self, connection: ClientConnection) -> None:
        self._connections.add(connection)

    def on_disconnected(self, connection: ClientConnection) -> None:
        self._connections.discard(connection)

    def mailbox(self, system_id: str) -> Mailbox:
        """Return the mailbox of this system_id; make it the first time."""
        found = self._mailboxes.get(system_id)
        if found is None:
            found = self._mailboxes[system_id] = Mailbox(limit=self.settings.mailbox_limit)
        return found

    def on_submit(self, connection: ClientConnection, pdu: SubmitSm, request: SubmitSm | DataSm | None = None) -> None:
        """Answer a message and plan its delivery.

        ``request`` is the PDU to answer, where ``pdu`` was made from a PDU of another kind.
        """
        submit_handler, request = self.submit_handler, request or pdu
        self.stats.submitted += 1
        plan, injector = submit_handler.plan_of(pdu.destination_addr)
        faults, chaos_script = None, CALM
        if injector is not None:
            faults, chaos_script = submit_handler.plan_faults(connection, request, pdu, injector), injector.script
            if faults is None:
                return
        if submit_handler.answer_if_refused(connection, request, pdu, plan):
            return
        if pdu.replace_if_present_flag and (before := self._replaceable(connection, pdu)) is not None:
            connection.answer(request, _response(request, self.network.replace(before, pdu)))
            return
        if injector is not None and faults is not None:
            submit_handler.note_accepted(pdu, injector, faults)
        by_data_sm = isinstance(request, DataSm)
        message = self.network.accept(
            connection.system_id, pdu, plan, script=chaos_script, faults=faults, by_data_sm=by_data_sm
        )
        submit_handler.answer(connection, request, _response(request, message), message)

    def on_request(self, connection: ClientConnection, pdu: Pdu) -> None:
        self._requests.handle(connection, pdu)

    def on_delivery_answered(self, *, refused: bool) -> None:
        if refused:
            self.stats.deliveries_refused += 1
        else:
            self.stats.deliveries += 1

    def redeliver(self, system_id: str, pdu: Delivery, *, after_seconds: float) -> None:
        self.stats.deliveries_again += 1
        self._connection_scheduler.call_later(after_seconds, partial(self._enqueue, system_id, pdu))

    # --- what its phones ask (PhoneService)

    def wall_ms(self) -> int:
        return self.clock.wall_ms()

    def alphabet(self) -> Alphabet:
        return self.chaos.alphabet or "gsm"

    def deliver_inbound(self, system_id: str, pdus: Sequence[DeliverSm]) -> None:
        mailbox = self.mailbox(system_id)
        for pdu in pdus:
            mailbox.put(self.network.as_delivery(pdu))
        mailbox.deliver_waiting()

    def default_system_id(self) -> str:
        bound = (connection.system_id for connection in self._connections if connection.receives)
        return next(bound, next(iter(self.settings.passwords or ()), ""))

    # --- inside

    def _replaceable(self, connection: ClientConnection, pdu: SubmitSm) -> StoredMessage | None:
        """Find the message of the same addresses and service that has not been delivered (SMPP 3.4 section 5.2.18)."""
        found = self.network.store.changeable(
            system_id=connection.system_id,
            source=pdu.source_addr,
            destination=pdu.destination_addr,
            service_type=pdu.service_type,
        )
        return next(found, None)

    def _on_arrival(self, message: StoredMessage, at_ms: int) -> None:
        pdu = message.pdu
        self.phones.on_arrival(pdu, message.system_id, at_ms, reference=message.message_ids.in_answer)
        if not self._subscribers:
            return
        arrival = ArrivedPart(
            number=pdu.destination_addr,
            sender=pdu.source_addr,
            system_id=message.system_id,
            octets=message_octets(pdu),
            esm_class=pdu.esm_class,
            data_coding=pdu.data_coding,
            at_ms=at_ms,
            reference=message.message_ids.in_answer,
        )
        for on_arrival in list(self._subscribers):
            on_arrival(arrival)

    def _on_reply(self, pdu: SubmitSm, system_id: str, text: str) -> None:
        self.phones.write(pdu.destination_addr, pdu.source_addr, text, system_id=system_id)

    def _enqueue(self, system_id: str, delivery: Delivery) -> None:
        self.mailbox(system_id).put(delivery)
        self._changed_mailboxes.add(system_id)

    def _deliver_changed(self) -> None:
        for system_id in self._changed_mailboxes:
            self._mailboxes[system_id].deliver_waiting()
        self._changed_mailboxes.clear()


def _response(request: SubmitSm | DataSm, message: StoredMessage) -> SubmitSmResp | DataSmResp:
    if isinstance(request, SubmitSm):
        return SubmitSmResp(message_id=message.message_ids.in_answer)
    # dpf_result answers a request that set the delivery pending flag (SMPP 3.4 section 5.3.2.28).
    wants_flag = tlvs.SET_DPF.find(request.tlvs) == 1
    return DataSmResp(message_id=message.message_ids.in_answer, tlvs=(tlvs.DPF_RESULT.of(1),) if wants_flag else ())
