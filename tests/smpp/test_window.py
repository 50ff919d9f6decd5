"""The table of outstanding requests."""

from palomar.smpp.window import Window

SUBMIT_SM, SUBMIT_SM_RESP, QUERY_SM_RESP, GENERIC_NACK = 4, 0x80000004, 0x80000003, 0x80000000


def frame(number: int) -> bytes:
    return b"frame %d" % number


def window_of(*numbers: int, remembered: int = 10) -> Window:
    window = Window(10, remembered=remembered)
    for number in numbers:
        window.add(number, command_id=SUBMIT_SM, context=f"c{number}", deadline=float(number), frame=frame(number))
    return window


def test_a_request_is_settled_once_by_its_own_response_or_a_nack():
    window = window_of(1, 2)
    assert window.settle(1, QUERY_SM_RESP) is None
    assert window.settle(1, SUBMIT_SM_RESP) == ("c1", frame(1))
    assert window.settle(1, SUBMIT_SM_RESP) is None
    assert window.settle(2, GENERIC_NACK) == ("c2", frame(2))
    assert len(window.outstanding) == 0


def test_a_context_of_none_is_a_context():
    window = Window(1, remembered=1)
    window.add(1, command_id=SUBMIT_SM, context=None, deadline=1.0, frame=b"")
    assert window.settle(1, SUBMIT_SM_RESP) == (None, b"")


def test_the_oldest_requests_expire_and_can_still_be_settled_late():
    window = window_of(1, 2, 3)
    assert window.next_deadline() == 1.0
    assert window.expire(2.0) == [(1, "c1", frame(1)), (2, "c2", frame(2))]
    assert window.next_deadline() == 3.0
    assert window.settle(1, SUBMIT_SM_RESP) is None
    assert window.settle_late(1, QUERY_SM_RESP) is None
    assert window.settle_late(1, SUBMIT_SM_RESP) == ("c1", frame(1))
    assert window.settle_late(1, SUBMIT_SM_RESP) is None


def test_the_oldest_time_outs_are_forgotten_first():
    window = window_of(1, 2, 3, remembered=2)
    window.expire(3.0)
    assert window.settle_late(1, SUBMIT_SM_RESP) is None
    assert window.settle_late(2, SUBMIT_SM_RESP) == ("c2", frame(2))


def test_clearing_gives_back_the_outstanding_in_order_and_forgets_all():
    window = window_of(1, 2, 3)
    window.expire(1.0)
    assert window.clear() == (("c2", frame(2)), ("c3", frame(3)))
    assert (len(window.outstanding), window.next_deadline()) == (0, None)
    assert window.settle_late(1, SUBMIT_SM_RESP) is None
