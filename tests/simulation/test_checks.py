"""Checks on worlds made by hand: each says what it must, and nothing of what is in order."""

from dataclasses import replace
from random import Random

from router.domain.command import ReportParent
from router.domain.event import ParentSubmitted, TimerFired
from router.domain.order import Fill, OrderStatus, Replacement, SignedChild
from router.domain.units import Amount
from router.execution.progress import new_parent
from router.simulation.chain import Chain
from router.simulation.checks_books import Conservation, NeverAbove, OneEffect
from router.simulation.checks_desk import KillSwitch, ReadyFirst
from router.simulation.checks_orders import IntentFirst, LegalTransitions, Monotone, OneNonceEach
from router.simulation.checks_reports import OneStory
from router.simulation.exchange import Exchange
from router.simulation.scene import End, Sending, Step, Truth, opening
from router.simulation.town import MARGIN, STARTED, USDC
from router.simulation.virtual_time import VirtualTimeLoop
from router.simulation.weather import CALM
from router.state.ledger import Ledger
from router.state.world import ChildState, Phase, World
from tests.simulation.test_parts import child
from tests.unit.engine.scene import PERP as ANY_PERP
from tests.unit.engine.scene import order as asked


def truth():
    loop = VirtualTimeLoop()
    made = Truth(Chain(loop, Random(1), lambda: CALM), Exchange(loop, Random(1), lambda: CALM))
    loop.close()
    return made


def signed(order, **changes):
    return replace(SignedChild(order.id, f"ref-{order.id}", order.nonce, "bytes"), **changes)


def on_record(order, *attempts, status=OrderStatus.SIGNED):
    return World().with_child(ChildState(order, status, attempts=attempts))


def sending(order, bytes_of, world, *, is_halted=False):
    return Sending(order, bytes_of, world, is_halted)


def test_the_ledger_of_an_untouched_desk_is_what_the_venues_hold():
    balances = {key: atoms for key, atoms in opening().items() if key[1] != "exchange:ETH"}
    world = World(ledger=Ledger(balances, {}, {}))
    wrong = World(ledger=Ledger({**balances, (MARGIN, USDC.id): 1}, {}, {}))
    seen = truth()

    assert Conservation().step(Step(World(), STARTED, world, seen)) is not None, "no position told"
    fault = Conservation().step(Step(World(), STARTED, wrong, seen))
    assert fault is not None
    assert "USDC of exchange:margin" in fault


def test_an_effect_that_no_record_knows_is_told():
    seen, order = truth(), child(ANY_PERP, 100, nonce=7, ticks=310_000)
    seen.exchange.place("ref-c7", order)

    known = on_record(order, signed(order))

    assert OneEffect().step(Step(World(), STARTED, known, seen)) is None
    assert OneEffect().step(Step(World(), STARTED, World(), seen)) is not None
    seen.exchange.place("again", replace(order, nonce=8))
    assert OneEffect().step(Step(World(), STARTED, known, seen)) is not None


def test_more_than_was_asked_for_is_told():
    parent = asked(1)
    order = child(ANY_PERP, 20_000, nonce=7, ticks=310_000, parent=parent.id)
    world = World().with_child(ChildState(order, OrderStatus.SIGNED))
    state = _parent(parent, order)

    fault = NeverAbove().step(Step(World(), STARTED, world.with_parent(state), truth()))

    assert fault is not None
    assert "are out or filled" in fault


def _parent(parent, order):
    return replace(new_parent(parent), children=(order.id,))


def test_bytes_must_be_on_record_before_they_leave():
    order = child(ANY_PERP, 1, nonce=7)

    check = IntentFirst()

    assert check.sending(sending(order, signed(order), on_record(order, signed(order)))) is None
    assert check.sending(sending(order, signed(order), on_record(order))) is not None
    assert check.sending(sending(order, signed(order), World())) is not None


def test_after_a_halt_only_what_prevents_something_leaves():
    order = child(ANY_PERP, 1, nonce=7)
    world = on_record(order, signed(order))
    cancel = signed(order, replacement=Replacement.CANCEL)

    assert KillSwitch().sending(sending(order, signed(order), world, is_halted=True)) is not None
    assert KillSwitch().sending(sending(order, cancel, world, is_halted=True)) is None
    assert KillSwitch().sending(sending(order, signed(order), world)) is None


def test_a_nonce_belongs_to_the_first_that_used_it():
    first, second = child(ANY_PERP, 1, nonce=7), child(ANY_PERP, 1, nonce=7)
    second = replace(second, id="other")
    check = OneNonceEach()

    assert check.sending(sending(first, signed(first), on_record(first))) is None
    assert check.sending(sending(second, signed(second), on_record(first))) is not None


def test_what_has_ended_stays_as_it_is():
    order = child(ANY_PERP, 1, nonce=7)
    ended = on_record(order, status=OrderStatus.CANCELED)
    woken = on_record(order, status=OrderStatus.NEW)

    check = LegalTransitions()

    assert check.step(Step(woken, STARTED, ended, truth())) is None
    assert check.step(Step(ended, STARTED, woken, truth())) is not None


def test_a_start_makes_everything_unread():
    check = ReadyFirst()

    assert check.step(Step(World(), STARTED, World(started=STARTED), truth())) is None


def test_a_fill_may_go_only_where_it_was_taken_back():
    order = child(ANY_PERP, 1)
    fill = Fill(
        "f1", order.id, ANY_PERP.id, Amount("ETH", 1), Amount(USDC.id, 1), Amount(USDC.id, 0), 7
    )
    had = ChildState(order, OrderStatus.FILLED, fills=(fill,))
    void = replace(had, fills=(), voided=("f1",))
    lost = replace(had, fills=())

    def seen(check, after):
        worlds = (World().with_child(had), World().with_child(after))
        return check.step(Step(worlds[0], STARTED, worlds[1], truth()))

    for check in (Monotone(), LegalTransitions()):
        assert seen(check, void) is None
        assert seen(check, lost) is not None


def test_an_order_that_ends_without_a_word_is_told():
    parent = asked(1)
    begun = World().with_parent(new_parent(parent))
    over = replace(new_parent(parent), status=OrderStatus.CANCELED, phase=Phase.DONE)
    told = Step(World(), ParentSubmitted(parent, at=1), begun, truth(), (_accepted(parent),))
    silent, heard = OneStory(), OneStory()
    heard.step(told)
    silent.step(told)

    ended = World().with_parent(over)
    word = ReportParent(parent.id, OrderStatus.CANCELED, "done")
    assert heard.step(Step(begun, TimerFired(parent.id, at=2), ended, truth(), (word,))) is None
    assert silent.step(Step(begun, TimerFired(parent.id, at=2), ended, truth())) is None

    assert heard.end(End(ended, truth(), ended, "")) is None
    assert "was told no end" in silent.end(End(ended, truth(), ended, ""))


def _accepted(parent):
    return ReportParent(parent.id, OrderStatus.NEW, "accepted")
