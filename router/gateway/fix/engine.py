"""QuickFIX as the session engine: sequence numbers, resends, heartbeats, validation, stores.

Only this module knows QuickFIX. It runs inside the event loop's thread: `Engine.pump` lets it read
what has come and write what is due, nothing of it runs at any other time, and its callbacks only
put down what they are told. So no callback waits for anything, and nothing needs a lock. What a
peer asks to be sent again goes out in pieces (`resends`).

QuickFIX listens for TCP on every address of the machine and looks at who connects only after it has
obeyed the Logon. Therefore its listening socket is replaced by one of the file system, in a
directory of the owner's, before it is first asked to accept: the only way in is `Engine.connect`.
"""

import asyncio
import contextlib
import os
import re
import select
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import quickfix as fix  # the binding has none

from router.domain.error import ConfigError, RouterError
from router.gateway.fix.resends import PAUSE_S, Range, Resends
from router.gateway.fix.wire import PUMPS_MAX, ROUNDS_TO_NOTICE, Wire

_BACKLOG: Final = 64
_IS_RESENT: Final = 43
_TYPE: Final = 35
_RESEND_REQUEST: Final = "2"
_BEGIN_NUMBER: Final = 7
_END_NUMBER: Final = 16
_NUMBER: Final = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_NO_END: Final = frozenset({"FIX.4.2"})  # where 999999 is no end either
_LARGEST_42: Final = 999_999

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

    def __init__(
        self, names: Mapping[str, Name], told: Told, again: Callable[[Name, Any], None]
    ) -> None:
        super().__init__()
        self._names = names
        self._told = told
        self._again = again
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
        """Leave the session layer to the engine, but for what is to be sent again."""
        if message.getHeader().getField(_TYPE) == _RESEND_REQUEST:
            self._again(self._name(session_id), message)

    def fromApp(self, message: Any, session_id: Any) -> None:  # noqa: ANN401, N802
        """Hand a message over."""
        self._told.received(self._name(session_id), message.toString())

    def _name(self, session_id: Any) -> Name:  # noqa: ANN401
        return self._names[session_id.toString()]


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
        self._resends = Resends()
        try:
            self._dictionaries = _loaded(dictionaries)
            self._ids = {
                name: fix.SessionID(each.begin_string, each.sender, each.target)
                for name, each in identities.items()
            }
            names = {each.toString(): name for name, each in self._ids.items()}
            self._told = told
            heard = replace(told, logged_on=self._came, logged_out=self._went)
            self._application = _Application(names, heard, self._asked_again)
            self._settings = fix.SessionSettings(str(settings))
            self._stores = fix.FileStoreFactory(self._settings)
            self._acceptor = fix.SocketAcceptor(self._application, self._stores, self._settings)
        except (fix.ConfigError, fix.RuntimeError) as error:
            raise ConfigError(f"{settings}: {error}") from error
        self._sessions = {n: fix.Session.lookupSession(each) for n, each in self._ids.items()}
        self._identities = identities
        self._resending: asyncio.TimerHandle | None = None
        self._is_resending = False
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
        for _ in range(ROUNDS_TO_NOTICE):
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
        for _ in range(PUMPS_MAX):
            if not select.select(self._signals, [], [], 0)[0]:
                break
            self.poll()
        for _ in range(ROUNDS_TO_NOTICE):
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
            transport, application = self._dictionaries[self._identities[name].begin_string]
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
        if self._resending is not None:
            self._resending.cancel()
        self._acceptor.stop(True)  # noqa: FBT003 - the binding's own signature
        if self._inner is not None:
            self._inner.close()
            with contextlib.suppress(FileNotFoundError):
                Path(self._path).unlink()

    # What was asked for before is of another connection, and maybe of other numbers.
    def _came(self, name: Name) -> None:
        self._resends.forget(name)
        self._told.logged_on(name)

    def _went(self, name: Name) -> None:
        self._resends.forget(name)
        self._told.logged_out(name)

    # The engine reads the request behind this: what is put into it is what it obeys.
    def _asked_again(self, name: Name, message: Any) -> None:  # noqa: ANN401
        begin, end = message.getField(_BEGIN_NUMBER), message.getField(_END_NUMBER)
        if self._is_resending or not (_NUMBER.match(begin) and _NUMBER.match(end)):
            return
        asked = Range(int(begin), self._end(name, int(end)))
        last = self._resends.ask(name, asked, newest=self.next_out(name) - 1)
        if last is not None:
            message.setField(_END_NUMBER, str(last))
        if self._resending is None:
            loop = asyncio.get_running_loop()
            self._resending = loop.call_later(PAUSE_S, self._send_again)

    def _end(self, name: Name, said: int) -> int | None:
        is_old = self._identities[name].begin_string in _NO_END
        return None if said == 0 or (is_old and said == _LARGEST_42) else said

    def _send_again(self) -> None:
        self._resending = None
        name = self._resends.turn()
        if name is not None:
            self._send_piece(name)
        if not self._resends.is_empty:
            loop = asyncio.get_running_loop()
            self._resending = loop.call_later(PAUSE_S, self._send_again)

    def _send_piece(self, name: Name) -> None:
        piece = self._resends.piece(name, newest=self.next_out(name) - 1)
        if piece is None or not self.is_logged_on(name):
            self._resends.forget(name)
            return
        self._is_resending = True
        try:
            self._sessions[name].next(self._request(name, piece), fix.UtcTimeStamp())
        finally:
            self._is_resending = False

    # As if the peer asked for just this; its number has been already, so that it counts for none.
    def _request(self, name: Name, piece: Range) -> Any:  # noqa: ANN401 - the binding has no types
        identity, now = self._identities[name], fix.SendingTime()
        message = fix.Message()
        header = message.getHeader()
        header.setField(fix.BeginString(identity.begin_string))
        header.setField(fix.BodyLength(0))
        header.setField(fix.MsgType(_RESEND_REQUEST))
        header.setField(fix.SenderCompID(identity.target))
        header.setField(fix.TargetCompID(identity.sender))
        header.setField(fix.MsgSeqNum(self.next_in(name) - 1))
        header.setField(now)
        message.setField(_BEGIN_NUMBER, str(piece.begin))
        message.setField(_END_NUMBER, str(piece.end))
        message.getTrailer().setField(fix.CheckSum(0))
        return message


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
