"""Hyperliquid against the sandbox that speaks its wire protocol, over real sockets."""

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from router.domain.error import StaleDataError
from router.domain.instrument import Asset
from router.domain.units import NS_PER_S, Amount, AssetId, Side
from tests.contract.harness import (
    PAST_DEADLINE,
    HarnessClock,
    Holdings,
    leg,
    market_now,
    order,
)
from venues.registry import builder
from venues.sandbox.hyperliquid.answers.book import levels
from venues.sandbox.hyperliquid.config import DEV_AGENT_KEY, DEV_MASTER_ADDRESS, DEV_MASTER_KEY
from venues.sandbox.hyperliquid.service.faults import ReplyLoss
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox

ASSETS = {"ETH": 18, "BTC": 8, "USDC": 6}
KEY_ENV = "AGENT_KEY"
COIN = "ETH"
LOTS = 400_007  # forty ether: more than the first level has
LEVELS_SHOWN = 20
PRICE_TOLERANCE_PERCENT = 1
WAITING_PER_MILLE = 5  # from the best price: within what the market moves by
MARKET_MOVE_BPS = 200
STREAM_SILENCE_NS = 11 * NS_PER_S  # the venue puts up with ten seconds
HOUR_NS = 3600 * NS_PER_S
FUNDING_FAR_NS = 600 * NS_PER_S  # no funding is settled while a clause runs

_NO_BLOCKS = "the venue tells of orders, not of blocks: no gas, no reorganisation"
_NO_POOLS = "its markets are books: each comes whole, every time"
UNSUPPORTED = {
    "V-DATA-60": "its fees are the account's, and no part of what it tells of markets",
    "V-CHAIN-60": "no contract takes anything, so there is nothing to allow",
    "V-CHAIN-70": _NO_BLOCKS,
    "V-CHAIN-80": "an order is answered at once and cannot wait for a better price of its own",
    "V-CHAIN-90": "an order is answered at once: there is nothing to take back",
    "V-CHAIN-95": "nonces are moments, and nothing waits for one that was passed over",
    "V-CHAIN-100": "a market that is not what the configuration says stops the start",
    "V-CHAIN-110": _NO_POOLS,
    "V-CHAIN-120": _NO_POOLS,
    **{f"V-CHAIN-{number}": _NO_BLOCKS for number in (10, 20, 30, 40)},
}


