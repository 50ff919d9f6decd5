"""What support does not get to see where the installation hides it: texts, numbers, and whatever may hold either.

A moment's detail is shown by its name: a name that is not known to be harmless is hidden, so that what a flow adds
tomorrow is hidden until somebody has thought about it. Pure functions, called by ``viewer`` alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from msgspec import structs

from palomar.domain.timeline import Detail, Moment
from palomar.flows.callback_log import Tried
from palomar.flows.why import Story
from palomar.storage.messages import MessageRow
from palomar.storage.webhooks import WebhookRow

HIDDEN: Final = "•••••"
"""What stands in the place of something hidden."""

_HARMLESS: Final = frozenset(
    {
        *("dialect", "parts", "alphabet", "country", "price_microcredits", "microcredits", "entry", "carrier", "part"),
        *("attempt", "reference", "status", "policy", "stat", "state", "presumed", "elapsed_ms", "next_ms", "due_ms"),
        *("error", "robot", "link", "lane", "before", "routes"),
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
        ackurl=masked_url(row.ackurl),
        clickurl=masked_url(row.clickurl),
    )


def masked_story(story: Story) -> Story:
    """A message's story, each of its moments and callbacks masked."""
    view = story.view
    number = view.message.msisdn
    masked = replace(
        view,
        message=masked_message(view.message),
        timeline=[_masked_moment(moment, number) for moment in view.timeline],
        webhooks=[masked_webhook(webhook) for webhook in view.webhooks],
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


def masked_webhook(webhook: WebhookRow) -> WebhookRow:
    """A callback without what it says, to whom and of whom."""
    return structs.replace(webhook, url=masked_url(webhook.url), body=None)


def masked_tried(tried: Tried) -> Tried:
    """An attempt of a callback likewise, and without what was answered."""
    return replace(
        tried,
        number=masked_number(tried.number) if tried.number else "",
        url=masked_url(tried.url),
        body=HIDDEN if tried.body else "",
        answer=HIDDEN if tried.answer else "",
    )


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
