"""What venues sell, who falls with it and what the firm has left: worked by hand, in dollars.

A market of `levels((1, 100_000))` shows 100,000 dollars one per cent from the mark on both sides.
"""

from dataclasses import replace

import numpy as np
import pytest

from router.domain.stress import PegShock, Scenario
from router.risk.stress.book import Stock
from router.risk.stress.run import outcomes
from tests.unit.risk.stress.desk import (
    BTC,
    ETH,
    HERE,
    SOL,
    STEPS,
    THERE,
    USDC,
    account,
    at,
    book,
    gap,
    held,
    levels,
    pips,
)

DEEP = levels((0.1, 1_000_000))
HEDGED = (account(50_000, held(ETH, 100_000)), account(50_000, held(ETH, -100_000), venue=THERE))


def run(*accounts, scenario, **rest):
    return outcomes(book(*accounts, **rest), (scenario,))


def close(*values):
    return pytest.approx(values, rel=1e-12, abs=1e-9)


def test_what_is_short_is_sold_whole_and_the_sale_costs_what_the_book_asks():
    # 90,000 long, 2 % down: equity 1,200, maintenance 1,764, of which two thirds are 1,176.
    # 88,200 go one per cent below the mark: 882.
    one = account(3_000, held(ETH, 90_000))
    found = run(one, scenario=gap(-2), depths={(HERE, ETH): levels((1, 1_000_000))})

    assert (found.equity[0, 0], found.maintenance[0, 0]) == close(1_200, 1_764)
    assert found.forced.sold[0, 0] == pytest.approx(88_200)
    assert (found.forced.costs[0, 0], found.forced.equity[0, 0]) == close(882, 318)
    assert found.forced.maintenance[0, 0] == pytest.approx(0.0, abs=1e-9)
    assert not found.forced.is_lost[0, 0]
    assert found.shortfall[0, 0] == pytest.approx(564)


def test_the_fee_is_of_what_the_sale_brings_or_the_purchase_takes():
    # As above with 10 bps: a long brings 87,318, of which 87.318.
    market = {(HERE, ETH): levels((1, 1_000_000), fee=0.001)}
    long = run(account(3_000, held(ETH, 90_000)), scenario=gap(-2), depths=market)
    # 2 % up on a short: 91,800 to keep, 1,836 needed, 1,300 left; it pays 92,718 to get out.
    short = run(account(3_100, held(ETH, -90_000)), scenario=gap(2), depths=market)

    assert long.forced.fees[0, 0] == pytest.approx(87.318)
    assert short.forced.fees[0, 0] == pytest.approx(92.718)
    assert short.forced.equity[0, 0] == pytest.approx(1_300 - 918 - 92.718)


def test_of_a_large_position_a_fifth_is_sold_and_the_healed_rest_stays():
    # 200,000 long, 2 % down: 3,200 left, 3,920 needed. A fifth of 196,000 is 39,200, it costs 39.2:
    # 3,160.8 are enough for 2 % of 156,800, which is 3,136.
    one = account(7_200, held(ETH, 200_000))
    found = run(one, scenario=gap(-2), depths={(HERE, ETH): DEEP})

    assert found.forced.sold[0, 0] == pytest.approx(39_200)
    assert found.forced.equity[0, 0] == pytest.approx(3_160.8)
    assert found.forced.maintenance[0, 0] == pytest.approx(3_136)


def test_after_a_slice_that_was_not_enough_the_whole_goes():
    # The same with 200 less: 2,960.8 are not enough for 3,136; all 196,000 cost 196.
    one = account(7_000, held(ETH, 200_000))
    found = run(one, scenario=gap(-2), depths={(HERE, ETH): DEEP})

    assert found.forced.sold[0, 0] == pytest.approx(196_000)
    assert found.forced.equity[0, 0] == pytest.approx(3_000 - 196)


def test_the_largest_goes_first_and_the_others_stay_if_that_is_enough():
    # 40,000 ether, 60,000 Bitcoin, 2 % down: 98,000 left, 1,960 needed; 1,700 there.
    # Bitcoin's 58,800 cost 58.8 and ease 1,176.
    one = account(3_700, held(ETH, 40_000), held(BTC, 60_000))
    found = run(one, scenario=gap(-2), depths={(HERE, ETH): DEEP, (HERE, BTC): DEEP})

    assert found.forced.first[0, 0] == 1
    assert tuple(found.forced.sold[:, 0]) == close(0.0, 58_800)
    assert found.forced.equity[0, 0] == pytest.approx(1_641.2)
    assert found.forced.maintenance[0, 0] == pytest.approx(784)


def test_a_thin_book_takes_what_it_shows_and_the_rest_stays_short():
    # A tenth of 100,000 at 98 % of the price: 9,800 for 98. 78,400 stay, they need 1,568;
    # 1,102 are above two thirds of it.
    one = account(3_000, held(ETH, 90_000))
    thin = gap(-2, depth_pips=pips(10))
    found = run(one, scenario=thin, depths={(HERE, ETH): levels((1, 100_000))})

    assert found.forced.sold[0, 0] == pytest.approx(9_800)
    assert (found.forced.equity[0, 0], found.forced.maintenance[0, 0]) == close(1_102, 1_568)
    assert not found.forced.is_lost[0, 0]


