"""The gateway for FIX as a process: joins door, engine, sessions and the line to the daemon."""

import asyncio
import fcntl
import gc
import hashlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

from router.domain.error import ConfigError
from router.domain.units import NS_PER_S, DurationNs
from router.gateway import access
from router.gateway.audit import Entry, audit_path
from router.gateway.audit_writer import Audit, Program, auditing
from router.gateway.config import (
    EVERY,
    FixSessionSettings,
    FixSettings,
    GatewaySettings,
    beside,
    parse,
)
from router.gateway.fix import dialect
from router.gateway.fix.dictionary import xml
from router.gateway.fix.engine import Engine, Told, free_port, read_store
from router.gateway.fix.front import Connection, Doorkeeper, tls_context
from router.gateway.fix.line import Line
from router.gateway.fix.marks import Mark, MarkFile
from router.gateway.fix.outbox import KEPT
from router.gateway.fix.peer import Peer
from router.gateway.fix.recording import Recording
from router.gateway.fix.session import Around, FixSession, identity, recovered
from router.gateway.fix.session_config import FILES, dictionary_paths, settings_text
from router.gateway.keys import check_files
from router.gateway.link import link_path
from router.port import Clock
from router.shell import observe
from router.shell.clock import SystemClock
from router.shell.config import GatewayConfig, load_gateway

