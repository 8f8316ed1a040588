"""A venue that answers what an account reader asks, and counts the questions."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import orjson

from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid.account.reader import AccountReader
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.info import InfoClient
from venues.transport.http import HttpReply

HOUR_MS = 3_600_000
START_MS = 500_000 * HOUR_MS + 10 * 60_000  # ten minutes into an hour


@dataclass
class HandClock:
    at: int = START_MS * 1_000_000

    def now(self):
        return TimestampNs(self.at)

    async def sleep(self, duration):
        self.at += duration


@dataclass
class Venue:
    clock: HandClock
    asked: Counter = field(default_factory=Counter)
    fills: list = field(default_factory=list)
    fundings: list = field(default_factory=list)
    held: str = "0.0"
    spot: list = field(default_factory=list)
    mode: str = "disabled"
    cash: str = "100.0"
    transfers: list = field(default_factory=list)
    orders: list = field(default_factory=list)

    async def post_json(self, _path, body, *, within):
        assert within > 0
        kind = orjson.loads(body)["type"]
        self.asked[kind] += 1
        summary = {
            "accountValue": "100.0",
            "totalNtlPos": "0.0",
            "totalRawUsd": self.cash,
            "totalMarginUsed": "0.0",
        }
        told = {
            "clearinghouseState": {
                "assetPositions": self.positions(),
                "crossMarginSummary": summary,
                "withdrawable": "100.0",
                "time": self.clock.at // 1_000_000,
            },
            "userFunding": self.fundings,
            "userFillsByTime": self.fills,
            "userRateLimit": {"cumVlm": "0.0", "nRequestsUsed": 40, "nRequestsCap": 100},
            "spotClearinghouseState": {"balances": self.spot},
            "userAbstraction": self.mode,
            "userNonFundingLedgerUpdates": self.transfers,
            "openOrders": self.orders,
        }[kind]
        return HttpReply(200, orjson.dumps(told))

    def positions(self):
        leverage = {"type": "cross", "value": 10}
        position = {"coin": "ETH", "szi": self.held, "leverage": leverage}
        return [] if self.held == "0.0" else [{"type": "oneWay", "position": position}]


def row(time_ms, *, trade=1, **changes):
    return {
        "coin": "ETH",
        "px": "2900.5",
        "sz": "0.5",
        "side": "A",
        "time": time_ms,
        "oid": 1,
        "tid": trade,
        "fee": "0.0000015",
        "feeToken": "USDC",
        **changes,
    }


def reader_of(config, venue, *, ledger, **changes):
    """Return a reader that asks the venue."""
    clock = venue.clock
    info = InfoClient(venue, within=NS_PER_S)
    return AccountReader(
        config, info=info, budget=Budget(clock), ledger=ledger, clock=clock, **changes
    )


def read(reader):
    return asyncio.run(reader.read())
