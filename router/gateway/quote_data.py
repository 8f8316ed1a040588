"""A dry run as the document that every door shows; see `quote_document`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from router.domain.algo import Sweep
from router.domain.instrument import Asset
from router.domain.order import ParentOrder
from router.domain.plan import CostSplit, Leg, NoRouteReason, RoutePlan, RoutingProblem
from router.domain.snapshot import Snapshot
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    Amount,
    Pips,
    Price,
    Rounding,
    TimestampNs,
    divide,
    format_decimal,
)
from router.domain.weighed import NaiveSplit, Weighed
from router.execution.contingency import contingency
from router.gateway import quote_document as doc
from router.gateway.plan_data import plan_data, price_digits
from router.gateway.quote_standing import LeftOut, Standing, standing_data
from router.optimiser.proof import explain
from router.optimiser.robust.interval import LEVEL_PCT, Interval
from router.risk.margin_check import Effect, effects

Source = Literal["live", "desk", "snapshot"]

_NS_PER_MS: Final = 1_000_000
_PIPS_PER_BPS: Final = 100
_BPS: Final = 10_000
_STEP: Final = 1_000  # whole units of the quote asset
_RESOURCES: Final = {"cash": "cash", "margin": "initial margin", "stress": "stress"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a drift was reckoned from, and over how long."""

    inclusion_s: float | None
    moves: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A feasible dry run with all that was reckoned of it."""

    problem: RoutingProblem
    plan: RoutePlan
    weighed: Weighed
    interval: Interval
    told: Told


@dataclass(frozen=True, slots=True)
class NoPlan:
    """Why there is none, and the largest quantity there is one for."""

    reason: NoRouteReason
    message: str
    largest: Amount | None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One size of a curve; `shown` is None where there is no plan."""

    quantity: Amount
    plan: RoutePlan | None
    interval: Interval | None
    refusal: NoPlan | None


def document(
    snapshot: Snapshot,
    order: ParentOrder,
    found: Shown | NoPlan,
    *,
    source: Source,
    standing: Standing,
    curve: Sequence[Point] = (),
) -> doc.QuoteDocument:
    """Return the document of a dry run that nobody has kept yet."""
    assets: dict[str, Asset] = {asset.id: asset for asset in snapshot.assets}
    shown = found if isinstance(found, Shown) else None
    return doc.QuoteDocument(
        quote_id=None,
        expires_at=None,
        order=_asked(order, assets),
        state=_state(snapshot, order, source),
        now=standing_data(standing, assets),
        feasible=shown is not None,
        infeasible=None if isinstance(found, Shown) else _infeasible(found, order, assets),
        slippage=None if shown is None else _slippage(shown, assets),
        comparison=[] if shown is None else list(_comparison(shown)),
        alone=[] if shown is None else _alone(shown.plan),
        margin=[] if shown is None else [_margin(e) for e in effects(shown.problem, shown.plan)],
        binding=[] if shown is None else list(_binding(shown.plan, assets)),
        explanation=[] if shown is None else [*standing.sentences, *explain(shown.plan)],
        contingency=[] if shown is None else list(contingency(shown.plan, bound=False).lines()),
        curve=[_point(point, assets) for point in curve],
        plan=None if shown is None else plan_data(shown.plan, snapshot.observation.pools),
    )


def named(
    document: doc.QuoteDocument, *, quote_id: str, expires_at: TimestampNs
) -> doc.QuoteDocument:
    """Return a document with the name by which it may be executed."""
    return document.model_copy(update={"quote_id": quote_id, "expires_at": str(expires_at)})


def document_data(document: doc.QuoteDocument) -> dict[str, object]:
    """Return a document as plain data."""
    return document.model_dump()


def _asked(order: ParentOrder, assets: Mapping[str, Asset]) -> doc.Asked:
    return doc.Asked(
        side=order.side.value,
        base=order.base,
        quote=order.quote,
        quantity=_decimal(order.quantity, assets),
        quantity_asset=order.quantity.asset,
        limit_price=None if order.limit_price is None else _price(order.limit_price, assets),
        slippage_max_bps=_bps(order.slippage_max_pips),
        holding_horizon_s=order.holding_horizon_s,
        venues=list(order.venues or ()),
    )


