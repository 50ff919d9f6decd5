"""Where the console opens: on the sandbox while every carrier is simulated, else on the overview."""

from palomar.console.pages import overview
from palomar.console.request import PageReply, SignedVisit


async def show(visit: SignedVisit) -> PageReply:
    """The first page of this viewer."""
    sandbox = visit.viewer.sandbox
    return visit.go("/sandbox") if sandbox is not None and sandbox.is_whole else await overview.show(visit)
