"""How targets of callbacks stand, and how much of this node each may hold.

A target is an account and an origin. It is *good* while it answers, *fresh* until it first has, *poor* when it fails or
keeps us waiting. Each standing has slots and memory of its own, for a target, for an account and for everybody: so a
hundred targets that hang cannot take what one that answers needs, nor one account what another needs.

Not here: what is sent when (``sender``).
"""

from collections import deque
from typing import Final, Literal

from palomar.callbacks.callback_rows import CallbackRow
from palomar.vocabulary.account import AccountId

ByStanding = tuple[int, int, int]


Standing = Literal[0, 1, 2]
"""Which slots and memory a target has: a place in what has one of each. An enumeration would cost at every callback."""
GOOD: Final = 0
FRESH: Final = 1
POOR: Final = 2
STANDINGS: Final[tuple[Standing, ...]] = (GOOD, FRESH, POOR)

MEMORY_OF_TARGET: Final[ByStanding] = (1_000, 8, 16)
MEMORY_OF_ACCOUNT: Final[ByStanding] = (4_000, 2_000, 1_000)
MEMORY: Final[ByStanding] = (10_000, 6_000, 4_000)
"""Callbacks that are kept in memory; the rest waits in the outbox."""

FULL: Final = 512
"""Connections for which an account's slots are meant; where there are fewer, it has as many fewer."""
SLOTS_OF_FRESH: Final = 1
SLOTS_OF_ACCOUNT: Final[ByStanding] = (64, 128, 16)
DOUBTFUL_OF_ACCOUNT: Final = 192
"""Slots that an account's fresh and poor targets have together: what has kept us waiting still has its connection."""
DOUBTFUL_AT_LEAST: Final = 4
"""Such slots for which an account finds room though others hold all there are: else a few accounts whose targets hang
would keep everybody else's first callbacks waiting."""
_SHARE_OF_SLOTS: Final = (0.75, 0.5, 0.125)
"""Of all connections."""
_SHARE_OF_DOUBTFUL: Final = 0.75
_SHARE_OF_DOUBTFUL_AT_LEAST: Final = 0.875
"""With those that every account has at least; the rest is for good ones alone."""

WATCH_EVERY_SECONDS: Final = 0.25
FAILURES_UNTIL_POOR: Final = 5
"""In a row, of a target that was good; a fresh one is poor at its first."""
LOOKS_UNTIL_POOR: Final[ByStanding] = (8, 2, 1)
"""Looks in a row at which something was under way and nothing had ended."""
TARGETS_AT_MOST: Final = 20_000
"""Targets that are remembered."""


class Usage:
    """What is held in memory, and what of it is under way, by standing."""

    __slots__ = ("held", "under_way")

    def __init__(self) -> None:
        self.held = [0, 0, 0]
        self.under_way = [0, 0, 0]


_NOBODY: Final = Usage()


class CallbackTarget:
    """One target. Mutable and plain: it is touched at every callback."""

    __slots__ = (
        "account",
        "account_id",
        "failures",
        "has_more",
        "held",
        "id",
        "more_since",
        "quiet",
        "slots",
        "standing",
        "under_way",
        "waiting",
    )

    def __init__(self, account_id: AccountId, identity: int, account: Usage, slots: int) -> None:
        self.account_id = account_id
        self.id = identity
        self.account = account
        self.waiting: deque[CallbackRow] = deque()
        self.under_way = 0
        self.held = 0
        self.failures = 0
        self.standing: Standing = FRESH
        self.slots = slots
        """How many may be under way at once, standing as it does."""
        self.quiet = 0
        """Looks at which nothing had ended."""
        self.has_more = False
        """Whether something due is in the table: what is born then waits behind it."""
        self.more_since = 0
        """Which claim was the last when it was last seen that there is more."""

    @property
    def key(self) -> tuple[AccountId, int]:
        return self.account_id, self.id


