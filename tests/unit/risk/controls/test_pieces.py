"""What the scene of one order does not show: several orders, routes, counts that build up."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.control import Control
from router.domain.controls import ControlLimits, ControlRules, TokenMark, TokenRisk, WeeklyClosing
from router.domain.event import ChildNotSent, MarketObserved, ParentSubmitted
from router.domain.instrument import Asset
from router.domain.order import OrderStatus
from router.domain.plan import Hop, QuantityKind
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.units import Amount, AssetId, DurationNs, Price, Side, TimestampNs
from router.risk.controls import (
    crossing,
    daily,
    exposure,
    form,
    fresh,
    gas,
    hours,
    rate,
    restricted,
    size,
)
from router.risk.controls import price as prices
from router.risk.controls.breach import in_bps, in_ms, in_pct, in_s, in_units, strictest
from router.risk.controls.case import Asked, Met, Planned, messages_of, worst_pips
from router.state.counts import Measure
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    ETHER,
    MARGIN,
    MID,
    PERP,
    POOL,
    T0,
    USDC,
    emptied,
    leg,
    observation,
    order,
    plan,
)
from tests.unit.engine.story import executed_perp_leg
from tests.unit.risk.controls.scene import (
    BOTH,
    FREE,
    STRATEGY,
    VENUE,
    S,
    beside,
    costing,
    desk,
    firm,
    usdc,
)

BTC = Asset(AssetId("BTC"), 8)


def asked(rules, parent=None, *, made=None, at=None):
    driver = made or desk(rules)
    parent = parent or order()
    if parent.id not in driver.world.parents:
        driver.feed(ParentSubmitted(parent, driver.tick()))
    return Asked(driver.world, parent, rules, TimestampNs(at or driver.now))


def planned(rules, parent=None, parts=BOTH, *, made=None, change=lambda p: p):
    """Return a plan as controls see it, at the mid and on the scene's market."""
    driver, parent = made or desk(rules), parent or order()
    case = asked(rules, parent, made=driver)
    driver.feed(MarketObserved(parent.id, observation(), driver.tick()))
    problem = driver.world.parents[parent.id].problem
    case = replace(case, world=driver.world)
    return Planned(Met(case, MID, MID), problem, change(plan(problem, *parts)))


def keys(breaches):
    return [breach.key.rsplit(".", 1)[-1] for breach in breaches]


@given(
    st.integers(1, 10**12),
    st.integers(1, 10**24),
    st.sampled_from([Side.BUY, Side.SELL]),
    st.sampled_from(QuantityKind),
)
def test_how_much_worse_a_leg_may_be_is_exact_and_rounded_against_us(cash, base, side, kind):
    amounts = (Amount(ETH.id, base), Amount(USDC.id, cash))
    quantity, notional = amounts
    bound = notional if kind is QuantityKind.BASE else quantity
    made = replace(
        leg(POOL, quantity), side=side, quantity_kind=kind, notional=notional, bound=bound
    )

    worst = worst_pips(made, MID)

    ratio = Fraction(cash * MID.base_atoms, base * MID.quote_atoms)
    exact = (ratio - 1 if side is Side.BUY else 1 - ratio) * 10**6
    assert 0 <= worst - exact < 1


@pytest.mark.parametrize("side", Side)
def test_a_leg_that_takes_anything_has_no_worst_price(side):
    given_cash = {
        "side": side,
        "quantity_kind": QuantityKind.CASH if side is Side.BUY else QuantityKind.BASE,
        "bound": Amount(ETH.id if side is Side.BUY else USDC.id, 0),
    }
    made = replace(leg(POOL, Amount(ETH.id, ETHER)), **given_cash)

    assert worst_pips(made, MID) is None

    case = planned(firm())
    case = replace(case, plan=replace(case.plan, legs=(made,)))
    (breach,) = prices.slippage(case)
    assert (breach.control, breach.limit, breach.value) == (Control.SLIPPAGE, "a bound", "none")


def test_the_worst_price_of_every_leg_is_held_to_the_slippage_of_its_market():
    for pips, refused in ((999, ["slippage_max_bps"]), (1_000, [])):
        assert keys(prices.slippage(planned(beside(VENUE, slippage_max_pips=pips)))) == refused


