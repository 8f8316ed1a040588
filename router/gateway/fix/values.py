"""The kinds of values in fields: decimals, moments, words; read exactly or refused by their tag."""

import datetime as dt
import functools
import re
from typing import Final

from router.domain.units import NS_PER_S, TimestampNs
from router.gateway.fix.message import Body, MessageError, Reason, clean

_DECIMAL: Final = re.compile(r"(-?)([0-9]{0,60})(?:\.([0-9]{0,40}))?\Z", re.ASCII)
_DECIMALS_MAX: Final = 18
_MOMENT: Final = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})-([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?\Z",
    re.ASCII,
)
_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_LEAP_SECOND: Final = 60
_DAY_S: Final = 86_400
_NS_DIGITS: Final = 9
_MICRO_NS: Final = 1_000
SYMBOL: Final = re.compile(r"([A-Za-z0-9._]{1,24})[/-]([A-Za-z0-9._]{1,24})\Z", re.ASCII)
_SHOWN_MAX: Final = 40


def required(body: Body, tag: int) -> str:
    """Return a field that must be there.

    Raises
    ------
    MessageError
        If it is not.
    """
    found = body.get(tag)
    if found is None:
        raise MessageError(f"{tag}: missing; add it", tag=tag, reason=Reason.MISSING)
    return found


def decimal(text: str, tag: int) -> str:
    """Return a decimal as it is told again: no exponent, no needless zeros.

    Raises
    ------
    MessageError
        If it is none, or has more than 18 decimals.
    """
    found = _DECIMAL.match(text)
    whole, fraction = ("", "") if found is None else (found[2], found[3] or "")
    if found is None or not (whole or fraction):
        raise _format(tag, "a plain decimal such as 0.25", text)
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    if len(fraction) > _DECIMALS_MAX:
        raise _format(tag, f"of at most {_DECIMALS_MAX} decimals", text)
    sign = found[1] if whole != "0" or fraction else ""
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def positive(text: str, tag: int) -> str:
    """Return a decimal above zero, as it is told again.

    Raises
    ------
    MessageError
        If it is none.
    """
    told = decimal(text, tag)
    if told == "0" or told.startswith("-"):
        raise MessageError(f"{tag}: must be positive, was {told}", tag=tag, reason=Reason.VALUE)
    return told


def whole(text: str, tag: int) -> int:
    """Return a whole number.

    Raises
    ------
    MessageError
        If it is none.
    """
    if not _WHOLE.match(text):
        raise _format(tag, "a whole number", text)
    return int(text)


def moment(text: str, tag: int) -> TimestampNs:
    """Return a UTCTimestamp in nanoseconds since the epoch.

    Raises
    ------
    MessageError
        If it is none.
    """
    found = _MOMENT.match(text)
    if found is None:
        raise _format(tag, "a moment such as 20260131-23:59:59.000", text)
    year, month, day, hour, minute, second = (int(found[n]) for n in range(1, 7))
    second = min(second, _LEAP_SECOND - 1) if second == _LEAP_SECOND else second
    try:
        at = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError:
        raise _format(tag, "a moment there is", text) from None
    fraction = int((found[7] or "").ljust(_NS_DIGITS, "0"))
    return TimestampNs(_seconds(at) * NS_PER_S + fraction)


def day_end(text: str, tag: int, *, day_ends_s: int) -> TimestampNs:
    """Return when a LocalMktDate ends, some seconds after its midnight in UTC.

    Raises
    ------
    MessageError
        If it is none.
    """
    found = _DATE.match(text)
    if found is None:
        raise _format(tag, "a day such as 20260131", text)
    year, month, day = (int(found[n]) for n in range(1, 4))
    try:
        at = dt.datetime(year, month, day, tzinfo=dt.UTC)
    except ValueError:
        raise _format(tag, "a day there is", text) from None
    return TimestampNs((_seconds(at) + day_ends_s) * NS_PER_S)


def next_day_end(now: TimestampNs, *, day_ends_s: int) -> TimestampNs:
    """Return when the day that is now ends."""
    today = now // NS_PER_S // _DAY_S * _DAY_S
    ends_at = (today + day_ends_s % _DAY_S) * NS_PER_S
    return TimestampNs(ends_at if ends_at > now else ends_at + _DAY_S * NS_PER_S)


def told_moment(at: TimestampNs) -> str:
    """Return a moment as a UTCTimestamp to the microsecond."""
    seconds, nanoseconds = divmod(at, NS_PER_S)
    return f"{_told_second(seconds)}.{nanoseconds // _MICRO_NS:06d}"


# What happens at a time is told at a time: the same few seconds come again and again.
@functools.lru_cache(maxsize=64)
def _told_second(seconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, tz=dt.UTC):%Y%m%d-%H:%M:%S}"


def told_day(at: TimestampNs) -> str:
    """Return the day of a moment, in UTC."""
    return f"{dt.datetime.fromtimestamp(at // NS_PER_S, tz=dt.UTC):%Y%m%d}"


def pair_of(symbol: str, tag: int) -> tuple[str, str]:
    """Return base and quote of a symbol such as ETH/USDC.

    Raises
    ------
    MessageError
        If it is none.
    """
    found = SYMBOL.match(symbol)
    if found is None:
        raise MessageError(
            f"{tag}: must be a pair such as ETH/USDC, was {clean(symbol[:_SHOWN_MAX])}",
            tag=tag,
            reason=Reason.VALUE,
        )
    return found[1], found[2]


def _seconds(at: dt.datetime) -> int:
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (at - epoch) // dt.timedelta(seconds=1)


def _format(tag: int, wanted: str, text: str) -> MessageError:
    shown = clean(text[:_SHOWN_MAX])
    return MessageError(f"{tag}: must be {wanted}, was {shown}", tag=tag, reason=Reason.FORMAT)
