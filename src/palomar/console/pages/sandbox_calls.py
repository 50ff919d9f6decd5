"""The page of one recorded API call: the request and the answer as they came, without their secrets."""

from palomar.console.request import PageReply, SignedInContext


async def show(context: SignedInContext) -> PageReply:
    """Show the call on a page of its own; where htmx asks, only the call."""
    sandbox = context.viewer.sandbox
    call = sandbox.call(context.request.row_id) if sandbox is not None else None
    if call is None:
        return context.not_found()
    return context.render("sandbox_call_raw.html" if context.request.wants_fragment else "sandbox_call.html", call=call)
