"""Which accounts may share margin: those assessed lately, and found to survive. Pure."""

from router.domain.instrument import Asset
from router.domain.risk import AccountAssessment, Zone
from router.domain.units import NS_PER_S, AccountId, TimestampNs, format_decimal
from router.state.world import World


def reduced_accounts(world: World, at: TimestampNs) -> dict[AccountId, str]:
    """Return the perp accounts that may only reduce now, and why."""
    rules, last = world.limits.gate, world.assessment
    if rules is None:
        return {}
    reasons: dict[AccountId, str] = {}
    for account, collateral in _perp_accounts(world).items():
        found = None if last is None else last.of(account)
        if found is None or last is None:
            reasons[account] = "its stress was not assessed yet; wait for the first assessment"
        elif at - last.at > rules.age_max:
            age, most = (t / NS_PER_S for t in (at - last.at, rules.age_max))
            reasons[account] = (
                f"its last stress assessment is {age:.1f} s old, the limit is {most:.1f} s"
            )
        elif (why := _unsafe(found, collateral)) is not None:
            reasons[account] = why
    return reasons


def _perp_accounts(world: World) -> dict[AccountId, Asset]:
    return {i.account: i.quote for i in world.configured if not i.is_on_chain}


def _unsafe(found: AccountAssessment, collateral: Asset) -> str | None:
    if found.unknown:
        return f"it could not be assessed: {found.unknown}"
    if found.worst is not None and found.worst.room_atoms < 0:
        short = format_decimal(-found.worst.room_atoms, collateral.decimals)
        return (
            f"stress scenario {found.worst.scenario} leaves it {short} {collateral.id} short;"
            " add collateral or reduce"
        )
    if found.zone in {Zone.SOFT, Zone.HARD, Zone.LIQUIDATED}:
        return f"it is in the zone {found.zone}; add collateral or reduce"
    return None
