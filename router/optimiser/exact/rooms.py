"""What every account has, exactly, and whether it bears what is taken from it.

Cash is counted in atoms. Margin is the exact ratio that the venue's rules make of lots, mark, tiers
and scenarios; floats only tell which rows are near enough to their room to be reckoned exactly.
Refuses to repair: a row that is broken is named by its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.domain.margin import (
    InitialMargin,
    MarginAccount,
    StressScenario,
)
from router.domain.plan import BookCandidate, NoRouteReason, RoutingProblem
from router.domain.units import (
    AccountId,
    AssetId,
    InstrumentId,
    Side,
)
from router.optimiser.exact.stressed import (
    Left,
    Lines,
    Position,
    largest,
    left_in,
    lines_of,
    maintenance_lines,
    position_of,
)
from router.optimiser.market.shocks import Shocks, shocks_of

_NEAR: Final = 1e-12  # of all that a row adds up: what its float may be off
_NEAR_ATOMS: Final = 4.0  # two by which scenarios are rounded, and as many of floats


@dataclass(frozen=True, slots=True)
class Fill:
    """Lots of a book: what changes hands and its fee, [quote atoms]."""

    book: BookCandidate
    side: Side
    lots: int
    quote: int
    fee: int

    @property
    def change(self) -> int:
        """Return the change of the position, [lots]."""
        return self.lots if self.side is Side.BUY else -self.lots

    @property
    def loss(self) -> Fraction:
        """Return what is lost against the mark, fee included, [quote atoms]."""
        sign = 1 if self.side is Side.BUY else -1
        return sign * (self.quote - _value(self.book, self.lots)) + self.fee


@dataclass(frozen=True, slots=True)
class Used:
    """What trades take together: cash by account and asset, [atoms], and fills in books."""

    cash: Mapping[tuple[AccountId, AssetId], int] = field(default_factory=dict)
    fills: tuple[Fill, ...] = ()

    def __add__(self, other: "Used") -> "Used":
        cash = dict(self.cash)
        for key, atoms in other.cash.items():
            cash[key] = cash.get(key, 0) + atoms
        return Used(cash, self.fills + other.fills)


@dataclass(frozen=True)
class PerpAccount:
    """An account with all books of the orders, and what is left without their positions.

    Attributes
    ----------
    margin : MarginAccount | None
        None: nothing is known of it, and it has no room at all.
    scenarios : tuple of StressScenario
        What every account must survive, then what this one alone must.
    reserved : int
        Collateral that legs in flight may still take, [atoms].
    """

    margin: MarginAccount | None
    books: tuple[BookCandidate, ...]
    scenarios: tuple[StressScenario, ...]
    reserved: int

    def broken(self, fills: Sequence[Fill]) -> NoRouteReason | None:
        """Return what stands against the fills; None where the account bears them.

        A venue lets orders pass that only reduce positions, whatever the margin; then no scenario
        that is survived may be lost, and none that is not may become worse.
        """
        if self.margin is None:
            return NoRouteReason.INSUFFICIENT_MARGIN
        held = {b.instrument.id: b.position_lots for b in self.books}
        after = dict(held)
        for fill in fills:
            after[fill.book.instrument.id] += fill.change
        traded = {fill.book.instrument.id for fill in fills}
        grows = [
            book
            for book in self.books
            if (name := book.instrument.id) in traded and _grows(held, after, name)
        ]
        if (self.margin.reduces_only and grows) or any(book.reduces_only for book in grows):
            return NoRouteReason.REDUCE_ONLY
        if any(not _within_caps(book, after[book.instrument.id]) for book in grows):
            return NoRouteReason.POSITION_CAP
        return self._broken_row(after, fills, only_reduces=not grows)

    def _broken_row(
        self, after: Mapping[InstrumentId, int], fills: Sequence[Fill], *, only_reduces: bool
    ) -> NoRouteReason | None:
        whole = sum((fill.loss for fill in fills), Fraction(0))
        # The venue asks for initial margin before it lets a fill gain.
        at_first = sum((max(fill.loss, Fraction(0)) for fill in fills), Fraction(0))
        needs, spread = self._needs(after)
        losses = np.full(needs.size, float(whole))
        losses[0] = float(at_first)
        slack = self._room - needs - losses
        near = _NEAR * (spread + np.abs(losses) + abs(self._room)) + _NEAR_ATOMS
        for row in np.flatnonzero(slack < near):
            if only_reduces and row == 0:
                continue
            if slack[row] < -near[row] and not only_reduces:
                return _reason(int(row))
            if row == 0:
                if self._initial(after) + at_first > self._exact_room:
                    return NoRouteReason.INSUFFICIENT_MARGIN
            elif not self._survives(
                self.scenarios[row - 1], after, loss=whole, only_reduces=only_reduces
            ):
                return NoRouteReason.STRESS
        return None

    @property
    def _exact_room(self) -> int:
        assert self.margin is not None, "an account without margin is refused before"
        return self.margin.equity_atoms - self.reserved

    @property
    def _room(self) -> float:
        return float(self._exact_room)

    def _initial(self, after: Mapping[InstrumentId, int]) -> Fraction:
        assert self.margin is not None, "an account without margin is refused before"
        own = (initial_margin(b, after[b.instrument.id]) for b in self.books)
        return sum(own, Fraction(self.margin.margin_used_elsewhere_atoms))

    # In whole atoms; what only reduces may leave a breach as it was.
    def _survives(
        self,
        scenario: StressScenario,
        after: Mapping[InstrumentId, int],
        *,
        loss: Fraction,
        only_reduces: bool,
    ) -> bool:
        left = self._left(scenario, after, loss=loss)
        if left.whole >= 0 or not only_reduces:
            return left.whole >= 0
        held = {b.instrument.id: b.position_lots for b in self.books}
        before = self._left(scenario, held, loss=Fraction(0))
        return before.whole < 0 and left.exact >= min(before.exact, Fraction(0))

    # What a scenario leaves above maintenance and buffer.
    def _left(
        self, scenario: StressScenario, after: Mapping[InstrumentId, int], *, loss: Fraction
    ) -> Left:
        assert self.margin is not None, "an account without margin is refused before"
        own = [_position(book, after[book.instrument.id]) for book in self.books]
        equity = self._exact_room - self.margin.stress_buffer_atoms - loss
        return left_in(scenario, [*own, *self._elsewhere], equity=equity)

    @property
    def _elsewhere(self) -> list[Position]:
        assert self.margin is not None, "an account without margin is refused before"
        return [position_of(held) for held in self.margin.elsewhere]

    # Every row at once in floats, and the sum of what it adds up, shapes (1 + n_scenarios,).
    def _needs(
        self, after: Mapping[InstrumentId, int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        fixed, lines, shocks = self._arrays
        values = np.array([float(_value(b, after[b.instrument.id])) for b in self.books])
        gains = values * shocks.gaps > 0.0
        notional = np.abs(values) * (1.0 + shocks.growth) * (1.0 - shocks.closed * gains)
        margin = np.max(lines[:, :, 0] * notional[:, :, None] - lines[:, :, 1], axis=2)
        margin += np.abs(values) * shocks.forgone * gains
        needs = fixed.copy()
        needs[1:] += np.sum(margin - values * (shocks.growth - shocks.funding), axis=1)
        needs[0] += sum(float(initial_margin(b, after[b.instrument.id])) for b in self.books)
        spread = np.abs(fixed) + 4.0 * float(np.sum(np.abs(values)))
        spread[1:] += np.sum(notional, axis=1) + float(np.sum(np.abs(lines[:, :, 1])))
        return needs, spread

    # What does not move with the orders, shape (1 + n_scenarios,); the books' maintenance, shape
    # (n_books, n_lines, 2); and what scenarios do to them.
    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64], Shocks]:
        assert self.margin is not None, "an account without margin is refused before"
        own = [_kept_by(b) for b in self.books]
        longest = max(len(lines) for lines in own)
        padded = [lines + [lines[-1]] * (longest - len(lines)) for lines in own]
        maintenance = np.array([[(float(r), float(d)) for r, d in lines] for lines in padded])
        buffer, elsewhere = Fraction(-self.margin.stress_buffer_atoms), self._elsewhere
        fixed = [
            float(self.margin.margin_used_elsewhere_atoms),
            *(-float(left_in(s, elsewhere, equity=buffer).exact) for s in self.scenarios),
        ]
        shocks = shocks_of(self.scenarios, tuple(b.instrument.base.id for b in self.books))
        return np.array(fixed), maintenance, shocks


@dataclass(frozen=True, slots=True)
class Rooms:
    """All accounts of the orders that are planned together.

    Attributes
    ----------
    spendable : mapping of (account, asset) to int, [atoms]
        What may be paid, less what legs in flight may still take.
    beside : Used
        What is taken by other orders of the same plan.
    """

    spendable: Mapping[tuple[AccountId, AssetId], int]
    accounts: Mapping[AccountId, PerpAccount]
    beside: Used = field(default_factory=Used)

    def with_beside(self, used: Used) -> "Rooms":
        """Return the rooms with this taken by other orders."""
        return replace(self, beside=used)

    def left(self, account: AccountId, asset: AssetId) -> int:
        """Return what an account may still pay with beside the other orders, [atoms]."""
        key = (account, asset)
        return self.spendable.get(key, 0) - self.beside.cash.get(key, 0)

    def broken(self, used: Used) -> NoRouteReason | None:
        """Return what stands against this beside the other orders; None where all is borne."""
        if any(atoms > self.left(*key) for key, atoms in used.cash.items()):
            return NoRouteReason.INSUFFICIENT_BALANCE
        together = self.beside.fills + used.fills
        for account in sorted({fill.book.instrument.account for fill in used.fills}):
            own = [f for f in together if f.book.instrument.account == account]
            reason = self.accounts[account].broken(own)
            if reason is not None:
                return reason
        return None


def rooms_of(problems: Sequence[RoutingProblem]) -> Rooms:
    """Return the rooms of the accounts of orders; each tells the same of an account they share."""
    cash: dict[tuple[AccountId, AssetId], int] = {}
    books: dict[AccountId, list[BookCandidate]] = {}
    for problem in problems:
        cash |= _spendable(problem)
        for book in problem.books:
            books.setdefault(book.instrument.account, []).append(book)
    margins = {m.account: m for problem in problems for m in problem.margins}
    first = problems[0]
    accounts = {
        account: PerpAccount(
            margin=margins.get(account),
            books=tuple(own),
            scenarios=first.scenarios + (margins[account].scenarios if account in margins else ()),
            reserved=sum(r.amount.atoms for r in first.reservations if r.account == account),
        )
        for account, own in books.items()
    }
    return Rooms(cash, accounts)


def initial_margin(book: BookCandidate, lots: int) -> Fraction:
    """Return the initial margin of a position of so many lots, [quote atoms]."""
    value, tiers = abs(_value(book, lots)), book.tiers
    if book.initial_margin is InitialMargin.AT_LEVERAGE or not tiers:
        return value / book.leverage
    if book.initial_margin is InitialMargin.CAPPED:
        reached = [tier for tier in tiers if value > tier.above_atoms] or [tiers[0]]
        return value / min(book.leverage, reached[-1].leverage_max)
    rates = [Fraction(1, min(book.leverage, tier.leverage_max)) for tier in tiers]
    return largest(lines_of([tier.above_atoms for tier in tiers], rates), value)


def _spendable(problem: RoutingProblem) -> dict[tuple[AccountId, AssetId], int]:
    cash: dict[tuple[AccountId, AssetId], int] = {}
    for chain in problem.chains:
        for amount in chain.spendable:
            key = (chain.account, amount.asset)
            cash[key] = cash.get(key, 0) + amount.atoms
    for reservation in problem.reservations:
        key = (reservation.account, reservation.amount.asset)
        if key in cash:
            cash[key] -= reservation.amount.atoms
    return cash


def _reason(row: int) -> NoRouteReason:
    return NoRouteReason.STRESS if row else NoRouteReason.INSUFFICIENT_MARGIN


def _grows(
    held: Mapping[InstrumentId, int], after: Mapping[InstrumentId, int], name: InstrumentId
) -> bool:
    before, now = held[name], after[name]
    return not (min(before, 0) <= now <= max(before, 0))


# The largest position the venue or the desk allows; where a reduced one still is larger, it passes.
def _within_caps(book: BookCandidate, lots: int) -> bool:
    bounds = [] if book.position_max_atoms is None else [book.position_max_atoms]
    if book.initial_margin is InitialMargin.AT_LEVERAGE:
        bounds += [t.above_atoms for t in book.tiers if t.leverage_max < book.leverage][:1]
    return all(abs(_value(book, lots)) <= bound for bound in bounds)


# Signed worth of lots at the mark, [quote atoms].
def _value(book: BookCandidate, lots: int) -> Fraction:
    tick = book.instrument.tick_price(1)
    worth = lots * book.mark_ticks * book.instrument.lot_atoms * tick.quote_atoms
    return Fraction(worth, tick.base_atoms)


def _position(book: BookCandidate, lots: int) -> Position:
    return Position(book.instrument.base.id, _value(book, lots), _kept_by(book))


def _kept_by(book: BookCandidate) -> Lines:
    return maintenance_lines(book.tiers, Fraction(1, book.leverage))