_TICK: Final = DurationNs(NS_PER_S // 4)
_GOODBYE_TICKS: Final = 8
_GOODBYE: Final = "the gateway is going down"
_BY_MAX: Final = 64
_HANDSHAKE_S: Final = 10.0  # for TLS: who does not begin it holds a file open for so long
_GC_THRESHOLDS: Final = (50_000, 20, 50)


@dataclass(frozen=True, slots=True)
class _Store:
    """Where the sessions' numbers and messages are."""

    directory: Path
    files: Mapping[str, MarkFile]
    marks: Mapping[str, Mark]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a gateway is made of."""

    config: GatewayConfig
    settings: GatewaySettings
    fix: FixSettings
    store: _Store
    clock: Clock


def run(path: Path, *, port: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT, and say on the first line where.

    Parameters
    ----------
    port : int | None
        Instead of the configured one.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    config = load_gateway(path)
    settings = parse(config.gateway, where=f"{path}: gateway")
    if settings.fix is None:
        raise ConfigError(f"{path}: gateway.fix: missing; add the table and its sessions")
    check_files(settings, path, where=f"{path}: gateway")
    fix = settings.fix if port is None else settings.fix.model_copy(update={"port": port})
    with _store(config.journal, fix) as store, tempfile.TemporaryDirectory() as inner:
        parts = _Parts(config, settings, fix, store, SystemClock())
        uvloop.run(_serve(parts, Path(inner) / "engine"))


def peer_of(name: str, fix: FixSettings, settings: GatewaySettings) -> Peer:
    """Return who is at the other end of a session."""
    session = fix.sessions[name]
    own = settings.clients[session.client].accounts
    accounts = tuple(each for each in session.accounts if each != EVERY)
    return Peer(
        session=name,
        kind=session.kind,
        dialect=dialect.of(session.begin_string),
        client=session.client,
        accounts=accounts or own,
        by=f"fix.{name}"[:_BY_MAX],
    )


@contextmanager
def _store(journal: Path, fix: FixSettings) -> Iterator[_Store]:
    directory = journal.with_name(f"{journal.name}-fix")
    directory.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ConfigError(f"{directory}: another FIX gateway is at work here; end it") from None
    for dictionary, name in FILES.items():
        (directory / name).write_text(xml(dictionary))
    (directory / "settings.cfg").write_text(settings_text(fix, directory, port=free_port()))
    files = {name: MarkFile(directory / f"{name}.mark") for name in fix.sessions}
    try:
        marks = {
            name: _mark(session, directory, files[name]) for name, session in fix.sessions.items()
        }
        yield _Store(directory, files, marks)
    finally:
        for file in files.values():
            file.close()
        os.close(lock)


def _mark(session: FixSessionSettings, directory: Path, file: MarkFile) -> Mark:
    mark = file.read()
    begin = 1 if mark is None or not mark.number else mark.number
    stored = read_store(directory, identity(session), begin=begin)
    return recovered(mark, stored.next_out, stored.messages)


async def _serve(parts: _Parts, inner: Path) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sessions: dict[str, FixSession] = {}
    engine = _engine(parts, sessions)
    engine.open(inner)
    digest = hashlib.sha256(parts.config.path.read_bytes()).hexdigest()
    program = Program(config=digest, build=version("headrace"))
    at = audit_path(parts.config.journal, "fix")
    async with auditing(at, program, parts.clock.now) as audit:
        async with _started() as start:
            line = Line(link_path(parts.config.journal), parts.clock)
            around = Around(line, parts.clock, start, _noted, _faulted)
            sessions |= _sessions(parts, engine, around, audit=audit)
            for session in sessions.values():
                session.begin()
            _running = (start(line.run()), start(_tick(engine, sessions, parts.clock.sleep)))
            keeper = _doorkeeper(engine, sessions, audit, fix=parts.fix)
            await _listen(parts, keeper, stop)
            await _goodbye(engine, sessions, parts.clock.sleep)
            for connection in tuple(keeper.live.values()):
                connection.close()
        for session in sessions.values():
            session.tick()
        engine.close()


def _sessions(
    parts: _Parts, engine: Engine, around: Around, *, audit: Audit
) -> dict[str, FixSession]:
    clients, store = parts.settings.clients, parts.store
    return {
        name: FixSession(
            name,
            each,
            peer_of(name, parts.fix, parts.settings),
            engine=engine,
            kept=(store.files[name], store.marks[name]),
            around=around,
            recording=Recording(audit, access.of_session(name, clients[each.client], each)),
        )
        for name, each in parts.fix.sessions.items()
    }


def _engine(parts: _Parts, sessions: Mapping[str, FixSession]) -> Engine:
    fix, store = parts.fix, parts.store
    told = Told(
        received=lambda name, text: sessions[name].received(text),
        logged_on=lambda name: sessions[name].logged_on(),
        logged_out=lambda name: sessions[name].logged_out(),
        is_kept=KEPT.__contains__,
    )
    begins = {each.begin_string for each in fix.sessions.values()}
    return Engine(
        store.directory / "settings.cfg",
        {name: identity(each) for name, each in fix.sessions.items()},
        dictionaries={begin: dictionary_paths(begin, store.directory) for begin in begins},
        told=told,
    )


# What is started is ended when the block is left; what fails ends everything.
@asynccontextmanager
async def _started() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]]:
    tasks: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:

        def start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
            task = group.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            return task

        yield start
        for task in tuple(tasks):
            task.cancel()


async def _tick(
    engine: Engine,
    sessions: Mapping[str, FixSession],
    sleep: Callable[[DurationNs], Awaitable[None]],
) -> None:
    while True:
        await sleep(_TICK)
        engine.tick()
        for session in sessions.values():
            session.tick()


def _doorkeeper(
    engine: Engine, sessions: Mapping[str, FixSession], audit: Audit, *, fix: FixSettings
) -> Doorkeeper:
    def refused(address: str, why: str) -> None:
        audit.note(Entry("session", "refused", address, why))
        _noted(address, f"not let in: {why}")

    return Doorkeeper(
        engine=engine,
        sessions=sessions,
        is_pinned=fix.tls is not None and fix.tls.client_ca is not None,
        refused=refused,
        live={},
        unknown=set(),
    )


async def _listen(parts: _Parts, keeper: Doorkeeper, stop: asyncio.Event) -> None:
    fix, tls, context = parts.fix, parts.fix.tls, None
    if tls is not None:
        own = parts.config.path
        ca = None if tls.client_ca is None else str(beside(own, tls.client_ca))
        context = tls_context(str(beside(own, tls.certificate)), str(beside(own, tls.key)), ca)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(keeper),
        fix.host,
        fix.port,
        ssl=context,
        ssl_handshake_timeout=None if context is None else _HANDSHAKE_S,
        reuse_address=True,
    )
    port = server.sockets[0].getsockname()[1]
    ready = {"ready": True, "fix": f"{fix.host}:{port}", "port": port}
    gc.collect()
    gc.freeze()  # what lives as long as the process is not looked at again and again
    gc.set_threshold(*_GC_THRESHOLDS)
    print(orjson.dumps(ready).decode(), flush=True)  # noqa: T201 - the line that is waited for
    await stop.wait()
    server.close()


async def _goodbye(
    engine: Engine,
    sessions: Mapping[str, FixSession],
    sleep: Callable[[DurationNs], Awaitable[None]],
) -> None:
    for name in sessions:
        if engine.is_logged_on(name):
            engine.log_out(name, _GOODBYE)
    for _ in range(_GOODBYE_TICKS):
        if not any(engine.is_logged_on(name) for name in sessions):
            return
        engine.tick()
        await sleep(_TICK)


# Not from within the engine's callbacks: what fails there ends the process.
def _noted(session: str, text: str) -> None:
    asyncio.get_running_loop().call_soon(_written, session, text)


def _written(session: str, text: str) -> None:
    observe.gateway_noted("fix", session, message=text)


def _faulted(error: Exception) -> None:
    observe.alarm_raised(f"FIX gateway: {error}")
