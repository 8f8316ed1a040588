"""From heads and the logs of each block to market events, each log once and in order. Sans I/O.

A block is read whole, with all its logs as the node has them for exactly that block, before any
event of it is told. Logs that are streamed are only compared with them: what a node streams may be
late, doubled or withdrawn. One pool whose log is malformed waits for a snapshot, the others go on;
an answer that is not of the block at all is a MalformedDataError.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.error import MalformedDataError
from router.domain.market import (
    AnyPoolSnapshot,
    ChainReorganised,
    HeadAdvanced,
    MarketEvent,
    PoolEvent,
    PoolFeeChanged,
    PoolQuarantined,
    PoolSwapped,
)
from router.domain.units import TimestampNs, VenueId
from venues.evm.state.block_logs import read_logs
from venues.evm.state.heads import HeadChain, Path
from venues.evm.state.roster import Followed, Roster
from venues.evm.words.node import Header, Log, parse_log

Refreshed: TypeAlias = PoolFeeChanged | AnyPoolSnapshot  # what is read after every block

BLOCKS_COMPARED_MAX: Final = 64  # of which it is remembered what was streamed, or delivered


@dataclass(frozen=True, slots=True)
class Block:
    """A block with everything its events are made of.

    Attributes
    ----------
    logs : tuple of (Followed, Log)
        Of our pools, in order.
    malformed : tuple of (Followed, str)
        Pools with a log that is not one, and what is wrong with it.
    """

    header: Header
    logs: tuple[tuple[Followed, Log], ...]
    malformed: tuple[tuple[Followed, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a node said about now: what inclusion costs, and when it said so."""

    priority_fee_wei: int
    received_at: TimestampNs


