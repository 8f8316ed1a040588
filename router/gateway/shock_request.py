"""A what-if in words made into a scenario: ``ETH=-25,BTC=-20,depth=20,hyperliquid.out``.

An asset or ``all`` takes a gap in percent, ``funding`` what longs pay in basis points (of one
asset: ``ETH.funding``), ``depth`` and ``gas`` percent of what they are now, ``minutes`` how long it
takes, ``peg.USDC`` percent of its value. A venue takes ``.mark`` (percent its marks are off),
``.out``, ``.late`` (seconds), ``.adl`` (percent closed), ``.adl_at`` (percent of the gap by then).
Without an equals sign it is a scenario by its name. Refuses what it does not know, and says what it
does.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from router.domain.error import OrderError
from router.domain.margin import StressShock
from router.domain.stress import PegShock, Scenario, VenueShock
from router.domain.units import PIPS_PER_UNIT, AssetId, Pips, VenueId

_PIPS_PER_PCT: Final = 10_000
_PIPS_PER_BPS: Final = 100
_PERCENT_MAX: Final = Decimal(100_000)
_FIELDS: Final = (
    "an asset or all (percent), funding or ASSET.funding (bps), depth, gas, peg.ASSET (percent of"
    " now), minutes, VENUE.mark, VENUE.out, VENUE.late (seconds), VENUE.adl, VENUE.adl_at (percent)"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a shock may name."""

    assets: Collection[AssetId]
    venues: Collection[VenueId]
    scenarios: Mapping[str, Scenario]


def parse_shock(text: str, known: Known) -> Scenario:
    """Return the scenario that some words mean.

    Raises
    ------
    OrderError
        Naming the word and what it might be.
    """
    named = known.scenarios.get(text.strip())
    if named is not None:
        return named
    made = _Making(Scenario(name=text.strip()), known)
    for word in text.split(","):
        made.take(word.strip())
    return made.done()


class _Making:
    """A scenario on its way."""

    def __init__(self, scenario: Scenario, known: Known) -> None:
        self._scenario = scenario
        self._known = known
        self._gaps: dict[AssetId, Pips] = {}
        self._funding: dict[AssetId, Pips] = {}
        self._venues: dict[VenueId, VenueShock] = {}
        self._said: set[str] = set()

    def done(self) -> Scenario:
        base = self._scenario
        apart = tuple(
            StressShock(
                asset,
                self._gaps.get(asset, base.gap_pips),
                self._funding.get(asset, base.funding_pips),
            )
            for asset in dict.fromkeys((*self._gaps, *self._funding))
        )
        return replace(base, apart=apart, venues=tuple(self._venues.values()))

    def take(self, word: str) -> None:
        key, equals, value = (part.strip() for part in word.partition("="))
        name, _, field = key.rpartition(".")
        if key in self._said:
            raise OrderError(f"shock: {key} is there twice; say it once")
        self._said.add(key)
        if key in {"all", "funding", "depth", "gas", "minutes"}:
            self._take_common(key, value)
        elif key in self._known.assets:
            self._gaps[AssetId(key)] = _gap(key, value)
        elif name in self._known.assets and field == "funding":
            self._funding[AssetId(name)] = _pips(key, value, per=_PIPS_PER_BPS)
        elif name == "peg" and field in self._known.assets:
            peg = PegShock(AssetId(field), _share(key, value))
            self._scenario = replace(self._scenario, pegs=(*self._scenario.pegs, peg))
        elif name in self._known.venues:
            self._take_venue(VenueId(name), field, value if equals else "")
        else:
            raise OrderError(f"shock: {word!r} is not known; {self._choices()}")

    def _take_common(self, key: str, value: str) -> None:
        match key:
            case "all":
                self._scenario = replace(self._scenario, gap_pips=_gap(key, value))
            case "funding":
                pips = _pips(key, value, per=_PIPS_PER_BPS)
                self._scenario = replace(self._scenario, funding_pips=pips)
            case "depth":
                self._scenario = replace(self._scenario, depth_pips=_share(key, value))
            case "gas":
                self._scenario = replace(self._scenario, gas_pips=_positive(key, value))
            case _:
                seconds = _positive(key, value) * 60 // _PIPS_PER_PCT
                self._scenario = replace(self._scenario, duration_s=max(1, seconds))

    def _take_venue(self, venue: VenueId, field: str, value: str) -> None:
        shock, key = self._venues.get(venue, VenueShock(venue)), f"{venue}.{field}"
        match field:
            case "mark":
                shock = replace(shock, mark_pips=_gap(key, value))
            case "out":
                if value:
                    raise OrderError(f"shock: {key} takes no value, was {value!r}; or leave it out")
                shock = replace(shock, is_out=True)
            case "late":
                shock = replace(shock, oracle_late_s=_positive(key, value) // _PIPS_PER_PCT)
            case "adl":
                shock = replace(shock, deleveraged_pips=_share(key, value))
            case "adl_at":
                shock = replace(shock, deleveraged_at_pips=_share(key, value))
            case _:
                raise OrderError(f"shock: {key!r} is not known; {self._choices()}")
        self._venues[venue] = shock

    def _choices(self) -> str:
        return (
            f"use {_FIELDS}; assets: {_list(self._known.assets)}; venues:"
            f" {_list(self._known.venues)}; or a scenario: {_list(self._known.scenarios)}"
        )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _pips(key: str, value: str, *, per: int) -> Pips:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise OrderError(f"shock: {key} must be a number such as -25, was {value!r}") from None
    if not number.is_finite() or abs(number) > _PERCENT_MAX:
        raise OrderError(f"shock: {key} must be within {_PERCENT_MAX:f}, was {value}")
    return Pips(int(number * per))


def _gap(key: str, value: str) -> Pips:
    pips = _pips(key, value, per=_PIPS_PER_PCT)
    if pips <= -PIPS_PER_UNIT:
        raise OrderError(f"shock: {key} must be above -100, was {value}: nothing would be left")
    return pips


def _positive(key: str, value: str) -> Pips:
    pips = _pips(key, value, per=_PIPS_PER_PCT)
    if pips <= 0:
        raise OrderError(f"shock: {key} must be positive, was {value}")
    return pips


def _share(key: str, value: str) -> Pips:
    pips = _positive(key, value)
    if pips > PIPS_PER_UNIT:
        raise OrderError(f"shock: {key} must be at most 100, was {value}")
    return pips
