"""What the venue is asked about all waiting orders together, one round after another.

A few are asked about one by one, which is the cheaper; many by one look at all that rests, one at
what ended lately, and only what neither shows by itself. Fills that are missing are read for all at
once. Whoever needs to know joins the round under way. Refuses to ask more than its share of the
request weight: after a round comes a pause as long as the round was dear.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.port import Clock
from venues.hyperliquid.clients.info import InfoClient
from venues.hyperliquid.clients.open_orders import OpenOrders
from venues.hyperliquid.clients.reply import readable
from venues.hyperliquid.trading import reading, resting
from venues.hyperliquid.trading.facts import FillReport
from venues.hyperliquid.trading.orders import FILLS_MARGIN_MS
from venues.hyperliquid.trading.resting import Resting, Waiting

FEW: Final = 10  # of two weights each: as dear as the look at all that rests
SINGLY_MAX: Final = 50  # in one round
PAUSE_PER_WEIGHT: Final = DurationNs(NS_PER_S // 10)  # 600 of 1,200 a minute at most
_SINGLE_WEIGHT: Final = 2
_LIST_WEIGHT: Final = 20


class Rounds:
    """The questions of one account.

    Parameters
    ----------
    take : function
        Hears every fill that was read.
    is_live : function
        Tells whether a stream tells what happens.
    """

    def __init__(
        self,
        known: Resting,
        *,
        address: str,
        info: InfoClient,
        opened: OpenOrders,
        clock: Clock,
        take: Callable[[Iterable[FillReport]], None],
        is_live: Callable[[], bool],
    ) -> None:
        self._known = known
        self._address = address
        self._info = info
        self._opened = opened
        self._clock = clock
        self._take = take
        self._is_live = is_live
        self._round: asyncio.Task[None] | None = None
        self._next_at = TimestampNs(0)
        self._weight = 0

    async def join(self) -> None:
        """Return once a round has ended: the one under way, or a new one.

        Raises
        ------
        VenueError
            If the venue could not be asked.
        """
        if self._round is None:
            self._round = asyncio.create_task(self._run())
            self._round.add_done_callback(self._over)
        await asyncio.shield(self._round)

    async def close(self) -> None:
        """End the round under way."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.wait([self._round])

    def _over(self, task: asyncio.Task[None]) -> None:
        self._round = None
        if not task.cancelled():
            task.exception()  # which whoever joined it was told

    async def _run(self) -> None:
        wait = self._next_at - self._clock.now()
        if wait > 0:
            await self._clock.sleep(DurationNs(wait))
        self._weight = 0
        try:
            due = self._known.due(self._clock.now(), is_live=self._is_live())
            left = due if len(due) <= FEW else await self._listed(due)
            for waiting in left[:SINGLY_MAX]:
                await self._single(waiting)
            await self._read_fills()
        finally:
            pause = self._weight * PAUSE_PER_WEIGHT
            self._next_at = TimestampNs(self._clock.now() + pause)

    # By lists: all that rests, and then what ended lately; returns those that neither shows.
    async def _listed(self, due: tuple[Waiting, ...]) -> tuple[Waiting, ...]:
        asked_at = self._clock.now()
        self._weight += _LIST_WEIGHT
        for order in await self._opened.ask():
            waiting = None if order.cloid is None else self._known.get(order.cloid)
            if waiting is not None:
                with readable():
                    left_e8 = reading.e8(order.size_left, "sz")
                    report = resting.told(waiting, order.oid, left_e8=left_e8, status="open")
                    self._known.looked(
                        waiting, report, placed_ms=order.placed_ms, asked_at=asked_at
                    )
        gone = _unanswered(due, asked_at)
        if len(gone) <= FEW:
            return gone
        self._weight += _LIST_WEIGHT
        asked_at_history = self._clock.now()
        for update in await self._info.historical_orders(self._address):
            cloid = update.order.cloid
            waiting = None if cloid is None else self._known.get(cloid)
            if waiting is not None:
                with readable():
                    self._known.looked(
                        waiting,
                        reading.order_report(update),
                        placed_ms=update.order.placed_ms,
                        asked_at=asked_at_history,
                    )
        return _unanswered(gone, asked_at)

    async def _single(self, waiting: Waiting) -> None:
        asked_at = self._clock.now()
        self._weight += _SINGLE_WEIGHT
        order = await self._info.child_order(self._address, waiting.reference)
        if order is None:
            self._known.unknown(waiting, asked_at=asked_at)
            return
        with readable():
            left_e8 = reading.e8(order.size_left, "sz")
            report = resting.told(waiting, order.oid, left_e8=left_e8, status=order.status)
            self._known.looked(waiting, report, placed_ms=order.placed_ms, asked_at=asked_at)

    async def _read_fills(self) -> None:
        short = [waiting.placed_ms for waiting in self._known.short()]
        since_ms = min((moment for moment in short if moment is not None), default=None)
        if since_ms is None:
            return
        self._weight += _LIST_WEIGHT
        told = await self._info.fills(self._address, start_ms=since_ms - FILLS_MARGIN_MS)
        with readable():
            self._take([reading.fill_report(one) for one in told])


def _unanswered(due: tuple[Waiting, ...], asked_at: TimestampNs) -> tuple[Waiting, ...]:
    return tuple(w for w in due if w.looked_at is None or w.looked_at < asked_at)
