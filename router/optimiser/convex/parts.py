"""What is not convex, taken apart: accounts that only reduce, and margin that jumps with its tier.

A venue lets orders pass that only reduce positions, whatever the margin; so what is allowed is a
union of convex parts. A part is looked at only where the bound of those before it does not already
cover it. Refuses to go on beyond a number of parts, and says so.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.certificate import Assumption, AssumptionKind
from router.domain.error import SolverError
from router.optimiser.convex.certificate import (
    GAP_MAX,
    ROOM_TOLERANCE,
    Split,
    is_feasible,
    part_bound,
)
from router.optimiser.convex.joint import FILL_TOLERANCE, Effort, Proof, prove
from router.optimiser.convex.scaled import AccountRows, Floats, Jump, ScaledProblem, Tiers
from router.optimiser.convex.split import certified, separable

_PARTS_MAX: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    part: ScaledProblem
    proof: Proof


def solve_continuous(scaled: ScaledProblem, *, effort: Effort | None = None) -> Split | None:
    """Return the certified split of shares, or None if it is proved that rows forbid every one.

    Raises
    ------
    SolverError
        If no certificate within 0.01 bp is found within the rounds and parts allowed.
    """
    if not _holds_demands(scaled):
        return None
    shares, demands = separable(scaled)
    if is_feasible(scaled.tightened(), shares) and _keeps_jumps(scaled, shares) is None:
        fast = certified(scaled, shares, demands)
        if fast.gap <= GAP_MAX:
            return fast
    return _joint(scaled, effort or Effort())


def _joint(scaled: ScaledProblem, effort: Effort) -> Split | None:
    open_parts, seen = [_lowest_tiers(scaled)], set()
    solved: list[_Solved] = []
    best: _Solved | None = None
    while open_parts:
        part = open_parts.pop()
        if part.assumptions in seen:
            continue
        seen.add(part.assumptions)
        if len(seen) > _PARTS_MAX:
            raise SolverError(f"more than {_PARTS_MAX} parts of tiers and reducing accounts")
        proof = _prove(part, effort)
        if proof is None:
            open_parts += _reducing(part, None)
            continue
        broken = _keeps_jumps(part, proof.shares)
        upper = best.proof.upper if best else math.inf
        if broken is not None and proof.lower < upper - GAP_MAX:
            open_parts += _other_tiers(part, broken, proof.shares)
        else:
            solved.append(_Solved(part, proof))
            if broken is None and proof.upper < upper:
                best = solved[-1]
        open_parts += _reducing(part, proof)
    return None if best is None else _split(best, solved)


def _split(best: _Solved, solved: Sequence[_Solved]) -> Split:
    others = [s for s in solved if s is not best]
    lower = min(s.proof.lower for s in solved)
    bounds = [part_bound(s.part, s.proof.prices, lower=s.proof.lower) for s in (best, *others)]
    return Split(
        shares=best.proof.shares,
        upper=best.proof.upper,
        lower=min(lower, best.proof.upper),
        parts=tuple(bounds),
        method="joint",
        gap_max=max(s.proof.gap_max for s in solved),
    )


# Where no row stands against the cheapest split of a part, that is its answer.
def _prove(part: ScaledProblem, effort: Effort) -> Proof | None:
    if not _holds_demands(part):
        return None
    shares, demands = separable(part)
    return prove(part, shares, demands, effort=effort)


def _holds_demands(scaled: ScaledProblem) -> bool:
    held = [0.0] * len(scaled.demands)
    for curve in scaled.curves:
        held[curve.demand] += curve.cap
    pairs = zip(held, scaled.demands, strict=True)
    return all(cap >= demand.share - FILL_TOLERANCE for cap, demand in pairs)


# The bound of a part whose row has no multiplier holds without that row, too.
def _reducing(part: ScaledProblem, proof: Proof | None) -> Iterator[ScaledProblem]:
    already = {a.name for a in part.assumptions if a.kind is AssumptionKind.REDUCES}
    charged = None if proof is None else {row for row, _ in proof.prices.rows}
    for i, (first, account) in enumerate(zip(part.first_rows, part.accounts, strict=True)):
        dropped = {first, *(first + np.flatnonzero(account.rooms < 0.0)).tolist()}
        helps = bool(np.any(account.position < 0.0)) or bool(np.any(account.rooms < 0.0))
        if account.account in already or not helps:
            continue
        if charged is None or charged & dropped:
            yield reduces_only(part, i)


def reduces_only(scaled: ScaledProblem, place: int) -> ScaledProblem:
    """Return the part where an account only reduces positions.

    Its initial margin is not asked; a scenario that is survived before must be survived after, and
    none that is not may become worse.
    """
    account = scaled.accounts[place]
    rooms = np.maximum(account.rooms, 0.0)
    rooms[0] = math.inf
    held = dict(zip(account.members, account.position.tolist(), strict=True))
    curves = tuple(
        replace(curve, cap=min(curve.cap, max(-held[c], 0.0))) if c in held else curve
        for c, curve in enumerate(scaled.curves)
    )
    accounts = list(scaled.accounts)
    accounts[place] = replace(account, rooms=rooms)
    assumed = {*scaled.assumptions, Assumption(AssumptionKind.REDUCES, account.account)}
    return replace(
        scaled,
        curves=curves,
        accounts=tuple(accounts),
        jumps=tuple(j for j in scaled.jumps if j.account != place),
        assumptions=tuple(sorted(assumed, key=lambda a: (a.kind.value, a.name, a.tier))),
    )


def _lowest_tiers(scaled: ScaledProblem) -> ScaledProblem:
    for jump in scaled.jumps:
        scaled = _charged(scaled, jump, tier=0)
    return scaled


# The first jump whose margin at the tier that is really reached breaks the account's room.
def _keeps_jumps(scaled: ScaledProblem, shares: Floats) -> Jump | None:
    for i, account in enumerate(scaled.accounts):
        own = [j for j in scaled.jumps if j.account == i]
        if not own:
            continue
        really = scaled
        for jump in own:
            really = _charged(really, jump, tier=_tier(scaled, jump, shares))
        used = float(really.uses(shares)[scaled.first_rows[i]])
        if used > float(account.rooms[0]) + ROOM_TOLERANCE:
            dearest = [j for j in own if _tier(scaled, j, shares) > _lowest(scaled, j)]
            return (dearest or own)[0]
    return None


def _other_tiers(part: ScaledProblem, jump: Jump, shares: Floats) -> Iterator[ScaledProblem]:
    reached = _tier(part, jump, shares)
    if reached <= _lowest(part, jump):
        return
    dearer = _charged(part, jump, tier=reached)
    yield _assumed(dearer, jump, AssumptionKind.TIER_MIN, tier=reached)
    below = _capped(part, jump, tier=reached - 1)
    yield _assumed(below, jump, AssumptionKind.TIER_MAX, tier=reached - 1)


def _assumed(part: ScaledProblem, jump: Jump, kind: AssumptionKind, *, tier: int) -> ScaledProblem:
    others = [a for a in part.assumptions if (a.kind, a.name) != (kind, jump.instrument)]
    assumed = [*others, Assumption(kind, jump.instrument, tier)]
    ordered = sorted(assumed, key=lambda a: (a.kind.value, a.name, a.tier))
    return replace(part, assumptions=tuple(ordered))


def _lowest(part: ScaledProblem, jump: Jump) -> int:
    return next(
        (
            a.tier
            for a in part.assumptions
            if a.kind is AssumptionKind.TIER_MIN and a.name == jump.instrument
        ),
        0,
    )


def _tier(scaled: ScaledProblem, jump: Jump, shares: Floats) -> int:
    account = scaled.accounts[jump.account]
    curve = account.members[jump.member]
    after = abs(float(account.position[jump.member] + shares[curve]))
    notional = after * float(account.weight[0, jump.member])
    return max((t for t, bound in enumerate(jump.bounds) if notional > bound), default=0)


# The whole notional at one tier's rate; what it was before the order is charged as it was.
def _charged(scaled: ScaledProblem, jump: Jump, *, tier: int) -> ScaledProblem:
    account = scaled.accounts[jump.account]
    rate, deduction = account.initial.rate.copy(), account.initial.deduction.copy()
    rate[jump.member], deduction[jump.member] = jump.rates[tier], 0.0
    before = abs(float(account.position[jump.member])) * float(account.weight[0, jump.member])
    rooms = account.rooms.copy()
    was = float(account.initial.rate[jump.member, 0])
    rooms[0] += (was - jump.rates[tier]) * before
    changed = replace(account, initial=Tiers(rate, deduction), rooms=rooms)
    return _with_account(scaled, jump.account, changed)


def _capped(scaled: ScaledProblem, jump: Jump, *, tier: int) -> ScaledProblem:
    account = scaled.accounts[jump.account]
    place, weight = account.members[jump.member], float(account.weight[0, jump.member])
    most = jump.bounds[tier + 1] / weight - float(account.position[jump.member])
    curves = list(scaled.curves)
    curves[place] = replace(curves[place], cap=min(curves[place].cap, max(most, 0.0)))
    return replace(scaled, curves=tuple(curves))


def _with_account(scaled: ScaledProblem, place: int, account: AccountRows) -> ScaledProblem:
    accounts = list(scaled.accounts)
    accounts[place] = account
    return replace(scaled, accounts=tuple(accounts))
