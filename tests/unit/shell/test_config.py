import re
import tomllib

import pytest

from router.domain.error import ConfigError
from router.domain.units import Amount, AssetId
from router.shell import config

GOOD = """
[engine]
journal = "desk.journal"
solve_deadline_ms = 5000

[limits]
order_notional_max = { USDC = "2000000.000001", ETH = "700.5" }
slippage_max_bps = 100
slippage_tolerance_bps = "12.34"
plan_rounds_max = 3
child_lifetime_ms = 60000

[staleness]
head_age_max_ms = 4000
book_age_max_ms = 3000

[assets]
ETH = 18
USDC = 6

[venues.somewhere]
url = "env:SOMEWHERE_URL"
plain = "text"
number = 5
"""
ENVIRONMENT = {"SOMEWHERE_URL": "ws://example.test/key"}
MS = 1_000_000


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "desk.toml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, ENVIRONMENT)

    return load_text


def with_line(key, value):
    """Return the good file with one key set to another value, as TOML."""
    changed, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", GOOD, flags=re.MULTILINE)
    assert count == 1, f"{key} is in the good file once"
    return changed


def fault(load, text):
    with pytest.raises(ConfigError) as refused:
        load(text)
    message = str(refused.value)
    assert "\n" not in message
    assert "desk.toml: " in message
    return message.split("desk.toml: ", 1)[1]


def test_a_good_file_is_read_into_exact_integers(load, tmp_path):
    read = load(GOOD)

    assert read.journal == tmp_path / "desk.journal"
    assert read.solve_deadline == 5_000 * MS
    assert read.limits.order_notional_max == (
        Amount(AssetId("USDC"), 2_000_000_000_001),
        Amount(AssetId("ETH"), 7_005 * 10**17),
    )
    assert read.limits.slippage_max_pips == 10_000
    assert read.limits.slippage_tolerance_pips == 1_234
    assert read.limits.plan_rounds_max == 3
    assert read.limits.child_lifetime == 60_000 * MS
    assert read.staleness.head_age_max == 4_000 * MS
    assert read.staleness.book_age_max == 3_000 * MS
    assert {a.id: a.decimals for a in read.assets.values()} == {"ETH": 18, "USDC": 6}
    numbers = (read.limits.slippage_max_pips, read.limits.slippage_tolerance_pips)
    assert all(type(number) is int for number in numbers)


def test_the_environment_is_read_where_a_venue_names_it_and_nowhere_else(load):
    table = load(GOOD).venues["somewhere"]

    assert table == {"url": "ws://example.test/key", "plain": "text", "number": 5}


