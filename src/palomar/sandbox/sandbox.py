"""The sandbox: what there is to play with while a carrier is simulated, and the door through which one person does.

It has five rooms: phones, keys, controls, and the last calls and callbacks. Each begins with the scope. Not here: the
rooms themselves, and whether somebody is let in at all (``console.viewer.viewer``).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from palomar.access.passwords import Passwords
from palomar.access.sign_in import SignedIn
from palomar.accounts.directory import Directory
from palomar.ports import Clock, Ids, SimulatedNetwork
from palomar.sandbox.api_calls import CallRecorder, RecordedCall
from palomar.sandbox.change_feed import ChangeFeed, Listener, Topic
from palomar.sandbox.controls import Controls
from palomar.sandbox.phone_messages import owners_of_parts
from palomar.sandbox.phones import Phones, Seen
from palomar.sandbox.received_callbacks import ReceivedCallback, ReceivedCallbacks
from palomar.sandbox.sample_credentials import FirstSecrets, SampleCredentials
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What there is. ``calls`` and ``inbox`` are only there where every carrier is simulated (``is_whole``)."""

    networks: Mapping[str, SimulatedNetwork]
    is_whole: bool
    news: ChangeFeed
    calls: CallRecorder | None
    inbox: ReceivedCallbacks | None
    configured: Mapping[str, str]
    """Each simulated carrier's chaos script by the configuration."""
    spelled: Callable[[str], str]
    """Writes a chaos script shortly; raises ValueError for nonsense."""
    in_force: Callable[[], Awaitable[None]]
    """Puts what was written about the sandbox into force."""
    first: FirstSecrets
    seen: Seen = field(default_factory=Seen)


class PersonalSandbox:
    """One person's door to the sandbox."""

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
        self.is_whole = sandbox.is_whole
        self.phones = Phones(
            who, scope, session_id, database=database, clock=clock, networks=sandbox.networks, seen=sandbox.seen
        )
        self.keys = SampleCredentials(
            who,
            scope,
            database=database,
            directory=directory,
            passwords=passwords,
            clock=clock,
            ids=ids,
            first=sandbox.first,
        )
        self.controls = Controls(
            who,
            database=database,
            clock=clock,
            configured=sandbox.configured,
            spelled=sandbox.spelled,
            in_force=sandbox.in_force,
            may_jump=sandbox.is_whole,
        )

    # --- the last of what programs said and were told

    def calls(self) -> list[RecordedCall]:
        """The last calls of programs in scope, newest first."""
        return self._sandbox.calls.recent(self._scope) if self._sandbox.calls is not None else []

    def call(self, number: int) -> RecordedCall | None:
        """One of them; None for any other."""
        return self._sandbox.calls.find(self._scope, number) if self._sandbox.calls is not None else None

    def inbox(self) -> list[tuple[int, ReceivedCallback]]:
        """The last callbacks in scope that came to our own address, newest first, with their numbers."""
        return self._sandbox.inbox.recent(self._scope) if self._sandbox.inbox is not None else []

    def got(self, number: int) -> ReceivedCallback | None:
        """One of them; None for any other."""
        return self._sandbox.inbox.find(self._scope, number) if self._sandbox.inbox is not None else None

    # --- news

    def listen(self) -> Listener | None:
        """Hear what changes in scope, until :meth:`leave`; None where too many listen already."""
        return self._sandbox.news.listen(self._scope, person=self._person)

    def leave(self, listener: Listener) -> None:
        self._sandbox.news.leave(listener)

    async def news(self, listener: Listener, *, within_seconds: float) -> frozenset[Topic] | None:
        """What has changed; nothing after so long, or where what arrived was somebody else's; None: no more will."""
        topics = await listener.next(within_seconds=within_seconds)
        if topics is None or not listener.arrivals or "phones" in topics:
            listener.arrivals.clear()
            return topics
        arrivals = frozenset(listener.arrivals)
        listener.arrivals.clear()

        async def script(tx: Transaction) -> bool:
            return any(map(self._scope.has, await owners_of_parts(tx, arrivals)))

        return topics | {"phones"} if await self._database.read(script) else topics
