"""What a parent order cost against its arrival mid: predicted beside realised, leg by leg.

Made from the world alone, so that a replay makes the same report. Positive slippage is worse for
us. Funding is an expectation over the holding horizon; it is in the prediction and never in what
was realised at the moment of trading.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from router.domain.order import OrderStatus
from router.domain.plan import CostSplit, Leg, RoutePlan
from router.domain.units import (
    PIPS_PER_UNIT,
    Amount,
    ChildId,
    DurationNs,
    InstrumentId,
    ParentId,
    Pips,
    Price,
    Rounding,
    Side,
    VenueId,
    divide,
)
from router.state.world import ChildState, ParentState, World


@dataclass(frozen=True, slots=True)
class LegReport:
    """One leg that was sent.

    Attributes
    ----------
    predicted_cost_atoms, realised_cost_atoms : int
        Impact and fees against the arrival mid, in quote atoms; gas is the transaction's.
    realised_slippage : Pips | None
        None where nothing filled.
    exact : bool
        Whether quantity and cash came out as predicted, to the atom.
    """

    child: ChildId
    venue: VenueId
    instrument: InstrumentId
    status: OrderStatus
    reason: str
    predicted_quantity: Amount
    predicted_notional: Amount
    predicted_cost_atoms: int
    predicted_slippage: Pips
    filled_quantity: Amount
    filled_notional: Amount
    fee: Amount
    realised_cost_atoms: int
    realised_slippage: Pips | None
    exact: bool
    reference: str


@dataclass(frozen=True, slots=True)
class ParentReport:
    """The whole story of a parent in numbers.

    Attributes
    ----------
    predicted : CostSplit | None
        Of the first plan, which covered the whole order; None if there never was one.
    realised_slippage : Pips | None
        Price, fees and gas of all fills, over the filled quantity at arrival mid.
    gas_atoms, gas_quote_atoms : int
        What mined transactions cost, in the chain's coin and valued in quote at arrival.
    differences : tuple of str
        What reconciliation found; None before it has run, or where nothing was sent.
    """

    parent: ParentId
    client_order_id: str
    side: Side
    status: OrderStatus
    reason: str
    ordered: Amount
    filled_quantity: Amount
    filled_notional: Amount
    fees: Amount
    arrival_mid: Price | None
    predicted: CostSplit | None
    predicted_slippage: Pips | None
    realised_slippage: Pips | None
    gas_atoms: int
    gas_quote_atoms: int
    plans: tuple[RoutePlan, ...]
    legs: tuple[LegReport, ...]
    differences: tuple[str, ...] | None
    took: DurationNs | None


def report(world: World, parent: ParentState) -> ParentReport:
    """Make the report of a parent, finished or not."""
    order = parent.order
    children = world.children_of(order.id)
    fills = [f for c in children for f in c.fills]
    gas = sum(c.gas.atoms for c in children if c.gas is not None)
    gas_quote = _gas_value(parent, gas)
    quantity = sum(f.quantity.atoms for f in fills)
    notional = sum(f.notional.atoms for f in fills)
    fees = sum(f.fee.atoms for f in fills)
    first = parent.plans[0] if parent.plans else None
    checked = world.reconciliation if children and parent.ended_at else None
    return ParentReport(
        parent=order.id,
        client_order_id=order.client_order_id,
        side=order.side,
        status=parent.status,
        reason=parent.reason,
        ordered=order.quantity,
        filled_quantity=Amount(order.base, quantity),
        filled_notional=Amount(order.quote, notional),
        fees=Amount(order.quote, fees),
        arrival_mid=parent.arrival_mid,
        predicted=first.cost if first else None,
        predicted_slippage=first.slippage if first else None,
        realised_slippage=_slippage(
            parent, quantity, _cost(parent, quantity, notional) + fees + gas_quote
        ),
        gas_atoms=gas,
        gas_quote_atoms=gas_quote,
        plans=parent.plans,
        legs=tuple(_legs(parent, children)),
        differences=tuple(d.sentence for d in checked.differences) if checked else None,
        took=DurationNs(parent.ended_at - order.submitted_at) if parent.ended_at else None,
    )


def _legs(parent: ParentState, children: tuple[ChildState, ...]) -> Iterator[LegReport]:
    for child in children:
        for leg in child.order.legs:
            yield _leg(parent, child, leg)


def _leg(parent: ParentState, child: ChildState, leg: Leg) -> LegReport:
    fills = [f for f in child.fills if f.instrument == leg.instrument.id]
    quantity = sum(f.quantity.atoms for f in fills)
    notional = sum(f.notional.atoms for f in fills)
    fee = sum(f.fee.atoms for f in fills)
    predicted_cost = leg.cost.impact + leg.cost.fees
    realised_cost = _cost(parent, quantity, notional) + fee
    predicted_slippage = _slippage(parent, leg.quantity.atoms, predicted_cost)
    assert predicted_slippage is not None, "a leg has a quantity"
    return LegReport(
        child=child.order.id,
        venue=child.order.venue,
        instrument=leg.instrument.id,
        status=child.status,
        reason=child.reason,
        predicted_quantity=leg.quantity,
        predicted_notional=leg.notional,
        predicted_cost_atoms=predicted_cost,
        predicted_slippage=predicted_slippage,
        filled_quantity=Amount(leg.quantity.asset, quantity),
        filled_notional=Amount(leg.notional.asset, notional),
        fee=Amount(leg.notional.asset, fee),
        realised_cost_atoms=realised_cost,
        realised_slippage=_slippage(parent, quantity, realised_cost),
        exact=(quantity, notional) == (leg.quantity.atoms, leg.notional.atoms),
        reference=child.signed.reference if child.signed else "",
    )


def _cost(parent: ParentState, quantity: int, notional: int) -> int:
    # What was paid beyond (or received short of) the arrival value, rounded against us.
    if not quantity or parent.arrival_mid is None:
        return 0
    amount = Amount(parent.order.base, quantity)
    if parent.order.side is Side.BUY:
        return notional - parent.arrival_mid.notional(amount, Rounding.DOWN).atoms
    return parent.arrival_mid.notional(amount, Rounding.UP).atoms - notional


def _slippage(parent: ParentState, quantity: int, cost: int) -> Pips | None:
    arrival = parent.arrival_mid
    if not quantity or arrival is None:
        return None
    value = quantity * arrival.quote_atoms  # over base_atoms; not divided, so rounded once
    return Pips(divide(cost * PIPS_PER_UNIT * arrival.base_atoms, value, Rounding.UP))


def _gas_value(parent: ParentState, gas_atoms: int) -> int:
    if parent.gas_price is None:
        return 0
    return parent.gas_price.notional(Amount(parent.gas_price.base, gas_atoms), Rounding.UP).atoms
