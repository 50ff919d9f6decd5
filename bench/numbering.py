"""The phone number and the subid of the bench's n-th message, and the way back.

Stateless. The load generator counts up; the SMSC and the sink turn what they see back into the index, so that every
lost and every doubled message has a place in an array.
"""

_FIRST = 34_600_000_000  # Spanish mobile numbers
_BLOCK = 100_000
_USED = 99_900  # of each block: national numbers ending 99900-99999 ask Palomar's own simulator for failures
_LAST_INDEX = 99_000_000 // _BLOCK * _USED

MESSAGES_MAX = _LAST_INDEX
SUBID_PREFIX = b"bench"
SUBID_DIGITS = 10


def number_of(index: int) -> int:
    """Return the phone number of message ``index``, in international form without the plus."""
    return _FIRST + index + index // _USED * (_BLOCK - _USED)


def index_of(number: int) -> int:
    """Return the message that goes to ``number``; raises ValueError if the bench never sends there."""
    block, place = divmod(number - _FIRST, _BLOCK)
    if block < 0 or place >= _USED:
        raise ValueError(f"{number} is none of the bench's numbers")
    return block * _USED + place


def subid_of(request: int) -> bytes:
    """Return the ``subid`` of request ``request``: fixed width, so that a body's length never changes."""
    return b"%b%0*d" % (SUBID_PREFIX, SUBID_DIGITS, request)
