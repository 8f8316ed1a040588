"""The process of the HTTP gateway: its parts joined, and served until it is told to end."""

import asyncio
import gc
import hashlib
import os
import resource
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

from router.domain.error import ConfigError
from router.domain.units import DurationNs, TimestampNs
from router.gateway import keys
from router.gateway.audit import audit_path
from router.gateway.audit import read as read_lines
from router.gateway.audit_writer import Audit, Program, auditing
from router.gateway.config import GatewaySettings, HttpSettings, beside, parse
from router.gateway.http.desk_line import KeptLine
from router.gateway.http.doing import Doing, ReadAudit
from router.gateway.http.doorman import Doorman
from router.gateway.http.latest_hub import LatestHub
from router.gateway.http.outbox import Outbox
from router.gateway.http.reports_hub import ReportsHub
from router.gateway.http.risk_hub import RiskHub
from router.gateway.http.server import CONNECTIONS_MAX, Door, server_of
from router.gateway.http.stream import MakeOutbox, Streams
from router.gateway.http.subscriptions import Hubs
from router.gateway.link import LinkError, link_path
from router.gateway.rates import Rates
from router.gateway.signing import Authenticator
from router.port import Clock
from router.shell import observe
from router.shell.clock import SystemClock
from router.shell.config import GatewayConfig, load_gateway

_NS_PER_MS: Final = 1_000_000
_READY_S: Final = 2.0
_SHUTDOWN_S: Final = 3.0
_BACKLOG: Final = 1_024
_HANDSHAKE_S: Final = 10.0  # for TLS: who does not begin it holds a file open for so long
_GC_THRESHOLDS: Final = (50_000, 20, 50)
_FILES_BESIDES: Final = 64  # open files that are no connections of clients


@dataclass(frozen=True, slots=True)
class Parts:
    """What a gateway is made of.

    Attributes
    ----------
    started_at : TimestampNs
        When the process began: nothing that was signed before is taken.
    """

    config: GatewayConfig
    settings: GatewaySettings
    http: HttpSettings
    authenticator: Authenticator | None
    clock: Clock
    started_at: TimestampNs


