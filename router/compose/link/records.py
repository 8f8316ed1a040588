"""The journal as gateways may read it: records with their place in the chain, page by page."""

import asyncio
from collections.abc import Mapping
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final

import orjson

from router.compose.link.fields import count, text_or
from router.compose.link.linked import Answer, Linked
from router.gateway.link import Fields
from router.journal.record import Record
from router.shell import store

_PAGE_MAX: Final = 1_000
_SCANNED_MAX: Final = 20_000  # records looked at for one page
_SEQUENCE_MAX: Final = 2**62


async def _journal(link: Linked, fields: Fields) -> bytes:
    after = count(fields, "after", 0, most=_SEQUENCE_MAX)
    limit = count(fields, "limit", _PAGE_MAX, most=_PAGE_MAX, least=1)
    kind, until = text_or(fields, "kind"), link.runtime.durable_sequence
    path = link.desk.assembly.config.journal
    if after >= until:
        return orjson.dumps({"records": [], "next": None, "sequence": until})
    found, last = await asyncio.to_thread(_read, path, (after, until), kind=kind, limit=limit)
    following = None if last >= until else last
    return orjson.dumps(
        {"records": [_json(each) for each in found], "next": following, "sequence": until}
    )


# The records of a kind, and the place of the last that was looked at.
def _read(
    path: Path, between: tuple[int, int], *, kind: str, limit: int
) -> tuple[list[Record], int]:
    after, until = between
    head = f'{{"{kind}":'.encode()
    found: list[Record] = []
    last = after
    # The end is not read over: there the whole file would be looked through for damage.
    records = islice(store.read(path, after=after), min(until - after, _SCANNED_MAX))
    for record in takewhile(lambda _: len(found) < limit, records):
        last = record.sequence
        if not kind or record.event.startswith(head):
            found.append(record)
    return found, last


def _json(record: Record) -> dict[str, Any]:
    return {
        "sequence": record.sequence,
        "hash": record.hash.hex(),
        "kind": record.event[2 : record.event.index(b'"', 2)].decode(),
        "event": orjson.Fragment(record.event),
        "commands": [list(command) for command in record.commands],
    }


ANSWERS: Final[Mapping[str, Answer]] = {"journal": _journal}
