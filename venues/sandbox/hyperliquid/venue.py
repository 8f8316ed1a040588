"""The venue without a network: envelopes in, answers and events out.

`Venue` is a thin face on `Exchange`: it orders the actions of a block, lets time do its work
(scheduled cancels, funding, marks, liquidation, triggers, TWAP slices) before them, and checks that
nothing was made or lost after them. It opens no socket and reads its clock only when it is told to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from venues.sandbox.hyperliquid import actions, clearing
from venues.sandbox.hyperliquid.clearing import delisting
from venues.sandbox.hyperliquid.config import HOUSE_ADDRESS, Agent, Clock, SandboxConfig
from venues.sandbox.hyperliquid.ledger import conservation
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.number import MICRO_DECIMALS, to_scaled, to_text
from venues.sandbox.hyperliquid.order import (
    NO_ACTION_HASH,
    Event,
    LedgerUpdated,
    MarketMoved,
    Stamp,
)
from venues.sandbox.hyperliquid.scene.quotes import quotes
from venues.sandbox.hyperliquid.state import credit, let_act, opened

_BPS = 10_000


class Venue:
    """One exchange: markets, accounts, agents, and a clock it never reads on its own.

    Parameters
    ----------
    config : SandboxConfig
    clock : callable
        Returns milliseconds since the Unix epoch; asked once for each request and each `advance`.
    """

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.state = opened(config, clock())
        self.matching = Matching(self.state)
        self.actions = actions.Actions(self.state, self.matching)
        self._quote_seed = config.seed
        for market in self.state.markets.values():
            self._quote(market, Fraction(market.oracle))
        self._work(self.state.now_ms)
        self.drain()

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Return every account that exists, by lower-case address."""
        return self.state.accounts

    @property
    def markets(self) -> Mapping[str, Market]:
        """Return the perpetuals of every dex, by coin."""
        return self.state.markets

    @property
    def agents(self) -> dict[str, Agent]:
        """Return the keys that act for others, by their own address."""
        return self.state.agents

    def drain(self) -> tuple[Event, ...]:
        """Return what happened since the last call, oldest first."""
        events = tuple(self.state.events)
        self.state.events.clear()
        return events

    # What the venue's users do.

    def exchange(self, body: object) -> dict[str, Any]:
        """Answer a `POST /exchange` body, in a block of its own.

        Raises
        ------
        actions.MalformedError
            The body cannot be deserialised; nothing happened.
        """
        (answer,) = self.block(self.clock(), (body,))
        return answer

    def block(self, now_ms: int, bodies: Sequence[object]) -> list[dict[str, Any]]:
        """Apply `POST /exchange` bodies as one block; return their answers in the order given.

        What sends no order that could take liquidity comes first, cancels second, the rest last;
        within these, the order given.

        Raises
        ------
        actions.MalformedError
            One of them cannot be deserialised; nothing happened.
        """
        envelopes = [actions.read(body) for body in bodies]
        self._work(now_ms)
        answers: dict[int, dict[str, Any]] = {}
        for index in sorted(range(len(envelopes)), key=lambda i: envelopes[i].phase):
            answers[index] = self.actions.apply(envelopes[index], now_ms)
        if envelopes:
            clearing.run(self.state, self.matching, now_ms)
        conservation.check(self.state)
        return [answers[index] for index in range(len(envelopes))]

    # What time does.

    def advance(self) -> int:
        """Do everything that is due and return the current time in milliseconds."""
        now_ms = self.clock()
        self.block(now_ms, ())
        return now_ms

    def _work(self, now_ms: int) -> None:
        self.state.now_ms = now_ms
        self.matching.fire_scheduled(now_ms)
        clearing.run(self.state, self.matching, now_ms)
        self.matching.on_mark(now_ms)
        self.matching.twaps.advance(now_ms)

    # What the rehearsal's director does.

    def deposit(self, address: str, micro_usd: int) -> None:
        """Credit an account, opening it when it is new."""
        address = address.lower()
        credit(self.state, address, micro_usd)
        update = LedgerUpdated(
            account=address,
            delta={"type": "deposit", "usdc": to_text(micro_usd, MICRO_DECIMALS)},
            time_ms=self.state.now_ms,
            action_hash=NO_ACTION_HASH,
        )
        self.state.account(address).ledger_updates.append(update)
        self.state.events.append(update)

    def register_agent(self, agent: Agent) -> None:
        """Let a key trade for its master; a known key changes its master."""
        let_act(self.state, agent)

    def set_oracle(self, coin: str, price_text: str) -> None:
        """Move the oracle price of a coin, and the mark as far as it follows; the book stays."""
        market = self.state.markets[coin]
        price = to_scaled(price_text, market.spec.price_decimals)
        if not price:
            raise ValueError(
                f"px must be positive with at most {market.spec.price_decimals} decimals, "
                f"was {price_text!r}"
            )
        market.set_oracle(price, self.clock())
        self.state.events.append(MarketMoved(coin))
        self.advance()

    def delist(self, coin: str) -> None:
        """Stop the trading of a coin or pair for good: end its orders, settle its positions."""
        stamp = Stamp(self.advance(), NO_ACTION_HASH)
        market = self.state.market(coin)
        self.matching.delist(market, stamp)
        if isinstance(market, Market):
            market.spec = replace(market.spec, is_delisted=True)
            delisting.settle(self.state, market, stamp)
        self.advance()

    def freeze_oracle(self, coin: str, *, is_on: bool) -> None:
        """Let no oracle or mark price of a coin be published, or let them again."""
        self.state.markets[coin].reference.is_frozen = is_on

    def set_funding_rate(self, coin: str, rate: Fraction) -> None:
        """Set the hourly funding rate of a coin, from the next settlement on."""
        self.state.markets[coin].funding_rate = rate
        self.state.events.append(MarketMoved(coin))

    def shift_mid(self, coin: str, bps: int) -> None:
        """Requote the house around a mid moved by `bps`; resting orders in the way are traded."""
        market = self.state.markets[coin]
        self._requote(market, market.indicative() * Fraction(_BPS + bps, _BPS))

    def _requote(self, market: Market, mid: Fraction) -> None:
        house = self.state.account(HOUSE_ADDRESS)
        stamp = Stamp(self.advance(), NO_ACTION_HASH)
        for order in list(house.open_orders.values()):
            if order.coin == market.spec.name:
                self.matching.cancel(order, status="canceled", stamp=stamp)
        self._quote(market, mid)

    def _quote(self, market: Market, mid: Fraction) -> None:
        house = self.state.account(HOUSE_ADDRESS)
        stamp = Stamp(self.state.now_ms, NO_ACTION_HASH)
        for request in quotes(market, mid, self._quote_seed):
            self.matching.place(request, house, market=market, stamp=stamp)
