"""SOFMEX's entry in the list of dialects.

SOFMEX's page defines no callbacks: customers query ``POST /sms/v3/status``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from palomar.callbacks.account_callbacks import AccountOnlyRenderer
from palomar.dialects import Dialect
from palomar.dialects.sofmex import NAME, PREFIXES
from palomar.dialects.sofmex.account_settings import SofmexAccount
from palomar.dialects.sofmex.sample import sample
from palomar.dialects.sofmex.settings import SofmexSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from palomar.gateway import Gateway
    from palomar.net.networks import TrustedProxies


def face(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: SofmexSettings) -> ASGIApp:
    """Build the application that answers the dialect's paths. It is imported only now: commands need no face."""
    from palomar.dialects.sofmex.api import SofmexApi

    return SofmexApi(gateway, proxies, body_limit, settings)


DIALECT = Dialect(
    name=NAME,
    title="SOFMEX",
    prefixes=PREFIXES,
    face=face,
    renderer=AccountOnlyRenderer(),
    sample=sample,
    settings=SofmexSettings,
    account_settings=SofmexAccount,
)
