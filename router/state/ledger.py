"""What our balances and positions must be: a baseline, and all that is known to have moved it."""

from dataclasses import dataclass, replace

from router.domain.account import AccountSnapshot, ForcedFill, FundingPayment
from router.domain.instrument import Instrument
from router.domain.order import Fill
from router.domain.units import NATIVE, AccountId, AssetId, InstrumentId, Side, TimestampNs


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that is not what our record says it must be."""

    account: AccountId
    item: str  # an asset, or an instrument's position
    expected: int
    actual: int

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        return (
            f"{self.item} of {self.account}: expected {self.expected} atoms,"
            f" the venue says {self.actual} (off by {self.actual - self.expected})"
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """Expected balances in atoms and positions in lots, by account.

    Attributes
    ----------
    read_at : dict of AccountId to TimestampNs
        The venue's time of the baseline; what it settled before then is in it.
    """

    balances: dict[tuple[AccountId, AssetId], int]
    positions: dict[tuple[AccountId, InstrumentId], int]
    read_at: dict[AccountId, TimestampNs]

    @staticmethod
    def from_accounts(accounts: tuple[AccountSnapshot, ...]) -> "Ledger":
        """Take what the venues say now as the baseline."""
        return Ledger(
            balances={(a.account, b.asset): b.atoms for a in accounts for b in a.balances},
            positions={(a.account, p.instrument): p.lots for a in accounts for p in a.positions},
            read_at={a.account: a.at_venue for a in accounts if a.at_venue is not None},
        )

    def with_baseline(self, accounts: tuple[AccountSnapshot, ...]) -> "Ledger":
        """Take what the venues say of these accounts now; the others stay as they are."""
        names, news = {a.account for a in accounts}, Ledger.from_accounts(accounts)
        return Ledger(
            balances={k: v for k, v in self.balances.items() if k[0] not in names} | news.balances,
            positions={k: v for k, v in self.positions.items() if k[0] not in names}
            | news.positions,
            read_at={k: v for k, v in self.read_at.items() if k not in names} | news.read_at,
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

    def _is_news(self, account: AccountSnapshot, at_venue: TimestampNs) -> bool:
        since, until = self.read_at.get(account.account), account.at_venue
        return since is not None and until is not None and since <= at_venue < until

    def with_gas(self, account: AccountId, atoms: int) -> "Ledger":
        """Book what a transaction cost in the chain's coin."""
        return _moved(self, (account, NATIVE), -atoms)


def _moved(ledger: Ledger, key: tuple[AccountId, AssetId], atoms: int) -> Ledger:
    balance = ledger.balances.get(key, 0) + atoms
    return replace(ledger, balances={**ledger.balances, key: balance})


def _held(ledger: Ledger, key: tuple[AccountId, InstrumentId], lots: int) -> Ledger:
    position = ledger.positions.get(key, 0) + lots
    return replace(ledger, positions={**ledger.positions, key: position})
