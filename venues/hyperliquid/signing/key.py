"""A secp256k1 key that shows its address and never itself.

Refuses to know what it signs: digests only.
"""

import re
from typing import Final

from coincurve import PrivateKey

from router.domain.error import ConfigError
from venues.hyperliquid.signing.digest import Signature, keccak256

_WORD: Final = 32
_V_OFFSET: Final = 27
_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}\Z")


class Key:
    """One private key.

    Parameters
    ----------
    name : str
        The configuration key it came from; errors name it.

    Raises
    ------
    ConfigError
        If the text is no key.
    """

    __slots__ = ("_key", "address")

    def __init__(self, text: str, *, name: str) -> None:
        if not _KEY.match(text):
            raise ConfigError(f"{name}: must hold 32 bytes in hex")
        try:
            self._key = PrivateKey(bytes.fromhex(text.removeprefix("0x")))
        except ValueError:
            raise ConfigError(f"{name}: is not a valid secp256k1 key: use another") from None
        public = self._key.public_key.format(compressed=False)[1:]
        self.address = "0x" + keccak256(public)[-20:].hex()

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes; the same bytes always give the same signature (RFC 6979)."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return Signature(
            int.from_bytes(signature[:_WORD], "big"),
            int.from_bytes(signature[_WORD : 2 * _WORD], "big"),
            _V_OFFSET + signature[-1],
        )
