"""The sandbox's state, matching and clearing without envelopes: a floor to trade on in tests."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from venues.sandbox.hyperliquid import clearing
from venues.sandbox.hyperliquid.config import BTC, ETH, SandboxConfig
from venues.sandbox.hyperliquid.ledger import conservation
from venues.sandbox.hyperliquid.market.reference import ReferencePrices
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.number import MICRO, normalised, to_text
from venues.sandbox.hyperliquid.order import (
    NO_ACTION_HASH,
    FillMade,
    OrderRequest,
    Stamp,
    TimeInForce,
    TriggerRequest,
)
from venues.sandbox.hyperliquid.state import opened

OPENED_MS = 1_700_000_000_000
PLAIN = SandboxConfig(coins=(BTC, ETH), accounts=(), agents=())


class Floor:
    """Accounts by short names, prices and sizes in the grids' own units."""

    def __init__(self, *, now_ms: int = OPENED_MS, **changes: Any):
        self.state = opened(replace(PLAIN, **changes), now_ms)
        self.matching = Matching(self.state)
        self.now_ms = now_ms
        self.elsewhere: dict[str, int] = {}
        clearing.run(self.state, self.matching, now_ms)

    @property
    def stamp(self):
        return Stamp(self.now_ms, NO_ACTION_HASH)

    def market(self, coin: str):
        return self.state.market(coin)

    def account(self, name: str):
        return self.state.account(address(name))

    def open(self, name: str, usd: Fraction | int, dex: str = ""):
        account = self.account(name)
        micro_usd = int(usd * MICRO)
        account.usd[dex] = account.usd.get(dex, 0) + micro_usd
        self.state.till.paid_in += micro_usd
        return account

    def house(self):
        house = self.account("house")
        house.is_margined = False
        return house

    def follow(self, coin: str):
        """Let oracle and perpetuals elsewhere stand where `elsewhere` says."""
        market = self.market(coin)
        self.elsewhere[coin] = market.oracle
        market.reference.oracle_source = lambda _: ReferencePrices(
            spot={"Binance": self.elsewhere[coin]},
            perps={"Binance": self.elsewhere[coin]},
        )

    def move(self, coin: str, price: int):
        """Let the world trade at `price` and publish it; the mark follows.

        The oracle and the perpetuals elsewhere are two of the mark's three components.
        """
        self.elsewhere[coin] = price
        self.advance(3_000)

    def put_mark(self, coin: str, price: int):
        """Set a mark as if it had been published last, and let clearing look at the accounts."""
        market = self.market(coin)
        market.reference.is_frozen = True
        market.previous_mark, market.marked = market.marked, price
        market.is_remarked = True
        self.advance(0)

    def advance(self, elapsed_ms: int):
        self.now_ms += elapsed_ms
        self.state.now_ms = self.now_ms
        clearing.run(self.state, self.matching, self.now_ms)
        conservation.check(self.state)

    def order(
        self,
        name: str,
        coin: str,
        *,
        size: int,
        price: int,
        tif: TimeInForce | None = TimeInForce.GTC,
        reduce_only: bool = False,
        trigger: TriggerRequest | None = None,
        **rest: Any,
    ):
        """Place an order; a negative size sells."""
        market = self.market(coin)
        spec = market.spec
        request = OrderRequest(
            asset=market.asset,
            is_buy=size > 0,
            price_text=normalised(to_text(price, spec.price_decimals)),
            size_text=normalised(to_text(abs(size), spec.size_decimals)),
            reduce_only=reduce_only,
            time_in_force=None if trigger else tif,
            cloid=None,
            trigger=trigger,
        )
        return self.matching.place(
            request, self.account(name), market=market, stamp=self.stamp, **rest
        )

    def trade(self, buyer: str, seller: str, coin: str, *, size: int, price: int):
        """Let two accounts trade with each other, the buyer resting."""
        resting = self.order(buyer, coin, size=size, price=price)
        assert resting.refusal is None, resting.refusal
        taken = self.order(seller, coin, size=-size, price=price, tif=TimeInForce.IOC)
        assert taken.refusal is None, taken.refusal
        assert taken.size == size

    def position(self, name: str, coin: str):
        return self.account(name).position(coin)

    def fills(self, name: str):
        return self.account(name).fills

    def drain(self):
        events = tuple(self.state.events)
        self.state.events.clear()
        return events

    def fill_events(self):
        return [event.fill for event in self.drain() if isinstance(event, FillMade)]


def address(name: str) -> str:
    return name if name.startswith("0x") else "0x" + name.encode().hex().rjust(40, "0")
