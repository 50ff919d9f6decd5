"""One of the last calls of programs: the request and the answer as they came, without their secrets."""

from palomar.console.request import PageReply, SignedVisit


async def show(visit: SignedVisit) -> PageReply:
    """A page of its own; only the call where htmx asks for it."""
    sandbox = visit.viewer.sandbox
    call = sandbox.call(visit.request.named_number) if sandbox is not None else None
    if call is None:
        return visit.missing()
    return visit.page("sandbox_call_raw.html" if visit.request.wants_piece else "sandbox_call.html", call=call)
