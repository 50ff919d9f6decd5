"""Gives every transaction what it may look at, as it stands when the transaction begins.

Packages above this one add what they need: a struct of their own, a :class:`Given`. Not here: who builds a context, and
the order of kinds (``app.transaction_order``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

from msgspec import Struct

from palomar.ports import Ids
from palomar.vocabulary.account import Account, AccountId


class Given(Struct, frozen=True, kw_only=True):
    """The base of what one package puts into the context for its own use."""

    @classmethod
    def of(cls, context: "TransactionContext") -> Self:
        """Return the context's one value of this type. Raises KeyError where the context was built without it."""
        return context.given[cls]  # type: ignore[return-value]  # each value stands under its own type


class Written(Protocol):
    """What a transaction writes at its end."""

    async def write(self) -> None:
        """Write everything that was collected."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionContext:
    """What every transaction may look at: the accounts, which node this is, and what packages above have given."""

    accounts: Mapping[AccountId, Account]
    ids: Ids
    node_id: int | None
    """Claims what the transaction makes; None leaves it to any node."""
    order: tuple[type[Written], ...]
    """Which kinds may join the transaction, in the order in which they are written."""
    given: Mapping[type[Given], Given]

    def beside(self) -> "TransactionContext":
        """Return the same for a transaction beside the batcher: no node claims what it makes."""
        return replace(self, node_id=None)
