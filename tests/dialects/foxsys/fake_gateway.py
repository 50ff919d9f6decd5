"""A gateway that keeps requests in a list, and an ASGI caller: for what needs no database."""

import base64
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.dialects.foxsys.gateway_on_sqlite import LOGIN, TOKEN, StillClock

from palomar.acceptance.accept import Accepted
from palomar.acceptance.compose import Request
from palomar.acceptance.default_sender import SANDBOX_SENDERS
from palomar.access.admission import Admission
from palomar.accounts.keys import key_hash
from palomar.accounts.snapshot import Snapshot
from palomar.accounts.store import login_key
from palomar.billing.credit import AccountBalance
from palomar.billing.prices import PriceList
from palomar.clock import RealIds
from palomar.dialects.foxsys.api import BODY_LIMIT, FoxsysApi
from palomar.net.networks import TrustedProxies, is_listed
from palomar.reports.messages import MessageStatus
from palomar.short_links.shorten import Shortener
from palomar.vocabulary.account import Account, AccountId, AccountSettings
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal
from palomar.vocabulary.token_bucket import RequestLimits

BASIC = b"Basic " + base64.b64encode(f"{LOGIN}:{TOKEN}".encode())
DEMO = Account(id=AccountId(1), login=LOGIN, settings=AccountSettings(requests_per_second=0))


def snapshot_of(account: Account, token: str = TOKEN) -> Snapshot:
    """Build a snapshot of one account with one key."""
    return Snapshot(
        by_id={account.id: account}, by_login={login_key(account.login): account}, by_key={key_hash(token): account}
    )


@dataclass
class FakeDirectory:
    snapshot: Snapshot

    def by_key(self, secret: str) -> Account | None:
        return self.snapshot.account_of_key(secret)


class NoBatcher:
    """Writes nothing."""

    def post(self, step: Any, command: Any, done: Any, failed: Any = None) -> None:
        return None


class FixedWait(RequestLimits):
    """Lets everybody wait as long."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def wait_seconds(self, who: Hashable, *, per_second: int, now: float) -> float:
        return self.seconds


def admission_of(directory: Any, limits: RequestLimits | None = None) -> Admission:
    """Build the real admission over a fake directory."""
    return Admission(
        directory=directory,
        batcher=NoBatcher(),  # type: ignore[arg-type]
        clock=StillClock(),
        passwords=None,  # type: ignore[arg-type]  # FOXSYS sends none
        is_listed=is_listed,
        limits=limits,
    )


@dataclass
class FakeGateway:
    """``refusal`` and ``failure`` are what :meth:`accept` does instead of accepting."""

    account: Account = DEMO
    wait: float = 0.0
    refusal: Refusal | None = None
    failure: Exception | None = None
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.directory = FakeDirectory(snapshot_of(self.account))
        self.limits = FixedWait(self.wait)
        self.admission = admission_of(self.directory, self.limits).for_dialect
        self.clock = StillClock()
        self.ids = RealIds(0)
        self.default_sender = SANDBOX_SENDERS.of

    def shortener(self, account: Account) -> Shortener:
        return Shortener(account.settings.link_domain or "http://localhost", lambda: "abcdef1")

    def prices(self, account: Account) -> PriceList:
        return PriceList()

    async def accept(self, request: Request) -> Accepted | Refusal:
        if self.failure is not None:
            raise self.failure
        if self.refusal is not None:
            return self.refusal
        self.requests.append(request)
        return Accepted([])

    async def cancel_scheduled(self, account_id: AccountId, request_ref: str) -> int:
        return 1

    async def send_scheduled(self, account_id: AccountId, request_ref: str) -> int:
        return 0

    async def message_status(self, account_id: AccountId, *, request_ref: str, msisdn: str) -> MessageStatus:
        return MessageStatus(state=State.SENT, price_microcredits=0, since_ms=0)

    async def balance(self, account_id: AccountId) -> AccountBalance:
        return AccountBalance(available=0, reserved=0)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> Any:
        return self.json["code"]


def api_of(gateway: FakeGateway, *, body_limit: int = BODY_LIMIT) -> FoxsysApi:
    return FoxsysApi(gateway, TrustedProxies(), body_limit)  # type: ignore[arg-type]


async def ask(
    api: FoxsysApi,
    body: bytes | Sequence[bytes] = b"",
    *,
    method: str = "POST",
    path: str = "/json/send",
    headers: Sequence[tuple[bytes, bytes]] = ((b"authorization", BASIC),),
) -> Answer | None:
    """Send one request; return None if it is not answered. A body in several pieces arrives in as many."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pieces:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces) or not isinstance(body, bytes)}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers), "client": ("192.0.2.1", 4711)}
    await api(scope, receive, send)
    if not messages:
        return None
    start, content = messages
    headers_sent = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers_sent, content["body"])


async def code_of(gateway: FakeGateway, body: bytes | object) -> Any:
    """Return the code that answers a send."""
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await ask(api_of(gateway), octets)
    assert answer is not None
    return answer.code
