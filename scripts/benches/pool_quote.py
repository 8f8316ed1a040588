"""How many quotes a second the pool mathematics gives, beside everything else that gives them.

All quote the same orders against the same pools of the local chain, in the same run: we, the
on-chain QuoterV2 over a WebSocket, the TypeScript SDK of Uniswap V3, and degenbot. Orders cross 0
to 10 initialised ticks, both ways, with exact input and exact output. Every exact answer of a peer
is compared with ours to the atom; a difference ends the bench.
"""

import asyncio
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from time import perf_counter
from typing import Any, Final, TypeAlias

import aiohttp
import numpy as np
import orjson
from _figures import figure
from peers.environment import PeerMissingError, ask_degenbot, ask_v3_sdk

from router.domain.market import PoolTick
from router.domain.units import Side
from router.liquidity.concentrated import AMOUNT_MAX, Pool, check, swap
from router.liquidity.curve import CostCurve
from router.liquidity.fixed_point import tick_to_sqrt_price
from router.liquidity.ladder import Ladder
from router.liquidity.pool import cost_curve
from venues.sandbox.chain import start
from venues.sandbox.chain.abi import call, to_hex, words
from venues.sandbox.chain.manifest import PoolEntry
from venues.sandbox.chain.running import RunningChain

NAME = "pool-quote"
DESCRIPTION = "quotes of pools, beside QuoterV2 over WebSocket, the v3-sdk and degenbot"

CROSSED_MAX: Final = 10
SHOWN: Final = (0, 1, 2, 5, 10)
QUOTER_RATIO_MIN: Final = 20.0
QUOTERS: Final = {"QuoterV2, one after the other": 1, "QuoterV2, 16 in flight": 16}
PEERS: Final = ("v3-sdk", "degenbot")
OURS: Final = {"swap": "exact, cold swap", "ladder": "exact, warm ladder"}
FLOATS: Final = {
    "curve": "float curve, one at a time",
    "curve, many at once": "float curve, 1000 at once",
}
ANSWER_TIMEOUT_S: Final = 60.0
ROUNDS: Final = 3
STEPS_IN_A_RANGE: Final = 1_000  # more than twice as often as an order is quoted in a round
AT_ONCE: Final = 1_000  # float quotes in one call
DECIMALS: Final = 18  # of both tokens in the float curves; it only scales them

Seconds: TypeAlias = Sequence[float]  # of one quote, for every order


@dataclass(frozen=True, slots=True)
class Market:
    """A pool in the words of the chain, and in ours."""

    entry: PoolEntry
    pool: Pool


