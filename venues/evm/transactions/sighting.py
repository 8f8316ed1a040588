"""Finding out what became of the transactions of one nonce. Asks one node, and decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from venues.evm.nodes.chain import LATEST, Chain, at, revert_data
from venues.evm.words import revert
from venues.evm.words.node import (
    Header,
    Receipt,
    parse_body,
    parse_header,
    parse_quantity,
    parse_receipt,
)
from venues.transport.json_rpc import Call, Json, JsonRpcError

_DEEP: Final = 64  # blocks; what a node makes of the newest ones may not be whole yet
_REPLAYED: Final = ("from", "to", "input", "gas", "value")
_BODIES, _NO_BODIES = True, False


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction that is in a block, and why it failed if it did."""

    receipt: Receipt
    header: Header
    revert_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a node knows of some transactions of one nonce, of which at most one is mined.

    Attributes
    ----------
    is_pooled : bool
        Of the newest.
    taken_in : int | None
        The block that holds another transaction of the nonce.
    is_unclear : bool
        The nonce is used, and the node does not say by whom: its answers were not of one moment.
    """

    tip: Header
    mined: Mined | None = None
    is_pooled: bool = False
    taken_in: int | None = None
    is_unclear: bool = False

    def depth_of(self, block_number: int) -> int:
        """Return how deep a block is; the newest one, and any newer than the tip, is 1 deep."""
        return max(self.tip.number - block_number + 1, 1)


async def look_for(chain: Chain, hashes: Sequence[str], *, sender: str, nonce: int) -> Sighting:
    """Find out what became of transactions, the newest of which is the last.

    Raises
    ------
    TransportError, JsonRpcError, MalformedDataError
        If the node did not answer as it should.
    """
    calls: list[Call] = [
        ("eth_getBlockByNumber", (LATEST, _NO_BODIES)),
        ("eth_getTransactionCount", (sender, LATEST)),
        ("eth_getTransactionByHash", (hashes[-1],)),
        *(("eth_getTransactionReceipt", (each,)) for each in hashes),
    ]
    block, count, newest, *receipts = await chain.batch(*calls)
    tip = parse_header(block)
    for receipt in map(parse_receipt, receipts):
        if receipt is not None:
            return await _mined(chain, tip, receipt)
    is_listed = isinstance(newest, dict) and newest.get("blockNumber") is not None
    if is_listed or parse_quantity(count) > nonce:
        return await _used(chain, tip, hashes, sender=sender.lower(), nonce=nonce)
    return Sighting(tip=tip, is_pooled=newest is not None)


async def _mined(chain: Chain, tip: Header, receipt: Receipt) -> Sighting:
    block = await chain.request("eth_getBlockByNumber", hex(receipt.block_number), _NO_BODIES)
    header = None if block is None else parse_header(block)
    if header is None or header.hash != receipt.block_hash:
        return Sighting(tip=tip, is_unclear=True)  # the block was replaced in between
    reason = "" if receipt.succeeded else await _revert_reason(chain, receipt)
    return Sighting(tip=tip, mined=Mined(receipt, header, reason))


# While it makes a block a node may show the new nonce before the receipt that belongs to it, even
# for the block before: only the other transaction itself is a proof.
async def _used(
    chain: Chain, tip: Header, hashes: Sequence[str], *, sender: str, nonce: int
) -> Sighting:
    used = await _block_using(chain, nonce, sender=sender, tip=tip)
    if used is None:
        return Sighting(tip=tip, is_unclear=True)
    body = parse_body(await chain.request("eth_getBlockByNumber", hex(used), _BODIES))
    found = [one.hash for one in body if (one.sender, one.nonce) == (sender, nonce)]
    # Deep down there is no such doubt: a receipt of ours would be there.
    is_deep = not found and used <= tip.number - _DEEP
    if is_deep or any(each not in hashes for each in found):
        return Sighting(tip=tip, taken_in=used)
    return Sighting(tip=tip, is_unclear=True)


# Returns the block that used a nonce, None if none has. Steps back from the tip doubling the
# stride, then halves the interval it found. Where the node has no state any more, it looks no
# further back.
async def _block_using(chain: Chain, nonce: int, *, sender: str, tip: Header) -> int | None:
    if await _nonce_after(chain, tip.number, sender=sender) <= nonce:
        return None
    used, unused = tip.number, max(tip.number - 1, 0)
    while unused and await _is_used(chain, nonce, sender=sender, block=unused):
        used, unused = unused, max(unused - 2 * (tip.number - unused), 0)
    while used - unused > 1:
        middle = (used + unused) // 2
        if await _is_used(chain, nonce, sender=sender, block=middle):
            used = middle
        else:
            unused = middle
    return used


async def _is_used(chain: Chain, nonce: int, *, sender: str, block: int) -> bool:
    try:
        return await _nonce_after(chain, block, sender=sender) > nonce
    except JsonRpcError:
        return False  # full nodes forget old states


async def _nonce_after(chain: Chain, block: int, *, sender: str) -> int:
    return parse_quantity(await chain.request("eth_getTransactionCount", sender, hex(block)))


# Replayed after its own block: what made it fail has happened by then.
async def _revert_reason(chain: Chain, receipt: Receipt) -> str:
    fields = await chain.request("eth_getTransactionByHash", receipt.hash)
    if isinstance(fields, dict):
        again: dict[str, Json] = {name: fields.get(name) for name in _REPLAYED}
        try:
            await chain.request("eth_call", again, at(receipt.block_hash))
        except JsonRpcError as error:
            reason = revert_data(error)
            if reason is not None:
                return f"reverted: {revert.explain(reason)}"
    return "reverted, for a reason that a replay after its block does not show"
