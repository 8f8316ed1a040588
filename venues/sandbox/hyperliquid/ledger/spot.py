"""Spot tokens of an account: what is free, and what a trade moves.

Amounts are in each token's smallest unit. Holding for resting orders is a number beside the total;
whoever rests or cancels an order moves it. Nothing is created: what a trade takes from one side it
gives to the other, less fees, which go to the till.
"""

from venues.sandbox.hyperliquid.ledger.account import Account, SpotBalance
from venues.sandbox.hyperliquid.market.spot import SpotMarket

_E8_PER_MICRO = 100


def balance(account: Account, token: int) -> SpotBalance:
    """Return the balance of a token, an empty one if there was none."""
    found = account.spot.get(token)
    if found is None:
        found = account.spot[token] = SpotBalance()
    return found


def free(account: Account, token: int) -> int:
    """Return what no resting order holds."""
    found = account.spot.get(token)
    return 0 if found is None else found.total - found.hold


def trade(account: Account, market: SpotMarket, signed_size: int, *, price: int) -> int:
    """Move base and quote of an execution; return the profit it realised, micro-USD.

    Profit is against the average cost of the balance and is rounded down; it is only shown.
    """
    base = balance(account, market.spec.base.index)
    quote = balance(account, market.spec.quote.index)
    atoms = market.base_atoms(signed_size)
    paid = market.quote_atoms(signed_size * price)
    profit = 0
    if signed_size < 0:
        released = base.cost * -atoms // base.total if base.total else 0
        base.cost -= released
        profit = (-paid - released) // _E8_PER_MICRO
    else:
        base.cost += paid
    base.total += atoms
    quote.total -= paid
    return profit
