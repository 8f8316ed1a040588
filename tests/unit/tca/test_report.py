from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.domain.order import GasPaid, OrderStatus
from router.domain.plan import CostSplit
from router.domain.units import Amount, Pips, Side
from router.tca.report import report
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    ETHER,
    MID,
    PERP,
    POOL,
    USDC,
    Driver,
    order,
)

GAS = GasPaid(atoms=10**15, gas_used=100_000, block_number=8, block_hash="0x08")


def observed(driver, parent):
    """Observe the market, and take 3,000 to the last digit as the arrival mid."""
    problem = driver.observe(parent)
    state = driver.world.parents[parent.id]
    problem = replace(problem, arrival_mid=MID)
    driver.world = driver.world.with_parent(replace(state, arrival_mid=MID, problem=problem))
    return problem


def traded(driver, parent, instrument, ethers, *, notional, fee=0, quantity=None):
    """Take one leg from plan to its end at a price of our choice, and return its child."""
    (child,) = driver.solve(observed(driver, parent), (instrument, ethers))
    driver.sign(child)
    driver.acknowledge(child)
    done = driver.fill(child, 0, name="seed")
    assert done.quantity.atoms == 0
    fill = replace(
        done,
        id=f"f-{child.id}",
        quantity=Amount(ETH.id, ethers * ETHER if quantity is None else quantity),
        notional=Amount(USDC.id, notional),
        fee=Amount(USDC.id, fee),
    )
    driver.feed(type(driver.history[-1])(child.id, fill, driver.tick()))
    status = OrderStatus.FILLED
    driver.end(child, status, gas=GAS if instrument is POOL else None)
    return child


def started(parent):
    driver = Driver()
    driver.start()
    driver.submit(parent)
    return driver


def told(driver, parent):
    return report(driver.world, driver.world.parents[parent.id])


def test_a_pool_buy_in_numbers_added_up_by_hand():
    parent = order(10)
    driver = started(parent)

    # Ten ether at 3,003 instead of 3,000: thirty dollars. The gas is a thousandth of an ether.
    traded(driver, parent, POOL, 10, notional=30_030 * DOLLAR)
    made = told(driver, parent)

    assert made.filled_quantity == Amount(ETH.id, 10 * ETHER)
    assert made.filled_notional == Amount(USDC.id, 30_030 * DOLLAR)
    assert made.fees == Amount(USDC.id, 0)
    assert (made.gas_atoms, made.gas_quote_atoms) == (10**15, 3 * DOLLAR)
    # 33 dollars over 30,000 are 11 basis points.
    assert made.realised_slippage == Pips(1_100)
    (leg,) = made.legs
    assert leg.realised_cost_atoms == 30 * DOLLAR
    assert leg.realised_slippage == Pips(1_000)
    assert not leg.exact, "3,000 was planned and 3,003 paid"


def test_a_perp_buy_pays_its_fee_on_top():
    parent = order(10)
    driver = started(parent)

    traded(driver, parent, PERP, 10, notional=30_000 * DOLLAR, fee=13_500_000)
    made = told(driver, parent)

    assert made.fees == Amount(USDC.id, 13_500_000)
    assert made.gas_atoms == made.gas_quote_atoms == 0
    # 13.50 over 30,000 are 4.5 basis points.
    assert made.realised_slippage == Pips(450)
    (leg,) = made.legs
    assert (leg.realised_cost_atoms, leg.exact) == (13_500_000, True)


def test_both_legs_together_weigh_as_much_as_they_traded():
    parent = order(10)
    driver = started(parent)

    traded(driver, parent, PERP, 4, notional=12_000 * DOLLAR, fee=6 * DOLLAR)
    traded(driver, parent, POOL, 6, notional=18_018 * DOLLAR)
    made = told(driver, parent)

    # 6 of fee, 18 of price and 3 of gas over 30,000.
    assert made.realised_slippage == Pips(900)
    assert [leg.realised_slippage for leg in made.legs] == [500, 1_000]
    assert len(made.plans) == 2


def test_a_better_price_than_arrival_is_negative():
    parent = order(10)
    driver = started(parent)

    traded(driver, parent, PERP, 10, notional=29_970 * DOLLAR)

    assert told(driver, parent).realised_slippage == Pips(-1_000)


def test_a_part_is_measured_against_its_own_part():
    parent = order(10)
    driver = started(parent)

    traded(driver, parent, PERP, 10, notional=6_012 * DOLLAR, quantity=2 * ETHER)
    made = told(driver, parent)

    assert made.realised_slippage == Pips(2_000)
    assert made.ordered == Amount(ETH.id, 10 * ETHER)
    assert not made.legs[0].exact


