"""Requests signed with the fuzzer's shared secret, as bytes."""

import base64
import hashlib
import hmac
import time

from router.gateway.signing import HEADERS, Signed, canonical
from tests.integration.gateway_fuzz.running import SECRET

KEY = "fuzz"


def signed_headers(method, target, body, *, nonce):
    """Return the headers that a signed request carries."""
    at = str(time.time_ns() // 1_000_000)
    text = canonical(Signed(method, target, body), key=KEY, timestamp=at, nonce=nonce)
    digest = hmac.new(SECRET.encode(), text, hashlib.sha256).digest()
    said = {"key": KEY, "timestamp": at, "nonce": nonce}
    said["signature"] = base64.b64encode(digest).decode()
    return {HEADERS[part]: value for part, value in said.items()}


def request_bytes(method, target, body, *, nonce):
    """Return a whole request."""
    headers = signed_headers(method, target, body, nonce=nonce)
    headers |= {"Host": "127.0.0.1", "Content-Type": "application/json"}
    headers |= {"Content-Length": str(len(body)), "Idempotency-Key": nonce[-32:]}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {v}" for name, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
