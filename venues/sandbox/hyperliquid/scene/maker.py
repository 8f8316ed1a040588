"""A market maker: a ladder of orders around the fair price on one coin's book.

It moves a level only when the price has moved by a good part of the level's distance, leans against
its inventory, waits before it shows again what was taken from it, and under stress quotes wider and
less. Its orders only ever add liquidity; one that would trade is refused by the venue and tried
again at the next turn.
"""

from dataclasses import dataclass
from random import Random

from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.number import MICRO, normalised, to_text
from venues.sandbox.hyperliquid.order import Order, OrderRequest, Stamp, TimeInForce
from venues.sandbox.hyperliquid.scene.quotes import tick_at

LADDER: tuple[tuple[int, int], ...] = (
    (10, 180_000),
    (20, 210_000),
    (35, 240_000),
    (55, 270_000),
    (75, 290_000),
    (85, 310_000),
    (140, 420_000),
    (220, 550_000),
    (350, 700_000),
    (600, 900_000),
    (1_200, 1_200_000),
    (2_500, 1_500_000),
)
"""(tenths of a basis point from the fair price, USD) a side, of all makers together, for
the largest coins; a million and a half within ten basis points."""
_TENTHS = 100_000
_SIZE_JITTER_PERCENT = 30
_DISTANCE_JITTER_PERCENT = 20
_ALL_PERCENT = 100
_SHARE_NOTIONAL_USD = 20_000
_LEAST_MICRO_USD = 10 * MICRO
_SKEW_MAX_TENTHS = 30
_SKEW_NOTIONAL_SHARE = 2
"""Inventory of so many deposits leans the quotes by the most they lean."""
# From so many basis points in ten seconds on: (spread in percent, size in percent).
_STRESS = ((0, 100, 100), (25, 200, 60), (75, 400, 25), (200, 800, 10))
_TOLERANCE_TURN, _TOLERANCE_DANGER = 30, 70
"""Percent of its distance a level may be off: when it is the maker's turn, and ever."""


@dataclass(slots=True)
class _Slot:
    # One level of one side: the order that stands there and where the fair price was then.
    is_buy: bool
    tenths: int
    notional: int
    order: Order | None = None
    fair: int = 0
    wait_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """What a maker sees when it acts."""

    fair: int
    stress_bps: int
    is_turn: bool
    """False: only what is in danger of being picked off is looked after."""
    stamp: Stamp


class Maker:
    """One maker's ladder on one coin.

    Parameters
    ----------
    deposit : int
        What the account was given, micro-USD; its inventory is measured by it.
    replenish_ms : int
        How long a level that was taken stays empty.
    """

    def __init__(
        self,
        account: Account,
        market: Market,
        *,
        deposit: int,
        replenish_ms: int,
        share_percent: int,
        random: Random,
    ) -> None:
        self._account = account
        self._market = market
        self._deposit = deposit
        self._replenish_ms = replenish_ms
        self._percent = _ALL_PERCENT
        self._stress = 0
        usd = market.spec.impact_notional_usd * share_percent // _ALL_PERCENT
        self._slots = [
            _Slot(
                is_buy=is_buy,
                tenths=_jittered(random, tenths, _DISTANCE_JITTER_PERCENT),
                notional=_jittered(
                    random, notional * MICRO * usd // _SHARE_NOTIONAL_USD, _SIZE_JITTER_PERCENT
                ),
            )
            for tenths, notional in LADDER
            for is_buy in (True, False)
        ]

    def thin(self, percent: int) -> None:
        """Quote only so much from now on; the next action does it."""
        self._percent = percent
        for slot in self._slots:
            slot.fair = 0

    def act(self, matching: Matching, view: View) -> None:
        """Look after every level."""
        stress = sum(view.stress_bps >= least for least, _, _ in _STRESS[1:])
        if stress != self._stress:
            self._stress = stress
            for slot in self._slots:
                slot.fair = 0
        for slot in self._slots:
            self._tend(slot, matching, view)

    def _tend(self, slot: _Slot, matching: Matching, view: View) -> None:
        order = slot.order
        if order is not None and order.oid not in self._account.open_orders:
            slot.order = None
            if order.status == "filled":
                slot.wait_until_ms = view.stamp.time_ms + self._replenish_ms
        if slot.order is None:
            if view.is_turn and view.stamp.time_ms >= slot.wait_until_ms:
                self._quote(slot, matching, view)
        elif self._is_off(slot, view):
            matching.cancel(slot.order, status="canceled", stamp=view.stamp)
            slot.order = None
            self._quote(slot, matching, view)

    def _is_off(self, slot: _Slot, view: View) -> bool:
        tolerance = _TOLERANCE_TURN if view.is_turn else _TOLERANCE_DANGER
        moved = abs(view.fair - slot.fair)
        return moved * _TENTHS * _ALL_PERCENT > view.fair * slot.tenths * tolerance

    def _quote(self, slot: _Slot, matching: Matching, view: View) -> None:
        _, wide_percent, size_percent = _STRESS[self._stress]
        decimals = self._market.spec.price_decimals
        tick = tick_at(view.fair, decimals)
        centre = view.fair - view.fair * self._skew(view.fair) // _TENTHS
        distance = view.fair * slot.tenths * wide_percent // (_TENTHS * _ALL_PERCENT)
        if slot.is_buy:
            price = (centre - distance) // tick * tick
        else:
            price = -(-(centre + distance) // tick) * tick
        notional = slot.notional * size_percent * self._percent // _ALL_PERCENT**2
        slot.fair = view.fair
        if price <= 0 or notional < _LEAST_MICRO_USD or notional < price:
            return
        request = OrderRequest(
            asset=self._market.asset,
            is_buy=slot.is_buy,
            price_text=normalised(to_text(price, decimals)),
            size_text=normalised(to_text(-(-notional // price), self._market.spec.size_decimals)),
            reduce_only=False,
            time_in_force=TimeInForce.ALO,
            cloid=None,
        )
        placed = matching.place(request, self._account, market=self._market, stamp=view.stamp)
        slot.order = placed.order if placed.refusal is None else None

    def _skew(self, fair: int) -> int:
        # In tenths of a basis point; a long maker quotes lower.
        held = self._account.positions.get(self._market.spec.name)
        notional = held.size * fair if held is not None else 0
        leaning = notional * _SKEW_MAX_TENTHS // (_SKEW_NOTIONAL_SHARE * self._deposit)
        return max(-_SKEW_MAX_TENTHS, min(_SKEW_MAX_TENTHS, leaning))


def _jittered(random: Random, value: int, most_percent: int) -> int:
    percent = random.randint(_ALL_PERCENT - most_percent, _ALL_PERCENT + most_percent)
    return value * percent // _ALL_PERCENT
