"""The limits of one listener of the HTTP server. Not here: how they are enforced
(:mod:`palomar.net.limited_protocol`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """The limits of one listener. The defaults suit a gateway that faces the Internet."""

    head_seconds: float = 10.0
    """From the first octet (or from connecting) to the end of a request's head."""
    body_seconds: float = 30.0
    """From the end of the head to the end of the body."""
    write_seconds: float = 30.0
    """Until a client has read enough to make room for more of its answer."""
    keep_alive_seconds: float = 65.0
    """Idle between requests: longer than the 60 s for which usual proxies keep a connection."""
    head_octets: int = 32 * 1024
    headers: int = 100
    """Header lines of a request."""
    drain_octets: int = 16 * 1024 * 1024
    """Octets of a refused body that are read and dropped, so that the client gets its answer: twice the largest body
    that is accepted, within ``body_seconds``."""
    connections: int = 10_000
    """Connections, if no :class:`palomar.net.capacity.Capacity` is shared with other listeners."""
    pipelined: int = 32
    """Requests of one connection that wait for the one before them."""
