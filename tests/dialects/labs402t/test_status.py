"""When a message changed last: as it was accepted, as it was due, as a carrier took it, as it ended."""

from tests.dialects.labs402t.application import NOON_MS, Labs402t

from palomar.vocabulary.message import message_id_of


async def updated_at(labs: Labs402t, guid: str) -> str:
    reply = await labs.get(f"/sms/{guid}/status")
    assert reply.data["updated_at"] == reply.json["updated_at"]
    return str(reply.data["updated_at"])


async def test_a_status_has_the_time_of_its_last_change(labs: Labs402t) -> None:
    guid = (await labs.post("/sms/send", {"to": "34600000000", "text": "a"})).data["guid"]
    message_id = message_id_of(guid)
    labs.clock.now_ms += 60_000
    assert await updated_at(labs, guid) == "2026-02-26T13:00:00"

    await labs.execute("UPDATE parts SET sent_ms = ? WHERE id > ?", NOON_MS + 5_000, message_id)
    assert await updated_at(labs, guid) == "2026-02-26T13:00:05"

    await labs.execute("UPDATE messages SET final_ms = ? WHERE id = ?", NOON_MS + 9_000, message_id)
    assert await updated_at(labs, guid) == "2026-02-26T13:00:09"


async def test_a_scheduled_message_changed_when_it_was_made_until_it_is_due(labs: Labs402t) -> None:
    body = {"to": "34600000000", "text": "a", "send_at": "2026-02-26T13:00:30"}
    guid = (await labs.post("/sms/schedule", body)).data["guid"]
    assert await updated_at(labs, guid) == "2026-02-26T13:00:00"

    labs.clock.now_ms += 60_000
    assert await updated_at(labs, guid) == "2026-02-26T13:00:30"
