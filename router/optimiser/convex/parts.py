"""What is not convex, taken apart: accounts that only reduce, and margin that jumps with its tier.

A venue lets orders pass that only reduce positions, whatever the margin; and where margin is the
whole notional at the rate of the tier it reaches, it jumps. What is allowed is then a union of
cells: of every account either its rows hold (A) or it only reduces (B), and every jumping margin
is in one of its tiers. A part is a convex set that holds the plans of some cells:

* An account in B: its curves end where its positions do, initial margin is not asked, a scenario
  that is survived stays survived, and no other becomes worse. Trading nothing is in B.
* An account in A with a jump between tiers l <= h: the whole notional at the rate of tier l, which
  is no more than what its plans pay, and the curve ends where tier h does (`jumps`). At l = the
  tier reached, it is what they pay.

So a part's Lagrangian bound holds for every plan of its cells. It holds for B instead of A as well
if its multipliers of the rows that B drops or widens are zero: no other row differs, and the curves
of B are shorter (`neighbours`). Therefore a part is only looked at where the bounds of those before
it neither cover it nor exceed the best plan. Where a plan pays less than the tier it reaches asks,
its part is cut in two at that tier. Refuses to go on beyond a number of parts: what is left keeps
the bound it has, and the gap says so.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from router.domain.certificate import Assumption, AssumptionKind, PartBound
from router.domain.error import SolverError
from router.optimiser.convex.certificate import (
    GAP_MAX,
    ROOM_TOLERANCE,
    Prices,
    Split,
    is_feasible,
    lower_bound,
    part_bound,
    to_prices,
)
from router.optimiser.convex.joint import FILL_TOLERANCE, Effort, Proof, prove
from router.optimiser.convex.jumps import (
    assumed,
    capped,
    charged,
    check_assumptions,
    highest,
    lowest,
    tier_before,
    tier_reached,
    with_account,
)
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import Jump, ScaledProblem
from router.optimiser.convex.split import certified, separable

_PARTS_MAX: Final = 64
_CELLS_MAX: Final = 65_536
_UNHELD_PRICE: Final = 10.0  # of a demand that the curves cannot hold: its bound is beyond any cost


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """A part not looked at yet, and a bound it has from the part it came from."""

    part: ScaledProblem
    prices: Prices
    lower: float


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    part: ScaledProblem
    proof: Proof


def solve_continuous(scaled: ScaledProblem, *, effort: Effort | None = None) -> Split | None:
    """Return a split of shares with its certificate, or None if rows provably forbid every one.

    Its gap is above `gap_max` only where the effort was cut short, or too many parts were needed.

    Raises
    ------
    SolverError
        If neither a plan was found nor a proof that there is none.
    """
    if not holds_demands(scaled):
        return None
    root = part_of(scaled, ())
    shares, demands = separable(scaled)
    if is_feasible(root.tightened(), shares) and underpaid(root, shares) is None:
        fast = certified(root, shares, demands)
        if fast.gap <= GAP_MAX:
            return fast
    search = _Search(scaled, effort or Effort(), start=(shares, demands))
    return search.solve(root, to_prices(demands.tolist(), ()))


def part_of(
    scaled: ScaledProblem, assumptions: Sequence[Assumption], *, is_strict: bool = False
) -> ScaledProblem:
    """Return the part of a problem, as it is written by `market`, that assumptions describe.

    Without any, jumping margins are charged at the tier that the position before already reaches.
    Refuses, by a `CertificateError`, what is of no account or tier.

    Parameters
    ----------
    is_strict : bool
        To look for plans in, not for a bound; see `jumps.capped`.
    """
    check_assumptions(scaled, assumptions)
    told = {(a.kind, a.name): a.tier for a in assumptions}
    names = [account.account for account in scaled.accounts]
    already = _reducing_accounts(scaled)
    for place, name in enumerate(names):
        if (AssumptionKind.REDUCES, name) in told and name not in already:
            scaled = reduces_only(scaled, place)
    for jump in scaled.jumps:
        least = told.get((AssumptionKind.TIER_MIN, jump.instrument))
        if least is not None:
            scaled = assumed(scaled, Assumption(AssumptionKind.TIER_MIN, jump.instrument, least))
        rate = tier_before(scaled, jump) if least is None else least
        scaled = charged(scaled, jump, tier=rate)
        most = told.get((AssumptionKind.TIER_MAX, jump.instrument))
        if most is not None:
            scaled = assumed(scaled, Assumption(AssumptionKind.TIER_MAX, jump.instrument, most))
            scaled = capped(scaled, jump, least=rate, most=most, is_strict=is_strict)
    return scaled


def neighbours(part: ScaledProblem, prices: Prices) -> Iterator[ScaledProblem]:
    """Return the parts with one more account only reducing that the bound does not cover."""
    priced = {row for row, _ in prices.rows}
    for place in _able(part):
        if priced & _dropped(part, place):
            yield reduces_only(part, place)


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
    own = {j.instrument for j in scaled.jumps if j.account == place}
    changed = replace(
        with_account(scaled, place, replace(account, rooms=rooms)),
        curves=curves,
        jumps=tuple(j for j in scaled.jumps if j.account != place),
        assumptions=tuple(a for a in scaled.assumptions if a.name not in own),
    )
    return assumed(changed, Assumption(AssumptionKind.REDUCES, account.account))


def holds_every_plan(scaled: ScaledProblem, parts: Sequence[PartBound]) -> bool:
    """Tell whether bounded parts together hold every plan of a problem, as `market` writes it.

    Raises
    ------
    SolverError
        If there are too many cells to count through.
    """
    root = part_of(scaled, ())
    built = [_Bounded(root, scaled, part) for part in parts]
    # Where no part tells the cells apart, they are covered alike.
    able = [place for place in _able(root) if any(one.tells_account(place) for one in built)]
    tiers = [
        range(tier_before(root, jump), len(jump.rates))
        if any(one.tells_tier(jump) for one in built)
        else range(tier_before(root, jump), tier_before(root, jump) + 1)
        for jump in root.jumps
    ]
    cells = 2 ** len(able) * math.prod(len(own) for own in tiers)
    if cells > _CELLS_MAX:
        raise SolverError(f"{cells} cells of tiers and reducing accounts, above {_CELLS_MAX}")
    return all(
        any(
            one.covers({p for p, is_in in zip(able, inside, strict=True) if is_in}, reached)
            for one in built
        )
        for inside in product((False, True), repeat=len(able))
        for reached in product(*tiers)
    )


def underpaid(part: ScaledProblem, shares: Floats) -> list[tuple[Jump, int]] | None:
    """Return None where shares can bear the margin of the tiers they really reach.

    Else the jumps, with their tiers, at which the part can be cut; the dearest first.
    """
    for place in sorted({jump.account for jump in part.jumps}):
        own = [(j, tier_reached(part, j, shares)) for j in part.jumps if j.account == place]
        if all(tier <= lowest(part, jump) for jump, tier in own):
            continue
        really = part
        for jump, tier in own:
            really = charged(really, jump, tier=tier)
        room = float(really.tightened().accounts[place].rooms[0])
        if float(really.uses(shares)[part.first_rows[place]]) > room + ROOM_TOLERANCE:
            able = [(j, t) for j, t in own if lowest(part, j) < t <= highest(part, j)]
            return sorted(able, key=lambda o: o[0].rates[lowest(part, o[0])] - o[0].rates[o[1]])
    return None


def cut(
    scaled: ScaledProblem, part: ScaledProblem, jump: Jump, *, tier: int
) -> Iterator[ScaledProblem]:
    """Return the part of a part's plans that reach a tier, and that of those staying below it."""
    for kind, bound in ((AssumptionKind.TIER_MIN, tier), (AssumptionKind.TIER_MAX, tier - 1)):
        described = assumed(part, Assumption(kind, jump.instrument, bound))
        yield part_of(scaled, described.assumptions)


