"""A bare QuickFIX acceptor in a process of its own: one report for each order, and nothing else.

Takes a folder for its store and a port; prints a line once it listens, and serves until its
standard input ends. Sequence numbers and messages are kept in files, as the gateway keeps them.
"""

import sys
from pathlib import Path
from typing import Final

import quickfix as fix

READY: Final = b"ready\n"
SETTINGS: Final = """\
[DEFAULT]
ConnectionType=acceptor
SocketAcceptHost=127.0.0.1
SocketAcceptPort={port}
SocketNodelay=Y
FileStorePath={store}
StartTime=00:00:00
EndTime=00:00:00
NonStopSession=Y
UseDataDictionary=N
[SESSION]
BeginString=FIX.4.4
SenderCompID=HEADRACE
TargetCompID=BENCH
"""


class Echo(fix.Application):  # type: ignore[misc]  # the library has no types
    """Answers each order as if it were taken."""

    def onCreate(self, session: object) -> None:  # noqa: N802 - the library's name
        """Do nothing."""

    def onLogon(self, session: object) -> None:  # noqa: N802
        """Do nothing."""

    def onLogout(self, session: object) -> None:  # noqa: N802
        """Do nothing."""

    def toAdmin(self, message: object, session: object) -> None:  # noqa: N802
        """Do nothing."""

    def fromAdmin(self, message: object, session: object) -> None:  # noqa: N802
        """Do nothing."""

    def toApp(self, message: object, session: object) -> None:  # noqa: N802
        """Do nothing."""

    def fromApp(self, message: fix.Message, session: object) -> None:  # noqa: N802
        """Answer with one report of the fields that a report must have."""
        name = message.getField(11)
        report = fix.Message()
        report.getHeader().setField(35, "8")
        for tag, value in (
            (37, name),
            (17, name),
            (150, "0"),
            (39, "0"),
            (11, name),
            (55, message.getField(55)),
            (54, message.getField(54)),
            (38, message.getField(38)),
            (151, message.getField(38)),
            (14, "0"),
            (6, "0"),
        ):
            report.setField(tag, value)
        fix.Session.sendToTarget(report, session)


def main(store: Path, port: int) -> None:
    """Serve."""
    settings = store / "echo.cfg"
    settings.write_text(SETTINGS.format(port=port, store=store), encoding="utf-8")
    loaded = fix.SessionSettings(str(settings))
    application = Echo()
    acceptor = fix.SocketAcceptor(application, fix.FileStoreFactory(loaded), loaded)
    acceptor.start()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    sys.stdin.buffer.read()
    acceptor.stop(True)  # noqa: FBT003 - the library has no names for arguments


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
