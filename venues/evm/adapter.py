"""Asking a node, for every chain venue: blocks, contract reads, logs, receipts, sending.

Raises what the transport and the parsing raise; which VenueError that is depends on what was
asked, so the venue says it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.units import DurationNs
from venues.evm import revert
from venues.evm.multicall import CALLS_MAX, ContractCall, decode_results, encode_calls
from venues.evm.node import (
    Header,
    Log,
    Receipt,
    parse_body,
    parse_data,
    parse_header,
    parse_logs,
    parse_quantity,
    parse_receipt,
    parse_text,
)
from venues.evm.refusal import Refusal, classify
from venues.transport.json_rpc import Call, Json, JsonRpc, JsonRpcError, Subscription

LATEST = "latest"
PENDING = "pending"


_DEEP: Final = 64  # blocks; what a node makes of the newest ones may not be whole yet


@dataclass(frozen=True, slots=True)
class Tip:
    """The head of the chain, and what the chain asks at present for inclusion."""

    header: Header
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction that is in a block, and why it failed if it did."""

    receipt: Receipt
    header: Header
    revert_reason: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a node knows of a transaction.

    Attributes
    ----------
    is_nonce_used, is_nonce_lost : bool
        By whatever transaction; and for certain by another one.
    """

    tip: Header
    mined: Mined | None
    is_nonce_used: bool
    is_nonce_lost: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """How a node took a transaction, and its words where it did not."""

    refusal: Refusal
    reason: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """The fields a simulation needs."""

    sender: str
    to: str
    data: bytes

    def fields(self) -> dict[str, Json]:
        """Return the JSON object."""
        return {"from": self.sender, "to": self.to, "data": _hex(self.data)}


class Chain:
    """A node behind one connection, and where its Multicall3 is."""

    def __init__(self, rpc: JsonRpc, *, multicall: str, within: DurationNs) -> None:
        self.rpc = rpc
        self._multicall = multicall
        self._within = within

    async def request(self, method: str, *params: Json) -> Json:
        """Call one method within the deadline of this chain."""
        return await self.rpc.request(method, params, within=self._within)

    async def batch(self, *calls: Call) -> tuple[Json, ...]:
        """Make several calls in one message; an error of any of them is raised."""
        answers = await self.rpc.batch(calls, within=self._within)
        results: list[Json] = []
        for answer in answers:
            if isinstance(answer, JsonRpcError):
                raise answer
            results.append(answer)
        return tuple(results)

    async def chain_id(self) -> int:
        """Return the chain's number."""
        return parse_quantity(await self.request("eth_chainId"))

    async def has_code(self, addresses: Sequence[str]) -> tuple[bool, ...]:
        """Tell which addresses are contracts."""
        calls: list[Call] = [("eth_getCode", (address, LATEST)) for address in addresses]
        return tuple(bool(parse_data(code)) for code in await self.batch(*calls))

    async def tip(self) -> Tip:
        """Return the newest block and the current priority fee."""
        block, fee = await self.batch(
            ("eth_getBlockByNumber", (LATEST, False)), ("eth_maxPriorityFeePerGas", ())
        )
        return Tip(parse_header(block), parse_quantity(fee))

    async def header(self, block_hash: str) -> Header | None:
        """Return a block; None if the node does not have it, or no longer."""
        block = await self.request("eth_getBlockByHash", block_hash, False)  # noqa: FBT003 (JSON-RPC is positional)
        return None if block is None else parse_header(block)

    async def read(self, calls: Sequence[ContractCall], *, block: Json) -> tuple[bytes, ...]:
        """Read contracts, all at the same block: a tag, or what `at` returns."""
        chunks = [calls[start : start + CALLS_MAX] for start in range(0, len(calls), CALLS_MAX)]
        answers = await self.batch(*(self.read_call(chunk, block=block) for chunk in chunks))
        return tuple(
            content
            for chunk, answer in zip(chunks, answers, strict=True)
            for content in decode_results(parse_data(answer), count=len(chunk))
        )

    def read_call(self, calls: Sequence[ContractCall], *, block: Json) -> Call:
        """Return the call that `read` makes, for a batch with others."""
        fields: Json = {"to": self._multicall, "data": _hex(encode_calls(calls))}
        return ("eth_call", (fields, block))

    async def block_logs(
        self, block_hash: str, *, addresses: Iterable[str]
    ) -> tuple[tuple[Log, ...], int]:
        """Return what contracts logged in a block, and the current priority fee."""
        query: Json = {"blockHash": block_hash, "address": list(addresses)}
        logs, fee = await self.batch(("eth_getLogs", (query,)), ("eth_maxPriorityFeePerGas", ()))
        return parse_logs(logs), parse_quantity(fee)

    async def subscribe(self, addresses: Iterable[str]) -> tuple[Subscription, Subscription]:
        """Subscribe to new heads, and to what contracts log."""
        query: Json = {"address": list(addresses)}
        heads = await self.rpc.subscribe(("newHeads",), within=self._within)
        return heads, await self.rpc.subscribe(("logs", query), within=self._within)

    async def receipt(self, transaction_hash: str) -> Receipt | None:
        """Return the receipt of a mined transaction."""
        return parse_receipt(await self.request("eth_getTransactionReceipt", transaction_hash))

    async def look_for(self, transaction_hash: str, *, sender: str, nonce: int) -> Sighting:
        """Find out what became of a transaction."""
        tip = (await self.tip()).header
        receipt = await self.receipt(transaction_hash)
        if receipt is None:
            # While it makes a block a node may show the new nonce before the receipt that belongs
            # to it, even for the block before: only the other transaction itself is a proof.
            used = await self._block_using(nonce, sender=sender, tip=tip)
            if used is None:
                return Sighting(tip, None, is_nonce_used=False, is_nonce_lost=False)
            body = parse_body(await self.request("eth_getBlockByNumber", hex(used), True))  # noqa: FBT003 (JSON-RPC is positional)
            found = [one for one in body if (one.sender, one.nonce) == (sender.lower(), nonce)]
            # Deep down there is no such doubt: a receipt of ours would be there.
            is_deep = not found and used <= tip.number - _DEEP
            is_lost = is_deep or any(one.hash != transaction_hash for one in found)
            return Sighting(tip, None, is_nonce_used=True, is_nonce_lost=is_lost)
        header = await self.header(receipt.block_hash)
        if header is None:  # the block was replaced since the receipt was read
            return Sighting(tip, None, is_nonce_used=True, is_nonce_lost=False)
        reason = "" if receipt.succeeded else await self._revert_reason(receipt)
        mined = Mined(receipt, header, reason)
        return Sighting(tip, mined, is_nonce_used=True, is_nonce_lost=False)

    async def estimate_gas(self, transaction: Transaction) -> int:
        """Execute on top of what is pending, without effect, and return the gas it takes.

        Raises
        ------
        JsonRpcError
            If it reverts; `revert_data` finds the reason.
        """
        return parse_quantity(await self.request("eth_estimateGas", transaction.fields(), PENDING))

    async def offer(self, raw: str, *, transaction_hash: str) -> Offer:
        """Hand over a signed transaction; doing it again has no second effect.

        Raises
        ------
        MalformedDataError
            If the node calls the transaction by another hash.
        TransportError
            If there was no answer.
        """
        try:
            answer = parse_text(await self.request("eth_sendRawTransaction", raw)).lower()
        except JsonRpcError as error:
            return Offer(classify(error.message), str(error))
        if answer != transaction_hash:
            raise MalformedDataError(f"the node calls {transaction_hash} by the hash {answer:.80}")
        return Offer(Refusal.KNOWN, "")

    @property
    def is_open(self) -> bool:
        """Whether it can still be asked."""
        return self.rpc.is_open

    async def aclose(self) -> None:
        """Close the connection; idempotent."""
        await self.rpc.close()

    # Returns the block that used a nonce, None if none has. Steps back from the tip doubling the
    # stride, then halves the interval it found. Where the node has no state any more, it looks no
    # further back.
    async def _block_using(self, nonce: int, *, sender: str, tip: Header) -> int | None:
        if await self._nonce_after(tip.number, sender=sender) <= nonce:
            return None
        used, unused = tip.number, max(tip.number - 1, 0)
        while unused and await self._is_used(nonce, sender=sender, block=unused):
            used, unused = unused, max(unused - 2 * (tip.number - unused), 0)
        while used - unused > 1:
            middle = (used + unused) // 2
            if await self._is_used(nonce, sender=sender, block=middle):
                used = middle
            else:
                unused = middle
        return used

    async def _is_used(self, nonce: int, *, sender: str, block: int) -> bool:
        try:
            return await self._nonce_after(block, sender=sender) > nonce
        except JsonRpcError:
            return False  # full nodes forget old states

    async def _nonce_after(self, block: int, *, sender: str) -> int:
        return parse_quantity(await self.request("eth_getTransactionCount", sender, hex(block)))

    # Replayed after its own block: what made it fail has happened by then.
    async def _revert_reason(self, receipt: Receipt) -> str:
        fields = await self.request("eth_getTransactionByHash", receipt.hash)
        if isinstance(fields, dict):
            again = {name: fields.get(name) for name in ("from", "to", "input", "gas", "value")}
            try:
                await self.request("eth_call", again, at(receipt.block_hash))
            except JsonRpcError as error:
                reason = revert_data(error)
                if reason is not None:
                    return f"reverted: {revert.explain(reason)}"
        return "reverted, for a reason that a replay after its block does not show"


def at(block_hash: str) -> Json:
    """Return the parameter that pins a read to one block (EIP-1898)."""
    return {"blockHash": block_hash}


def revert_data(error: JsonRpcError) -> bytes | None:
    """Return the bytes a revert gave as its reason; None where the error is no revert."""
    if isinstance(error.data, str):
        try:
            return parse_data(error.data)
        except MalformedDataError:
            return None
    return b"" if "revert" in error.message.lower() else None


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
