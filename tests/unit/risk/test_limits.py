from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.algo import sweep
from router.domain.plan import NoRouteReason, QuantityKind
from router.domain.units import Amount, AssetId, InstrumentId, Price, Side, TimestampNs
from router.domain.verdict import Approved, Refused
from router.risk.limits import approve, check_notional, check_parent
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    ETHER,
    LIMITS,
    MID,
    PERP,
    POOL,
    T0,
    USDC,
    observation,
    order,
    plan,
)

LEFT = Amount(ETH.id, 10 * ETHER)
SECOND = replace(POOL, id=InstrumentId("uniswap_v3:ETH/USDC:3000"))
LOT = PERP.lot_atoms


def problem_of(**changes):
    piece = sweep.Slice(order(), LEFT, MID, sweep.Scope((POOL, PERP), ()))
    problem = sweep.build_problem(piece, observation(), LIMITS)
    second = replace(problem.pools[0], instrument=SECOND)
    return replace(problem, **{"pools": (*problem.pools, second), **changes})


def with_equity(problem, dollars, *, elsewhere=0, lots=0):
    (margin,), (book,) = problem.margins, problem.books
    margin = replace(
        margin,
        equity_atoms=dollars * DOLLAR,
        margin_used_elsewhere_atoms=elsewhere * DOLLAR,
    )
    return replace(problem, margins=(margin,), books=(replace(book, position_lots=lots),))


def with_spendable(problem, *amounts):
    (chain,) = problem.chains
    return replace(problem, chains=(replace(chain, spendable=amounts),))


def changed(made, **changes):
    """Return a plan whose every leg has other numbers."""
    return replace(made, legs=tuple(replace(leg, **changes) for leg in made.legs))


def refusal(verdict, reason):
    assert isinstance(verdict, Refused)
    assert verdict.reason is reason
    return verdict.message


def test_an_order_in_order_passes():
    assert check_parent(order(), LIMITS, T0) is None
    assert check_notional(order(), MID, LIMITS) is None


@pytest.mark.parametrize("atoms", [0, -1])
def test_an_order_of_nothing_is_refused(atoms):
    bad = order(quantity=Amount(ETH.id, atoms))

    refusal(check_parent(bad, LIMITS, T0), NoRouteReason.BELOW_MINIMUM)


def test_a_deadline_that_is_now_has_passed():
    bad = order(deadline_at=T0)

    assert check_parent(replace(bad, deadline_at=TimestampNs(T0 + 1)), LIMITS, T0) is None
    refusal(check_parent(bad, LIMITS, T0), NoRouteReason.DEADLINE)


def test_more_slippage_than_the_limit_is_refused_with_the_limit():
    bad = order(slippage_max_pips=LIMITS.slippage_max_pips + 1)

    message = refusal(check_parent(bad, LIMITS, T0), NoRouteReason.LIMIT_EXCEEDED)
    assert "limits.slippage_max_bps" in message
    assert "100 bps" in message


def limit_in(asset, units):
    return replace(LIMITS, order_notional_max=(Amount(asset, units),))


@given(
    quantity=st.integers(min_value=1, max_value=10**24),
    limit=st.integers(min_value=1, max_value=10**13),
    in_cash=st.booleans(),
)
def test_an_order_passes_exactly_up_to_the_notional_limit(quantity, limit, in_cash):
    asset = USDC.id if in_cash else ETH.id
    asked = order(quantity=Amount(asset, quantity))

    verdict = check_notional(asked, MID, limit_in(USDC.id, limit))

    value = quantity if in_cash else Fraction(quantity * MID.quote_atoms, MID.base_atoms)
    assert (verdict is None) is (value <= limit)


def test_a_refused_notional_names_the_largest_quantity_that_passes():
    limits = limit_in(USDC.id, 2_999 * DOLLAR)

    message = refusal(check_notional(order(1), MID, limits), NoRouteReason.LIMIT_EXCEEDED)

    largest = int(message.split("largest quantity is ")[1].split()[0])
    assert check_notional(order(quantity=Amount(ETH.id, largest)), MID, limits) is None
    assert check_notional(order(quantity=Amount(ETH.id, largest + 10**12)), MID, limits) is not None


