"""What ``server`` plugs in while a carrier is simulated, so that people can look at it and play with it in the console.

It joins the simulators, the recorder of calls, the address that takes callbacks and the news of what changes to one
``sandbox.sandbox.Sandbox``. Without a simulated carrier none of it exists, and nothing of it costs anything. Not here:
what people see (``console``), and what commands have set (``sandbox.watch``).
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
from palomar.net.signing import fits
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
    """See the module. ``is_whole`` where every carrier is simulated: only then programs cannot reach anybody real, and
    their calls and callbacks are kept."""

    def __init__(
        self,
        simulators: Mapping[str, SimulatorSmsc],
        *,
        is_whole: bool,
        clock: Clock,
        secret_of: Callable[[AccountId], str],
        in_force: Callable[[], Awaitable[None]],
        first_account: Path,
    ) -> None:
        """``secret_of`` says what signs an account's callbacks; ``in_force`` puts what was set into force."""
        self._changes = ChangeFeed()
        self._urls = Urls()
        self._calls = CallRecorder(clock, self._changes) if is_whole else None
        self._received = ReceivedCallbacks(clock, self._changes, is_signature=_judge(secret_of)) if is_whole else None
        self.sandbox = Sandbox(
            networks={name: smsc.phones for name, smsc in simulators.items()},
            is_whole=is_whole,
            changes=self._changes,
            calls=self._calls,
            received_callbacks=self._received,
            configured={name: _spelled(smsc.settings.chaos) for name, smsc in simulators.items()},
            normalize_script=_spelled,
            apply=in_force,
            read_first=lambda: asyncio.to_thread(_read_secrets, first_account),
        )
        for name, smsc in simulators.items():
            smsc.subscribe(self._arrived_by(name))

    def recorded(self, dialect: str, face: ASGIApp) -> ASGIApp:
        """The face, its calls kept."""
        return face if self._calls is None else Recorder(face, ended=self._calls.recorder_of(dialect))

    @property
    def took_callback(self) -> Callable[[str, str, HeaderLines, bytes], None] | None:
        """What takes callbacks to our own address; None where there is none."""
        return None if self._received is None else self._received.receive

    def leaving(self, callback: CallbackRow) -> None:
        """This callback leaves now; perhaps for our own address."""
        if self._received is None or SANDBOX_CALLBACK not in callback.url:
            return
        try:
            _, target = self._urls.split(callback.url)
        except BadUrl:
            return  # it will not leave
        self._received.expect(
            callback.method, target, callback.body, account_id=callback.account_id, message_id=callback.message_id
        )

    def committed(self, work: Work) -> None:
        """A transaction has changed something; nobody is told while nobody looks."""
        if self._changes.has_subscribers:
            self._changes.publish("phones", work.changed_accounts)

    def stop(self) -> None:
        """End every stream of news: they would hold up the end of the server."""
        self._changes.close()

    def _arrived_by(self, carrier: str) -> Callable[[ArrivedPart], None]:
        return lambda arrival: self._changes.part_arrived(carrier, arrival.reference)


def _judge(secret_of: Callable[[AccountId], str]) -> Callable[[AccountId, str, bytes], bool]:
    return lambda account_id, header, signed: fits(secret_of(account_id), header, signed)


def _spelled(text: str) -> str:
    return script.written(script.parse(text))


def _read_secrets(file: Path) -> Secrets | None:
    """Whatever may have become of the file, it is only a convenience."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Secrets(login=found["login"], password=found["password"], api_key=found["api_key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
