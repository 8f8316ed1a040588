"""Which URLs may be used, and what of one may be shown: the rest can hold a key.

URLs come from the configuration alone. Refuses what a slip or a stranger's answer there could turn
against the machine: unencrypted connections to others, and addresses of its cloud's own services.
"""

import ipaddress
from collections.abc import Collection
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from router.domain.error import ConfigError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_ENCRYPTED: Final = {"ws": "wss", "http": "https"}
# Services of clouds that hand out credentials; those of most are link-local addresses.
_METADATA: Final = frozenset(
    ipaddress.ip_address(text) for text in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)


def host_of(url: str) -> str:
    """Return host and port, as they are written; words of our own for what is no URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the URL"
    except ValueError:
        return "the URL"


def check_url(url: str, plain: Literal["ws", "http"], *, plain_hosts: Collection[str] = ()) -> None:
    """Refuse a URL of the configuration that must not be connected to.

    Parameters
    ----------
    plain : str
        The scheme without encryption; the other one is its encrypted twin.
    plain_hosts : Collection[str]
        Hosts, beside this machine, that may be spoken to without encryption.

    Raises
    ------
    ConfigError
        Naming the host and the remedy; nothing else of the URL.
    """
    encrypted = _ENCRYPTED[plain]
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"is no URL; write {encrypted}://host:port/...") from None
    if parts.scheme not in {plain, encrypted} or not host:
        raise ConfigError(f"{host_of(url)}: is no {encrypted} URL; write {encrypted}://host/...")
    address = _address(host)
    if address is not None:
        check_address(address)
    is_here = host == "localhost" if address is None else address.is_loopback
    if parts.scheme == plain and not is_here and host not in plain_hosts:
        raise ConfigError(
            f"{host_of(url)}: {plain} is for this machine; use {encrypted}, or add {host} to"
            " plain_hosts"
        )


def check_address(address: Address) -> None:
    """Refuse an address that no node and no venue has.

    Raises
    ------
    ConfigError
        If it is link-local, a cloud's metadata service, of many hosts or of none.
    """
    plain = _unmapped(address)
    is_own = plain.is_link_local or plain in _METADATA
    if is_own or plain.is_multicast or plain.is_unspecified:
        raise ConfigError(f"{address}: is no address of a node or a venue; correct the URL")


def _address(host: str) -> Address | None:
    try:
        return _unmapped(ipaddress.ip_address(host))
    except ValueError:
        return None


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
