"""Many subscribers to the stream of orders, on one thread and at little cost.

As a process it takes a port, how many subscribers, how many of them never read, how many orders
will be sent, and the file with the private key. It prints a line once all are subscribed. One, the
witness, reads all it is told and counts the orders; then a line of JSON is printed: how many the
witness was told of, how many bytes all were told, and how many were cut off.
"""

import base64
import os
import selectors
import socket
import sys
import time
from pathlib import Path
from time import perf_counter
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from router.gateway.signing import HEADERS, Signed, canonical

KEY: Final = "bench"
TARGET: Final = "/v1/stream"
SUBSCRIBE: Final = b'{"op":"subscribe","id":"r","channel":"reports"}'
READ_BYTES: Final = 1 << 20
SILENCE_S: Final = 30.0
TEXT: Final = 1
LENGTH_16, LENGTH_64 = 126, 127


class Subscriber:
    """One connection, upgraded and subscribed."""

    def __init__(self, port: int, key: Ed25519PrivateKey, number: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S)
        self.socket.sendall(_upgrade(port, key, number))
        self._rest = b""
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._received()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.socket.sendall(_frame(SUBSCRIBE))
        self.is_open = True
        self.bytes = 0

    def frames(self) -> list[bytes]:
        """Read what has come; return the texts that are whole."""
        self._rest += self.received()
        found = []
        while (place := _place(self._rest)) is not None:
            begin, end = place
            if self._rest[0] & 0x0F == TEXT:
                found.append(self._rest[begin:end])
            self._rest = self._rest[end:]
        return found

    def received(self) -> bytes:
        """Read and count what has come; nothing is the end."""
        try:
            data = self._received()
        except ConnectionError:
            data = b""
        self.is_open = bool(data)
        self.bytes += len(data)
        return data

    def _received(self) -> bytes:
        return self.socket.recv(READ_BYTES)


def _upgrade(port: int, key: Ed25519PrivateKey, number: int) -> bytes:
    nonce, at = f"subscriber-{number:016d}", str(time.time_ns() // 1_000_000)
    text = canonical(Signed("GET", TARGET), key=KEY, timestamp=at, nonce=nonce)
    signature = base64.b64encode(key.sign(text)).decode()
    said = {"key": KEY, "timestamp": at, "nonce": nonce, "signature": signature}
    lines = [f"GET {TARGET} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket"]
    lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
    lines += [f"{HEADERS[part]}: {value}" for part, value in said.items()]
    return "\r\n".join([*lines, "", ""]).encode()


# A client's frames are masked; a mask of zeros leaves the text as it is.
def _frame(text: bytes) -> bytes:
    assert len(text) < LENGTH_16, "one byte holds the length"
    return bytes([0x80 | TEXT, 0x80 | len(text)]) + bytes(4) + text


# Where the first frame's text begins and ends; None while it is not whole.
def _place(data: bytes) -> tuple[int, int] | None:
    if len(data) < 2:  # noqa: PLR2004 - the least there is of a frame
        return None
    length, begin = data[1] & 0x7F, 2
    if length >= LENGTH_16:
        size = 8 if length == LENGTH_64 else 2
        length, begin = int.from_bytes(data[2 : 2 + size]), 2 + size
    whole = begin + length
    return (begin, whole) if len(data) >= whole else None


def run(port: int, *, count: int, slow: int, orders: int, key: Ed25519PrivateKey) -> None:
    """Subscribe, read, and tell."""
    everybody = [Subscriber(port, key, n) for n in range(count)]
    witness, reading = everybody[0], everybody[slow + 1 :]
    while not any(b'"subscribed"' in text for text in witness.frames()):
        pass
    sys.stdout.buffer.write(b"{}\n")
    sys.stdout.buffer.flush()
    reports = 0
    last = perf_counter()
    with selectors.DefaultSelector() as selector:
        for each in (witness, *reading):
            selector.register(each.socket, selectors.EVENT_READ, each)
        while reports < orders and perf_counter() - last < SILENCE_S:
            for found, _ in selector.select(1.0):
                each = found.data
                if each is witness:
                    reports += sum(_orders(text) for text in witness.frames())
                    last = perf_counter()
                else:
                    each.received()
                if not each.is_open:
                    selector.unregister(each.socket)
    told = {
        "reports": reports,
        "bytes": sum(each.bytes for each in everybody),
        "cut_off": sum(not each.is_open for each in everybody),
    }
    for each in everybody:
        each.socket.close()
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")


def _orders(text: bytes) -> int:
    said = orjson.loads(text)
    return sum(event["kind"] == "pending_new" for event in said.get("events", ()))


def main(words: list[str]) -> None:
    """Run the process."""
    port, count, slow, orders = map(int, words[:4])
    key = Ed25519PrivateKey.from_private_bytes(Path(words[4]).read_bytes())
    run(port, count=count, slow=slow, orders=orders, key=key)


if __name__ == "__main__":
    main(sys.argv[1:])
