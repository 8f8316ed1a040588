"""The table of a surveyed desk: a hundred ether on a chain, short against it at a venue."""

from dataclasses import replace

import pytest

from router.domain.account import IsolatedPosition, Position, SpotHolding
from router.domain.instrument import Asset
from router.domain.market import BlockRef, ReservesSnapshot
from router.domain.observation import Survey
from router.domain.stress import Scenario
from router.domain.units import NATIVE, Amount, AssetId, InstrumentId, Pips
from router.risk.stress.surveyed import stress_book
from router.risk.stress.table import scenario_table, stress_table
from tests.unit.risk.stress.desk import (
    DOLLAR,
    ETH,
    MARGIN,
    PERP,
    POOL,
    SOL,
    T0,
    USDC,
    gap,
    held,
    limits,
    pips,
    survey,
)

DESK = (POOL, PERP)
BLOCK = BlockRef(7, "0x07", "0x06", T0)


def row(scenario, *, equity=60_000, short=300_000, buffer=0):
    (found,) = stress_table(
        survey(equity=equity, short=short), DESK, limits(scenario, buffer=buffer)
    )
    return found


def test_what_is_on_chains_is_priced_and_what_nobody_prices_is_named():
    made = stress_book(survey(equity=60_000, short=300_000), DESK, limits())

    # A hundred ether at 3,000, 50,000 dollars, and two of the coin, which is ether.
    assert list(made.inventory.value) == pytest.approx([300_000, 50_000, 6_000])
    assert [made.assets[a] for a in made.inventory.asset] == [ETH, USDC, ETH]
    assert made.unpriced == (AssetId("ODD"),)
    # One swap of 250,000 units at 20 gwei: 0.005 ether.
    assert list(made.inventory.exit_gas) == pytest.approx([15, 0, 0])
    assert NATIVE not in made.assets


def test_a_haircut_takes_its_share_of_the_inventory():
    cut = {ETH: Pips(100_000)}
    made = stress_book(survey(equity=1, short=0), DESK, limits(), haircuts=cut)

    assert list(made.inventory.value) == pytest.approx([270_000, 50_000, 6_000])


def test_depth_is_that_of_the_book_at_the_mark():
    made = stress_book(survey(equity=60_000, short=300_000), DESK, limits())

    # A hundred ether one dollar above 3,000: 300,000 for 100.
    assert made.positions.takes[0, -1] == pytest.approx(300_000)
    assert made.positions.costs[0, -1] == pytest.approx(100)
    assert made.positions.fee[0] == pytest.approx(0.000_45)


def test_a_hedged_desk_loses_gas_and_keeps_no_exposure_but_of_the_coin():
    found = row(gap(-20))

    # The short wins 60,000, the ether loses it; two ether of the coin lose 1,200; gas is 15.
    assert found.pnl_atoms == pytest.approx(-1_215 * DOLLAR, abs=2)
    assert found.delta[0][0] == ETH
    assert found.delta[0][1] == pytest.approx(4_800 * DOLLAR, abs=2)
    assert (found.equity_atoms, found.gas_atoms) == pytest.approx((120_000 * DOLLAR, 15 * DOLLAR))
    assert found.liquidated == ()
    assert (found.first_account, found.first_position, found.sold_atoms) == ("", "", 0)


def test_a_short_without_margin_is_named_with_what_goes_first():
    # 20 % up: 60,000 lost of 66,000; 2 % of 360,000 are 7,200. A fifth of it, 72,000, is bought.
    found = row(gap(20), equity=66_000, buffer=1_000)

    (one,) = found.accounts
    assert (one.equity_atoms, one.maintenance_atoms) == (6_000 * DOLLAR, 7_200 * DOLLAR)
    assert (one.room_atoms, one.first) == (-2_200 * DOLLAR, PERP.id)
    assert found.shortfall_atoms == pytest.approx(2_200 * DOLLAR, abs=1)
    assert (found.first_account, found.first_position) == (MARGIN, PERP.id)
    assert found.liquidated == (MARGIN,)
    assert found.sold_atoms >= 72_000 * DOLLAR
    assert found.slippage_atoms > 0
    assert not one.is_lost


def test_a_row_for_each_scenario_and_none_without_scenarios_or_perps():
    desk = survey(equity=60_000, short=300_000)
    several = (gap(-20), replace(gap(20), name="up"), Scenario("nothing"))

    found = scenario_table(desk, DESK, limits(), scenarios=several)

    assert [r.scenario for r in found] == ["gap", "up", "nothing"]
    assert found[2].pnl_atoms == pytest.approx(-15 * DOLLAR, abs=2)
    assert stress_table(desk, DESK, limits()) == ()
    assert stress_table(desk, (POOL,), limits(gap(-20))) == ()


def test_an_account_that_could_not_be_read_is_not_in_the_table():
    seen = survey(equity=60_000, short=300_000).observation
    chains = tuple(a for a in seen.accounts if a.account != MARGIN)
    desk = Survey(replace(seen, accounts=chains), unreadable={MARGIN: "no answer"})

    (found,) = stress_table(desk, DESK, limits(gap(-20)))

    assert found.accounts == ()


