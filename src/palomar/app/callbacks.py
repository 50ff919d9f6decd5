"""The callbacks of a server: the client, the signatures and the sender, built from the configuration.

Not here: when a callback is sent and tried again (``callbacks``), and how it is written on the wire (``net.client``).
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable

import structlog

from palomar.app.config import Config
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.callback_target import OffAfter
from palomar.callbacks.outbox import Outbox
from palomar.callbacks.sender import CallbackLimits, CallbackSender
from palomar.net.client.client import CallbackClient
from palomar.net.descriptors import max_callback_connections, raise_limit
from palomar.net.networks import AddressGuard
from palomar.net.signing import CallbackSigner
from palomar.ports import Clock
from palomar.vocabulary.account import AccountId

_log = structlog.get_logger(__name__)


class Callbacks:
    """The sender of callbacks to customers' servers, its HTTP client, and when a target is switched off."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        secret_of: Callable[[AccountId], str],
        expect: Callable[[CallbackRow], None] | None,
    ) -> None:
        """Take ``secret_of``, which returns the secret that signs an account's callbacks, and ``expect``, which is
        called before each attempt."""
        limits = CallbackLimits(
            slots_a_host=config.callbacks.slots_a_host, connections=max_callback_connections(raise_limit())
        )
        self._client = CallbackClient(
            guard=AddressGuard(allow_networks=config.callback_networks),
            slots_a_host=limits.slots_a_host,
            connections=limits.connections,
            timeout_seconds=config.callbacks.timeout_seconds,
            tls=ssl.create_default_context(),
        )
        self._signer = CallbackSigner(secret_of=secret_of, wall_ms=clock.wall_ms)
        self._expect = expect
        self.sender = CallbackSender(self._client, headers=self._headers, limits=limits)
        self.off_after = OffAfter(days=config.callbacks.off_after_days, failures=config.callbacks.off_after_failures)

    def committed(self, outbox: Outbox, node_id: int | None) -> None:
        """Start the callbacks that a transaction has stored, and stop those to targets that it has switched off."""
        if outbox.created:
            self.sender.committed(outbox.created, node_id)
        for target in outbox.targets_off:
            self.sender.switch_off((target.id,))
            _log.warning("callbacks to a target are off", account_id=target.account_id, failures=target.failures)

    async def stop(self, deadline_seconds: float) -> None:
        """Let attempts under way end within the deadline, then close the client."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_seconds):
                while self.sender.under_way:  # noqa: ASYNC110  # once, at the end
                    await asyncio.sleep(0.01)
        await self._client.close()

    def _headers(self, callback: CallbackRow) -> tuple[tuple[str, str], ...]:
        if self._expect is not None:
            self._expect(callback)
        return self._signer.headers(callback.account_id, callback.url, callback.body)