def _state(snapshot: Snapshot, order: ParentOrder, source: Source) -> doc.State:
    pair = {i.id for i in snapshot.instruments if i.base.id == order.base}
    return doc.State(
        at=str(snapshot.at),
        source=source,
        blocks=[
            doc.Block(
                venue=head.venue,
                number=head.block.number,
                hash=head.block.hash,
                age_ms=_age(snapshot, head.received_at),
            )
            for head in snapshot.heads
        ],
        books=[
            doc.BookPlace(
                instrument=book.instrument,
                at_venue=str(book.at_venue),
                received_at=str(book.received_at),
                age_ms=_age(snapshot, book.received_at),
            )
            for book in snapshot.observation.books
            if book.instrument in pair
        ],
        assumed=[*snapshot.assumed, *_at_once(order)],
    )


# Of an algo it is the sweep that is shown: what it will meet over time, nobody knows.
def _at_once(order: ParentOrder) -> Iterator[str]:
    if not isinstance(order.algo, Sweep):
        name = type(order.algo).__name__.lower()
        yield f"all of it is assumed to be sent now; {name} sends it over time, or waits"


def _infeasible(found: NoPlan, order: ParentOrder, assets: Mapping[str, Asset]) -> doc.Infeasible:
    return doc.Infeasible(
        reason=found.reason.value,
        message=found.message,
        largest_quantity=None if found.largest is None else _decimal(found.largest, assets),
        quantity_asset=order.quantity.asset,
    )


def _slippage(shown: Shown, assets: Mapping[str, Asset]) -> doc.Slippage:
    plan = shown.plan
    mid, base = plan.arrival_mid, _base(plan)
    value = sum(_worth(mid, leg) for leg in plan.legs)
    return doc.Slippage(
        arrival_mid=_price(mid, assets),
        total_bps=_bps(plan.slippage),
        execution_bps=_bps(_rate(plan.cost.total - plan.cost.funding, mid, base=base)),
        cost=_decimal(Amount(mid.quote, plan.cost.total), assets),
        causes=_causes(plan.cost, mid, base=base),
        band=_band(shown),
        legs=[
            doc.LegPart(
                instrument=leg.instrument.id,
                quantity=_decimal(leg.quantity, assets),
                notional=_decimal(leg.notional, assets),
                share_pct=round(100 * _worth(mid, leg) / max(value, 1), 4),
                slippage_bps=_bps(leg.slippage),
                causes=_causes(leg.cost, mid, base=leg.quantity.atoms),
            )
            for leg in plan.legs
        ],
    )


def _band(shown: Shown) -> doc.Band:
    found, told = shown.interval, shown.told
    count = len(shown.weighed.outcomes)
    depth = "one of the scenarios happens" if count > 1 else "depth stays as seen"
    drifts = "the state does not drift; how it does is not known"
    if found.drift is not None:
        drifts = "the state drifts no more than it did"
    return doc.Band(
        level_pct=LEVEL_PCT,
        low_bps=_bps(found.low),
        expected_bps=_bps(found.expected),
        high_bps=_bps(found.high),
        drift_bps=None if found.drift is None else _bps(found.drift),
        inclusion_s=told.inclusion_s,
        observed_moves=told.moves,
        scenarios=count,
        states=f"{LEVEL_PCT} % of executions lie inside, if {depth} and {drifts}",
    )


def _causes(cost: CostSplit, mid: Price, *, base: int) -> doc.Causes:
    parts = (cost.impact, cost.basis, cost.fees, cost.gas, cost.funding)
    impact, basis, fees, gas, funding = (_bps(_rate(part, mid, base=base)) for part in parts)
    return doc.Causes(
        impact_bps=impact,
        of_which_basis_bps=basis,
        fees_bps=fees,
        gas_bps=gas,
        funding_bps=funding,
    )


def _comparison(shown: Shown) -> Iterator[doc.Alternative]:
    for split in shown.weighed.naive:
        yield _alternative(split, shown.plan)


def _alternative(split: NaiveSplit, plan: RoutePlan) -> doc.Alternative:
    rate = split.slippage
    return doc.Alternative(
        method=split.method,
        slippage_bps=None if rate is None else _bps(rate),
        worse_by_bps=None if rate is None else _bps(Pips(rate - plan.slippage)),
        is_allowed=split.is_allowed,
        instruments=[name for name, _ in split.parts],
    )


