"""Subscriptions that tell how things stand: each message is the whole present state of something.

Only what changed is worth a message, and the time in it is no change. Books, mids and contexts are
repeated after a while even so; the account's states are then looked at again, because marks move
them without anybody trading. `fastAssetCtxs` alone tells changes, compressed.
"""

import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from venues.sandbox.hyperliquid.answers import (
    book,
    clearinghouse,
    context,
    holdings,
    interface,
    metadata,
    order,
    request,
    tape,
    text,
    twap,
)
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.service.subscription import Subscription
from venues.sandbox.hyperliquid.state import Exchange

MARKET_KINDS = frozenset(
    {
        "activeAssetCtx",
        "allDexsAssetCtxs",
        "allMids",
        "assetCtxs",
        "bbo",
        "fastAssetCtxs",
        "l2Book",
        "spotAssetCtxs",
    }
)
USER_KINDS = frozenset(
    {
        "activeAssetData",
        "allDexsClearinghouseState",
        "clearinghouseState",
        "openOrders",
        "spotState",
        "twapStates",
        "webData2",
        "webData3",
    }
)
CANDLE = "candle"
"""It is due when its coin traded."""
KINDS = MARKET_KINDS | USER_KINDS | {CANDLE}
REPEATED_KINDS = frozenset({"activeAssetCtx", "allMids", "l2Book"})
"""Sent again after a while even when nothing changed."""

_TIME_KEYS = frozenset({"time", "serverTime"})
_RAW_DEFLATE = -15

Data = Callable[[Exchange, Subscription], Any]


def message(state: Exchange, subscription: Subscription, *, repeats: bool) -> dict[str, Any] | None:
    """Return the message that is due, or None when nothing but the time is new.

    Parameters
    ----------
    repeats : bool
        Send it even so.
    """
    data = _DATA[subscription.kind](state, subscription)
    if data is None:
        return None
    shown = orjson.dumps(_timeless(data))
    if shown == subscription.shown and not repeats:
        return None
    subscription.shown = shown
    return {"channel": _channel(state, subscription), "data": data}


def _timeless(data: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(data, dict):
        return {key: _timeless(value) for key, value in data.items() if key not in _TIME_KEYS}
    if isinstance(data, list):
        return [_timeless(value) for value in data]
    return data


def _channel(state: Exchange, subscription: Subscription) -> str:
    kind = subscription.kind
    if kind == "activeAssetCtx" and subscription.coin in state.spot_markets:
        return "activeSpotAssetCtx"
    return kind


def _market(state: Exchange, subscription: Subscription) -> Market | SpotMarket:
    return state.market(str(subscription.coin))


def _account(state: Exchange, subscription: Subscription) -> Account:
    user = str(subscription.user)
    return state.accounts.get(user) or Account(user)


def _mids(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    dex = subscription.request.get("dex")
    named = {} if dex is None else {"dex": dex}
    return {"mids": book.mids(state, dex or ""), **named}


def _book(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    asked = subscription.request
    is_fast = "fast" in asked
    shown = book.view(
        _market(state, subscription),
        state.now_ms,
        grouping=(asked["nSigFigs"], asked["mantissa"]),
        level_count=book.LEVELS_FAST if is_fast else book.LEVELS,
    )
    return {**shown, "fast": True} if is_fast else shown


def _bbo(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    return book.bbo(_market(state, subscription), state.now_ms)


def _candle(state: Exchange, subscription: Subscription) -> dict[str, Any] | None:
    interval = subscription.request["interval"]
    market = _market(state, subscription)
    candle = market.tape.candle(interval, state.now_ms)
    return None if candle is None else tape.candle_view(candle, market.spec, interval)


def _context(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    market = _market(state, subscription)
    shown = context.perp(market) if isinstance(market, Market) else context.spot(market)
    return {"coin": market.spec.name, "ctx": shown}


def _contexts(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    dex = subscription.request["dex"]
    return {"dex": dex, "ctxs": metadata.contexts_of(state, dex)}


def _all_contexts(state: Exchange, _: Subscription) -> dict[str, Any]:
    return {"ctxs": [[dex, metadata.contexts_of(state, dex)] for dex in request.dex_names(state)]}


def _spot_contexts(state: Exchange, _: Subscription) -> list[dict[str, Any]]:
    return metadata.spot_contexts(state)


def _fast_contexts(state: Exchange, subscription: Subscription) -> str | None:
    # First everything, then of each coin the fields that changed; None when none did.
    before: dict[str, dict[str, str]] = subscription.memory or {}
    after = {coin: _prices(market) for coin, market in _all_markets(state).items()}
    changed = {}
    for coin, prices in after.items():
        known = before.get(coin, {})
        fresh = {key: value for key, value in prices.items() if known.get(key) != value}
        if fresh:
            changed[coin] = fresh
    subscription.memory = after
    return packed(changed) if changed else None


def packed(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a JSON value as base64 of its raw DEFLATE stream."""
    compressor = zlib.compressobj(wbits=_RAW_DEFLATE)
    return b64encode(compressor.compress(orjson.dumps(value)) + compressor.flush()).decode()


def _all_markets(state: Exchange) -> dict[str, Market | SpotMarket]:
    return {**state.markets, **state.spot_markets}


def _prices(market: Market | SpotMarket) -> dict[str, str]:
    shown = {"markPx": text.price(market.mark(), market.spec)}
    mid = market.mid()
    if mid is not None:
        shown["midPx"] = text.between(mid, market.spec)
    return shown


def _tradable(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    market = state.markets[str(subscription.coin)]
    return clearinghouse.tradable(state, _account(state, subscription), market)


def _clearinghouse(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    dex = subscription.request["dex"]
    shown = clearinghouse.view(state, _account(state, subscription), dex)
    return {"dex": dex, "user": subscription.user, "clearinghouseState": shown}


def _all_clearinghouses(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    account = _account(state, subscription)
    states = [[dex, clearinghouse.view(state, account, dex)] for dex in request.dex_names(state)]
    return {"user": subscription.user, "clearinghouseStates": states}


def _spot_state(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    shown = holdings.view(state, _account(state, subscription))
    return {"user": subscription.user, "spotState": shown}


def _open_orders(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    dex = subscription.request["dex"]
    found = order.open_of(state, _account(state, subscription), dex)
    orders = [order.whole(state, one) for one in found]
    return {"dex": dex, "user": subscription.user, "orders": orders}


def _twap_states(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    dex = subscription.request["dex"]
    user = str(subscription.user)
    return {"dex": dex, "user": user, "states": twap.running(state, user, dex)}


def _web_data_2(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    return interface.web_data_2(state, str(subscription.user))


def _web_data_3(state: Exchange, subscription: Subscription) -> dict[str, Any]:
    return interface.web_data_3(state, str(subscription.user))


_DATA: Mapping[str, Data] = {
    "activeAssetCtx": _context,
    "activeAssetData": _tradable,
    "allDexsAssetCtxs": _all_contexts,
    "allDexsClearinghouseState": _all_clearinghouses,
    "allMids": _mids,
    "assetCtxs": _contexts,
    "bbo": _bbo,
    "candle": _candle,
    "clearinghouseState": _clearinghouse,
    "fastAssetCtxs": _fast_contexts,
    "l2Book": _book,
    "openOrders": _open_orders,
    "spotAssetCtxs": _spot_contexts,
    "spotState": _spot_state,
    "twapStates": _twap_states,
    "webData2": _web_data_2,
    "webData3": _web_data_3,
}
