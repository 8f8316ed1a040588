"""Our record against what venues and chains say, looked at between the engine's own comparisons.

The engine compares when an order has ended and every hour, and stops where the books differ. This
looks at accounts that were read for another purpose, and tells what explains a difference from what
nothing explains. Decides nothing, changes nothing.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from router.domain.account import AccountMode, AccountSnapshot
from router.domain.difference import Difference
from router.domain.units import AccountId
from router.reconciliation.compare import compare, is_behind
from router.reconciliation.examine import expected_of
from router.state.ledger import Ledger
from router.state.world import World


class Cause(enum.StrEnum):
    """Why a number is not what the ledger's baseline says."""

    SETTLED = "settled"  # funding, or what the venue forced, since the baseline
    IN_FLIGHT = "in_flight"  # an order of ours that has not ended
    BEHIND = "behind"  # read before the block of a transaction of ours
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One number that is not what the ledger's baseline says, and why.

    Attributes
    ----------
    item : str
        An asset, or an instrument's position.
    expected, actual : int
        Atoms, or lots of a position.
    detail : str
        What explains it; empty where nothing does.
    """

    account: AccountId
    item: str
    expected: int
    actual: int
    cause: Cause
    detail: str = ""

    @property
    def identity(self) -> tuple[str, str, int]:
        """What it is known by while the numbers move on together: by how much it is off."""
        return self.account, self.item, self.actual - self.expected


@dataclass(frozen=True, slots=True)
class EquityCheck:
    """A venue's own equity against its own cash leg and positions, in collateral atoms.

    Attributes
    ----------
    tolerance_atoms : int
        One for the equity and one for each position: where the wire is finer than an atom, equity
        is read rounded down, and a position's value up.
    """

    account: AccountId
    cash_atoms: int
    positions_atoms: int
    equity_atoms: int
    tolerance_atoms: int

    @property
    def off_atoms(self) -> int:
        """By how much the venue's equity is above what it is made of."""
        return self.equity_atoms - self.cash_atoms - self.positions_atoms

    @property
    def agrees(self) -> bool:
        """Whether rounding explains all of it."""
        return abs(self.off_atoms) <= self.tolerance_atoms

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        return (
            f"equity of {self.account}: the venue says {self.equity_atoms} atoms, its cash of"
            f" {self.cash_atoms} and positions of {self.positions_atoms} come to"
            f" {self.cash_atoms + self.positions_atoms} (off by {self.off_atoms})"
        )


def equity_checks(accounts: tuple[AccountSnapshot, ...]) -> tuple[EquityCheck, ...]:
    """Add up each perp account at the venue's own marks.

    Chain accounts have no equity to check, and of accounts that share spot with perpetuals the
    balances do not tell all that the equity is made of.
    """
    return tuple(
        EquityCheck(
            account=account.account,
            cash_atoms=sum(balance.atoms for balance in account.balances),
            positions_atoms=sum(marked.held.notional_atoms for marked in account.marked),
            equity_atoms=account.equity_atoms,
            tolerance_atoms=1 + len(account.marked) if account.marked else 0,
        )
        for account in accounts
        if account.block is None and account.mode is AccountMode.STANDARD
    )


def ledger_check(
    world: World, accounts: tuple[AccountSnapshot, ...], *, epoch: int
) -> tuple[Discrepancy, ...] | None:
    """Return each number that is not what the ledger's baseline says, and why.

    Parameters
    ----------
    epoch : int
        The ledger's, from before the accounts were read.

    Returns
    -------
    tuple of Discrepancy | None
        None where nothing can be compared: the ledger has no baseline, or moved meanwhile.
    """
    ledger = world.ledger
    if ledger is None or not world.is_ready or epoch != world.epoch:
        return None
    found: list[Discrepancy] = []
    for account in accounts:
        found.extend(_of(world, ledger, account))
    return tuple(found)


def _of(world: World, ledger: Ledger, account: AccountSnapshot) -> Iterator[Discrepancy]:
    one = (account,)
    configured = world.configured
    expected = expected_of(world, ledger, account)
    known = {(d.account, d.item): d for d in compare(expected, one, configured)}
    open_now = [c for c in world.open_children() if c.order.account == account.account]
    cause, detail = Cause.UNEXPLAINED, ""
    if is_behind(one, world.mined):
        cause, detail = Cause.BEHIND, f"block {world.mined[account.account]} has a transaction"
    elif open_now:
        cause, detail = Cause.IN_FLIGHT, ", ".join(_doing(c.order.id, c.status) for c in open_now)
    for difference in known.values():
        yield _told(difference, cause, detail)
    for difference in compare(ledger, one, configured):
        if (difference.account, difference.item) not in known:
            yield _told(difference, Cause.SETTLED, _settled(ledger, account))


def _told(difference: Difference, cause: Cause, detail: str) -> Discrepancy:
    return Discrepancy(
        account=difference.account,
        item=difference.item,
        expected=difference.expected,
        actual=difference.actual,
        cause=cause,
        detail=detail,
    )


def _doing(name: str, status: enum.Enum) -> str:
    return f"{name} ({status.value})"


def _settled(ledger: Ledger, account: AccountSnapshot) -> str:
    forced = [fill.id for _, fill in ledger.forced((account,))]
    parts = ("funding", f"forced fills {', '.join(forced)}") if forced else ("funding",)
    return " and ".join(parts) + " since the baseline"
