"""What of a chain's coin is kept back for gas, and how many transactions may be out at once."""

from dataclasses import dataclass
from typing import Final

from router.domain.units import Amount, VenueId

# Gas of a Universal Router transaction with a Permit2 signature, and of one pool in it with a few
# ticks crossed; measured on the real contracts (236,000 for two pools), rounded up.
GAS_UNITS_TRANSACTION: Final = 130_000
GAS_UNITS_POOL: Final = 110_000

IN_FLIGHT_MAX: Final = 16  # of one key; beyond it public pools may drop the highest nonces


@dataclass(frozen=True, slots=True)
class ChainInventory:
    """The rules of one chain.

    Attributes
    ----------
    native_reserve_wei : int
        Of its coin, never to be spent on trading: what cancels and replacements need.
    fee_cap_wei : int
        Most that any transaction offers for a unit of gas.
    in_flight_max : int
        Transactions of one account that have not ended.
    allowances_max : tuple of Amount
        Most that contracts may be allowed to take of an asset; of others any finite quantity.
    """

    venue: VenueId
    native_reserve_wei: int
    fee_cap_wei: int
    in_flight_max: int = IN_FLIGHT_MAX
    allowances_max: tuple[Amount, ...] = ()
