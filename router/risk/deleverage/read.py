"""From what was surveyed to what deleveraging is decided on. Exact.

Spot counts in what the firm holds of an asset, and is not sold here. An account nobody could look
at may hold the other side of anything it can trade; and of a position in a market that is not
configured only the worth is known, not the size.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from router.domain.account import AccountSnapshot, MarkedPosition
from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.margin import HeldPosition
from router.domain.observation import Survey
from router.domain.risk import Assessment, Zone, ZoneRules
from router.domain.units import PICO_PER_UNIT, AssetId, InstrumentId
from router.risk.deleverage.desk import Account, Desk, Held, Level, Market
from router.risk.deleverage.zone import nearer, zone_of
from router.risk.margin.tiers import Tier, TierTable, total


def read(
    survey: Survey,
    instruments: Sequence[Instrument],
    limits: Limits,
    *,
    before: Assessment | None = None,
) -> Desk:
    """Return the desk as far as it could be surveyed.

    Parameters
    ----------
    before : Assessment | None
        The last one: an account that is being reduced goes on being reduced.
    """
    markets = {m.instrument.id: m for m in _markets(survey, instruments, limits)}
    snapshots = survey.observation.accounts
    held = tuple(h for s in snapshots for h in _held(s, markets))
    readers = (_Reader(s, instruments, markets) for s in snapshots)
    return Desk(
        accounts=tuple(a for r in readers for a in r.account(limits.zones, before)),
        held=held,
        markets=markets,
        net=_net(snapshots, instruments),
        unknown=frozenset(_unknown(survey, instruments)),
        slippage_max_pips=limits.slippage_max_pips,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """One perp account."""

    snapshot: AccountSnapshot
    instruments: Sequence[Instrument]
    markets: Mapping[InstrumentId, Market]

    def account(self, zones: Iterable[ZoneRules], before: Assessment | None) -> Iterator[Account]:
        """Yield the account if somebody set rules for its venue."""
        own = next((i for i in self.instruments if i.account == self.snapshot.account), None)
        rules = next((z for z in zones if own is not None and z.venue == own.venue), None)
        if rules is None or own is None or own.is_on_chain:
            return
        last = None if before is None else before.of(self.snapshot.account)
        equity, equity_at_mark = self._equity(at_mark=False), self._equity(at_mark=True)
        was = Zone.SAFE if last is None else last.zone
        found = [
            zone_of(ceil(self._maintenance(at_mark=m)), floor(value), rules, was=was)
            for value, m in ((equity, False), (equity_at_mark, True))
        ]
        yield Account(
            id=self.snapshot.account,
            rules=rules,
            zone=nearer(*found),
            equity=equity,
            equity_at_mark=equity_at_mark,
            elsewhere=total([self._kept(m, at_mark=False) for m in self._uncut]),
        )

    @property
    def _uncut(self) -> list[MarkedPosition]:
        return [m for m in self.snapshot.marked if self._price(m, at_mark=True) is None]

    def _equity(self, *, at_mark: bool) -> Fraction:
        moved = total([self._worth(m, at_mark=at_mark) for m in self.snapshot.marked])
        told = sum(m.held.notional_atoms for m in self.snapshot.marked)
        return self.snapshot.equity_atoms + moved - told

    def _maintenance(self, *, at_mark: bool) -> Fraction:
        return total([self._kept(m, at_mark=at_mark) for m in self.snapshot.marked])

    def _kept(self, marked: MarkedPosition, *, at_mark: bool) -> Fraction:
        return tier_table(marked.held).maintenance(abs(self._worth(marked, at_mark=at_mark)))

    def _worth(self, marked: MarkedPosition, *, at_mark: bool) -> Fraction:
        price = self._price(marked, at_mark=at_mark)
        if price is None:
            return Fraction(marked.held.notional_atoms)
        return self.snapshot.position_lots(marked.instrument) * price

    def _price(self, marked: MarkedPosition, *, at_mark: bool) -> Fraction | None:
        market = self.markets.get(marked.instrument)
        lots = self.snapshot.position_lots(marked.instrument)
        if market is None or not lots:
            return None
        return market.mark if at_mark else market.fair(is_long=lots > 0)


def tier_table(held: HeldPosition) -> TierTable:
    """Return the tiers of a position; without any it is kept by what opened it."""
    found = tuple(
        Tier(Fraction(t.above_atoms), t.leverage_max, Fraction(t.maintenance, PICO_PER_UNIT))
        for t in held.tiers
    )
    return TierTable(found or (Tier(Fraction(0), 1, Fraction(held.initial, PICO_PER_UNIT)),))


def _held(snapshot: AccountSnapshot, markets: Mapping[InstrumentId, Market]) -> Iterator[Held]:
    for marked in snapshot.marked:
        lots = snapshot.position_lots(marked.instrument)
        if lots and marked.instrument in markets:
            yield Held(snapshot.account, marked.instrument, lots, tier_table(marked.held))


def _markets(survey: Survey, instruments: Iterable[Instrument], limits: Limits) -> Iterator[Market]:
    books = {b.instrument: b for b in survey.observation.books}
    contexts = {c.instrument: c for c in survey.observation.contexts}
    for instrument in instruments:
        book, context = books.get(instrument.id), contexts.get(instrument.id)
        if book is None or context is None or instrument.id in survey.stale:
            continue
        bounds = [a.atoms for a in limits.order_notional_max if a.asset == instrument.quote.id]
        if context.order_notional_max_atoms is not None:
            bounds.append(context.order_notional_max_atoms)
        yield Market(
            instrument=instrument,
            mark=_per_lot(instrument, context.mark_ticks),
            bids=_levels(instrument, book.bids),
            asks=_levels(instrument, book.asks),
            notional_max=Fraction(min(bounds)) if bounds else None,
        )


def _levels(instrument: Instrument, levels: Iterable[tuple[int, int]]) -> tuple[Level, ...]:
    return tuple((_per_lot(instrument, ticks), lots) for ticks, lots in levels)


def _per_lot(instrument: Instrument, ticks: int) -> Fraction:
    price = instrument.tick_price(ticks)
    return Fraction(price.quote_atoms * instrument.lot_atoms, price.base_atoms)


def _unknown(survey: Survey, instruments: Sequence[Instrument]) -> Iterator[AssetId]:
    yield from (i.base.id for i in instruments if i.account in survey.unreadable)
    here = {i.id for i in instruments}
    for snapshot in survey.observation.accounts:
        told = [(m.instrument, m.held) for m in snapshot.marked]
        told += [(i.instrument, i.held) for i in snapshot.isolated]
        yield from (held.asset for instrument, held in told if instrument not in here)


# Everything the firm holds of an asset: positions, and spot on chains and at venues.
def _net(
    snapshots: Iterable[AccountSnapshot], instruments: Sequence[Instrument]
) -> dict[AssetId, Fraction]:
    net: dict[AssetId, Fraction] = {}
    for snapshot in snapshots:
        for asset, quantity in _owned(snapshot, instruments):
            net[asset] = net.get(asset, Fraction(0)) + quantity
    return net


def _owned(
    snapshot: AccountSnapshot, instruments: Sequence[Instrument]
) -> Iterator[tuple[AssetId, Fraction]]:
    own = [i for i in instruments if i.account == snapshot.account]
    for instrument in own:
        if not instrument.is_on_chain:
            lots = snapshot.position_lots(instrument.id)
            atoms = lots * instrument.lot_atoms
            yield instrument.base.id, Fraction(atoms, 10**instrument.base.decimals)
    for asset in {i.base.id: i.base for i in own if i.is_on_chain}.values():
        yield asset.id, Fraction(snapshot.balance(asset.id), 10**asset.decimals)
    for spot in snapshot.spot:
        yield spot.asset, Fraction(spot.atoms, 10**spot.decimals)
