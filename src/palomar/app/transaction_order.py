"""The order of a transaction: which steps run first, and what is written when.

Steps of one batch run in the order of STEPS. A step writes at once the rows that no other step shares (orphans, targets
of callbacks, what phones wrote, clicks, sessions, top-ups, nodes). Then :meth:`Work.finish` writes the transaction's
own rows (messages, parts, queue, timeline), and after them what has joined, in the order of WRITE_ORDER. Not here: what
each of them does.
"""

from collections.abc import Mapping
from typing import Final

from palomar.acceptance.recent_sends import DailySends, RecentSends, UnpaidToday
from palomar.acceptance.short_ids import ShortIds
from palomar.accounts.blacklist import BlackListContext, PhonesOwnBlocks
from palomar.billing.ledger import Ledger
from palomar.billing.low_balance import LowBalances
from palomar.callbacks.callback_target import OffAfter
from palomar.callbacks.outbox import CallbackContext, CallbackIntake, NoIntake, Outbox
from palomar.ports import CallbackRenderer, Ids
from palomar.receipts.doubts import Doubts
from palomar.receipts.lessons import Lessons, ReceiptContext
from palomar.receipts.oddities import Oddities
from palomar.routing.route_chooser import RouteChooser, RoutingContext
from palomar.short_links.new_links import ShortLinks
from palomar.transaction.context import TransactionContext, Writer
from palomar.transaction.idempotency import KeptAnswers
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.receipt_ids import ReceiptIdFormat

STEPS: Final = (
    "add_account",
    "change_password",
    "block",
    "remember_callers",
    "accept",
    "cancel",
    "send_now",
    "resend",
    "mark_submitting",
    "reroute",
    "record_answers",  # before the receipts of the same parts
    "record_receipts",
    "acknowledge",
    "note_ended_links",
    "receive",
    "record_clicks",
    "see_session",
    "record_attempts",
    "release_callbacks",
    "pass_over",
    "script",
    "claim",
    "claim_callbacks",
    "take_over",
    "expire",
    "sweep_orphans",
    "sweep_incomplete",
    "end_stale",
    "transfer",  # these two lock balances, so they run behind all that lock parts; a top-up sees what the others spend
    "top_up",
)
"""Every step by its name, in the order in which those of one batch run."""

WRITE_ORDER: Final[tuple[type[Writer], ...]] = (
    ShortLinks,
    Doubts,
    LowBalances,  # makes callbacks
    Outbox,
    Oddities,
    KeptAnswers,
    ShortIds,
    RecentSends,
    DailySends,
    UnpaidToday,
    Ledger,  # every batch locks rows of balances, so they are locked late
    Lessons,  # these two lock the change counter, as every change of an account does
    PhonesOwnBlocks,
)
"""The kinds that may join a transaction, in the order in which they are written. Two transactions take the same rows in
the same order, so they never wait for each other in a circle."""


def make_context(
    *,
    accounts: Mapping[AccountId, Account],
    renderers: Mapping[str, CallbackRenderer],
    ids: Ids,
    node_id: int | None = None,
    has_blocked_numbers: bool = True,
    callbacks: CallbackIntake | None = None,
    off_after: OffAfter | None = None,
    router: RouteChooser | None = None,
    receipt_id_formats: Mapping[str, ReceiptIdFormat] | None = None,
    one_receipt: frozenset[str] = frozenset(),
) -> TransactionContext:
    """Build the context of a transaction; the defaults are those of a command beside the servers."""
    return TransactionContext(
        accounts=accounts,
        ids=ids,
        node_id=node_id,
        write_order=WRITE_ORDER,
        extensions={
            CallbackContext: CallbackContext(
                renderers=renderers, intake=callbacks or NoIntake(), off_after=off_after or OffAfter()
            ),
            RoutingContext: RoutingContext(router=router),
            ReceiptContext: ReceiptContext(receipt_id_formats=receipt_id_formats or {}, one_receipt=one_receipt),
            BlackListContext: BlackListContext(has_numbers=has_blocked_numbers),
        },
    )
