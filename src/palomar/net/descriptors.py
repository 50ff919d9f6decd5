"""File descriptors: how many the process may open, and how many of them HTTP may use.

A connection, a file and a link to a carrier take a descriptor each. The usual soft limit of 1,024 is for programs that
call ``select``; Palomar does not, so it is raised to the hard limit. A quarter, 64 at least, is kept for carriers,
callbacks, the database and files. Not here: which connection gets one (:mod:`palomar.net.capacity`).
"""

import resource
from typing import Final

CONNECTIONS_AT_MOST: Final = 10_000
"""The largest number of HTTP connections, however many descriptors there are."""
CALLBACKS_AT_MOST: Final = 512
"""The largest number of connections of the callback client."""
RESERVED_AT_LEAST: Final = 64
_ENOUGH: Final = 65_536


def raise_limit() -> int:
    """Raise the soft limit as far as it is allowed and useful; return how many descriptors there are then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


def max_http_connections(descriptors: int) -> int:
    """Return how many of the descriptors HTTP connections may take."""
    return max(1, min(CONNECTIONS_AT_MOST, descriptors - max(RESERVED_AT_LEAST, descriptors // 4)))


def max_callback_connections(descriptors: int) -> int:
    """Return how many of the descriptors callbacks may take: half of those that HTTP may not."""
    return max(1, min(CALLBACKS_AT_MOST, max(RESERVED_AT_LEAST, descriptors // 4) // 2))
