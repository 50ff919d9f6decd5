"""``palomar message``: send one by hand, list messages, send held ones once more, and show one with its timeline."""

import json

import click

from palomar.acceptance.accept import Accepted, Result, accept
from palomar.acceptance.compose import Recipient, Request, compose
from palomar.acceptance.default_sender import CARRIER_SENDER
from palomar.app.data_directory import configured_senders
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table, visible
from palomar.console.wait_texts import wait_text
from palomar.numbers.phone import parse_international
from palomar.numbers.sender import parse_sender
from palomar.reports import messages
from palomar.reports.search import search
from palomar.reports.search_request import LATEST
from palomar.reports.search_terms import SearchFilter
from palomar.reports.story import Story, load_story
from palomar.reports.waits import Wait
from palomar.sending import resend_held
from palomar.storage.database import Transaction
from palomar.text.alphabets import MAX_PARTS, has_unusable_characters, measure
from palomar.text.times import format_gmt
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.message_rows import MessageRow
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account
from palomar.vocabulary.credit import Microcredits, as_number
from palomar.vocabulary.message import MessageId, State, accepted_ms, message_id_of, public_id
from palomar.vocabulary.refusals import Refusal

DIALECT = "command"
"""The dialect of messages that are sent by hand."""

_PAGE = 500
_STATE_COLOURS = {State.DELIVERED: "green", State.SENT: "cyan", State.QUEUED: "yellow", State.SCHEDULED: "yellow"}


@click.group()
def message() -> None:
    """Messages: send, list, show, resend."""


@message.command("send")
@click.option("--account", "login", required=True, help="Who sends, and pays.")
@click.option(
    "--to", "numbers", required=True, multiple=True, help="Number with its country's prefix; may be repeated."
)
@click.option("--text", required=True, help="What to say; long texts become several parts.")
@click.option("--sender", default="", help="Who it seems to come from.  [default: the account's]")
@click.option("--label", default="", help="A word to find it by.")
@click.option("--ackurl", default="", help="Where to report to.")
@json_option
def send(login: str, numbers: tuple[str, ...], text: str, sender: str, label: str, ackurl: str, as_json: bool) -> None:
    """Store a message as queued: a running server sends it within a second, a stopped one when it starts."""
    recipients = [_recipient(number, text) for number in numbers]

    async def work(context: CommandContext) -> tuple[Result, str]:
        snapshot = await context.accounts()
        account = await context.account(login)
        if sender and parse_sender(sender) is None:
            fail(f"{sender!r} is no sender: a name of up to 11 characters, or up to 16 digits", 2)
        if not account.enabled or not account.may_send:
            setting = "may_send" if account.enabled else "enabled"
            fail(f"{account.login} has {setting}=off (./run account set {account.login} {setting}=on)")
        named = sender or await _default_sender(context, account)
        request = Request(
            account=account,
            dialect="foxsys" if ackurl else DIALECT,
            request_ref=f"{context.clock.wall_ms():x}",
            sender=named,
            label=label,
            status_url=ackurl,
            recipients=recipients,
        )
        now_ms = context.clock.wall_ms()
        command = compose(request, recipients, terms=snapshot.terms(account.id), ids=context.ids, now_ms=now_ms)

        async def script(tx: Transaction) -> Result:
            unit = Work(tx, context.transaction_context(snapshot), now_ms=now_ms)
            (result,) = await accept(unit, [command])
            await unit.finish()
            await tx.execute(BUMP_VERSION)
            return result

        return await context.database.write(script), request.request_ref

    result, subid = run(work)
    if not isinstance(result, Accepted):
        fail(f"refused: {result.value if isinstance(result, Refusal) else result}")
    sent = [{"id": public_id(new.row.id), "subid": subid, "msisdn": new.row.msisdn} for new in result.messages]
    if as_json:
        show_json(sent)
        return
    for entry in sent:
        click.echo(f"Queued {entry['id']} to {entry['msisdn']}. What becomes of it: ./run message show {entry['id']}")


