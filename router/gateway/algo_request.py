"""A client's words to an algo; every fault names the field and the remedy.

Refuses what belongs to another algo, and a schedule that cannot be kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.algo import Algo, Iceberg, LimitUntil, Pov, Shortfall, Sweep, Twap
from router.domain.error import OrderError
from router.domain.units import (
    NS_PER_S,
    PIPS_PER_UNIT,
    DurationNs,
    Pico,
    Pips,
    TimestampNs,
    parse_decimal,
)

_NS_DECIMALS: Final = 9
_PIPS_DECIMALS: Final = 6
_BPS_DECIMALS: Final = 2
_PICO_DECIMALS: Final = 12
_INTERVAL_MIN: Final = DurationNs(NS_PER_S // 10)
_SLICES_MAX: Final = 10_000
_SCHEDULED_MAX: Final = 512  # slices of a schedule that the optimiser makes
_TICKS_MAX: Final = 100_000
_REPRICES_MAX: Final = 10_000
MARGIN_S: Final = 60  # for what is out when a schedule ends
_MARGIN: Final = DurationNs(MARGIN_S * NS_PER_S)

_SPREAD: Final = frozenset({"duration_s", "interval_s", "start_in_s", "catch_up"})
_OF: Final[Mapping[str, frozenset[str]]] = {
    "sweep": frozenset(),
    "twap": _SPREAD,
    "pov": _SPREAD | {"participation", "band"},
    "shortfall": _SPREAD | {"aversion", "volatility_bps_day", "half_life_s"},
    "iceberg": frozenset(
        {
            "display",
            "offset_ticks",
            "reprice_ticks",
            "reprices_max",
            "interval_s",
            "cross_after_s",
        }
    ),
    "limit": frozenset({"interval_s"}),
}
FIELDS: Final = frozenset({"algo"}).union(*_OF.values())

Request: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Times:
    start_at: TimestampNs
    end_at: TimestampNs
    interval: DurationNs


def parse_algo(request: Request, now: TimestampNs) -> Algo:
    """Make an algo of the fields of an order request; without `algo` it is a sweep.

    Parameters
    ----------
    request : Mapping[str, str]
        ``algo`` (sweep, twap, pov, shortfall, iceberg or limit) and what it needs. Those that are
        spread over time: ``duration_s``, ``interval_s`` (30), ``start_in_s`` (0), ``catch_up`` (a
        share: of a slice, 0.5; of the order for pov, 0.1). pov: ``participation`` and ``band``
        (0.02), shares of the volume. shortfall: ``aversion`` (for one quote unit),
        ``volatility_bps_day``, ``half_life_s``. iceberg: ``display`` (a share of the order),
        ``cross_after_s``, ``offset_ticks`` (0), ``reprice_ticks`` (1), ``reprices_max`` (20),
        ``interval_s`` (1). limit: ``interval_s`` (5), with the order's ``limit_price``.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    name = request.get("algo", "sweep")
    if name not in _OF:
        raise OrderError(f"algo: must be one of {', '.join(_OF)}, was {name!r}")
    for field in sorted((FIELDS - {"algo"} - _OF[name]) & request.keys()):
        owners = " or ".join(owner for owner, fields in _OF.items() if field in fields)
        raise OrderError(f"{field}: belongs to algo {owners}, not {name}; leave it out")
    return _MAKERS[name](request, now)


def deadline_after(algo: Algo) -> TimestampNs | None:
    """Return the deadline of an order that names none; None where its algo asks for no other."""
    ends_at = _needed_until(algo)
    return None if ends_at is None else TimestampNs(ends_at + _MARGIN)


def lasting_field(algo: Algo) -> str:
    """Return the field that says how long an algo needs."""
    return "cross_after_s" if isinstance(algo, Iceberg) else "duration_s"


