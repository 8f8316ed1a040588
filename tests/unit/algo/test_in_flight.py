from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest

from router.algo import sweep
from router.algo.in_flight import reservations
from router.domain.margin import MarginTier, Reservation, StressScenario
from router.domain.order import ChildOrder, OrderStatus
from router.domain.plan import QuantityKind
from router.domain.risk import Guards
from router.domain.units import Amount, ChildId, ParentId, Pico, Pips, Side, TimestampNs
from router.state.world import ChildState, World
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    ETH,
    ETHER,
    LIMITS,
    MARGIN,
    MID,
    PERP,
    POOL,
    T0,
    USDC,
    leg,
    observation,
    order,
)

FEE = Amount(USDC.id, 5_405_400)  # 4.5 bps of 12,012 dollars
FALL = StressScenario("fall", Pips(-300_000), Pips(0))
RISE = StressScenario("rise", Pips(300_000), Pips(0))
TIERS = (MarginTier(0, 25, Pico(20_000_000_000)), MarginTier(10**12, 10, Pico(50_000_000_000)))


def child(*legs, status=OrderStatus.IN_DOUBT, side=Side.BUY, name="c"):
    first = legs[0].instrument
    intent = ChildOrder(
        id=ChildId(name),
        parent=ParentId("another"),
        venue=first.venue,
        account=first.account,
        side=side,
        legs=legs,
        nonce=3,
        deadline_at=TimestampNs(T0 + 10**9),
        stage=0,
        round=1,
    )
    return ChildState(intent, status)


def at(instrument, ethers, **changes):
    return replace(leg(instrument, Amount(ETH.id, ethers * ETHER)), **changes)


def reserved(*children, limits=LIMITS, seen=None):
    return reservations(children, observation() if seen is None else seen, limits)


@pytest.mark.parametrize(
    ("side", "kind", "bound", "taken"),
    [
        (Side.BUY, QuantityKind.BASE, Amount(USDC.id, 3_003), Amount(USDC.id, 3_003)),
        (Side.BUY, QuantityKind.CASH, Amount(ETH.id, 9), Amount(USDC.id, 3_000 * DOLLAR)),
        (Side.SELL, QuantityKind.BASE, Amount(USDC.id, 2_990), Amount(ETH.id, ETHER)),
        (Side.SELL, QuantityKind.CASH, Amount(ETH.id, 1_001), Amount(ETH.id, 1_001)),
    ],
)
def test_a_transaction_may_take_what_is_exact_of_it_or_its_bound(side, kind, bound, taken):
    sent = child(at(POOL, 1, side=side, quantity_kind=kind, bound=bound))

    assert reserved(sent) == (Reservation(CHAIN, taken),)


def test_a_book_order_may_take_its_margin_what_it_loses_against_the_mark_and_its_fee():
    # Four ether at a bound of 12,012 dollars, worth 12,000 at the mark, with tenfold leverage.
    (found,) = reserved(child(at(PERP, 4)))

    assert found == Reservation(MARGIN, Amount(USDC.id, 1_201_200_000 + 12 * DOLLAR + FEE.atoms))


@pytest.mark.parametrize(
    ("side", "scenario", "percent"),
    [
        # Maintenance of a tenth after the gap, and the gap's loss.
        (Side.BUY, FALL, 37),
        (Side.SELL, RISE, 43),
        (Side.BUY, RISE, 10),  # a gain: what opens it asks for more
        (Side.BUY, StressScenario("paid", Pips(0), Pips(20_000)), 12),
        (Side.SELL, StressScenario("paid", Pips(0), Pips(-20_000)), 12),
    ],
)
def test_the_worst_scenario_is_reserved_where_it_asks_for_more(side, scenario, percent):
    limits = replace(LIMITS, scenarios=(scenario,))
    sent = at(PERP, 4, side=side, bound=Amount(USDC.id, 12_000 * DOLLAR))

    (found,) = reserved(child(sent, side=side), limits=limits)

    assert found.amount.atoms == 120 * percent * DOLLAR + 5_400_000