def test_a_thin_book_and_an_outage_show_in_the_way_out():
    thin = row(replace(gap(0), depth_pips=pips(50)))

    (one,) = thin.accounts
    # 150,000 for 50 and 67.5 of fees; 150,000 are not taken.
    assert one.exit_cost_atoms == pytest.approx(117_500_000, abs=2)
    assert one.exit_unsold_atoms == pytest.approx(150_000 * DOLLAR, abs=2)


def of_perp(desk, **changes):
    """Return the survey with a perp account changed."""
    accounts = (
        replace(a, **changes) if a.account == MARGIN else a for a in desk.observation.accounts
    )
    return replace(desk, observation=replace(desk.observation, accounts=tuple(accounts)))


def test_ether_stays_ether_where_something_is_quoted_in_it():
    other = Asset(AssetId("AAA"), 18)
    odd = replace(POOL, id=InstrumentId("pool:AAA/ETH"), base=other, quote=POOL.base)
    (found,) = stress_table(survey(equity=60_000, short=300_000), (*DESK, odd), limits(gap(-20)))

    # The same desk as without that pool: only the coin's two ether lose.
    assert found.pnl_atoms == pytest.approx(-1_215 * DOLLAR, abs=2)


def test_a_token_that_trades_far_from_one_is_no_money_though_others_are_quoted_in_it():
    coin, other = Asset(AssetId("WBTC"), 8), Asset(AssetId("AAA"), 18)
    priced = replace(POOL, id=InstrumentId("pool:WBTC/USDC"), base=coin, symbol="0xp002")
    odd = replace(POOL, id=InstrumentId("pool:AAA/WBTC"), base=other, quote=coin)
    seen = survey(equity=60_000, short=0, ethers=0).observation
    chain = replace(seen.accounts[0], balances=(Amount(coin.id, 10**8),))
    # 60,000 dollars are 6 * 10**10 atoms for the 10**8 of one coin.
    pool = ReservesSnapshot(priced.id, BLOCK, 3_000, 10**8, 6 * 10**10, T0)
    desk = Survey(replace(seen, accounts=(chain, seen.accounts[1]), pools=(pool,)))

    (found,) = stress_table(desk, (*DESK, priced, odd), limits(gap(-50)))

    assert found.inventory_atoms == pytest.approx(30_000 * DOLLAR, abs=2)


def test_a_silent_market_does_not_take_the_price_from_what_it_hedges():
    lots = (Position(PERP.id, -(10**6), 10),)
    desk = of_perp(survey(equity=60_000, short=300_000), positions=lots)
    silent = replace(desk.observation, books=(), contexts=())

    (found,) = stress_table(
        replace(desk, observation=silent, stale={PERP.id: "old"}), DESK, limits(gap(-20))
    )

    assert found.pnl_atoms == pytest.approx(-1_215 * DOLLAR, abs=2)


def test_an_isolated_position_loses_its_margin_and_no_more():
    # 100,000 dollars of it with a margin of 10,000: 20 % down takes all of that, and it is sold.
    own = IsolatedPosition(InstrumentId("here:SOL"), held(SOL, 100_000), -90_000 * DOLLAR)
    desk = of_perp(survey(equity=60_000, short=300_000), isolated=(own,))

    (found,) = stress_table(desk, DESK, limits(gap(-20)))

    assert found.pnl_atoms == pytest.approx(-11_215 * DOLLAR, abs=2)
    assert found.liquidated == (MARGIN,)
    assert (found.first_account, found.first_position) == (MARGIN, own.instrument)
    assert found.accounts[0].equity_atoms == 120_000 * DOLLAR


def test_a_safe_isolated_position_is_part_of_what_the_firm_has_and_holds():
    own = IsolatedPosition(InstrumentId("here:SOL"), held(SOL, 100_000), -50_000 * DOLLAR)
    desk = of_perp(survey(equity=60_000, short=300_000), isolated=(own,))

    (found,) = stress_table(desk, DESK, limits(gap(-20)))

    # 120,000 of the account and 30,000 of the position; 80,000 of it are still held.
    assert found.equity_atoms == pytest.approx(150_000 * DOLLAR, abs=2)
    assert dict(found.delta)[SOL] == pytest.approx(80_000 * DOLLAR, abs=2)
    assert found.liquidated == ()


def test_spot_at_a_perp_venue_is_inventory():
    spot = (
        SpotHolding(ETH, 10**8, 0, decimals=8),
        SpotHolding(USDC, 500 * 10**8, 0, decimals=8),
        SpotHolding(AssetId("PURR"), 7, 0, decimals=8),
    )
    plain, desk = survey(equity=1, short=0), of_perp(survey(equity=1, short=0), spot=spot)

    before, after = (stress_book(each, DESK, limits()) for each in (plain, desk))

    assert after.inventory.value.sum() - before.inventory.value.sum() == pytest.approx(3_500)
    assert AssetId("PURR") in after.unpriced


def test_what_the_venue_is_owed_is_no_profit_of_ours():
    (found,) = stress_table(survey(equity=-1_000, short=0), DESK, limits(gap(0)))

    assert found.pnl_atoms == pytest.approx(-15 * DOLLAR, abs=2)
