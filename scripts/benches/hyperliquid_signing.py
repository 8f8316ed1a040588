"""How many Hyperliquid orders are signed in a second, beside the venue's own client.

The client runs in an environment of its own, twice in the same run: as that installs it, where the
curve's arithmetic is pure Python, and lent our native library, which is the fair comparison. Both
sides count processor time, for what else the machine does would fall on one of them by chance, and
the ratio is the median of those of the rounds.
"""

import os
import statistics
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Final

import orjson
from _figures import figure

from venues.hyperliquid import wire
from venues.hyperliquid.signing import AgentSigner

NAME = "hl-sign"
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
    started = time.process_time()
    for _ in range(task["count"]):
        function()
    return (time.process_time() - started) / task["count"] * 1e6
json.dump({"signature": sign(), "sign_us": timed(sign), "request_us": timed(request)}, sys.stdout)
"""


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure in a few rounds, the client in the same ones."""
    count = 200 if quick else 1_000
    rounds = 1 if quick else ROUNDS
    lent_path = [sysconfig.get_paths()["platlib"]]
    has_client = _oracle_python().exists()
    ours: list[tuple[float, float]] = []
    lent: list[tuple[float, float]] = []
    plain: list[tuple[float, float]] = []
    for _ in range(rounds):
        ours.append((_timed(_sign, 5 * count), _timed(_request, 5 * count)))
        if has_client:
            lent.append(_client_us(count, lent=lent_path))
            plain.append(_client_us(count // 10, lent=[]))
    sign_us, request_us = (list(times) for times in zip(*ours, strict=True))
    return [
        _figure("sign an order action", sign_us, _Peer("lent coincurve", _column(lent, 0))),
        _figure(
            "the same, not lending it",
            sign_us,
            _Peer("as installed, pure Python curve", _column(plain, 0)),
        ),
        _figure(
            "sign and write the whole request",
            request_us,
            _Peer("lent coincurve", _column(lent, 1)),
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Peer:
    words: str
    times_us: list[float]  # by round; empty where there is no client


def _figure(name: str, ours_us: list[float], peer: _Peer) -> dict[str, object]:
    words, ratio = "venue's client: its environment is missing (scripts/setup makes it)", None
    if peer.times_us:
        rate = _per_second(peer.times_us)
        words = f"venue's client 0.24.0, {peer.words}: {rate:,.0f} a second"
        pairs = zip(ours_us, peer.times_us, strict=True)
        ratio = statistics.median(theirs / own for own, theirs in pairs)
    return figure(
        name,
        _per_second(ours_us),
        "signatures/s",
        against=words,
        ratio=ratio,
        goal=f"ratio >= {RATIO_MIN}",
        met=None if ratio is None else ratio >= RATIO_MIN,
    )


def _per_second(times_us: list[float]) -> float:
    return 1e6 / statistics.median(times_us)


def _column(rounds: list[tuple[float, float]], index: int) -> list[float]:
    return [times[index] for times in rounds]


def _timed(function: Callable[[AgentSigner], object], count: int) -> float:
    signer = AgentSigner(KEY, is_mainnet=False)
    function(signer)
    started = process_time()
    for _ in range(count):
        function(signer)
    return (process_time() - started) / count * 1e6


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
