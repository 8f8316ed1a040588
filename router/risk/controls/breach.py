"""What a control says when it refuses: the limit, what was asked, and where both stand."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from router.domain.control import Control, Finding
from router.domain.instrument import Asset, Instrument
from router.domain.plan import NoRouteReason
from router.domain.scope import Scope
from router.domain.units import AssetId, format_decimal
from router.domain.verdict import Refused

Show: TypeAlias = Callable[[int], str]  # a number in the unit of its key

_PIPS_DECIMALS = 2  # of a basis point
_NS_PER_MS = 1_000_000
_GWEI_DECIMALS = 9
_COIN_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Breach:
    """One limit that does not allow what was asked.

    Attributes
    ----------
    bound : int
        The limit as a number: of several breaches of one key, the smallest is the strictest.
    """

    control: Control
    scope: Scope
    key: str
    limit: str
    value: str
    what: str
    bound: int = 0
    reason: NoRouteReason = NoRouteReason.LIMIT_EXCEEDED

    @property
    def finding(self) -> Finding:
        """Return what goes on record."""
        return Finding(self.control, self.scope, self.key, self.limit, self.value, self.what)

    @property
    def refused(self) -> Refused:
        """Return the verdict."""
        return Refused(self.reason, self.what, self.finding)


def path(scope: Scope, key: str) -> str:
    """Return where a limit stands in the configuration."""
    return f'controls.{scope.kind}."{scope.name}".{key}' if scope.name else f"controls.firm.{key}"


def over(
    control: Control, scope: Scope, key: str, *, limit: int, value: int, show: Show, remedy: str
) -> Breach:
    """Say that a value is above its limit."""
    place = path(scope, key)
    what = f"{show(value)} is above {place} {show(limit)}; {remedy}"
    return Breach(control, scope, place, show(limit), show(value), what, bound=limit)


def strictest(breaches: Iterable[Breach]) -> Breach | None:
    """Return the breach of least bound; the first of equals."""
    return min(breaches, key=lambda breach: breach.bound, default=None)


def in_units(asset: AssetId, configured: Iterable[Instrument]) -> Show:
    """Return how atoms of an asset are told: as units, and the asset."""
    sides: dict[AssetId, Asset] = {
        side.id: side for instrument in configured for side in (instrument.base, instrument.quote)
    }
    decimals = sides[asset].decimals if asset in sides else 0
    return lambda atoms: f"{format_decimal(atoms, decimals)} {asset}"


def in_bps(pips: int) -> str:
    """Tell pips as basis points."""
    return format_decimal(pips, _PIPS_DECIMALS)


def in_pct(pips: int) -> str:
    """Tell pips as percent."""
    return format_decimal(pips, 2 * _PIPS_DECIMALS)


def in_ms(duration_ns: int) -> str:
    """Tell a duration in milliseconds, rounded up."""
    return str(-(-duration_ns // _NS_PER_MS))


def in_s(duration_ns: int) -> str:
    """Tell a duration in seconds."""
    return format_decimal(duration_ns, 9)


def in_gwei(wei: int) -> str:
    """Tell wei in gwei."""
    return format_decimal(wei, _GWEI_DECIMALS)


def in_coins(wei: int) -> str:
    """Tell wei in whole coins."""
    return format_decimal(wei, _COIN_DECIMALS)
