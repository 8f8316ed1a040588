"""The margin rows of a perp account: what its orders use of initial margin and in every scenario.

What the account has left before the order is reckoned from whole atoms. Refuses to judge a plan.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.margin import (
    HeldPosition,
    InitialMargin,
    MarginAccount,
    MarginTier,
    Reservation,
    StressScenario,
)
from router.domain.plan import BookCandidate
from router.domain.units import (
    PICO_PER_UNIT,
    AccountId,
    Pico,
    Rounding,
    Side,
    divide,
)
from router.optimiser.convex.rows import AccountRows, Floats, Tiers
from router.optimiser.convex.scaled import Jump, ScaledCurve
from router.optimiser.market.shocks import Shocks, shocks_of
from router.optimiser.market.value import mark_value

GRAIN_ATOMS: Final = 16
GRAIN_MIN: Final = 3e-9  # of the notional: float quotes against exact ones
_GRAIN_HELD: Final = 4e-15  # of what is held before the order: its float
_HALVINGS: Final = 64  # of the share at which a gain ends
_Line = tuple[float, float]  # rate, deduction in atoms


@dataclass(frozen=True, slots=True)
class Member:
    """A book of the account.

    Attributes
    ----------
    curve : int
        Its curve in the scaled problem.
    mid : float, [quote / base]
        The arrival mid of the order it serves.
    base_decimals, quote_decimals : taken from the book's instrument.
    """

    curve: int
    book: BookCandidate
    side: Side
    mid: float

    @property
    def sign(self) -> float:
        """Return +1 for a buy, -1 for a sell."""
        return 1.0 if self.side is Side.BUY else -1.0

    @property
    def mark(self) -> float:
        """Return the mark price over the arrival mid."""
        return self.book.mark_ticks * 10.0**-self.book.instrument.tick_decimals / self.mid

    @property
    def held_atoms(self) -> int:
        """Return the notional of the position before at the mark, rounded up, without its sign."""
        return mark_value(self.book, abs(self.book.position_lots), rounding=Rounding.UP)


def position_share(member: Member, notional: float) -> float:
    """Return the position before in shares of the orders' notional, positive where they add."""
    book = member.book
    base = book.position_lots * book.instrument.lot_atoms / 10.0**book.instrument.base.decimals
    return member.sign * base * member.mid / notional


def adds_at_most(member: Member, notional: float) -> float:
    """Return the largest share that tiers, caps and reduce-only orders leave to a book."""
    book, before = member.book, position_share(member, notional)
    reducing = max(-before, 0.0)
    if book.reduces_only:
        return reducing
    bounds = [] if book.position_max_atoms is None else [book.position_max_atoms]
    if book.initial_margin is InitialMargin.AT_LEVERAGE:
        above = [t.above_atoms for t in book.tiers if t.leverage_max < book.leverage]
        bounds += above[:1]
    if not bounds:
        return np.inf
    unit = 10.0**book.instrument.quote.decimals * notional * member.mark
    return max(min(bounds) / unit - before, reducing, 0.0)


def account_rows(
    account: AccountId,
    margin: MarginAccount | None,
    members: Sequence[Member],
    *,
    scenarios: Sequence[StressScenario],
    reservations: Sequence[Reservation],
    curves: Sequence[ScaledCurve],
    notional: float,
) -> AccountRows:
    """Return the rows of an account; without a `margin` it has no room at all.

    Parameters
    ----------
    scenarios : Sequence[StressScenario]
        What every account must survive; what the account alone must comes after.
    curves : Sequence[ScaledCurve]
        Of all orders.
    """
    quote = members[0].book.instrument.quote
    unit = 10.0**quote.decimals * notional
    margin = margin or MarginAccount(account, 0, 0)
    reserved = sum(r.amount.atoms for r in reservations if r.account == account)
    equity = margin.equity_atoms - reserved
    asked = (*scenarios, *margin.scenarios)
    shocks = shocks_of(asked, tuple(m.book.instrument.base.id for m in members))
    mark, sign = np.array([m.mark for m in members]), np.array([m.sign for m in members])
    initial, maintenance = (_tiers(members, unit, is_initial=i) for i in (True, False))
    used = sum(_initial_used(m) for m in members) + margin.margin_used_elsewhere_atoms
    stressed = equity - margin.stress_buffer_atoms - _stress_used(margin, members, asked)
    held = sum(m.held_atoms for m in members) + sum(abs(p.notional_atoms) for p in margin.elsewhere)
    grain = max(GRAIN_ATOMS / unit, GRAIN_MIN, _GRAIN_HELD * (held + abs(equity)) / unit)
    rooms = np.concatenate(([float(equity - used)], stressed)) / unit
    return AccountRows(
        account=account,
        names=(f"margin:{account}", *(f"stress:{account}:{s.name}" for s in asked)),
        members=tuple(m.curve for m in members),
        position=np.array([position_share(m, notional) for m in members]),
        against_mark=sign * (1.0 - mark),
        weight=np.vstack([mark, mark * (1.0 + shocks.growth)]),
        gain=np.vstack([np.zeros(len(members)), sign * mark * (shocks.growth - shocks.funding)]),
        initial=initial,
        maintenance=maintenance,
        # A breach within the grain can neither be proved nor be cured by what floats resolve: a
        # room of nothing allows no less, and whole atoms are checked exactly.
        rooms=np.where((rooms < 0.0) & (rooms >= -grain), 0.0, rooms),
        grain=grain,
        **_closings(shocks, mark=mark, sign=sign),
        even=_even([curves[m.curve] for m in members], sign * (1.0 - mark)),
    )


