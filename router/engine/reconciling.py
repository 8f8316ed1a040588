"""The ledger against what venues and chains say, one account at a time. Pure.

What each difference leads to is a table, `router.reconciliation.kinds`; here it is done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from router.domain.account import AccountSnapshot
from router.domain.command import CancelChild, Command, RaiseAlarm, ResolveChild
from router.domain.difference import Difference, DifferenceKind, Identity, Noted
from router.domain.event import AccountsObserved, BaselineAccepted
from router.domain.units import AccountId, TimestampNs
from router.engine.admission import Step, end, look_at_accounts
from router.execution import progress
from router.reconciliation.compare import is_current
from router.reconciliation.examine import Examined, examine
from router.reconciliation.kinds import RULES, Resolution, is_halting, may_agree, resolution_of
from router.state.ledger import Ledger
from router.state.world import ParentState, Reconciliation, World

# Nothing that is read again shows these: only somebody's word ends them.
_STAY = frozenset({DifferenceKind.OVERFILL})
_NUMBERS = frozenset({DifferenceKind.BALANCE, DifferenceKind.POSITION, DifferenceKind.GAS})
_ORDERS = frozenset(
    {DifferenceKind.FOREIGN_ORDER, DifferenceKind.LOST_ORDER, DifferenceKind.LINGERING_ORDER}
)
_LASTING = frozenset({Resolution.ASK_AGAIN, Resolution.RE_RESOLVE})


@dataclass(frozen=True, slots=True)
class _Look:
    found: Examined
    is_judged: bool
    is_still: bool  # nothing has moved the account since it was read

    @property
    def name(self) -> AccountId:
        return self.found.account.account

    @property
    def halting(self) -> tuple[Difference, ...]:
        numbers = self.found.numbers if self.is_judged else ()
        return (*(each for each in self.found.sure if is_halting(each)), *numbers)

    @property
    def noticed(self) -> tuple[Difference, ...]:
        told = tuple(each for each in self.found.sure if RULES[each.kind].is_told)
        return (*told, *self.found.numbers) if self.is_still else told


def accounts(world: World, event: AccountsObserved) -> Step:
    """Compare each account with the ledger; go on where they agree, else halt and say why.

    An account that agrees is done with, whatever is in flight. One that differs while an order of
    ours is at work there, or has moved since it was asked for, is asked for again, until what
    differs has stayed the same for too long to be in flight.
    """
    world = replace(world, is_looking=False)
    busy = frozenset(child.order.account for child in world.open_children())
    looks = tuple(_look(world, account, event, busy=busy) for account in event.accounts)
    world, noticed = _noted(world, looks, at=event.at)
    world = _concluded(world, looks, at=event.at)
    judged = {look.name for look in looks if look.is_judged}
    world, told = _settled(world, judged, event)
    again: tuple[Command, ...] = ()
    if world.unread or world.settling:
        world, again = look_at_accounts(world)
    return world, (*noticed, *told, *again)


def hour(world: World) -> Step:
    """Look at the accounts, unless they are looked at in any case."""
    return look_at_accounts(world) if world.is_ready else (world, ())


def accepted(world: World, _event: BaselineAccepted) -> Step:
    """Take what the venues say from here on for the baseline."""
    if world.planning or world.open:
        return world, ()  # their fills belong to the ledger that is questioned
    epoch = world.epoch + 1
    everywhere = frozenset(world.accounts)
    void = _reorged(world)
    world = replace(
        world,
        # What is being asked for may wait for a block that this chain does not get to.
        is_looking=world.is_looking and not void,
        ledger=None,
        reconciliation=None,
        is_ready=False,
        unread=everywhere,
        epoch=epoch,
        moved={**world.moved, **dict.fromkeys(everywhere, epoch)},
        # What is no longer in a chain used up no nonce there, and no block has it.
        nonces={name: nonce for name, nonce in world.nonces.items() if name not in void},
        mined={name: block for name, block in world.mined.items() if name not in void},
    )
    return look_at_accounts(world)


def _reorged(world: World) -> frozenset[AccountId]:
    found = () if world.reconciliation is None else world.reconciliation.differences
    return frozenset(d.account for d in found if d.kind is DifferenceKind.REORGED)


def _look(
    world: World, account: AccountSnapshot, event: AccountsObserved, *, busy: frozenset[AccountId]
) -> _Look:
    name = account.account
    is_still = world.moved.get(name, 0) <= event.epoch
    ledger = world.ledger or Ledger({}, {}, {})
    found = examine(world, ledger, account, is_quiet=is_still)
    agrees = world.ledger is not None and found.agrees
    # Of an account without a baseline, what is read becomes it: that must be current, too.
    is_good = is_still and is_current((account,), world.mined, world.filled_at)
    is_judged = agrees or (is_good and name not in busy)
    lasts = is_good and _lasts(world, found, at=event.at)
    return _Look(found, is_judged or lasts, is_good)


# An order may wait for hours: what differs meanwhile, and stays as it is, is not in flight.
def _lasts(world: World, found: Examined, *, at: TimestampNs) -> bool:
    if world.ledger is None or _is_in_a_block(world, found.account):
        return False
    before = world.noted.get(found.account.account, {})
    patience = world.limits.reconciliation.patience
    doubts = (*found.numbers, *(each for each in found.sure if not may_agree(each)))
    return all(
        (known := before.get(each.identity)) is not None and at - known.since >= patience
        for each in doubts
    )


# What a transaction of ours did shows at once; it is booked once its block is deep enough.
def _is_in_a_block(world: World, account: AccountSnapshot) -> bool:
    name, nonce = account.account, account.next_nonce
    orders = (child.order for child in world.transactions.rows())
    return nonce is not None and any(o.account == name and o.nonce < nonce for o in orders)


# Somebody is told of each difference once, and what it leads to is done once.
def _noted(
    world: World, looks: Iterable[_Look], *, at: TimestampNs
) -> tuple[World, tuple[Command, ...]]:
    done: tuple[Command, ...] = ()
    noted = dict(world.noted)
    for look in looks:
        before = world.noted.get(look.name, {})
        now: dict[Identity, Noted] = {}
        for difference in look.noticed:
            known = before.get(difference.identity)
            since = at if known is None else known.since
            is_due = _is_due(world, look, difference, age=at - since)
            was_told = known is not None and known.is_told
            if is_due and not was_told:
                done = (*done, RaiseAlarm(difference.sentence))
            if known is None:
                done = (*done, *_remedied(world, difference))
            now[difference.identity] = Noted(since, is_due or was_told)
        noted[look.name] = _unsaid(before, look) | now
    kept = {name: each for name, each in noted.items() if each}
    return replace(world, noted=kept), (*done, *_suspected(world, done, looks))


def _suspected(
    world: World, done: tuple[Command, ...], looks: Iterable[_Look]
) -> tuple[Command, ...]:
    numbers = {each.sentence for look in looks for each in look.found.numbers}
    if not any(isinstance(each, RaiseAlarm) and each.message in numbers for each in done):
        return ()
    return tuple(RaiseAlarm(each) for each in progress.suspicions(world))


# A look from before the account moved says nothing of its numbers, also not that they agree; and
# one that did not ask for orders says nothing of them.
def _unsaid(before: Mapping[Identity, Noted], look: _Look) -> dict[Identity, Noted]:
    kinds = frozenset() if look.is_still else _NUMBERS
    if look.found.account.orders is None:
        kinds |= _ORDERS
    return {identity: each for identity, each in before.items() if identity[1] in kinds}


def _is_due(world: World, look: _Look, difference: Difference, *, age: int) -> bool:
    if resolution_of(difference) in _LASTING:
        return age >= world.limits.reconciliation.patience
    return difference not in look.found.numbers or look.is_judged


def _remedied(world: World, difference: Difference) -> tuple[Command, ...]:
    if difference.child is None:
        return ()
    child = world.children[difference.child]
    match resolution_of(difference):
        case Resolution.RE_RESOLVE:
            return (ResolveChild(child.order, child.attempts),)
        case Resolution.CANCEL:
            return (CancelChild(child.order, child.attempts),)
        case _:
            return ()


def _concluded(world: World, looks: tuple[_Look, ...], *, at: TimestampNs) -> World:
    judged = {look.name for look in looks if look.is_judged}
    halting = [each for look in looks for each in look.halting]
    if world.ledger is not None and (judged or halting):
        before = () if world.reconciliation is None else world.reconciliation.differences
        kept = [d for d in before if d.account not in judged or d.kind in _STAY]
        world = replace(world, reconciliation=Reconciliation(at, _once((*kept, *halting))))
    # Equal to the atom, so a fresh baseline loses nothing; what settles is counted from here.
    agreed = tuple(
        look.found.account
        for look in looks
        if look.is_judged and (world.ledger is None or look.found.agrees)
    )
    if agreed:
        ledger = (world.ledger or Ledger({}, {}, {})).with_baseline(agreed)
        based = frozenset(account.account for account in agreed)
        world = replace(world, ledger=ledger, based=based)
    unread = world.unread - judged
    return replace(world, unread=unread, is_ready=not unread)


def _once(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    found: Mapping[Identity, Difference] = {each.identity: each for each in differences}
    return tuple(found.values())


# Parents whose every account was looked at since their last child ended are done.
def _settled(
    world: World, judged: set[AccountId], event: AccountsObserved
) -> tuple[World, tuple[Command, ...]]:
    told: tuple[Command, ...] = ()
    read = frozenset(world.accounts)
    for parent in tuple(world.settling.rows()):
        if event.epoch < parent.quiet_from:
            continue
        unchecked = tuple(name for name in parent.unchecked if name not in judged)
        if not read.isdisjoint(unchecked):
            world = world.with_parent(replace(parent, unchecked=unchecked))
            continue
        gone = (RaiseAlarm(_gone(parent, name)) for name in unchecked)
        world, commands = end(world, parent, parent.reason, at=event.at)
        told = (*told, *gone, *commands)
    return world, told


def _gone(parent: ParentState, account: AccountId) -> str:
    return (
        f"{account}: no longer configured, so {parent.order.id} ends without a look at it;"
        " compare it by hand, or put it back before the next order"
    )