def test_a_quote_asset_without_a_limit_is_refused():
    message = refusal(
        check_notional(order(), MID, limit_in(AssetId("DAI"), 10**30)), NoRouteReason.LIMIT_EXCEEDED
    )

    assert "order_notional_max has no value for USDC" in message


def test_a_good_plan_is_approved_as_it_is():
    problem = problem_of()
    made = plan(problem, (PERP, 4), (POOL, 6))

    assert approve(problem, made, LEFT) == Approved(made)


def test_a_plan_without_legs_is_refused():
    problem = problem_of()

    message = refusal(approve(problem, plan(problem), LEFT), NoRouteReason.SOLVER)
    assert "0 legs" in message


def test_a_plan_for_one_atom_more_than_is_left_is_refused():
    problem = problem_of()
    made = plan(problem, (PERP, 4), (POOL, 6))

    assert isinstance(approve(problem, made, LEFT), Approved)
    short = replace(LEFT, atoms=LEFT.atoms - 1)
    refusal(approve(problem, made, short), NoRouteReason.SOLVER)


def test_cash_that_is_left_is_compared_with_the_notionals():
    problem = problem_of()
    made = changed(
        plan(problem, (POOL, 1)),
        quantity_kind=QuantityKind.CASH,
        bound=Amount(ETH.id, ETHER),
    )

    exact = Amount(USDC.id, 3_000 * DOLLAR)
    assert isinstance(approve(problem, made, exact), Approved)
    refusal(
        approve(problem, made, replace(exact, atoms=exact.atoms - 1)),
        NoRouteReason.SOLVER,
    )


def limited(dollars):
    return problem_of(limit_price=Price(ETH.id, USDC.id, dollars * DOLLAR, ETHER))


@pytest.mark.parametrize(
    ("side", "kind", "quantity", "notional", "bound", "within"),
    [
        # Buying one ether: at most 3,003 may be paid, or at least one ether received for 3,003.
        (Side.BUY, QuantityKind.BASE, ETHER, 3_000 * DOLLAR, (USDC, 3_003 * DOLLAR), True),
        (Side.BUY, QuantityKind.BASE, ETHER, 3_000 * DOLLAR, (USDC, 3_003 * DOLLAR + 1), False),
        (Side.BUY, QuantityKind.CASH, ETHER, 3_003 * DOLLAR, (ETH, ETHER), True),
        (Side.BUY, QuantityKind.CASH, ETHER, 3_003 * DOLLAR, (ETH, ETHER - 1), False),
        # Selling one: at least 3,003 is received, or at most one ether paid for 3,003.
        (Side.SELL, QuantityKind.BASE, ETHER, 3_010 * DOLLAR, (USDC, 3_003 * DOLLAR), True),
        (Side.SELL, QuantityKind.BASE, ETHER, 3_010 * DOLLAR, (USDC, 3_003 * DOLLAR - 1), False),
        (Side.SELL, QuantityKind.CASH, ETHER, 3_003 * DOLLAR, (ETH, ETHER), True),
        (Side.SELL, QuantityKind.CASH, ETHER, 3_003 * DOLLAR, (ETH, ETHER + 1), False),
    ],
)
def test_a_legs_worst_case_may_reach_the_limit_price_and_not_pass_it(
    side, kind, quantity, notional, bound, within
):
    problem = replace(limited(3_003), side=side)
    asset, atoms = bound
    made = changed(
        plan(problem, (POOL, 1)),
        side=side,
        quantity_kind=kind,
        quantity=Amount(ETH.id, quantity),
        notional=Amount(USDC.id, notional),
        bound=Amount(asset.id, atoms),
    )

    verdict = approve(problem, made, LEFT)

    if within:
        assert isinstance(verdict, Approved)
    else:
        assert POOL.id in refusal(verdict, NoRouteReason.LIMIT_PRICE)


