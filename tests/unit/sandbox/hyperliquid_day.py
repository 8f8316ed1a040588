"""A random trading day on a floor: accounts that do anything at all, from a seed."""

import hashlib
from collections import Counter
from random import Random

from tests.unit.sandbox.hyperliquid_floor import Floor
from venues.sandbox.hyperliquid.config import (
    BTC,
    ETH,
    LIQUIDATOR_ADDRESS,
    PURR,
    SOL,
    USDC,
    XYZ_DEX,
)
from venues.sandbox.hyperliquid.ledger import equity, spot
from venues.sandbox.hyperliquid.ledger.checks import withdrawable
from venues.sandbox.hyperliquid.ledger.conservation import check
from venues.sandbox.hyperliquid.ledger.leverage import move_isolated, set_leverage
from venues.sandbox.hyperliquid.number import MICRO, normalised, to_text
from venues.sandbox.hyperliquid.order import (
    BuilderFee,
    FillMade,
    OrderRequest,
    TimeInForce,
    TriggerRequest,
)
from venues.sandbox.hyperliquid.scene.quotes import tick_at

ACCOUNTS = 50
PRUNE_EVERY = 20_000
DEPOSIT_USD = 50_000
OPEN_ORDERS_MAX = 12
JUMP_PERCENT_MAX = 30


