"""Clicks: a short link is found by its code; a click on it is stored and told to the customer.

The link is found by a read, so that a redirect never waits for a write; the click is stored after the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.callbacks.outbox import Outbox
from palomar.short_links import link_rows as rows
from palomar.storage.database import Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.events import Clicked
from palomar.vocabulary.message import MessageId
from palomar.vocabulary.timeline import MomentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedMessage:
    """Fields of the message with the link, for its callback."""

    dialect: str
    request_ref: str
    msisdn: str
    click_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortLink:
    """A short link; ``message`` is None if the message is not kept any more."""

    code: str
    url: str
    message_id: MessageId
    account_id: AccountId
    message: LinkedMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A visit of a link, by a person or a robot. ``agent`` is the user agent, cut to what is stored."""

    link: ShortLink
    at_ms: int
    address: str
    agent: str
    robot: bool


async def find_link(tx: Transaction, code: str) -> ShortLink | None:
    """Return the link of this code; None if there is none."""
    found = await tx.select(rows.SELECT_LINK, code)
    if not found:
        return None
    _, url, message_id, account_id, dialect, request_ref, msisdn, click_url = found[0]
    message = None
    if dialect is not None:
        message = LinkedMessage(dialect=dialect, request_ref=request_ref, msisdn=msisdn, click_url=click_url)
    return ShortLink(
        code=code, url=url, message_id=MessageId(message_id), account_id=AccountId(account_id), message=message
    )


async def record_clicks(work: Work, clicks: Sequence[Click]) -> list[None]:
    """Store each click; add callbacks for those of people, and only count those of robots."""
    await work.tx.insert(
        rows.INSERT_CLICKS,
        [
            (
                work.context.ids.serial(),
                click.link.code,
                click.link.message_id,
                click.at_ms,
                click.address,
                click.agent,
                int(click.robot),
            )
            for click in clicks
        ],
    )
    for click in clicks:
        link = click.link
        work.add_moment(
            link.message_id,
            MomentKind.CLICKED,
            {
                "code": link.code,
                "url": link.url,
                "address": click.address,
                "agent": click.agent,
                "robot": click.robot,
            },
        )
        if not click.robot:
            _add_callback(work, click)
    return [None] * len(clicks)


def _add_callback(work: Work, click: Click) -> None:
    link, message = click.link, click.link.message
    account = work.context.accounts.get(link.account_id)
    if message is None or account is None:
        return
    event = Clicked(
        message_id=link.message_id,
        request_ref=message.request_ref,
        msisdn=message.msisdn,
        at_ms=click.at_ms,
        address=click.address,
        agent=click.agent,
    )
    Outbox.of(work).add(
        event,
        account_id=link.account_id,
        dialect=message.dialect,
        target=message.click_url or account.settings.click_url,
        about=link.message_id,
    )
