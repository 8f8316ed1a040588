"""Fills that never were: all they moved is moved back, to the atom, and nothing is done twice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.command import ObserveAccounts, ReportParent
from router.domain.event import AccountsObserved, BaselineAccepted, FillVoided
from router.domain.order import OrderStatus, Persistence
from router.domain.scope import FIRM
from router.domain.units import Amount
from router.engine.voiding import refusal
from router.execution.quantities import quantities
from router.state.counts import Measure
from router.state.world import Phase
from tests.unit.engine.altered import S, started
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    ETHER,
    LATER,
    PERP,
    POOL,
    USDC,
    accounts,
    order,
)


def void(desk, child, name, *, corrected=None, reason="the venue took it back"):
    return desk.feed(FillVoided(child.id, name, corrected, reason, "ann", desk.tick()))


def traded(desk, child, ethers, name="a"):
    """Fill a child in part, and return the fill."""
    desk.trade(child, ethers, name=name)
    return desk.world.children[child.id].fills[-1]


def books(desk):
    world = desk.world
    lines = {item: replace(line, realised=0, cost=0) for item, line in world.profit.lines.items()}
    worth = {item: line.cost - line.realised for item, line in world.profit.lines.items()}
    return world.ledger, lines, worth


def look(desk, *, next_nonce):
    """Show the accounts as they were in the beginning, and how many transactions the chain has."""
    chain, perp = accounts()
    later = replace(chain, block=LATER, next_nonce=next_nonce)
    desk.feed(AccountsObserved((later, perp), desk.world.epoch, desk.tick()))


def ended(instrument=PERP, *, ethers=10):
    """Return a desk whose order has filled whole and is done, its child and its fill."""
    desk = started()
    child = desk.out(instrument, ethers=ethers, asked=order(ethers, venues=(instrument.venue,)))
    fill = traded(desk, child, ethers)
    desk.finish(child, S.FILLED)
    return desk, child, fill


@pytest.mark.parametrize("instrument", [PERP, POOL], ids=["book", "pool"])
def test_what_a_fill_has_moved_is_moved_back_to_the_atom(instrument):
    desk = started()
    child = desk.out(instrument, asked=order(10, venues=(instrument.venue,)))
    before = books(desk)
    fill = traded(desk, child, 10)
    booked = books(desk)

    void(desk, child, fill.id)

    assert booked != before
    ledger, _, worth = books(desk)
    known = {key: atoms for key, atoms in ledger.balances.items() if key in before[0].balances}
    assert known == before[0].balances
    assert {k: n for k, n in ledger.positions.items() if n} == {
        k: n for k, n in before[0].positions.items() if n
    }
    assert {k: n for k, n in worth.items() if n} == {k: n for k, n in before[2].items() if n}
    assert desk.world.children[child.id].fills == ()
    assert quantities(desk.world, desk.parent).cumulative.atoms == 0


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_books_are_as_if_the_fill_had_never_come_whichever_it_is(parts, data):
    place = data.draw(st.integers(0, len(parts) - 1))
    with_it, without_it = started(), started()
    for desk in (with_it, without_it):
        desk.out(PERP, ethers=20, asked=order(20, venues=(PERP.venue,)))
    child = next(iter(with_it.world.children.values())).order
    for index, part in enumerate(parts):
        with_it.trade(child, part, name=f"n{index}")
        if index != place:
            without_it.trade(child, part, name=f"n{index}")

    void(with_it, child, f"n{place}-{child.id}")

    ledger, lines, worth = books(with_it)
    expected, told, owed = books(without_it)
    assert ledger.balances == {**dict.fromkeys(ledger.balances, 0), **expected.balances}
    assert {k: n for k, n in ledger.positions.items() if n} == {
        k: n for k, n in expected.positions.items() if n
    }
    assert {k: n for k, n in worth.items() if n} == {k: n for k, n in owed.items() if n}
    assert {k: line.quantity for k, line in lines.items() if line.quantity} == {
        k: line.quantity for k, line in told.items() if line.quantity
    }
    now, then = (quantities(desk.world, desk.parent) for desk in (with_it, without_it))
    assert (now.cumulative, now.leaves) == (then.cumulative, then.leaves)
    counted, meant = (
        desk.world.activity.total(Measure.NOTIONAL, FIRM, desk.tick(), asset=USDC.id)
        for desk in (with_it, without_it)
    )
    assert counted == meant


def test_a_correction_takes_its_place_under_its_own_name():
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    fill = traded(desk, child, 10)
    instead = replace(
        fill,
        id="better",
        quantity=Amount(ETH.id, 9 * ETHER),
        notional=Amount(USDC.id, 27_001 * DOLLAR),
        fee=Amount(USDC.id, DOLLAR),
    )

    void(desk, child, fill.id, corrected=instead)

    state = desk.world.children[child.id]
    assert (state.fills, state.voided) == ((instead,), (fill.id,))
    assert quantities(desk.world, desk.parent).cumulative == Amount(ETH.id, 9 * ETHER)
    cash = desk.world.ledger.balances[PERP.account, USDC.id]
    assert cash == 500_000 * DOLLAR - 27_002 * DOLLAR
    assert desk.world.ledger.positions[PERP.account, PERP.id] == 9 * ETHER // PERP.lot_atoms


def test_an_order_that_had_filled_stands_canceled_with_what_is_left():
    desk, child, fill = ended()
    desk.settled()

    told = void(desk, child, fill.id)

    assert (desk.parent.status, desk.parent.phase) == (S.CANCELED, Phase.DONE)
    assert "taken back by ann" in desk.parent.reason
    (report,) = [c for c in told if isinstance(c, ReportParent)]
    assert report.status is S.CANCELED
    assert report.quantities.cumulative.atoms == 0


def test_one_that_is_corrected_to_more_than_was_ordered_stays_filled():
    desk, child, fill = ended()
    desk.settled()
    instead = replace(fill, id="same", fee=Amount(USDC.id, 5))

    void(desk, child, fill.id, corrected=instead)

    assert desk.parent.status is S.FILLED
    assert desk.world.children[child.id].fills == (instead,)


def test_an_order_that_ended_otherwise_stays_as_it_ended():
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    fill = traded(desk, child, 4)
    desk.cancel()
    desk.finish(child)
    ended_as = desk.settled()

    void(desk, child, fill.id)

    assert desk.parent.status is S.CANCELED
    assert desk.parent.reason == ended_as.reason


def test_one_whose_accounts_are_looked_at_yet_ends_canceled():
    desk, child, fill = ended()
    assert (desk.parent.phase, desk.parent.status) == (Phase.RECONCILING, S.FILLED)

    void(desk, child, fill.id)

    assert desk.parent.status is S.NEW
    assert desk.settled().status is S.CANCELED


def test_one_that_a_correction_makes_whole_while_its_accounts_are_looked_at_ends_filled():
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    fill = traded(desk, child, 9)
    desk.cancel()
    desk.finish(child)
    assert (desk.parent.phase, desk.parent.outcome) == (Phase.RECONCILING, S.CANCELED)
    instead = replace(fill, id="whole", quantity=Amount(ETH.id, 10 * ETHER))

    void(desk, child, fill.id, corrected=instead)

    assert desk.settled().status is S.FILLED
    assert desk.parent.reason == ""


def test_the_same_without_a_cancel_ends_filled_too():
    desk = started()
    asked = order(10, venues=(PERP.venue,), persistence=Persistence.IMMEDIATE)
    child = desk.out(PERP, rests=False, asked=asked)
    fill = traded(desk, child, 9)
    desk.finish(child)
    assert (desk.parent.phase, desk.parent.outcome) == (Phase.RECONCILING, S.CANCELED)
    instead = replace(fill, id="whole", quantity=Amount(ETH.id, 10 * ETHER))

    void(desk, child, fill.id, corrected=instead)

    assert desk.parent.status is S.FILLED
    assert desk.settled().status is S.FILLED


def test_more_than_was_sent_is_no_correction():
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    traded(desk, child, 4, "a")
    fill, before = traded(desk, child, 6, "b"), desk.world
    instead = replace(fill, id="other", quantity=Amount(ETH.id, 7 * ETHER))
    event = FillVoided(child.id, fill.id, instead, "a slip", "ann", desk.tick())

    assert "were sent" in refusal(before, event)
    assert desk.feed(event) == ()
    assert desk.world == before


def test_an_order_that_goes_on_goes_on_with_what_is_left():
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    first, second = traded(desk, child, 4, "a"), traded(desk, child, 3, "b")
    assert desk.parent.status is S.PARTIALLY_FILLED

    void(desk, child, first.id)
    still = desk.parent.status
    void(desk, child, second.id)

    assert (still, desk.parent.status) == (S.PARTIALLY_FILLED, S.NEW)
    assert desk.world.children[child.id].status is S.NEW
    desk.trade(child, 10, name="all")
    desk.finish(child, S.FILLED)
    assert desk.settled().status is S.FILLED


def test_what_is_not_known_changes_nothing_and_neither_does_the_same_again():
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    fill = traded(desk, child, 4)
    before = desk.world

    assert void(desk, child, "nobody's") == ()
    assert desk.world == before
    desk.feed(FillVoided("no-child", fill.id, None, "a slip", "ann", desk.tick()))
    assert desk.world == before
    void(desk, child, fill.id)
    after = desk.world
    assert void(desk, child, fill.id) == ()
    assert desk.world == after


def test_a_fill_that_was_taken_back_is_not_booked_when_it_is_told_again():
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    traded(desk, child, 4)
    void(desk, child, f"a-{child.id}")
    after = desk.world

    desk.trade(child, 4, name="a")

    assert desk.world.children[child.id].fills == ()
    assert desk.world.ledger == after.ledger


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": Amount(ETH.id, 1)},
        {"quantity": Amount(USDC.id, ETHER)},
        {"instrument": POOL.id},
        {"fee": Amount(ETH.id, 0)},
        {"notional": Amount(USDC.id, 0)},
    ],
    ids=["a part of a lot", "another asset", "another market", "another fee", "nothing"],
)
def test_a_correction_that_cannot_be_changes_nothing(wrong):
    desk = started()
    child = desk.out(PERP, asked=order(10, venues=(PERP.venue,)))
    fill = traded(desk, child, 4)
    before = desk.world
    instead = replace(fill, id="other", **wrong)

    said = refusal(before, FillVoided(child.id, fill.id, instead, "a slip", "ann", desk.tick()))
    assert said.split(":")[0] in {"corrected", "quantity"}
    assert void(desk, child, fill.id, corrected=instead) == ()

    assert desk.world == before


def test_the_accounts_are_looked_at_once_a_fill_was_taken_back():
    desk, child, fill = ended()
    desk.settled()

    told = void(desk, child, fill.id)

    assert [c for c in told if isinstance(c, ObserveAccounts)]
    assert desk.parent.status is OrderStatus.CANCELED


def test_a_swap_that_a_reorganisation_took_out_is_named_taken_back_and_accepted():
    desk, child, fill = ended(POOL)
    desk.reconcile(eth=10 * ETHER, usdc=-fill.notional.atoms, native=-(10**15))
    assert (desk.parent.status, desk.world.halt_reason) == (S.FILLED, None)

    look(desk, next_nonce=child.nonce)
    halted = desk.world.halt_reason
    void(desk, child, fill.id, reason="reorganised")
    desk.feed(BaselineAccepted("the swap is gone", desk.tick()))
    look(desk, next_nonce=child.nonce)

    assert f"{child.id} is not in the chain" in halted
    assert f"headrace bust takes back {fill.id} of {child.id}" in halted
    assert desk.world.halt_reason is None
    assert (desk.parent.status, quantities(desk.world, desk.parent).cumulative.atoms) == (
        S.CANCELED,
        0,
    )
    held = desk.world.profit.lines
    assert {item.base: line.quantity for item, line in held.items() if item.base == ETH.id} == {
        ETH.id: 100 * ETHER
    }
