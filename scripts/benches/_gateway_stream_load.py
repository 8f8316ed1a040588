"""Many subscribers to the stream of orders, on one thread and at little cost.

As a process it takes a port, how many subscribers, how many of them never read, how many orders
will be sent, and the file with the private key. It prints a line once all are subscribed. Those
that read are looked at a few times a second, as machines elsewhere they would cost nothing here:
witnesses keep what they are told, of the others the system throws it away and counts the bytes.

Once the first witness was told of every order, and none is told more, what the witnesses have is
read: each was told every report once, in order, the same as the others, and what the others were
told has as many bytes as that. Then a line of JSON is printed: how many orders and reports each was
told of, how many bytes all were told, how many were cut off, and what this process took.
"""

import base64
import os
import selectors
import socket
import sys
import time
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from router.gateway.signing import HEADERS, Signed, canonical

KEY: Final = "bench"
TARGET: Final = "/v1/stream"
SUBSCRIBE: Final = b'{"op":"subscribe","id":"r","channel":"reports"}'
WITNESSES: Final = 5
ORDER: Final = b'"kind":"pending_new"'
READ_BYTES: Final = 4 << 20
UNSEEN: Final = bytearray(READ_BYTES)  # where nothing is written to
LOOK_S: Final = 0.02
QUIET_S: Final = 0.5  # nobody is told anything for so long: all were told all
SILENCE_S: Final = 30.0
TEXT: Final = 1
LENGTH_16, LENGTH_64 = 126, 127


class Subscriber:
    """One connection, upgraded and subscribed."""

    def __init__(self, port: int, key: Ed25519PrivateKey, number: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S)
        self.socket.sendall(_upgrade(port, key, number))
        self.kept = bytearray()
        while b"\r\n\r\n" not in self.kept:
            self.read()
        head, _, rest = bytes(self.kept).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.kept = bytearray(rest)
        self.socket.sendall(_frame(SUBSCRIBE))
        self.is_open = True
        self.bytes = 0

    def read(self) -> None:
        """Keep what has come; nothing is the end."""
        data = self.socket.recv(READ_BYTES)
        self.is_open = bool(data)
        self.kept += data

    def skim(self) -> None:
        """Have what has come thrown away, and count it; nothing is the end."""
        count = self.socket.recv_into(UNSEEN, READ_BYTES, socket.MSG_TRUNC)
        self.is_open = bool(count)
        self.bytes += count

    def answered(self) -> None:
        """Wait until it is subscribed; from there on bytes are counted."""
        while not any(b'"subscribed"' in text for text in _texts(bytes(self.kept))):
            self.read()
        self.kept.clear()

    def events(self) -> list[dict[str, Any]]:
        """Return the reports that were kept."""
        said = [orjson.loads(text) for text in _texts(bytes(self.kept))]
        return [event for each in said for event in each.get("events", ())]


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


# The texts of all frames that are whole.
def _texts(data: bytes) -> list[bytes]:
    found, at = [], 0
    while (place := _place(data, at)) is not None:
        begin, end = place
        if data[at] & 0x0F == TEXT:
            found.append(data[begin:end])
        at = end
    return found


# Where the text of the frame that begins at a place begins and ends; None while it is not whole.
def _place(data: bytes, at: int) -> tuple[int, int] | None:
    if len(data) < at + 2:
        return None
    length, begin = data[at + 1] & 0x7F, at + 2
    if length >= LENGTH_16:
        size = 8 if length == LENGTH_64 else 2
        length, begin = int.from_bytes(data[begin : begin + size]), begin + size
    end = begin + length
    return (begin, end) if len(data) >= end else None


def run(port: int, *, count: int, slow: int, orders: int, key: Ed25519PrivateKey) -> None:
    """Subscribe, read, and tell."""
    everybody = [Subscriber(port, key, n) for n in range(count)]
    reading = everybody[slow:]
    witnesses, others = reading[:WITNESSES], reading[WITNESSES:]
    for each in reading:
        each.answered()
    sys.stdout.buffer.write(b"{}\n")
    sys.stdout.buffer.flush()
    begun = process_time()
    _follow(witnesses, others, orders)
    told = _checked(witnesses, others) | {"cpu_s": process_time() - begun}
    told["cut_off"] = sum(not each.is_open for each in reading)
    for each in everybody:
        each.socket.close()
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")


# Until the first witness was told of so many orders, and nobody is told any more.
def _follow(witnesses: list[Subscriber], others: list[Subscriber], orders: int) -> None:
    first, seen, last = witnesses[0], 0, perf_counter()
    with selectors.DefaultSelector() as selector:
        for each in (*witnesses, *others):
            selector.register(each.socket, selectors.EVENT_READ, each)
        while perf_counter() - last < (QUIET_S if seen >= orders else SILENCE_S):
            time.sleep(LOOK_S)
            for found, _ in selector.select(0.0):
                each, last = found.data, perf_counter()
                at = max(0, len(first.kept) - len(ORDER) + 1)
                if each in witnesses:
                    each.read()
                else:
                    each.skim()
                if each is first:
                    seen += first.kept.count(ORDER, at)
                if not each.is_open:
                    selector.unregister(each.socket)


# That each was told all, once; of those that keep nothing, by how much they were told.
def _checked(witnesses: list[Subscriber], others: list[Subscriber]) -> dict[str, int]:
    found = [witness.events() for witness in witnesses]
    assert all(each == found[0] for each in found), "witnesses were told different things"
    reports = found[0]
    places = [event["place"] for event in reports]
    assert places == sorted(places), "reports came out of order"
    assert len({tuple(place) for place in places}) == len(places), "a report came twice"
    least = sum(len(orjson.dumps(event)) for event in reports)
    assert all(each.bytes >= least for each in others), "somebody was told less than a witness"
    orders = sum(event["kind"] == "pending_new" for event in reports)
    sizes = [len(witness.kept) for witness in witnesses] + [each.bytes for each in others]
    return {"orders": orders, "reports": len(reports), "bytes": sum(sizes)}


def main(words: list[str]) -> None:
    """Run the process."""
    port, count, slow, orders = map(int, words[:4])
    key = Ed25519PrivateKey.from_private_bytes(Path(words[4]).read_bytes())
    run(port, count=count, slow=slow, orders=orders, key=key)


if __name__ == "__main__":
    main(sys.argv[1:])
