"""Strategies for every event and command, made from the type hints, and a small fixed journal."""

import dataclasses
import enum
import functools
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from router.domain.command import Command, RaiseAlarm, ReportParent
from router.domain.event import ChildAcknowledged, ChildNotSent, Event, ObservationFailed
from router.domain.order import OrderStatus
from router.domain.units import ChildId, ParentId, Price, TimestampNs
from router.journal.codec import encode
from router.journal.record import Record, genesis, make_record, trace

JOURNAL_ID = "desk-1"
EVENTS = get_args(Event)
COMMANDS = get_args(Command)
integers = st.one_of(
    st.integers(-100, 100),
    st.integers(-(2**256), 2**256),
    st.sampled_from([2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1]),
)
texts = st.text(max_size=8)


# The integers that a class takes where it does not take all.
BOUNDED = {"decimals": st.integers(0, 255), "tick_decimals": st.integers(0, 255)}
MANY_FIELDS = 6  # a list of such values holds one at most: problems would be too large to draw


@functools.cache
def values_of(hint: Any) -> st.SearchStrategy[Any]:
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if hint is Price:  # the one class that refuses some integers
        positive = st.integers(1, 2**256)
        return st.builds(Price, texts, texts, positive, positive)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        names = [f.name for f in dataclasses.fields(hint)]
        fields = {n: BOUNDED[n] if n in BOUNDED else values_of(hints[n]) for n in names}
        return st.builds(hint, **fields)
    if get_origin(hint) is tuple:
        return tuples_of(get_args(hint))
    if get_origin(hint) in {Union, types.UnionType}:
        return st.one_of(*map(values_of, get_args(hint)))
    return {int: integers, str: texts, bool: st.booleans(), types.NoneType: st.none()}[hint]


def tuples_of(items: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if items[-1] is Ellipsis:
        item = items[0]
        is_large = dataclasses.is_dataclass(item) and len(dataclasses.fields(item)) > MANY_FIELDS
        return st.lists(values_of(item), max_size=1 if is_large else 2).map(tuple)
    return st.tuples(*map(values_of, items))


# A stand-in for the engine: the commands depend on the event and on the world, and some are many.
def step(world: int, event: Event) -> tuple[int, tuple[Command, ...]]:
    match event:
        case ObservationFailed(parent, reason, _):
            report = ReportParent(parent, OrderStatus.CANCELED, f"{reason} after {world}")
            return world + 1, (report, RaiseAlarm(reason))
        case ChildNotSent(_, reason, _):
            return world + 1, (RaiseAlarm(reason),)
        case _:
            return world + 1, ()


def small_journal() -> list[Record]:
    at = TimestampNs(1_700_000_000_000_000_000)
    return chain(
        ObservationFailed(ParentId("p-1"), "no answer", at),
        ChildAcknowledged(ChildId("c-1"), at),
        ChildNotSent(ChildId("c-2"), "refused", at),
    )


def chain(*events: Event, journal_id: str = JOURNAL_ID) -> list[Record]:
    tip, world = genesis(journal_id), 0
    records = []
    for event in events:
        world, commands = step(world, event)
        records.append(make_record(tip, encode(event), trace(commands)))
        tip = records[-1].tip
    return records