def run(path: Path, *, port: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT; says on one line of JSON when it is ready, and where.

    Raises
    ------
    ConfigError
        If the file is wrong, or the address cannot be listened on.
    """
    clock = SystemClock()
    _allow_files(CONNECTIONS_MAX + _FILES_BESIDES)
    parts = parts_of(path, os.environ, clock, port=port, started_at=clock.now())
    uvloop.run(_serve(parts))


def parts_of(
    path: Path,
    environment: Mapping[str, str],
    clock: Clock,
    *,
    started_at: TimestampNs,
    port: int | None = None,
) -> Parts:
    """Read a configuration.

    Raises
    ------
    ConfigError
        Naming the file, the key and the remedy.
    """
    config, where = load_gateway(path), f"{path}: gateway"
    settings = parse(config.gateway, where=where)
    if settings.http is None:
        raise ConfigError(f"{where}.http: missing; add the table to have this gateway")
    keys.check_files(settings, path, where=where)
    http = settings.http if port is None else settings.http.model_copy(update={"port": port})
    authenticator = None
    if not http.without_keys:
        authenticator = Authenticator(
            keys.resolve(settings, environment, where=where),
            window=DurationNs(http.window_ms * _NS_PER_MS),
            started_at=started_at,
        )
    return Parts(config, settings, http, authenticator, clock, started_at)


@asynccontextmanager
async def serving(parts: Parts, *, outbox: MakeOutbox = Outbox) -> AsyncIterator[int]:
    """Serve until the block is left, and yield the port.

    Parameters
    ----------
    outbox : function
        Makes what waits for one stream.

    Raises
    ------
    ConfigError
        If the address cannot be listened on.
    """
    if parts.authenticator is not None:
        until_open = parts.authenticator.opens_at - parts.clock.now()
        await parts.clock.sleep(DurationNs(max(0, until_open)))
    try:
        async with (
            _audited(parts) as audit,
            asyncio.TaskGroup() as group,
            _joined(parts, audit, group, outbox=outbox) as port,
        ):
            yield port
    except BaseExceptionGroup as several:
        if len(several.exceptions) > 1:
            raise
        raise several.exceptions[0] from None


@asynccontextmanager
async def _joined(
    parts: Parts, audit: Audit, group: asyncio.TaskGroup, *, outbox: MakeOutbox
) -> AsyncIterator[int]:
    line = KeptLine(link_path(parts.config.journal), parts.clock)
    reports, risk = ReportsHub(line, parts.clock), RiskHub(line, parts.clock)
    tasks = [group.create_task(each) for each in (line.keep(), reports.run(), risk.run())]
    latest = LatestHub(line, parts.clock, group)
    hubs = Hubs.of(line, reports=reports, risk=risk, latest=latest)
    doorman = Doorman(parts.authenticator, Rates(parts.http), now=parts.clock.now)
    doing = Doing(line, audit, _reader(parts))
    try:
        async with _listening(parts, doorman, doing=doing, hubs=hubs, outbox=outbox) as port:
            yield port
    finally:
        latest.close()
        for task in tasks:
            task.cancel()


async def _serve(parts: Parts) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving(parts) as port:
        _say_ready(parts, port)
        gc.collect()
        gc.freeze()  # what lives as long as the process is not looked at again and again
        gc.set_threshold(*_GC_THRESHOLDS)
        await stop.wait()


@asynccontextmanager
async def _listening(
    parts: Parts, doorman: Doorman, *, doing: Doing, hubs: Hubs, outbox: MakeOutbox
) -> AsyncIterator[int]:
    http = parts.http
    streams = Streams(
        hubs,
        doorman=doorman,
        doing=doing,
        streams_max=http.streams_max,
        of_key_max=http.streams_of_key_max,
        message_bytes_max=http.body_bytes_max,
        outbox=outbox,
    )
    door = Door(
        doorman,
        doing,
        ready=lambda: _is_ready(hubs),
        upgrade=streams.upgrade,
        run=f"{parts.started_at:x}",
        body_bytes_max=http.body_bytes_max,
    )
    server = server_of(door, body_bytes_max=http.body_bytes_max, alarm=observe.alarm_raised)
    try:
        listener = await asyncio.get_running_loop().create_server(
            server,
            http.host,
            http.port,
            ssl=_tls(parts),
            ssl_handshake_timeout=None if http.tls is None else _HANDSHAKE_S,
            backlog=_BACKLOG,
            start_serving=False,
        )
    except OSError as error:
        raise ConfigError(
            f"{parts.config.path}: gateway.http.port: cannot listen on {http.host}:{http.port}"
            f" ({error.strerror}); choose another"
        ) from error
    port = int(listener.sockets[0].getsockname()[1])
    doorman.stand_at(_origins(parts, port))
    await listener.start_serving()
    try:
        yield port
    finally:
        listener.close()
        await streams.close()
        await server.shutdown(_SHUTDOWN_S)


@asynccontextmanager
async def _audited(parts: Parts) -> AsyncIterator[Audit]:
    digest = hashlib.sha256(parts.config.path.read_bytes()).hexdigest()
    program = Program(config=digest, build=version("headrace"))
    path = audit_path(parts.config.journal, "http")
    path.parent.mkdir(parents=True, exist_ok=True)
    async with auditing(path, program, parts.clock.now) as audit:
        yield audit


async def _is_ready(hubs: Hubs) -> bool:
    try:
        async with asyncio.timeout(_READY_S):
            status = await hubs.line.ask("status")
    except (LinkError, TimeoutError):
        return False
    return bool(status["is_ready"]) and not status.get("degraded")


def _reader(parts: Parts) -> ReadAudit:
    path = audit_path(parts.config.journal, "http")

    def read(after: int, limit: int) -> dict[str, Any]:
        rows = list(islice(read_lines(path, after=after), limit))
        return {"records": rows, "next": after + limit if len(rows) == limit else None}

    return read


# As many as the system lets a process have; a connection too many is hung up on.
def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _tls(parts: Parts) -> ssl.SSLContext | None:
    tls, path = parts.http.tls, parts.config.path
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(beside(path, tls.certificate), beside(path, tls.key))
    if tls.client_ca is not None:
        context.load_verify_locations(beside(path, tls.client_ca))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _origins(parts: Parts, port: int) -> frozenset[str]:
    scheme = "http" if parts.http.tls is None else "https"
    return frozenset(f"{scheme}://{host}:{port}" for host in (_shown(parts), "localhost"))


def _shown(parts: Parts) -> str:
    host = parts.http.host
    return f"[{host}]" if ":" in host else host


def _say_ready(parts: Parts, port: int) -> None:
    scheme = "http" if parts.http.tls is None else "https"
    facts = {"ready": True, "http": f"{scheme}://{_shown(parts)}:{port}", "port": port}
    sys.stdout.write(orjson.dumps(facts).decode() + "\n")
    sys.stdout.flush()
