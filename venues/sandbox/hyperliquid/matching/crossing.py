"""How one order meets the book: admitted, matched, rested, cancelled.

Synchronous and deterministic: no clock, no network, no randomness. Time comes in with each call as
a `Stamp`. Price-time priority; a taker that meets its own resting order cancels that order and goes
on; a resting order is checked again (reduce-only, margin, open interest) at the moment it would
trade. What belongs to several orders together is left to whoever sets `Crossing.on_ended`.
"""

from collections.abc import Callable
from dataclasses import replace

from venues.sandbox.hyperliquid.ledger.account import Account, SpotBalance
from venues.sandbox.hyperliquid.ledger.checks import affordable_at_match
from venues.sandbox.hyperliquid.ledger.positions import charge
from venues.sandbox.hyperliquid.ledger.trades import book_trade
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.matching import rules
from venues.sandbox.hyperliquid.matching.placement import AnyMarket, Placement, Rejection
from venues.sandbox.hyperliquid.number import ceil_div
from venues.sandbox.hyperliquid.order import (
    LiquidationMark,
    MarketMoved,
    NonUserCancelled,
    Order,
    OrderChanged,
    Stamp,
    TimeInForce,
    Trade,
    TradePrinted,
)
from venues.sandbox.hyperliquid.state import Exchange

_STARVED = "starved"  # met somebody, and could not pay; never shown

EndedHook = Callable[[Order, Stamp], None]


