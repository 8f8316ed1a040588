"""What an execution does to one account's cash and position on a perpetual.

A cross position's cost is carried by the cash of its dex. An isolated one has a cash leg of its
own: opening moves margin into it, closing gives back the closed share of its equity at the trade's
price. Only `charge` takes money away from the account; whose it is then is for the caller to book.
"""

from venues.sandbox.hyperliquid.ledger.account import Account, Position
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import ceil_div


def trade(account: Account, market: Market, signed_size: int, *, price: int) -> int:
    """Apply an execution and return the profit it realised, micro-USD.

    The cost released with a part of a position is rounded half to even; it shifts shown profit
    between now and later and moves no money.
    """
    position = account.position(market.spec.name)
    before = position.size
    closed = _closed(before, signed_size)
    opened = signed_size - closed
    profit = 0
    if closed:
        profit = _release_cost(position, closed, price)
    if closed and position.isolated_usd is not None:
        _close_isolated(account, market.dex, position, signed_size=closed, price=price)
    elif closed:
        account.usd[market.dex] = account.usd.get(market.dex, 0) - closed * price
        position.size += closed
    if opened:
        _open(account, market, position, signed_size=opened, price=price)
    market.open_interest += max(position.size, 0) - max(before, 0)
    position.funding_since_change = 0
    if before == 0 or before * position.size < 0:
        position.funding_since_open = 0
    account.is_unsettled = True
    return profit


def charge(account: Account, market: Market, micro_usd: int) -> None:
    """Take a fee from what carries the position: an isolated one pays from its own cash."""
    position = account.position(market.spec.name)
    if position.isolated_usd is None:
        account.usd[market.dex] = account.usd.get(market.dex, 0) - micro_usd
    else:
        position.isolated_usd -= micro_usd


def add_isolated(account: Account, market: Market, micro_usd: int) -> None:
    """Move cash of the dex into an isolated position, or out of it when negative."""
    position = account.position(market.spec.name)
    assert position.isolated_usd is not None, "only an isolated position has cash of its own"
    account.usd[market.dex] = account.usd.get(market.dex, 0) - micro_usd
    position.isolated_usd += micro_usd


def _closed(before: int, signed_size: int) -> int:
    # The part of a trade that goes against the position, signed like the trade.
    if before * signed_size >= 0:
        return 0
    size = min(abs(before), abs(signed_size))
    return size if signed_size > 0 else -size


def _release_cost(position: Position, closed: int, price: int) -> int:
    whole, rest = divmod(position.cost * abs(closed), abs(position.size))
    twice = 2 * rest
    released = whole + (
        twice > abs(position.size) or (twice == abs(position.size) and whole % 2 == 1)
    )
    position.cost -= released
    return -closed * price - released


def _close_isolated(
    account: Account, dex: str, position: Position, *, signed_size: int, price: int
) -> None:
    assert position.isolated_usd is not None, "asked only of isolated positions"
    held = abs(position.size)
    position.isolated_usd -= signed_size * price
    position.size += signed_size
    if position.size == 0:
        # What is below zero here is the account's loss all the same; see clearing.
        account.usd[dex] = account.usd.get(dex, 0) + position.isolated_usd
        position.isolated_usd = None
        return
    equity = position.isolated_usd + position.size * price
    given_back = max(0, equity) * abs(signed_size) // held  # rounded down: the rest stays inside
    account.usd[dex] = account.usd.get(dex, 0) + given_back
    position.isolated_usd -= given_back


def _open(
    account: Account, market: Market, position: Position, *, signed_size: int, price: int
) -> None:
    notional = signed_size * price
    if position.size == 0:
        position.isolated_usd = None if account.is_cross(market) else 0
    position.size += signed_size
    position.cost += notional
    if position.isolated_usd is None:
        account.usd[market.dex] = account.usd.get(market.dex, 0) - notional
        return
    margin = ceil_div(abs(notional), account.leverage_of(market))
    account.usd[market.dex] = account.usd.get(market.dex, 0) - margin
    position.isolated_usd += margin - notional
