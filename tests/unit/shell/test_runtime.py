import asyncio
from dataclasses import replace

import pytest

from router.domain.basket import Basket
from router.domain.error import (
    InDoubtError,
    NotSentError,
    OrderError,
    RejectedError,
    VenueError,
)
from router.domain.event import (
    BasketSubmitted,
    ChildNotSent,
    ChildWentSilent,
    EngineStarted,
    HourStruck,
    ParentSubmitted,
)
from router.domain.market import BlockRef, ChainReorganised, StreamLost
from router.domain.order import OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.quote import BoundQuote
from router.domain.units import Amount, BasketId, Pips, QuoteId, TimestampNs
from router.domain.verdict import Refused
from router.port import Resolution
from router.shell import store
from router.state.world import Phase
from tests.unit.engine.scene import ETH, ETHER, PERP, POOL, T0, Driver, order, plan
from tests.unit.shell.floor import Floor, events, fills_of, kinds, opened, replayed, run, work


def test_an_order_goes_from_submission_to_reconciled_and_the_journal_replays_to_the_same(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()

    world = run(work(floor, path, asked))

    parent = world.parents[asked.id]
    assert (parent.status, parent.phase) == (OrderStatus.FILLED, Phase.DONE)
    assert world.reconciliation.differences == ()
    assert [len(v.submits.calls) for v in (floor.perp, floor.chain)] == [1, 1]
    result = replayed(path)
    assert result.world == world
    assert result.records_count == len(list(store.read(path)))


def test_nothing_is_sent_before_its_record_is_durable(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()
    on_disk = []

    async def watched():
        async with opened(path) as journal, floor.running(journal) as runtime:
            for venue in (floor.chain, floor.perp):
                venue.submit = seeing(venue.submit)
            runtime.submit(asked)
            await runtime.finished(asked.id)

    def seeing(submit):
        async def look_first(child, signed):
            on_disk.append((child.id, kinds(path)))
            await submit(child, signed)

        return look_first

    run(watched())

    assert len(on_disk) == 2
    for count, (_, found) in enumerate(on_disk, start=1):
        assert found.count("ChildSigned") == count


def test_a_child_that_goes_silent_is_asked_for_and_never_sent_again(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()
    floor.perp.submits.answers.append(InDoubtError(PERP.venue, "no answer"))

    world = run(work(floor, path, asked))

    assert world.parents[asked.id].status is OrderStatus.FILLED
    assert len(floor.perp.submits.calls) == 1
    assert len(floor.perp.resolves.calls) == 1
    assert any(isinstance(e, ChildWentSilent) for e in events(path))
    assert world.reconciliation.differences == ()


def test_a_venue_that_cannot_say_is_asked_until_it_can_at_a_growing_pace(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order(4, venues=(PERP.venue,))
    unknown = Resolution(OrderStatus.IN_DOUBT, (), None, "not seen yet")
    floor.perp.resolves.answers.extend([VenueError(PERP.venue, "unreachable")] * 3 + [unknown] * 3)

    world = run(work(floor, path, asked))

    assert world.parents[asked.id].status is OrderStatus.FILLED
    assert len(floor.perp.resolves.calls) == 7
    # 50, 100, 200, 400, 800 and 1,600 milliseconds between the seven.
    assert floor.clock.time - T0 == 3_150 * 10**6


def test_a_partial_fill_is_told_once_and_counted_once_however_often_it_is_repeated(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order(4, venues=(PERP.venue,))
    seen = {}

    async def resolve(child, _signed):
        (whole,) = fills_of(child)
        first, second = (
            replace(
                whole,
                id=name,
                quantity=Amount(ETH.id, 2 * ETHER),
                notional=replace(whole.notional, atoms=whole.notional.atoms // 2),
            )
            for name in ("a", "b")
        )
        seen["asked"] = seen.get("asked", 0) + 1
        if seen["asked"] < 3:
            return Resolution(OrderStatus.PARTIALLY_FILLED, (first,), None, "")
        return Resolution(OrderStatus.FILLED, (first, second), None, "")

    floor.perp.resolve = resolve
    world = run(work(floor, path, asked))

    (child,) = world.children.values()
    assert [fill.id for fill in child.fills] == ["a", "b"]
    assert world.parents[asked.id].status is OrderStatus.FILLED
    assert world.reconciliation.differences == ()


@pytest.mark.parametrize("step", ["signs", "submits"])
def test_what_was_not_sent_is_planned_again(tmp_path, step):
    floor, path, asked = Floor(), tmp_path / "a.journal", order(4, venues=(PERP.venue,))
    getattr(floor.perp, step).answers.append(NotSentError(PERP.venue, "would not leave"))

    world = run(work(floor, path, asked))

    assert world.parents[asked.id].status is OrderStatus.FILLED
    assert len(floor.solver.problems) == 2
    assert sum(isinstance(e, ChildNotSent) for e in events(path)) == 1
    assert world.reconciliation.differences == ()


def test_a_venue_that_says_no_in_every_round_ends_the_order_with_its_words(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order(4, venues=(PERP.venue,))
    floor.perp.submits.answers.extend([RejectedError(PERP.venue, "tick size")] * 2)

    world = run(work(floor, path, asked))

    parent = world.parents[asked.id]
    assert parent.status is OrderStatus.REJECTED
    assert "tick size" in parent.reason
    assert len(floor.perp.submits.calls) == 2
    assert floor.perp.resolves.calls == []


def test_no_route_ends_the_order_with_the_solvers_words(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()

    async def refuse(_problem):
        return Refused(NoRouteReason.LIMIT_PRICE, "limit_price is too tight")

    floor.solver.solve = refuse
    world = run(work(floor, path, asked))

    parent = world.parents[asked.id]
    assert (parent.status, parent.reason) == (OrderStatus.REJECTED, "limit_price is too tight")
    assert floor.perp.submits.calls == floor.chain.submits.calls == []


def test_accounts_that_cannot_be_read_are_read_again(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order(4, venues=(PERP.venue,))
    floor.chain.reads.answers.extend([VenueError(POOL.venue, "down")] * 2)
    floor.perp.reads.answers.append(VenueError(PERP.venue, "down"))

    world = run(work(floor, path, asked))

    assert world.parents[asked.id].status is OrderStatus.FILLED


def test_a_market_that_never_comes_ends_the_order_with_what_is_missing(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()
    floor.perp.opening = ()

    world = run(work(floor, path, asked))

    parent = world.parents[asked.id]
    assert parent.status is OrderStatus.REJECTED
    assert "no book or no mark price yet" in parent.reason
    assert floor.solver.problems == []


def gap():
    """Return a reorganisation that goes further back than anything is remembered."""
    return ChainReorganised(POOL.venue, BlockRef(1, "0x01", "0x00", T0), T0)


def test_a_gap_starts_the_stream_over_and_orders_are_planned_on_the_fresh_snapshot(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()

    async def interrupted():
        async with opened(path) as journal, floor.running(journal) as runtime:
            await floor.chain.streamed(1)
            floor.chain.emit(gap())
            broken = floor.market.missing(floor.clock.now())
            await floor.chain.streamed(2)
            runtime.submit(asked)
            await runtime.finished(asked.id)
            return broken, runtime.world

    broken, world = run(interrupted())

    assert broken is not None
    assert POOL.id in broken
    assert floor.chain.streams_count == 2
    assert floor.perp.streams_count == 1
    assert world.parents[asked.id].status is OrderStatus.FILLED


def test_several_gaps_in_one_go_leave_one_stream_alive(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()

    async def interrupted():
        async with opened(path) as journal, floor.running(journal) as runtime:
            await floor.chain.streamed(1)
            for _ in range(3):
                floor.chain.emit(gap())
            await floor.chain.streamed(2)
            runtime.submit(asked)
            await runtime.finished(asked.id)
            return runtime.world.parents[asked.id].status

    assert run(interrupted()) is OrderStatus.FILLED
    assert floor.chain.streams_count == 2


def test_a_lost_stream_makes_its_market_unknown_until_it_speaks_again(tmp_path):
    floor, path = Floor(), tmp_path / "a.journal"

    async def interrupted():
        async with opened(path) as journal, floor.running(journal):
            await floor.perp.streamed(1)
            await floor.chain.streamed(1)
            before = floor.market.missing(floor.clock.now())
            floor.perp.emit(StreamLost(PERP.venue, "gone", T0))
            lost = floor.market.missing(floor.clock.now())
            for event in floor.perp.opening:
                floor.perp.emit(event)
            return before, lost, floor.market.missing(floor.clock.now())

    before, lost, after = run(interrupted())

    assert (before, after) == (None, None)
    assert PERP.id in lost


def test_the_same_order_again_is_the_same_order_whenever_it_comes(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()
    later = replace(
        asked,
        deadline_at=TimestampNs(asked.deadline_at + 1),
        submitted_at=TimestampNs(asked.submitted_at + 1),
    )

    async def twice():
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.submit(asked)
            runtime.submit(later)
            await runtime.finished(asked.id)
            runtime.submit(later)
            again = await runtime.finished(asked.id)
            return again, runtime.world

    again, world = run(twice())

    assert again.status is OrderStatus.FILLED
    assert len(world.parents) == 1
    assert sum(isinstance(e, ParentSubmitted) for e in events(path)) == 1


def test_the_same_name_for_another_order_is_refused(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()

    async def twice():
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.submit(asked)
            with pytest.raises(OrderError, match="stands for another order already"):
                runtime.submit(replace(asked, quantity=Amount(ETH.id, ETHER)))
            await runtime.finished(asked.id)

    run(twice())

    assert sum(isinstance(e, ParentSubmitted) for e in events(path)) == 1


def test_orders_wait_for_one_another_and_all_are_done(tmp_path):
    floor, path = Floor(), tmp_path / "a.journal"
    asked = [order(4, name=name, venues=(PERP.venue,)) for name in ("a", "b", "c")]

    async def together():
        async with opened(path) as journal, floor.running(journal) as runtime:
            for each in asked:
                runtime.submit(each)
            async with asyncio.TaskGroup() as group:
                waits = [group.create_task(runtime.finished(each.id)) for each in asked]
            return [w.result().status for w in waits]

    assert run(together()) == [OrderStatus.FILLED] * 3
    sent = [call[0] for call in floor.perp.submits.calls]
    assert [s.split(".")[0] for s in sent] == [each.id for each in asked]


def test_watchers_see_every_event_in_order_once_it_is_durable(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()
    seen = []

    async def watched():
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.watch(lambda event, _world: seen.append((type(event).__name__, kinds(path))))
            runtime.submit(asked)
            await runtime.finished(asked.id)

    run(watched())

    assert seen[0][0] == EngineStarted.__name__
    assert [kind for kind, _ in seen] == kinds(path)[: len(seen)]
    assert all(kind in on_disk for kind, on_disk in seen)


def test_a_basket_again_is_the_same_basket_and_other_terms_need_another_name(tmp_path):
    floor, path = Floor(), tmp_path / "a.journal"
    asked = order(4, basket=BasketId("pair"))
    basket = Basket(asked.basket, (asked.id,))

    async def nothing(_problems):
        return Refused(NoRouteReason.NO_LIQUIDITY, "none")

    async def twice():
        floor.solver.solve_basket = nothing
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.submit_basket(basket, (asked,))
            runtime.submit_basket(basket, (asked,))
            for other in (
                replace(asked, slippage_max_pips=Pips(1)),
                replace(asked, basket=BasketId("other")),
            ):
                with pytest.raises(OrderError, match="stands for another basket or order"):
                    runtime.submit_basket(basket, (other,))
            await runtime.finished(asked.id)

    run(twice())

    assert sum(isinstance(e, BasketSubmitted) for e in events(path)) == 1


def test_a_basket_waits_outside_while_the_disk_is_behind(tmp_path):
    floor, path = Floor(), tmp_path / "a.journal"
    asked = order(4, basket=BasketId("pair"))

    async def behind():
        async with opened(path) as journal, floor.running(journal) as runtime:
            while runtime.behind < 1_000:
                runtime.post(HourStruck(floor.clock.now()))
            with pytest.raises(OrderError, match="disk is 1000 records behind"):
                runtime.submit_basket(Basket(asked.basket, (asked.id,)), (asked,))
            return dict(runtime.world.parents)

    assert run(behind()) == {}


def test_an_order_bound_to_a_quote_is_not_one_that_is_bound_to_another(tmp_path):
    floor, path = Floor(), tmp_path / "a.journal"
    desk = Driver()
    desk.start()
    desk.submit(order())
    shown = plan(desk.observe(order()), (POOL, 10))

    def bound(name):
        quote = BoundQuote(QuoteId(name), shown, "digest", Pips(0), TimestampNs(T0))
        return order(as_quoted=quote)

    async def twice():
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.submit(bound("q-1"))
            runtime.submit(bound("q-1"))
            for other in (bound("q-2"), order()):
                with pytest.raises(OrderError, match="stands for another order already"):
                    runtime.submit(other)

    run(twice())
