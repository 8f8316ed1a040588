"""The proof that comes with a plan: bounds, the multipliers they follow from, and what they assume.

All rates are of the orders' notional at their arrival mids.
"""

import enum
from dataclasses import dataclass

from router.domain.units import InstrumentId, Pico


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A shadow price: what one more unit of the row's resource, over order notional, would save."""

    row: str
    value: Pico


class AssumptionKind(enum.Enum):
    """What cuts a convex part out of what is allowed."""

    REDUCES = "reduces"  # the account's orders only reduce its positions
    TIER_MAX = "tier_max"  # the position stays in this margin tier or a lower one
    TIER_MIN = "tier_min"  # it is charged at this tier's rate or a higher one


@dataclass(frozen=True, slots=True)
class Assumption:
    """One choice that a part of what is allowed rests on.

    Attributes
    ----------
    name : str
        The account that only reduces, or the instrument whose tier is bounded.
    tier : int
        Index into the instrument's tiers; zero where no tier is meant.
    """

    kind: AssumptionKind
    name: str
    tier: int = 0


@dataclass(frozen=True, slots=True)
class PartBound:
    """A bound for the plans of one convex part.

    Attributes
    ----------
    multipliers : tuple of Multiplier
        Of the demands and of the rows; one that is not listed is zero. The bound holds for any
        values, as long as those of rows are not negative.
    """

    assumptions: tuple[Assumption, ...]
    multipliers: tuple[Multiplier, ...]
    lower_bound: Pico


@dataclass(frozen=True, slots=True)
class GasBound:
    """A bound on the cost with gas of every plan that uses so many pools; a route counts as one.

    Attributes
    ----------
    pools_min : int
        0: the plans that use no pool; else, without `pool`, those that use so many or more.
    pool : InstrumentId | None
        The plans that use this pool or route, and no other.
    """

    pools_min: int
    pool: InstrumentId | None
    multipliers: tuple[Multiplier, ...]
    lower_bound: Pico


@dataclass(frozen=True, slots=True)
class Share:
    """What the continuous plan gives one curve: a chain account's pools, or one book.

    Attributes
    ----------
    depth_worth : Pico
        What the order gains from the curve's depth: a hundredth more depth saves about a
        hundredth of it. Zero where it is not told, as of robust plans.
    """

    order: str
    curve: str
    value: Pico
    depth_worth: Pico


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof of how far a plan can be from the optimum.

    Attributes
    ----------
    upper_bound, lower_bound : Pico
        Cost of the continuous plan before gas, evaluated exactly, and a Lagrangian bound that no
        plan can beat: the least of all parts' bounds.
    rounded_cost : Pico
        Cost of the plan as it will be sent: whole lots, whole atoms, gas included.
    multipliers : tuple of Multiplier
        Of the part the plan lies in; the row says what binds.
    parts : tuple of PartBound
        Every part that had to be bounded; together they hold every plan there is.
    gas : tuple of GasBound
        Cases that together hold every plan, gas included; empty where gas has no price.
    quantities : tuple of int
        What is traded of each order's base in all, in atoms: the shares are of its notional.
    shares : tuple of Share
        The continuous plan whose cost the upper bound is.
    """

    upper_bound: Pico
    lower_bound: Pico
    rounded_cost: Pico
    multipliers: tuple[Multiplier, ...]
    method: str
    parts: tuple[PartBound, ...] = ()
    gas: tuple[GasBound, ...] = ()
    quantities: tuple[int, ...] = ()
    shares: tuple[Share, ...] = ()

    @property
    def gap(self) -> Pico:
        """Upper minus lower bound, before gas."""
        return Pico(self.upper_bound - self.lower_bound)

    @property
    def lower_bound_with_gas(self) -> Pico:
        """What no plan as sent can cost less than."""
        with_gas = min((b.lower_bound for b in self.gas), default=self.lower_bound)
        return max(self.lower_bound, with_gas)
