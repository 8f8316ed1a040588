"""What becomes of the positions in a coin that stops trading for good.

All of them are closed at one price and at no fee: a coin of the venue's own at the average oracle
price of the last hour, one of a builder's dex at its mark. An isolated position loses no more than
its own margin; the vault bears the rest. Orders are somebody else's to cancel.
"""

from venues.sandbox.hyperliquid.clearing.adl import cover
from venues.sandbox.hyperliquid.clearing.bucket import Bucket
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.ledger.trades import book_settlement
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.order import Stamp


def settle(state: Exchange, market: Market, stamp: Stamp) -> None:
    """Close every position of a coin."""
    price = settlement_price(market, stamp.time_ms)
    coin = market.spec.name
    for account in list(state.accounts.values()):
        position = account.positions.get(coin)
        if position is None or not position.size:
            continue
        cash_before, is_isolated = account.usd.get(market.dex, 0), position.isolated_usd is not None
        book_settlement(state, account=account, market=market, price=price, stamp=stamp)
        if is_isolated:
            cover(state, Bucket(account, market.dex, coin), cash_before=cash_before)


def settlement_price(market: Market, now_ms: int) -> int:
    """Return what positions of a coin would be closed at."""
    if market.dex:
        return market.marked
    mean = market.reference.trail.mean(now_ms)
    return market.oracle if mean is None else mean
