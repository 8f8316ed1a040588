"""Signatures of requests: who asks, when, and for exactly what.

What is signed is UTF-8, lines joined by a newline: ``HEADRACE1``, the key's id, milliseconds since
the epoch, a nonce that is never the same twice, the method, path with query as sent, and the
SHA-256 of the body in lower-case hex. A stream is a ``GET`` without
a body.
"""

import hashlib
import hmac
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NowMs: TypeAlias = Callable[[], int]
MakeNonce: TypeAlias = Callable[[], str]

_VERSION: Final = "HEADRACE1"
_NS_PER_MS: Final = 1_000_000
_NONCE_BYTES: Final = 16


class Signer(Protocol):
    """Whoever can sign for a key."""

    @property
    def key(self) -> str:
        """The key's id, as the desk's configuration names it."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes."""
        ...


class Ed25519Signer:
    """A key pair of which the desk knows the public half only.

    Parameters
    ----------
    private : str
        Base64 of the 32 private bytes.
    """

    def __init__(self, key: str, private: str) -> None:
        self.key = key
        self._private = Ed25519PrivateKey.from_private_bytes(b64decode(private, validate=True))

    def sign(self, data: bytes) -> bytes:
        """Return 64 bytes."""
        return self._private.sign(data)


class HmacSigner:
    """A secret that the desk knows, too."""

    def __init__(self, key: str, secret: str) -> None:
        self.key = key
        self._secret = secret.encode()

    def sign(self, data: bytes) -> bytes:
        """Return 32 bytes, HMAC-SHA256."""
        return hmac.digest(self._secret, data, "sha256")


class Stamp:
    """Signs requests one after another, each with a moment and a nonce of its own.

    Parameters
    ----------
    now_ms, nonce : function
        For those who want the same signatures again.
    """

    def __init__(
        self, signer: Signer, *, now_ms: NowMs | None = None, nonce: MakeNonce | None = None
    ) -> None:
        self._signer = signer
        self._now_ms = now_ms or _now_ms
        self._nonce = nonce or _nonce

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Return the headers that sign a request."""
        key, at, nonce = self._signer.key, str(self._now_ms()), self._nonce()
        data = canonical(key, at, nonce, method=method, target=target, body=body)
        return {
            "Headrace-Key": key,
            "Headrace-Timestamp": at,
            "Headrace-Nonce": nonce,
            "Headrace-Signature": b64encode(self._signer.sign(data)).decode(),
        }


def canonical(
    key: str, timestamp: str, nonce: str, /, *, method: str, target: str, body: bytes
) -> bytes:
    """Return the bytes that are signed."""
    digest = hashlib.sha256(body).hexdigest()
    return f"{_VERSION}\n{key}\n{timestamp}\n{nonce}\n{method}\n{target}\n{digest}".encode()


def _now_ms() -> int:
    return time.time_ns() // _NS_PER_MS


def _nonce() -> str:
    return secrets.token_hex(_NONCE_BYTES)
