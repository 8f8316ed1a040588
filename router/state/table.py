"""A persistent table: rows by key, in the order they were first put in. Immutable.

Putting a row in takes the same time however many there are, and leaves the table it was put into
as it was; so a world can be kept for every event of a long day.
"""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Generic, TypeVar

from immutables import Map
from typing_extensions import override

K = TypeVar("K")
V = TypeVar("V")

_PLACE = itemgetter(0)


class Table(Mapping[K, V], Generic[K, V]):
    """Rows by key; iterates in the order in which the keys came."""

    __slots__ = ("_next", "_rows")

    def __init__(self, rows: "Map[K, tuple[int, K, V]] | None" = None, following: int = 0) -> None:
        self._rows: Map[K, tuple[int, K, V]] = Map() if rows is None else rows
        self._next = following

    @classmethod
    def of(cls, rows: Mapping[K, V]) -> "Table[K, V]":
        """Return a table of these rows, in their order."""
        placed = {key: (place, key, row) for place, (key, row) in enumerate(rows.items())}
        return cls(Map(placed), len(placed))

    def put(self, key: K, row: V) -> "Table[K, V]":
        """Return the table with a row; one that takes the place of another keeps it."""
        old = self._rows.get(key)
        place = self._next if old is None else old[0]
        return Table(self._rows.set(key, (place, key, row)), max(self._next, place + 1))

    def without(self, key: K) -> "Table[K, V]":
        """Return the table without a row, whether or not it has one."""
        if key not in self._rows:
            return self
        return Table(self._rows.delete(key), self._next)

    @override
    def __getitem__(self, key: K) -> V:
        return self._rows[key][2]

    @override
    def __contains__(self, key: object) -> bool:
        return key in self._rows

    @override
    def __len__(self) -> int:
        return len(self._rows)

    @override
    def __iter__(self) -> Iterator[K]:
        return (key for _, key, _ in self._in_order())

    def rows(self) -> Iterator[V]:
        """Yield the rows in their order."""
        return (row for _, _, row in self._in_order())

    @override
    def __repr__(self) -> str:
        return f"Table({dict(self)!r})"

    def _in_order(self) -> list[tuple[int, K, V]]:
        return sorted(self._rows.values(), key=_PLACE)
