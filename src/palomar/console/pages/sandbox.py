"""The sandbox: the phones of simulated carriers, live, and the tools to play with them.

What one message has become is on its own page; what this page shows is what a phone shows. It works without scripts,
by reloading; with them the phones and the last calls look again whenever the stream says that something has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from palomar.apidocs.samples import Sample, SampleValues
from palomar.carriers.simulator import delivery_plan
from palomar.carriers.simulator.chaos import script
from palomar.console.i18n import word
from palomar.console.pages.messages import CHOICE_OF
from palomar.console.reasons import told
from palomar.console.request import PageReply, SignedVisit
from palomar.numbers.phone import plain_address
from palomar.sandbox.phone_messages import SENT_AT_MOST
from palomar.sandbox.phones import WriteResult
from palomar.sandbox.sample_credentials import Secrets
from palomar.sandbox.sandbox import PersonalSandbox
from palomar.vocabulary.account import Account

EXAMPLE_NUMBER: Final = "525512345678"
"""A number that every dialect takes."""
CALLBACK_PATH: Final = "/sandbox/callback"
DONE: Final[Mapping[str, str]] = {
    "behaves": word("From now on this number does so."),
    "jumped": word("The clock has jumped: what was due meanwhile happens now."),
    "chaos": word("From now on the carrier does wrong by this script."),
    "calm": word("The carrier does nothing wrong any more but what the configuration says."),
    WriteResult.SENT: word("The phone has written."),
}
SAID: Final[Mapping[str, str]] = {
    WriteResult.NO_ACCOUNT: word("No number of yours is written like that, so nobody would get it."),
    WriteResult.INVALID: word("A phone writes to a number, and at most 2,000 characters."),
}
"""Why an answer was not told to anybody."""
FIRST_PLANS: Final[Mapping[str, str]] = {
    "ordinary": word("is delivered within a second"),
    "fail": word("fails: it cannot be delivered"),
    "slow": word("is slow: delivered after 10 s"),
    "99906": word("never answers: taken, and no receipt comes"),
    "99904": word("is refused by the carrier"),
    "99905": word("is throttled twice, then delivered"),
    "99914": word("answers OK by itself"),
}
"""What a number is made to do first of all, by the simulator's word."""
_FIELDS: Final = ("number", "account")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request to copy, of one dialect."""

    dialect: str
    title: str
    sample: Sample


async def show(visit: SignedVisit) -> PageReply:
    """The page; only the phones, or the last calls, where htmx asks for them."""
    sandbox = visit.viewer.sandbox
    if sandbox is None:
        return visit.missing()
    piece = visit.asked("piece") if visit.request.wants_piece else ""
    if piece == "calls":
        return visit.page("sandbox_calls.html", calls=sandbox.calls())
    return await (_phones(visit, sandbox, wrote=visit.asked("said")) if piece == "phones" else _page(visit, sandbox))


async def answer(visit: SignedVisit) -> PageReply:
    """A phone writes."""
    sandbox = visit.viewer.sandbox
    if sandbox is None:
        return visit.missing()
    wrote = await sandbox.phones.write(visit.asked("number"), visit.asked("to"), visit.asked("text"))
    if visit.request.wants_piece:
        return await _phones(visit, sandbox, wrote=wrote)
    if wrote is WriteResult.SENT:
        return visit.go("/sandbox", number=plain_address(visit.asked("number")), done=wrote.value)
    return await _page(visit, sandbox, fault=visit.t(SAID[wrote]))


async def behave(visit: SignedVisit) -> PageReply:
    """A phone does something else from now on."""
    sandbox, number = visit.viewer.sandbox, visit.asked("number")
    if sandbox is None:
        return visit.missing()
    fault = sandbox.phones.set_behavior(number, visit.asked("script") or visit.asked("how"))
    if fault:
        return await _page(visit, sandbox, fault=visit.t("This script cannot be read: {why}", why=told(fault, visit.t)))
    return visit.go("/sandbox", number=plain_address(number), done="behaves")


async def make_key(visit: SignedVisit) -> PageReply:
    """A further key; the examples on the page that answers are written with it, and nothing else ever shows it."""
    sandbox, account = visit.viewer.sandbox, visit.viewer.account_of_login(visit.asked("account"))
    if (
        sandbox is not None
        and account is not None
        and sandbox.credentials.may_make
        and not sandbox.credentials.has_room(account)
    ):
        return await _page(
            visit, sandbox, fault=visit.t("This account has too many keys of the sandbox: end some first.")
        )
    made = await sandbox.credentials.make(account) if sandbox is not None and account is not None else None
    if sandbox is None or made is None:
        return visit.missing()
    return await _page(visit, sandbox, made=made)


async def fault_page(visit: SignedVisit, fault: str) -> PageReply:
    """The page, which says what went wrong with a form of it."""
    sandbox = visit.viewer.sandbox
    return visit.missing() if sandbox is None else await _page(visit, sandbox, fault=fault)


async def _phones(visit: SignedVisit, sandbox: PersonalSandbox, *, wrote: str) -> PageReply:
    """The numbers and the screen. What was said of the last answer stays until the next, whatever arrives meanwhile."""
    return visit.page(
        "sandbox_phones.html",
        view=await sandbox.phones.view(plain_address(visit.asked("number"))),
        latest_of=SENT_AT_MOST,
        addresses=await sandbox.phones.addresses(),
        sandbox=sandbox,
        fields=_fields(visit),
        wrote=wrote,
        said=visit.t(SAID[wrote]) if wrote in SAID else "",
    )


async def _page(
    visit: SignedVisit, sandbox: PersonalSandbox, *, fault: str = "", made: Secrets | None = None
) -> PageReply:
    view = await sandbox.phones.view(plain_address(visit.asked("number")))
    done = DONE.get(visit.asked("done"))
    account = await _account(visit, sandbox)
    return visit.page(
        "sandbox.html",
        status=422 if fault else 200,
        view=view,
        latest_of=SENT_AT_MOST,
        addresses=await sandbox.phones.addresses(),
        sandbox=sandbox,
        fields=_fields(visit) | ({"number": view.number} if view.number else {}),
        is_chosen=bool(visit.asked("number")),
        said="",
        accounts=visit.viewer.first_accounts(CHOICE_OF),
        account=account,
        examples=await _examples(visit, sandbox, account, view.number, made) if account is not None else [],
        made=made,
        calls=sandbox.calls(),
        standing=await sandbox.controls.status() if sandbox.controls.may_change else None,
        first_plans=FIRST_PLANS,
        plans=delivery_plan.table(),
        presets=[(name, script.to_text(preset)) for name, preset in script.PRESETS.items()],
        items=script.table(),
        fault=fault,
        done=visit.t(done) if done and not fault else "",
    )


async def _account(visit: SignedVisit, sandbox: PersonalSandbox) -> Account | None:
    """Whose requests are shown: who was chosen, else the first account, else any; None beside real carriers."""
    if not sandbox.is_whole:
        return None
    chosen = visit.viewer.account_of_login(visit.asked("account"))
    return chosen or await sandbox.credentials.first_account() or next(iter(visit.viewer.first_accounts(1)), None)


async def _examples(
    visit: SignedVisit, sandbox: PersonalSandbox, account: Account, number: str, made: Secrets | None
) -> list[Example]:
    secrets = made or await sandbox.credentials.known_secrets(account)
    examples = []
    for sampler in visit.samplers:
        given = SampleValues(
            url=visit.request.origin,
            login=secrets.login,
            password=secrets.password,
            api_key=secrets.api_key,
            token=secrets.token,
            number=number or EXAMPLE_NUMBER,
            text=f"Hola from {sampler.title}",
            status_url=visit.request.origin + CALLBACK_PATH,
        )
        examples.append(Example(dialect=sampler.name, title=sampler.title, sample=sampler.make(given)))
    return examples


def _fields(visit: SignedVisit) -> dict[str, str]:
    """What was chosen, as it stands in addresses."""
    return {name: value for name in _FIELDS if (value := visit.asked(name))}