def test_all_pools_of_an_account_draw_on_the_same_cash():
    # Each leg may cost at most 3,003 dollars for an ether.
    enough = with_spendable(problem_of(), Amount(USDC.id, 6_006 * DOLLAR))
    short = with_spendable(problem_of(), Amount(USDC.id, 6_006 * DOLLAR - 1))
    made = plan(enough, (POOL, 1), (SECOND, 1))

    assert isinstance(approve(enough, made, LEFT), Approved)
    message = refusal(approve(short, made, LEFT), NoRouteReason.INSUFFICIENT_BALANCE)
    assert f"{6_006 * DOLLAR} atoms of USDC" in message


def test_a_seller_is_held_to_the_base_he_has():
    made = changed(
        plan(problem_of(), (POOL, 1)), side=Side.SELL, bound=Amount(USDC.id, 2_990 * DOLLAR)
    )
    low = {"side": Side.SELL, "limit_price": Price(ETH.id, USDC.id, 2_990 * DOLLAR, ETHER)}

    enough = with_spendable(problem_of(**low), Amount(ETH.id, ETHER))
    short = with_spendable(problem_of(**low), Amount(ETH.id, ETHER - 1))
    assert isinstance(approve(enough, made, LEFT), Approved)
    refusal(approve(short, made, LEFT), NoRouteReason.INSUFFICIENT_BALANCE)


@pytest.mark.parametrize(
    "broke",
    [
        with_spendable,
        lambda problem: with_spendable(problem, Amount(ETH.id, 10**30)),
        lambda problem: replace(problem, chains=()),
    ],
    ids=["nothing told", "only the other asset", "account unknown"],
)
def test_cash_nobody_told_of_is_no_cash(broke):
    problem = broke(problem_of())

    refusal(
        approve(problem, plan(problem, (POOL, 1)), LEFT),
        NoRouteReason.INSUFFICIENT_BALANCE,
    )


def test_initial_margin_may_use_equity_to_the_atom():
    # Four ether at a mark of 3,000 with tenfold leverage are 1,200 dollars of initial margin, and
    # the fee on 12,000 dollars leaves equity at once.
    made = plan(problem_of(), (PERP, 4))
    fee = 12_000 * DOLLAR * PERP.fee_pips // 10**6
    (margin,) = problem_of().margins

    def approved(equity):
        account = replace(margin, equity_atoms=equity, margin_used_elsewhere_atoms=0)
        return approve(problem_of(margins=(account,)), made, LEFT)

    assert isinstance(approved(1_200 * DOLLAR + fee), Approved)
    message = refusal(approved(1_200 * DOLLAR + fee - 1), NoRouteReason.INSUFFICIENT_MARGIN)
    assert f"{1_200 * DOLLAR + fee} atoms" in message


@pytest.mark.parametrize("cents", [-5_000, 5_000])
def test_what_a_fill_loses_against_the_mark_is_equity_at_once_and_a_gain_comes_too_late(cents):
    # 50 dollars above the mark's worth are lost before the margin is looked at. 50 below are there
    # after the fill only: the venue asks for the whole 1,200 before, and the fee is covered.
    made = plan(problem_of(), (PERP, 4))
    paid = 12_000 * DOLLAR + cents * DOLLAR // 100
    made = changed(made, notional=Amount(USDC.id, paid))
    needed = 1_256 if cents > 0 else 1_200  # the fee is 5.40 dollars

    enough = with_equity(problem_of(), needed)
    assert isinstance(approve(enough, made, LEFT), Approved)
    short = with_equity(problem_of(), needed - 1)
    refusal(approve(short, made, LEFT), NoRouteReason.INSUFFICIENT_MARGIN)


def test_margin_used_elsewhere_and_the_position_before_count():
    made = plan(problem_of(), (PERP, 4))

    used = with_equity(problem_of(), 1_300, elsewhere=101)
    refusal(approve(used, made, LEFT), NoRouteReason.INSUFFICIENT_MARGIN)
    long = with_equity(problem_of(), 1_300, lots=10_000)
    refusal(approve(long, made, LEFT), NoRouteReason.INSUFFICIENT_MARGIN)
    short = with_equity(problem_of(), 1_300, lots=-10_000)
    assert isinstance(approve(short, made, LEFT), Approved)


