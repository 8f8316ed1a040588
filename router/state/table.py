"""A persistent table: rows by key, in the order they were first put in. Immutable.

Putting a row in takes the same time however many there are, and leaves the table it was put into
as it was; so a world can be kept for every event of a long day.
"""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Final, Generic, TypeAlias, TypeVar

from immutables import Map
from typing_extensions import override

from router.state.packed import Packed

K = TypeVar("K")
V = TypeVar("V")

Row: TypeAlias = "tuple[int, V | Packed[V]]"  # and its place
# A key that was put in or taken out, what was before it, their count. Each is of one table alone.
_Put: TypeAlias = "tuple[K, _Put[K], int] | None"

_PLACE: Final = itemgetter(0)
_PUTS_MAX: Final = 8_192  # that are remembered at least: several checkpoints' worth


class Table(Mapping[K, V], Generic[K, V]):
    """Rows by key; iterates in the order in which the keys came."""

    __slots__ = ("_keys", "_next", "_puts", "_rows")

    def __init__(
        self,
        rows: "Map[K, Row[V]] | None" = None,
        keys: "Map[int, K] | None" = None,
        following: int = 0,
        *,
        puts: "tuple[_Put[K], _Put[K]]" = (None, None),
    ) -> None:
        self._rows: Map[K, Row[V]] = Map() if rows is None else rows  # with their places
        self._keys: Map[int, K] = Map() if keys is None else keys  # by place
        self._next = following
        self._puts = puts  # the newest of a chain, and of the chain before it

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
        old, puts = self._rows.get(key), self._with_put(key)
        if old is not None:
            rows = self._rows.set(key, (old[0], row))
            return Table(rows, self._keys, self._next, puts=puts)
        rows = self._rows.set(key, (self._next, row))
        return Table(rows, self._keys.set(self._next, key), self._next + 1, puts=puts)

    def without(self, key: K) -> "Table[K, V]":
        """Return the table without a row, whether or not it has one."""
        old = self._rows.get(key)
        if old is None:
            return self
        rows, keys = self._rows.delete(key), self._keys.delete(old[0])
        return Table(rows, keys, self._next, puts=self._with_put(key))

    def newer(self, older: "Table[K, V]") -> Iterator[V]:
        """Yield the rows whose keys came after `older`, which this table was made from."""
        places = range(older.following, self._next)
        return (self[self._keys[place]] for place in places if place in self._keys)

    def rows(self) -> Iterator[V]:
        """Yield the rows in their order."""
        return map(_row, sorted(self._rows.values(), key=_PLACE))

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
        """Yield place and key of each row that `older` has not, or not the same.

        Looks at what was put in since, where this table was made from `older` and that is not many
        thousand rows ago; else at every row.
        """
        for key in self._put_since(older._puts[0]):  # noqa: SLF001 - of its own kind
            own = self._rows.get(key)
            if own is not None and not older.holds(key, own[1]):
                yield own[0], key

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
        return map(self._keys.__getitem__, sorted(self._keys))

    @override
    def __repr__(self) -> str:
        return f"Table({dict(self)!r})"

    # The chain before the newest is kept whole until that is full, and no others: a table that is
    # written to all day does not remember all of it.
    def _with_put(self, key: K) -> "tuple[_Put[K], _Put[K]]":
        newest, earlier = self._puts
        if newest is None or newest[2] == _PUTS_MAX:
            return (key, None, 1), newest
        return (key, newest, newest[2] + 1), earlier

    def _put_since(self, older: "_Put[K]") -> Iterable[K]:
        keys: dict[K, None] = {}
        for chain in self._puts:
            put = chain
            while put is not None:
                if put is older:
                    return keys
                keys[put[0]] = None
                put = put[1]
        return self._rows


def _row(placed: "Row[V]") -> V:
    row = placed[1]
    return row.value() if isinstance(row, Packed) else row
