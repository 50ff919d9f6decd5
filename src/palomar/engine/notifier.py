"""The notifier: callbacks leave as soon as their host has a slot; hosts take turns.

A host that keeps failing gets one probe at a time. Of one message's callbacks only one is under way at once, so that
``operator`` arrives before ``handset``.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from palomar.domain.message import MessageId
from palomar.engine.batcher import Batcher, Step
from palomar.flows.notify import Attempt, claim_webhooks, record_attempts
from palomar.ports import HttpOutcome, HttpRequest, HttpSender
from palomar.storage.webhooks import WebhookRow

MEMORY_WEBHOOKS = 10_000
"""Callbacks kept in memory; the rest waits in the outbox."""

HOSTS_AT_MOST = 10_000
"""Hosts whose failures are remembered."""

_CLAIM_AT_MOST = 500
_FAILURES_BEFORE_PROBING = 5
_JSON = (("Content-Type", "application/json"),)

ATTEMPTS = Step(name="record_attempts", script=record_attempts, rank=50, linger_seconds=0.050)
CLAIM = Step(name="claim_webhooks", script=claim_webhooks, rank=61)


@dataclass(slots=True)
class _Host:
    origin: str
    waiting: deque[WebhookRow] = field(default_factory=deque)
    under_way: int = 0
    failures: int = 0


Headers = tuple[tuple[str, str], ...]


def _no_headers(webhook: WebhookRow) -> Headers:
    return ()


class Notifier:
    """See the module. ``headers`` are asked for at every attempt (a signature has its time); ``batcher`` is plugged in
    by :meth:`attach` because it needs :attr:`room`."""

    def __init__(self, sender: HttpSender, *, headers: Callable[[WebhookRow], Headers] = _no_headers) -> None:
        self._sender = sender
        self._headers = headers
        self._batcher: Batcher
        self._hosts: dict[str, _Host] = {}
        self._busy: dict[MessageId, deque[WebhookRow] | None] = {}
        """Messages with a callback under way, and their later ones; mostly there are none."""
        self._held = 0
        self._claiming = False
        self._taking = True
        self._more = True

    def attach(self, batcher: Batcher) -> None:
        self._batcher = batcher

    @property
    def room(self) -> int:
        """How many more callbacks may be claimed at birth."""
        return max(MEMORY_WEBHOOKS - self._held, 0) if self._taking and not self._more else 0

    @property
    def held(self) -> int:
        """Callbacks in memory, waiting or under way."""
        return self._held

    def born(self, webhooks: Sequence[WebhookRow], node_id: int | None) -> None:
        """Callbacks of a batch that was just committed: ours go out at once, the others wait to be claimed."""
        for webhook in webhooks:
            if webhook.node_id is not None and webhook.node_id == node_id:
                self._take(webhook)
            else:
                self._more = True

    def look_for_work(self) -> None:
        """Claim due callbacks that nobody has; called now and then."""
        limit = min(_CLAIM_AT_MOST, MEMORY_WEBHOOKS - self._held)
        if self._claiming or not self._taking or limit <= 0:
            return
        self._claiming, self._more = True, False

        def done(found: list[WebhookRow]) -> None:
            self._claiming = False
            self._more = self._more or len(found) == limit
            for webhook in found:
                self._take(webhook)

        def failed(error: BaseException) -> None:
            self._claiming, self._more = False, True

        self._batcher.post(CLAIM, limit, done, failed)

    def stop_taking(self) -> None:
        """Start nothing any more; what is under way is recorded when it ends."""
        self._taking = False
        self.forget()

    def forget(self) -> None:
        """Drop what was claimed and has not begun: it is ours no more."""
        for host in self._hosts.values():
            for webhook in host.waiting:
                self._busy.pop(webhook.message_id, None)
            host.waiting.clear()
        self._busy = dict.fromkeys(self._busy)
        self._held = self.under_way

    @property
    def under_way(self) -> int:
        return sum(host.under_way for host in self._hosts.values())

    def _take(self, webhook: WebhookRow) -> None:
        if not self._taking:
            return
        self._held += 1
        message_id = webhook.message_id
        if message_id not in self._busy:
            self._busy[message_id] = None
            self._line_up(webhook)
            return
        later = self._busy[message_id]
        if later is None:
            later = self._busy[message_id] = deque()
        later.append(webhook)

    def _line_up(self, webhook: WebhookRow) -> None:
        origin = self._sender.origin_of(webhook.url)
        host = self._hosts.get(origin)
        if host is None:
            self._forget_idle_hosts()
            host = self._hosts[origin] = _Host(origin)
        called_later = bool(host.waiting) and host.under_way > 0  # by what ends, not by who comes last
        host.waiting.append(webhook)
        if not called_later:
            self._pump(host)

    def _forget_idle_hosts(self) -> None:
        """Customers choose the hosts: those that only failed must not pile up."""
        if len(self._hosts) >= HOSTS_AT_MOST:
            self._hosts = {host.origin: host for host in self._hosts.values() if host.waiting or host.under_way}

    def _pump(self, host: _Host) -> None:
        while host.waiting and self._taking:
            if host.failures >= _FAILURES_BEFORE_PROBING and host.under_way:
                return
            if self._sender.free_slots(host.origin) <= 0:
                return
            self._start(host, host.waiting.popleft())

    def _start(self, host: _Host, webhook: WebhookRow) -> None:
        host.under_way += 1
        headers = self._headers(webhook)
        if webhook.body is not None:
            headers = _JSON + headers
        request = HttpRequest(method=webhook.method, url=webhook.url, body=webhook.body, headers=headers)
        self._sender.start(request, lambda outcome: self._ended(host, webhook, outcome))

    def _ended(self, host: _Host, webhook: WebhookRow, outcome: HttpOutcome) -> None:
        host.under_way -= 1
        host.failures = 0 if outcome.ok else host.failures + 1
        self._held -= 1
        self._batcher.post(ATTEMPTS, Attempt(webhook, outcome), _recorded)
        later = self._busy.pop(webhook.message_id, None)
        if later:
            self._busy[webhook.message_id] = later
            self._line_up(later.popleft())
        if host.waiting:
            self._pump(host)
        elif not host.under_way and not host.failures:
            self._hosts.pop(host.origin, None)
        if self._more and self._held < MEMORY_WEBHOOKS // 2:
            self.look_for_work()


def _recorded(result: None) -> None:
    """Nothing follows: the outbox row says what is next."""
