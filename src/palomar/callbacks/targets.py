"""Grades of callbacks' targets, and the slots and memory of this node that each may use.

A target is an account and an origin. Its grade is *good* while it answers, *fresh* until it first has, *poor* when it
fails or keeps us waiting. Each grade has slots and memory of its own, for a target, for an account and for all
accounts: so a hundred targets that hang cannot take what one that answers needs, nor one account what another needs.

Not here: what is sent when (``sender``).
"""

from collections import deque
from typing import Final, Literal

from palomar.callbacks.callback_rows import CallbackRow
from palomar.vocabulary.account import AccountId

ByGrade = tuple[int, int, int]


Grade = Literal[0, 1, 2]
"""An index into tuples with a value for each grade. An enumeration would be slower, at every callback."""
GOOD: Final = 0
FRESH: Final = 1
POOR: Final = 2
GRADES: Final[tuple[Grade, ...]] = (GOOD, FRESH, POOR)

MEMORY_OF_TARGET: Final[ByGrade] = (1_000, 8, 16)
MEMORY_OF_ACCOUNT: Final[ByGrade] = (4_000, 2_000, 1_000)
MEMORY: Final[ByGrade] = (10_000, 6_000, 4_000)
"""Callbacks that are kept in memory; the rest waits in the table."""

FULL: Final = 512
"""Connections for which an account's slots are meant; with fewer connections it has fewer slots in proportion."""
SLOTS_OF_FRESH: Final = 1
SLOTS_OF_ACCOUNT: Final[ByGrade] = (64, 128, 16)
DOUBTFUL_OF_ACCOUNT: Final = 192
"""Slots that an account's fresh and poor targets have together: a target that was graded down still has its
connections."""
DOUBTFUL_AT_LEAST: Final = 4
"""Such slots that an account gets even if others use all there are: else a few accounts whose targets hang would keep
everybody else's first callbacks waiting."""
_SHARE_OF_SLOTS: Final = (0.75, 0.5, 0.125)
"""Of all connections."""
_SHARE_OF_DOUBTFUL: Final = 0.75
_SHARE_OF_DOUBTFUL_AT_LEAST: Final = 0.875
"""Includes those that every account has at least; the rest is for good targets alone."""

WATCH_EVERY_SECONDS: Final = 0.25
FAILURES_UNTIL_POOR: Final = 5
"""Failures in a row of a good target; a fresh one is poor at its first."""
LOOKS_UNTIL_POOR: Final[ByGrade] = (8, 2, 1)
"""Checks in a row, by grade, at which something was under way and nothing had ended."""
TARGETS_AT_MOST: Final = 20_000
"""Targets that are remembered."""


class Usage:
    """Counts of the callbacks in memory, and of those under way, by grade."""

    __slots__ = ("held", "under_way")

    def __init__(self) -> None:
        self.held = [0, 0, 0]
        self.under_way = [0, 0, 0]


_NOBODY: Final = Usage()


