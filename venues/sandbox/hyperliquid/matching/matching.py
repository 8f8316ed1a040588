"""The matching core: places, fills, settles and cancels, and reports what happened.

Synchronous and deterministic: no clock, no network, no randomness. Time comes in with each call as
a `Stamp`. Price-time priority; a taker that meets its own resting order cancels that order and goes
on; a resting order is checked again (reduce-only, margin) at the moment it would trade.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from venues.sandbox.hyperliquid.actions.signature import keccak256
from venues.sandbox.hyperliquid.config import Fees
from venues.sandbox.hyperliquid.ledger.account import (
    Account,
    account_value,
    position_initial,
)
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching import rules
from venues.sandbox.hyperliquid.number import MICRO, ceil_div, to_scaled
from venues.sandbox.hyperliquid.order import (
    Event,
    Fill,
    FillMade,
    MarketMoved,
    NonUserCancelled,
    Order,
    OrderChanged,
    OrderRequest,
    Stamp,
    TimeInForce,
    Trade,
    TradePrinted,
)

_TRADE_ID_BITS = 50


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of one order: refused, or traded `size` for `notional`, or resting."""

    order: Order
    size: int = 0
    notional: int = 0
    refusal: rules.Rejection | None = None


class Matching:
    """Markets and accounts, and the only code that changes them by trading."""

    def __init__(self, markets: Mapping[str, Market], fees: Fees) -> None:
        self.markets = markets
        self.accounts: dict[str, Account] = {}
        self.orders: dict[int, Order] = {}
        self.fees_collected = 0
        self.events: list[Event] = []
        self._fees = fees
        self._next_oid = 1

    def account(self, address: str) -> Account:
        """Return the account of an address, opening an empty one when there is none."""
        return self.accounts.setdefault(address, Account(address))

    def place(
        self, request: OrderRequest, account: Account, *, market: Market, stamp: Stamp
    ) -> Placement:
        """Take one order that passed `rules.payload_error` through its whole first moment."""
        order = self._new_order(request, account, market=market, stamp=stamp)
        if not rules.on_tick(request.price_text, market.spec.price_decimals):
            return self._refuse(order, rules.TICK, stamp)
        self._trim(order, account)
        proposal = rules.Proposal(
            market=market,
            is_buy=order.is_buy,
            price=order.price,
            size=order.size,
            reduce_only=order.reduce_only,
            time_in_force=order.time_in_force,
        )
        refusal = rules.rejection(proposal, account, self.markets)
        if refusal is not None:
            return self._refuse(order, refusal, stamp)
        notional = self._match(order, market, stamp)
        return self._conclude(order, market, stamp=stamp, notional=notional)

    def cancel(self, order: Order, *, status: str, stamp: Stamp) -> None:
        """Take a resting order out of the book."""
        account = self.accounts[order.account]
        self._unrest(order, account)
        account.reserve(order, -order.leaves)
        self._set_status(order, status, stamp)
        if status != "canceled":
            self.events.append(NonUserCancelled(order.account, order.coin, order.oid))
        self.events.append(MarketMoved(order.coin))

    def _new_order(
        self, request: OrderRequest, account: Account, *, market: Market, stamp: Stamp
    ) -> Order:
        assert request.time_in_force is not None, "trigger orders are refused before this"
        size = to_scaled(request.size_text, market.spec.size_decimals)
        assert size is not None, "sizes off the grid are refused before this"
        order = Order(
            oid=self._next_oid,
            account=account.address,
            coin=market.spec.name,
            is_buy=request.is_buy,
            # An order off the tick grid is refused at once and its price is never used.
            price=to_scaled(request.price_text, market.spec.price_decimals) or 0,
            size=size,
            leaves=size,
            reduce_only=request.reduce_only,
            time_in_force=request.time_in_force,
            cloid=request.cloid,
            placed_ms=stamp.time_ms,
            status="open",
            status_ms=stamp.time_ms,
        )
        self._next_oid += 1
        self.orders[order.oid] = order
        if order.cloid is not None:
            account.cloids[order.cloid] = order.oid
        return order

    @staticmethod
    def _trim(order: Order, account: Account) -> None:
        # A reduce-only order never asks for more than the position; size zero asks for all of it.
        held = account.position(order.coin).size
        opposes = held < 0 if order.is_buy else held > 0
        if order.reduce_only and opposes:
            order.size = min(order.size or abs(held), abs(held))
            order.leaves = order.size

    def _refuse(self, order: Order, refusal: rules.Rejection, stamp: Stamp) -> Placement:
        self._set_status(order, refusal.status, stamp)
        return Placement(order, refusal=refusal)

    def _set_status(self, order: Order, status: str, stamp: Stamp) -> None:
        order.status = status
        order.status_ms = stamp.time_ms
        self.events.append(OrderChanged(replace(order)))

    def _match(self, taker: Order, market: Market, stamp: Stamp) -> int:
        # Ends because every turn either removes a resting order or uses up the taker.
        notional = 0
        while taker.leaves:
            maker = market.book.next_maker(taker_is_buy=taker.is_buy, limit=taker.price)
            if maker is None:
                break
            size = self._tradable(maker, taker, stamp)
            if size:
                notional += maker.price * size
                self._execute(maker, taker, size=size, stamp=stamp)
        return notional

    def _conclude(self, order: Order, market: Market, *, stamp: Stamp, notional: int) -> Placement:
        traded = order.size - order.leaves
        if order.leaves == 0:
            self._set_status(order, "filled", stamp)
        elif order.time_in_force is TimeInForce.IOC:
            if traded == 0:
                return self._refuse(order, rules.IOC_UNMATCHED, stamp)
            self._set_status(order, "canceled", stamp)
        else:
            self._rest(order, market, stamp)
        return Placement(order, size=traded, notional=notional)

    def _rest(self, order: Order, market: Market, stamp: Stamp) -> None:
        account = self.accounts[order.account]
        market.book.add(order)
        account.open_orders[order.oid] = order
        account.reserve(order, order.leaves)
        self._set_status(order, "open", stamp)
        self.events.append(MarketMoved(order.coin))

    def _unrest(self, order: Order, account: Account) -> None:
        self.markets[order.coin].book.remove(order)
        del account.open_orders[order.oid]

    def _tradable(self, maker: Order, taker: Order, stamp: Stamp) -> int:
        # How much of the resting order may trade now; zero after it was cancelled instead.
        if maker.account == taker.account:
            self.cancel(maker, status="selfTradeCanceled", stamp=stamp)
            return 0
        owner = self.accounts[maker.account]
        held = owner.position(maker.coin).size
        size = min(maker.leaves, taker.leaves)
        if maker.reduce_only:
            opposes = held < 0 if maker.is_buy else held > 0
            if not opposes:
                self.cancel(maker, status="reduceOnlyCanceled", stamp=stamp)
                return 0
            return min(size, abs(held))
        if not self._affordable(owner, maker, size):
            self.cancel(maker, status="marginCanceled", stamp=stamp)
            return 0
        return size

    def _affordable(self, owner: Account, maker: Order, size: int) -> bool:
        held = owner.position(maker.coin).size
        after = held + (size if maker.is_buy else -size)
        if not owner.is_margined or abs(after) <= abs(held):
            return True
        needed = sum(
            position_initial(
                owner, market, after if coin == maker.coin else owner.position(coin).size
            )
            for coin, market in self.markets.items()
        )
        return needed <= account_value(owner, self.markets)

    def _execute(self, maker: Order, taker: Order, *, size: int, stamp: Stamp) -> None:
        market = self.markets[maker.coin]
        owner = self.accounts[maker.account]
        for order in (maker, taker):
            order.leaves -= size
        owner.reserve(maker, -size)
        buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
        digest = keccak256(buy.oid.to_bytes(8, "big") + sell.oid.to_bytes(8, "big"))
        trade = Trade(
            coin=maker.coin,
            taker_is_buy=taker.is_buy,
            price=maker.price,
            size=size,
            time_ms=stamp.time_ms,
            trade_id=int.from_bytes(digest, "big") % 2**_TRADE_ID_BITS,
            action_hash=stamp.action_hash,
            buyer=buy.account,
            seller=sell.account,
        )
        for order in (maker, taker):
            self._settle(order, trade, crossed=order is taker)
        market.last = maker.price
        market.volume_micro_usd += maker.price * size
        market.volume_size += size
        self.events += [TradePrinted(trade), MarketMoved(maker.coin)]
        if maker.leaves == 0:
            self._unrest(maker, owner)
            self._set_status(maker, "filled", stamp)
        else:
            self._set_status(maker, "open", stamp)
        for order in (maker, taker):
            self._drop_idle_reducers(self.accounts[order.account], maker.coin, stamp)

    def _settle(self, order: Order, trade: Trade, *, crossed: bool) -> None:
        account = self.accounts[order.account]
        notional = trade.price * trade.size
        pips = self._fees.taker_pips if crossed else self._fees.maker_pips
        fee = ceil_div(notional * pips, MICRO)  # a fraction of a micro-dollar goes to the venue
        before = account.position(order.coin).size
        signed = trade.size if order.is_buy else -trade.size
        profit = account.trade(order.coin, signed, trade.price)
        account.cash -= fee
        account.volume_micro_usd += notional
        self.fees_collected += fee
        fill = Fill(
            coin=order.coin,
            account=order.account,
            oid=order.oid,
            cloid=order.cloid,
            is_buy=order.is_buy,
            price=trade.price,
            size=trade.size,
            time_ms=trade.time_ms,
            start_position=before,
            direction=_direction(before, before + signed),
            closed_pnl=profit,
            fee=fee,
            crossed=crossed,
            trade_id=trade.trade_id,
            action_hash=trade.action_hash,
        )
        account.fills.append(fill)
        self.events.append(FillMade(fill))

    def _drop_idle_reducers(self, account: Account, coin: str, stamp: Stamp) -> None:
        held = account.position(coin).size
        idle = [
            order
            for order in account.open_orders.values()
            if order.reduce_only
            and order.coin == coin
            and not (held < 0 if order.is_buy else held > 0)
        ]
        for order in idle:
            self.cancel(order, status="reduceOnlyCanceled", stamp=stamp)


def _direction(before: int, after: int) -> str:
    side = {True: "Long", False: "Short"}
    if before * after < 0:
        return f"{side[before > 0]} > {side[after > 0]}"
    if abs(after) > abs(before):
        return f"Open {side[after > 0]}"
    return f"Close {side[before > 0]}"
