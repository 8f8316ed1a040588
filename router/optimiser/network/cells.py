"""Both directions of a pool as one table over its price, and the tables of many pools as one.

Every pool is a rising step-by-step function of the price at which it is left: what it gives of its
base, what it takes of its quote, and what trading up to there gains. Refuses shifted curves: a
cost added to every unit is not paid to a pool.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.liquidity.curve import CostCurve, Floats, Places
from router.liquidity.oracle import LiquidityError

# A level of a book, or a chord between quotes, is taken while the root of the price moves by a
# small share: flows then follow prices. From one width to the next the search goes on where it
# stood.
LEVEL_WIDTHS: Final = tuple(10.0 ** (-place / 2.0) for place in range(4, 19))
_KEY_APART: Final = 256.0  # logarithms of roots of prices stay well within half of it
_KEY_MAX: Final = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Ranges of the root of the price after fee, ascending, without holes; arrays of shape (n,).

    Attributes
    ----------
    start, end : float64, [sqrt(quote / base)]
        From zero to infinity. A range may be empty.
    anchor : float64, [sqrt(quote / base)]
        Where the pool enters the range: below when bought from, above when sold to.
    depth : float64, [sqrt(quote * base)]
        Zero where nothing trades.
    bought, paid : float64, [base], [quote]
        What has been traded at the anchor; negative when sold.
    """

    start: Floats
    end: Floats
    anchor: Floats
    depth: Floats
    bought: Floats
    paid: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """What pools trade at given prices; arrays of shape (n_pools,).

    Attributes
    ----------
    bought, paid : float64, [base], [quote]
        Of each pool; negative when sold.
    slope : float64, [base]
        How what is bought grows with the logarithm of the price.
    gain : float64, [quote]
        What the trade is worth at the price, less what it costs. Never less than any other trade.
    """

    bought: Floats
    paid: Floats
    slope: Floats
    gain: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The cells of many pools in one table, searched at once."""

    cells: Cells
    keys: Floats  # logarithms of the starts, each pool's moved into a range of its own

    def at(self, log_root: Floats, pools: Places) -> Response:
        """Return what some pools trade.

        Parameters
        ----------
        log_root : float64, shape (n,)
            Half the logarithm of the price of base in quote, for each of the pools.
        pools : intp, shape (n,)
            Their places in the stack.

        Notes
        -----
        With r the root of the price and a the anchor of its range: ``bought = x + D (r - a) /
        (a r)``, ``paid = y + D (r - a)``, and ``gain = r² x - y + D (r - a)² / a``, in which
        nothing cancels within a range. A level of a book gains all of it or nothing.
        """
        cells = self.cells
        root = np.exp(log_root)
        place = self._place(log_root, root, pools=pools)
        anchor, depth = cells.anchor[place], cells.depth[place]
        bought, paid = cells.bought[place], cells.paid[place]
        moved = root - anchor
        share = moved / anchor
        return Response(
            bought=bought + depth * share / root,
            paid=paid + depth * moved,
            slope=0.5 * depth / root,
            gain=root * root * bought - paid + depth * moved * share,
        )

    # The keys' own rounding may miss an end by some parts in 1e11, which a narrow range would feel.
    def _place(self, log_root: Floats, root: Floats, *, pools: Places) -> Places:
        keys = np.minimum(np.maximum(log_root, -_KEY_MAX), _KEY_MAX) + _KEY_APART * pools
        place: Places = np.searchsorted(self.keys, keys, "right") - 1
        place += root >= self.cells.end[place]
        place -= root < self.cells.start[place]
        return place


def cells_of(buy: CostCurve, sell: CostCurve, *, width: float) -> Cells:
    """Return both directions of a pool as one table, its levels that wide.

    Raises
    ------
    LiquidityError
        If a curve is shifted, or buying costs less than selling brings.
    """
    if buy.shift or sell.shift:
        raise LiquidityError("curves of a pool must not be shifted in a network")
    ask = float(buy.root_start[0]) if buy.quantity.size else np.inf
    bid = float(sell.root_start[0]) if sell.quantity.size else 0.0
    if ask < bid:
        raise LiquidityError("buying must not cost less than selling brings")
    up, down = (_one_way(_widened(curve, width)) for curve in (buy, sell))
    band = Cells(*(np.array([v]) for v in (bid, ask, 1.0, 0.0, 0.0, 0.0)))
    return _joined((_reversed(down), band, up))


def stacked(tables: Sequence[Cells]) -> Stack:
    """Return the tables of several pools as one."""
    cells = _joined(tables)
    sizes = [table.start.size for table in tables]
    owner = np.repeat(np.arange(len(tables)), sizes)
    with np.errstate(divide="ignore"):
        log_start = np.log(cells.start)
    keys = np.clip(log_start, -_KEY_MAX, _KEY_MAX) + _KEY_APART * owner
    # The first range of each pool begins at zero, below every key.
    keys[cells.start == 0.0] -= _KEY_APART / 2.0 - _KEY_MAX
    return Stack(cells=cells, keys=keys)


# The ranges of one direction in the order they are filled, each followed by the gap after it.
def _one_way(curve: CostCurve) -> Cells:
    bought, paid = curve.prefix_sums()
    nothing = np.zeros_like(curve.quantity)
    return Cells(
        start=_pairs(curve.root_start, curve.root_end),
        end=_pairs(curve.root_end, _following(curve)),
        anchor=_pairs(curve.root_start, np.ones_like(nothing)),
        depth=_pairs(curve.depth, nothing),
        bought=curve.sign * _pairs(bought[:-1], bought[1:]),
        paid=_pairs(paid[:-1], paid[1:]),
    )


# The curve with its levels as narrow ranges, which stay clear of what follows. It costs no less.
def _widened(curve: CostCurve, width: float) -> CostCurve:
    flat = np.isinf(curve.depth)
    if not np.any(flat):
        return curve
    start, following = curve.root_start, _following(curve)
    far = start * (1.0 + curve.sign * width)
    near = np.minimum(far, following) if curve.sign > 0.0 else np.maximum(far, following)
    end = np.where(flat, near, curve.root_end)
    span = np.abs(end - start)
    steep = curve.quantity * start * end / np.where(span > 0.0, span, 1.0)
    return replace(curve, root_end=end, depth=np.where(flat, steep, curve.depth))


# Where the next range begins.
def _following(curve: CostCurve) -> Floats:
    last = np.inf if curve.sign > 0.0 else 0.0
    return np.append(curve.root_start[1:], last)[: curve.quantity.size]


def _pairs(first: Floats, second: Floats) -> Floats:
    return np.stack((first, second), axis=1).ravel()


# A falling direction, in which a range ends below its start, in ascending order.
def _reversed(cells: Cells) -> Cells:
    return Cells(
        start=cells.end[::-1],
        end=cells.start[::-1],
        anchor=cells.anchor[::-1],
        depth=cells.depth[::-1],
        bought=cells.bought[::-1],
        paid=cells.paid[::-1],
    )


def _joined(tables: Sequence[Cells]) -> Cells:
    return Cells(
        start=np.concatenate([t.start for t in tables]),
        end=np.concatenate([t.end for t in tables]),
        anchor=np.concatenate([t.anchor for t in tables]),
        depth=np.concatenate([t.depth for t in tables]),
        bought=np.concatenate([t.bought for t in tables]),
        paid=np.concatenate([t.paid for t in tables]),
    )
