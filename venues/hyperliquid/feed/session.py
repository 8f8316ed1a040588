"""One WebSocket connection without a socket: frames in, events and frames out.

Every book frame is a whole snapshot, so a lost or late one is replaced by the next; newer best
prices are laid over it. What must be noticed is silence, venue time that stands still, and frames
that mean nothing. Each of these ends the session with a `StreamLost`; a new connection needs a new
session. A book or context that was not told for a while is asked for over the same connection, so
that a quiet market and a dead one can be told apart. News of the account is passed on as it comes:
refuses to keep any, or to tell what is told twice from what is new.
"""

import enum
from collections.abc import Mapping
from typing import Final, TypeAlias

from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.market import BookSnapshot, MarketTraded, PerpContext, StreamLost
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid import translate, wire
from venues.hyperliquid.feed import top_of_book
from venues.hyperliquid.feed.book_feed import BookFeed
from venues.hyperliquid.spec import VENUE, HyperliquidConfig
from venues.hyperliquid.trading import news
from venues.hyperliquid.trading.news import AccountNews

GREETING: Final = b"Websocket connection established."
POSTS_MAX: Final = 100  # in flight, of this address of the network


SessionEvent: TypeAlias = (
    BookSnapshot | PerpContext | StreamLost | AccountNews | MarketTraded | wire.Posted
)


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
        self._address = config.trading_address
        self._timing = config.timing
        self._instruments: Mapping[str, Instrument] = {i.symbol: i for i in config.instruments}
        feeds = [(topic, coin) for topic in _Topic for coin in self._instruments]
        self._told_at: dict[_Feed, TimestampNs] = dict.fromkeys(feeds, opened_at)
        self._asked_at: dict[_Feed, TimestampNs] = dict.fromkeys(feeds, opened_at)
        self._unseen = set(feeds)
        self._feeds = {i.symbol: BookFeed(i) for i in config.instruments}
        self._books: dict[str, BookSnapshot] = {}
        self._tops: dict[str, top_of_book.Top] = {}
        self._moved_at = dict.fromkeys(self._instruments, opened_at)  # the venue's own time
        self._watches_trades = config.watch_trades
        self._pinged_at = opened_at
        self._post_id = 0
        self._posted: set[int] = set()  # actions that were not answered
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
        per_coin = ["l2Book", "bbo", "activeAssetCtx"] + ["trades"] * self._watches_trades
        wanted: list[dict[str, object]] = [
            {"type": kind, "coin": coin} for kind in per_coin for coin in self._instruments
        ]
        wanted += [{"type": kind, "user": self._address} for kind in news.SUBSCRIPTIONS]
        wanted.append({"type": "clearinghouseState", "user": self._address, "dex": ""})
        return tuple(wire.encode({"method": "subscribe", "subscription": w}) for w in wanted)

    def post(self, request: wire.Fields) -> tuple[int, bytes] | None:
        """Return the frame that carries a signed request, and the id its answer will have.

        None where as many as the venue allows are in flight already.
        """
        if self._lost is not None or len(self._posted) >= POSTS_MAX:
            return None
        self._post_id += 1
        self._posted.add(self._post_id)
        message = {"method": "post", "id": self._post_id, "request": request}
        return self._post_id, wire.encode(message)

    def given_up(self, post_id: int) -> None:
        """Take that nobody waits for the answer to a post any more."""
        self._posted.discard(post_id)

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
        still = min(self._moved_at, key=self._moved_at.__getitem__)
        rest = now - self._moved_at[still]
        if rest > self._timing.silence_max:
            words = f"the venue's time of {still} has stood still for {rest / NS_PER_S:.1f} s"
            return (), self._lose(words, now)
        frames = [self._ask(feed, now) for feed in self._due(now)]
        if now - self._pinged_at >= self._timing.ping_every:
            self._pinged_at = now
            frames.append(wire.encode({"method": "ping"}))
        return tuple(frames), ()

    def _due(self, now: TimestampNs) -> list[_Feed]:
        # One question for all contexts, because the venue answers them together.
        waits = {
            _Topic.BOOK: self._timing.refresh_after,
            _Topic.CONTEXT: self._timing.context_refresh_after,
        }
        due = [
            feed
            for feed in self._told_at
            if now - max(self._told_at[feed], self._asked_at[feed]) >= waits[feed[0]]
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
        told = news.read(channel, data, address=self._address)
        if told is not None:
            return told
        read = {
            "l2Book": self._pushed_book,
            "bbo": self._pushed_top,
            "activeAssetCtx": self._pushed_context,
            "trades": self._trades,
            "post": self._answer,
            "error": self._complaint,
        }.get(channel, _nothing)
        return read(data, now)

    def _pushed_book(self, data: object, now: TimestampNs) -> tuple[SessionEvent, ...]:
        coin, told = self._read_book(data, now)
        before = self._books.get(coin)
        if before is not None and told.at_venue <= before.at_venue:
            is_late = told.at_venue < before.at_venue
            if is_late or (told.bids, told.asks) == (before.bids, before.asks):
                return ()  # overtaken by a newer one, or the same moment told twice
        return self._book(coin, told)

    def _pushed_top(self, data: object, _now: TimestampNs) -> tuple[SessionEvent, ...]:
        told = wire.read_best_prices(data)
        instrument = self._instruments.get(told.coin)
        if instrument is None:
            raise MalformedDataError(f"best prices of {told.coin}, which were not asked for")
        top, before = top_of_book.read(told, instrument), self._tops.get(told.coin)
        if before is not None and top[0] <= before[0]:
            return ()
        self._tops[told.coin] = top
        book = self._books.get(told.coin)
        if book is None or top[0] <= book.at_venue:
            return ()
        return (top_of_book.overlay(book, top),)

    def _read_book(self, data: object, now: TimestampNs) -> tuple[str, BookSnapshot]:
        coin = wire.text(wire.table(data, "l2Book"), "coin")
        feed = self._feeds.get(coin)
        if feed is None:
            raise MalformedDataError(f"a book of {coin}, which was not asked for")
        return coin, feed.fold(data, now)

    def _book(self, coin: str, told: BookSnapshot) -> tuple[SessionEvent, ...]:
        before = self._books.get(coin)
        if before is None or told.at_venue > before.at_venue:
            self._moved_at[coin] = told.received_at
        self._books[coin] = told
        self._told((_Topic.BOOK, coin), told.received_at)
        return (top_of_book.overlay(told, self._tops.get(coin)),)

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

    def _trades(self, data: object, _now: TimestampNs) -> tuple[SessionEvent, ...]:
        found = []
        for told in wire.read_trades(data):
            instrument = self._instruments.get(told.coin)
            if instrument is None:
                raise MalformedDataError(f"trades of {told.coin}, which were not asked for")
            found.append(translate.trade(told, instrument))
        return tuple(found)

    def _told(self, feed: _Feed, now: TimestampNs) -> None:
        self._told_at[feed] = now
        self._unseen.discard(feed)

    def _answer(self, data: object, now: TimestampNs) -> tuple[SessionEvent, ...]:
        posted = wire.read_posted(data)
        if posted.id in self._posted:
            self._posted.discard(posted.id)
            return (posted,)
        if posted.kind != "info":
            return ()  # refused, by a rate limit for example; silence will tell if it goes on
        payload = wire.table(posted.payload, "payload")
        if wire.text(payload, "type") == "l2Book":
            coin, told = self._read_book(payload.get("data"), now)
            before = self._books.get(coin)
            # A frame pushed while the question was answered is newer and wins.
            return () if before and told.at_venue < before.at_venue else self._book(coin, told)
        contexts = wire.read_contexts(payload.get("data"), frozenset(self._instruments))
        return tuple(event for told in contexts for event in self._context(told, now))

    def _complaint(self, data: object, now: TimestampNs) -> tuple[SessionEvent, ...]:
        return self._lose(f"the venue says: {data!s:.200}", now)

    def _lose(self, reason: str, now: TimestampNs) -> tuple[StreamLost]:
        self._lost = StreamLost(VENUE, reason, now)
        return (self._lost,)


def _nothing(_data: object, _now: TimestampNs) -> tuple[SessionEvent, ...]:
    return ()  # acknowledgements and pongs, and channels the venue may add