@pytest.mark.parametrize(
    ("side", "changes", "percent"),
    [
        # Its mark ends at 70 % of 90 %: 37 % are lost, and a tenth of the 63 left keeps it.
        (Side.BUY, {"mark_pips": Pips(-100_000)}, Fraction("43.3")),
        # Losers are not closed.
        (Side.BUY, {"closed_pips": Pips(500_000), "closed_at_pips": Pips(100_000)}, 37),
        # Half of a short is closed at -3 % while the mark ends at 20 % above: that loses 20 %, for
        # no better mark than the last is counted on, and a tenth of the other half keeps it.
        (
            Side.SELL,
            {
                "mark_pips": Pips(714_286),
                "closed_pips": Pips(500_000),
                "closed_at_pips": Pips(100_000),
            },
            Fraction("26.000021"),
        ),
    ],
)
def test_what_befalls_the_venue_alone_is_reserved_too(side, changes, percent):
    sent = at(PERP, 4, side=side, bound=Amount(USDC.id, 12_000 * DOLLAR))
    own = {MARGIN: (replace(FALL, **changes),)}

    (found,) = reservations([child(sent, side=side)], observation(), LIMITS, apart=own)

    assert found.amount.atoms == ceil(percent * 120 * DOLLAR) + 5_400_000


def test_the_dearest_tier_is_what_keeps_a_position_in_flight():
    seen = observation()
    seen = replace(seen, contexts=(replace(seen.contexts[0], tiers=TIERS),))
    sent = at(PERP, 4, bound=Amount(USDC.id, 12_000 * DOLLAR))

    (found,) = reserved(child(sent), limits=replace(LIMITS, scenarios=(FALL,)), seen=seen)

    # 30 % lost, and a twentieth of the 70 % that are left.
    assert found.amount.atoms == 4_020 * DOLLAR + 5_400_000


def test_a_book_that_was_not_observed_takes_all_it_is_worth():
    seen = replace(observation(), contexts=(), accounts=observation().accounts[:1])

    (found,) = reserved(child(at(PERP, 4)), seen=seen)

    assert found.amount.atoms == 12_012 * DOLLAR + FEE.atoms


def test_children_of_any_parent_are_in_flight_until_they_have_ended():
    done = child(at(POOL, 1), status=OrderStatus.FILLED, name="done")
    sent = child(at(POOL, 2), at(PERP, 1), name="sent")
    signed = child(at(POOL, 3), status=OrderStatus.SIGNED, name="signed")
    world = World()
    for each in (done, sent, signed):
        world = world.with_child(each)

    assert world.in_flight == (sent, signed)
    asked = order()
    piece = sweep.Slice(asked, asked.quantity, MID, sweep.Scope((POOL, PERP), ()), world.in_flight)
    problem = sweep.build_problem(piece, observation(), LIMITS)
    taken = [r.amount.atoms for r in problem.reservations if r.account == CHAIN]
    assert taken == [15_015 * DOLLAR]
    assert [r.account for r in problem.reservations] == [CHAIN, MARGIN]


def test_a_problem_keeps_free_what_an_accounts_own_scenarios_ask_of_children_in_flight():
    asked, own = order(), replace(FALL, mark_pips=Pips(-500_000))
    scope, sent = sweep.Scope((POOL, PERP), ()), child(at(PERP, 4))
    plain = sweep.Slice(asked, asked.quantity, MID, scope, (sent,))
    guarded = replace(plain, guards=Guards(scenarios={MARGIN: (own,)}))

    (before,), (after,) = (
        sweep.build_problem(piece, observation(), LIMITS).reservations for piece in (plain, guarded)
    )

    # Four ether fall to 35 % of 12,012 dollars, and a tenth of that keeps them.
    assert before.amount.atoms == 1_201_200_000 + 12 * DOLLAR + FEE.atoms
    assert after.amount.atoms == 12_012 * 685 * 10**3 + 12 * DOLLAR + FEE.atoms
