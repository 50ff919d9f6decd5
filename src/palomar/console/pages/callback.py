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
        attempts=found.attempts,
        body=(callback.body or b"").decode("utf-8", "replace"),
        message="" if found.callback.about_inbound else public_id(callback.message_id),
        login=context.viewer.login_of(callback.account_id),
        may_replay=context.viewer.callbacks.may_replay and bool(callback.failed),
    )


async def show_attempt(context: SignedInContext) -> PageReply:
    """Show one attempt: the request and the answer."""
    attempt = await context.viewer.callbacks.find_attempt(context.request.row_id)
    if attempt is None:
        return context.not_found()
    return context.render(
        "callback_attempt.html",
        attempt=attempt,
        host=host_of(attempt.url),
        message=public_id(attempt.about) if attempt.is_of_message else "",
        login=context.viewer.login_of(attempt.account_id) if attempt.account_id is not None else "",
    )


async def show_received(context: SignedInContext) -> PageReply:
    """Show a callback that our own address received, octet by octet; where htmx asks, only the request."""
    sandbox = context.viewer.sandbox
    received = sandbox.received_callback(context.request.row_id) if sandbox is not None else None
    if received is None:
        return context.not_found()
    raw = "\n".join(
        (
            f"{received.method} {received.target} HTTP/1.1",
            *(f"{_text(name)}: {_text(value)}" for name, value in received.headers),
        )
    )
    return context.render(
        "callback_received_raw.html" if context.request.wants_fragment else "callback_received.html",
        received=received,
        raw=raw,
        body=received.body.decode("utf-8", "replace"),
        login=context.viewer.login_of(received.account_id) if received.account_id is not None else "",
    )


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")
