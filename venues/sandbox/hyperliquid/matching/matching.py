"""The matching core as the rest of the venue sees it: place, modify, cancel, let time work.

Synchronous and deterministic: no clock, no network, no randomness but the seed's. Time comes in
with each call as a `Stamp` or in milliseconds. Queues of orders with a priority fee are not played:
such an order pays and keeps its place in time.
"""

from collections.abc import Sequence

from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching import grid, rules
from venues.sandbox.hyperliquid.matching.crossing import Crossing
from venues.sandbox.hyperliquid.matching.groups import Groups
from venues.sandbox.hyperliquid.matching.modify import as_modified, replacement
from venues.sandbox.hyperliquid.matching.orders import new_order, remember, tick_rejection
from venues.sandbox.hyperliquid.matching.placement import (
    WAITING_FOR_FILL,
    WAITING_FOR_TRIGGER,
    AnyMarket,
    BatchRefused,
    Placement,
)
from venues.sandbox.hyperliquid.matching.triggers import Triggers, bad_child
from venues.sandbox.hyperliquid.matching.twaps import Twaps
from venues.sandbox.hyperliquid.order import (
    NO_ACTION_HASH,
    BuilderFee,
    LiquidationMark,
    Order,
    OrderRequest,
    Stamp,
    TimeInForce,
)
from venues.sandbox.hyperliquid.state import Exchange

_DAY_MS = 86_400_000
_SCHEDULED_CANCELS_A_DAY = 10
_LIQUIDATION_SLIPPAGE_PERCENT = 10


