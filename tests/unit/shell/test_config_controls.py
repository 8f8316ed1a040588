from datetime import UTC, datetime

import pytest

from router.domain.controls import SelfTrade, TokenRisk
from router.domain.error import ConfigError
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.units import Amount, AssetId
from router.shell import config
from router.shell.config_controls import check_scopes
from tests.unit.engine.scene import MARGIN, PERP, POOL
from tests.unit.shell.test_config import ENVIRONMENT, GOOD

CHOSEN = {
    "order_notional_max": '{ USDC = "5000" }',
    "open_notional_max": '{ USDC = "10000" }',
    "position_notional_max": '{ USDC = "20000" }',
    "daily_notional_max": '{ USDC = "50000" }',
    "daily_loss_max": '{ USDC = "100.5" }',
    "gas_hour_max_native": '"0.01"',
    "gas_day_max_native": '"0.05"',
}
FIRM_TABLE = "\n[controls.firm]\n" + "\n".join(f"{k} = {v}" for k, v in CHOSEN.items()) + "\n"
USDC, ETH = AssetId("USDC"), AssetId("ETH")


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "desk.toml"
        path.write_text(GOOD + text, encoding="utf-8")
        return config.load(path, ENVIRONMENT).limits.controls

    return load_text


def fault(load, text):
    with pytest.raises(ConfigError) as refused:
        load(text)
    message = str(refused.value)
    assert "\n" not in message
    return message.split("desk.toml: ", 1)[1]


def test_without_the_table_there_are_no_controls(load):
    assert load("") is None


def test_the_firms_money_limits_are_read_into_exact_integers(load):
    (firm,) = load(FIRM_TABLE).limits

    assert firm.scope == FIRM
    assert firm.order_notional_max == (Amount(USDC, 5_000_000_000),)
    assert firm.daily_loss_max == (Amount(USDC, 100_500_000),)
    assert (firm.gas_hour_max_wei, firm.gas_day_max_wei) == (10**16, 5 * 10**16)


@pytest.mark.parametrize("key", CHOSEN)
def test_a_money_limit_that_nobody_chose_is_asked_for(load, key):
    text = "".join(line + "\n" for line in FIRM_TABLE.splitlines() if not line.startswith(key))

    assert fault(load, text) == (
        f"controls.firm.{key}: missing; choose the limit, there is no default"
    )


def test_the_firms_table_must_be_there_once_there_is_any(load):
    assert fault(load, "\n[controls.strategy.calm]\nsimilar_within_ms = 5\n") == (
        "controls.firm: missing; add it"
    )


SCOPES = (
    FIRM_TABLE
    + """
slippage_max_bps = 40
deadline_max_s = 60
similar_within_ms = 2000
impact_max_bps = 12.5
unfilled_max_pct = 80
losing_slices_max = 5
losing_slice_bps = 3
gas_price_max_gwei = 50
contracts_denied = ["0xAB"]
closed = [{ days = ["sat", "sun"], from_utc = 21:00:00, until_utc = 00:00:00 }]
maintenance = [{ from_utc = 2026-12-01T10:00:00Z, until_utc = 2026-12-01T12:00:00+01:00 }]

[controls.account."hyperliquid:0xbb"]
leverage_max_pct = 300

[controls.strategy.calm]
order_quantity_max = { ETH = "2.5" }

[controls.venue.somewhere]
errors_max = 5
errors_window_s = 60
clock_offset_max_ms = 500

[controls.instrument."uniswap_v3:ETH/USDC:500"]
impact_10min_max_bps = 50

[controls.tokens.ETH]
risks = ["rebasing", "pausable"]
accepted = true
"""
)


