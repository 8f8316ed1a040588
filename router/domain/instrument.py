"""What can be traded, and the grids its prices and quantities lie on."""

import enum
from dataclasses import dataclass, replace
from typing import Final

from router.domain.units import AccountId, AssetId, InstrumentId, Pips, Price, VenueId

_DECIMALS_MAX: Final = 255  # tokens tell theirs in a byte


class InstrumentKind(enum.Enum):
    """How an instrument trades; decides which mathematics and which executor apply."""

    SPOT_POOL = "spot_pool"
    SPOT_ROUTE = "spot_route"  # over pools of one chain, through a middle asset
    PERP_BOOK = "perp_book"


# Venues whose outcome is least certain go first: a book moves while an order is on its way and
# fills in part; a transaction with bounds does all or nothing.
STAGES: Final = {
    InstrumentKind.PERP_BOOK: 0,
    InstrumentKind.SPOT_POOL: 1,
    InstrumentKind.SPOT_ROUTE: 1,
}


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset and the number of decimals its atoms have."""

    id: AssetId
    decimals: int

    def __post_init__(self) -> None:
        assert 0 <= self.decimals <= _DECIMALS_MAX, f"{self.id} has {self.decimals} decimals"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market at one venue, seen from the pair that is traded.

    Quantities are in atoms of `base`, cash in atoms of `quote`, whatever units the venue uses.

    Attributes
    ----------
    symbol : str
        The venue's own name: a pool address, a coin.
    account : AccountId
        Whose cash or margin the instrument draws on.
    lot_atoms : int
        Quantities are multiples of this many base atoms; 1 for a pool.
    notional_min_atoms : int
        Smallest order the venue takes, in quote atoms; 0 where there is none.
    fee_pips : Pips
        Pool fee on the input, or taker fee on the notional; 0 where `has_fixed_fee` is not.
    base_is_token0 : bool
        Pools only: which of the two tokens the base is.
    protocol : str
        Pools only: the family of pool contracts it belongs to.
    router : str
        On-chain only: legs whose instruments name the same router can share one transaction.
    is_hop : bool
        Pools only: whether the router can pay what one of them gives into another.
    has_fixed_fee : bool
        Whether the fee is known beforehand; if not, only snapshots of the pool tell it.
    """

    id: InstrumentId
    venue: VenueId
    symbol: str
    kind: InstrumentKind
    base: Asset
    quote: Asset
    account: AccountId
    lot_atoms: int
    notional_min_atoms: int
    fee_pips: Pips
    base_is_token0: bool = True
    tick_decimals: int = (
        0  # books only: prices are whole multiples of 10**-tick_decimals quote units
    )
    protocol: str = ""
    router: str = ""
    is_hop: bool = False
    has_fixed_fee: bool = True

    def __post_init__(self) -> None:
        assert 0 <= self.tick_decimals <= _DECIMALS_MAX, f"{self.id} has no such ticks"

    @property
    def is_on_chain(self) -> bool:
        """Whether it trades by a transaction: tokens against tokens, all or nothing."""
        return self.kind is not InstrumentKind.PERP_BOOK

    def reversed(self) -> "Instrument":
        """Return the same pool seen from its other asset; pools only."""
        assert self.kind is InstrumentKind.SPOT_POOL, f"{self.id} has no other side"
        return replace(
            self, base=self.quote, quote=self.base, base_is_token0=not self.base_is_token0
        )

    def tick_price(self, ticks: int) -> Price:
        """Return the price of `ticks` ticks; books only."""
        return Price(
            self.base.id,
            self.quote.id,
            ticks * 10**self.quote.decimals,
            10 ** (self.base.decimals + self.tick_decimals),
        )
