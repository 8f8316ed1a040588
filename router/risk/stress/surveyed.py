"""The arrays of what was surveyed: perp accounts, their markets' books, and what lies on chains.

Inventory, spot at perp venues among it, is priced by the mark of a perp on it, or else by a source
or a pool that was observed with it; what none prices is named and not counted. Depth is that of
perp books: what selling inventory into pools would lose is not in it, only its gas. Refuses to
guess at accounts that could not be read.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from router.domain.account import AccountSnapshot, IsolatedPosition, MarkedPosition, SpotHolding
from router.domain.instrument import Asset, Instrument
from router.domain.limits import Limits
from router.domain.observation import ChainGas, Observation, Survey
from router.domain.units import (
    NATIVE,
    PIPS_PER_UNIT,
    AccountId,
    AssetId,
    InstrumentId,
    Pips,
    Price,
)
from router.liquidity.mid import has_mid, pool_mid
from router.risk.stress.book import Bucket, Depths, Stock, StressBook, assembled
from router.risk.stress.depth import sides
from router.risk.stress.exact import Exposure, exposure, stress_buffer

EXIT_GAS_UNITS: Final = 250_000  # a swap through a router, with room; ours
_NATIVE_DECIMALS: Final = 18
_NEAR_ONE: Final = (0.5, 2.0)  # of the reference: what trades further away does not stand for it
_NO_HAIRCUTS: Final[Mapping[AssetId, Pips]] = MappingProxyType({})


def stress_book(
    survey: Survey,
    instruments: Sequence[Instrument],
    limits: Limits,
    *,
    haircuts: Mapping[AssetId, Pips] = _NO_HAIRCUTS,
) -> StressBook:
    """Return all that was surveyed: a bucket for each account, then one for each isolated position.

    Parameters
    ----------
    haircuts : mapping of AssetId to Pips
        Share of the value of inventory that does not count.
    """
    seen = survey.observation
    perps = [i for i in instruments if not i.is_on_chain]
    collaterals = {i.account: i for i in perps}
    stocks, unpriced = _inventory(seen, instruments, haircuts=haircuts)
    told = [(s, collaterals[s.account]) for s in seen.accounts if s.account in collaterals]
    return assembled(
        [
            *(_bucket(snapshot, perp, limits) for snapshot, perp in told),
            *(_isolated(one, perp) for snapshot, perp in told for one in snapshot.isolated),
        ],
        _depths(seen, perps),
        stocks,
        unpriced=unpriced,
    )


def _bucket(snapshot: AccountSnapshot, perp: Instrument, limits: Limits) -> Bucket:
    buffer = stress_buffer(limits, venue=perp.venue, collateral=perp.quote.id)
    return Bucket(
        account=snapshot.account,
        exposure=exposure(snapshot, venue=perp.venue, buffer_atoms=buffer),
        collateral=perp.quote.id,
        decimals=perp.quote.decimals,
        markets=tuple(marked.instrument for marked in snapshot.marked),
    )


def _isolated(one: IsolatedPosition, perp: Instrument) -> Bucket:
    return Bucket(
        account=perp.account,
        exposure=Exposure(perp.venue, one.cash_atoms + one.held.notional_atoms, (one.held,)),
        collateral=perp.quote.id,
        decimals=perp.quote.decimals,
        markets=(one.instrument,),
    )


def _depths(seen: Observation, perps: Sequence[Instrument]) -> dict[InstrumentId, Depths]:
    books = {book.instrument: book for book in seen.books}
    marks = {context.instrument: context.mark_ticks for context in seen.contexts}
    found = {}
    for perp in perps:
        fee = perp.fee_pips / PIPS_PER_UNIT
        if perp.id not in books or perp.id not in marks:
            found[perp.id] = Depths(fee=fee)
            continue
        price = perp.tick_price(marks[perp.id])
        lot_value = _ratio(price, perp.base.decimals, perp.quote.decimals) * (
            perp.lot_atoms / 10**perp.base.decimals
        )
        bids, asks = sides(books[perp.id], mark_ticks=marks[perp.id], lot_value=lot_value)
        found[perp.id] = Depths(bids, asks, fee)
    return found


def _inventory(
    seen: Observation, instruments: Sequence[Instrument], *, haircuts: Mapping[AssetId, Pips]
) -> tuple[list[Stock], tuple[AssetId, ...]]:
    chains = {i.account for i in instruments if i.is_on_chain}
    money = _money(seen, instruments)
    known = {asset.id: asset for i in instruments for asset in (i.base, i.quote)}
    prices = _prices(seen, instruments, money)
    gas = {one.account: one for one in seen.gas}
    stocks, unpriced = [], []
    for account, asset, atoms in _held(seen, chains):
        coin = gas.get(account)
        price = _native(coin, money) if asset == NATIVE else prices.get(asset)
        haircut = haircuts.get(asset, Pips(0)) / PIPS_PER_UNIT
        if asset in money and asset != NATIVE:
            worth = atoms / 10 ** money[asset].decimals
            stocks.append(Stock(asset, worth, haircut, is_money=True))
        elif price is None or (asset != NATIVE and asset not in known):
            unpriced.append(asset)
        else:
            decimals = _NATIVE_DECIMALS if asset == NATIVE else known[asset].decimals
            named = _named(asset, coin)
            stocks.append(
                Stock(
                    named,
                    atoms / 10**decimals * price,
                    haircut,
                    exit_gas=0.0 if asset == NATIVE else _exit_gas(coin, money),
                )
            )
    for spot in _spot(seen, instruments):
        price = 1.0 if spot.asset in money else prices.get(spot.asset)
        haircut = haircuts.get(spot.asset, Pips(0)) / PIPS_PER_UNIT
        if price is None:
            unpriced.append(spot.asset)
        else:
            worth = spot.atoms / 10**spot.decimals * price
            stocks.append(Stock(spot.asset, worth, haircut, is_money=spot.asset in money))
    return stocks, tuple(dict.fromkeys(unpriced))


def _held(seen: Observation, chains: set[AccountId]) -> list[tuple[AccountId, AssetId, int]]:
    return [
        (snapshot.account, balance.asset, balance.atoms)
        for snapshot in seen.accounts
        if snapshot.account in chains
        for balance in snapshot.balances
        if balance.atoms
    ]


def _spot(seen: Observation, instruments: Sequence[Instrument]) -> list[SpotHolding]:
    perps = {i.account for i in instruments if not i.is_on_chain}
    return [s for a in seen.accounts if a.account in perps for s in a.spot if s.atoms]


# What stands for the reference: collateral, and what others are quoted in, but neither what a perp
# is on nor what trades at another price.
def _money(seen: Observation, instruments: Sequence[Instrument]) -> dict[AssetId, Asset]:
    collateral = {i.quote.id: i.quote for i in instruments if not i.is_on_chain}
    hedged = {i.base.id for i in instruments if not i.is_on_chain}
    prices, (low, high) = _prices(seen, instruments, collateral), _NEAR_ONE
    others = {
        i.quote.id: i.quote
        for i in instruments
        if i.quote.id not in hedged and low < prices.get(i.quote.id, 1.0) < high
    }
    return {**others, **collateral}


# In whole units: marks of perps first, they move with what hedges the inventory.
def _prices(
    seen: Observation, instruments: Sequence[Instrument], money: Mapping[AssetId, Asset]
) -> dict[AssetId, float]:
    known = {asset.id: asset for i in instruments for asset in (i.base, i.quote)}
    by_id = {i.id: i for i in instruments}
    told = [by_id[c.instrument].tick_price(c.mark_ticks) for c in seen.contexts]
    told += [_told(m, s, by_id) for s in seen.accounts for m in s.marked if _has_size(m, s, by_id)]
    told += [source.price for source in seen.prices]
    pools = [p for p in seen.pools if p.instrument in by_id and has_mid(p)]
    told += [pool_mid(by_id[p.instrument], p) for p in pools]
    found: dict[AssetId, float] = {}
    for price in told:
        if price.quote in money and price.base in known:
            decimals = known[price.base].decimals, money[price.quote].decimals
            found.setdefault(price.base, _ratio(price, *decimals))
    return found


# Of a market that is silent the position still tells what its venue thinks of the price.
def _has_size(
    marked: MarkedPosition, held: AccountSnapshot, known: Mapping[InstrumentId, Instrument]
) -> bool:
    lots = held.position_lots(marked.instrument)
    return marked.instrument in known and lots * marked.held.notional_atoms > 0


def _told(
    marked: MarkedPosition, held: AccountSnapshot, known: Mapping[InstrumentId, Instrument]
) -> Price:
    perp = known[marked.instrument]
    atoms = abs(held.position_lots(perp.id)) * perp.lot_atoms
    return Price(perp.base.id, perp.quote.id, abs(marked.held.notional_atoms), atoms)


# The coin of a chain moves with the asset its price is of.
def _named(asset: AssetId, coin: ChainGas | None) -> AssetId:
    if asset != NATIVE or coin is None or coin.native_price is None:
        return asset
    return coin.native_price.base


def _native(coin: ChainGas | None, money: Mapping[AssetId, Asset]) -> float | None:
    if coin is None or coin.native_price is None or coin.native_price.quote not in money:
        return None
    decimals = money[coin.native_price.quote].decimals
    return _ratio(coin.native_price, _NATIVE_DECIMALS, decimals)


def _exit_gas(coin: ChainGas | None, money: Mapping[AssetId, Asset]) -> float:
    price = _native(coin, money)
    if coin is None or price is None:
        return 0.0
    return EXIT_GAS_UNITS * coin.expected_fee_wei / 10**_NATIVE_DECIMALS * price


def _ratio(price: Price, base_decimals: int, quote_decimals: int) -> float:
    return price.quote_atoms / price.base_atoms * 10.0 ** (base_decimals - quote_decimals)
