"""What a venue traded for an account by itself, said for a person. Books nothing."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from router.domain.account import AccountSnapshot, ForcedFill, ForcedKind
from router.domain.units import AccountId
from router.state.ledger import Ledger

_WORDS = {
    ForcedKind.LIQUIDATION: "the venue liquidated",
    ForcedKind.DELEVERAGING: "the venue deleveraged, against another account's loss,",
    ForcedKind.SETTLEMENT: "the venue settled",
}


def forced_groups(
    ledger: Ledger, accounts: tuple[AccountSnapshot, ...]
) -> Iterator[tuple[tuple[ForcedFill, ...], str]]:
    """Yield what the venue traded in each position since the baseline, and a sentence of it."""
    fills = sorted(ledger.forced(accounts), key=_place)
    for _, group in groupby(fills, key=_place):
        alike = tuple(fill for _, fill in group)
        yield alike, _sentence(alike)


def forced_fills(ledger: Ledger | None, accounts: tuple[AccountSnapshot, ...]) -> tuple[str, ...]:
    """Return a sentence for each position that the venue traded in since the baseline."""
    if ledger is None:
        return ()
    return tuple(
        f"{account.account}: {sentence}"
        for account in accounts
        for _, sentence in forced_groups(ledger, (account,))
    )


def _place(told: tuple[AccountId, ForcedFill]) -> tuple[AccountId, str, str, bool]:
    account, fill = told
    return account, fill.instrument, fill.kind, fill.lots > 0


def _sentence(fills: Sequence[ForcedFill]) -> str:
    one = fills[0]
    side = "bought" if one.lots > 0 else "sold"
    lots = sum(abs(fill.lots) for fill in fills)
    atoms = sum(fill.notional.atoms for fill in fills)
    return (
        f"{_WORDS[one.kind]} {lots} lots of {one.instrument} ({side}) for {atoms} atoms"
        f" of {one.notional.asset}, in {len(fills)} fills from {one.id} on"
    )
