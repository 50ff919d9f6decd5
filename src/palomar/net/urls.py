"""Split callback URLs into the origin, which decides the connection, and the target, which goes on the wire.

This is no URL library: http and https only, and whatever could break out of the request line is encoded or refused.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, unquote_to_bytes

import idna

_URL = re.compile(r"([hH][tT][tT][pP][sS]?://[^/?#\\]*)([^#]*)")
_AUTHORITY = re.compile(r"(?:(.*)@)?(\[[0-9a-fA-F:.]+\]|[^@:\[\]]+)(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WIRE_SAFE = "".join(chr(octet) for octet in range(0x21, 0x7F))
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CACHE_SIZE = 4096
_LONGEST = 8192  # characters; servers rarely take more


class BadUrl(ValueError):
    """The text is no http or https URL that could be requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The part of a URL that decides the connection. ``name`` (scheme, host, port) keys connections; ``authorization``
    is made of the URL's userinfo, which is no part of the name. ``header_lines`` begin all its requests, ready to be
    written."""

    name: str
    host: str
    port: int
    tls: bool
    host_header: str
    authorization: str | None
    header_lines: str


class Urls:
    """A splitter of URLs that remembers origins, because thousands of callbacks go to the same few."""

    __slots__ = ("_origins",)

    def __init__(self) -> None:
        self._origins: dict[str, Origin] = {}
        """Origins by the beginning of the URL; only beginnings that the pattern has matched are remembered."""

    def split(self, url: str) -> tuple[Origin, str]:
        """Return the URL's origin and its request target, safe to write; the fragment is dropped. Raises
        :class:`BadUrl`."""
        slash = url.find("/", 8)
        origin = self._origins.get(url[:slash]) if slash > 0 else None
        if origin is not None and len(url) <= _LONGEST and "#" not in url:
            target = url[slash:]
        else:
            origin, target = self._parsed(url)
        if not target.isascii() or not target.isprintable() or " " in target:
            target = _encoded(target)
        return origin, target

    def origin(self, url: str) -> Origin:
        """Return the URL's origin alone. Raises :class:`BadUrl`, but not for a bad target of a known origin: then
        :meth:`split` raises it."""
        slash = url.find("/", 8)
        origin = self._origins.get(url[:slash]) if slash > 0 else None
        return self.split(url)[0] if origin is None else origin

    def _parsed(self, url: str) -> tuple[Origin, str]:
        match = _URL.match(url)
        if match is None or len(url) > _LONGEST:
            raise BadUrl("not an http or https URL")
        prefix, target = match.groups()
        origin = self._origins.get(prefix)
        if origin is None:
            if len(self._origins) >= _CACHE_SIZE:
                self._origins.clear()
            origin = self._origins[prefix] = parse_origin(prefix)
        return origin, target if target.startswith("/") else "/" + target


def parse_origin(prefix: str) -> Origin:
    """Parse ``scheme://[user[:password]@]host[:port]``. Raises :class:`BadUrl`."""
    scheme, _, authority = prefix.partition("://")
    scheme = scheme.lower()
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise BadUrl("no host")
    userinfo, host, port_text = match.groups()
    host = _ipv6(host) if host.startswith("[") else _name(host)
    port = int(port_text) if port_text else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise BadUrl("no such port")
    shown = f"[{host}]" if ":" in host else host
    host_header = shown if port == _DEFAULT_PORTS[scheme] else f"{shown}:{port}"
    authorization = None if userinfo is None else _basic(userinfo)
    return Origin(
        name=f"{scheme}://{shown}:{port}",
        host=host,
        port=port,
        tls=scheme == "https",
        host_header=host_header,
        authorization=authorization,
        header_lines=header_lines(host_header, authorization),
    )


def header_lines(host: str, authorization: str | None, *, without: frozenset[str] = frozenset()) -> str:
    """Return Host, User-Agent and Authorization as lines, ``without`` those that a request has itself (in lower
    case)."""
    lines = f"Host: {host}\r\n"
    if "user-agent" not in without:
        lines += "User-Agent: Palomar\r\n"
    if authorization is not None and "authorization" not in without:
        lines += f"Authorization: {authorization}\r\n"
    return lines


def _ipv6(bracketed: str) -> str:
    try:
        return str(IPv6Address(bracketed[1:-1]))
    except ValueError:
        raise BadUrl("no IPv6 address") from None


def _name(host: str) -> str:
    """Return a host name as DNS wants it: IDNA 2008 with UTS 46 mapping, lower case, no dot at the end."""
    if host.isascii():
        host = host.lower()
    else:
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise BadUrl("no host name") from None
    host = host.removesuffix(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise BadUrl("no host name")
    return host


def _basic(userinfo: str) -> str:
    """Return the credentials of RFC 7617 in UTF-8; a missing password is an empty one."""
    user, _, password = userinfo.partition(":")
    try:
        credentials = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    except UnicodeEncodeError:
        raise BadUrl("lone surrogate") from None
    return "Basic " + b64encode(credentials).decode("ascii")


def _encoded(target: str) -> str:
    """Escape spaces and non-ASCII characters as UTF-8 percent escapes; refuse control characters."""
    if _CONTROL.search(target):
        raise BadUrl("control character")
    try:
        return quote(target, safe=_WIRE_SAFE)
    except UnicodeEncodeError:
        raise BadUrl("lone surrogate") from None
