"""A world kept apart from the journal, so that a start need not take every step again.

It is a shortcut and nothing else: made of the journal, good for the build that made it, for one
record of one journal, and thrown away wherever any of that does not hold. Rows of orders are kept
one by one, and read when somebody looks at them; all else is one value.

The digest of a checkpoint is the sum of the SHA-256 of its parts, so that rows can be changed one
by one. It shows damage. Who may write the file may write another digest: `replay` of the whole
journal is what proves a world.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, get_type_hints

import orjson
from immutables import Map

from router.domain.basket import Basket
from router.domain.error import JournalError
from router.domain.units import BasketId, ChildId, ParentId
from router.journal.plans import MisfitError, Plan, plan_of
from router.journal.record import Tip
from router.state.packed import Packed
from router.state.table import Table
from router.state.world import ChildState, Flow, ParentState, World

PARENTS: Final = "parent"
CHILDREN: Final = "child"
_TABLES: Final[Mapping[str, tuple[str, type]]] = {
    PARENTS: ("parents", ParentState),
    CHILDREN: ("children", ChildState),
}
_INDICES: Final = ("going", "queued", "planning", "settling")  # of the parents, by name alone
_OPEN: Final = ("open", "transactions", "unsigned")  # of the children
_APART: Final = {"parents", "children", *_OPEN, "flows", "baskets", *_INDICES}
_DIGEST_BYTES: Final = 32
_MODULUS: Final = 1 << (8 * _DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class Row:
    """One order as it is kept.

    Attributes
    ----------
    kind : str
        `PARENTS` or `CHILDREN`.
    place : int
        Rows of a kind are in the order of their places.
    """

    kind: str
    key: str
    place: int
    data: bytes

    @property
    def digest(self) -> int:
        """SHA-256 of all of it."""
        head = f"{self.kind}\n{self.key}\n{self.place}\n".encode()
        return int.from_bytes(hashlib.sha256(head + self.data).digest())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A world after one record, but for its rows.

    Attributes
    ----------
    build : str
        Of the program that made it: none other can read it.
    tip : Tip
        Of the record.
    rest : bytes
        All that is no row.
    """

    build: str
    tip: Tip
    rest: bytes


def changed_rows(older: World, world: World) -> Iterator[Row]:
    """Yield the rows of a world that are not those of an older one."""
    for kind, (name, _) in _TABLES.items():
        table, before = getattr(world, name), getattr(older, name)
        plan = _row_plan(kind)
        for place, key in table.changed(before):
            yield Row(kind, key, place, _dumped(plan, table[key]))


def make_checkpoint(world: World, tip: Tip, *, build: str) -> Checkpoint:
    """Return a world after the record at `tip`, without its rows."""
    rest = {name: plan.encode(getattr(world, name)) for name, plan in _rest_plans().items()}
    rest |= {name: list(getattr(world, name)) for name in _INDICES}
    rest |= {name: list(getattr(world, name)) for name in _OPEN}
    rest["flows"] = [[*flow, list(names)] for flow, names in sorted(world.flows.items())]
    rest["baskets"] = _baskets_plan().encode(dict(world.baskets))
    return Checkpoint(build, tip, orjson.dumps(rest))


def restored(checkpoint: Checkpoint, rows: Iterable[Row]) -> World:
    """Return the world of a checkpoint; its orders are read when they are looked at.

    Raises
    ------
    JournalError
        If the checkpoint is not one of this build's.
    """
    packed: dict[str, dict[str, Packed[Any]]] = {kind: {} for kind in _TABLES}
    for row in sorted(rows, key=_place):
        packed[row.kind][row.key] = Packed(row.data, _reader(row.kind))
    try:
        raw = orjson.loads(checkpoint.rest)
        rest: dict[str, Any] = {
            name: plan.decode(raw[name]) for name, plan in _rest_plans().items()
        }
        parents: Table[ParentId, ParentState] = Table.of(packed[PARENTS])  # type: ignore[arg-type]
        children: Table[ChildId, ChildState] = Table.of(packed[CHILDREN])  # type: ignore[arg-type]
        indices: dict[str, Any] = {name: parents.kept(raw[name]) for name in _INDICES}
        flows: dict[Flow, Table[ParentId, None]] = {
            (bought, given): Table.of(dict.fromkeys(names)) for bought, given, names in raw["flows"]
        }
        baskets: Table[BasketId, Basket] = Table.of(_baskets_plan().decode(raw["baskets"]))  # type: ignore[arg-type]
        going_on: dict[str, Any] = {name: children.kept(raw[name]) for name in _OPEN}
    except (MisfitError, KeyError, ValueError, TypeError) as error:
        raise JournalError(f"the checkpoint cannot be read: {error!r}") from None
    return replace(
        World(**rest),
        parents=parents,
        children=children,
        flows=Map(flows),
        baskets=baskets,
        **indices,
        **going_on,
    )


def digest(checkpoint: Checkpoint, rows_sum: int) -> bytes:
    """Return the digest of a checkpoint, given the sum of its rows' digests."""
    head = f"{checkpoint.build}\n{checkpoint.tip.sequence}\n".encode() + checkpoint.tip.hash
    own = int.from_bytes(hashlib.sha256(head + checkpoint.rest).digest())
    return ((own + rows_sum) % _MODULUS).to_bytes(_DIGEST_BYTES)


def _place(row: Row) -> int:
    return row.place


@cache
def _row_plan(kind: str) -> Plan:
    return plan_of(_TABLES[kind][1])


@cache
def _reader(kind: str) -> Any:  # noqa: ANN401 - of whatever the rows are
    plan = _row_plan(kind)

    def read(data: bytes) -> object:
        return plan.decode(orjson.loads(data))

    return read


@cache
def _rest_plans() -> dict[str, Plan]:
    hints = get_type_hints(World)
    return {name: plan_of(hint) for name, hint in hints.items() if name not in _APART}


@cache
def _baskets_plan() -> Plan:
    return plan_of(dict[BasketId, Basket])


def _dumped(plan: Plan, value: object) -> bytes:
    try:
        return orjson.dumps(plan.encode(value))
    except MisfitError as misfit:
        raise JournalError(f"cannot keep an order{misfit.path}: {misfit}") from None
