from dataclasses import replace

from router.domain.algo import Iceberg
from router.domain.command import CancelChild, ObserveMarket, SignChild, SolveRoute, WakeAt
from router.domain.event import (
    ChildCancelRefused,
    ChildFilled,
    ChildWentSilent,
    MarketObserved,
    ObservationFailed,
    SwitchSet,
    TimerFired,
)
from router.domain.market import BookSnapshot
from router.domain.order import Fill, OrderStatus, TimeInForce
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import NS_PER_S, Amount, DurationNs, Pips, Side, TimestampNs
from router.state.world import Phase
from tests.unit.engine.scene import DOLLAR, ETHER, PERP, STARTED, T0, Driver, observation, order

SECOND = NS_PER_S
BIDS, ASKS = ((299_990, 10_000),), ((300_010, 10_000),)
S = OrderStatus


def later(seconds):
    return TimestampNs(T0 + seconds * SECOND)


def iceberg(**changes):
    algo = Iceberg(
        display_pips=Pips(250_000),
        offset_ticks=0,
        reprice_ticks=10,
        interval=DurationNs(10 * SECOND),
        reprices_max=3,
        cross_at=later(300),
    )
    return replace(algo, **changes)


class Desk(Driver):
    """A driver whose book can be moved."""

    bids = BIDS
    asks = ASKS

    def seen(self):
        return replace(super().seen(), books=(self.book(),))

    def book(self):
        return BookSnapshot(PERP.id, self.bids, self.asks, T0, T0)

    def show(self, bid):
        self.bids, self.asks = ((bid, 10_000),), ((bid + 20, 10_000),)

    def parent(self, asked):
        return self.world.parents[asked.id]

    def post(self, asked):
        """Let the parent be observed; return what it posts, once the venue has it."""
        child = self.posted(asked)
        self.sign(child)
        self.acknowledge(child)
        return child

    def posted(self, asked):
        self.feed(MarketObserved(asked.id, self.seen(), self.tick()))
        return self.command(SignChild).child

    def wake(self, asked):
        self.now = max(self.now, self.parent(asked).wake_at)
        return self.feed(TimerFired(asked.id, TimestampNs(self.now)))

    def look(self, asked):
        """Let the timer fire, and show the book."""
        self.wake(asked)
        assert self.command(ObserveMarket).instruments == (PERP.id,)
        only = replace(observation(), pools=(), books=(self.book(),), accounts=(), gas=())
        return self.feed(MarketObserved(asked.id, only, self.tick()))

    def taken_back(self, child):
        """Let the venue cancel a child it was asked to."""
        assert self.command(CancelChild).child == child
        self.end(child, S.CANCELED)

    def hit(self, child, *, half=False):
        """Let somebody take what waits, or half of it."""
        (leg,) = child.legs
        parts = 1 + half
        quantity = Amount(leg.quantity.asset, leg.quantity.atoms // parts)
        cash = Amount(leg.notional.asset, leg.notional.atoms // parts)
        fee = Amount(leg.notional.asset, DOLLAR)
        done = Fill(f"hit-{child.id}", child.id, PERP.id, quantity, cash, fee, T0)
        self.feed(ChildFilled(child.id, done, self.tick()))
        if not half:
            self.end(child, S.FILLED)

    def statuses(self, asked):
        return [c.status for c in self.world.children_of(asked.id)]


def begun(algo=None, ethers=4, **changes):
    desk = Desk()
    desk.start()
    asked = order(ethers, algo=algo or iceberg(), deadline_at=later(400), **changes)
    desk.submit(asked)
    return desk, asked


def test_a_part_waits_at_the_best_price_of_its_own_side():
    desk, asked = begun()

    child = desk.post(asked)

    (leg,) = child.legs
    assert child.time_in_force is TimeInForce.POST_ONLY
    assert (leg.limit_ticks, leg.quantity.atoms) == (299_990, ETHER)
    assert not [c for c in desk.commands if isinstance(c, SolveRoute)]
    assert desk.parent(asked).phase is Phase.EXECUTING


def test_a_seller_waits_above():
    desk, asked = begun(iceberg(offset_ticks=20), side=Side.SELL)

    (leg,) = desk.posted(asked).legs

    assert leg.limit_ticks == 300_030
    assert leg.bound.atoms == leg.notional.atoms == 3_000_300_000


def test_it_waits_behind_the_best_price_and_never_beyond_the_limit():
    desk, asked = begun(iceberg(offset_ticks=50))
    assert desk.posted(asked).legs[0].limit_ticks == 299_940

    tight, asked = begun(slippage_max_pips=Pips(0))
    # The fee of 4.5 bps is within the limit of 3,000 too: 3,000 / 1.00045, in whole tenths.
    assert tight.posted(asked).legs[0].limit_ticks == 299_860


def test_a_timer_is_set_for_the_next_look():
    desk, asked = begun()
    desk.posted(asked)

    timer = desk.command(WakeAt)

    assert timer.at == desk.parent(asked).wake_at == desk.now + 10 * SECOND


def test_it_stays_while_the_best_price_does():
    desk, asked = begun()
    desk.post(asked)

    desk.look(asked)

    assert [type(c) for c in desk.commands] == [WakeAt]
    assert desk.statuses(asked) == [S.NEW]


def test_it_does_not_run_from_its_own_order():
    desk, asked = begun()
    child = desk.post(asked)
    lots = child.legs[0].quantity.atoms // PERP.lot_atoms
    desk.bids = ((299_990, lots), (299_980, 10_000))

    desk.look(asked)

    # Others are ten ticks behind: that is where it goes, once and not further.
    desk.taken_back(child)
    desk.bids = ((299_980, 10_000),)
    assert desk.post(asked).legs[0].limit_ticks == 299_980
    desk.bids = ((299_980, 10_000 + lots),)
    desk.look(asked)
    assert desk.statuses(asked) == [S.REPLACED, S.NEW]


def test_it_follows_the_best_price_once_the_old_one_is_certainly_gone():
    desk, asked = begun()
    child = desk.post(asked)
    desk.show(300_050)

    desk.look(asked)
    assert desk.statuses(asked) == [S.PENDING_REPLACE]
    desk.taken_back(child)

    second = desk.post(asked)
    assert second.id != child.id
    assert second.legs[0].limit_ticks == 300_050
    assert desk.statuses(asked) == [S.REPLACED, S.NEW]


def test_what_fills_while_the_cancel_is_on_its_way_is_not_posted_again():
    desk, asked = begun(ethers=2, algo=iceberg(display_pips=Pips(1_000_000)))
    child = desk.post(asked)
    desk.show(300_050)
    desk.look(asked)

    desk.hit(child, half=True)
    desk.end(child, S.CANCELED)

    assert desk.post(asked).legs[0].quantity.atoms == ETHER


def test_a_cancel_that_comes_too_late_counts_as_the_fill_it_was():
    desk, asked = begun()
    child = desk.post(asked)
    desk.show(300_050)
    desk.look(asked)

    desk.feed(ChildCancelRefused(child.id, "already filled", desk.tick()))
    desk.hit(child)

    assert desk.statuses(asked) == [S.FILLED]
    assert desk.post(asked).legs[0].quantity.atoms == ETHER


def test_the_next_part_follows_at_once_when_one_is_filled():
    desk, asked = begun()

    for _ in range(4):
        child = desk.post(asked)
        desk.hit(child)

    state = desk.parent(asked)
    assert (state.phase, state.outcome) == (Phase.RECONCILING, S.FILLED)
    assert len(set(state.children)) == 4


def test_what_the_venue_refused_waits_a_tick_further_away_at_the_next_look():
    desk, asked = begun()
    child = desk.posted(asked)
    desk.sign(child)

    desk.end(child, S.REJECTED, why="would cross")
    assert desk.parent(asked).phase is Phase.WAITING
    desk.wake(asked)

    assert desk.posted(asked).legs[0].limit_ticks == 299_980


def test_what_the_venue_took_back_by_itself_is_not_posted_at_once():
    desk, asked = begun()
    child = desk.post(asked)

    desk.end(child, S.CANCELED, why="margin")

    assert desk.parent(asked).phase is Phase.WAITING
    assert desk.command(WakeAt).at == desk.now + 10 * SECOND


def test_a_book_that_cannot_be_read_is_looked_at_again():
    desk, asked = begun()
    desk.post(asked)
    desk.wake(asked)

    desk.feed(ObservationFailed(asked.id, "too old", desk.tick()))

    assert desk.statuses(asked) == [S.NEW]
    assert desk.command(WakeAt).at == desk.now + 10 * SECOND


def test_what_is_left_is_swept_over_all_venues_once_its_time_is_over():
    desk, asked = begun()
    child = desk.post(asked)
    while desk.now < later(300):
        desk.wake(asked)
        if desk.now < later(300):
            desk.feed(MarketObserved(asked.id, desk.seen(), desk.tick()))

    desk.taken_back(child)
    problem = desk.observe(asked)

    assert desk.statuses(asked) == [S.CANCELED]
    assert problem.quantity.atoms == 4 * ETHER
    assert problem.pools
    assert problem.books


def test_what_was_followed_too_often_is_swept():
    desk, asked = begun(iceberg(reprices_max=1))
    for bid in (300_050, 300_100):
        child = desk.post(asked)
        desk.show(bid)
        desk.look(asked)
        desk.taken_back(child)

    assert desk.observe(asked).quantity.atoms == 4 * ETHER


def test_a_display_that_no_venue_takes_is_named_and_crosses_in_the_end():
    desk, asked = begun(iceberg(display_pips=Pips(100)))

    desk.feed(MarketObserved(asked.id, desk.seen(), desk.tick()))

    assert desk.parent(asked).phase is Phase.WAITING
    assert not desk.parent(asked).children


def test_a_last_rest_that_no_book_takes_is_swept():
    desk, asked = begun(ethers=1, algo=iceberg(display_pips=Pips(999_000)))
    child = desk.post(asked)
    shown = child.legs[0].quantity
    assert shown.atoms == ETHER * 999 // 1_000
    desk.bids, desk.asks = BIDS, ASKS
    desk.hit(child)

    assert desk.observe(asked).quantity.atoms == ETHER // 1_000


def test_a_switch_takes_back_what_waits():
    desk, asked = begun()
    child = desk.post(asked)

    at = desk.tick()
    desk.feed(SwitchSet(SwitchSetting(FIRM, TradingState.HALTED, "ann", "enough", at), at))
    assert desk.command(CancelChild).child == child
    desk.end(child, S.CANCELED)

    assert (desk.parent(asked).phase, desk.parent(asked).outcome) == (
        Phase.RECONCILING,
        S.CANCELED if desk.world.children[child.id].fills else S.REJECTED,
    )


def test_its_deadline_takes_back_what_waits():
    desk, asked = begun(iceberg(cross_at=later(1_000)))
    child = desk.post(asked)
    while desk.now < asked.deadline_at:
        desk.wake(asked)
        if desk.now < asked.deadline_at:
            desk.feed(MarketObserved(asked.id, desk.seen(), desk.tick()))

    desk.taken_back(child)

    state = desk.parent(asked)
    assert (state.phase, state.outcome) == (Phase.RECONCILING, S.EXPIRED)


def test_a_restart_asks_what_became_of_it_and_looks_again():
    desk, asked = begun()
    child = desk.post(asked)
    due = desk.parent(asked).wake_at

    desk.feed(replace(STARTED, at=desk.tick()))
    assert WakeAt(asked.id, due) in desk.commands
    assert child.id in {getattr(c, "child", child).id for c in desk.commands}
    desk.reconcile(later=100 * SECOND)
    desk.show(300_050)
    desk.look(asked)

    assert desk.statuses(asked) == [S.PENDING_REPLACE]


def test_what_may_not_have_arrived_is_taken_back_where_it_may_be():
    desk, asked = begun()
    child = desk.posted(asked)
    desk.sign(child)
    desk.show(300_050)

    desk.look(asked)

    assert desk.statuses(asked) == [S.PENDING_REPLACE]
    desk.taken_back(child)


def test_what_nobody_knows_to_be_there_does_not_wait_beyond_its_time():
    desk, asked = begun(iceberg(cross_at=later(20)))
    child = desk.posted(asked)
    desk.sign(child)
    desk.feed(ChildWentSilent(child.id, "timeout", desk.tick()))
    desk.now = later(20)

    desk.wake(asked)

    assert desk.statuses(asked) == [S.PENDING_CANCEL]
    desk.taken_back(child)
