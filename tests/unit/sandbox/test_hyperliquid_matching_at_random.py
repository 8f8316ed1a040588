"""Everything orders can be asked to do, at random, against what must always be true of them."""

from collections import defaultdict
from dataclasses import replace
from random import Random

import pytest

from tests.unit.sandbox.hyperliquid_harness import BTC_ASSET, ETH_ASSET, STAMP, TRADERS, Pit
from venues.sandbox.hyperliquid.config import PURR_USDC, USDC_TOKEN
from venues.sandbox.hyperliquid.ledger import conservation
from venues.sandbox.hyperliquid.ledger.account import Leverage
from venues.sandbox.hyperliquid.order import OrderChanged
from venues.sandbox.hyperliquid.state import credit_token

PURR_ASSET = 10_000
LIVE = {"open", "triggered", "waitingForFill"}
# Prices as (centre, step) in text decimals; a step is coarse enough to be on every grid.
PRICES = {BTC_ASSET: (90_000, 100), ETH_ASSET: (3_000, 5), PURR_ASSET: (0.2, 0.001)}
SIZES = {BTC_ASSET: 0.05, ETH_ASSET: 2.0, PURR_ASSET: 900.0}
DECIMALS = {BTC_ASSET: 5, ETH_ASSET: 4, PURR_ASSET: 0}