class CallbackTargets:
    """All of them, and what they use. ``slots`` are one good target's, ``connections`` everybody's."""

    def __init__(self, *, slots: int, connections: int) -> None:
        self._slots: ByStanding = (slots, min(SLOTS_OF_FRESH, slots), 1)
        good, fresh, poor = (max(int(connections * share), 1) for share in _SHARE_OF_SLOTS)
        self._slots_of_all: ByStanding = (good, fresh, poor)
        self._connections = connections
        good, fresh, poor = (max(slots * min(connections, FULL) // FULL, 1) for slots in SLOTS_OF_ACCOUNT)
        self._slots_of_account: ByStanding = (good, fresh, poor)
        self._doubtful_of_account = max(DOUBTFUL_OF_ACCOUNT * min(connections, FULL) // FULL, 1)
        self._doubtful = max(int(connections * _SHARE_OF_DOUBTFUL), 1)
        self._at_least_of_account = max(DOUBTFUL_AT_LEAST * min(connections, FULL) // FULL, 1)
        self._doubtful_with_least = max(int(connections * _SHARE_OF_DOUBTFUL_AT_LEAST), 1)
        self._active: dict[CallbackTarget, None] = {}
        self._by_id: dict[int, CallbackTarget] = {}
        self._accounts: dict[AccountId, Usage] = {}
        self.all = Usage()
        self.under_way = 0

    @property
    def held(self) -> int:
        """Count what is in memory, of all."""
        return sum(self.all.held)

    def find(self, identity: int) -> CallbackTarget | None:
        """Find the target, if it is remembered."""
        return self._by_id.get(identity)

    def of(self, account_id: AccountId, identity: int) -> CallbackTarget:
        """Find the target, and make a fresh one where it is not remembered."""
        target = self._by_id.get(identity)
        if target is None:
            self._forget_idle()
            account = self._accounts.get(account_id)
            if account is None:
                account = self._accounts[account_id] = Usage()
            target = self._by_id[identity] = CallbackTarget(account_id, identity, account, self._slots[FRESH])
        return target

    def every(self) -> list[CallbackTarget]:
        """List all that are remembered."""
        return list(self._by_id.values())

    def active(self) -> list[CallbackTarget]:
        """List those with something under way."""
        return list(self._active)

    def room(self, account_id: AccountId, identity: int) -> int:
        """Count how many more callbacks to a target may be held in memory."""
        target = self._by_id.get(identity)
        if target is not None:
            standing, held, account = target.standing, target.held, target.account
        else:
            standing, held, account = FRESH, 0, self._accounts.get(account_id, _NOBODY)
        return min(
            MEMORY_OF_TARGET[standing] - held,
            MEMORY_OF_ACCOUNT[standing] - account.held[standing],
            MEMORY[standing] - self.all.held[standing],
        )

    def hold(self, account_id: AccountId, identity: int) -> CallbackTarget:
        """Note that one more callback to a target is in memory; give the target."""
        target = self._by_id.get(identity) or self.of(account_id, identity)
        standing = target.standing
        target.held += 1
        target.account.held[standing] += 1
        self.all.held[standing] += 1
        return target

    def let_go(self, target: CallbackTarget) -> None:
        """Note that one callback to it is in memory no more."""
        standing = target.standing
        target.held -= 1
        target.account.held[standing] -= 1
        self.all.held[standing] -= 1

    def start(self, target: CallbackTarget) -> bool:
        """Note that one more callback to it is under way, if its own slots, its account's and everybody's let it begin;
        tell whether they do."""
        standing = target.standing
        of_account, of_all = target.account.under_way, self.all.under_way
        if target.under_way >= target.slots or of_account[standing] >= self._slots_of_account[standing]:
            return False
        if standing == GOOD:  # as is_open() says, without the call: nearly all are good
            if self.under_way >= self._connections or of_all[GOOD] >= self._slots_of_all[GOOD]:
                return False
        elif of_account[FRESH] + of_account[POOR] >= self._doubtful_of_account or not self.is_open(
            standing, target.account
        ):
            return False
        if not target.under_way:
            target.quiet = 0
            self._active[target] = None
        target.under_way += 1
        of_account[standing] += 1
        of_all[standing] += 1
        self.under_way += 1
        return True

    def is_open(self, standing: Standing, account: Usage) -> bool:
        """Tell whether everybody's slots would let one more of that standing begin for an account."""
        if self.under_way >= self._connections:
            return False
        of_all = self.all.under_way
        if standing == GOOD:
            return of_all[GOOD] < self._slots_of_all[GOOD]
        doubtful = of_all[FRESH] + of_all[POOR]
        if doubtful < self._doubtful and of_all[standing] < self._slots_of_all[standing]:
            return True
        of_account = account.under_way[FRESH] + account.under_way[POOR]
        return of_account < self._at_least_of_account and doubtful < self._doubtful_with_least

    def ended(self, target: CallbackTarget, *, ok: bool) -> bool:
        """Note that a callback to it has ended, and is held no more; True where the target stands worse for it."""
        standing = target.standing
        target.quiet = 0
        target.under_way -= 1
        if not target.under_way:
            del self._active[target]
        account, everybody = target.account, self.all
        account.under_way[standing] -= 1
        everybody.under_way[standing] -= 1
        self.under_way -= 1
        target.held -= 1
        account.held[standing] -= 1
        everybody.held[standing] -= 1
        if ok:
            target.failures = 0
            if standing != GOOD:
                self._regrade(target, GOOD)
            return False
        target.failures += 1
        if standing == FRESH or (standing == GOOD and target.failures >= FAILURES_UNTIL_POOR):
            self._regrade(target, POOR)
            return True
        return False

    def look(self, target: CallbackTarget) -> bool:
        """Look at it, every WATCH_EVERY_SECONDS; True where it has kept us waiting, and stands worse for it."""
        if target.standing == POOR:
            return False
        target.quiet += 1
        if target.quiet < LOOKS_UNTIL_POOR[target.standing]:
            return False
        self._regrade(target, POOR)
        return True

    def is_too_many(self, target: CallbackTarget) -> bool:
        """Tell whether it holds more than its standing may."""
        return target.held > MEMORY_OF_TARGET[target.standing]

    def is_half_empty(self, target: CallbackTarget) -> bool:
        """Tell whether it is time to fetch what waits for it in the table."""
        return 2 * target.held < MEMORY_OF_TARGET[target.standing]

    def _regrade(self, target: CallbackTarget, standing: Standing) -> None:
        for usage in (target.account, self.all):
            usage.held[target.standing] -= target.held
            usage.held[standing] += target.held
            usage.under_way[target.standing] -= target.under_way
            usage.under_way[standing] += target.under_way
        target.standing = standing
        target.slots = self._slots[standing]

    def _forget_idle(self) -> None:
        """Forget idle ones: customers choose the hosts, and those that are done with must not pile up."""
        if len(self._by_id) >= TARGETS_AT_MOST:
            self._by_id = {identity: target for identity, target in self._by_id.items() if target.held}
            used = {target.account_id for target in self._by_id.values()}
            self._accounts = {identity: usage for identity, usage in self._accounts.items() if identity in used}
