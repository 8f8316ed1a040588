"""The parts the arrays are made of, each by hand."""

import numpy as np
import pytest

from router.domain.stress import PegShock, Scenario, VenueShock
from router.domain.units import Pips
from router.risk.stress import firm, forced
from router.risk.stress.book import Stock
from router.risk.stress.move import move
from router.risk.stress.scenarios import shocks
from tests.unit.risk.stress.desk import (
    ETH,
    HERE,
    SOL,
    STEPS,
    THERE,
    USDC,
    account,
    apart,
    at,
    book,
    gap,
    held,
    levels,
    pips,
)


def test_of_several_entries_for_one_thing_the_first_holds_and_strangers_are_passed_over():
    made = book(account(1, held(ETH, 1)))
    scenario = Scenario(
        "twice",
        gap_pips=pips(-5),
        apart=(apart(ETH, -10, 1), apart(ETH, -20), apart(SOL, -30)),
        venues=(VenueShock(HERE, Pips(7)), VenueShock(HERE, Pips(8)), VenueShock(THERE, Pips(9))),
        pegs=(PegShock(USDC, pips(97)), PegShock(USDC, pips(65)), PegShock(SOL, Pips(1))),
    )

    now = shocks((scenario,), made)

    row = {asset: made.assets.index(asset) for asset in made.assets}
    assert now.gap[row[ETH], 0] == scenario.shock(ETH).gap_pips / 10**6 == -0.1
    assert now.funding[row[ETH], 0] == 0.01
    assert now.mark[0, 0] == scenario.venue(HERE).mark_pips / 10**6
    assert now.peg[row[USDC], 0] == 0.97
    assert now.gap.shape == (2, 1)


def test_maintenance_is_by_tier():
    own = forced.part(book(account(1, held(ETH, 1, STEPS), held(SOL, 1))), slice(0, 2))

    # 2 % of 100,000 and 5 % of the 50,000 above; 2 % of all.
    found = forced.maintenance(own, np.array([[150_000.0, 50_000.0], [150_000.0, 0.0]]))

    assert found.tolist() == [[4_500.0, 1_000.0], [3_000.0, 0.0]]


def test_taking_costs_by_level_and_the_last_of_it_tells_how_far_it_went():
    made = book(
        account(1, held(ETH, 100_000)),
        depths={(HERE, ETH): levels((0.1, 50_000), (0.2, 50_000))},
    )
    own = forced.part(made, slice(0, 1))
    taken = np.array([[25_000.0, 75_000.0, 5_000.0, 0.0]])
    scale = np.array([[1.0, 1.0, 0.1, 0.0]])

    # 25; 50 and 50; a tenth of the book: 5,000 are its first level whole.
    assert forced.cost(own, taken, scale)[0] == pytest.approx([25, 100, 5, 0])
    assert forced.pushed(own, taken, scale)[0] == pytest.approx([0.001, 0.002, 0.001, 0])


def test_a_bucket_moves_with_gap_funding_and_what_is_closed_on_the_way():
    made = book(account(1, held(ETH, -100_000)))
    scenario = gap(
        -40,
        funding_pips=pips(1),
        venues=at(HERE, deleveraged_pips=pips(50), deleveraged_at_pips=pips(25)),
    )

    found = move(forced.part(made, slice(0, 1)), shocks((scenario,), made), venue=0)

    # 50,000 win 5,000, as many 20,000; shorts get 1,000; 30,000 are left, 2 % keep them.
    assert found.price[0] == pytest.approx(25_000)
    assert found.funding[0] == pytest.approx(1_000)
    assert found.left[0, 0] == pytest.approx(30_000)
    assert found.maintenance[0] == pytest.approx(600)
    assert found.scale[0, 0] == pytest.approx(0.6)


def test_exposure_is_net_of_all_accounts_and_inventory_and_money_is_none():
    stocks = [Stock(ETH, 20_000), Stock(USDC, 70_000, is_money=True)]
    made = book(
        account(1, held(ETH, 100_000)),
        account(1, held(ETH, -90_000), venue=THERE),
        inventory=stocks,
    )

    found = firm.delta(made, made.positions.notional[:, None], made.inventory.value[:, None])

    assert dict(zip(made.assets, found[:, 0], strict=True)) == {ETH: 30_000.0, USDC: 0.0}
