"""What one order may see of a snapshot, as it would have seen it of the live market. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from router.domain.error import StaleDataError
from router.domain.instrument import Instrument
from router.domain.market import AnyPoolSnapshot
from router.domain.observation import ChainGas, Observation, Survey
from router.domain.price import SourcePrice
from router.domain.snapshot import ChainHead, Snapshot
from router.domain.units import AccountId, AssetId, InstrumentId, Price
from router.liquidity.depth import depth
from router.liquidity.mid import pool_mid
from router.state.prices import told_by_book, told_by_context, told_by_pool


def observed(
    snapshot: Snapshot,
    instruments: tuple[InstrumentId, ...],
    accounts: tuple[AccountId, ...],
    *,
    quote: AssetId,
) -> Observation:
    """Return the part of a snapshot that an order depends on, with gas priced in `quote`.

    A pool in quarantine is left out.

    Raises
    ------
    StaleDataError
        If a market or an account was not read; says why.
    """
    asked = set(instruments) - set(snapshot.quarantined)
    for name in instruments:
        if name in asked and name in snapshot.stale:
            raise StaleDataError(snapshot.stale[name])
    seen = snapshot.observation
    for account in accounts:
        if seen.account(account) is None:
            why = snapshot.unreadable.get(account, "the snapshot does not hold it")
            raise StaleDataError(f"{account}: {why}")
    return Observation(
        pools=tuple(p for p in seen.pools if p.instrument in asked),
        books=tuple(b for b in seen.books if b.instrument in asked),
        contexts=tuple(c for c in seen.contexts if c.instrument in asked),
        accounts=tuple(a for a in seen.accounts if a.account in accounts),
        gas=tuple(_gas(snapshot, h, quote) for h in snapshot.heads if h.account in accounts),
        prices=tuple(_prices(snapshot, instruments)),
    )


def surveyed(snapshot: Snapshot, quote: AssetId) -> Survey:
    """Return all of a snapshot, as risk looks at it."""
    gas = tuple(_gas(snapshot, head, quote) for head in snapshot.heads)
    seen = replace(snapshot.observation, gas=gas)
    return Survey(seen, snapshot.unreadable, snapshot.stale)


def _gas(snapshot: Snapshot, head: ChainHead, quote: AssetId) -> ChainGas:
    return ChainGas(head.account, head.fee_wei, _native_price(snapshot, head.native, quote))


# The deepest pool of the coin against the order's quote prices it.
def _native_price(snapshot: Snapshot, native: AssetId, quote: AssetId) -> Price | None:
    if native == quote:
        return Price(native, quote, 1, 1)
    known = {i.id: i for i in snapshot.instruments}
    found: list[tuple[int, InstrumentId, Instrument, AnyPoolSnapshot]] = []
    for pool in snapshot.observation.pools:
        instrument = known[pool.instrument]
        if {instrument.base.id, instrument.quote.id} == {native, quote}:
            seen = instrument if instrument.base.id == native else instrument.reversed()
            found.append((depth(seen, pool), seen.id, seen, pool))
    usable = [each for each in found if each[0] > 0]
    if not usable:
        return None
    _, _, instrument, pool = max(usable, key=lambda each: each[:2])
    return pool_mid(instrument, pool)


# What was told of the pairs, and what other markets of the same pairs say.
def _prices(snapshot: Snapshot, instruments: tuple[InstrumentId, ...]) -> Iterator[SourcePrice]:
    known = {i.id: i for i in snapshot.instruments}
    pairs = {frozenset((known[i].base.id, known[i].quote.id)) for i in instruments}
    seen = snapshot.observation
    yield from (price for price in seen.prices if frozenset(price.pair) in pairs)
    others = {
        i.id: i
        for i in snapshot.instruments
        if i.id not in instruments and frozenset((i.base.id, i.quote.id)) in pairs
    }
    for pool in seen.pools:
        if pool.instrument in others:
            yield from told_by_pool(others[pool.instrument], pool)
    for book in seen.books:
        if book.instrument in others:
            yield from told_by_book(others[book.instrument], book)
    for context in seen.contexts:
        if context.instrument in others:
            yield from told_by_context(others[context.instrument], context)
