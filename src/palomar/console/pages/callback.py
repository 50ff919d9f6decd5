"""The pages of one callback: an open one with its attempts, one attempt, and one that the sandbox's address
received."""

from palomar.callbacks.history import host_of
from palomar.console.request import PageReply, SignedInContext
from palomar.vocabulary.message import public_id


async def show_open(context: SignedInContext) -> PageReply:
    """Show a callback that has not succeeded, with its attempts."""
    found = await context.viewer.callbacks.find_open(context.request.row_id)
    if found is None:
        return context.not_found()
    callback = found.callback.row
    return context.render(
        "callback_open.html",
        callback=callback,
        host=found.host,
        tried=found.tried,
        body=(callback.body or b"").decode("utf-8", "replace"),
        message="" if found.callback.about_inbound else public_id(callback.message_id),
        login=context.viewer.login_of(callback.account_id),
        may_replay=context.viewer.callbacks.may_replay and bool(callback.failed),
    )


async def show_attempt(context: SignedInContext) -> PageReply:
    """Show one attempt: the request and the answer."""
    tried = await context.viewer.callbacks.find_attempt(context.request.row_id)
    if tried is None:
        return context.not_found()
    return context.render(
        "callback_attempt.html",
        tried=tried,
        host=host_of(tried.url),
        message=public_id(tried.about) if tried.is_of_message else "",
        login=context.viewer.login_of(tried.account_id) if tried.account_id is not None else "",
    )


async def show_received(context: SignedInContext) -> PageReply:
    """Show a callback that our own address received, octet by octet; where htmx asks, only the request."""
    sandbox = context.viewer.sandbox
    got = sandbox.received_callback(context.request.row_id) if sandbox is not None else None
    if got is None:
        return context.not_found()
    raw = "\n".join(
        (f"{got.method} {got.target} HTTP/1.1", *(f"{_text(name)}: {_text(value)}" for name, value in got.headers))
    )
    return context.render(
        "callback_received_raw.html" if context.request.wants_fragment else "callback_received.html",
        got=got,
        raw=raw,
        body=got.body.decode("utf-8", "replace"),
        login=context.viewer.login_of(got.account_id) if got.account_id is not None else "",
    )


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")
