"""The made-up parts: each keeps to what it promises, or the checks would prove nothing."""

import asyncio
from dataclasses import replace
from random import Random

import pytest

from router.domain.order import ChildOrder, OrderStatus, TimeInForce
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import (
    NS_PER_S,
    Amount,
    ChildId,
    DurationNs,
    ParentId,
    Pips,
    Rounding,
    Side,
    TimestampNs,
)
from router.journal.record import genesis, make_record
from router.simulation import clients, weather
from router.simulation.chain import BLOCK_TIME_S, Chain
from router.simulation.disk import Disk, Journal
from router.simulation.exchange import Exchange
from router.simulation.link import Link, NoAnswerError, UnreachableError
from router.simulation.town import (
    ETH,
    JOURNAL_ID,
    LOT,
    MARGIN_CASH,
    MID_TICKS,
    PERP,
    POOLS,
    USDC,
    WALLET_BALANCES,
)
from router.simulation.virtual_time import BEGINS_AT, DeadlockError, SkewedClock, VirtualTimeLoop
from router.simulation.weather import CALM

STILL = replace(CALM, exclude=0.0, overtaken=0.0)


@pytest.fixture
def loop():
    made = VirtualTimeLoop()
    yield made
    made.close()


def child(instrument, lots, *, side=Side.BUY, nonce=0, ticks=None, **changes):
    """Make a child at the mid, with a percent of room."""
    quantity = Amount(ETH.id, lots * LOT)
    notional = PERP.tick_price(MID_TICKS).notional(quantity, Rounding.UP)
    room = 101 if side is Side.BUY else 99
    leg = Leg(
        instrument=instrument,
        side=side,
        quantity_kind=QuantityKind.BASE,
        quantity=quantity,
        notional=notional,
        bound=Amount(USDC.id, notional.atoms * room // 100),
        limit_ticks=ticks,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
    )
    plain = ChildOrder(
        id=ChildId(f"c{nonce}"),
        parent=ParentId("p"),
        venue=instrument.venue,
        account=instrument.account,
        side=side,
        legs=(leg,),
        nonce=nonce,
        deadline_at=TimestampNs(BEGINS_AT + 60 * NS_PER_S),
        round=1,
        stage=0,
    )
    return replace(plain, **changes)


def test_time_jumps_to_the_next_timer_and_nowhere_else(loop):
    clock = SkewedClock(loop, DurationNs(NS_PER_S))

    loop.run_until_complete(clock.sleep(DurationNs(3_600 * NS_PER_S)))

    assert loop.time() == pytest.approx(3_600.0, abs=1e-6)
    assert clock.now() - loop.moment == NS_PER_S


def test_waiting_for_what_nobody_will_do_is_a_deadlock(loop):
    with pytest.raises(DeadlockError):
        loop.run_until_complete(asyncio.Event().wait())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))


def test_a_request_without_an_answer_may_have_arrived_all_the_same(loop):
    arrived = []
    deaf = replace(STILL, lose_reply=1.0)
    link = Link(loop, Random(1), lambda: deaf)

    with pytest.raises(NoAnswerError):
        loop.run_until_complete(link.ask(lambda: arrived.append(1)))

    assert arrived == [1]


def test_a_request_that_is_repeated_on_the_way_arrives_twice_and_is_answered_once(loop):
    arrived = []
    doubling = replace(STILL, duplicate=1.0)
    link = Link(loop, Random(1), lambda: doubling)

    async def ask():
        await link.ask(lambda: arrived.append(1))
        await asyncio.sleep(1.0)

    loop.run_until_complete(ask())

    assert arrived == [1, 1]


def test_what_could_not_leave_has_not_arrived(loop):
    arrived = []
    link = Link(loop, Random(1), lambda: replace(STILL, unreachable=1.0))

    with pytest.raises(UnreachableError):
        loop.run_until_complete(link.ask(lambda: arrived.append(1)))

    assert not arrived


def mined(loop, chain, blocks):
    loop.run_until_complete(asyncio.sleep(blocks * BLOCK_TIME_S + 0.1))
    return [m.transaction.hash for m in chain.mined.values()]


def test_of_two_transactions_of_one_nonce_a_chain_mines_one(loop):
    chain = Chain(loop, Random(1), lambda: STILL)
    chain.begin()
    first = chain.sign(child(POOLS[0], 10), 0, None)
    dearer = chain.sign(child(POOLS[0], 10), 1, None)

    said = [chain.offer(each.hash) for each in (first, dearer)]

    assert said == ["", ""]
    assert mined(loop, chain, 2) == [dearer.hash]
    assert chain.offer(first.hash) == "nonce too low"


def test_a_branch_that_is_given_up_takes_its_effects_with_it(loop):
    chain = Chain(loop, Random(1), lambda: STILL)
    chain.begin()
    chain.offer(chain.sign(child(POOLS[0], 10), 0, None).hash)
    assert mined(loop, chain, 8)
    before = chain.head.ref

    chain._reorganise(3, replace(STILL, drop=1.0))  # noqa: SLF001 - at a moment of our own

    assert chain.head.ref.number == before.number + 1
    assert len(chain.mined) == 1, "it was deeper than what is given up"
    assert chain.head.ref.parent_hash != before.hash


def test_a_shallow_transaction_is_undone_to_the_atom(loop):
    chain = Chain(loop, Random(1), lambda: STILL)
    chain.begin()
    mined(loop, chain, 7)
    chain.offer(chain.sign(child(POOLS[0], 10), 0, None).hash)
    assert mined(loop, chain, 1)

    chain._reorganise(3, replace(STILL, drop=1.0))  # noqa: SLF001 - at a moment of our own

    assert not chain.mined
    assert chain.head.state.balances == WALLET_BALANCES
    assert chain.head.state.nonce == 0


