"""Secrets planted at every door, and looked for in all that comes out."""

import asyncio
import subprocess
import sys

import orjson
import pytest
import structlog
from typer.testing import CliRunner

from router.cli.main import app
from router.gateway.http.faults import problem
from router.gateway.link import Code, LinkError
from router.shell import observe
from tests.integration.http.door import BASE, ORDER, keyed, opened
from tests.integration.http.scripted import ScriptedDesk

WORD = "Zx81QwCanary77pLk2"
KEY = "c0ffee" * 10 + "beef"
PLANTED = {
    "assignment": f"password={WORD}",
    "key": f"the key is 0x{KEY}",
    "header": f"Authorization: Bearer {WORD}",
    "url": f"wss://node.example/v3/{WORD}{WORD}",
    "fix": f"8=FIX.4.4\x01554={WORD}\x01925={WORD}\x0195=18\x0196={WORD}\x0110=0\x01",
    "token": f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkZXNrIn0.{WORD}",
    "pem": f"-----BEGIN PRIVATE KEY-----\n{WORD}\n-----END PRIVATE KEY-----",
}
planted = pytest.mark.parametrize("secret", PLANTED.values(), ids=PLANTED.keys())


def clean(text):
    shown = text if isinstance(text, str) else text.decode(errors="replace")
    assert WORD not in shown
    assert KEY not in shown.lower()
    return shown


@planted
def test_no_log_line_shows_it(secret, capsys):
    observe.configure(verbose=True)
    try:
        observe.stream_lost("venue", reason=secret)
        observe.alarm_raised(secret)
        observe.parent_order_told("parent", status="filled", message=secret)
        structlog.get_logger("other").warning("said", password=WORD, nested={"api_key": [WORD]})
        structlog.get_logger("other").error("raised", exc_info=ValueError(secret))
    finally:
        structlog.reset_defaults()

    shown = clean(capsys.readouterr().err)
    assert shown.count("[redacted]") >= 5


FAULTS = """
import asyncio, logging, sys, threading
from router.shell import last_words
last_words.install()
secret = sys.argv[1]

def fail():
    raise RuntimeError(secret)

class Leftover:
    def __del__(self):
        fail()

async def forgotten():
    asyncio.get_running_loop().create_future().set_exception(RuntimeError(secret))

thread = threading.Thread(target=fail)
thread.start()
thread.join()
Leftover()
asyncio.run(forgotten())
logging.getLogger("a library").error("it said %s", secret)
try:
    fail()
except RuntimeError as error:
    raise LookupError("another") from error
"""


@planted
def test_nothing_a_process_says_of_its_own_faults_shows_it(secret):
    ended = subprocess.run(  # noqa: S603 - our own words
        (sys.executable, "-c", FAULTS, secret), capture_output=True, check=False
    )

    shown = clean(ended.stderr)
    assert ended.returncode == 1
    assert shown.count("RuntimeError: ") >= 4  # thread, leftover, forgotten future, the end
    assert "LookupError: another" in shown
    assert "a library: it said " in shown


def test_a_process_that_fails_leaves_no_core():
    said = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    words = f"from router.shell import last_words; last_words.install(); {said}"
    ended = subprocess.run(  # noqa: S603 - our own words
        (sys.executable, "-c", words), capture_output=True, check=True
    )

    assert ended.stdout.strip() == b"0"


CHAIN = """
[chains.base]
chain_id = 8453
ws_urls = ["{url}"]
account = "0x1111111111111111111111111111111111111111"
signing_key_env = "{variable}"
"""
GATEWAY = """
[gateway.clients.desk]
accounts = ["main"]
[[gateway.clients.desk.keys]]
id = "one"
roles = ["trader"]
{secret}
[gateway.http]
"""


@pytest.mark.parametrize(
    "tables",
    [
        CHAIN.format(url="wss://node.example", variable=f"0x{KEY}"),
        CHAIN.format(url="wss://node.example", variable=WORD),
        CHAIN.format(url=f"wss://node.example/v3/{WORD}{WORD}", variable="CHAIN_KEY"),
        CHAIN.format(url=f"wss://desk:{WORD}@node.example/", variable="CHAIN_KEY"),
        CHAIN.format(url=f"ftp://node.example/{WORD}", variable="CHAIN_KEY"),
        CHAIN.format(url=f"ws://node.example/{WORD}", variable="CHAIN_KEY"),
        CHAIN.format(url="env:NODE_URL", variable="CHAIN_KEY"),
        GATEWAY.format(secret=f'hmac_env = "{WORD}"'),
        GATEWAY.format(secret=f'ed25519 = "{WORD}"'),
        GATEWAY.format(secret=f'secret = "{WORD}"'),
        GATEWAY.replace("{secret}", 'hmac_env = "DESK_SECRET"'),
    ],
)
def test_no_error_of_a_configuration_shows_it(tmp_path, tables):
    config = tmp_path / "desk.toml"
    config.write_text(BASE + tables)
    environment = {
        "CHAIN_KEY": f"0x{KEY}",
        "NODE_URL": f"ws://node.example/{WORD}",
        "DESK_SECRET": WORD,
    }
    try:
        ended = CliRunner().invoke(app, ["check-config", "--offline", str(config)], env=environment)
    finally:
        structlog.reset_defaults()

    assert ended.exit_code == 2
    assert clean(ended.stderr).startswith("error: ")
    clean(ended.stdout)


@planted
def test_no_problem_shows_what_an_error_repeats(secret):
    error = LinkError(f"venue: it said {secret}", code=Code.INVALID)

    clean(problem(error).body("r-1"))


async def asked(client, secret):
    """Plant it wherever a client can, and return all that is answered."""
    heads = (
        {"Authorization": f"Bearer {WORD}", "Cookie": f"session={WORD}"},
        {"Headrace-Key": f"0x{KEY}"},
        {"Headrace-Signature": WORD, "Headrace-Key": "trader"},
        {"Headrace-Nonce": WORD, "Headrace-Timestamp": WORD},
    )
    answers = [await client.ask("GET", "/v1/orders", headers=head) for head in heads]
    bodies = (
        {**ORDER, "account": "main", "password": WORD},
        {**ORDER, "account": "main", "limit_price": secret},
        {**ORDER, "account": secret},
    )
    answers += [await client.ask("POST", "/v1/orders", body, key="trader") for body in bodies]
    return answers


@planted
def test_neither_answers_nor_records_nor_logs_of_a_door_show_it(tmp_path, secret, capsys):
    observe.configure(verbose=True)

    async def work():
        async with opened(tmp_path, keyed(), ScriptedDesk()) as client:
            answers = await asked(client, secret)
            # What it repeats to whoever said it may be a secret; what it keeps must not be.
            reason = {"reason": secret.replace("\x01", "|").replace("\n", " ")}
            head = {"X-Request-Id": KEY}
            halted = await client.ask("POST", "/v1/halt", reason, key="kill", headers=head)
            assert halted[0] == 200
            return answers

    try:
        answers = asyncio.run(work())
    finally:
        structlog.reset_defaults()

    assert {status for status, _, _ in answers} >= {401, 422}
    for _, _, said in answers:
        clean(orjson.dumps(said))
    record = next(tmp_path.rglob("*-audit-http")).read_bytes()
    assert b'"halt"' in record
    clean(record)
    clean(capsys.readouterr().err)
