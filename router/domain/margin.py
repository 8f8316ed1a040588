"""What a perp account must keep: tiers, stressed scenarios, and positions an order does not touch.

Refuses to judge: `risk` gates orders by these values, `optimiser` plans within them.
"""

import enum
from dataclasses import dataclass
from typing import Final

from router.domain.units import AccountId, Amount, AssetId, Pico, Pips

_NO_PIPS: Final = Pips(0)


class InitialMargin(enum.Enum):
    """How a venue reckons the margin that opens a position."""

    AT_LEVERAGE = "at_leverage"  # notional / leverage; refused above the tier that allows it
    CAPPED = "capped"  # the whole notional at the leverage, or the tier's most if less: it jumps
    MARGINAL = "marginal"  # each tier's own rate for the part of the notional inside it


@dataclass(frozen=True, slots=True)
class MarginTier:
    """What holds for a position's notional above a bound, up to the next tier's.

    Attributes
    ----------
    above_atoms : int
        Collateral atoms; zero for the first tier. A notional at the bound is in the tier below.
    leverage_max : int
        Falls from tier to tier.
    maintenance : Pico
        Rate of the notional that keeps a position, for the part of it inside the tier.
    """

    above_atoms: int
    leverage_max: int
    maintenance: Pico


@dataclass(frozen=True, slots=True)
class StressShock:
    """What a scenario does to one asset: a gap of its price, and funding.

    Attributes
    ----------
    gap_pips : Pips
        Change of the mark; -300,000 is a fall of 30 %. Above -1,000,000.
    funding_pips : Pips
        What longs pay over the scenario, of their notional before it.
    """

    asset: AssetId
    gap_pips: Pips
    funding_pips: Pips


@dataclass(frozen=True, slots=True)
class StressScenario:
    """What happens to all assets at once, but for those listed apart.

    Attributes
    ----------
    mark_pips : Pips
        How far the venue's marks are from the price everywhere else once all is over. Above
        -1,000,000.
    closed_pips : Pips
        Share of every position that gains by the gap which the venue closes.
    closed_at_pips : Pips
        How much of the gap has happened when it does: at that mark, or at the last one where that
        is worse for the position.
    """

    name: str
    gap_pips: Pips
    funding_pips: Pips
    apart: tuple[StressShock, ...] = ()
    mark_pips: Pips = _NO_PIPS
    closed_pips: Pips = _NO_PIPS
    closed_at_pips: Pips = _NO_PIPS

    def shock(self, asset: AssetId) -> StressShock:
        """Return what happens to an asset."""
        own = (shock for shock in self.apart if shock.asset == asset)
        return next(own, StressShock(asset, self.gap_pips, self.funding_pips))


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position the order does not touch.

    Attributes
    ----------
    notional_atoms : int
        Signed, at the mark, in collateral atoms; negative is short.
    tiers : tuple of MarginTier
        Empty: the venue told none, and maintenance is taken to be `initial`.
    initial : Pico
        Rate of the notional that its initial margin is.
    """

    asset: AssetId
    notional_atoms: int
    tiers: tuple[MarginTier, ...]
    initial: Pico


@dataclass(frozen=True, slots=True)
class MarginAccount:
    """A perp account's room for margin, in collateral atoms.

    Attributes
    ----------
    equity_atoms : int
        Before the order.
    margin_used_elsewhere_atoms : int
        Initial margin of positions in other instruments, and of resting orders.
    elsewhere : tuple of HeldPosition
        These positions: scenarios move them too.
    stress_buffer_atoms : int
        What must be left above maintenance in every scenario.
    reduces_only : bool
        Positions may only become smaller.
    why : str
        Why they may, in one sentence.
    scenarios : tuple of StressScenario
        What the account must survive beside what all must: what befalls its venue alone.
    """

    account: AccountId
    equity_atoms: int
    margin_used_elsewhere_atoms: int
    elsewhere: tuple[HeldPosition, ...] = ()
    stress_buffer_atoms: int = 0
    reduces_only: bool = False
    why: str = ""
    scenarios: tuple[StressScenario, ...] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a leg in flight may still take from an account: cash, or collateral as margin."""

    account: AccountId
    amount: Amount
