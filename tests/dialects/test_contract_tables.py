"""Every dialect has a contract, and its tables have the lines that the tests ask for, and no others."""

from collections.abc import Iterable
from typing import Any

import pytest
from tests.dialects.contract import ANSWERS, DENIED, Contract, Table
from tests.dialects.contracts import CONTRACTS, contract_of, every_dialect
from tests.dialects.test_contract import ROWS, SAID_BY_THE_GATEWAY
from tests.dialects.test_contract_texts import TEXTS

from palomar.dialects import DIALECTS
from palomar.vocabulary.message import State

LINES: dict[str, Iterable[Any]] = {
    "words": State,
    "sends": [row.why for row in ROWS],
    "refusals": SAID_BY_THE_GATEWAY,
    "answers": ANSWERS,
    "asks": DENIED,
    "texts": TEXTS,
}
"""The keys that a table of every dialect has."""


def test_every_dialect_has_a_contract() -> None:
    assert list(CONTRACTS) == [dialect.name for dialect in DIALECTS]


@every_dialect
@pytest.mark.parametrize("table", LINES)
def test_every_table_has_every_line_and_no_other(contract: Contract, table: str) -> None:
    there, wanted = set(getattr(contract, table)), set(LINES[table])
    where = f"dialect {contract.dialect}, table {table!r} (tests/dialects/{contract.dialect}/contract.py)"
    assert not wanted - there, f"{where} has no line {sorted(wanted - there)}"
    assert not there - wanted, f"{where} has lines that no test asks for: {sorted(there - wanted)}"


@every_dialect
def test_every_dialect_names_places_where_it_takes_text(contract: Contract) -> None:
    assert contract.places, f"dialect {contract.dialect} has no line in table 'places'"


@every_dialect
def test_only_dialects_with_callbacks_have_lines_for_them(contract: Contract) -> None:
    assert bool(contract.callbacks) == (contract.read_callback is not None)


def test_a_missing_line_is_reported_with_its_dialect_and_its_table() -> None:
    table = Table("nueva", "words", {State.SENT: "sent"})
    assert table[State.SENT] == "sent"
    with pytest.raises(AssertionError, match=r"dialect nueva has no line 'b' in table 'words' \(tests/dialects/nueva/"):
        table["b"]


def test_a_missing_contract_is_reported_with_its_file() -> None:
    with pytest.raises(AssertionError, match=r"dialect nueva has no contract: write tests/dialects/nueva/contract\.py"):
        contract_of("nueva")
