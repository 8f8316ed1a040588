import asyncio
from contextlib import asynccontextmanager

from router.domain.command import (
    ObserveAccounts,
    ObserveMarket,
    RaiseAlarm,
    ReportParent,
    ResolveChild,
    SignChild,
    SolveRoute,
)
from router.domain.error import VenueError
from router.domain.event import (
    AccountsObserved,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildSigned,
    MarketObserved,
    ObservationFailed,
    RouteRefused,
    RouteSolved,
)
from router.domain.order import OrderStatus, SignedChild
from router.domain.plan import NoRouteReason
from router.domain.units import ParentId
from router.domain.verdict import Refused
from router.shell.effects import Effects
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, Driver, accounts, order
from tests.unit.shell.floor import BOOK, CONTEXT, HEAD, SNAPSHOT, Floor, run

PARENT = ParentId("parent-one")
OBSERVE = ObserveMarket(PARENT, (POOL.id, PERP.id), (CHAIN, MARGIN))


class Inbox:
    """Events as they are posted."""

    def __init__(self):
        self._queue = asyncio.Queue()

    def post(self, event):
        self._queue.put_nowait(event)

    async def take(self, count=1):
        return [await self._queue.get() for _ in range(count)]

    def is_empty(self):
        return self._queue.empty()


@asynccontextmanager
async def working(floor):
    """Give a way to perform commands, and the events that come of them."""
    inbox = Inbox()
    effects = Effects(floor.reader, floor.solver, clock=floor.clock, post=inbox.post, waiting=list)
    async with asyncio.TaskGroup() as group:
        yield lambda command: effects.perform(command, group), inbox
        effects.cancel()


def performed(floor, *commands, events=1):
    """Perform the commands and return the first so many events."""

    async def work():
        async with working(floor) as (perform, inbox):
            for command in commands:
                perform(command)
            return await inbox.take(events)

    return run(work())


def market_ready():
    floor = Floor()
    for event in (SNAPSHOT, HEAD, BOOK, CONTEXT):
        floor.market.fold(event)
    return floor


def a_child():
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    problem = driver.observe(asked)
    (child,) = driver.solve(problem, (PERP, 4))
    return child, SignedChild(child.id, "ref", child.nonce, "bytes"), problem


def test_a_market_is_observed_once_it_is_there():
    (event,) = performed(market_ready(), OBSERVE)

    assert isinstance(event, MarketObserved)
    assert event.parent == PARENT
    assert event.observation.accounts == accounts()


def test_a_market_that_stays_stale_is_given_up_after_ten_seconds_with_the_reason():
    floor = Floor()
    begun_at = floor.clock.time

    (event,) = performed(floor, OBSERVE)

    assert isinstance(event, ObservationFailed)
    assert "no complete state of the pool yet" in event.reason
    assert floor.clock.time - begun_at == 10 * 10**9


def test_a_plan_or_its_refusal_comes_back_under_the_name_of_its_parent():
    _, _, problem = a_child()
    refusing = Floor()

    async def refuse(_problem):
        return Refused(NoRouteReason.SOLVER, "no")

    refusing.solver.solve = refuse

    (solved,) = performed(Floor(), SolveRoute(problem))
    (refused,) = performed(refusing, SolveRoute(problem))

    assert isinstance(solved, RouteSolved)
    assert isinstance(refused, RouteRefused)
    assert solved.parent == refused.parent == problem.parent
    assert (refused.reason, refused.message) == (NoRouteReason.SOLVER, "no")


def test_a_signature_or_what_stood_in_its_way_comes_back():
    child, _, _ = a_child()
    failing = Floor()
    failing.perp.signs.answers.append(VenueError(PERP.venue, "no key"))

    (signed,) = performed(Floor(), SignChild(child))
    (unsigned,) = performed(failing, SignChild(child))

    assert isinstance(signed, ChildSigned)
    assert signed.signed.nonce == child.nonce
    assert unsigned == ChildNotSent(child.id, "hyperliquid: no key", unsigned.at)


def test_fills_come_before_the_last_word():
    child, signed, _ = a_child()

    first, second = performed(Floor(), ResolveChild(child, signed), events=2)

    assert isinstance(first, ChildFilled)
    assert isinstance(second, ChildEnded)
    assert second.status is OrderStatus.FILLED


def test_a_child_is_asked_for_once_at_a_time_however_often_that_is_commanded():
    child, signed, _ = a_child()
    floor = Floor()

    async def work():
        asked, answer = asyncio.Event(), asyncio.Event()
        resolve = floor.perp.resolve

        async def slowly(*what):
            asked.set()
            await answer.wait()
            return await resolve(*what)

        floor.perp.resolve = slowly
        async with working(floor) as (perform, inbox):
            perform(ResolveChild(child, signed))
            await asked.wait()
            perform(ResolveChild(child, signed))
            answer.set()
            await inbox.take(2)
            perform(ResolveChild(child, signed))
            await inbox.take(2)

    run(work())

    assert len(floor.perp.resolves.calls) == 2


def test_accounts_come_back_with_the_epoch_they_were_asked_at():
    (event,) = performed(Floor(), ObserveAccounts((CHAIN, MARGIN), 7, ()))

    assert event == AccountsObserved(accounts(), 7, event.at)


def test_what_is_only_said_posts_nothing():
    async def work():
        async with working(Floor()) as (perform, inbox):
            perform(RaiseAlarm("one atom is missing"))
            perform(ReportParent(PARENT, OrderStatus.NEW, "accepted"))
            return inbox.is_empty()

    assert run(work())


def test_what_is_under_way_is_stopped_when_told():
    child, signed, _ = a_child()
    floor = Floor()

    async def work():
        asked = asyncio.Event()

        async def never(*_):
            asked.set()
            await asyncio.Event().wait()

        floor.perp.resolve = never
        async with working(floor) as (perform, inbox):
            perform(ResolveChild(child, signed))
            await asked.wait()
        return inbox.is_empty()

    assert run(work())