def test_nothing_filled_has_no_slippage_rather_than_none_at_all():
    parent = order(10)
    driver = started(parent)
    (child,) = driver.solve(observed(driver, parent), (PERP, 10))
    driver.sign(child)
    driver.end(child, OrderStatus.CANCELED, why="no match")

    made = told(driver, parent)

    assert made.realised_slippage is None
    (leg,) = made.legs
    assert (leg.realised_slippage, leg.realised_cost_atoms) == (None, 0)
    assert (leg.reason, leg.reference) == ("no match", f"ref-{child.id}")


def test_an_order_that_was_never_planned_reports_that_it_was_not():
    parent = order(quantity=Amount(ETH.id, 0))
    driver = started(parent)

    made = told(driver, parent)

    assert made.status is OrderStatus.REJECTED
    assert "quantity must be positive" in made.reason
    assert made.arrival_mid is made.predicted is made.predicted_slippage is None
    assert made.legs == made.plans == ()
    assert made.differences is None
    assert made.took == driver.now - parent.submitted_at


def test_the_prediction_is_the_first_plans_and_a_legs_is_its_own_without_gas_and_funding():
    parent = order(10)
    driver = started(parent)
    problem = observed(driver, parent)
    (child,) = driver.solve(problem, (PERP, 10))
    costs = CostSplit(impact=4 * DOLLAR, fees=2 * DOLLAR, gas=8 * DOLLAR, funding=16 * DOLLAR)
    world = driver.world
    state, one = world.parents[parent.id], world.children[child.id]
    (leg,) = one.order.legs
    plan = replace(state.plans[0], cost=costs, slippage=Pips(1_000))
    state = replace(state, plans=(plan, state.plans[0]))
    one = replace(one, order=replace(one.order, legs=(replace(leg, cost=costs),)))

    made = report(world.with_parent(state).with_child(one), state)

    assert (made.predicted, made.predicted_slippage) == (costs, 1_000)
    assert made.legs[0].predicted_cost_atoms == 6 * DOLLAR
    # Six dollars over 30,000.
    assert made.legs[0].predicted_slippage == Pips(200)


def test_an_unfinished_order_has_no_duration_and_an_unreconciled_one_no_differences():
    parent = order(10)
    driver = started(parent)
    traded(driver, parent, PERP, 10, notional=30_000 * DOLLAR)

    before = told(driver, parent)
    driver.reconcile(cash=-30_000 * DOLLAR, lots=100_000)
    after = told(driver, parent)

    assert (before.took, before.differences) == (None, None)
    assert after.differences == ()
    assert after.took == driver.now - parent.submitted_at


def test_an_order_of_which_nothing_was_sent_has_no_differences_whatever_was_found_before():
    first, second = order(10), order(name="second", quantity=Amount(ETH.id, 0))
    driver = started(first)
    traded(driver, first, PERP, 10, notional=30_000 * DOLLAR)
    driver.reconcile(cash=-30_000 * DOLLAR, lots=100_000)

    driver.submit(second)

    assert told(driver, first).differences == ()
    assert told(driver, second).differences is None


def test_a_difference_is_told_in_words():
    parent = order(10)
    driver = started(parent)
    traded(driver, parent, PERP, 10, notional=30_000 * DOLLAR)

    driver.reconcile(cash=-30_000 * DOLLAR - 1, lots=100_000)

    (sentence,) = told(driver, parent).differences
    assert "off by -1" in sentence


def one_fill_of(side, quantity, notional, fee):
    """Return the report of an order whose only fill has these numbers."""
    parent = order(10)
    driver = started(parent)
    child = traded(driver, parent, PERP, 10, notional=1)
    state, ended = driver.world.parents[parent.id], driver.world.children[child.id]
    fill = replace(
        ended.fills[-1],
        quantity=Amount(ETH.id, quantity),
        notional=Amount(USDC.id, notional),
        fee=Amount(USDC.id, fee),
    )
    state = replace(state, order=replace(parent, side=side))
    return report(driver.world.with_child(replace(ended, fills=(fill,))), state)


@given(
    side=st.sampled_from(Side),
    quantity=st.integers(min_value=10**9, max_value=10**22),
    pips=st.integers(min_value=-20_000, max_value=20_000),
    fee=st.integers(min_value=-(10**6), max_value=10**9),
)
def test_realised_slippage_is_never_told_better_than_it_was(side, quantity, pips, fee):
    fair = Fraction(quantity * MID.quote_atoms, MID.base_atoms)
    notional = max(int(fair * (10**6 + pips) / 10**6), 1)

    made = one_fill_of(side, quantity, notional, fee)

    beyond = notional - fair if side is Side.BUY else fair - notional
    exact = (beyond + fee) / fair * 10**6
    # An atom by which the cost is rounded, and the pip by which the rate is.
    assert exact <= made.realised_slippage < exact + 1 + 10**6 / fair