def test_the_collar_is_two_sided_by_what_is_worse_for_us_alone():
    cheap = Price(ETH.id, USDC.id, 2_000 * DOLLAR, ETHER)
    dear = Price(ETH.id, USDC.id, 4_000 * DOLLAR, ETHER)
    case = planned(firm(collar_book_pips=1_000, collar_pool_pips=1_000))

    assert list(prices.collar(replace(case, met=replace(case.met, reference=dear)))) == []
    worse = list(prices.collar(replace(case, met=replace(case.met, reference=cheap))))
    assert keys(worse) == ["collar_book_bps", "collar_pool_bps"]
    assert strictest(worse).value == "5015"  # 3,003 for 2,000


def test_what_several_orders_move_a_market_adds_up():
    # 30 dollars of 12,000 are 25 bps, each time.
    for bound, sent in ((5_000, 2), (4_999, 1)):
        made = desk(firm(impact_10min_max_pips=bound))
        done = 0
        for name in ("one", "two"):
            children = made.tell(order(4, name=name), ((PERP, 4),), change=costing(30 * DOLLAR))
            done += len(children)
            for child in children:
                made.sign(child)
                made.acknowledge(child)
                made.fill(child, 4)
                made.end(child, OrderStatus.FILLED)
                made.reconcile(lots=4 * 10**4 * done, cash=-12_000 * DOLLAR * done)
        assert done == sent
        expected = [] if sent == 2 else [Control.PRICE_IMPACT]
        assert [f.control for f in made.findings] == expected


def test_open_notional_counts_what_other_orders_have_out():
    driver = desk(None)
    (child,) = driver.tell(order(4), ((PERP, 4),))
    rules = firm(open_notional_max=usdc(42_041))

    case = planned(rules, order(10, name="next"), made=desk(rules))
    world = driver.world.with_parent(case.asked.world.parents[case.asked.order.id])
    case = replace(case, met=replace(case.met, asked=replace(case.asked, world=world)))

    (breach,) = exposure.open_notional(case)
    # 12,012 are out and 30,030 come to them.
    assert (breach.value, child.legs[0].bound.atoms) == ("42042 USDC", 12_012 * DOLLAR)


def test_a_position_that_ends_smaller_is_not_refused_however_large_it_is():
    rules = firm(position_notional_max=usdc(1))
    case = planned(rules, parts=((PERP, 4),))
    (book,) = case.problem.books
    for lots, refused in ((-(10**5), []), (0, ["position_notional_max"])):
        books = (replace(book, position_lots=lots),)
        held = replace(case, problem=replace(case.problem, books=books))
        assert keys(exposure.positions(held)) == refused


def test_an_account_without_equity_has_no_leverage_left():
    case = planned(beside(Scope(ScopeKind.ACCOUNT, MARGIN), leverage_max_pct=10_000))
    (margin,) = case.problem.margins
    broke = replace(case.problem, margins=(replace(margin, equity_atoms=0),))

    assert keys(exposure.leverage(replace(case, problem=broke))) == ["leverage_max_pct"]
    assert list(exposure.leverage(case)) == []


def test_a_days_notional_counts_what_was_filled():
    driver = desk(None)
    executed_perp_leg(driver, order())
    rules = firm(daily_notional_max=usdc(30_000))
    asked_next = order(6, name="next")
    case = Asked(driver.world, asked_next, rules, TimestampNs(driver.now))
    world = driver.world.with_parent(
        replace(driver.world.parents[order().id], order=asked_next, children=())
    )
    met = Met(replace(case, world=world), MID, None)

    assert list(daily.order_notional(met)) == []  # 12,000 and 18,000
    more = replace(met, asked=replace(met.asked, order=replace(asked_next, quantity=bigger())))
    assert keys(daily.order_notional(more)) == ["daily_notional_max"]
    tomorrow = replace(more, asked=replace(more.asked, at=TimestampNs(driver.now + 90_000 * S)))
    assert list(daily.order_notional(tomorrow)) == []


def bigger():
    return Amount(ETH.id, 6 * ETHER + 10**12)


def with_counts(case, *counts):
    activity = case.asked.world.activity
    for measure, scope, count in counts:
        activity = activity.added(measure, scope, case.asked.at, count=count)
    world = replace(case.asked.world, activity=activity)
    return replace(case, met=replace(case.met, asked=replace(case.asked, world=world)))


