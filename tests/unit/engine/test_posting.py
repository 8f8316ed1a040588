"""What is posted, and where: pure parts of it, and what the gates before it see."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.command import SignChild
from router.domain.event import MarketObserved
from router.domain.order import OrderStatus
from router.domain.scope import FIRM
from router.domain.units import Pips, Price, Side, TimestampNs
from router.engine.pegging import target_ticks
from router.engine.posting import posted
from router.engine.preparing import Prepared, prepared
from router.engine.resting import moves, refused_last
from router.engine.scheduling import begin
from router.optimiser.market.tick import limit_ticks, valid_limit_ticks
from router.state.counts import Measure
from router.state.world import Phase
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, PERP, USDC, order
from tests.unit.engine.test_resting import BIDS, Desk, begun, iceberg, later

ANYTHING = Price(ETH.id, USDC.id, 10**6 * DOLLAR, ETHER)
NOTHING = Price(ETH.id, USDC.id, 1, ETHER)


def target(side, *, bid=299_990, ask=300_010, limit=None, **changes):
    book = replace(Desk().book(), bids=((bid, 5),), asks=((ask, 5),))
    wide = ANYTHING if side is Side.BUY else NOTHING
    words = {"behind": 0, **changes}
    return target_ticks(PERP, book, side, limit=limit or wide, **words)


prices = st.integers(1_000, 10**7)
spreads = st.integers(1, 1_000)


@given(st.sampled_from(Side), prices, spreads, st.integers(0, 500), st.integers(0, 4))
def test_what_waits_never_crosses_and_is_a_price_the_venue_takes(side, bid, spread, behind, far):
    ask, buying = bid + spread, side is Side.BUY

    ticks = target(side, bid=bid, ask=ask, behind=behind, further=far)

    if ticks is not None:
        assert ticks < ask if buying else ticks > bid
        assert ticks <= bid - behind if buying else ticks >= ask + behind
        assert ticks == valid_limit_ticks(ticks, side, tick_decimals=PERP.tick_decimals)


@given(st.sampled_from(Side), prices, spreads, st.integers(0, 4))
def test_each_refusal_puts_it_one_price_further_away(side, bid, spread, far):
    near = target(side, bid=bid, ask=bid + spread, further=far)
    next_one = target(side, bid=bid, ask=bid + spread, further=far + 1)

    assert near is None or next_one is None or abs(next_one - near) >= 1
    assert near is None or next_one is None or (next_one < near) is (side is Side.BUY)


@given(st.sampled_from(Side), st.integers(2_000, 4_000))
def test_what_waits_keeps_the_limit_with_the_fee(side, dollars):
    limit = Price(ETH.id, USDC.id, dollars * DOLLAR, ETHER)

    ticks, agreed = target(side, limit=limit), limit_ticks(PERP, side, limit=limit)

    assert ticks <= agreed if side is Side.BUY else ticks >= agreed


def test_what_is_posted_is_refused_by_the_gate_that_plans_pass():
    desk, asked = begun(ethers=600, algo=iceberg(display_pips=Pips(1_000_000)))
    poor = desk.seen()
    chain, perp = poor.accounts
    poor = replace(poor, accounts=(chain, replace(perp, equity_atoms=DOLLAR)))
    desk.feed(MarketObserved(asked.id, poor, desk.tick()))
    assert not [c for c in desk.commands if isinstance(c, SignChild)]
    assert desk.parent(asked).phase is Phase.WAITING


def test_only_an_iceberg_that_does_not_cross_yet_is_posted():
    for algo, is_posted in ((iceberg(), True), (iceberg(cross_at=later(1)), False)):
        desk, asked = begun(algo)
        event = MarketObserved(asked.id, desk.seen(), desk.tick())
        ready = prepared(desk.world, desk.parent(asked), event)

        assert isinstance(ready, Prepared)
        assert (posted(ready) is not None) is is_posted


def test_a_sweep_begins_at_once():
    desk = Desk()
    desk.start()
    state = desk.submit(order())

    assert begin(desk.world, state, desk.tick()) == (desk.world, ())
    assert moves(desk.world, state) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_refusals_in_a_row_are_counted_and_end_with_one_that_was_not(count):
    desk, asked = begun(iceberg(reprices_max=10))
    for _ in range(count):
        child = desk.posted(asked)
        desk.sign(child)
        desk.end(child, OrderStatus.REJECTED, why="would cross")
        desk.wake(asked)

    assert refused_last(desk.world, desk.parent(asked)) == count
    assert moves(desk.world, desk.parent(asked)) == count

    desk.hit(desk.post(asked))
    assert refused_last(desk.world, desk.parent(asked)) == 0


def test_what_waits_counts_as_a_message_and_what_was_moved_as_no_failure():
    desk, asked = begun()
    child = desk.post(asked)
    assert total(desk, Measure.MESSAGES) == 1
    desk.show(BIDS[0][0] + 100)
    desk.look(asked)

    desk.taken_back(child)

    assert (total(desk, Measure.ENDED), total(desk, Measure.UNFILLED)) == (0, 0)


def total(desk, measure):
    return desk.world.activity.total(measure, FIRM, TimestampNs(desk.now))
