"""A stretch of trading in which everything goes wrong: orders of every kind, faults at random.

Time runs faster than the machine's for both sides alike. The trader is the adapter's own, fed by
its stream; the sandbox is reached by its public doors only.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random

import aiohttp

from router.domain.error import RejectedError, VenueError
from router.domain.market import BookSnapshot
from router.domain.units import NS_PER_S, DurationNs, Side, TimestampNs
from tests.integration.hyperliquid.conftest import BTC, ETH, make_config
from venues.hyperliquid.actions.order import Grouping, Order, TimeInForce, Trigger, TriggerKind
from venues.hyperliquid.actions.twap import Twap
from venues.hyperliquid.adapter import Hyperliquid
from venues.hyperliquid.spec import Timing
from venues.hyperliquid.trading.facts import OrderState
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS

SETTLE_S = 600  # simulated: how long the last doubts may take
WORTH = 20_000_000  # of an order, in millionths of a dollar, at least
WORKERS = 3
HELD_WORTH_MAX = 50_000_000_000


class FastClock:
    """The machine's time, faster."""

    def __init__(self, factor):
        self.factor = factor
        self._start = time.time_ns()
        self._begun = time.monotonic_ns()

    def now(self):
        return TimestampNs(self._start + (time.monotonic_ns() - self._begun) * self.factor)

    def now_ms(self):
        return self.now() // 1_000_000

    async def sleep(self, duration):
        await asyncio.sleep(duration / NS_PER_S / self.factor)


