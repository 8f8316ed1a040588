"""The ledger against what venues and chains say. Pure."""

from dataclasses import replace

from router.domain.command import RaiseAlarm
from router.domain.event import AccountsObserved
from router.engine.admission import Step, activate, look_at_accounts
from router.engine.ending import finish
from router.execution import progress
from router.reconciliation.compare import compare, is_behind
from router.reconciliation.forced import forced_fills
from router.state.ledger import Difference, Ledger
from router.state.world import Phase, Reconciliation, World


def accounts(world: World, event: AccountsObserved) -> Step:
    """Compare the accounts with the ledger; go on if they agree, else halt and say why."""
    if any(True for _ in world.open_children()):
        return world, ()  # asked for again once they have ended
    if event.epoch != world.epoch or is_behind(event.accounts, world.mined):
        return world, (look_at_accounts(world),)
    instruments = world.configured
    differences = (
        compare(world.ledger.with_settled(event.accounts), event.accounts, instruments)
        if world.ledger is not None
        else ()
    )
    forced = forced_fills(world.ledger, event.accounts)
    news = _news(world.reconciliation, differences)
    if world.ledger is not None:
        world = replace(world, reconciliation=Reconciliation(event.at, differences))
    if not differences:
        # Equal to the atom, so a fresh baseline loses nothing; what settles is counted from here.
        world = replace(world, ledger=Ledger.from_accounts(event.accounts))
    world = replace(world, is_ready=True)
    suspicions = progress.suspicions(world) if news else ()
    sentences = (*forced, *(d.sentence for d in news), *suspicions)
    alarms = tuple(RaiseAlarm(each) for each in sentences)
    parent = world.active
    if parent is not None and parent.phase is Phase.RECONCILING:
        world, commands = finish(world, parent, parent.reason, at=event.at)
    else:
        world, commands = activate(world, event.at)
    return world, (*alarms, *commands)


def hour(world: World) -> Step:
    """Look at the accounts, unless they are looked at in any case."""
    if world.active is not None or not world.is_ready:
        return world, ()
    return world, (look_at_accounts(world),)


def accepted(world: World) -> Step:
    """Take what the venues say for the baseline."""
    if world.active is not None:
        return world, ()  # its fills belong to the ledger that is questioned
    world = replace(world, ledger=None, reconciliation=None, is_ready=False)
    return world, (look_at_accounts(world),)


# A difference is told once; what moves on with it, as funding does, is no other difference.
def _news(
    before: Reconciliation | None, differences: tuple[Difference, ...]
) -> tuple[Difference, ...]:
    told = set() if before is None else {_identity(each) for each in before.differences}
    return tuple(each for each in differences if _identity(each) not in told)


def _identity(difference: Difference) -> tuple[str, str, int]:
    return difference.account, difference.item, difference.actual - difference.expected