def test_no_sale_goes_further_from_the_mark_than_a_tenth():
    one = account(3_000, held(ETH, 90_000))
    wide = levels((1, 1_000), (10.5, 1_000_000))
    found = run(one, scenario=gap(-2), depths={(HERE, ETH): wide})

    # What lies within: 1,000 dollars, now 980.
    assert found.forced.sold[0, 0] == pytest.approx(980)


def test_below_two_thirds_of_maintenance_everything_is_taken_over():
    # 1,170 left of 1,764 needed: less than 1,176.
    one = account(2_970, held(ETH, 90_000))
    found = run(one, scenario=gap(-2), depths={(HERE, ETH): DEEP})

    assert found.forced.is_lost[0, 0]
    assert found.forced.sold[0, 0] == 0.0
    assert (found.forced.equity[0, 0], found.total[0]) == close(0.0, -2_970)


def test_a_sale_that_costs_too_much_ends_in_the_takeover():
    # 1,200 left; the book takes 49,000 of 88,200 two per cent below the mark for 980. 220 are left,
    # 39,200 need 784: less than two thirds.
    one = account(3_000, held(ETH, 90_000))
    found = run(one, scenario=gap(-2), depths={(HERE, ETH): levels((2, 50_000))})

    assert found.forced.sold[0, 0] == pytest.approx(49_000)
    assert found.forced.is_lost[0, 0]
    assert found.forced.equity[0, 0] == 0.0


def test_nobody_owes_more_than_the_account():
    # 40 % down takes 36,000 of 3,000.
    found = run(account(3_000, held(ETH, 90_000)), scenario=gap(-40))

    assert found.equity[0, 0] == pytest.approx(-33_000)
    assert found.total[0] == pytest.approx(-3_000)


def test_an_isolated_position_is_a_bucket_that_falls_alone():
    # Both of one account: the isolated one has 1,500 for 90,000, the cross bucket plenty.
    isolated, cross = account(1_500, held(ETH, 90_000)), account(90_000, held(BTC, 90_000))
    found = run(isolated, cross, scenario=gap(-2), names=["one", "one"])

    assert tuple(found.forced.is_lost[:, 0]) == (True, False)
    assert found.forced.equity[1, 0] == pytest.approx(88_200)
    assert found.total[0] == pytest.approx(-1_500 - 1_800)


def test_an_outage_leaves_us_no_way_out():
    market = {(HERE, ETH): DEEP}
    one = account(30_000, held(ETH, 100_000))
    out = run(one, scenario=gap(-20, venues=at(HERE, is_out=True)), depths=market)
    up = run(one, scenario=gap(-20, venues=at(THERE, is_out=True)), depths=market)

    assert (out.is_stuck[0, 0], up.is_stuck[0, 0]) == (True, False)
    assert (out.exit_cost[0, 0], out.exit_unsold[0, 0]) == close(0.0, 80_000)
    assert (up.exit_cost[0, 0], up.exit_unsold[0, 0]) == close(80, 0.0)
    assert out.equity[0, 0] == up.equity[0, 0] == pytest.approx(10_000)


def test_a_late_oracle_hides_what_is_lost_already():
    # 120 of 300 seconds late: the venue shows 60 % of the fall, 12 %.
    late = gap(-20, venues=at(HERE, oracle_late_s=120), duration_s=300)
    found = run(account(30_000, held(ETH, 100_000)), scenario=late)

    assert (found.shown[0, 0], found.equity[0, 0]) == close(18_000, 10_000)


def test_an_oracle_later_than_the_fall_is_long_shows_none_of_it():
    late = gap(-20, venues=at(HERE, oracle_late_s=600, mark_pips=pips(-5)), duration_s=300)
    found = run(account(30_000, held(ETH, 100_000)), scenario=late)

    # But the venue's own dislocation.
    assert (found.shown[0, 0], found.equity[0, 0]) == close(25_000, 6_000)


def test_a_thin_book_raises_the_cost_of_getting_out():
    # 50,000 at 0.1 % and 50,000 at 0.2 %: 150. A tenth: 5,000 and 5,000 for 15, 90,000 stay.
    one = account(30_000, held(ETH, 100_000))
    market = {(HERE, ETH): levels((0.1, 50_000), (0.2, 50_000))}
    deep = run(one, scenario=gap(0), depths=market)
    thin = run(one, scenario=gap(0, depth_pips=pips(10)), depths=market)

    assert (deep.exit_cost[0, 0], deep.exit_unsold[0, 0]) == close(150, 0.0)
    assert (thin.exit_cost[0, 0], thin.exit_unsold[0, 0]) == close(15, 90_000)


def test_collateral_that_loses_its_peg_is_worth_less_to_us_and_as_much_to_the_venue():
    stock = Stock(USDC, 20_000, is_money=True)
    broken = Scenario("peg", pegs=(PegShock(USDC, pips(65)),))
    found = run(account(30_000, held(ETH, 100_000)), scenario=broken, inventory=[stock])

    assert found.equity[0, 0] == pytest.approx(30_000)
    # 35 % of 30,000 and of 20,000.
    assert (found.inventory[0], found.total[0]) == close(13_000, -17_500)


