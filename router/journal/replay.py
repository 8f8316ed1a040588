"""A journal run again: every record verified, every decision made anew and compared.

Pure: the records and the step function are arguments, nothing is read or written here. A damaged
journal is a finding, not an exception; nothing after the first fault is looked at.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from router.domain.command import Command
from router.domain.error import JournalError
from router.domain.event import Event
from router.journal.codec import decode_event
from router.journal.record import (
    Fault,
    FaultKind,
    Record,
    Tip,
    Trace,
    genesis,
    trace,
    verify,
)

World = TypeVar("World")
Step: TypeAlias = Callable[[World, Event], tuple[World, tuple[Command, ...]]]


@dataclass(frozen=True, slots=True)
class ReplayReport(Generic[World]):
    """What a replay came to.

    Attributes
    ----------
    world : World
        After the last good record.
    tip : Tip
        Of the last good record.
    records_count, commands_count : int
        Good records, and the commands they led to.
    fault : Fault | None
        The first thing wrong; None where all records are whole and all decisions came out equal.
    """

    world: World
    tip: Tip
    records_count: int
    commands_count: int
    fault: Fault | None


def replay(
    records: Iterable[Record],
    step: Step[World],
    initial_world: World,
    *,
    journal_id: str,
    tip: Tip | None = None,
) -> ReplayReport[World]:
    """Verify the chain, take every step again, and compare its commands with the recorded ones.

    Parameters
    ----------
    records : iterable of Record
        From the first after `tip` on; a JournalError while iterating is reported as a fault.
    tip : Tip | None
        Where `initial_world` stands; None: before the first record.
    step : function
        The engine's; a bug in it is not caught here.
    journal_id : str
        The name the chain must begin with.
    """
    begun = genesis(journal_id) if tip is None else tip
    world, tip, commands_count = initial_world, begun, 0
    remaining = iter(records)
    fault: Fault | None = None
    while fault is None and (found := _next(remaining, tip)) is not None:
        if isinstance(found, Fault):
            fault = found
            continue
        record, event = found
        next_world, commands = step(world, event)
        fault = _difference(record, trace(commands))
        if fault is None:
            world, tip, commands_count = next_world, record.tip, commands_count + len(commands)
    return ReplayReport(world, tip, tip.sequence - begun.sequence, commands_count, fault)


# The next record and its event, what is wrong with it, or None at the end.
def _next(remaining: Iterator[Record], tip: Tip) -> tuple[Record, Event] | Fault | None:
    expected = tip.sequence + 1
    try:
        record = next(remaining, None)
    except JournalError as error:
        return Fault(expected, FaultKind.UNREADABLE, f"record {expected} cannot be read: {error}")
    if record is None:
        return None
    fault = verify(record, tip)
    if fault is not None:
        return fault
    try:
        return record, decode_event(record.event)
    except JournalError as error:
        return Fault(expected, FaultKind.UNDECODABLE, f"record {expected}: {error}")


def _difference(record: Record, made: Trace) -> Fault | None:
    if made == record.commands:
        return None
    kinds, recorded = [kind for kind, _ in made], [kind for kind, _ in record.commands]
    if kinds != recorded:
        what = f"recorded {_named(recorded)}, made again {_named(kinds)}"
    else:
        pairs = enumerate(zip(made, record.commands, strict=True))
        index = next(index for index, (ours, theirs) in pairs if ours != theirs)
        what = f"command {index + 1}, {kinds[index]}, came out with other content"
    sentence = f"record {record.sequence}: the decision differs: {what}"
    return Fault(record.sequence, FaultKind.COMMANDS_DIFFER, sentence)


def _named(kinds: list[str]) -> str:
    return ", ".join(kinds) or "no command"
