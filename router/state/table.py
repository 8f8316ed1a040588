"""A persistent table: rows by key, in the order they were first put in. Immutable.

Putting a row in takes the same time however many there are, and leaves the table it was put into
as it was; so a world can be kept for every event of a long day.
"""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Generic, TypeAlias, TypeVar

from immutables import Map
from typing_extensions import override

from router.state.packed import Packed

K = TypeVar("K")
V = TypeVar("V")

Row: TypeAlias = "tuple[int, V | Packed[V]]"  # and its place
_KEY = itemgetter(1)


class Table(Mapping[K, V], Generic[K, V]):
    """Rows by key; iterates in the order in which the keys came."""

    __slots__ = ("_keys", "_next", "_rows")

    def __init__(
        self,
        rows: "Map[K, Row[V]] | None" = None,
        keys: "Map[int, K] | None" = None,
        following: int = 0,
    ) -> None:
        self._rows: Map[K, Row[V]] = Map() if rows is None else rows  # with their places
        self._keys: Map[int, K] = Map() if keys is None else keys  # by place
        self._next = following

    @property
    def following(self) -> int:
        """The place of the next key that comes: how many ever came."""
        return self._next

    @classmethod
    def of(cls, rows: Mapping[K, V | Packed[V]]) -> "Table[K, V]":
        """Return a table of these rows, in their order."""
        placed: dict[K, Row[V]] = {
            key: (place, row) for place, (key, row) in enumerate(rows.items())
        }
        return Table(Map(placed), Map(enumerate(placed)), len(placed))

    def put(self, key: K, row: V) -> "Table[K, V]":
        """Return the table with a row; one that takes the place of another keeps it."""
        old = self._rows.get(key)
        if old is not None:
            return Table(self._rows.set(key, (old[0], row)), self._keys, self._next)
        rows = self._rows.set(key, (self._next, row))
        return Table(rows, self._keys.set(self._next, key), self._next + 1)

    def without(self, key: K) -> "Table[K, V]":
        """Return the table without a row, whether or not it has one."""
        old = self._rows.get(key)
        if old is None:
            return self
        return Table(self._rows.delete(key), self._keys.delete(old[0]), self._next)

    def newer(self, older: "Table[K, V]") -> Iterator[V]:
        """Yield the rows whose keys came after `older`, which this table was made from."""
        places = range(older.following, self._next)
        return (self[self._keys[place]] for place in places if place in self._keys)

    def rows(self) -> Iterator[V]:
        """Yield the rows in their order."""
        return (self[key] for key in self)

    def place(self, key: K) -> int:
        """Return the place of a key that has a row."""
        return self._rows[key][0]

    def rows_after(self, key: K) -> Iterator[V]:
        """Yield the rows whose keys came after one that has a row, in their order."""
        places = range(self._rows[key][0] + 1, self._next)
        return (self[self._keys[place]] for place in places if place in self._keys)

    def kept(self, keys: Iterable[K]) -> "Table[K, V]":
        """Return a table of these rows alone, as they are kept, in the order of the keys."""
        return Table.of({key: self._rows[key][1] for key in keys})

    def changed(self, older: "Table[K, V]") -> Iterator[tuple[int, K]]:
        """Yield place and key of each row that `older` has not, or not the same."""
        for key, (place, row) in self._rows.items():
            if not older.holds(key, row):
                yield place, key

    def holds(self, key: K, row: object) -> bool:
        """Tell whether this very object is the row of a key."""
        own = self._rows.get(key)
        return own is not None and own[1] is row

    @override
    def __getitem__(self, key: K) -> V:
        row = self._rows[key][1]
        return row.value() if isinstance(row, Packed) else row

    @override
    def __contains__(self, key: object) -> bool:
        return key in self._rows

    @override
    def __len__(self) -> int:
        return len(self._rows)

    @override
    def __iter__(self) -> Iterator[K]:
        return map(_KEY, sorted(self._keys.items()))

    @override
    def __repr__(self) -> str:
        return f"Table({dict(self)!r})"
