"""One account, whole: every difference between our record and the venue's. Decides nothing.

What the venue itself tells explains what it explains; what is then left of the numbers is a
difference that only time or a person can explain.
"""

from dataclasses import dataclass, replace

from router.domain.account import AccountSnapshot
from router.domain.difference import Difference, DifferenceKind
from router.domain.units import NATIVE
from router.reconciliation import money, orders
from router.reconciliation.compare import compare, is_behind
from router.reconciliation.kinds import may_agree
from router.reconciliation.nonces import nonce_difference
from router.state.ledger import Ledger
from router.state.world import World


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found of an account.

    Attributes
    ----------
    sure : tuple of Difference
        By their own evidence, whatever is in flight.
    numbers : tuple of Difference
        What is left of the numbers: conclusive only in peace, or once they last.
    """

    account: AccountSnapshot
    sure: tuple[Difference, ...]
    numbers: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether what the venue says may be the baseline of what comes next."""
        return not self.numbers and all(map(may_agree, self.sure))


def examine(world: World, ledger: Ledger, account: AccountSnapshot, *, is_quiet: bool) -> Examined:
    """Compare an account with the ledger.

    Parameters
    ----------
    is_quiet : bool
        Whether the account has not moved since it was asked for.
    """
    name = account.account
    behind = _behind(world, account)
    if behind is not None:
        return Examined(account, (behind,), ())
    nonce = nonce_difference(world, ledger, account)
    if nonce is not None and nonce.kind is DifferenceKind.REORGED:
        # The numbers are of another chain, or of before our transaction.
        return Examined(account, (nonce if is_quiet else _in_flight(nonce),), ())
    matched = orders.match(world, ledger, account, is_quiet=is_quiet)
    transfers = money.foreign_transfers(world, ledger, account)
    known = expected_of(world, ledger, account).with_trades(name, matched.unbooked)
    numbers = tuple(map(_of_kind, compare(known, (account,), world.configured)))
    sure = (
        *(() if nonce is None else (nonce,)),
        *matched.differences,
        *money.transferred(account, transfers),
        *money.settled(ledger, account),
    )
    if numbers:
        reversals = orders.duplicated(world, ledger, account)
        without = known.with_trades(name, reversals)
        if reversals and not compare(without, (account,), world.configured):
            numbers = orders.duplicates(name, reversals)
    return Examined(account, sure, numbers)


def expected_of(world: World, ledger: Ledger, account: AccountSnapshot) -> Ledger:
    """Return the ledger with all that the venue tells to have moved the account without a trade."""
    transfers = money.foreign_transfers(world, ledger, account)
    return ledger.with_settled((account,)).with_transfers(account.account, transfers)


# What was read before our own newest news is evidence of nothing.
def _behind(world: World, account: AccountSnapshot) -> Difference | None:
    name, kind = account.account, DifferenceKind.BEHIND
    if account.block is not None and is_behind((account,), world.mined):
        block, newest = account.block.number, world.mined[name]
        detail = f"read at block {block}, and block {newest} has a transaction of ours"
        return Difference(name, "block", newest, block, kind, detail)
    filled = world.filled_at.get(name)
    if account.at_venue is None or filled is None or account.at_venue >= filled:
        return None
    detail = f"read as of {account.at_venue} ns, and a fill of ours is of {filled} ns"
    return Difference(name, "time", filled, account.at_venue, kind, detail)


def _in_flight(difference: Difference) -> Difference:
    return replace(difference, kind=DifferenceKind.IN_FLIGHT)


def _of_kind(difference: Difference) -> Difference:
    if difference.kind is DifferenceKind.BALANCE and difference.item == NATIVE:
        return replace(difference, kind=DifferenceKind.GAS)
    return difference