def holds_demands(scaled: ScaledProblem) -> bool:
    """Tell whether the curves together hold every order."""
    return all(_held(scaled))


# A stored bound as what it was reckoned for.
class _Bounded:
    def __init__(self, root: ScaledProblem, scaled: ScaledProblem, bound: PartBound) -> None:
        self._part = part_of(scaled, bound.assumptions)
        self._jumps = root.jumps
        places = {account.account: i for i, account in enumerate(scaled.accounts)}
        own = _reducing_accounts(self._part) - _reducing_accounts(scaled)
        self._reducing = {places[name] for name in own}
        rows = {scaled.name(row): row for row in range(scaled.n_rows)}
        self._charged = {rows[m.row] for m in bound.multipliers if m.row in rows and m.value > 0}

    def tells_account(self, place: int) -> bool:
        return place in self._reducing or bool(self._charged & _dropped(self._part, place))

    def tells_tier(self, jump: Jump) -> bool:
        return any(a.name == jump.instrument for a in self._part.assumptions)

    # Whether the plans of a cell are among those bounded.
    def covers(self, reducing: set[int], tiers: tuple[int, ...]) -> bool:
        if not self._reducing <= reducing:
            return False
        if any(self._charged & _dropped(self._part, i) for i in reducing - self._reducing):
            return False
        return all(
            jump.account in reducing or lowest(self._part, jump) <= t <= highest(self._part, jump)
            for jump, t in zip(self._jumps, tiers, strict=True)
        )


