"""``POST /json/send``: read the body as a request for the gateway, in FOXSYS's order of checks.

Sources: FOXSYS's page, "Envío de mensajes SMS", and what its official and other clients really post: one object in a
list, flags as 1, "1" or true, numbers as strings or integers. Null counts as absent; unknown keys are ignored.

The order: 10, 11 (``documents``), then here 20, 21, 28, 23, 24, 30, 39, 41, 27; 35 is the gateway's.
"""

import asyncio
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct, structs

from palomar.acceptance.compose import Recipient, Request
from palomar.accounts.settings import read_dialect_settings
from palomar.dialects.foxsys import NAME
from palomar.dialects.foxsys.account_settings import FoxsysAccount
from palomar.dialects.foxsys.documents import SendDocument, is_given, is_on, text_of
from palomar.dialects.foxsys.errors import Code, Problem
from palomar.dialects.foxsys.parameters import Template, Unfilled, read_parameters
from palomar.dialects.foxsys.recipients import SLICE, Numbers, read_numbers
from palomar.dialects.foxsys.subids import LONGEST, read_subid
from palomar.dialects.foxsys.texts import RAW_LONGEST, Allowed, Fitted, fit, too_long
from palomar.net.urls import BadUrl, Urls
from palomar.numbers.phone import Msisdn, national_formats, plain_address
from palomar.numbers.sender import parse_sender
from palomar.short_links.shorten import URL_LONGEST, ShortenedText, Shortener, find_urls
from palomar.text.alphabets import has_unusable_characters
from palomar.text.times import parse_gmt
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import State

LABEL_LONGEST: Final = 255
TPOA_LONGEST: Final = 40
"""Characters of a ``tpoa`` that is read: a plus and 16 digits, with what people write between them."""
_NAME_SHOWN: Final = 40
CALLBACK_URL_LONGEST: Final = 2_048
"""Characters of an ``ackurl`` or ``clickurl``: each message keeps its own."""
CHARACTERS_AT_MOST: Final = 24_000_000
"""Characters of all texts of a request, with values and before short links: 10,000 texts of 2,400."""
LINKS_AT_MOST: Final = 50_000
"""Short links of a request: five for each of 10,000 recipients."""
PLACES_AT_MOST: Final = 1_000_000
"""Pieces of text that a request joins: 100 for each of 10,000 recipients."""
_CHARACTERS_A_TURN: Final = 100_000
"""Characters that are made between two turns of the loop."""


async def read_send(
    document: SendDocument,
    *,
    account: Account,
    subid: str,
    now_ms: int,
    shortener: Callable[[Account], Shortener],
    sender: Callable[[Account], str | None],
) -> Request | Problem:
    """Read the request for the gateway.

    ``subid`` is the document's or ours, ``shortener`` makes short links, ``sender`` returns the sender of a request
    without ``tpoa`` (None: then ``tpoa`` is required).
    """
    text = _read_text(document, subid)
    if isinstance(text, Problem):
        return text
    settings = read_dialect_settings(account.settings, FoxsysAccount)
    unfiltered = settings.nofilter or is_on(document.nofilter)
    numbers = await _read_recipients(document, account, settings, unfiltered=unfiltered)
    if isinstance(numbers, Problem):
        return numbers
    text = _expanded(text, account)
    if isinstance(text, Problem):
        return text
    shared = _shared(document, account, sender)
    if isinstance(shared, Problem):
        return shared
    shorten = shortener(account).shorten if settings.shortlink or is_on(document.shortlink) else None
    texts = await _texts(text, numbers.valid, document=document, account=account, settings=settings, shorten=shorten)
    if isinstance(texts, Problem):
        return texts
    test = is_on(document.test)
    due_ms = _due_ms(document.scheduled, test=test, now_ms=now_ms)
    if isinstance(due_ms, Problem):
        return due_ms
    for fitted in texts:
        if fitted.has_bad_characters:
            return Problem(Code.CHARACTERS)
    return Request(
        account=account,
        dialect=NAME,
        request_ref=subid,
        sender=shared.sender,
        recipients=await _recipients(
            numbers, texts, posted=text, state=State.TEST if test else State.QUEUED, why=shared.why
        ),
        label=shared.label,
        status_url=shared.status_url,
        click_url=shared.click_url,
        due_ms=due_ms,
        test=test,
        unfiltered=unfiltered,
    )


