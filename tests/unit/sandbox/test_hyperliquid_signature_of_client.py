"""Whatever the venue's own client signs, the sandbox reads, and recovers who signed it."""

import os
import subprocess
from pathlib import Path

import orjson
import pytest

from venues.sandbox.hyperliquid.actions import read

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
SEED = 20_260_827
ROUNDS = 5
TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def signed():
    named = os.environ.get("HEADRACE_ORACLE_PYTHON")
    python = Path(named) if named else REPOSITORY / ".venv-oracle" / "bin" / "python"
    if not python.exists():
        pytest.skip("the official Hyperliquid client is not installed: see HEADRACE_ORACLE_PYTHON")
    script = HERE / "hyperliquid_client_signer.py"
    printed = subprocess.run(  # noqa: S603 - our own script and the environment beside us
        (python, script, str(SEED), str(ROUNDS)),
        capture_output=True,
        check=True,
        timeout=TIMEOUT_S,
    ).stdout
    return [orjson.loads(line) for line in printed.splitlines()]


def test_every_action_of_the_client_recovers_its_signer(signed):
    kinds = {line["body"]["action"]["type"] for line in signed}
    assert len(kinds) == 38  # 32 that it has methods for, 5 more structs, the multi-sig envelope
    assert {line["is_mainnet"] for line in signed} == {True, False}

    strangers = [
        line["body"]["action"]
        for line in signed
        if read(line["body"]).signer(is_mainnet=line["is_mainnet"]) != line["signer"]
    ]

    assert strangers == []


def test_a_signature_for_the_other_network_is_a_strangers(signed):
    assert all(
        read(line["body"]).signer(is_mainnet=not line["is_mainnet"]) != line["signer"]
        for line in signed
    )


def test_a_changed_action_is_a_strangers(signed):
    body = next(line for line in signed if line["body"]["action"]["type"] == "usdSend")
    changed = {**body["body"], "action": {**body["body"]["action"], "amount": "999999"}}

    assert read(changed).signer(is_mainnet=body["is_mainnet"]) != body["signer"]


def test_the_co_signers_of_a_multi_sig_action_are_found(signed):
    wrapped = [line for line in signed if line["co_signers"]]
    assert {line["body"]["action"]["payload"]["action"]["type"] for line in wrapped} == {
        "cancel",
        "sendAsset",
    }

    for line in wrapped:
        found = read(line["body"]).co_signers(is_mainnet=line["is_mainnet"])
        assert found == set(line["co_signers"])
