"""The console's first page: the sandbox if every carrier is simulated, else the overview."""

from palomar.console.pages import overview
from palomar.console.request import PageReply, SignedInContext


async def show(context: SignedInContext) -> PageReply:
    """Show the overview, or redirect to the sandbox."""
    sandbox = context.viewer.sandbox
    return (
        context.redirect("/sandbox") if sandbox is not None and sandbox.all_simulated else await overview.show(context)
    )
