"""EIP-1559 transactions: their bytes and their hash, written and read. Sends nothing."""

from dataclasses import dataclass
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm.words import abi, rlp
from venues.evm.words.key import SigningKey, keccak256

_TYPE: Final = 2
_FIELDS_COUNT: Final = 12  # EIP-1559: nine fields and three of the signature
_ADDRESS_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class GasTerms:
    """How much gas a transaction may use, and what it may pay for one unit."""

    gas_limit: int
    fee_max_wei: int
    priority_fee_max_wei: int

    @property
    def cost_max_wei(self) -> int:
        """What the sender must own for gas."""
        return self.gas_limit * self.fee_max_wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a transaction does, at what price.

    Attributes
    ----------
    to : str
        In lower case.
    """

    chain_id: int
    nonce: int
    to: str
    value_wei: int
    data: bytes
    gas: GasTerms

    def is_cancel(self, sender: str) -> bool:
        """Tell whether it has no effect but using up its nonce: a transfer to the sender itself."""
        return self.to == sender.lower() and not self.data


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to send, and the hash the chain will know them by; both in 0x-prefixed hex."""

    raw: str
    hash: str


def load_signer() -> None:
    """Import what signing needs, so that the first signature does not wait 0.7 s for it."""
    import eth_account  # noqa: F401, PLC0415 (the import is the purpose)


def sign_body(key: SigningKey, body: Body) -> SignedTransaction:
    """Sign a transaction."""
    # Imported here because it takes 0.7 s, which a command that signs nothing should not wait.
    from eth_account import Account  # noqa: PLC0415

    signed = Account.sign_transaction(
        {
            "type": _TYPE,
            "chainId": body.chain_id,
            "nonce": body.nonce,
            "to": abi.address_bytes(body.to),
            "value": body.value_wei,
            "data": body.data,
            "gas": body.gas.gas_limit,
            "maxFeePerGas": body.gas.fee_max_wei,
            "maxPriorityFeePerGas": body.gas.priority_fee_max_wei,
        },
        key.secret,
    )
    return SignedTransaction(raw=f"0x{signed.raw_transaction.hex()}", hash=f"0x{signed.hash.hex()}")


def read_body(signed: SignedTransaction) -> Body:
    """Return what signed bytes do.

    Whatever is mined under the hash is exactly this: the hash is that of the bytes.

    Raises
    ------
    MalformedDataError
        If they are no EIP-1559 transaction, or have another hash.
    """
    content = abi.hex_bytes(signed.raw)
    if f"0x{keccak256(content).hex()}" != signed.hash.lower():
        raise MalformedDataError(f"the bytes are not those of transaction {signed.hash:.80}")
    if content[:1] != bytes([_TYPE]):
        raise MalformedDataError(f"transaction {signed.hash}: must be of type {_TYPE}")
    fields = rlp.decode_list(content[1:])
    if len(fields) != _FIELDS_COUNT or len(fields[5]) != _ADDRESS_BYTES:
        raise MalformedDataError(f"transaction {signed.hash}: must have 12 fields and a recipient")
    chain_id, nonce, tip, fee, limit = map(rlp.decode_number, fields[:5])
    return Body(
        chain_id=chain_id,
        nonce=nonce,
        to=f"0x{fields[5].hex()}",
        value_wei=rlp.decode_number(fields[6]),
        data=fields[7],
        gas=GasTerms(gas_limit=limit, fee_max_wei=fee, priority_fee_max_wei=tip),
    )
