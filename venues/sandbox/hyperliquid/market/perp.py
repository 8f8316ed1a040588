"""One perpetual: its book, its reference prices, its running statistics.

Mark price: the venue takes the median of (oracle plus the slow average of mid minus oracle), of
(best bid, best ask, last trade), and of other venues' perpetuals. A sandbox has no other venues and
no past, so the mark here is median(oracle, mid, median(bid, ask, last)), computed whenever it is
asked for. It refuses to invent a mid: with a side missing, the last trade stands in, as the venue's
`allMids` does, and before any trade the oracle.
"""

from collections.abc import Iterator
from fractions import Fraction

from venues.sandbox.hyperliquid.config import CoinConfig
from venues.sandbox.hyperliquid.market.book import Book
from venues.sandbox.hyperliquid.number import MICRO, to_scaled

IMPACT_NOTIONAL_MICRO_USD = 20_000 * MICRO
"""Depth at which the impact prices of the premium are read (the venue's value for BTC and ETH)."""


class Market:
    """A coin as it trades."""

    def __init__(self, spec: CoinConfig, asset: int) -> None:
        self.spec = spec
        self.asset = asset
        self.book = Book()
        oracle = to_scaled(spec.oracle_price, spec.price_decimals)
        if oracle is None or oracle <= 0:
            raise ValueError(
                f"oracle_price of {spec.name} must be positive with at most "
                f"{spec.price_decimals} decimals, was {spec.oracle_price!r}"
            )
        self.oracle = oracle
        self.opening = oracle
        self.last: int | None = None
        self.funding_rate = Fraction(spec.funding_rate)
        self.volume_micro_usd = 0
        self.volume_size = 0

    def mid(self) -> Fraction | None:
        """Return the middle of best bid and ask, or None when a side is empty."""
        bid, ask = self.touch()
        return None if bid is None or ask is None else Fraction(bid + ask, 2)

    def touch(self) -> tuple[int | None, int | None]:
        """Return best bid and best ask."""
        return self.book.best_price(is_buy=True), self.book.best_price(is_buy=False)

    def indicative(self) -> Fraction:
        """Return the mid, else the last trade, else the oracle."""
        return Fraction(self._indicative_doubled(*self.touch()), 2)

    def mark(self) -> int:
        """Return the mark price, rounded half to even on the price grid."""
        # Doubled integers: a middle of two prices stays whole, and this is the hot path.
        bid, ask = self.touch()
        known = sorted(2 * price for price in (bid, ask, self.last) if price is not None)
        if len(known) == 2:  # noqa: PLR2004 - the median of two is their mean
            local = (known[0] + known[1]) // 2
        else:
            local = known[len(known) // 2] if known else 2 * self.oracle
        _, doubled, _ = sorted((2 * self.oracle, self._indicative_doubled(bid, ask), local))
        half, odd = divmod(doubled, 2)
        return half + (odd and half % 2)

    def _indicative_doubled(self, bid: int | None, ask: int | None) -> int:
        if bid is not None and ask is not None:
            return bid + ask
        return 2 * (self.oracle if self.last is None else self.last)

    def impact_price(self, *, is_buy: bool) -> Fraction | None:
        """Return the average price of taking the impact notional from one side of the book."""
        left = Fraction(IMPACT_NOTIONAL_MICRO_USD)
        bought = Fraction(0)
        for price, orders in self.book.levels(is_buy=is_buy):
            size = sum(order.leaves for order in orders.values())
            taken = min(left, Fraction(price * size))
            bought += taken / price
            left -= taken
            if left == 0:
                return IMPACT_NOTIONAL_MICRO_USD / bought
        return None

    def premium(self) -> Fraction | None:
        """Return how far the book stands from the oracle, or None when it is too thin to say."""
        bid, ask = self.impact_price(is_buy=True), self.impact_price(is_buy=False)
        if bid is None or ask is None:
            return None
        above = max(bid - self.oracle, Fraction(0))
        below = max(self.oracle - ask, Fraction(0))
        return (above - below) / self.oracle

    def depth(
        self, *, is_buy: bool, significant_figures: int | None = None, mantissa: int = 1
    ) -> Iterator[tuple[int, int, int]]:
        """Yield (price, size, order count) a level, best first, grouped as asked.

        Bids are grouped downwards and asks upwards, so a grouped book never looks better than it
        is.
        """
        group: tuple[int, int, int] | None = None
        for price, orders in self.book.levels(is_buy=is_buy):
            size = sum(order.leaves for order in orders.values())
            bucket = _bucket(price, significant_figures, mantissa)
            shown = price // bucket * bucket if is_buy else -(-price // bucket) * bucket
            if group is not None and group[0] == shown:
                group = (shown, group[1] + size, group[2] + len(orders))
                continue
            if group is not None:
                yield group
            group = (shown, size, len(orders))
        if group is not None:
            yield group


def _bucket(price: int, significant_figures: int | None, mantissa: int) -> int:
    if significant_figures is None:
        return 1
    return int(mantissa * 10 ** max(0, len(str(price)) - significant_figures))
