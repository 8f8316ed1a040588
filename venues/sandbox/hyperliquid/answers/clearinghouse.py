"""The state of an account's perpetuals on one dex.

On cross margin, on each isolated position and in all, ``accountValue = totalRawUsd + sum(szi *
mark)``: the cash leg takes the whole cost of every position. Margins are shown rounded downwards to
a micro-dollar, as in recorded answers (1/20 of 227.675114 is 11.383755); what a position must have
is the ledger's business, which rounds upwards.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from venues.sandbox.hyperliquid.actions.reading import MalformedError
from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.ledger import checks, equity
from venues.sandbox.hyperliquid.ledger.account import Account, Position
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import fraction_text
from venues.sandbox.hyperliquid.state import Exchange

_SHOWN_DECIMALS = 8


Held = tuple[Market, Position]


@dataclass(frozen=True, slots=True)
class _Bucket:
    # What positions come to together with their cash, micro-USD.
    value: int
    notional: int
    raw: int
    margin: int

    def view(self) -> dict[str, str]:
        return {
            "accountValue": text.money(self.value),
            "totalNtlPos": text.money(self.notional),
            "totalRawUsd": text.money(self.raw),
            "totalMarginUsed": text.money(self.margin),
        }


def view(state: Exchange, account: Account, dex: str) -> dict[str, Any]:
    """Return an account's `clearinghouseState` on a dex."""
    held = list(equity.held(account, state.markets, dex))
    cross = [(m, p) for m, p in held if p.isolated_usd is None]
    cash = account.usd.get(dex, 0)
    return {
        "marginSummary": _bucket(account, held, cash).view(),
        "crossMarginSummary": _bucket(account, cross, cash).view(),
        "crossMaintenanceMarginUsed": text.money(
            sum(equity.maintenance(position, market) for market, position in cross)
        ),
        "withdrawable": text.money(checks.withdrawable(state, account, dex)),
        "assetPositions": [
            {"type": "oneWay", "position": _position(state, account, pair)} for pair in held
        ],
        "time": state.now_ms,
    }


def clearinghouse_state(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `clearinghouseState`."""
    return view(state, request.account(state, asked), request.dex(state, asked))


def active_asset_data(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `activeAssetData`: what could be bought and sold now."""
    market = state.markets.get(request.coin(asked))
    if market is None:
        raise MalformedError
    return tradable(state, request.account(state, asked), market)


def tradable(state: Exchange, account: Account, market: Market) -> dict[str, Any]:
    """Return an account's leverage in a market, and the most it could buy and sell at the mark.

    The sizes are the largest that the venue's own margin check lets pass; nothing for an account
    without margin, whose pockets have no bottom.
    """
    sizes = [_largest(state, account, market, is_buy=is_buy) for is_buy in (True, False)]
    leverage = account.leverage_of(market)
    return {
        "user": account.address,
        "coin": market.spec.name,
        "leverage": _leverage(account, market),
        "maxTradeSzs": [text.size(size, market.spec) for size in sizes],
        "availableToTrade": [text.money(size * market.mark() // leverage) for size in sizes],
        "markPx": text.price(market.mark(), market.spec),
    }


def _largest(state: Exchange, account: Account, market: Market, *, is_buy: bool) -> int:
    # Gallops from where the margin should end to a size that passes and one that does not, and
    # halves what lies between; mostly the guess is right and two checks are all.
    if account.address not in state.accounts or not account.is_margined:
        return 0
    guess = _guess(state, account, market, is_buy=is_buy)
    passed, refused = 0, guess + 1
    stride = 1
    while _passes(state, account, market, is_buy=is_buy, size=refused):
        passed, refused = refused, refused + stride
        stride *= 2
    stride = 1
    while refused - passed > 1:
        middle = max(refused - stride, (passed + refused) // 2)
        if _passes(state, account, market, is_buy=is_buy, size=middle):
            passed = middle
        else:
            refused = middle
        stride *= 2
    return passed


def _guess(state: Exchange, account: Account, market: Market, *, is_buy: bool) -> int:
    position = account.positions.get(market.spec.name, Position())
    bucket = equity.cross(account, state.markets, market.dex)
    free = bucket.value - bucket.initial + equity.needed(account, market, position)
    side = (
        position.size + position.resting_buys if is_buy else position.resting_sells - position.size
    )
    return max(0, free * account.leverage_of(market) // market.mark() - side)


def _passes(state: Exchange, account: Account, market: Market, *, is_buy: bool, size: int) -> bool:
    refusal = checks.margin_check(
        state,
        account,
        market,
        is_buy=is_buy,
        size=size,
        price=market.mark(),
        reduce_only=False,
    )
    return refusal is None


def _leverage(account: Account, market: Market) -> dict[str, Any]:
    value = account.leverage_of(market)
    position = account.positions.get(market.spec.name)
    raw = None if position is None else position.isolated_usd
    if raw is None and account.is_cross(market):
        return {"type": "cross", "value": value}
    return {"type": "isolated", "value": value, "rawUsd": text.money(raw or 0)}


def _bucket(account: Account, held: list[Held], cash: int) -> _Bucket:
    raw = cash + sum(position.isolated_usd or 0 for _, position in held)
    worths = [position.size * market.mark() for market, position in held]
    return _Bucket(
        value=raw + sum(worths),
        notional=sum(abs(worth) for worth in worths),
        raw=raw,
        margin=sum(_margin_used(account, pair) for pair in held),
    )


def _margin_used(account: Account, held: Held) -> int:
    market, position = held
    if position.isolated_usd is not None:
        return equity.isolated_value(position, market)
    return abs(position.size) * market.mark() // account.leverage_of(market)


def _position(state: Exchange, account: Account, held: Held) -> dict[str, Any]:
    market, position = held
    spec = market.spec
    worth = position.size * market.mark()
    profit = worth - position.cost
    cost = abs(position.cost)
    entry = Fraction(cost, abs(position.size))
    earned = Fraction(profit * account.leverage_of(market), cost) if cost else Fraction(0)
    liquidation = equity.liquidation_price(account, state.markets, spec.name)
    return {
        "coin": spec.name,
        "szi": text.size(position.size, spec),
        "leverage": _leverage(account, market),
        "entryPx": text.between(entry, spec),
        "positionValue": text.money(abs(worth)),
        "unrealizedPnl": text.money(profit),
        "returnOnEquity": fraction_text(earned, _SHOWN_DECIMALS),
        "liquidationPx": None
        if liquidation is None
        else fraction_text(liquidation, _SHOWN_DECIMALS),
        "marginUsed": text.money(_margin_used(account, held)),
        "maxLeverage": spec.max_leverage,
        "cumFunding": {
            "allTime": text.money(position.funding_all_time),
            "sinceOpen": text.money(position.funding_since_open),
            "sinceChange": text.money(position.funding_since_change),
        },
    }
