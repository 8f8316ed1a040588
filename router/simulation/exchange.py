"""A perpetual's order book with one account of ours: matching, resting, cancelling. The truth.

Others trade at random around a mid that moves. An order is known by the name its sender gave it, a
request by its nonce, which is taken once. Refuses what comes after its deadline.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from router.domain.account import AccountSnapshot, MarkedPosition, Position, VenueFill, VenueOrder
from router.domain.margin import HeldPosition
from router.domain.market import BookSnapshot, PerpContext
from router.domain.order import ChildOrder, Fill, OrderStatus, TimeInForce
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    Amount,
    Pico,
    Rounding,
    Side,
    TimestampNs,
    divide,
)
from router.simulation.town import (
    ETH,
    LEVERAGE,
    LOT,
    MARGIN,
    MARGIN_CASH,
    MID_TICKS,
    PERP,
    USDC,
)
from router.simulation.virtual_time import VirtualTimeLoop
from router.simulation.weather import Weather

TICK_S: Final = 1.0
_LEVELS: Final = 4
_STEP_TICKS: Final = 15
_LEVEL_LOTS: Final = 15_000
_WALK_TICKS: Final = 60
_MAKER_FEE_PIPS: Final = 150
_OTHERS_LOTS: Final = 20_000  # that others trade in a second, at most
# What is not taken: how it may wait, and whether it would trade at once.
_FAULTS: Final = {
    (TimeInForce.POST_ONLY, True): "error: post only order would have immediately matched",
    (TimeInForce.IMMEDIATE, False): "error: order could not immediately match",
}


@dataclass(slots=True)
class Order:
    """An order as the exchange knows it."""

    name: str
    child: ChildOrder
    side: Side
    lots: int
    limit_ticks: int
    placed_at: TimestampNs
    fills: list[Fill] = field(default_factory=list)
    status: OrderStatus = OrderStatus.NEW
    ended_at: TimestampNs | None = None

    @property
    def left(self) -> int:
        """Lots that have not traded."""
        return self.lots - sum(fill.quantity.atoms for fill in self.fills) // LOT


@dataclass(frozen=True, slots=True)
class View:
    """An order as it was at one moment."""

    status: OrderStatus
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class _Standing:
    at: TimestampNs
    cash: int
    lots: int


class Exchange:
    """The book, our account, and all orders ever placed."""

    def __init__(self, loop: VirtualTimeLoop, rng: Random, weather: Callable[[], Weather]) -> None:
        self._loop = loop
        self._rng = rng
        self._weather = weather
        self._mid = MID_TICKS
        self._taken = {Side.BUY: 0, Side.SELL: 0}  # of the visible book, since it was made anew
        self._nonces: set[int] = set()
        self._standings = [_Standing(loop.moment, MARGIN_CASH, 0)]
        self.orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.volume_lots = 0  # traded by others, ever
        self.on_fill: Callable[[Order, Fill], None] = _ignore

    def begin(self) -> None:
        """Let others trade from now on."""
        self._loop.call_later(TICK_S, self._tick)

    @property
    def cash(self) -> int:
        """The account's cash leg, in atoms."""
        return self._standings[-1].cash

    @property
    def lots(self) -> int:
        """The account's position."""
        return self._standings[-1].lots

    def place(self, name: str, child: ChildOrder) -> str:
        """Take an order; returns what is said to it, empty where it was taken."""
        now = self._loop.moment
        if child.nonce in self._nonces:
            return "duplicate nonce"
        if now > child.deadline_at:
            return "expired"
        self._nonces.add(child.nonce)
        (leg,) = child.legs
        assert leg.limit_ticks is not None, "a book is told ticks"
        lots = leg.quantity.atoms // LOT
        order = Order(name, child, leg.side, lots, leg.limit_ticks, now)
        crosses = self._best(leg.side) <= leg.limit_ticks
        if leg.side is Side.SELL:
            crosses = self._best(leg.side) >= leg.limit_ticks
        self.orders[name] = order
        fault = _FAULTS.get((child.time_in_force, crosses), "")
        if fault:
            self._end(order, OrderStatus.REJECTED)
            return fault
        self._match(order)
        if order.left and child.time_in_force is TimeInForce.IMMEDIATE:
            self._end(order, OrderStatus.CANCELED)
        return ""

    def use_up(self, nonce: int) -> None:
        """Take a nonce for nothing."""
        self._nonces.add(nonce)

    def cancel(self, name: str) -> str:
        """Cancel what waits of an order; returns why not, empty where it is done."""
        order = self.orders.get(name)
        if order is None:
            return "order was never placed, or is not known"
        if order.ended_at is not None:
            return "order was already canceled or filled"
        self._end(order, OrderStatus.CANCELED)
        return ""

    def look(self, name: str, at: TimestampNs) -> View | None:
        """Return an order as it was at a moment; None where it was not known."""
        order = self.orders.get(name)
        if order is None or order.placed_at > at:
            return None
        fills = tuple(fill for fill in order.fills if fill.at_venue <= at)
        if order.ended_at is not None and order.ended_at <= at:
            return View(order.status, fills)
        return View(OrderStatus.PARTIALLY_FILLED if fills else OrderStatus.NEW, fills)

    def account(self, at: TimestampNs, received_at: TimestampNs) -> AccountSnapshot:
        """Return the account as it was at a moment."""
        place = bisect_left(self._standings, at, key=_standing_at) - 1
        standing = self._standings[max(place, 0)]
        worth = standing.lots * self._mid
        equity = standing.cash + worth
        cash = (Amount(USDC.id, standing.cash),)
        held = HeldPosition(ETH.id, worth, (), Pico(PICO_PER_UNIT // LEVERAGE))
        return AccountSnapshot(
            account=MARGIN,
            balances=cash,
            spendable=cash,
            positions=(Position(PERP.id, standing.lots, LEVERAGE),),
            equity_atoms=equity,
            margin_used_atoms=abs(worth) // LEVERAGE,
            next_nonce=None,
            block=None,
            received_at=received_at,
            at_venue=at,
            marked=(MarkedPosition(PERP.id, held),) if standing.lots else (),
            orders=tuple(self._waiting(at)),
            fills=tuple(self._told(at)),
        )

    def book(self, received_at: TimestampNs) -> tuple[BookSnapshot, PerpContext]:
        """Return what is shown of the book, and the mark."""
        levels = {side: self._levels(side) for side in Side}
        book = BookSnapshot(
            PERP.id,
            bids=tuple(levels[Side.SELL]),
            asks=tuple(levels[Side.BUY]),
            at_venue=self._loop.moment,
            received_at=received_at,
        )
        return book, PerpContext(PERP.id, self._mid, self._mid, Pico(12_500_000), received_at)

    def _waiting(self, at: TimestampNs) -> list[VenueOrder]:
        found = []
        for order in self.orders.values():
            if order.placed_at > at or (order.ended_at is not None and order.ended_at <= at):
                continue
            done = sum(f.quantity.atoms for f in order.fills if f.at_venue <= at) // LOT
            found.append(
                VenueOrder(
                    id=f"o-{order.name}",
                    reference=order.name,
                    instrument=PERP.id,
                    side=order.side,
                    lots_left=order.lots - done,
                    limit_ticks=order.limit_ticks,
                )
            )
        return found

    def _told(self, at: TimestampNs) -> list[VenueFill]:
        return [
            VenueFill(
                id=fill.id,
                order=f"o-{order.name}",
                reference=order.name,
                instrument=PERP.id,
                lots=fill.quantity.atoms // LOT * (1 if order.side is Side.BUY else -1),
                notional=fill.notional,
                fee=fill.fee,
                at_venue=fill.at_venue,
            )
            for order in self.orders.values()
            for fill in order.fills
            if fill.at_venue < at
        ]

    def _tick(self) -> None:
        rng, weather = self._rng, self._weather()
        if rng.random() < weather.overtaken:
            self._mid += rng.randint(-_WALK_TICKS, _WALK_TICKS)
        self._taken = {Side.BUY: 0, Side.SELL: 0}
        self.volume_lots += rng.randint(1, _OTHERS_LOTS)
        for order in tuple(self.orders.values()):
            if order.ended_at is None:
                self._rest(order)
        self._loop.call_later(TICK_S, self._tick)

    # What waits is reached by the book, or taken in part by somebody else.
    def _rest(self, order: Order) -> None:
        best, is_buy = self._best(order.side), order.side is Side.BUY
        if (best <= order.limit_ticks) if is_buy else (best >= order.limit_ticks):
            self._fill(order, order.left, (order.limit_ticks, _MAKER_FEE_PIPS))
        elif self._rng.random() < self._weather().overtaken:
            lots = self._rng.randint(1, order.left)
            self._fill(order, lots, (order.limit_ticks, _MAKER_FEE_PIPS))

    def _best(self, side: Side) -> int:
        levels = self._levels(side)
        return levels[0][0] if levels else self._mid * (2 if side is Side.BUY else 0)

    # What a side may trade against, best first, less what was taken of it.
    def _levels(self, side: Side) -> list[tuple[int, int]]:
        taken, found, away = self._taken[side], [], 1 if side is Side.BUY else -1
        for index in range(_LEVELS):
            size = _LEVEL_LOTS * (index + 1)
            ticks = self._mid + away * _STEP_TICKS * (index + 1)
            used = min(taken, size)
            taken -= used
            if size > used:
                found.append((ticks, size - used))
        return found

    def _match(self, order: Order) -> None:
        for ticks, size in self._levels(order.side):
            is_beyond = ticks > order.limit_ticks
            if order.side is Side.SELL:
                is_beyond = ticks < order.limit_ticks
            lots = min(size, order.left)
            if is_beyond or not lots:
                return
            self._taken[order.side] += lots
            self._fill(order, lots, (ticks, PERP.fee_pips))

    def _fill(self, order: Order, lots: int, terms: tuple[int, int]) -> None:
        ticks, fee_pips = terms
        quantity = Amount(ETH.id, lots * LOT)
        notional = PERP.tick_price(ticks).notional(quantity, Rounding.UP)
        fee = divide(notional.atoms * fee_pips, PIPS_PER_UNIT, Rounding.UP)
        now = self._loop.moment
        fill = Fill(
            id=f"trade-{len(self.fills) + 1}",
            child=order.child.id,
            instrument=PERP.id,
            quantity=quantity,
            notional=notional,
            fee=Amount(USDC.id, fee),
            at_venue=now,
        )
        order.fills.append(fill)
        self.fills.append(fill)
        sign = 1 if order.side is Side.BUY else -1
        last = self._standings[-1]
        cash = last.cash - sign * notional.atoms - fee
        self._standings.append(_Standing(now, cash, last.lots + sign * lots))
        if not order.left:
            self._end(order, OrderStatus.FILLED)
        self.on_fill(order, fill)

    def _end(self, order: Order, status: OrderStatus) -> None:
        order.status, order.ended_at = status, self._loop.moment


def _standing_at(standing: _Standing) -> TimestampNs:
    return standing.at


def _ignore(_order: Order, _fill: Fill) -> None:
    return
