"""Answers the sandbox page's forms for the clock and the chaos of a carrier."""

from collections.abc import Mapping
from typing import Final

from palomar.console.pages.sandbox import fault_page
from palomar.console.request import PageReply, SignedInContext
from palomar.console.stored_texts import translate_stored

SPANS_MS: Final[Mapping[str, int]] = {"hour": 3_600_000, "day": 86_400_000}
"""How far the clock jumps, by the button's value."""


async def jump(context: SignedInContext) -> PageReply:
    """Move the clock ahead by an hour or a day."""
    sandbox, span_ms = context.viewer.sandbox, SPANS_MS.get(context.field("span"), 0)
    if sandbox is None or not await sandbox.controls.jump(span_ms):
        return await fault_page(context, context.t("The clock does not jump so far."))
    return context.redirect("/sandbox", done="jumped", number=context.field("number"))


async def set_chaos(context: SignedInContext) -> PageReply:
    """Set a carrier's chaos script; an empty one goes back to the configuration's."""
    sandbox = context.viewer.sandbox
    if sandbox is None:
        return context.not_found()
    fault = await sandbox.controls.set_chaos(context.field("carrier"), context.field("script"))
    if fault:
        return await fault_page(
            context, context.t("This script cannot be read: {why}", why=translate_stored(fault, context.t))
        )
    done = "chaos" if context.field("script") else "calm"
    return context.redirect("/sandbox", done=done, number=context.field("number"))
