"""How near an account is to being liquidated, by maintenance margin over equity. Exact.

An account that was being reduced stays so until it is near where reducing ends, and one that was
reduced at any cost until it is out of the soft zone: it does not flap between two answers.
"""

from typing import Final

from router.domain.risk import Zone, ZoneRules
from router.domain.units import PIPS_PER_UNIT

NEARNESS: Final = (Zone.SAFE, Zone.EARLY, Zone.SOFT, Zone.HARD, Zone.LIQUIDATED)
_EARLY_KEPT_PERCENT: Final = 95  # an early warning ends a little below where it began
# Prices move while orders are out: to go after the last bit of the target would never end.
_REACHED_PERCENT: Final = 110


def zone_of(maintenance: int, equity: int, rules: ZoneRules, *, was: Zone = Zone.SAFE) -> Zone:
    """Return the zone of an account, in collateral atoms.

    Parameters
    ----------
    was : Zone
        What it was found in last.
    """
    if maintenance > equity:
        return Zone.LIQUIDATED
    if maintenance == 0:
        return Zone.SAFE

    def is_at(pips: int) -> bool:
        return maintenance * PIPS_PER_UNIT >= pips * equity

    def is_beyond(pips: int) -> bool:
        return maintenance * PIPS_PER_UNIT > pips * equity

    if is_at(rules.hard_pips) or (is_near(was, Zone.HARD) and is_beyond(rules.soft_pips)):
        return Zone.HARD
    reached = rules.target_pips * _REACHED_PERCENT // 100
    if is_at(rules.soft_pips) or (is_near(was, Zone.SOFT) and is_beyond(reached)):
        return Zone.SOFT
    kept = rules.early_pips * _EARLY_KEPT_PERCENT // 100
    if is_at(rules.early_pips) or (is_near(was, Zone.EARLY) and is_beyond(kept)):
        return Zone.EARLY
    return Zone.SAFE


def is_near(zone: Zone, least: Zone) -> bool:
    """Tell whether a zone is at least as near to liquidation as another."""
    return NEARNESS.index(zone) >= NEARNESS.index(least)


def nearer(one: Zone, other: Zone) -> Zone:
    """Return the zone that is nearer to liquidation."""
    return one if is_near(one, other) else other
