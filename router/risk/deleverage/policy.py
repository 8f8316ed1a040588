"""What to make smaller before the venue does it: most margin released for what it costs first.

Pure and exact. In the soft zone only what costs little is cut; in the hard zone and beyond, as much
as is needed and the books bear, as long as a slice releases more margin than it costs. No cut makes
the venue act that would not have acted: it leaves the account above its maintenance margin at the
venue's own marks, if it was.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Final, TypeAlias

from router.domain.risk import Cut, Zone
from router.domain.units import PIPS_PER_UNIT, AccountId, InstrumentId, Pips
from router.risk.deleverage import ways
from router.risk.deleverage.desk import Account, Desk, Held
from router.risk.deleverage.slices import Closing, Remains
from router.risk.deleverage.ways import Way
from router.risk.deleverage.zone import is_near

_SLICES_MAX: Final = 2_000  # each uses up a level, a tier, a position, or the need
_ORDER_SHARE: Final = Fraction(9, 10)  # of a lot's value that its order counts, at its limit
_PERCENT: Final = 100

_Source: TypeAlias = Callable[[Remains, Account], Iterator[Way]]


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some steps of a way and what closing them does: `own` to the account, `paid` to the firm."""

    way: Way
    steps: int
    own: Closing
    paid: Fraction

    @property
    def rank(self) -> tuple[bool, Fraction]:
        """Order slices: what costs nothing, then by margin released for the cost."""
        if self.paid <= 0:
            return True, self.own.released
        return False, self.own.released / self.paid


@dataclass(frozen=True, slots=True)
class _Taken:
    """All steps of a way that were chosen, and the bound of their orders."""

    steps: int
    bound_pips: Pips


def cuts(desk: Desk) -> tuple[Cut, ...]:
    """Return what to cut now, one slice of each book at most; the nearest account's come first."""
    remains = Remains(desk)
    chosen: dict[tuple[AccountId, InstrumentId], Cut] = {}
    needy = [a for a in desk.accounts if is_near(a.zone, Zone.SOFT)]
    urgent = {a.id for a in desk.accounts if is_near(a.zone, Zone.HARD)}
    for account in sorted(needy, key=lambda a: _room(remains, a)):
        need = _Need(remains, account)
        sentence = _sentence(remains, account)
        for way, taken in need.fill().items():
            for leg in way.legs:
                change = ways.lots(way, leg, steps=taken.steps)
                cut = Cut(
                    leg.instrument,
                    -change if leg.is_long else change,
                    taken.bound_pips,
                    f"{sentence}; {way.kind.value}",
                    () if leg is way.own or leg.account in urgent else (way.own.instrument,),
                )
                _add(chosen, leg, cut)
    return tuple(chosen.values())