class Session:
    """Follows the pools of one chain from a block on."""

    def __init__(self, venue: VenueId, roster: Roster, start: Header) -> None:
        self.heads = HeadChain(start)
        self._venue = venue
        self._roster = roster
        self._streamed: dict[str, set[int]] = {}  # of blocks that were not delivered yet
        self._delivered: dict[str, frozenset[int]] = {}
        self._withdrawn: set[str] = set()  # blocks whose logs were
        self._doubted: Header | None = None

    def forget_streamed(self) -> None:
        """Compare with nothing that an earlier connection streamed.

        A log that was streamed and is not there must not keep the next answer from being believed.
        """
        self._streamed.clear()
        self._withdrawn.clear()

    def take_doubt(self) -> bool:
        """Tell once whether logs were withdrawn of blocks that are still on the branch."""
        withdrawn, self._withdrawn = self._withdrawn, set()
        return any(self.heads.on_branch(each) is not None for each in withdrawn)

    def note(self, value: object) -> None:
        """Take note of a streamed log, which is delivered with its block and not before.

        Raises
        ------
        MalformedDataError
            If it should have been among those of a block that was delivered.
        """
        try:
            log = parse_log(value)
        except MalformedDataError:
            return  # it comes with its block again, and what is wrong with it is told then
        if self._roster.owner(log.address, log.topics) is None:
            return
        if log.removed:
            self._note_removed(log)
            return
        self._withdrawn.discard(log.block_hash)
        delivered = self._delivered.get(log.block_hash)
        if delivered is None:
            self._streamed.setdefault(log.block_hash, set()).add(log.index)
            _forget_oldest(self._streamed)
            return
        doubted = self.heads.on_branch(log.block_hash)
        if doubted is not None and log.index not in delivered:
            self._doubted = doubted
            raise MalformedDataError(
                f"log {log.index} came after its block {log.block_number} was complete without it"
            )

    def retract(self, told: Told) -> Iterator[MarketEvent]:
        """Void what was delivered from a block on of which a log was missing, if there is one."""
        doubted, self._doubted = self._doubted, None
        if doubted is not None and self.heads.on_branch(doubted.hash) is not None:
            parent = self.heads.on_branch(doubted.parent_hash)
            if parent is not None:
                yield from self.turn(Path(parent, (), is_reorganisation=True), told)

    def read_block(self, header: Header, answers: Sequence[object]) -> Block:
        """Check what a node has as the logs of a block, in one answer or several.

        Raises
        ------
        MalformedDataError
            If an answer is not a list of this block's logs, or one is missing that was streamed.
        """
        found: dict[int, tuple[Followed, Log]] = {}
        malformed: list[tuple[Followed, str]] = []
        for answer in answers:
            for followed, log in read_logs(answer, header, self._roster):
                if isinstance(log, Log):
                    found[log.index] = (followed, log)
                else:
                    malformed.append((followed, str(log)))
        missing = self._streamed.get(header.hash, set()) - found.keys()
        if missing and not malformed:
            raise MalformedDataError(
                f"block {header.number}: the node streamed logs {sorted(missing)} "
                "and does not have them"
            )
        logs = tuple(found[index] for index in sorted(found))
        return Block(header, logs, tuple(malformed))

    def turn(self, path: Path, told: Told) -> Iterator[MarketEvent]:
        """Go back to where a path begins, if that is not the head.

        Pools whose snapshot is of a block that becomes void cannot be taken back, and wait for
        another one.
        """
        if not path.is_reorganisation:
            return
        for followed in self._roster.all:
            followed.fee = None
            if followed.since is not None and followed.since > path.ancestor.number:
                yield self.quarantine(
                    followed, "the chain was reorganised before its snapshot", told
                )
        self.heads.rewind(path.ancestor)
        yield ChainReorganised(self._venue, path.ancestor.ref, told.received_at)

    def complete(
        self, block: Block, told: Told, refreshed: Sequence[Refreshed] = ()
    ) -> Iterator[MarketEvent]:
        """Tell the next block's events: its logs, what was read after it, the head.

        Take them one by one: what a pool did is passed over from the moment it is suspended.
        """
        header = block.header
        self.heads.extend(header)
        self._streamed.pop(header.hash, None)
        self._delivered[header.hash] = frozenset(log.index for _, log in block.logs)
        _forget_oldest(self._delivered)
        for followed, reason in block.malformed:
            yield self.quarantine(followed, reason, told)
        for followed, log in block.logs:
            if followed.since is None:
                continue
            try:
                event = followed.family.read_log(followed.setup, log)
            except MalformedDataError as error:
                yield self.quarantine(followed, str(error), told)
                continue
            if event is not None:
                yield event if followed.is_exact else _inexact(event)
        yield from self.refresh(refreshed)
        yield self.head(told)

    def refresh(self, refreshed: Sequence[Refreshed]) -> Iterator[MarketEvent]:
        """Tell what was read after the newest block: fees that are others now, and quotes."""
        for change in refreshed:
            followed = self._roster[change.instrument]
            if followed.since is None:
                continue
            if isinstance(change, PoolFeeChanged):
                fee = (change.fee_pips, change.protocol_fees_pips)
                if followed.fee == fee:
                    continue
                followed.fee = fee
            yield change

    def head(self, told: Told) -> HeadAdvanced:
        """Tell the newest block, once more or for the first time."""
        header = self.heads.head
        return HeadAdvanced(
            venue=self._venue,
            block=header.ref,
            base_fee_wei=header.base_fee_wei,
            priority_fee_wei=told.priority_fee_wei,
            received_at=told.received_at,
        )

    def resume(self, snapshot: AnyPoolSnapshot, *, is_provisional: bool) -> AnyPoolSnapshot:
        """Follow a pool from its snapshot on."""
        self._roster[snapshot.instrument].resume(snapshot.block, is_provisional=is_provisional)
        return snapshot

    @staticmethod
    def quarantine(followed: Followed, reason: str, told: Told) -> PoolQuarantined:
        """Follow a pool no longer, until its next snapshot."""
        followed.suspend(reason)
        return PoolQuarantined(followed.id, reason, told.received_at)

    # A node may withdraw logs before it announces the heads of the other branch, or after.
    def _note_removed(self, log: Log) -> None:
        self._streamed.get(log.block_hash, set()).discard(log.index)
        self._withdrawn.add(log.block_hash)


# Whatever family reads it: the fee of the moment is not known, or a hook had a say in the amounts.
def _inexact(event: PoolEvent) -> PoolEvent:
    if not isinstance(event, PoolSwapped) or event.fee_pips is not None:
        return event
    return PoolSwapped(
        instrument=event.instrument,
        block_number=event.block_number,
        block_hash=event.block_hash,
        log_index=event.log_index,
        amount0=event.amount0,
        amount1=event.amount1,
        sqrt_price_x96=event.sqrt_price_x96,
        liquidity=event.liquidity,
        tick=event.tick,
        is_exact=False,
    )


def _forget_oldest(blocks: dict[str, set[int]] | dict[str, frozenset[int]]) -> None:
    if len(blocks) > BLOCKS_COMPARED_MAX:
        del blocks[next(iter(blocks))]
