"""An order management system that speaks FIX: logs on, sends an algo order, watches it, cancels.

    python scripts/examples/ems_fix.py 127.0.0.1 9878 --target EMS --dictionary FIX44.xml

It needs the package quickfix, or quickfix-tls. The dictionary is the desk's own, for customers; the
session's numbers are kept in --store, so that what happened while nobody was logged on is told at
the next logon. Run it against the sandboxes first: it trades.
"""

import argparse
import datetime as dt
import queue
import tempfile
from pathlib import Path
from typing import Any, Final

import quickfix as fix

WITHIN_S: Final = 60.0
SETTINGS: Final = """
[DEFAULT]
ConnectionType=initiator
FileStorePath={store}
StartTime=00:00:00
EndTime=00:00:00
NonStopSession=Y
ReconnectInterval=1
HeartBtInt=30
UseDataDictionary=Y
ValidateUserDefinedFields=Y
[SESSION]
BeginString=FIX.4.4
SenderCompID={target}
TargetCompID={sender}
DataDictionary={dictionary}
SocketConnectHost={host}
SocketConnectPort={port}
"""
EXEC_TYPES: Final = {
    "A": "pending new",
    "0": "new",
    "F": "trade",
    "6": "pending cancel",
    "4": "canceled",
    "5": "replaced",
    "8": "rejected",
    "C": "expired",
}
OVER: Final = {"2", "4", "8", "C"}  # OrdStatus: filled, canceled, rejected, expired


class Ems(fix.Application):  # type: ignore[misc]  # the binding has no types
    """The application behind the session: puts down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: queue.Queue[dict[int, str]] = queue.Queue()
        self.states: queue.Queue[str] = queue.Queue()
        self.session: Any = None

    def onCreate(self, session: Any) -> None:  # noqa: ANN401, N802 - the engine's names
        """Remember the session."""
        self.session = session

    def onLogon(self, _session: Any) -> None:  # noqa: ANN401, N802
        """Say that it is up."""
        self.states.put("logon")

    def onLogout(self, _session: Any) -> None:  # noqa: ANN401, N802
        """Say that it is down."""
        self.states.put("logout")

    def toAdmin(self, _message: Any, _session: Any) -> None:  # noqa: ANN401, N802
        """Add nothing."""

    def fromAdmin(self, _message: Any, _session: Any) -> None:  # noqa: ANN401, N802
        """Ignore the session's own messages."""

    def toApp(self, _message: Any, _session: Any) -> None:  # noqa: ANN401, N802
        """Let it go."""

    def fromApp(self, message: Any, _session: Any) -> None:  # noqa: ANN401, N802
        """Put it down; the engine's thread does not wait for us."""
        pairs = (part.split("=", 1) for part in message.toString().split("\x01") if part)
        self.told.put({int(tag): value for tag, value in pairs})

    def send(self, kind: str, fields: dict[int, str]) -> None:
        """Send a message."""
        message = fix.Message()
        message.getHeader().setField(35, kind)
        for tag, value in fields.items():
            message.setField(tag, value)
        fix.Session.sendToTarget(message, self.session)

    def algo_order(self, name: str, account: str | None, *, parameters: dict[str, str]) -> None:
        """Send an order with an algo, its parameters in the group of FIX 5.0."""
        message = fix.Message()
        message.getHeader().setField(35, "D")
        fields = {11: name, 55: "ETH/USDC", 54: "1", 38: "3", 40: "1", 60: now(), 21: "1"}
        if account is not None:
            fields[1] = account
        fields[847] = "1001"  # TargetStrategy: TWAP
        for tag, value in fields.items():
            message.setField(tag, value)
        for label, value in parameters.items():
            group = fix.Group(957, 958)
            for tag, text in ((958, label), (959, "14"), (960, value)):
                group.setField(tag, text)
            message.addGroup(group)
        fix.Session.sendToTarget(message, self.session)

    def next(self) -> dict[int, str]:
        """Return the next message."""
        try:
            return self.told.get(timeout=WITHIN_S)
        except queue.Empty:
            raise SystemExit(
                f"nothing was told for {WITHIN_S:g} s; the order may be at work"
            ) from None


def now() -> str:
    """Return this moment as FIX writes it."""
    at = dt.datetime.now(dt.UTC)  # noqa: TID251 - an example's clock is the machine's
    return f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1000:03d}"


def show(message: dict[int, str]) -> None:
    """Print what a message says."""
    if message[35] != "8":
        print(f"{message[35]}: {message.get(58, '')}", flush=True)
        return
    what = EXEC_TYPES.get(message[150], message[150])
    traded = f" {message[32]} at {message[31]}" if message[150] == "F" else ""
    left = f"{message[14]} done, {message[151]} left"
    print(f"{message[11]:<16} {what:<15}{traded} ({left})", flush=True)


def work(ems: Ems, name: str, account: str | None) -> None:
    """Send a TWAP, cancel it after the first trades, and see how it ends."""
    ems.algo_order(name, account, parameters={"DurationSec": "30", "IntervalSec": "1"})
    trades, status = 0, ""
    while status not in OVER:
        message = ems.next()
        show(message)
        if message[35] != "8":
            continue
        status, trades = message[39], trades + (message[150] == "F")
        if trades == 1 and message[150] == "F":
            fields = {11: f"{name}-x", 41: name, 55: "ETH/USDC", 54: "1", 38: "3", 60: now()}
            ems.send("F", fields)


def log_on(ems: Ems) -> None:
    """Wait until the desk has let us in."""
    try:
        is_in = ems.states.get(timeout=WITHIN_S) == "logon"
    except queue.Empty:
        raise SystemExit(f"nobody answered for {WITHIN_S:g} s") from None
    if not is_in:
        raise SystemExit("shown out; a session that was used before goes on with its --store")


def main() -> None:
    """Log on, trade, log out."""
    parser = argparse.ArgumentParser(description="An EMS on FIX 4.4: a TWAP, and its cancel.")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--target", required=True, help="our CompID, as the desk knows us")
    parser.add_argument("--sender", default="HEADRACE", help="the desk's CompID")
    parser.add_argument("--dictionary", type=Path, required=True, help="the desk's FIX 4.4 file")
    parser.add_argument("--store", type=Path, help="a folder for the session's numbers; keep it")
    parser.add_argument("--account", help="needed where the session has several")
    parser.add_argument("--order", default="ems-1", help="ClOrdID: another for each order, ever")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = vars(asked) | {"store": asked.store or folder}
        path = Path(folder) / "session.cfg"
        path.write_text(SETTINGS.format(**told))
        settings, ems = fix.SessionSettings(str(path)), Ems()
        stores = fix.FileStoreFactory(settings)
        initiator = fix.ThreadedSocketInitiator(ems, stores, settings)
        initiator.start()
        try:
            log_on(ems)
            work(ems, asked.order, asked.account)
        finally:
            initiator.stop()


if __name__ == "__main__":
    main()
