"""How an account fared: value, profit and volume by period.

Only what the ledger can tell is told, so a curve has one point, now. The profit of a period is what
its fills and fundings realised less fees, plus what open positions stand at.
"""

from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import USDC_TOKEN
from venues.sandbox.hyperliquid.ledger import equity
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.order import Fill
from venues.sandbox.hyperliquid.state import Exchange

_DAY_MS = 86_400_000
_E8_PER_MICRO = 100
_PERIODS = (("Day", 1), ("Week", 7), ("Month", 30), ("AllTime", None))


def view(state: Exchange, account: Account) -> list[list[Any]]:
    """Return an account's `portfolio`: four periods of everything, then of perpetuals alone."""
    shown = []
    for prefix, perps_only in (("", False), ("perp", True)):
        for name, days in _PERIODS:
            start_ms = 0 if days is None else state.now_ms - days * _DAY_MS
            label = prefix + name if prefix else name[0].lower() + name[1:]
            shown.append([label, _period(state, account, start_ms, perps_only=perps_only)])
    return shown


def portfolio(state: Exchange, asked: Request) -> list[list[Any]]:
    """Answer `portfolio`."""
    return view(state, request.account(state, asked))


def perp_value(state: Exchange, account: Account) -> int:
    """Return what an account has on all dexs together, micro-USD."""
    return sum(
        equity.account_value(account, state.markets, dex) for dex in request.dex_names(state)
    )


def spot_value(state: Exchange, account: Account) -> int:
    """Return what an account's tokens are worth in USDC, micro-USD, rounded down."""
    pairs = {
        market.spec.base.index: market
        for market in state.spot_markets.values()
        if market.spec.quote.index == USDC_TOKEN
    }
    total = 0
    for index, balance in account.spot.items():
        if index == USDC_TOKEN:
            total += balance.total
        elif index in pairs:
            total += _worth(balance.total, pairs[index])
    return total // _E8_PER_MICRO


def _worth(atoms: int, market: SpotMarket) -> int:
    # In the quote token's smallest unit: atoms are of the base token, prices of whole tokens.
    return market.quote_atoms(atoms * market.mark()) // market.base_atoms(1)


def _period(
    state: Exchange, account: Account, start_ms: int, *, perps_only: bool
) -> dict[str, Any]:
    fills = [
        fill
        for fill in account.fills
        if fill.time_ms >= start_ms and (_is_perp(state, fill) or not perps_only)
    ]
    funded = sum(f.paid for f in account.fundings if f.time_ms >= start_ms)
    realised = sum(fill.closed_pnl - _fee(state, fill) for fill in fills)
    profit = realised - funded + _unrealised(state, account)
    value = perp_value(state, account) + (0 if perps_only else spot_value(state, account))
    return {
        "accountValueHistory": [[state.now_ms, text.money(value)]],
        "pnlHistory": [[state.now_ms, text.money(profit)]],
        "vlm": text.money(sum(_volume(state, fill) for fill in fills)),
    }


def _unrealised(state: Exchange, account: Account) -> int:
    return sum(
        position.size * market.mark() - position.cost
        for dex in request.dex_names(state)
        for market, position in equity.held(account, state.markets, dex)
    )


def _is_perp(state: Exchange, fill: Fill) -> bool:
    return isinstance(state.market(fill.coin), Market)


def _volume(state: Exchange, fill: Fill) -> int:
    # Price times size is micro-USD on perpetuals and 1e-8 of the quote on spot.
    return fill.price * fill.size // (1 if _is_perp(state, fill) else _E8_PER_MICRO)


def _fee(state: Exchange, fill: Fill) -> int:
    # A fee in the base token is valued at the price of its fill.
    market = state.market(fill.coin)
    if isinstance(market, Market):
        return fill.fee
    if fill.fee_currency == market.spec.quote.name:
        return fill.fee // _E8_PER_MICRO
    return market.quote_atoms(fill.fee * fill.price) // market.base_atoms(1) // _E8_PER_MICRO
