"""The venue as the router knows it: sessions and requests moved over the network.

Satisfies `router.port.Venue`. Everything that can be decided without the network is decided in
`session`, `identity`, `rules`, `reply`, `outcome` and `trading`; what becomes of orders is the
matter of `children`. Refuses to be used before it was started.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from router.domain.account import AccountSnapshot
from router.domain.error import (
    ConfigError,
    MalformedDataError,
    NotSentError,
    VenueError,
)
from router.domain.funding import FundingSample
from router.domain.market import (
    BookSnapshot,
    MarketTraded,
    PerpContext,
    StreamLost,
    VenueWarned,
)
from router.domain.order import ChildOrder, Replacement, SignedChild
from router.domain.units import AccountId, InstrumentId, VenueId
from router.port import Clock, Emit, Gate, Resolution
from venues.hyperliquid import startup, translate, wire
from venues.hyperliquid.account.agent_watch import AgentWatch
from venues.hyperliquid.account.funding import FundingReader
from venues.hyperliquid.actions.market import Market
from venues.hyperliquid.children import Children
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.exchange import Stamp
from venues.hyperliquid.clients.nonces import NonceSource, mark_of
from venues.hyperliquid.feed.session import SessionEvent
from venues.hyperliquid.feed.stream import Stream
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.spec import VENUE, HyperliquidConfig
from venues.hyperliquid.trading import rules
from venues.hyperliquid.trading.ledger import Ledger
from venues.hyperliquid.trading.news import AccountNews
from venues.hyperliquid.trading.trader import Trader
from venues.hyperliquid.upkeep import Upkeep
from venues.transport.http import HttpClient


class Hyperliquid:
    """One account's access to the venue; `start` first."""

    def __init__(self, config: HyperliquidConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        signer = AgentSigner(config.agent_key, is_mainnet=config.is_mainnet)
        self._seen = Ledger(config.trading_address)
        self._emit: Emit | None = None
        self._tools = startup.Tools(
            config=config,
            clock=clock,
            signer=signer,
            nonces=NonceSource(clock, mark_of(config, signer.address)),
            budget=Budget(clock),
            agent=AgentWatch(signer.address),
            stream=Stream(config, clock, tell=self._hear),
            seen=self._seen,
        )
        self._http: HttpClient | None = None
        self._access: startup.Access | None = None
        self._funding: FundingReader | None = None
        self._gate: Gate | None = None
        self._upkeep = Upkeep(self._tools, warn=self._warn, is_stopped=self._is_stopped)
        self._children: Children | None = None
        self._marks: dict[InstrumentId, int] = {}
        self._oracles: dict[InstrumentId, int] = {}

    @property
    def id(self) -> VenueId:
        """Name of the venue."""
        return VENUE

    @property
    def account(self) -> AccountId:
        """The account whose margin is used."""
        return self._config.account

    @property
    def trader(self) -> Trader:
        """Every kind of order for the same account; after `start`."""
        return self._started.trader

    @property
    def markets(self) -> Mapping[InstrumentId, Market]:
        """The markets of the instruments, as actions name them; after `start`."""
        return self._started.markets

    def obey(self, gate: Gate) -> None:
        """Ask `gate` before sending anything again, and before moving the dead man's switch on."""
        self._gate = gate

    def _is_stopped(self) -> bool:
        return self._gate is not None and self._gate.is_stopped(VENUE, self._config.account)

    def _may_send(self, child: ChildOrder) -> bool:
        return self._gate is None or self._gate.may_send(child)

    # Starting and ending.

    async def start(self) -> None:
        """Check identity, and set leverage where the configuration allows it.

        Raises
        ------
        ConfigError
            If the venue is not the one the configuration names, or cannot be reached.
        """
        self._http = HttpClient(self._config.base_url)
        try:
            self._access = await startup.connect(self._tools, self._http)
            self._children = Children(self._tools, self._access, may_send=self._may_send)
        except (VenueError, MalformedDataError) as error:
            await self.close()
            raise ConfigError(f"url {self._config.base_url}: {error}") from error
        except ConfigError:
            await self.close()
            raise

    async def close(self) -> None:
        """Disarm the dead man's switch and release connections; idempotent."""
        http, self._http = self._http, None
        if http is None:
            return
        if self._children is not None:
            await self._children.close()
        if self._access is not None:
            await self._upkeep.end(self._access)
        await http.close()

    @property
    def _started(self) -> startup.Access:
        assert self._access is not None, "start comes before every request"
        return self._access

    @property
    def _own_children(self) -> Children:
        assert self._children is not None, "start comes before every request"
        return self._children

    # Market data, and what has to be done while it runs.

    async def stream(self, emit: Emit) -> None:
        """Emit snapshots, reconnecting after every loss until cancelled."""
        self._emit = emit
        if self._config.only_watches:
            await self._tools.stream.run()
            return
        upkeep = asyncio.create_task(self._upkeep.run(self._started))
        try:
            await self._tools.stream.run()
        finally:
            upkeep.cancel()
            await asyncio.wait([upkeep])
            if not upkeep.cancelled():
                upkeep.result()  # it goes on until cancelled, unless it is broken

    def _hear(self, event: SessionEvent) -> None:
        assert self._emit is not None, "a stream that was not begun hears nothing"
        match event:
            case BookSnapshot() | MarketTraded():
                self._emit(event)
            case PerpContext():
                self._marks[event.instrument] = event.mark_ticks
                self._oracles[event.instrument] = event.oracle_ticks
                context = rules.with_order_max(event, self._config, self._started.markets)
                self._emit(replace(context, tiers=self._started.tiers[event.instrument]))
            case StreamLost():
                self._emit(event)
                self._started.trader.lost()
                self._started.reader.missed_news()
                self._upkeep.missed_news()
                self._own_children.lost()
            case wire.Posted():
                return
            case _:
                self._hear_news(event)

    def _warn(self, message: str) -> None:
        assert self._emit is not None, "warnings come beside a stream"
        self._emit(VenueWarned(VENUE, message, self._clock.now()))

    def _hear_news(self, news: AccountNews) -> None:
        self._started.trader.hear(news)
        self._started.reader.hear(news)
        self._own_children.hear(news)

    # The account.

    async def read_account(self) -> AccountSnapshot:
        """Return cash, positions and margin now.

        Raises
        ------
        VenueError
            If the venue did not answer in time, or not in a way that can be read.
        """
        return await self._started.reader.read()

    async def read_funding(self) -> tuple[FundingSample, ...]:
        """Return what this venue and two others predict, and what was settled since the last call.

        Raises
        ------
        VenueError
            If the venue did not answer in time, or not in a way that can be read.
        """
        if self._funding is None:
            self._funding = FundingReader(
                self._config, info=self._started.info, clock=self._clock, oracles=self._oracles
            )
        return await self._funding.read()

    # Orders.

    async def sign(self, child: ChildOrder) -> SignedChild:
        """Make the request for a child: an order at the leg's limit.

        Raises
        ------
        NotSentError
            If the child breaks a rule of the venue, or the agent may not sign any more.
        """
        if self._config.only_watches:
            raise NotSentError(VENUE, "there is no key here: it only watches")
        access, now = self._started, self._clock.now()
        action = rules.order_action(child, access.markets, marks=self._marks, now=now)
        self._tools.agent.require_valid(now)
        self._tools.nonces.claim(child.nonce)
        stamp = Stamp(child.nonce, child.deadline_at // translate.NS_PER_MS)
        payload = access.exchange.signed(action, stamp)
        return SignedChild(child.id, translate.cloid(child.id), child.nonce, payload.decode())

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Send the request and return once the venue has taken the order.

        Raises
        ------
        NotSentError
            If the request cannot have arrived.
        RejectedError
            If the venue said no: an immediate order that found nobody to match with, and one that
            must wait and would have traded, are among them.
        InDoubtError
            If the outcome is unknown.
        """
        await self._own_children.submit(child, signed)

    async def resolve(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> Resolution:
        """Ask what became of a child; send the same bytes again if the venue never got them.

        Raises
        ------
        VenueError
            If the venue could not be asked; the outcome stays unknown.
        """
        (signed,) = attempts  # there is nothing to replace here
        return await self._own_children.resolve(child, signed)

    async def replace(
        self, child: ChildOrder, _attempts: tuple[SignedChild, ...], _replacement: Replacement
    ) -> SignedChild:
        """Refuse: an order here holds up no other, and ends by its own deadline."""
        raise NotSentError(VENUE, f"{child.id}: there is nothing to replace at a book")

    async def cancel(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> None:
        """Have the venue cancel a child that waits; each time in a request of its own.

        Raises
        ------
        RejectedError
            If the venue has no such order: it has ended, or never was there, and never will be.
        VenueError
            If nobody knows; it may be asked again.
        """
        (signed,) = attempts
        await self._own_children.cancel(child, signed)
