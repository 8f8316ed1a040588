"""A listener to a sandbox venue: a stream without its socket, and the desk it listens to."""

import orjson

from tests.unit.sandbox.hyperliquid_harness import desk
from venues.sandbox.hyperliquid.service.stream import Stream


class Listener:
    """A stream and the desk it listens to."""

    def __init__(self, trader=None, watch=None):
        self.desk = trader or desk()
        self.stream = Stream(self.desk.venue, watch=watch)

    def say(self, method, kind, **fields):
        message = {"method": method, "subscription": {"type": kind, **fields}}
        return [orjson.loads(f) for f in self.stream.receive(orjson.dumps(message).decode())]

    def subscribe(self, kind, **fields):
        return self.say("subscribe", kind, **fields)

    def hear(self):
        self.desk.venue.advance()
        frames = self.stream.observe(self.desk.venue.drain())
        frames += self.stream.flush(now_ms=self.desk.now_ms)
        return [orjson.loads(frame) for frame in frames]

    def happen(self, event):
        self.desk.venue.state.events.append(event)
        return self.hear()