class Matching:
    """Everything that orders can be asked to do."""

    def __init__(self, state: Exchange) -> None:
        self.state = state
        self._crossing = Crossing(state)
        self._triggers = Triggers(self._crossing)
        self._groups = Groups(self._crossing, self._triggers)
        self._crossing.on_ended = self._groups.ended
        self.twaps = Twaps(self._crossing)

    # What accounts ask for.

    def place_batch(
        self,
        requests: Sequence[OrderRequest],
        account: Account,
        *,
        stamp: Stamp,
        builder: BuilderFee | None = None,
        grouping: str = "na",
        priority_fee: int = 0,
    ) -> list[Placement] | BatchRefused:
        """Take a batch of orders, in their order; refuse it whole when a payload is wrong."""
        refused = rules.batch_error(
            self.state, requests, grouping=grouping, priority_fee=priority_fee
        )
        if refused is not None:
            return refused
        if grouping == "normalTpsl":
            return self._place_family(requests, account, stamp=stamp, builder=builder)
        placed = [
            self.place(
                request,
                account,
                market=self.state.by_asset[request.asset],
                stamp=stamp,
                builder=builder,
                grouping=grouping,
                priority_fee=priority_fee,
            )
            for request in requests
        ]
        if grouping == "positionTpsl":
            self._groups.bind(None, (p.order for p in placed if p.refusal is None))
        return placed

    def place(
        self,
        request: OrderRequest,
        account: Account,
        *,
        market: AnyMarket,
        stamp: Stamp,
        builder: BuilderFee | None = None,
        grouping: str = "na",
        priority_fee: int = 0,
    ) -> Placement:
        """Take one order that passed `rules.payload_error` through its whole first moment."""
        order = new_order(self.state, request, account, market=market, stamp=stamp)
        order.builder = builder
        order.priority_fee = priority_fee
        refusal = tick_rejection(request, market)
        refusal = refusal or rules.open_orders_rejection(self.state, order, account)
        if refusal is not None:
            return self._crossing.refuse(order, refusal, market=market, stamp=stamp)
        if order.trigger is None:
            return self._crossing.submit(order, account, market=market, stamp=stamp)
        assert isinstance(market, Market), "triggers on spot are refused before this"
        order.is_position_tpsl = grouping == "positionTpsl"
        placed = self._triggers.submit(order, account, market=market, stamp=stamp)
        if grouping == "na" or placed.refusal is not None:
            return placed
        return Placement(order, market, waiting=WAITING_FOR_TRIGGER)

    def modify(
        self,
        target: int | str,
        request: OrderRequest,
        account: Account,
        *,
        stamp: Stamp,
        always_place: bool = False,
    ) -> Placement | BatchRefused:
        """Replace an order, named by id or client id, by a new one with an id of its own.

        The new order is reported before the end of the old one, as the venue mostly does.
        """
        old = self.find(account, target, asset=request.asset)
        new = replacement(request, old, always_place=always_place)
        if isinstance(new, BatchRefused):
            return new
        refused = rules.batch_error(self.state, (new,), grouping="na", priority_fee=0)
        if refused is not None:
            return refused
        if old is not None:
            self._crossing.withdraw(old)
        placed = self.place(
            new,
            account,
            market=self.state.by_asset[new.asset],
            stamp=stamp,
            builder=None if old is None else old.builder,
        )
        if old is not None:
            self._crossing.end(old, "canceled", stamp)
        return as_modified(placed)

    def cancel(self, order: Order, *, status: str, stamp: Stamp) -> None:
        """End a live order."""
        self._crossing.cancel(order, status=status, stamp=stamp)

    def cancel_all(
        self, account: Account, *, status: str, stamp: Stamp, dex: str | None = None
    ) -> int:
        """End all open orders of an account, or those on one dex; return how many."""
        mine = [
            order
            for order in account.open_orders.values()
            if dex is None or self._is_on(order.coin, dex)
        ]
        for order in mine:
            # One may have taken others of its group along.
            if order.oid in account.open_orders:
                self.cancel(order, status=status, stamp=stamp)
        return len(mine)

    def find(self, account: Account, key: int | str, *, asset: int) -> Order | None:
        """Return an account's live order by id or client id, or None when there is none."""
        oid = account.cloids.get(key) if isinstance(key, str) else key
        order = None if oid is None else self.state.orders.get(oid)
        if order is None or order.account != account.address:
            return None
        is_live = order.oid in account.open_orders or order.status == WAITING_FOR_FILL
        return order if is_live and self.state.market(order.coin).asset == asset else None

    def waiting_count(self) -> int:
        """Return how many triggers are kept; some may be of orders that have ended."""
        return self._triggers.count()

    # What the venue does by itself.

    def liquidate(self, account: Account, market: Market, size: int, *, stamp: Stamp) -> int:
        """Send `size` of a position to the book at up to ten percent from the mark; return it done.

        The slippage is ours: the venue does not publish the price of its liquidation orders.
        """
        coin = market.spec.name
        held = account.position(coin).size
        is_buy = held < 0
        wanted = 0 if self.state.modes.is_closed(coin) else min(size, abs(held))
        if wanted == 0:
            return 0
        mark = market.mark()
        order = Order(
            oid=self.state.next_oid,
            account=account.address,
            coin=coin,
            is_buy=is_buy,
            price=grid.aggressive(
                mark,
                is_buy=is_buy,
                percent=_LIQUIDATION_SLIPPAGE_PERCENT,
                price_decimals=market.spec.price_decimals,
            ),
            size=wanted,
            leaves=wanted,
            reduce_only=True,
            time_in_force=TimeInForce.LIQUIDATION_MARKET,
            cloid=None,
            placed_ms=stamp.time_ms,
            status="open",
            status_ms=stamp.time_ms,
        )
        remember(self.state, account, order)
        marked = LiquidationMark(account.address, mark, "market")
        return self._crossing.execute(order, market=market, stamp=stamp, liquidation=marked).size

    def position_changed(self, account: Account, coin: str, stamp: Stamp) -> None:
        """Cancel reducers left idle after a position changed hands outside the book."""
        self._crossing.drop_idle_reducers(account, coin, stamp)

    def on_mark(self, now_ms: int) -> None:
        """Let every order live whose trigger the marks have reached."""
        stamp = Stamp(now_ms, NO_ACTION_HASH)
        modes = self.state.modes
        for coin, market in self.state.markets.items():
            if not modes.is_closed(coin):
                self._triggers.on_mark(market, stamp)

    def delist(self, market: AnyMarket, stamp: Stamp) -> None:
        """Stop a market's trading for good and end its orders; positions are not touched."""
        coin = market.spec.name
        self.state.modes.delisted.add(coin)
        self.twaps.stop(coin, stamp)
        for account in self.state.accounts.values():
            for order in list(account.open_orders.values()):
                if order.coin == coin and order.oid in account.open_orders:
                    self.cancel(order, status="delistedCanceled", stamp=stamp)

    def fire_scheduled(self, now_ms: int) -> None:
        """Cancel all orders of accounts whose scheduled cancel is due, ten times a day at most."""
        day = now_ms // _DAY_MS
        stamp = Stamp(now_ms, NO_ACTION_HASH)
        for account in self.state.accounts.values():
            due = account.cancel_all_at_ms
            if due is None or due > now_ms:
                continue
            account.cancel_all_at_ms = None
            if account.cancel_all_day != day:
                account.cancel_all_day, account.cancel_all_count = day, 0
            if account.cancel_all_count < _SCHEDULED_CANCELS_A_DAY:
                account.cancel_all_count += 1
                self.cancel_all(account, status="scheduledCancel", stamp=stamp)

    def _place_family(
        self,
        requests: Sequence[OrderRequest],
        account: Account,
        *,
        stamp: Stamp,
        builder: BuilderFee | None,
    ) -> list[Placement]:
        # Children exist, tied to their parent, before the parent meets the book.
        market = self.state.by_asset[requests[0].asset]
        assert isinstance(market, Market), "triggers on spot are refused before this"
        parent, *children = (
            new_order(self.state, request, account, market=market, stamp=stamp)
            for request in requests
        )
        self._groups.bind(parent, children)
        waiting = []
        for request, child in zip(requests[1:], children, strict=True):
            child.builder = builder
            refusal = tick_rejection(request, market) or bad_child(child, parent, market)
            if refusal is None:
                self._crossing.set_status(child, WAITING_FOR_FILL, stamp)
                waiting.append(Placement(child, market, waiting=WAITING_FOR_FILL))
            else:
                waiting.append(self._crossing.refuse(child, refusal, market=market, stamp=stamp))
        parent.builder = builder
        refusal = tick_rejection(requests[0], market)
        refusal = refusal or rules.open_orders_rejection(self.state, parent, account)
        if refusal is None:
            placed = self._crossing.submit(parent, account, market=market, stamp=stamp)
        else:
            placed = self._crossing.refuse(parent, refusal, market=market, stamp=stamp)
        return [placed, *(_after_parent(child) for child in waiting)]

    def _is_on(self, coin: str, dex: str) -> bool:
        market = self.state.markets.get(coin)
        return market is not None and market.dex == dex


def _after_parent(child: Placement) -> Placement:
    if child.refusal is not None or child.order.status == WAITING_FOR_FILL:
        return child
    if child.order.status == "open":
        return Placement(child.order, child.market, waiting=WAITING_FOR_TRIGGER)
    return Placement(child.order, child.market, refusal=rules.PARENT_REFUSED)
