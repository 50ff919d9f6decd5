"""The order of a transaction stands in one place, and everything that takes part in it has its place there."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest
from tests.support.world import World

import palomar
from palomar.app.transaction_order import STEPS, WRITE_ORDER
from palomar.billing.ledger import Ledger
from palomar.storage.database import Transaction
from palomar.transaction.work import Participant, Work


def all_modules() -> list[object]:
    """Import every module of the product, so that whatever it defines is known."""
    names = (found.name for found in pkgutil.walk_packages(palomar.__path__, "palomar."))
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def steps_made_in(module: Path) -> list[str]:
    """List the names of the steps that a module makes: each names its own, as a literal."""
    calls = (node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call))
    return [
        ast.literal_eval(next(word.value for word in call.keywords if word.arg == "name"))
        for call in calls
        if ast.unparse(call.func).partition("[")[0] == "Step"
    ]


def kinds_below(kind: type[Participant]) -> set[type[Participant]]:
    return {kind}.union(*map(kinds_below, kind.__subclasses__()))


def test_every_kind_that_joins_has_one_place_in_the_order() -> None:
    all_modules()
    of_the_product = {
        kind for kind in kinds_below(Participant) - {Participant} if kind.__module__.startswith("palomar.")
    }
    assert set(WRITE_ORDER) == of_the_product
    assert len(WRITE_ORDER) == len(of_the_product)


def test_every_step_has_one_place_in_the_order() -> None:
    named = sorted(name for module in Path(palomar.__path__[0]).rglob("*.py") for name in steps_made_in(module))
    assert named == sorted(STEPS)
    assert len(named) > 20


async def test_a_kind_without_a_place_cannot_join(world: World) -> None:
    class Stranger(Participant):
        async def write(self) -> None:
            raise AssertionError("nobody writes it")

    async def script(tx: Transaction) -> None:
        with pytest.raises(ValueError, match="Stranger has no place"):
            Stranger.of(Work(tx, world.context(), now_ms=world.now_ms))

    await world.database.write(script)


async def test_all_steps_of_one_transaction_share_an_instance(world: World) -> None:
    async def script(tx: Transaction) -> tuple[bool, bool, bool]:
        work, other = (Work(tx, world.context(), now_ms=world.now_ms) for _ in range(2))
        before = work.joined(Ledger) is None
        return before, Ledger.of(work) is work.joined(Ledger), Ledger.of(work) is not Ledger.of(other)

    assert await world.database.write(script) == (True, True, True)
