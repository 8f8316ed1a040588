"""An order that is bound to a quote: its own legs, or nothing."""

from dataclasses import dataclass, field, replace

import pytest

from router.domain.command import ReportParent, SignChild, SolveRoute
from router.domain.event import MarketObserved
from router.domain.market import PoolTick
from router.domain.observation import Observation
from router.domain.order import GasPaid, OrderStatus
from router.domain.plan import QuantityKind, RoutePlan
from router.domain.quote import BoundQuote
from router.domain.units import Amount, Pips, QuoteId, TimestampNs
from router.engine.quoted import drift
from router.optimiser.exact.leg import slippage, to_legs
from router.optimiser.exact.trade import book_trade, pool_trade
from router.state.world import Phase
from tests.unit.engine.scene import (
    ETHER,
    POOL,
    T0,
    USDC,
    Driver,
    observation,
    order,
    plan,
)

DEEP = 10**19
PERP_LOTS = 80_000  # 8 ether
POOL_ATOMS = 2 * ETHER
QUOTED = order(10, name="quoted")


@dataclass
class Desk(Driver):
    """A driver whose markets can be moved."""

    shown: Observation = field(default_factory=lambda: deep())  # noqa: PLW0108 - it is defined below

    def seen(self) -> Observation:
        now = super().seen()
        return replace(self.shown, accounts=now.accounts)


def deep(*, ask: int = 300_010, lots: int = 200_000) -> Observation:
    """Show a deep pool at 3,000, and a book that asks so many ticks for so many lots."""
    plain = observation()
    pool, book = plain.pools[0], plain.books[0]
    ticks = (PoolTick(-887_270, DEEP, DEEP), PoolTick(887_270, -DEEP, DEEP))
    return replace(
        plain,
        pools=(replace(pool, liquidity=DEEP, ticks=ticks),),
        books=(replace(book, asks=((ask, lots),)),),
    )


def quote_of(
    desk: Desk, *, drift_bps: int = 5, until: int = 60, perp: int = PERP_LOTS
) -> BoundQuote:
    """Quote eight ethers on the perp and two in the pool, by their exact integers."""
    asked = order(10, name=f"asked-{desk.now}")
    desk.submit(asked)
    problem = desk.observe(asked)
    made = [
        book_trade(problem, problem.books[0], lots=perp),
        pool_trade(problem, problem.pools[0], amount=POOL_ATOMS, kind=QuantityKind.BASE),
    ]
    legs = to_legs(problem, made)
    cost = legs[0].cost + legs[1].cost
    shown: RoutePlan = replace(
        plan(problem, (POOL, 1)),
        legs=legs,
        cost=cost,
        slippage=slippage(problem, cost=cost.total, base=10 * ETHER),
    )
    return BoundQuote(
        QuoteId("q-1"), shown, "digest", Pips(drift_bps * 100), TimestampNs(T0 + until * 10**9)
    )


@pytest.fixture
def desk():
    found = Desk()
    found.start()
    return found


def bound(desk: Desk, **changes: int):
    """Submit an order bound to a quote made by a desk of its own, and show it the market."""
    other = Desk(shown=deep())
    other.start()
    parent = replace(QUOTED, as_quoted=quote_of(other, **changes))
    desk.submit(parent)
    return parent


def look(desk: Desk, parent):
    return desk.feed(MarketObserved(parent.id, desk.seen(), desk.tick()))


def signed(desk: Desk):
    return [c.child for c in desk.commands if isinstance(c, SignChild)]


def test_a_quote_is_executed_by_its_own_legs_stage_by_stage_and_never_solved(desk):
    parent = bound(desk)
    quoted = parent.as_quoted.plan.legs

    look(desk, parent)
    assert not any(isinstance(c, SolveRoute) for c in desk.commands)
    (perp,) = signed(desk)
    assert perp.legs == quoted[:1]
    desk.sign(perp)
    desk.acknowledge(perp)
    desk.fill(perp, 8)
    desk.end(perp, OrderStatus.FILLED)
    look(desk, parent)
    (pool,) = signed(desk)

    assert pool.legs == quoted[1:]
    assert not any(isinstance(c, SolveRoute) for c in desk.commands)
    assert sum(leg.quantity.atoms for child in (perp, pool) for leg in child.legs) == 10 * ETHER