@message.command("list")
@click.option("--account", "login", help="Only this account's.")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only in this state.")
@click.option("--msisdn", default="", help="Only to this number, or to those that end so.")
@click.option("--subid", default="", help="Only of this request.")
@click.option("--label", default="", help="Only with this label, in whatever case.")
@click.option("--carrier", default="", help="Only by this carrier.")
@click.option("--limit", type=click.IntRange(0), help="At most so many; 0 is all.  [default: 50; all with --json]")
@json_option
def list_messages(
    login: str | None,
    state: str | None,
    msisdn: str,
    subid: str,
    label: str,
    carrier: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """List messages, newest first."""
    most = limit if limit is not None else (0 if as_json else 50)

    async def work(context: CommandContext) -> list[dict[str, object]]:
        account = await context.account(login) if login else None
        wanted = SearchFilter(
            account_ids=frozenset([account.id]) if account else None,
            state=State(state) if state else None,
            number=parse_international(msisdn) or msisdn.lstrip("+"),
            request_ref=subid,
            label=label,
            carrier=carrier,
        )
        logins = {found.id: found.login for found in (await context.accounts()).by_id.values()}
        return [_view(row, logins.get(row.account_id, "")) for row in await find_messages(context, wanted, most=most)]

    views = run(work)
    if as_json:
        show_json(views)
        return
    columns = ("id", "created", "account", "msisdn", "parts", "state", "price", "carrier", "text")
    rows = [
        [" ".join(str(view[column]).split()) if column == "text" else view[column] for column in columns]
        for view in views
    ]
    show_table(columns, rows)


@message.command("show")
@click.argument("identity", metavar="ID")
@json_option
def show(identity: str, as_json: bool) -> None:
    """Show one message: its parts and its whole timeline."""
    message_id = message_id_of(identity)
    if message_id is None:
        fail(f"{identity!r} is no message's id (palomar message list)", 2)

    async def work(context: CommandContext) -> tuple[Story, str, int] | None:
        found = await context.database.read(load_story, message_id)
        if found is None:
            return None
        account = (await context.accounts()).by_id.get(found.view.message.account_id)
        return found, account.login if account else "", context.clock.wall_ms()

    found = run(work)
    if found is None:
        fail(f"there is no message {identity}")
    story, login, now_ms = found
    view = _whole(story.view, login) | {"waits": _waits(story.wait, now_ms)}
    if as_json:
        show_json(view)
    else:
        _print_whole(view)


@message.command("resend")
@click.argument("identities", metavar="[ID]...", nargs=-1)
@click.option("--account", "login", help="All of this account's that are held.")
@json_option
def resend(identities: tuple[str, ...], login: str | None, as_json: bool) -> None:
    """Send held messages once more: nobody knows whether their carrier has them, so a copy may arrive twice."""
    if bool(identities) == bool(login):
        fail("name messages, or --account for all of an account's that are held", 2)
    named = [message_id_of(identity) for identity in identities]
    if None in named:
        fail("one of these is no message's id (palomar message list --state held)", 2)
    total = run(lambda context: _resend(context, [one for one in named if one is not None], login))
    if as_json:
        show_json({"resent": total})
    else:
        click.echo(f"{total} held messages are sent once more.")


async def _resend(context: CommandContext, named: list[MessageId], login: str | None) -> int:
    account = await context.account(login) if login else None
    transaction_context = context.transaction_context(await context.accounts())
    total = 0
    while True:
        some, named = named[: resend_held.AT_ONCE], named[resend_held.AT_ONCE :]

        async def script(tx: Transaction, some: list[MessageId] = some) -> int:
            wanted = some if account is None else await resend_held.list_held_messages(tx, account.id)
            unit = Work(tx, transaction_context, now_ms=context.clock.wall_ms())
            (count,) = await resend_held.resend_held_parts(unit, [wanted])
            await unit.finish()
            await tx.execute(BUMP_VERSION)
            return count

        count = await context.database.write(script)
        total += count
        if not named and (account is None or count < resend_held.AT_ONCE):
            return total


async def _default_sender(context: CommandContext, account: Account) -> str:
    """Return the sender of a message that names none; end the command where none is set."""
    senders = await configured_senders(context.config, context.database)
    found = senders.of(account)
    if found is None:
        fail("no sender: name one with --sender, or set default_sender of the account or of [sending]")
    return senders.of_carrier("") if found == CARRIER_SENDER else found


def _recipient(number: str, text: str) -> Recipient:
    msisdn = parse_international(number)
    if msisdn is None:
        fail(f"{number!r} is no international number (for example 34600000001)", 2)
    if not text or has_unusable_characters(text):
        fail("the text is empty or has characters that no phone can show", 2)
    measured = measure(text)
    if measured.parts > MAX_PARTS:
        fail(f"the text is too long: {measured.parts} parts", 2)
    return Recipient(msisdn=msisdn, text=text, alphabet=measured.alphabet, parts=measured.parts)


async def find_messages(context: CommandContext, wanted: SearchFilter, *, most: int) -> list[MessageRow]:
    """Find messages as the console does, newest first: at most ``most`` of them, or all where it is 0."""
    found: list[MessageRow] = []
    older: MessageId | None = LATEST
    while older is not None and not 0 < most <= len(found):
        limit = min(_PAGE, most - len(found)) if most else _PAGE
        page = await context.database.read_long(search, None, wanted, before=older, limit=limit)
        found += page.messages
        older = page.older
    return found


def _view(row: MessageRow, login: str) -> dict[str, object]:
    return {
        "id": public_id(row.id),
        "subid": row.request_ref,
        "msisdn": row.msisdn,
        "text": row.text,
        "parts": row.parts,
        "state": row.state.value,
        "price": as_number(Microcredits(row.price_microcredits)),
        "carrier": row.carrier,
        "account": login,
        "dialect": row.dialect,
        "sender": row.sender,
        "label": row.label,
        "country": row.country,
        "alphabet": row.alphabet.value,
        "created": format_gmt(accepted_ms(row.id)),
        "final": None if row.final_ms is None else format_gmt(row.final_ms),
    }


def _whole(found: messages.MessageView, login: str) -> dict[str, object]:
    return _view(found.message, login) | {
        "ackurl": found.message.status_url,
        "parts_detail": [
            {
                "number": part.number,
                "state": part.state.value,
                "attempt": part.attempt,
                "carrier": part.carrier,
                "reference": part.carrier_reference,
            }
            for part in found.parts
        ],
        "timeline": [
            {"at": format_gmt(m.at_ms), "at_ms": m.at_ms, "kind": m.kind.value, "detail": m.detail}
            for m in found.timeline
        ],
        "callbacks_open": [
            {"id": w.id, "url": w.url, "attempts": w.attempts, "failed": bool(w.failed), "due": format_gmt(w.due_ms)}
            for w in found.callbacks
        ],
    }


def _waits(wait: Wait | None, now_ms: int) -> dict[str, object] | None:
    if wait is None:
        return None
    text = wait_text(wait, now_ms=now_ms, language="en")
    return {"for": wait.what.value, "since": format_gmt(wait.since_ms), "carrier": wait.carrier, "text": text}


def _print_whole(view: dict[str, object]) -> None:
    timeline, parts, waiting = view.pop("timeline"), view.pop("parts_detail"), view.pop("callbacks_open")
    waits = view.pop("waits")
    state = State(str(view["state"]))
    shown = click.style(state.value, fg=_STATE_COLOURS.get(state, "red"), bold=True)
    for name, value in view.items():
        click.echo(f"{name:>9}  {shown if name == 'state' else visible(str('' if value is None else value))}")
    if isinstance(waits, dict):
        click.echo(f"\n{visible(str(waits['text']))}")
    click.echo()
    show_table(("part", "state", "attempt", "carrier", "reference"), [tuple(part.values()) for part in parts])  # type: ignore[attr-defined]
    click.echo()
    assert isinstance(timeline, list)
    start = timeline[0]["at_ms"] if timeline else 0
    for moment in timeline:
        detail = "  ".join(
            f"{name}={_plain(value)}" for name, value in moment["detail"].items() if value not in ("", None)
        )
        click.echo(f"{moment['at']}  +{(moment['at_ms'] - start) / 1000:8.3f}s  {moment['kind']:<15} {detail}")
    if waiting:
        click.echo("\nCallbacks still open")
        show_table(("id", "url", "attempts", "failed", "due"), [tuple(entry.values()) for entry in waiting])  # type: ignore[attr-defined]


def _plain(value: object) -> str:
    bare = isinstance(value, str) and " " not in value and visible(value) == value
    return str(value) if bare else visible(json.dumps(value, ensure_ascii=False))
