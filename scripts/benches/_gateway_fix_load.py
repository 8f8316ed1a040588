"""A FIX client that costs little: its orders are encoded before the first one is sent.

As a process it takes a port, how many orders, how many of them unanswered at a time, and a number
that its names begin with; it prints one line of JSON with the seconds taken and each order's wait.
The wait of an order ends with the first report that names it.
"""

import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

import orjson

SOH: Final = b"\x01"
READ_BYTES: Final = 1 << 16
SILENCE_S: Final = 20.0


def encoded(kind: bytes, number: int, body: bytes, *, at: datetime) -> bytes:
    """Return a message with its header, length and checksum."""
    sent = f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1_000:03d}".encode()
    head = b"35=%b\x0134=%d\x0149=BENCH\x0152=%b\x0156=HEADRACE\x01" % (kind, number, sent)
    told = b"8=FIX.4.4\x019=%d\x01%b%b" % (len(head) + len(body), head, body)
    return told + b"10=%03d\x01" % (sum(told) % 256)


def order_body(name: bytes, *, at: datetime) -> bytes:
    """Return the fields of an order to buy a hundredth of an ether at the market."""
    sent = f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1_000:03d}".encode()
    return b"11=%b\x011=main\x0155=ETH/USDC\x0154=1\x0160=%b\x0138=0.01\x0140=1\x0159=0\x01" % (
        name,
        sent,
    )


class Client:
    """One session on one connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def log_on(self) -> None:
        """Begin the session anew."""
        body = b"98=0\x01108=300\x01141=Y\x01"
        self.send(encoded(b"A", 1, body, at=datetime.now(UTC)))  # noqa: TID251 - a bench's clock
        first = next(self.messages())
        assert b"\x0135=A\x01" in first, first

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def messages(self) -> Iterator[bytes]:
        """Yield messages as they come; ends with the connection."""
        while data := self._socket.recv(READ_BYTES):
            parts = (self._rest + data).split(b"8=FIX.4.4\x01")
            whole = parts.pop()
            if _is_whole(whole):
                parts.append(whole)
                whole = b""
            self._rest = whole and b"8=FIX.4.4\x01" + whole
            yield from (part for part in parts if part)

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()


def _is_whole(message: bytes) -> bool:
    return message[-8:-4] == b"\x0110=" and message.endswith(SOH)


def run(port: int, *, count: int, at_once: int, first: int) -> dict[str, object]:
    """Send orders and wait for their reports."""
    client = Client(port)
    client.log_on()
    now = datetime.now(UTC)  # noqa: TID251 - a bench's clock
    names = [b"%d-%06d" % (first, n) for n in range(count)]
    orders = [
        encoded(b"D", n + 2, order_body(name, at=now), at=now) for n, name in enumerate(names)
    ]
    sent: dict[bytes, float] = {}
    waits: list[float] = []
    next_one = at_once
    begun = perf_counter()
    sent.update((name, begun) for name in names[:at_once])
    client.send(b"".join(orders[:at_once]))
    for message in client.messages():
        name = _named(message)
        was = sent.pop(name, None)
        if was is None:
            continue
        waits.append(perf_counter() - was)
        if next_one < count:
            sent[names[next_one]] = perf_counter()
            client.send(orders[next_one])
            next_one += 1
        if not sent:
            break
    taken = perf_counter() - begun
    client.close()
    assert len(waits) == count, f"{len(waits)} of {count} orders were answered"
    return {"seconds": taken, "waits": waits}


def _named(message: bytes) -> bytes:
    if b"\x0135=8\x01" not in message:
        raise AssertionError(message)
    begin = message.index(b"\x0111=") + 4
    return message[begin : message.index(SOH, begin)]


if __name__ == "__main__":
    port_, count_, at_once_, first_ = map(int, sys.argv[1:])
    told_ = run(port_, count=count_, at_once=at_once_, first=first_)
    sys.stdout.buffer.write(orjson.dumps(told_) + b"\n")
