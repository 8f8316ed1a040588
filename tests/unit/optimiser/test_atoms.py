"""Parts of pools in whole atoms, and books in whole lots."""

from dataclasses import replace

import pytest

from router.domain.plan import NoRouteReason
from router.domain.units import AccountId
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.exact.atoms import account_holds, account_trades
from router.optimiser.exact.trade import Trade
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.whole import in_whole_lots
from tests.unit.optimiser.world import UNIT, book, pool, problem

CHAIN = AccountId("chain:me")


def selection_of(*pools):
    made = problem(quantity=100.0, pools=pools)
    return select(prepare(made), tuple(range(len(pools))))


@pytest.mark.parametrize("seed", range(5))
def test_what_pools_hold_can_be_traded_to_the_atom(seed):
    selection = selection_of(pool(seed=seed), pool("pool-b", seed=seed + 10, fee_pips=3000))
    held = account_holds(selection, CHAIN)

    trades = account_trades(selection, CHAIN, held)

    assert all(isinstance(t, Trade) for t in trades), trades
    assert sum(t.base for t in trades) == held


def test_more_than_pools_hold_is_a_reason_and_not_a_crash():
    selection = selection_of(pool())
    held = account_holds(selection, CHAIN)

    (refused,) = account_trades(selection, CHAIN, 2 * held)

    assert isinstance(refused, NoRouteReason)


def test_nothing_is_no_trade():
    assert account_trades(selection_of(pool()), CHAIN, 0) == []


def test_parts_add_up_to_the_atom_however_odd():
    selection = selection_of(pool(), pool("pool-b", seed=1))
    atoms = 37 * UNIT + 12_345_678_901_234_567

    trades = account_trades(selection, CHAIN, atoms)

    assert len(trades) == 2
    assert sum(t.base for t in trades) == atoms


def test_every_split_anew_leaves_fewer_fractions_of_a_lot_until_there_are_none():
    coarse = book(level_usd=400_000.0)
    lot_atoms = 7 * UNIT
    coarse = replace(coarse, instrument=replace(coarse.instrument, lot_atoms=lot_atoms))
    made = problem(quantity=100.0, pools=(pool(),), books=(coarse,))
    selection = select(prepare(made), (0,))
    scaled = scale(selection, 100.0)
    split = solve_continuous(scaled)
    assert split is not None
    lot = lot_atoms / UNIT / 100.0
    fraction = float(split.shares[-1]) % lot
    assert 1e-6 < fraction < lot - 1e-6

    books = [(1, made, coarse)]
    *_, last = in_whole_lots(scaled, split, books, effort=Effort())

    lots = float(last.shares[-1]) / lot
    assert lots == pytest.approx(round(lots), abs=1e-9)
    assert float(sum(last.shares)) == pytest.approx(1.0, abs=1e-9)
