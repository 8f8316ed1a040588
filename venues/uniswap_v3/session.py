"""From heads and logs to market events, each log once and in order. Sans I/O.

A block is complete when its head continues the chain and the node has answered with all logs of
exactly that block; logs that were streamed are only compared with it. Whatever does not fit is a
SequenceGapError or MalformedDataError: the stream is lost, and a new snapshot must be taken.
"""

from collections.abc import Mapping
from typing import Final

from router.domain.error import MalformedDataError, SequenceGapError
from router.domain.instrument import Instrument
from router.domain.market import BlockRef, HeadAdvanced, MarketEvent
from router.domain.units import TimestampNs, VenueId
from venues.evm.heads import HeadChain
from venues.evm.node import Header, Log
from venues.uniswap_v3 import translate

BLOCKS_REMEMBERED_MAX: Final = 64
STREAMED_LOGS_MAX: Final = 65_536


class Session:
    """Follows the pools from a snapshot on.

    Parameters
    ----------
    pools : Mapping[str, Instrument]
        By address in lower case.
    start : BlockRef
        The block the snapshot was taken after.
    """

    def __init__(self, venue: VenueId, pools: Mapping[str, Instrument], start: BlockRef) -> None:
        self._venue = venue
        self._pools = pools
        self._start = start
        self._chain = HeadChain(start)
        self._streamed: dict[str, set[int]] = {}  # of blocks that are not complete yet
        self._delivered: dict[str, frozenset[int]] = {}  # of the blocks that are

    def note_log(self, log: Log) -> None:
        """Take note of a streamed log; it is delivered with its block.

        Raises
        ------
        SequenceGapError
            If the log was withdrawn, or should have been among those of a complete block.
        """
        if log.removed:
            raise SequenceGapError(
                f"log {log.index} of block {log.block_number} was withdrawn: "
                "the chain was reorganised"
            )
        delivered = self._delivered.get(log.block_hash)
        if delivered is not None:
            if log.index not in delivered:
                raise SequenceGapError(
                    f"log {log.index} came after its block {log.block_number} was complete"
                )
        elif log.block_number > self._start.number:
            self._streamed.setdefault(log.block_hash, set()).add(log.index)
            if sum(map(len, self._streamed.values())) > STREAMED_LOGS_MAX:
                raise SequenceGapError("logs come without the heads of their blocks")

    def accept_head(self, block: BlockRef) -> bool:
        """Check a new head against the chain; True if its logs are wanted now.

        Raises
        ------
        SequenceGapError
            If heads are missing, or the chain was reorganised.
        """
        return self._chain.advance(block)

    def complete_block(
        self,
        header: Header,
        logs: tuple[Log, ...],
        *,
        priority_fee_wei: int,
        received_at: TimestampNs,
    ) -> tuple[MarketEvent, ...]:
        """Return the events of the accepted head, its logs first.

        Raises
        ------
        SequenceGapError
            If a log was streamed that is not among them.
        MalformedDataError
            If they are not this block's logs of our pools.
        """
        unique = {log.index: log for log in logs}
        self._check(header, tuple(unique.values()))
        self._delivered[header.hash] = frozenset(unique)
        if len(self._delivered) > BLOCKS_REMEMBERED_MAX:
            del self._delivered[next(iter(self._delivered))]
        ordered = (log for _, log in sorted(unique.items()))
        changes = (translate.pool_event(self._pools[log.address], log) for log in ordered)
        head = HeadAdvanced(
            venue=self._venue,
            block=header.ref,
            base_fee_wei=header.base_fee_wei,
            priority_fee_wei=priority_fee_wei,
            received_at=received_at,
        )
        return (*(change for change in changes if change is not None), head)

    def _check(self, header: Header, logs: tuple[Log, ...]) -> None:
        for log in logs:
            if log.block_hash != header.hash or log.removed:
                raise MalformedDataError(f"log {log.index} is not of block {header.number}")
            if log.address not in self._pools:
                raise MalformedDataError(f"log {log.index} is of {log.address}, no pool of ours")
        missing = self._streamed.pop(header.hash, set()) - {log.index for log in logs}
        if missing:
            raise SequenceGapError(
                f"block {header.number}: the node streamed logs {sorted(missing)} "
                "and does not have them"
            )
