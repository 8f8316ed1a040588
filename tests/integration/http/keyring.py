"""Keys of every role and scope, requests signed with them, and a daemon that remembers."""

import asyncio
import base64
import hashlib
import itertools
import os
import time
from dataclasses import dataclass, field

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from router.gateway.link import Code, LinkError
from router.gateway.signing import Signed, canonical
from tests.integration.http.door import BASE

ROLES = {"V": "viewer", "T": "trader", "R": "risk", "K": "kill", "O": "ops", "A": "admin"}
OWNERS = {"own": ("alpha", "a1"), "sibling": ("alpha", "a2"), "foreign": ("beta", "b1")}
NUMBERS = itertools.count()


def private(name):
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def key_table(name, roles, accounts):
    public = base64.b64encode(private(name).public_key().public_bytes_raw()).decode()
    return {"id": name, "ed25519": public, "roles": roles, "accounts": accounts}


def config():
    scoped = [key_table(f"{role}-scoped", [role], ["a1"]) for role in ROLES.values()]
    desk = [key_table(f"{role}-desk", [role], ["*"]) for role in ROLES.values()]
    desk.append(key_table("all-desk", list(ROLES.values()), ["*"]))
    clients = {"alpha": (["a1", "a2"], scoped), "beta": (["b1"], []), "house": (["h1"], desk)}
    text = [BASE, "[gateway.http]"]
    for client, (accounts, keys) in clients.items():
        text.append(f"[gateway.clients.{client}]\naccounts = {accounts}")
        for key in keys:
            fields = "\n".join(f"{name} = {value!r}" for name, value in key.items())
            text.append(f"[[gateway.clients.{client}.keys]]\n{fields}")
    return "\n".join(text)


def signed(key, method, target, body=b"", *, late_ms=0):
    stamp = str(time.time_ns() // 10**6 - late_ms)
    nonce = f"{os.getpid():08d}{next(NUMBERS):012d}"
    text = canonical(Signed(method, target, body), key=key, timestamp=stamp, nonce=nonce)
    return {
        "Headrace-Key": key,
        "Headrace-Timestamp": stamp,
        "Headrace-Nonce": nonce,
        "Headrace-Signature": base64.b64encode(private(key).sign(text)).decode(),
    }


@dataclass
class Watched:
    """A daemon that does everything, and remembers what."""

    done: list = field(default_factory=list)

    async def answer(self, do, fields):
        if do == "status":
            return b'{"journal":"j","is_ready":true,"degraded":null,"place":[0,-1]}'
        if do == "order":
            return orjson.dumps({"account": self._account(fields)})
        if do == "cancel_basket":
            self._require_all(fields)
        self.done.append((do, dict(fields)))
        return b'{"orders":[],"next":null,"result":"done","message":""}'

    async def follow(self, _do, _fields):
        await asyncio.Event().wait()
        yield b"{}"

    @staticmethod
    def _require_all(fields):
        client, account = OWNERS[fields["basket"]]
        whole_desk = "accounts" not in fields
        if not whole_desk and (client != fields["client"] or account not in fields["accounts"]):
            raise LinkError("basket: is not at work", code=Code.UNKNOWN, field="basket")

    @staticmethod
    def _account(fields):
        client, account = OWNERS.get(str(fields["order"]), ("", ""))
        if fields.get("client") not in {"", client}:
            raise LinkError("order: is not known", code=Code.UNKNOWN, field="order")
        return account
