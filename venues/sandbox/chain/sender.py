"""Transactions of unlocked accounts: queued with explicit nonces, then mined, all checked.

Refuses to carry on after a transaction that failed. Signs nothing; the node does.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from venues.sandbox.chain import abi
from venues.sandbox.chain.manifest import AccountEntry
from venues.sandbox.chain.rpc import ChainError, JsonRpc, Request

GAS_PRICE_MAX_WEI = 100 * 10**9
GAS_PRIORITY_WEI = 10**9
_RECEIPT_POLL_S = 0.002
_RECEIPT_POLLS_MAX = 10_000


@dataclass(slots=True)
class Sender:
    """The queue of a fresh chain, where every account begins at nonce zero."""

    rpc: JsonRpc
    _queue: list[Request] = field(default_factory=list)
    _nonces: dict[str, int] = field(default_factory=dict)

    def send(
        self, account: AccountEntry, to: str, data: bytes, *, gas: int, value: int = 0
    ) -> None:
        """Queue a call."""
        self._push(account, {"to": to, "data": abi.to_hex(data), "value": hex(value)}, gas)

    def create(self, account: AccountEntry, code: bytes, *, gas: int) -> str:
        """Queue the creation of a contract and return where it will be."""
        nonce = self._nonces.get(account.address, 0)
        self._push(account, {"data": abi.to_hex(code)}, gas)
        return abi.create_address(account.address, nonce)

    def flush(self) -> list[dict[str, Any]]:
        """Get everything queued into one block and return the receipts in that order."""
        queue, self._queue = self._queue, []
        hashes = self.rpc.batch(queue)
        self.rpc.request("evm_mine")
        return [wait_for_receipt(self.rpc, each) for each in hashes]

    def _push(self, account: AccountEntry, fields: dict[str, str], gas: int) -> None:
        nonce = self._nonces.get(account.address, 0)
        self._nonces[account.address] = nonce + 1
        envelope = {
            "from": account.address,
            "nonce": hex(nonce),
            "gas": hex(gas),
            "maxFeePerGas": hex(GAS_PRICE_MAX_WEI),
            "maxPriorityFeePerGas": hex(GAS_PRIORITY_WEI),
        }
        self._queue.append(("eth_sendTransaction", [envelope | fields]))


def wait_for_receipt(rpc: JsonRpc, transaction_hash: str) -> dict[str, Any]:
    """Return the receipt of a transaction that succeeded, waiting until a block has it.

    Raises
    ------
    ChainError
        It reverted, or no block took it within twenty seconds.
    """
    for _ in range(_RECEIPT_POLLS_MAX):
        receipt: dict[str, Any] | None = rpc.request("eth_getTransactionReceipt", transaction_hash)
        if receipt is None:
            time.sleep(_RECEIPT_POLL_S)
            continue
        if receipt["status"] != "0x1":
            raise ChainError(
                f"transaction {transaction_hash} reverted after {int(receipt['gasUsed'], 16)} gas"
            )
        return receipt
    raise ChainError(f"no block took transaction {transaction_hash} in time")
