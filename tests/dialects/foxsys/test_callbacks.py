"""The GET to ``ackurl``, for every event and every end; the JSON posted for clicks and inbound messages."""

import json

import pytest
from tests.dialects.foxsys.fake_gateway import DEMO

from palomar.dialects.foxsys.callbacks import FoxsysCallbacks, with_query
from palomar.vocabulary.events import Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier
from palomar.vocabulary.message import MessageId, State

AT_MS = 1_772_107_200_999
ID = MessageId(1)
SUBID = "69a0b164a0e7b"
TARGET = "https://clientserver.com/receive_ack"
ENDS = {
    State.UNDELIVERED: "UNDELIV",
    State.EXPIRED: "EXPIRED",
    State.REJECTED: "REJECTD",
    State.BLOCKED: "BLOCKED",
    State.UNKNOWN: "UNKNOWN",
    State.NOFORMAT: "REJECTD",
}


def _url(event: Event, target: str = TARGET) -> str | None:
    request = FoxsysCallbacks().render(event, target=target, account=DEMO)
    if request is None:
        return None
    assert request.method == "GET"
    assert request.body is None
    return request.url


def test_delivery_reads_as_the_vendor_writes_it() -> None:
    event = Delivered(message_id=ID, request_ref=SUBID, msisdn="5212221234567", at_ms=AT_MS)
    assert _url(event) == (
        f"{TARGET}?acklevel=handset&msisdn=5212221234567&status=ok&desc=DELIVRD"
        f"&subid={SUBID}&timestamp=2026-02-26%2012:00:00"
    )


def test_the_carriers_acceptance_has_a_desc_too() -> None:
    event = SentToCarrier(message_id=ID, request_ref=SUBID, msisdn="5212221234567", at_ms=AT_MS)
    assert _url(event) == (
        f"{TARGET}?acklevel=operator&msisdn=5212221234567&status=ok&desc=ACCEPTD"
        f"&subid={SUBID}&timestamp=2026-02-26%2012:00:00"
    )


@pytest.mark.parametrize(
    ("at_ms", "written"),
    [(-1, "1969-12-31%2023:59:59"), (0, "1970-01-01%2000:00:00"), (AT_MS, "2026-02-26%2012:00:00")],
)
def test_each_timestamp_is_that_of_its_event(at_ms: int, written: str) -> None:
    callbacks = FoxsysCallbacks()
    for before_ms in (at_ms, at_ms + 1_000, at_ms - 1_000, at_ms):
        event = Delivered(message_id=ID, request_ref=SUBID, msisdn="5212221234567", at_ms=before_ms)
        request = callbacks.render(event, target=TARGET, account=DEMO)
    assert request is not None
    assert request.url.endswith(f"&timestamp={written}")


@pytest.mark.parametrize("state", State)
def test_a_failure_has_its_desc_or_no_callback(state: State) -> None:
    url = _url(Failed(message_id=ID, request_ref=SUBID, msisdn="5212221234567", at_ms=AT_MS, state=state))
    if state in ENDS:
        assert url is not None
        assert f"?acklevel=error&msisdn=5212221234567&status=ko&desc={ENDS[state]}&subid=" in url
    else:
        assert url is None


def test_a_number_of_bad_format_is_reported_as_it_was_written() -> None:
    event = Failed(message_id=ID, request_ref=SUBID, msisdn="+34(0)6 #1&x=ñ", at_ms=AT_MS, state=State.NOFORMAT)
    assert "?acklevel=error&msisdn=%2B34%280%296%20%231%26x%3D%C3%B1&status=ko&desc=REJECTD&" in (_url(event) or "")


def test_a_subid_is_escaped_whole() -> None:
    event = Delivered(message_id=ID, request_ref="a&b=c/ñ #%", msisdn="1", at_ms=AT_MS)
    assert "&subid=a%26b%3Dc%2F%C3%B1%20%23%25&timestamp=" in (_url(event) or "")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://a.example", "http://a.example?x=1"),
        ("http://a.example/?", "http://a.example/?x=1"),
        ("http://a.example/b?key=%20v", "http://a.example/b?key=%20v&x=1"),
        ("http://a.example/b?key=v&", "http://a.example/b?key=v&x=1"),
        ("http://a.example/b#part?", "http://a.example/b?x=1#part?"),
    ],
)
def test_the_query_of_the_ackurl_is_kept(target: str, expected: str) -> None:
    assert with_query(target, "x=1") == expected


def test_a_click_is_posted_with_the_browser_under_its_own_name() -> None:
    event = Clicked(
        message_id=ID,
        request_ref=SUBID,
        msisdn="5212221234567",
        at_ms=AT_MS,
        address="98.139.180.149",
        agent="Mozilla/5.0",
    )
    request = FoxsysCallbacks().render(event, target=TARGET, account=DEMO)
    assert request is not None
    assert (request.method, request.url) == ("POST", TARGET)
    assert json.loads(request.body or b"") == {
        "subid": SUBID,
        "msisdn": "5212221234567",
        "ip": "98.139.180.149",
        "useragent": "Mozilla/5.0",
        "timestamp": "2026-02-26 12:00:00",
    }


def test_an_inbound_message_is_posted_with_the_virtual_number_twice() -> None:
    event = InboundReceived(number="13098212823", msisdn="447400826129", text="Hello ñ", at_ms=AT_MS)
    request = FoxsysCallbacks().render(event, target=TARGET, account=DEMO)
    assert request is not None
    assert (request.method, request.url) == ("POST", TARGET)
    assert json.loads(request.body or b"") == {
        "inbound_number": "13098212823",
        "msisdn": "447400826129",
        "message": "Hello ñ",
        "service_number": "13098212823",
        "timestamp": "2026-02-26 12:00:00",
    }


def test_the_pauses_between_retries_are_those_of_the_page() -> None:
    assert FoxsysCallbacks().retry_seconds == (30, 300, 1_800, 21_600, 86_400)