@dataclass(frozen=True, slots=True)
class Order:
    """A swap to quote; each time a little more, for some peers remember what they were asked.

    Attributes
    ----------
    amount : int, [atoms]
        Positive: an exact input. Negative: an exact output.
    step : int, [atoms]
        By how much the next quote's amount differs, so little that it crosses as many ticks.
    amount0 : int, [atoms]
        Of token0 in the first quote, without a sign.
    """

    market: int
    zero_for_one: bool
    amount: int
    step: int
    crossed: int
    amount0: int

    def amounts(self, count: int) -> range:
        """Return the amounts to quote."""
        return range(self.amount, self.amount + count * self.step, self.step)


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; medians of a few rounds, the peers in the same rounds."""
    repeat = 40 if quick else 200
    with start() as chain:
        markets = [_market(chain, entry) for entry in chain.manifest.pools]
        orders = list(_orders(markets))
        bench = Bench(chain, markets, orders, repeat=repeat)
        rounds = [bench.round() for _ in range(1 if quick else ROUNDS)]
    names = set.intersection(*(set(each) for each in rounds))
    seconds = {
        name: [statistics.median(each) for each in zip(*(r[name] for r in rounds), strict=True)]
        for name in names
    }
    report = Report(orders, seconds, bench.missing)
    return [*report.beside_the_quoter(), *report.beside_peers(), *report.float_curves()]


class Bench:
    """What one round measures; remembers which peer is not to be had."""

    def __init__(
        self,
        chain: RunningChain,
        markets: Sequence[Market],
        orders: Sequence[Order],
        *,
        repeat: int,
    ) -> None:
        self._chain = chain
        self._markets = markets
        self._orders = orders
        self._repeat = repeat
        self.missing: dict[str, str] = {}

    def round(self) -> dict[str, Seconds]:
        """Return what one quote of each order takes, by who quotes it."""
        return {
            "swap": self._timed(self._swap),
            "ladder": self._timed(self._ladder),
            "curve": self._timed(self._curve),
            "curve, many at once": [s / AT_ONCE for s in self._timed(self._curve_of_many)],
            **asyncio.run(self._quoter()),
            **self._peer("v3-sdk", ask_v3_sdk),
            **self._peer("degenbot", ask_degenbot),
        }

    def _timed(self, quoter: Callable[[Order], Callable[[int], object]]) -> Seconds:
        seconds = []
        for order in self._orders:
            ask, amounts = quoter(order), order.amounts(self._repeat)
            ask(amounts[-1])
            started = perf_counter()
            for amount in amounts:
                ask(amount)
            seconds.append((perf_counter() - started) / self._repeat)
        return seconds

    def _swap(self, order: Order) -> Callable[[int], object]:
        pool, way = self._markets[order.market].pool, order.zero_for_one
        return lambda amount: swap(pool, zero_for_one=way, amount_specified=amount)

    def _ladder(self, order: Order) -> Callable[[int], object]:
        ladder = Ladder(self._markets[order.market].pool, zero_for_one=order.zero_for_one)
        if order.amount > 0:
            return ladder.exact_input
        return lambda amount: ladder.exact_output(-amount)

    def _curve(self, order: Order) -> Callable[[int], object]:
        curve = self._curve_of(order)
        scale = order.amount0 / abs(order.amount) / 10.0**DECIMALS
        return lambda amount: curve.cost(abs(amount) * scale)

    def _curve_of_many(self, order: Order) -> Callable[[int], object]:
        curve = self._curve_of(order)
        quantities = np.linspace(0.0, order.amount0 / 10.0**DECIMALS, AT_ONCE)
        return lambda _: curve.cost(quantities)

    def _curve_of(self, order: Order) -> CostCurve:
        return cost_curve(
            self._markets[order.market].pool,
            Side.SELL if order.zero_for_one else Side.BUY,
            base_is_token0=True,
            decimals0=DECIMALS,
            decimals1=DECIMALS,
        )

    # What the orders' amounts leave open, added up, to the atom.
    def _counters(self, order: Order, count: int) -> int:
        pool, way = self._markets[order.market].pool, order.zero_for_one
        total = 0
        for amount in order.amounts(count):
            done = swap(pool, zero_for_one=way, amount_specified=amount)
            total += abs(done.amount1 if way is (amount > 0) else done.amount0)
        return total

    # Sends ready-made frames, as fast as a client can: one after the other, and many in flight.
    async def _quoter(self) -> dict[str, Seconds]:
        count = max(self._repeat // 20, 1)
        seconds: dict[str, Seconds] = {}
        session = aiohttp.ClientSession()
        async with session, session.ws_connect(self._chain.manifest.ws_url, max_msg_size=0) as node:
            for name, in_flight in QUOTERS.items():
                taken = []
                for order in self._orders:
                    frames = [self._frame(order, amount) for amount in order.amounts(count)]
                    started = perf_counter()
                    total = await _exchange(node, frames, in_flight=in_flight)
                    taken.append((perf_counter() - started) / count)
                    _agree(name, order, ours=self._counters(order, count), theirs=total)
                seconds[name] = taken
        return seconds

    def _frame(self, order: Order, amount: int) -> str:
        entry = self._markets[order.market].entry
        tokens = (
            (entry.token0, entry.token1) if order.zero_for_one else (entry.token1, entry.token0)
        )
        kind = "Input" if order.amount > 0 else "Output"
        data = call(
            f"quoteExact{kind}Single((address,address,uint256,uint24,uint160))",
            *tokens,
            abs(amount),
            entry.fee_pips,
            0,
        )
        to = self._chain.manifest.contracts["quoter_v2"]
        asked = [{"to": to, "data": to_hex(data)}, "latest"]
        request = {"jsonrpc": "2.0", "id": 0, "method": "eth_call", "params": asked}
        return orjson.dumps(request).decode()

    def _peer(self, name: str, ask: Callable[[object], dict[str, Any]]) -> dict[str, Seconds]:
        if name in self.missing:
            return {}
        count = max(self._repeat // 2, 2)
        task = {
            "http_url": self._chain.manifest.http_url,
            "chain_id": self._chain.manifest.chain_id,
            "pools": [_described(market) for market in self._markets],
            "orders": [
                {
                    "pool": order.market,
                    "zero_for_one": order.zero_for_one,
                    "amounts": [str(amount) for amount in order.amounts(count)],
                }
                for order in self._orders
            ],
        }
        try:
            answer = ask(task)
        except PeerMissingError as error:
            self.missing[name] = str(error)
            return {}
        for order, total in zip(self._orders, answer["totals"], strict=True):
            _agree(name, order, ours=self._counters(order, count), theirs=int(total))
        return {name: answer["seconds"]}


class Report:
    """Figures from what one quote of each order takes, by who quotes it, in seconds."""

    def __init__(
        self, orders: Sequence[Order], seconds: Mapping[str, Seconds], missing: Mapping[str, str]
    ) -> None:
        self._orders = orders
        self._seconds = seconds
        self._missing = missing

    def beside_the_quoter(self) -> Iterator[dict[str, object]]:
        """Compare with the faster of both ways to ask QuoterV2, by ticks crossed."""
        for name, words_ in OURS.items():
            for crossed in SHOWN:
                peer = max(QUOTERS, key=lambda quoter: self._rate(quoter, crossed))
                ours, theirs = self._rate(name, crossed), self._rate(peer, crossed)
                yield figure(
                    f"{words_}, {crossed} ticks crossed",
                    ours,
                    "quotes/s",
                    against=f"{peer}: {theirs:,.0f}/s",
                    ratio=ours / theirs,
                    goal=f"ratio >= {QUOTER_RATIO_MIN}",
                    met=ours >= QUOTER_RATIO_MIN * theirs,
                )

    def beside_peers(self) -> Iterator[dict[str, object]]:
        """Compare with the peers at the count of ticks where we fare worst."""
        for peer in PEERS:
            for name, words_ in OURS.items():
                label = f"{words_}, {CROSSED_MAX} ticks at most"
                if peer in self._missing:
                    against = f"{peer} is not to be had: {self._missing[peer]}"
                    yield figure(label, self._rate(name), "quotes/s", against=against)
                    continue
                counts = range(CROSSED_MAX + 1)
                worst = min(self._rate(name, n) / self._rate(peer, n) for n in counts)
                yield figure(
                    label,
                    self._rate(name),
                    "quotes/s",
                    against=f"{peer}: {self._rate(peer):,.0f}/s",
                    ratio=worst,
                    goal="ratio > 1 at every count",
                    met=worst > 1.0,
                )

    def float_curves(self) -> Iterator[dict[str, object]]:
        """Show the float twin beside the exact ladder."""
        for name, words_ in FLOATS.items():
            yield figure(
                words_,
                self._rate(name),
                "quotes/s",
                against=f"exact, warm ladder: {self._rate('ladder'):,.0f}/s",
                ratio=self._rate(name) / self._rate("ladder"),
            )

    # Quotes a second over the orders that cross so many ticks; over all for None.
    def _rate(self, name: str, crossed: int | None = None) -> float:
        pairs = zip(self._orders, self._seconds[name], strict=True)
        chosen = [s for order, s in pairs if crossed is None or order.crossed == crossed]
        return len(chosen) / sum(chosen)


def _market(chain: RunningChain, entry: PoolEntry) -> Market:
    full = chain.client.full_state(entry)
    assert entry.tick_spacing is not None, "pools with ticks have a spacing"
    ticks = tuple(PoolTick(t.index, t.liquidity_net, t.liquidity_gross) for t in full.ticks)
    state = full.state
    pool = Pool(
        full.fee_pips, entry.tick_spacing, state.sqrt_price_x96, state.tick, state.liquidity, ticks
    )
    check(pool)
    return Market(entry, pool)


# For each count of ticks crossed an input and an output in the middle of the range after them.
def _orders(markets: Sequence[Market]) -> Iterator[Order]:
    for place, market in enumerate(markets):
        for zero_for_one in (True, False):
            stops = islice(_stops(market.pool, zero_for_one=zero_for_one), CROSSED_MAX + 2)
            for crossed, (near, far) in enumerate(pairwise(stops)):
                for at, sign in ((0, 1), (1, -1)):
                    amount = sign * (near[at] + far[at]) // 2
                    step = sign * max((far[at] - near[at]) // STEPS_IN_A_RANGE, 1)
                    done = swap(market.pool, zero_for_one=zero_for_one, amount_specified=amount)
                    assert done.ticks_crossed == crossed, "the order is not what it should be"
                    yield Order(place, zero_for_one, amount, step, crossed, abs(done.amount0))


# What it takes, and what it gives, to go to the pool's price and to each tick ahead of it.
def _stops(pool: Pool, *, zero_for_one: bool) -> Iterator[tuple[int, int]]:
    yield 0, 0
    here = pool.sqrt_price_x96
    for tick in reversed(pool.ticks) if zero_for_one else pool.ticks:
        limit = tick_to_sqrt_price(tick.index)
        if limit < here if zero_for_one else limit > here:
            done = swap(
                pool,
                zero_for_one=zero_for_one,
                amount_specified=AMOUNT_MAX,
                sqrt_price_limit_x96=limit,
            )
            received, paid = sorted((done.amount0, done.amount1))
            yield paid, -received


def _described(market: Market) -> dict[str, object]:
    pool, entry = market.pool, market.entry
    return {
        "address": entry.address,
        "token0": entry.token0,
        "token1": entry.token1,
        "fee_pips": pool.fee_pips,
        "tick_spacing": pool.tick_spacing,
        "sqrt_price_x96": str(pool.sqrt_price_x96),
        "tick": pool.tick,
        "liquidity": str(pool.liquidity),
        "ticks": [[t.index, str(t.liquidity_net), str(t.liquidity_gross)] for t in pool.ticks],
    }


# Sends the frames, so many of them unanswered at a time, and returns the sum of the first words.
async def _exchange(
    node: aiohttp.ClientWebSocketResponse, frames: Sequence[str], *, in_flight: int
) -> int:
    total = 0
    unsent = iter(frames)
    for frame in islice(unsent, in_flight):
        await node.send_str(frame)
    for _ in frames:
        answer = orjson.loads(await node.receive_str(timeout=ANSWER_TIMEOUT_S))
        total += words(answer["result"])[0]
        for frame in islice(unsent, 1):
            await node.send_str(frame)
    return total


def _agree(name: str, order: Order, *, ours: int, theirs: int) -> None:
    assert ours == theirs, f"{name} says {theirs} where we say {ours}: {order}"