class Crossing:
    """The only code that puts orders into books, takes them out, and lets them trade."""

    def __init__(self, state: Exchange) -> None:
        self.state = state
        self.on_ended: EndedHook = _nothing
        """Called when an order has got its last status."""
        # Reduce-only orders that rest or wait for a trigger, by account and coin.
        self._reducers: dict[tuple[str, str], dict[int, Order]] = {}

    # The life of an order.

    def submit(
        self, order: Order, account: Account, *, market: AnyMarket, stamp: Stamp
    ) -> Placement:
        """Take an order whose price and size are on their grids through its first moment."""
        if order.reduce_only:
            _trim(order, account)
        refusal = rules.order_rejection(self.state, order, account, market=market)
        if refusal is not None:
            return self.refuse(order, refusal, market=market, stamp=stamp)
        return self.execute(order, market=market, stamp=stamp)

    def execute(
        self,
        order: Order,
        *,
        market: AnyMarket,
        stamp: Stamp,
        liquidation: LiquidationMark | None = None,
    ) -> Placement:
        """Match an order that no rule stands against, and rest or end what is left of it."""
        notional = self._match(order, market, stamp=stamp, liquidation=liquidation)
        traded = order.size - order.leaves
        if order.priority_fee:
            self._charge_priority(order, market, notional)
        if order.leaves == 0:
            self.end(order, "filled", stamp)
        elif order.status == _STARVED:
            if traded == 0:
                return self.refuse(order, rules.MARGIN, market=market, stamp=stamp)
            self.end(order, "marginCanceled", stamp)
        elif order.time_in_force in rules.IMMEDIATE:
            if traded == 0:
                unmatched = order.time_in_force is TimeInForce.IOC
                refusal = rules.IOC_UNMATCHED if unmatched else rules.NO_LIQUIDITY
                return self.refuse(order, refusal, market=market, stamp=stamp)
            self.end(order, "canceled", stamp)
        else:
            self._rest(order, market, stamp)
        if traded:
            # Only now: the sibling of an order that has just filled goes for that reason.
            self.drop_idle_reducers(self.state.accounts[order.account], order.coin, stamp)
        is_resting = order.status == "open"
        return Placement(order, market, size=traded, notional=notional, is_resting=is_resting)

    def refuse(
        self, order: Order, refusal: Rejection, *, market: AnyMarket, stamp: Stamp
    ) -> Placement:
        """End an order by a rule."""
        self.end(order, refusal.status, stamp)
        return Placement(order, market, refusal=refusal)

    def cancel(self, order: Order, *, status: str, stamp: Stamp) -> None:
        """End a live order: resting, waiting for its trigger, or for its parent."""
        self.withdraw(order)
        self.end(order, status, stamp)
        if status != "canceled":
            self.state.events.append(NonUserCancelled(order.account, order.coin, order.oid))

    def withdraw(self, order: Order) -> None:
        """Take a live order out of the book and the lists without ending it."""
        account = self.state.accounts[order.account]
        if order.oid not in account.open_orders:
            return
        self.unlist(order, account)
        if order.time_in_force is not None:
            market = self.state.market(order.coin)
            market.book.remove(order)
            self._hold(order, account, market=market, size=-order.leaves)
            self.state.events.append(MarketMoved(order.coin))

    def end(self, order: Order, status: str, stamp: Stamp) -> None:
        """Give an order its last status; nothing of it changes afterwards."""
        order.status = status
        order.status_ms = stamp.time_ms
        self.state.events.append(OrderChanged(order))
        if order.children or order.siblings:
            self.on_ended(order, stamp)

    def set_status(self, order: Order, status: str, stamp: Stamp) -> None:
        """Give an order a status that is not its last, and report it as it is now."""
        order.status = status
        order.status_ms = stamp.time_ms
        self.state.events.append(OrderChanged(replace(order)))

    def list_open(self, order: Order, account: Account) -> None:
        """Count an order among the open ones of its account."""
        account.open_orders[order.oid] = order
        if order.reduce_only:
            self._reducers.setdefault((order.account, order.coin), {})[order.oid] = order

    def unlist(self, order: Order, account: Account) -> None:
        """Undo `list_open`."""
        del account.open_orders[order.oid]
        if order.reduce_only:
            reducers = self._reducers[order.account, order.coin]
            del reducers[order.oid]
            if not reducers:
                del self._reducers[order.account, order.coin]

    def drop_idle_reducers(self, account: Account, coin: str, stamp: Stamp) -> None:
        """Cancel what was to reduce a position that is no longer there to be reduced."""
        reducers = self._reducers.get((account.address, coin))
        if not reducers:
            return
        idle = [order for order in reducers.values() if not rules.held_against(account, order)]
        for order in idle:
            # Cancelling one may have cancelled its siblings too.
            if order.oid in account.open_orders:
                self.cancel(order, status="reduceOnlyCanceled", stamp=stamp)

    def _make_room(self, newest: Order, stamp: Stamp) -> None:
        # What rests to reduce a position is never more than the position: the oldest goes first.
        account = self.state.accounts[newest.account]
        resting = [
            order
            for order in self._reducers[newest.account, newest.coin].values()
            if order.time_in_force is not None and order.is_buy is newest.is_buy
        ]
        excess = sum(order.leaves for order in resting) - rules.held_against(account, newest)
        for order in resting:
            if excess <= 0 or order is newest:
                return
            excess -= order.leaves
            # Cancelling one may have cancelled its siblings too.
            if order.oid in account.open_orders:
                self.cancel(order, status="reduceOnlyCanceled", stamp=stamp)

    # The meeting.

    def _match(
        self,
        taker: Order,
        market: AnyMarket,
        *,
        stamp: Stamp,
        liquidation: LiquidationMark | None,
    ) -> int:
        # Ends because every turn either removes a resting order or uses up the taker.
        notional = 0
        next_maker = market.book.next_maker
        while taker.leaves:
            maker = next_maker(taker_is_buy=taker.is_buy, limit=taker.price)
            if maker is None:
                break
            size = self._tradable(maker, taker, market=market, stamp=stamp)
            forced = liquidation is not None
            if size and not forced and not self._carries(taker, maker, market=market, size=size):
                taker.status = _STARVED
                break
            if size:
                notional += maker.price * size
                self._trade(
                    maker, taker, market=market, size=size, stamp=stamp, liquidation=liquidation
                )
        return notional

    def _carries(self, taker: Order, maker: Order, *, market: AnyMarket, size: int) -> bool:
        # A limit far through the mark may cost more than the mark said when it was placed.
        if isinstance(market, SpotMarket):
            return True
        account = self.state.accounts[taker.account]
        return affordable_at_match(
            self.state, account, market, is_buy=taker.is_buy, size=size, price=maker.price
        )

    def _tradable(self, maker: Order, taker: Order, *, market: AnyMarket, stamp: Stamp) -> int:
        # How much of the resting order may trade now; zero after it was cancelled instead.
        size = min(maker.leaves, taker.leaves)
        if maker.account == taker.account:
            self.cancel(maker, status="selfTradeCanceled", stamp=stamp)
            return 0
        if isinstance(market, SpotMarket):
            return size  # the balance has been held back since it rested
        owner = self.state.accounts[maker.account]
        if maker.reduce_only:
            reducible = rules.held_against(owner, maker)
            if not reducible:
                self.cancel(maker, status="reduceOnlyCanceled", stamp=stamp)
            return min(size, reducible)
        if rules.opens_above_cap(self.state, maker, taker, market=market):
            self.cancel(maker, status="openInterestCapCanceled", stamp=stamp)
            return 0
        affordable = affordable_at_match(
            self.state, owner, market, is_buy=maker.is_buy, size=size, price=maker.price
        )
        if not affordable:
            self.cancel(maker, status="marginCanceled", stamp=stamp)
            return 0
        return size

    def _trade(
        self,
        maker: Order,
        taker: Order,
        *,
        market: AnyMarket,
        size: int,
        stamp: Stamp,
        liquidation: LiquidationMark | None,
    ) -> None:
        owner = self.state.accounts[maker.account]
        maker.leaves -= size
        taker.leaves -= size
        self._hold(maker, owner, market=market, size=-size)
        fill, _ = book_trade(
            self.state,
            maker=maker,
            taker=taker,
            market=market,
            price=maker.price,
            size=size,
            stamp=stamp,
            liquidation=liquidation,
        )
        self._print(maker, taker, market=market, size=size, trade_id=fill.trade_id, stamp=stamp)
        if maker.leaves:
            self.set_status(maker, "open", stamp)
        else:
            self.unlist(maker, owner)
            market.book.remove(maker)
            self.end(maker, "filled", stamp)
        self.drop_idle_reducers(owner, maker.coin, stamp)

    def _print(
        self,
        maker: Order,
        taker: Order,
        *,
        market: AnyMarket,
        size: int,
        trade_id: int,
        stamp: Stamp,
    ) -> None:
        buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
        market.last = maker.price
        market.volume_size += size
        if isinstance(market, SpotMarket):
            market.volume_quote += maker.price * size
        else:
            market.volume_micro_usd += maker.price * size
        trade = Trade(
            coin=maker.coin,
            taker_is_buy=taker.is_buy,
            price=maker.price,
            size=size,
            time_ms=stamp.time_ms,
            trade_id=trade_id,
            action_hash=stamp.action_hash,
            buyer=buy.account,
            seller=sell.account,
        )
        self.state.events += (TradePrinted(trade), MarketMoved(maker.coin))

    def _rest(self, order: Order, market: AnyMarket, stamp: Stamp) -> None:
        account = self.state.accounts[order.account]
        market.book.add(order)
        self.list_open(order, account)
        self._hold(order, account, market=market, size=order.leaves)
        self.set_status(order, "open", stamp)
        self.state.events.append(MarketMoved(order.coin))
        if order.reduce_only:
            self._make_room(order, stamp)

    @staticmethod
    def _hold(order: Order, account: Account, *, market: AnyMarket, size: int) -> None:
        # Margin on a perpetual, the token to be spent on spot.
        if not isinstance(market, SpotMarket):
            account.reserve(order, size)
            return
        token = market.spent_token(is_buy=order.is_buy)
        balance = account.spot.setdefault(token, SpotBalance())
        balance.hold += market.needed_atoms(order.price, size, is_buy=order.is_buy)

    def _charge_priority(self, order: Order, market: AnyMarket, traded_notional: int) -> None:
        # Burned. An order that adds liquidity pays when it is placed, another when it trades.
        adds = order.time_in_force is TimeInForce.ALO
        notional = order.price * order.size if adds else traded_notional
        account = self.state.accounts[order.account]
        till = self.state.till
        if isinstance(market, SpotMarket):
            token = market.spec.quote.index
            paid = rules.priority_atoms(order, market, notional)
            account.spot.setdefault(token, SpotBalance()).total -= paid
            till.spot_fees[token] = till.spot_fees.get(token, 0) + paid
            return
        paid = ceil_div(notional * order.priority_fee, rules.PRIORITY_FEE_UNIT)
        charge(account, market, paid)
        till.priority_fees += paid


def _trim(order: Order, account: Account) -> None:
    # A reduce-only order never asks for more than the position; size zero asks for all of it.
    reducible = rules.held_against(account, order)
    if reducible:
        order.size = min(order.size or reducible, reducible)
        order.leaves = order.size


def _nothing(_: Order, __: Stamp) -> None:
    # What ending an order has on others when nobody groups orders.
    return
