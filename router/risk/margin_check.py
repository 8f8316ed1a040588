"""Whether a plan leaves every perp account its margin, now and in every stress scenario. Exact.

Positions are valued at the mark; what a fill loses against it is equity gone at once, and what it
gains comes too late for the initial margin that the venue asks before. Orders that only reduce
positions need no initial margin, and may make no scenario worse. Knows nothing of how
the plan was made. Scenarios are rounded as assessments are: equity down, maintenance up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

from router.domain.instrument import Asset
from router.domain.margin import (
    HeldPosition,
    InitialMargin,
    MarginAccount,
    MarginTier,
    StressScenario,
)
from router.domain.plan import BookCandidate, Leg, NoRouteReason, RoutePlan, RoutingProblem
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    AccountId,
    AssetId,
    Rounding,
    Side,
    divide,
    format_decimal,
)
from router.domain.verdict import Refused
from router.risk.margin.account import Holding
from router.risk.margin.tiers import Tier, TierTable, total
from router.risk.stress.rows import row_terms

_ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Left:
    """Above maintenance: with equity rounded down and maintenance up, and unrounded."""

    whole: int
    exact: Fraction


def beyond_margin(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    """Return what is wrong with the first account that trades and may not; None if all may."""
    return beyond_margins(((problem, plan.legs),))


def beyond_margins(planned: Sequence[tuple[RoutingProblem, Sequence[Leg]]]) -> Refused | None:
    """Return what is wrong with the first account that cannot bear the legs of all plans together.

    The problems say the same of every account that two of them name.
    """
    problems = [problem for problem, _ in planned]
    told = {margin.account: margin for problem in problems for margin in problem.margins}
    books = [(book, legs) for problem, legs in planned for book in problem.books]
    for account in dict.fromkeys(book.instrument.account for book, _ in books):
        parts = [_part(legs, book) for book, legs in books if book.instrument.account == account]
        if not any(part.traded for part in parts):
            continue
        margin = told.get(account, MarginAccount(account, 0, 0))
        reserved = sum(r.amount.atoms for r in problems[0].reservations if r.account == account)
        check = _Check(margin, tuple(parts), equity=Fraction(margin.equity_atoms - reserved))
        fault = check.fault((*problems[0].scenarios, *margin.scenarios))
        if fault is not None:
            return Refused(fault.reason, f"{account}: {fault.message}")
    return None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a perp account stands, in collateral atoms; each number rounded against it."""

    equity: int
    initial: int
    maintenance: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a plan does to a perp account.

    Attributes
    ----------
    left : tuple of (str, int, int)
        By scenario what is left above maintenance and buffer, before and after.
    """

    account: AccountId
    collateral: Asset
    before: Standing
    after: Standing
    left: tuple[tuple[str, int, int], ...]


def effects(problem: RoutingProblem, plan: RoutePlan) -> tuple[Effect, ...]:
    """Return how each perp account stands before and after a plan, now and in each scenario."""
    told = {margin.account: margin for margin in problem.margins}
    found = []
    for account in dict.fromkeys(book.instrument.account for book in problem.books):
        own = [book for book in problem.books if book.instrument.account == account]
        margin = told.get(account, MarginAccount(account, 0, 0))
        reserved = sum(r.amount.atoms for r in problem.reservations if r.account == account)
        check = _Check(
            margin,
            tuple(_part(plan.legs, book) for book in own),
            equity=Fraction(margin.equity_atoms - reserved),
        )
        found.append(check.effect((*problem.scenarios, *margin.scenarios)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Part:
    """A book of the account; `traded` is signed, in lots, and `loss` in collateral atoms."""

    book: BookCandidate
    traded: int
    loss: Fraction

    @property
    def reduces(self) -> bool:
        before = self.book.position_lots
        return self.traded * before <= 0 and abs(self.traded) <= abs(before)

    @property
    def asset(self) -> AssetId:
        return self.book.instrument.base.id

    def holding(self, *, after: bool) -> Holding:
        lots = self.book.position_lots + (self.traded if after else 0)
        size = Fraction(lots * self.book.instrument.lot_atoms)
        price = self.book.instrument.tick_price(self.book.mark_ticks)
        mark = Fraction(price.quote_atoms, price.base_atoms)
        tiers = _table(self.book.tiers, Fraction(1, self.book.leverage))
        return Holding(size, mark, self.book.leverage, tiers)

    def initial(self, *, after: bool) -> Fraction:
        held, rule = self.holding(after=after), self.book.initial_margin
        if rule is InitialMargin.AT_LEVERAGE or not self.book.tiers:
            return held.initial
        if rule is InitialMargin.CAPPED:
            most = held.tiers.leverage_max(held.notional)
            return held.notional / min(most, held.leverage)
        opening = [Fraction(1, min(held.leverage, t.leverage_max)) for t in held.tiers.tiers]
        return _marginal(held, opening)


@dataclass(frozen=True, slots=True)
class _Check:
    margin: MarginAccount
    parts: tuple[_Part, ...]
    equity: Fraction

    def fault(self, scenarios: Sequence[StressScenario]) -> Refused | None:
        only_reduces = all(part.reduces for part in self.parts)
        found = (
            self._position_fault(),
            None if only_reduces else self._initial_fault(),
            *(self._stress_fault(s, only_reduces=only_reduces) for s in scenarios),
        )
        return next((fault for fault in found if fault is not None), None)

    def effect(self, scenarios: Sequence[StressScenario]) -> Effect:
        before, after = self._standing(after=False), self._standing(after=True)
        left = tuple(
            (s.name, self._left(s, after=False).whole, self._left(s, after=True).whole)
            for s in scenarios
        )
        return Effect(self.margin.account, self._collateral, before, after, left)

    def _standing(self, *, after: bool) -> Standing:
        equity = self.equity - (total([p.loss for p in self.parts]) if after else 0)
        initial = total([p.initial(after=after) for p in self.parts])
        held = [p.holding(after=after) for p in self.parts]
        held += [holding_of(one) for one in self.margin.elsewhere]
        return Standing(
            equity=floor(equity),
            initial=ceil(initial) + self.margin.margin_used_elsewhere_atoms,
            maintenance=ceil(total([one.tiers.maintenance(one.notional) for one in held])),
        )

    def _position_fault(self) -> Refused | None:
        for part in self.parts:
            name, book, held = part.book.instrument.id, part.book, part.holding(after=True)
            if part.reduces:
                continue
            if book.reduces_only or self.margin.reduces_only:
                why = f" ({self.margin.why})" if self.margin.why else ""
                return Refused(
                    NoRouteReason.REDUCE_ONLY,
                    f"{name}: the position may only become smaller{why}; trade less, or elsewhere",
                )
            most = book.position_max_atoms
            if most is not None and held.notional > most:
                return Refused(
                    NoRouteReason.POSITION_CAP,
                    f"{name}: the position would be worth more than {most} atoms; trade less",
                )
            if (
                book.initial_margin is InitialMargin.AT_LEVERAGE
                and book.tiers
                and not held.may_be_opened
            ):
                return Refused(
                    NoRouteReason.POSITION_CAP,
                    f"{name}: the position would reach a margin tier that allows leverage"
                    f" {held.tiers.leverage_max(held.notional)} at most, {held.leverage} is set;"
                    " set less, or trade less",
                )
        return None

    def _initial_fault(self) -> Refused | None:
        needed = ceil(
            total([part.initial(after=True) for part in self.parts])
            + self.margin.margin_used_elsewhere_atoms
            + total([max(part.loss, Fraction(0)) for part in self.parts])
        )
        if needed <= self.equity:
            return None
        return Refused(
            NoRouteReason.INSUFFICIENT_MARGIN,
            f"initial margin would be {needed} atoms, equity is {self.equity};"
            " add collateral or trade less",
        )

    def _stress_fault(self, scenario: StressScenario, *, only_reduces: bool) -> Refused | None:
        left = self._left(scenario, after=True)
        if left.whole >= 0:
            return None
        if only_reduces:
            before = self._left(scenario, after=False)
            if before.whole < 0 and left.exact >= min(before.exact, Fraction(0)):
                return None
        short, asset = -left.whole, self._collateral
        return Refused(
            NoRouteReason.STRESS,
            f"stress scenario {scenario.name}: short"
            f" {format_decimal(short, asset.decimals)} {asset.id}; add collateral or trade less",
        )

    @property
    def _collateral(self) -> Asset:
        return self.parts[0].book.instrument.quote

    # What a scenario leaves of the account above the buffer.
    def _left(self, scenario: StressScenario, *, after: bool) -> Left:
        equity = self.equity - self.margin.stress_buffer_atoms
        if after:
            equity -= total([part.loss for part in self.parts])
        own = [(part.asset, part.holding(after=after)) for part in self.parts]
        elsewhere = [(held.asset, holding_of(held)) for held in self.margin.elsewhere]
        return left_in(scenario, [*own, *elsewhere], equity=equity)


def left_in(
    scenario: StressScenario, holdings: Iterable[tuple[AssetId, Holding]], *, equity: Fraction
) -> Left:
    """Return what a scenario leaves of equity and positions."""
    kept = Fraction(0)
    for asset, held in holdings:
        now, is_long = row_terms(scenario, asset), held.size > 0
        equity += held.size * held.mark * now.gain(is_long=is_long)
        kept += held.tiers.maintenance(held.notional * now.left(is_long=is_long))
    return Left(whole=floor(equity) - ceil(kept), exact=equity - kept)


def holding_of(held: HeldPosition) -> Holding:
    """Return a position that no order touches, as a size of its worth."""
    tiers = _table(held.tiers, Fraction(held.initial, PICO_PER_UNIT))
    return Holding(Fraction(held.notional_atoms), _ONE, 1, tiers)


# Without tiers a position is kept by what opened it.
def _table(tiers: Iterable[MarginTier], initial: Fraction) -> TierTable:
    found = tuple(
        Tier(Fraction(t.above_atoms), t.leverage_max, Fraction(t.maintenance, PICO_PER_UNIT))
        for t in tiers
    )
    return TierTable(found or (Tier(Fraction(0), 1, initial),))


# Each tier's own rate for the part of the notional inside it.
def _marginal(held: Holding, rates: Sequence[Fraction]) -> Fraction:
    bounds = [tier.above for tier in held.tiers.tiers]
    tops = [*bounds[1:], held.notional]
    inside = (
        max(min(held.notional, top) - bound, Fraction(0))
        for bound, top in zip(bounds, tops, strict=True)
    )
    return total([rate * part for rate, part in zip(rates, inside, strict=True)])


def _part(legs: Sequence[Leg], book: BookCandidate) -> _Part:
    own = [leg for leg in legs if leg.instrument.id == book.instrument.id]
    return _Part(book, sum(_lots(leg) for leg in own), total([_loss(book, leg) for leg in own]))


def _lots(leg: Leg) -> int:
    lots = divide(leg.quantity.atoms, leg.instrument.lot_atoms, Rounding.UP)
    return lots if leg.side is Side.BUY else -lots


# Equity bears at once what the fill costs against the mark, fee included; negative is a gain.
def _loss(book: BookCandidate, leg: Leg) -> Fraction:
    price = leg.instrument.tick_price(book.mark_ticks)
    fair = Fraction(leg.quantity.atoms * price.quote_atoms, price.base_atoms)
    worse = leg.notional.atoms - fair if leg.side is Side.BUY else fair - leg.notional.atoms
    return worse + divide(leg.notional.atoms * leg.instrument.fee_pips, PIPS_PER_UNIT, Rounding.UP)
