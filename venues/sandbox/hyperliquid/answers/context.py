"""The context of a market: reference prices, funding, open interest, volume.

Volumes and the price of the day before count from the opening of the sandbox. Without depth enough
for the impact prices there is no premium, and without both sides of a book no mid: null, as there.
"""

from typing import Any

from venues.sandbox.hyperliquid.answers import text
from venues.sandbox.hyperliquid.config import SPOT_DECIMALS_SUM, TokenConfig
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.number import to_scaled, to_text


def perp(market: Market) -> dict[str, Any]:
    """Return a perpetual's context."""
    spec = market.spec
    premium = market.premium()
    impact = [market.impact_price(is_buy=True), market.impact_price(is_buy=False)]
    return {
        "funding": text.rate(market.funding_rate),
        "openInterest": text.size(market.open_interest, spec),
        "prevDayPx": text.price(market.opening, spec),
        "dayNtlVlm": text.money(market.volume_micro_usd),
        "premium": None if premium is None else text.rate(premium),
        "oraclePx": text.price(market.oracle, spec),
        "markPx": text.price(market.mark(), spec),
        "midPx": _mid(market),
        "impactPxs": None
        if None in impact
        else [text.price(round(price), spec) for price in impact if price is not None],
        "dayBaseVlm": text.size(market.volume_size, spec),
    }


def spot(market: SpotMarket) -> dict[str, Any]:
    """Return a pair's context; all of its base token is in circulation."""
    spec = market.spec
    supply = supply_of(spec.base)
    return {
        "prevDayPx": text.price(market.opening, spec),
        "dayNtlVlm": to_text(market.volume_quote, SPOT_DECIMALS_SUM),
        "markPx": text.price(market.mark(), spec),
        "midPx": _mid(market),
        "circulatingSupply": supply,
        "coin": spec.name,
        "totalSupply": supply,
        "dayBaseVlm": text.size(market.volume_size, spec),
    }


def supply_of(token: TokenConfig) -> str:
    """Return how much of a token there is."""
    return to_text(to_scaled(token.supply, token.wei_decimals) or 0, token.wei_decimals)


def _mid(market: Market | SpotMarket) -> str | None:
    mid = market.mid()
    return None if mid is None else text.between(mid, market.spec)
