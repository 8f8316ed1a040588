"""How often somebody may ask: token buckets, one for each kind of request of each one who asks.

Cancels have buckets of their own, so that who is held back can still cancel; dry runs have, because
each costs a solver. Memory is bounded: who has not asked for longest is forgotten first.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from router.domain.error import RouterError
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.gateway.config import HttpSettings

ASKERS_MAX: Final = 10_000
_SOURCE_FACTOR: Final = 4  # several clients may share an address
_BURST_S: Final = 2
_IPV6_PREFIX: Final = 64  # of one customer, who may change the rest at will


class Kind(StrEnum):
    """What is asked, as far as it is counted apart."""

    REQUEST = "request"
    CANCEL = "cancel"
    QUOTE = "quote"


class ThrottledError(RouterError):
    """Too much was asked; nothing was done.

    Attributes
    ----------
    wait : DurationNs
        After which the same request would be let through, if nothing else is asked.
    """

    def __init__(self, kind: Kind, wait: DurationNs) -> None:
        super().__init__(f"too many {kind}s; send it again in {wait / NS_PER_S:.3f} s")
        self.kind = kind
        self.wait = wait

    @property
    def wait_s(self) -> int:
        """The wait in whole seconds, at least one: for the header Retry-After."""
        return max(1, -(-self.wait // NS_PER_S))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, and so many at a time."""

    per_s: int
    burst: int


class Buckets:
    """A bucket for each kind of each one who asks.

    A bucket is one number: when it will be full again (the generic cell rate algorithm).
    """

    def __init__(self, rates: Mapping[Kind, Rate], *, askers_max: int = ASKERS_MAX) -> None:
        self._rates = rates
        self._most = askers_max * len(rates)
        self._full_at: OrderedDict[tuple[Kind, str], int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, asker: str, kind: Kind, *, now: TimestampNs) -> None:
        """Count a request.

        Raises
        ------
        ThrottledError
            If it is one too many; it is not counted.
        """
        rate = self._rates[kind]
        each = NS_PER_S // rate.per_s
        # A clock that was set back must not close a bucket for longer than it takes to fill.
        full_at = min(self._full_at.get((kind, asker), now), now + rate.burst * each)
        wait = full_at - (now + (rate.burst - 1) * each)
        if wait > 0:
            raise ThrottledError(kind, DurationNs(wait))
        self._full_at[kind, asker] = max(full_at, now) + each
        self._full_at.move_to_end((kind, asker))
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)


class Rates:
    """The buckets of a door: of addresses, before anybody is known, and of keys."""

    def __init__(self, settings: HttpSettings) -> None:
        rates = {
            Kind.REQUEST: Rate(settings.requests_per_s, settings.requests_burst),
            Kind.CANCEL: Rate(settings.cancels_per_s, _BURST_S * settings.cancels_per_s),
            Kind.QUOTE: Rate(settings.quotes_per_s, _BURST_S * settings.quotes_per_s),
        }
        self._keys = Buckets(rates)
        self._sources = Buckets(
            {
                kind: Rate(_SOURCE_FACTOR * rate.per_s, _SOURCE_FACTOR * rate.burst)
                for kind, rate in rates.items()
            }
        )

    def take_source(self, address: str, kind: Kind, *, now: TimestampNs) -> None:
        """Count what comes from an address, before its signature is looked at.

        Raises
        ------
        ThrottledError
            If it is one too many.
        """
        self._sources.take(source_of(address), kind, now=now)

    def take_key(self, key: str, kind: Kind, *, now: TimestampNs) -> None:
        """Count what a key asks.

        Raises
        ------
        ThrottledError
            If it is one too many.
        """
        self._keys.take(key, kind, now=now)


@lru_cache(maxsize=1_024)
def source_of(address: str) -> str:
    """Return who is taken to be one: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
