"""Paths worked by hand, and 10 October 2025's shape: in dollars."""

from itertools import pairwise

import numpy as np
import pytest

from router.risk.stress.book import Stock
from router.risk.stress.library import AssetClass, gap_down, october
from router.risk.stress.path import Step, walk
from router.risk.stress.run import outcomes
from tests.unit.risk.stress.desk import (
    BTC,
    ETH,
    HERE,
    SOL,
    THERE,
    account,
    book,
    held,
    levels,
    pips,
)

DEEP = levels((0.1, 10_000_000))
CLASSES = {BTC: AssetClass.BTC, ETH: AssetClass.ETH, SOL: AssetClass.SOL}


def step(second, percent, **rest):
    return Step(second * 1_000, pips(percent), **rest)


def test_equity_follows_the_price_and_the_first_short_step_is_named():
    # 100,000 long on 12,000: 2 % of the notional keep it. 7,000 at -5 %, 2,000 at -10 % where 1,800
    # are needed, 1,100 at -10.9 % where 1,782 are: there nothing can be sold, and 1,188 are two
    # thirds, so that it is lost.
    found = walk(book(account(12_000, held(ETH, 100_000))), [step(3, -5), step(6, -10)])
    gone = walk(book(account(12_000, held(ETH, 100_000))), [step(3, -5), step(6, -10.9)])

    assert list(found.equity[0]) == pytest.approx([7_000, 2_000])
    assert list(found.maintenance[0]) == pytest.approx([1_900, 1_800])
    assert (found.first_short[0], gone.first_short[0]) == (-1, 1)
    assert list(gone.is_lost[0]) == [False, True]
    assert list(gone.equity[0]) == pytest.approx([7_000, 0])


def test_a_slice_is_sold_and_within_the_cooldown_the_whole():
    # 200,000 long on 7,200: at -2 % a fifth of 196,000 goes for 39.2 and heals it (3,160.8 for
    # 3,136). One per cent of the 156,800 left more is 1,600 lost: 1,560.8 for 3,104 are below two
    # thirds; a third of a per cent is 800: 2,360.8 for 3,120 are short, and it cools down: all.
    one = book(account(7_200, held(ETH, 200_000)), depths={(HERE, ETH): DEEP})
    soon = walk(one, [step(3, -2), step(9, -2.5)])
    late = walk(one, [step(3, -2), step(33, -2.5)])

    # -2.5 % leaves 156,000 of the four fifths.
    assert list(soon.sold[0]) == pytest.approx([39_200, 156_000])
    assert list(late.sold[0]) == pytest.approx([39_200, 31_200])
    assert soon.equity[0, 1] == pytest.approx(3_160.8 - 800 - 156)


def test_deleveraging_closes_at_the_mark_of_the_step_before():
    # 100,000 short: 10 % down, then half is closed before the next 10 % of the beginning.
    steps = [step(3, -10), step(6, -20, deleveraged_pips=pips(50))]
    found = walk(book(account(20_000, held(ETH, -100_000))), steps)

    # 10,000, then 5,000 for the half that is left; 45,000 of 90,000 were closed.
    assert list(found.equity[0]) == pytest.approx([30_000, 35_000])
    assert list(found.deleveraged[0]) == pytest.approx([0, 45_000])
    assert list(found.delta[0]) == pytest.approx([-90_000, -40_000])


def test_funding_is_of_the_notional_at_the_mark_before():
    found = walk(
        book(account(20_000, held(ETH, 100_000))),
        [step(3, -10), step(6, -10, funding_pips=pips(1))],
    )

    assert list(found.equity[0]) == pytest.approx([10_000, 9_100])


def test_gas_and_assets_apart_are_those_of_the_step():
    steps = [step(3, -10, apart=((BTC, pips(5)),), gas_pips=pips(5_000))]
    two = account(50_000, held(ETH, 100_000), held(BTC, 100_000))
    found = walk(book(two, inventory=[Stock(ETH, 1, exit_gas=15.0)]), steps)

    assert found.equity[0, 0] == pytest.approx(45_000)
    assert found.gas[0] == pytest.approx(750)


def test_a_path_without_venues_at_work_ends_where_the_scenario_does():
    one = book(account(90_000, held(ETH, 100_000), held(BTC, -50_000)))
    low = gap_down(CLASSES)
    steps = [
        Step(
            second, pips(0), tuple((s.asset, pips(s.gap_pips * second / 10**5)) for s in low.apart)
        )
        for second in range(1, 11)
    ]

    walked, jumped = walk(one, steps), outcomes(one, (low,))

    assert walked.equity[0, -1] == pytest.approx(jumped.equity[0, 0])
    assert walked.maintenance[0, -1] == pytest.approx(jumped.maintenance[0, 0])


def test_the_october_path_is_of_the_shape_that_was_seen():
    steps = october(CLASSES)
    gaps = [dict(s.apart)[SOL] for s in steps]

    low = min(range(len(gaps)), key=gaps.__getitem__)
    assert (steps[low].at_ms, gaps[low]) == (720_000, pips(-26))
    assert gaps[-1] == pytest.approx(pips(-13), abs=1)
    assert dict(steps[low].apart)[BTC] == pips(-15)
    # On the grid of three seconds, the first closing after a minute, 35 % in all.
    closed = [s for s in steps if s.deleveraged_pips]
    assert closed[0].at_ms == 63_000
    assert all(s.at_ms % 3_000 == 0 for s in closed)
    left = np.prod([1 - s.deleveraged_pips / 10**6 for s in closed])
    assert left == pytest.approx(0.65, abs=1e-4)
    assert all(a.at_ms < b.at_ms for a, b in pairwise(steps))
    assert (steps[0].depth_pips, steps[0].gas_pips) == (pips(10), pips(5_000))
    assert (steps[-1].depth_pips, steps[-1].gas_pips) == (pips(100), pips(100))


def test_in_october_a_levered_long_is_liquidated_and_a_hedge_loses_its_gaining_leg():
    market = {(v, a): levels((0.1, 500_000)) for v in (HERE, THERE) for a in (ETH, SOL)}
    levered = account(15_000, held(SOL, 100_000))
    long, short = held(ETH, 100_000), held(ETH, -100_000)
    hedged = account(60_000, long), account(60_000, short, venue=THERE)

    found = walk(book(levered, *hedged, depths=market), october(CLASSES))

    assert found.first_short[0] > 0
    assert found.sold[0].sum() + found.is_lost[0, -1] > 0
    assert list(found.first_short[1:]) == [-1, -1]
    # 35 % of the short are gone: at the low, 82,000 long less 65 % of as much.
    low = found.at_ms.index(720_000)
    eth = book(levered, *hedged).assets.index(ETH)
    assert found.delta[eth, low] == pytest.approx(82_000 * 0.35, rel=1e-3)
    assert found.equity[1:, low].sum() < 120_000


def test_an_empty_desk_walks_too():
    found = walk(book(account(5_000)), [step(3, -5)])

    assert (found.equity[0, 0], found.first_short[0]) == (5_000, -1)


def test_a_desk_without_accounts_walks_and_its_gas_becomes_dear():
    steps = [step(3, -5), step(6, -10, gas_pips=pips(5_000))]

    found = walk(book(inventory=[Stock(ETH, 100.0, exit_gas=2.0)]), steps)

    assert found.equity.shape == (0, 2)
    assert list(found.gas) == pytest.approx([2.0, 100.0])
