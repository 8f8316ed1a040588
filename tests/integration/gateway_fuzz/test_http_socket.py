"""Bodies that are almost right and bytes that are almost HTTP, at the gateway's socket."""

import random
import re
import socket
from collections import Counter
from contextlib import closing

import orjson
import pytest

from router.gateway.http.routes import PREFIX
from tests.integration.gateway_fuzz.http_peer import request_bytes
from tests.integration.gateway_fuzz.memory import resident_mib, say
from tests.integration.gateway_fuzz.mutations import changed_bytes, json_body
from tests.integration.gateway_fuzz.running import HTTP, running
from tests.integration.gateway_fuzz.test_json_bodies import ASKED, seeds

SILENCE_S = 20
WARM = 2_000
NAMES = ("desk-17", "pair-3", "none", "%2e%2e", "x" * 64)
# What reports, nonces and repeated requests are kept for: bounded, and growing at first.
GROWTH_MIB_MAX = 64.0
# A dry run waits for markets, which this desk has none of.
QUICK = [route for route in ASKED if not route.path.startswith("/quotes")]
NOT_NOW = {"busy", "degraded", "stale", "not_ready"}  # 503 of a desk that has enough or no market


def target_of(chance, route):
    name = chance.choice(NAMES)
    path = route.path.replace("{name}", name).replace("{quote}", "q-0123456789abcdef")
    return PREFIX + path.replace("{number}", "1")


class Peer:
    """A connection that is opened anew when it was closed."""

    def __init__(self, port):
        self._port = port
        self._socket = None
        self._rest = b""

    def say(self, data):
        """Send bytes and return status and body of the answer; None where it was hung up on."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), SILENCE_S)
        try:
            self._socket.sendall(data)
            return self._answer()
        except ConnectionError:
            self.close()
            return None

    def close(self):
        """Leave."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def _answer(self):
        while (found := re.match(rb"HTTP/1\.1 (\d+) .*?\r\n\r\n", self._rest, re.DOTALL)) is None:
            self._read()
        head = found[0].lower()
        length = int(re.search(rb"content-length: (\d+)", head)[1])
        while len(self._rest) < found.end() + length:
            self._read()
        body = self._rest[found.end() : found.end() + length]
        self._rest = self._rest[found.end() + length :]
        if b"connection: close" in head:
            self.close()
        return int(found[1]), body

    def _read(self):
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError
        self._rest += data


def send_body(peer, chance, number):
    """Send one body; the answer must be one of the API's."""
    route = chance.choice(QUICK)
    body = json_body(chance, seeds(route))
    nonce = f"{chance.getrandbits(64):016x}-{number}"
    answer = peer.say(request_bytes("POST", target_of(chance, route), body, nonce=nonce))
    assert answer is not None, "a body is answered, whatever it is"
    status, said = answer
    told = orjson.loads(said)
    assert status < 500 or (status == 503 and told["code"] in NOT_NOW), told
    if status >= 400:
        assert told["status"] == status
    return status


def send_bytes(port, chance):
    """Send what is almost a request, on a connection of its own; an answer is none of ours."""
    right = request_bytes("POST", f"{PREFIX}/orders", b'{"side":"buy"}', nonce="n" * 16)
    with socket.create_connection(("127.0.0.1", port), SILENCE_S) as line:
        line.sendall(changed_bytes(chance, right) + b"\r\n\r\n")
        line.shutdown(socket.SHUT_WR)
        try:
            first = line.recv(1 << 16)
        except ConnectionError:
            first = b""
    assert b" 50" not in first[:12], first


def fuzzed(folder, seed, count):
    chance, told, before = random.Random(seed), Counter(), 0.0
    with running(folder, HTTP) as gateway:
        with closing(Peer(gateway.port)) as peer:
            for number in range(count):
                told[send_body(peer, chance, number)] += 1
                if number % 20 == 0:
                    send_bytes(gateway.port, chance)
                if number == min(WARM, count // 4):
                    before = resident_mib(gateway.gateway)
        gateway.require_well()
        grown = resident_mib(gateway.gateway) - before
    say(
        f"{count:,} bodies at the HTTP socket, seed {seed}: {dict(sorted(told.items()))};"
        f" {before:.0f} MiB {grown:+.1f} MiB"
    )
    assert grown < GROWTH_MIB_MAX
    return told


def test_whatever_bodies_come_the_gateway_answers_in_the_words_of_its_document(tmp_path):
    told = fuzzed(tmp_path, 80_80, 600)

    assert min(told[200] + told[201], told[400], told[422]) > 5


@pytest.mark.soak
def test_a_hundred_thousand_bodies_at_the_socket_leave_nothing_behind(tmp_path):
    fuzzed(tmp_path, random.SystemRandom().randrange(2**32), 100_000)
