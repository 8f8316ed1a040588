import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from router.cli import sandbox

REPOSITORY = Path(__file__).parents[3]
SERVE = f"""
from pathlib import Path
import sys
from {sandbox.__name__} import chain, hyperliquid
where = Path(sys.argv[2])
if sys.argv[1] == "chain":
    chain(where, seed=7, port=0, block_time_s=0.0, as_json=True)
else:
    hyperliquid(
        where, seed=7, port=0, block_time_s=0.1, time_factor=1, scene="calm", as_json=True
    )
"""


@pytest.mark.parametrize(
    ("name", "keys"),
    [("chain", {"http", "ws", "chain_id", "pools"}), ("hyperliquid", {"url", "ws"})],
)
def test_a_sandbox_says_in_one_line_where_it_is_and_ends_when_told(tmp_path, name, keys):
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", SERVE, name, str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
    )
    with process:
        facts = orjson.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert keys <= facts.keys()
    assert Path(facts["manifest"]).parent == tmp_path
    assert code == 0
