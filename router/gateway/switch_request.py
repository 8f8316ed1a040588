"""A person's words to a setting of the kill switch; every fault names the field and the remedy."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.error import OrderError
from router.domain.scope import Scope, ScopeKind, parse_scope
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import TimestampNs

_FIELDS: Final = ("state", "reason", "by", "scope")
_STRATEGY: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for, understood."""

    scope: Scope
    state: TradingState
    by: str
    reason: str

    def setting(self, at: TimestampNs) -> SwitchSetting:
        """Return it as a setting of a moment."""
        return SwitchSetting(self.scope, self.state, self.by, self.reason, at)

    @property
    def request(self) -> dict[str, str]:
        """The flat mapping that `parse_switch` takes."""
        return {
            "scope": self.scope.label,
            "state": str(self.state),
            "by": self.by,
            "reason": self.reason,
        }


def parse_switch(request: Mapping[str, str]) -> Wanted:
    """Make what is wanted of a flat mapping: ``state``, ``reason``, ``by``, optional ``scope``.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    for name in sorted(request.keys() - set(_FIELDS)):
        raise OrderError(f"{name}: unknown field; use {', '.join(_FIELDS)}")
    return Wanted(
        scope=_scope(request.get("scope", str(ScopeKind.FIRM))),
        state=_state(request.get("state", "")),
        by=_words(request, "by", "who says so"),
        reason=_words(request, "reason", "why, for the record"),
    )


def check_known(scope: Scope, *, venues: Collection[str], accounts: Collection[str]) -> None:
    """Refuse a switch that would switch nothing.

    Raises
    ------
    OrderError
        If a venue or an account is not configured.
    """
    known = {ScopeKind.VENUE: venues, ScopeKind.ACCOUNT: accounts}.get(scope.kind)
    if known is not None and scope.name not in known:
        raise OrderError(
            f"scope: {scope.label} is not configured; use one of"
            f" {', '.join(f'{scope.kind}:{name}' for name in sorted(known))}"
        )


def _scope(label: str) -> Scope:
    try:
        scope = parse_scope(label)
    except ValueError as error:
        raise OrderError(f"scope: {error}") from None
    if scope.kind is ScopeKind.INSTRUMENT:
        raise OrderError("scope: an instrument has no switch; use its venue or its account")
    if scope.kind is ScopeKind.STRATEGY and not _STRATEGY.match(scope.name):
        raise OrderError("scope: a strategy has 1 to 64 letters, digits, dots, dashes")
    return scope


def _state(text: str) -> TradingState:
    try:
        return TradingState(text.lower().replace("-", "_"))
    except ValueError:
        states = ", ".join(TradingState)
        raise OrderError(f"state: must be one of {states}, was {text!r}") from None


def _words(request: Mapping[str, str], field: str, meaning: str) -> str:
    text = " ".join(request.get(field, "").split())
    if not text:
        raise OrderError(f"{field}: must say {meaning}")
    return text