def _alone(plan: RoutePlan) -> list[doc.Single]:
    return [
        doc.Single(
            instrument=one.instrument,
            slippage_bps=None if one.slippage is None else _bps(one.slippage),
        )
        for one in plan.singles
    ]


def _margin(effect: Effect) -> doc.MarginEffect:
    asset = effect.collateral
    scenarios = [
        doc.ScenarioEffect(
            scenario=name,
            before=format_decimal(before, asset.decimals),
            after=format_decimal(after, asset.decimals),
        )
        for name, before, after in effect.left
    ]
    worst = min(range(len(scenarios)), key=lambda i: effect.left[i][2], default=None)

    def standing(one: object) -> doc.Standing:
        values = {
            name: format_decimal(getattr(one, name), asset.decimals)
            for name in ("equity", "initial", "maintenance")
        }
        return doc.Standing(**values)

    return doc.MarginEffect(
        account=effect.account,
        collateral=asset.id,
        before=standing(effect.before),
        after=standing(effect.after),
        worst=None if worst is None else scenarios[worst],
        scenarios=scenarios,
    )


# The shadow price of a row is what a unit of its resource, over the order's notional, would save.
def _binding(plan: RoutePlan, assets: Mapping[str, Asset]) -> Iterator[doc.Binding]:
    quantities, mid = plan.certificate.quantities, plan.arrival_mid
    if len(quantities) != 1 or not plan.legs:
        return
    quote = assets[mid.quote]
    value = quantities[0] * mid.quote_atoms // mid.base_atoms
    if value <= 0:
        return
    for multiplier in plan.certificate.multipliers:
        kind, _, where = multiplier.row.partition(":")
        if multiplier.value <= 0 or kind not in _RESOURCES:
            continue
        account, _, scenario = where.rpartition(":") if kind == "stress" else (where, "", "")
        saved = multiplier.value / PICO_PER_UNIT * _BPS * _STEP * 10**quote.decimals / value
        yield doc.Binding(
            constraint=_RESOURCES[kind],
            account=account,
            scenario=scenario or None,
            step=str(_STEP),
            asset=quote.id,
            saves_bps=saved,
        )


def _point(point: Point, assets: Mapping[str, Asset]) -> doc.CurvePoint:
    plan, quantity = point.plan, _decimal(point.quantity, assets)
    if plan is None or point.interval is None:
        refusal = point.refusal
        return doc.CurvePoint(
            quantity=quantity,
            notional=None,
            slippage_bps=None,
            before_gas_bps=None,
            low_bps=None,
            high_bps=None,
            venues=0,
            reason=None if refusal is None else refusal.reason.value,
            message=None if refusal is None else refusal.message,
        )
    mid = plan.arrival_mid
    value = sum(_worth(mid, leg) for leg in plan.legs)
    return doc.CurvePoint(
        quantity=quantity,
        notional=_decimal(Amount(mid.quote, value), assets),
        slippage_bps=_bps(plan.slippage),
        before_gas_bps=_bps(_rate(plan.cost.total - plan.cost.gas, mid, base=_base(plan))),
        low_bps=_bps(point.interval.low),
        high_bps=_bps(point.interval.high),
        venues=len(plan.legs),
        reason=None,
        message=None,
    )


def _worth(mid: Price, leg: Leg) -> int:
    return mid.notional(leg.quantity, Rounding.DOWN).atoms


def _base(plan: RoutePlan) -> int:
    return sum(leg.quantity.atoms for leg in plan.legs)


# Of the notional before it is rounded to atoms, as a plan's own: of a cent that is not the same.
def _rate(cost: int, mid: Price, *, base: int) -> Pips:
    value = max(base * mid.quote_atoms, 1)
    return Pips(divide(cost * mid.base_atoms * PIPS_PER_UNIT, value, Rounding.UP))


def _bps(pips: int) -> float:
    return pips / _PIPS_PER_BPS


def _age(snapshot: Snapshot, at: TimestampNs) -> int:
    return max(0, snapshot.at - at) // _NS_PER_MS


def _decimal(amount: Amount, assets: Mapping[str, Asset]) -> str:
    return format_decimal(amount.atoms, assets[amount.asset].decimals)


def _price(price: Price, assets: Mapping[str, Asset]) -> str:
    exponent = assets[price.base].decimals - assets[price.quote].decimals
    return price_digits((Decimal(price.quote_atoms) / Decimal(price.base_atoms)).scaleb(exponent))