def jumps_of(place: int, members: Sequence[Member], notional: float) -> tuple[Jump, ...]:
    """Return the members of the account at `place` whose initial margin jumps with the tier."""
    found = []
    for i, member in enumerate(members):
        book = member.book
        if book.initial_margin is InitialMargin.CAPPED and len(book.tiers) > 1:
            unit = 10.0**book.instrument.quote.decimals * notional
            found.append(
                Jump(
                    account=place,
                    member=i,
                    instrument=book.instrument.id,
                    bounds=tuple(tier.above_atoms / unit for tier in book.tiers),
                    rates=tuple(1.0 / min(book.leverage, t.leverage_max) for t in book.tiers),
                )
            )
    return tuple(found)


def initial_lines(book: BookCandidate) -> list[_Line]:
    """Return the lines whose largest is a book's initial margin; jumps are at the lowest tier."""
    if book.initial_margin is InitialMargin.AT_LEVERAGE or not book.tiers:
        return [(1.0 / book.leverage, 0.0)]
    rates = [1.0 / min(book.leverage, tier.leverage_max) for tier in book.tiers]
    if book.initial_margin is InitialMargin.CAPPED:
        return [(rates[0], 0.0)]
    return _lines(rates, [tier.above_atoms for tier in book.tiers])


def maintenance_lines(tiers: Sequence[MarginTier], initial: float) -> list[_Line]:
    """Return the lines whose largest is the maintenance margin; without tiers, the initial rate."""
    if not tiers:
        return [(initial, 0.0)]
    rates = [tier.maintenance / PICO_PER_UNIT for tier in tiers]
    return _lines(rates, [tier.above_atoms for tier in tiers])


def _lines(rates: Sequence[float], above: Sequence[int]) -> list[_Line]:
    deduction, lines = 0.0, [(rates[0], 0.0)]
    for k in range(1, len(rates)):
        deduction += above[k] * (rates[k] - rates[k - 1])
        lines.append((rates[k], deduction))
    return lines


def _tiers(members: Sequence[Member], unit: float, *, is_initial: bool) -> Tiers:
    rows = [
        initial_lines(m.book)
        if is_initial
        else maintenance_lines(m.book.tiers, 1.0 / m.book.leverage)
        for m in members
    ]
    longest = max(len(row) for row in rows)
    padded = np.array([row + [row[-1]] * (longest - len(row)) for row in rows])
    return Tiers(rate=padded[:, :, 0], deduction=padded[:, :, 1] / unit)


# To which share each member's fill gains against the mark; empty where none does.
def _even(curves: Sequence[ScaledCurve], against_mark: Floats) -> tuple[float, ...]:
    found = tuple(
        _even_share(curve, rate) for curve, rate in zip(curves, against_mark.tolist(), strict=True)
    )
    return found if any(found) else ()


# A loss is convex and nothing at nothing: it is below that up to where it is nothing again.
def _even_share(curve: ScaledCurve, rate: float) -> float:
    low, high = 0.0, curve.cap
    if high <= 0.0 or curve.rate(0.0) + rate >= 0.0:
        return 0.0
    if curve.slip(high) + rate * high <= 0.0:
        return math.inf
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if curve.slip(middle) + rate * middle <= 0.0 else (low, middle)
    return low


# As `AccountRows` has them; nothing where no scenario closes positions.
def _closings(shocks: Shocks, *, mark: Floats, sign: Floats) -> dict[str, Floats]:
    if not shocks.closed.any():
        return {}
    sides = np.array([-1.0, 1.0])[:, None, None]
    is_gaining = sides * sign * np.sign(shocks.gaps) > 0.0
    kept = np.where(is_gaining, 1.0 - shocks.closed, 1.0)
    forgone = np.where(is_gaining, mark * shocks.forgone, 0.0)
    before = ((0, 0), (1, 0), (0, 0))  # no scenario is in the row of initial margin
    return {
        "kept": np.pad(kept, before, constant_values=1.0),
        "forgone": np.pad(forgone, before),
    }


def _initial_used(member: Member) -> int:
    held, book = member.held_atoms, member.book
    if len(lines := initial_lines(book)) == 1:
        rate = book.leverage
        if book.initial_margin is not InitialMargin.AT_LEVERAGE and book.tiers:
            rate = min(book.leverage, book.tiers[0].leverage_max)
        return divide(held, rate, Rounding.UP)
    return int(np.ceil(max(rate * held - deduction for rate, deduction in lines)))


# What every scenario takes from an account that trades nothing, shape (n_scenarios,), [atoms].
def _stress_used(
    margin: MarginAccount, members: Sequence[Member], scenarios: Sequence[StressScenario]
) -> Floats:
    held = [
        HeldPosition(
            asset=m.book.instrument.base.id,
            notional_atoms=m.held_atoms if m.book.position_lots > 0 else -m.held_atoms,
            tiers=m.book.tiers,
            initial=Pico(divide(PICO_PER_UNIT, m.book.leverage, Rounding.UP)),
        )
        for m in members
    ]
    every = [p for p in (*held, *margin.elsewhere) if p.notional_atoms]
    shocks = shocks_of(tuple(scenarios), tuple(p.asset for p in every))
    total = np.zeros(len(scenarios))
    for i, position in enumerate(every):
        value, growth = position.notional_atoms, shocks.growth[:, i]
        gains = value * shocks.gaps[:, i] > 0.0
        closed = np.where(gains, shocks.closed[:, i], 0.0)
        notional = abs(value) * (1.0 + growth) * (1.0 - closed)
        lines = maintenance_lines(position.tiers, position.initial / PICO_PER_UNIT)
        margins = [rate * notional - deduction for rate, deduction in lines]
        lost = np.where(gains, abs(value) * shocks.forgone[:, i], 0.0)
        total += np.max(margins, axis=0) - value * (growth - shocks.funding[:, i]) + lost
    return total
