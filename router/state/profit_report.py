"""Profit and loss at the marks of one moment: by item, account, venue and asset. Pure.

For each quote asset, to the atom: realised + unrealised + funding - fees is what cash and inventory
at mark have grown by since they were brought in. Gas is paid in the chain's coin, which is used up
and not among the inventory; its value is what the coin was worth to the order it was paid for.
Different quote assets are never added up.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from router.domain.observation import Observation
from router.domain.units import (
    NATIVE,
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
    Price,
    Rounding,
    VenueId,
)
from router.state.marks import marks_of
from router.state.pnl import books, mark_of, priced, settled, token_item
from router.state.profit import Funded, Item, Line
from router.state.world import World


@dataclass(frozen=True, slots=True)
class ItemProfit:
    """One item, in atoms of its quote; quantities in atoms of the base.

    Attributes
    ----------
    quantity_atoms : int
        Signed; what was moved in and not valued yet is not in it.
    mark : Price | None
        None where no market told one: value and what is unrealised are then unknown.
    value_atoms : int | None
        Quantity at the mark, rounded down.
    brought_atoms : int
        What all that was moved in was worth when it was first seen.
    unpriced_atoms : int
        Quantity moved in of which no mark was seen yet.
    """

    account: AccountId
    venue: VenueId | None
    item: str
    base: AssetId
    quote: AssetId
    quantity_atoms: int
    cost_atoms: int
    mark: Price | None
    value_atoms: int | None
    realised_atoms: int
    unrealised_atoms: int | None
    fees_atoms: int
    traded_atoms: int
    brought_atoms: int
    unpriced_atoms: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account has, as its venue or chain says it, valued in the quote it is traded in.

    Attributes
    ----------
    item : str
        An asset, or an instrument whose position it is.
    atoms : int
        Of the base, signed. Perp accounts: the cash leg includes the cost of the positions.
    value_atoms : int | None
        Of the quote, rounded down; None where nothing tells a mark.
    """

    account: AccountId
    venue: VenueId | None
    item: str
    base: AssetId
    quote: AssetId
    atoms: int
    value_atoms: int | None


@dataclass(frozen=True, slots=True)
class FundingProfit:
    """Funding settled in an account, in atoms of an asset; positive was received.

    Attributes
    ----------
    instrument, base : InstrumentId | None, AssetId | None
        Of the position it was settled for; None where the venue did not say, or of the base where
        the instrument is not configured.
    """

    account: AccountId
    venue: VenueId | None
    instrument: InstrumentId | None
    base: AssetId | None
    asset: AssetId
    atoms: int


@dataclass(frozen=True, slots=True)
class GasProfit:
    """Gas of a chain account: in its coin, and the part of it that could be valued, by quote."""

    account: AccountId
    venue: VenueId | None
    native_atoms: int
    native_unvalued_atoms: int
    valued: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was moved in (or out) and answered for: atoms of an asset, or lots of an instrument."""

    account: AccountId
    item: str
    count: int


@dataclass(frozen=True, slots=True)
class ProfitSum:
    """A sum over items, in atoms of one quote asset.

    Attributes
    ----------
    unmarked : tuple of str
        Items that are held and have no mark: the sum is without them.
    """

    name: str
    quote: AssetId
    realised_atoms: int
    unrealised_atoms: int
    funding_atoms: int
    fees_atoms: int
    gas_atoms: int
    total_atoms: int
    unmarked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfitReport:
    """All of it; `sums` are by quote asset."""

    items: tuple[ItemProfit, ...] = ()
    inventory: tuple[Holding, ...] = ()
    funding: tuple[FundingProfit, ...] = ()
    gas: tuple[GasProfit, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    sums: tuple[ProfitSum, ...] = ()

    def by_account(self) -> tuple[ProfitSum, ...]:
        """Return the sums by account."""
        return _sums(self, lambda row: row.account)

    def by_venue(self) -> tuple[ProfitSum, ...]:
        """Return the sums by venue."""
        return _sums(self, lambda row: row.venue or row.account)

    def by_asset(self) -> tuple[ProfitSum, ...]:
        """Return the sums by asset; gas is the coin's."""
        return _sums(self, _asset)


_Row = ItemProfit | FundingProfit | GasProfit


def profit_at(world: World, observation: Observation) -> ProfitReport:
    """Return profit and loss at what was observed.

    What venues settled since the ledger's baseline is in it, as far as the observed accounts tell.
    """
    marks = marks_of(observation, world.configured)
    known = books(world)
    booked = settled(world.profit, known, observation.accounts, instruments=world.instruments)
    profit = priced(booked, marks)
    venues = {i.account: i.venue for i in world.configured}
    items = tuple(
        _item(item, line, mark_of(item, marks), venue=venues.get(item.account))
        for item, line in sorted(profit.lines.items(), key=lambda each: _place(each[0]))
    )
    funding = tuple(
        _funding(funded, atoms, world, venue=venues.get(funded.account))
        for funded, atoms in sorted(profit.funding.items(), key=lambda each: _payer(each[0]))
    )
    gas = tuple(
        GasProfit(
            account,
            venues.get(account),
            native_atoms=atoms,
            native_unvalued_atoms=profit.gas_unvalued.get(account, 0),
            valued=tuple(
                Amount(quote, value)
                for (payer, quote), value in sorted(profit.gas_valued.items())
                if payer == account
            ),
        )
        for account, atoms in sorted(profit.gas.items())
    )
    moved = tuple(Transfer(*key, count) for key, count in sorted(profit.transfers.items()))
    inventory = tuple(
        _holding(item, atoms, mark_of(item, marks), venue=venues.get(item.account))
        for item, atoms in _held(world, observation)
    )
    report = ProfitReport(items, inventory, funding, gas, moved)
    return replace(report, sums=_sums(report, lambda _row: "all"))