class HyperliquidHarness:
    """The ether perpetual carries every child; the bitcoin one is only watched."""

    def __init__(self, sandbox, clock, *, serving, stack, folder):
        self.clock = clock
        self._sandbox = sandbox
        self._serving = serving
        self._stack = stack
        self._folder = folder
        self._children_count = 0
        setup = self._setup()
        self.venue = setup.venue
        self.instruments = setup.instruments
        self.traded = next(i for i in setup.instruments if i.symbol == COIN)

    @property
    def _account(self):
        return self._sandbox.venue.accounts[DEV_MASTER_ADDRESS]

    def build(self):
        venue = self._setup().venue
        self._stack.push_async_callback(venue.close)
        return venue

    async def child(self, side):
        book = await self._book()
        best = book.asks[0][0] if side is Side.BUY else book.bids[0][0]
        sign = 1 if side is Side.BUY else -1
        limit = best * (100 + sign * PRICE_TOLERANCE_PERCENT) // 100
        return self._child(side, lots=LOTS, ticks=_five_figures(limit))

    async def child_beyond_bound(self):
        book = await self._book()
        return self._child(Side.BUY, lots=LOTS, ticks=book.bids[0][0])

    async def child_beyond_depth(self):
        book = await self._book()
        admitted = sum(lots for _, lots in book.asks[:3])
        child = self._child(Side.BUY, lots=admitted + LOTS, ticks=book.asks[2][0])
        return child, admitted * self.traded.lot_atoms

    async def waiting_child(self, side, when):
        book = await self._book()
        best = book.bids[0][0] if side is Side.BUY else book.asks[0][0]
        sign = -1 if side is Side.BUY else 1
        limit = _five_figures(best * (1_000 + sign * WAITING_PER_MILLE) // 1_000)
        return replace(self._child(side, lots=LOTS, ticks=limit), time_in_force=when)

    async def crossing_child(self, side, when):
        return replace(await self.child(side), time_in_force=when)

    def waiting_count(self):
        return len(self._account.open_orders)

    async def transfer(self, atoms):
        if atoms > 0:
            self._sandbox.venue.deposit(DEV_MASTER_ADDRESS, atoms)
            return
        owner = self._setup().owner(DEV_MASTER_KEY)
        await owner.move_collateral(Amount(AssetId("USDC"), -atoms), to_perp=False)

    def move_market(self):
        self._sandbox.venue.shift_mid(COIN, MARKET_MOVE_BPS)
        self._sandbox.publish()

    def silence(self):
        self._sandbox.faults.reply_loss = ReplyLoss.DROP
        self._sandbox.faults.replies_to_swallow = 1

    def cut(self):
        self._sandbox.drop_connections()

    def mute(self, *, on):
        self._sandbox.faults.streams_muted = on
        if on:
            self.clock.ahead_ns += STREAM_SILENCE_NS

    async def vanish(self):
        await self._serving.aclose()

    def pass_deadline(self, child):
        self.clock.ahead_ns += child.deadline_at - self.clock.now() + PAST_DEADLINE

    def settle_funding(self, rate):
        self._sandbox.venue.set_funding_rate(COIN, rate)
        self.clock.ahead_ns += HOUR_NS
        while not self._sandbox.blocks.settle():
            pass  # an hour is made up for in portions
        self._sandbox.publish()

    def effects(self):
        return len({fill.oid for fill in self._account.fills})

    def holdings(self):
        position = self._account.positions.get(COIN)
        lots = 0 if position is None else position.size
        return Holdings(lots * self.traded.lot_atoms, self._account.cash)

    def truth(self):
        return {i.id: self._depth(i.symbol) for i in self.instruments}

    def seen(self, view):
        try:
            books = [view.book(i.id, self.clock.now())[0] for i in self.instruments]
        except StaleDataError:
            return None
        return {book.instrument: (book.bids, book.asks) for book in books}

    def _depth(self, coin):
        market = self._sandbox.venue.markets[coin]
        return tuple(
            tuple((price, size) for price, size, _ in levels(market, is_buy=is_buy))[:LEVELS_SHOWN]
            for is_buy in (True, False)
        )

    async def _book(self):
        view = await market_now(self)
        book, _ = view.book(self.traded.id, self.clock.now())
        return book

    def _child(self, side, *, lots, ticks):
        self._children_count += 1
        only = leg(
            self.traded,
            side,
            quantity_atoms=lots * self.traded.lot_atoms,
            notional_atoms=lots * ticks,
            bound_atoms=lots * ticks,
            limit_ticks=ticks,
        )
        nonce = self.clock.now() // 1_000_000 + self._children_count
        return order(self, [only], number=self._children_count, nonce=nonce)

    def _setup(self):
        return builder("hyperliquid")(
            _table(self._sandbox),
            assets={name: Asset(AssetId(name), decimals) for name, decimals in ASSETS.items()},
            environment={KEY_ENV: DEV_AGENT_KEY},
            clock=self.clock,
            state_dir=self._folder,
        )


def _five_figures(ticks):
    unit = 10 ** max(0, len(str(ticks)) - 5)
    return ticks // unit * unit


def _table(sandbox):
    return {
        "url": sandbox.url,
        "ws_url": sandbox.ws_url,
        "network": "testnet",
        "account": DEV_MASTER_ADDRESS,
        "agent_key_env": KEY_ENV,
        "set_leverage": True,
        "markets": [
            {
                "coin": coin,
                "base": coin,
                "quote": "USDC",
                "size_decimals": size_decimals,
                "taker_fee_pips": 450,
                "leverage": 10,
            }
            for coin, size_decimals in (("ETH", 4), ("BTC", 5))
        ],
    }


def _clock_between_fundings():
    clock = HarnessClock()
    clock.ahead_ns = FUNDING_FAR_NS - clock.now() % HOUR_NS
    return clock


@asynccontextmanager
async def hyperliquid(_ground):
    clock = _clock_between_fundings()
    async with AsyncExitStack() as serving, AsyncExitStack() as stack:
        sandbox = await serving.enter_async_context(
            HyperliquidSandbox.start(clock=lambda: clock.now() // 1_000_000)
        )
        folder = Path(stack.enter_context(TemporaryDirectory()))
        harness = HyperliquidHarness(sandbox, clock, serving=serving, stack=stack, folder=folder)
        stack.push_async_callback(harness.venue.close)
        await harness.venue.start()
        yield harness
