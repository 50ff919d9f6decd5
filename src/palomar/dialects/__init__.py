"""The faces that programs speak to: one folder a vendor, none importing another, and the list of them.

A dialect translates and decides nothing: its authentication, parsing, answers, codes and callbacks are in its folder;
the gateway decides what is accepted, billed and sent. To add one: its folder, with a ``dialect.py`` that has a
``DIALECT``, and its line in ``DIALECTS``.

A face is imported when it is built: commands need only the names, the settings and the callbacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from palomar.accounts.settings import Catalog
from palomar.ports import CallbackRenderer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from palomar.apidocs.samples import Sample, SampleValues
    from palomar.gateway import Gateway
    from palomar.net.networks import TrustedProxies


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings:
    """The settings of a dialect that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's API. ``name`` is stored with every message; ``prefixes`` are the beginnings of its paths, of one
    segment or two; ``root_parameters`` make ``/`` its own if the query has one of them."""

    name: str
    title: str
    """The vendor's name, as it is written."""
    prefixes: tuple[str, ...]
    face: Callable[[Gateway, TrustedProxies, int, Any], ASGIApp]
    """Builds the application of these paths, from gateway, proxies, largest body in octets, and its ``settings``."""
    renderer: CallbackRenderer
    sample: Callable[[SampleValues], Sample]
    """A first request, for people who try it."""
    settings: type = NoSettings
    """The dataclass of ``[dialects.NAME]``."""
    account_settings: type = NoSettings
    """The dataclass of what can be set for one account (``palomar.vocabulary.account.setting``)."""
    root_parameters: frozenset[str] = frozenset()


def _found(folder: str) -> Dialect:
    """Import a dialect by the name of its folder: by a string, so that no import joins the dialects."""
    dialect = import_module(f"palomar.dialects.{folder}.dialect").DIALECT
    assert isinstance(dialect, Dialect)
    return dialect


DIALECTS: Final = tuple(
    _found(folder)
    for folder in (
        "foxsys",
        "convergia",
        "sofmex",
        "labs402t",
    )
)


ACCOUNT_SETTINGS = Catalog(dialect.account_settings for dialect in DIALECTS)
"""Everything that can be set for an account."""


def renderers() -> Mapping[str, CallbackRenderer]:
    """Return the renderer of callbacks of each dialect, by its name."""
    return {dialect.name: dialect.renderer for dialect in DIALECTS}
