"""Which URLs of the configuration may be connected to."""

import ipaddress

import pytest

from router.domain.error import ConfigError
from venues.transport.url import check_address, check_url, host_of

KEY = "Zx81QwCanary77pLk2"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("wss://node.example/v3/key", "ws"),
        ("wss://10.0.0.5:8546", "ws"),
        ("wss://user:password@node.example", "ws"),
        ("https://rpc.example", "http"),
        ("ws://127.0.0.1:8546", "ws"),
        ("ws://localhost:8546/", "ws"),
        ("ws://[::1]:8546", "ws"),
        ("http://127.9.9.9", "http"),
        ("WSS://NODE.EXAMPLE", "ws"),
    ],
)
def test_encrypted_urls_and_those_to_this_machine_are_taken(url, plain):
    check_url(url, plain)


@pytest.mark.parametrize(
    ("url", "plain", "said"),
    [
        (f"ws://node.example/{KEY}", "ws", r"^node\.example: ws is for this machine; use wss"),
        (f"http://10.0.0.5:80/{KEY}", "http", r"^10\.0\.0\.5:80: http is for this machine"),
        (f"ws://127.0.0.1.node.example/{KEY}", "ws", "is for this machine"),
        (f"ws://localhost@node.example/{KEY}", "ws", r"^node\.example: ws is for this machine"),
        (f"https://node.example/{KEY}", "ws", "is no wss URL"),
        (f"wss://node.example/{KEY}", "http", "is no https URL"),
        (f"file:///{KEY}", "http", "is no https URL"),
        (f"ftp://node.example/{KEY}", "http", "is no https URL"),
        (f"gopher://node.example/{KEY}", "http", "is no https URL"),
        (f"node.example/{KEY}", "ws", "is no wss URL"),
        (f"wss:///{KEY}", "ws", "is no wss URL"),
        (f"wss://node.example:99999/{KEY}", "ws", "is no URL"),
        (f"wss://[node/{KEY}", "ws", "is no URL"),
        ("", "ws", "is no wss URL"),
        (f"https://169.254.169.254/latest/{KEY}", "http", "is no address of a node or a venue"),
        (f"http://169.254.169.254/latest/{KEY}", "http", "is no address of a node or a venue"),
        (f"https://[fe80::1]/{KEY}", "http", "is no address of a node or a venue"),
        (f"https://[::ffff:169.254.169.254]/{KEY}", "http", "is no address"),
        (f"https://[fd00:ec2::254]/{KEY}", "http", "is no address"),
        (f"https://100.100.100.200/{KEY}", "http", "is no address"),
        (f"https://168.63.129.16/{KEY}", "http", "is no address"),
        (f"https://0.0.0.0/{KEY}", "http", "is no address"),
        (f"https://[::]/{KEY}", "http", "is no address"),
        (f"wss://239.1.1.1/{KEY}", "ws", "is no address"),
    ],
)
def test_what_a_url_must_not_be_is_refused_without_its_path(url, plain, said):
    with pytest.raises(ConfigError, match=said) as caught:
        check_url(url, plain)

    assert KEY not in str(caught.value)


def test_hosts_of_ours_may_be_spoken_to_in_the_clear_where_they_are_listed():
    check_url("ws://10.0.0.5:8546", "ws", plain_hosts=["10.0.0.5"])
    check_url("http://node.internal", "http", plain_hosts=["node.internal"])


def test_a_list_of_hosts_opens_no_clouds_own_services():
    with pytest.raises(ConfigError, match="is no address"):
        check_url("http://169.254.169.254", "http", plain_hosts=["169.254.169.254"])


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "192.0.2.1", "::1", "2001:db8::1"])
def test_other_addresses_pass(address):
    check_address(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"wss://desk:{KEY}@node.example:1/{KEY}", "node.example:1"),
        (KEY, "the URL"),
        ("wss://[x", "the URL"),
    ],
)
def test_of_a_url_the_host_is_shown(url, shown):
    assert host_of(url) == shown