def test_inventory_moves_with_its_price_after_a_haircut_and_money_does_not():
    # 90 % of 300,000 falls by a fifth.
    stocks = [Stock(ETH, 300_000, 0.1), Stock(USDC, 20_000, is_money=True)]
    found = run(scenario=gap(-20), inventory=stocks)

    assert (found.inventory[0], found.total[0]) == close(236_000, -54_000)


def test_gas_of_the_way_out_costs_as_many_times_as_gas_does():
    stocks = [Stock(ETH, 1_000, exit_gas=15.0), Stock(SOL, 1_000, exit_gas=5.0)]
    found = run(scenario=Scenario("gas", gas_pips=pips(5_000)), inventory=stocks)

    assert (found.gas[0], found.total[0]) == close(1_000, -1_000)


def test_deleveraging_the_gaining_leg_leaves_the_firm_long():
    # 40 % down: the long is 60,000; half of the short was closed on the way, 30,000 are left.
    closed = gap(-40, venues=at(THERE, deleveraged_pips=pips(50), deleveraged_at_pips=pips(25)))
    found = run(*HEDGED, scenario=closed)

    assert found.delta_before[0] == pytest.approx(0.0)
    assert found.delta_after[0, 0] == pytest.approx(30_000)
    # The long lost 40,000, the short won 5,000 and 20,000.
    assert found.total[0] == pytest.approx(-15_000)


def test_a_leg_that_is_taken_over_leaves_the_other_alone():
    # The long has 1,500 for 90,000: lost at 2 % down. The short of 90,000 is 88,200 now.
    legs = (account(1_500, held(ETH, 90_000)), account(50_000, held(ETH, -90_000), venue=THERE))
    found = run(*legs, scenario=gap(-2))

    assert found.delta_before[0] == pytest.approx(0.0)
    assert found.delta_after[0, 0] == pytest.approx(-88_200)


def test_a_forced_sale_at_one_venue_brings_down_who_is_near_at_another():
    # The first sells 88,200 one per cent below the mark. The second has 98,000 and 2,500 for it,
    # 1,960 are needed; one per cent more takes 980: 1,520 for 97,020, which need 1,940.4.
    first = account(3_000, held(ETH, 90_000))
    second = account(4_500, held(ETH, 100_000), venue=THERE)
    found = run(first, second, scenario=gap(-2), depths={(HERE, ETH): levels((1, 1_000_000))})

    assert found.contagion.impact[0, 0] == pytest.approx(-0.01)
    assert tuple(found.contagion.is_fallen[:, 0]) == (False, True)
    numbers = (found.contagion.equity[1, 0], found.contagion.maintenance[1, 0])
    assert numbers == close(1_520, 1_940.4)
    # 3,000 and 4,500 before, 318 and 1,520 after.
    assert found.total[0] == pytest.approx(-5_662)


def test_contagion_spares_other_assets_and_helps_shorts():
    first = account(3_000, held(ETH, 90_000))
    other = account(4_500, held(BTC, 100_000), venue=THERE)
    short = account(4_500, held(ETH, -100_000), venue=THERE)
    found = run(first, other, short, scenario=gap(-2), depths={(HERE, ETH): levels((1, 1_000_000))})

    assert found.contagion.equity[1, 0] == pytest.approx(2_500)
    assert found.contagion.equity[2, 0] == pytest.approx(6_500 + 980)
    assert not found.contagion.is_fallen.any()


def test_all_at_once_adds_up():
    # 20 % down, half depth, the short's venue closes 35 % of it at a tenth of the fall, gas x 50.
    # Long: -20,000. Short: 35,000 win 700, 65,000 win 13,000. Inventory 30,000 -> 24,000. Gas 750.
    combined = replace(
        gap(-20, venues=at(THERE, deleveraged_pips=pips(35), deleveraged_at_pips=pips(10))),
        depth_pips=pips(50),
        gas_pips=pips(5_000),
    )
    stock = Stock(ETH, 30_000, exit_gas=15.0)
    found = run(*HEDGED, scenario=combined, inventory=[stock], depths={(HERE, ETH): DEEP})

    assert found.total[0] == pytest.approx(-20_000 + 13_700 - 6_000 - 750)
    # 80,000 long, 52,000 short, 24,000 on chain.
    assert found.delta_after[0, 0] == pytest.approx(52_000)


def test_tiers_are_those_of_the_notional_after_the_gap():
    found = run(account(50_000, held(ETH, -120_000, STEPS)), scenario=gap(25))

    assert found.maintenance[0, 0] == pytest.approx(4_500)


def test_a_desk_without_anything_has_nothing_to_lose():
    found = outcomes(book(), (gap(-20), gap(20)))
    idle = run(account(5_000), scenario=gap(-20))

    assert tuple(found.total) == (0.0, 0.0)
    assert (idle.equity[0, 0], idle.room[0, 0], idle.forced.first[0, 0]) == (5_000, 5_000, -1)
    assert np.shape(found.equity) == (0, 2)