def test_a_market_that_drifted_further_than_allowed_stops_the_order_and_says_by_how_much(desk):
    parent = bound(desk, drift_bps=5)
    desk.shown = deep(ask=300_310)  # ten basis points of eight tenths of the order

    look(desk, parent)

    state = desk.world.parents[parent.id]
    assert not signed(desk)
    assert state.phase is Phase.DONE
    assert state.status is OrderStatus.REJECTED
    assert "drifted by 8." in state.reason
    assert "5.00 bps are allowed" in state.reason


def test_a_drift_within_what_is_allowed_sends_the_quoted_legs_unchanged(desk):
    parent = bound(desk, drift_bps=10)
    desk.shown = deep(ask=300_310)

    look(desk, parent)

    (perp,) = signed(desk)
    assert perp.legs == parent.as_quoted.plan.legs[:1]


def test_a_market_that_became_cheaper_is_no_drift(desk):
    parent = bound(desk, drift_bps=0)
    desk.shown = deep(ask=299_999)

    look(desk, parent)

    assert len(signed(desk)) == 1


def test_a_leg_beyond_its_own_bound_stops_the_order_whatever_drift_is_allowed(desk):
    parent = bound(desk, drift_bps=1_000)
    desk.shown = deep(ask=300_500)  # the leg's limit tolerates ten basis points

    look(desk, parent)

    assert not signed(desk)
    assert "beyond the quote's bound" in desk.world.parents[parent.id].reason


def test_a_book_too_thin_for_its_leg_stops_the_order(desk):
    parent = bound(desk, drift_bps=1_000)
    desk.shown = deep(lots=PERP_LOTS - 1)

    look(desk, parent)

    assert not signed(desk)
    assert "cannot trade its leg" in desk.world.parents[parent.id].reason


def test_an_expired_quote_stops_the_order(desk):
    parent = bound(desk, until=2)
    desk.now += 10 * 10**9

    look(desk, parent)

    assert not signed(desk)
    assert "expired" in desk.world.parents[parent.id].reason


def test_what_a_leg_leaves_unfilled_is_given_back_and_planned_nowhere_else(desk):
    parent = bound(desk)
    look(desk, parent)
    (perp,) = signed(desk)
    desk.sign(perp)
    desk.fill(perp, 3)
    desk.end(perp, OrderStatus.CANCELED, why="the book was gone")
    look(desk, parent)
    (pool,) = signed(desk)
    assert pool.legs == parent.as_quoted.plan.legs[1:]  # its own two ethers, not the five left
    desk.sign(pool)
    desk.fill(pool, 2)
    desk.end(pool, OrderStatus.FILLED, gas=GasPaid(10**15, 200_000, 8, "0x8"))

    look(desk, parent)

    state = desk.world.parents[parent.id]
    assert not signed(desk)
    assert state.outcome is OrderStatus.CANCELED
    assert "given back" in state.reason


def test_the_later_legs_are_held_against_the_market_again(desk):
    parent = bound(desk, drift_bps=5)
    look(desk, parent)
    (perp,) = signed(desk)
    desk.sign(perp)
    desk.fill(perp, 8)
    desk.end(perp, OrderStatus.FILLED)
    pool = desk.shown.pools[0]
    dearer = pool.sqrt_price_x96 * 10_005 // 10_000  # ten basis points of price
    desk.shown = replace(desk.shown, pools=(replace(pool, sqrt_price_x96=dearer, tick=-196_247),))

    look(desk, parent)

    state = desk.world.parents[parent.id]
    assert not signed(desk)
    assert "does not hold any more" in state.reason
    assert state.outcome is OrderStatus.CANCELED


def test_the_gate_refuses_quoted_legs_that_the_account_cannot_pay(desk):
    parent = bound(desk)
    chain, perp = desk.seen().accounts
    poor = replace(chain, balances=(), spendable=(Amount(USDC.id, 1),))
    shown = replace(desk.seen(), accounts=(poor, perp))

    desk.feed(MarketObserved(parent.id, shown, desk.tick()))

    assert not signed(desk)
    told = [c for c in desk.commands if isinstance(c, ReportParent)]
    assert "spendable" in told[-1].message


def test_on_the_state_it_was_made_on_a_quote_has_not_drifted(desk):
    parent = order(10, name="plain")
    desk.submit(parent)
    problem = desk.observe(parent)
    legs = to_legs(problem, [book_trade(problem, problem.books[0], lots=PERP_LOTS)])

    assert drift(problem, legs) == 0
    assert "no_venue" in drift(replace(problem, books=()), legs)