def check_fit(algo: Algo, request: Request, *, deadline_at: TimestampNs, now: TimestampNs) -> None:
    """Check that an algo fits its order.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    ends_at = _needed_until(algo)
    if ends_at is not None and deadline_at <= ends_at:
        least = (ends_at - now) / NS_PER_S
        raise OrderError(
            f"deadline_s: the schedule ends after {least:g} s; give more, or a shorter schedule"
        )
    in_quote = request.get("quantity_asset", request["base"]) != request["base"]
    if isinstance(algo, Pov | Iceberg) and in_quote:
        raise OrderError(
            f"quantity_asset: algo {request['algo']} counts in base; use {request['base']}"
        )
    if isinstance(algo, LimitUntil) and "limit_price" not in request:
        raise OrderError("limit_price: missing; algo limit waits for a price")


def _needed_until(algo: Algo) -> TimestampNs | None:
    match algo:
        case Twap() | Pov() | Shortfall():
            return algo.end_at
        case Iceberg():
            return algo.cross_at
        case Sweep() | LimitUntil():
            return None


def _sweep(_request: Request, _now: TimestampNs) -> Algo:
    return Sweep()


def _twap(request: Request, now: TimestampNs) -> Algo:
    times = _times(request, now)
    caught = _share(request, "catch_up", "0.5", most=None)
    return Twap(times.start_at, times.end_at, times.interval, caught)


def _pov(request: Request, now: TimestampNs) -> Algo:
    times = _times(request, now)
    participation = _share(request, "participation", None, most=PIPS_PER_UNIT // 2)
    band = _share(request, "band", "0.02", most=PIPS_PER_UNIT)
    if not 0 < band <= participation:
        raise OrderError("band: must lie between 0 and participation; use a smaller one")
    return Pov(
        start_at=times.start_at,
        end_at=times.end_at,
        interval=times.interval,
        participation_pips=participation,
        band_pips=band,
        catch_up_pips=_positive(request, "catch_up", "0.1"),
    )


def _shortfall(request: Request, now: TimestampNs) -> Algo:
    times = _times(request, now, most=_SCHEDULED_MAX)
    return Shortfall(
        start_at=times.start_at,
        end_at=times.end_at,
        interval=times.interval,
        aversion=Pico(_number(request, "aversion", None, decimals=_PICO_DECIMALS)),
        volatility_pips=Pips(_number(request, "volatility_bps_day", None, decimals=_BPS_DECIMALS)),
        half_life=_duration(request, "half_life_s", None),
        catch_up_pips=_share(request, "catch_up", "0.5", most=None),
    )


def _iceberg(request: Request, now: TimestampNs) -> Algo:
    return Iceberg(
        display_pips=_positive(request, "display", None),
        offset_ticks=_whole(request, "offset_ticks", "0", within=(0, _TICKS_MAX)),
        reprice_ticks=_whole(request, "reprice_ticks", "1", within=(1, _TICKS_MAX)),
        interval=_interval(request, "1"),
        reprices_max=_whole(request, "reprices_max", "20", within=(0, _REPRICES_MAX)),
        cross_at=TimestampNs(now + _duration(request, "cross_after_s", None)),
    )


def _limit(request: Request, _now: TimestampNs) -> Algo:
    return LimitUntil(_interval(request, "5"))


_MAKERS: Final[Mapping[str, Callable[[Request, TimestampNs], Algo]]] = {
    "sweep": _sweep,
    "twap": _twap,
    "pov": _pov,
    "shortfall": _shortfall,
    "iceberg": _iceberg,
    "limit": _limit,
}


def _times(request: Request, now: TimestampNs, *, most: int = _SLICES_MAX) -> _Times:
    duration = _duration(request, "duration_s", None)
    interval = _interval(request, "30")
    if interval > duration:
        raise OrderError("interval_s: must not be longer than duration_s; use a shorter one")
    if duration > interval * most:
        raise OrderError(f"interval_s: makes more than {most} slices; use a longer one")
    start_at = TimestampNs(now + _number(request, "start_in_s", "0", decimals=_NS_DECIMALS))
    return _Times(start_at, TimestampNs(start_at + duration), interval)


def _interval(request: Request, default: str) -> DurationNs:
    interval = _duration(request, "interval_s", default)
    if interval < _INTERVAL_MIN:
        raise OrderError(f"interval_s: must be at least {_INTERVAL_MIN / NS_PER_S:g}")
    return interval


def _duration(request: Request, field: str, default: str | None) -> DurationNs:
    duration = _number(request, field, default, decimals=_NS_DECIMALS)
    if duration == 0:
        raise OrderError(f"{field}: must be positive, was 0")
    return DurationNs(duration)


def _positive(request: Request, field: str, default: str | None) -> Pips:
    share = _share(request, field, default, most=PIPS_PER_UNIT)
    if share == 0:
        raise OrderError(f"{field}: must be positive, was 0")
    return share


def _share(request: Request, field: str, default: str | None, *, most: int | None) -> Pips:
    share = _number(request, field, default, decimals=_PIPS_DECIMALS)
    if most is not None and share > most:
        raise OrderError(f"{field}: must be at most {most / PIPS_PER_UNIT:g}, a share")
    return Pips(share)


def _whole(request: Request, field: str, default: str, *, within: tuple[int, int]) -> int:
    found, (least, most) = _number(request, field, default, decimals=0), within
    if not least <= found <= most:
        raise OrderError(f"{field}: must be a whole number from {least} to {most}, was {found}")
    return found


def _number(request: Request, field: str, default: str | None, *, decimals: int) -> int:
    text = request.get(field, default)
    if text is None:
        raise OrderError(f"{field}: missing; algo {request['algo']} needs it")
    try:
        found = parse_decimal(text, decimals)
    except ValueError as error:
        raise OrderError(f"{field}: {error}") from None
    if found < 0:
        raise OrderError(f"{field}: must not be negative, was {text}")
    return found
