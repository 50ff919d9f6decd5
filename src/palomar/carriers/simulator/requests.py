"""The requests of an ESME beside ``submit_sm``: ``submit_multi``, ``data_sm``, ``query_sm``, ``cancel_sm``,
``replace_sm`` (SMPP 3.4 sections 4.5 and 4.7 to 4.10).

Each is turned into what ``smsc`` and ``mobile_network`` know: a message is a ``submit_sm``, however it came.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from palomar.carriers.simulator.chaos.faults import CALM
from palomar.carriers.simulator.connection import ClientConnection
from palomar.carriers.simulator.message_store import StoredMessage
from palomar.carriers.simulator.mobile_network import MobileNetwork
from palomar.carriers.simulator.schedule import InvalidSchedule, read_schedule
from palomar.carriers.simulator.stats import Stats
from palomar.carriers.simulator.submit_handler import SubmitHandler
from palomar.ports import Clock
from palomar.smpp import (
    CancelSm,
    CommandStatus,
    DataSm,
    DestinationAddress,
    DistributionList,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    UnsuccessfulDelivery,
    format_relative_time,
    format_time,
    tlvs,
)


class Requests:
    """The handler of these requests; ``on_submit`` takes a message of a ``data_sm`` as it takes any other."""

    def __init__(
        self,
        *,
        network: MobileNetwork,
        submit_handler: SubmitHandler,
        stats: Stats,
        clock: Clock,
        on_submit: Callable[[ClientConnection, SubmitSm, DataSm], None],
    ) -> None:
        self._network = network
        self._submit_handler = submit_handler
        self._stats = stats
        self._clock = clock
        self._on_submit = on_submit

    def handle(self, connection: ClientConnection, pdu: Pdu) -> None:
        """Carry out a request and answer it; the session has checked that it is allowed in this state."""
        match pdu:
            case DataSm():
                self._on_submit(connection, _from_data(pdu), pdu)
            case SubmitMulti():
                self._on_multi(connection, pdu)
            case QuerySm():
                self._on_query(connection, pdu)
            case CancelSm():
                self._on_cancel(connection, pdu)
            case ReplaceSm():
                self._on_replace(connection, pdu)
            case _:
                connection.answer(pdu, status=CommandStatus.ESME_RINVCMDID)

    def _on_multi(self, connection: ClientConnection, pdu: SubmitMulti) -> None:
        """Take one message to many numbers: the answer lists those that are refused, the others share its id."""
        self._stats.submitted += 1
        if not pdu.dest_addresses:
            connection.answer(pdu, status=CommandStatus.ESME_RINVNUMDESTS)
            return
        addresses = [entry for entry in pdu.dest_addresses if isinstance(entry, DestinationAddress)]
        submit_handler, faults, script = self._submit_handler, None, CALM
        if submit_handler.injector is not None and addresses:
            script = submit_handler.injector.script
            faults = submit_handler.plan_faults(
                connection, pdu, _from_multi(pdu, addresses[0]), submit_handler.injector
            )
            if faults is None:
                return
        message_ids = self._network.new_ids(script)
        refused = [
            _unsuccessful(entry, CommandStatus.ESME_RINVDLNAME) for entry in pdu.dest_addresses if _is_list(entry)
        ]
        accepted: list[StoredMessage] = []
        for address in addresses:
            message = _from_multi(pdu, address)
            plan, _ = submit_handler.plan_of(address.address)
            status = submit_handler.refusal_status(message, plan)
            if status:
                refused.append(_unsuccessful(address, status))
            else:
                accepted.append(
                    self._network.accept(
                        connection.system_id, message, plan, script=script, faults=faults, message_ids=message_ids
                    )
                )
        self._stats.refused += len(refused)
        if not accepted:
            connection.answer(pdu, status=CommandStatus.ESME_RSUBMITFAIL)
            return
        self._network.store.add(tuple(accepted))
        response = SubmitMultiResp(message_id=message_ids.in_answer, unsuccess_smes=tuple(refused))
        submit_handler.answer(connection, pdu, response, accepted[0])

    def _on_query(self, connection: ClientConnection, pdu: QuerySm) -> None:
        """Answer the state of a message; of several with one id, that of one which has not ended."""
        found = self._find_own(connection, pdu)
        if not found:
            connection.answer(pdu, status=CommandStatus.ESME_RQUERYFAIL)
            return
        message = min(found, key=lambda one: one.done_ms > 0)
        ended = datetime.fromtimestamp(message.done_ms / 1_000, UTC) if message.done_ms else None
        response = QuerySmResp(
            message_id=pdu.message_id,
            final_date=format_time(ended) if ended is not None else "",
            message_state=message.state,
            error_code=min(message.error, 255),
        )
        connection.answer(pdu, response)

    def _on_cancel(self, connection: ClientConnection, pdu: CancelSm) -> None:
        """Cancel a message by id, or without an id all between two addresses; a delivered one cannot be cancelled."""
        if pdu.message_id:
            found = [message for message in self._find_own(connection, pdu) if message.may_change]
        else:
            found = list(
                self._network.store.changeable(
                    system_id=connection.system_id,
                    source=pdu.source_addr,
                    destination=pdu.destination_addr,
                    service_type=pdu.service_type,
                )
            )
        for message in found:
            self._network.cancel(message)
        connection.answer(pdu, status=0 if found else CommandStatus.ESME_RCANCELFAIL)

    def _on_replace(self, connection: ClientConnection, pdu: ReplaceSm) -> None:
        found = [message for message in self._find_own(connection, pdu) if message.may_change]
        if not found:
            connection.answer(pdu, status=CommandStatus.ESME_RREPLACEFAIL)
            return
        for message in found:
            replacement = replace(
                message.pdu,
                tlvs=tuple(entry for entry in message.pdu.tlvs if entry[0] != tlvs.MESSAGE_PAYLOAD.tag),
                schedule_delivery_time=pdu.schedule_delivery_time,
                validity_period=pdu.validity_period,
                registered_delivery=pdu.registered_delivery,
                sm_default_msg_id=pdu.sm_default_msg_id,
                short_message=pdu.short_message,
            )
            try:
                read_schedule(replacement, now_ms=self._clock.wall_ms())
            except InvalidSchedule as error:
                connection.answer(pdu, status=error.status)
                return
            self._network.replace(message, replacement)
        connection.answer(pdu)

    def _find_own(self, connection: ClientConnection, pdu: QuerySm | CancelSm | ReplaceSm) -> Sequence[StoredMessage]:
        """Find the messages of an id that this client sent, from the given address if there is one."""
        found = self._network.store.find(pdu.message_id, system_id=connection.system_id)
        return [message for message in found if pdu.source_addr in ("", message.source)]


def _from_data(pdu: DataSm) -> SubmitSm:
    seconds = tlvs.QOS_TIME_TO_LIVE.find(pdu.tlvs)
    return SubmitSm(
        tlvs=pdu.tlvs,
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        validity_period="" if seconds is None else format_relative_time(timedelta(seconds=seconds)),
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
    )


def _from_multi(pdu: SubmitMulti, to: DestinationAddress) -> SubmitSm:
    return SubmitSm(
        tlvs=pdu.tlvs,
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=to.ton,
        dest_addr_npi=to.npi,
        destination_addr=to.address,
        esm_class=pdu.esm_class,
        protocol_id=pdu.protocol_id,
        priority_flag=pdu.priority_flag,
        schedule_delivery_time=pdu.schedule_delivery_time,
        validity_period=pdu.validity_period,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        sm_default_msg_id=pdu.sm_default_msg_id,
        short_message=pdu.short_message,
    )


def _is_list(entry: DestinationAddress | DistributionList) -> bool:
    return isinstance(entry, DistributionList)


def _unsuccessful(entry: DestinationAddress | DistributionList, status: int) -> UnsuccessfulDelivery:
    """Make the entry of a refused address, or of a distribution list: none is known here, so each is refused by its
    name."""
    if isinstance(entry, DistributionList):
        return UnsuccessfulDelivery(address=entry.name, error_status_code=status)
    return UnsuccessfulDelivery(ton=entry.ton, npi=entry.npi, address=entry.address, error_status_code=status)
