"""Hides from people what they may not see: texts and numbers from support, and secrets in callbacks' URLs.

``masked_…`` functions hide texts, numbers and whatever may contain either; an installation may want that for support.
``reduced_…`` functions hide parts of URLs by a person's rights. A moment's detail is shown only if its name is known to
be harmless, so that a new detail is hidden until somebody adds its name here. Pure; called by ``console.viewer`` only.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from msgspec import structs

from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.history import PastAttempt
from palomar.reports.story import Story
from palomar.reports.waits import Wait
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.access import Principal, Right
from palomar.vocabulary.timeline import Detail, Moment, MomentKind

HIDDEN: Final = "•••••"
"""Replaces everything that is hidden."""

_HARMLESS: Final = frozenset(
    {
        *("dialect", "parts", "alphabet", "country", "price_microcredits", "microcredits", "entry", "carrier", "part"),
        *("attempt", "reference", "status", "policy", "stat", "state", "presumed", "elapsed_ms", "next_ms", "due_ms"),
        *("error", "robot", "link", "lane", "before", "routes", "cause", "copies", "again_in_seconds"),
    }
)
_SENTENCES: Final = frozenset({"why", "reason"})
"""Details that are sentences of ours or of a carrier, which may contain the number."""
_SHOWN_DIGITS: Final = 2


def masked_number(number: str) -> str:
    """Return a number's first and last two digits, so that somebody who knows the number recognizes it."""
    if len(number) <= 2 * _SHOWN_DIGITS:
        return HIDDEN
    return f"{number[:_SHOWN_DIGITS]}{HIDDEN}{number[-_SHOWN_DIGITS:]}"


def masked_message(row: MessageRow) -> MessageRow:
    """Return a message without its text, most of its number, and all of its callback URLs but scheme and host."""
    return structs.replace(
        row,
        msisdn=masked_number(row.msisdn),
        text=HIDDEN,
        extra="",
        status_url=masked_url(row.status_url),
        click_url=masked_url(row.click_url),
    )


def masked_wait(wait: Wait) -> Wait:
    """Return a wait without the errors of a carrier's links, which may name hosts of the platform."""
    status = wait.carrier_status
    if status is None:
        return wait
    return replace(wait, detail="", carrier_status=replace(status, trouble="", hindrance=status.hindrance or "no_link"))


def masked_story(story: Story) -> Story:
    """Return a message's story with the message, its moments and its callbacks masked."""
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
    """Return scheme and host of a URL."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{parts.hostname or ''}/{HIDDEN}"


class UrlVisibility(Enum):
    """How much of a callback's URL a person sees."""

    WHOLE = "whole"
    WITHOUT_SECRETS = "without secrets"
    """All but user and password, the query's values, and the fragment."""
    HOST = "host"
    """The same, and without the path."""

    @classmethod
    def of(cls, who: Principal) -> "UrlVisibility":
        """Choose by a person's rights: secrets need the right to keys, the path needs the right to replay callbacks."""
        if who.may(Right.MAKE_KEYS):
            return cls.WHOLE
        return cls.WITHOUT_SECRETS if who.may(Right.REPLAY) else cls.HOST


def reduced_url(url: str, visibility: UrlVisibility) -> str:
    """Return the parts of a URL that this visibility allows.

    A part is hidden by its place, never by its name: a value may be a secret under any name, except the parameters that
    dialects add.
    """
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
    """Return a message with its URLs reduced."""
    if visibility is UrlVisibility.WHOLE or not (row.status_url or row.click_url):
        return row
    return structs.replace(
        row, status_url=reduced_url(row.status_url, visibility), click_url=reduced_url(row.click_url, visibility)
    )


def reduced_story(story: Story, visibility: UrlVisibility) -> Story:
    """Return a message's story with all URLs reduced."""
    if visibility is UrlVisibility.WHOLE:
        return story
    view = story.view
    message = reduced_message(view.message, visibility)
    timeline = [_reduced_moment(moment, visibility) for moment in view.timeline]
    callbacks = [reduced_callback(callback, visibility) for callback in view.callbacks]
    return replace(story, view=replace(view, message=message, timeline=timeline, callbacks=callbacks))


def reduced_callback(callback: CallbackRow, visibility: UrlVisibility) -> CallbackRow:
    """Return a callback with its URL reduced."""
    return structs.replace(callback, url=reduced_url(callback.url, visibility))


def reduced_attempt(attempt: PastAttempt, visibility: UrlVisibility) -> PastAttempt:
    """Return an attempt with its URL reduced, also in the text of its error."""
    url, error = attempt.url, attempt.error
    return replace(attempt, url=reduced_url(url, visibility), error=_with_reduced(error, url, visibility))


def masked_callback(callback: CallbackRow) -> CallbackRow:
    """Return a callback without its body, and with scheme and host of its URL only."""
    return structs.replace(callback, url=masked_url(callback.url), body=None)


def masked_attempt(attempt: PastAttempt) -> PastAttempt:
    """Return an attempt without its body and the answer, most of its number, and all of its URL but scheme and host."""
    return replace(
        attempt,
        number=masked_number(attempt.number) if attempt.number else "",
        url=masked_url(attempt.url),
        body=HIDDEN if attempt.body else "",
        answer=HIDDEN if attempt.answer else "",
    )


_OWN_PARAMETERS: Final = frozenset({"acklevel", "msisdn", "status", "desc", "subid", "timestamp"})
"""Parameters that dialects add to a callback's query; all others are the customer's."""


def _reduced_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if not equals:
        return HIDDEN if parameter else ""
    return parameter if name in _OWN_PARAMETERS or not value else f"{name}={HIDDEN}"


def _reduced_moment(moment: Moment, visibility: UrlVisibility) -> Moment:
    """Return a moment with its URL reduced in all details. The URL of a short link is part of the text and stays."""
    url = moment.detail.get("url")
    if moment.kind is MomentKind.CLICKED or not isinstance(url, str):
        return moment
    detail: Detail = {
        name: _with_reduced(value, url, visibility) if isinstance(value, str) else value
        for name, value in moment.detail.items()
    }
    return replace(moment, detail=detail)


def _with_reduced(text: str, url: str, visibility: UrlVisibility) -> str:
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
