"""A received callback belongs to the account that it left for, and its signature is checked."""

from tests.support.console_house import SetClock

from palomar.sandbox.change_feed import ChangeFeed
from palomar.sandbox.received_callbacks import ReceivedCallbacks, Signature
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

ONE, OTHER = AccountId(1), AccountId(2)
EVERYBODY = Scope(account_ids=None)
TARGET = "/sandbox/callback?subid=1"


def inbox(judged: list[tuple[AccountId, str, bytes]] | None = None) -> ReceivedCallbacks:
    """An empty one, for which the header "fits" is a valid signature."""

    def fits(account_id: AccountId, header: str, signed: bytes) -> bool:
        if judged is not None:
            judged.append((account_id, header, signed))
        return header == "fits"

    return ReceivedCallbacks(SetClock(), ChangeFeed(), is_signature=fits)


def test_a_received_callback_belongs_to_the_account_that_it_left_for() -> None:
    box = inbox()
    box.expect("GET", TARGET, None, account_id=ONE, message_id=MessageId(7))
    box.receive("GET", TARGET, (), b"")
    ((number, got),) = box.recent(Scope(account_ids=frozenset({ONE})))
    assert (got.account_id, got.message_id, got.target, got.at_ms) == (ONE, 7, TARGET, SetClock().now_ms)
    assert box.recent(Scope(account_ids=frozenset({OTHER}))) == []
    assert box.find(Scope(account_ids=frozenset({OTHER})), number) is None
    assert box.find(EVERYBODY, number) == got


def test_a_request_that_palomar_did_not_send_belongs_to_no_account() -> None:
    box = inbox()
    box.expect("GET", TARGET, None, account_id=ONE, message_id=MessageId(7))
    for method, target, body in (("POST", TARGET, b""), ("GET", f"{TARGET}1", b""), ("GET", TARGET, b"more")):
        box.receive(method, target, (), body)
    assert {got.account_id for _, got in box.recent(EVERYBODY)} == {None}
    assert box.recent(Scope(account_ids=frozenset({ONE}))) == []


def test_a_signature_is_checked_over_the_body_or_the_query() -> None:
    judged: list[tuple[AccountId, str, bytes]] = []
    box = inbox(judged)
    box.expect("GET", TARGET, None, account_id=ONE, message_id=MessageId(7))
    box.expect("POST", "/sandbox/callback", b"{}", account_id=ONE, message_id=MessageId(8))
    box.receive("GET", TARGET, ((b"Palomar-Signature", b"fits"),), b"")
    box.receive("POST", "/sandbox/callback", ((b"palomar-signature", b"no"),), b"{}")
    box.receive("GET", TARGET, (), b"")
    box.receive("GET", "/sandbox/callback", ((b"palomar-signature", b"fits"),), b"")
    assert [got.signature for _, got in reversed(box.recent(EVERYBODY))] == [
        Signature.VALID,
        Signature.WRONG,
        Signature.NONE,
        Signature.NONE,
    ]
    assert judged == [(ONE, "fits", b"subid=1"), (ONE, "no", b"{}")]
