from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.algo import sweep
from router.domain.account import MarkedPosition, Position, RequestBudget
from router.domain.instrument import InstrumentKind
from router.domain.limits import VenueMargin
from router.domain.margin import HeldPosition, InitialMargin, MarginTier, StressScenario
from router.domain.observation import ChainGas
from router.domain.plan import InclusionScenario, QuantityKind, Uncertainty
from router.domain.risk import Guards
from router.domain.units import Amount, AssetId, InstrumentId, Pico, Pips, Price, Side, VenueId
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
    USDC,
    observation,
    order,
)

OTHER = replace(PERP, id=InstrumentId("hyperliquid:BTC"), symbol="BTC")


def instrument(name, *, base_is_token0=True):
    return replace(POOL, id=InstrumentId(name), base_is_token0=base_is_token0)


def snapshot(owner, ratio, liquidity):
    """Return a pool at a price of `ratio` quote atoms for one base atom, as the pool writes it."""
    seen = ratio if owner.base_is_token0 else 1 / ratio
    root = int((seen.numerator << 192) // seen.denominator) ** 0.5
    (known,) = observation().pools
    return replace(known, instrument=owner.id, sqrt_price_x96=int(root), liquidity=liquidity)


def seen(*pools, books=()):
    return replace(observation(), pools=pools, books=books)


def as_ratio(price):
    return Fraction(price.quote_atoms, price.base_atoms)


def test_instruments_are_in_scope_by_pair_venue_and_stage():
    everything = (POOL, PERP)

    def markets(stage, **changes):
        return sweep.scope(order(**changes), everything, stage).markets

    assert markets(0) == everything
    assert markets(1) == (POOL,)
    assert markets(0, venues=(VenueId("hyperliquid"),)) == (PERP,)
    assert markets(1, venues=(VenueId("hyperliquid"),)) == ()
    assert markets(0, quote=AssetId("DAI")) == ()
    assert markets(0, base=USDC.id, quote=ETH.id) == ()


def test_an_order_may_name_a_chain_or_a_family_of_pools():
    pool = replace(POOL, venue=VenueId("base"), protocol="uniswap_v4")

    for name in ("base", "uniswap_v4"):
        assert sweep.scope(order(venues=(VenueId(name),)), (pool, PERP), 0).markets == (pool,)
    assert sweep.scope(order(venues=(VenueId("uniswap_v3"),)), (pool, PERP), 0).markets == ()


@pytest.mark.parametrize(
    ("side", "dollars", "tighter"),
    [
        (Side.BUY, 3_010, "limit"),
        (Side.BUY, 3_040, "bound"),
        (Side.SELL, 2_990, "limit"),
        (Side.SELL, 2_960, "bound"),
    ],
)
def test_the_limit_price_is_the_tighter_of_the_orders_and_its_slippage(side, dollars, tighter):
    limit = Price(ETH.id, USDC.id, dollars * DOLLAR, ETHER)
    asked = order(side=side, limit_price=limit)

    found = sweep.limit_price(asked, MID)

    bound = 3_000 * (Fraction(101, 100) if side is Side.BUY else Fraction(99, 100))
    wanted = dollars if tighter == "limit" else bound
    assert as_ratio(found) == Fraction(wanted) * DOLLAR / ETHER


@given(
    st.sampled_from(Side),
    st.integers(min_value=0, max_value=999_999),
    st.none() | st.integers(min_value=1, max_value=10**15),
)
def test_no_limit_price_is_worse_than_either_of_the_two(side, pips, limit_atoms):
    limit = None if limit_atoms is None else Price(ETH.id, USDC.id, limit_atoms, ETHER)
    asked = order(side=side, limit_price=limit, slippage_max_pips=Pips(pips))

    found = as_ratio(sweep.limit_price(asked, MID))

    sign = 1 if side is Side.BUY else -1
    bounds = [as_ratio(MID) * Fraction(10**6 + sign * pips, 10**6)]
    bounds += [] if limit is None else [as_ratio(limit)]
    assert all(sign * found <= sign * bound for bound in bounds)


def piece(asked=None, **changes):
    asked = asked or order()
    whole = sweep.Slice(asked, asked.quantity, MID, sweep.Scope((POOL, PERP), ()))
    return replace(whole, **changes)


def test_a_problem_holds_what_was_ordered_and_what_was_observed():
    asked, watched = order(), observation()

    problem = sweep.build_problem(piece(asked), watched, LIMITS)

    assert (problem.parent, problem.side) == (asked.id, Side.BUY)
    assert (problem.kind, problem.quantity) == (QuantityKind.BASE, asked.quantity)
    assert problem.holding_horizon_s == asked.holding_horizon_s
    assert problem.slippage_tolerance_pips == LIMITS.slippage_tolerance_pips
    (pool,), (book,) = problem.pools, problem.books
    assert (pool.instrument, pool.snapshot) == (POOL, watched.pools[0])
    assert (book.instrument, book.snapshot) == (PERP, watched.books[0])
    assert (book.mark_ticks, book.funding_rate_per_hour) == (300_000, 12_500_000)
    assert (book.position_lots, book.leverage) == (0, 10)
    (chain,) = problem.chains
    assert (chain.account, chain.spendable) == (CHAIN, watched.accounts[0].spendable)
    assert chain.gas_price == MID
    (margin,) = problem.margins
    assert (margin.account, margin.equity_atoms) == (MARGIN, 500_000 * DOLLAR)


def test_an_order_in_cash_makes_a_problem_in_cash():
    asked = order(quantity=Amount(USDC.id, 5_000 * DOLLAR))

    assert sweep.build_problem(piece(asked), observation(), LIMITS).kind is QuantityKind.CASH


def test_only_what_is_left_is_planned():
    rest = Amount(ETH.id, 3 * ETHER)

    assert sweep.build_problem(piece(left=rest), observation(), LIMITS).quantity == rest


def margin_account(watched, **changes):
    chain, perp = watched.accounts
    return replace(watched, accounts=(chain, replace(perp, **changes)))


@pytest.mark.parametrize("lots", [20_000, -20_000])
def test_margin_of_the_traded_instrument_is_not_counted_as_used_elsewhere(lots):
    # Two ether at 3,000 with tenfold leverage: 600 dollars of initial margin are here.
    watched = margin_account(
        observation(),
        positions=(Position(PERP.id, lots, 10), Position(OTHER.id, 5, 3)),
        margin_used_atoms=1_000 * DOLLAR,
    )

    problem = sweep.build_problem(piece(), watched, LIMITS)

    assert problem.margins[0].margin_used_elsewhere_atoms == 400 * DOLLAR
    assert problem.books[0].position_lots == lots


def test_margin_used_elsewhere_is_never_negative():
    watched = margin_account(
        observation(), positions=(Position(PERP.id, 20_000, 10),), margin_used_atoms=599 * DOLLAR
    )

    problem = sweep.build_problem(piece(), watched, LIMITS)

    assert problem.margins[0].margin_used_elsewhere_atoms == 0


def test_a_book_whose_leverage_is_unknown_or_whose_account_was_not_read_is_left_out():
    silent = margin_account(observation(), positions=())
    unread = replace(observation(), accounts=observation().accounts[:1])

    assert sweep.build_problem(piece(), silent, LIMITS).books == ()
    assert sweep.build_problem(piece(), unread, LIMITS).books == ()
    assert sweep.build_problem(piece(), unread, LIMITS).margins == ()


def test_a_pool_that_was_not_observed_is_left_out_and_so_is_an_instrument_not_allowed():
    blind = sweep.build_problem(piece(), seen(books=observation().books), LIMITS)
    pools_only = sweep.build_problem(piece(scope=sweep.Scope((POOL,), ())), observation(), LIMITS)

    assert blind.pools == ()
    assert pools_only.books == pools_only.margins == ()
    assert {p.instrument.kind for p in pools_only.pools} == {InstrumentKind.SPOT_POOL}


def test_gas_is_priced_at_the_dearest_chain_and_left_out_where_nobody_tells_it():
    other = ChainGas(CHAIN, 7 * 10**9, None)
    dear = replace(observation(), gas=(*observation().gas, other))
    silent = replace(observation(), gas=())

    assert sweep.build_problem(piece(), dear, LIMITS).gas_fee_wei == 7 * 10**9
    without = sweep.build_problem(piece(), silent, LIMITS)
    assert without.gas_fee_wei == 0
    assert without.chains[0].gas_price is None


def test_posting_the_data_of_a_transaction_counts_as_if_it_were_gas():
    (known,) = sweep.build_problem(piece(), observation(), LIMITS).chains
    chain, perp = observation().accounts
    charged = replace(chain, data_fee_wei=2 * 10**14 + 1)
    watched = replace(observation(), accounts=(charged, perp))

    (dearer,) = sweep.build_problem(piece(), watched, LIMITS).chains

    # At 1e9 wei a unit, rounded up.
    assert dearer.gas_units_base - known.gas_units_base == 200_001


def planned(observed, **changes):
    """Return the problem of a whole order over the pool and the book."""
    parent = order(**changes)
    scope = sweep.scope(parent, (POOL, PERP), 0)
    piece = sweep.Slice(parent, parent.quantity, MID, scope)
    return sweep.build_problem(piece, observed, LIMITS)


def rationed(orders):
    chain, perp = observation().accounts
    perp = replace(perp, requests=RequestBudget(orders=orders, cancels=100))
    return replace(observation(), accounts=(chain, perp))


def test_a_book_whose_venue_takes_no_more_requests_is_left_out():
    assert [book.instrument for book in planned(rationed(1)).books] == [PERP]
    assert planned(rationed(0)).books == ()
    assert [pool.instrument for pool in planned(rationed(0)).pools] == [POOL]


def test_a_leg_at_a_book_is_worth_no_more_than_the_venue_takes_in_one_order():
    (context,) = observation().contexts
    ruled = replace(context, order_notional_max_atoms=30_300 * DOLLAR)

    (book,) = planned(replace(observation(), contexts=(ruled,))).books

    # The order may pay one percent above the mid of 3,000, which 30,300 dollars pay for 10 times.
    assert book.quantity_max_lots * PERP.lot_atoms == 10 * ETHER
    (free,) = planned(observation()).books
    assert free.quantity_max_lots is None


FALL = StressScenario("gap -30 %", Pips(-300_000), Pips(0))
TIERS = (MarginTier(0, 25, Pico(20_000_000_000)), MarginTier(10**14, 15, Pico(33_333_333_334)))
BITCOIN = HeldPosition(AssetId("BTC"), -7_000 * DOLLAR, TIERS, Pico(200_000_000_000))


def stressed(**changes):
    return replace(LIMITS, scenarios=(FALL,), **changes)


def test_a_book_has_the_tiers_and_the_rule_its_venue_tells():
    (context,) = observation().contexts
    told = replace(context, tiers=TIERS, initial_margin=InitialMargin.CAPPED)

    (book,) = sweep.build_problem(piece(), replace(observation(), contexts=(told,)), LIMITS).books

    assert (book.tiers, book.initial_margin) == (TIERS, InitialMargin.CAPPED)


def test_positions_in_other_instruments_are_held_beside_the_order_and_the_traded_one_is_not():
    here = HeldPosition(ETH.id, 3_000 * DOLLAR, TIERS, Pico(100_000_000_000))
    marked = (MarkedPosition(PERP.id, here), MarkedPosition(OTHER.id, BITCOIN))
    watched = margin_account(observation(), marked=marked)

    (margin,) = sweep.build_problem(piece(), watched, LIMITS).margins

    assert margin.elsewhere == (BITCOIN,)
    assert not margin.reduces_only


def test_an_account_with_a_position_nobody_values_is_only_reduced_where_it_is_stressed():
    positions = (Position(PERP.id, 0, 10), Position(OTHER.id, 5, 3))
    blind = margin_account(observation(), positions=positions)
    valued = margin_account(blind, marked=(MarkedPosition(OTHER.id, BITCOIN),))
    flat = margin_account(observation(), positions=(*positions[:1], Position(OTHER.id, 0, 3)))

    def reduces_only(watched, limits):
        (margin,) = sweep.build_problem(piece(), watched, limits).margins
        return margin.reduces_only

    assert reduces_only(blind, stressed())
    assert not reduces_only(blind, LIMITS)
    assert not reduces_only(valued, stressed())
    assert not reduces_only(flat, stressed())


def test_scenarios_and_what_plans_reckon_with_are_those_that_were_configured():
    certain = InclusionScenario("as seen", Pico(10**12), Pips(0), Pips(10**6), Pips(10**6))
    unsure = Uncertainty((certain,), Pips(100_000), Pips(0))

    problem = sweep.build_problem(piece(), observation(), stressed(uncertainty=unsure))

    assert (problem.scenarios, problem.uncertainty) == ((FALL,), unsure)
    pools = piece(scope=sweep.Scope((POOL,), ()))
    assert sweep.build_problem(pools, observation(), stressed()).scenarios == ()


def test_a_venues_rule_sets_the_buffer_in_its_collateral_and_whether_it_may_grow():
    other = VenueMargin(VenueId("elsewhere"), (Amount(USDC.id, 9),), reduces_only=True)
    buffers = (Amount(AssetId("DAI"), 5), Amount(USDC.id, 500 * DOLLAR))
    own = VenueMargin(PERP.venue, buffers, reduces_only=True)

    def margin(*rules):
        limits = stressed(venue_margins=rules)
        return sweep.build_problem(piece(), observation(), limits).margins[0]

    assert (margin(other).stress_buffer_atoms, margin(other).reduces_only) == (0, False)
    ruled = margin(other, own)
    assert (ruled.stress_buffer_atoms, ruled.reduces_only) == (500 * DOLLAR, True)


def test_what_is_known_of_risk_reaches_the_account_with_its_reason():
    own = StressScenario("basis", Pips(-100_000), Pips(0), mark_pips=Pips(50_000))
    guards = Guards(reduces_only={MARGIN: "it is in the zone soft"}, scenarios={MARGIN: (own,)})

    (margin,) = sweep.build_problem(piece(guards=guards), observation(), LIMITS).margins

    assert (margin.reduces_only, margin.why) == (True, "it is in the zone soft")
    assert margin.scenarios == (own,)


def test_an_account_that_only_reduces_always_says_why():
    rule = VenueMargin(PERP.venue, (), reduces_only=True)
    ruled = sweep.build_problem(piece(), observation(), replace(LIMITS, venue_margins=(rule,)))
    reducing = sweep.build_problem(piece(order(reduces_only=True)), observation(), LIMITS)
    guards = Guards(reduces_only={MARGIN: ""})
    blunt = sweep.build_problem(piece(guards=guards), observation(), LIMITS)

    words = [made.margins[0].why for made in (ruled, reducing, blunt)]
    assert words == [
        "stress.venues.hyperliquid.reduces_only is set",
        "the order only reduces",
        "risk only lets it reduce",
    ]
    assert all(made.margins[0].reduces_only for made in (ruled, reducing, blunt))
