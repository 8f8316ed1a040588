import asyncio
from contextlib import asynccontextmanager

from router.domain.command import (
    ObserveAccounts,
    ObserveMarket,
    RaiseAlarm,
    ReplaceChild,
    ReportParent,
    ResolveChild,
    SignChild,
    SolveRoute,
    SubmitChild,
)
from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from router.domain.event import (
    AccountsObserved,
    ChildAcknowledged,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
    MarketObserved,
    ObservationFailed,
    RouteRefused,
    RouteSolved,
)
from router.domain.order import OrderStatus, Replacement, SignedChild, TransactionState
from router.domain.plan import NoRouteReason
from router.domain.units import ParentId
from router.domain.verdict import Refused
from router.port import Resolution
from router.shell.effects import Effects
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, USDC, Driver, accounts, order
from tests.unit.shell.floor import BOOK, CONTEXT, HEAD, SNAPSHOT, Floor, run

PARENT = ParentId("parent-one")
OBSERVE = ObserveMarket(PARENT, (POOL.id, PERP.id), (CHAIN, MARGIN), USDC.id)


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


async def at_once():
    """Assess nothing."""


def free(_child, _act):
    """Forbid nothing."""
    return


@asynccontextmanager
async def working(floor, forbids=free):
    """Give a way to perform commands, and the events that come of them."""
    inbox = Inbox()
    effects = Effects(
        floor.reader,
        floor.solver,
        clock=floor.clock,
        post=inbox.post,
        waiting=list,
        refresh=at_once,
        forbids=forbids,
    )
    async with asyncio.TaskGroup() as group:
        yield lambda command: effects.perform(command, group), inbox
        effects.cancel()


def performed(floor, *commands, events=1, forbids=free):
    """Perform the commands and return the first so many events."""

    async def work():
        async with working(floor, forbids) as (perform, inbox):
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

    first, second = performed(Floor(), ResolveChild(child, (signed,)), events=2)

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
            perform(ResolveChild(child, (signed,)))
            await asked.wait()
            perform(ResolveChild(child, (signed,)))
            answer.set()
            await inbox.take(2)
            perform(ResolveChild(child, (signed,)))
            await inbox.take(2)

    run(work())

    assert len(floor.perp.resolves.calls) == 2


def working_still(*, progress=None, wanted=None):
    return Resolution(OrderStatus.NEW, (), None, "not mined", progress, wanted)


def test_news_of_a_transaction_is_posted_once_for_each_change():
    child, signed, _ = a_child()
    floor = Floor()
    pending, mined = TransactionState.PENDING, TransactionState.MINED
    floor.perp.resolves.answers += [
        working_still(progress=state) for state in (pending, pending, mined, None, mined)
    ]

    told = performed(floor, ResolveChild(child, (signed,)), events=4)

    assert [e.state for e in told[:2]] == [pending, mined]
    assert [type(e) for e in told[2:]] == [ChildFilled, ChildEnded]


def test_a_venue_that_was_silent_and_then_says_it_has_a_child_is_believed_once():
    child, signed, _ = a_child()
    floor = Floor()
    floor.perp.submits.answers.append(InDoubtError("hyperliquid", "no answer in time"))
    floor.perp.resolves.answers += [working_still(), working_still()]

    async def work():
        async with working(floor) as (perform, inbox):
            perform(SubmitChild(child, signed))
            (silent,) = await inbox.take()
            perform(ResolveChild(child, (signed,)))
            return [silent, *await inbox.take(3)]

    told = run(work())

    kinds = [ChildWentSilent, ChildAcknowledged, ChildFilled, ChildEnded]
    assert [type(event) for event in told] == kinds


def test_a_wish_to_replace_is_posted_once_until_it_is_met_and_then_all_attempts_are_asked_for():
    child, signed, _ = a_child()
    floor = Floor()
    floor.perp.resolves.answers += [working_still(wanted=Replacement.BUMP)] * 3

    async def work():
        async with working(floor) as (perform, inbox):
            perform(ResolveChild(child, (signed,)))
            (stuck,) = await inbox.take()
            assert (type(stuck), stuck.wanted) == (ChildStuck, Replacement.BUMP)
            perform(ReplaceChild(child, (signed,), Replacement.BUMP))
            told = await inbox.take(3)
            (replaced,) = (e for e in told if isinstance(e, ChildReplaced))
            return replaced.signed

    second = run(work())

    assert (second.replacement, second.nonce) == (Replacement.BUMP, child.nonce)
    assert floor.perp.replaces.calls == [(child.id, (signed,), Replacement.BUMP)]


def test_the_running_question_takes_in_the_newest_attempt():
    child, signed, _ = a_child()
    floor = Floor()
    second = SignedChild(child.id, "ref-2", child.nonce, "other", Replacement.BUMP)

    async def work():
        async with working(floor) as (perform, inbox):
            asked, answer = asyncio.Event(), asyncio.Event()
            resolve = floor.perp.resolve

            async def slowly(*what):
                asked.set()
                await answer.wait()
                return await resolve(*what)

            floor.perp.resolve = slowly
            floor.perp.resolves.answers.append(working_still())
            perform(ResolveChild(child, (signed,)))
            await asked.wait()
            perform(ResolveChild(child, (signed, second)))
            answer.set()
            await inbox.take(2)

    run(work())

    assert [c[1] for c in floor.perp.resolves.calls] == [(signed,), (signed, second)]


def test_a_replacement_that_is_refused_says_nothing_of_the_first_transaction():
    child, signed, _ = a_child()
    floor = Floor()
    floor.perp.submits.answers += [
        NotSentError(PERP.venue, "the nonce is used"),
        RejectedError(PERP.venue, "too cheap"),
    ]
    second = SignedChild(child.id, "ref-2", child.nonce, "other", Replacement.BUMP)

    told = performed(floor, SubmitChild(child, second), SubmitChild(child, second), events=2)

    assert [type(e) for e in told] == [ChildWentSilent, ChildWentSilent]
    assert signed.replacement is None


def test_what_no_node_takes_was_not_sent_and_what_a_book_refuses_has_ended():
    told = {}
    for instrument, venue in ((POOL, "chain"), (PERP, "perp")):
        driver = Driver()
        driver.start()
        driver.submit(order())
        (child,) = driver.solve(driver.observe(order()), (instrument, 4))
        floor = Floor()
        getattr(floor, venue).submits.answers.append(RejectedError(instrument.venue, "no funds"))
        signed = SignedChild(child.id, "ref", child.nonce, "bytes")
        (told[venue],) = performed(floor, SubmitChild(child, signed))

    assert isinstance(told["chain"], ChildNotSent)
    assert isinstance(told["perp"], ChildEnded)
    assert told["perp"].status is OrderStatus.REJECTED


def test_where_no_replacement_can_be_signed_the_question_goes_on():
    child, signed, _ = a_child()
    never = Floor()
    never.perp.replaces.answers += [NotSentError(PERP.venue, "no price within the cap")] * 30
    unsigned = Floor()
    unsigned.perp.replaces.answers += [NotSentError(PERP.venue, "no connection")] * 30

    (silent,) = performed(never, ReplaceChild(child, (signed,), Replacement.BUMP))
    (not_sent,) = performed(unsigned, ReplaceChild(child, (), Replacement.CANCEL))

    assert isinstance(silent, ChildWentSilent)
    assert isinstance(not_sent, ChildNotSent)


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
            perform(ResolveChild(child, (signed,)))
            await asked.wait()
        return inbox.is_empty()

    assert run(work())
