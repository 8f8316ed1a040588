"""What a chain tells of its pools: snapshots once, then every block's changes, across lost lines.

After a lost connection it goes on where it was: the blocks since are asked for by their hashes.
Only where the chain has left what is remembered are there new snapshots. Refuses to stop for one
pool: what is wrong with it is told, and it is tried again every now and then.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Final

from router.domain.error import MalformedDataError, MarketDataError, SequenceGapError
from router.domain.market import StreamLost
from router.domain.units import NS_PER_S, DurationNs, InstrumentId
from router.port import Clock, Emit
from venues.evm.nodes.chain import Chain
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.pools.family import Family
from venues.evm.spec import ChainConfig
from venues.evm.state.follower import Follower
from venues.evm.state.roster import Roster
from venues.evm.state.session import Session
from venues.evm.words.node import Header, parse_header
from venues.transport.backoff import Backoff
from venues.transport.error import TransportError
from venues.transport.json_rpc import JsonRpcError, Subscription

RECONNECT_FIRST: Final = DurationNs(NS_PER_S // 10)
RECONNECT_LONGEST: Final = DurationNs(10 * NS_PER_S)


class ChainStream:
    """Follows the pools of one chain account."""

    def __init__(  # noqa: PLR0917 - what every part of a chain venue is made of, in this order
        self,
        config: ChainConfig,
        families: Mapping[str, Family],
        endpoints: Endpoints,
        clock: Clock,
    ) -> None:
        self._config = config
        self._families = families
        self._endpoints = endpoints
        self._clock = clock
        self._roster = Roster(config.pools, families)
        self._session: Session | None = None
        self._next_head = asyncio.Event()

    @property
    def quarantined(self) -> Mapping[InstrumentId, str]:
        """Why each pool that cannot be trusted now is not followed."""
        return self._roster.waiting

    def next_head(self) -> asyncio.Event:
        """Return what is set when the node announces its next head."""
        return self._next_head

    async def run(self, emit: Emit) -> None:
        """Emit snapshots of all pools, then what each block changes, until cancelled.

        Parameters
        ----------
        emit : Emit
            May raise BrokenPoolError; then a snapshot of that pool follows, and the others go on.
        """
        self._roster = Roster(self._config.pools, self._families)
        self._session = None
        backoff = Backoff(self._clock, first=RECONNECT_FIRST, longest=RECONNECT_LONGEST)
        while True:
            try:
                async with aclosing(await self._endpoints.open()) as chain:
                    await self._follow_or_tell(chain, emit, backoff)
            except (TransportError, JsonRpcError, MarketDataError) as error:
                if isinstance(error, SequenceGapError):
                    self._session = None  # what is remembered is of no more use
                emit(StreamLost(self._config.venue, str(error), self._clock.now()))
            await backoff.pause()

    # A node that answers questions and sends no heads must not be chosen again while others do.
    async def _follow_or_tell(self, chain: Chain, emit: Emit, backoff: Backoff) -> None:
        try:
            await self._follow(chain, emit, backoff)
        except TransportError as error:
            self._endpoints.note_failure(chain, str(error))
            raise

    # Subscribed before the head is asked for, so that no block falls between the two.
    async def _follow(self, chain: Chain, emit: Emit, backoff: Backoff) -> None:
        heads, logs = await self._subscribe(chain)
        tip = await chain.tip()
        self._announce()
        session = self._session
        if session is None:
            session = await self._begin(chain, tip.header, emit)
        follower = self._follower(chain, session, emit)
        await follower.catch_up(tip)
        while True:
            backoff.succeeded()
            announced = await self._announced(heads)
            for subscription in logs:
                for value in subscription.waiting():
                    session.note(value)
            await follower.follow(announced)

    # The first state is that after the parent of the newest block: for the newest, nodes may show
    # the state of the next one while they make it (anvil does), and its logs would count twice.
    async def _begin(self, chain: Chain, newest: Header, emit: Emit) -> Session:
        start = await chain.header(newest.parent_hash)
        if start is None:
            raise MalformedDataError(f"the node does not have the parent of block {newest.number}")
        for followed in self._roster.all:
            followed.restart()
        session = Session(self._config.venue, self._roster, start)
        await self._follower(chain, session, emit).begin()
        self._session = session
        return session

    def _follower(self, chain: Chain, session: Session, emit: Emit) -> Follower:
        return Follower(
            chain,
            session,
            roster=self._roster,
            config=self._config,
            emit=emit,
            clock=self._clock,
        )

    async def _subscribe(self, chain: Chain) -> tuple[Subscription, list[Subscription]]:
        within = self._config.request_timeout
        heads = await chain.rpc.subscribe(("newHeads",), within=within)
        filters = self._roster.filters
        return heads, [await chain.rpc.subscribe(("logs", each), within=within) for each in filters]

    # All heads that have come by now, at least one; to be behind costs one step and not many.
    async def _announced(self, heads: Subscription) -> list[Header]:
        first = await heads.take(within=self._config.silence_max)
        announced = [parse_header(each) for each in (first, *heads.waiting())]
        self._announce()
        return announced

    def _announce(self) -> None:
        announced, self._next_head = self._next_head, asyncio.Event()
        announced.set()
