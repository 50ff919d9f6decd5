"""Filter messages before they are stored: without a route, on a black list, duplicates, over a daily limit.

A filter concerns one message and is no error of its request: a discarded message is stored, not sent and not charged.
The transaction that accepts applies the filters, so that of two equal requests at the same time only one is the first.
A scheduled message is filtered again when it is due, because the phone may have opted out meanwhile. Not here: the rows
of what was sent recently (``recent_sends``).

To add a filter: if it needs nothing of other requests, let :func:`apply_filters` give its messages a verdict, a state
and why. If it counts, or compares with earlier requests of the batch, read its rows there, and judge in a function of
its own that ``accept`` calls for each request, as :func:`discard_duplicates`. If the answer may have changed when a
scheduled message is due, let :func:`blocked_now` ask too. The reason is an English sentence that people read: give it
its words in ``console.stored_texts`` and in the catalogs. A daily limit is no filter: it refuses the whole request.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from palomar.acceptance.compose import Acceptance, NewMessage, Verdict
from palomar.acceptance.recent_sends import DailySends, RecentSends, UnpaidToday
from palomar.accounts.blacklist import LOOKUP_BLOCKED, BlackListContext
from palomar.short_links.link_rows import LOOKUP_LINKS_OF
from palomar.short_links.shorten import CodesAndUrls
from palomar.transaction.message_rows import LOOKUP_MESSAGES, MessageRow, message_rows
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId, State
from palomar.vocabulary.refusals import Refusal

DAY_MS = 86_400_000
EVERYBODY = AccountId(0)
"""The account id of the black list that holds for all accounts."""

NO_ROUTE: Verdict = (State.BLOCKED, "no route takes it")
DUPLICATE: Verdict = (State.DUPLICATED, "the same text is due to this number within the hour")


class FilterResult(Struct, frozen=True):
    """What the filters decided of a request. ``verdicts`` has the discarded messages of all requests of the batch."""

    verdicts: dict[MessageId, Verdict]
    needs_counting: bool
    """The account filters duplicates or has a daily limit."""
    may_have_unpaid: bool
    """Some of its messages may be stored without a charge, which the account limits; rare."""

    def is_charged(self, message: NewMessage) -> bool:
        """Return True if a message will be sent and charged, as far as is known."""
        row = message.row
        return row.final_ms is None and row.id not in self.verdicts


async def apply_filters(work: Work, commands: Sequence[Acceptance]) -> list[FilterResult]:
    """Discard what has no route or is on a black list, and read the rows that :func:`discard_duplicates` and
    :func:`refuse_over_limit` need. One result a command, in order."""
    messages = [m for command in commands for m in command.messages if m.row.final_ms is None]
    verdicts = _without_route(commands)
    if BlackListContext.of(work.context).has_numbers:
        verdicts |= await _find_blocked(work, messages)
    results: list[FilterResult] = []
    without_duplicates: list[Acceptance] = []
    limited: set[AccountId] = set()
    unpaid: set[AccountId] = set()
    for command in commands:
        settings = command.request.account.settings
        if filters_duplicates := _filters_duplicates(command):
            without_duplicates.append(command)
        if is_limited := settings.messages_a_day != 0:
            limited.add(command.account_id)
        if has_unpaid := settings.unpaid_limit != 0 and (filters_duplicates or not _are_all_charged(command, verdicts)):
            unpaid.add(command.account_id)
        results.append(FilterResult(verdicts, filters_duplicates or is_limited or has_unpaid, has_unpaid))
    digests = {
        (_digest(m), m.row.due_ms)
        for c in without_duplicates
        for m in c.messages
        if m.row.final_ms is None and m.row.id not in verdicts
    }
    if digests:
        await RecentSends.of(work).read(digests)
    if limited:
        await DailySends.of(work).read(limited, work.now_ms // DAY_MS)
    if unpaid:
        await UnpaidToday.of(work).read(unpaid, work.now_ms // DAY_MS)
    return results


def discard_duplicates(work: Work, command: Acceptance, filtered: FilterResult) -> None:
    """Discard messages that are due within an hour of an equal one, and all but the first of equals in the request."""
    if not _filters_duplicates(command):
        return
    here: set[bytes] = set()
    for message in command.messages:
        if filtered.is_charged(message):
            digest = _digest(message)
            if digest in here or RecentSends.of(work).is_near(digest, message.row.due_ms):
                filtered.verdicts[message.row.id] = DUPLICATE
            here.add(digest)


def refuse_over_limit(work: Work, command: Acceptance, filtered: FilterResult) -> Refusal | None:
    """Refuse a request that would exceed a daily limit of its account: of messages that are sent, or of those that cost
    nothing. None: it does not."""
    settings = command.request.account.settings
    unpaid = _count_unpaid(command, filtered) if filtered.may_have_unpaid else 0
    if unpaid and not UnpaidToday.of(work).fits(command.account_id, unpaid, limit=settings.unpaid_limit):
        return Refusal.DAILY_LIMIT
    limit = settings.messages_a_day
    if not limit:
        return None
    count = _count_paid(command, filtered)
    return None if DailySends.of(work).fits(command.account_id, count, limit=limit) else Refusal.DAILY_LIMIT


def count_accepted(work: Work, command: Acceptance, filtered: FilterResult, *, unpaid: Collection[MessageId]) -> None:
    """Count the accepted messages, all but ``unpaid``, for the daily limits and for the duplicates filter."""
    free = _count_unpaid(command, filtered) if filtered.may_have_unpaid else 0
    if free:
        UnpaidToday.of(work).count(command.account_id, free, limit=command.request.account.settings.unpaid_limit)
    limit = command.request.account.settings.messages_a_day
    filters_duplicates = _filters_duplicates(command)
    if not limit and not filters_duplicates:
        return
    if limit:
        count = _count_paid(command, filtered) - len(unpaid)
        DailySends.of(work).count(command.account_id, count, limit=limit)
    if filters_duplicates:
        for message in command.messages:
            if filtered.is_charged(message) and message.row.id not in unpaid:
                RecentSends.of(work).remember(_digest(message), message.row.due_ms)


async def forget_scheduled(work: Work, account: Account | None, message_ids: Sequence[MessageId]) -> None:
    """Forget the due times of scheduled messages that are cancelled, so that they make no other message a duplicate."""
    for digest, due_ms in await _digests_of(work, account, message_ids):
        RecentSends.of(work).forget(digest, due_ms)


async def move_scheduled(work: Work, account: Account | None, message_ids: Sequence[MessageId], *, due_ms: int) -> None:
    """Move the remembered due times of scheduled messages to ``due_ms``, milliseconds since 1970."""
    digests = await _digests_of(work, account, message_ids)
    await RecentSends.of(work).read((digest, due_ms) for digest, _ in digests)
    for digest, before_ms in digests:
        RecentSends.of(work).forget(digest, before_ms)
    for digest, _ in digests:
        if not RecentSends.of(work).is_near(digest, due_ms):
            RecentSends.of(work).remember(digest, due_ms)


async def blocked_now(
    work: Work, account: Account | None, numbers: Iterable[str], account_id: AccountId
) -> dict[str, str]:
    """Find the numbers to which the account may not send now, each with the reason; for scheduled messages that are
    due."""
    wanted = sorted(set(numbers))
    if account is None or not account.enabled or not account.may_send:
        return dict.fromkeys(wanted, "the account may not send any more")
    if not BlackListContext.of(work.context).has_numbers:
        return {}
    return await _why_blocked(work, account_id, wanted)


def _without_route(commands: Sequence[Acceptance]) -> dict[MessageId, Verdict]:
    """Find the messages that no route takes. A message for which there is no candidate at all is not discarded: it
    waits for routes and carriers."""
    verdicts: dict[MessageId, Verdict] = {}
    for command in commands:
        for index, claim in enumerate(command.claims):
            choice = claim.choice
            if choice is not None and not choice.carrier and choice.candidates:
                verdicts[command.messages[index].row.id] = NO_ROUTE
    return verdicts


async def _find_blocked(work: Work, messages: Sequence[NewMessage]) -> dict[MessageId, Verdict]:
    numbers = sorted({message.row.msisdn for message in messages})
    found = await work.tx.lookup(LOOKUP_BLOCKED, numbers)
    why = {(owner, msisdn): _reason(word) for owner, msisdn, word in found}
    verdicts: dict[MessageId, Verdict] = {}
    for message in messages:
        row = message.row
        reason = why.get((row.account_id, row.msisdn)) or why.get((EVERYBODY, row.msisdn))
        if reason:
            verdicts[row.id] = (State.BLOCKED, reason)
    return verdicts


async def _why_blocked(work: Work, account_id: AccountId, numbers: Sequence[str]) -> dict[str, str]:
    found = await work.tx.lookup(LOOKUP_BLOCKED, numbers)
    return {msisdn: _reason(word) for owner, msisdn, word in found if owner in (account_id, EVERYBODY)}


def _filters_duplicates(command: Acceptance) -> bool:
    return command.request.account.settings.duplicates_filter and not command.request.unfiltered


async def _digests_of(work: Work, account: Account | None, message_ids: Sequence[MessageId]) -> list[tuple[bytes, int]]:
    """Read digest and due time of stored messages; none if the account does not filter duplicates."""
    if account is None or not account.settings.duplicates_filter or not message_ids:
        return []
    links: dict[int, list[tuple[str, str]]] = {}
    for message_id, code, url in await work.tx.lookup(LOOKUP_LINKS_OF, message_ids):
        links.setdefault(message_id, []).append((code, url))
    digests = []
    for row in message_rows(await work.tx.lookup(LOOKUP_MESSAGES, message_ids)):
        in_order = sorted(links.get(row.id, ()), key=lambda link: row.text.find(f"/{link[0]}"))
        digests.append((_digest_of(row, tuple(in_order)), row.due_ms))
    return digests


def _are_all_charged(command: Acceptance, verdicts: Mapping[MessageId, Verdict]) -> bool:
    for message in command.messages:  # noqa: SIM110  # one, nearly always: a generator would cost twice as much
        if message.row.final_ms is not None or message.row.id in verdicts:
            return False
    return True


def _count_paid(command: Acceptance, filtered: FilterResult) -> int:
    """Count the messages that are to be sent and charged."""
    verdicts = filtered.verdicts
    return len([True for m in command.messages if m.row.final_ms is None and m.row.id not in verdicts])


def _count_unpaid(command: Acceptance, filtered: FilterResult) -> int:
    """Count the messages that cost nothing, less as many as are sent and charged beside them: a campaign with some bad
    numbers counts none."""
    paid = _count_paid(command, filtered)
    return max(0, len(command.messages) - 2 * paid)


def _digest(message: NewMessage) -> bytes:
    return _digest_of(message.row, message.links)


def _digest_of(row: MessageRow, links: CodesAndUrls) -> bytes:
    """Make a digest of account, number and text, with the URLs in place of the short links, whose codes differ in each
    copy. ``links`` are in the order of the text."""
    pieces: list[str] = []
    rest = row.text
    for code, url in links:
        before, _, rest = rest.partition(f"/{code}")
        pieces += (before, f"/\0{url}")
    pieces.append(rest)
    text = f"{row.account_id}\0{row.msisdn}\0{''.join(pieces)}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).digest()[:16]


def _reason(word: str) -> str:
    return f"the phone wrote {word}" if word else "the number is on the black list"
