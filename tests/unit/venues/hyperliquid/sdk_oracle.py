"""The venue's own client in an environment of its own: asked to sign what we have signed.

Its methods are called as a person would call them, with floats and coin names; what it would have
posted comes back. Nothing is sent: posting, the clock and the market data are replaced.
"""

import os
import subprocess
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[4]
TIMEOUT_S = 300

SCRIPT = """
import json, sys
import hyperliquid.exchange as module
from eth_account import Account
from hyperliquid.utils import signing
from hyperliquid.utils.constants import MAINNET_API_URL
from hyperliquid.utils.types import Cloid

class Info:
    def name_to_asset(self, name):
        return int(name)

class Exchange(module.Exchange):
    def post(self, path, payload):
        return payload

def client(case):
    exchange = Exchange.__new__(Exchange)
    exchange.wallet = Account.from_key(case["key"])
    exchange.vault_address, exchange.expires_after = case["vault"], case["expires_after"]
    exchange.base_url = MAINNET_API_URL if case["is_mainnet"] else "elsewhere"
    exchange.account_address, exchange.info = None, Info()
    return exchange

def told(value):
    if isinstance(value, dict):
        if set(value) == {"cloid_text"}:
            return Cloid.from_str(value["cloid_text"])
        return {key: told(item) for key, item in value.items()}
    return [told(item) for item in value] if isinstance(value, list) else value

def raw(case):
    signature = signing.sign_l1_action(
        Account.from_key(case["key"]), case["action"], case["vault"], case["nonce"],
        case["expires_after"], case["is_mainnet"])
    return {"action": case["action"], "signature": signature}

def user_signed(case, action):
    signature = signing.sign_user_signed_action(
        Account.from_key(case["key"]), action, case["types"], case["primary"], case["is_mainnet"])
    return {"action": case["action"], "signature": signature}

def owner_action(case):
    signature = signing.sign_multi_sig_l1_action_payload(
        Account.from_key(case["key"]), case["action"], case["is_mainnet"], case["vault"],
        case["nonce"], case["expires_after"], *case["arguments"])
    return {"action": case["action"], "signature": signature}

def owner_request(case):
    signature = signing.sign_multi_sig_user_signed_action_payload(
        Account.from_key(case["key"]), case["action"], case["is_mainnet"], case["types"],
        case["primary"], *case["arguments"])
    return {"action": case["action"], "signature": signature}

def called(case):
    module.get_timestamp_ms = lambda: case["nonce"]
    module.secrets.token_hex = lambda _: case.get("token", "")
    answer = getattr(client(case), case["method"])(*told(case["arguments"]))
    return answer[0] if case["method"] == "approve_agent" else answer

OTHERS = {"": raw, "user_signed": lambda case: user_signed(case, dict(case["action"])),
          "owner_action": owner_action, "owner_request": owner_request}

answers = []
for case in json.load(sys.stdin):
    answer = OTHERS.get(case["method"], called)(case)
    answers.append({
        "action": json.dumps(answer["action"], separators=(",", ":")),
        "signature": answer["signature"]})
methods = [name for name, value in vars(module.Exchange).items()
           if callable(value) and not name.startswith("_")]
json.dump({"answers": answers, "methods": methods}, sys.stdout)
"""


def oracle_python():
    chosen = os.environ.get("HEADRACE_ORACLE_PYTHON")
    python = Path(chosen) if chosen else ROOT / ".venv-oracle/bin/python"
    if not python.exists():
        pytest.skip(f"no environment with the venue's own client at {python.name}")
    return python


def ask(cases):
    """Return what the client signed for each case, and the names of its methods."""
    run = subprocess.run(  # noqa: S603 - our own interpreter and script
        [oracle_python(), "-c", SCRIPT],
        input=orjson.dumps(cases),
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert run.returncode == 0, run.stderr.decode()
    told = orjson.loads(run.stdout)
    assert len(told["answers"]) == len(cases)
    return told["answers"], told["methods"]
