"""The sandbox of a server while a carrier is simulated: what people look at and play with in the console.

It joins the simulators, the recorder of calls, the address that receives callbacks and the feed of changes to one
``sandbox.sandbox.Sandbox``. Without a simulated carrier none of it exists. Not here: what people see (``console``), and
what commands have set (``sandbox.watch``).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from starlette.types import ASGIApp

from palomar.app.front import SANDBOX_CALLBACK
from palomar.callbacks.callback_rows import CallbackRow
from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.smsc import ArrivedPart, SimulatorSmsc
from palomar.net.recording import Recorder
from palomar.net.signing import is_signature
from palomar.net.urls import BadUrl, Urls
from palomar.ports import Clock
from palomar.sandbox.api_calls import CallRecorder
from palomar.sandbox.change_feed import ChangeFeed
from palomar.sandbox.received_callbacks import ReceivedCallbacks
from palomar.sandbox.sample_credentials import Secrets
from palomar.sandbox.sandbox import Sandbox
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.http_record import HeaderLines


class SandboxParts:
    """The sandbox of a server and its ties to the rest of it. Calls and callbacks are recorded only if every carrier is
    simulated: otherwise they may be real."""

    def __init__(
        self,
        simulators: Mapping[str, SimulatorSmsc],
        *,
        all_simulated: bool,
        clock: Clock,
        secret_of: Callable[[AccountId], str],
        apply: Callable[[], Awaitable[None]],
        first_account: Path,
    ) -> None:
        """Take ``secret_of``, which returns the secret that signs an account's callbacks, and ``apply``, which puts
        stored settings of the sandbox into force."""
        self._changes = ChangeFeed()
        self._urls = Urls()
        self._calls = CallRecorder(clock, self._changes) if all_simulated else None
        self._received_callbacks = (
            ReceivedCallbacks(clock, self._changes, is_signature=_signature_check(secret_of)) if all_simulated else None
        )
        self.sandbox = Sandbox(
            networks={name: smsc.phones for name, smsc in simulators.items()},
            all_simulated=all_simulated,
            changes=self._changes,
            calls=self._calls,
            received_callbacks=self._received_callbacks,
            configured={name: _normalized(smsc.settings.chaos) for name, smsc in simulators.items()},
            normalize_script=_normalized,
            apply=apply,
            read_first=lambda: asyncio.to_thread(_read_secrets, first_account),
        )
        for name, smsc in simulators.items():
            smsc.subscribe(self._on_arrival(name))

    def record(self, dialect: str, face: ASGIApp) -> ASGIApp:
        """Return the face of a dialect, its calls recorded."""
        return face if self._calls is None else Recorder(face, ended=self._calls.recorder_of(dialect))

    @property
    def on_callback(self) -> Callable[[str, str, HeaderLines, bytes], None] | None:
        """Return the receiver of callbacks to our own address; None if there is none."""
        return None if self._received_callbacks is None else self._received_callbacks.receive

    def expect_callback(self, callback: CallbackRow) -> None:
        """Announce a callback that leaves now and may be for our own address."""
        if self._received_callbacks is None or SANDBOX_CALLBACK not in callback.url:
            return
        try:
            _, target = self._urls.split(callback.url)
        except BadUrl:
            return  # it cannot be sent
        self._received_callbacks.expect(
            callback.method, target, callback.body, account_id=callback.account_id, message_id=callback.message_id
        )

    def committed(self, work: Work) -> None:
        """Publish what a transaction has changed, if somebody has subscribed."""
        if self._changes.has_subscribers:
            self._changes.publish("phones", work.changed_accounts)

    def stop(self) -> None:
        """End every subscription to changes: they would delay the stop of the server."""
        self._changes.close()

    def _on_arrival(self, carrier: str) -> Callable[[ArrivedPart], None]:
        return lambda arrival: self._changes.part_arrived(carrier, arrival.reference)


def _signature_check(secret_of: Callable[[AccountId], str]) -> Callable[[AccountId, str, bytes], bool]:
    return lambda account_id, header, signed: is_signature(secret_of(account_id), header, signed)


def _normalized(text: str) -> str:
    return script.to_text(script.parse(text))


def _read_secrets(file: Path) -> Secrets | None:
    """Read the first account's secrets; None if the file is missing or cannot be used, as it is only a convenience."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Secrets(login=found["login"], password=found["password"], api_key=found["api_key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
