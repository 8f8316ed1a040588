"""All accounts, positions and inventory as arrays: what scenarios are run over. Floats.

What is liquidated together is a bucket: the cross positions of an account, or one isolated
position. Rows of positions lie bucket by bucket. Everything is in whole units of the collateral,
and collaterals are worth one reference unit each while they keep their peg. Refuses to be the
verdict on an account: that is exact, and elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from router.domain.margin import HeldPosition
from router.domain.units import PICO_PER_UNIT, AccountId, AssetId, InstrumentId, VenueId
from router.risk.stress.depth import DepthLine, Floats, empty
from router.risk.stress.exact import Exposure

Indices: TypeAlias = NDArray[np.intp]
_Name = TypeVar("_Name", bound=str)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What goes into the arrays of one bucket.

    Attributes
    ----------
    exposure : Exposure
        In atoms; of an isolated position its own value, without a buffer.
    decimals : int
        Of the collateral.
    markets : tuple of InstrumentId
        Of each position of the exposure, in its order.
    """

    account: AccountId
    exposure: Exposure
    collateral: AssetId
    decimals: int
    markets: tuple[InstrumentId, ...]


@dataclass(frozen=True, slots=True)
class Depths:
    """Both sides of a market, and its fee for every unit of notional."""

    bids: DepthLine = field(default_factory=empty)
    asks: DepthLine = field(default_factory=empty)
    fee: float = 0.0


@dataclass(frozen=True, slots=True)
class Stock:
    """Inventory of one asset on one chain.

    Attributes
    ----------
    value : float, [reference]
        At the mark, before the haircut.
    haircut : float
        Share of the value that does not count.
    is_money : bool
        It stands for the reference: it has a peg to lose, and no price to gap.
    exit_gas : float, [reference]
        What the transactions that sell it cost at the gas price of now.
    """

    asset: AssetId
    value: float
    haircut: float = 0.0
    is_money: bool = False
    exit_gas: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Shape (positions,) unless it says otherwise.

    Attributes
    ----------
    notional : float64, [collateral]
        Signed, at the mark.
    above, step : float64, shape (positions, tiers)
        Maintenance is the sum of step times what the notional has above the bound; padded with
        steps of zero.
    fee : float64
        Of the notional traded.
    takes, costs : float64, shape (positions, KNOTS + 1), [collateral]
        The side of the book that closing the position takes from.
    reach : float64, [collateral]
        How much of it a venue's own sale may take.
    """

    markets: tuple[InstrumentId, ...]
    asset: Indices
    venue: Indices
    notional: Floats
    above: Floats
    step: Floats
    fee: Floats
    takes: Floats
    costs: Floats
    reach: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Shape (buckets,).

    Attributes
    ----------
    rows : tuple of slice
        Which positions are whose.
    equity, buffer : float64, [collateral]
    """

    account: Indices
    venue: Indices
    collateral: Indices
    rows: tuple[slice, ...]
    equity: Floats
    buffer: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """Shape (stocks,)."""

    asset: Indices
    value: Floats
    is_money: NDArray[np.bool_]
    exit_gas: Floats


@dataclass(frozen=True, slots=True, eq=False)
class StressBook:
    """Everything of the firm that scenarios touch.

    Attributes
    ----------
    inventory : Inventory
        Values after their haircuts.
    unpriced : tuple of AssetId
        Assets that are held and that no market here prices: not counted.
    """

    accounts: tuple[AccountId, ...]
    venues: tuple[VenueId, ...]
    assets: tuple[AssetId, ...]
    buckets: Buckets
    positions: Positions
    inventory: Inventory
    unpriced: tuple[AssetId, ...] = ()


