from dataclasses import replace

from router.domain.account import Position, VenueFill
from router.domain.units import Amount, AssetId, InstrumentId, TimestampNs
from router.reconciliation import compare as books
from router.state.ledger import Ledger
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, USDC, accounts

LEDGER = Ledger.from_accounts(accounts())
DAI = AssetId("DAI")


def compare(ledger, read):
    return books.compare(ledger, read, (POOL, PERP))


def changed(index, **changes):
    """Return the accounts with one of them changed."""
    read = list(accounts())
    read[index] = replace(read[index], **changes)
    return tuple(read)


def test_equal_books_have_no_difference():
    assert compare(LEDGER, accounts()) == ()


def test_an_account_that_was_not_read_is_not_compared():
    chain, _ = accounts(usdc=-5)

    (difference,) = compare(LEDGER, (chain,))

    assert difference.account == CHAIN
    assert compare(LEDGER, ()) == ()


def test_what_the_ledger_has_no_baseline_of_is_new_and_cannot_differ():
    held = (*accounts()[0].balances, Amount(DAI, 4))

    assert compare(LEDGER, changed(0, balances=held)) == ()


def test_what_is_no_longer_configured_is_not_compared():
    assert books.compare(LEDGER, accounts(lots=5, cash=4), (POOL,)) == ()
    assert books.compare(LEDGER, accounts(eth=5), (PERP,)) == ()


def test_a_balance_only_we_know_counts_as_zero_on_the_venues_side():
    held = accounts()[0].balances[:-1]

    (difference,) = compare(LEDGER, changed(0, balances=held))

    assert difference.actual == 0
    assert difference.expected == accounts()[0].balances[-1].atoms


def test_a_zero_that_only_one_side_writes_down_is_no_difference():
    held = (*accounts()[0].balances, Amount(DAI, 0))
    positions = (Position(PERP.id, 0, 10), Position(InstrumentId("hyperliquid:BTC"), 0, 3))

    assert compare(LEDGER, changed(0, balances=held)) == ()
    assert compare(LEDGER, changed(1, positions=positions)) == ()
    assert compare(LEDGER, changed(1, positions=())) == ()


def test_a_position_we_did_not_trade_is_named():
    (difference,) = compare(LEDGER, accounts(lots=-3))

    assert (difference.account, difference.item) == (MARGIN, f"position {PERP.id}")
    assert (difference.expected, difference.actual) == (0, -3)


def test_differences_come_in_a_fixed_order_balances_first():
    differences = compare(LEDGER, accounts(native=1, eth=2, usdc=3, cash=4, lots=5))

    assert [d.actual - d.expected for d in differences] == [2, 1, 3, 4, 5]
    assert [d.item for d in differences] == ["ETH", "NATIVE", "USDC", "USDC", f"position {PERP.id}"]
    shuffled = tuple(reversed(accounts(native=1, eth=2, usdc=3, cash=4, lots=5)))
    assert compare(LEDGER, shuffled) == differences


def test_of_fills_only_those_since_a_moment_are_told():
    chain, perp = accounts()
    old, new = (
        VenueFill("f", "1", "", PERP.id, 1, Amount(USDC.id, 1), Amount(USDC.id, 0), TimestampNs(at))
        for at in (99, 100)
    )
    busy = replace(perp, fills=(old, new))

    trimmed = books.without_old_fills((chain, busy), {MARGIN: TimestampNs(100)})

    assert trimmed == (chain, replace(perp, fills=(new,)))
    assert books.without_old_fills((chain, busy), {}) == (chain, busy)
