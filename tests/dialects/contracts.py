"""The contracts of all dialects that are in ``palomar.dialects.DIALECTS``, found by their names.

Who adds a dialect writes its ``contract.py`` and changes no test.
"""

import importlib
from typing import Final

import pytest
from tests.dialects.contract import Contract
from tests.dialects.speaking import Door

from palomar.dialects import DIALECTS


def contract_of(dialect: str) -> Contract:
    """Import the contract of a dialect."""
    module = f"tests.dialects.{dialect}.contract"
    try:
        found = importlib.import_module(module).CONTRACT
    except ModuleNotFoundError as error:
        if error.name not in (module, module.rpartition(".")[0]):
            raise
        raise AssertionError(
            f"dialect {dialect} has no contract: write tests/dialects/{dialect}/contract.py"
        ) from error
    assert isinstance(found, Contract)
    assert found.dialect == dialect, f"tests/dialects/{dialect}/contract.py is of {found.dialect}"
    assert {speaker.dialect for speaker in found.speakers} == {dialect}
    return found


CONTRACTS: Final[dict[str, Contract]] = {dialect.name: contract_of(dialect.name) for dialect in DIALECTS}
SPEAKERS: Final = tuple(speaker for contract in CONTRACTS.values() for speaker in contract.speakers)
DOORS: Final[tuple[Door, ...]] = tuple(
    door for contract in CONTRACTS.values() for door in (*contract.speakers, *contract.doors)
)
every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
every_dialect = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.dialect)
