from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.account import ForcedFill, ForcedKind, FundingPayment, Position
from router.domain.difference import Difference
from router.domain.order import Fill
from router.domain.units import NATIVE, Amount, ChildId, Side, TimestampNs
from router.reconciliation import compare as books
from router.state.ledger import Ledger
from tests.unit.engine.scene import CHAIN, ETH, MARGIN, PERP, POOL, T0, USDC, accounts

LOT = PERP.lot_atoms


def compare(ledger, read):
    return books.compare(ledger, read, (POOL, PERP))


def fill(instrument, quantity, notional, fee=0):
    return Fill(
        id="f",
        child=ChildId("c"),
        instrument=instrument.id,
        quantity=Amount(ETH.id, quantity),
        notional=Amount(USDC.id, notional),
        fee=Amount(USDC.id, fee),
        at_venue=T0,
    )


def test_the_baseline_is_what_the_venues_say():
    ledger = Ledger.from_accounts(accounts(lots=5))

    for account in accounts(lots=5):
        for amount in account.balances:
            assert ledger.balances[account.account, amount.asset] == amount.atoms
    assert ledger.positions == {(MARGIN, PERP.id): 5}


def test_a_pool_buy_moves_tokens_against_tokens():
    before = Ledger.from_accounts(accounts())

    after = before.with_fill(POOL, Side.BUY, fill(POOL, 7, 21))

    assert after == Ledger.from_accounts(accounts(eth=7, usdc=-21))


def test_a_pool_sell_moves_them_back():
    before = Ledger.from_accounts(accounts())

    bought = before.with_fill(POOL, Side.BUY, fill(POOL, 7, 21))

    assert bought.with_fill(POOL, Side.SELL, fill(POOL, 7, 21)) == before


@pytest.mark.parametrize(("side", "lots", "cash"), [(Side.BUY, 3, -105), (Side.SELL, -3, 95)])
def test_a_perp_fill_moves_the_position_and_the_cash_leg_and_its_fee_is_always_paid(
    side, lots, cash
):
    before = Ledger.from_accounts(accounts())

    after = before.with_fill(PERP, side, fill(PERP, 3 * LOT, 100, fee=5))

    assert after == Ledger.from_accounts(accounts(lots=lots, cash=cash))


def test_a_rebate_is_received():
    before = Ledger.from_accounts(accounts())

    after = before.with_fill(PERP, Side.BUY, fill(PERP, LOT, 100, fee=-2))

    assert after == Ledger.from_accounts(accounts(lots=1, cash=-98))


def test_a_fraction_of_a_lot_is_a_bug_and_stops():
    with pytest.raises(AssertionError, match="fraction of a lot"):
        Ledger.from_accounts(accounts()).with_fill(PERP, Side.BUY, fill(PERP, LOT + 1, 100))


def test_gas_is_paid_in_the_coin():
    before = Ledger.from_accounts(accounts())

    assert before.with_gas(CHAIN, 9) == Ledger.from_accounts(accounts(native=-9))


def test_an_asset_never_held_begins_at_zero():
    empty = Ledger({}, {}, {})

    after = empty.with_gas(CHAIN, 9).with_fill(PERP, Side.SELL, fill(PERP, LOT, 100))

    assert after.balances == {(CHAIN, NATIVE): -9, (MARGIN, USDC.id): 100}
    assert after.positions == {(MARGIN, PERP.id): -1}


def test_booking_leaves_the_ledger_before_as_it_was():
    before = Ledger.from_accounts(accounts())

    before.with_fill(POOL, Side.BUY, fill(POOL, 7, 21))
    before.with_gas(CHAIN, 9)

    assert before == Ledger.from_accounts(accounts())


def funded(*payments, later=2):
    """Return the accounts some nanoseconds after the baseline, with funding at the given ones."""
    chain, perp = accounts(later=later, cash=sum(atoms for atoms, _ in payments))
    told = tuple(
        FundingPayment(Amount(USDC.id, atoms), TimestampNs(T0 + at)) for atoms, at in payments
    )
    return chain, replace(perp, funding=told)


def test_funding_from_the_baseline_on_and_before_the_snapshot_is_booked():
    baseline = Ledger.from_accounts(accounts())

    now = funded((10, 0), (-3, 1))

    assert compare(baseline.with_settled(now), now) == ()
    assert baseline.with_settled(now).balances[MARGIN, USDC.id] == (
        baseline.balances[MARGIN, USDC.id] + 7
    )


@pytest.mark.parametrize("at", [-1, 2])
def test_funding_in_the_baseline_or_after_the_snapshot_is_not_booked(at):
    baseline = Ledger.from_accounts(accounts())

    assert baseline.with_settled(funded((10, at))).balances == baseline.balances


