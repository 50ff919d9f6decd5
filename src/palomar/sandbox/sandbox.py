"""The sandbox of a server, and what one person sees and changes of it through the console.

It joins five things: phones, sample credentials, clock and chaos, the last API calls, and the last received callbacks.
Each limits itself to the person's scope. Not here: these five (a module each), and which people have a sandbox at all
(``console.viewer.viewer``).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from palomar.access.passwords import Passwords
from palomar.access.sign_in import SignedIn
from palomar.accounts.directory import Directory
from palomar.ports import Clock, Ids, SimulatedNetwork
from palomar.sandbox.api_calls import CallRecorder, RecordedCall
from palomar.sandbox.change_feed import ChangeFeed, Subscriber, Topic
from palomar.sandbox.controls import Controls
from palomar.sandbox.phone_messages import owners_of_parts
from palomar.sandbox.phones import Phones, SeenMessages
from palomar.sandbox.received_callbacks import ReceivedCallback, ReceivedCallbacks
from palomar.sandbox.sample_credentials import ReadSecrets, SampleCredentials
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What a server has of it. ``calls`` and ``received_callbacks`` exist only where every carrier is simulated."""

    networks: Mapping[str, SimulatedNetwork]
    """The networks of the simulated carriers, by carrier."""
    all_simulated: bool
    """True if every carrier is simulated."""
    changes: ChangeFeed
    calls: CallRecorder | None
    received_callbacks: ReceivedCallbacks | None
    configured: Mapping[str, str]
    """The chaos scripts of the configuration, by carrier."""
    normalize_script: Callable[[str], str]
    """Writes a chaos script in its short form; raises ValueError if it is none."""
    apply: Callable[[], Awaitable[None]]
    """Lets this server follow what was stored about the sandbox."""
    read_first: ReadSecrets
    seen: SeenMessages = field(default_factory=SeenMessages)


class PersonalSandbox:
    """The sandbox within one person's scope and rights. Made for one request."""

    def __init__(
        self,
        sandbox: Sandbox,
        signed_in: SignedIn,
        scope: Scope,
        *,
        database: Database,
        directory: Directory,
        passwords: Passwords,
        clock: Clock,
        ids: Ids,
    ) -> None:
        who, session_id = signed_in.who, signed_in.session.id
        self._sandbox = sandbox
        self._scope = scope
        self._database = database
        self._person = f"user {who.user_id}" if who.user_id is not None else f"account {who.account_id}"
        self.all_simulated = sandbox.all_simulated
        self.phones = Phones(
            who, scope, session_id, database=database, clock=clock, networks=sandbox.networks, seen=sandbox.seen
        )
        self.credentials = SampleCredentials(
            who,
            scope,
            database=database,
            directory=directory,
            passwords=passwords,
            clock=clock,
            ids=ids,
            read_first=sandbox.read_first,
        )
        self.controls = Controls(
            who,
            database=database,
            clock=clock,
            configured=sandbox.configured,
            normalize_script=sandbox.normalize_script,
            apply=sandbox.apply,
            may_jump=sandbox.all_simulated,
        )

    # --- recorded calls and received callbacks

    def calls(self) -> list[RecordedCall]:
        """Return the last calls of programs in scope, newest first."""
        return self._sandbox.calls.recent(self._scope) if self._sandbox.calls is not None else []

    def call(self, number: int) -> RecordedCall | None:
        """Return the call of this number; None if it is not kept, or not in scope."""
        return self._sandbox.calls.find(self._scope, number) if self._sandbox.calls is not None else None

    def received_callbacks(self) -> list[tuple[int, ReceivedCallback]]:
        """Return the last callbacks in scope that our own address received, newest first, with their numbers."""
        received = self._sandbox.received_callbacks
        return received.recent(self._scope) if received is not None else []

    def received_callback(self, number: int) -> ReceivedCallback | None:
        """Return the callback of this number; None if it is not kept, or not in scope."""
        received = self._sandbox.received_callbacks
        return received.find(self._scope, number) if received is not None else None

    # --- changes

    def subscribe(self) -> Subscriber | None:
        """Subscribe to changes in scope, until :meth:`unsubscribe`; return None if there are too many subscribers."""
        return self._sandbox.changes.subscribe(self._scope, person=self._person)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._sandbox.changes.unsubscribe(subscriber)

    async def next_changes(self, subscriber: Subscriber, *, within_seconds: float) -> frozenset[Topic] | None:
        """Wait for a change in scope and return the topics that changed.

        Return an empty set if none did within ``within_seconds`` or all parts that arrived were of accounts out of
        scope, and None when there will be no more changes.
        """
        topics = await subscriber.next(within_seconds=within_seconds)
        if topics is None or not subscriber.arrivals or "phones" in topics:
            subscriber.arrivals.clear()
            return topics
        arrivals = frozenset(subscriber.arrivals)
        subscriber.arrivals.clear()

        async def script(tx: Transaction) -> bool:
            return any(map(self._scope.includes, await owners_of_parts(tx, arrivals)))

        return topics | {"phones"} if await self._database.read(script) else topics
