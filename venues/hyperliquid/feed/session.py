"""One WebSocket connection without a socket: frames in, events and frames out.

Every book frame is a whole snapshot, so a lost one is replaced by the next; what must be noticed is
silence, time that runs backwards, and frames that mean nothing. Each of these ends the session with
a `StreamLost`; a new connection needs a new session. A book or context that was not told for a
while is asked for over the same connection, so that a quiet market and a dead one can be told
apart. Refuses to keep fills: `OrderTouched` only says that an order is worth asking about.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.market import BookSnapshot, PerpContext, StreamLost
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid import translate, wire
from venues.hyperliquid.spec import VENUE, HyperliquidConfig

GREETING: Final = b"Websocket connection established."


@dataclass(frozen=True, slots=True)
class OrderTouched:
    """The venue said something about one of our orders; None where it did not name it."""

    cloid: str | None


SessionEvent: TypeAlias = BookSnapshot | PerpContext | StreamLost | OrderTouched


class _Topic(enum.Enum):
    BOOK = "l2Book"
    CONTEXT = "activeAssetCtx"


_Feed: TypeAlias = tuple[_Topic, str]


class Session:
    """What one connection has said so far.

    Parameters
    ----------
    opened_at : TimestampNs
        When the connection was made; silence is counted from it.
    """

    def __init__(self, config: HyperliquidConfig, *, opened_at: TimestampNs) -> None:
        self._address = config.address
        self._timing = config.timing
        self._instruments: Mapping[str, Instrument] = {i.symbol: i for i in config.instruments}
        feeds = [(topic, coin) for topic in _Topic for coin in self._instruments]
        self._told_at: dict[_Feed, TimestampNs] = dict.fromkeys(feeds, opened_at)
        self._asked_at: dict[_Feed, TimestampNs] = dict.fromkeys(feeds, opened_at)
        self._unseen = set(feeds)
        self._books: dict[str, wire.Book] = {}
        self._pinged_at = opened_at
        self._post_id = 0
        self._lost: StreamLost | None = None

    @property
    def lost(self) -> StreamLost | None:
        """Why the session has ended, or None."""
        return self._lost

    @property
    def is_complete(self) -> bool:
        """Whether every book and context was told at least once."""
        return not self._unseen

    def opening_frames(self) -> tuple[bytes, ...]:
        """Return what to send first: the subscriptions."""
        wanted: list[dict[str, object]] = [
            {"type": topic.value, "coin": coin} for topic, coin in self._told_at
        ]
        wanted += [{"type": kind, "user": self._address} for kind in ("orderUpdates", "userFills")]
        return tuple(wire.encode({"method": "subscribe", "subscription": w}) for w in wanted)

    def receive(self, raw: bytes, *, now: TimestampNs) -> tuple[SessionEvent, ...]:
        """Take one frame and return what it says."""
        assert self._lost is None, "a lost session receives nothing"
        if raw == GREETING:
            return ()
        try:
            return self._frame(wire.table(wire.decode(raw), "frame"), now)
        except MalformedDataError as error:
            return self._lose(f"malformed frame: {error}", now)

    def tick(self, now: TimestampNs) -> tuple[tuple[bytes, ...], tuple[SessionEvent, ...]]:
        """Return the frames that are due by now, and the loss if the silence is too long."""
        assert self._lost is None, "a lost session has no time"
        quiet = min(self._told_at, key=self._told_at.__getitem__)
        silence = now - self._told_at[quiet]
        if silence > self._timing.silence_max:
            topic, coin = quiet
            return (), self._lose(f"no {topic.value} of {coin} for {silence / NS_PER_S:.1f} s", now)
        frames = [self._ask(feed, now) for feed in self._due(now)]
        if now - self._pinged_at >= self._timing.ping_every:
            self._pinged_at = now
            frames.append(wire.encode({"method": "ping"}))
        return tuple(frames), ()

    def _due(self, now: TimestampNs) -> list[_Feed]:
        # One question for all contexts, because the venue answers them together.
        due = [
            feed
            for feed in self._told_at
            if now - max(self._told_at[feed], self._asked_at[feed]) >= self._timing.refresh_after
        ]
        contexts = [feed for feed in due if feed[0] is _Topic.CONTEXT]
        for feed in contexts:
            self._asked_at[feed] = now
        return [feed for feed in due if feed[0] is _Topic.BOOK] + contexts[:1]

    def _ask(self, feed: _Feed, now: TimestampNs) -> bytes:
        self._asked_at[feed] = now
        self._post_id += 1
        topic, coin = feed
        payload: dict[str, object] = {"type": "metaAndAssetCtxs"}
        if topic is _Topic.BOOK:
            payload = {"type": "l2Book", "coin": coin}
        request = {"type": "info", "payload": payload}
        return wire.encode({"method": "post", "id": self._post_id, "request": request})

    def _frame(self, frame: wire.Fields, now: TimestampNs) -> tuple[SessionEvent, ...]:
        channel = wire.text(frame, "channel")
        data = frame.get("data")
        read = {
            "l2Book": self._pushed_book,
            "activeAssetCtx": self._pushed_context,
            "post": self._answer,
            "orderUpdates": self._order_updates,
            "userFills": self._user_fills,
            "error": self._complaint,
        }.get(channel, _nothing)
        return read(data, now)

    def _pushed_book(self, data: object, now: TimestampNs) -> tuple[SessionEvent, ...]:
        told = wire.read_book(data)
        if told == self._books.get(told.coin):
            return ()  # the same moment told twice says nothing new
        before = self._books.get(told.coin)
        if before is not None and told.time_ms < before.time_ms:
            gap = before.time_ms - told.time_ms
            return self._lose(f"the book of {told.coin} went back in time by {gap} ms", now)
        return self._book(told, now)

    def _book(self, told: wire.Book, now: TimestampNs) -> tuple[SessionEvent, ...]:
        instrument = self._instruments.get(told.coin)
        if instrument is None:
            raise MalformedDataError(f"a book of {told.coin}, which was not asked for")
        snapshot = translate.book(told, instrument, now)
        self._books[told.coin] = told
        self._told((_Topic.BOOK, told.coin), now)
        return (snapshot,)

    def _pushed_context(self, data: object, now: TimestampNs) -> tuple[SessionEvent, ...]:
        fields = wire.table(data, "activeAssetCtx")
        return self._context(wire.read_context(wire.text(fields, "coin"), fields.get("ctx")), now)

    def _context(self, told: wire.Context, now: TimestampNs) -> tuple[SessionEvent, ...]:
        instrument = self._instruments.get(told.coin)
        if instrument is None:
            raise MalformedDataError(f"a context of {told.coin}, which was not asked for")
        context = translate.context(told, instrument, now)
        self._told((_Topic.CONTEXT, told.coin), now)
        return (context,)

    def _told(self, feed: _Feed, now: TimestampNs) -> None:
        self._told_at[feed] = now
        self._unseen.discard(feed)

    def _answer(self, data: object, now: TimestampNs) -> tuple[SessionEvent, ...]:
        response = wire.table(wire.table(data, "post").get("response"), "response")
        if wire.text(response, "type") != "info":
            return ()  # refused, by a rate limit for example; silence will tell if it goes on
        payload = wire.table(response.get("payload"), "payload")
        if wire.text(payload, "type") == "l2Book":
            told = wire.read_book(payload.get("data"))
            before = self._books.get(told.coin)
            # A frame pushed while the question was answered is newer and wins.
            return () if before and told.time_ms < before.time_ms else self._book(told, now)
        contexts = wire.read_contexts(payload.get("data"), frozenset(self._instruments))
        return tuple(event for told in contexts for event in self._context(told, now))

    def _order_updates(self, data: object, _now: TimestampNs) -> tuple[SessionEvent, ...]:
        orders = [wire.read_order(item) for item in wire.items(data, "orderUpdates")]
        return tuple(OrderTouched(order.cloid) for order in orders)

    def _user_fills(self, data: object, _now: TimestampNs) -> tuple[SessionEvent, ...]:
        fields = wire.table(data, "userFills")
        executions = wire.read_executions(fields.get("fills"))
        if fields.get("isSnapshot") is True or not executions:
            return ()
        return (OrderTouched(None),)

    def _complaint(self, data: object, now: TimestampNs) -> tuple[SessionEvent, ...]:
        return self._lose(f"the venue says: {data!s:.200}", now)

    def _lose(self, reason: str, now: TimestampNs) -> tuple[StreamLost]:
        self._lost = StreamLost(VENUE, reason, now)
        return (self._lost,)


def _nothing(_data: object, _now: TimestampNs) -> tuple[SessionEvent, ...]:
    return ()  # acknowledgements and pongs, and channels the venue may add
