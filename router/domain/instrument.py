"""What can be traded, and the grids its prices and quantities lie on."""

import enum
from dataclasses import dataclass
from typing import Final

from router.domain.units import AccountId, AssetId, InstrumentId, Pips, Price, VenueId


class InstrumentKind(enum.Enum):
    """How an instrument trades; decides which mathematics and which executor apply."""

    SPOT_POOL = "spot_pool"
    PERP_BOOK = "perp_book"


# Venues whose outcome is least certain go first: a book moves while an order is on its way and
# fills in part; a transaction with bounds does all or nothing.
STAGES: Final = {InstrumentKind.PERP_BOOK: 0, InstrumentKind.SPOT_POOL: 1}


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset and the number of decimals its atoms have."""

    id: AssetId
    decimals: int


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
        Pool fee on the input, or taker fee on the notional.
    base_is_token0 : bool
        Pools only: which of the two tokens the base is.
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

    def tick_price(self, ticks: int) -> Price:
        """Return the price of `ticks` ticks; books only."""
        return Price(
            self.base.id,
            self.quote.id,
            ticks * 10**self.quote.decimals,
            10 ** (self.base.decimals + self.tick_decimals),
        )
