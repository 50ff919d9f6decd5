"""The "Why?" page: one message and everything that was decided about it, in the order of time."""

from collections.abc import Mapping
from typing import Final

from palomar.console.i18n import word
from palomar.console.pages.callbacks import DONE
from palomar.console.request import PageReply, SignedInContext
from palomar.console.timeline_folding import STEPS_A_PAGE
from palomar.console.timeline_view import build_steps, build_views
from palomar.console.wait_texts import wait_text
from palomar.reports.waits import Wait
from palomar.vocabulary.access import Right
from palomar.vocabulary.message import State, accepted_ms, message_id_of, public_id

CALLBACKS_SHOWN: Final = 20
"""Open callbacks that are shown; the page of callbacks has the others."""
_DIGITS_MOST: Final = 9
RESENT: Final[Mapping[str, str]] = {
    "resent": word("It will leave once more within a second."),
    "not_held": word("It is not held any more."),
}


async def show(context: SignedInContext) -> PageReply:
    """Show a message with its timeline; where htmx asks, only the timeline."""
    viewer = context.viewer
    message_id = message_id_of(context.request.path_id)
    story = await viewer.story(message_id) if message_id is not None else None
    if story is None:
        return context.not_found()
    done = {**DONE, **RESENT}.get(context.field("done"))
    steps = _steps(context.field("from"), len(story.view.timeline))
    preferences, t = context.preferences, context.t
    return context.render(
        "message_timeline.html" if context.request.wants_fragment else "message.html",
        message=story.view.message,
        story=story,
        steps=steps,
        moments=build_views(story, preferences=preferences, t=t)
        if steps is None
        else build_steps(story, steps, preferences=preferences, t=t),
        callbacks_shown=CALLBACKS_SHOWN,
        steps_a_page=STEPS_A_PAGE,
        login=viewer.login_of(story.view.message.account_id),
        accepted_ms=accepted_ms(story.view.message.id),
        waits=_waits(story.wait, context),
        may_replay=viewer.may(Right.REPLAY),
        may_resend=viewer.may(Right.RESEND) and story.view.message.state is State.HELD,
        done=context.t(done) if done else "",
    )


async def resend(context: SignedInContext) -> PageReply:
    """Send a message once more if a part of it is held, and go back to its page."""
    message_id = message_id_of(context.request.path_id)
    resent = None if message_id is None else await context.viewer.resend(message_id)
    if message_id is None or resent is None:
        return context.not_found()
    return context.redirect(f"/messages/{public_id(message_id)}", done="resent" if resent else "not_held")


def _steps(first: str, count: int) -> range | None:
    """Return the page of steps that begins with this number; None for the whole timeline with its folds."""
    if not first.isascii() or not first.isdigit() or len(first) > _DIGITS_MOST or int(first) >= count:
        return None
    return range(int(first), min(int(first) + STEPS_A_PAGE, count))


def _waits(wait: Wait | None, context: SignedInContext) -> str:
    preferences = context.preferences
    return "" if wait is None else wait_text(wait, now_ms=preferences.now_ms, language=preferences.language)
