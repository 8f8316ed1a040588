"""What the session engine is told of its sessions: its own settings, as text."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from router.domain.error import ConfigError
from router.gateway.config import FixSessionSettings, FixSettings
from router.gateway.fix.dictionary import Dictionary, dictionaries
from router.gateway.fix.specification import DIALECT_OF

_LATENCY_MAX_S: Final = 120
_LOGON_S: Final = 10
_LOGOUT_S: Final = 2
_APPLICATION_VERSION: Final = "FIX.5.0SP2"
FILES: Final[Mapping[Dictionary, str]] = {
    "42": "FIX42.xml",
    "44": "FIX44.xml",
    "50": "FIX50SP2.xml",
    "fixt": "FIXT11.xml",
}


def settings_text(fix: FixSettings, directory: Path, *, port: int) -> str:
    """Return the settings of all sessions.

    Parameters
    ----------
    directory : Path
        Where the stores and the dictionaries are.
    port : int
        Where the engine listens until its own socket is put in place: any that is free.

    Raises
    ------
    ConfigError
        If a schedule is given by halves.
    """
    lines = [
        "[DEFAULT]",
        "ConnectionType=acceptor",
        f"SocketAcceptPort={port}",
        "SocketReuseAddress=Y",
        "SocketSendBufferSize=4194304",
        f"FileStorePath={directory}",
        "PersistMessages=Y",
        "ResetOnLogon=N",
        "ResetOnLogout=N",
        "ResetOnDisconnect=N",
        "CheckCompID=Y",
        "CheckLatency=Y",
        f"MaxLatency={_LATENCY_MAX_S}",
        f"LogonTimeout={_LOGON_S}",
        f"LogoutTimeout={_LOGOUT_S}",
        "TimestampPrecision=3",
        "UseDataDictionary=Y",
        "ValidateLengthAndChecksum=Y",
        "ValidateFieldsOutOfOrder=Y",
        "ValidateFieldsHaveValues=Y",
        "ValidateUserDefinedFields=N",
        "AllowUnknownMsgFields=N",
    ]
    for name, session in fix.sessions.items():
        lines.extend(("", *_session(name, session, directory)))
    return "\n".join(lines) + "\n"


def dictionary_paths(begin_string: str, directory: Path) -> tuple[Path, Path]:
    """Return the dictionaries of the session layer and of the application; they may be one."""
    needed = dictionaries(DIALECT_OF[begin_string])
    return directory / FILES[needed[0]], directory / FILES[needed[-1]]


def _session(name: str, session: FixSessionSettings, directory: Path) -> Iterator[str]:
    yield "[SESSION]"
    yield f"BeginString={session.begin_string}"
    yield f"SenderCompID={session.sender}"
    yield f"TargetCompID={session.target}"
    yield f"HeartBtInt={session.heartbeat_s}"
    layer, application = dictionary_paths(session.begin_string, directory)
    if layer == application:
        yield f"DataDictionary={application}"
    else:
        yield f"DefaultApplVerID={_APPLICATION_VERSION}"
        yield f"TransportDataDictionary={layer}"
        yield f"AppDataDictionary={application}"
    yield from _schedule(name, session)


def _schedule(name: str, session: FixSessionSettings) -> Iterator[str]:
    times = {"start_time": session.start_time, "end_time": session.end_time}
    days = {"start_day": session.start_day, "end_day": session.end_day}
    if all(each is None for each in (*times.values(), *days.values())):
        yield "NonStopSession=Y"
        return
    missing = [key for key, value in times.items() if value is None]
    if len({value is None for value in days.values()}) > 1:
        missing.extend(key for key, value in days.items() if value is None)
    if missing:
        raise ConfigError(
            f"gateway.fix.sessions.{name}.{missing[0]}: missing; a schedule has start_time and"
            " end_time (HH:MM:SS, UTC), and start_day and end_day where it is of a week"
        )
    keys = {"start_time": "StartTime", "end_time": "EndTime"}
    keys |= {"start_day": "StartDay", "end_day": "EndDay"}
    for key, value in (times | days).items():
        if value is not None:
            yield f"{keys[key]}={value}"