# What is known from part to part.
class _Search:
    def __init__(
        self, scaled: ScaledProblem, effort: Effort, *, start: tuple[Floats, Floats]
    ) -> None:
        self._scaled = scaled
        self._effort = effort
        self._start = start  # without rows
        self._open: list[_Open] = []
        self._seen: set[tuple[Assumption, ...]] = set()
        self._bounded: list[_Found] = []
        self._best: _Found | None = None
        self._failure: SolverError | None = None

    def solve(self, root: ScaledProblem, prices: Prices) -> Split | None:
        self._wait([root], prices)
        while self._open:
            likeliest = min(range(len(self._open)), key=lambda i: self._open[i].lower)
            waiting = self._open.pop(likeliest)
            if waiting.part.assumptions not in self._seen:
                self._seen.add(waiting.part.assumptions)
                self._look(waiting)
        if self._best is not None:
            return _split(self._best, self._bounded)
        if self._failure is not None:
            raise self._failure
        return None

    def _look(self, waiting: _Open) -> None:
        part, best = waiting.part, self._best
        if best is not None and waiting.lower >= best.proof.upper - best.proof.gap_max:
            self._keep(part, _unproved(part, waiting.prices, waiting.lower))
        elif len(self._seen) > _PARTS_MAX or (best is not None and self._effort.is_late()):
            self._give_up(waiting)
        else:
            try:
                proof = self._prove(part)
            except SolverError as failure:
                self._failure = failure
                self._give_up(waiting)
            else:
                self._learn(part, proof)

    def _prove(self, part: ScaledProblem) -> Proof:
        if not holds_demands(part):
            dear = [0.0 if held else _UNHELD_PRICE for held in _held(part)]
            prices = to_prices(dear, ())
            return _unproved(part, prices, lower_bound(part, prices))
        inner = part_of(self._scaled, part.assumptions, is_strict=True)
        is_whole = part.curves is self._scaled.curves
        shares, demands = self._start if is_whole else separable(part)
        proof = prove(inner, shares, demands, effort=self._effort)
        if not part.jumps:
            return proof
        return replace(proof, lower=lower_bound(part, proof.prices))

    def _learn(self, part: ScaledProblem, proof: Proof) -> None:
        is_plan = math.isfinite(proof.upper)
        jumped = underpaid(part, proof.shares) if is_plan else None
        if jumped:
            jump, tier = jumped[0]
            self._wait(cut(self._scaled, part, jump, tier=tier), proof.prices)
            return
        self._keep(part, proof)
        if jumped is not None:
            self._failure = SolverError("margin jumps at a tier that no part ends at")
        elif is_plan and (self._best is None or proof.upper < self._best.proof.upper):
            self._best = self._bounded[-1]

    def _keep(self, part: ScaledProblem, proof: Proof) -> None:
        self._bounded.append(_Found(part, proof))
        self._wait(neighbours(part, proof.prices), proof.prices)

    # The bound it has, without the multipliers of any row that a neighbour would drop.
    def _give_up(self, waiting: _Open) -> None:
        part = waiting.part
        dropped = {row for place in _able(part) for row in _dropped(part, place)}
        prices = _without(waiting.prices, dropped)
        proof = _unproved(part, prices, lower_bound(part, prices))
        self._bounded.append(_Found(part, proof))
        self._failure = self._failure or SolverError(
            f"more than {_PARTS_MAX} parts of tiers and reducing accounts"
        )

    def _wait(self, parts: Iterable[ScaledProblem], prices: Prices) -> None:
        for described in parts:
            part = part_of(self._scaled, described.assumptions)
            own = _without(prices, set(np.flatnonzero(np.isinf(part.rooms())).tolist()))
            self._open.append(_Open(part, own, lower_bound(part, own)))


def _split(best: _Found, bounded: Sequence[_Found]) -> Split:
    others = [s for s in bounded if s is not best]
    upper = best.proof.upper
    bounds = [part_bound(s.part, s.proof.prices, lower=s.proof.lower) for s in (best, *others)]
    loose = [s.proof for s in others if s.proof.lower < upper and math.isfinite(s.proof.upper)]
    return Split(
        shares=best.proof.shares,
        upper=upper,
        lower=min(upper, *(s.proof.lower for s in bounded)),
        parts=tuple(bounds),
        method="joint",
        gap_max=max(proof.gap_max for proof in (best.proof, *loose)),
    )


def _unproved(part: ScaledProblem, prices: Prices, lower: float) -> Proof:
    return Proof(np.zeros(len(part.curves)), math.inf, lower, prices, GAP_MAX)


def _held(scaled: ScaledProblem) -> list[bool]:
    held = [0.0] * len(scaled.demands)
    for curve in scaled.curves:
        held[curve.demand] += curve.cap
    pairs = zip(held, scaled.demands, strict=True)
    return [cap >= demand.share * (1.0 - FILL_TOLERANCE) for cap, demand in pairs]


def _without(prices: Prices, rows: set[int]) -> Prices:
    return Prices(prices.demands, tuple((r, p) for r, p in prices.rows if r not in rows))


# The accounts that may gain from only reducing: they hold what can be reduced, or are in breach.
def _able(part: ScaledProblem) -> list[int]:
    already = _reducing_accounts(part)
    return [
        i
        for i, account in enumerate(part.accounts)
        if account.account not in already
        and (np.any(account.position < 0.0) or np.any(account.rooms < 0.0))
    ]


# The rows that are not asked, or asked less, where an account only reduces.
def _dropped(part: ScaledProblem, place: int) -> set[int]:
    first, rooms = part.first_rows[place], part.accounts[place].rooms
    return {first, *(first + np.flatnonzero(rooms < 0.0)).tolist()}


def _reducing_accounts(scaled: ScaledProblem) -> set[str]:
    return {a.name for a in scaled.assumptions if a.kind is AssumptionKind.REDUCES}
