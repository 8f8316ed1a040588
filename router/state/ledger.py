"""What our balances and positions must be: a baseline, and all that is known to have moved it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from router.domain.account import (
    AccountSnapshot,
    ForcedFill,
    FundingPayment,
    Transfer,
    VenueFill,
)
from router.domain.instrument import Instrument
from router.domain.order import Fill
from router.domain.units import (
    NATIVE,
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
    Side,
    TimestampNs,
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Expected balances in atoms and positions in lots, by account.

    Attributes
    ----------
    read_at : dict of AccountId to TimestampNs
        The venue's time of the baseline; what it settled before then is in it. Of a chain, the
        time of the block it was read at, all of which is in it.
    nonces : dict of AccountId to int
        Chain accounts: the nonce of the next transaction.
    counted : dict of AccountId to tuple of str
        Chain accounts: the transfers of the baseline's very moment that are in it. Several blocks
        may be of one second.
    """

    balances: dict[tuple[AccountId, AssetId], int]
    positions: dict[tuple[AccountId, InstrumentId], int]
    read_at: dict[AccountId, TimestampNs]
    nonces: dict[AccountId, int] = field(default_factory=dict)
    counted: dict[AccountId, tuple[str, ...]] = field(default_factory=dict)

    @staticmethod
    def from_accounts(accounts: tuple[AccountSnapshot, ...]) -> "Ledger":
        """Take what the venues say now as the baseline."""
        return Ledger(
            balances={(a.account, b.asset): b.atoms for a in accounts for b in a.balances},
            positions={(a.account, p.instrument): p.lots for a in accounts for p in a.positions},
            read_at={a.account: at for a in accounts if (at := _read_at(a)) is not None},
            nonces={a.account: a.next_nonce for a in accounts if a.next_nonce is not None},
            counted={a.account: ids for a in accounts if (ids := _counted(a))},
        )

    def with_baseline(self, accounts: tuple[AccountSnapshot, ...]) -> "Ledger":
        """Take what the venues say of these accounts now; the others stay as they are."""
        names, news = {a.account for a in accounts}, Ledger.from_accounts(accounts)
        return Ledger(
            balances={k: v for k, v in self.balances.items() if k[0] not in names} | news.balances,
            positions={k: v for k, v in self.positions.items() if k[0] not in names}
            | news.positions,
            read_at={k: v for k, v in self.read_at.items() if k not in names} | news.read_at,
            nonces={k: v for k, v in self.nonces.items() if k not in names} | news.nonces,
            counted={k: v for k, v in self.counted.items() if k not in names} | news.counted,
        )

    def with_fill(self, instrument: Instrument, side: Side, fill: Fill) -> "Ledger":
        """Book one execution: tokens against tokens, or a position against the cash leg."""
        sign = 1 if side is Side.BUY else -1
        account = instrument.account
        cash = -sign * fill.notional.atoms - fill.fee.atoms
        booked = _moved(self, (account, instrument.quote.id), cash)
        for residue in fill.residue:
            booked = _moved(booked, (account, residue.asset), residue.atoms)
        if instrument.is_on_chain:
            return _moved(booked, (account, instrument.base.id), sign * fill.quantity.atoms)
        lots, rest = divmod(fill.quantity.atoms, instrument.lot_atoms)
        assert rest == 0, f"{instrument.id} filled a fraction of a lot"
        return _held(booked, (account, instrument.id), sign * lots)

    def without_fill(self, instrument: Instrument, side: Side, fill: Fill) -> "Ledger":
        """Take back all that booking one execution has moved, to the atom."""
        opposite = Side.SELL if side is Side.BUY else Side.BUY
        fee = Amount(fill.fee.asset, -fill.fee.atoms)
        residue = tuple(Amount(each.asset, -each.atoms) for each in fill.residue)
        return self.with_fill(instrument, opposite, replace(fill, fee=fee, residue=residue))

    def with_settled(self, accounts: tuple[AccountSnapshot, ...]) -> "Ledger":
        """Book what venues did by themselves since the baseline: funding, and forced fills."""
        booked = self
        for account, payment in self.funded(accounts):
            booked = _moved(booked, (account, payment.amount.asset), payment.amount.atoms)
        for account, forced in self.forced(accounts):
            cash = (account, forced.notional.asset)
            paid = forced.notional.atoms if forced.lots > 0 else -forced.notional.atoms
            booked = _moved(booked, cash, -paid - forced.fee.atoms)
            booked = _held(booked, (account, forced.instrument), forced.lots)
        return booked

    def funded(
        self, accounts: tuple[AccountSnapshot, ...]
    ) -> tuple[tuple[AccountId, FundingPayment], ...]:
        """Return the funding settled between the baseline and these snapshots."""
        return tuple(
            (account.account, payment)
            for account in accounts
            for payment in account.funding
            if self._is_news(account, payment.at_venue)
        )

    def forced(
        self, accounts: tuple[AccountSnapshot, ...]
    ) -> tuple[tuple[AccountId, ForcedFill], ...]:
        """Return the forced fills between the baseline and these snapshots, each once."""
        return tuple(
            (account.account, forced)
            for account in accounts
            for forced in {f.id: f for f in account.forced}.values()
            if self._is_news(account, forced.at_venue)
        )

    def traded(self, account: AccountSnapshot) -> tuple[VenueFill, ...]:
        """Return the trades between the baseline and a snapshot that nobody forced, each once."""
        forced = {fill.id for fill in account.forced}
        return tuple(
            fill
            for fill in {f.id: f for f in account.fills}.values()
            if fill.id not in forced and self._is_news(account, fill.at_venue)
        )

    def transferred(self, account: AccountSnapshot) -> tuple[Transfer, ...]:
        """Return what came and went without a trade since the baseline, each once."""
        counted = self.counted.get(account.account, ())
        return tuple(
            transfer
            for transfer in {t.id: t for t in account.transfers}.values()
            if self._is_news(account, transfer.at_venue) and transfer.id not in counted
        )

    def with_transfers(self, account: AccountId, transfers: Iterable[Transfer]) -> "Ledger":
        """Book what came and went without a trade."""
        booked = self
        for transfer in transfers:
            key = (account, transfer.amount.asset)
            if key in self.balances:  # what is not looked after is not booked
                booked = _moved(booked, key, transfer.amount.atoms)
        return booked

    def with_trades(self, account: AccountId, fills: Iterable[VenueFill]) -> "Ledger":
        """Book trades at a perp venue by its own word."""
        booked = self
        for fill in fills:
            paid = fill.notional.atoms if fill.lots > 0 else -fill.notional.atoms
            cash = (account, fill.notional.asset)
            booked = _moved(booked, cash, -paid - fill.fee.atoms)
            if (account, fill.instrument) in self.positions:
                booked = _held(booked, (account, fill.instrument), fill.lots)
        return booked

    # A perp venue's moment begins what is news; a chain's block is in what was read at it.
    def _is_news(self, account: AccountSnapshot, at_venue: TimestampNs) -> bool:
        since = self.read_at.get(account.account)
        if since is None:
            return False
        if account.at_venue is not None:
            return since <= at_venue < account.at_venue
        return account.block is not None and since <= at_venue <= account.block.at_venue

    def with_gas(self, account: AccountId, atoms: int, *, nonce: int | None = None) -> "Ledger":
        """Book what a transaction cost in the chain's coin, and that its nonce is used up."""
        paid = _moved(self, (account, NATIVE), -atoms)
        if nonce is None:
            return paid
        following = max(nonce + 1, self.nonces.get(account, 0))
        return replace(paid, nonces={**self.nonces, account: following})


def _counted(account: AccountSnapshot) -> tuple[str, ...]:
    if account.block is None or account.at_venue is not None:
        return ()
    moment = account.block.at_venue
    return tuple(sorted(t.id for t in account.transfers if t.at_venue == moment))


def _read_at(account: AccountSnapshot) -> TimestampNs | None:
    if account.at_venue is not None or account.block is None:
        return account.at_venue
    return account.block.at_venue


def _moved(ledger: Ledger, key: tuple[AccountId, AssetId], atoms: int) -> Ledger:
    balance = ledger.balances.get(key, 0) + atoms
    return replace(ledger, balances={**ledger.balances, key: balance})


def _held(ledger: Ledger, key: tuple[AccountId, InstrumentId], lots: int) -> Ledger:
    position = ledger.positions.get(key, 0) + lots
    return replace(ledger, positions={**ledger.positions, key: position})
