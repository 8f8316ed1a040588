"""Random actions signed by us and by the venue's own client, in an environment of its own."""

import os
import random
import subprocess
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from router.domain.units import Side
from venues.hyperliquid import translate
from venues.hyperliquid.signing import AgentSigner

ROOT = Path(__file__).resolve().parents[4]
KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
SEED = 20261122
CASES = 200
TIMEOUT_S = 120

# The client builds orders from floats by its own functions; everything else it takes as it is.
ORACLE = """
import json, sys
from eth_account import Account
from hyperliquid.utils.signing import (
    order_request_to_order_wire, order_wires_to_order_action, sign_l1_action)
from hyperliquid.utils.types import Cloid
answers = []
for case in json.load(sys.stdin):
    action = case["action"]
    if case["order"] is not None:
        order = {**case["order"], "cloid": Cloid.from_str(case["order"]["cloid"])}
        wire = order_request_to_order_wire(order, case["asset"])
        action = order_wires_to_order_action([wire])
    signature = sign_l1_action(
        Account.from_key(case["key"]), action, case["vault"], case["nonce"],
        case["expires_after"], case["is_mainnet"])
    answers.append({"action": json.dumps(action, separators=(",", ":")), "signature": signature})
json.dump(answers, sys.stdout)
"""


def oracle_python():
    chosen = os.environ.get("HEADRACE_ORACLE_PYTHON")
    python = Path(chosen) if chosen else ROOT / ".venv-oracle/bin/python"
    if not python.exists():
        pytest.skip(f"no environment with the venue's own client at {python.name}")
    return python


def order_case(draw, eth, make_child):
    # Prices of five significant figures, and whole ones of any length.
    ticks = draw.choice([draw.randrange(1, 100_000), draw.randrange(1, 10**7) * 100])
    lots = draw.randrange(1, 10**8)
    side = draw.choice([Side.BUY, Side.SELL])
    asset = draw.randrange(200)
    child = make_child(eth, lots=lots, ticks=ticks, side=side, name=f"child-{draw.random()}")
    action = translate.order_action(child, asset=asset, ticks=ticks, lots=lots)
    order = {
        "coin": "ETH",
        "is_buy": side is Side.BUY,
        "sz": lots / 10**4,
        "limit_px": ticks / 10**2,
        "order_type": {"limit": {"tif": "Ioc"}},
        "reduce_only": False,
        "cloid": translate.cloid(child.id),
    }
    return {"action": action, "order": order, "asset": asset}


def other_action(draw):
    asset = draw.randrange(200)
    return draw.choice(
        [
            {"type": "cancel", "cancels": [{"a": asset, "o": draw.randrange(2**40)}]},
            {
                "type": "cancelByCloid",
                "cancels": [{"asset": asset, "cloid": "0x" + draw.randbytes(16).hex()}],
            },
            translate.leverage_action(asset, draw.randrange(1, 51)),
            {"type": "scheduleCancel"},
            {"type": "scheduleCancel", "time": draw.randrange(2**41)},
        ]
    )


def random_case(draw, eth, make_child):
    case = {"action": other_action(draw), "order": None, "asset": None}
    if draw.random() < 0.6:
        case = order_case(draw, eth, make_child)
    return case | {
        "key": "0x" + draw.randrange(1, 2**255).to_bytes(32, "big").hex(),
        "vault": draw.choice([None, "0x" + draw.randbytes(20).hex()]),
        "nonce": draw.randrange(2**41),
        "expires_after": draw.choice([None, draw.randrange(2**41)]),
        "is_mainnet": draw.random() < 0.5,
    }


def test_random_actions_are_signed_to_the_byte_like_the_venues_own_client(eth, make_child):
    python = oracle_python()
    draw = random.Random(SEED)
    cases = [random_case(draw, eth, make_child) for _ in range(CASES)]

    run = subprocess.run(  # noqa: S603 - our own interpreter and script
        [python, "-c", ORACLE],
        input=orjson.dumps(cases),
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )

    assert run.returncode == 0, run.stderr.decode()
    answers = orjson.loads(run.stdout)
    assert len(answers) == CASES
    for case, answer in zip(cases, answers, strict=True):
        vault = case["vault"]
        signature = AgentSigner(case["key"], is_mainnet=case["is_mainnet"]).sign(
            case["action"],
            nonce=case["nonce"],
            vault=None if vault is None else bytes.fromhex(vault[2:]),
            expires_after_ms=case["expires_after"],
        )
        assert orjson.dumps(case["action"]).decode() == answer["action"]
        assert signature.as_wire() == answer["signature"], (asdict(signature), case)
