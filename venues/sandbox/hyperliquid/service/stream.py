"""One client's WebSocket conversation, without the socket: text in, text out.

Follows the venue's subscription protocol: plain greeting, acknowledgements with the normal form of
the subscription, errors on channel `error`, snapshot first on user time series, books as whole
snapshots. The exception for an unknown coin is kept too: the venue closes the socket silently.
Requests posted over the socket are not for it: `service.posts` takes them first.
"""

from collections.abc import Iterable
from typing import Any, Protocol

import orjson

from venues.sandbox.hyperliquid.actions.reading import MalformedError
from venues.sandbox.hyperliquid.answers import request
from venues.sandbox.hyperliquid.config import Clock, SandboxConfig
from venues.sandbox.hyperliquid.order import Event, MarketMoved
from venues.sandbox.hyperliquid.service import news, present, subscription
from venues.sandbox.hyperliquid.service.subscription import (
    InvalidSubscriptionError,
    Subscription,
    UnknownCoinError,
)
from venues.sandbox.hyperliquid.service.watch import Watch
from venues.sandbox.hyperliquid.state import Exchange

__all__ = ["GREETING", "Stream", "UnknownCoinError"]

GREETING = "Websocket connection established."

_FAST_BOOK_INTERVAL_MS = 500
"""A book of five levels never waits longer than this, however slow the others are."""


class Venue(Protocol):
    """What is listened to."""

    config: SandboxConfig
    clock: Clock

    @property
    def state(self) -> Exchange:
        """Return everything the venue remembers."""


class Stream:
    """The subscriptions of one connection."""

    def __init__(self, venue: Venue, *, watch: Watch | None = None) -> None:
        self._venue = venue
        self._watch = watch or Watch(venue.config.limits)
        self._subscriptions: dict[str, Subscription] = {}

    def receive(self, text: str) -> list[str]:
        """Return the frames that answer one frame from the client.

        Raises
        ------
        UnknownCoinError
            The socket must be closed.
        """
        try:
            return self._answer(request.mapping(orjson.loads(text)))
        except (orjson.JSONDecodeError, MalformedError):
            return [_error(f"Error parsing JSON into valid websocket request: {text}")]

    def subscription_count(self) -> int:
        """Return how many subscriptions the client holds."""
        return len(self._subscriptions)

    def close(self) -> None:
        """Forget all subscriptions; the connection is gone."""
        for kept in self._subscriptions.values():
            self._watch.remove(kept.user)
        self._subscriptions.clear()

    def observe(self, events: Iterable[Event]) -> list[str]:
        """Return the frames that tell this client about events, and note what they changed."""
        groups: dict[str, list[Event]] = {}
        moved: set[str] = set()
        stirred: set[str] = set()
        for event in events:
            if isinstance(event, MarketMoved):
                moved.add(event.coin)
                continue
            coin, user = news.concerns(event)
            if user is not None:
                stirred.add(user)
            kinds = news.EVENT_KINDS[type(event)]
            for key, kept in self._subscriptions.items():
                if kept.kind in kinds and (
                    kept.coin == coin if user is None else kept.user == user
                ):
                    groups.setdefault(key, []).append(event)
        self._mark_due(moved, stirred)
        frames: list[str] = []
        for key, group in groups.items():
            frames += self._tell_news(self._subscriptions[key], group)
        return frames

    def flush(self, *, now_ms: int) -> list[str]:
        """Return the frames that are due: something moved, or silence lasted too long."""
        frames = []
        for kept in self._subscriptions.values():
            if kept.kind not in present.KINDS:
                continue
            is_late = now_ms - kept.checked_ms >= self._venue.config.repeat_ms
            if self._waits(kept, now_ms) or not (kept.due or is_late):
                continue
            frames += self._tell_present(
                kept, now_ms, repeats=is_late and kept.kind in present.REPEATED_KINDS
            )
        return frames

    def _answer(self, message: dict[str, Any]) -> list[str]:
        try:
            match message.get("method"):
                case "ping":
                    return [_frame({"channel": "pong"})]
                case "subscribe":
                    return self._subscribe(message.get("subscription"))
                case "unsubscribe":
                    return self._unsubscribe(message.get("subscription"))
                case _:
                    raise MalformedError
        except InvalidSubscriptionError:
            return [_error(f"Invalid subscription {_frame(message.get('subscription'))}")]

    # Subscribing.

    def _subscribe(self, asked: object) -> list[str]:
        kept = subscription.read(self._venue.state, asked)
        if kept.key in self._subscriptions:
            return [_error(f"Already subscribed: {kept.key}")]
        refusal = self._watch.refusal(kept.user)
        if refusal is not None:
            return [_error(refusal)]
        self._watch.add(kept.user)
        self._subscriptions[kept.key] = kept
        return [_acknowledgement("subscribe", kept), *self._first(kept)]

    def _unsubscribe(self, asked: object) -> list[str]:
        kept = subscription.read(self._venue.state, asked)
        if self._subscriptions.pop(kept.key, None) is None:
            return [_error(f"Already unsubscribed: {kept.key}")]
        self._watch.remove(kept.user)
        return [_acknowledgement("unsubscribe", kept)]

    def _first(self, kept: Subscription) -> list[str]:
        if kept.kind in present.KINDS:
            return self._tell_present(kept, self._venue.clock(), repeats=True)
        message = news.snapshot(self._venue.state, kept)
        return [] if message is None else [_frame(message)]

    def _tell_news(self, kept: Subscription, events: list[Event]) -> list[str]:
        if kept.kind == present.CANDLE:
            kept.due = True
            return []
        return [_frame(m) for m in news.messages(self._venue.state, kept, events)]

    # The present state: at most one frame a flush.

    def _mark_due(self, moved: set[str], stirred: set[str]) -> None:
        for kept in self._subscriptions.values():
            if kept.kind in present.MARKET_KINDS:
                kept.due |= bool(moved) and (kept.coin is None or kept.coin in moved)
            elif kept.kind in present.USER_KINDS:
                kept.due |= kept.user in stirred

    def _waits(self, kept: Subscription, now_ms: int) -> bool:
        if kept.kind != "l2Book":
            return False
        interval_ms = self._venue.config.book_interval_ms
        if "fast" in kept.request:
            interval_ms = min(interval_ms, _FAST_BOOK_INTERVAL_MS)
        return now_ms - kept.sent_ms < interval_ms

    def _tell_present(self, kept: Subscription, now_ms: int, *, repeats: bool) -> list[str]:
        kept.due = False
        kept.checked_ms = now_ms
        message = present.message(self._venue.state, kept, repeats=repeats)
        if message is None:
            return []
        kept.sent_ms = now_ms
        return [_frame(message)]


def _acknowledgement(method: str, kept: Subscription) -> str:
    data = {"method": method, "subscription": kept.request}
    return _frame({"channel": "subscriptionResponse", "data": data})


def _error(text: str) -> str:
    return _frame({"channel": "error", "data": text})


def _frame(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return orjson.dumps(value).decode()
