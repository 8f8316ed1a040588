"""What gateways are told again and again: reports, the risk feed, books, the desk's health."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import orjson

from router.compose.link.control import status_now
from router.compose.link.fields import count, flag, place, text_or
from router.compose.link.linked import Follow, Linked
from router.compose.link.market import book_now
from router.domain.units import DurationNs
from router.gateway.link import Code, Fields, LinkError
from router.gateway.risk_events import PlaceLost
from router.journal import codec

_EVERY_MS: Final = 500
_EVERY_MS_LEAST: Final = 50
_EVERY_MS_MAX: Final = 60_000
_NS_PER_MS: Final = 10**6
_SEQUENCE_MAX: Final = 2**62


async def _reports(link: Linked, fields: Fields) -> AsyncIterator[bytes]:
    after, says_reached = place(fields, "after"), flag(fields, "reached")
    async for report in link.desk.reporting.follow(after, says_reached=says_reached):
        yield report


async def _risk(link: Linked, fields: Fields) -> AsyncIterator[bytes]:
    feed, after = text_or(fields, "feed"), count(fields, "after", 0, most=_SEQUENCE_MAX)
    source = link.desk.feed
    subscription = source.resume(feed, after) if feed else source.subscribe()
    try:
        while (told := await subscription.next()) is not None:
            if isinstance(told, PlaceLost):
                raise LinkError(told.reason, code=Code.LOST)
            body = codec.encode(told.event)
            kind = type(told.event).__name__
            yield orjson.dumps(
                {
                    "feed": told.feed,
                    "sequence": told.sequence,
                    "kind": kind,
                    "event": orjson.loads(body)[kind],
                    "at": str(told.at),
                }
            )
    finally:
        subscription.close()


async def _book(link: Linked, fields: Fields) -> AsyncIterator[bytes]:
    pause = _pause(fields)
    before: dict[str, object] = {}
    while True:
        now = book_now(link, fields)
        if {**now, "at": ""} != before:
            before = {**now, "at": ""}
            yield orjson.dumps(now)
        await link.desk.assembly.clock.sleep(pause)


async def _status(link: Linked, fields: Fields) -> AsyncIterator[bytes]:
    pause = _pause(fields)
    while True:
        yield orjson.dumps(status_now(link))
        await link.desk.assembly.clock.sleep(pause)


def _pause(fields: Fields) -> DurationNs:
    every = count(fields, "every_ms", _EVERY_MS, most=_EVERY_MS_MAX)
    return DurationNs(max(every, _EVERY_MS_LEAST) * _NS_PER_MS)


FOLLOWS: Final[Mapping[str, Follow]] = {
    "reports": _reports,
    "risk": _risk,
    "book": _book,
    "status": _status,
}
