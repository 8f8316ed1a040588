"""The kill switch: who may still trade what, until a named person says otherwise."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.units import AccountId, TimestampNs, VenueId


class TradingState(enum.StrEnum):
    """What is still allowed, from all to nothing."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"  # perp positions may shrink, inventory may be sold
    CANCEL_ONLY = "cancel_only"  # nothing new; what is out ends by itself or is cancelled
    HALTED = "halted"  # nothing new, orders that wait end, what is out is cancelled at once


_SEVERITY: Final = {state: rank for rank, state in enumerate(TradingState)}


def strictest(states: Iterable[TradingState]) -> TradingState:
    """Return the state that allows least; ACTIVE where there is none."""
    return max(states, key=_SEVERITY.__getitem__, default=TradingState.ACTIVE)


@dataclass(frozen=True, slots=True)
class SwitchSetting:
    """What somebody set, for whom, and why.

    Attributes
    ----------
    by : str
        A person, or what set it: a file, a signal.
    """

    scope: Scope
    state: TradingState
    by: str
    reason: str
    at: TimestampNs


def is_stricter(state: TradingState, than: TradingState) -> bool:
    """Tell whether a state allows less than another."""
    return _SEVERITY[state] > _SEVERITY[than]


def supersedes(new: SwitchSetting, old: SwitchSetting | None) -> bool:
    """Tell whether a setting holds against another of its scope: it is later, or stricter.

    Somebody's later word may set free what was stopped; an earlier one never does.
    """
    if old is None:
        return True
    return new != old and (new.at > old.at or is_stricter(new.state, old.state))


def strictest_of(
    switches: Mapping[Scope, SwitchSetting], scopes: Iterable[Scope]
) -> SwitchSetting | None:
    """Return the setting among some scopes that allows least; None where all are free."""
    found = [s for scope in scopes if (s := switches.get(scope)) is not None]
    worst = strictest(s.state for s in found)
    if worst is TradingState.ACTIVE:
        return None
    return next(s for s in found if s.state is worst)


def scopes_of(venue: VenueId, account: AccountId) -> tuple[Scope, ...]:
    """Return the scopes that take in all that is done with an account at a venue."""
    return (FIRM, Scope(ScopeKind.VENUE, venue), Scope(ScopeKind.ACCOUNT, account))


def of_market(strategy: str, venue: VenueId, account: AccountId) -> tuple[Scope, ...]:
    """Return the scopes that take in what a strategy does with an account at a venue."""
    return (*scopes_of(venue, account), Scope(ScopeKind.STRATEGY, strategy))
