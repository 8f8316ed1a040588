"""What moved an account without a trade of ours, recognised by the venue's own word. Pure."""

from collections.abc import Iterator

from router.domain.account import AccountSnapshot, ForcedKind, Transfer
from router.domain.difference import Difference, DifferenceKind
from router.reconciliation.forced import forced_groups
from router.state.ledger import Ledger
from router.state.world import World

_FORCED = {
    ForcedKind.LIQUIDATION: DifferenceKind.LIQUIDATION,
    ForcedKind.DELEVERAGING: DifferenceKind.DELEVERAGING,
    ForcedKind.SETTLEMENT: DifferenceKind.SETTLEMENT,
}


def settled(ledger: Ledger, account: AccountSnapshot) -> Iterator[Difference]:
    """Yield what the venue settled by itself since the baseline."""
    name = account.account
    for _, payment in ledger.funded((account,)):
        amount = payment.amount
        where = "a position" if payment.instrument is None else payment.instrument
        detail = f"{amount.atoms} atoms of {amount.asset} for {where}"
        item = f"funding {where} {payment.at_venue}"
        yield Difference(name, item, 0, amount.atoms, DifferenceKind.FUNDING, detail)
    for fills, sentence in forced_groups(ledger, (account,)):
        lots = sum(fill.lots for fill in fills)
        yield Difference(name, fills[0].id, 0, lots, _FORCED[fills[0].kind], sentence)


def foreign_transfers(
    world: World, ledger: Ledger, account: AccountSnapshot
) -> tuple[Transfer, ...]:
    """Return what came and went since the baseline, but for what our own transactions moved."""
    news = ledger.transferred(account)
    if not news or account.block is None:
        return news
    hashes = {_transaction(transfer) for transfer in news}
    ours = {
        attempt.reference
        for child in world.children.values()
        if child.order.account == account.account
        for attempt in child.attempts
        if attempt.reference in hashes
    }
    return tuple(transfer for transfer in news if _transaction(transfer) not in ours)


def transferred(account: AccountSnapshot, transfers: tuple[Transfer, ...]) -> Iterator[Difference]:
    """Yield the differences that transfers are."""
    for transfer in transfers:
        amount = transfer.amount
        kind = DifferenceKind.DEPOSIT if amount.atoms > 0 else DifferenceKind.WITHDRAWAL
        if transfer.is_own:
            kind = DifferenceKind.OWN_TRANSFER
        way = "came in" if amount.atoms > 0 else "went out"
        detail = (
            f"{abs(amount.atoms)} atoms of {amount.asset} {way} ({transfer.detail}), {transfer.id}"
        )
        yield Difference(account.account, transfer.id, 0, amount.atoms, kind, detail)


def _transaction(transfer: Transfer) -> str:
    return transfer.id.partition(":")[0]
