"""Accepted messages: found by id and by address, by their own client only, and a bounded number of them."""

from palomar.carriers.simulator.chaos.ids import MessageIds
from palomar.carriers.simulator.delivery_plan import ORDINARY, DeliveryPlan, PlannedReceipt
from palomar.carriers.simulator.message_store import MessageStore, StoredMessage
from palomar.smpp import SubmitSm


def stored(
    name: str, *, system_id: str = "esme", text: bytes = b"hola", plan: DeliveryPlan = ORDINARY
) -> StoredMessage:
    return StoredMessage(
        message_ids=MessageIds(name, name, True),
        system_id=system_id,
        source="PALOMAR",
        pdu=SubmitSm(source_addr="PALOMAR", destination_addr="34600000001", short_message=text),
        plan=plan,
        delay_seconds=0.5,
        accepted_ms=0,
    )


def between(store: MessageStore, **more: str) -> list[StoredMessage]:
    wanted = {"system_id": "esme", "source": "PALOMAR", "destination": "34600000001", "service_type": ""} | more
    return list(store.changeable(**wanted))


def test_the_oldest_are_forgotten_first() -> None:
    store = MessageStore(limit=2)
    kept = [stored(name) for name in "abc"]
    for one in kept:
        store.add((one,))
    assert store.find("a", system_id="esme") == ()
    assert store.find("c", system_id="esme") == (kept[2],)


def test_a_message_replaces_another_under_the_same_id() -> None:
    store, old, beside = MessageStore(limit=9), stored("a"), stored("a")
    store.add((old, beside))
    new = stored("a", text=b"new")
    store.replace(old, new)
    assert store.find("a", system_id="esme") == (new, beside)


def test_only_a_message_that_has_neither_arrived_nor_ended_may_be_changed() -> None:
    store = MessageStore(limit=9)
    arrived, ended, cancelled, waiting = (stored(name) for name in "abcd")
    arrived.arrived, ended.done_ms, cancelled.cancelled = True, 1, True
    for one in (arrived, ended, cancelled, waiting):
        store.add((one,))
    assert between(store) == [waiting]
    assert between(store, source="SOMEBODY") == []
    assert between(store, system_id="other") == []


def test_when_no_step_is_pending_only_the_final_state_is_kept() -> None:
    one = stored("a")
    one.forget_text()
    assert (one.pdu.short_message, one.source) == (b"", "PALOMAR")


def test_the_last_receipt_is_the_latest_of_the_plan() -> None:
    several = DeliveryPlan(
        does="", receipts=(PlannedReceipt(stat="ENROUTE", after_seconds=3), PlannedReceipt(stat="DELIVRD"))
    )
    assert stored("a", plan=several).last_receipt_seconds == 3
    assert stored("a").last_receipt_seconds == 0.5
    assert stored("a", plan=DeliveryPlan(does="", receipts=())).last_receipt_seconds == 0