def test_what_makes_a_position_smaller_needs_no_margin():
    made = plan(problem_of(), (PERP, 4))

    assert isinstance(approve(with_equity(problem_of(), 0, lots=-100_000), made, LEFT), Approved)


def test_margin_nobody_told_of_is_no_margin():
    problem = problem_of(margins=())

    refusal(
        approve(problem, plan(problem, (PERP, 4)), LEFT),
        NoRouteReason.INSUFFICIENT_MARGIN,
    )


def test_a_leg_where_the_problem_has_no_market_is_refused():
    problem = problem_of(books=())

    message = refusal(approve(problem, plan(problem, (PERP, 4)), LEFT), NoRouteReason.SOLVER)
    assert PERP.id in message


def test_a_leg_the_other_way_is_refused():
    problem = problem_of()
    made = plan(problem, (POOL, 6), (PERP, 4))
    turned = replace(made, legs=(made.legs[0], replace(made.legs[1], side=Side.SELL)))

    refusal(approve(problem, turned, LEFT), NoRouteReason.SOLVER)


def test_two_legs_on_one_book_are_counted_together():
    problem = with_equity(problem_of(), 1_200)

    refusal(
        approve(problem, plan(problem, (PERP, 4), (PERP, 1)), LEFT),
        NoRouteReason.INSUFFICIENT_MARGIN,
    )


# Numbers of the order of the limits, so that both verdicts come up often.
ethers = st.integers(min_value=1, max_value=12 * 10**4).map(lambda n: n * LOT)
dollars = st.integers(min_value=0, max_value=45_000)


@given(
    pool=ethers | st.none(),
    second=ethers | st.none(),
    perp=ethers | st.none(),
    cash=dollars,
    equity=st.integers(min_value=0, max_value=5_000),
    lots=st.integers(min_value=-60_000, max_value=60_000),
    percent=st.integers(min_value=99, max_value=103),
)
def test_no_plan_is_approved_beyond_what_is_left_the_limit_cash_or_margin(
    pool, second, perp, cash, equity, lots, percent
):
    problem = with_spendable(
        with_equity(problem_of(), equity, lots=lots), Amount(USDC.id, cash * DOLLAR)
    )
    problem = replace(problem, limit_price=Price(ETH.id, USDC.id, 3_003 * DOLLAR, ETHER))
    parts = [(i, q) for i, q in ((POOL, pool), (SECOND, second), (PERP, perp)) if q is not None]
    made = plan(problem, *((i, 1) for i, _ in parts))
    legs = tuple(
        replace(
            leg,
            quantity=Amount(ETH.id, quantity),
            notional=Amount(USDC.id, 3_000 * DOLLAR * quantity // ETHER),
            bound=Amount(USDC.id, 3_000 * DOLLAR * quantity * percent // 100 // ETHER),
            limit_ticks=3_000 * percent if leg.instrument is PERP else None,
        )
        for leg, (_, quantity) in zip(made.legs, parts, strict=True)
    )

    verdict = approve(problem, replace(made, legs=legs), LEFT)

    on_chain = [leg for leg in legs if leg.instrument is not PERP]
    after = lots + (perp or 0) // LOT
    notional = (perp or 0) * 3_000 * DOLLAR // ETHER
    margin = Fraction(abs(after) * LOT * 3_000 * DOLLAR, 10 * ETHER)
    margin += -(-notional * PERP.fee_pips // 10**6)
    reduces = -lots >= (perp or 0) // LOT
    allowed = (
        bool(legs)
        and sum(leg.quantity.atoms for leg in legs) <= LEFT.atoms
        and all(leg.bound.atoms * ETHER <= leg.quantity.atoms * 3_003 * DOLLAR for leg in legs)
        and sum(leg.bound.atoms for leg in on_chain) <= cash * DOLLAR
        and (perp is None or reduces or margin <= equity * DOLLAR)
    )
    assert isinstance(verdict, Approved) is allowed
