"""Fills as their owners see them, one by one or joined, and the questions about them.

Two thousand are answered at a time. `userFills` starts with the newest; `userFillsByTime` with the
oldest of its window, so that the last time it shows is where the next page starts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.number import MICRO_DECIMALS, to_text
from venues.sandbox.hyperliquid.order import Fill
from venues.sandbox.hyperliquid.state import Exchange

FILLS_MAX = 2000
REACHABLE_MAX = 10_000
"""Older fills than these are out of the questions' reach."""


def view(state: Exchange, fill: Fill) -> dict[str, Any]:
    """Return one fill."""
    market = state.market(fill.coin)
    spec = market.spec
    decimals = _fee_decimals(market, fill.fee_currency)
    shown = {
        "coin": fill.coin,
        "px": text.price(fill.price, spec),
        "sz": text.size(fill.size, spec),
        "side": text.side(is_buy=fill.is_buy),
        "time": fill.time_ms,
        "startPosition": text.size(fill.start_position, spec),
        "dir": fill.direction,
        "closedPnl": text.money(fill.closed_pnl),
        "hash": fill.action_hash,
        "oid": fill.oid,
        "crossed": fill.crossed,
        "fee": to_text(fill.fee, decimals),
        "tid": fill.trade_id,
        "feeToken": fill.fee_currency,
        "twapId": fill.twap_id,
    }
    if fill.cloid is not None:
        shown["cloid"] = fill.cloid
    if fill.builder_fee:
        shown["builderFee"] = to_text(fill.builder_fee, decimals)
    if fill.liquidation is not None:
        shown["liquidation"] = {
            "liquidatedUser": fill.liquidation.liquidated_user,
            "markPx": text.price(fill.liquidation.mark_price, spec),
            "method": fill.liquidation.method,
        }
    return shown


def views(state: Exchange, fills: Iterable[Fill], *, joined: bool) -> list[dict[str, Any]]:
    """Return fills, those of one crossing order in one block joined if asked."""
    return [view(state, fill) for fill in (_joined(fills) if joined else fills)]


def newest(state: Exchange, account: Account, *, joined: bool = False) -> list[dict[str, Any]]:
    """Return an account's latest fills, newest first."""
    recent = list(islice(reversed(account.fills), FILLS_MAX))
    return views(state, recent, joined=joined)


def user_fills(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `userFills`."""
    account = request.account(state, asked)
    return newest(state, account, joined=request.flag(asked, "aggregateByTime"))


def user_fills_by_time(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `userFillsByTime`; `reversed` starts at the newest fill of the window."""
    chosen = list(_within(state, asked))
    if request.flag(asked, "reversed"):
        chosen.reverse()
    joined = request.flag(asked, "aggregateByTime")
    return views(state, chosen[:FILLS_MAX], joined=joined)


def slice_views(state: Exchange, fills: Iterable[Fill]) -> list[dict[str, Any]]:
    """Return fills of TWAP orders, each beside the number of its TWAP."""
    return [
        {"fill": view(state, fill), "twapId": fill.twap_id}
        for fill in fills
        if fill.twap_id is not None
    ]


def newest_slices(state: Exchange, account: Account) -> list[dict[str, Any]]:
    """Return an account's latest fills of TWAP orders, newest first."""
    return slice_views(state, list(reversed(account.fills)))[:FILLS_MAX]


def user_twap_slice_fills(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `userTwapSliceFills`."""
    return newest_slices(state, request.account(state, asked))


def user_twap_slice_fills_by_time(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `userTwapSliceFillsByTime`."""
    return slice_views(state, list(_within(state, asked)))[:FILLS_MAX]


def _within(state: Exchange, asked: Request) -> Iterator[Fill]:
    start_ms, end_ms = request.window(state, asked)
    reachable = request.account(state, asked).fills[-REACHABLE_MAX:]
    return (fill for fill in reachable if start_ms <= fill.time_ms <= end_ms)


def _joined(fills: Iterable[Fill]) -> Iterator[Fill]:
    # One row for what a crossing order got from several resting ones at once; a resting order that
    # several orders hit keeps its rows.
    group: list[Fill] = []
    for fill in fills:
        if group and not (fill.crossed and _kin(group[0], fill)):
            yield _sum(group)
            group = []
        group.append(fill)
    if group:
        yield _sum(group)


def _kin(first: Fill, second: Fill) -> bool:
    return first.crossed and (first.oid, first.time_ms) == (second.oid, second.time_ms)


def _sum(group: list[Fill]) -> Fill:
    # Price: the average by size, on the grid, half to even. The earliest position opens the row;
    # whether the rows run forwards or backwards, it is the one furthest from where they end.
    first, last = group[0], group[-1]
    if first is last:
        return first
    size = sum(fill.size for fill in group)
    forwards = (last.start_position - first.start_position > 0) == first.is_buy
    return replace(
        first,
        price=round(Fraction(sum(fill.price * fill.size for fill in group), size)),
        size=size,
        start_position=(first if forwards else last).start_position,
        closed_pnl=sum(fill.closed_pnl for fill in group),
        fee=sum(fill.fee for fill in group),
        builder_fee=sum(fill.builder_fee for fill in group),
    )


def _fee_decimals(market: Market | SpotMarket, currency: str) -> int:
    # The ledger counts fees in micro-USD on perpetuals, elsewhere in the token's smallest unit.
    if isinstance(market, Market):
        return MICRO_DECIMALS
    base, quote = market.spec.base, market.spec.quote
    return base.wei_decimals if currency == base.name else quote.wei_decimals
