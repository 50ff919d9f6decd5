"""The sandbox page: the phones of simulated carriers, sample requests, the last calls, and chaos and clock.

It shows what a phone shows; what became of a message is on the message's own page. It works without scripts, by
reloading; with them the phones and the last calls refresh when the event stream says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from palomar.apidocs.samples import Sample, SampleValues
from palomar.carriers.simulator import delivery_plan
from palomar.carriers.simulator.chaos import script
from palomar.console.i18n import word
from palomar.console.pages.messages import CHOICES_AT_MOST
from palomar.console.request import PageReply, SignedInContext
from palomar.console.stored_texts import translate_stored
from palomar.numbers.phone import plain_address
from palomar.sandbox.phone_messages import SENT_AT_MOST
from palomar.sandbox.phones import WriteResult
from palomar.sandbox.sample_credentials import Secrets
from palomar.sandbox.sandbox import PersonalSandbox
from palomar.vocabulary.account import Account

EXAMPLE_NUMBER: Final = "525512345678"
"""A phone number that every dialect accepts."""
CALLBACK_PATH: Final = "/sandbox/callback"
DONE: Final[Mapping[str, str]] = {
    "behaves": word("From now on this number does so."),
    "jumped": word("The clock has jumped: what was due meanwhile happens now."),
    "chaos": word("From now on the carrier does wrong by this script."),
    "calm": word("The carrier does nothing wrong any more but what the configuration says."),
    WriteResult.SENT: word("The phone has written."),
}
WRITE_FAULTS: Final[Mapping[str, str]] = {
    WriteResult.NO_ACCOUNT: word("No number of yours is written like that, so nobody would get it."),
    WriteResult.INVALID: word("A phone writes to a number, and at most 2,000 characters."),
}
"""Why a phone's message was not written."""
FIRST_PLANS: Final[Mapping[str, str]] = {
    "ordinary": word("is delivered within a second"),
    "fail": word("fails: it cannot be delivered"),
    "slow": word("is slow: delivered after 10 s"),
    "99906": word("never answers: taken, and no receipt comes"),
    "99904": word("is refused by the carrier"),
    "99905": word("is throttled twice, then delivered"),
    "99914": word("answers OK by itself"),
}
"""The plans that are offered first, by the simulator's word."""
_FIELDS: Final = ("number", "account")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One dialect's sample request."""

    dialect: str
    title: str
    sample: Sample


async def show(context: SignedInContext) -> PageReply:
    """Show the page; where htmx asks, only the phones or the last calls."""
    sandbox = context.viewer.sandbox
    if sandbox is None:
        return context.not_found()
    piece = context.field("piece") if context.request.wants_fragment else ""
    if piece == "calls":
        return context.render("sandbox_calls.html", calls=sandbox.calls())
    return await (
        _phones(context, sandbox, result=context.field("said")) if piece == "phones" else _page(context, sandbox)
    )


async def write(context: SignedInContext) -> PageReply:
    """Let a phone write to an address."""
    sandbox = context.viewer.sandbox
    if sandbox is None:
        return context.not_found()
    result = await sandbox.phones.write(context.field("number"), context.field("to"), context.field("text"))
    if context.request.wants_fragment:
        return await _phones(context, sandbox, result=result)
    if result is WriteResult.SENT:
        return context.redirect("/sandbox", number=plain_address(context.field("number")), done=result.value)
    return await _page(context, sandbox, fault=context.t(WRITE_FAULTS[result]))


async def set_behavior(context: SignedInContext) -> PageReply:
    """Set how a phone behaves from now on."""
    sandbox, number = context.viewer.sandbox, context.field("number")
    if sandbox is None:
        return context.not_found()
    fault = sandbox.phones.set_behavior(number, context.field("script") or context.field("how"))
    if fault:
        return await _page(
            context,
            sandbox,
            fault=context.t("This script cannot be read: {why}", why=translate_stored(fault, context.t)),
        )
    return context.redirect("/sandbox", number=plain_address(number), done="behaves")


