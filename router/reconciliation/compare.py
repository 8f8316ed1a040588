"""Compare our ledger with what the venues say, to the atom. Decides nothing, changes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from router.domain.account import AccountSnapshot
from router.domain.difference import Difference, DifferenceKind
from router.domain.instrument import Instrument
from router.domain.units import NATIVE, AccountId, AssetId, InstrumentId, TimestampNs
from router.state.ledger import Ledger


def compare(
    ledger: Ledger, accounts: tuple[AccountSnapshot, ...], instruments: tuple[Instrument, ...]
) -> tuple[Difference, ...]:
    """Return every balance and position that differs; empty means that the books agree.

    Compared is what the ledger knows of accounts that were read and assets and instruments that
    are configured; of these, what a venue does not tell counts as zero. What the ledger has no
    baseline of is new to the configuration, and cannot differ.
    """
    read = {a.account for a in accounts}
    actual = Ledger.from_accounts(accounts)
    balances = (
        Difference(account, str(asset), expected, told)
        for account, asset in sorted(set(_balances(instruments)) & ledger.balances.keys())
        if account in read
        and (expected := ledger.balances[account, asset])
        != (told := actual.balances.get((account, asset), 0))
    )
    positions = (
        Difference(account, f"position {instrument}", expected, lots, DifferenceKind.POSITION)
        for account, instrument in sorted(set(_positions(instruments)) & ledger.positions.keys())
        if account in read
        and (expected := ledger.positions[account, instrument])
        != (lots := actual.positions.get((account, instrument), 0))
    )
    return (*balances, *positions)


def is_behind(accounts: tuple[AccountSnapshot, ...], mined: Mapping[AccountId, int]) -> bool:
    """Tell whether an account was read before the block of a transaction of ours."""
    return any(a.block is not None and a.block.number < mined.get(a.account, 0) for a in accounts)


def is_current(
    accounts: tuple[AccountSnapshot, ...],
    mined: Mapping[AccountId, int],
    filled_at: Mapping[AccountId, TimestampNs],
) -> bool:
    """Tell whether accounts were read after all that is known to have moved them."""
    return not is_behind(accounts, mined) and all(
        a.at_venue is None or a.account not in filled_at or a.at_venue > filled_at[a.account]
        for a in accounts
    )


def without_old_fills(
    accounts: tuple[AccountSnapshot, ...], since: Mapping[AccountId, TimestampNs]
) -> tuple[AccountSnapshot, ...]:
    """Return the accounts without the fills that are of before a moment, each its own."""
    return tuple(
        replace(a, fills=tuple(f for f in a.fills if f.at_venue >= since.get(a.account, 0)))
        if a.fills
        else a
        for a in accounts
    )


def _balances(instruments: tuple[Instrument, ...]) -> Iterator[tuple[AccountId, AssetId]]:
    for instrument in instruments:
        yield (instrument.account, instrument.quote.id)
        if instrument.is_on_chain:
            yield (instrument.account, instrument.base.id)
            yield (instrument.account, NATIVE)


def _positions(instruments: tuple[Instrument, ...]) -> Iterator[tuple[AccountId, InstrumentId]]:
    for instrument in instruments:
        if not instrument.is_on_chain:
            yield (instrument.account, instrument.id)
