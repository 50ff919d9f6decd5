"""Finds the account of an inbound message: that of the keyword with which its text begins, otherwise that of its
number. The numbers are written by people (``numbers``)."""

from collections.abc import Iterable

from palomar.inbound import inbound_rows as rows
from palomar.inbound.joining import InboundMessage
from palomar.inbound.numbers import Keyword, VirtualNumber, keyword, virtual_number
from palomar.numbers.phone import plain_address
from palomar.storage.database import Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.opt_out_words import first_word


class NumberOwners:
    """The virtual numbers that some messages were written to, and their keywords."""

    def __init__(self, numbers: Iterable[VirtualNumber], keywords: Iterable[Keyword]) -> None:
        self._numbers = {number.number: number for number in numbers}
        self._keywords = {(keyword.number, keyword.word): keyword for keyword in keywords}

    def owner_of(self, message: InboundMessage) -> VirtualNumber | None:
        """Return the number of a whole message, with its account; None if it belongs to none."""
        return self.owner_of_text(message.destination, message.text)

    def owner_of_text(self, destination: str, text: str) -> VirtualNumber | None:
        """Return the number of a text to an address, with the account of number or keyword; None if it belongs to
        none."""
        address = plain_address(destination)
        found = self._keywords.get((address, first_word(text))) if self._keywords else None
        if found is None:
            return self._numbers.get(address)
        return VirtualNumber(number=address, account_id=found.account_id, url=found.url)

    def account_id_of(self, message: InboundMessage) -> AccountId | None:
        owner = self.owner_of(message)
        return owner.account_id if owner else None


async def find_owners(work: Work, destinations: Iterable[str]) -> NumberOwners:
    """Load the owners of these addresses."""
    return await load_owners(work.tx, destinations)


async def load_owners(tx: Transaction, destinations: Iterable[str]) -> NumberOwners:
    """Load the owners of what may be written to these addresses."""
    wanted = sorted({plain_address(destination) for destination in destinations})
    if not wanted:
        return NumberOwners((), ())
    numbers = map(virtual_number, await tx.lookup(rows.LOOKUP_NUMBERS, wanted))
    return NumberOwners(numbers, map(keyword, await tx.lookup(rows.LOOKUP_KEYWORDS, wanted)))