def _held(world: World, observation: Observation) -> Iterator[tuple[Item, int]]:
    for account in observation.accounts:
        for balance in account.balances:
            yield token_item(account.account, balance.asset, world.configured), balance.atoms
        for position in account.positions:
            instrument = world.instruments.get(position.instrument)
            if instrument is not None and position.lots:
                base, quote = instrument.base.id, instrument.quote.id
                item = Item(account.account, instrument.id, base, quote)
                yield item, position.lots * instrument.lot_atoms


def _holding(item: Item, atoms: int, mark: Price | None, *, venue: VenueId | None) -> Holding:
    held = Amount(item.base, atoms)
    value = None if mark is None else mark.notional(held, Rounding.DOWN).atoms
    return Holding(item.account, venue, item.name, item.base, item.quote, atoms, value)


def _payer(funded: Funded) -> tuple[str, str, str]:
    return funded.account, funded.instrument or "", funded.asset


def _funding(funded: Funded, atoms: int, world: World, *, venue: VenueId | None) -> FundingProfit:
    name = funded.instrument
    instrument = None if name is None else world.instruments.get(name)
    base = None if instrument is None else instrument.base.id
    return FundingProfit(funded.account, venue, name, base, funded.asset, atoms)


def _place(item: Item) -> tuple[str, str, str]:
    return item.account, item.name, item.quote


def _item(item: Item, line: Line, mark: Price | None, *, venue: VenueId | None) -> ItemProfit:
    held = Amount(item.base, line.quantity)
    value = None if mark is None else mark.notional(held, Rounding.DOWN).atoms
    if not line.quantity:
        value = 0
    return ItemProfit(
        account=item.account,
        venue=venue,
        item=item.name,
        base=item.base,
        quote=item.quote,
        quantity_atoms=line.quantity,
        cost_atoms=line.cost,
        mark=mark,
        value_atoms=value,
        realised_atoms=line.realised,
        unrealised_atoms=None if value is None else value - line.cost,
        fees_atoms=line.fees,
        traded_atoms=line.traded,
        brought_atoms=line.brought_cost,
        unpriced_atoms=line.unpriced,
    )


def _asset(row: _Row) -> str:
    match row:
        case ItemProfit():
            return row.base
        case FundingProfit():
            return row.base or row.asset
        case GasProfit():
            return NATIVE


def _sums(report: ProfitReport, name_of: Callable[[_Row], str]) -> tuple[ProfitSum, ...]:
    rows: tuple[_Row, ...] = (*report.items, *report.funding, *report.gas)
    parts = [(name_of(row), part) for row in rows for part in _parts(row)]
    keys = sorted({(name, part.quote) for name, part in parts})
    return tuple(
        _sum(name, quote, (p for n, p in parts if (n, p.quote) == (name, quote)))
        for name, quote in keys
    )


# What a row adds to the sum of its quote asset.
def _parts(row: _Row) -> Iterator[ProfitSum]:
    match row:
        case ItemProfit():
            is_unknown = row.unrealised_atoms is None or row.unpriced_atoms != 0
            yield _part(
                row.quote,
                realised=row.realised_atoms,
                unrealised=row.unrealised_atoms or 0,
                fees=row.fees_atoms,
                unmarked=(f"{row.item} of {row.account}",) if is_unknown else (),
            )
        case FundingProfit():
            yield _part(row.asset, funding=row.atoms)
        case GasProfit():
            for value in row.valued:
                yield _part(value.asset, gas=value.atoms)


def _part(
    quote: AssetId,
    *,
    realised: int = 0,
    unrealised: int = 0,
    funding: int = 0,
    fees: int = 0,
    gas: int = 0,
    unmarked: tuple[str, ...] = (),
) -> ProfitSum:
    total = realised + unrealised + funding - fees - gas
    return ProfitSum("", quote, realised, unrealised, funding, fees, gas, total, unmarked)


def _sum(name: str, quote: AssetId, parts: Iterable[ProfitSum]) -> ProfitSum:
    taken = tuple(parts)
    return ProfitSum(
        name=name,
        quote=quote,
        realised_atoms=sum(p.realised_atoms for p in taken),
        unrealised_atoms=sum(p.unrealised_atoms for p in taken),
        funding_atoms=sum(p.funding_atoms for p in taken),
        fees_atoms=sum(p.fees_atoms for p in taken),
        gas_atoms=sum(p.gas_atoms for p in taken),
        total_atoms=sum(p.total_atoms for p in taken),
        unmarked=tuple(name for p in taken for name in p.unmarked),
    )
