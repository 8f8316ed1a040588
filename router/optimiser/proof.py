"""The proof of a plan as it is stored, and what it says in words."""

import math
from typing import Final

from router.domain.certificate import AssumptionKind, Certificate
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.certificate import Split

_BPS: Final = 10_000


def certify(split: Split, *, rounded_cost: Pico) -> Certificate:
    """Write the proof down, each bound rounded away from the other."""
    return Certificate(
        upper_bound=Pico(math.ceil(split.upper * PICO_PER_UNIT)),
        lower_bound=Pico(math.floor(split.lower * PICO_PER_UNIT)),
        rounded_cost=rounded_cost,
        multipliers=split.multipliers,
        method=split.method,
        parts=split.parts,
    )


def sentences(certificate: Certificate) -> tuple[str, ...]:
    """Say in words how good the plan is, what binds, and what more of it would save."""
    gap = certificate.gap / PICO_PER_UNIT * _BPS
    lower = certificate.lower_bound / PICO_PER_UNIT * _BPS
    sent = certificate.rounded_cost / PICO_PER_UNIT * _BPS
    bound = f"no plan costs less than {lower:.4f} bps before gas"
    found = f"the split found is within {gap:.4f} bps of that before gas and lots"
    said = [f"{bound}; {found}, and as sent costs {sent:.4f} bps"]
    for multiplier in certificate.multipliers:
        kind, _, account = multiplier.row.partition(":")
        if multiplier.value <= 0 or kind not in _RESOURCES:
            continue
        saved = multiplier.value / PICO_PER_UNIT * _BPS
        said.append(
            f"{_RESOURCES[kind]} of {account} binds: one more unit of it would save "
            f"{saved:.4f} bps of that unit"
        )
    assumptions = certificate.parts[0].assumptions if certificate.parts else ()
    said += [
        f"{assumed.name} is short of collateral: the plan only reduces there"
        for assumed in assumptions
        if assumed.kind is AssumptionKind.REDUCES
    ]
    if len(said) == 1:
        said.append("neither cash nor margin binds: more of them would save nothing")
    return tuple(said)


_RESOURCES: Final = {"cash": "cash", "margin": "collateral"}
