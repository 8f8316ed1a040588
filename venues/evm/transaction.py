"""EIP-1559 transactions: what they cost at most, their bytes and their hash. Sends nothing."""

from dataclasses import dataclass
from typing import Final

from venues.evm.key import SigningKey

BASE_FEE_HEADROOM: Final = 2  # a full block raises the base fee by an eighth: six full blocks
GAS_HEADROOM_PERCENT: Final = 25  # state may move between the estimate and the block
GAS_LIMIT_MAX: Final = 1 << 24  # of one transaction, EIP-7825


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


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to send, and the hash the chain will know them by; both in 0x-prefixed hex."""

    raw: str
    hash: str


def gas_terms(
    *, gas_estimate: int, base_fee_wei: int, priority_fee_wei: int, fee_cap_wei: int
) -> GasTerms:
    """Return terms with headroom over an estimate, within a cap on the price of one unit."""
    gas_limit = gas_estimate + gas_estimate * GAS_HEADROOM_PERCENT // 100
    fee_max = min(BASE_FEE_HEADROOM * base_fee_wei + priority_fee_wei, fee_cap_wei)
    return GasTerms(
        gas_limit=max(gas_estimate, min(gas_limit, GAS_LIMIT_MAX)),
        fee_max_wei=fee_max,
        priority_fee_max_wei=min(priority_fee_wei, fee_max),
    )


def load_signer() -> None:
    """Import what signing needs, so that the first signature does not wait 0.7 s for it."""
    import eth_account  # noqa: F401, PLC0415 (the import is the purpose)


def sign_transaction(
    key: SigningKey, *, chain_id: int, nonce: int, to: bytes, data: bytes, gas: GasTerms
) -> SignedTransaction:
    """Sign a call that sends no coin."""
    # Imported here because it takes 0.7 s, which a command that signs nothing should not wait.
    from eth_account import Account  # noqa: PLC0415

    signed = Account.sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "to": to,
            "value": 0,
            "data": data,
            "gas": gas.gas_limit,
            "maxFeePerGas": gas.fee_max_wei,
            "maxPriorityFeePerGas": gas.priority_fee_max_wei,
        },
        key.secret,
    )
    return SignedTransaction(raw=f"0x{signed.raw_transaction.hex()}", hash=f"0x{signed.hash.hex()}")