def _read_text(document: SendDocument, subid: str) -> str | Problem:
    """Read the text, and check the length of the subid with it: that is the order of the page."""
    text = text_of(document.message)
    if text is None:
        return Problem(Code.NO_MESSAGE)
    if not text:
        return Problem(Code.EMPTY_MESSAGE)
    return text if len(subid) <= LONGEST else Problem(Code.SUBID_TOO_LONG)


async def _read_recipients(
    document: SendDocument, account: Account, settings: FoxsysAccount, *, unfiltered: bool
) -> Numbers | Problem:
    """Read the recipients' numbers, each once where the account wants that."""
    return await read_numbers(
        document.recipient,
        limit=settings.batch_limit,
        # the page wants E.164: numbers without their country code are read only where the account says so
        national_formats=national_formats(account.settings.country) if settings.national_numbers else (),
        once=settings.once_a_number and not unfiltered,
    )


def _expanded(text: str, account: Account) -> str | Problem:
    """Fill in the account's templates; a text that is too long before or after is refused."""
    if account.templates and len(text) <= RAW_LONGEST:
        text = account.expand_templates(text)
    return text if len(text) <= RAW_LONGEST else too_long()


class _Shared(Struct, frozen=True):
    """What all messages of a request have in common."""

    sender: str
    why: str
    """Why it is not the sender of the request, if it is not."""
    label: str
    status_url: str
    click_url: str


_urls: Final = Urls()
"""A cache of the origins of callback URLs."""


def _shared(document: SendDocument, account: Account, sender_of: Callable[[Account], str | None]) -> _Shared | Problem:
    settings = account.settings
    if document.subid is not None and is_given(document.subid) and read_subid(document.subid) is None:
        return Problem(Code.NOT_SENT, "subid is not a usable string")
    sender, why = None, ""
    if is_given(document.tpoa):
        tpoa = text_of(document.tpoa) or ""
        sender = _address(tpoa) if len(tpoa) <= TPOA_LONGEST else None
        if sender is None:
            if not read_dialect_settings(settings, FoxsysAccount).sender_fallback:
                return Problem(Code.NOT_SENT, "tpoa is not up to 11 letters and digits, nor up to 16 digits")
            why = "tpoa is no sender, so the account's own stands in its place"
    if sender is None:
        sender = sender_of(account)
    if sender is None:
        return Problem(Code.NOT_SENT, "no sender: the request names none in tpoa, and the account has none")
    label = ""
    if document.label is not None and is_given(document.label):
        label = text_of(document.label) or "\0"
        if len(label) > LABEL_LONGEST or has_unusable_characters(label):
            return Problem(Code.NOT_SENT, f"label is not a usable string of up to {LABEL_LONGEST} characters")
    status_url = _url(document.ackurl) if is_given(document.ackurl) else settings.status_url
    if status_url is None:
        return Problem(Code.NOT_SENT, "ackurl is not an http or https URL")
    click_url: str | None = settings.click_url
    if document.clickurl is not None and is_given(document.clickurl):
        click_url = _url(document.clickurl)
    if click_url is None:
        return Problem(Code.NOT_SENT, "clickurl is not an http or https URL")
    if is_on(document.crt):
        return Problem(Code.NOT_SENT, "certified messages are not available yet")
    return _Shared(sender, why, label, status_url, click_url)


async def _texts(
    text: str,
    msisdns: Sequence[Msisdn],
    *,
    document: SendDocument,
    account: Account,
    settings: FoxsysAccount,
    shorten: Callable[[str], ShortenedText] | None,
) -> Sequence[Fitted] | Problem:
    """Make the text of each number, measured with its values and short links in it; the first text that cannot be sent
    declines the request."""
    is_long = settings.long or is_on(document.long)
    allowed = Allowed(settings.max_parts if is_long else 1, is_on(document.ucs2), settings.fold_accents)
    template = None
    if document.parameters is not None and is_given(document.parameters) and document.parameters != {}:
        values = await read_parameters(
            document.parameters,
            limit=settings.batch_limit,
            national_formats=national_formats(account.settings.country) if settings.national_numbers else (),
        )
        if values is None:
            return Problem(Code.NOT_SENT, 'parameters is not a list of {"name":{"msisdn":"…","value":"…"}}')
        template = Template(text, values)
        if template.unknown is not None:
            return Problem(Code.NOT_SENT, f"%{template.unknown[:_NAME_SHOWN]}% has no value in parameters")
    if template is not None and not template.has_names:
        template = None
    if template is None and (shorten is None or not find_urls(text)):
        fitted = fit(text, allowed)
        if isinstance(fitted, Problem):
            return fitted
        return [fitted] * len(msisdns) if len(text) * len(msisdns) <= CHARACTERS_AT_MOST else _too_much("characters")
    if template is not None and template.places * len(msisdns) > PLACES_AT_MOST:
        return _too_much("parameters")
    return await _texts_apart(text if template is None else template, msisdns, allowed=allowed, shorten=shorten)