def test_many_children_without_a_fill_stop_the_next_and_few_say_nothing():
    case = planned(firm(unfilled_max_pips=800_000))
    for ended, empty, refused in ((19, 19, []), (20, 16, []), (20, 17, ["unfilled_max_pct"])):
        counts = ((Measure.ENDED, FIRM, ended), (Measure.UNFILLED, FIRM, empty))
        assert keys(rate.unfilled(with_counts(case, *counts))) == refused


def test_messages_are_bounded_at_once_and_over_ten_seconds():
    case = planned(beside(VENUE, messages_per_s_max=2, messages_burst_max=20))
    for before, refused in (
        (19, []),
        (20, ["messages_burst_max", "messages_per_s_max"]),
    ):
        assert keys(rate.messages(with_counts(case, (Measure.MESSAGES, VENUE, before)))) == refused


def test_losing_slices_in_a_row_disable_their_strategy_and_no_other():
    rules = firm(losing_slices_max=3)
    case = asked(rules)
    for lost, refused in ((2, []), (3, ["losing_slices_max"])):
        activity = case.world.activity.with_losing("default", lost)
        told = replace(case, world=replace(case.world, activity=activity))
        assert keys(rate.losing(told)) == refused
        other = replace(told, order=replace(case.order, strategy="calm"))
        assert list(rate.losing(other)) == []


def test_a_venue_that_fails_too_often_is_left_alone_for_a_while():
    rules = ControlRules(
        (FREE, ControlLimits(VENUE, errors_max=1, errors_window=DurationNs(60 * S)))
    )
    driver = desk(rules)
    for name, is_open in (("one", True), ("two", True), ("three", False)):
        children = driver.tell(order(4, name=name, venues=(PERP.venue,)), ((PERP, 4),))
        assert bool(children) is is_open, name
        for child in children:
            driver.feed(ChildNotSent(child.id, "no", driver.tick()))
            driver.reconcile()
            driver.world = emptied(driver.world)

    case = asked(rules, order(name="later"), made=driver)
    assert keys(hours.market(case, PERP)) == ["errors_max"]
    assert list(hours.market(case, POOL)) == []
    assert list(hours.market(replace(case, at=TimestampNs(case.at + 90 * S)), PERP)) == []


def test_only_the_days_that_are_named_are_closed():
    # 1 January 1970 was a Thursday.
    closing = WeeklyClosing((3,), 3_600, 7_200)

    for second, is_closed in ((3_599, False), (3_600, True), (7_199, True), (7_200, False)):
        assert closing.holds(TimestampNs(second * S)) is is_closed
        assert not closing.holds(TimestampNs((second + 86_400) * S))
        assert closing.holds(TimestampNs((second + 7 * 86_400) * S)) is is_closed


def hopping(case):
    """Return the plan with a pool's leg over a middle asset, in pools that are not configured."""
    first = replace(POOL, symbol="0xodd", quote=BTC)
    hop = Hop(first, Amount(USDC.id, 1), Amount(BTC.id, 1))
    legs = tuple(replace(x, hops=(hop,)) if x.instrument.is_on_chain else x for x in case.plan.legs)
    return replace(case, plan=replace(case.plan, legs=legs))


def test_what_lies_on_the_way_is_asked_as_the_order_itself_is():
    rules = replace(
        firm(assets_denied=(BTC.id,)),
        tokens=(TokenMark(BTC.id, (TokenRisk.FEE_ON_TRANSFER,), accepted=False),),
    )
    case = hopping(planned(rules))

    (denied,) = restricted.hops(case)
    (odd,) = restricted.token_hops(case)
    unknown = list(restricted.contracts(case))
    assert (denied.value, odd.value) == ("BTC", "fee_on_transfer")
    assert [(b.control, b.value) for b in unknown] == [(Control.RESTRICTED, "0xodd")]
    assert list(restricted.assets(case.asked)) == list(restricted.tokens(case.asked)) == []


def test_a_family_of_pools_can_be_denied():
    market = replace(POOL, protocol="uniswap_v3")
    case = asked(firm(protocols_denied=("uniswap_v3",)))

    assert keys(restricted.denied(case, market)) == ["protocols_denied"]
    assert list(restricted.denied(case, replace(market, protocol="uniswap_v2"))) == []


