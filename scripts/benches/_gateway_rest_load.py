"""An HTTP client that costs little: its orders are signed and encoded before the first one is sent.

As a process it takes a port, how many orders, how many connections with one order on its way each,
a number that its names begin with, and the file with the private key; it prints one line of JSON
with the seconds taken and each order's wait. Every answer must say that the order is new.
"""

import base64
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
TARGET: Final = "/v1/orders"
READ_BYTES: Final = 1 << 16
SILENCE_S: Final = 20.0
CREATED: Final = b"HTTP/1.1 201 "


def order_request(name: str, *, key: Ed25519PrivateKey, port: int) -> bytes:
    """Return the bytes of a signed order to buy a hundredth of an ether at the market."""
    body = orjson.dumps(
        {
            "client_order_id": name,
            "account": "main",
            "side": "buy",
            "base": "ETH",
            "quote": "USDC",
            "quantity": "0.01",
        }
    )
    nonce = f"nonce-of-{name:0>16}"
    at = str(time.time_ns() // 1_000_000)
    text = canonical(Signed("POST", TARGET, body), key=KEY, timestamp=at, nonce=nonce)
    said = {
        "key": KEY,
        "timestamp": at,
        "nonce": nonce,
        "signature": base64.b64encode(key.sign(text)).decode(),
    }
    lines = [f"POST {TARGET} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{HEADERS[part]}: {value}" for part, value in said.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One connection with at most one order on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self._begun = 0.0

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._begun = perf_counter()
        self.socket.sendall(request)

    def take(self) -> float | None:
        """Read what has come; return how long the answer took, None while it is not whole."""
        self._rest += self.socket.recv(READ_BYTES)
        head, gap, body = self._rest.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            return None
        assert head.startswith(CREATED), self._rest
        self._rest = b""
        return perf_counter() - self._begun


def _length(head: bytes) -> int:
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.partition(b"\r\n")[0])


def run(requests: list[bytes], *, port: int, at_once: int) -> dict[str, object]:
    """Send all requests, so many at a time, and wait for their answers."""
    waits: list[float] = []
    left = iter(requests)
    with selectors.DefaultSelector() as selector:
        connections = [Connection(port) for _ in range(at_once)]
        begun = perf_counter()
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
            each.ask(next(left))
        while len(waits) < len(requests):
            ready = selector.select(SILENCE_S)
            assert ready, f"{len(waits)} of {len(requests)} orders were answered"
            for key, _ in ready:
                wait = key.data.take()
                if wait is None:
                    continue
                waits.append(wait)
                following = next(left, None)
                if following is not None:
                    key.data.ask(following)
        taken = perf_counter() - begun
        for each in connections:
            each.socket.close()
    return {"seconds": taken, "waits": waits}


def main(words: list[str]) -> None:
    """Run the process."""
    port, count, at_once, first = map(int, words[:4])
    key = Ed25519PrivateKey.from_private_bytes(Path(words[4]).read_bytes())
    requests = [order_request(f"{first}-{n:06d}", key=key, port=port) for n in range(count)]
    told = run(requests, port=port, at_once=at_once)
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
