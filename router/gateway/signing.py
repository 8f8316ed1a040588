"""Who sent a request: signatures over everything that it says, each good for once.

What is signed is this text in UTF-8, seven lines joined by single newlines, with none at the end::

    HEADRACE1
    <id of the key>
    <timestamp: milliseconds since the Unix epoch, decimal>
    <nonce: 16 to 64 of A-Z a-z 0-9 _ ->
    <method: GET, POST, ...>
    <target: path and query, byte for byte as in the request line>
    <SHA-256 of the body in lower-case hex; that of nothing where there is no body>

The signature is Ed25519 (RFC 8032, pure) of that text, or HMAC-SHA256 keyed with the UTF-8 bytes of
the shared secret; its 64 or 32 bytes in base64, padded. Of Ed25519 the strict reading holds: S is
below the order of the group, and no point is of small order. Requests carry it in the headers
Headrace-Key, Headrace-Timestamp, Headrace-Nonce and Headrace-Signature; a WebSocket in those of its
upgrade, or in its first message, which then carries the headers that its upgrade could have had.

A request is taken once: the nonces of the window are remembered, and after a restart, when they are
forgotten, nothing that can have been taken before. Refuses to evict a nonce that is still good:
whoever makes more than fit waits. Does not decide what a key may do.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from router.domain.error import RouterError
from router.domain.units import DurationNs, TimestampNs
from router.gateway.access import Principal
from router.gateway.keys import Key

VERSION: Final = "HEADRACE1"
HEADERS: Final[Mapping[str, str]] = {
    "key": "Headrace-Key",
    "timestamp": "Headrace-Timestamp",
    "nonce": "Headrace-Nonce",
    "signature": "Headrace-Signature",
}
AHEAD_MAX: Final = DurationNs(1_000_000_000)  # clocks of clients may be so far ahead of ours
NONCES_MAX: Final = 50_000  # of one key within the window

_NS_PER_MS: Final = 1_000_000
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")
_TIMESTAMP: Final = re.compile(r"[0-9]{13}\Z")  # until the year 2286
_SIGNATURE_BYTES: Final = 64  # of Ed25519
_SIGNATURE_CHARACTERS_MAX: Final = 88  # those in base64


class Why:
    """Why somebody is not let in; clients may rely on these words."""

    UNSIGNED: Final = "unsigned"  # something of the four is missing
    MALFORMED: Final = "malformed"
    REFUSED: Final = "signature"  # no such key, or not its signature of this request
    EXPIRED: Final = "expired"  # signed too long ago, or ahead of time
    FORGOTTEN: Final = "forgotten"  # from before we started: whether it was taken is not known
    REPLAYED: Final = "replayed"
    CERTIFICATE: Final = "certificate"
    BUSY: Final = "busy"  # more nonces than are remembered


class AuthenticationError(RouterError):
    """Nobody has shown who sent it.

    Attributes
    ----------
    code : str
        Of `Why`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature must cover, as it came in."""

    method: str
    target: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _Proof:
    """What is said of the signer."""

    key: str
    timestamp: str
    nonce: str
    signature: str


def canonical(signed: Signed, *, key: str, timestamp: str, nonce: str) -> bytes:
    """Return the text that is signed."""
    digest = hashlib.sha256(signed.body).hexdigest()
    lines = (VERSION, key, timestamp, nonce, signed.method, signed.target, digest)
    return "\n".join(lines).encode(errors="surrogateescape")


class Authenticator:
    """Checks signatures and remembers nonces.

    Parameters
    ----------
    window : DurationNs
        How old a request may be when it comes in.
    started_at : TimestampNs
        When this process began: nothing was taken by it before, and all nonces are forgotten.
    """

    def __init__(
        self, keys: Mapping[str, Key], *, window: DurationNs, started_at: TimestampNs
    ) -> None:
        self._signers = {name: _Signer(key) for name, key in keys.items()}
        self._window = window
        self._floor = self.opens_at = TimestampNs(started_at + AHEAD_MAX)

    def authenticate(
        self,
        signed: Signed,
        headers: Mapping[str, object],
        *,
        now: TimestampNs,
        certificate: str | None = None,
    ) -> Principal:
        """Return who signed a request.

        Parameters
        ----------
        headers : Mapping
            Of the request; a mapping that knows no capitals, or one with the names as above.
        certificate : str | None
            SHA-256 of the leaf certificate of the connection in hex, where there is one.

        Raises
        ------
        AuthenticationError
            Saying why, and nothing of what would have been right.
        """
        proof = _proof(headers)
        self._check_time(int(proof.timestamp) * _NS_PER_MS, now)
        signer = self._signers.get(proof.key)
        if signer is None or not signer.has_signed(signed, proof):
            raise AuthenticationError(
                Why.REFUSED, "the key is not known, or the signature is not its own of this request"
            )
        signer.check_certificate(certificate)
        signer.take(proof.nonce, now=now, until=TimestampNs(now + self._window + AHEAD_MAX))
        return signer.key.principal

    # A clock that is set back must not make requests good again whose nonces are forgotten: the
    # floor only rises.
    def _check_time(self, stamped: int, now: TimestampNs) -> None:
        oldest = now - self._window
        if stamped - now > AHEAD_MAX:
            ahead = f"{(stamped - now) // _NS_PER_MS} ms ahead of ours"
            raise AuthenticationError(
                Why.EXPIRED, f"Headrace-Timestamp: is {ahead}; set your clock"
            )
        if stamped < oldest:
            behind = f"{(now - stamped) // _NS_PER_MS} ms behind ours"
            most = f"at most {self._window // _NS_PER_MS} ms"
            raise AuthenticationError(
                Why.EXPIRED,
                f"Headrace-Timestamp: is {behind}, {most} is allowed; sign anew or set a clock",
            )
        if stamped < self._floor:
            raise AuthenticationError(
                Why.FORGOTTEN,
                "Headrace-Timestamp: is from before this gateway remembers; sign it anew",
            )
        self._floor = max(self._floor, TimestampNs(oldest))


class _Signer:
    """A key, and the nonces it has used."""

    def __init__(self, key: Key) -> None:
        self.key = key
        # libsodium takes half as long as OpenSSL, and the door is strict with it.
        self._public = None if key.ed25519 is None else VerifyKey(base64.b64decode(key.ed25519))
        self._used: set[str] = set()
        self._until: deque[tuple[TimestampNs, str]] = deque()

    def has_signed(self, signed: Signed, proof: _Proof) -> bool:
        signature = _decoded(proof.signature)
        text = canonical(signed, key=proof.key, timestamp=proof.timestamp, nonce=proof.nonce)
        if self._public is None:
            assert self.key.secret is not None, "a key has one of the two"
            expected = hmac.digest(self.key.secret, text, "sha256")
            return hmac.compare_digest(expected, signature)
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            self._public.verify(text, signature)
        except BadSignatureError:
            return False
        return True

    def check_certificate(self, certificate: str | None) -> None:
        if self.key.certificate is not None and certificate != self.key.certificate:
            raise AuthenticationError(
                Why.CERTIFICATE, "the key belongs to another certificate than the connection's"
            )

    def take(self, nonce: str, *, now: TimestampNs, until: TimestampNs) -> None:
        while self._until and self._until[0][0] < now:
            self._used.discard(self._until.popleft()[1])
        if nonce in self._used:
            raise AuthenticationError(
                Why.REPLAYED, "Headrace-Nonce: was used already; make another"
            )
        if len(self._used) >= NONCES_MAX:
            raise AuthenticationError(
                Why.BUSY, f"more than {NONCES_MAX} requests of this key at a time; send it later"
            )
        self._used.add(nonce)
        self._until.append((until, nonce))


def _proof(headers: Mapping[str, object]) -> _Proof:
    found: dict[str, str] = {}
    for name, header in HEADERS.items():
        value = headers.get(header)
        if value is None:
            raise AuthenticationError(Why.UNSIGNED, f"{header}: missing; sign the request")
        if not isinstance(value, str):
            raise AuthenticationError(Why.MALFORMED, f"{header}: must be a string")
        found[name] = value
    proof = _Proof(**found)
    if not _TIMESTAMP.match(proof.timestamp):
        raise AuthenticationError(
            Why.MALFORMED, "Headrace-Timestamp: must be milliseconds since 1970"
        )
    if not _NONCE.match(proof.nonce):
        raise AuthenticationError(
            Why.MALFORMED, "Headrace-Nonce: must have 16 to 64 letters, digits, _ or -"
        )
    if len(proof.signature) > _SIGNATURE_CHARACTERS_MAX:
        raise AuthenticationError(
            Why.MALFORMED, "Headrace-Signature: must be base64 of 32 or 64 bytes"
        )
    return proof


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
