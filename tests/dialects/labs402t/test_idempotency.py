"""Requests that are sent again: at once, by several, through two nodes, after the answer was lost."""

import asyncio
import contextlib

import pytest
from tests.dialects.labs402t.application import PASSWORD, Labs402t, Reply, labs402t
from tests.support.databases import Place

from palomar.dialects.labs402t.documents import canonical
from palomar.dialects.labs402t.idempotency import RunningKeys
from palomar.transaction.idempotency import KEPT_MS, Key

MESSAGE = {"to": "34600000000", "text": "Hola"}
USER = {"name": "J", "surname": "P", "login": "juanp", "password": "clave de J", "contact_email": "j@example.com"}


async def test_of_many_simultaneous_requests_with_one_key_one_is_accepted_and_the_others_wait(
    labs_on_each: Labs402t,
) -> None:
    labs = labs_on_each
    replies = await asyncio.gather(*(labs.post("/sms/send", MESSAGE, key="k") for _ in range(30)))

    accepted = [reply for reply in replies if reply.status == 200]
    waiting = [reply for reply in replies if reply.status == 409]
    assert (len(accepted), len(waiting)) == (1, 29)
    assert {(reply.code, reply.headers["retry-after"]) for reply in waiting} == {(-30, "1")}
    again = await labs.post("/sms/send", MESSAGE, key="k")
    assert (again.body, again.headers["idempotent-replayed"]) == (accepted[0].body, "true")
    assert len(await labs.stored()) == 1
    assert await labs.spent() == 1


async def test_every_retry_gets_the_same_bytes_on_every_node(labs_on_each: Labs402t) -> None:
    labs = labs_on_each
    bodies = await asyncio.gather(*(until_answered(labs, f"k{number % 5}") for number in range(40)))

    assert len(set(bodies)) == 5
    assert len(await labs.stored()) == 5


async def test_two_nodes_send_a_request_once(postgres_place: Place) -> None:
    async with contextlib.AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(labs402t(postgres_place, node=node)) for node in (0, 1)]
        await nodes[0].add("demo")
        await nodes[1].directory.reload()

        bodies = await asyncio.gather(*(until_answered(nodes[number % 2], f"k{number % 10}") for number in range(100)))

        assert len(set(bodies)) == 10
        assert len(await nodes[0].stored()) == 10
        assert await nodes[1].spent() == 10


async def test_a_balance_drained_through_two_nodes_ends_at_zero_and_never_below(postgres_place: Place) -> None:
    async with contextlib.AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(labs402t(postgres_place, node=node)) for node in (0, 1)]
        await nodes[0].add("demo", credit=20)
        await nodes[1].directory.reload()

        replies = await asyncio.gather(
            *(nodes[number % 2].post("/sms/send", MESSAGE, key=f"k{number}") for number in range(50))
        )

        assert sorted(reply.code for reply in replies) == [-12] * 30 + [0] * 20
        assert (await nodes[0].get("/accounts/demo/balance")).data["balance"] == 0.0
        assert len(await nodes[0].stored()) == 20


async def test_a_sub_account_asked_for_twice_at_once_is_made_once(labs_on_each: Labs402t) -> None:
    labs = labs_on_each
    replies = await asyncio.gather(*(labs.post("/users", USER, key="k") for _ in range(5)))
    again = await labs.post("/users", USER, key="k")

    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409]
    assert again.body in [reply.body for reply in replies]
    assert labs.directory.by_key(again.data["api_key"]) is not None


async def test_two_keys_for_one_login_make_one_account(labs_on_each: Labs402t) -> None:
    replies = await asyncio.gather(*(labs_on_each.post("/users", USER, key=key) for key in "ab"))

    assert sorted(reply.code for reply in replies) == [-26, 0]


async def test_two_nodes_make_accounts_at_the_same_time(postgres_place: Place) -> None:
    async with contextlib.AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(labs402t(postgres_place, node=node)) for node in (0, 1)]

        await asyncio.gather(*(nodes[number % 2].add(f"login{number}", credit=0) for number in range(20)))
        await nodes[0].directory.reload()

        assert len({account.id for account in nodes[0].directory.snapshot.by_id.values()}) == 20


async def test_an_accepted_schedule_is_replayed_after_its_time_has_passed(labs: Labs402t) -> None:
    body = MESSAGE | {"send_at": "2026-02-26T13:05:00"}
    first = await labs.post("/sms/schedule", body, key="k")
    labs.clock.now_ms += 600_000

    assert (await labs.post("/sms/schedule", body, key="k")).body == first.body
    assert (await labs.post("/sms/schedule", body, key="other")).code == -11


async def test_an_accepted_request_is_replayed_to_an_account_that_may_no_longer_send(labs: Labs402t) -> None:
    first = await labs.post("/sms/send", MESSAGE, key="k")
    await labs.change("demo", may_send=False)

    assert (await labs.post("/sms/send", MESSAGE, key="k")).body == first.body
    assert (await labs.post("/sms/send", MESSAGE)).code == -2


async def test_a_batch_is_replayed_even_if_its_messages_would_be_refused_now(labs: Labs402t) -> None:
    body = {"messages": [MESSAGE | {"from": "Tienda"}, {"to": "1", "text": "a"}]}
    first = await labs.post("/sms/batch", body, key="k")
    await labs.change("demo", senders=("Otra",))

    assert (await labs.post("/sms/batch", body, key="k")).body == first.body
    assert (await labs.post("/sms/batch", body)).code == -13