class CallbackTarget:
    """One target. It is a plain mutable object, because every callback changes it."""

    __slots__ = (
        "account",
        "account_id",
        "failures",
        "grade",
        "has_more",
        "held",
        "id",
        "more_since",
        "quiet",
        "slots",
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
        self.grade: Grade = FRESH
        self.slots = slots
        """How many may be under way at once, by its grade."""
        self.quiet = 0
        """Checks in a row at which nothing had ended."""
        self.has_more = False
        """True if something due is in the table: new callbacks wait behind it."""
        self.more_since = 0
        """Number of the last claim when ``has_more`` was last set."""

    @property
    def key(self) -> tuple[AccountId, int]:
        return self.account_id, self.id


class CallbackTargets:
    """All targets, and what they use. ``slots`` are those of one good target, ``connections`` those of all."""

    def __init__(self, *, slots: int, connections: int) -> None:
        self._slots: ByGrade = (slots, min(SLOTS_OF_FRESH, slots), 1)
        good, fresh, poor = (max(int(connections * share), 1) for share in _SHARE_OF_SLOTS)
        self._slots_of_all: ByGrade = (good, fresh, poor)
        self._connections = connections
        good, fresh, poor = (max(slots * min(connections, FULL) // FULL, 1) for slots in SLOTS_OF_ACCOUNT)
        self._slots_of_account: ByGrade = (good, fresh, poor)
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
        """Count the callbacks in memory."""
        return sum(self.all.held)

    def find(self, identity: int) -> CallbackTarget | None:
        """Return the target; None if it is not remembered."""
        return self._by_id.get(identity)

    def find_or_make(self, account_id: AccountId, identity: int) -> CallbackTarget:
        """Return the target, made fresh if it is not remembered."""
        target = self._by_id.get(identity)
        if target is None:
            self._forget_idle()
            account = self._accounts.get(account_id)
            if account is None:
                account = self._accounts[account_id] = Usage()
            target = self._by_id[identity] = CallbackTarget(account_id, identity, account, self._slots[FRESH])
        return target

    def list_all(self) -> list[CallbackTarget]:
        """List all targets that are remembered."""
        return list(self._by_id.values())

    def list_active(self) -> list[CallbackTarget]:
        """List the targets with something under way."""
        return list(self._active)

    def room(self, account_id: AccountId, identity: int) -> int:
        """Count how many more callbacks to a target may be held in memory."""
        target = self._by_id.get(identity)
        if target is not None:
            grade, held, account = target.grade, target.held, target.account
        else:
            grade, held, account = FRESH, 0, self._accounts.get(account_id, _NOBODY)
        return min(
            MEMORY_OF_TARGET[grade] - held,
            MEMORY_OF_ACCOUNT[grade] - account.held[grade],
            MEMORY[grade] - self.all.held[grade],
        )

    def hold(self, account_id: AccountId, identity: int) -> CallbackTarget:
        """Note that one more callback to a target is in memory; return the target."""
        target = self._by_id.get(identity) or self.find_or_make(account_id, identity)
        grade = target.grade
        target.held += 1
        target.account.held[grade] += 1
        self.all.held[grade] += 1
        return target

    def release(self, target: CallbackTarget) -> None:
        """Note that one callback to a target is in memory no more."""
        grade = target.grade
        target.held -= 1
        target.account.held[grade] -= 1
        self.all.held[grade] -= 1

    def start(self, target: CallbackTarget) -> bool:
        """Note that one more callback to a target is under way; return False, and note nothing, if its own slots, its
        account's or those of all are used up."""
        grade = target.grade
        of_account, of_all = target.account.under_way, self.all.under_way
        if target.under_way >= target.slots or of_account[grade] >= self._slots_of_account[grade]:
            return False
        if grade == GOOD:  # as is_open() says, without the call: nearly all are good
            if self.under_way >= self._connections or of_all[GOOD] >= self._slots_of_all[GOOD]:
                return False
        elif of_account[FRESH] + of_account[POOR] >= self._doubtful_of_account or not self.is_open(
            grade, target.account
        ):
            return False
        if not target.under_way:
            target.quiet = 0
            self._active[target] = None
        target.under_way += 1
        of_account[grade] += 1
        of_all[grade] += 1
        self.under_way += 1
        return True

    def is_open(self, grade: Grade, account: Usage) -> bool:
        """Return True if the slots of all let one more of that grade begin for an account."""
        if self.under_way >= self._connections:
            return False
        of_all = self.all.under_way
        if grade == GOOD:
            return of_all[GOOD] < self._slots_of_all[GOOD]
        doubtful = of_all[FRESH] + of_all[POOR]
        if doubtful < self._doubtful and of_all[grade] < self._slots_of_all[grade]:
            return True
        of_account = account.under_way[FRESH] + account.under_way[POOR]
        return of_account < self._at_least_of_account and doubtful < self._doubtful_with_least

    def ended(self, target: CallbackTarget, *, ok: bool) -> bool:
        """Note that a callback to a target has ended, and is in memory no more; return True if the target was graded
        down."""
        grade = target.grade
        target.quiet = 0
        target.under_way -= 1
        if not target.under_way:
            del self._active[target]
        account, of_all = target.account, self.all
        account.under_way[grade] -= 1
        of_all.under_way[grade] -= 1
        self.under_way -= 1
        target.held -= 1
        account.held[grade] -= 1
        of_all.held[grade] -= 1
        if ok:
            target.failures = 0
            if grade != GOOD:
                self._regrade(target, GOOD)
            return False
        target.failures += 1
        if grade == FRESH or (grade == GOOD and target.failures >= FAILURES_UNTIL_POOR):
            self._regrade(target, POOR)
            return True
        return False

    def check(self, target: CallbackTarget) -> bool:
        """Check a target, every WATCH_EVERY_SECONDS; return True if it has kept us waiting and was graded down."""
        if target.grade == POOR:
            return False
        target.quiet += 1
        if target.quiet < LOOKS_UNTIL_POOR[target.grade]:
            return False
        self._regrade(target, POOR)
        return True

    def is_too_many(self, target: CallbackTarget) -> bool:
        """Return True if a target holds more than its grade may."""
        return target.held > MEMORY_OF_TARGET[target.grade]

    def is_half_empty(self, target: CallbackTarget) -> bool:
        """Return True if it is time to fetch what waits for a target in the table."""
        return 2 * target.held < MEMORY_OF_TARGET[target.grade]

    def _regrade(self, target: CallbackTarget, grade: Grade) -> None:
        for usage in (target.account, self.all):
            usage.held[target.grade] -= target.held
            usage.held[grade] += target.held
            usage.under_way[target.grade] -= target.under_way
            usage.under_way[grade] += target.under_way
        target.grade = grade
        target.slots = self._slots[grade]

    def _forget_idle(self) -> None:
        """Forget idle targets, because customers choose the hosts and unused ones would pile up."""
        if len(self._by_id) >= TARGETS_AT_MOST:
            self._by_id = {identity: target for identity, target in self._by_id.items() if target.held}
            used = {target.account_id for target in self._by_id.values()}
            self._accounts = {identity: usage for identity, usage in self._accounts.items() if identity in used}
