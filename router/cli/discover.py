"""Pools that could be traded: found in the factories' logs, printed as configuration tables."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from router.cli import show
from router.cli.approve import chain_setup
from router.compose.assembly import assemble
from router.domain.error import ConfigError
from router.port import Discover, Discovery
from router.shell.clock import SystemClock


def run(path: Path, *, venue: str | None, first_block: int, as_json: bool) -> None:
    """Print the tables of pools that are not configured; they are for an operator to check."""
    if first_block < 0:
        raise ConfigError(f"from-block: must not be negative, was {first_block}")
    assembly = assemble(path, os.environ, SystemClock())
    setup = chain_setup(assembly, venue)
    if setup.discover is None:
        raise ConfigError(f"venue: {setup.venue.id!r} has no pools to discover")
    found = asyncio.run(_discover(setup.discover, first_block))
    if as_json:
        pools = [{"family": pool.family, **pool.table} for pool in found.pools]
        unreadable = {"unreadable_logs": found.unreadable_count}
        show.print_json({"chain": setup.venue.id, "pools": pools, **unreadable})
        return
    for pool in found.pools:
        for line in _lines(f"chains.{setup.venue.id}.{pool.family}.pools", pool.table):
            show.console().print(line, markup=False, highlight=False, soft_wrap=True)
    for line in _summary(found, configured_count=len(setup.instruments)):
        show.console().print(line)


async def _discover(discover: Discover, first_block: int) -> Discovery:
    return await discover(first_block)


def _summary(found: Discovery, *, configured_count: int) -> Iterator[str]:
    yield f"# {len(found.pools)} pools beside the {configured_count} configured"
    if found.unreadable_count:
        logs = "1 log" if found.unreadable_count == 1 else f"{found.unreadable_count} logs"
        yield f"# {logs} could not be read"


def _lines(name: str, table: Mapping[str, object]) -> Iterator[str]:
    yield ""
    yield f"[[{name}]]"
    for key, value in table.items():
        if isinstance(value, bool):
            yield f"{key} = {str(value).lower()}"
        else:
            yield f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"'
