"""Whatever becomes of a basket's legs: never more than was ordered, never one side far ahead."""

import random

import pytest

from router.domain.event import BasketRefused, MarketObserved, RouteRefused, TimerFired
from router.domain.order import GasPaid, OrderStatus
from router.domain.plan import NoRouteReason
from router.execution import leg_risk
from router.state.world import Phase
from tests.unit.engine.basket_scene import (
    BTC_PERP,
    BTC_POOL,
    BUY_ETH,
    COIN,
    NAME,
    SELL_BTC,
    Baskets,
)
from tests.unit.engine.scene import DOLLAR, ETHER, PERP, POOL

TOLERANCE = 15_000
GAS = GasPaid(10**15, 200_000, 8, "0x8")
SEEDS = range(40)
STEPS_MAX = 400
ROUNDING = 10 * DOLLAR  # a lot of bitcoin, and the legs' own rounding


def outcome(desk, child, chance):
    """Let a child fill, fill in part, do nothing, or not be sent."""
    on_chain = child.legs[0].instrument.is_on_chain
    fate = chance.choice(
        ["whole", "whole", "nothing"] if on_chain else ["whole", "part", "nothing"]
    )
    desk.sign(child)
    if fate != "nothing":
        desk.filled(child, 100 if fate == "whole" else chance.choice([10, 40, 90]))
    status = {
        "whole": OrderStatus.FILLED,
        "part": OrderStatus.CANCELED,
        "nothing": OrderStatus.REJECTED,
    }[fate]
    desk.end(child, status, gas=GAS if on_chain else None, why="" if fate == "whole" else "no")


def answered(desk, problems, chance):
    """Plan each problem over one or two of its markets, a part of it or all."""
    parts = []
    for problem in problems:
        left = problem.quantity.atoms
        perp, pool, lot = (
            (PERP, POOL, 10**14) if problem.parent == BUY_ETH.id else (BTC_PERP, BTC_POOL, 10**3)
        )
        in_perp = left * chance.choice([0, 30, 60, 100]) // 100 // lot * lot
        if not problem.books:
            in_perp = 0
        if in_perp:
            parts.append((perp, in_perp))
        if left - in_perp:
            parts.append((pool, left - in_perp))
    return desk.answer(problems, *parts)


def work(desk, chance):
    """Go on until nothing is asked for; what is out ends in any order."""
    out = []
    for _ in range(STEPS_MAX):
        late = [p for p in desk.world.going.rows() if p.phase is Phase.WAITING]
        if desk.world.is_looking:
            desk.agree()
        elif late:
            desk.feed(TimerFired(late[0].order.id, desk.tick()))
        elif out:
            outcome(desk, out.pop(chance.randrange(len(out))), chance)
            check(desk)
        elif desk.world.active is not None:
            out = planned(desk, chance)
        else:
            return
    pytest.fail("it goes on for ever")


def planned(desk, chance):
    parent = desk.world.active
    if parent.phase is Phase.OBSERVING:
        desk.feed(MarketObserved(parent.order.id, desk.seen(), desk.tick()))
        return []
    reason = NoRouteReason.NO_LIQUIDITY
    if NAME not in desk.world.baskets:
        # An unwinding order is one like all others; here it finds no route.
        desk.feed(RouteRefused(parent.order.id, reason, "none", desk.tick()))
        return []
    if chance.random() < 0.15:
        desk.feed(BasketRefused(NAME, reason, "none", desk.tick()))
        return []
    members = leg_risk.members(desk.world, desk.world.baskets[NAME])
    problems = [m.problem for m in members if m.phase is Phase.SOLVING]
    before = leg_risk.exposure(desk.world, desk.world.baskets[NAME])
    children = answered(desk, problems, chance)
    held_back(before, children)
    return children


def held_back(before, children):
    """Hold that a side that is ahead by the most sends nothing."""
    for sign, name in ((1, BUY_ETH.id), (-1, SELL_BTC.id)):
        if any(child.parent == name for child in children):
            assert sign * before < TOLERANCE * DOLLAR


def check(desk):
    if NAME in desk.world.baskets:
        ahead = leg_risk.exposure(desk.world, desk.world.baskets[NAME])
        assert abs(ahead) <= TOLERANCE * DOLLAR + ROUNDING
    for order in (BUY_ETH, SELL_BTC):
        children = desk.world.children_of(order.id)
        assert sum(f.quantity.atoms for c in children for f in c.fills) <= order.quantity.atoms


@pytest.mark.parametrize("seed", SEEDS)
def test_it_ends_within_its_orders_and_what_is_beyond_the_most_is_taken_back(seed):
    chance = random.Random(seed)
    desk = Baskets()
    desk.begin()
    desk.give(BUY_ETH, SELL_BTC, exposure=TOLERANCE)

    work(desk, chance)

    members = [desk.world.parents[o.id] for o in (BUY_ETH, SELL_BTC)]
    assert {m.phase for m in members} == {Phase.DONE}
    assert NAME not in desk.world.baskets
    bought, sold = (
        sum(f.quantity.atoms for c in desk.world.children_of(m.order.id) for f in c.fills)
        for m in members
    )
    # Both are worth 60,000; a leg's own price is that of its arrival.
    ahead = bought * 60_000 * DOLLAR // (20 * ETHER) - sold * 60_000 * DOLLAR // COIN
    unwound = [p.order for n, p in desk.world.parents.items() if n.startswith("unwind")]
    assert abs(ahead) <= TOLERANCE * DOLLAR + ROUNDING
    assert bool(unwound) <= (abs(ahead) > TOLERANCE * DOLLAR - ROUNDING)
    for order in unwound:
        assert order.quantity.atoms <= (bought if order.base == BUY_ETH.base else sold)
        assert order.side is not (BUY_ETH if order.base == BUY_ETH.base else SELL_BTC).side


def test_the_seeds_show_both_whole_fills_and_parts_given_back():
    ends = set()
    for seed in SEEDS:
        desk = Baskets()
        desk.begin()
        desk.give(BUY_ETH, SELL_BTC, exposure=TOLERANCE)
        work(desk, random.Random(seed))
        ends |= {desk.world.parents[o.id].status for o in (BUY_ETH, SELL_BTC)}

    assert {OrderStatus.FILLED, OrderStatus.CANCELED} <= ends


def test_the_same_seed_is_the_same_story():
    worlds = []
    for _ in range(2):
        desk = Baskets()
        desk.begin()
        desk.give(BUY_ETH, SELL_BTC, exposure=TOLERANCE)
        work(desk, random.Random(7))
        worlds.append(desk.world)

    assert worlds[0].parents == worlds[1].parents
