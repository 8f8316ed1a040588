"""Whether an order may stand, a trade may happen, and money may leave.

Answers only; nothing is changed. Initial margin is asked for when a position grows, never because
a price moved.
"""

from venues.sandbox.hyperliquid.ledger import equity
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import ceil_div

INSUFFICIENT = "perpMarginRejected"
BEYOND_TIER = "perpMaxPositionRejected"


def margin_check(
    state: Exchange,
    account: Account,
    market: Market,
    *,
    is_buy: bool,
    size: int,
    price: int,
    reduce_only: bool,
) -> str | None:
    """Return the status an order is refused with, or None when it may be placed.

    A limit price through the mark costs nothing here: what it would lose at once is looked at when
    it meets somebody, in `affordable_at_match`.
    """
    if reduce_only or not account.is_margined:
        return None
    assert price > 0, "an order without a price is refused before this"
    position = account.position(market.spec.name)
    after = abs(position.size + (size if is_buy else -size))
    leverage = account.leverage_of(market)
    if after > abs(position.size) and leverage > market.steps.leverage_at(after * market.marked):
        return BEYOND_TIER
    buy, sell = (size, 0) if is_buy else (0, size)
    with_it = _needed_if_opened(account, market, buy=buy, sell=sell)
    without = _needed_if_opened(account, market, buy=0, sell=0)
    if with_it <= without:
        return None
    bucket = equity.cross(account, state.markets, market.dex)
    return INSUFFICIENT if bucket.initial - without + with_it > bucket.value else None


def affordable_at_match(
    state: Exchange, account: Account, market: Market, *, is_buy: bool, size: int, price: int
) -> bool:
    """Tell whether an account can carry a trade at the moment it would happen.

    Asked for both sides. A position that shrinks may always be traded unless the price alone would
    leave the bucket with less than nothing; one that grows or turns needs its initial margin at
    the mark, with what the trade's price loses or gains against the mark counted in.
    """
    if not account.is_margined:
        return True
    position = account.position(market.spec.name)
    signed = size if is_buy else -size
    after = position.size + signed
    lost = signed * (price - market.marked)
    if position.isolated_usd is not None or not account.is_cross(market):
        return _affordable_isolated(state, account, market, signed=signed, price=price)
    if abs(after) <= abs(position.size) and position.size * after >= 0:
        return lost <= 0 or equity.cross_value(account, state.markets, market.dex) >= lost
    total = equity.initial(account, market, after)
    for other, held in equity.held(account, state.markets, market.dex):
        if held is not position and held.isolated_usd is None:
            total += equity.initial(account, other, held.size)
    return total <= equity.cross_value(account, state.markets, market.dex) - lost


def withdrawable(state: Exchange, account: Account, dex: str) -> int:
    """Return what may leave the cross bucket of a dex, micro-USD."""
    if not account.is_margined:
        return max(0, account.usd.get(dex, 0))
    return equity.cross(account, state.markets, dex).withdrawable


def _needed_if_opened(account: Account, market: Market, *, buy: int, sell: int) -> int:
    return equity.needed(account, market, account.position(market.spec.name), buy=buy, sell=sell)


def _affordable_isolated(
    state: Exchange, account: Account, market: Market, *, signed: int, price: int
) -> bool:
    position = account.position(market.spec.name)
    moved = price - market.marked
    after = position.size + signed
    is_turned = position.size * after < 0
    kept = 0 if position.isolated_usd is None else equity.isolated_value(position, market)
    if abs(after) <= abs(position.size) and not is_turned:
        return kept >= signed * moved or signed * moved <= 0
    opened, given_back = signed, 0
    if is_turned:
        # What the position is worth at this price is free for the one that is opened.
        opened, given_back, kept = after, kept + position.size * moved, 0
    margin = ceil_div(abs(opened) * price, account.leverage_of(market))
    carried = sum(
        equity.initial(account, other, held.size)
        for other, held in equity.held(account, state.markets, market.dex)
        if held.isolated_usd is None
    )
    free = equity.cross_value(account, state.markets, market.dex) - carried + given_back
    return given_back >= 0 and margin <= free and kept + margin > opened * moved
