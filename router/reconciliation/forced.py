"""What a venue traded for an account by itself, said for a person. Books nothing."""

from router.domain.account import AccountSnapshot, ForcedFill, ForcedKind
from router.domain.units import AccountId
from router.state.ledger import Ledger

_WORDS = {
    ForcedKind.LIQUIDATION: "the venue liquidated",
    ForcedKind.DELEVERAGING: "the venue deleveraged, against another account's loss,",
    ForcedKind.SETTLEMENT: "the venue settled",
}


def forced_fills(ledger: Ledger | None, accounts: tuple[AccountSnapshot, ...]) -> tuple[str, ...]:
    """Return a sentence for each forced fill since the baseline; none without one."""
    if ledger is None:
        return ()
    return tuple(_sentence(account, fill) for account, fill in ledger.forced(accounts))


def _sentence(account: AccountId, fill: ForcedFill) -> str:
    side = "bought" if fill.lots > 0 else "sold"
    return (
        f"{account}: {_WORDS[fill.kind]} {abs(fill.lots)} lots of {fill.instrument} ({side}) for"
        f" {fill.notional.atoms} atoms of {fill.notional.asset}, fill {fill.id}"
    )
