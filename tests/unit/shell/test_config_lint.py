from pathlib import Path

import pytest

from router.domain.error import ConfigError
from router.shell.config_lint import refuse_secrets

WORD = "Zx81QwCanary77pLk2Zx81Qw"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (
            {"chains": {"base": {"ws_urls": ["wss://a.example", f"wss://a.example/v3/{WORD}"]}}},
            ".1",
        ),
        ({"chains": {"base": {"ws_urls": [f"wss://desk:{WORD}@a.example"]}}}, "ws_urls.0"),
        ({"venues": {"x": {"url": f"https://a.example/?api_key={WORD}"}}}, "venues.x.url"),
        ({"venues": {"x": {"note": f"-----BEGIN PRIVATE KEY-----\n{WORD}\n"}}}, "venues.x.note"),
        (
            {"gateway": {"token": f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkZXNrIn0.{WORD}"}},
            "gateway.token",
        ),
    ],
)
def test_a_secret_is_refused_by_its_place_and_not_repeated(table, key):
    with pytest.raises(ConfigError) as caught:
        refuse_secrets(Path("desk.toml"), table)

    assert f"{key}: looks like a secret" in str(caught.value)
    assert WORD not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "env:NODE_URL",
        "env:eyJhbGciOiJFUzI1NiJ9",
        "wss://api.hyperliquid.xyz/ws",
        "https://rpc.example/fast",
        "0x" + "ab12" * 16,  # the id of a pool
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "2500.5",
        7,
        True,
    ],
)
def test_what_is_no_secret_stays(value):
    refuse_secrets(Path("desk.toml"), {"a": {"b": [value, {"c": value}]}})
