"""Keccak-256, and where a factory's contract must be: both as the EVM does it."""

from Crypto.Hash import keccak

from venues.evm.words import abi

_HASH_BYTES = 32
_ADDRESS_HEX = 40
_CREATE2 = b"\xff"


def keccak256(data: bytes) -> bytes:
    """Return the 32 bytes of the hash."""
    return keccak.new(digest_bits=256, data=data).digest()


def create2_address(deployer: str, *, salt: bytes, init_code_hash: str) -> str:
    """Return the address of a contract that another one makes by CREATE2 (EIP-1014).

    Raises
    ------
    MalformedDataError
        If `deployer` is no address, or `init_code_hash` no 32 bytes in hex.
    """
    assert len(salt) == _HASH_BYTES, f"a salt has 32 bytes, was {len(salt)}"
    code = abi.fixed_bytes(init_code_hash, _HASH_BYTES)
    digest = keccak256(_CREATE2 + abi.address_bytes(deployer) + salt + code)
    return f"0x{digest.hex()[-_ADDRESS_HEX:]}"


def clone_init_code_hash(implementation: str) -> str:
    """Return the hash of the creation code of a minimal proxy of a contract (EIP-1167)."""
    code = b"".join(
        (
            bytes.fromhex("3d602d80600a3d3981f3363d3d373d3d3d363d73"),
            abi.address_bytes(implementation),
            bytes.fromhex("5af43d82803e903d91602b57fd5bf3"),
        )
    )
    return f"0x{keccak256(code).hex()}"
