"""The venue as the router knows it: sessions and requests moved over the network.

Satisfies `router.port.Venue`. Everything that can be decided without the network is decided in
`session`, `identity`, `rules`, `reply`, `outcome` and `trading`; here are the waits and the
deadlines. Refuses to retry what is in doubt, except that `resolve` sends the very same signed bytes
again while the venue's nonce makes a second effect impossible and the order's deadline has not
passed; where the venue refuses those, it has the nonce used up.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from router.domain.account import AccountSnapshot
from router.domain.error import (
    ConfigError,
    InDoubtError,
    MalformedDataError,
    NotSentError,
    RejectedError,
    VenueError,
)
from router.domain.funding import FundingSample
from router.domain.market import BookSnapshot, PerpContext, StreamLost, VenueWarned
from router.domain.order import TERMINAL, ChildOrder, Replacement, SignedChild
from router.domain.units import NS_PER_S, AccountId, DurationNs, InstrumentId, TimestampNs, VenueId
from router.port import Clock, Emit, Gate, Resolution
from venues.hyperliquid import startup, translate, wire
from venues.hyperliquid.account.agent_watch import AgentWatch
from venues.hyperliquid.account.funding import FundingReader
from venues.hyperliquid.actions.market import Market
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.exchange import Stamp
from venues.hyperliquid.clients.nonces import NonceSource, mark_of
from venues.hyperliquid.clients.reply import no_answer, read_action, readable
from venues.hyperliquid.feed.session import SessionEvent, TradesTold
from venues.hyperliquid.feed.stream import Stream
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.spec import VENUE, HyperliquidConfig
from venues.hyperliquid.trading import outcome, rules
from venues.hyperliquid.trading.ledger import Ledger
from venues.hyperliquid.trading.news import AccountNews, FillsTold, OrdersTold
from venues.hyperliquid.trading.trader import Trader
from venues.hyperliquid.upkeep import Upkeep
from venues.transport.error import TransportError
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
        # What replies said of orders that are not resolved yet, whose nonces were used up when, and
        # who waits for news of which.
        self._accepted: dict[str, wire.Accepted] = {}
        self._used_up: dict[str, TimestampNs] = {}
        self._waiting: dict[str, asyncio.Event] = {}
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
        if self._access is not None:
            await self._upkeep.end(self._access)
        await http.close()

    @property
    def _started(self) -> startup.Access:
        assert self._access is not None, "start comes before every request"
        return self._access

    # Market data, and what has to be done while it runs.

    async def stream(self, emit: Emit) -> None:
        """Emit snapshots, reconnecting after every loss until cancelled."""
        self._emit = emit
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
            case BookSnapshot():
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
                self._wake(None)  # news may have been missed
            case TradesTold() | wire.Posted():
                return
            case _:
                self._hear_news(event)

    def _warn(self, message: str) -> None:
        assert self._emit is not None, "warnings come beside a stream"
        self._emit(VenueWarned(VENUE, message, self._clock.now()))

    def _hear_news(self, news: AccountNews) -> None:
        self._started.trader.hear(news)
        match news:
            case OrdersTold(reports):
                for report in reports:
                    self._wake(report.cloid)
            case FillsTold(fills, is_snapshot):
                is_new = [self._seen.fill(fill) for fill in fills]
                if any(is_new) and not is_snapshot:
                    self._wake(None)
            case _:
                return

    def _wake(self, cloid: str | None) -> None:
        for reference, event in self._waiting.items():
            if cloid in {None, reference}:
                event.set()

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
        """Make the request for a child: an immediate-or-cancel order at the leg's limit.

        Raises
        ------
        NotSentError
            If the child breaks a rule of the venue, or the agent may not sign any more.
        """
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
            If the venue said no; an order that found nobody to match with is among them.
        InDoubtError
            If the outcome is unknown.
        """
        answer = await self._send(signed)
        match answer:
            case wire.Accepted():
                self._accepted[signed.reference] = answer
            case wire.OrderError(text):
                raise RejectedError(VENUE, f"{child.id}: {text}")
            case wire.RequestError(text):
                # A refusal of this copy says nothing about one that arrived before it.
                if not outcome.is_duplicate(answer) and await self._never_arrived(signed):
                    raise RejectedError(VENUE, f"{child.id}: {text}")

    async def _never_arrived(self, signed: SignedChild) -> bool:
        try:
            return await self._order(signed) is None
        except VenueError as error:
            raise InDoubtError(VENUE, f"refused, and cannot tell why: {error}") from error

    async def resolve(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> Resolution:
        """Ask what became of a child; send the same bytes again if the venue never got them.

        Raises
        ------
        VenueError
            If the venue could not be asked; the outcome stays unknown.
        """
        timing, (signed,) = self._config.timing, attempts  # there is nothing to replace here
        give_up_at = self._clock.now() + timing.resolve_wait
        touched = self._waiting.setdefault(signed.reference, asyncio.Event())
        may_send = True
        try:
            while True:
                touched.clear()
                asked_at = self._clock.now()
                found = await self._look(child, signed)
                if found is None:
                    found, may_send = await self._missing(
                        child, signed, asked_at=asked_at, may_send=may_send
                    )
                if found.status in TERMINAL:
                    self._accepted.pop(signed.reference, None)
                    self._used_up.pop(signed.reference, None)
                    return found
                if self._clock.now() >= give_up_at:
                    return found
                await _first(touched, timing.resolve_poll)
        finally:
            self._waiting.pop(signed.reference, None)

    async def replace(
        self, child: ChildOrder, _attempts: tuple[SignedChild, ...], _replacement: Replacement
    ) -> SignedChild:
        """Refuse: an order here holds up no other, and ends by its own deadline."""
        raise NotSentError(VENUE, f"{child.id}: there is nothing to replace at a book")

    async def cancel(self, child: ChildOrder, _attempts: tuple[SignedChild, ...]) -> None:
        """Refuse: nothing of this venue waits at a book."""
        raise RejectedError(self.id, f"{child.id}: nothing waits at a book")

    # What the venue knows of an order, or None where it does not know it.
    async def _look(self, child: ChildOrder, signed: SignedChild) -> Resolution | None:
        order = await self._order(signed)
        if order is None:
            return None
        instrument = rules.only_leg(child).instrument
        accepted = self._accepted.get(signed.reference)
        with readable():
            expected = translate.lots_filled(order, accepted, instrument)
        executions: tuple[wire.Execution, ...] = ()
        if expected:
            executions = await self._started.info.fills(
                self._config.trading_address, start_ms=order.placed_ms
            )
        with readable():
            fills = outcome.read_fills(executions, order, child)
            return outcome.resolution(order, fills, child, expected_lots=expected)

    # The venue does not know the order (yet): send it again where that is harmless and of use.
    async def _missing(
        self, child: ChildOrder, signed: SignedChild, *, asked_at: TimestampNs, may_send: bool
    ) -> tuple[Resolution, bool]:
        if signed.reference in self._accepted:
            return outcome.unknown("accepted, but not shown yet"), may_send
        settled = outcome.unfound(
            asked_at=asked_at,
            deadline_at=child.deadline_at,
            expiry_margin=self._config.timing.expiry_margin,
            used_up_at=self._used_up.get(signed.reference),
        )
        if settled is not None:
            return settled, may_send
        if not may_send or not self._may_send(child):
            return await self._use_up(signed), False
        try:
            answer = await self._send(signed)
        except VenueError as error:
            return outcome.unknown(f"sent again: {error}"), True
        if isinstance(answer, wire.Accepted):
            self._accepted[signed.reference] = answer
        return outcome.sent_again(answer), False

    # The venue refuses the bytes, and a first copy of them may still be on its way: no more.
    async def _use_up(self, signed: SignedChild) -> Resolution:
        try:
            await self._started.exchange.noop(signed.nonce)
        except VenueError as error:
            return outcome.unknown(f"the nonce may be free still: {error}")
        self._used_up[signed.reference] = self._clock.now()
        return outcome.unknown("its nonce is used up; the venue is asked once more")

    async def _order(self, signed: SignedChild) -> wire.Order | None:
        address = self._config.trading_address
        return await self._started.info.child_order(address, signed.reference)

    async def _send(self, signed: SignedChild) -> wire.Answer:
        budget = self._tools.budget
        budget.act()
        try:
            reply = await self._started.channel(signed.payload.encode())
        except TransportError as error:
            raise no_answer(error) from error
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            budget.overdrawn()
        answer = read_action(reply, wire.read_answer)
        if isinstance(answer, wire.RequestError):
            budget.refused(answer.text)
        return answer


async def _first(event: asyncio.Event, wait: DurationNs) -> None:
    try:
        async with asyncio.timeout(wait / NS_PER_S):
            await event.wait()
    except TimeoutError:
        return
