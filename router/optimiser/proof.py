"""The proof of a plan as it is stored, and what it says in words."""

import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from router.domain.certificate import (
    Assumption,
    AssumptionKind,
    Certificate,
    GasBound,
    Multiplier,
    Share,
)
from router.domain.error import CertificateError
from router.domain.plan import RoutePlan
from router.domain.units import PICO_PER_UNIT, Pico, format_decimal
from router.optimiser.convex.certificate import Prices, Split, cheapest, demand_name
from router.optimiser.convex.scaled import ScaledProblem

_BPS: Final = 10_000
_STEP: Final = 1_000  # units of cash or collateral that a sentence speaks of
_MULTIPLIER_MAX: Final = 10**30  # of 1e-12: no float made of it overflows
_DEPTH_TOLD_MIN: Final = 1e-6  # of the notional: a hundredth of a basis point
_ROBUST: Final = "robust"  # as the method of such a split begins
_RESOURCES: Final = {"cash": "cash", "margin": "collateral", "stress": "collateral"}


def certify(
    scaled: ScaledProblem,
    split: Split,
    *,
    rounded_cost: Pico,
    quantities: Sequence[int],
    gas: Sequence[GasBound] = (),
) -> Certificate:
    """Write the proof down, each bound rounded away from the other.

    Parameters
    ----------
    quantities : Sequence[int]
        Base of each order in all, in atoms.
    """
    return Certificate(
        upper_bound=Pico(math.ceil(split.upper * PICO_PER_UNIT)),
        lower_bound=Pico(math.floor(split.lower * PICO_PER_UNIT)),
        rounded_cost=rounded_cost,
        multipliers=split.multipliers,
        method=split.method,
        parts=split.parts,
        gas=tuple(gas),
        quantities=tuple(quantities),
        shares=tuple(_shares(scaled, split)),
    )


def prices_of(scaled: ScaledProblem, multipliers: Iterable[Multiplier]) -> Prices:
    """Return stored multipliers as prices of the problem's demands and rows.

    Raises
    ------
    CertificateError
        If one names no demand and no row, that of a row is negative, or one is beyond all reason.
    """
    rows = {scaled.name(row): row for row in range(scaled.n_rows)}
    demands = {demand_name(d.name): i for i, d in enumerate(scaled.demands)}
    told = [Pico(0)] * len(scaled.demands)
    charged: dict[int, Pico] = {}
    for multiplier in multipliers:
        if abs(multiplier.value) > _MULTIPLIER_MAX:
            raise CertificateError(
                f"multiplier of {multiplier.row} is beyond {_MULTIPLIER_MAX:.0e}"
            )
        if multiplier.row in demands:
            told[demands[multiplier.row]] = multiplier.value
        elif multiplier.row in rows and multiplier.value >= 0:
            charged[rows[multiplier.row]] = multiplier.value
        else:
            raise CertificateError(
                f"multiplier of {multiplier.row} is {multiplier.value}: the problem has no such"
                " row, or the multiplier is negative"
            )
    return Prices(tuple(told), tuple(sorted((r, p) for r, p in charged.items() if p > 0)))


def explain(plan: RoutePlan) -> tuple[str, ...]:
    """Say in words how good a plan is, what binds, and what more of it would save."""
    certificate = plan.certificate
    said = [_quality(certificate)]
    notional = _notional(plan)
    said += [
        sentence
        for multiplier in certificate.multipliers
        if (sentence := _binding(multiplier, plan, notional)) is not None
    ]
    if certificate.parts:
        said += [_assumed(a) for a in certificate.parts[0].assumptions]
    if len(said) == 1:
        said.append("neither cash nor margin binds: more of them would save nothing")
    return (*said, *_depths(certificate))


def _quality(certificate: Certificate) -> str:
    lower, sent = _bps(certificate.lower_bound), _bps(certificate.rounded_cost)
    # A robust plan's rates are of what it minimises: the expected cost, and its tail as it weighs.
    tail = ", its tail weighed in," if certificate.method.startswith(_ROBUST) else ""
    said = (
        f"no plan{tail} costs less than {lower:.4f} bps before gas; the split found is within"
        f" {_bps(certificate.gap):.4f} bps of that before gas and lots, and as sent costs"
        f" {sent:.4f} bps"
    )
    if certificate.gas:
        said += f"; with gas no plan costs less than {_bps(certificate.lower_bound_with_gas):.4f}"
        said += " bps"
    return said


def _binding(multiplier: Multiplier, plan: RoutePlan, notional: Decimal) -> str | None:
    kind, _, where = multiplier.row.partition(":")
    if multiplier.value <= 0 or kind not in _RESOURCES:
        return None
    account, _, scenario = where.rpartition(":") if kind == "stress" else (where, "", "")
    because = f" in the scenario {scenario}" if scenario else ""
    binds = f"{_RESOURCES[kind]} of {account} binds{because}"
    if not notional:
        return f"{binds}: a unit more would save {multiplier.value / PICO_PER_UNIT:.6f} units"
    quote = plan.legs[0].instrument.quote.id
    saved = Decimal(_bps(multiplier.value)) * _STEP / notional
    return f"{binds}: {_STEP:,} {quote} more would save {saved:.4f} bps of the order"


def _assumed(assumption: Assumption) -> str:
    if assumption.kind is AssumptionKind.REDUCES:
        return f"{assumption.name} is short of collateral: the plan only reduces there"
    bound = "at most" if assumption.kind is AssumptionKind.TIER_MAX else "at least"
    return f"{assumption.name} stays in margin tier {bound} {assumption.tier}"


def _depths(certificate: Certificate) -> Iterator[str]:
    for share in sorted(certificate.shares, key=lambda s: (-s.depth_worth, s.curve)):
        saved = share.depth_worth / PICO_PER_UNIT / 100
        if saved >= _DEPTH_TOLD_MIN:
            yield f"1 % more depth at {share.curve} would save {saved * _BPS:.4f} bps"


# The order at its arrival mid, in whole quote tokens; zero where the proof is of several orders.
def _notional(plan: RoutePlan) -> Decimal:
    quantities = plan.certificate.quantities
    if not plan.legs or len(quantities) != 1:
        return Decimal(0)
    decimals, mid = plan.legs[0].instrument.quote.decimals, plan.arrival_mid
    (base,) = quantities
    atoms = base * mid.quote_atoms // mid.base_atoms
    return Decimal(format_decimal(atoms, decimals))


# The prices of a robust split are of its outlook, and do not tell what depth as seen is worth.
def _shares(scaled: ScaledProblem, split: Split) -> Iterator[Share]:
    worths = [0.0] * len(scaled.curves)
    if not split.method.startswith(_ROBUST):
        bests = cheapest(scaled, prices_of(scaled, split.multipliers))
        worths = [max(-best.value, 0.0) for best in bests]
    for curve, share, worth in zip(scaled.curves, split.shares.tolist(), worths, strict=True):
        yield Share(
            order=scaled.demands[curve.demand].name,
            curve=curve.name,
            value=Pico(round(share * PICO_PER_UNIT)),
            depth_worth=Pico(round(worth * PICO_PER_UNIT)),
        )


def _bps(pico: int) -> float:
    return pico * _BPS / PICO_PER_UNIT
