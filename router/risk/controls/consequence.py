"""What a finding leads to beside its refusal: some stop more than the order they were found of.

Pure. Only a named person undoes it, by setting the switch active again.
"""

from typing import Final

from router.domain.control import Control, Finding
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import ParentId, TimestampNs
from router.state.world import World

_STOPS: Final = {Control.REPEATED, Control.CONSERVATION}


def setting_of(
    world: World, parent: ParentId, finding: Finding, *, at: TimestampNs
) -> SwitchSetting | None:
    """Return the switch that a finding sets, or None.

    Repeated execution disables the strategy; more children than their parent allows halt the firm.
    """
    if finding.control not in _STOPS:
        return None
    scope = FIRM
    if finding.control is Control.REPEATED:
        scope = Scope(ScopeKind.STRATEGY, world.parents[parent].order.strategy)
    return SwitchSetting(
        scope=scope,
        state=TradingState.HALTED,
        by=f"control {finding.control}",
        reason=finding.message,
        at=at,
    )