async def test_a_retry_after_no_credit_works(labs: Labs402t) -> None:
    await labs.add("pobre", credit=0)
    assert (await labs.post("/sms/send", MESSAGE, key="k", account="pobre")).code == -12
    assert (await labs.post("/sms/batch", {"messages": [MESSAGE]}, key="k", account="pobre")).code == -12
    pobre = labs.directory.by_login("pobre")
    demo = labs.directory.by_login("demo")
    assert pobre is not None
    assert demo is not None
    await labs.gateway.transfer(demo.id, pobre.id, 2_000_000)

    assert (await labs.post("/sms/send", MESSAGE, key="k", account="pobre")).code == 0
    assert (await labs.post("/sms/batch", {"messages": [MESSAGE]}, key="k", account="pobre")).code == 0


async def test_a_message_stopped_by_a_filter_is_checked_again_on_a_retry(labs: Labs402t) -> None:
    await labs.change("demo", countries=("MX",))
    assert (await labs.post("/sms/send", MESSAGE, key="k")).code == -7
    assert (await labs.post("/sms/batch", {"messages": [MESSAGE]}, key="k")).code == -7
    await labs.change("demo", countries=())

    assert (await labs.post("/sms/send", MESSAGE, key="k")).code == 0
    assert (await labs.post("/sms/batch", {"messages": [MESSAGE]}, key="k")).code == 0


async def test_an_answer_that_was_lost_is_given_again_by_the_next_process(place: Place) -> None:
    asked = {
        "/sms/send": MESSAGE,
        "/sms/batch": {"messages": [MESSAGE, {"to": "1", "text": "a"}]},
        "/users": USER,
        "/users/demo/password": {"current_password": PASSWORD, "new_password": "otra clave"},
    }
    lost = {}
    async with labs402t(place) as labs:
        await labs.add("demo")
        for path, body in asked.items():
            with pytest.raises(ConnectionResetError) as broken:
                await labs.post(path, body, key="k", hangs_up=True)
            lost[path] = broken.value.args[0]

    async with labs402t(place) as labs:
        for path, body in asked.items():
            again = await labs.post(path, body, key="k")
            assert (again.body, again.headers["idempotent-replayed"]) == (lost[path], "true"), path
        assert len(await labs.stored()) == 2
        assert await labs.spent() == 2


async def test_an_answer_is_kept_for_a_day(labs: Labs402t) -> None:
    first = await labs.post("/sms/send", MESSAGE, key="k")
    labs.clock.now_ms += KEPT_MS - 1

    assert (await labs.post("/sms/send", MESSAGE, key="k")).body == first.body
    labs.clock.now_ms += 1
    later = await labs.post("/sms/send", MESSAGE, key="k")
    assert later.code == 0
    assert later.data["guid"] != first.data["guid"]


async def test_neither_the_key_nor_a_secret_in_the_answer_is_stored_in_the_clear(labs: Labs402t) -> None:
    made = await labs.post("/users", USER, key="clave-del-cliente")

    ((scope, request, answer),) = await labs.select("SELECT scope, request, answer FROM idempotency")
    for secret in ("clave-del-cliente", made.data["api_key"], "juanp"):
        assert secret.encode() not in scope + request + answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1,"b":[1,2]}', b' { "b" : [ 1 , 2 ] , "a" : 1 } '),
        (b'{"a":"\\u00e1"}', '{"a":"á"}'.encode()),
        (b'\xef\xbb\xbf{"a":1}', b'{"a":1}'),
    ],
)
def test_the_same_json_is_the_same_request(one: bytes, other: bytes) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1}', b'{"a":"1"}'),
        (b'{"a":[1,2]}', b'{"a":[2,1]}'),
        (b'{"a":1}', b'{"a":1,"b":null}'),
        (b'{"a":"\\ud83d"}', b'{"a":"\\ud83e"}'),
    ],
)
def test_other_json_is_another_request(one: bytes, other: bytes) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b"[" * 100_000 + b"]" * 100_000])
def test_a_body_that_is_no_json_is_compared_as_it_is(body: bytes) -> None:
    assert canonical(body) == body


def test_a_key_is_free_again_when_its_request_failed() -> None:
    running, key = RunningKeys(), Key.of(("a",), b"")
    with pytest.raises(ZeroDivisionError), running.hold(key):
        raise ZeroDivisionError
    with running.hold(key) as ours:
        assert ours


def test_a_second_request_does_not_release_a_key_that_is_held() -> None:
    running, key = RunningKeys(), Key.of(("a",), b"")
    with running.hold(key) as ours:
        with running.hold(key) as theirs:
            assert (ours, theirs) == (True, False)
        with running.hold(key) as still_theirs:
            assert not still_theirs


async def until_answered(labs: Labs402t, key: str) -> bytes:
    """Try again after every 409."""
    while True:
        reply: Reply = await labs.post("/sms/send", MESSAGE, key=key)
        if reply.status != 409:
            assert reply.status == 200, reply
            return reply.body
        await asyncio.sleep(0)
