"""The "Why?" page: everything about a message, hostile texts escaped, callbacks sent again."""

import re

import pytest
from tests.support.console_house import Browser, House
from tests.support.world import new_node, outgoing, recipient

from palomar.ports import CarrierReceipt, InDoubt, LinkStatus, Submitted
from palomar.receipts.record import record_receipts
from palomar.routing.carrier_status import CarrierStatus, record_carrier_status
from palomar.smpp import SubmitSm, encode
from palomar.storage.database import Transaction
from palomar.transaction.timeline_rows import INSERT_MOMENTS
from palomar.vocabulary.access import Role
from palomar.vocabulary.message import MessageId, State, public_id

HOSTILE = "<script>alert('x')</script> \u202e evil"


@pytest.fixture
async def browser(house: House) -> Browser:
    await house.user("admin")
    inside = house.browser()
    await inside.log_in("admin")
    return inside


async def delivered(house: House, text: str = "hello", *, words: str = "words") -> MessageId:
    """A message; ``words`` are what customer and carrier write beside its text."""
    account = await house.account("acme")
    message = await house.world.accepted(
        account, claim=State.SUBMITTING, recipients=[recipient(1, text=text)], label=words, request_ref=words
    )
    house.wait(412)
    (part,) = outgoing(message)
    await house.world.answer(part, Submitted(reference=words))
    house.wait(1_000)
    receipt = CarrierReceipt(carrier="c", reference=words, state=State.DELIVERED, stat=words, raw=f"id:1 text:{text}")
    await house.world.do(record_receipts, receipt)
    return message.row.id


async def note(house: House, message_id: MessageId, kind: str, detail: str) -> None:
    async def script(tx: Transaction) -> None:
        row = (message_id, house.world.ids.serial(), house.clock.now_ms, kind, detail)
        await tx.insert(INSERT_MOMENTS, [row])

    await house.world.database.write(script)


async def test_the_page_has_the_whole_timeline(house: House, browser: Browser) -> None:
    message_id = await delivered(house)
    octets = encode(SubmitSm(sequence_number=7, destination_addr="525512340001", short_message=b"hello")).hex()
    await note(house, message_id, "refused", f'{{"part":1,"status":88,"request":"{octets}","response":"zz"}}')
    await note(house, message_id, "callback_failed", '{"url":"http://x/?a=b","attempt":1,"status":500,"answer":"Oops"}')
    page = (await browser.get(f"/console/messages/{public_id(message_id)}")).text
    for piece in (
        *("Accepted", "The carrier took it", "A receipt came", "Ended", "after 1.412 s", "+0.412 s"),
        *("let it pass", "Ledger: reserved at acceptance", "available credit", "Ledger: paid for", "earned"),
        *("submit_sm", "destination_addr", "525512340001", "00 00 00 04", "This is no whole PDU:"),
        *("id:1 text:hello", "http://x/?a=b", "Oops", "500", public_id(message_id)),
    ):
        assert piece in page, piece


async def test_hostile_texts_of_customers_and_carriers_are_escaped(house: House, browser: Browser) -> None:
    message_id = await delivered(house, HOSTILE, words=HOSTILE)
    await note(house, message_id, "callback", '{"url":"javascript:alert(1)","<b>":"</dd><script>x</script>"}')
    page = (await browser.get(f"/console/messages/{public_id(message_id)}")).text
    assert "<script>alert" not in page
    assert "<script>x" not in page
    assert "\u202e" not in page
    assert "U+202E" in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert 'href="javascript' not in page


async def test_the_page_of_a_message_under_way_refreshes_and_that_of_an_ended_one_does_not(
    house: House, browser: Browser
) -> None:
    account = await house.account("other")
    message = await house.world.accepted(account)
    path = f"/console/messages/{public_id(message.row.id)}"
    assert f'hx-get="{path}"' in (await browser.get(path)).text
    piece = (await browser.get(path, hx_request="true")).text
    assert "<html" not in piece
    assert "Accepted" in piece
    ended = await delivered(house)
    assert "hx-get" not in (await browser.get(f"/console/messages/{public_id(ended)}")).text


