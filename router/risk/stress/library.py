"""The standard scenarios, and 10 October 2025 as it unfolded: data of the desk, not of a venue.

Gaps by how large an asset is, default and severe, from what was published of that day and of
exchanges' own margin frameworks; where those give a range, the worse end. What is not about money
and margin (rate limits, failing signers, reorganisations) is no scenario here.

Source: published accounts of 10 October 2025 (aggregates only, no data of anybody's), the stress
grids of OKX and Deribit, Hyperliquid's documentation of funding and deleveraging; read Aug 2026.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from router.domain.margin import StressShock
from router.domain.stress import ALL_PIPS, NO_PIPS, PegShock, Scenario, VenueShock
from router.domain.units import PIPS_PER_UNIT, AssetId, Pips, VenueId
from router.risk.stress.path import Step


class AssetClass(enum.StrEnum):
    """How an asset falls with the others."""

    BTC = "btc"
    ETH = "eth"
    SOL = "sol"
    LARGE = "large"
    SMALL = "small"  # also what nobody named


MAJORS: Final = frozenset({AssetClass.BTC, AssetClass.ETH, AssetClass.SOL})

# In per cent: (default, severe).
_DOWN: Final[Mapping[AssetClass, tuple[int, int]]] = MappingProxyType(
    {
        AssetClass.BTC: (-15, -25),
        AssetClass.ETH: (-18, -30),
        AssetClass.SOL: (-26, -40),
        AssetClass.LARGE: (-40, -60),
        AssetClass.SMALL: (-60, -80),
    }
)
_UP_MAJOR: Final = (16, 24)
_UP_OTHER: Final = (40, 50)
_SQUEEZE: Final = (100, 300)  # a single name; the severe one is a coin times four
_ZERO: Final = -90
_FLIP_BPS: Final = (-150, -1_200)  # -0.5 %/8 h for a day; the cap of 4 %/h for three hours
_BASIS: Final = -5
_PEGS: Final = (97, 65)  # per cent that is left
_DEPTH: Final = (Pips(100_000), Pips(20_000))
_CLOSED: Final = (Pips(350_000), Pips(1_000_000))
_CLOSED_AT: Final = Pips(100_000)  # a minute into ten
_GAS: Final = Pips(50 * PIPS_PER_UNIT)
_LATE_S: Final = (30, 120, 600)
_FALL_S: Final = 600
_OUTAGE_S: Final = 2_220
_PIPS_PER_PCT: Final = 10_000

Classes = Mapping[AssetId, AssetClass]


def betas(classes: Classes, *, severe: bool = False) -> dict[AssetId, Pips]:
    """Return how much of Bitcoin's fall every asset takes, as pips of it."""
    column = int(severe)
    most = _DOWN[AssetClass.BTC][column]
    return {a: Pips(_DOWN[c][column] * PIPS_PER_UNIT // most) for a, c in classes.items()}


def standard(
    classes: Classes,
    *,
    venues: Sequence[VenueId],
    money: Sequence[AssetId],
    severe: bool = False,
) -> tuple[Scenario, ...]:
    """Return the standard scenarios.

    Parameters
    ----------
    classes : mapping of AssetId to AssetClass
        Assets it does not name fall like the smallest.
    venues : sequence of VenueId
        Perp venues: each has its own basis, late oracle, outage and deleveraging.
    money : sequence of AssetId
        Collateral and what else stands for the reference: these lose their pegs.
    """
    down = gap_down(classes, severe=severe)
    half = _scaled(down, Pips(PIPS_PER_UNIT // 2), "half gap")
    return (
        down,
        _gap_up(classes, severe=severe),
        *_single_names(classes, severe=severe),
        *_funding(severe=severe),
        *(_basis(venue, sign) for venue in venues for sign in (1, -1)),
        *(_depeg(asset, severe=severe) for asset in money),
        *(_late(half, venue, late) for venue in venues for late in _LATE_S),
        Scenario("S7 no depth", depth_pips=_DEPTH[severe]),
        *(_outage(half, venue) for venue in venues),
        *(_deleveraged(down, venue, severe=severe) for venue in venues),
        Scenario("S11 gas", gas_pips=_GAS),
        *(_combined(down, venue, severe=severe) for venue in venues),
    )


def gap_down(classes: Classes, *, severe: bool = False) -> Scenario:
    """Return the correlated fall of everything."""
    column = int(severe)
    return Scenario(
        "S1 gap down",
        gap_pips=_pct(_DOWN[AssetClass.SMALL][column]),
        apart=tuple(
            StressShock(asset, _pct(_DOWN[kind][column]), NO_PIPS)
            for asset, kind in classes.items()
        ),
        duration_s=_FALL_S,
    )


def _gap_up(classes: Classes, *, severe: bool) -> Scenario:
    majors = [asset for asset, kind in classes.items() if kind in MAJORS]
    return Scenario(
        "S2 gap up",
        gap_pips=_pct(_UP_OTHER[severe]),
        apart=tuple(StressShock(a, _pct(_UP_MAJOR[severe]), NO_PIPS) for a in majors),
        duration_s=_FALL_S,
    )


def _single_names(classes: Classes, *, severe: bool) -> list[Scenario]:
    found = []
    for asset, kind in classes.items():
        if kind not in MAJORS:
            for word, gap in (("squeeze", _SQUEEZE[severe]), ("to zero", _ZERO)):
                shock = StressShock(asset, _pct(gap), NO_PIPS)
                found.append(Scenario(f"S3 {asset} {word}", apart=(shock,)))
    return found


def _funding(*, severe: bool) -> tuple[Scenario, ...]:
    flip = _FLIP_BPS[severe] * 100
    return (
        Scenario("S4 shorts pay", funding_pips=Pips(flip), duration_s=86_400),
        Scenario("S4 longs pay", funding_pips=Pips(-flip), duration_s=86_400),
    )


def _basis(venue: VenueId, sign: int) -> Scenario:
    word = "below" if sign > 0 else "above"
    shock = VenueShock(venue, mark_pips=_pct(sign * _BASIS))
    return Scenario(f"S5 {venue} {word}", venues=(shock,), duration_s=180)


def _depeg(asset: AssetId, *, severe: bool) -> Scenario:
    peg = PegShock(asset, _pct(_PEGS[severe]))
    return Scenario(f"S5 {asset} peg", pegs=(peg,), duration_s=1_800)


def _late(half: Scenario, venue: VenueId, late_s: int) -> Scenario:
    shock = VenueShock(venue, oracle_late_s=late_s)
    return replace(half, name=f"S6 {venue} {late_s} s late", venues=(shock,))


# An outage alone moves nothing: it comes with half of the fall.
def _outage(half: Scenario, venue: VenueId) -> Scenario:
    shock = VenueShock(venue, is_out=True)
    return replace(half, name=f"S8 {venue} out", venues=(shock,), duration_s=_OUTAGE_S)


def _deleveraged(down: Scenario, venue: VenueId, *, severe: bool) -> Scenario:
    shock = VenueShock(venue, deleveraged_pips=_CLOSED[severe], deleveraged_at_pips=_CLOSED_AT)
    return replace(down, name=f"S9 {venue} deleverages", venues=(shock,))


def _combined(down: Scenario, venue: VenueId, *, severe: bool) -> Scenario:
    shock = VenueShock(
        venue, is_out=True, deleveraged_pips=_CLOSED[severe], deleveraged_at_pips=_CLOSED_AT
    )
    return replace(
        down,
        name=f"S14 {venue} all at once",
        venues=(shock,),
        depth_pips=_DEPTH[severe],
        gas_pips=_GAS,
    )


def _scaled(scenario: Scenario, share: Pips, name: str) -> Scenario:
    def scaled(pips: int) -> Pips:
        return Pips(pips * share // PIPS_PER_UNIT)

    return replace(
        scenario,
        name=name,
        gap_pips=scaled(scenario.gap_pips),
        apart=tuple(replace(s, gap_pips=scaled(s.gap_pips)) for s in scenario.apart),
    )


def _pct(percent: int) -> Pips:
    return Pips(percent * _PIPS_PER_PCT)


# The replay: times in seconds after the first liquidation of the window.
_GRID_MS: Final = 3_000
_LOW_MS: Final = 720_000
_END_MS: Final = 2_700_000
_RECOVERY_MS: Final = 60_000
_BURSTS_S: Final = (63, 114, 123, 132, 144, 162, 165, 201, 204, 210, 213, 219, 222)
_SHARE_CLOSED: Final = 0.35


def october(classes: Classes) -> tuple[Step, ...]:
    """Return the shape of 10 October 2025: a fall of twelve minutes, and a bounce to half of it.

    Prices fall evenly on the venue's grid of three seconds. Books show a tenth and gas costs fifty
    times as much until the low; 35 % of what gains is closed by deleveraging in thirteen bursts,
    the first a minute in. Then half of the loss comes back in half an hour, and depth with it.
    """
    low = gap_down(classes)
    burst = Pips(round((1.0 - (1.0 - _SHARE_CLOSED) ** (1 / len(_BURSTS_S))) * PIPS_PER_UNIT))
    bursts = {second * 1_000: burst for second in _BURSTS_S}
    fall = [
        replace(
            _step(low, at, share=Pips(at * PIPS_PER_UNIT // _LOW_MS)),
            depth_pips=_DEPTH[0],
            gas_pips=_GAS,
            deleveraged_pips=bursts.get(at, NO_PIPS),
        )
        for at in range(_GRID_MS, _LOW_MS + 1, _GRID_MS)
    ]
    bounce = [
        replace(
            _step(low, at, share=Pips(PIPS_PER_UNIT - _back(at) // 2)),
            depth_pips=Pips(_DEPTH[0] + (ALL_PIPS - _DEPTH[0]) * _back(at) // PIPS_PER_UNIT),
            gas_pips=Pips(_GAS - (_GAS - ALL_PIPS) * _back(at) // PIPS_PER_UNIT),
        )
        for at in range(_LOW_MS + _RECOVERY_MS, _END_MS + 1, _RECOVERY_MS)
    ]
    return (*fall, *bounce)


# How far the bounce has come, in pips.
def _back(at_ms: int) -> int:
    return (at_ms - _LOW_MS) * PIPS_PER_UNIT // (_END_MS - _LOW_MS)


def _step(low: Scenario, at_ms: int, *, share: Pips) -> Step:
    now = _scaled(low, share, low.name)
    return Step(at_ms, now.gap_pips, tuple((s.asset, s.gap_pips) for s in now.apart))
