"""Initial margin that jumps: the whole notional at the rate of the tier that the position reaches.

Here it is charged at one tier's rate, which is convex, and kept below a tier's end. Refuses to
choose the tier; `parts` does.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from router.domain.certificate import Assumption, AssumptionKind
from router.domain.error import CertificateError
from router.optimiser.convex.rows import AccountRows, Floats, Tiers
from router.optimiser.convex.scaled import Jump, ScaledProblem

_STEEP: Final = 1e4  # margin of a notional beyond where a part ends: far dearer than any trade
_TIER_NOISE: Final = 1e-12  # a notional this far beyond a bound, in shares, is at the bound


def assumed(part: ScaledProblem, assumption: Assumption) -> ScaledProblem:
    """Return the part with an assumption, in the place of another about the same."""
    new = (assumption.kind, assumption.name)
    others = [a for a in part.assumptions if (a.kind, a.name) != new]
    ordered = sorted([*others, assumption], key=lambda a: (a.kind.value, a.name, a.tier))
    return replace(part, assumptions=tuple(ordered))


def check_assumptions(scaled: ScaledProblem, assumptions: Iterable[Assumption]) -> None:
    """Refuse assumptions that are of no account or tier.

    Raises
    ------
    CertificateError
        If one is.
    """
    tiers = {jump.instrument: len(jump.rates) for jump in scaled.jumps}
    accounts = {account.account: 1 for account in scaled.accounts}
    for one in assumptions:
        known = accounts if one.kind is AssumptionKind.REDUCES else tiers
        if not 0 <= one.tier < known.get(one.name, 0):
            said = f"{one.kind.value} {one.name} {one.tier}"
            raise CertificateError(f"{said} is assumed, of no such account or tier")


def lowest(part: ScaledProblem, jump: Jump) -> int:
    """Return the tier that a part charges at least."""
    told = _told(part, jump, AssumptionKind.TIER_MIN)
    return tier_before(part, jump) if told is None else told


def highest(part: ScaledProblem, jump: Jump) -> int:
    """Return the tier that a part's plans reach at most."""
    told = _told(part, jump, AssumptionKind.TIER_MAX)
    return len(jump.rates) - 1 if told is None else told


def tier_before(scaled: ScaledProblem, jump: Jump) -> int:
    """Return the tier that no order of this side leaves: it adds to a position of its own."""
    position = float(scaled.accounts[jump.account].position[jump.member])
    return _tier_of(scaled, jump, max(position, 0.0))


def tier_reached(scaled: ScaledProblem, jump: Jump, shares: Floats) -> int:
    """Return the tier that the position is in after the shares."""
    account = scaled.accounts[jump.account]
    share = float(shares[account.members[jump.member]])
    return _tier_of(scaled, jump, abs(float(account.position[jump.member]) + share))


def charged(scaled: ScaledProblem, jump: Jump, *, tier: int) -> ScaledProblem:
    """Charge the whole notional at one tier's rate."""
    return _on_lines(scaled, jump, ((jump.rates[tier], 0.0),))


def capped(
    scaled: ScaledProblem, jump: Jump, *, least: int, most: int, is_strict: bool
) -> ScaledProblem:
    """Return the part whose plans end in a tier or below it, charged at the rate of another.

    A position that grows ends where the tier does. One that shrinks may start above; there margin
    rises steeply, which charges no plan of the part.

    Parameters
    ----------
    is_strict : bool
        Margin rises so early that at the tier's end it is what the dearest tier asks: then every
        plan is allowed for real, but a sliver of the part is charged too much for a bound.
    """
    if most + 1 >= len(jump.bounds):
        return scaled
    account, bound = scaled.accounts[jump.account], jump.bounds[most + 1]
    place, weight = account.members[jump.member], float(account.weight[0, jump.member])
    position = float(account.position[jump.member])
    curves = list(scaled.curves)
    cap = max(bound / weight - position, 0.0)
    curves[place] = replace(curves[place], cap=min(curves[place].cap, cap))
    scaled = replace(scaled, curves=tuple(curves))
    if -position * weight <= bound:
        return scaled
    rate = jump.rates[least]
    asked = jump.rates[-1] if is_strict else rate
    return _on_lines(scaled, jump, ((rate, 0.0), (_STEEP, (_STEEP - asked) * bound)))


def with_account(scaled: ScaledProblem, place: int, account: AccountRows) -> ScaledProblem:
    """Return the problem with other rows for one account."""
    accounts = list(scaled.accounts)
    accounts[place] = account
    return replace(scaled, accounts=tuple(accounts))


def _told(part: ScaledProblem, jump: Jump, kind: AssumptionKind) -> int | None:
    own = (a.tier for a in part.assumptions if (a.kind, a.name) == (kind, jump.instrument))
    return next(own, None)


def _tier_of(scaled: ScaledProblem, jump: Jump, position: float) -> int:
    notional = position * float(scaled.accounts[jump.account].weight[0, jump.member])
    beyond = (t for t, bound in enumerate(jump.bounds) if notional > bound + _TIER_NOISE)
    return max(beyond, default=0)


# What the position before asks is in the room, so the room changes with its margin.
def _on_lines(
    scaled: ScaledProblem, jump: Jump, lines: tuple[tuple[float, float], ...]
) -> ScaledProblem:
    account, member = scaled.accounts[jump.account], jump.member
    missing = max(len(lines) - account.initial.rate.shape[1], 0)
    padded = ((0, 0), (0, missing))
    rate = np.pad(account.initial.rate, padded, mode="edge")
    deduction = np.pad(account.initial.deduction, padded, mode="edge")
    filled = [*lines, *[lines[-1]] * (rate.shape[1] - len(lines))]
    rate[member], deduction[member] = zip(*filled, strict=True)
    initial = Tiers(rate, deduction)
    before = abs(float(account.position[member])) * float(account.weight[0, member])
    rooms = account.rooms.copy()
    rooms[0] += _margin(account.initial, member, before) - _margin(initial, member, before)
    return with_account(scaled, jump.account, replace(account, initial=initial, rooms=rooms))


def _margin(tiers: Tiers, member: int, notional: float) -> float:
    return float(np.max(tiers.rate[member] * notional - tiers.deduction[member]))
