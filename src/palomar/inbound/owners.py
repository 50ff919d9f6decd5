"""Whose an inbound message is: a text that begins with a keyword of its number is the keyword's account's, any other is
the number's. Written by people (``numbers``), asked by ``receive``.
"""

from collections.abc import Iterable

from palomar.inbound import inbound_rows as rows
from palomar.inbound.joining import InboundMessage
from palomar.inbound.numbers import Keyword, VirtualNumber, keyword, virtual_number
from palomar.numbers.phone import plain_address
from palomar.storage.database import Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.opt_out_words import first_word


class Owners:
    """Who has the numbers that some messages were written to, and who their keywords."""

    def __init__(self, numbers: Iterable[VirtualNumber], keywords: Iterable[Keyword]) -> None:
        self._numbers = {number.number: number for number in numbers}
        self._keywords = {(keyword.number, keyword.word): keyword for keyword in keywords}

    def of(self, message: InboundMessage) -> VirtualNumber | None:
        """The owner of a message that is whole, as the number that is theirs."""
        return self.of_text(message.destination, message.text)

    def of_text(self, destination: str, text: str) -> VirtualNumber | None:
        """The owner of such a text to such an address."""
        address = plain_address(destination)
        found = self._keywords.get((address, first_word(text))) if self._keywords else None
        if found is None:
            return self._numbers.get(address)
        return VirtualNumber(number=address, account_id=found.account_id, url=found.url)

    def account_id_of(self, message: InboundMessage) -> AccountId | None:
        owner = self.of(message)
        return owner.account_id if owner else None


async def owners_of(work: Work, destinations: Iterable[str]) -> Owners:
    """The owners of what was written to these addresses."""
    return await load_owners(work.tx, destinations)


async def load_owners(tx: Transaction, destinations: Iterable[str]) -> Owners:
    """The owners of what may be written to these addresses."""
    wanted = sorted({plain_address(destination) for destination in destinations})
    if not wanted:
        return Owners((), ())
    numbers = map(virtual_number, await tx.lookup(rows.LOOKUP_NUMBERS, wanted))
    return Owners(numbers, map(keyword, await tx.lookup(rows.LOOKUP_KEYWORDS, wanted)))
