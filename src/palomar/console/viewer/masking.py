"""What support does not get to see where the installation hides it: texts, numbers, and whatever may hold either; and
what nobody sees of an address but who may have keys: the secrets that stand in it.

A moment's detail is shown by its name: a name that is not known to be harmless is hidden, so that what a flow adds
tomorrow is hidden until somebody has thought about it. Pure functions, called by ``viewer`` alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from msgspec import structs

from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.history import PastAttempt
from palomar.reports.waits import Wait
from palomar.reports.why import Story
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.access import Principal, Right
from palomar.vocabulary.timeline import Detail, Kind, Moment

HIDDEN: Final = "•••••"
"""What stands in the place of something hidden."""

_HARMLESS: Final = frozenset(
    {
        *("dialect", "parts", "alphabet", "country", "price_microcredits", "microcredits", "entry", "carrier", "part"),
        *("attempt", "reference", "status", "policy", "stat", "state", "presumed", "elapsed_ms", "next_ms", "due_ms"),
        *("error", "robot", "link", "lane", "before", "routes", "cause", "copies", "again_in_seconds"),
    }
)
_SENTENCES: Final = frozenset({"why", "reason"})
"""Our own or a carrier's words, in which the number may be named."""
_SHOWN_DIGITS: Final = 2


def masked_number(number: str) -> str:
    """A number of which the first and the last two digits are left, so that one already known is recognised."""
    if len(number) <= 2 * _SHOWN_DIGITS:
        return HIDDEN
    return f"{number[:_SHOWN_DIGITS]}{HIDDEN}{number[-_SHOWN_DIGITS:]}"


def masked_message(row: MessageRow) -> MessageRow:
    """A message without its text, most of its number, and what its callback URLs say."""
    return structs.replace(
        row,
        msisdn=masked_number(row.msisdn),
        text=HIDDEN,
        extra="",
        status_url=masked_url(row.status_url),
        click_url=masked_url(row.click_url),
    )


def masked_wait(wait: Wait) -> Wait:
    """Leave out what a carrier's links say: hosts and passwords of the platform are no account's business."""
    status = wait.carrier_status
    if status is None:
        return wait
    return replace(wait, detail="", carrier_status=replace(status, trouble="", hindrance=status.hindrance or "no_link"))


def masked_story(story: Story) -> Story:
    """A message's story, each of its moments and callbacks masked."""
    view = story.view
    number = view.message.msisdn
    masked = replace(
        view,
        message=masked_message(view.message),
        timeline=[_masked_moment(moment, number) for moment in view.timeline],
        callbacks=[masked_callback(callback) for callback in view.callbacks],
    )
    return replace(story, view=masked)


def masked_url(url: str) -> str:
    """Where a URL leads to, without what it says there."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{parts.hostname or ''}/{HIDDEN}"


class UrlVisibility(Enum):
    """How much of an address to call back somebody sees."""

    WHOLE = "whole"
    WITHOUT_SECRETS = "without secrets"
    """Where it leads, but not what may let anybody in: user and password, values of its query, its fragment."""
    HOST = "host"
    """The same, and of the path nothing."""

    @classmethod
    def of(cls, who: Principal) -> "UrlVisibility":
        """Choose by somebody's rights: keys are for who may have keys, a path is for who may try a callback again."""
        if who.may(Right.KEYS):
            return cls.WHOLE
        return cls.WITHOUT_SECRETS if who.may(Right.REPLAY) else cls.HOST


def reduced_url(url: str, visibility: UrlVisibility) -> str:
    """Show a URL as somebody sees it. What is hidden is told by where it stands, never by how it is called: a value
    may be a secret under any name, unless the name is one that we have put there."""
    if not url or visibility is UrlVisibility.WHOLE:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    if not parts.scheme or not parts.netloc:
        return HIDDEN
    user, at, host = parts.netloc.rpartition("@")
    path = parts.path
    if visibility is UrlVisibility.HOST and path not in ("", "/"):
        path = f"/{HIDDEN}"
    query = "?" + "&".join(map(_reduced_parameter, parts.query.split("&"))) if parts.query else ""
    fragment = f"#{HIDDEN}" if parts.fragment else ""
    return f"{parts.scheme}://{HIDDEN if user else ''}{at}{host}{path}{query}{fragment}"