def test_a_journal_with_an_absolute_path_is_where_it_says(load, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "a.journal"

    assert load(with_line("journal", f"'{elsewhere}'")).journal == elsewhere


KEYS = [
    (table, key)
    for table, values in tomllib.loads(GOOD).items()
    if table not in {"assets", "venues"}
    for key in values
]


@pytest.mark.parametrize(("table", "key"), KEYS, ids=[key for _, key in KEYS])
def test_a_missing_key_is_named_and_no_limit_has_a_default(load, table, key):
    text = re.sub(rf"^{key} = .*\n", "", GOOD, flags=re.MULTILINE)

    assert fault(load, text) == f"{table}.{key}: missing; add it"


@pytest.mark.parametrize("table", ["engine", "limits", "staleness"])
def test_an_unknown_key_is_named(load, table):
    text = GOOD.replace(f"[{table}]", f"[{table}]\nspeling = 1")

    assert fault(load, text) == (f"{table}.speling: unknown key; remove it or correct its spelling")


def test_an_unknown_table_is_named(load):
    assert fault(load, GOOD + "\n[limit]\nx = 1\n").startswith("limit: unknown key")


@pytest.mark.parametrize("table", ["engine", "limits", "staleness", "assets"])
def test_a_missing_table_is_named(load, table):
    text = re.sub(rf"\[{table}[^\[]*", "", GOOD)

    assert fault(load, text) == f"{table}: missing; add it"


def test_a_file_without_a_chain_or_a_venue_is_refused(load):
    text = re.sub(r"\[venues[^\[]*", "", GOOD)

    assert fault(load, text) == "chains: missing; add a table of a chain or of a venue"


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("engine.solve_deadline_ms", '"5000"'),
        ("engine.solve_deadline_ms", "5000.0"),
        ("engine.solve_deadline_ms", "true"),
        ("engine.solve_deadline_ms", "0"),
        ("engine.solve_deadline_ms", "-1"),
        ("engine.journal", "5"),
        ("limits.order_notional_max", "2000000"),
        ("limits.order_notional_max", "{}"),
        ("limits.slippage_max_bps", "[100]"),
        ("limits.slippage_max_bps", "-1"),
        ("limits.slippage_max_bps", "10000"),
        ("limits.slippage_max_bps", "10001"),
        ("limits.slippage_max_bps", "0.001"),
        ("limits.slippage_max_bps", "nan"),
        ("limits.slippage_max_bps", "inf"),
        ("limits.slippage_max_bps", "true"),
        ("limits.slippage_max_bps", '"a lot"'),
        ("limits.slippage_tolerance_bps", "-0.01"),
        ("limits.plan_rounds_max", "0"),
        ("limits.plan_rounds_max", "21"),
        ("limits.plan_rounds_max", "true"),
        ("limits.child_lifetime_ms", "0"),
        ("staleness.head_age_max_ms", "0"),
        ("staleness.book_age_max_ms", '"3000"'),
        ("assets.ETH", '"18"'),
        ("assets.ETH", "true"),
        ("assets.ETH", "-1"),
        ("assets.ETH", "31"),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_named_and_shown(load, where, value):
    key = where.split(".")[1]

    message = fault(load, with_line(key, value))

    assert message.startswith(f"{where}: ")
    assert ", was " in message


@pytest.mark.parametrize(
    "value",
    [
        *("2000000", "2e6", "nan", "true"),
        *('""', '"lots"', '"NaN"', '"-inf"', '"2e6"', '"1e9999999"', '"1e-9999999"'),
        *('"1_000"', '"1,000"', '"\u0661"', '" 1"', '"0"', '"-1"', '"0.0000001"'),
    ],
)
def test_a_notional_limit_that_is_no_amount_of_money_is_refused(load, value):
    message = fault(load, with_line("order_notional_max", f"{{ USDC = {value} }}"))

    assert message.startswith("limits.order_notional_max.USDC: ")
    assert "was " in message


def test_a_notional_limit_in_an_asset_that_is_not_configured_is_named(load):
    assert fault(load, with_line("order_notional_max", '{ DAI = "5" }')) == (
        "limits.order_notional_max.DAI: is not in [assets]; add it there or correct it"
    )


def test_a_variable_that_is_not_set_is_named_with_the_key_that_wants_it(load):
    text = GOOD.replace("env:SOMEWHERE_URL", "env:ELSEWHERE_URL")

    assert fault(load, text) == (
        "venues.somewhere.url: environment variable ELSEWHERE_URL is not set; set it"
    )


@pytest.mark.parametrize("text", ["[engine", "journal = ", "a = 1\na = 2\n", "\x00"])
def test_what_is_not_toml_is_said_to_be_that(load, text):
    assert fault(load, text).startswith("is not valid TOML: ")


def test_what_is_not_even_text_is_said_to_be_no_toml(tmp_path):
    path = tmp_path / "desk.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match=r"desk\.toml: is not valid TOML"):
        config.load(path, {})


def test_a_path_that_cannot_be_read_is_named_with_the_reason(tmp_path):
    missing = tmp_path / "nowhere.toml"

    with pytest.raises(ConfigError, match=r"cannot be read \(No such file or directory\)"):
        config.load(missing, {})
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        config.load(tmp_path, {})


def test_assets_keep_the_names_of_the_file(load):
    assert set(load(GOOD).assets) == {AssetId("ETH"), AssetId("USDC")}
