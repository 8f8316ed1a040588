"""All accounts of the desk in one book: perp accounts, spot with haircuts, what is promised. Pure.

Everything is valued in atoms of one asset, at worths that are told. Equity counts spot in full;
what is free counts it less its haircut, and less what legs in flight may still take. Equity of
one account never covers another: the book only adds up. Refuses an asset whose worth is unknown;
spot that a perp venue keeps of assets no instrument knows is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from router.domain.account import AccountMode, AccountSnapshot
from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.margin import Reservation
from router.domain.market import PerpContext
from router.domain.units import PIPS_PER_UNIT, AccountId, AssetId, Pips, Rounding, divide
from router.risk.margin.model import ZERO, MarginModel
from router.risk.margin.read import account_model
from router.risk.margin.tiers import total

NO_HAIRCUT: Final = Pips(0)


@dataclass(frozen=True, slots=True)
class Valuation:
    """What assets are worth.

    Attributes
    ----------
    quote : AssetId
        What all is counted in; being worth itself, it is no exposure.
    worth : Mapping[AssetId, Fraction]
        Atoms of `quote` for one atom of the asset.
    haircuts : Mapping[AssetId, Pips]
        What of spot does not count as free; none for the quote unless it is named.
    """

    quote: AssetId
    worth: Mapping[AssetId, Fraction]
    haircuts: Mapping[AssetId, Pips] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, asset: AssetId) -> Fraction:
        """Return the worth of an atom; MalformedDataError where it is unknown."""
        if asset == self.quote:
            return Fraction(1)
        if asset not in self.worth:
            raise MalformedDataError(f"{asset}: its worth in {self.quote} is unknown")
        return self.worth[asset]

    def kept(self, asset: AssetId) -> Fraction:
        """Return the share of spot that counts as free; an asset without haircut counts nothing."""
        default = NO_HAIRCUT if asset == self.quote else Pips(PIPS_PER_UNIT)
        return 1 - Fraction(self.haircuts.get(asset, default), PIPS_PER_UNIT)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Spot of one account, in atoms; `promised` of it orders and legs in flight may take."""

    account: AccountId
    asset: AssetId
    atoms: int
    promised: int = 0


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is held of an asset long and short, over all accounts, in atoms of the quote.

    Attributes
    ----------
    short : Fraction
        Positive.
    """

    long: Fraction = ZERO
    short: Fraction = ZERO

    @property
    def gross(self) -> Fraction:
        """Both sides together."""
        return self.long + self.short

    @property
    def net(self) -> Fraction:
        """Long less short."""
        return self.long - self.short


@dataclass(frozen=True, slots=True)
class DeskBook:
    """Perp accounts, reservations deducted, and spot."""

    accounts: Mapping[AccountId, MarginModel]
    inventory: tuple[Inventory, ...]
    valuation: Valuation

    @property
    def equity(self) -> Fraction:
        """What all is worth, spot in full."""
        accounts = [self._worth(m) * m.value for m in self.accounts.values()]
        return total(accounts) + total(
            [self.valuation.of(i.asset) * i.atoms for i in self.inventory]
        )

    @property
    def free(self) -> Fraction:
        """What is not bound: free collateral of every account, and spot less haircut."""
        accounts = [self._worth(m) * m.available for m in self.accounts.values()]
        return total(accounts) + total([self._free(i) for i in self.inventory])

    @property
    def maintenance(self) -> Fraction:
        """What cross positions of all accounts must keep."""
        return total([self._worth(m) * m.maintenance for m in self.accounts.values()])

    @property
    def exposures(self) -> Mapping[AssetId, Exposure]:
        """What is held of every asset but the quote."""
        rows: dict[AssetId, Exposure] = defaultdict(Exposure)
        for asset, worth in self._parts():
            if asset != self.valuation.quote and worth:
                before = rows[asset]
                rows[asset] = Exposure(
                    before.long + max(worth, ZERO), before.short + max(-worth, ZERO)
                )
        return dict(rows)

    @property
    def gross(self) -> Fraction:
        """All exposures without their signs."""
        return total([e.gross for e in self.exposures.values()])

    @property
    def net(self) -> Fraction:
        """All exposures with their signs."""
        return total([e.net for e in self.exposures.values()])

    @property
    def leverage(self) -> Fraction | None:
        """Gross exposure over equity; None where there is no equity."""
        return self.gross / self.equity if self.equity > 0 else None

    def _parts(self) -> Iterable[tuple[AssetId, Fraction]]:
        for model in self.accounts.values():
            worth = self._worth(model)
            yield from ((held.asset, worth * held.worth) for held in model.positions)
        for spot in self.inventory:
            yield spot.asset, self.valuation.of(spot.asset) * spot.atoms

    def _worth(self, model: MarginModel) -> Fraction:
        return self.valuation.of(model.collateral)

    def _free(self, spot: Inventory) -> Fraction:
        left = max(0, spot.atoms - spot.promised)
        return self.valuation.of(spot.asset) * left * self.valuation.kept(spot.asset)


def desk_book(
    snapshots: Iterable[AccountSnapshot],
    instruments: Iterable[Instrument],
    contexts: Iterable[PerpContext],
    *,
    valuation: Valuation,
    reservations: Iterable[Reservation] = (),
) -> DeskBook:
    """Return the book of accounts as they were told.

    Raises
    ------
    MalformedDataError
        If an account cannot be modelled, or a balance not be valued.
    """
    known, told = tuple(instruments), tuple(contexts)
    promised: dict[tuple[AccountId, AssetId], int] = defaultdict(int)
    for reservation in reservations:
        promised[reservation.account, reservation.amount.asset] += reservation.amount.atoms
    perps = {i.account for i in known if i.kind is InstrumentKind.PERP_BOOK}
    accounts: dict[AccountId, MarginModel] = {}
    inventory: list[Inventory] = []
    for snapshot in snapshots:
        name = snapshot.account
        if name not in perps:
            inventory += [
                Inventory(name, b.asset, b.atoms, promised[name, b.asset])
                for b in snapshot.balances
                if b.atoms
            ]
            continue
        model = account_model(snapshot, known, told)
        accounts[name] = model.reserving(Fraction(promised[name, model.collateral]))
        inventory += _spot(snapshot, known, model.collateral)
    return DeskBook(accounts, tuple(inventory), valuation)


# Spot that a perp venue keeps, of assets that some instrument knows; a unified account's collateral
# is its equity already.
def _spot(
    snapshot: AccountSnapshot, instruments: Iterable[Instrument], collateral: AssetId
) -> Iterable[Inventory]:
    decimals = {a.id: a.decimals for i in instruments for a in (i.base, i.quote)}
    is_unified = snapshot.mode is not AccountMode.STANDARD
    for spot in snapshot.spot:
        if spot.asset not in decimals or (is_unified and spot.asset == collateral):
            continue
        atoms, bound = (
            divide(n * 10 ** decimals[spot.asset], 10**spot.decimals, rounding)
            for n, rounding in ((spot.atoms, Rounding.DOWN), (spot.held_atoms, Rounding.UP))
        )
        if atoms:
            yield Inventory(snapshot.account, spot.asset, atoms, bound)
