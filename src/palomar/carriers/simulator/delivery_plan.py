"""What the simulator does with a message. It follows from the message's number and text alone, so it can be repeated.

Pure. A number whose last five digits are 99900 to 99999 asks for a failure, by the table ``MAGIC``; any other message
is taken at once and delivered within a second. Not here: carrying a plan out (``mobile_network``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from zlib import crc32

from palomar.smpp import CommandStatus as Status

MAGIC_DIGITS = 5
LATE_ANSWER_SECONDS = 35.0
"""Longer than a carrier waits by default."""
SLOW_RECEIPT_SECONDS = 10.0
_SOON, _SPREAD = 0.3, 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedReceipt:
    """One delivery receipt: its word, the network's error code, and the seconds from acceptance until it is sent (None:
    within a second, by number and text)."""

    stat: str
    error: int = 0
    after_seconds: float | None = None
    text: bool = True
    """False: its fields are in TLVs only."""


DELIVERED = PlannedReceipt(stat="DELIVRD")
EXPIRED = PlannedReceipt(stat="EXPIRED", error=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPlan:
    """Everything that the simulator will do with one message."""

    does: str
    """In words, for the documentation and the console."""
    status: int = 0
    """The ``command_status`` of the answer."""
    refuse_first: int = 0
    """How many times the status above is answered before the message is taken; 0 is always."""
    lose_first: int = 0
    """How many times the message is taken and not answered; the next time it is answered."""
    answer_after_seconds: float = 0.0
    receipts: tuple[PlannedReceipt, ...] = (DELIVERED,)
    reply: str = ""
    """What the phone answers once it has the message."""
    alerts: bool = False
    """True: an alert_notification follows the failed delivery."""


ORDINARY = DeliveryPlan(does="taken at once, DELIVRD within a second")

MAGIC: Mapping[str, DeliveryPlan] = {
    "99900": DeliveryPlan(does="DELIVRD at once", receipts=(PlannedReceipt(stat="DELIVRD", after_seconds=0),)),
    "99901": DeliveryPlan(does="UNDELIV", receipts=(PlannedReceipt(stat="UNDELIV", error=1),)),
    "99902": DeliveryPlan(does="EXPIRED", receipts=(EXPIRED,)),
    "99903": DeliveryPlan(does="REJECTD by receipt", receipts=(PlannedReceipt(stat="REJECTD", error=3),)),
    "99904": DeliveryPlan(does="refused: ESME_RINVDSTADR", status=Status.ESME_RINVDSTADR),
    "99905": DeliveryPlan(does="ESME_RTHROTTLED twice, then DELIVRD", status=Status.ESME_RTHROTTLED, refuse_first=2),
    "99906": DeliveryPlan(does="taken, never a receipt", receipts=()),
    "99907": DeliveryPlan(does="delivered, but the first answer is lost", lose_first=1),
    "99908": DeliveryPlan(does="the answer comes after 35 s", answer_after_seconds=LATE_ANSWER_SECONDS),
    "99909": DeliveryPlan(
        does="the receipt comes before the answer",
        answer_after_seconds=0.2,
        receipts=(PlannedReceipt(stat="DELIVRD", after_seconds=0),),
    ),
    "99910": DeliveryPlan(does="the receipt comes twice", receipts=(DELIVERED, DELIVERED)),
    "99911": DeliveryPlan(
        does="DELIVRD after 10 s", receipts=(PlannedReceipt(stat="DELIVRD", after_seconds=SLOW_RECEIPT_SECONDS),)
    ),
    "99912": DeliveryPlan(does="UNKNOWN", receipts=(PlannedReceipt(stat="UNKNOWN", error=4),)),
    "99913": DeliveryPlan(
        does="ENROUTE, then DELIVRD",
        receipts=(PlannedReceipt(stat="ENROUTE", after_seconds=0.2), PlannedReceipt(stat="DELIVRD", after_seconds=1)),
    ),
    "99914": DeliveryPlan(does="DELIVRD, then the phone answers OK", reply="OK"),
    "99915": DeliveryPlan(
        does="a receipt with a word nobody knows, then DELIVRD",
        receipts=(PlannedReceipt(stat="WHATEVR", after_seconds=0.2), PlannedReceipt(stat="DELIVRD", after_seconds=1)),
    ),
    "99916": DeliveryPlan(does="DELETED", receipts=(PlannedReceipt(stat="DELETED", error=5),)),
    "99917": DeliveryPlan(
        does="ACCEPTD, then UNDELIV",
        receipts=(
            PlannedReceipt(stat="ACCEPTD", after_seconds=0.2),
            PlannedReceipt(stat="UNDELIV", error=1, after_seconds=1),
        ),
    ),
    "99918": DeliveryPlan(does="ESME_RMSGQFUL once, then DELIVRD", status=Status.ESME_RMSGQFUL, refuse_first=1),
    "99919": DeliveryPlan(does="ESME_RSYSERR once, then DELIVRD", status=Status.ESME_RSYSERR, refuse_first=1),
    "99920": DeliveryPlan(does="refused: ESME_RINVSRCADR", status=Status.ESME_RINVSRCADR),
    "99921": DeliveryPlan(
        does="DELIVRD told in TLVs only, without the text", receipts=(PlannedReceipt(stat="DELIVRD", text=False),)
    ),
    "99922": DeliveryPlan(does="always ESME_RTHROTTLED", status=Status.ESME_RTHROTTLED),
    "99923": DeliveryPlan(
        does="UNDELIV, then an alert_notification: the phone is there again",
        receipts=(PlannedReceipt(stat="UNDELIV", error=1),),
        alerts=True,
    ),
}
"""Plans by the last five digits of the number. Those of 99900 to 99999 that are not here are ordinary."""


NAMED: Mapping[str, DeliveryPlan] = {"ordinary": ORDINARY, "fail": MAGIC["99901"], "slow": MAGIC["99911"]}
"""Plans that have a name."""


def named_plan(word: str) -> DeliveryPlan | None:
    """Return the plan of a name or of a magic ending; None for anything else."""
    return NAMED.get(word) or MAGIC.get(word)


def word_of_plan(plan: DeliveryPlan) -> str:
    """Return the shortest word for which :func:`named_plan` returns this plan."""
    return next(word for word, named in (*NAMED.items(), *MAGIC.items()) if named is plan)


def plan_for(number: str) -> DeliveryPlan:
    """Return the plan of a message to this number."""
    return MAGIC.get(number[-MAGIC_DIGITS:], ORDINARY)


def receipt_delay_seconds(number: str, text: bytes) -> float:
    """Return when an ordinary receipt is sent: 0.3 to 0.9 s after the message, always the same for the same message."""
    return _SOON + _SPREAD * (crc32(text, crc32(number.encode())) & 0xFFFF) / 0x10000


def with_delay(plan: DeliveryPlan, seconds: float) -> DeliveryPlan:
    """Return the plan with every receipt that is due "within a second" due after exactly this many."""
    receipts = tuple(
        receipt if receipt.after_seconds is not None else replace(receipt, after_seconds=seconds)
        for receipt in plan.receipts
    )
    return replace(plan, receipts=receipts)


def within(plan: DeliveryPlan, validity_seconds: float, *, delay_seconds: float) -> DeliveryPlan:
    """Return the plan of a message that expires after its validity: later receipts are replaced by EXPIRED (SMPP 3.4
    section 5.2.16). A plan without any receipt is returned as it is."""
    receipts = with_delay(plan, delay_seconds).receipts
    in_time = tuple(receipt for receipt in receipts if (receipt.after_seconds or 0) <= validity_seconds)
    if len(in_time) == len(receipts):
        return plan
    return replace(plan, receipts=(*in_time, replace(EXPIRED, after_seconds=validity_seconds)), reply="")


def table() -> list[tuple[str, str]]:
    """List the magic endings and what each does, for documentation and console."""
    return [(digits, plan.does) for digits, plan in sorted(MAGIC.items())]
