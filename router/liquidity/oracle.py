"""The contract of a liquidity source towards the optimiser, and the errors of this package.

Everything here is float64 in human units (whole tokens). Refuses to say what an execution
pays to the last atom: that is the exact integer arithmetic of `concentrated` and `order_book`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from router.domain.error import RouterError
from router.domain.units import Side


class LiquidityError(RouterError, ValueError):
    """A market cannot do what was asked, or its state contradicts itself."""


class PriceLimitError(LiquidityError):
    """A price or price limit lies where the market cannot go."""


class InsufficientLiquidityError(LiquidityError):
    """The market ends before the quantity is filled.

    Attributes
    ----------
    requested, available : int | float
        In the unit of the call that failed.
    """

    def __init__(self, *, requested: float, available: float) -> None:
        super().__init__(
            f"quantity must be at most what the market holds: "
            f"{requested} requested, {available} available"
        )
        self.requested = requested
        self.available = available


class InconsistentPoolError(LiquidityError):
    """The state of a pool contradicts itself; take a new snapshot."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest quantities of base that can be bought and sold, [base]."""

    buy: float
    sell: float


class LiquidityOracle(Protocol):
    """What the optimiser may ask of a market, whatever stands behind it."""

    def quote(self, quantity: float, side: Side) -> float:
        """Return the cash that changes hands for `quantity` of base, fee included, [quote].

        What a buyer pays or a seller receives; positive for both.

        Raises
        ------
        InsufficientLiquidityError
            If `quantity` is above `limits`.
        """

    def marginal_price(self, quantity: float, side: Side) -> float:
        """Return the price of the next unit of base after `quantity`, fee included, [quote / base].

        Raises
        ------
        InsufficientLiquidityError
            If `quantity` is above `limits`.
        """

    def best_response(self, prices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the trade that gains most at the given shadow prices.

        Parameters
        ----------
        prices : float64, shape (2,), [numeraire / token]
            Shadow price of base and of quote. Strictly positive.

        Returns
        -------
        float64, shape (2,), [token]
            Base and quote the trader receives; what is paid in is negative. Zeros when the
            prices lie inside the fee band, where no trade gains anything.
        """

    def limits(self) -> Limits:
        """Return how much base can be traded in each direction."""
