"""The "Why?" page: one message and everything that was decided about it, in one line of time."""

from palomar.console.moments import moments_of
from palomar.console.pages.callbacks import DONE
from palomar.console.visit import Reply, SignedVisit
from palomar.domain.access import Right
from palomar.domain.message import born_ms, message_id_of


async def show(visit: SignedVisit) -> Reply:
    """The story of a message; only the story where htmx asks for it."""
    viewer = visit.viewer
    message_id = message_id_of(visit.request.named)
    story = await viewer.story(message_id) if message_id is not None else None
    if story is None:
        return visit.missing()
    done = DONE.get(visit.asked("done"))
    return visit.page(
        "message_story.html" if visit.request.wants_piece else "message.html",
        message=story.view.message,
        story=story,
        moments=moments_of(story, manner=visit.manner, t=visit.t),
        login=viewer.login_of(story.view.message.account_id),
        accepted_ms=born_ms(story.view.message.id),
        may_replay=viewer.may(Right.REPLAY),
        done=visit.t(done) if done else "",
    )
