"""One perpetual: its book, its reference prices, its running statistics.

The mark is stored and changes only when it is published. It refuses to invent a mid: with a side
missing, the last trade stands in, as the venue's `allMids` does, and before any trade the oracle.
"""

from fractions import Fraction

from venues.sandbox.hyperliquid.config import CoinConfig
from venues.sandbox.hyperliquid.margin import Steps
from venues.sandbox.hyperliquid.market import funding
from venues.sandbox.hyperliquid.market.book import Book
from venues.sandbox.hyperliquid.market.reference import (
    BUILDER_STALE_MS,
    PERP_WEIGHTS,
    SPOT_WEIGHTS,
    Reference,
    ReferencePrices,
    Touch,
    weighted_median,
)
from venues.sandbox.hyperliquid.market.tape import Tape
from venues.sandbox.hyperliquid.number import MICRO, to_scaled


class Market:
    """A coin as it trades.

    Attributes
    ----------
    marked, previous_mark : int
        Mark price as published last and as published the time before.
    is_remarked : bool
        The mark was published, changed or not, since the margins were looked at last.
    open_interest : int
        All long sizes together.
    funding_multiplier : Fraction
        What the deployer of a builder's dex makes of the funding rate.
    """

    is_perp = True

    def __init__(self, spec: CoinConfig, asset: int) -> None:
        self.spec = spec
        self.asset = asset
        self.dex = spec.name.partition(":")[0] if ":" in spec.name else ""
        self.book = Book()
        oracle = to_scaled(spec.oracle_price, spec.price_decimals)
        if oracle is None or oracle <= 0:
            raise ValueError(
                f"oracle_price of {spec.name} must be positive with at most "
                f"{spec.price_decimals} decimals, was {spec.oracle_price!r}"
            )
        self.oracle = oracle
        self.opening = oracle
        self.marked = oracle
        self.previous_mark = oracle
        self.is_remarked = False
        self.last: int | None = None
        self.tape = Tape()
        self.steps = Steps(spec.margin_table)
        self.reference = Reference()
        self.premium_samples = funding.PremiumSamples()
        self.funding_multiplier = Fraction(1)
        self.is_isolated_only = spec.is_isolated_only or spec.margin_mode is not None
        self.open_interest = 0
        self.volume_micro_usd = 0
        self.volume_size = 0
        self._fixed_rate: Fraction | None = None

    def mark(self) -> int:
        """Return the mark price as it was published last."""
        return self.marked

    def mid(self) -> Fraction | None:
        """Return the middle of best bid and ask, or None when a side is empty."""
        bid, ask = self.touch()
        return None if bid is None or ask is None else Fraction(bid + ask, 2)

    def touch(self) -> tuple[int | None, int | None]:
        """Return best bid and best ask."""
        return self.book.best_price(is_buy=True), self.book.best_price(is_buy=False)

    def indicative(self) -> Fraction:
        """Return the mid, else the last trade, else the oracle."""
        bid, ask = self.touch()
        if bid is not None and ask is not None:
            return Fraction(bid + ask, 2)
        return Fraction(self.oracle if self.last is None else self.last)

    def publish(self, now_ms: int) -> bool:
        """Publish oracle and mark anew; tell whether the mark changed.

        Nothing is published while the oracle is frozen or its source is silent, except that a
        builder's market falls back on its own book when its deployer has been silent for long.
        """
        source = self.reference.oracle_source
        heard = None if source is None else source(now_ms)
        is_silent = self.reference.is_frozen or (source is not None and heard is None)
        if is_silent and not self._is_abandoned(now_ms):
            return False
        if not is_silent:
            self.reference.heard_ms = now_ms
            self._hear(heard)
        return self._remark(ReferencePrices({}) if is_silent else heard, now_ms)

    def set_oracle(self, price: int, now_ms: int) -> None:
        """Put the oracle where the director wants it, and publish the mark that follows."""
        self.oracle = price
        self._remark(None, now_ms)

    @property
    def funding_rate(self) -> Fraction:
        """Return what the running hour would pay; setting it fixes it for good."""
        if self._fixed_rate is not None:
            return self._fixed_rate
        mean = self.premium_samples.mean()
        if mean is None:
            return Fraction(self.spec.funding_rate)
        return funding.hourly_rate(
            mean, interest=Fraction(self.spec.interest), multiplier=self.funding_multiplier
        )

    @funding_rate.setter
    def funding_rate(self, rate: Fraction) -> None:
        self._fixed_rate = rate

    def sample_premium(self, times: int) -> None:
        """Take premium samples of the book as it stands; a book too thin to say gives none."""
        premium = self.premium()
        if premium is not None:
            self.premium_samples.add(premium, times=times)

    def impact_price(self, *, is_buy: bool) -> Fraction | None:
        """Return the average price of taking the impact notional from one side of the book."""
        notional = self.spec.impact_notional_usd * MICRO
        left = notional
        bought = 0
        for price, orders in self.book.levels(is_buy=is_buy):
            size = sum(order.leaves for order in orders.values())
            if price * size >= left:
                # notional / (bought + left / price), as one ratio of whole numbers.
                return Fraction(notional * price, bought * price + left)
            bought += size
            left -= price * size
        return None

    def premium(self) -> Fraction | None:
        """Return how far the book stands from the oracle, or None when it is too thin to say."""
        bid, ask = self.impact_price(is_buy=True), self.impact_price(is_buy=False)
        if bid is None or ask is None:
            return None
        rule = funding.builder_premium if self.dex else funding.premium
        return rule(bid=bid, ask=ask, oracle=self.oracle)

    def _is_abandoned(self, now_ms: int) -> bool:
        heard = self.reference.heard_ms
        return bool(self.dex) and heard is not None and now_ms - heard >= BUILDER_STALE_MS

    def _hear(self, heard: ReferencePrices | None) -> None:
        if heard is not None:
            self.reference.perps = heard.perps
        oracle = None if heard is None else weighted_median(heard.spot, SPOT_WEIGHTS)
        if oracle is not None:
            self.oracle = oracle

    def _remark(self, heard: ReferencePrices | None, now_ms: int) -> bool:
        touch = Touch(*self.touch(), self.last)
        self.reference.sample(touch, oracle=self.oracle, now_ms=now_ms)
        if self.dex:
            mark = self.reference.builder_mark(
                touch,
                oracle=self.oracle,
                before=self.marked,
                deployer=(self.oracle,) if heard is None else heard.deployer_marks,
            )
        else:
            perps = None if heard is None else weighted_median(heard.perps, PERP_WEIGHTS)
            mark = self.reference.mark(touch, oracle=self.oracle, perps=perps)
        return self._put_mark(mark)

    def _put_mark(self, mark: int) -> bool:
        is_changed = mark != self.marked
        self.previous_mark, self.marked = self.marked, mark
        self.is_remarked = True
        return is_changed