async def failed_callback(house: House, message_id: MessageId) -> None:
    await house.world.tell(
        "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, body, due_ms, attempts, failed)"
        " VALUES (9, ?, 1, 'foxsys', 'POST', 'http://x/', ?, 0, 6, 1)",
        message_id,
        b'{"what":"we say"}',
    )


async def test_a_failed_callback_is_sent_again_from_its_messages_page(house: House, browser: Browser) -> None:
    message_id = await delivered(house)
    await failed_callback(house, message_id)
    path = f"/console/messages/{public_id(message_id)}"
    page = (await browser.get(path)).text
    assert "A callback has failed for good." in page
    assert "{&#34;what&#34;:&#34;we say&#34;}" in page
    (action,) = re.findall(r'action="(/console/callbacks/\d+/replay)"', page)
    answer = await browser.post(action, message=public_id(message_id))
    assert answer.location == f"{path}?done=replayed"
    assert "tried again within a second" in (await browser.get(answer.location)).text
    assert await house.world.ask("SELECT failed, attempts, due_ms FROM callbacks WHERE id = 9") == [
        (0, 0, house.clock.now_ms)
    ]
    again = await browser.post(action, message=public_id(message_id))
    assert again.location == f"{path}?done=gone"


async def held(house: House) -> MessageId:
    """A message of which nobody knows whether the carrier has it."""
    account = await house.account("careful", resend_times=0)
    house.world.node_id = await new_node(house.world, "node")
    message = await house.world.accepted(account, claim=State.SUBMITTING)
    await house.world.answer(outgoing(message)[0], InDoubt(reason="no answer in time"))
    return message.row.id


async def test_a_held_message_is_sent_once_more_by_its_button(house: House, browser: Browser) -> None:
    message_id = await held(house)
    path = f"/console/messages/{public_id(message_id)}"
    overview = (await browser.get("/console/overview")).text
    assert "messages are held" in overview
    assert "/console/messages?state=held&amp;account=careful" in overview
    assert f'action="{path}/resend"' in (await browser.get(path)).text
    answer = await browser.post(f"{path}/resend")
    assert answer.location == f"{path}?done=resent"
    page = (await browser.get(answer.location)).text
    assert "It will leave once more within a second." in page
    assert "Sent once more by hand" in page
    assert await house.world.state(message_id) is State.QUEUED
    assert (await browser.post(f"{path}/resend")).location == f"{path}?done=not_held"
    assert "messages are held" not in (await browser.get("/console/overview")).text


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.READ_ONLY])
async def test_without_the_right_to_resend_a_held_message_has_no_button(house: House, role: Role) -> None:
    message_id = await held(house)
    await house.user("looker", role=role)
    browser = house.browser()
    await browser.log_in("looker")
    path = f"/console/messages/{public_id(message_id)}"
    page = (await browser.get(path)).text
    assert "It is held" in page
    assert "/resend" not in page
    assert (await browser.post(f"{path}/resend")).status == 404
    assert await house.world.state(message_id) is State.HELD


async def test_a_read_only_user_has_no_buttons(house: House) -> None:
    message_id = await delivered(house)
    await failed_callback(house, message_id)
    await house.user("reader", role=Role.READ_ONLY)
    browser = house.browser()
    await browser.log_in("reader")
    page = (await browser.get(f"/console/messages/{public_id(message_id)}")).text
    assert "A callback has failed for good." in page
    assert "/replay" not in page
    assert (await browser.post("/console/callbacks/9/replay", message=public_id(message_id))).status == 404


async def test_support_is_told_that_octets_are_hidden(house: House) -> None:
    message_id = await delivered(house, "the code is 4711")
    await note(house, message_id, "refused", '{"part":1,"request":"00ff00ff"}')
    await house.user("sara", role=Role.SUPPORT)
    browser = house.browser()
    await browser.log_in("sara")
    page = (await browser.get(f"/console/messages/{public_id(message_id)}")).text
    assert "Hidden from support." in page
    for secret in ("4711", "525512340001", "00ff", "00 ff"):
        assert secret not in page, secret


