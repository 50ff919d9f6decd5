"""``docs/limits.md`` lists what can grow and its limit: each test that it names exists, and each figure is the one in
the code."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from palomar.access.hashing_queue import EACH_AT_MOST, KNOWN_AT_MOST, STRANGERS_AT_MOST, SUSPECTS_AT_MOST
from palomar.access.password_rule import PASSWORD_LONGEST
from palomar.accounts.blocks import REFUSED_A_MINUTE, TRIES_WHILE_BLOCKED
from palomar.accounts.known_callers import KEPT_AT_MOST, PROXIES_AT_MOST
from palomar.accounts.subaccount_limits import A_MINUTE, DEEPEST, SUBACCOUNTS_AT_MOST
from palomar.callbacks import targets
from palomar.carriers.smpp.settings import UNANSWERED_MAX
from palomar.console.viewer.user_admin import USERS_AT_MOST
from palomar.dialects.convergia import api as convergia
from palomar.dialects.convergia.parameters import PARAMETERS_AT_MOST
from palomar.dialects.convergia.requests import EXTRA_LONGEST
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.dialects.convergia.soap import ATTRIBUTES_AT_MOST
from palomar.dialects.foxsys import api as foxsys
from palomar.dialects.foxsys import requests, subids
from palomar.dialects.foxsys import texts as foxsys_texts
from palomar.dialects.foxsys.account_settings import FoxsysAccount
from palomar.dialects.labs402t import api as labs402t
from palomar.dialects.labs402t import message
from palomar.dialects.labs402t.sending import MOST_MESSAGES
from palomar.dialects.sofmex import api as sofmex
from palomar.dialects.sofmex import logins, wire
from palomar.dialects.sofmex.queries import IDS_AT_MOST
from palomar.net.capacity import REFUSING_AT_MOST, UNFINISHED_OCTETS
from palomar.net.client.resolver import LOOKUPS_AT_MOST
from palomar.net.descriptors import CALLBACKS_AT_MOST, CONNECTIONS_AT_MOST
from palomar.net.limits import HttpLimits
from palomar.receipts.oddities import OF_A_KIND_AT_MOST
from palomar.sandbox.api_calls import CALLS_PER_ACCOUNT
from palomar.sandbox.change_feed import SUBSCRIBERS_AT_MOST, SUBSCRIBERS_PER_PERSON
from palomar.sandbox.sample_credentials import KEYS_AT_MOST
from palomar.short_links.click_recorder import A_LINK_A_MINUTE
from palomar.short_links.redirect import AGENT_LONGEST
from palomar.short_links.shorten import URL_LONGEST
from palomar.vocabulary.account import DAILY_LIMIT, AccountSettings
from palomar.vocabulary.doubt import RESENDS_AFTER_DEATHS

ROOT: Final = Path(__file__).parents[2]
LIMITS: Final = HttpLimits()

FIGURES: Final[Mapping[str, float]] = {
    "connections, all ports together": CONNECTIONS_AT_MOST,
    "refused connections that are answered, at a time": REFUSING_AT_MOST,
    "octets of all requests that have not come whole": UNFINISHED_OCTETS,
    "connections of callbacks": CALLBACKS_AT_MOST,
    "callbacks in memory, of a target that answers": targets.MEMORY_OF_TARGET[targets.GOOD],
    "callbacks in memory, of a target that fails or keeps us waiting": targets.MEMORY_OF_TARGET[targets.POOR],
    "callbacks in memory, of an account": targets.MEMORY_OF_ACCOUNT[targets.GOOD],
    "targets of callbacks that are remembered": targets.TARGETS_AT_MOST,
    "host names that are looked up at a time": LOOKUPS_AT_MOST,
    "seconds for a request's head": LIMITS.head_seconds,
    "seconds for a body": LIMITS.body_seconds,
    "seconds for a client to read its answer": LIMITS.write_seconds,
    "seconds idle between requests": LIMITS.keep_alive_seconds,
    "octets of a head": LIMITS.head_octets,
    "copies of a part that its carrier does not answer": 1 + AccountSettings().resend_times,
    "copies of a part because nodes died": 1 + RESENDS_AFTER_DEATHS,
    "submits in a row that a link may leave without an answer": UNANSWERED_MAX,
    "header lines of a request": LIMITS.headers,
    "requests that wait on one connection": LIMITS.pipelined,
    "octets of a body nobody wants": LIMITS.drain_octets,
    "octets around a body (chunks, trailers)": LIMITS.head_octets,
    "attributes of a SOAP part": ATTRIBUTES_AT_MOST,
    "passwords of strangers that wait to be hashed": STRANGERS_AT_MOST,
    "those of known logins": KNOWN_AT_MOST,
    "those of addresses that have just failed five times": SUSPECTS_AT_MOST,
    "those of one address, or one known login there": EACH_AT_MOST,
    "bad credentials of an address within a minute": REFUSED_A_MINUTE,
    "new passwords a minute for a known login at a blocked address": TRIES_WHILE_BLOCKED,
    "known logins that are stored": KEPT_AT_MOST,
    "proxies that nobody trusts, remembered": PROXIES_AT_MOST,
    "characters of a password that is set": PASSWORD_LONGEST,
    "octets of a body, FOXSYS and 402T Labs": min(foxsys.BODY_LIMIT, labs402t.BODY_LIMIT),
    "octets of a body, SOFMEX": sofmex.BODY_LIMIT,
    "octets of a body, CONVERGIA": convergia.BODY_LIMIT,
    "octets of a login's body, SOFMEX": logins.BODY_LIMIT,
    "JSON values of a body, FOXSYS": foxsys.VALUES_AT_MOST,
    "JSON values of a body, SOFMEX": sofmex.VALUES_AT_MOST,
    "JSON values of a body, 402T Labs": labs402t.VALUES_AT_MOST,
    "characters of a text as posted, FOXSYS": foxsys_texts.RAW_LONGEST,
    "characters of a text as posted, SOFMEX": wire.TEXT_RAW_MAX,
    "characters of a text as posted, CONVERGIA": ConvergiaSettings().raw_longest,
    "characters of a text as posted, 402T Labs": message.RAW_LONGEST,
    "characters of a telephone with what stands between its digits": wire.TELEPHONE_RAW_MAX,
    "recipients of a request, FOXSYS": FoxsysAccount().batch_limit,
    "records of a batch, SOFMEX": wire.RECORDS_MAX,
    "messages of a batch, 402T Labs": MOST_MESSAGES,
    "message ids of a question, SOFMEX": IDS_AT_MOST,
    "characters of all texts of a request, FOXSYS": requests.CHARACTERS_AT_MOST,
    "values put into all texts of a request, FOXSYS": requests.PLACES_AT_MOST,
    "short links of a request, FOXSYS": requests.LINKS_AT_MOST,
    "characters of a URL behind a short link": URL_LONGEST,
    "characters of an `ackurl` or `clickurl`": requests.CALLBACK_URL_LONGEST,
    "characters of a label": requests.LABEL_LONGEST,
    "characters of a `subid`": subids.LONGEST,
    "characters of an `extra`, CONVERGIA": EXTRA_LONGEST,
    "parts of a message": FoxsysAccount().max_parts,
    "parameters of a query or form, CONVERGIA": PARAMETERS_AT_MOST,
    "unknown words of receipts, and oddities of PDUs, counted apart for a carrier": OF_A_KIND_AT_MOST,
    "requests a second of an account, FOXSYS": AccountSettings().requests_per_second,
    "messages of an account in a day": DAILY_LIMIT,
    "messages of an account in a day that cost nothing": AccountSettings().unpaid_limit,
    "sub-accounts of a family, made by programs": SUBACCOUNTS_AT_MOST,
    "sub-accounts of a family in a minute": A_MINUTE,
    "levels of sub-accounts": DEEPEST,
    "visits of a short link that are recorded and told, in a minute": A_LINK_A_MINUTE,
    "characters of a user agent that are kept of a visit": AGENT_LONGEST,
    "keys of an account that the sandbox made, at a time": KEYS_AT_MOST,
    "users in the scope of who adds one in the console": USERS_AT_MOST,
    "open event streams of a person": SUBSCRIBERS_PER_PERSON,
    "open event streams of a server": SUBSCRIBERS_AT_MOST,
    "calls kept for the sandbox, an account": CALLS_PER_ACCOUNT,
}
"""What the code says, by the words of the table."""

_COLUMNS: Final = 4


def table() -> list[tuple[str, ...]]:
    """Return the rows of the page: quantity, limit, what happens beyond it, test."""
    lines = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in lines if line.startswith("| ")]
    return [row for row in rows if row[0] != "quantity" and not set(row[0]) <= {"-"}]


@pytest.mark.parametrize("row", table(), ids=lambda row: row[0])
def test_every_limit_names_a_test_that_exists(row: tuple[str, ...]) -> None:
    assert len(row) == _COLUMNS
    named = re.findall("`([^`]+)`", row[-1])
    assert named
    for name in named:
        file, _, function = name.partition("::")
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert re.search(rf"def {re.escape(function)}\(", text), name


def test_no_limit_has_two_rows() -> None:
    quantities = [row[0] for row in table()]
    assert len(set(quantities)) == len(quantities) > len(FIGURES) // 2


@pytest.mark.parametrize(("quantity", "figure"), FIGURES.items(), ids=FIGURES)
def test_the_figure_of_each_limit_is_the_one_in_the_code(quantity: str, figure: float) -> None:
    (bound,) = [row[1] for row in table() if row[0] == quantity]
    first = re.match(r"[0-9][0-9,]*(\.[0-9]+)?", bound)
    assert first is not None, bound
    assert float(first[0].replace(",", "")) == figure
