"""Who comes in: rates before signatures, signatures before anything else, and what may be written.

Whoever opens a door without keys is this machine's own; then a page in its browser must not be able
to ask, so what names another host or comes from another page is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.units import TimestampNs
from router.gateway.access import UNSIGNED, Principal
from router.gateway.http.problems import ProblemError
from router.gateway.rates import Kind, Rates
from router.gateway.signing import Authenticator, Signed

_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

Now: TypeAlias = Callable[[], TimestampNs]


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a request comes from.

    Attributes
    ----------
    certificate : str | None
        SHA-256 of the leaf certificate in hex.
    """

    address: str
    certificate: str | None = None


class Doorman:
    """Lets in who has shown who they are.

    Parameters
    ----------
    authenticator : Authenticator | None
        None: a door without keys, on the loopback.
    """

    def __init__(self, authenticator: Authenticator | None, rates: Rates, *, now: Now) -> None:
        self._authenticator = authenticator
        self._rates = rates
        self._now = now
        self._origins: frozenset[str] = frozenset()

    @property
    def needs_keys(self) -> bool:
        """Whether requests are signed."""
        return self._authenticator is not None

    def stand_at(self, origins: frozenset[str]) -> None:
        """Take the pages of the door itself for its own: from them a browser may ask."""
        self._origins = origins

    def look(self, peer: Peer, kind: Kind, headers: Mapping[str, str]) -> None:
        """Refuse what should not even be read.

        Raises
        ------
        ProblemError, ThrottledError
            If it comes from another page, or too often.
        """
        origin = headers.get("Origin")
        if origin is not None and origin not in self._origins:
            raise ProblemError("forbidden", "Origin: another page's; requests come from programs")
        if self._authenticator is None and not _is_local(headers.get("Host", "")):
            raise ProblemError("forbidden", "Host: must be the loopback's own name")
        self._rates.take_source(peer.address, kind, now=self._now())

    def admit(
        self, signed: Signed, headers: Mapping[str, object], *, peer: Peer, kind: Kind
    ) -> Principal:
        """Return who asks.

        Raises
        ------
        ProblemError, ThrottledError
            If nobody has shown that, or asks too often.
        """
        now = self._now()
        if self._authenticator is None:
            principal = UNSIGNED
        else:
            principal = self._authenticator.authenticate(
                signed, headers, now=now, certificate=peer.certificate
            )
        self._rates.take_key(principal.key, kind, now=now)
        return principal

    def count(self, principal: Principal, kind: Kind) -> None:
        """Count what comes over a stream that is open.

        Raises
        ------
        ThrottledError
            If it is one too many.
        """
        self._rates.take_key(principal.key, kind, now=self._now())


def is_signed(headers: Mapping[str, str]) -> bool:
    """Tell whether a request carries a signature at all."""
    return "Headrace-Signature" in headers


def _is_local(host: str) -> bool:
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host
    return (name if name.startswith("[") else name.partition(":")[0]) in _LOCAL_NAMES
