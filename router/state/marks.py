"""What things are worth at one moment, from what was observed. Exact ratios.

A position is worth what its venue says: by the account's own valuation, else by the venue's mark.
Tokens are worth the median mid of the pair's pools, weighted by depth; where no pool of the pair
was seen, the mark of a perp of the same pair. Refuses to guess beyond that: what has no mark has no
value here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.account import AccountSnapshot
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.observation import Observation
from router.domain.units import AssetId, InstrumentId, Price
from router.liquidity.depth import median_mid


@dataclass(frozen=True, slots=True)
class Marks:
    """Prices of pairs and of positions."""

    pairs: Mapping[tuple[AssetId, AssetId], Price]
    positions: Mapping[InstrumentId, Price]

    def price(self, base: AssetId, quote: AssetId) -> Price | None:
        """Return what an asset is worth in another, None where nothing tells it."""
        if base == quote:
            return Price(base, quote, 1, 1)
        found = self.pairs.get((base, quote))
        if found is not None:
            return found
        other = self.pairs.get((quote, base))
        return None if other is None else Price(base, quote, other.base_atoms, other.quote_atoms)


def marks_of(observation: Observation, instruments: tuple[Instrument, ...]) -> Marks:
    """Return the marks that an observation shows of the configured instruments."""
    by_id = {i.id: i for i in instruments}
    told = {
        context.instrument: by_id[context.instrument].tick_price(context.mark_ticks)
        for context in observation.contexts
        if context.instrument in by_id
    }
    positions = {**told, **held_marks(observation.accounts, instruments)}
    perps = ((i, positions[i.id]) for i in instruments if i.id in positions)
    pairs = {(i.base.id, i.quote.id): price for i, price in perps}
    snapshots = {pool.instrument: pool for pool in observation.pools}
    pools = [i for i in instruments if i.kind is InstrumentKind.SPOT_POOL and i.id in snapshots]
    for pair in dict.fromkeys((i.base.id, i.quote.id) for i in pools):
        mid = median_mid([i for i in pools if (i.base.id, i.quote.id) == pair], snapshots)
        if mid is not None:
            pairs[pair] = mid
    return Marks(pairs, positions)


def held_marks(
    accounts: tuple[AccountSnapshot, ...], instruments: tuple[Instrument, ...]
) -> dict[InstrumentId, Price]:
    """Return the prices at which venues value the positions that accounts hold."""
    by_id = {i.id: i for i in instruments}
    told = {}
    for account in accounts:
        for marked in account.marked:
            instrument = by_id.get(marked.instrument)
            lots = account.position_lots(marked.instrument)
            value = abs(marked.held.notional_atoms)
            if instrument is None or not lots or not value:
                continue
            atoms = abs(lots) * instrument.lot_atoms
            told[instrument.id] = Price(instrument.base.id, instrument.quote.id, value, atoms)
    return told