async def test_an_unknown_message_is_not_found(house: House, browser: Browser) -> None:
    for identity in ("nothing", public_id(MessageId(1 << 8)), "0", "%00"):
        assert (await browser.get(f"/console/messages/{identity}")).status == 404
    assert (await browser.post("/console/callbacks/abc/replay", message="x")).status == 404


async def test_a_waiting_message_says_why_since_when_and_what_to_do(house: House, browser: Browser) -> None:
    account = await house.account("acme")
    message = await house.world.accepted(account, recipients=[recipient(1)], carrier="north")
    link = LinkStatus(name="north/1", bound=False, outstanding=0, window=10, last_error="smsc.example refused us")
    status = CarrierStatus(carrier="north", links=(link,), trouble="no link is bound")
    node_id = await new_node(house.world, "one")
    await house.world.database.write(lambda tx: record_carrier_status(tx, node_id, [status], now_ms=house.clock.now_ms))
    house.wait(200_000)
    path = f"/console/messages/{public_id(message.row.id)}"
    page = (await browser.get(path)).text
    assert "It has waited for 3 min 20 s for north: no link is bound; smsc.example refused us; it leaves by" in page
    await house.user("customer", account=account)
    theirs = house.browser(accept_language="es-ES")
    await theirs.log_in("customer")
    page = (await theirs.get(path)).text
    assert "Espera desde hace 3 min 20 s a north: ningún enlace está conectado; sale por sí solo" in page
    assert "smsc.example" not in page


PAGE_OCTETS = 150_000
"""So large may the page of any story be, PDUs and all."""


async def put_off(house: House, count: int) -> MessageId:
    message_id = await delivered(house)
    octets = encode(SubmitSm(sequence_number=7, destination_addr="525512340001", short_message=b"h" * 140)).hex()
    for number in range(count):
        house.wait(1_000)
        detail = (
            f'{{"part":1,"attempt":{number},"reason":"ESME_RTHROTTLED","request":"{octets}","response":"{octets}"}}'
        )
        await note(house, message_id, "deferred", detail)
    await note(house, message_id, "ended", '{"state":"delivered"}')
    return message_id


async def test_124_equal_moments_are_folded_and_opened_in_pages(house: House, browser: Browser) -> None:
    path = f"/console/messages/{public_id(await put_off(house, 124))}"
    answer = await browser.get(path)
    assert answer.text.count("The carrier asked to come later") == 2
    assert "122 more steps like these" in answer.text
    assert len(answer.body) < PAGE_OCTETS
    (opened,) = re.findall(r'href="([^"]+from=[0-9]+)"', answer.text)
    seen = 0
    while opened:
        answer = await browser.get(opened.replace("&amp;", "&"))
        assert len(answer.body) < PAGE_OCTETS
        assert "hx-get" not in answer.text, "what is read step by step stands still"
        seen += answer.text.count("The carrier asked to come later")
        opened = next(iter(re.findall(r'href="([^"]+from=[0-9]+)">Later', answer.text)), "")
    assert seen == 123, "all but the first, with the one at which the fold ends"
    assert path in answer.text


@pytest.mark.parametrize("asked", ["x", "-1", "99999999999999999999", "١", "200", ""])
async def test_an_invalid_page_of_moments_shows_the_folded_timeline(house: House, browser: Browser, asked: str) -> None:
    path = f"/console/messages/{public_id(await put_off(house, 10))}"
    page = (await browser.get(f"{path}?from={asked}")).text
    assert "8 more steps like these" in page


async def test_of_many_open_callbacks_the_first_are_shown(house: House, browser: Browser) -> None:
    message_id = await delivered(house)
    account = house.directory.by_login("acme")
    assert account is not None
    for number in range(60):
        await house.world.tell(
            "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed)"
            f" VALUES ({number + 10_000_000}, ?, ?, 'foxsys', 'GET', 'http://gone.example/{number}', 0, 6, 1)",
            message_id,
            account.id,
        )
    page = (await browser.get(f"/console/messages/{public_id(message_id)}")).text
    assert page.count("http://gone.example/") == 18, "the message's own two stand before them"
    assert "and 42 more" in page
