"""What the kill switch lets a signer do, whatever the engine has asked for. Pure.

The second gate, of its own: it knows a child and the switches, and nothing of how the child came
about. Cancels always pass, and transactions that only use up a nonce: they keep things from
happening. Refuses to weigh anything; there is no size small enough.
"""

import enum
from collections.abc import Mapping

from router.domain.order import ChildOrder, Replacement
from router.domain.scope import Scope
from router.domain.switch import SwitchSetting, TradingState, of_market, strictest_of
from router.domain.units import Side


class Act(enum.Enum):
    """What is about to be done with a child."""

    SIGN = "sign"
    SUBMIT = "submit"
    REPLACE = "replace"  # the same effect at a higher price
    CANCEL = "cancel"  # no effect but using up the nonce


def act_of(replacement: Replacement | None) -> Act:
    """Return what sending signed bytes does."""
    match replacement:
        case None:
            return Act.SUBMIT
        case Replacement.BUMP:
            return Act.REPLACE
        case Replacement.CANCEL:
            return Act.CANCEL


def refusal(child: ChildOrder, switches: Mapping[Scope, SwitchSetting], act: Act) -> str | None:
    """Return why the signer does not do it; None where it may."""
    if act is Act.CANCEL:
        return None
    found = strictest_of(switches, of_market(child.strategy, child.venue, child.account))
    if found is None or (found.state is TradingState.REDUCE_ONLY and _reduces(child)):
        return None
    return (
        f"the signer does not {act.value}: {found.scope.label} is {found.state} since {found.by}"
        f" said so: {found.reason}"
    )


# The venue holds a flagged order to it; on a chain only selling the base makes holdings smaller.
def _reduces(child: ChildOrder) -> bool:
    if all(leg.instrument.is_on_chain for leg in child.legs):
        return child.side is Side.SELL
    return child.reduces_only
