"""402T Labs' entry in the list of dialects.

402T Labs' page defines no callbacks: programs query ``GET /sms/{guid}/status``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from palomar.callbacks.account_callbacks import AccountOnlyRenderer
from palomar.dialects import Dialect
from palomar.dialects.labs402t import NAME, PREFIXES
from palomar.dialects.labs402t.account_settings import Labs402tAccount
from palomar.dialects.labs402t.sample import sample
from palomar.dialects.labs402t.settings import Labs402tSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from palomar.gateway import Gateway
    from palomar.net.networks import TrustedProxies


def face(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: Labs402tSettings) -> ASGIApp:
    """Build the application that answers the dialect's paths. It is imported only now: commands need no face."""
    from palomar.dialects.labs402t.api import Labs402tApi

    return Labs402tApi(gateway, proxies, body_limit, settings)


DIALECT = Dialect(
    name=NAME,
    title="402T Labs",
    prefixes=PREFIXES,
    face=face,
    renderer=AccountOnlyRenderer(),
    sample=sample,
    settings=Labs402tSettings,
    account_settings=Labs402tAccount,
)
