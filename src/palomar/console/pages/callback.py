"""One callback: one that is still open with its attempts, one attempt, or one that the sandbox's own address got."""

from palomar.callbacks.history import host_of
from palomar.console.request import PageReply, SignedVisit
from palomar.vocabulary.message import public_id


async def show_open(visit: SignedVisit) -> PageReply:
    """One that has not succeeded."""
    found = await visit.viewer.callbacks.open_one(visit.request.named_number)
    if found is None:
        return visit.missing()
    callback = found.callback.row
    return visit.page(
        "callback_open.html",
        callback=callback,
        host=found.host,
        tried=found.tried,
        body=(callback.body or b"").decode("utf-8", "replace"),
        message="" if found.callback.about_inbound else public_id(callback.message_id),
        login=visit.viewer.login_of(callback.account_id),
        may_replay=visit.viewer.callbacks.may_replay and bool(callback.failed),
    )


async def show_tried(visit: SignedVisit) -> PageReply:
    """One attempt: what was asked, and what came back."""
    tried = await visit.viewer.callbacks.tried(visit.request.named_number)
    if tried is None:
        return visit.missing()
    return visit.page(
        "callback_tried.html",
        tried=tried,
        host=host_of(tried.url),
        message=public_id(tried.about) if tried.is_of_message else "",
        login=visit.viewer.login_of(tried.account_id) if tried.account_id is not None else "",
    )


async def show_got(visit: SignedVisit) -> PageReply:
    """What a customer's program would have got, octet by octet; only that where htmx asks for it."""
    sandbox = visit.viewer.sandbox
    got = sandbox.received_callback(visit.request.named_number) if sandbox is not None else None
    if got is None:
        return visit.missing()
    raw = "\n".join(
        (f"{got.method} {got.target} HTTP/1.1", *(f"{_text(name)}: {_text(value)}" for name, value in got.headers))
    )
    return visit.page(
        "callback_got_raw.html" if visit.request.wants_piece else "callback_got.html",
        got=got,
        raw=raw,
        body=got.body.decode("utf-8", "replace"),
        login=visit.viewer.login_of(got.account_id) if got.account_id is not None else "",
    )


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")