class _Need:
    # One account on its way to where reducing ends.

    def __init__(self, remains: Remains, account: Account) -> None:
        self._remains = remains
        self._account = account
        self._equity, self._equity_at_mark = account.equity, account.equity_at_mark
        self._target = Fraction(account.rules.target_pips, PIPS_PER_UNIT)
        self._is_hard = is_near(account.zone, Zone.HARD)
        self._taken: dict[Way, _Taken] = {}

    def fill(self) -> dict[Way, _Taken]:
        """Choose slices until the account is where reducing ends, or nothing more can be cut."""
        for source in (ways.free_ways, ways.paired_ways):
            self._fill_by(source)
        if not self._taken:
            self._fill_by(ways.last_ways)
        for way in tuple(self._taken):
            self._leave_no_dust(way)
        return self._taken

    def _fill_by(self, source: _Source) -> None:
        for _ in range(_SLICES_MAX):
            best = self._best(source)
            if best is None:
                return
            self._take(best)

    @property
    def _missing(self) -> Fraction:
        # Margin that has to be released yet, if releasing it cost nothing.
        kept = self._remains.maintenance(self._account.id) + self._account.elsewhere
        return kept - self._target * self._equity

    def _best(self, source: _Source) -> _Slice | None:
        missing = self._missing
        if missing <= 0:
            return None
        found = (self._slice(way, missing) for way in source(self._remains, self._account))
        return max((s for s in found if s is not None), key=lambda s: s.rank, default=None)

    def _slice(self, way: Way, missing: Fraction) -> _Slice | None:
        room = ways.capacity(self._remains, way, self._account)
        least = 1 if way in self._taken else self._least(way)
        most = min(room, ways.alike(self._remains, way))
        if room < least or most == 0:
            return None
        whole = self._closing(way, most)
        gained = self._gained(whole)
        if gained <= 0 or self._is_too_dear(whole):
            return None
        needed = min(most, ceil(missing * most / gained), self._harmless(whole))
        if needed >= least:
            return self._closing(way, needed)
        # The smallest order takes more of the book than was looked at.
        piece = self._closing(way, least)
        return piece if needed and self._may(piece) else None

    def _may(self, piece: _Slice) -> bool:
        is_worth_it = self._gained(piece) > 0 and not self._is_too_dear(piece)
        return is_worth_it and self._harmless(piece) >= piece.steps

    def _gained(self, piece: _Slice) -> Fraction:
        return piece.own.released - self._target * piece.own.lost

    def _closing(self, way: Way, steps: int) -> _Slice:
        done = [self._remains.closing(leg, ways.lots(way, leg, steps=steps)) for leg in way.legs]
        return _Slice(way, steps, done[0], sum((d.paid for d in done), Fraction(0)))

    # In the soft zone every leg has to be cheap by itself.
    def _is_too_dear(self, piece: _Slice) -> bool:
        if self._is_hard:
            return piece.paid >= piece.own.released
        most = Fraction(self._account.rules.cost_max_pips, PIPS_PER_UNIT)
        for leg in piece.way.legs:
            lots = ways.lots(piece.way, leg, steps=piece.steps)
            worth = lots * self._remains.fair(leg)
            if self._remains.closing(leg, lots).paid > most * worth:
                return True
        return False

    # How many steps leave the account above its maintenance margin at the venue's marks, if it is.
    def _harmless(self, piece: _Slice) -> int:
        kept = self._remains.maintenance(self._account.id, at_mark=True) + self._account.elsewhere
        room = self._equity_at_mark - kept
        worse = piece.own.lost_at_mark - piece.own.released_at_mark
        if room < 0 or worse <= 0:
            return piece.steps
        return int(room * piece.steps / worse)

    def _take(self, piece: _Slice) -> None:
        way, bound = piece.way, self._account.rules.cost_max_pips
        if self._is_hard:
            fair = self._remains.fair(way.own)
            worth = ways.lots(way, way.own, steps=piece.steps) * fair
            bound = Pips(int(piece.own.released * PIPS_PER_UNIT / worth))
        self._equity -= piece.own.lost
        self._equity_at_mark -= piece.own.lost_at_mark
        for leg in way.legs:
            lots = ways.lots(way, leg, steps=piece.steps)
            self._remains.cut(leg, lots)
        before = self._taken.get(way, _Taken(0, Pips(0)))
        most = max(before.bound_pips, min(bound, self._remains.desk.slippage_max_pips))
        self._taken[way] = _Taken(before.steps + piece.steps, most)

    # The smallest order of every leg's venue, in steps.
    def _least(self, way: Way) -> int:
        least = 1
        for leg in way.legs:
            market = self._remains.market(leg)
            step = way.step / market.lot * self._remains.fair(leg) * _ORDER_SHARE
            least = max(least, ceil(market.instrument.notional_min_atoms / step))
        return least

    # A rest too small for an order of its own goes with the slice.
    def _leave_no_dust(self, way: Way) -> None:
        rest = ways.size(self._remains, way)
        is_all = self._remains.left(way.own) == ways.lots(way, way.own, steps=rest)
        if not is_all or not 0 < rest < self._least(way):
            return
        for leg in way.legs:
            shown = self._remains.shown(leg)
            if shown < ways.lots(way, leg, steps=rest):
                return
        piece = self._closing(way, rest)
        if self._may(piece):
            self._take(piece)


def _room(remains: Remains, account: Account) -> Fraction:
    # Least room above maintenance for the maintenance goes first.
    kept = remains.maintenance(account.id) + account.elsewhere
    return (account.equity - kept) / kept if kept else Fraction(0)


def _sentence(remains: Remains, account: Account) -> str:
    kept = remains.maintenance(account.id) + account.elsewhere
    share = f"{float(kept / account.equity * _PERCENT):.1f} %" if account.equity > 0 else "all"
    return (
        f"{account.id} is in the zone {account.zone}: maintenance is {share} of equity, reduced to"
        f" {account.rules.target_pips * _PERCENT / PIPS_PER_UNIT:g} %"
    )


def _add(chosen: dict[tuple[AccountId, InstrumentId], Cut], leg: Held, cut: Cut) -> None:
    key = leg.account, leg.instrument
    before = chosen.get(key)
    if before is not None:
        bound = max(before.slippage_max_pips, cut.slippage_max_pips)
        # What its own account needs waits for nobody.
        is_hedge = before.hedges and cut.hedges
        hedges = tuple(dict.fromkeys((*before.hedges, *cut.hedges))) if is_hedge else ()
        cut = replace(before, lots=before.lots + cut.lots, slippage_max_pips=bound, hedges=hedges)
    chosen[key] = cut
