"""The price a pair is taken to have: the median of voices that agree, or none. Pure and exact.

Every fresh voice counts alike. A price that jumped since the minutes before, and that no other
voice confirms, does not vote. There is a reference only where enough voices speak and more than
half of them are within the hard band of the median: two against two prove nothing.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from statistics import median

from router.domain.instrument import Instrument
from router.domain.observation import Observation
from router.domain.price import PriceGuardRules, SourcePrice
from router.domain.units import DurationNs, InstrumentId, Price, TimestampNs
from router.risk.price_guard.voices import (
    Pair,
    Said,
    all_prices,
    distance,
    is_within,
    said_of,
    seconds,
    voices,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a pair is worth, and who says so.

    Attributes
    ----------
    voices : tuple of str
        Who voted, sorted; also who was outvoted.
    age : DurationNs
        Of the oldest price that voted.
    """

    price: Price
    voices: tuple[str, ...]
    age: DurationNs


@dataclass(slots=True)
class Judgement:
    """What was found of one pair.

    Attributes
    ----------
    reference : Reference | None
        None where nothing is proved, and `unproved` says why.
    without : dict
        Markets whose price is stale, unconfirmed or outvoted, and why.
    alarms : list of str
        Each with the pair's name.
    """

    reference: Reference | None = None
    unproved: str = ""
    without: dict[InstrumentId, str] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)

    def distrust(self, said: Said, reason: str) -> None:
        """Leave out the market of a price, if it has one, and tell it in any case."""
        self.alarms.append(f"{said.name} {reason}")
        if said.instrument is not None:
            self.without.setdefault(said.instrument, f"{said.name} {reason}")


def reference(
    observation: Observation,
    instruments: tuple[Instrument, ...],
    pair: Pair,
    *,
    rules: PriceGuardRules,
    at: TimestampNs,
) -> Reference | None:
    """Return what a pair is worth; None where that cannot be proved."""
    return judge(pair, all_prices(observation, instruments), rules, at=at).reference


def judge(
    pair: Pair, prices: tuple[SourcePrice, ...], rules: PriceGuardRules, *, at: TimestampNs
) -> Judgement:
    """Compare all that is said of a pair."""
    judged = Judgement()
    said = said_of(pair, prices, at)
    fresh = _fresh([s for s in said if not s.kind.is_average], rules, judged)
    averages = {s.instrument: s.value for s in said if s.kind.is_average}
    steady = _confirmed(fresh, averages, rules=rules, judged=judged)
    votes = voices(steady)
    if len(votes) < rules.sources_min:
        heard = ", ".join(sorted(votes)) or "nobody"
        judged.unproved = (
            f"{len(votes)} of the {rules.sources_min} sources it takes are fresh ({heard})"
        )
        return judged
    middle = median(votes.values())
    agreeing = sum(is_within(value, middle, rules.hard_pips) for value in votes.values())
    if 2 * agreeing <= len(votes):
        judged.unproved = f"its sources disagree ({', '.join(sorted(votes))})"
        return judged
    _compare(fresh, middle, rules=rules, judged=judged)
    judged.reference = Reference(
        price=Price(*pair, middle.numerator, middle.denominator),
        voices=tuple(sorted(votes)),
        age=DurationNs(max(0, *(s.age for s in steady))),
    )
    return judged


def _fresh(said: list[Said], rules: PriceGuardRules, judged: Judgement) -> list[Said]:
    fresh = []
    for each in said:
        # A time to come is a clock or a unit that is wrong: it would be fresh for ever.
        if abs(each.age) <= each.age_max(rules):
            fresh.append(each)
        else:
            limit, how = seconds(each.age_max(rules)), "old" if each.age > 0 else "ahead"
            judged.distrust(each, f"is {seconds(abs(each.age))} {how}, the limit is {limit}")
    return fresh


def _confirmed(
    said: list[Said],
    averages: dict[InstrumentId | None, Fraction],
    *,
    rules: PriceGuardRules,
    judged: Judgement,
) -> list[Said]:
    steady = []
    for each in said:
        before = None if each.instrument is None else averages.get(each.instrument)
        if before is None or is_within(each.value, before, rules.jump_max_pips):
            steady.append(each)
            continue
        others = (s.value for s in said if s.source != each.source)
        if any(is_within(other, each.value, rules.hard_pips) for other in others):
            steady.append(each)
        else:
            away = distance(each.value, before)
            judged.distrust(each, f"is {away} its mean of the last minutes, and nobody confirms it")
    return steady


def _compare(
    said: list[Said], middle: Fraction, *, rules: PriceGuardRules, judged: Judgement
) -> None:
    for each in said:
        away = distance(each.value, middle)
        if not is_within(each.value, middle, rules.hard_pips):
            judged.distrust(each, f"is {away} the median of all sources: it is outvoted")
        elif not is_within(each.value, middle, rules.soft_pips):
            judged.alarms.append(f"{each.name} is {away} the median of all sources")
