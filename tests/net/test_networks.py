"""The guard and the proxies: every refused network by its edges, and the walk along X-Forwarded-For."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.net.networks import REFUSED_IPV4, REFUSED_IPV6, AddressGuard, TrustedProxies, is_listed

GUARD = AddressGuard()


@pytest.mark.parametrize("network", [*REFUSED_IPV4, *REFUSED_IPV6], ids=str)
def test_the_first_and_the_last_address_of_a_refused_network_are_refused(network):
    assert not GUARD.allowed(str(network[0]))
    assert not GUARD.allowed(str(network[-1]))


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.168.1.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001:0:4136:e378::1",
        "2002:7f00:1::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "localhost",
        "127.1",
        "0177.0.0.1",
    ],
)
def test_addresses_outside_the_public_internet_are_refused(ip):
    assert not GUARD.allowed(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_public_addresses_and_the_neighbours_of_refused_networks_are_allowed(ip):
    assert GUARD.allowed(ip)


def test_the_operator_can_allow_networks_also_in_their_ipv6_forms():
    guard = AddressGuard(["127.0.0.0/8", "fd00::/8"])
    assert guard.allowed("127.0.0.1")
    assert guard.allowed("::ffff:127.0.0.1")
    assert guard.allowed("fd00::1")
    assert not guard.allowed("::1")
    assert not guard.allowed("10.0.0.1")


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_and_its_mapped_and_nat64_forms_are_judged_alike(number):
    plain = GUARD.allowed(str(IPv4Address(number)))
    assert GUARD.allowed(str(IPv6Address((0xFFFF << 32) | number))) == plain
    assert GUARD.allowed(str(IPv6Address((0x64FF9B << 96) | number))) == plain


def test_cached_decisions_stay_right_when_the_cache_overflows():
    guard = AddressGuard()
    for number in range(6000):
        guard.allowed(str(IPv4Address(0x08000000 + number)))
    assert guard.allowed("8.0.0.0")
    assert not guard.allowed("127.0.0.1")


PROXIES = TrustedProxies(["10.0.0.0/8", ip_network("2001:db8::/32")])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # a stranger may say what he likes
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # what the client wrote is not believed
        ("10.0.0.1", "198.51.100.1,10.0.0.2 ,\t10.0.0.3", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),  # all ours: the farthest
        ("10.0.0.1", "198.51.100.1, garbage, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db9::1]:4711", "2001:db9::1"),
        ("10.0.0.1", "2001:DB9::0001", "2001:db9::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1," * 100 + "10.0.0.2", "1.1.1.1"),
    ],
)
def test_the_client_is_the_first_hop_from_the_right_that_is_not_ours(peer, forwarded_for, client):
    assert PROXIES.client(peer, forwarded_for) == client


def test_without_trusted_proxies_the_peer_is_the_client():
    assert TrustedProxies().client("10.0.0.1", "198.51.100.1") == "10.0.0.1"
    assert TrustedProxies().client("unix", "198.51.100.1") == "unix"


@given(st.text(max_size=60))
def test_no_x_forwarded_for_header_raises_an_error(forwarded_for):
    assert PROXIES.client("10.0.0.1", forwarded_for)


LIST = ("192.0.2.7", "10.1.2.3/8", "2001:db8::/32")


@pytest.mark.parametrize("ip", ["192.0.2.7", "10.0.0.0", "10.255.255.255", "2001:db8::1", "2001:DB8:0::1"])
def test_an_address_is_on_a_list_of_addresses_and_networks_even_where_these_have_host_bits(ip):
    assert is_listed(ip, LIST)


@pytest.mark.parametrize("ip", ["192.0.2.8", "11.0.0.0", "2001:db9::", "::ffff:10.0.0.1", "", "unix", "10.1.2.3/8"])
def test_other_addresses_and_other_texts_are_not_on_the_list(ip):
    assert not is_listed(ip, LIST)


def test_no_address_is_on_an_empty_list():
    assert not is_listed("192.0.2.7", ())


def test_an_ipv4_client_on_an_ipv6_socket_is_found_on_the_list_by_its_own_address():
    assert is_listed(PROXIES.client("::ffff:192.0.2.7"), LIST)


def test_cached_lists_of_networks_are_not_mixed_up():
    assert [is_listed("192.0.2.7", (network,)) for network in ("192.0.2.0/29", "192.0.2.8/29")] == [True, False]
