"""FOXSYS's entry in the list of dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palomar.dialects import Dialect, NoSettings
from palomar.dialects.foxsys import NAME, PREFIXES
from palomar.dialects.foxsys.account_settings import FoxsysAccount
from palomar.dialects.foxsys.callbacks import FoxsysCallbacks
from palomar.dialects.foxsys.sample import sample

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from palomar.gateway import Gateway
    from palomar.net.networks import TrustedProxies


def face(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: NoSettings) -> ASGIApp:
    """Build the application that answers the dialect's paths. It is imported only now: commands need no face."""
    from palomar.dialects.foxsys.api import FoxsysApi

    return FoxsysApi(gateway, proxies, body_limit)


DIALECT = Dialect(
    name=NAME,
    title="FOXSYS",
    prefixes=PREFIXES,
    face=face,
    renderer=FoxsysCallbacks(),
    sample=sample,
    account_settings=FoxsysAccount,
)
