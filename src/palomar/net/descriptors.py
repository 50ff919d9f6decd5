"""Descriptors: how many a process may have open, and how many of them HTTP may take.

A connection, a file, a link to a carrier is a descriptor each. The usual soft limit of 1,024 is for programs that call
``select``; we do not, so it is raised to the hard one. A quarter, 64 at least, is never HTTP's: it is for carriers,
callbacks, the database and files. Not here: who may take one of HTTP's (:mod:`palomar.net.capacity`).
"""

import resource
from typing import Final

CONNECTIONS_AT_MOST: Final = 10_000
"""Of HTTP, however many descriptors there are."""
CALLBACKS_AT_MOST: Final = 512
"""Of the callback client, likewise."""
RESERVED_AT_LEAST: Final = 64
_ENOUGH: Final = 65_536


def raise_limit() -> int:
    """Raise the soft limit as far as it may be and is of use; how many descriptors there are then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


def connections_of(descriptors: int) -> int:
    """Count how many of them HTTP may take."""
    return max(1, min(CONNECTIONS_AT_MOST, descriptors - max(RESERVED_AT_LEAST, descriptors // 4)))


def callbacks_of(descriptors: int) -> int:
    """Count how many of them callbacks may take: half of what is never HTTP's."""
    return max(1, min(CALLBACKS_AT_MOST, max(RESERVED_AT_LEAST, descriptors // 4) // 2))