def test_an_opposite_order_that_is_out_in_the_same_pool_holds_up_the_plan():
    driver = desk(None)
    driver.tell(order(4), ((PERP, 4),))
    selling = order(4, name="sell", side=Side.SELL)
    case = planned(firm(), order(4, name="next"), ((PERP, 4),))
    for mine, refused in ((selling, ["self_trade"]), (order(4, name="next"), [])):
        world = driver.world
        told = replace(case.asked, world=world, order=mine)
        assert keys(crossing.in_flight(replace(case, met=replace(case.met, asked=told)))) == refused


@pytest.mark.parametrize(
    ("held", "lots", "fits"),
    [(-(10**5), 4, True), (-4 * 10**4, 4, True), (-3 * 10**4, 4, False), (10**5, 4, False)],
)
def test_a_leg_that_says_it_reduces_must_make_the_position_smaller(held, lots, fits):
    case = planned(firm(), order(lots, reduces_only=True, venues=(PERP.venue,)), ((PERP, lots),))
    (book,) = case.problem.books
    books = (replace(book, position_lots=held),)

    breaches = list(form.legs(replace(case, problem=replace(case.problem, books=books))))

    assert (breaches == []) is fits


def test_a_fraction_of_a_lot_does_not_go():
    case = planned(firm(), parts=((PERP, 4),))
    (only,) = case.plan.legs
    odd = replace(only, quantity=Amount(ETH.id, only.quantity.atoms + 1))

    (breach,) = form.legs(replace(case, plan=replace(case.plan, legs=(odd,))))

    assert (breach.control, breach.limit) == (Control.ORDER_FORM, str(PERP.lot_atoms))


def test_a_clock_that_is_wrong_shows_in_a_book_either_way_and_in_a_block_of_the_future():
    rules = firm(clock_offset_max=DurationNs(500 * 10**6))
    case = planned(rules)
    (book,), (pool,) = case.problem.books, case.problem.pools
    for offset, refused in ((500, 0), (501, 2), (-501, 1)):
        there = TimestampNs(T0 + offset * 10**6)
        block = replace(pool.snapshot.block, at_venue=there)
        seen = replace(
            case.problem,
            books=(replace(book, snapshot=replace(book.snapshot, at_venue=there)),),
            pools=(replace(pool, snapshot=replace(pool.snapshot, block=block)),),
        )
        assert len(list(fresh.ages(replace(case, problem=seen)))) == refused


def test_gas_is_asked_where_there_is_any_and_only_there():
    rules = firm(gas_units_max=1, gas_price_max_wei=1, cancels_reserved=10**9)

    assert keys(gas.price(planned(rules))) == ["gas_price_max_gwei", "gas_units_max"]
    books_only = planned(rules, order(4), ((PERP, 4),))
    for check in (gas.price, gas.spent, gas.reserve):
        assert list(check(books_only)) == []


def test_an_order_counts_as_large_as_all_that_a_venue_had_of_it():
    driver = desk(None)
    executed_perp_leg(driver, order())
    rules = beside(VENUE, order_quantity_max=(Amount(ETH.id, 9 * ETHER),))
    case = planned(rules)
    for ethers, refused in ((5, []), (6, ["order_quantity_max"])):
        legs = (leg(PERP, Amount(ETH.id, ethers * ETHER)),)
        told = replace(case.asked, world=driver.world)
        again = replace(case, met=replace(case.met, asked=told))
        assert keys(size.parts(replace(again, plan=replace(case.plan, legs=legs)))) == refused


def test_the_legs_of_one_router_are_one_message_and_each_book_is_another():
    perp, pool = leg(PERP, Amount(ETH.id, ETHER)), leg(POOL, Amount(ETH.id, ETHER))
    elsewhere = replace(pool, instrument=replace(POOL, router="another"))

    assert messages_of((pool, pool)) == 1
    assert messages_of((pool, elsewhere, perp, perp)) == 4


def test_numbers_are_told_in_the_unit_of_their_key():
    assert in_units(USDC.id, (POOL,))(1_500_000) == "1.5 USDC"
    assert (in_bps(1_234), in_pct(812_500), in_ms(1_000_001), in_s(2 * S)) == (
        "12.34",
        "81.25",
        "2",
        "2",
    )
    assert strictest(()) is None
    assert STRATEGY.label == "strategy:default"
