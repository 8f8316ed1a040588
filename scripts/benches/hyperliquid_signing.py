"""How long a Hyperliquid order takes to sign, beside the venue's own client in its environment.

The client is measured twice in the same run: as its environment installs it, where elliptic curve
arithmetic is pure Python, and lent our native curve library, which is the fair comparison.
"""

import os
import statistics
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

import orjson
from _figures import figure

from venues.hyperliquid import wire
from venues.hyperliquid.signing import AgentSigner

NAME = "hyperliquid_signing"
DESCRIPTION = "signing an order, against the venue's own Python client"

RATIO_MIN: Final = 5.0
ROUNDS: Final = 5
ORACLE_TIMEOUT_S: Final = 300
ROOT: Final = Path(__file__).resolve().parents[2]
KEY: Final = "0x0123456789012345678901234567890123456789012345678901234567890123"
NONCE: Final = 1_677_777_606_040
EXPIRES_AFTER_MS: Final = NONCE + 10_000
ACTION: Final[dict[str, object]] = {
    "type": "order",
    "orders": [
        {
            "a": 4,
            "b": True,
            "p": "1670.1",
            "s": "0.0147",
            "r": False,
            "t": {"limit": {"tif": "Ioc"}},
            "c": "0x" + "5d" * 16,
        }
    ],
    "grouping": "na",
}

# Reads its task from standard input; a path in it is searched after the client's own packages.
ORACLE: Final = """
import json, sys, time
task = json.load(sys.stdin)
sys.path += task["lent"]
from eth_account import Account
from hyperliquid.utils.signing import sign_l1_action
wallet = Account.from_key(task["key"])
def sign():
    return sign_l1_action(
        wallet, task["action"], None, task["nonce"], task["expires_after"], False)
def request():
    return json.dumps({
        "action": task["action"], "nonce": task["nonce"], "signature": sign(),
        "vaultAddress": None, "expiresAfter": task["expires_after"]})
def timed(function):
    function()
    started = time.perf_counter()
    for _ in range(task["count"]):
        function()
    return (time.perf_counter() - started) / task["count"] * 1e6
json.dump({"signature": sign(), "sign_us": timed(sign), "request_us": timed(request)}, sys.stdout)
"""


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; medians of a few rounds, the client in the same rounds."""
    count = 200 if quick else 1_000
    rounds = 1 if quick else ROUNDS
    ours: list[tuple[float, float]] = []
    lent: list[tuple[float, float]] = []
    for _ in range(rounds):
        ours.append((_timed(_sign, 5 * count), _timed(_request, 5 * count)))
        if _oracle_python().exists():
            lent.append(_client_us(count, lent=[sysconfig.get_paths()["platlib"]]))
    plain = [_client_us(count // 10, lent=[])] if lent else []
    sign_us, request_us = _medians(ours)
    return [
        _figure("sign an order action", sign_us, _peer("lent coincurve", lent, 0)),
        _figure(
            "the same, not lending it", sign_us, _peer("as installed, pure Python curve", plain, 0)
        ),
        _figure("sign and write the whole request", request_us, _peer("lent coincurve", lent, 1)),
    ]


def _figure(name: str, value_us: float, peer: tuple[str, float | None]) -> dict[str, object]:
    words, peer_us = peer
    ratio = None if peer_us is None else peer_us / value_us
    return figure(
        name,
        value_us,
        "us",
        against=words,
        ratio=ratio,
        goal=f"ratio >= {RATIO_MIN}",
        met=None if ratio is None else ratio >= RATIO_MIN,
    )


def _peer(words: str, rounds: list[tuple[float, float]], index: int) -> tuple[str, float | None]:
    if not rounds:
        return "venue's client: its environment is missing (scripts/setup makes it)", None
    peer_us = _medians(rounds)[index]
    return f"venue's client 0.24.0, {words}: {peer_us:,.0f} us", peer_us


def _medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    first, second = zip(*rounds, strict=True)
    return statistics.median(first), statistics.median(second)


def _timed(function: Callable[[AgentSigner], object], count: int) -> float:
    signer = AgentSigner(KEY, is_mainnet=False)
    function(signer)
    started = perf_counter()
    for _ in range(count):
        function(signer)
    return (perf_counter() - started) / count * 1e6


def _sign(signer: AgentSigner) -> dict[str, object]:
    return signer.sign(ACTION, nonce=NONCE, expires_after_ms=EXPIRES_AFTER_MS).as_wire()


def _request(signer: AgentSigner) -> bytes:
    return wire.envelope(ACTION, _sign(signer), nonce=NONCE, expires_after_ms=EXPIRES_AFTER_MS)


def _oracle_python() -> Path:
    return Path(os.environ.get("HEADRACE_ORACLE_PYTHON") or ROOT / ".venv-oracle/bin/python")


def _client_us(count: int, *, lent: list[str]) -> tuple[float, float]:
    task = {
        "action": ACTION,
        "nonce": NONCE,
        "expires_after": EXPIRES_AFTER_MS,
        "key": KEY,
        "count": count,
        "lent": lent,
    }
    done = subprocess.run(  # noqa: S603 - our own script, in an interpreter the operator chose
        [_oracle_python(), "-c", ORACLE],
        input=orjson.dumps(task),
        stdout=subprocess.PIPE,
        check=True,
        timeout=ORACLE_TIMEOUT_S,
    )
    answer = orjson.loads(done.stdout)
    ours = _sign(AgentSigner(KEY, is_mainnet=False))
    assert answer["signature"] == ours, "a comparison of different results says nothing"
    return answer["sign_us"], answer["request_us"]
