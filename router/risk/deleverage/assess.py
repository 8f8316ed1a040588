"""Zones and cuts of all perp accounts that have rules, from one survey. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.observation import Survey
from router.domain.risk import Assessment, Cut, Zone
from router.domain.units import AccountId
from router.risk.deleverage.policy import cuts
from router.risk.deleverage.read import read


@dataclass(frozen=True, slots=True)
class Reduction:
    """What liquidation preferences come to.

    Attributes
    ----------
    zones : Mapping
        Accounts that could be read, at venues with rules.
    """

    zones: Mapping[AccountId, Zone]
    cuts: tuple[Cut, ...]


def assess(
    survey: Survey,
    instruments: Sequence[Instrument],
    limits: Limits,
    *,
    before: Assessment | None = None,
) -> Reduction:
    """Return the zone of every account with rules, and what should be cut now."""
    desk = read(survey, instruments, limits, before=before)
    return Reduction({a.id: a.zone for a in desk.accounts}, cuts(desk))
