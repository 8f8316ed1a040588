"""Snapshots taken of live markets, and kept in files that plan the same on any machine.

A file is two lines of JSON: what it is and in which format, and the snapshot as records of the
journal are written: integers beyond 64 bits as decimal strings, no floats, every field there and
none besides. It holds balances and limits of the desk, and no key. Refuses a file of another
format, and one that is too large to be one.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, cast

import orjson

from router.compose.assembly import Assembly
from router.compose.dry_run.balances import Assumption, assumed_accounts, assumed_sentences
from router.domain.account import AccountSnapshot
from router.domain.error import ConfigError, JournalError, VenueError
from router.domain.limits import Limits
from router.domain.observation import Observation
from router.domain.snapshot import FORMAT, ChainHead, Snapshot
from router.domain.units import AccountId, VenueId
from router.journal.codec import encode
from router.journal.plans import MisfitError, tagged_plan
from router.shell.reader import Reader

BYTES_MAX: Final = 256 * 1024 * 1024
PATIENCE_S: Final = 10.0  # with an account; others wait behind whoever asks
_KIND: Final = "headrace_snapshot"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts that could be read, and why others could not."""

    read: tuple[AccountSnapshot, ...]
    unreadable: Mapping[AccountId, str]


async def taken(
    assembly: Assembly,
    reader: Reader,
    *,
    limits: Limits | None = None,
    balances: Sequence[Assumption] = (),
    accounts: Accounts | None = None,
) -> Snapshot:
    """Return all that a plan depends on, now.

    Parameters
    ----------
    limits : Limits, optional
        Others than the configuration's: a desk may have read them anew.
    balances : sequence of Assumption
        What the accounts are assumed to hold; where there are any, no account is looked at.
    accounts : Accounts, optional
        As they were read a moment ago, instead of reading them again.

    Raises
    ------
    ConfigError
        If a balance is assumed of what is not configured.
    """
    heads = _heads(assembly, reader)
    held = Accounts(assumed_accounts(assembly, balances, heads), {})
    if not balances:
        held = accounts or await read_accounts(assembly, reader)
    # Without venues it looks at markets only.
    looks = Reader({}, reader.market, natives={}, clock=assembly.clock, indices=())
    quotes = [i.quote.id for i in assembly.instruments]
    survey = await looks.survey(quotes[0])
    seen = survey.observation
    quarantined = tuple(sorted(reader.market.quarantined))
    return Snapshot(
        format=FORMAT,
        build=version("headrace"),
        at=assembly.clock.now(),
        assets=tuple(assembly.config.assets.values()),
        names=venue_names(assembly),
        instruments=assembly.instruments,
        limits=limits or assembly.config.limits,
        observation=Observation(
            pools=seen.pools,
            books=seen.books,
            contexts=seen.contexts,
            accounts=held.read,
            gas=(),
            prices=reader.told(assembly.clock.now()),
        ),
        heads=heads,
        paces=reader.market.paces(),
        quarantined=quarantined,
        stale={i: why for i, why in survey.stale.items() if i not in quarantined},
        unreadable=held.unreadable,
        assumed=assumed_sentences(balances),
    )


def save(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot; a file that was not there is for its owner alone to read.

    Raises
    ------
    ConfigError
        If the disk refuses.
    """
    head = orjson.dumps({_KIND: FORMAT})
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(head + b"\n" + encode(snapshot) + b"\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None


def load(path: Path) -> Snapshot:
    """Read a snapshot.

    Raises
    ------
    ConfigError
        If the file cannot be read, or is not what this version writes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if len(data) > BYTES_MAX:
        raise ConfigError(f"{path}: is larger than {BYTES_MAX} bytes; no snapshot is")
    head, _, body = data.partition(b"\n")
    if _json(head) != {_KIND: FORMAT}:
        raise ConfigError(
            f"{path}: is no snapshot of format {FORMAT}; record one with quote --record"
        )
    return decode(body, where=str(path))


def decode(body: bytes, *, where: str) -> Snapshot:
    """Read the second line of a file.

    Raises
    ------
    ConfigError
        If it is not what was written; names the field.
    """
    raw = _json(body)
    try:
        snapshot = cast("Snapshot", tagged_plan((Snapshot,)).decode(raw))
        return _checked(snapshot, where)
    except MisfitError as misfit:
        raise ConfigError(f"{where}: {misfit.path.lstrip('.') or 'snapshot'}: {misfit}") from None
    except (JournalError, AssertionError, ValueError) as error:
        raise ConfigError(f"{where}: is damaged: {error}") from None


def venue_names(assembly: Assembly) -> tuple[VenueId, ...]:
    """Return what an order may restrict itself to: venues, chains, and families of pools."""
    families = (VenueId(i.protocol) for i in assembly.instruments if i.protocol)
    return tuple(dict.fromkeys((*assembly.venues, *families)))


# What a plan looks up without asking whether it is there.
def _checked(snapshot: Snapshot, where: str) -> Snapshot:
    known, seen = {i.id for i in snapshot.instruments}, snapshot.observation
    told = (
        *(p.instrument for p in seen.pools),
        *(b.instrument for b in seen.books),
        *(c.instrument for c in seen.contexts),
    )
    for name in told:
        if name not in known:
            raise ConfigError(f"{where}: tells of {name}, which is not among its instruments")
    with_context = {c.instrument for c in seen.contexts}
    for book in seen.books:
        if book.instrument not in with_context:
            raise ConfigError(f"{where}: tells no mark price of {book.instrument}")
    return snapshot


def _json(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _heads(assembly: Assembly, reader: Reader) -> tuple[ChainHead, ...]:
    found = []
    for setup in assembly.setups:
        venue, head = setup.venue, reader.market.head(setup.venue.id)
        if setup.native is not None and head is not None:
            fee = head.base_fee_wei + head.priority_fee_wei
            found.append(
                ChainHead(venue.id, venue.account, head.block, fee, setup.native, head.received_at)
            )
    return tuple(found)


async def read_accounts(
    assembly: Assembly, reader: Reader, *, patience_s: float = PATIENCE_S
) -> Accounts:
    """Return every account; of one that does not answer, why: a plan that needs it says so."""
    names = tuple(dict.fromkeys(i.account for i in assembly.instruments))
    # All at once: one that is silent must not hold up the others.
    async with asyncio.TaskGroup() as group:
        asked = {name: group.create_task(_account(reader, name, patience_s)) for name in names}
    told = {name: task.result() for name, task in asked.items()}
    read = tuple(one for one in told.values() if isinstance(one, AccountSnapshot))
    return Accounts(read, {name: one for name, one in told.items() if isinstance(one, str)})


async def _account(reader: Reader, name: AccountId, patience_s: float) -> AccountSnapshot | str:
    try:
        async with asyncio.timeout(patience_s):
            (read,) = await reader.accounts((name,))
    except TimeoutError:
        return f"it did not answer within {patience_s:g} s"
    except VenueError as error:
        return str(error)
    return read
