"""One spot pair: its book and what it last traded at.

Prices count 10^-(8-szDecimals) of the quote and sizes 10^-szDecimals of the base token, so that
price times size is a whole number of 1e-8 quote units. A pair has no oracle: where a reference
price is wanted the mid stands, else the last trade, else the opening price. It holds no money.
"""

from fractions import Fraction

from venues.sandbox.hyperliquid.config import SPOT_DECIMALS_SUM, SpotPairConfig
from venues.sandbox.hyperliquid.market.book import Book
from venues.sandbox.hyperliquid.market.tape import Tape
from venues.sandbox.hyperliquid.number import to_scaled

SPOT_ASSET_BASE = 10_000


class SpotMarket:
    """A pair as it trades."""

    is_perp = False

    def __init__(self, spec: SpotPairConfig) -> None:
        self.spec = spec
        self.asset = SPOT_ASSET_BASE + spec.index
        self.book = Book()
        opening = to_scaled(spec.price, spec.price_decimals)
        if not opening:
            raise ValueError(
                f"price of {spec.name} must be positive with at most "
                f"{spec.price_decimals} decimals, was {spec.price!r}"
            )
        self.opening = opening
        self.last: int | None = None
        self.tape = Tape()
        self.volume_quote = 0
        """Traded so far, in 1e-8 of the quote token."""
        self.volume_size = 0

    def touch(self) -> tuple[int | None, int | None]:
        """Return best bid and best ask."""
        return self.book.best_price(is_buy=True), self.book.best_price(is_buy=False)

    def mid(self) -> Fraction | None:
        """Return the middle of best bid and ask, or None when a side is empty."""
        bid, ask = self.touch()
        return None if bid is None or ask is None else Fraction(bid + ask, 2)

    def mark(self) -> int:
        """Return the mid rounded down, else the last trade, else the opening price."""
        bid, ask = self.touch()
        if bid is not None and ask is not None:
            return (bid + ask) // 2
        return self.opening if self.last is None else self.last

    def spent_token(self, *, is_buy: bool) -> int:
        """Return the index of the token an order on this side pays with."""
        return self.spec.quote.index if is_buy else self.spec.base.index

    def needed_atoms(self, price: int, size: int, *, is_buy: bool) -> int:
        """Return how much of the spent token an order holds back."""
        return self.quote_atoms(price * size) if is_buy else self.base_atoms(size)

    def base_atoms(self, size: int) -> int:
        """Return a size in the base token's smallest unit."""
        base = self.spec.base
        return int(size * 10 ** (base.wei_decimals - base.size_decimals))

    def quote_atoms(self, notional: int) -> int:
        """Return price times size in the quote token's smallest unit."""
        return int(notional * 10 ** (self.spec.quote.wei_decimals - SPOT_DECIMALS_SUM))
