"""What a market charges for a quantity, as a convex float64 curve for the optimiser.

A curve gives the cost of a quantity of base in one direction, in human units (whole tokens).
Selling costs a negative amount, the proceeds, so that both directions are convex and are
minimised alike. Refuses to say what an execution pays to the atom; see `concentrated`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from router.domain.units import Side
from router.liquidity.oracle import InsufficientLiquidityError, Limits, LiquidityError
from router.liquidity.order_book import Level

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """The pieces of a curve in the order an optimum fills them; arrays of shape (n,).

    Attributes
    ----------
    marginal_start, marginal_end : float64, [quote / base]
        Signed as `CostCurve.marginal`. Equal for a level of a book.
    quantity : float64, [base]
    cost : float64, [quote]
        Of the whole segment; negative when selling.
    depth : float64, [sqrt(quote * base)]
        Liquidity with the fee in it; infinite for a level of a book.
    """

    marginal_start: Floats
    marginal_end: Floats
    quantity: Floats
    cost: Floats
    depth: Floats


@dataclass(frozen=True, slots=True, eq=False)
class CostCurve:
    """The convex cost of a quantity of base in one direction.

    Attributes
    ----------
    side : Side
        BUY: the quantity is received and the cost paid. SELL: the quantity is given up and the
        cost is minus the proceeds; marginal costs are then negative and rise towards zero.
    root_start, root_end : float64, shape (n,), [sqrt(quote / base)]
        Square roots of the price after fee at both ends of each segment. They rise for a
        buy and fall for a sell; between neighbours there may be a gap without liquidity.
    depth, quantity : float64, shape (n,)
        As in `Segments`; quantities are positive.
    shift : float, [quote / base]
        A cost added to every unit (a bridge, a basis); negative is a rebate.

    Notes
    -----
    With p the price after fee, p0 where a segment starts and D its depth, both directions have
    ``cost = D * (sqrt(p) - sqrt(p0))`` and ``quantity = ±D * (1 / sqrt(p0) - 1 / sqrt(p))``:
    Uniswap V3 with the fee moved into price and liquidity. A book level is the limit D = inf.

    References
    ----------
    Adams et al., "Uniswap v3 Core" (2021), section 6.2.
    """

    side: Side
    root_start: Floats
    root_end: Floats
    depth: Floats
    quantity: Floats
    shift: float = 0.0
    sign: float = field(init=False)  # +1 when buying, -1 when selling
    rising_root: Floats = field(init=False, repr=False)  # root_start times sign: ascending
    _quantity_before: Floats = field(init=False, repr=False)  # shape (n + 1,), [base]
    _cost_before: Floats = field(init=False, repr=False)  # shape (n + 1,), [quote], without shift

    def __post_init__(self) -> None:
        buying = self.side is Side.BUY
        # The mean price over a segment is the geometric mean of its ends: nothing cancels.
        cost = self.quantity * self.root_start
        cost *= self.root_end if buying else -self.root_end
        object.__setattr__(self, "sign", 1.0 if buying else -1.0)
        object.__setattr__(self, "rising_root", self.root_start if buying else -self.root_start)
        object.__setattr__(self, "_quantity_before", _prefix_sums(self.quantity))
        object.__setattr__(self, "_cost_before", _prefix_sums(cost))

    @property
    def capacity(self) -> float:
        """Return the largest quantity, [base]."""
        return float(self._quantity_before[-1])

    @property
    def first_marginal(self) -> float:
        """Return the cost of the first unit, [quote / base]; infinite where there is none."""
        if not self.quantity.size:
            return math.inf
        return self.sign * float(self.root_start[0]) ** 2 + self.shift

    def prefix_sums(self) -> tuple[Floats, Floats]:
        """Return quantity and cost (without shift) before each segment, shape (n + 1,)."""
        return self._quantity_before, self._cost_before

    def segments(self) -> Segments:
        """Return the curve as a table."""
        mean_price = self.sign * self.root_start * self.root_end + self.shift
        return Segments(
            marginal_start=self.sign * self.root_start**2 + self.shift,
            marginal_end=self.sign * self.root_end**2 + self.shift,
            quantity=self.quantity,
            cost=mean_price * self.quantity,
            depth=self.depth,
        )

    def shifted(self, shift: float) -> "CostCurve":
        """Return the curve with `shift` added to the cost of every unit, [quote / base]."""
        return replace(self, shift=self.shift + shift)

    def cost(self, quantity: ArrayLike) -> Floats:
        """Return the cost of each quantity, [quote]; infinite beyond the capacity."""
        wanted, inside = self._clipped(quantity)
        if not self.quantity.size:
            return np.where(wanted > 0.0, np.inf, 0.0)
        place, within, root = self._locate(inside)
        mean_price = self.sign * self.root_start[place] * root
        cost = self._cost_before[place] + within * mean_price + inside * self.shift
        return np.where(wanted > inside, np.inf, cost)

    def marginal(self, quantity: ArrayLike) -> Floats:
        """Return the cost of the next unit after each quantity, [quote / base].

        At the capacity it is that of the last unit; beyond, infinite.
        """
        wanted, inside = self._clipped(quantity)
        if not self.quantity.size:
            return np.full_like(wanted, np.inf)
        _, _, root = self._locate(inside)
        return np.where(wanted > inside, np.inf, self.sign * root**2 + self.shift)

    def quantity_at(self, marginal: ArrayLike) -> Floats:
        """Return the largest quantity whose units all cost at most `marginal`, [base]."""
        return self._quantity_up_to(marginal, "right")

    def quantity_below(self, marginal: ArrayLike) -> Floats:
        """Return the quantity whose units all cost less than `marginal`, [base].

        It differs from `quantity_at` only at the price of a book level.
        """
        return self._quantity_up_to(marginal, "left")

    def depth_at(self, root: ArrayLike) -> Floats:
        """Return the depth met when leaving each root price onwards, zero in gaps.

        Book levels have no extent in price and are left out.
        """
        roots = np.asarray(root, dtype=np.float64)
        if not self.quantity.size:
            return np.zeros_like(roots)
        place = np.searchsorted(self.rising_root, self.sign * roots, "right") - 1
        inside = (place >= 0) & (self.sign * (self.root_end[place] - roots) > 0.0)
        return np.where(inside, self.depth[place], 0.0)

    def _quantity_up_to(self, marginal: ArrayLike, tie: Literal["left", "right"]) -> Floats:
        price = self.sign * (np.asarray(marginal, dtype=np.float64) - self.shift)
        root = np.sqrt(np.maximum(price, 0.0))
        if not self.quantity.size:
            return np.zeros_like(root)
        place = np.searchsorted(self.rising_root, self.sign * root, tie) - 1
        part = partial_quantity(
            root,
            root_start=self.root_start[place],
            root_end=self.root_end[place],
            depth=self.depth[place],
            quantity=self.quantity[place],
        )
        return np.where(place < 0, 0.0, self._quantity_before[place] + part)

    def _clipped(self, quantity: ArrayLike) -> tuple[Floats, Floats]:
        wanted = np.asarray(quantity, dtype=np.float64)
        if not np.all(wanted >= 0.0):
            raise LiquidityError(f"quantity must not be negative, was {quantity!r}")
        return wanted, np.minimum(wanted, self.capacity)

    # Returns the segment, the quantity within it, and the root price there.
    def _locate(self, inside: Floats) -> tuple[Places, Floats, Floats]:
        place = np.searchsorted(self._quantity_before, inside, "right") - 1
        place = np.minimum(place, self.quantity.size - 1)
        within = inside - self._quantity_before[place]
        start, end = self.root_start[place], self.root_end[place]
        root = start / (1.0 - self.sign * within * start / self.depth[place])
        return place, within, np.clip(root, np.minimum(start, end), np.maximum(start, end))


@dataclass(frozen=True, slots=True, eq=False)
class TwoSided:
    """Both directions of one market; satisfies `LiquidityOracle`."""

    buy: CostCurve
    sell: CostCurve

    def __post_init__(self) -> None:
        if self.buy.side is not Side.BUY or self.sell.side is not Side.SELL:
            raise LiquidityError("buy and sell must be curves of these sides")
        if self.buy.marginal(0.0) < -self.sell.marginal(0.0):
            raise LiquidityError("buying must not cost less than selling brings")

    def quote(self, quantity: float, side: Side) -> float:
        """Return the cash that changes hands for `quantity` of base, fee included, [quote]."""
        curve = self._curve(quantity, side)
        return float(curve.sign * curve.cost(quantity))

    def marginal_price(self, quantity: float, side: Side) -> float:
        """Return the price of the next unit of base, fee included, [quote / base]."""
        curve = self._curve(quantity, side)
        return float(curve.sign * curve.marginal(quantity))

    def best_response(self, prices: Floats) -> Floats:
        """Return the trade that gains most at the shadow prices of base and quote."""
        price = float(prices[0] / prices[1])
        bought = float(self.buy.quantity_below(price))
        if bought > 0.0:
            return np.array([bought, -float(self.buy.cost(bought))])
        sold = float(self.sell.quantity_below(-price))
        return np.array([0.0 - sold, 0.0 - float(self.sell.cost(sold))])

    def limits(self) -> Limits:
        """Return how much base can be traded in each direction."""
        return Limits(buy=self.buy.capacity, sell=self.sell.capacity)

    def _curve(self, quantity: float, side: Side) -> CostCurve:
        curve = self.buy if side is Side.BUY else self.sell
        if quantity > curve.capacity:
            raise InsufficientLiquidityError(requested=quantity, available=curve.capacity)
        return curve


def partial_quantity(
    root: Floats, *, root_start: Floats, root_end: Floats, depth: Floats, quantity: Floats
) -> Floats:
    """Return what each segment gives until the price has moved to `root`, [base].

    A book level (infinite depth) gives all or nothing; whether a tie counts is the caller's
    choice of segments.
    """
    flat = np.isinf(depth)
    reached = np.clip(root, np.minimum(root_start, root_end), np.maximum(root_start, root_end))
    moved = np.abs(reached - root_start) / (reached * root_start)
    part = np.minimum(np.where(flat, 0.0, depth) * moved, quantity)
    return np.where(flat | (reached == root_end), quantity, part)


def empty_curve(side: Side, *, shift: float = 0.0) -> CostCurve:
    """Return the curve of a market that holds nothing."""
    nothing = np.zeros(0)
    return CostCurve(side, nothing, nothing, depth=nothing, quantity=nothing, shift=shift)


def book_curve(
    levels: Sequence[Level], side: Side, *, tick_size: float, lot_size: float, fee_rate: float
) -> CostCurve:
    """Return the cost curve of taking from one side of a book.

    Parameters
    ----------
    levels : Sequence[Level]
        Best first: the asks to buy, the bids to sell.
    tick_size : float, [quote / base]
    lot_size : float, [base]
    fee_rate : float
        Taker fee as a fraction of the notional; negative is a rebate.
    """
    table = np.fromiter(chain.from_iterable(levels), np.float64, 2 * len(levels)).reshape(-1, 2)
    fee_factor = 1.0 + fee_rate if side is Side.BUY else 1.0 - fee_rate
    root = np.sqrt(table[:, 0] * tick_size * fee_factor)
    return CostCurve(
        side=side,
        root_start=root,
        root_end=root,
        depth=np.full_like(root, np.inf),
        quantity=table[:, 1] * lot_size,
    )


def _prefix_sums(values: Floats) -> Floats:
    sums = np.zeros(values.size + 1)
    values.cumsum(out=sums[1:])
    return sums
