"""An order book in whole ticks and lots, and what taking from it does.

Refuses fees, queue positions and hidden liquidity: it knows only what is displayed.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from router.domain.units import Side
from router.liquidity.oracle import LiquidityError

Level: TypeAlias = tuple[int, int]  # price in ticks, quantity in lots


@dataclass(frozen=True, slots=True)
class Book:
    """Displayed levels, best first: bids descending, asks ascending."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    def __post_init__(self) -> None:
        if any(price <= 0 or lots <= 0 for price, lots in self.bids + self.asks):
            raise LiquidityError("levels must have positive price_ticks and quantity_lots")
        if any(near[0] <= far[0] for near, far in pairwise(self.bids)):
            raise LiquidityError("bids must be in strictly descending order of price_ticks")
        if any(near[0] >= far[0] for near, far in pairwise(self.asks)):
            raise LiquidityError("asks must be in strictly ascending order of price_ticks")
        if self.bids and self.asks and self.bids[0][0] >= self.asks[0][0]:
            raise LiquidityError(
                f"best bid must be below best ask, was {self.bids[0][0]} and {self.asks[0][0]}"
            )


@dataclass(frozen=True, slots=True)
class BookTake:
    """What an immediate-or-cancel order gets.

    Attributes
    ----------
    notional : int, [ticks * lots]
        Exact; before fees.
    worst_price_ticks : int | None
        Price of the last level touched; None when nothing is filled.
    """

    lots_filled: int
    notional: int
    worst_price_ticks: int | None
    book: Book


def take(book: Book, side: Side, *, lots: int, limit_ticks: int | None = None) -> BookTake:
    """Fill up to `lots` at `limit_ticks` or better; None takes any price.

    The side is the taker's: a buy lifts the asks. What the book does not hold stays unfilled.
    """
    if lots <= 0:
        raise LiquidityError(f"lots must be positive, was {lots}")
    buying = side is Side.BUY
    levels = book.asks if buying else book.bids
    filled, notional, worst, used = 0, 0, None, 0
    for price, quantity in levels:
        beyond = limit_ticks is not None and (
            price > limit_ticks if buying else price < limit_ticks
        )
        if beyond or filled == lots:
            break
        taken = min(quantity, lots - filled)
        filled += taken
        notional += taken * price
        worst = price
        if taken < quantity:
            rest = ((price, quantity - taken), *levels[used + 1 :])
            return BookTake(filled, notional, worst, _left(book, rest, buying=buying))
        used += 1
    return BookTake(filled, notional, worst, _left(book, levels[used:], buying=buying))


def _left(book: Book, levels: tuple[Level, ...], *, buying: bool) -> Book:
    return Book(book.bids, levels) if buying else Book(levels, book.asks)
