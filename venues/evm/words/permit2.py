"""Permit2 allowances by signature: what to read, what to sign.

Contract 0x000000000022D473030F116dDEE9F6B43aC78BA3, interface IAllowanceTransfer. A permit here is
for an exact amount and short; refuses nothing else, because it signs what it is given.
"""

from dataclasses import dataclass
from typing import Final

from venues.evm.words import abi
from venues.evm.words.key import SigningKey, keccak256

ALLOWANCE: Final = bytes.fromhex("927da105")  # allowance(address,address,address)
_DOMAIN_TYPE: Final = b"EIP712Domain(string name,uint256 chainId,address verifyingContract)"
_DETAILS_TYPE: Final = b"PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
_PERMIT_TYPE: Final = (
    b"PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)" + _DETAILS_TYPE
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a spender may take through Permit2, until when, and the nonce of the next permit."""

    amount: int
    expires_at_s: int
    nonce: int


@dataclass(frozen=True, slots=True)
class PermitSingle:
    """An allowance to be granted: `amount` of `token` to `spender` until `expires_at_s`.

    The signature itself is void after `signature_expires_at_s`.
    """

    token: str
    amount: int
    expires_at_s: int
    nonce: int
    spender: str
    signature_expires_at_s: int

    def encode(self) -> bytes:
        """Return the six words of the struct, as calldata has them."""
        return abi.encode(
            self._details(),
            abi.address(self.spender),
            abi.word(self.signature_expires_at_s),
        )

    def digest(self, *, chain_id: int, permit2: str) -> bytes:
        """Return the EIP-712 digest that Permit2 on this chain checks."""
        domain = keccak256(
            keccak256(_DOMAIN_TYPE)
            + keccak256(b"Permit2")
            + abi.word(chain_id)
            + abi.address(permit2)
        )
        message = keccak256(
            keccak256(_PERMIT_TYPE)
            + keccak256(keccak256(_DETAILS_TYPE) + self._details())
            + abi.address(self.spender)
            + abi.word(self.signature_expires_at_s)
        )
        return keccak256(b"\x19\x01" + domain + message)

    def _details(self) -> bytes:
        return abi.encode(
            abi.address(self.token),
            abi.word(self.amount),
            abi.word(self.expires_at_s),
            abi.word(self.nonce),
        )


def sign_permit(key: SigningKey, permit: PermitSingle, *, chain_id: int, permit2: str) -> bytes:
    """Return the 65-byte signature that Permit2 accepts."""
    return key.sign(permit.digest(chain_id=chain_id, permit2=permit2))


def allowance_call(*, owner: str, token: str, spender: str) -> bytes:
    """Return the calldata that reads an allowance."""
    return ALLOWANCE + abi.encode(abi.address(owner), abi.address(token), abi.address(spender))


def decode_allowance(data: bytes) -> Allowance:
    """Return what `allowance_call` answered."""
    return Allowance(
        amount=abi.read_uint(data, 0, bits=160),
        expires_at_s=abi.read_uint(data, 1, bits=48),
        nonce=abi.read_uint(data, 2, bits=48),
    )