def timing(factor):
    return Timing(
        request_timeout=DurationNs(NS_PER_S // 2),  # the machine's
        ping_every=DurationNs(15 * NS_PER_S),
        refresh_after=DurationNs(20 * NS_PER_S),
        context_refresh_after=DurationNs(20 * NS_PER_S),
        silence_max=DurationNs(3 * factor * NS_PER_S),  # three of the machine's seconds
        resolve_wait=DurationNs(5 * NS_PER_S),
        resolve_poll=DurationNs(NS_PER_S),
        expiry_margin=DurationNs(5 * NS_PER_S),
        reconnect_first=DurationNs(2 * NS_PER_S),
        reconnect_longest=DurationNs(30 * NS_PER_S),
    )


@dataclass
class Day:
    """One run: what was done, and what it came to."""

    sandbox: object
    clock: FastClock
    random: Random
    orders_wanted: int
    minutes: int  # simulated, at least
    counts: dict = field(default_factory=dict)
    mids: dict = field(default_factory=dict)
    placed: int = 0
    refusals: dict = field(default_factory=dict)
    faults_made: int = 0
    modified: Counter = field(default_factory=Counter)

    async def run(self):
        config = make_config(self.sandbox, timing=timing(self.clock.factor), dead_mans_switch_s=120)
        self.venue = Hyperliquid(config, self.clock)
        await self.venue.start()
        self._trader = self.venue.trader
        stream = asyncio.create_task(self.venue.stream(self.emit))
        try:
            async with aiohttp.ClientSession() as self.door:
                await self.trade()
                await self.end()
                return await self.command("state", users=[DEV_MASTER_ADDRESS])
        finally:
            stream.cancel()
            await asyncio.wait([stream])
            await self.venue.close()

    @property
    def trader(self):
        return self._trader

    def emit(self, event):
        if isinstance(event, BookSnapshot) and event.bids and event.asks:
            self.mids[event.instrument] = (event.bids[0][0] + event.asks[0][0]) // 2

    async def command(self, name, **body):
        async with self.door.post(
            f"{self.sandbox.url}/sandbox", json={"command": name, **body}
        ) as reply:
            told = await reply.json()
            assert reply.status == 200, told
            return told

    # The day.

    async def trade(self):
        while len(self.mids) < 2:
            await self.clock.sleep(DurationNs(NS_PER_S))
        trouble = asyncio.create_task(self.make_trouble())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(WORKERS):
                    group.create_task(self.work())
        finally:
            trouble.cancel()
            await asyncio.wait([trouble])
        if not trouble.cancelled() and trouble.exception() is not None:
            raise trouble.exception()

    async def end(self):
        await self.command("repair")
        for step in (self.cancel_all, self.trader.catch_up):
            await self.until_it_works(step)
        doubtful = await self.trader.settle(within=DurationNs(SETTLE_S * NS_PER_S))
        assert doubtful == (), doubtful
        await self.until_it_works(self.trader.catch_up)
        doubtful = await self.trader.settle(within=DurationNs(SETTLE_S * NS_PER_S))
        assert doubtful == (), doubtful

    async def until_it_works(self, step):
        give_up_at = self.clock.now() + SETTLE_S * NS_PER_S
        while True:
            try:
                return await step()
            except VenueError:
                assert self.clock.now() < give_up_at, "the venue does not recover"
                await self.clock.sleep(DurationNs(2 * NS_PER_S))

    async def cancel_all(self):
        working = [v.cloid for v in self.trader.orders.views() if v.state is not OrderState.ENDED]
        if working:
            await self.trader.cancel(working)

    # Orders.

    async def work(self):
        acts = {
            self.take: 30,
            self.rest: 25,
            self.guard: 10,
            self.bracket: 5,
            self.cancel: 12,
            self.modify: 12,
            self.reduce: 5,
            self.slice: 1,
        }
        over_at = self.clock.now() + self.minutes * 60 * NS_PER_S
        while self.placed < self.orders_wanted or self.clock.now() < over_at:
            act = self.random.choices(list(acts), list(acts.values()))[0]
            try:
                await act()
                self.count(act.__name__)
            except VenueError as error:
                self.count(f"{act.__name__}: {type(error).__name__}")
            await self.clock.sleep(DurationNs(self.random.randrange(NS_PER_S, 5 * NS_PER_S)))

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    async def take(self):
        await self.place(
            [
                self.order(bps=30, when=TimeInForce.IMMEDIATE)
                for _ in range(self.random.randrange(1, 4))
            ]
        )

    async def rest(self):
        when = self.random.choice((TimeInForce.RESTING, TimeInForce.POST_ONLY))
        await self.place([self.order(bps=-self.random.randrange(1, 15), when=when)])

    async def guard(self):
        instrument = self.random.choice((ETH, BTC))
        kind = self.random.choice(list(TriggerKind))
        side = self.random.choice((Side.BUY, Side.SELL))
        await self.place([self.exit_of(instrument, side, kind)])

    async def bracket(self):
        parent = self.order(bps=10, when=TimeInForce.RESTING)
        instrument = ETH if parent.market == self.market(ETH) else BTC
        side = Side.SELL if parent.side is Side.BUY else Side.BUY
        exits = [
            replace(self.exit_of(instrument, side, kind), lots=parent.lots) for kind in TriggerKind
        ]
        await self.place([parent, *exits], grouping=Grouping.WITH_EXITS)

    async def reduce(self):
        await self.place(
            [replace(self.order(bps=30, when=TimeInForce.IMMEDIATE), reduce_only=True)]
        )

    async def place(self, orders, **more):
        views = await self.trader.place(orders, **more)
        self.placed += sum(not view.word.startswith("not sent") for view in views)
        for view in views:
            if view.word.startswith("refused"):
                words = view.word[:60]
                self.refusals[words] = self.refusals.get(words, 0) + 1

    async def cancel(self):
        working = self.working()
        if working:
            await self.trader.cancel(
                self.random.sample(working, min(len(working), self.random.randrange(1, 4)))
            )

    async def modify(self):
        resting = [c for c in self.working() if c in self._resting]
        if not resting:
            return
        old = self._resting[self.random.choice(resting)]
        fresh = self.order(bps=-self.random.randrange(1, 15), when=old.when, like=old)
        self.modified[fresh.cloid] += 1
        await self.trader.modify(fresh)

    async def slice(self):
        market, ticks = self.market(ETH), self.mids[ETH.id]
        lots = 200_000_000 // ticks + 1
        try:
            twap_id = await self.trader.start_twap(
                Twap(market, self.side(ETH), lots, minutes=5, randomise=True),
            )
        except RejectedError:
            self.count("sliced order refused")
            return
        if self.random.random() < 0.5:
            await self.trader.end_twap(market, twap_id=twap_id)

    def working(self):
        return [
            view.cloid
            for view in map(self.trader.orders.view, self.trader.orders.alive())
            if view.state is OrderState.WORKING
        ]

    # Making orders.

    _resting: dict = field(default_factory=dict)
    _number: int = 0

    def market(self, instrument):
        return self.venue.markets[instrument.id]

    def side(self, instrument):
        held = self.trader.ledger.positions_e8().get(instrument.symbol, 0)
        price = self.mids[instrument.id]
        worth = held * price // 10 ** (8 - 6 + instrument.tick_decimals)
        if abs(worth) > HELD_WORTH_MAX:
            return Side.SELL if worth > 0 else Side.BUY
        return self.random.choice((Side.BUY, Side.SELL))

    def cloid(self):
        self._number += 1
        return "0x" + sha256(f"order {self._number}".encode()).hexdigest()[:32]

    def order(self, *, bps, when, like=None):
        instrument = self.random.choice((ETH, BTC))
        side = self.side(instrument)
        if like is not None:
            instrument = ETH if like.market == self.market(ETH) else BTC
            side = like.side
        mid = self.mids[instrument.id]
        sign = 1 if side is Side.BUY else -1
        ticks = five_figures(mid * (10_000 + sign * bps) // 10_000)
        worth = WORTH * self.random.randrange(1, 200)
        order = Order(
            self.market(instrument),
            side,
            ticks,
            max(1, worth // ticks + 1),
            when,
            cloid=self.cloid() if like is None else like.cloid,
        )
        if when in {TimeInForce.RESTING, TimeInForce.POST_ONLY}:
            self._resting[order.cloid] = order
        return order

    def exit_of(self, instrument, side, kind):
        mid = self.mids[instrument.id]
        # A stop waits where the price gets worse, a take-profit where it gets better.
        worse = 1 if side is Side.BUY else -1
        away = worse if kind is TriggerKind.STOP_LOSS else -worse
        ticks = five_figures(mid * (10_000 + away * self.random.randrange(10, 60)) // 10_000)
        limit = five_figures(ticks * (10_000 + worse * 500) // 10_000)
        return Order(
            self.market(instrument),
            side,
            limit,
            WORTH * 3 // ticks + 1,
            Trigger(kind, ticks, is_market=True),
            reduce_only=True,
            cloid=self.cloid(),
        )

    # Trouble.

    async def make_trouble(self):
        while True:
            await self.clock.sleep(DurationNs(self.random.randrange(2, 15) * NS_PER_S))
            begin, over = self.a_fault()
            self.faults_made += 1
            await self.command(**begin)
            await self.clock.sleep(DurationNs(self.random.randrange(3, 25) * NS_PER_S))
            if over is not None:
                await self.command(**over)

    def a_fault(self):
        pick, coin = self.random.choice, self.random.choice(("ETH", "BTC"))
        at, how = pick(("info", "exchange")), {"percent": self.random.randrange(5, 40)}
        switched = [
            ("delay", {"at": at, "ms": self.random.randrange(10, 900)}),
            ("delay", {"at": "ws", "ms": self.random.randrange(10, 300)}),
            ("error", {"at": at, "status": pick((500, 502, 503, 504))}),
            ("limit", {"at": at}),
            ("swallow_replies", {"loss": pick(("drop", "hang"))}),
            ("drop_frames", {"channel": "*"}),
            ("duplicate_frames", {"channel": "*"}),
            ("reorder_frames", {"channel": "*"}),
        ]
        modes = ["mute_streams", "stop_publishing", "post_only"]
        of_coin = ["stale_oracle", "halt", "oi_cap"]
        kind = pick(("switched", "switched", "switched", "mode", "coin", "market", "cut", "hang"))
        match kind:
            case "switched":
                name, what = pick(switched)
                return (
                    {"name": name, **what, **how},
                    {"name": name, **what, "on": False},
                )
            case "mode":
                name = pick(modes)
                return {"name": name, "on": True}, {"name": name, "on": False}
            case "coin":
                name = pick(of_coin)
                return (
                    {"name": name, "coin": coin, "on": True},
                    {"name": name, "coin": coin, "on": False},
                )
            case "market":
                bps = self.random.randrange(-60, 60)
                return pick(
                    [
                        (
                            {"name": "thin_book", "coin": coin, "percent": 10},
                            {"name": "refresh_liquidity", "coin": coin},
                        ),
                        (
                            {"name": "withdraw_liquidity", "coin": coin},
                            {"name": "refresh_liquidity", "coin": coin},
                        ),
                        ({"name": "oracle_jump", "coin": coin, "bps": bps}, None),
                        ({"name": "set_funding_rate", "coin": coin, "rate": "0.0005"}, None),
                        ({"name": "shock", "bps": bps, "duration_ms": 20_000}, None),
                    ]
                )
            case "hang":
                return {"name": "hang", "at": at, "count": 1}, None
            case _:
                return {"name": "drop_connections"}, None


def five_figures(ticks):
    unit = 10 ** max(0, len(str(ticks)) - 5)
    return ticks // unit * unit
