"""The sandbox's clock and the chaos of a whole carrier: forms that lead back to the page they stand on."""

from collections.abc import Mapping
from typing import Final

from palomar.console.pages.sandbox import fault_page
from palomar.console.reasons import told
from palomar.console.request import PageReply, SignedVisit

SPANS_MS: Final[Mapping[str, int]] = {"hour": 3_600_000, "day": 86_400_000}
"""How far the clock jumps, by the button's word."""


async def jump(visit: SignedVisit) -> PageReply:
    """Let an hour or a day pass at once."""
    sandbox, span_ms = visit.viewer.sandbox, SPANS_MS.get(visit.asked("span"), 0)
    if sandbox is None or not await sandbox.controls.jump(span_ms):
        return await fault_page(visit, visit.t("The clock does not jump so far."))
    return visit.go("/sandbox", done="jumped", number=visit.asked("number"))


async def set_chaos(visit: SignedVisit) -> PageReply:
    """Let a carrier do wrong by a script, or right again."""
    sandbox = visit.viewer.sandbox
    if sandbox is None:
        return visit.missing()
    fault = await sandbox.controls.set_chaos(visit.asked("carrier"), visit.asked("script"))
    if fault:
        return await fault_page(visit, visit.t("This script cannot be read: {why}", why=told(fault, visit.t)))
    done = "chaos" if visit.asked("script") else "calm"
    return visit.go("/sandbox", done=done, number=visit.asked("number"))
