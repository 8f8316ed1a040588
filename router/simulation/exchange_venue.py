"""The simulated exchange as a venue: what it says, through a link that may lose or delay it."""

import itertools
from collections.abc import Callable
from typing import Final, TypeVar

from router.domain.account import AccountSnapshot
from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from router.domain.market import MarketTraded, StreamLost
from router.domain.order import (
    ChildOrder,
    Fill,
    OrderStatus,
    Replacement,
    SignedChild,
)
from router.domain.units import (
    NS_PER_S,
    AccountId,
    DurationNs,
    TimestampNs,
    VenueId,
)
from router.port import Emit, Gate, Resolution
from router.simulation.chain_venue import Means
from router.simulation.exchange import TICK_S, Exchange
from router.simulation.link import NoAnswerError, UnreachableError
from router.simulation.town import EXCHANGE, MARGIN, PERP
from router.simulation.virtual_time import VirtualTimeLoop

T = TypeVar("T")

_BEHIND_MAX: Final = DurationNs(NS_PER_S)  # of a replica
# Between clocks, and of a replica: after it, an order that nobody knows can never happen.
_EXPIRY_MARGIN: Final = DurationNs(4 * NS_PER_S)


class ExchangeVenue:
    """Satisfies `router.port.Venue`."""

    def __init__(self, exchange: Exchange, means: Means, loop: VirtualTimeLoop) -> None:
        self._exchange = exchange
        self._means = means
        self._loop = loop
        self._gate: Gate | None = None

    @property
    def id(self) -> VenueId:
        """Name of the venue."""
        return EXCHANGE

    @property
    def account(self) -> AccountId:
        """The margin account."""
        return MARGIN

    def obey(self, gate: Gate) -> None:
        """Ask `gate` before anything that trades is sent."""
        self._gate = gate

    async def start(self) -> None:
        """Do nothing: it is here."""

    async def close(self) -> None:
        """Do nothing: it stays."""

    async def stream(self, emit: Emit) -> None:
        """Emit the book every second; now and then lose the thread."""
        means, traded = self._means, self._exchange.volume_lots
        for count in itertools.count(1):
            if means.rng.random() < means.weather().stream_loss:
                emit(StreamLost(EXCHANGE, "the socket broke", means.clock.now()))
                await means.clock.sleep(DurationNs(NS_PER_S))
            for event in self._exchange.book(means.clock.now()):
                emit(event)
            lots, traded = self._exchange.volume_lots - traded, self._exchange.volume_lots
            if lots:
                emit(MarketTraded(PERP.id, lots, count, self._loop.moment))
            await means.clock.sleep(DurationNs(round(TICK_S * NS_PER_S)))

    async def read_account(self) -> AccountSnapshot:
        """Return the account as a replica has it, with the time of that."""
        clock = self._means.clock
        return await self._ask(
            lambda: self._exchange.account(self._replicated(), clock.now()), InDoubtError
        )

    async def sign(self, child: ChildOrder) -> SignedChild:
        """Sign; nothing is asked for it."""
        if child.deadline_at <= self._means.clock.now():
            raise NotSentError(EXCHANGE, f"{child.id}: its deadline has passed")
        return SignedChild(child.id, f"c-{child.id}", child.nonce, f"bytes of {child.id}")

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Send the order."""
        if self._gate is not None and not self._gate.may_send(child):
            raise NotSentError(EXCHANGE, "the kill switch was set before it was sent")
        said = await self._place(child, signed)
        if said.startswith("error"):
            raise RejectedError(EXCHANGE, f"{child.id}: {said}")
        if said and said != "duplicate nonce":
            # Of this copy alone: another may have arrived before it.
            raise InDoubtError(EXCHANGE, f"{child.id}: {said}")

    async def resolve(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> Resolution:
        """Ask for the order by its name; send it again where the exchange never got it."""
        (signed,) = attempts
        asked_at = self._means.clock.now()
        view = await self._ask(
            lambda: self._exchange.look(signed.reference, self._replicated()), InDoubtError
        )
        if view is not None:
            return self._shown(view.status, view.fills)
        if asked_at - child.deadline_at > _EXPIRY_MARGIN:
            reason = "the exchange does not know it, and its deadline has passed"
            return Resolution(OrderStatus.EXPIRED, (), None, reason)
        if asked_at < child.deadline_at and self._may_send(child):
            return await self._again(child, signed)
        return Resolution(OrderStatus.IN_DOUBT, (), None, "the exchange does not know it")

    async def replace(
        self, child: ChildOrder, _attempts: tuple[SignedChild, ...], _replacement: Replacement
    ) -> SignedChild:
        """Refuse: an order here holds up no other."""
        raise NotSentError(EXCHANGE, f"{child.id}: there is nothing to replace at a book")

    async def cancel(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> None:
        """Cancel by name."""
        names = tuple(each.reference for each in attempts)
        said = await self._ask(lambda: self._exchange.cancel(names[0]), InDoubtError)
        if said:
            raise RejectedError(EXCHANGE, f"{child.id}: {said}")

    # A refusal of a copy that is the first to arrive is the last word, its nonce being unused.
    async def _again(self, child: ChildOrder, signed: SignedChild) -> Resolution:
        said = await self._place(child, signed)
        if said.startswith("error"):
            return Resolution(OrderStatus.REJECTED, (), None, said)
        return Resolution(OrderStatus.IN_DOUBT, (), None, f"sent again: {said or 'accepted'}")

    async def _place(self, child: ChildOrder, signed: SignedChild) -> str:
        self._means.sent(child, signed)
        link, name = self._means.link, signed.reference
        try:
            return await link.ask(lambda: self._exchange.place(name, child))
        except UnreachableError as error:
            raise NotSentError(EXCHANGE, str(error)) from error
        except NoAnswerError as error:
            raise InDoubtError(EXCHANGE, str(error)) from error

    # Trades may be shown later than the order that made them: then it has not ended for us.
    def _shown(self, status: OrderStatus, fills: tuple[Fill, ...]) -> Resolution:
        means = self._means
        if fills and means.rng.random() < means.weather().stale:
            return Resolution(OrderStatus.IN_DOUBT, fills[:-1], None, "fills are missing")
        reason = "" if status is OrderStatus.FILLED else status.value
        return Resolution(status, fills, None, reason)

    def _may_send(self, child: ChildOrder) -> bool:
        return self._gate is None or self._gate.may_send(child)

    # The moment that a replica shows.
    def _replicated(self) -> TimestampNs:
        means = self._means
        behind = 0
        if means.rng.random() < means.weather().stale:
            behind = round(means.rng.random() * _BEHIND_MAX)
        return TimestampNs(self._loop.moment - behind)

    async def _ask(self, question: Callable[[], T], error_type: type[VenueError]) -> T:
        try:
            return await self._means.link.ask(question)
        except (UnreachableError, NoAnswerError) as error:
            raise error_type(EXCHANGE, str(error)) from error