class Crowd:
    """Three traders who do anything; `act` does one thing."""

    def __init__(self, seed):
        self.dice = Random(seed)
        # Every other crowd is poor enough for margin to bite.
        self.pit = Pit(deposit=(60_000 if seed % 2 else 1_500) * 10**6, seed=seed)
        self.now_ms = STAMP.time_ms
        self.last_status = {}
        self.told = defaultdict(list)
        for address in TRADERS:
            credit_token(self.pit.state, address, token=USDC_TOKEN, atoms=10**12)
            credit_token(self.pit.state, address, token=PURR_USDC.base.index, atoms=10**10)
        for trader, leverage in enumerate(
            (Leverage(20), Leverage(5), Leverage(10, is_cross=False))
        ):
            for coin in ("BTC", "ETH"):
                self.pit.account(trader).leverage[coin] = leverage

    @property
    def stamp(self):
        return replace(STAMP, time_ms=self.now_ms)

    def price(self, asset, reach=6):
        centre, step = PRICES[asset]
        return f"{centre + step * self.dice.randint(-reach, reach):.6g}"

    def size(self, asset, factor=1.0):
        size = SIZES[asset] * factor * self.dice.choice((0.01, 0.2, 0.5, 1.0))
        return f"{max(size, 10.0 ** -DECIMALS[asset]):.{DECIMALS[asset]}f}"

    def request(self, asset, **changes):
        is_buy = self.dice.random() < 0.5
        return self.pit.request(
            self.price(asset),
            self.size(asset),
            is_buy=is_buy,
            asset=asset,
            tif=self.dice.choice(("Gtc", "Gtc", "Ioc", "Alo", "FrontendMarket")),
            reduce_only=asset != PURR_ASSET and self.dice.random() < 0.15,
            **changes,
        )

    def stop(self, asset, *, is_buy, reduce_only, reach=12):
        centre, step = PRICES[asset]
        kind = self.dice.choice(("tp", "sl"))
        trigger = f"{centre + step * self.dice.randint(-reach, reach):.6g}"
        return self.pit.request(
            trigger,
            self.size(asset),
            is_buy=is_buy,
            asset=asset,
            reduce_only=reduce_only,
            trigger=(trigger, kind, self.dice.random() < 0.5),
        )

    def act(self):
        self.now_ms += self.dice.randint(0, 20_000)
        trader = self.dice.randrange(len(TRADERS))
        deeds = (self.place, self.place, self.place, self.cancel, self.modify, self.place_stop)
        deeds += (self.place_family, self.place_tpsl, self.move_mark, self.twap, self.pass_time)
        self.dice.choice(deeds)(trader)
        for event in self.pit.state.events:
            if isinstance(event, OrderChanged):
                self.hear(event.order)
        self.pit.state.events.clear()

    def hear(self, order):
        before = self.last_status.get(order.oid, "open")
        assert before in LIVE, f"{order.oid} became {order.status} after {before}"
        self.last_status[order.oid] = order.status

    def place(self, trader):
        asset = self.dice.choice(list(PRICES))
        self.pit.batch(trader, self.request(asset), now_ms=self.now_ms)

    def place_stop(self, trader):
        asset = self.dice.choice((BTC_ASSET, ETH_ASSET))
        reduces, is_buy = self.dice.random() < 0.5, self.dice.random() < 0.5
        stop = self.stop(asset, is_buy=is_buy, reduce_only=reduces)
        self.pit.batch(trader, stop, now_ms=self.now_ms)

    def place_family(self, trader):
        asset = self.dice.choice((BTC_ASSET, ETH_ASSET))
        parent = self.request(asset)
        children = [
            self.stop(asset, is_buy=not parent.is_buy, reduce_only=True)
            for _ in range(self.dice.randint(1, 2))
        ]
        self.pit.batch(trader, parent, *children, now_ms=self.now_ms, grouping="normalTpsl")

    def place_tpsl(self, trader):
        coin, asset = self.dice.choice((("BTC", BTC_ASSET), ("ETH", ETH_ASSET)))
        is_buy = self.pit.held(trader, coin) < 0
        stops = [self.stop(asset, is_buy=is_buy, reduce_only=True) for _ in range(2)]
        self.pit.batch(trader, *stops, now_ms=self.now_ms, grouping="positionTpsl")

    def cancel(self, trader):
        account = self.pit.account(trader)
        if account.open_orders:
            order = self.dice.choice(list(account.open_orders.values()))
            self.pit.matching.cancel(order, status="canceled", stamp=self.stamp)

    def modify(self, trader):
        account = self.pit.account(trader)
        if not account.open_orders:
            return
        order = self.dice.choice(list(account.open_orders.values()))
        self.pit.matching.modify(
            order.oid,
            self.request(self.pit.state.market(order.coin).asset),
            account,
            stamp=self.stamp,
            always_place=self.dice.random() < 0.5,
        )

    def move_mark(self, _):
        asset, coin = self.dice.choice(((BTC_ASSET, "BTC"), (ETH_ASSET, "ETH")))
        self.pit.mark(self.price(asset, reach=12), coin=coin, now_ms=self.now_ms)

    def twap(self, trader):
        if self.dice.random() < 0.8:
            return
        market = self.pit.state.by_asset[self.dice.choice(list(PRICES))]
        self.pit.matching.twaps.start(
            self.pit.account(trader),
            market,
            is_buy=self.dice.random() < 0.5,
            size=self.dice.randint(1, 5_000) * 10 ** (market.spec.size_decimals // 2),
            reduce_only=market.is_perp and self.dice.random() < 0.3,
            minutes=self.dice.randint(4, 20),
            randomise=self.dice.random() < 0.5,
            stamp=self.stamp,
        )

    def pass_time(self, trader):
        self.now_ms += self.dice.randint(0, 120_000)
        self.pit.matching.twaps.advance(self.now_ms)
        if self.dice.random() < 0.1:
            self.pit.account(trader).cancel_all_at_ms = self.now_ms
            self.pit.matching.fire_scheduled(self.now_ms)


def check_lists(state):
    """Books, lists of open orders, and what is held back for them tell the same story."""
    listed = {oid for account in state.accounts.values() for oid in account.open_orders}
    assert listed == {oid for oid, order in state.orders.items() if order.status == "open"}
    resting = {oid for oid in listed if state.orders[oid].time_in_force is not None}
    booked = set()
    for market in (*state.markets.values(), *state.spot_markets.values()):
        bid, ask = market.touch()
        assert bid is None or ask is None or bid < ask
        for is_buy in (True, False):
            for price, orders in market.book.levels(is_buy=is_buy):
                assert all(o.price == price and o.is_buy is is_buy for o in orders.values())
                booked |= orders.keys()
    assert booked == resting


def check_holds(state):
    for account in state.accounts.values():
        held = defaultdict(int)
        for order in account.open_orders.values():
            if order.time_in_force is None:
                continue
            market = state.market(order.coin)
            if not market.is_perp:
                token = market.spent_token(is_buy=order.is_buy)
                atoms = market.needed_atoms(order.price, order.leaves, is_buy=order.is_buy)
                held[token] += atoms
            elif not order.reduce_only:
                held[order.coin, order.is_buy] += order.leaves
        for coin, position in account.positions.items():
            assert position.resting_buys == held[coin, True]
            assert position.resting_sells == held[coin, False]
        for token, balance in account.spot.items():
            assert balance.hold == held[token]
            assert balance.total >= balance.hold


def check_orders(state):
    filled = defaultdict(int)
    for account in state.accounts.values():
        for fill in account.fills:
            order = state.orders[fill.oid]
            assert fill.price <= order.price if fill.is_buy else fill.price >= order.price
            filled[fill.oid] += fill.size
            if order.reduce_only:
                after = fill.start_position + (fill.size if fill.is_buy else -fill.size)
                assert abs(after) == abs(fill.start_position) - fill.size
    for oid, order in state.orders.items():
        assert filled[oid] == order.size - order.leaves
        assert order.leaves == 0 if order.status == "filled" else order.leaves >= 0
        for child in (state.orders[c] for c in order.children):
            waits = child.status == "waitingForFill"
            assert waits is (waits and order.status in LIVE)


def play(seed, count, check_every):
    crowd = Crowd(seed)
    for number in range(1, count + 1):
        crowd.act()
        if number % check_every == 0:
            check_lists(crowd.pit.state)
            check_holds(crowd.pit.state)
            conservation.check(crowd.pit.state)
    check_orders(crowd.pit.state)
    return crowd


@pytest.mark.parametrize("seed", range(4))
def test_lists_holds_money_and_orders_agree_whatever_is_done(seed):
    crowd = play(seed, count=800, check_every=20)

    ends = {order.status for order in crowd.pit.state.orders.values()}
    assert {"filled", "canceled", "iocCancelRejected", "badAloPxRejected"} <= ends


@pytest.mark.soak
def test_lists_holds_money_and_orders_agree_for_long():
    ends = set()
    for seed in range(100, 140):
        crowd = play(seed, count=4_000, check_every=200)
        ends |= {order.status for order in crowd.pit.state.orders.values()}

    assert {
        "filled",
        "canceled",
        "marginCanceled",
        "reduceOnlyCanceled",
        "selfTradeCanceled",
        "siblingFilledCanceled",
        "scheduledCancel",
        "badTriggerPxRejected",
        "marketOrderNoLiquidityRejected",
        "perpMarginRejected",
        "reduceOnlyRejected",
        "minTradeNtlRejected",
    } <= ends