def forced(lots, dollars, *, fee=0, at=1, name="a"):
    """Return a fill the venue made: so many lots for so many atoms of collateral."""
    return ForcedFill(
        id=name,
        kind=ForcedKind.DELEVERAGING,
        instrument=PERP.id,
        lots=lots,
        notional=Amount(USDC.id, dollars),
        fee=Amount(USDC.id, fee),
        at_venue=TimestampNs(T0 + at),
    )


@pytest.mark.parametrize(("lots", "cash"), [(-3, 97), (3, -103)])
def test_a_forced_fill_moves_the_position_and_the_cash_leg_and_its_fee_is_paid(lots, cash):
    baseline = Ledger.from_accounts(accounts(lots=10))
    chain, perp = accounts(lots=10 + lots, cash=cash, later=2)

    now = (chain, replace(perp, forced=(forced(lots, 100, fee=3),)))

    assert compare(baseline.with_settled(now), now) == ()


def test_a_forced_fill_told_twice_is_booked_once():
    baseline = Ledger.from_accounts(accounts())
    chain, perp = accounts(later=2)

    now = (chain, replace(perp, forced=(forced(1, 100), forced(1, 100))))

    assert baseline.with_settled(now).positions[MARGIN, PERP.id] == 1


@pytest.mark.parametrize("at", [-1, 2])
def test_a_forced_fill_in_the_baseline_or_after_the_snapshot_is_not_booked(at):
    baseline = Ledger.from_accounts(accounts())
    chain, perp = accounts(later=2)

    now = (chain, replace(perp, forced=(forced(1, 100, at=at),)))

    assert baseline.with_settled(now).positions == baseline.positions


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("pool"),
            st.sampled_from(Side),
            st.integers(min_value=1, max_value=10**21),
            st.integers(min_value=1, max_value=10**13),
            st.just(0),
        ),
        st.tuples(
            st.just("perp"),
            st.sampled_from(Side),
            st.integers(min_value=1, max_value=10**7),
            st.integers(min_value=1, max_value=10**13),
            st.integers(min_value=-(10**6), max_value=10**9),
        ),
        st.tuples(st.just("gas"), st.integers(min_value=0, max_value=10**18)),
    ),
    max_size=20,
)


def booked(ledger, step):
    match step:
        case ("pool", side, quantity, notional, _):
            return ledger.with_fill(POOL, side, fill(POOL, quantity, notional))
        case ("perp", side, lots, notional, fee):
            return ledger.with_fill(PERP, side, fill(PERP, lots * LOT, notional, fee))
        case ("gas", atoms):
            return ledger.with_gas(CHAIN, atoms)


def summed(taken):
    """Add the same steps up column by column, the way a spreadsheet would."""
    signs = {Side.BUY: 1, Side.SELL: -1}
    pools = [(signs[s[1]], s[2], s[3]) for s in taken if s[0] == "pool"]
    perps = [(signs[s[1]], s[2], s[3], s[4]) for s in taken if s[0] == "perp"]
    return {
        "eth": sum(sign * quantity for sign, quantity, _ in pools),
        "usdc": -sum(sign * notional for sign, _, notional in pools),
        "lots": sum(sign * lots for sign, lots, _, _ in perps),
        "cash": -sum(sign * notional + fee for sign, _, notional, fee in perps),
        "native": -sum(s[1] for s in taken if s[0] == "gas"),
    }


@given(steps)
def test_the_ledger_agrees_with_the_columns_added_up(taken):
    ledger = Ledger.from_accounts(accounts())

    for step in taken:
        ledger = booked(ledger, step)

    assert compare(ledger, accounts(**summed(taken))) == ()


ITEMS = {
    "eth": (CHAIN, "ETH"),
    "usdc": (CHAIN, "USDC"),
    "native": (CHAIN, "NATIVE"),
    "cash": (MARGIN, "USDC"),
    "lots": (MARGIN, f"position {PERP.id}"),
}


@given(steps, st.sampled_from(sorted(ITEMS)), st.sampled_from([-1, 1, 10**18]))
def test_one_atom_off_is_named_with_the_account_and_by_how_much(taken, item, off):
    ledger = Ledger.from_accounts(accounts())
    for step in taken:
        ledger = booked(ledger, step)
    columns = summed(taken)

    (difference,) = compare(ledger, accounts(**{**columns, item: columns[item] + off}))

    account, name = ITEMS[item]
    assert (difference.account, difference.item) == (account, name)
    assert difference.actual - difference.expected == off
    assert f"off by {off}" in difference.sentence
    assert account in difference.sentence


def test_a_position_keeps_its_lots_whatever_its_leverage_is_called():
    position = (Position(PERP.id, 0, 3),)
    chain, perp = accounts()

    assert (
        compare(Ledger.from_accounts(accounts()), (chain, replace(perp, positions=position))) == ()
    )


def test_a_difference_tells_a_person_both_numbers():
    difference = Difference(CHAIN, "ETH", 7, 5)

    assert difference.sentence == (
        f"ETH of {CHAIN}: expected 7 atoms, the venue says 5 (off by -2)"
    )
