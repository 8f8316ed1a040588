"""Leverage and isolated margin: the ledger does it, this finds the market and words the answer."""

from fractions import Fraction
from math import ceil

from venues.sandbox.hyperliquid.actions.effects.turn import Turn
from venues.sandbox.hyperliquid.actions.messages.margin import (
    TopUpIsolated,
    UpdateIsolatedMargin,
    UpdateLeverage,
)
from venues.sandbox.hyperliquid.ledger import equity
from venues.sandbox.hyperliquid.ledger.leverage import (
    INVALID,
    NO_ISOLATED,
    move_isolated,
    set_leverage,
)
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching.rules import INVALID_ASSET

ZERO = "Margin change must not be zero."  # ours
BELOW_ALREADY = "Position is already at or below this leverage."  # ours


def update_leverage(turn: Turn, action: UpdateLeverage) -> str | None:
    """Choose leverage and margin mode of a coin."""
    market = _perp(turn, action.asset)
    if market is None:
        return INVALID_ASSET
    return set_leverage(
        turn.state,
        turn.account,
        market,
        leverage=action.leverage,
        is_cross=action.is_cross,
    )


def update_isolated_margin(turn: Turn, action: UpdateIsolatedMargin) -> str | None:
    """Add margin to an isolated position or take some out."""
    market = _perp(turn, action.asset)
    if market is None:
        return INVALID_ASSET
    if action.micro_usd == 0:
        return ZERO
    return move_isolated(turn.state, turn.account, market, micro_usd=action.micro_usd)


def top_up_isolated(turn: Turn, action: TopUpIsolated) -> str | None:
    """Add what brings an isolated position down to a leverage; rounded up."""
    market = _perp(turn, action.asset)
    if market is None:
        return INVALID_ASSET
    leverage = Fraction(action.leverage_text)
    if leverage == 0:
        return INVALID
    position = turn.account.position(market.spec.name)
    if position.isolated_usd is None or position.size == 0:
        return NO_ISOLATED
    wanted = ceil(abs(position.size) * market.mark() / leverage)
    missing = wanted - equity.isolated_value(position, market)
    if missing <= 0:
        return BELOW_ALREADY
    return move_isolated(turn.state, turn.account, market, micro_usd=missing)


def _perp(turn: Turn, asset: int) -> Market | None:
    found = turn.state.by_asset.get(asset)
    return found if isinstance(found, Market) else None
