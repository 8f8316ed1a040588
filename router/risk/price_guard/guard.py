"""Which markets a decision must do without, for what their prices are worth. Pure.

A source that is outvoted, stale or jumped alone takes its own market out, and no other. Where the
order's own pair has no reference, nothing is left: its limit would be measured against a price that
nobody vouches for; a pair that nobody prices may have those of two pairs on the way instead. Pairs
that only lead from one asset to another need none, because the order's limit holds for the way as a
whole; where they have one, it is used.
"""

from collections.abc import Mapping
from dataclasses import replace

from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.observation import Observation
from router.domain.price import PriceGuardRules, SourcePrice
from router.domain.units import InstrumentId, TimestampNs
from router.risk.price_guard.reference import judge
from router.risk.price_guard.voices import Pair, all_prices, said_of


def distrusted(
    observation: Observation,
    instruments: tuple[Instrument, ...],
    limits: Limits,
    *,
    pair: Pair,
    only_reduces: bool = False,
    at: TimestampNs,
) -> tuple[dict[InstrumentId, str], tuple[str, ...]]:
    """Return the markets whose price cannot be trusted, with the reason, and what to alarm.

    Parameters
    ----------
    pair : Pair
        The order's: base and quote.
    only_reduces : bool
        Whether the order can only make a position smaller: then nothing is left out.
    """
    rules = limits.price_guard
    if rules is None:
        return {}, ()
    prices = all_prices(observation, instruments)
    without: dict[InstrumentId, str] = {}
    alarms: list[str] = []
    for each in _pairs(pair, prices):
        judged = judge(each, prices, rules, at=at)
        name = "/".join(each)
        if judged.reference is not None or each == pair:
            without = {**judged.without, **without}
            alarms.extend(f"price guard, {name}: {alarm}" for alarm in judged.alarms)
        if judged.reference is None and each == pair and not _is_led_to(pair, prices, rules, at=at):
            reason = f"{name} has no reference price: {judged.unproved}"
            without = {i.id: without.get(i.id, reason) for i in instruments}
            alarms.append(f"price guard, {reason}")
    return {} if only_reduces else without, tuple(alarms)


def trusted(observation: Observation, without: Mapping[InstrumentId, str]) -> Observation:
    """Return an observation apart from the markets that are not trusted: no mid is made of them."""
    return replace(
        observation,
        pools=tuple(p for p in observation.pools if p.instrument not in without),
        books=tuple(b for b in observation.books if b.instrument not in without),
        contexts=tuple(c for c in observation.contexts if c.instrument not in without),
    )


# Nobody says anything of the pair itself, and enough of two pairs that lead from its base to its
# quote: an order over both has all of its markets compared.
def _is_led_to(
    pair: Pair, prices: tuple[SourcePrice, ...], rules: PriceGuardRules, *, at: TimestampNs
) -> bool:
    if said_of(pair, prices, at):
        return False
    base, quote = pair
    middles = dict.fromkeys(asset for each in prices for asset in each.pair if asset not in pair)
    return any(
        all(judge(half, prices, rules, at=at).reference for half in ((base, m), (m, quote)))
        for m in middles
    )


# The order's own pair first; each once, whichever way round.
def _pairs(own: Pair, prices: tuple[SourcePrice, ...]) -> tuple[Pair, ...]:
    found = [own]
    for each in prices:
        if each.pair not in found and each.pair[::-1] not in found:
            found.append(each.pair)
    return tuple(found)
