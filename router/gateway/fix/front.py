"""The door for FIX: TLS, who may come in as which session, and nothing but bytes after that.

A connection's first message is looked at here, before the engine sees anything of it: it must be a
Logon of a session that is known, with a certificate that is pinned for just that session, and
nobody else may be there as it. Whoever does not pass is hung up on without a word, so that nobody
learns anything and no sequence number is spent. Numbers may be set back (141=Y) only where the
session allows it; that is looked for in everything that comes, since the engine would obey.
"""

import asyncio
import hashlib
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from typing_extensions import override

from router.gateway.config import FixSessionSettings
from router.gateway.fix.engine import Engine, Identity
from router.gateway.fix.session import FixSession, identity
from router.gateway.fix.wire import Wire

_LOGON_S: Final = 10.0
_ANSWERED_S: Final = 1.0  # the engine answers a Logon while it reads it
_LOGON_BYTES_MAX: Final = 8_192
_UNKNOWN_MAX: Final = 256  # connections that have not logged on yet
_UNSENT_BYTES_MAX: Final = 16 * 1024 * 1024  # a peer that does not read is hung up on
_UNREAD_BYTES_MAX: Final = 16 * 1024 * 1024  # and one whose next message does not come: it is kept
_MUCH_BYTES: Final = 16_384  # as much at a time means that the engine has more to write
_POLLS: Final = 256
_FULL_S: Final = 0.01
_RESET: Final = b"\x01141=Y\x01"
_FRAME: Final = re.compile(rb"8=([^\x01]{1,16})\x019=([0-9]{1,6})\x01")
_SECONDS: Final = re.compile(r"[0-9]{1,4}\Z", re.ASCII)
_TRAILER_BYTES: Final = 7  # 10=nnn and its end


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """What the connections share.

    Attributes
    ----------
    is_pinned : bool
        Whether the door asks for certificates.
    refused : function
        Told of whom was not let in, and why; the peer is not.
    live : dict of str to Connection
        Who is there, by session.
    """

    engine: Engine
    sessions: Mapping[str, FixSession]
    is_pinned: bool
    refused: Callable[[str, str], None]
    live: "dict[str, Connection]"
    unknown: "set[Connection]"

    def admitted(self, logon: Mapping[int, str], certificate: str | None) -> FixSession | str:
        """Return the session that a Logon is of, or why it is not let in."""
        if logon.get(35) != "A":
            return "the first message is no Logon"
        asked = Identity(logon.get(8, ""), logon.get(56, ""), logon.get(49, ""))
        found = [s for s in self.sessions.values() if identity(s.settings) == asked]
        if not found:
            return "nobody is known by these CompIDs"
        session = found[0]
        if self.is_pinned and not _is_pinned(certificate, session.settings):
            return f"the certificate {certificate} is not one of {session.name}"
        if session.name in self.live:
            return f"{session.name} is there already"
        return _unfit(logon, session) or session


