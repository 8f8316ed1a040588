"""Bugs to plant: each breaks one promise of the desk, and names the checks that must see it.

They are put into the engine, the shell, or what a venue's adapter tells; never into the checks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from router.domain.error import InDoubtError, RejectedError
from router.domain.event import ChildFilled, ChildReplaced, EngineStarted
from router.domain.order import OrderStatus
from router.domain.units import Amount
from router.domain.verdict import Approved
from router.engine import admission, dispatch, planning, reconciling, sending, working
from router.execution import nonces, progress
from router.gateway import reports
from router.port import Resolution
from router.reconciliation import examine
from router.shell import effects, runtime, switchboard
from router.simulation import chain_venue, exchange_venue
from router.simulation.transaction import Mined
from router.state.ledger import Ledger
from router.state.world import Phase


@dataclass(frozen=True, slots=True)
class Mutation:
    """A bug: what is broken, how it is planted, and which checks may be the first to see it."""

    name: str
    broken: str
    plant: Callable[[pytest.MonkeyPatch], None]
    seen_by: frozenset[str]


def send_before_the_record_is_durable(patch):
    post = runtime.Runtime.post

    def hasty(self, event):
        post(self, event)
        taken = self._waiting.pop()
        self._waiting.append(replace(taken, recorded=replace(taken.recorded, commands=())))
        for command in taken.recorded.commands:
            self._effects.perform(command, self._group)

    patch.setattr(runtime.Runtime, "post", hasty)


def send_again_under_a_new_id(patch):
    async def again(self, child, signed):
        other = replace(child, nonce=child.nonce + 1)
        said = await self._means.link.ask(
            lambda: self._exchange.place(f"{signed.reference}-again", other)
        )
        return Resolution(OrderStatus.IN_DOUBT, (), None, said)

    patch.setattr(exchange_venue.ExchangeVenue, "_again", again)


def book_repeated_fills(patch):
    advance = working.advance

    def twice(child, event):
        repeated = isinstance(event, ChildFilled) and any(
            fill.id == event.fill.id for fill in child.fills
        )
        if repeated and not child.is_terminal:
            return replace(child, fills=(*child.fills, event.fill))
        return advance(child, event)

    patch.setattr(working, "advance", twice)


def forget_what_is_reserved(patch):
    build = planning.Prepared.problem
    patch.setattr(planning.Prepared, "problem", lambda self: replace(build(self), reservations=()))


def take_a_nonce_twice(patch):
    patch.setattr(nonces, "following", lambda world: dict(world.nonces))


def forget_open_children_at_a_restart(patch):
    patch.setattr(dispatch, "resume", lambda _child: ())


def take_silence_for_a_rejection(patch):
    submit = exchange_venue.ExchangeVenue.submit

    async def certain(self, child, signed):
        try:
            await submit(self, child, signed)
        except InDoubtError as error:
            raise RejectedError(self.id, str(error)) from error

    patch.setattr(exchange_venue.ExchangeVenue, "submit", certain)


def give_up_what_the_venue_does_not_know(patch):
    async def gone(_self, _child, _signed):
        return Resolution(OrderStatus.EXPIRED, (), None, "unknown")

    patch.setattr(exchange_venue.ExchangeVenue, "_again", gone)


def book_every_fill_twice(patch):
    booked = Ledger.with_fill

    def doubly(self, instrument, side, fill):
        return booked(booked(self, instrument, side, fill), instrument, side, fill)

    patch.setattr(Ledger, "with_fill", doubly)


def keep_no_account_of_gas(patch):
    patch.setattr(Ledger, "with_gas", lambda self, *_args, **_named: self)


def end_without_the_last_fill(patch):
    report = vars(effects.Effects)["_report"]

    def shortened(self, child, resolution):
        report(self, child, replace(resolution, fills=resolution.fills[:-1]))

    patch.setattr(effects.Effects, "_report", shortened)


def believe_a_block_that_is_not_deep(patch):
    patch.setattr(chain_venue, "is_final", lambda sighting: sighting.depth >= 1)


def tell_a_bound_for_a_fill(patch):
    ended = chain_venue.ended

    def rounded(mined: Mined):
        told = ended(mined)
        fills = tuple(
            replace(f, notional=Amount(f.notional.asset, f.notional.atoms + 1)) for f in told.fills
        )
        return replace(told, fills=fills)

    patch.setattr(chain_venue, "ended", rounded)


def take_an_order_back_to_new(patch):
    advance = working.advance

    def back(child, event):
        after = advance(child, event)
        is_news = after is not child and isinstance(event, ChildFilled)
        if is_news and child.status is OrderStatus.PARTIALLY_FILLED:
            return replace(after, status=OrderStatus.NEW)
        return after

    patch.setattr(working, "advance", back)


def forget_the_first_bytes(patch):
    advance = working.advance

    def forgetful(child, event):
        after = advance(child, event)
        if isinstance(event, ChildReplaced):
            return replace(after, attempts=(event.signed,))
        return after

    patch.setattr(working, "advance", forgetful)


def sign_other_bytes_than_are_on_record(patch):
    submit = chain_venue.ChainVenue.submit

    async def other(self, child, signed):
        made = self._signed(child, 0, signed.replacement)
        await submit(self, child, made)

    patch.setattr(chain_venue.ChainVenue, "submit", other)


def plan_without_end(patch):
    patch.setattr(progress, "next_round", lambda *_: progress.Next.NEXT_ROUND)


def let_everything_through_the_gates(patch):
    patch.setattr(planning.risk, "approve", lambda _problem, plan, _left: Approved(plan))
    patch.setattr(progress, "slice_left", lambda _world, parent: parent.order.quantity)
    patch.setattr(progress, "left", lambda _world, parent: parent.order.quantity)
    patch.setattr(sending.controls, "all_conserved", lambda *_: None)
    patch.setattr(runtime, "conserved", lambda *_: None)


def obey_no_switch_at_the_signer(patch):
    patch.setattr(switchboard.policy, "refusal", lambda *_: None)
    patch.setattr(switchboard.Switchboard, "may_send", lambda *_: True)


def plan_before_the_books_agree(patch):
    started = vars(dispatch)["_started"]

    def eager(world, event):
        world, commands = started(world, event)
        return replace(world, is_ready=True), commands

    patch.setattr(dispatch, "_started", eager)


def stop_asking(patch):
    async def once(self, command):
        child = command.child
        try:
            resolution = await self._venues[child.venue].resolve(child, command.attempts)
        except effects.VenueError:
            return
        self._report(child.id, resolution)

    patch.setattr(effects.Effects, "_resolve", once)


def take_an_old_balance_for_a_new_one(patch):
    patch.setattr(reconciling, "is_current", lambda *_: True)
    patch.setattr(effects, "is_behind", lambda *_: False)
    patch.setattr(effects, "is_current", lambda *_: True)
    patch.setattr(examine, "is_behind", lambda *_: False)


def decide_by_the_process(patch):
    made = sending.children_of
    counted = []

    def changing(approved, given):
        counted.append(given)
        return tuple(
            replace(child, deadline_at=child.deadline_at + len(counted))
            for child in made(approved, given)
        )

    patch.setattr(sending, "children_of", changing)


def remember_what_is_not_on_record(patch):
    step = runtime.engine.step
    lived = []

    def biased(world, event):
        after, commands = step(world, event)
        if isinstance(event, EngineStarted):
            lived.append(event)
            after = replace(after, epoch=after.epoch + len(lived))
        return after, commands

    patch.setattr(runtime.engine, "step", biased)


def call_every_order_filled(patch):
    patch.setattr(progress, "outcome", lambda *_: OrderStatus.FILLED)


def never_end_an_order(patch):
    end = admission.end

    def lingering(world, parent, reason, *, at):
        if parent.phase is Phase.RECONCILING:
            return world, ()
        return end(world, parent, reason, at=at)

    patch.setattr(reconciling, "end", lingering)


def tell_no_end(patch):
    patch.setattr(reports, "_end", lambda *_: iter(()))


def break_on_a_second_acknowledgement(patch):
    advance = working.advance

    def strict(child, event):
        assert not child.fills, "nothing comes after a fill"
        return advance(child, event)

    patch.setattr(working, "advance", strict)


def _mutation(plant, broken, *seen_by):
    return Mutation(plant.__name__, broken, plant, frozenset(seen_by))


MUTATIONS = (
    _mutation(
        send_before_the_record_is_durable,
        "commands run before their event is on disk",
        "intent before effect",
    ),
    _mutation(
        send_again_under_a_new_id,
        "what is in doubt is sent anew under another name",
        "exactly once",
    ),
    _mutation(book_repeated_fills, "a fill that is told twice counts twice", "backed fills"),
    _mutation(
        forget_what_is_reserved, "a plan does not see what other orders have in flight", "limits"
    ),
    _mutation(
        take_a_nonce_twice,
        "a nonce of a child that is open is given to another",
        "one nonce each",
        "intent before effect",
    ),
    _mutation(
        forget_open_children_at_a_restart,
        "nobody asks what became of children that were open",
        "liveness",
    ),
    _mutation(
        take_silence_for_a_rejection,
        "a request without an answer counts as refused",
        "nothing lost",
        "never above the order",
    ),
    _mutation(
        give_up_what_the_venue_does_not_know,
        "an order that is on its way still counts as expired",
        "nothing lost",
        "never above the order",
    ),
    _mutation(book_every_fill_twice, "the ledger takes a fill twice", "conservation"),
    _mutation(keep_no_account_of_gas, "the ledger pays no gas", "conservation"),
    _mutation(
        end_without_the_last_fill, "a child ends before all its fills are told", "nothing lost"
    ),
    _mutation(
        believe_a_block_that_is_not_deep,
        "a fill is booked from a block that may be replaced",
        "backed fills",
        "nothing lost",
        "conservation",
    ),
    _mutation(
        tell_a_bound_for_a_fill, "a fill is booked for an atom more than was traded", "backed fills"
    ),
    _mutation(take_an_order_back_to_new, "a status goes back", "legal transitions"),
    _mutation(
        forget_the_first_bytes,
        "a replacement takes the place of the bytes before it",
        "monotone",
        "exactly once",
    ),
    _mutation(
        sign_other_bytes_than_are_on_record,
        "what leaves is signed anew at the last moment",
        "intent before effect",
    ),
    _mutation(plan_without_end, "rounds are not counted", "limits"),
    _mutation(
        let_everything_through_the_gates,
        "each round plans the whole order, and no gate looks",
        "never above the order",
    ),
    _mutation(
        obey_no_switch_at_the_signer, "the kill switch is not asked before sending", "kill switch"
    ),
    _mutation(
        plan_before_the_books_agree,
        "a restart plans before it has looked at the accounts",
        "readiness",
    ),
    _mutation(stop_asking, "what is in doubt is asked about once", "liveness"),
    _mutation(
        take_an_old_balance_for_a_new_one,
        "an account read before our own transaction counts as current",
        "liveness",
    ),
    _mutation(decide_by_the_process, "a decision depends on what no record holds", "replay"),
    _mutation(remember_what_is_not_on_record, "the world holds what no record says", "replay"),
    _mutation(
        call_every_order_filled,
        "an order that traded in part is told to be filled",
        "true reports",
        "reports",
        "legal transitions",
        "no bug",
    ),
    _mutation(never_end_an_order, "an order reconciles for ever", "liveness"),
    _mutation(tell_no_end, "clients are not told that an order has ended", "reports"),
    _mutation(break_on_a_second_acknowledgement, "an assertion that does not hold", "no bug"),
)
