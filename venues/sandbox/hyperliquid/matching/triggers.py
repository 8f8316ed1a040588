"""Orders that wait for the mark price.

A take-profit sell and a stop buy live once the mark has risen to their price, the other two once it
has fallen there. What fires keeps its id, is `triggered`, and meets the book under the ordinary
rules: a market one as an immediate order with ten percent of slippage, whatever its own limit says,
a limit one as GTC. A position's take-profit and stop-loss have the size of the position at that
moment.
"""

from heapq import heapify, heappop, heappush

from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching import grid, rules
from venues.sandbox.hyperliquid.matching.crossing import Crossing
from venues.sandbox.hyperliquid.matching.placement import Placement, Rejection
from venues.sandbox.hyperliquid.order import NonUserCancelled, Order, Stamp, TimeInForce, Trigger

_SLIPPAGE_PERCENT = 10
_TIDIED_FROM = 64


class Triggers:
    """What waits, ordered by how soon the mark would reach it."""

    def __init__(self, crossing: Crossing) -> None:
        self._crossing = crossing
        # Heaps of (rank, oid) by coin and direction; entries of cancelled orders are skipped, and
        # thrown out whenever a heap has doubled since the last time.
        self._waiting: dict[tuple[str, bool], list[tuple[int, int]]] = {}
        self._tidied_at: dict[tuple[str, bool], int] = {}

    def submit(self, order: Order, account: Account, *, market: Market, stamp: Stamp) -> Placement:
        """Take an order with a trigger; one that would live at once is refused."""
        assert order.trigger is not None, "only orders with a trigger come here"
        crossing = self._crossing
        refusal = None
        if crossing.state.modes.is_closed(order.coin):
            refusal = rules.HALTED
        elif has_bad_limit(order) or is_reached(order, order.trigger, market.mark()):
            refusal = rules.BAD_TRIGGER
        elif order.reduce_only and not rules.held_against(account, order):
            refusal = rules.REDUCE_ONLY
        if refusal is not None:
            return crossing.refuse(order, refusal, market=market, stamp=stamp)
        self.wait(order, account, stamp)
        return Placement(order, market, is_resting=True)

    def wait(self, order: Order, account: Account, stamp: Stamp) -> None:
        """Let an order wait for the mark."""
        assert order.trigger is not None, "only orders with a trigger wait for the mark"
        above = rises_to(order, order.trigger)
        rank = order.trigger.price if above else -order.trigger.price
        self._push((order.coin, above), (rank, order.oid))
        self._crossing.list_open(order, account)
        self._crossing.set_status(order, "open", stamp)

    def on_mark(self, market: Market, stamp: Stamp) -> None:
        """Let everything live that the mark of a market has reached."""
        mark = market.mark()
        for above in (True, False):
            waiting = self._waiting.get((market.spec.name, above))
            limit = mark if above else -mark
            while waiting and waiting[0][0] <= limit:
                _, oid = heappop(waiting)
                if self._is_waiting(oid):
                    self._fire(self._crossing.state.orders[oid], market=market, stamp=stamp)

    def count(self) -> int:
        """Return how many entries are kept, cancelled orders' with them."""
        return sum(map(len, self._waiting.values()))

    def _push(self, key: tuple[str, bool], entry: tuple[int, int]) -> None:
        waiting = self._waiting.setdefault(key, [])
        if len(waiting) >= self._tidied_at.get(key, _TIDIED_FROM):
            waiting[:] = [one for one in waiting if self._is_waiting(one[1])]
            heapify(waiting)
            self._tidied_at[key] = max(_TIDIED_FROM, 2 * len(waiting))
        heappush(waiting, entry)

    def _is_waiting(self, oid: int) -> bool:
        # The scene's ended orders are forgotten.
        state = self._crossing.state
        order = state.orders.get(oid)
        if order is None or order.time_in_force is not None:
            return False
        return oid in state.accounts[order.account].open_orders

    def _fire(self, order: Order, *, market: Market, stamp: Stamp) -> None:
        assert order.trigger is not None, "only orders with a trigger fire"
        crossing = self._crossing
        account = crossing.state.accounts[order.account]
        crossing.unlist(order, account)
        crossing.set_status(order, "triggered", stamp)
        if order.is_position_tpsl:
            order.size = order.leaves = rules.held_against(account, order)
        order.time_in_force = TimeInForce.GTC
        if order.trigger.is_market:
            order.time_in_force = TimeInForce.FRONTEND_MARKET
            order.price = grid.aggressive(
                market.mark(),
                is_buy=order.is_buy,
                percent=_SLIPPAGE_PERCENT,
                price_decimals=market.spec.price_decimals,
            )
        placed = crossing.submit(order, account, market=market, stamp=stamp)
        if placed.refusal is not None:
            crossing.state.events.append(NonUserCancelled(order.account, order.coin, order.oid))


def rises_to(order: Order, trigger: Trigger) -> bool:
    """Tell whether an order lives when the mark is at or above its trigger (else: below)."""
    return order.is_buy is not trigger.is_take_profit


def is_reached(order: Order, trigger: Trigger, price: int) -> bool:
    """Tell whether a mark of `price` would let an order live."""
    return price >= trigger.price if rises_to(order, trigger) else price <= trigger.price


def has_bad_limit(order: Order) -> bool:
    """Tell whether a market order could not trade at its own trigger; a limit order may rest."""
    assert order.trigger is not None, "only orders with a trigger have a limit beside it"
    if not order.trigger.is_market:
        return False
    beyond = order.price - order.trigger.price
    return beyond < 0 if order.is_buy else beyond > 0


def bad_child(child: Order, parent: Order, market: Market) -> Rejection | None:
    """Return the refusal of a take-profit or stop-loss that its parent's fill would set off.

    The parent is expected to fill at the better of its limit and the mark.
    """
    assert child.trigger is not None, "children of an order have triggers"
    better = min if parent.is_buy else max
    expected = better(parent.price, market.mark())
    is_bad = has_bad_limit(child) or is_reached(child, child.trigger, expected)
    return rules.BAD_TRIGGER if is_bad else None
