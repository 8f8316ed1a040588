"""The states of the watchlist: who enters, why, and when one may leave. Pure and exact.

A market enters a state the moment anything calls for it, and leaves it for the one below after
`calm_hours` in which nothing did; only rising is told. Some causes are the market's (its spread,
how unusual it is, its cap), some are ours: what our positions pay, for how long on one side,
whether they used to be paid, and how long the account bears it. A spread beyond its bound and a
rate near its cap call at once; all else by what has held for `persistence` hours, because an
hour's spike costs an hour.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Final

from router.domain.event import FundingObserved
from router.domain.funding import FundingRules, FundingState
from router.domain.units import PICO_PER_UNIT, AccountId, AssetId, InstrumentId, Pico, TimestampNs
from router.risk.funding_watch.burden import HOURS_A_DAY, Burden, Holding, burdens, holdings
from router.risk.funding_watch.spread import (
    HOURS_OF_SPREAD,
    PICO_PER_PIP,
    Past,
    Spread,
    deviates,
    past_of,
    spread_of,
    z_hundredths,
)
from router.state.funding import HOUR_NS, FundingMemory, Own, Standing, folded
from router.state.world import World

HOURS_A_YEAR: Final = 8_760
_LEVELS: Final = (FundingState.QUIET, FundingState.WATCHED, FundingState.ALARMED)


@dataclass(frozen=True, slots=True)
class FundingRow:
    """One market of the watchlist, as a risk officer reads it.

    Attributes
    ----------
    rate_per_hour, realised_per_hour : Pico
        What the venue says it will pay, and what it last paid, if it told.
    others : tuple of (str, Pico)
        What other venues say, by the hour.
    spread_pips : int
        Of eight hours, against their median; away from zero.
    z_hundredths : int | None
        Standard deviations from the mean of the last days; None of too short a past.
    side_hours : int
        For how long the spread has been on its side, beyond noise; a day and an hour at most.
    quote : AssetId | None
        What the position is counted in; None where the venue told no price, and none is counted.
    notional_atoms : int
        Our signed position, in atoms of it.
    year_pips : int
        The rate for a year, of the notional; positive is paid by longs.
    day_atoms, year_atoms : int
        What our position pays at this rate; negative is received.
    hours_left : int | None
        Until its account is in the soft zone by funding alone; None where that is not in sight.
    """

    asset: AssetId
    source: str
    instrument: InstrumentId
    state: FundingState
    reasons: tuple[str, ...]
    rate_per_hour: Pico
    realised_per_hour: Pico | None
    others: tuple[tuple[str, Pico], ...]
    spread_pips: int
    z_hundredths: int | None
    side_hours: int
    quote: AssetId | None
    notional_atoms: int
    year_pips: int
    day_atoms: int
    year_atoms: int
    hours_left: int | None


@dataclass(frozen=True, slots=True)
class _Market:
    instrument: InstrumentId
    own: Own
    spread: Spread
    past: Callable[[], Past]  # seven days are only looked at where there is a reason to
    position: Fraction  # signed notional
    burden: Burden | None

    # What a position pays of a rate; without a position, nobody is hurt.
    def paid(self, rate: Fraction | int) -> Fraction:
        sign = (self.position > 0) - (self.position < 0)
        return Fraction(sign * rate)


def watched(world: World, event: FundingObserved) -> tuple[FundingMemory, tuple[str, ...]]:
    """Return the memory with new samples and where every market stands, and what to alarm."""
    rules, memory = world.limits.funding, folded(world.funding, event)
    if rules is None:
        return memory, ()
    standings, told = dict(memory.standings), []
    for market in _markets(replace(world, funding=memory), event.at):
        before = standings.get(market.instrument)
        after = _moved(before, tuple(_causes(market, rules)), rules, at=event.at)
        standings[market.instrument] = after
        was = FundingState.QUIET if before is None else before.state
        if _LEVELS.index(after.state) > _LEVELS.index(was):
            told.append(
                f"funding of {market.instrument} is {after.state} (was {was}):"
                f" {'; '.join(after.reasons)}"
            )
    return replace(memory, standings=standings), tuple(told)


def alarms_of(world: World, event: FundingObserved) -> tuple[str, ...]:
    """Return which markets rose on the watchlist with new samples, in sentences."""
    return watched(world, event)[1]


def watchlist(world: World, at: TimestampNs) -> tuple[FundingRow, ...]:
    """Return every market whose funding is told, those that need a look first."""
    rows = [_row(world, market) for market in _markets(world, at)]
    rank = {state: place for place, state in enumerate(_LEVELS)}
    return tuple(sorted(rows, key=lambda row: (-rank[row.state], row.instrument)))


def _markets(world: World, at: TimestampNs) -> list[_Market]:
    memory, held = world.funding, holdings(world)
    spreads = {
        name: spread
        for name, own in memory.own.items()
        if (spread := spread_of(memory, own, at)) is not None
    }
    rules = world.limits.funding
    hours = 1 if rules is None else rules.persistence
    loads = burdens(world, held, {n: spread.steady_rate(hours) for n, spread in spreads.items()})
    return [
        _Market(
            instrument=name,
            own=memory.own[name],
            spread=spread,
            past=partial(past_of, memory, memory.own[name], at),
            position=_position(held, name),
            burden=_load(held, loads, name),
        )
        for name, spread in sorted(spreads.items())
    ]


def _position(held: Mapping[InstrumentId, Holding], name: InstrumentId) -> Fraction:
    return held[name].notional if name in held else Fraction(0)


def _load(
    held: Mapping[InstrumentId, Holding], loads: Mapping[AccountId, Burden], name: InstrumentId
) -> Burden | None:
    return loads[held[name].account] if name in held else None


def _moved(
    before: Standing | None,
    causes: tuple[tuple[FundingState, str], ...],
    rules: FundingRules,
    *,
    at: TimestampNs,
) -> Standing:
    state = FundingState.QUIET if before is None else before.state
    called = max((_LEVELS.index(level) for level, _ in causes), default=0)
    if before is None or called >= _LEVELS.index(state):
        wanted = _LEVELS[called]
        return Standing(wanted, at, tuple(reason for level, reason in causes if level is wanted))
    if at - before.over_at < rules.calm_hours * HOUR_NS:
        return before
    below = _LEVELS[_LEVELS.index(state) - 1]
    return Standing(below, at, tuple(reason for _, reason in causes))


# What calls for a state now.
def _causes(market: _Market, rules: FundingRules) -> Iterator[tuple[FundingState, str]]:
    yield from _unusual(market, rules)
    yield from _capped(market)
    yield from _costly(market, rules)
    yield from _turned(market, rules)


def _unusual(market: _Market, rules: FundingRules) -> Iterator[tuple[FundingState, str]]:
    spread, size = market.spread, abs(market.spread.pips_8h)
    held = abs(spread.steady(rules.persistence))
    said = f"its spread of 8 h is {_percent(spread.pips_8h)}"
    if size > rules.alarm_pips:
        yield FundingState.ALARMED, f"{said}, the limit is {_percent(rules.alarm_pips)}"
    elif size > rules.watch_pips and deviates(spread.now, market.past(), rules.z_alarm):
        yield FundingState.ALARMED, f"{said}, {_deviations(rules.z_alarm)} from usual"
    elif size > rules.watch_pips:
        yield FundingState.WATCHED, f"{said}, the limit is {_percent(rules.watch_pips)}"
    elif held > _noise(rules) and deviates(spread.now, market.past(), rules.z_watch):
        yield FundingState.WATCHED, f"{said}, {_deviations(rules.z_watch)} from usual"


def _capped(market: _Market) -> Iterator[tuple[FundingState, str]]:
    cap, rate = market.own.cap_per_hour, market.spread.rate
    if cap is not None and 2 * abs(rate) > cap:
        yield FundingState.ALARMED, "its rate is beyond half of what the venue allows"


def _costly(market: _Market, rules: FundingRules) -> Iterator[tuple[FundingState, str]]:
    if market.burden is None or market.paid(market.spread.steady_rate(rules.persistence)) <= 0:
        return
    for level, part in ((FundingState.ALARMED, 1), (FundingState.WATCHED, 2)):
        if market.burden.exceeds(rules.cost_max_pips // part):
            bound = _percent(rules.cost_max_pips // part)
            yield level, f"a day of funding costs the account more than {bound} of its equity"
            break
    left = market.burden.hours_left()
    for level, part in ((FundingState.ALARMED, 1), (FundingState.WATCHED, 2)):
        if left is not None and left < part * rules.hours_min:
            yield level, f"at this rate funding alone takes the account to its limits in {left} h"
            break


# On one side for long, or from being paid to paying.
def _turned(market: _Market, rules: FundingRules) -> Iterator[tuple[FundingState, str]]:
    spread, noise = market.spread, _noise(rules)
    held = market.paid(spread.steady_rate(rules.persistence))
    if market.paid(spread.now) > 0 and held > 0:
        hours = spread.hours_on_side(noise)
        if hours >= rules.persistence:
            yield FundingState.WATCHED, f"it has been against us for {hours} h"
    used_to = market.paid(sum(rate for _, rate in spread.day))
    if spread.day and held > noise and used_to <= 0:
        yield FundingState.WATCHED, "our position is paid no more, it pays"


# What noise explains of a spread, pico an hour.
def _noise(rules: FundingRules) -> Fraction:
    return Fraction(rules.watch_pips * PICO_PER_PIP, 2 * HOURS_OF_SPREAD)


def _row(world: World, market: _Market) -> FundingRow:
    own, spread = market.own, market.spread
    standing = world.funding.standings.get(market.instrument)
    realised = world.funding.realised(own.asset, own.source)
    an_hour = market.position * Fraction(spread.rate, PICO_PER_UNIT)
    rules = world.limits.funding
    noise = Fraction(0) if rules is None else _noise(rules)
    return FundingRow(
        asset=own.asset,
        source=own.source,
        instrument=market.instrument,
        state=FundingState.QUIET if standing is None else standing.state,
        reasons=() if standing is None else standing.reasons,
        rate_per_hour=Pico(spread.rate),
        realised_per_hour=None if realised is None else realised.rate_per_hour,
        others=tuple((name, Pico(rate)) for name, rate in spread.others),
        spread_pips=_away(spread.pips_8h),
        z_hundredths=z_hundredths(spread.now, market.past()),
        side_hours=spread.hours_on_side(noise),
        quote=None if own.price is None else own.price.quote,
        notional_atoms=_away(market.position),
        year_pips=_away(Fraction(spread.rate * HOURS_A_YEAR, PICO_PER_PIP)),
        day_atoms=_away(an_hour * HOURS_A_DAY),
        year_atoms=_away(an_hour * HOURS_A_YEAR),
        hours_left=None if market.burden is None else market.burden.hours_left(),
    )


# Rounded away from zero: nothing is shown smaller than it is.
def _away(value: Fraction) -> int:
    return -(-value // 1) if value > 0 else value // 1


def _percent(pips: Fraction | int) -> str:
    """Say pips in per cent with four decimals."""
    value = _away(Fraction(pips))
    return f"{'-' if value < 0 else ''}{abs(value) // 10_000}.{abs(value) % 10_000:04d} %"


def _deviations(hundredths: int) -> str:
    return f"more than {hundredths // 100}.{hundredths % 100:02d} standard deviations"
