"""Quotes kept beside the journal until they are sent or too old: one small file each.

A file is one line of what was asked and until when it holds, and one line of the plan with the
problem it solves; its name is the digest of both, so nobody executes what was not shown. The order
that executes it is written beside it: the first to claim it is the only one. Keeps a bounded
number, and refuses to judge whether a quote still holds.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from router.domain.error import JournalError, OrderError
from router.domain.plan import PlannedRoute
from router.domain.units import ParentId, QuoteId, TimestampNs
from router.journal import codec

_KEPT_MAX: Final = 1_024  # a minute of quotes; the oldest make room for new ones
_ROOM: Final = 256  # so many at once: to find the oldest takes time
_BYTES_MAX: Final = 64 * 1024 * 1024
_ID: Final = re.compile(r"q-[0-9a-f]{16}")
_EXPIRES: Final = "expires_at"


@dataclass(frozen=True, slots=True)
class KeptQuote:
    """What was shown, and to which request.

    Attributes
    ----------
    request : tuple of (str, str)
        The fields of the request, as the order's own are.
    expires_at : TimestampNs
        It is not executed after.
    """

    id: QuoteId
    request: tuple[tuple[str, str], ...]
    planned: PlannedRoute
    expires_at: TimestampNs


def is_quote_id(text: str) -> bool:
    """Tell whether a word is of the form in which quotes are named."""
    return _ID.fullmatch(text) is not None


def folder_of(journal: Path) -> Path:
    """Return where the quotes of a journal are, however its path is written."""
    journal = journal.resolve()
    return journal.with_name(f"{journal.name}.quotes")


def keep(
    journal: Path,
    request: tuple[tuple[str, str], ...],
    planned: PlannedRoute,
    *,
    expires_at: TimestampNs,
) -> KeptQuote:
    """Write a quote beside a journal, whole or not at all.

    Raises
    ------
    OrderError
        If the disk refuses.
    """
    head = codec.encode_pairs(((_EXPIRES, str(expires_at)), *request))
    data = head + b"\n" + codec.encode(planned) + b"\n"
    name, folder = _name_of(data), folder_of(journal)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_room(folder)
        new = folder / f"{name}-new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        new.replace(_path(folder, name))
    except OSError as error:
        raise OrderError(f"the quote cannot be kept in {folder}: {error.strerror}") from None
    return KeptQuote(name, request, planned, expires_at)


def load(journal: Path, name: str) -> KeptQuote:
    """Return a quote as it was shown.

    Raises
    ------
    OrderError
        If there is none of this name, or its file is not what was written.
    """
    if not is_quote_id(name):
        raise OrderError(f"quote_id: must look like q-0123456789abcdef, was {name[:40]!r}")
    path = _path(folder_of(journal), QuoteId(name))
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES_MAX)
    except OSError as error:
        problem = f"quote_id: {name} is not kept ({error.strerror})"
        raise OrderError(f"{problem}; ask for a new quote with the same configuration") from None
    if _name_of(data) != name:
        raise OrderError(f"quote_id: the file of {name} was changed; ask for a new quote")
    return _read(QuoteId(name), data)


def claim(journal: Path, name: QuoteId, parent: ParentId) -> None:
    """Write down which order executes a quote; the same order may claim it again.

    Raises
    ------
    OrderError
        If another order did, or the disk refuses.
    """
    path = _claim_path(folder_of(journal), name)
    try:
        holder = _claimed(path, parent)
    except OSError as error:
        raise OrderError(f"quote_id: {name} cannot be claimed: {error.strerror}") from None
    if holder != parent:
        problem = f"quote_id: {name} is executed by order {holder or 'of another name'} already"
        raise OrderError(f"{problem}; ask for a new quote")


# Created by one alone, whoever else tries at the same time.
def _claimed(path: Path, parent: ParentId) -> str:
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
    except FileExistsError:
        return path.read_text()
    with file:
        file.write(parent)
    return parent


def _read(name: QuoteId, data: bytes) -> KeptQuote:
    head, _, body = data.partition(b"\n")
    try:
        (_, expires_at), *request = codec.decode_pairs(head)
        planned = codec.decode_planned(body)
        until = TimestampNs(int(expires_at))
    except (JournalError, ValueError) as error:
        problem = f"quote_id: {name} was kept by another version ({error})"
        raise OrderError(f"{problem}; ask for a new quote") from None
    if not isinstance(planned, PlannedRoute):
        raise OrderError(f"quote_id: {name} is of a basket; quote one order")
    return KeptQuote(name, tuple(request), planned, until)


def _name_of(data: bytes) -> QuoteId:
    return QuoteId(f"q-{hashlib.sha256(data).hexdigest()[:16]}")


def _path(folder: Path, name: QuoteId) -> Path:
    return folder / f"{name}.json"


def _claim_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.order"


# Another process may have made room meanwhile.
def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _make_room(folder: Path) -> None:
    kept = list(folder.glob("q-*.json"))
    if len(kept) < _KEPT_MAX:
        return
    for path in sorted(kept, key=_written_at)[: len(kept) - _KEPT_MAX + _ROOM]:
        path.unlink(missing_ok=True)
        _claim_path(folder, path.stem).unlink(missing_ok=True)
