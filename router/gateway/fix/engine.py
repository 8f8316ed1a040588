"""QuickFIX as the session engine: sequence numbers, resends, heartbeats, validation, stores.

Only this module knows QuickFIX. It runs inside the event loop's thread: `Engine.pump` lets it read
what has come and write what is due, nothing of it runs at any other time, and its callbacks only
put down what they are told. So no callback waits for anything, and nothing needs a lock.

QuickFIX listens for TCP on every address of the machine and looks at who connects only after it has
obeyed the Logon. Therefore its listening socket is replaced by one of the file system, in a
directory of the owner's, before it is first asked to accept: the only way in is `Engine.connect`.
"""

import contextlib
import fcntl
import os
import select
import socket
import sys
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import quickfix as fix  # the binding has none

from router.domain.error import ConfigError, RouterError

_PUMPS_MAX: Final = 4_096  # rounds for one piece of input; each takes in up to 8 KiB
_BACKLOG: Final = 64
_TAKEN_BYTES: Final = 262_144
_ROUNDS_TO_NOTICE: Final = 3  # accept, become readable, read
_IS_RESENT: Final = 43
_TYPE: Final = 35

Name: TypeAlias = str  # of a session, in the configuration


class EngineError(RouterError):
    """The session engine did not do what it was told."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What names a session on the wire, from our side."""

    begin_string: str
    sender: str
    target: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the engine tells.

    Attributes
    ----------
    received : function
        A session's application message, whole; called in the order of the sequence numbers.
    logged_on, logged_out : function
        A session is up, is down.
    is_kept : function
        Whether a message type is sent again when it is asked for; else the gap is filled.
    """

    received: Callable[[Name, str], None]
    logged_on: Callable[[Name], None]
    logged_out: Callable[[Name], None]
    is_kept: Callable[[str], bool]


class _Application(fix.Application):  # type: ignore[misc]  # of no known type
    """QuickFIX's callbacks; an exception here would end the process, so they do next to nothing."""

    def __init__(self, names: Mapping[str, Name], told: Told) -> None:
        super().__init__()
        self._names = names
        self._told = told
        self.is_sending = False

    def onCreate(self, session_id: Any) -> None:  # noqa: ANN401, N802 - QuickFIX's names
        """Take note of nothing: the sessions are known."""

    def onLogon(self, session_id: Any) -> None:  # noqa: ANN401, N802
        """Tell that a session is up."""
        self._told.logged_on(self._name(session_id))

    def onLogout(self, session_id: Any) -> None:  # noqa: ANN401, N802
        """Tell that a session is down."""
        self._told.logged_out(self._name(session_id))

    def toAdmin(self, message: Any, session_id: Any) -> None:  # noqa: ANN401, N802
        """Let the engine's own messages go."""

    def toApp(self, message: Any, _session_id: Any) -> None:  # noqa: ANN401, N802
        """Keep back what is no longer true when it is asked for again."""
        if self.is_sending:
            return
        header = message.getHeader()
        if header.isSetField(_IS_RESENT) and not self._told.is_kept(header.getField(_TYPE)):
            raise fix.DoNotSend

    def fromAdmin(self, message: Any, session_id: Any) -> None:  # noqa: ANN401, N802
        """Leave the session layer to the engine."""

    def fromApp(self, message: Any, session_id: Any) -> None:  # noqa: ANN401, N802
        """Hand a message over."""
        self._told.received(self._name(session_id), message.toString())

    def _name(self, session_id: Any) -> Name:  # noqa: ANN401
        return self._names[session_id.toString()]


