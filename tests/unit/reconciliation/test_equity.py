"""Accounts read between the engine's own comparisons: what explains a difference, and what not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.account import AccountMode, AccountSnapshot, MarkedPosition
from router.domain.margin import HeldPosition
from router.domain.order import OrderStatus
from router.domain.units import Amount, InstrumentId, Pico, Side
from router.reconciliation.equity import Cause, EquityCheck, equity_checks, ledger_check
from tests.unit.engine.scene import CHAIN, DOLLAR, ETH, ETHER, MARGIN, PERP, POOL, T0, USDC
from tests.unit.state.purse import Desk


def told(desk, *, epoch=None):
    return ledger_check(desk.world, desk.accounts(), epoch=epoch or desk.world.epoch)


def test_books_that_agree_have_nothing_to_tell():
    desk = Desk()
    desk.fill(POOL, Side.BUY, ETHER, 3_000 * DOLLAR, gas=7)
    desk.fill(PERP, Side.SELL, 5 * PERP.lot_atoms, 3 * DOLLAR, fee=1)

    assert told(desk) == ()


def test_funding_and_forced_fills_since_the_baseline_explain_what_they_moved():
    desk = Desk()
    desk.fund(9)
    desk.force(-3, 12, 1)

    cash, lots = told(desk)

    assert (cash.account, cash.item, cash.actual - cash.expected) == (MARGIN, "USDC", 9 + 12 - 1)
    assert (lots.item, lots.actual - lots.expected) == (f"position {PERP.id}", -3)
    assert {cash.cause, lots.cause} == {Cause.SETTLED}
    assert "forced1" in lots.detail


def test_what_a_stranger_pays_in_is_explained_by_nothing_and_is_known_by_its_amount():
    desk = Desk()
    desk.purse[CHAIN, USDC.id] += 50
    (first,) = told(desk)
    desk.fill(POOL, Side.BUY, ETHER, 3_000)
    (later,) = told(desk)

    assert first.cause is later.cause is Cause.UNEXPLAINED
    assert first.expected != later.expected
    assert first.identity == later.identity == (CHAIN, "USDC", 50)


def test_what_is_off_beside_funding_is_told_by_what_funding_leaves_of_it():
    desk = Desk()
    desk.fund(9)
    desk.purse[MARGIN, USDC.id] -= 4

    (found,) = told(desk)

    assert found.cause is Cause.UNEXPLAINED
    assert found.actual - found.expected == -4


def test_an_order_in_flight_explains_what_moves_in_its_account_and_in_no_other():
    desk = Desk()
    child = desk._child(POOL, Side.BUY)  # noqa: SLF001 - an intent of which nothing is known yet
    state = replace(desk.world.children[child.id], status=OrderStatus.IN_DOUBT)
    desk.world = desk.world.with_child(state)
    desk.purse[CHAIN, ETH.id] += ETHER
    desk.purse[MARGIN, USDC.id] += 1

    causes = {found.account: found for found in told(desk)}

    assert causes[CHAIN].cause is Cause.IN_FLIGHT
    assert causes[CHAIN].detail == f"{child.id} (in_doubt)"
    assert causes[MARGIN].cause is Cause.UNEXPLAINED


def test_a_node_behind_a_transaction_of_ours_explains_old_balances():
    desk = Desk()
    desk.fill(POOL, Side.BUY, ETHER, 3_000)
    desk.purse[CHAIN, ETH.id] -= ETHER
    desk.purse[CHAIN, USDC.id] += 3_000
    desk.world = replace(desk.world, mined={CHAIN: 10**30})

    assert {found.cause for found in told(desk)} == {Cause.BEHIND}


def test_nothing_is_compared_while_the_ledger_moves_or_has_no_baseline():
    desk = Desk()
    desk.purse[CHAIN, USDC.id] += 50

    assert told(desk, epoch=desk.world.epoch + 1) is None
    desk.world = replace(desk.world, is_ready=False)
    assert told(desk) is None
    desk.world = replace(desk.world, is_ready=True, ledger=None)
    assert told(desk) is None


def account(cash, values, equity, **more):
    marked = tuple(
        MarkedPosition(InstrumentId(f"i{n}"), HeldPosition(ETH.id, value, (), Pico(1)))
        for n, value in enumerate(values)
    )
    held = (Amount(USDC.id, cash),)
    plain = AccountSnapshot(
        MARGIN,
        held,
        held,
        (),
        equity_atoms=equity,
        margin_used_atoms=0,
        next_nonce=None,
        block=None,
        received_at=T0,
        marked=marked,
    )
    return replace(plain, **more)


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(-(10**15), 10**15), max_size=5))
def test_equity_that_is_cash_and_positions_agrees_to_the_atom(cash, values):
    (check,) = equity_checks((account(cash, values, cash + sum(values)),))

    assert check.agrees
    assert check.off_atoms == 0


@pytest.mark.parametrize(("off", "agrees"), [(3, True), (-3, True), (4, False), (-4, False)])
def test_two_positions_and_the_equity_may_each_be_an_atom_off_by_rounding(off, agrees):
    (check,) = equity_checks((account(10, [5, -7], 8 + off),))

    assert check.agrees is agrees
    assert f"off by {off}" in check.sentence


def test_without_positions_equity_is_cash():
    assert equity_checks((account(10, [], 10),)) == (EquityCheck(MARGIN, 10, 0, 10, 0),)
    assert not equity_checks((account(10, [], 11),))[0].agrees


def test_chains_and_accounts_that_share_spot_are_not_added_up():
    chain, _ = Desk().accounts()

    assert equity_checks((chain, account(1, [], 9, mode=AccountMode.UNIFIED))) == ()
