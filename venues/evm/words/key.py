"""A secp256k1 key: its address, and signatures over 32-byte digests. Refuses to show itself."""

from binascii import unhexlify
from typing import Final

from coincurve import PrivateKey
from Crypto.Hash import keccak

_KEY_BYTES: Final = 32
_ADDRESS_HEX: Final = 40


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 hash that Ethereum uses."""
    return keccak.new(digest_bits=256, data=data).digest()


class SigningKey:
    """A private key that signs and is never printed.

    Raises
    ------
    ValueError
        If the text is not 32 bytes in hex, or no key of the curve; the text is not repeated.
    """

    def __init__(self, secret_hex: str) -> None:
        problem = "must be 32 bytes in hex, of a secp256k1 key"
        try:
            secret = unhexlify(secret_hex.removeprefix("0x"))
            self._key = PrivateKey(secret)
        except ValueError:
            raise ValueError(problem) from None
        if len(secret) != _KEY_BYTES:
            raise ValueError(problem)
        public = self._key.public_key.format(compressed=False)[1:]
        self.address: Final = f"0x{keccak256(public).hex()[-_ADDRESS_HEX:]}"  # in lower case

    @property
    def secret(self) -> bytes:
        """The key itself, for a library that signs with it."""
        return self._key.secret

    def sign(self, digest: bytes) -> bytes:
        """Return r, s and v (27 or 28) of a signature: 65 bytes."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:-1] + bytes([signature[-1] + 27])
