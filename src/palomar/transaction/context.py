"""The context of a transaction: what its steps may look at, as it is when the transaction begins.

Packages above this one add what they need: a struct of their own, a :class:`ContextExtension`. Not here: how a context
is built, and in which order participants write (``app.transaction_order``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

from msgspec import Struct

from palomar.ports import Ids
from palomar.vocabulary.account import Account, AccountId


class ContextExtension(Struct, frozen=True, kw_only=True):
    """A base class for what one package adds to the context for its own use."""

    @classmethod
    def of(cls, context: "TransactionContext") -> Self:
        """Return the context's value of this type. Raises KeyError if the context was built without it."""
        return context.extensions[cls]  # type: ignore[return-value]  # the key is its type


class Writer(Protocol):
    """Something that writes rows at the end of a transaction (``work.Participant``)."""

    async def write(self) -> None:
        """Write what was collected."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionContext:
    """What the steps of a transaction may look at: accounts, ids, the node, and what packages above have added."""

    accounts: Mapping[AccountId, Account]
    ids: Ids
    node_id: int | None
    """The node that claims the messages which the transaction stores; None leaves them to any node."""
    write_order: tuple[type[Writer], ...]
    """The kinds of participants that may join, in the order in which they write."""
    extensions: Mapping[type[ContextExtension], ContextExtension]

    def without_node(self) -> "TransactionContext":
        """Return the same context for a transaction outside the batcher: no node claims what it stores."""
        return replace(self, node_id=None)