async def _texts_apart(
    text: str | Template, msisdns: Sequence[Msisdn], *, allowed: Allowed, shorten: Callable[[str], ShortenedText] | None
) -> Sequence[Fitted] | Problem:
    """Make the text of each number by itself. What all of them have together is counted as it is made; the request is
    declined if it is too much."""
    texts: list[Fitted] = []
    characters = links = turn = 0
    for msisdn in msisdns:
        filled = text if isinstance(text, str) else text.filled(msisdn, longest=RAW_LONGEST)
        if isinstance(filled, Unfilled):
            return Problem(Code.NOT_SENT, f"{filled.value} for a recipient")
        characters += len(filled)
        if characters > CHARACTERS_AT_MOST:
            return _too_much("characters")
        linked = ShortenedText(filled, ()) if shorten is None else shorten(filled)
        links += len(linked.links)
        if links > LINKS_AT_MOST:
            return _too_much("short links")
        if any(len(url) > URL_LONGEST for _, url in linked.links):
            return Problem(Code.NOT_SENT, f"a URL is too long to be shortened: more than {URL_LONGEST} characters")
        fitted = fit(linked.text, allowed)
        if isinstance(fitted, Problem):
            return fitted
        texts.append(structs.replace(fitted, links=linked.links) if linked.links else fitted)
        turn += len(filled) + _CHARACTERS_A_TURN // SLICE
        if turn >= _CHARACTERS_A_TURN:
            turn = 0
            await asyncio.sleep(0)
    return texts


def _too_much(what: str) -> Problem:
    return Problem(Code.NOT_SENT, f"too many {what} for so many recipients at once")


def _due_ms(scheduled: object, *, test: bool, now_ms: int) -> int | Problem | None:
    """Read when the message is to be sent; None is now, and so is a time in the past. Codes 39 and 41."""
    if scheduled is None or not is_given(scheduled):
        return None
    at_ms = parse_gmt(scheduled.strip()) if isinstance(scheduled, str) else None
    if at_ms is None:
        return Problem(Code.NO_DATETIME)
    if test:
        return Problem(Code.SCHEDULED_TEST)
    return at_ms if at_ms > now_ms else None


async def _recipients(
    numbers: Numbers, texts: Sequence[Fitted], *, posted: str, state: State, why: str
) -> list[Recipient]:
    recipients = []
    for count, msisdn in enumerate(numbers.valid, 1):
        fitted = texts[count - 1]
        recipients.append(
            Recipient(
                msisdn=msisdn,
                text=fitted.text,
                alphabet=fitted.alphabet,
                parts=fitted.parts,
                state=state,
                why=why,
                links=fitted.links,
            )
        )
        if count % SLICE == 0:
            await asyncio.sleep(0)
    for index in numbers.repeated:
        fitted = texts[index]
        recipients.append(
            Recipient(
                msisdn=numbers.valid[index],
                text=fitted.text,
                alphabet=fitted.alphabet,
                parts=fitted.parts,
                state=State.DUPLICATED,
                why="the request names this number more than once",
            )
        )
    for written in numbers.invalid:
        recipients.append(
            Recipient(
                msisdn=written,
                text=posted,
                alphabet=texts[0].alphabet,
                parts=texts[0].parts,
                state=State.NOFORMAT,
                why="no number in international format",
            )
        )
    return recipients


@lru_cache(maxsize=4096)
def _address(tpoa: str) -> str | None:
    """Read a sender. It is cached, because customers have few senders and each request names one."""
    sender = parse_sender(tpoa.strip())
    if sender is None and not tpoa.isascii():
        seen = ("" if unicodedata.category(c) == "Cf" else " " if c.isspace() else c for c in tpoa)
        sender = parse_sender("".join(seen).strip())
    if sender is None:
        digits = plain_address(tpoa)
        sender = parse_sender(digits) if digits.isascii() and digits.isdecimal() else None
    return None if sender is None else sender.address


def _url(value: object) -> str | None:
    """Read a URL that callbacks can be sent to; None for anything else."""
    text = (text_of(value) or "").strip()
    if len(text) > CALLBACK_URL_LONGEST:
        return None
    try:
        _urls.split(text)
    except BadUrl:
        return None
    return None if has_unusable_characters(text) else text
