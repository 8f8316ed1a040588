"""Limits that somebody chose, and what must be kept to; decisions depend on them."""

from dataclasses import dataclass
from typing import Final

from router.domain.controls import ControlRules
from router.domain.difference import ReconciliationRules
from router.domain.funding import FundingRules
from router.domain.inventory import ChainInventory
from router.domain.margin import StressScenario
from router.domain.plan import Uncertainty
from router.domain.price import PriceGuardRules
from router.domain.risk import GateRules, ZoneRules
from router.domain.stress import Scenario
from router.domain.units import Amount, DurationNs, Pips, VenueId

_RECONCILIATION: Final = ReconciliationRules()


@dataclass(frozen=True, slots=True)
class VenueMargin:
    """What the perp account at a venue must keep.

    Attributes
    ----------
    stress_buffers : tuple of Amount
        What must be left above maintenance in every scenario, by collateral.
    reduces_only : bool
        Its positions may only become smaller.
    """

    venue: VenueId
    stress_buffers: tuple[Amount, ...]
    reduces_only: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits somebody chose; no limit on money has a default.

    Attributes
    ----------
    order_notional_max : tuple of Amount
        Of one parent at the arrival mid; one for each asset that orders may be quoted in.
    slippage_max_pips : Pips
        No parent may ask for more.
    plan_rounds_max : int
        How often a parent is planned over all venues before what is left is given back.
    child_lifetime : DurationNs
        A venue refuses a child older than this.
    slippage_tolerance_pips : Pips
        How much worse than its own quote a leg may trade.
    scenarios : tuple of StressScenario
        What every perp account that trades must survive.
    venue_margins : tuple of VenueMargin
        Of venues with a rule of their own; others keep no buffer and may grow.
    uncertainty : Uncertainty | None
        What plans reckon with between decision and execution.
    stresses : tuple of Scenario
        What accounts are assessed by; `scenarios` are those of them that plans are held to.
    gate : GateRules | None
        None: accounts are not assessed, and margin is shared by what plans are held to alone.
    zones : tuple of ZoneRules
        Liquidation preferences by venue; positions elsewhere are not reduced without an order.
    controls : ControlRules | None
        Pre-trade controls beside those above.
    price_guard : PriceGuardRules | None
    funding : FundingRules | None
    inventory : tuple of ChainInventory
        What chains keep for gas; of those without one nothing is kept.
    reconciliation : ReconciliationRules
        How accounts are compared; no money is at stake in its default.
    """

    order_notional_max: tuple[Amount, ...]
    slippage_max_pips: Pips
    plan_rounds_max: int
    child_lifetime: DurationNs
    slippage_tolerance_pips: Pips
    scenarios: tuple[StressScenario, ...] = ()
    venue_margins: tuple[VenueMargin, ...] = ()
    uncertainty: Uncertainty | None = None
    stresses: tuple[Scenario, ...] = ()
    gate: GateRules | None = None
    zones: tuple[ZoneRules, ...] = ()
    controls: ControlRules | None = None
    price_guard: PriceGuardRules | None = None
    funding: FundingRules | None = None
    reconciliation: ReconciliationRules = _RECONCILIATION
    inventory: tuple[ChainInventory, ...] = ()

    def venue_margin(self, venue: VenueId) -> VenueMargin:
        """Return the rule of a venue, or that there is none."""
        own = (margin for margin in self.venue_margins if margin.venue == venue)
        return next(own, VenueMargin(venue, (), reduces_only=False))
