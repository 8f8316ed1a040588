"""Leverage, and the margin of isolated positions. Pure."""

from router.domain.units import format_decimal
from venues.hyperliquid.actions.market import Market

_LEVERAGE_DECIMALS = 6


def update_leverage(market: Market, *, leverage: int, is_cross: bool) -> dict[str, object]:
    """Return the action that sets the leverage of a market, and cross or isolated margin."""
    return {
        "type": "updateLeverage",
        "asset": market.asset,
        "isCross": is_cross,
        "leverage": leverage,
    }


def update_isolated_margin(market: Market, *, micro_usd: int) -> dict[str, object]:
    """Return the action that adds to an isolated position's margin, or takes away if negative."""
    return {
        "type": "updateIsolatedMargin",
        "asset": market.asset,
        "isBuy": True,  # positions have one side here, and the venue asks for this one
        "ntli": micro_usd,
    }


def top_up_isolated_only_margin(market: Market, *, leverage_e6: int) -> dict[str, object]:
    """Return the action that adds margin until the position has a leverage, in 1e-6."""
    return {
        "type": "topUpIsolatedOnlyMargin",
        "asset": market.asset,
        "leverage": format_decimal(leverage_e6, _LEVERAGE_DECIMALS),
    }