def test_a_swap_beyond_its_bound_reverts_and_pays_gas(loop):
    chain = Chain(loop, Random(1), lambda: STILL)
    chain.begin()
    greedy = child(POOLS[0], 100)
    leg = replace(greedy.legs[0], bound=Amount(USDC.id, 1))
    chain.offer(chain.sign(replace(greedy, legs=(leg,)), 0, None).hash)

    mined(loop, chain, 1)

    (only,) = chain.mined.values()
    assert (only.succeeded, only.fills) == (False, ())
    assert only.gas.atoms > 0
    assert chain.head.state.balances[USDC.id] == WALLET_BALANCES[USDC.id]


def exchange(loop):
    return Exchange(loop, Random(1), lambda: STILL)


def test_an_immediate_order_takes_what_is_there_and_gives_back_the_rest(loop):
    venue = exchange(loop)
    everything = child(PERP, 10**6, nonce=1, ticks=MID_TICKS + 100)

    said = venue.place("one", everything)

    order = venue.orders["one"]
    filled = sum(fill.quantity.atoms for fill in order.fills) // LOT
    cost = sum(fill.notional.atoms + fill.fee.atoms for fill in order.fills)
    assert said == ""
    assert order.status is OrderStatus.CANCELED
    assert 0 < filled < 10**6
    assert (venue.lots, venue.cash) == (filled, MARGIN_CASH - cost)


def test_the_same_bytes_have_their_effect_once(loop):
    venue = exchange(loop)
    order = child(PERP, 100, nonce=1, ticks=MID_TICKS + 100)

    said = [venue.place("one", order) for _ in range(2)]

    assert said == ["", "duplicate nonce"]
    assert venue.lots == 100


def test_what_would_trade_at_once_is_not_posted_and_what_finds_nobody_is_refused(loop):
    venue = exchange(loop)
    post = child(PERP, 100, nonce=1, ticks=MID_TICKS + 100, time_in_force=TimeInForce.POST_ONLY)
    immediate = child(PERP, 100, nonce=2, ticks=MID_TICKS - 100)

    assert venue.place("post", post).startswith("error")
    assert venue.place("take", immediate).startswith("error")
    assert venue.lots == 0


def test_an_order_that_waits_is_cancelled_once(loop):
    venue = exchange(loop)
    post = child(PERP, 100, nonce=1, ticks=MID_TICKS - 100, time_in_force=TimeInForce.POST_ONLY)
    venue.place("post", post)

    assert venue.cancel("post") == ""
    assert venue.cancel("post") != ""
    assert venue.orders["post"].status is OrderStatus.CANCELED


def test_a_late_order_is_refused(loop):
    venue = exchange(loop)
    late = child(PERP, 1, nonce=1, ticks=MID_TICKS + 100, deadline_at=TimestampNs(BEGINS_AT - 1))

    assert venue.place("late", late) == "expired"
    assert not venue.orders


def test_a_moment_ago_is_shown_as_it_was(loop):
    venue = exchange(loop)
    loop.run_until_complete(asyncio.sleep(5.0))
    before = loop.moment
    loop.run_until_complete(asyncio.sleep(1.0))
    venue.place("one", child(PERP, 100, nonce=1, ticks=MID_TICKS + 100))

    assert venue.look("one", before) is None
    assert venue.account(before, before).position_lots(PERP.id) == 0
    later = TimestampNs(loop.moment + 1)
    assert venue.account(later, later).position_lots(PERP.id) == 100


def records(count):
    tip, made = genesis(JOURNAL_ID), []
    for number in range(count):
        made.append(make_record(tip, f"event {number}".encode(), ()))
        tip = made[-1].tip
    return made


def test_a_crash_keeps_a_beginning_of_what_was_not_synced_and_never_more(loop):
    lengths = set()
    for seed in range(40):
        disk = Disk()
        journal = Journal(disk, loop, rng=Random(seed), weather=lambda: STILL)
        waiting = [journal.append(record) for record in records(5)]

        journal.crash()
        disk.mend()

        assert disk.records == records(5)[: len(disk.records)]
        assert not any(each.done() for each in waiting), "nobody was told that it is safe"
        lengths.add(len(disk.records))
    assert lengths == set(range(6)), "from nothing to everything"


def test_what_is_answered_outlives_a_crash(loop):
    disk = Disk()
    journal = Journal(disk, loop, rng=Random(1), weather=lambda: STILL)

    async def write():
        for record in records(5):
            await journal.append(record)

    loop.run_until_complete(write())
    journal.crash()
    disk.mend()

    assert disk.records == records(5)


def test_a_dead_process_writes_nothing(loop):
    disk = Disk()
    journal = Journal(disk, loop, rng=Random(1), weather=lambda: STILL)
    journal.crash()

    journal.append(records(1)[0])
    loop.run_until_complete(asyncio.sleep(1.0))

    assert not disk.records


def test_seeds_draw_every_kind_of_order_and_weather():
    orders = [o for seed in range(200) for o in clients.drawn(Random(seed)).orders]
    skies = [weather.drawn(Random(seed)) for seed in range(200)]

    kinds = {type(order.algo).__name__ for order in orders}
    assert kinds == {"Sweep", "Twap", "LimitUntil", "Iceberg", "Pov", "Shortfall"}
    for fault in ("lose_request", "lose_reply", "duplicate", "reorg", "drop", "stale", "silence"):
        rates = {getattr(sky, fault) for sky in skies}
        assert 0.0 in rates
        assert max(rates) > 0.0
