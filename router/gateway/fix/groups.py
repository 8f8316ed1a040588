"""Repeating groups by message type, of every dialect together: what an entry may hold.

An entry begins with its first field, always. What the specification does not know is no group.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from router.gateway.fix.specification import DIALECTS, Entry, messages


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """What an entry of a group holds.

    Attributes
    ----------
    first : int
        The field that every entry begins with.
    members : frozenset of int
        Fields of an entry, those that count groups included.
    groups : Mapping[int, GroupSpec]
        Groups inside an entry, by the fields that count them.
    """

    first: int
    members: frozenset[int]
    groups: Mapping[int, "GroupSpec"]


@functools.cache
def groups_of(kind: str) -> Mapping[int, GroupSpec]:
    """Return the groups of a message type, by the fields that count them."""
    known = [messages(dialect)[kind] for dialect in DIALECTS if kind in messages(dialect)]
    return _specs(entry for message in known for entry in message.entries)


def _specs(entries: Iterable[Entry]) -> Mapping[int, GroupSpec]:
    found: dict[int, tuple[Entry, ...]] = {}
    for entry in entries:
        if entry.group:
            found[entry.tag] = (*found.get(entry.tag, ()), *entry.group)
    return {
        tag: GroupSpec(group[0].tag, frozenset(e.tag for e in group), _specs(group))
        for tag, group in found.items()
    }
