"""Reports made again: a journal replayed, and what each of its records has to tell."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from router import engine
from router.domain.command import Command
from router.domain.event import Event
from router.gateway.reports import Report, reports_of
from router.journal.record import Record, Tip
from router.journal.replay import ReplayReport, replay
from router.state.recorded import Recorded
from router.state.world import World

Take: TypeAlias = Callable[[Tip, tuple[Report, ...]], None]


def retell(
    records: Iterable[Record],
    take: Take,
    *,
    journal_id: str,
    world: World | None = None,
    tip: Tip | None = None,
) -> ReplayReport[World]:
    """Replay records, and give out what each has to tell once it came out as it was recorded.

    Parameters
    ----------
    world : World | None
        Where the replay begins; None: before the first record.
    tip : Tip | None
        The record that world is of.
    """
    retelling = _Retelling(take)
    found = replay(
        retelling.seen(records),
        retelling.step,
        World() if world is None else world,
        journal_id=journal_id,
        tip=tip,
    )
    if found.fault is None:
        retelling.give()
    return found


class _Retelling:
    def __init__(self, take: Take) -> None:
        self._take = take
        self._tip: Tip | None = None
        self._told: tuple[Report, ...] = ()

    # Whoever asks for the next record has found the one before it to be good.
    def seen(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.give()
            self._tip = record.tip
            yield record

    def step(self, world: World, event: Event) -> tuple[World, tuple[Command, ...]]:
        assert self._tip is not None, "a record is read before its step"
        changed, commands = engine.step(world, event)
        tip = self._tip
        recorded = Recorded(tip.sequence, world, event, changed, commands, tip.hash)
        self._told = reports_of(recorded)
        return changed, commands

    def give(self) -> None:
        if self._tip is not None:
            self._take(self._tip, self._told)
        self._tip, self._told = None, ()