def test_every_scope_has_its_own_table(load):
    text = SCOPES.replace("10:00:00Z", "10:00:00").replace("12:00:00+01:00", "13:00:00+01:00")
    rules = load("\n[controls]\nself_trade = 'cancel_both'\n" + text)

    firm, account, strategy, venue, market = rules.limits
    assert firm.slippage_max_pips == 4_000
    assert firm.impact_max_pips == 1_250
    assert firm.unfilled_max_pips == 800_000
    assert firm.deadline_max == 60 * 10**9
    assert firm.similar_within == 2 * 10**9
    assert (firm.losing_slices_max, firm.losing_slice_pips) == (5, 300)
    assert firm.gas_price_max_wei == 50 * 10**9
    assert firm.contracts_denied == ("0xab",)
    (window,), (once,) = firm.closed, firm.maintenance
    assert (window.days, window.from_s, window.until_s) == ((5, 6), 75_600, 86_400)
    ten = int(datetime(2026, 12, 1, 10, tzinfo=UTC).timestamp()) * 10**9
    assert (once.from_at, once.until_at) == (ten, ten + 2 * 3_600 * 10**9)
    assert (account.scope, account.leverage_max_pct) == (
        Scope(ScopeKind.ACCOUNT, "hyperliquid:0xbb"),
        300,
    )
    assert (strategy.scope, strategy.order_quantity_max) == (
        Scope(ScopeKind.STRATEGY, "calm"),
        (Amount(ETH, 25 * 10**17),),
    )
    assert (venue.errors_max, venue.errors_window) == (5, 60 * 10**9)
    assert venue.clock_offset_max == 500 * 10**6
    assert market.impact_10min_max_pips == 5_000
    assert rules.self_trade is SelfTrade.CANCEL_BOTH
    (mark,) = rules.tokens
    assert (mark.asset, mark.risks, mark.accepted) == (
        ETH,
        (TokenRisk.REBASING, TokenRisk.PAUSABLE),
        True,
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("slippage_max_bps = 40", "slipage = 40", "controls.firm.slipage: unknown key"),
        ("until_utc = 00:00:00", "until_utc = 20:00:00", "controls.firm.closed: until_utc must be"),
        ("[controls.venue.somewhere]", "[controls.venue.elsewhere]", "'elsewhere' is not in"),
        ("errors_window_s = 60", "", "controls.venue.somewhere.errors_window_s: missing"),
        ("losing_slice_bps = 3", "", "controls.firm.losing_slice_bps: missing"),
        ('"2.5"', '"-2.5"', "controls.strategy.calm.order_quantity_max.ETH: must be positive"),
        ("{ ETH = ", "{ DOGE = ", "order_quantity_max.DOGE: is not in [assets]"),
        ('["rebasing"', '["odd"', "controls.tokens.ETH.risks: must be one of fee_on_transfer"),
        ("[controls.tokens.ETH]", "[controls.tokens.XYZ]", "controls.tokens.XYZ: is not in"),
        ("similar_within_ms = 2000", "similar_within_ms = 60001", "similar_within_ms: Input"),
        ("deadline_max_s = 60", "assets_denied = ['XYZ']", "assets_denied.XYZ: is not in"),
        ("deadline_max_s = 60", "venues_denied = ['XYZ']", "venues_denied: 'XYZ' is not in"),
        ("leverage_max_pct = 300", "confirm_above = {}", "cannot be kept for one account"),
        ("impact_10min_max_bps = 50", "errors_max = 1", "cannot be kept for one instrument"),
        ("order_quantity_max", "position_notional_max", "cannot be kept for one strategy"),
        ("slippage_max_bps = 40", "collar_book_bps = 40", "add [price_guard]"),
    ],
)
def test_what_cannot_be_is_named_with_its_key(load, old, new, words):
    text = SCOPES.replace("12:00:00+01:00", "13:00:00+01:00")
    assert text.count(old) == 1

    assert words in fault(load, text.replace(old, new))


def test_a_maintenance_that_ends_before_it_begins_is_refused(load):
    # Noon in a zone an hour ahead is eleven; ten is before it, and the same hour is not.
    text = SCOPES.replace("12:00:00+01:00", "11:00:00+01:00")

    assert "controls.firm.maintenance: until_utc must be later" in fault(load, text)


def test_who_goes_has_three_names(load):
    text = "\n[controls]\nself_trade = 'cancel_some'\n" + FIRM_TABLE

    assert "controls.self_trade: must be one of cancel_newest, cancel_oldest" in fault(load, text)


def test_limits_of_accounts_and_markets_that_do_not_exist_are_refused(load):
    rules = load(SCOPES.replace("12:00:00+01:00", "13:00:00+01:00"))

    check_scopes("desk.toml", rules, (POOL, PERP))
    with pytest.raises(ConfigError, match=r"controls\.account.*: there is none; use one of evm"):
        check_scopes("desk.toml", rules, (POOL,))
    with pytest.raises(ConfigError, match=r"controls\.instrument.*: there is none"):
        check_scopes("desk.toml", rules, (PERP,))
    assert MARGIN == "hyperliquid:0xbb"
