"""The faces that programs speak to: one folder a vendor, strangers to each other, and the list of them.

A dialect translates and decides nothing: its own authentication, parsing, answers, codes and callbacks stand in its
folder; what is accepted, billed and sent is the gateway's. To add one: its folder, and its line in ``DIALECTS``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp

from palomar.dialects import foxsys
from palomar.dialects.foxsys.api import FoxsysApi
from palomar.dialects.foxsys.webhooks import FoxsysWebhooks
from palomar.engine.gateway import Gateway
from palomar.net.networks import TrustedProxies
from palomar.ports import WebhookRenderer


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's API. ``name`` is kept with every message; ``prefixes`` are the first segments of its paths."""

    name: str
    prefixes: tuple[str, ...]
    face: Callable[[Gateway, TrustedProxies, int], ASGIApp]
    """Builds what answers those paths; the last argument is the largest body in octets."""
    renderer: WebhookRenderer


DIALECTS = (Dialect(name=foxsys.NAME, prefixes=foxsys.PREFIXES, face=FoxsysApi, renderer=FoxsysWebhooks()),)
