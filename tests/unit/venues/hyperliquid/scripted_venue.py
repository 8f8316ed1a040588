"""A venue that answers from a script and loses what it is told to, and a clock wound by hand."""

from dataclasses import dataclass, field

import orjson

from router.domain.units import NS_PER_S, TimestampNs
from venues.transport.error import UnansweredError
from venues.transport.http import HttpReply


@dataclass
class HandClock:
    at: int = 1_700_000_000 * NS_PER_S

    def now(self):
        return TimestampNs(self.at)

    async def sleep(self, duration):
        self.at += duration


@dataclass
class ScriptedVenue:
    """Keeps orders by our id; `lost` answers to actions, `missed` whole actions, in turn."""

    clock: HandClock
    fates: list = field(default_factory=list)
    actions: list = field(default_factory=list)
    nonces: set = field(default_factory=set)
    orders: dict = field(default_factory=dict)
    fills: list = field(default_factory=list)
    fundings: list = field(default_factory=list)
    oid: int = 100

    async def channel(self, body, /):
        self.clock.at += NS_PER_S // 100
        fate = self.fates.pop(0) if self.fates else "answered"
        told = orjson.loads(body)
        self.actions.append(told["action"]["type"])
        if fate == "missed":
            raise UnansweredError("timeout")
        answer = self.take(told["action"], told["nonce"])
        if fate == "lost":
            raise UnansweredError("timeout")
        return HttpReply(200, orjson.dumps(answer))

    def take(self, action, nonce):
        if nonce in self.nonces:
            return {"status": "err", "response": f"Invalid nonce: duplicate nonce {nonce}"}
        self.nonces.add(nonce)
        match action["type"]:
            case "order":
                return ok("order", {"statuses": [self.rest(o) for o in action["orders"]]})
            case "batchModify":
                return ok("order", {"statuses": [self.modify(m) for m in action["modifies"]]})
            case "cancelByCloid":
                for cancel in action["cancels"]:
                    self.orders[cancel["cloid"]][-1]["status"] = "canceled"
                return ok("cancel", {"statuses": ["success"] * len(action["cancels"])})
            case "twapOrder":
                return ok("twapOrder", {"status": {"running": {"twapId": 7}}})
            case _:
                return {"status": "ok", "response": {"type": "default"}}

    def rest(self, order):
        self.oid += 1
        self.orders.setdefault(order["c"], []).append(
            {
                "order": {
                    "coin": "ETH",
                    "side": "B" if order["b"] else "A",
                    "oid": self.oid,
                    "limitPx": order["p"],
                    "sz": order["s"],
                    "origSz": order["s"],
                    "timestamp": 1,
                    "cloid": order["c"],
                },
                "status": "open",
                "statusTimestamp": 1,
            }
        )
        return {"resting": {"oid": self.oid}}

    def modify(self, change):
        self.orders[change["order"]["c"]][-1]["status"] = "canceled"
        return self.rest(change["order"])

    async def post_json(self, _path, body, *, within):
        assert within > 0
        asked = orjson.loads(body)
        match asked["type"]:
            case "orderStatus":
                return reply(self.status_of(asked["oid"]))
            case "frontendOpenOrders":
                known = [told for told in self.all() if told["status"] == "open"]
                return reply([told["order"] for told in known])
            case "userFillsByTime":
                return reply(self.fills)
            case _:
                return reply(self.fundings)

    def all(self):
        return [told for versions in self.orders.values() for told in versions]

    def status_of(self, reference):
        found = self.orders.get(reference) or [
            told for told in self.all() if told["order"]["oid"] == reference
        ]
        return {"status": "order", "order": found[-1]} if found else {"status": "unknownOid"}


def ok(kind, data):
    return {"status": "ok", "response": {"type": kind, "data": data}}


def reply(value):
    return HttpReply(200, orjson.dumps(value))