class Connection(asyncio.Protocol):
    """One peer's connection."""

    def __init__(self, keeper: Doorkeeper) -> None:
        self._keeper = keeper
        self._transport: asyncio.Transport | None = None
        self._session: FixSession | None = None
        self._wire: Wire | None = None
        self._begun = b""
        self._tail = b""
        self._next_in = 0
        self._unread = 0  # bytes since a message came in its turn
        self._deadline: asyncio.TimerHandle | None = None
        self.address = "?"

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a Logon, not for long."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_UNSENT_BYTES_MAX)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "?"
        self._keeper.unknown.add(self)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(_LOGON_S, self._refuse, "no Logon in time")
        if len(self._keeper.unknown) > _UNKNOWN_MAX:
            self._refuse("too many that have not logged on")

    @override
    def data_received(self, data: bytes) -> None:
        """Hand bytes to the engine, once it is clear whose they are."""
        if self._wire is not None:
            self._feed(data)
            return
        if self._deadline is None:
            return
        self._begun += data
        try:
            first = _first_message(self._begun)
        except ValueError as error:
            self._refuse(str(error))
            return
        if first is not None:
            self._open(first)

    @override
    def pause_writing(self) -> None:
        """Hang up on a peer that does not read: it asks for the rest when it is back."""
        assert self._transport is not None, "made before it is paused"
        self._keeper.refused(self.address, "it does not read what it is sent")
        self._transport.abort()

    @override
    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the engine that the peer has gone."""
        self._keeper.unknown.discard(self)
        self._hang_up()

    def close(self) -> None:
        """Hang up, and have the engine take note now."""
        self._hang_up()
        if self._transport is not None:
            self._transport.close()

    def _open(self, first: bytes) -> None:
        assert self._transport is not None, "made before it has data"
        session = self._keeper.admitted(_fields(first), _certificate(self._transport))
        if isinstance(session, str):
            self._refuse(session)
            return
        self._keeper.unknown.discard(self)
        self._keeper.live[session.name] = self
        self._stop_waiting()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(_ANSWERED_S, self._look_whether_there)
        session.source = self.address
        self._session = session
        self._wire = self._keeper.engine.connect()
        loop.add_reader(self._wire.fileno(), self._pass_on)
        whole, self._begun = self._begun, b""
        self._feed(whole[: len(first)])
        if len(whole) > len(first):
            self._feed(whole[len(first) :])

    def _feed(self, data: bytes) -> None:
        session = self._session
        assert session is not None, "let in before it is fed"
        if self._wire is None:
            return
        looked_at = self._tail + data
        if _RESET in looked_at:
            if not session.settings.allow_reset:
                self._refuse(f"{session.name} may not set sequence numbers back")
                return
            session.resetting()
        self._tail = looked_at[1 - len(_RESET) :]
        wire = self._wire
        wire.feed(data)
        session.left()  # a reset is over by now, or it was none
        if wire.is_refused:
            self._refuse("it says what a session that is not logged on may not say")
            return
        if self._is_too_much(session, len(data)):
            self._refuse("it says much, and the message that is next is not among it")
            return
        if session.is_full and self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(_FULL_S, self._read_on)

    # The engine keeps what has no end yet, and what is ahead of a gap, for as long as it comes.
    def _is_too_much(self, session: FixSession, count: int) -> bool:
        next_in = self._keeper.engine.next_in(session.name)
        self._unread = self._unread + count if next_in == self._next_in else 0
        self._next_in = next_in
        return self._unread > _UNREAD_BYTES_MAX

    def _read_on(self) -> None:
        if self._transport is None or self._session is None or self._transport.is_closing():
            return
        if self._session.is_full:
            asyncio.get_running_loop().call_later(_FULL_S, self._read_on)
        else:
            self._transport.resume_reading()

    # The engine neither answers a Logon that it cannot read nor hangs up: whoever it is of would be
    # taken to be there for good.
    def _look_whether_there(self) -> None:
        session = self._session
        if session is not None and not self._keeper.engine.is_logged_on(session.name):
            self._refuse("its Logon is none that the engine answers")

    def _pass_on(self) -> None:
        if self._wire is None or self._transport is None:
            return
        data = self._wire.take()
        if data is None:
            self._hang_up()
            self._transport.close()
            return
        self._transport.write(data)
        if len(data) >= _MUCH_BYTES:
            for _ in range(_POLLS):
                self._keeper.engine.poll()

    def _hang_up(self) -> None:
        self._stop_waiting()
        if self._wire is not None:
            asyncio.get_running_loop().remove_reader(self._wire.fileno())
            self._wire.close()
            self._wire = None
        if self._session is not None:
            self._keeper.live.pop(self._session.name, None)
            self._session.left()
            self._session = None

    # After it nothing that comes is taken for a Logon.
    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, why: str) -> None:
        assert self._transport is not None, "made before it is refused"
        self._keeper.refused(self.address, why)
        self._stop_waiting()
        self._transport.abort()


def _first_message(data: bytes) -> bytes | None:
    frame = _FRAME.match(data)
    if frame is None:
        if len(data) >= _LOGON_BYTES_MAX or not b"8=".startswith(data[:2]):
            raise ValueError("what came is no FIX message")
        return None
    end = frame.end() + int(frame[2]) + _TRAILER_BYTES
    if end > _LOGON_BYTES_MAX:
        raise ValueError("the Logon is too long")
    if len(data) < end:
        return None
    message = data[:end]
    total = sum(message[:-_TRAILER_BYTES]) % 256
    if message[-_TRAILER_BYTES:] != b"10=%03d\x01" % total:
        raise ValueError("the Logon is garbled")
    return message


def _fields(message: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    for each in message.decode("latin-1").split("\x01"):
        tag, _, value = each.partition("=")
        if tag.isascii() and tag.isdigit():
            found.setdefault(int(tag), value)
    return found


# What a Logon asks for that its session does not grant.
def _unfit(logon: Mapping[int, str], session: FixSession) -> str | None:
    if logon.get(141) == "Y" and not session.settings.allow_reset:
        return f"{session.name} may not set sequence numbers back"
    beat, longest = logon.get(108, ""), session.settings.heartbeat_s
    if not _SECONDS.match(beat) or not 1 <= int(beat) <= longest:
        return f"HeartBtInt(108) must be 1 to {longest}: a dead line has to be noticed"
    return None


def _certificate(transport: asyncio.BaseTransport) -> str | None:
    tls: Any = transport.get_extra_info("ssl_object")
    leaf = None if tls is None else tls.getpeercert(binary_form=True)
    return None if leaf is None else hashlib.sha256(leaf).hexdigest()


def _is_pinned(certificate: str | None, settings: FixSessionSettings) -> bool:
    pins = {pin.replace(":", "").lower() for pin in settings.certificates_sha256}
    return certificate is not None and certificate in pins


def tls_context(certificate: str, key: str, client_ca: str | None) -> ssl.SSLContext:
    """Return what the door's TLS is: 1.2 or later, without renegotiation, with certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context
