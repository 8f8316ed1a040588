"""The market maker that quotes when it is told to: perpetuals without a scene, and spot pairs.

Its pockets on perpetuals are as deep as its book; spot tokens it is given once, and what it has
sold of them is gone.
"""

from collections.abc import Iterable
from fractions import Fraction

from venues.sandbox.hyperliquid.config import HOUSE_ADDRESS, Shock
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.order import NO_ACTION_HASH, OrderRequest, Stamp
from venues.sandbox.hyperliquid.scene.quotes import quotes
from venues.sandbox.hyperliquid.state import credit_token

_ALL_PERCENT = 100
_SPOT_SHARE = Fraction(1, 10)
_SPOT_LEVELS = 12
_SPOT_STOCK = 10_000_000
"""Worth of each side of a pair, in whole quote tokens."""


class House:
    """The house's side of every book."""

    def __init__(self, matching: Matching, seed: int) -> None:
        self._matching = matching
        self._seed = seed

    def thin(self, coin: str, percent: int) -> None:
        """Quote again around the present mid, `percent` of the usual sizes; none for zero."""
        market = self._matching.state.markets[coin]
        stamp = Stamp(self._matching.state.now_ms, NO_ACTION_HASH)
        mid = market.indicative()
        self.clear(stamp, coin=coin)
        if percent:
            requests = quotes(market, mid, self._seed, share=Fraction(percent, _ALL_PERCENT))
            self._place(requests, market, stamp)

    def shock(self, shock: Shock) -> None:
        """Refuse: nothing moves prices here."""
        raise ValueError(
            f"a shock of {shock.bps} bps needs a scene; start the sandbox with one, "
            "or use shift_mid and oracle_jump"
        )

    def open_spot(self, stamp: Stamp) -> None:
        """Take tokens from outside, and quote every pair around its opening price."""
        state = self._matching.state
        for market in state.spot_markets.values():
            unit = 10**market.spec.price_decimals
            size = _SPOT_STOCK * unit // market.opening * 10**market.spec.size_decimals
            stock = {
                market.spec.base: market.base_atoms(size),
                market.spec.quote: _SPOT_STOCK * 10**market.spec.quote.wei_decimals,
            }
            for token, atoms in stock.items():
                credit_token(state, HOUSE_ADDRESS, token=token.index, atoms=atoms)
            self.quote_spot(market, market.opening, stamp)

    def quote_spot(self, market: SpotMarket, mid: int, stamp: Stamp) -> None:
        """Quote a pair around a price in its own units."""
        self.clear(stamp, coin=market.spec.name)
        requests = quotes(
            market, Fraction(mid), self._seed, share=_SPOT_SHARE, level_count=_SPOT_LEVELS
        )
        self._place(requests, market, stamp)

    def clear(self, stamp: Stamp, *, coin: str | None = None) -> None:
        """Take the house's orders out of one book, or out of all."""
        for order in list(self._matching.state.account(HOUSE_ADDRESS).open_orders.values()):
            if coin in {None, order.coin}:
                self._matching.cancel(order, status="canceled", stamp=stamp)

    def _place(
        self, requests: Iterable[OrderRequest], market: Market | SpotMarket, stamp: Stamp
    ) -> None:
        house = self._matching.state.account(HOUSE_ADDRESS)
        for request in requests:
            self._matching.place(request, house, market=market, stamp=stamp)