async def make_key(context: SignedInContext) -> PageReply:
    """Make a key; only the examples on the page that answers show it."""
    sandbox, account = context.viewer.sandbox, context.viewer.account_of_login(context.field("account"))
    if (
        sandbox is not None
        and account is not None
        and sandbox.credentials.may_make
        and not sandbox.credentials.has_room(account)
    ):
        return await _page(
            context, sandbox, fault=context.t("This account has too many keys of the sandbox: end some first.")
        )
    made = await sandbox.credentials.make(account) if sandbox is not None and account is not None else None
    if sandbox is None or made is None:
        return context.not_found()
    return await _page(context, sandbox, made=made)


async def fault_page(context: SignedInContext, fault: str) -> PageReply:
    """Show the page with what went wrong in one of its forms."""
    sandbox = context.viewer.sandbox
    return context.not_found() if sandbox is None else await _page(context, sandbox, fault=fault)


async def _phones(context: SignedInContext, sandbox: PersonalSandbox, *, result: str) -> PageReply:
    """Show the list of numbers and the screen. A fault of the last written message stays until the next one."""
    return context.render(
        "sandbox_phones.html",
        view=await sandbox.phones.view(plain_address(context.field("number"))),
        latest_of=SENT_AT_MOST,
        addresses=await sandbox.phones.addresses(),
        sandbox=sandbox,
        fields=_fields(context),
        write_result=result,
        write_fault=context.t(WRITE_FAULTS[result]) if result in WRITE_FAULTS else "",
    )


async def _page(
    context: SignedInContext, sandbox: PersonalSandbox, *, fault: str = "", made: Secrets | None = None
) -> PageReply:
    view = await sandbox.phones.view(plain_address(context.field("number")))
    done = DONE.get(context.field("done"))
    account = await _account(context, sandbox)
    return context.render(
        "sandbox.html",
        status=422 if fault else 200,
        view=view,
        latest_of=SENT_AT_MOST,
        addresses=await sandbox.phones.addresses(),
        sandbox=sandbox,
        fields=_fields(context) | ({"number": view.number} if view.number else {}),
        is_chosen=bool(context.field("number")),
        write_fault="",
        accounts=context.viewer.first_accounts(CHOICES_AT_MOST),
        account=account,
        examples=await _examples(context, sandbox, account, view.number, made) if account is not None else [],
        made=made,
        calls=sandbox.calls(),
        sandbox_status=await sandbox.controls.status() if sandbox.controls.may_change else None,
        first_plans=FIRST_PLANS,
        plans=delivery_plan.table(),
        presets=[(name, script.to_text(preset)) for name, preset in script.PRESETS.items()],
        items=script.table(),
        fault=fault,
        done=context.t(done) if done and not fault else "",
    )


async def _account(context: SignedInContext, sandbox: PersonalSandbox) -> Account | None:
    """Return the account of the sample requests: the chosen one, else the first, else any; None beside real
    carriers."""
    if not sandbox.all_simulated:
        return None
    chosen = context.viewer.account_of_login(context.field("account"))
    return chosen or await sandbox.credentials.first_account() or next(iter(context.viewer.first_accounts(1)), None)


async def _examples(
    context: SignedInContext, sandbox: PersonalSandbox, account: Account, number: str, made: Secrets | None
) -> list[Example]:
    secrets = made or await sandbox.credentials.known_secrets(account)
    examples = []
    for sampler in context.samplers:
        values = SampleValues(
            url=context.request.origin,
            login=secrets.login,
            password=secrets.password,
            api_key=secrets.api_key,
            token=secrets.token,
            number=number or EXAMPLE_NUMBER,
            text=f"Hola from {sampler.title}",
            status_url=context.request.origin + CALLBACK_PATH,
        )
        examples.append(Example(dialect=sampler.name, title=sampler.title, sample=sampler.make(values)))
    return examples


def _fields(context: SignedInContext) -> dict[str, str]:
    """Return the choices that addresses of this page carry."""
    return {name: value for name in _FIELDS if (value := context.field(name))}
