"""Tokens that came to or left a chain account, from the logs of the tokens themselves.

Every transfer of a configured token up to a block, whoever's transaction made it: which of them the
desk signed is known to whoever has its hashes. The newest blocks are read again each time, so that
what a reorganisation took back is gone. The chain's coin leaves no logs, and nor does wrapping it:
refuses to tell of either.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from router.domain.account import Transfer
from router.domain.error import MalformedDataError
from router.domain.market import BlockRef
from router.domain.units import NS_PER_S, Amount, AssetId, TimestampNs
from venues.evm.nodes.chain import Chain
from venues.evm.spec import ChainConfig
from venues.evm.words import abi
from venues.evm.words.node import parse_hash, parse_header, parse_log, parse_quantity
from venues.transport.json_rpc import Call, Json

TRANSFER: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
LOOK_BACK_BLOCKS: Final = 5_000  # at the first look, and how long a transfer is told
REREAD_BLOCKS: Final = 64  # no chain that is traded on takes back more
_BLOCKS_A_QUESTION: Final = 1_000  # which every node answers
_HEADERS_A_QUESTION: Final = 100
_TOPICS: Final = 3  # with an indexed amount it would be another standard's
_WORD: Final = 32


@dataclass(frozen=True, slots=True)
class _Row:
    block: str
    transaction: str
    index: int
    asset: AssetId
    atoms: int
    other: str


class TransferReader:
    """The transfers of one account, read block by block."""

    def __init__(self, config: ChainConfig) -> None:
        self._assets = {token.address.lower(): a for a, token in config.tokens.items()}
        self._owner = config.address.lower()
        self._rows: dict[tuple[int, int], _Row] = {}  # by block and index
        self._times: dict[str, TimestampNs] = {}
        self._read_to: BlockRef | None = None

    async def read(self, chain: Chain, block: BlockRef) -> tuple[Transfer, ...]:
        """Return the transfers of the last blocks up to this one, oldest first.

        Raises
        ------
        TransportError, JsonRpcError, MalformedDataError
            If the node did not answer as it should, or the block is none of the chain any more.
        """
        if self._read_to is None or self._read_to.hash != block.hash:
            await self._catch_up(chain, block)
        return tuple(self._told())

    async def _catch_up(self, chain: Chain, block: BlockRef) -> None:
        oldest = max(0, block.number - LOOK_BACK_BLOCKS + 1)
        first = oldest
        if self._read_to is not None:
            known_to = min(self._read_to.number, block.number)
            first = max(oldest, known_to - REREAD_BLOCKS + 1)
        header: Call = ("eth_getBlockByNumber", (hex(block.number), False))
        newest, *answers = await chain.batch(header, *self._questions(first, block.number))
        if newest is None or parse_header(newest).hash != block.hash:
            raise MalformedDataError(
                f"block {block.number} was put back while its transfers were read"
            )
        fresh: dict[tuple[int, int], _Row] = {}
        for answer in answers:
            fresh.update(self._read(answer))
        await self._learn_times(chain, {row.block for row in fresh.values()})
        kept = {key: row for key, row in self._rows.items() if oldest <= key[0] < first}
        self._rows = {**kept, **fresh}
        self._read_to = block
        used = {row.block for row in self._rows.values()}
        self._times = {name: time for name, time in self._times.items() if name in used}

    # From the account, and to it.
    def _questions(self, first: int, last: int) -> Iterator[Call]:
        owner = "0x" + abi.address(self._owner).hex()
        for start in range(first, last + 1, _BLOCKS_A_QUESTION):
            for topics in ([TRANSFER, owner], [TRANSFER, None, owner]):
                wanted: list[Json] = list(topics)
                query: Json = {
                    "address": list(self._assets),
                    "topics": wanted,
                    "fromBlock": hex(start),
                    "toBlock": hex(min(start + _BLOCKS_A_QUESTION - 1, last)),
                }
                yield "eth_getLogs", (query,)

    def _read(self, answer: Json) -> Iterator[tuple[tuple[int, int], _Row]]:
        if not isinstance(answer, list):
            raise MalformedDataError(f"logs must be a list, was {answer!r:.80}")
        for item in answer:
            log = parse_log(item)
            asset = self._assets.get(log.address)
            if asset is None or len(log.topics) != _TOPICS or len(log.data) != _WORD:
                continue
            source, to = (f"0x{topic[-40:]}" for topic in log.topics[1:])
            atoms = abi.read_uint(log.data, 0)
            signed = (atoms if to == self._owner else 0) - (atoms if source == self._owner else 0)
            fields = item if isinstance(item, dict) else {}
            if "blockTimestamp" in fields:
                self._times[log.block_hash] = _time(parse_quantity(fields["blockTimestamp"]))
            yield (
                (log.block_number, log.index),
                _Row(
                    block=log.block_hash,
                    transaction=parse_hash(fields.get("transactionHash")),
                    index=log.index,
                    asset=asset,
                    atoms=signed,
                    other=to if source == self._owner else source,
                ),
            )

    # Where the node does not tell a block's time with its logs.
    async def _learn_times(self, chain: Chain, blocks: Iterable[str]) -> None:
        unknown = sorted(set(blocks) - set(self._times))
        for start in range(0, len(unknown), _HEADERS_A_QUESTION):
            part = unknown[start : start + _HEADERS_A_QUESTION]
            calls: list[Call] = [("eth_getBlockByHash", (name, False)) for name in part]
            for name, told in zip(part, await chain.batch(*calls), strict=True):
                if told is None:
                    raise MalformedDataError(f"block {name} was put back while it was read")
                self._times[name] = _time(parse_header(told).timestamp_s)

    # Numbered within their transaction: in another block it makes the same ones again.
    def _told(self) -> Iterator[Transfer]:
        counts: dict[str, int] = {}
        for _, row in sorted(self._rows.items()):
            count = counts.get(row.transaction, 0)
            counts[row.transaction] = count + 1
            if row.atoms:
                yield Transfer(
                    id=f"{row.transaction}:{count}",
                    amount=Amount(row.asset, row.atoms),
                    detail=f"transfer {row.other}",
                    at_venue=self._times[row.block],
                )


def _time(seconds: int) -> TimestampNs:
    return TimestampNs(seconds * NS_PER_S)
