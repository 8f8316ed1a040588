"""The problem as numbers near one: shares of the order, slippage rates, and one row per account.

A share of 1 is the whole order; a cost of 1 is the order's notional at the arrival mid. Written
like this nothing is far from 1 but the costs themselves, which is what keeps solvers exact.
Refuses to know what a curve stands for: `problem` writes the rows.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from router.liquidity.curve import CostCurve

Floats: TypeAlias = NDArray[np.float64]
_FLOAT_NOISE: Final = 1e-14  # what the order of a sum may change, relative


@dataclass(frozen=True, slots=True, eq=False)
class ScaledCurve:
    """One source of liquidity: a chain account's pools together, or one book.

    Attributes
    ----------
    name : str
        The chain account, or the book's instrument.
    cap : float
        Largest share within the order, liquidity, limit price and the candidate's own cap.
    adder : float
        Expected funding for a share, as a rate.
    position : float
        The position before that the order can close, as a share from -1 to 0; the margin of the
        rest does not change with the shares and is off the row's room.
    row : int
        Index of the account row it draws on; -1 where a branch dropped it.
    row_cost, row_linear, row_position : float
        A share x uses ``row_cost * slip(x) + row_linear * x + row_position * |position + x|``.
    """

    name: str
    curve: CostCurve
    quantity: float  # order, [base]
    mid: float  # arrival, [quote / base]
    cap: float
    adder: float
    position: float
    row: int
    row_cost: float
    row_linear: float
    row_position: float

    def slip(self, share: ArrayLike) -> Floats:
        """Return what each share costs against the arrival mid, fees in and funding not."""
        wanted = np.asarray(share, dtype=np.float64)
        base = np.minimum(wanted * self.quantity, self.curve.capacity)
        return self.curve.cost(base) / (self.quantity * self.mid) - self.curve.sign * wanted

    def rate(self, share: float) -> float:
        """Return the cost rate of the next unit after `share`."""
        base = min(share * self.quantity, self.curve.capacity)
        return float(self.curve.marginal(base)) / self.mid - self.curve.sign

    def share_at(self, rate: ArrayLike) -> Floats:
        """Return the largest share whose units all cost at most each rate."""
        marginal = (np.asarray(rate, dtype=np.float64) + self.curve.sign) * self.mid
        return np.minimum(self.curve.quantity_at(marginal) / self.quantity, self.cap)

    def share_below(self, rate: ArrayLike) -> Floats:
        """Return the share whose units cost strictly less than each rate."""
        marginal = (np.asarray(rate, dtype=np.float64) + self.curve.sign) * self.mid
        return np.minimum(self.curve.quantity_below(marginal) / self.quantity, self.cap)

    def use(self, share: ArrayLike) -> Floats:
        """Return how much of its account's room each share uses."""
        x = np.asarray(share, dtype=np.float64)
        used = self.row_linear * x + self.row_position * np.abs(self.position + x)
        return used + self.row_cost * self.slip(x) if self.row_cost else used


@dataclass(frozen=True, slots=True)
class Row:
    """A limit that an account sets: cash, or initial margin.

    Attributes
    ----------
    room : float
        Over the order's notional (cash in base: over its quantity).
    grain : float
        What rounding to atoms may use up of the room; a plan stays this far inside.
    """

    name: str
    is_margin: bool
    room: float
    grain: float


@dataclass(frozen=True, slots=True, eq=False)
class ScaledProblem:
    """Minimise the cost of shares that sum to 1, each within its cap, each account in its room."""

    curves: tuple[ScaledCurve, ...]
    rows: tuple[Row, ...]

    def cost(self, shares: Floats) -> float:
        """Return the exact cost of the shares, funding included."""
        pairs = zip(self.curves, shares, strict=True)
        return sum(float(c.slip(x)) + c.adder * float(x) for c, x in pairs)

    def use(self, shares: Floats) -> Floats:
        """Return what the shares use of each row's room, shape (n_rows,)."""
        used = np.zeros(len(self.rows))
        for curve, share in zip(self.curves, shares, strict=True):
            if curve.row >= 0:
                used[curve.row] += float(curve.use(share))
        return used


def tightened(scaled: ScaledProblem) -> ScaledProblem:
    """Return the problem with each room less its grain, so that its plans survive rounding.

    A room that suffices for trading nothing still does: an account without free margin is no
    reason against the others.
    """
    nothing = scaled.use(np.zeros(len(scaled.curves)))
    rows = []
    for row, used in zip(scaled.rows, nothing.tolist(), strict=True):
        least = used * (1.0 + _FLOAT_NOISE)
        rows.append(replace(row, room=max(row.room - row.grain, min(row.room, least))))
    return replace(scaled, rows=tuple(rows))