def reduced_message(row: MessageRow, visibility: UrlVisibility) -> MessageRow:
    """Show a message with its addresses as somebody sees them."""
    if visibility is UrlVisibility.WHOLE or not (row.status_url or row.click_url):
        return row
    return structs.replace(
        row, status_url=reduced_url(row.status_url, visibility), click_url=reduced_url(row.click_url, visibility)
    )


def reduced_story(story: Story, visibility: UrlVisibility) -> Story:
    """Show a message's story with its addresses as somebody sees them."""
    if visibility is UrlVisibility.WHOLE:
        return story
    view = story.view
    message = reduced_message(view.message, visibility)
    timeline = [_reduced_moment(moment, visibility) for moment in view.timeline]
    callbacks = [reduced_callback(callback, visibility) for callback in view.callbacks]
    return replace(story, view=replace(view, message=message, timeline=timeline, callbacks=callbacks))


def reduced_callback(callback: CallbackRow, visibility: UrlVisibility) -> CallbackRow:
    """Show a callback with its address as somebody sees it."""
    return structs.replace(callback, url=reduced_url(callback.url, visibility))


def reduced_attempt(tried: PastAttempt, visibility: UrlVisibility) -> PastAttempt:
    """Show an attempt of a callback likewise."""
    return replace(tried, url=reduced_url(tried.url, visibility), error=_without(tried.error, tried.url, visibility))


def masked_callback(callback: CallbackRow) -> CallbackRow:
    """A callback without what it says, to whom and of whom."""
    return structs.replace(callback, url=masked_url(callback.url), body=None)


def masked_attempt(tried: PastAttempt) -> PastAttempt:
    """An attempt of a callback likewise, and without what was answered."""
    return replace(
        tried,
        number=masked_number(tried.number) if tried.number else "",
        url=masked_url(tried.url),
        body=HIDDEN if tried.body else "",
        answer=HIDDEN if tried.answer else "",
    )


_OURS: Final = frozenset({"acklevel", "msisdn", "status", "desc", "subid", "timestamp"})
"""What a callback's query says of the message; the rest of it is the customer's."""


def _reduced_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if not equals:
        return HIDDEN if parameter else ""
    return parameter if name in _OURS or not value else f"{name}={HIDDEN}"


def _reduced_moment(moment: Moment, visibility: UrlVisibility) -> Moment:
    """Show a moment with its addresses; a short link's own address is the message's text and stays."""
    url = moment.detail.get("url")
    if moment.kind is Kind.CLICKED or not isinstance(url, str):
        return moment
    detail: Detail = {
        name: _without(value, url, visibility) if isinstance(value, str) else value
        for name, value in moment.detail.items()
    }
    return replace(moment, detail=detail)


def _without(text: str, url: str, visibility: UrlVisibility) -> str:
    return text.replace(url, reduced_url(url, visibility)) if url else text


def _masked_moment(moment: Moment, number: str) -> Moment:
    return replace(moment, detail=_masked_detail(moment.detail, number))


def _masked_detail(detail: Mapping[str, str | int | bool | None], number: str) -> Detail:
    return {name: _masked_value(name, value, number) for name, value in detail.items()}


def _masked_value(name: str, value: str | int | bool | None, number: str) -> str | int | bool | None:
    if value in (None, "") or name in _HARMLESS:
        return value
    if name in _SENTENCES and isinstance(value, str):
        return value.replace(number, masked_number(number)) if number else value
    return masked_url(value) if name == "url" and isinstance(value, str) else HIDDEN
