"""CONVERGIA's entry in the list of dialects.

CONVERGIA defines no callbacks: its customers query the status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from palomar.callbacks.account_callbacks import AccountOnlyRenderer
from palomar.dialects import Dialect
from palomar.dialects.convergia import NAME, PARAMETERS, PREFIXES
from palomar.dialects.convergia.account_settings import ConvergiaAccount
from palomar.dialects.convergia.sample import sample
from palomar.dialects.convergia.settings import ConvergiaSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from palomar.gateway import Gateway
    from palomar.net.networks import TrustedProxies


def face(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: ConvergiaSettings) -> ASGIApp:
    """Build the application that answers the dialect's paths. It is imported only now: commands need no face."""
    from palomar.dialects.convergia.api import ConvergiaApi

    return ConvergiaApi(gateway, proxies, body_limit, settings)


DIALECT = Dialect(
    name=NAME,
    title="CONVERGIA",
    prefixes=PREFIXES,
    face=face,
    renderer=AccountOnlyRenderer(),
    sample=sample,
    settings=ConvergiaSettings,
    account_settings=ConvergiaAccount,
    root_parameters=PARAMETERS,
)
