"""The ledger against what venues and chains say, one account at a time. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from router.domain.account import AccountSnapshot
from router.domain.command import Command, RaiseAlarm
from router.domain.event import AccountsObserved, BaselineAccepted
from router.domain.units import AccountId, TimestampNs
from router.engine.admission import Step, end, look_at_accounts
from router.execution import progress
from router.reconciliation.compare import compare, is_behind
from router.reconciliation.forced import forced_fills
from router.state.ledger import Difference, Ledger
from router.state.world import Reconciliation, World


def accounts(world: World, event: AccountsObserved) -> Step:
    """Compare each account with the ledger; go on where they agree, else halt and say why.

    An account that agrees is done with, whatever is in flight. One that differs while an order of
    ours is at work there, or has moved since it was asked for, is asked for again.
    """
    world = replace(world, is_looking=False)
    judged: list[AccountSnapshot] = []
    differences: list[Difference] = []
    for account in event.accounts:
        found = _differences(world, account)
        agrees = world.ledger is not None and not found
        if agrees or _is_conclusive(world, account, epoch=event.epoch):
            judged.append(account)
            differences.extend(found)
    world, alarms = _concluded(world, tuple(judged), tuple(differences), at=event.at)
    world, told = _settled(world, {a.account for a in judged}, event)
    again: tuple[Command, ...] = ()
    if world.unread or world.settling:
        world, again = look_at_accounts(world)
    return world, (*alarms, *told, *again)


def hour(world: World) -> Step:
    """Look at the accounts, unless they are looked at in any case."""
    return look_at_accounts(world) if world.is_ready else (world, ())


def accepted(world: World, _event: BaselineAccepted) -> Step:
    """Take what the venues say from here on for the baseline."""
    if world.planning or world.open:
        return world, ()  # their fills belong to the ledger that is questioned
    epoch = world.epoch + 1
    everywhere = frozenset(world.accounts)
    world = replace(
        world,
        ledger=None,
        reconciliation=None,
        is_ready=False,
        unread=everywhere,
        epoch=epoch,
        moved={**world.moved, **dict.fromkeys(everywhere, epoch)},
    )
    return look_at_accounts(world)


def _differences(world: World, account: AccountSnapshot) -> tuple[Difference, ...]:
    if world.ledger is None:
        return ()
    one = (account,)
    return compare(world.ledger.with_settled(one), one, world.configured)


# Of an account without a baseline, what is read becomes the baseline: that must be current, too.
def _is_conclusive(world: World, account: AccountSnapshot, *, epoch: int) -> bool:
    name = account.account
    return (
        world.moved.get(name, 0) <= epoch
        and not is_behind((account,), world.mined)
        and not any(child.order.account == name for child in world.open_children())
    )


def _concluded(
    world: World,
    judged: tuple[AccountSnapshot, ...],
    differences: tuple[Difference, ...],
    *,
    at: TimestampNs,
) -> tuple[World, tuple[Command, ...]]:
    forced = forced_fills(world.ledger, judged)
    before = () if world.reconciliation is None else world.reconciliation.differences
    news = _news(before, differences)
    names = {account.account for account in judged}
    if world.ledger is not None and judged:
        others = tuple(each for each in before if each.account not in names)
        world = replace(world, reconciliation=Reconciliation(at, (*others, *differences)))
    # Equal to the atom, so a fresh baseline loses nothing; what settles is counted from here.
    off = {each.account for each in differences}
    agreed = tuple(account for account in judged if account.account not in off)
    if agreed:
        ledger = world.ledger or Ledger({}, {}, {})
        world = replace(world, ledger=ledger.with_baseline(agreed))
    unread = world.unread - names
    world = replace(world, unread=unread, is_ready=not unread)
    suspicions = progress.suspicions(world) if news else ()
    sentences = (*forced, *(each.sentence for each in news), *suspicions)
    return world, tuple(RaiseAlarm(each) for each in sentences)


# Parents whose every account was looked at since their last child ended are done.
def _settled(
    world: World, judged: set[AccountId], event: AccountsObserved
) -> tuple[World, tuple[Command, ...]]:
    told: tuple[Command, ...] = ()
    for parent in tuple(world.settling.rows()):
        if event.epoch < parent.quiet_from:
            continue
        unchecked = tuple(name for name in parent.unchecked if name not in judged)
        if unchecked:
            world = world.with_parent(replace(parent, unchecked=unchecked))
        else:
            world, commands = end(world, parent, parent.reason, at=event.at)
            told = (*told, *commands)
    return world, told


# A difference is told once; what moves on with it, as funding does, is no other difference.
def _news(
    before: Iterable[Difference], differences: tuple[Difference, ...]
) -> tuple[Difference, ...]:
    told = {_identity(each) for each in before}
    return tuple(each for each in differences if _identity(each) not in told)


def _identity(difference: Difference) -> tuple[str, str, int]:
    return difference.account, difference.item, difference.actual - difference.expected
