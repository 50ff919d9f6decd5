"""The faces that programs speak to: one folder a vendor, strangers to each other, and the list of them.

A dialect translates and decides nothing: its own authentication, parsing, answers, codes and callbacks stand in its
folder; what is accepted, billed and sent is the gateway's. To add one: its folder, and its line in ``DIALECTS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from palomar.dialects import convergia, foxsys, labs402t, sofmex
from palomar.dialects.convergia.api import ConvergiaApi
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.dialects.convergia.webhooks import ConvergiaWebhooks
from palomar.dialects.foxsys.api import FoxsysApi
from palomar.dialects.foxsys.webhooks import FoxsysWebhooks
from palomar.dialects.labs402t.api import Labs402tApi
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.dialects.labs402t.webhooks import Labs402tWebhooks
from palomar.dialects.sofmex.api import SofmexApi
from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.dialects.sofmex.webhooks import SofmexWebhooks
from palomar.engine.gateway import Gateway
from palomar.net.networks import TrustedProxies
from palomar.ports import WebhookRenderer


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings:
    """A dialect of which nothing can be set as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's API. ``name`` is kept with every message; ``prefixes`` are the beginnings of its paths, of one
    segment or two; ``root_parameters`` make ``/`` its own when the query has one of them."""

    name: str
    prefixes: tuple[str, ...]
    face: Callable[[Gateway, TrustedProxies, int, Any], ASGIApp]
    """Builds what answers those paths: gateway, proxies, the largest body in octets, its ``settings``."""
    renderer: WebhookRenderer
    settings: type = NoSettings
    """The dataclass of ``[dialects.NAME]``."""
    root_parameters: frozenset[str] = frozenset()


DIALECTS = (
    Dialect(
        name=foxsys.NAME,
        prefixes=foxsys.PREFIXES,
        face=lambda gateway, proxies, limit, settings: FoxsysApi(gateway, proxies, limit),
        renderer=FoxsysWebhooks(),
    ),
    Dialect(
        name=convergia.NAME,
        prefixes=convergia.PREFIXES,
        face=ConvergiaApi,
        renderer=ConvergiaWebhooks(),
        settings=ConvergiaSettings,
        root_parameters=convergia.PARAMETERS,
    ),
    Dialect(
        name=sofmex.NAME,
        prefixes=sofmex.PREFIXES,
        face=SofmexApi,
        renderer=SofmexWebhooks(),
        settings=SofmexSettings,
    ),
    Dialect(
        name=labs402t.NAME,
        prefixes=labs402t.PREFIXES,
        face=Labs402tApi,
        renderer=Labs402tWebhooks(),
        settings=Labs402tSettings,
    ),
)
