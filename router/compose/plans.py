"""Plans with the problems they solve: out of a file of one or a basket, or out of a journal.

A journal holds every plan, and replaying it makes every problem anew. Refuses to judge them.
"""

from pathlib import Path
from typing import Final

from router import engine
from router.domain.basket import PlannedBasket
from router.domain.command import Command, SolveBasket, SolveRoute
from router.domain.error import JournalError
from router.domain.event import BasketSolved, Event, RouteSolved
from router.domain.plan import PlannedRoute, RoutingProblem
from router.domain.units import BasketId, ParentId
from router.journal.codec import decode_planned, encode
from router.journal.replay import replay
from router.shell import store
from router.state.world import World

_SQLITE: Final = b"SQLite format 3\x00"


def save(path: Path, planned: PlannedRoute | PlannedBasket) -> None:
    """Write a plan and its problem, or several, as one line of JSON."""
    path.write_bytes(encode(planned) + b"\n")


def load(path: Path) -> tuple[PlannedRoute | PlannedBasket, ...]:
    """Return the plan of a file, or every plan of a journal in the order they were made.

    Raises
    ------
    JournalError
        If the file is neither, or the journal has a fault.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(f"cannot read {path}: {error.strerror}") from None
    return _of_journal(path) if data.startswith(_SQLITE) else (decode_planned(data),)


def _of_journal(path: Path) -> tuple[PlannedRoute | PlannedBasket, ...]:
    problems: dict[ParentId, RoutingProblem] = {}
    baskets: dict[BasketId, tuple[RoutingProblem, ...]] = {}
    found: list[PlannedRoute | PlannedBasket] = []

    def step(world: World, event: Event) -> tuple[World, tuple[Command, ...]]:
        if isinstance(event, RouteSolved) and event.parent in problems:
            found.append(PlannedRoute(problems[event.parent], event.plan))
        if isinstance(event, BasketSolved) and event.basket in baskets:
            found.append(PlannedBasket(baskets[event.basket], event.plan))
        world, commands = engine.step(world, event)
        problems.update(
            (c.problem.parent, c.problem) for c in commands if isinstance(c, SolveRoute)
        )
        baskets.update((c.basket, c.problems) for c in commands if isinstance(c, SolveBasket))
        return world, commands

    report = replay(store.read(path), step, World(), journal_id=store.identity(path))
    if report.fault is not None:
        raise JournalError(report.fault.sentence)
    return tuple(found)
