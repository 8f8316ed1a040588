"""An account's choice of leverage and margin mode, and the margin inside isolated positions.

Texts marked "ours" were found nowhere; the others are the venue's.
"""

from venues.sandbox.hyperliquid.ledger import equity, positions
from venues.sandbox.hyperliquid.ledger.account import Account, Leverage
from venues.sandbox.hyperliquid.ledger.checks import withdrawable
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import ceil_div

INVALID = "Invalid leverage value"
SWITCH = "Cannot switch leverage type with open position."
DECREASE = "Cannot decrease leverage with open position."
CROSS_NOT_ALLOWED = "Cross margin is not allowed for this asset."  # ours
NO_ISOLATED = "Position does not use isolated margin."
NO_REMOVAL = "Cannot remove margin from a strictly isolated position."  # ours
TOO_MUCH_ADDED = "Insufficient margin to add to the isolated position."  # ours
TOO_MUCH_REMOVED = "Insufficient isolated margin to remove."  # ours

_STRICT = "strictIsolated"
_TRANSFER_SHARE_DIVISOR = 10


def set_leverage(
    state: Exchange, account: Account, market: Market, *, leverage: int, is_cross: bool
) -> str | None:
    """Choose leverage and margin mode for a coin; return why not, or None.

    Raising it needs nothing; lowering it needs the initial margin of the lower one.
    """
    position = account.position(market.spec.name)
    most = market.steps.leverage_at(abs(position.size) * market.marked)
    if not 1 <= leverage <= most:
        return INVALID
    if is_cross and market.is_isolated_only:
        return CROSS_NOT_ALLOWED
    was_cross = account.is_cross(market)
    if position.size and is_cross != was_cross:
        return SWITCH
    before = account.leverage_of(market)
    previous = account.leverage.get(market.spec.name)
    account.leverage[market.spec.name] = Leverage(leverage, is_cross=is_cross)
    if leverage >= before or _is_covered(state, account, market):
        return None
    if previous is None:
        del account.leverage[market.spec.name]
    else:
        account.leverage[market.spec.name] = previous
    return DECREASE


def move_isolated(
    state: Exchange, account: Account, market: Market, *, micro_usd: int
) -> str | None:
    """Add margin to an isolated position, or remove some when negative; return why not, or None.

    What is removed must leave the larger of initial margin and a tenth of the notional; a strictly
    isolated position gives nothing back before it closes.
    """
    position = account.position(market.spec.name)
    if position.isolated_usd is None:
        return NO_ISOLATED
    if micro_usd < 0:
        if market.spec.margin_mode == _STRICT:
            return NO_REMOVAL
        notional = abs(position.size) * market.marked
        kept = max(
            equity.initial(account, market, position.size),
            ceil_div(notional, _TRANSFER_SHARE_DIVISOR),
        )
        if equity.isolated_value(position, market) + micro_usd < kept:
            return TOO_MUCH_REMOVED
    elif micro_usd > withdrawable(state, account, market.dex):
        return TOO_MUCH_ADDED
    positions.add_isolated(account, market, micro_usd)
    return None


def _is_covered(state: Exchange, account: Account, market: Market) -> bool:
    position = account.position(market.spec.name)
    if position.isolated_usd is not None:
        own = equity.isolated_value(position, market)
        if own < equity.initial(account, market, position.size):
            return False
    bucket = equity.cross(account, state.markets, market.dex)
    return bucket.initial <= bucket.value
