"""All checks together: shown every step, everything that leaves, and the end.

The first fault holds. Also keeps the digest of the run: of every record, every effect and every
sending, in their order.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from router.domain.command import Command
from router.domain.event import Event
from router.domain.order import ChildOrder, SignedChild
from router.simulation.checks_books import (
    BackedFills,
    Conservation,
    NeverAbove,
    NothingLost,
    OneEffect,
)
from router.simulation.checks_desk import (
    KillSwitch,
    Liveness,
    ReadyFirst,
    SameAgain,
    TrueReports,
    WithinLimits,
)
from router.simulation.checks_orders import IntentFirst, LegalTransitions, Monotone, OneNonceEach
from router.simulation.checks_reports import OneStory
from router.simulation.scene import End, EndCheck, Sending, SendingCheck, Step, StepCheck, Truth
from router.state.world import World

NO_BUG: Final = "no bug"  # the name of what is found where a part of the desk broke


@dataclass(frozen=True, slots=True)
class Violation:
    """What was found, by which check, after how many events."""

    check: str
    sentence: str
    event_number: int


@dataclass(frozen=True, slots=True)
class _Checks:
    steps: tuple[StepCheck, ...]
    sendings: tuple[SendingCheck, ...]
    ends: tuple[EndCheck, ...]


def _checks() -> _Checks:
    conservation, lost, above, once = Conservation(), NothingLost(), NeverAbove(), OneEffect()
    story = OneStory()
    # What is most telling first: one cause may break several.
    return _Checks(
        steps=(
            once,
            BackedFills(),
            above,
            lost,
            conservation,
            LegalTransitions(),
            Monotone(),
            WithinLimits(),
            ReadyFirst(),
            story,
        ),
        sendings=(IntentFirst(), KillSwitch(), OneNonceEach()),
        ends=(once, above, lost, conservation, Liveness(), TrueReports(), story, SameAgain()),
    )


def check_names() -> tuple[str, ...]:
    """Return the names of all checks."""
    checks = _checks()
    found = (check.name for kind in (checks.steps, checks.sendings, checks.ends) for check in kind)
    return tuple(dict.fromkeys((*found, NO_BUG)))


class Inspector:
    """Watches one run.

    Parameters
    ----------
    found : function
        Called once, with the first violation in hand.
    """

    def __init__(self, truth: Truth, found: Callable[[], None]) -> None:
        self._truth = truth
        self._found = found
        self._checks = _checks()
        self._hash = hashlib.sha256()
        self.violation: Violation | None = None
        self.events_count = 0
        self.sendings_count = 0
        self.world = World()  # the newest that is durable

    @property
    def digest(self) -> str:
        """Return what tells this run from all others."""
        return self._hash.hexdigest()

    def note(self, text: str) -> None:
        """Take something into the digest."""
        self._hash.update(text.encode())

    def step(self, event: Event, world: World, commands: tuple[Command, ...]) -> None:
        """Look at an event that is durable, the world after it, and what it has done."""
        self.events_count += 1
        step = Step(self.world, event, world, self._truth, commands)
        self.world = world
        for check in self._checks.steps:
            self._judge(check.name, check.step(step))

    def sending(self, child: ChildOrder, signed: SignedChild, *, is_halted: bool) -> None:
        """Look at bytes that leave."""
        self.sendings_count += 1
        self.note(f"send {child.id} {signed.reference}\n")
        sending = Sending(child, signed, self.world, is_halted)
        for check in self._checks.sendings:
            self._judge(check.name, check.sending(sending))

    def end(self, end: End) -> None:
        """Look at how it ended."""
        for check in self._checks.ends:
            self._judge(check.name, check.end(end))

    def broke(self, sentence: str, *, check: str = NO_BUG) -> None:
        """Take that a part of the desk broke, or what else was found beside the checks."""
        self._judge(check, sentence)

    def _judge(self, name: str, fault: str | None) -> None:
        if fault is None or self.violation is not None:
            return
        self.violation = Violation(name, fault, self.events_count)
        self._found()
