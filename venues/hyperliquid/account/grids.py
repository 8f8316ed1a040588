"""Orders and fills of every perpetual of the venue's own dex, configured or not, in its own grid.

Whoever else trades for the account may trade what the desk does not, and the cash is the same. Spot
and other dexs have cash of their own and are not known here.
"""

from collections.abc import Mapping

from router.domain.account import VenueFill, VenueOrder
from router.domain.units import InstrumentId, Side
from venues.hyperliquid import translate, wire
from venues.hyperliquid.spec import (
    PRICE_AND_SIZE_DECIMALS,
    VENUE,
    HyperliquidConfig,
    size_decimals,
)
from venues.hyperliquid.trading import reading
from venues.hyperliquid.trading.facts import FillKey, FillReport

_KEPT_MAX = 20_000  # fills read once; more than a venue tells


class Grids:
    """What a lot and a tick are, by coin.

    Parameters
    ----------
    sizes : mapping of str to int
        Decimals of a size by coin; the configuration wins.
    """

    def __init__(self, config: HyperliquidConfig, sizes: Mapping[str, int]) -> None:
        own = {i.symbol: size_decimals(i) for i in config.instruments}
        self._sizes = {**sizes, **own}
        self._names = {i.symbol: i.id for i in config.instruments}
        self._quote = config.collateral.id
        self._fills: dict[FillKey, VenueFill] = {}

    def knows(self, coin: str) -> bool:
        """Tell whether a coin trades for the account's cash."""
        return coin in self._sizes

    def order(self, told: wire.OpenOrder) -> VenueOrder:
        """Return an open order as the router knows it."""
        decimals = self._sizes[told.coin]
        ticks = translate.exact(told.limit_price, PRICE_AND_SIZE_DECIMALS - decimals, "limitPx")
        return VenueOrder(
            id=str(told.oid),
            reference=told.cloid or "",
            instrument=self._name(told.coin),
            side=Side.BUY if told.is_buy else Side.SELL,
            lots_left=translate.exact(told.size_left, decimals, "sz"),
            limit_ticks=ticks,
        )

    def fill(self, told: FillReport) -> VenueFill:
        """Return a fill as the router knows it."""
        known = self._fills.get(told.key)
        if known is not None:
            return known
        if len(self._fills) >= _KEPT_MAX:
            self._fills.clear()
        made = reading.venue_fill(
            told,
            self._name(told.coin),
            decimals=self._sizes[told.coin],
            quote=self._quote,
        )
        self._fills[told.key] = made
        return made

    def _name(self, coin: str) -> InstrumentId:
        return self._names.get(coin, InstrumentId(f"{VENUE}:{coin}"))
