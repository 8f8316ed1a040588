"""From what adapters tell to a desk: values, exposures, and what is not known."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.account import AccountSnapshot, IsolatedPosition, MarkedPosition, Position
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.limits import Limits
from router.domain.margin import HeldPosition, MarginTier
from router.domain.market import BookSnapshot, PerpContext
from router.domain.observation import Observation, Survey
from router.domain.risk import AccountAssessment, Assessment, Zone, ZoneRules
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    DurationNs,
    InstrumentId,
    Pico,
    Pips,
    TimestampNs,
    VenueId,
)
from router.risk.deleverage import assess, read

ETH, USDC = Asset(AssetId("ETH"), 18), Asset(AssetId("USDC"), 6)
DOLLAR, NOW = 10**6, TimestampNs(10**18)
MARGIN, CHAIN = AccountId("hyperliquid:0xbb"), AccountId("evm:1:0xaa")
PERP = Instrument(
    id=InstrumentId("hyperliquid:ETH"),
    venue=VenueId("hyperliquid"),
    symbol="ETH",
    kind=InstrumentKind.PERP_BOOK,
    base=ETH,
    quote=USDC,
    account=MARGIN,
    lot_atoms=10**14,
    notional_min_atoms=10 * DOLLAR,
    fee_pips=Pips(450),
    tick_decimals=2,
)
POOL = replace(
    PERP,
    id=InstrumentId("uniswap_v3:ETH/USDC"),
    venue=VenueId("uniswap_v3"),
    kind=InstrumentKind.SPOT_POOL,
    account=CHAIN,
    lot_atoms=1,
)
RULES = ZoneRules(
    venue=PERP.venue,
    early_pips=Pips(400_000),
    soft_pips=Pips(600_000),
    hard_pips=Pips(800_000),
    target_pips=Pips(500_000),
    slice_max_pips=Pips(1_000_000),
    cost_max_pips=Pips(5_000),
)
LIMITS = Limits(
    order_notional_max=(Amount(USDC.id, 10_000 * DOLLAR),),
    slippage_max_pips=Pips(8_000),
    plan_rounds_max=1,
    child_lifetime=DurationNs(10**10),
    slippage_tolerance_pips=Pips(0),
    zones=(RULES,),
)
TIERS = (MarginTier(0, 25, Pico(20 * 10**9)),)


def perp_account(*, equity, lots=100_000, notional=30_000, **changes):
    """Hold ten ether at 3,000, by what the venue said."""
    held = HeldPosition(ETH.id, notional * DOLLAR, TIERS, Pico(40 * 10**9))
    plain = AccountSnapshot(
        account=MARGIN,
        balances=(),
        spendable=(),
        positions=(Position(PERP.id, lots, 25),),
        equity_atoms=equity * DOLLAR,
        margin_used_atoms=0,
        next_nonce=None,
        block=None,
        received_at=NOW,
        marked=(MarkedPosition(PERP.id, held),),
    )
    return replace(plain, **changes)


def chain_account(ether):
    held = (Amount(ETH.id, ether * 10**18),)
    return AccountSnapshot(CHAIN, held, held, (), 0, 0, 1, None, NOW)


def survey(*accounts, mark=300_000, bid=299_990, ask=300_010, **changes):
    book = BookSnapshot(PERP.id, ((bid, 10**6),), ((ask, 10**6),), NOW, NOW)
    context = PerpContext(PERP.id, mark, mark, Pico(0), NOW, None, TIERS)
    return Survey(Observation((), (book,), (context,), accounts, ()), **changes)


def zones(found, **changes):
    return dict(assess(found, (PERP, POOL), LIMITS, **changes).zones)


def test_an_account_is_valued_at_the_mark_of_now_not_of_its_snapshot():
    # 30,000 at 3,000; at 2,940 it is 29,400, and 600 of the 1,200 are left for a maintenance of
    # 588: 98 %.
    now = survey(perp_account(equity=1_200), mark=294_000, bid=293_990, ask=294_010)

    (account,) = read(now, (PERP,), LIMITS).accounts

    assert account.equity_at_mark == 600 * DOLLAR
    assert account.zone is Zone.HARD


def test_a_book_below_the_mark_counts_before_the_mark_has_followed():
    # At the mark 600 of 1,500, 40 %; the book is at 2,900 already, where 580 are more than 500.
    late = survey(perp_account(equity=1_500), bid=289_990, ask=290_010)

    (account,) = read(late, (PERP,), LIMITS).accounts

    assert (account.equity, account.equity_at_mark) == (500 * DOLLAR, 1_500 * DOLLAR)
    assert account.zone is Zone.LIQUIDATED


def test_a_book_above_the_mark_makes_nobody_richer():
    early = survey(perp_account(equity=1_500), bid=309_990, ask=310_010)

    (account,) = read(early, (PERP,), LIMITS).accounts

    assert account.equity == 1_500 * DOLLAR


def test_a_book_far_from_the_mark_is_believed_only_so_far():
    # 5 % below the mark is 2,850: 1,500 less on ten ether.
    torn = survey(perp_account(equity=3_000), bid=100_000, ask=100_010)

    (account,) = read(torn, (PERP,), LIMITS).accounts

    assert account.equity == 1_500 * DOLLAR


def test_an_account_that_is_being_reduced_goes_on_until_its_target():
    # 600 of 1,050 is 57 %: between the target and the soft zone.
    now = survey(perp_account(equity=1_050))
    before = Assessment((AccountAssessment(MARGIN, PERP.venue, 0, 0, 0, Zone.SOFT, None),), (), NOW)

    assert zones(now) == {MARGIN: Zone.EARLY}
    assert zones(now, before=before) == {MARGIN: Zone.SOFT}


def test_only_accounts_at_venues_with_rules_have_zones():
    now = survey(perp_account(equity=1_000), chain_account(1))

    assert zones(now) == {MARGIN: Zone.SOFT}
    assert assess(now, (PERP, POOL), replace(LIMITS, zones=())).zones == {}


def test_spot_and_positions_add_up_to_what_the_firm_holds():
    short = perp_account(equity=1_000, lots=-100_000, notional=-30_000)

    desk = read(survey(short, chain_account(7)), (PERP, POOL), LIMITS)

    assert desk.net == {ETH.id: Fraction(-3)}


def test_a_short_that_hedges_spot_is_not_cut_beyond_what_is_not_hedged():
    short = perp_account(equity=800, lots=-100_000, notional=-30_000)

    (cut,) = assess(survey(short, chain_account(7)), (PERP, POOL), LIMITS).cuts
    assert cut.lots <= 30_000

    hedge = survey(perp_account(equity=900, lots=-100_000, notional=-30_000), chain_account(10))
    assert assess(hedge, (PERP, POOL), LIMITS).cuts == ()


@pytest.mark.parametrize("zone", [Zone.SOFT, Zone.HARD])
def test_an_account_nobody_could_read_may_hold_the_other_side(zone):
    equity = {Zone.SOFT: 900, Zone.HARD: 700}[zone]
    found = survey(perp_account(equity=equity), unreadable={CHAIN: "no node"})

    reduction = assess(found, (PERP, POOL), LIMITS)

    assert reduction.zones == {MARGIN: zone}
    assert bool(reduction.cuts) is (zone is Zone.HARD)


def test_a_position_in_a_market_that_is_not_configured_may_be_the_other_side():
    other = HeldPosition(ETH.id, -9_000 * DOLLAR, TIERS, Pico(40 * 10**9))
    isolated = (IsolatedPosition(InstrumentId("hyperliquid:xyz:ETH"), other, 10_000 * DOLLAR),)

    desk = read(survey(perp_account(equity=900, isolated=isolated)), (PERP,), LIMITS)

    assert desk.unknown == {ETH.id}


def test_a_position_without_a_fresh_market_is_kept_for_and_not_cut():
    found = survey(perp_account(equity=700), stale={PERP.id: "no frame"})

    desk = read(found, (PERP,), LIMITS)

    assert desk.held == ()
    assert desk.accounts[0].elsewhere == 600 * DOLLAR
    assert assess(found, (PERP,), LIMITS).zones == {MARGIN: Zone.HARD}
    assert assess(found, (PERP,), LIMITS).cuts == ()


def test_an_order_is_no_larger_and_no_dearer_than_the_limits_allow():
    # All would have to go; 10,000 at 3,000 are 3.33333 ether.
    (cut,) = assess(survey(perp_account(equity=620)), (PERP,), LIMITS).cuts

    assert cut.lots == -33_333
    assert cut.slippage_max_pips == 8_000
