"""A FIX peer that says what it likes, right or wrong, on a plain socket."""

import socket
from contextlib import suppress
from datetime import UTC, datetime

SOH = b"\x01"
SILENCE_S = 15
MOMENT_S = 0.3
SENDER, TARGET = "FUZZ", "HEADRACE"
NUMBER_AFTER = 1_000_000  # beyond all that was sent


def encoded(kind, number, *fields):
    """Return a message whose header, length and checksum are right."""
    at = datetime.now(UTC)
    now = f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1_000:03d}"
    head = (("35", kind), ("34", number), ("49", SENDER), ("52", now), ("56", TARGET))
    inside = b"".join(f"{tag}={value}".encode() + SOH for tag, value in (*head, *fields))
    whole = b"8=FIX.4.4" + SOH + b"9=%d" % len(inside) + SOH + inside
    return whole + b"10=%03d" % (sum(whole) % 256) + SOH


class Peer:
    """One connection, logged on with new sequence numbers."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S)
        self._told = b""
        self.is_open = True

    def log_on(self):
        """Say the first word; numbers begin anew."""
        self.send(encoded("A", 1, ("98", 0), ("108", 300), ("141", "Y")))

    def close(self):
        """Leave without a word."""
        self._socket.close()

    def is_logged_on(self):
        """Tell whether the Logon was answered; False where it was hung up on."""
        return self.hears(b"\x0135=A\x01")

    def send(self, data):
        """Send bytes; what was said to a connection that has been closed is lost."""
        try:
            self._socket.sendall(data)
        except OSError:
            self.is_open = False

    def hears(self, what):
        """Read until something was said; False where it was hung up on instead."""
        while what not in self._told:
            try:
                data = self._socket.recv(1 << 16)
            except ConnectionError:
                data = b""
            self._told += data
            if not data:
                self.is_open = False
                return what in self._told
        return True

    def ask_if_there(self, name):
        """Ask whether anybody is there, and wait a moment for the answer or the end.

        There may be neither: after a length that is too long, the other side waits for the rest.
        """
        self.send(encoded("4", 1, ("123", "N"), ("36", NUMBER_AFTER)))
        self.send(encoded("1", NUMBER_AFTER, ("112", name)))
        self._socket.settimeout(MOMENT_S)
        with suppress(TimeoutError):
            self.hears(b"\x01112=%b\x01" % name.encode())