class Day:
    """A floor full of accounts that do anything at all."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        # Volume tiers and everything else stay as the venue has them; the vault is small, so that
        # it runs dry and others are closed against what it took over.
        self.floor = Floor(
            coins=(BTC, ETH, SOL),
            builder_dexs=(XYZ_DEX,),
            liquidator_deposit_micro_usd=2_000 * MICRO,
        )
        self.state = self.floor.state
        self.matching = self.floor.matching
        self.names = [f"trader {i}" for i in range(ACCOUNTS)]
        self.perps = list(self.state.markets.values())
        self.pair = self.state.spot_markets["PURR/USDC"]
        self.digest = hashlib.sha256()
        self.seen = Counter()
        for market in self.perps:
            self.floor.follow(market.spec.name)
        for name in self.names:
            account = self.floor.open(name, DEPOSIT_USD)
            self.floor.open(name, DEPOSIT_USD // 5, "xyz")
            self.credit(account, PURR, 100_000 * 10**5)
            self.credit(account, USDC, 20_000 * 10**8)
        self.actions = self.table()

    def credit(self, account, token, atoms):
        spot.balance(account, token.index).total += atoms
        till = self.state.till.spot_paid_in
        till[token.index] = till.get(token.index, 0) + atoms

    def table(self):
        weighted = (
            (self.limit, 34),
            (self.take, 26),
            (self.cancel, 14),
            (self.modify, 4),
            (self.trigger, 3),
            (self.bracket, 2),
            (self.spot_order, 4),
            (self.leverage, 3),
            (self.isolated_margin, 2),
            (self.transfer, 2),
            (self.withdraw, 1),
            (self.deposit, 1),
            (self.cancel_all, 1),
            (self.twap, 1),
        )
        return [action for action, weight in weighted for _ in range(weight)]

    def run(self, count: int):
        random = self.random
        for number in range(1, count + 1):
            account = self.state.accounts[self.address(random.randrange(ACCOUNTS))]
            action = self.actions[random.randrange(len(self.actions))]
            self.seen[action.__name__] += 1
            action(account)
            self.let_time_pass()
            self.absorb_events()
            if number % PRUNE_EVERY == 0:
                self.forget()
        return self.finish()

    def address(self, index: int) -> str:
        return self.floor.account(self.names[index]).address

    def let_time_pass(self):
        random = self.random
        if random.random() < 0.1:
            self.floor.now_ms += random.randrange(1, 1_500)
        if random.random() < 0.0005:
            self.floor.now_ms += random.randrange(60_000, 4_000_000)
        if random.random() < 0.01:
            for market in self.perps:
                self.shift(market, 1 + random.uniform(-0.004, 0.004))
        if random.random() < 0.0004:
            share = random.randrange(3, JUMP_PERCENT_MAX + 1) / 100
            factor = 1 - share if random.random() < 0.5 else 1 + share
            for market in random.sample(self.perps, random.randrange(1, len(self.perps) + 1)):
                self.shift(market, factor)
            self.floor.now_ms += 3_000
            self.seen["jump"] += 1
        self.state.now_ms = self.floor.now_ms
        self.matching.twaps.advance(self.floor.now_ms)
        self.floor.advance(0)
        self.matching.on_mark(self.floor.now_ms)

    def shift(self, market, factor):
        coin = market.spec.name
        moved = int(self.floor.elsewhere[coin] * factor)
        # Back towards where it opened when it strays too far, so that prices keep their figures.
        if moved > 2 * market.opening or 2 * moved < market.opening:
            moved = market.opening
        self.floor.elsewhere[coin] = max(1, moved)

    def absorb_events(self):
        for event in self.floor.drain():
            self.digest.update(repr(event).encode())
            self.seen[type(event).__name__] += 1
            if isinstance(event, FillMade):
                fill = event.fill
                self.seen[fill.direction] += 1
                if fill.liquidation is not None:
                    self.seen[fill.liquidation.method] += 1

    def finish(self) -> str:
        check(self.state)
        for address, account in self.state.accounts.items():
            state = (address, account.usd, account.positions, account.spot, account.leverage)
            self.digest.update(repr(state).encode())
        self.digest.update(repr(self.state.till).encode())
        return self.digest.hexdigest()

    def forget(self):
        """Drop what ended long ago; a test's memory is not the venue's."""
        live = {oid for a in self.state.accounts.values() for oid in a.open_orders}
        orders = self.state.orders
        for oid, order in list(orders.items()):
            is_alone = order.trigger is None and not order.children and order.twap_id is None
            if is_alone and oid not in live:
                del orders[oid]
        for account in self.state.accounts.values():
            account.order_ids.clear()
            account.fills.clear()
            account.fundings.clear()
            account.ledger_updates.clear()

    # What an account may do.

    def any_market(self):
        return self.perps[self.random.randrange(len(self.perps))]

    def request(self, market, *, is_buy, price, size, tif=TimeInForce.GTC, **rest):
        tick = tick_at(price, market.spec.price_decimals)
        price = max(tick, price // tick * tick)
        return OrderRequest(
            asset=market.asset,
            is_buy=is_buy,
            price_text=normalised(to_text(price, market.spec.price_decimals)),
            size_text=normalised(to_text(size, market.spec.size_decimals)),
            reduce_only=rest.pop("reduce_only", False),
            time_in_force=tif,
            cloid=None,
            **rest,
        )

    def some_size(self, account, market):
        value = max(0, equity.cross_value(account, self.state.markets, market.dex))
        notional = value * self.random.randrange(1, 12) // 4
        return max(1, notional // market.marked)

    def price_near(self, market, low, high):
        return int(market.marked * (1 + self.random.uniform(low, high)))

    def limit(self, account):
        if len(account.open_orders) >= OPEN_ORDERS_MAX:
            self.cancel(account)
            return
        market = self.any_market()
        is_buy = self.random.random() < 0.5
        price = (
            self.price_near(market, -0.02, 0.002)
            if is_buy
            else self.price_near(market, -0.002, 0.02)
        )
        tif = TimeInForce.ALO if self.random.random() < 0.3 else TimeInForce.GTC
        self.place(
            account,
            market,
            self.request(
                market, is_buy=is_buy, price=price, size=self.some_size(account, market), tif=tif
            ),
        )

    def take(self, account):
        market = self.any_market()
        held = account.position(market.spec.name).size
        is_buy = self.random.random() < 0.5
        reduce_only = held != 0 and self.random.random() < 0.3
        if reduce_only:
            is_buy = held < 0
        price = self.price_near(market, 0, 0.03) if is_buy else self.price_near(market, -0.03, 0)
        size = 0 if reduce_only and self.random.random() < 0.5 else self.some_size(account, market)
        self.place(
            account,
            market,
            self.request(
                market,
                is_buy=is_buy,
                price=price,
                size=size,
                tif=TimeInForce.IOC,
                reduce_only=reduce_only,
            ),
        )

    def place(self, account, market, request):
        builder = None
        if self.random.random() < 0.05:
            builder = BuilderFee(self.address(0), self.random.randrange(1, 100))
        placed = self.matching.place(
            request, account, market=market, stamp=self.floor.stamp, builder=builder
        )
        self.seen["refused" if placed.refusal else "placed"] += 1

    def some_order(self, account):
        if not account.open_orders:
            return None
        return list(account.open_orders.values())[self.random.randrange(len(account.open_orders))]

    def cancel(self, account):
        order = self.some_order(account)
        if order is not None:
            self.matching.cancel(order, status="canceled", stamp=self.floor.stamp)

    def cancel_all(self, account):
        self.matching.cancel_all(account, status="canceled", stamp=self.floor.stamp)

    def modify(self, account):
        order = self.some_order(account)
        if order is None or order.trigger is not None:
            return
        market = self.state.market(order.coin)
        price = max(1, int(order.price * (1 + self.random.uniform(-0.01, 0.01))))
        request = self.request(market, is_buy=order.is_buy, price=price, size=max(1, order.leaves))
        self.matching.modify(order.oid, request, account, stamp=self.floor.stamp, always_place=True)

    def trigger(self, account):
        market = self.any_market()
        held = account.position(market.spec.name).size
        if held == 0 or len(account.open_orders) >= OPEN_ORDERS_MAX:
            return
        self.place(account, market, self.protection(market, is_long=held > 0, size=abs(held)))

    def protection(self, market, *, is_long, size):
        is_take_profit = self.random.random() < 0.5
        above = is_take_profit == is_long
        price = (
            self.price_near(market, 0.005, 0.05)
            if above
            else self.price_near(market, -0.05, -0.005)
        )
        tick = tick_at(price, market.spec.price_decimals)
        text = normalised(to_text(max(tick, price // tick * tick), market.spec.price_decimals))
        trigger = TriggerRequest(
            is_market=self.random.random() < 0.7, price_text=text, is_take_profit=is_take_profit
        )
        return self.request(
            market,
            is_buy=not is_long,
            price=price,
            size=size,
            tif=None,
            reduce_only=True,
            trigger=trigger,
        )

    def bracket(self, account):
        if len(account.open_orders) >= OPEN_ORDERS_MAX:
            return
        market = self.any_market()
        is_buy = self.random.random() < 0.5
        size = self.some_size(account, market)
        parent = self.request(
            market, is_buy=is_buy, price=self.price_near(market, -0.01, 0.01), size=size
        )
        children = [self.protection(market, is_long=is_buy, size=size) for _ in range(2)]
        self.matching.place_batch(
            [parent, *children], account, stamp=self.floor.stamp, grouping="normalTpsl"
        )

    def spot_order(self, account):
        pair = self.pair
        is_buy = self.random.random() < 0.5
        price = max(1, int(pair.mark() * (1 + self.random.uniform(-0.01, 0.01))))
        size = self.random.randrange(50, 5_000)
        tif = TimeInForce.GTC if self.random.random() < 0.5 else TimeInForce.IOC
        self.place(
            account, pair, self.request(pair, is_buy=is_buy, price=price, size=size, tif=tif)
        )

    def leverage(self, account):
        market = self.any_market()
        set_leverage(
            self.state,
            account,
            market,
            leverage=self.random.randrange(1, market.spec.max_leverage + 1),
            is_cross=self.random.random() < 0.7,
        )

    def isolated_margin(self, account):
        micro_usd = self.random.randrange(-1_000 * MICRO, 1_000 * MICRO)
        move_isolated(self.state, account, self.any_market(), micro_usd=micro_usd)

    def transfer(self, account):
        other = self.floor.account(self.names[self.random.randrange(ACCOUNTS)])
        dex = self.random.choice(("", "xyz"))
        to = self.random.choice(("", "xyz"))
        amount = min(withdrawable(self.state, account, dex), self.random.randrange(2_000 * MICRO))
        account.usd[dex] = account.usd.get(dex, 0) - amount
        other.usd[to] = other.usd.get(to, 0) + amount

    def withdraw(self, account):
        amount = withdrawable(self.state, account, "") // 4
        account.usd[""] -= amount
        self.state.till.paid_out += amount

    def deposit(self, account):
        poorest = min(
            (a for a in self.state.accounts.values() if a.address != LIQUIDATOR_ADDRESS),
            key=lambda a: (equity.cross_value(a, self.state.markets), a.address),
        )
        for one in (account, poorest):
            one.cash += 2_000 * MICRO
            self.state.till.paid_in += 2_000 * MICRO

    def twap(self, account):
        market = self.any_market()
        self.matching.twaps.start(
            account,
            market,
            is_buy=self.random.random() < 0.5,
            size=self.some_size(account, market),
            reduce_only=False,
            minutes=5,
            randomise=self.random.random() < 0.5,
            stamp=self.floor.stamp,
        )
