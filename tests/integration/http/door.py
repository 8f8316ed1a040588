"""The gateway in this process, a client of it, and the keys both know."""

import base64
import hashlib
import itertools
import os
import time
from contextlib import asynccontextmanager

import aiohttp
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from router.compose.doors.http import parts_of, serving
from router.gateway.signing import Signed, canonical
from router.shell.clock import SystemClock
from tests.integration.http.scripted import linked_desk

BASE = """
[engine]
journal = "j/headrace.journal"
solve_deadline_ms = 1000
[limits]
order_notional_max = { USDC = "1000000" }
slippage_max_bps = 100
slippage_tolerance_bps = 10
plan_rounds_max = 3
child_lifetime_ms = 60000
[staleness]
head_age_max_ms = 5000
book_age_max_ms = 5000
[assets]
ETH = 18
USDC = 6
"""
ORDER = {
    "client_order_id": "o-1",
    "side": "buy",
    "base": "ETH",
    "quote": "USDC",
    "quantity": "1.5",
}
_PRIVATE = {
    name: Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    for name in ("trader", "viewer", "kill", "boss", "other")
}
_NONCES = itertools.count()


def config_text(http="without_keys = true", clients=""):
    return f"{BASE}\n[gateway.http]\n{http}\n{clients}\n"


def keyed(http=""):
    """Return a configuration with keys of two clients."""
    keys = {
        "trader": ("desk", '["trader"]', ""),
        "viewer": ("desk", '["viewer"]', 'accounts = ["main"]'),
        "kill": ("desk", '["kill"]', 'accounts = ["*"]'),
        "boss": ("desk", '["risk", "admin", "ops"]', 'accounts = ["*"]'),
        "other": ("fund", '["trader"]', ""),
    }
    clients = '[gateway.clients.desk]\naccounts = ["main", "side"]\n'
    tables = {"desk": [clients], "fund": ['[gateway.clients.fund]\naccounts = ["theirs"]\n']}
    for name, (client, roles, accounts) in keys.items():
        public = _PRIVATE[name].public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        tables[client].append(
            f'[[gateway.clients.{client}.keys]]\nid = "{name}"\n'
            f'ed25519 = "{base64.b64encode(public).decode()}"\nroles = {roles}\n{accounts}\n'
        )
    return config_text(http, "\n".join(row for rows in tables.values() for row in rows))


def signature(name, method, target, body=b"", *, now_ms=None):
    """Return the headers that sign a request."""
    stamp = str(time.time_ns() // 10**6 if now_ms is None else now_ms)
    nonce = f"{os.getpid():08d}{next(_NONCES):012d}"
    text = canonical(Signed(method, target, body), key=name, timestamp=stamp, nonce=nonce)
    return {
        "Headrace-Key": name,
        "Headrace-Timestamp": stamp,
        "Headrace-Nonce": nonce,
        "Headrace-Signature": base64.b64encode(_PRIVATE[name].sign(text)).decode(),
    }


class Client:
    """Somebody who asks."""

    def __init__(self, session, port, daemon=None):
        self._session = session
        self.daemon = daemon
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def ask(self, method, target, body=None, *, key=None, headers=None):
        """Return status, headers and what the answer says."""
        data = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        head = {"Content-Type": "application/json"} if data else {}
        if key is not None:
            head |= signature(key, method, target, data)
        async with self._session.request(
            method, self.url + target, data=data or None, headers=head | (headers or {})
        ) as answer:
            raw = await answer.read()
            is_json = answer.content_type.endswith("json")
            return answer.status, answer.headers, orjson.loads(raw) if is_json else raw

    def stream(self, *, key=None, headers=None, **options):
        head = signature(key, "GET", "/v1/stream") if key else {}
        return self._session.ws_connect(
            f"{self.url}/v1/stream", headers=head | (headers or {}), **options
        )


@asynccontextmanager
async def opened(path, text, desk=None, **options):
    """Serve a configuration, with a scripted desk behind it if one is given."""
    config = path / "headrace.toml"
    config.write_text(text)
    (path / "j").mkdir(exist_ok=True)
    clock = SystemClock()
    parts = parts_of(config, os.environ, clock, started_at=clock.now() - 2 * 10**9)
    if desk is None:
        async with (
            serving(parts, **options) as port,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        ):
            yield Client(session, port)
        return
    async with (
        linked_desk(parts.config.journal, desk) as daemon,
        serving(parts, **options) as port,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        client = Client(session, port, daemon)
        await linked(client)
        yield client


async def linked(client, tries=200):
    """Return once the gateway has found the daemon."""
    for _ in range(tries):
        status, _, _ = await client.ask("GET", "/ready")
        if status == 200:
            return
        await SystemClock().sleep(25_000_000)
    raise AssertionError("the gateway did not find the daemon")
