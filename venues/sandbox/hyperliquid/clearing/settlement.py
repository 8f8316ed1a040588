"""Premium samples every five seconds, and funding at the end of every hour.

Funding is paid on the oracle price and rounded against each account; what the rounding leaves over
belongs to the till. A cross position pays from the cash of its dex, an isolated one from its own.
"""

from math import ceil

from venues.sandbox.hyperliquid.ledger.account import Account, Position
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.market.funding import HOUR_MS, SAMPLE_MS
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.order import FundingSettled


def advance(state: Exchange, *, before_ms: int, now_ms: int) -> None:
    """Sample and settle all that fell due after `before_ms`, up to and with `now_ms`."""
    first_hour = (before_ms // HOUR_MS + 1) * HOUR_MS
    for hour_ms in range(first_hour, now_ms + 1, HOUR_MS):
        _sample(state, before_ms, hour_ms)
        _settle(state, hour_ms)
        before_ms = hour_ms
    _sample(state, before_ms, now_ms)


def _sample(state: Exchange, before_ms: int, now_ms: int) -> None:
    due = now_ms // SAMPLE_MS - before_ms // SAMPLE_MS
    if due:
        for market in state.markets.values():
            market.sample_premium(due)


def _settle(state: Exchange, hour_ms: int) -> None:
    for coin, market in state.markets.items():
        state.settled_rates[coin, hour_ms] = market.funding_rate
        mean = market.premium_samples.mean()
        if mean is not None:
            state.settled_premiums[coin, hour_ms] = mean
    for account in state.accounts.values():
        for coin, position in account.positions.items():
            if position.size:
                _pay(state, account, position, market=state.markets[coin], hour_ms=hour_ms)
        account.is_unsettled = True
    for market in state.markets.values():
        market.premium_samples.clear()


def _pay(
    state: Exchange, account: Account, position: Position, *, market: Market, hour_ms: int
) -> None:
    rate = market.funding_rate
    paid = ceil(position.size * market.oracle * rate)
    if position.isolated_usd is None:
        account.usd[market.dex] = account.usd.get(market.dex, 0) - paid
    else:
        position.isolated_usd -= paid
    state.till.funding_residual += paid
    position.funding_all_time += paid
    position.funding_since_open += paid
    position.funding_since_change += paid
    settled = FundingSettled(
        account=account.address,
        coin=market.spec.name,
        paid=paid,
        size=position.size,
        rate=rate,
        time_ms=hour_ms,
        samples=market.premium_samples.count,
    )
    account.fundings.append(settled)
    state.events.append(settled)
