"""Compare our ledger with what the venues say, to the atom. Decides nothing, changes nothing."""

from router.domain.account import AccountSnapshot
from router.state.ledger import Difference, Ledger


def compare(ledger: Ledger, accounts: tuple[AccountSnapshot, ...]) -> tuple[Difference, ...]:
    """Return every balance and position that differs; empty means that the books agree.

    An account that was not read is not compared. A balance that only one side knows counts as zero
    on the other.
    """
    read = {a.account: a for a in accounts}
    actual = Ledger.from_accounts(accounts)
    balances = (
        Difference(account, str(asset), expected, actual_atoms)
        for account, asset in sorted(ledger.balances.keys() | actual.balances.keys())
        if account in read
        and (expected := ledger.balances.get((account, asset), 0))
        != (actual_atoms := actual.balances.get((account, asset), 0))
    )
    positions = (
        Difference(account, f"position {instrument}", expected, lots)
        for account, instrument in sorted(ledger.positions.keys() | actual.positions.keys())
        if account in read
        and (expected := ledger.positions.get((account, instrument), 0))
        != (lots := actual.positions.get((account, instrument), 0))
    )
    return (*balances, *positions)
