"""Plans as plain data: atoms as decimal strings, slippage in bps."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from router.domain.instrument import Instrument, InstrumentKind
from router.domain.market import AnyPoolSnapshot, QuotedSnapshot
from router.domain.plan import Band, CostSplit, Hop, Leg, QuantityKind, RoutePlan
from router.domain.units import PICO_PER_UNIT, Amount, InstrumentId, Price, Side

_BPS_PER_UNIT: Final = 10_000
_CASH_DECIMALS: Final = 2
_PRICE_FIGURES: Final = 6


def plan_data(plan: RoutePlan, pools: Sequence[AnyPoolSnapshot] = ()) -> dict[str, object]:
    """Return a plan as plain data: atoms as decimal strings, slippage in bps.

    Fees are those that the pools charged when they were observed; null where nothing tells one.
    """
    block = plan.block
    fees = {p.instrument: p.fee_pips for p in pools if not isinstance(p, QuotedSnapshot)}
    return {
        "side": plan.side.value,
        "arrival_mid": price_text(plan.arrival_mid, plan.legs),
        "arrival": {
            "quote_atoms": str(plan.arrival_mid.quote_atoms),
            "base_atoms": str(plan.arrival_mid.base_atoms),
        },
        "block": {"number": block.number, "hash": block.hash} if block else None,
        "legs": [_leg_data(leg, fees) for leg in plan.legs],
        "unfilled_atoms": str(plan.unfilled.atoms),
        "cost_atoms": _cost_data(plan.cost),
        "slippage_bps": plan.slippage / 100,
        "band_bps": None if plan.band is None else _band_data(plan.band),
        "singles": [
            {
                "instrument": s.instrument,
                "slippage_bps": None if s.slippage is None else s.slippage / 100,
            }
            for s in plan.singles
        ],
        "certificate": {
            "upper_bound_bps": bps(plan.certificate.upper_bound),
            "lower_bound_bps": bps(plan.certificate.lower_bound),
            "gap_bps": bps(plan.certificate.gap),
            "lower_bound_with_gas_bps": bps(plan.certificate.lower_bound_with_gas),
            "rounded_cost_bps": bps(plan.certificate.rounded_cost),
            "method": plan.certificate.method,
            "binds": [
                {"row": m.row, "saves_bps_per_unit": bps(m.value)}
                for m in plan.certificate.multipliers
                if m.value
            ],
        },
    }


def _band_data(band: Band) -> dict[str, float]:
    return {
        "best": band.best / 100,
        "expected": band.expected / 100,
        "worst": band.worst / 100,
        "tail_mean": band.tail / 100,
    }


def price_text(price: Price, legs: tuple[Leg, ...]) -> str:
    """Return a price in whole units of its assets; empty where no leg tells their decimals."""
    if not legs:
        return ""
    instrument = legs[0].instrument
    exponent = instrument.base.decimals - instrument.quote.decimals
    ratio = (Decimal(price.quote_atoms) / Decimal(price.base_atoms)).scaleb(exponent)
    return price_digits(ratio)


# At least cents, and at least six figures: a cheap asset's price is all behind the point.
def price_digits(price: Decimal) -> str:
    """Return a price with at least cents, and at least six figures."""
    return f"{price:.{max(_CASH_DECIMALS, _PRICE_FIGURES - 1 - price.adjusted())}f}"


def _leg_data(leg: Leg, fees: Mapping[InstrumentId, int]) -> dict[str, object]:
    buying = leg.side is Side.BUY
    paid, received = (leg.notional, leg.quantity) if buying else (leg.quantity, leg.notional)
    exact_output = buying is (leg.quantity_kind is QuantityKind.BASE)
    return {
        "instrument": leg.instrument.id,
        "venue": leg.instrument.venue,
        "protocol": leg.instrument.protocol,
        "symbol": leg.instrument.symbol,
        "kind": leg.instrument.kind.value,
        "fee_pips": _fee_pips(leg.instrument, fees),
        "exact": "output" if exact_output else "input",
        "asset_in": paid.asset,
        "amount_in_atoms": str(paid.atoms),
        "asset_out": received.asset,
        "amount_out_atoms": str(received.atoms),
        "bound_atoms": str(leg.bound.atoms),
        "limit_ticks": leg.limit_ticks,
        "hops": [_hop_data(hop, fees) for hop in _hops(leg, paid, received)],
        "cost_atoms": _cost_data(leg.cost),
        "slippage_bps": leg.slippage / 100,
    }


# A direct pool is a route of one hop.
def _hops(leg: Leg, paid: Amount, received: Amount) -> tuple[Hop, ...]:
    if leg.instrument.kind is InstrumentKind.SPOT_POOL:
        return (Hop(leg.instrument, paid, received),)
    return leg.hops


# A route has no fee of its own; its hops have theirs.
def _fee_pips(instrument: Instrument, fees: Mapping[InstrumentId, int]) -> int | None:
    if instrument.kind is InstrumentKind.SPOT_ROUTE:
        return None
    return fees.get(instrument.id, instrument.fee_pips if instrument.has_fixed_fee else None)


def _hop_data(hop: Hop, fees: Mapping[InstrumentId, int]) -> dict[str, object]:
    return {
        "instrument": hop.instrument.id,
        "protocol": hop.instrument.protocol,
        "symbol": hop.instrument.symbol,
        "fee_pips": _fee_pips(hop.instrument, fees),
        "asset_in": hop.paid.asset,
        "amount_in_atoms": str(hop.paid.atoms),
        "asset_out": hop.received.asset,
        "amount_out_atoms": str(hop.received.atoms),
    }


def _cost_data(cost: CostSplit) -> dict[str, str]:
    return {
        "impact": str(cost.impact),
        "basis_in_impact": str(cost.basis),
        "fees": str(cost.fees),
        "gas": str(cost.gas),
        "funding": str(cost.funding),
        "total": str(cost.total),
    }


def bps(pico: int) -> float:
    """Return a rate in basis points."""
    return pico * _BPS_PER_UNIT / PICO_PER_UNIT