class Wire:
    """A connection into the engine: what a peer says goes in, what it is told comes out."""

    def __init__(self, ours: socket.socket, poll: Callable[[], bool]) -> None:
        self._ours = ours
        self._poll = poll
        self.is_refused = False  # the engine does not answer it, and does not hang up either

    def fileno(self) -> int:
        """Return what becomes readable when there is something to `take`."""
        return self._ours.fileno()

    def feed(self, data: bytes) -> None:
        """Have the engine read what a peer said, to the last byte; what it closed is not read."""
        rest = memoryview(data)
        for _ in range(_PUMPS_MAX):
            if rest:
                try:
                    rest = rest[self._ours.send(rest) :]
                except BlockingIOError:
                    pass  # it is full; what the engine reads below makes room
                except OSError:
                    return
            self.is_refused = not self._poll() or self.is_refused
            if not rest and not self._unread():
                return

    def take(self) -> bytes | None:
        """Return what the engine wrote: empty if nothing, None once it has closed."""
        try:
            return self._ours.recv(_TAKEN_BYTES) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None

    def close(self) -> None:
        """Hang up; the engine takes note at once."""
        self._ours.close()
        for _ in range(_ROUNDS_TO_NOTICE):
            self._poll()

    def _unread(self) -> int:
        return int.from_bytes(fcntl.ioctl(self._ours, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


class Engine:
    """The sessions of a gateway; made by `running`.

    Parameters
    ----------
    settings : Path
        A file of `session_config`; its stores are opened, and nothing else may use them.
    dictionaries : mapping of str to tuple of Path
        By BeginString: the dictionary of the session layer, and that of the application.
    """

    def __init__(
        self,
        settings: Path,
        identities: Mapping[Name, Identity],
        *,
        dictionaries: Mapping[str, tuple[Path, Path]],
        told: Told,
    ) -> None:
        try:
            self._dictionaries = _loaded(dictionaries)
            self._ids = {
                name: fix.SessionID(each.begin_string, each.sender, each.target)
                for name, each in identities.items()
            }
            names = {each.toString(): name for name, each in self._ids.items()}
            self._application = _Application(names, told)
            self._settings = fix.SessionSettings(str(settings))
            self._stores = fix.FileStoreFactory(self._settings)
            self._acceptor = fix.SocketAcceptor(self._application, self._stores, self._settings)
        except (fix.ConfigError, fix.RuntimeError) as error:
            raise ConfigError(f"{settings}: {error}") from error
        self._sessions = {n: fix.Session.lookupSession(each) for n, each in self._ids.items()}
        self._begin = {name: each.begin_string for name, each in identities.items()}
        self._inner: socket.socket | None = None
        self._path = ""
        self._signals: list[int] = []

    def open(self, inner: Path) -> None:
        """Begin to take connections, at a path in a directory that nobody else may enter."""
        before = _open_files()
        self._acceptor.poll()
        opened = _open_files() - before
        listening = [each for each in opened if _is_listening(each)]
        assert len(listening) == 1, "the sessions share one port"
        self._signals = sorted(opened - set(listening))
        self._path = str(inner)
        self._inner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._inner.bind(self._path)
        self._inner.listen(_BACKLOG)
        self._inner.setblocking(False)  # noqa: FBT003 - the socket's own signature
        os.dup2(self._inner.fileno(), listening[0], inheritable=False)

    def connect(self) -> Wire:
        """Return a new connection; its first bytes must be a whole Logon."""
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.connect(self._path)
        ours.setblocking(False)  # noqa: FBT003 - the socket's own signature
        for _ in range(_ROUNDS_TO_NOTICE):
            self.poll()
        return Wire(ours, self.poll)

    def poll(self) -> bool:
        """Let the engine do what is to do now.

        Returns
        -------
        bool
            False where it would reject a message of a peer that is not logged on: it throws then,
            and neither answers nor hangs up. What others said is read at the next poll.
        """
        try:
            self._acceptor.poll()
        except RuntimeError:
            return False
        return True

    def tick(self) -> None:
        """Let the engine look at the clock; to be called every second."""
        for _ in range(_PUMPS_MAX):
            if not select.select(self._signals, [], [], 0)[0]:
                break
            self.poll()
        for _ in range(_ROUNDS_TO_NOTICE):
            self.poll()

    def send(self, name: Name, text: str) -> bool:
        """Give a session a message to send; it is stored, and sent when the peer is there.

        Returns
        -------
        bool
            Whether it went on its way at once.

        Raises
        ------
        EngineError
            If it is no message; it was not stored.
        """
        self._application.is_sending = True
        try:
            transport, application = self._dictionaries[self._begin[name]]
            if transport is application:
                message = fix.Message(text, application, False)  # noqa: FBT003 - the binding's
            else:
                message = fix.Message(text, transport, application, False)  # noqa: FBT003
            return bool(fix.Session.sendToTarget(message, self._ids[name]))
        except fix.FIXException as error:
            raise EngineError(f"{name}: cannot be sent: {error}") from error
        finally:
            self._application.is_sending = False

    def next_out(self, name: Name) -> int:
        """Return the sequence number that the next message of ours will have."""
        return int(self._sessions[name].getExpectedSenderNum())

    def next_in(self, name: Name) -> int:
        """Return the sequence number that is expected of the peer."""
        return int(self._sessions[name].getExpectedTargetNum())

    def set_next_in(self, name: Name, number: int) -> None:
        """Expect an earlier message again; before anybody is connected."""
        self._sessions[name].setNextTargetMsgSeqNum(number)

    def is_logged_on(self, name: Name) -> bool:
        """Tell whether the peer is there."""
        return bool(self._sessions[name].isLoggedOn())

    def log_out(self, name: Name, reason: str) -> None:
        """Say goodbye to a peer; the engine closes once it is answered, or after a while."""
        self._sessions[name].logout(reason)

    def log_on(self, name: Name) -> None:
        """Let a peer in again."""
        self._sessions[name].logon()

    def close(self) -> None:
        """End everything; who is connected finds the line dead."""
        self._acceptor.stop(True)  # noqa: FBT003 - the binding's own signature
        if self._inner is not None:
            self._inner.close()
            with contextlib.suppress(FileNotFoundError):
                Path(self._path).unlink()


@dataclass(frozen=True, slots=True)
class Stored:
    """What a session's store held when nobody had it open.

    Attributes
    ----------
    next_out, next_in : int
        The sequence numbers of the next message each way.
    messages : tuple of str
        Ours, from the number that was asked for up to the last that counts.
    """

    next_out: int
    next_in: int
    messages: tuple[str, ...]


def read_store(directory: Path, identity: Identity, *, begin: int) -> Stored:
    """Read a session's store; before an `Engine` has it open."""
    session_id = fix.SessionID(identity.begin_string, identity.sender, identity.target)
    store = fix.FileStore(fix.UtcTimeStamp(), str(directory), session_id)
    found = fix.VectorString()
    store.get(begin, store.getNextSenderMsgSeqNum() - 1, found)
    return Stored(
        int(store.getNextSenderMsgSeqNum()), int(store.getNextTargetMsgSeqNum()), tuple(found)
    )


def free_port() -> int:
    """Return a port that is free now: the engine wants one until its own socket is in place."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _loaded(dictionaries: Mapping[str, tuple[Path, Path]]) -> dict[str, tuple[Any, Any]]:
    read = {each: fix.DataDictionary(str(each)) for pair in dictionaries.values() for each in pair}
    return {begin: (read[one], read[other]) for begin, (one, other) in dictionaries.items()}


def _open_files() -> set[int]:
    return {int(each.name) for each in Path("/dev/fd").iterdir()}


def _is_listening(number: int) -> bool:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as found:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False
