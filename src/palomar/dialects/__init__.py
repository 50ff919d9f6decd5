"""The faces that programs speak to: one folder a vendor, strangers to each other, and the list of them.

A dialect translates and decides nothing: its own authentication, parsing, answers, codes and callbacks stand in its
folder; what is accepted, billed and sent is the gateway's. To add one: its folder, and its line in ``DIALECTS``.

A face is imported when it is built: commands need only the names, the settings and the callbacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from palomar.dialects import convergia, foxsys, labs402t, sofmex
from palomar.dialects.convergia.account_settings import ConvergiaAccount
from palomar.dialects.convergia.sample import sample as convergia_sample
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.dialects.convergia.webhooks import ConvergiaWebhooks
from palomar.dialects.foxsys.account_settings import FoxsysAccount
from palomar.dialects.foxsys.sample import sample as foxsys_sample
from palomar.dialects.foxsys.webhooks import FoxsysWebhooks
from palomar.dialects.labs402t.account_settings import Labs402tAccount
from palomar.dialects.labs402t.sample import sample as labs402t_sample
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.dialects.labs402t.webhooks import Labs402tWebhooks
from palomar.dialects.sofmex.account_settings import SofmexAccount
from palomar.dialects.sofmex.sample import sample as sofmex_sample
from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.dialects.sofmex.webhooks import SofmexWebhooks
from palomar.domain.settings import Catalog
from palomar.ports import WebhookRenderer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from palomar.apidocs.samples import Given, Sample
    from palomar.engine.gateway import Gateway
    from palomar.net.networks import TrustedProxies


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings:
    """A dialect of which nothing can be set as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's API. ``name`` is kept with every message; ``prefixes`` are the beginnings of its paths, of one
    segment or two; ``root_parameters`` make ``/`` its own when the query has one of them."""

    name: str
    title: str
    """As the vendor is written."""
    prefixes: tuple[str, ...]
    face: Callable[[Gateway, TrustedProxies, int, Any], ASGIApp]
    """Builds what answers those paths: gateway, proxies, the largest body in octets, its ``settings``."""
    renderer: WebhookRenderer
    sample: Callable[[Given], Sample]
    """A first request, for people who try it."""
    settings: type = NoSettings
    """The dataclass of ``[dialects.NAME]``."""
    account_settings: type = NoSettings
    """The dataclass of what can be set for one account (``palomar.domain.account.setting``)."""
    root_parameters: frozenset[str] = frozenset()


def _foxsys(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: NoSettings) -> ASGIApp:
    from palomar.dialects.foxsys.api import FoxsysApi

    return FoxsysApi(gateway, proxies, body_limit)


def _convergia(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: ConvergiaSettings) -> ASGIApp:
    from palomar.dialects.convergia.api import ConvergiaApi

    return ConvergiaApi(gateway, proxies, body_limit, settings)


def _sofmex(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: SofmexSettings) -> ASGIApp:
    from palomar.dialects.sofmex.api import SofmexApi

    return SofmexApi(gateway, proxies, body_limit, settings)


def _labs402t(gateway: Gateway, proxies: TrustedProxies, body_limit: int, settings: Labs402tSettings) -> ASGIApp:
    from palomar.dialects.labs402t.api import Labs402tApi

    return Labs402tApi(gateway, proxies, body_limit, settings)


DIALECTS = (
    Dialect(
        name=foxsys.NAME,
        title="FOXSYS",
        prefixes=foxsys.PREFIXES,
        face=_foxsys,
        renderer=FoxsysWebhooks(),
        sample=foxsys_sample,
        account_settings=FoxsysAccount,
    ),
    Dialect(
        name=convergia.NAME,
        title="CONVERGIA",
        prefixes=convergia.PREFIXES,
        face=_convergia,
        renderer=ConvergiaWebhooks(),
        sample=convergia_sample,
        account_settings=ConvergiaAccount,
        settings=ConvergiaSettings,
        root_parameters=convergia.PARAMETERS,
    ),
    Dialect(
        name=sofmex.NAME,
        title="SOFMEX",
        prefixes=sofmex.PREFIXES,
        face=_sofmex,
        renderer=SofmexWebhooks(),
        sample=sofmex_sample,
        account_settings=SofmexAccount,
        settings=SofmexSettings,
    ),
    Dialect(
        name=labs402t.NAME,
        title="402T Labs",
        prefixes=labs402t.PREFIXES,
        face=_labs402t,
        renderer=Labs402tWebhooks(),
        sample=labs402t_sample,
        account_settings=Labs402tAccount,
        settings=Labs402tSettings,
    ),
)


ACCOUNT_SETTINGS = Catalog(dialect.account_settings for dialect in DIALECTS)
"""Everything that can be set for an account."""


def renderers() -> Mapping[str, WebhookRenderer]:
    """How each dialect calls back."""
    return {dialect.name: dialect.renderer for dialect in DIALECTS}
