"""Asking a node, for every chain venue: blocks, contract reads, sending.

Raises what the transport and the parsing raise; which VenueError that is depends on what was
asked, so the venue says it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.units import DurationNs
from venues.evm.words.multicall import ContractCall, decode_results, encode_calls, portions
from venues.evm.words.node import (
    Header,
    parse_data,
    parse_header,
    parse_quantity,
    parse_text,
)
from venues.evm.words.refusal import Offer, Refusal, classify
from venues.transport.json_rpc import Answer, Call, Json, JsonRpc, JsonRpcError

LATEST = "latest"
PENDING = "pending"
_TIP_TRIES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Tip:
    """The head of the chain, and what the chain asks at present for inclusion."""

    header: Header
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """The fields a simulation needs."""

    sender: str
    to: str
    data: bytes
    value_wei: int = 0

    def fields(self) -> dict[str, Json]:
        """Return the JSON object."""
        return {
            "from": self.sender,
            "to": self.to,
            "data": _hex(self.data),
            "value": hex(self.value_wei),
        }


class Chain:
    """A node behind one connection, and where its Multicall3 is."""

    def __init__(self, rpc: JsonRpc, *, multicall: str, within: DurationNs) -> None:
        self.rpc = rpc
        self._multicall = multicall
        self._within = within

    async def request(self, method: str, *params: Json) -> Json:
        """Call one method within the deadline of this chain."""
        return await self.rpc.request(method, params, within=self._within)

    async def answers(self, *calls: Call) -> tuple[Answer, ...]:
        """Make several calls in one message, and return the errors among the results."""
        return await self.rpc.batch(calls, within=self._within)

    async def batch(self, *calls: Call) -> tuple[Json, ...]:
        """Make several calls in one message; an error of any of them is raised."""
        answers = await self.answers(*calls)
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
        """Return the newest block and the current priority fee.

        A node that is about to have another newest block may say that it has none; asked again, it
        has.
        """
        newest: Call = ("eth_getBlockByNumber", (LATEST, False))
        block, fee = await self.batch(newest, ("eth_maxPriorityFeePerGas", ()))
        for _ in range(_TIP_TRIES_MAX):
            if block is not None:
                break
            (block,) = await self.batch(newest)
        return Tip(parse_header(block), parse_quantity(fee))

    async def header(self, block_hash: str) -> Header | None:
        """Return a block; None if the node does not have it, or no longer."""
        block = await self.request("eth_getBlockByHash", block_hash, False)  # noqa: FBT003 (JSON-RPC is positional)
        return None if block is None else parse_header(block)

    async def read(self, calls: Sequence[ContractCall], *, block: Json) -> tuple[bytes, ...]:
        """Read contracts, all at the same block: a tag, or what `at` returns."""
        parts = list(portions(calls))
        answers = await self.answers(*(self.read_call(part, block=block) for part in parts))
        contents: list[bytes] = []
        for part, answer in zip(parts, answers, strict=True):
            if not isinstance(answer, JsonRpcError):
                contents += decode_results(parse_data(answer), part)
            elif len(part) > 1 and part[0].may_fail:
                contents += await self._read_singly(part, block=block)
            else:
                raise answer
        return tuple(contents)

    # A call that burns all the gas it gets leaves too little for others beside it, but enough to
    # say so where it is alone.
    async def _read_singly(self, calls: Sequence[ContractCall], *, block: Json) -> list[bytes]:
        answers = await self.batch(*(self.read_call([call], block=block) for call in calls))
        return [
            content
            for call, answer in zip(calls, answers, strict=True)
            for content in decode_results(parse_data(answer), [call])
        ]

    def read_call(self, calls: Sequence[ContractCall], *, block: Json) -> Call:
        """Return the call that `read` makes, for a batch with others."""
        fields: Json = {"to": self._multicall, "data": _hex(encode_calls(calls))}
        return ("eth_call", (fields, block))

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
