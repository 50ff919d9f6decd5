"""Rules about addresses: which may be connected to, whose X-Forwarded-For is believed, and which are on an account's
list.

The client asks :class:`AddressGuard` about the address that it is about to connect to, after every resolution, so that
a name gains nothing by resolving differently between check and use. Not here: sockets.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from palomar.vocabulary.access import ClientAddress

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# IANA's special-purpose registries (RFC 6890), written out: `is_global` differs between Python versions and
# calls NAT64 and 6to4 forms of the loopback global.
REFUSED_IPV4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network", RFC 791; Linux takes 0.0.0.0 for the loopback
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the platform's own address inside Azure: public by number, not by nature
        "169.254.0.0/16",  # link-local and clouds' metadata, RFC 3927
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and 255.255.255.255, the broadcast
    )
)
# Only 2000::/3 is given out (RFC 4291 section 2.4), so all around it goes: unspecified, loopback, ULA
# fc00::/7, link-local fe80::/10, site-local, multicast ff00::/8, discard 100::/64, SRv6 5f00::/16, local
# NAT64 64:ff9b:1::/48.
REFUSED_IPV6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(text)
    for text in (
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",  # IETF protocol assignments: Teredo 2001::/32, benchmarks, ORCHID
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: an IPv4 address in disguise
        "3fff::/20",  # documentation, RFC 9637
    )
)
_CACHE_SIZE = 4096
_HOPS = 32
_NAT64 = int(IPv6Address("64:ff9b::")) >> 32


class AddressGuard:
    """The rule for addresses that callbacks may go to. ``allow_networks`` are the operator's exceptions and win."""

    __slots__ = ("_allow", "_known")

    def __init__(self, allow_networks: Iterable[str | Network] = ()) -> None:
        self._allow = _networks(allow_networks)
        self._known: dict[str, bool] = {}

    def allowed(self, ip: str) -> bool:
        """Return True if this address, given as text, may be connected to; False if it is no address."""
        known = self._known.get(ip)
        if known is None:
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
            known = self._known[ip] = self._judge(ip)
        return known

    def _judge(self, ip: str) -> bool:
        if "%" in ip:  # a scope: only link-local addresses have one
            return False
        try:
            address = ip_address(ip)
        except ValueError:
            return False
        if _within(address, self._allow):
            return True
        plain = _embedded_ipv4(address)
        if plain is not None:
            return _within(plain, self._allow) or not _within(plain, REFUSED_IPV4)
        return not _within(address, REFUSED_IPV4 if address.version == 4 else REFUSED_IPV6)


class TrustedProxies:
    """The operator's own proxies, and the search for the client behind them."""

    __slots__ = ("_known", "_networks")

    def __init__(self, networks: Iterable[str | Network] = ()) -> None:
        self._networks = _networks(networks)
        self._known: dict[str, bool] = {}

    def client(self, peer: str, forwarded_for: str | None = None) -> str:
        """Return the client of a connection from ``peer`` that carried this X-Forwarded-For (several joined by commas).

        The list is read from the right, where our own proxies write, to the first hop that is not ours: that is the
        client. A hop that is no address ends the search at the last one that was.
        """
        peer = _plain(peer) or peer
        if forwarded_for is None or not self.trusts(peer):
            return peer
        client = peer
        for hop in reversed(forwarded_for.rsplit(",", _HOPS)[-_HOPS:]):
            address = _plain(_without_port(hop.strip(" \t")))
            if address is None:
                break
            client = address
            if not self.trusts(address):
                break
        return client

    def client_address(self, peer: str, forwarded_for: str | None = None) -> ClientAddress:
        """Return the client as :meth:`client` finds it, and whether it is a proxy that is not trusted."""
        is_proxy = forwarded_for is not None and not self.trusts(_plain(peer) or peer)
        return ClientAddress(self.client(peer, forwarded_for), is_proxy)

    def trusts(self, ip: str) -> bool:
        """Return True if this address is one of the operator's proxies."""
        if not self._networks:
            return False
        known = self._known.get(ip)
        if known is None:
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
            try:
                known = _within(ip_address(ip), self._networks)
            except ValueError:
                known = False
            self._known[ip] = known
        return known


@lru_cache(maxsize=_CACHE_SIZE)
def is_listed(ip: str, networks: tuple[str, ...]) -> bool:
    """Return True if an address, as :meth:`TrustedProxies.client` returns it, is in one of these networks, as an
    account's owner wrote them (host bits are ignored). A text that is no address is in none."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return _within(address, _listed(networks))


@lru_cache(maxsize=_CACHE_SIZE)
def _listed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(network, strict=False) for network in networks)


def _networks(networks: Iterable[str | Network]) -> tuple[Network, ...]:
    return tuple(ip_network(network) if isinstance(network, str) else network for network in networks)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _embedded_ipv4(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to an IPv6 one really reach: v4-mapped and well-known NAT64 (RFC 6052)."""
    if address.version == 4:
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    number = int(address)
    return IPv4Address(number & 0xFFFFFFFF) if number >> 32 == _NAT64 else None


def _plain(ip: str) -> str | None:
    """Return the canonical text of an address, IPv4 out of its v4-mapped form; None for a text that is no address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    if address.version == 6 and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _without_port(hop: str) -> str:
    """Remove the port that some proxies write: ``192.0.2.1:4711`` or ``[2001:db8::1]:4711``."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    if hop.count(":") == 1:
        return hop.partition(":")[0]
    return hop
