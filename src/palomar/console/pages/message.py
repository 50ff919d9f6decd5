"""The "Why?" page: one message and everything that was decided about it, in one line of time."""

from collections.abc import Mapping
from typing import Final

from palomar.console.i18n import word
from palomar.console.pages.callbacks import DONE
from palomar.console.request import PageReply, SignedVisit
from palomar.console.timeline_folding import STEPS_A_PAGE
from palomar.console.timeline_view import moments_of, steps_of
from palomar.console.waiting import sentence
from palomar.reports.waits import Wait
from palomar.vocabulary.access import Right
from palomar.vocabulary.message import State, born_ms, message_id_of, public_id

CALLBACKS_SHOWN: Final = 20
"""Of those that are still open; the others are among all callbacks."""
_DIGITS_MOST: Final = 9
RESENT: Final[Mapping[str, str]] = {
    "resent": word("It will leave once more within a second."),
    "not_held": word("It is not held any more."),
}


async def show(visit: SignedVisit) -> PageReply:
    """The story of a message; only the story where htmx asks for it."""
    viewer = visit.viewer
    message_id = message_id_of(visit.request.named)
    story = await viewer.story(message_id) if message_id is not None else None
    if story is None:
        return visit.missing()
    done = {**DONE, **RESENT}.get(visit.asked("done"))
    steps = _steps(visit.asked("from"), len(story.view.timeline))
    manner, t = visit.manner, visit.t
    return visit.page(
        "message_story.html" if visit.request.wants_piece else "message.html",
        message=story.view.message,
        story=story,
        steps=steps,
        moments=moments_of(story, manner=manner, t=t) if steps is None else steps_of(story, steps, manner=manner, t=t),
        callbacks_shown=CALLBACKS_SHOWN,
        steps_a_page=STEPS_A_PAGE,
        login=viewer.login_of(story.view.message.account_id),
        accepted_ms=born_ms(story.view.message.id),
        waits=_waits(story.wait, visit),
        may_replay=viewer.may(Right.REPLAY),
        may_resend=viewer.may(Right.RESEND) and story.view.message.state is State.HELD,
        done=visit.t(done) if done else "",
    )


async def resend(visit: SignedVisit) -> PageReply:
    """Send a message once more of which a part is held, and go back to it."""
    message_id = message_id_of(visit.request.named)
    resent = None if message_id is None else await visit.viewer.resend(message_id)
    if message_id is None or resent is None:
        return visit.missing()
    return visit.go(f"/messages/{public_id(message_id)}", done="resent" if resent else "not_held")


def _steps(asked: str, count: int) -> range | None:
    """Find the page of steps that begins with that number; None for the story with its folds."""
    if not asked.isascii() or not asked.isdigit() or len(asked) > _DIGITS_MOST or int(asked) >= count:
        return None
    return range(int(asked), min(int(asked) + STEPS_A_PAGE, count))


def _waits(wait: Wait | None, visit: SignedVisit) -> str:
    manner = visit.manner
    return "" if wait is None else sentence(wait, now_ms=manner.now_ms, language=manner.language)