def assembled(
    buckets: Sequence[Bucket],
    depths: Mapping[InstrumentId, Depths],
    inventory: Sequence[Stock] = (),
    *,
    unpriced: tuple[AssetId, ...] = (),
) -> StressBook:
    """Return the arrays; a market without depths cannot be sold into."""
    held = [(b, p, m) for b in buckets for p, m in _rows(b)]
    assets = _distinct(
        [p.asset for _, p, _ in held]
        + [b.collateral for b in buckets]
        + [stock.asset for stock in inventory]
    )
    venues = _distinct([b.exposure.venue for b in buckets])
    accounts = _distinct([b.account for b in buckets])
    ends = np.cumsum([0, *(len(b.markets) for b in buckets)])
    return StressBook(
        accounts=tuple(accounts),
        venues=tuple(venues),
        assets=tuple(assets),
        buckets=Buckets(
            account=_indices([accounts[b.account] for b in buckets]),
            venue=_indices([venues[b.exposure.venue] for b in buckets]),
            collateral=_indices([assets[b.collateral] for b in buckets]),
            rows=tuple(slice(int(begin), int(end)) for begin, end in pairwise(ends)),
            equity=_floats([b.exposure.equity_atoms / 10**b.decimals for b in buckets]),
            buffer=_floats([b.exposure.buffer_atoms / 10**b.decimals for b in buckets]),
        ),
        positions=_positions(held, depths, assets=assets, venues=venues),
        inventory=Inventory(
            asset=_indices([assets[stock.asset] for stock in inventory]),
            value=_floats([stock.value * (1.0 - stock.haircut) for stock in inventory]),
            is_money=np.array([stock.is_money for stock in inventory], dtype=np.bool_),
            exit_gas=_floats([stock.exit_gas for stock in inventory]),
        ),
        unpriced=unpriced,
    )


def _rows(bucket: Bucket) -> list[tuple[HeldPosition, InstrumentId]]:
    return list(zip(bucket.exposure.positions, bucket.markets, strict=True))


def _positions(
    held: Sequence[tuple[Bucket, HeldPosition, InstrumentId]],
    depths: Mapping[InstrumentId, Depths],
    *,
    assets: Mapping[AssetId, int],
    venues: Mapping[VenueId, int],
) -> Positions:
    known = [depths.get(market, Depths()) for _, _, market in held]
    taken = [
        d.bids if p.notional_atoms > 0 else d.asks for (_, p, _), d in zip(held, known, strict=True)
    ]
    above, step = _tiers([(position, bucket.decimals) for bucket, position, _ in held])
    width = len(empty().takes)
    return Positions(
        markets=tuple(market for _, _, market in held),
        asset=_indices([assets[p.asset] for _, p, _ in held]),
        venue=_indices([venues[b.exposure.venue] for b, _, _ in held]),
        notional=_floats([p.notional_atoms / 10**b.decimals for b, p, _ in held]),
        above=above,
        step=step,
        fee=_floats([d.fee for d in known]),
        takes=np.array([side.takes for side in taken]).reshape(len(held), width),
        costs=np.array([side.costs for side in taken]).reshape(len(held), width),
        reach=_floats([side.reach for side in taken]),
    )


# Without tiers a position is kept by what opened it.
def _tiers(held: Sequence[tuple[HeldPosition, int]]) -> tuple[Floats, Floats]:
    count = max((len(p.tiers) for p, _ in held), default=1) or 1
    above, step = np.zeros((len(held), count)), np.zeros((len(held), count))
    for row, (position, decimals) in enumerate(held):
        rate = 0.0
        for column, tier in enumerate(position.tiers):
            above[row, column] = tier.above_atoms / 10**decimals
            step[row, column] = tier.maintenance / PICO_PER_UNIT - rate
            rate = tier.maintenance / PICO_PER_UNIT
        if not position.tiers:
            step[row, 0] = position.initial / PICO_PER_UNIT
    return above, step


def _distinct(names: Sequence[_Name]) -> dict[_Name, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


def _floats(values: Sequence[float]) -> Floats:
    return np.array(values, dtype=np.float64)


def _indices(values: Sequence[int]) -> Indices:
    return np.array(values, dtype=np.intp)
