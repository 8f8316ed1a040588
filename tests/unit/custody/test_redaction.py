import re
import time

import pytest

from router.custody.redaction import STRUCK, looks_secret, redact, redact_field, redact_fields

CANARY = "Zx81QwCanary77pLk2"
KEY = "ab12" * 16
SOH = "\x01"


@pytest.mark.parametrize(
    "text",
    [
        f"password={CANARY}",
        f'{{"password": "{CANARY}", "user": "desk"}}',
        f"DESK_SECRET={CANARY} headrace run",
        f"signing_key: '{CANARY}'",
        f"api-key={CANARY}",
        f"x-api-key: {CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"authorization: {CANARY}",
        f"headers {{'Authorization': 'Basic {CANARY}'}}",
        f"Headrace-Signature: {CANARY}==",
        f'"headrace-signature":"{CANARY}"',
        f"Cookie: {CANARY}",
        f"8=FIX.4.4{SOH}35=A{SOH}553=desk{SOH}554={CANARY}{SOH}10=000{SOH}",
        f"8=FIX.4.4|35=A|553=desk|554={CANARY}|10=000|",
        f"8=FIX.4.4^A35=A^A925={CANARY}^A10=000^A",
        f"b'8=FIX.4.4\\x01554={CANARY}\\x0110=000'",
        f"8=FIX.4.4{SOH}95=22{SOH}96=ab{SOH}{SOH}{CANARY}{SOH}10=000{SOH}",
        f"8=FIX.4.4{SOH}96={CANARY}{SOH}10=000{SOH}",
        f"wss://eth.example/v3/{CANARY}{CANARY}: cannot connect",
        f"https://desk:{CANARY}@rpc.example/",
        f"https://rpc.example/?apikey={CANARY}&chain=1",
        f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkZXNrIn0.{CANARY}",
        f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n",
        f"mnemonic = '{CANARY} abandon ability able'",
    ],
)
def test_a_secret_is_struck_out_of_a_text_and_the_rest_stays(text):
    shown = redact(f"begins {text}\nends")

    assert CANARY not in shown
    assert STRUCK in shown
    assert shown.startswith("begins ")
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        f"0x{KEY}",
        KEY,
        KEY.upper(),
        f"key 0x{KEY}.",
        f"['0x{KEY}']",
        f"transaction by private key 0x{KEY}",
        f"block signing with {KEY}",
    ],
)
def test_what_may_be_a_private_key_is_struck_out(text):
    shown = redact(text)

    assert KEY not in shown.lower()
    assert STRUCK in shown


@pytest.mark.parametrize(
    "text",
    [
        f"transaction 0x{KEY} reverted",
        f"block 0x{KEY} is not known",
        f"hash=0x{KEY}",
        f"0x{KEY} was mined, but its logs do not say what was traded",
        f"endpoints contradict each other: block 17 is 0x{KEY} at a",
        f"0x{KEY[:40]} is an account",
        f"0x{KEY}{KEY} is calldata",
        "order desk-17 at 2026-11-23T06:38:21Z: limit 2,500.5 USDC; wait 5 s",
        "signing_key_env: environment variable CHAIN_KEY is not set; set it",
        "http://127.0.0.1:8080/v1/orders/desk-17/cancel",
        "wss://api.hyperliquid.xyz/ws",
        "https://rpc.flashbots.example/fast",
        "8=FIX.4.4|35=D|11=desk-17|55=ETH/USDC|54=1|38=1.5|10=000|",
    ],
)
def test_what_is_harmless_stays_as_it_is(text):
    assert redact(text) == text
    assert not looks_secret(text)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "password",
            "hmac_secret",
            "signing_key",
            "SIGNING_KEY",
            "agent_key",
            "api_key",
            "apiKey",
        ),
        *("Authorization", "Headrace-Signature", "signature", "cookie", "mnemonic", "554", "925"),
        *("96", "rawData", "access_token", "credentials"),
    ],
)
@pytest.mark.parametrize(
    "value",
    [CANARY, 8_181_077, [CANARY], {"deep": [CANARY]}, CANARY.encode()],
    ids=["text", "number", "list", "table", "bytes"],
)
def test_a_field_with_a_secrets_name_is_struck_out_whatever_it_holds(name, value):
    shown = str(redact_fields({"outer": {name: value}}))

    assert CANARY not in shown
    assert "8181077" not in shown


@pytest.mark.parametrize(
    "name", ["transaction", "block_hash", "config", "build", "state", "parent"]
)
def test_a_digest_under_a_public_name_stays(name):
    assert redact_field(name, f"0x{KEY}") == f"0x{KEY}"


def test_a_public_name_does_not_hide_a_password():
    assert CANARY not in redact_field("build", f"password={CANARY}")


def test_values_without_secrets_keep_their_types():
    fields = {"count": 3, "ratio": 0.5, "is_ready": True, "none": None, "names": ["a", "b"]}

    assert redact_fields(fields) == fields


def test_a_secret_as_a_name_is_struck_out():
    assert KEY not in str(redact_fields({f"0x{KEY}": 1, "d": {f"0x{KEY}": 1}}))


def test_what_is_nested_too_deep_to_look_at_is_not_shown():
    value = CANARY
    for _ in range(50):
        value = [value]

    assert CANARY not in str(redact_field("x", value))


def test_an_object_that_is_no_text_is_looked_at_as_it_would_be_shown():
    class Odd:
        def __str__(self):
            return f"password={CANARY}"

    assert CANARY not in redact_field("x", Odd())


@pytest.mark.parametrize(
    "piece",
    [
        "a-",
        "=",
        ":",
        "554=",
        f"{SOH}95=1{SOH}96=",
        "https://h/",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_a_hostile_text_takes_no_longer_than_its_length(piece):
    short, long = (piece * (size // len(piece)) for size in (20_000, 80_000))

    def seconds(text):
        began = time.perf_counter()
        redact(text)
        return time.perf_counter() - began

    # Four times the length: four times the time; sixteen if it were quadratic. Ten is between them
    # with room for a busy machine, and a floor for what is too quick to be measured.
    assert seconds(long) < max(0.05, 10 * min(seconds(short) for _ in range(3)))


def test_no_pattern_eats_the_whole_text():
    text = " ".join(f"word{number}" for number in range(200))

    assert re.findall(r"word199$", redact(f"password=x {text}"))
