"""What a venue traded for an account by itself, said for a person. Books nothing."""

from collections.abc import Sequence
from itertools import groupby

from router.domain.account import AccountSnapshot, ForcedFill, ForcedKind
from router.domain.units import AccountId
from router.state.ledger import Ledger

_WORDS = {
    ForcedKind.LIQUIDATION: "the venue liquidated",
    ForcedKind.DELEVERAGING: "the venue deleveraged, against another account's loss,",
    ForcedKind.SETTLEMENT: "the venue settled",
}


def forced_fills(ledger: Ledger | None, accounts: tuple[AccountSnapshot, ...]) -> tuple[str, ...]:
    """Return a sentence for each position that the venue traded in since the baseline."""
    if ledger is None:
        return ()
    fills = sorted(ledger.forced(accounts), key=_place)
    return tuple(
        _sentence(account, [fill for _, fill in group])
        for (account, *_), group in groupby(fills, key=_place)
    )


def _place(told: tuple[AccountId, ForcedFill]) -> tuple[AccountId, str, str, bool]:
    account, fill = told
    return account, fill.instrument, fill.kind, fill.lots > 0


def _sentence(account: AccountId, fills: Sequence[ForcedFill]) -> str:
    one = fills[0]
    side = "bought" if one.lots > 0 else "sold"
    lots = sum(abs(fill.lots) for fill in fills)
    atoms = sum(fill.notional.atoms for fill in fills)
    return (
        f"{account}: {_WORDS[one.kind]} {lots} lots of {one.instrument} ({side}) for {atoms} atoms"
        f" of {one.notional.asset}, in {len(fills)} fills from {one.id} on"
    )
