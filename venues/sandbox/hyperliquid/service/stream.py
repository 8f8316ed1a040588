"""One client's WebSocket conversation, without the socket: text in, text out.

Follows the venue's subscription protocol: plain greeting, acknowledgements with the normal form of
the subscription, errors on channel `error`, snapshot first on user time series, books as whole
snapshots. `bbo` speaks only when the touch changed. Order and user events name no user, as at the
venue. The exception for an unknown coin is kept too: the venue closes the socket without a word.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from venues.sandbox.hyperliquid.actions import wire
from venues.sandbox.hyperliquid.answers import info, views
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.order import (
    Event,
    FillMade,
    FundingSettled,
    MarketMoved,
    NonUserCancelled,
    OrderChanged,
    TradePrinted,
)
from venues.sandbox.hyperliquid.venue import Venue

GREETING = "Websocket connection established."

_COIN_TYPES = frozenset({"l2Book", "bbo", "trades", "activeAssetCtx"})
_USER_TYPES = frozenset({"orderUpdates", "userFills", "userEvents"})
_REPEATED_TYPES = frozenset({"l2Book", "allMids", "activeAssetCtx"})
_MARKET_TYPES = _REPEATED_TYPES | {"bbo"}

Post = Callable[[Any], dict[str, Any] | None]
"""Answers a `post` request with the `response` object, or None to stay silent."""


class UnknownCoinError(Exception):
    """The client subscribed to a coin that does not exist; its socket is to be closed."""


@dataclass(slots=True)
class _Subscription:
    request: dict[str, Any]
    sent_ms: int = 0
    shown: bytes = b""
    due: bool = False


class Stream:
    """The subscriptions of one connection."""

    def __init__(self, venue: Venue, post: Post) -> None:
        self._venue = venue
        self._post = post
        self._subscriptions: dict[str, _Subscription] = {}

    def receive(self, text: str) -> list[str]:
        """Return the frames that answer one frame from the client.

        Raises
        ------
        UnknownCoinError
            The socket must be closed.
        """
        try:
            message = wire.mapping(orjson.loads(text))
            match message.get("method"):
                case "ping":
                    return [_frame({"channel": "pong"})]
                case "post":
                    return self._answer_post(message)
                case "subscribe":
                    return self._subscribe(_normal_form(message.get("subscription")))
                case "unsubscribe":
                    return self._unsubscribe(_normal_form(message.get("subscription")))
                case _:
                    pass
        except (orjson.JSONDecodeError, wire.MalformedError):
            pass
        return [_error(f"Error parsing JSON into valid websocket request: {text}")]

    def subscription_count(self) -> int:
        """Return how many subscriptions the client holds."""
        return len(self._subscriptions)

    def observe(self, events: Iterable[Event]) -> list[str]:
        """Return the frames that tell this client about events, and note which markets moved."""
        frames: list[str] = []
        moved: set[str] = set()
        groups: dict[str, list[Any]] = {}
        for event in events:
            if isinstance(event, MarketMoved):
                moved.add(event.coin)
                continue
            for key in self._interested(event):
                groups.setdefault(key, []).append(event)
        for key, group in groups.items():
            frames += self._tell(self._subscriptions[key].request, group)
        for subscription in self._subscriptions.values():
            coin = subscription.request.get("coin")
            kind = subscription.request["type"]
            if kind in _MARKET_TYPES and moved and (coin is None or coin in moved):
                subscription.due = True
        return frames

    def flush(self, *, now_ms: int) -> list[str]:
        """Return the market frames that are due: something moved, or silence lasted too long."""
        config = self._venue.config
        frames = []
        for subscription in self._subscriptions.values():
            kind = subscription.request["type"]
            age_ms = now_ms - subscription.sent_ms
            repeats = kind in _REPEATED_TYPES and age_ms >= config.repeat_ms
            waits = kind == "l2Book" and age_ms < config.book_interval_ms
            if waits or not (subscription.due or repeats):
                continue
            subscription.due = False
            frame = self._market_frame(subscription, now_ms, repeats=repeats)
            if frame is not None:
                frames.append(frame)
        return frames

    # Subscribing.

    def _subscribe(self, request: dict[str, Any]) -> list[str]:
        if "coin" in request and request["coin"] not in self._venue.markets:
            raise UnknownCoinError(request["coin"])
        key = _frame(request)
        if key in self._subscriptions:
            return [_error(f"Already subscribed: {key}")]
        subscription = _Subscription(request)
        self._subscriptions[key] = subscription
        return [_acknowledgement("subscribe", request), *self._snapshot(subscription)]

    def _unsubscribe(self, request: dict[str, Any]) -> list[str]:
        key = _frame(request)
        if self._subscriptions.pop(key, None) is None:
            return [_error(f"Already unsubscribed: {key}")]
        return [_acknowledgement("unsubscribe", request)]

    def _snapshot(self, subscription: _Subscription) -> list[str]:
        request = subscription.request
        if request["type"] == "userFills":
            user = request["user"]
            account = self._venue.accounts.get(user) or Account(user)
            fills = info.user_fills(self._venue, account)
            data = {"isSnapshot": True, "user": user, "fills": fills}
            return [_frame({"channel": "userFills", "data": data})]
        if request["type"] in _MARKET_TYPES:
            frame = self._market_frame(subscription, self._venue.clock(), repeats=True)
            return [] if frame is None else [frame]
        return []

    # Market data: always the present state, at most one frame a flush.

    def _market_frame(
        self, subscription: _Subscription, now_ms: int, *, repeats: bool
    ) -> str | None:
        data, essence = self._market_data(subscription.request, now_ms)
        shown = orjson.dumps(essence)
        if shown == subscription.shown and not repeats:
            return None
        subscription.shown = shown
        subscription.sent_ms = now_ms
        return _frame({"channel": subscription.request["type"], "data": data})

    def _market_data(self, request: Mapping[str, Any], now_ms: int) -> tuple[Any, Any]:
        # The second value is what has to differ for a frame to be worth sending: all but the time.
        kind = request["type"]
        if kind == "allMids":
            mids = {"mids": views.mids_view(self._venue.markets)}
            return mids, mids
        market = self._venue.markets[request["coin"]]
        if kind == "activeAssetCtx":
            context = views.context_view(market, self._venue.accounts.values())
            return {"coin": request["coin"], "ctx": context}, context
        if kind == "bbo":
            touch = views.bbo_view(market, now_ms)
            return touch, touch["bbo"]
        book = views.book_view(
            market,
            now_ms,
            significant_figures=request["nSigFigs"],
            mantissa=request["mantissa"],
            level_count=views.BOOK_LEVELS_FAST if request["fast"] else views.BOOK_LEVELS,
        )
        return book, book["levels"]

    # Events: every one of them, in order.

    def _interested(self, event: Event) -> Iterable[str]:
        coin, user, kinds = _audience(event)
        for key, subscription in self._subscriptions.items():
            request = subscription.request
            if request["type"] in kinds and (
                request.get("coin") == coin if "coin" in request else request.get("user") == user
            ):
                yield key

    def _tell(self, request: Mapping[str, Any], events: list[Any]) -> list[str]:
        kind = request["type"]
        if kind == "trades":
            shown = [views.trade_view(e.trade, self._spec(e.trade.coin)) for e in events]
            return [_frame({"channel": "trades", "data": shown})]
        if kind == "orderUpdates":
            shown = [self._order_update(event) for event in events]
            return [_frame({"channel": "orderUpdates", "data": shown})]
        if kind == "userFills":
            data = {"user": request["user"], "fills": [self._fill(event) for event in events]}
            return [_frame({"channel": "userFills", "data": data})]
        return [_frame({"channel": "user", "data": data}) for data in self._user_events(events)]

    def _spec(self, coin: str) -> Any:  # noqa: ANN401
        return self._venue.markets[coin].spec

    def _order_update(self, event: OrderChanged) -> dict[str, Any]:
        order = event.order
        return {
            "order": views.order_brief(order, self._spec(order.coin)),
            "status": order.status,
            "statusTimestamp": order.status_ms,
        }

    def _fill(self, event: FillMade) -> dict[str, Any]:
        return views.fill_view(event.fill, self._spec(event.fill.coin))

    def _user_events(self, events: list[Any]) -> Iterable[dict[str, Any]]:
        fills = [self._fill(event) for event in events if isinstance(event, FillMade)]
        if fills:
            yield {"fills": fills}
        cancelled = [
            {"coin": event.coin, "oid": event.oid}
            for event in events
            if isinstance(event, NonUserCancelled)
        ]
        if cancelled:
            yield {"nonUserCancel": cancelled}
        for event in events:
            if isinstance(event, FundingSettled):
                decimals = self._spec(event.coin).size_decimals
                fields = views.funding_fields(event, decimals)
                yield {"funding": {"time": event.time_ms, **fields}}

    def _answer_post(self, message: Mapping[str, Any]) -> list[str]:
        number = wire.integer(message.get("id"))
        response = self._post(message.get("request"))
        if response is None:
            return []
        return [_frame({"channel": "post", "data": {"id": number, "response": response}})]


def _audience(event: Event) -> tuple[str | None, str | None, frozenset[str]]:
    # Coin, user and subscription types that an event is for.
    match event:
        case TradePrinted(trade=trade):
            return trade.coin, None, frozenset({"trades"})
        case OrderChanged(order=order):
            return None, order.account, frozenset({"orderUpdates"})
        case FillMade(fill=fill):
            return None, fill.account, frozenset({"userFills", "userEvents"})
        case FundingSettled(account=account) | NonUserCancelled(account=account):
            return None, account, frozenset({"userEvents"})
        case MarketMoved(coin=coin):
            return coin, None, _MARKET_TYPES


def _normal_form(value: object) -> dict[str, Any]:
    # The subscription with its defaults filled in; also the identity under which it is kept.
    request = wire.mapping(value)
    kind = wire.text(request.get("type"))
    if kind == "allMids":
        return {"type": kind}
    if kind in _USER_TYPES:
        return {"type": kind, "user": wire.address(request.get("user"))}
    if kind not in _COIN_TYPES:
        raise wire.MalformedError
    coin = {"type": kind, "coin": wire.text(request.get("coin"))}
    if kind != "l2Book":
        return coin
    figures, mantissa = info.book_options(request)
    fast = bool(request.get("fast", False))
    return {**coin, "nSigFigs": figures, "mantissa": mantissa, "fast": fast}


def _acknowledgement(method: str, request: dict[str, Any]) -> str:
    data = {"method": method, "subscription": request}
    return _frame({"channel": "subscriptionResponse", "data": data})


def _error(text: str) -> str:
    return _frame({"channel": "error", "data": text})


def _frame(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return orjson.dumps(value).decode()
