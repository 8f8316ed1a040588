"""Bringing a session to where a node is, through one connection: headers, logs, states of pools.

Everything of the way to a new head is read before any of it is told, so that nobody sees a block
half, or a void block's state under another head. Refuses to tell what the node no longer has: if
the chain was reorganised meanwhile it asks for the head again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from router.domain.error import BrokenPoolError, MarketDataError
from router.domain.market import MarketEvent, PoolQuarantined
from router.port import Clock, Emit
from venues.evm.nodes.chain import Chain, Tip
from venues.evm.spec import ChainConfig
from venues.evm.state.heads import Missing, Path, Standing
from venues.evm.state.pool_reader import Failures, PoolReader, State
from venues.evm.state.roster import Followed, Roster
from venues.evm.state.session import Block, Session, Told
from venues.evm.state.token_reader import TokenReader
from venues.evm.words.node import Header, parse_header, parse_quantity
from venues.transport.json_rpc import Call, JsonRpcError

HEADERS_AT_ONCE_MAX: Final = 32
BLOCKS_AT_ONCE_MAX: Final = 32
HEADS_TRIED_MAX: Final = 4  # while the chain is reorganised faster than it can be read


class _GoneError(MarketDataError):
    """The node does not have a block any more."""


class Follower:
    """One connection's hands for a session; what it learns stays with the session."""

    def __init__(
        self,
        chain: Chain,
        session: Session,
        *,
        roster: Roster,
        config: ChainConfig,
        emit: Emit,
        clock: Clock,
    ) -> None:
        self._chain = chain
        self._session = session
        self._roster = roster
        self._emit = emit
        self._clock = clock
        self._reader = PoolReader(chain, TokenReader(chain, config, roster.sound_tokens), clock)

    async def begin(self) -> None:
        """Tell the state of every pool after the session's first block."""
        header = self._session.heads.head
        state = await self._reader.state(self._roster.all, header)
        self._install(state, header, is_provisional=False)

    async def catch_up(self, tip: Tip) -> None:
        """Come to a head, and tell it even if it is the one that was told last."""
        self._session.forget_streamed()
        told = Told(tip.priority_fee_wei, self._clock.now())
        self._tell(self._session.retract(told))
        if not await self._advance(tip.header):
            self._tell([self._session.head(Told(tip.priority_fee_wei, self._clock.now()))])

    async def follow(self, announced: Sequence[Header]) -> None:
        """Take in heads as they were announced, the newest last.

        Raises
        ------
        SequenceGapError
            If the node is on a branch that left this one before what is remembered.
        MarketDataError, JsonRpcError, TransportError
            If the node cannot tell all of it; what was told stays right.
        """
        heads = self._session.heads
        standings = [heads.standing(header) for header in announced]
        for header in announced:
            heads.learn(header)
        passed = {Standing.HEAD, Standing.PASSED}
        known = list(zip(announced, standings, strict=True))
        header, standing = ([each for each in known if each[1] not in passed] or known)[-1]
        await self._advance(await self._target(header, standing))

    # A new head that merely continues the chain is taken at its word. Any other may be late or
    # doubled, so the node is asked. One that was never seen and is above what the node calls its
    # newest is no old one: another node behind the same address may be slower.
    async def _target(self, header: Header, standing: Standing) -> Header:
        is_new = standing in {Standing.NEXT, Standing.UNKNOWN}
        is_plain = is_new and self._session.heads.continues(header)
        if (is_plain or standing is Standing.HEAD) and not self._session.take_doubt():
            return header
        tip = (await self._chain.tip()).header
        return header if is_new and header.number > tip.number else tip

    # Returns whether there was anything to tell.
    async def _advance(self, target: Header) -> bool:
        for _ in range(HEADS_TRIED_MAX - 1):
            try:
                return await self._go(target)
            except (JsonRpcError, _GoneError):
                tip = (await self._chain.tip()).header
                if tip.hash == target.hash:
                    raise
                target = tip
        return await self._go(target)

    async def _go(self, target: Header) -> bool:
        path = await self._path(target)
        if path.blocks:
            await self._take(path)
        elif path.is_reorganisation:
            changes, failures = await self._reader.refreshed(
                self._roster.refreshing(), path.ancestor
            )
            told = Told((await self._chain.tip()).priority_fee_wei, self._clock.now())
            self._tell(self._session.turn(path, told))
            self._tell(self._session.refresh(changes))
            self._tell([self._session.head(told)])
            self._fail(failures, path.ancestor)
        return bool(path.blocks) or path.is_reorganisation

    async def _path(self, target: Header) -> Path:
        heads = self._session.heads
        way, asked = heads.way(target), 0
        while isinstance(way, Missing):
            # As far as the head is away it is known how many are missing; beyond, how many more is
            # not, so each time twice as many are asked for.
            span = max(way.number - heads.head.number, 2 * asked, 1)
            asked = min(span, HEADERS_AT_ONCE_MAX)
            await self._learn(way, count=asked)
            way = heads.way(target)
        return way

    # The wanted header by its hash; those before it by their numbers, on the chance that they are
    # of the same branch. Headers that are not do no harm.
    async def _learn(self, wanted: Missing, *, count: int) -> None:
        numbers = range(wanted.number - 1, max(wanted.number - count, -1), -1)
        calls: list[Call] = [("eth_getBlockByHash", (wanted.hash, False))]
        calls += [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
        first, *others = await self._chain.batch(*calls)
        if first is None:
            raise _GoneError(f"the node does not have block {wanted.number}, {wanted.hash}")
        for block in reversed([first, *(each for each in others if each is not None)]):
            self._session.heads.learn(parse_header(block))

    async def _take(self, path: Path) -> None:
        *older, newest = path.blocks
        blocks = [block for part in _parts(older) for block in await self._blocks(part)]
        due = self._roster.due(newest.number)
        parent = older[-1] if older else path.ancestor
        state = await self._state(due, parent)
        block, priority_fee_wei = await self._newest(newest)
        again = {snapshot.instrument for snapshot in state.snapshots}
        changing = self._roster.refreshing() + [
            each for each in due if each.is_refreshed and each.since is None and each.id in again
        ]
        changes, failures = await self._reader.refreshed(changing, newest)
        told = Told(priority_fee_wei, self._clock.now())
        self._tell(self._session.turn(path, told))
        for each in blocks:
            self._tell(self._session.complete(each, told))
        self._install(state, parent, is_provisional=False)
        self._tell(self._session.complete(block, told, changes))
        self._fail(failures, newest)
        await self._mend(newest)

    # A pool that broke in the newest block is read again at once. The node may be making the next
    # block already and show its state, so it is read once more after that.
    async def _mend(self, newest: Header) -> None:
        broken = [each for each in self._roster.due(newest.number) if each.since is None]
        if broken:
            self._install(await self._state(broken, newest), newest, is_provisional=True)

    # Before any snapshot can be had again the node must have the state, which may come later.
    async def _state(self, pools: Sequence[Followed], header: Header) -> State:
        try:
            return await self._reader.state(pools, header)
        except JsonRpcError as error:
            return State((), {each.id: str(error) for each in pools})

    async def _blocks(self, headers: Sequence[Header]) -> list[Block]:
        count = len(self._roster.filters)
        answers = await self._chain.batch(*(call for each in headers for call in self._logs(each)))
        return [
            self._session.read_block(header, answers[place * count : (place + 1) * count])
            for place, header in enumerate(headers)
        ]

    async def _newest(self, header: Header) -> tuple[Block, int]:
        priority_fee, *logs = await self._chain.batch(
            ("eth_maxPriorityFeePerGas", ()), *self._logs(header)
        )
        return self._session.read_block(header, logs), parse_quantity(priority_fee)

    def _logs(self, header: Header) -> list[Call]:
        return [
            ("eth_getLogs", ({**each, "blockHash": header.hash},)) for each in self._roster.filters
        ]

    def _install(self, state: State, header: Header, *, is_provisional: bool) -> None:
        for snapshot in state.snapshots:
            self._session.resume(snapshot, is_provisional=is_provisional)
            try:
                self._emit(snapshot)
            except BrokenPoolError as error:
                self._roster[error.instrument].postpone(error.reason, number=header.number)
        self._fail(state.failures, header)

    # Said once, however often it is tried again in vain.
    def _fail(self, failures: Failures, header: Header) -> None:
        now = self._clock.now()
        for instrument, reason in failures.items():
            followed = self._roster[instrument]
            is_news = followed.since is not None or followed.reason != reason
            followed.postpone(reason, number=header.number)
            if is_news:
                self._emit(PoolQuarantined(instrument, reason, now))

    # Events are made one by one, so that a pool that breaks is silent from there on.
    def _tell(self, events: Iterable[MarketEvent]) -> None:
        for event in events:
            try:
                self._emit(event)
            except BrokenPoolError as error:
                self._roster[error.instrument].suspend(error.reason)


def _parts(headers: Sequence[Header]) -> Iterator[Sequence[Header]]:
    for start in range(0, len(headers), BLOCKS_AT_ONCE_MAX):
        yield headers[start : start + BLOCKS_AT_ONCE_MAX]
