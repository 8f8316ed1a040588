"""The router's children at the venue: sent, followed to their end, and taken back.

An immediate child is asked about by itself until it has ended. One that waits is told of by the
stream, and asked about with all others that wait. Refuses to retry what is in doubt, except that
`resolve` sends the very same signed bytes again while the venue's nonce makes a second effect
impossible and the order's deadline has not passed; where the venue refuses those, or the child was
to be cancelled meanwhile, it has the nonce used up.
"""

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus

from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from router.domain.order import TERMINAL, ChildOrder, SignedChild, TimeInForce
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.port import Resolution
from venues.hyperliquid import translate, wire
from venues.hyperliquid.clients.reply import no_answer, read_action, readable
from venues.hyperliquid.spec import VENUE
from venues.hyperliquid.startup import Access, Tools
from venues.hyperliquid.trading import outcome, resting, rules
from venues.hyperliquid.trading.cancels import Cancels
from venues.hyperliquid.trading.facts import FillReport
from venues.hyperliquid.trading.news import AccountNews, CancelsTold, FillsTold, OrdersTold
from venues.hyperliquid.trading.resting import Resting, Waiting
from venues.hyperliquid.trading.rounds import Rounds
from venues.transport.error import TransportError


class Children:
    """All children of one account.

    Parameters
    ----------
    may_send : function
        Tells whether bytes of a child may go out once more.
    """

    def __init__(
        self, tools: Tools, access: Access, *, may_send: Callable[[ChildOrder], bool]
    ) -> None:
        self._tools = tools
        self._access = access
        self._may_send = may_send
        self._clock = tools.clock
        self._address = tools.config.trading_address
        self._timing = tools.config.timing
        # What replies said of orders that are not resolved yet, whose nonces were used up when, and
        # who waits for news of which.
        self._accepted: dict[str, wire.Accepted] = {}
        self._used_up: dict[str, TimestampNs] = {}
        self._waiting: dict[str, asyncio.Event] = {}
        self._resting = Resting()
        self._touched: dict[str, asyncio.Event] = {}  # of those that wait at the book
        self._cancels = Cancels(access.exchange)
        self._rounds = Rounds(
            self._resting,
            address=self._address,
            info=access.info,
            opened=access.opened,
            clock=tools.clock,
            take=self._take_fills,
            is_live=self._is_live,
        )

    async def close(self) -> None:
        """End what is being asked."""
        await self._rounds.close()
        await self._cancels.close()

    # Hearing.

    def hear(self, news: AccountNews) -> None:
        """Take news of the account."""
        match news:
            case OrdersTold(reports):
                self._access.opened.changed()
                for report in reports:
                    self._wake(report.cloid)
                    self._touch(self._resting.report(report))
            case FillsTold(fills, is_snapshot):
                self._access.opened.changed()
                self._hear_fills(fills, is_snapshot=is_snapshot)
            case CancelsTold(oids):
                self._access.opened.changed()
                named = self._resting.named(oids)
                self._resting.suspect(named, at=self._clock.now())
                for reference in named:
                    self._touch(reference)
            case _:
                return

    def lost(self) -> None:
        """Take that news may have been missed."""
        self._access.opened.changed()
        self._wake(None)
        self._missed()

    def _missed(self) -> None:
        self._resting.suspect_all(at=self._clock.now())
        for touched in self._touched.values():
            touched.set()

    def _hear_fills(self, fills: tuple[FillReport, ...], *, is_snapshot: bool) -> None:
        is_new = [self._tools.seen.fill(fill) for fill in fills]
        if any(is_new) and not is_snapshot:
            self._wake(None)
        for fill in fills:
            self._touch(self._resting.fill(fill))
        if is_snapshot:
            self._missed()  # the stream begins here, and tells nothing of what was before

    def _take_fills(self, fills: Iterable[FillReport]) -> None:
        for fill in fills:
            self._tools.seen.fill(fill)
            self._resting.fill(fill)

    def _wake(self, cloid: str | None) -> None:
        for reference, event in self._waiting.items():
            if cloid in {None, reference}:
                event.set()

    def _touch(self, reference: str | None) -> None:
        touched = None if reference is None else self._touched.get(reference)
        if touched is not None:
            touched.set()

    def _is_live(self) -> bool:
        return self._tools.stream.is_live

    # Acting.

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
        if child.time_in_force is not TimeInForce.IMMEDIATE:
            self._follow(child, signed)  # news of it may overtake the answer
        try:
            await self._submit(child, signed)
        except (NotSentError, RejectedError):
            self._resting.drop(signed.reference)
            raise

    async def _submit(self, child: ChildOrder, signed: SignedChild) -> None:
        answer = await self._send(signed)
        match answer:
            case wire.Accepted():
                self._take_accepted(child, signed, answer)
            case wire.OrderError(text):
                raise RejectedError(VENUE, f"{child.id}: {text}")
            case wire.RequestError(text):
                # A refusal of this copy says nothing about one that arrived before it.
                if not outcome.is_duplicate(answer) and await self._never_arrived(signed):
                    raise RejectedError(VENUE, f"{child.id}: {text}")

    async def cancel(self, child: ChildOrder, signed: SignedChild) -> None:
        """Have the venue cancel a child that waits.

        One that the venue does not know, and that may be on its way there, has its nonce used up.

        Raises
        ------
        RejectedError
            If the venue has no such order: it has ended, or never was there, and never will be.
        VenueError
            If nobody knows; asked again, it is another request.
        """
        if child.time_in_force is TimeInForce.IMMEDIATE:
            raise RejectedError(VENUE, f"{child.id}: nothing of it waits at the book")
        waiting = self._follow(child, signed)
        waiting.is_cancelled = True
        market = self._access.markets[rules.only_leg(child).instrument.id]
        try:
            told = await self._cancels.cancel(market, signed.reference)
        finally:
            waiting.suspect_at = self._clock.now()
            self._access.opened.changed()
            self._touch(signed.reference)
        if isinstance(told, wire.Done):
            return
        if waiting.word is None and signed.reference not in self._used_up:
            await self._access.exchange.noop(signed.nonce)
            self._used_up[signed.reference] = self._clock.now()
        if signed.reference not in self._touched:
            self._resting.drop(signed.reference)  # nobody asks, and it must not be asked about
        raise RejectedError(VENUE, f"{child.id}: {told.text}")

    def _take_accepted(self, child: ChildOrder, signed: SignedChild, answer: wire.Accepted) -> None:
        if child.time_in_force is TimeInForce.IMMEDIATE:
            self._accepted[signed.reference] = answer
            return
        self._access.opened.changed()
        waiting = self._follow(child, signed)
        self._resting.accept(
            waiting,
            answer.oid,
            filled=answer.size_filled,
            at=self._clock.now(),
            is_live=self._is_live(),
        )

    async def _never_arrived(self, signed: SignedChild) -> bool:
        try:
            return await self._order(signed) is None
        except VenueError as error:
            raise InDoubtError(VENUE, f"refused, and cannot tell why: {error}") from error

    # Resolving.

    async def resolve(self, child: ChildOrder, signed: SignedChild) -> Resolution:
        """Ask what became of a child; send the same bytes again if the venue never got them.

        Of a child that waits, what was not said before is said at once.

        Raises
        ------
        VenueError
            If the venue could not be asked; the outcome stays unknown.
        """
        if child.time_in_force is TimeInForce.IMMEDIATE:
            return await self._resolve_immediate(child, signed)
        touched = self._touched.setdefault(signed.reference, asyncio.Event())
        try:
            return await self._resolve_waiting(self._follow(child, signed), signed, touched)
        finally:
            self._touched.pop(signed.reference, None)

    async def _resolve_immediate(self, child: ChildOrder, signed: SignedChild) -> Resolution:
        give_up_at = self._clock.now() + self._timing.resolve_wait
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
                    self._forget(signed)
                    return found
                if self._clock.now() >= give_up_at:
                    return found
                await _first(touched, self._timing.resolve_poll)
        finally:
            self._waiting.pop(signed.reference, None)

    async def _resolve_waiting(
        self, waiting: Waiting, signed: SignedChild, touched: asyncio.Event
    ) -> Resolution:
        give_up_at = self._clock.now() + self._timing.resting_wait
        may_send = True
        while True:
            touched.clear()
            if self._due_in(waiting) <= 0:
                await self._rounds.join()
            with readable():
                found = resting.resolution(waiting)
            if found is None and waiting.unknown_at is None:
                found = outcome.unknown("the venue was not asked yet")
            elif found is None and waiting.unknown_at is not None:
                found, may_send = await self._missing(
                    waiting.child, signed, asked_at=waiting.unknown_at, may_send=may_send
                )
            assert found is not None, "each case above says something"
            if found.status in TERMINAL:
                self._forget(signed)
                return found
            said = (found.status, len(found.fills))
            if said != waiting.said or self._clock.now() >= give_up_at:
                waiting.said = said
                return found
            left = min(self._due_in(waiting), give_up_at - self._clock.now())
            await _first(touched, DurationNs(max(left, 0)))

    def _due_in(self, waiting: Waiting) -> int:
        moment = resting.due_at(waiting, is_live=self._is_live())
        return self._timing.resting_wait if moment is None else moment - self._clock.now()

    # From here on it is followed; what the stream told of it already counts.
    def _follow(self, child: ChildOrder, signed: SignedChild) -> Waiting:
        known = self._resting.get(signed.reference)
        if known is not None:
            return known
        waiting = self._resting.follow(child, signed.reference)
        for fill in self._tools.seen.of_cloid(signed.reference):
            self._resting.fill(fill)
        return waiting

    def _forget(self, signed: SignedChild) -> None:
        self._accepted.pop(signed.reference, None)
        self._used_up.pop(signed.reference, None)
        self._resting.drop(signed.reference)

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
            executions = await self._access.info.fills(self._address, start_ms=order.placed_ms)
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
            expiry_margin=self._timing.expiry_margin,
            used_up_at=self._used_up.get(signed.reference),
        )
        if settled is not None:
            return settled, may_send
        waiting = self._resting.get(signed.reference)
        is_cancelled = waiting is not None and waiting.is_cancelled
        if not may_send or is_cancelled or not self._may_send(child):
            return await self._use_up(signed), False
        try:
            answer = await self._send(signed)
        except VenueError as error:
            return outcome.unknown(f"sent again: {error}"), True
        if isinstance(answer, wire.Accepted):
            self._take_accepted(child, signed, answer)
        return outcome.sent_again(answer), False

    # The venue refuses the bytes, and a first copy of them may still be on its way: no more.
    async def _use_up(self, signed: SignedChild) -> Resolution:
        try:
            await self._access.exchange.noop(signed.nonce)
        except VenueError as error:
            return outcome.unknown(f"the nonce may be free still: {error}")
        self._used_up[signed.reference] = self._clock.now()
        return outcome.unknown("its nonce is used up; the venue is asked once more")

    async def _order(self, signed: SignedChild) -> wire.Order | None:
        return await self._access.info.child_order(self._address, signed.reference)

    async def _send(self, signed: SignedChild) -> wire.Answer:
        budget = self._tools.budget
        budget.act()
        try:
            reply = await self._access.channel(signed.payload.encode())
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
