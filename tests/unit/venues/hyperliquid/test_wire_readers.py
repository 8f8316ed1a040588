"""Each value of an answer ends up under its own name."""

import pytest

from router.domain.error import MalformedDataError
from tests.unit.venues.hyperliquid import wire_examples as told
from venues.hyperliquid import wire


def test_the_coins_and_margin_tables_of_a_dex():
    metadata = wire.read_metadata(told.META)

    assert metadata == wire.Metadata(
        coins=(
            wire.CoinMeta(
                "BTC", 0, 5, 40, is_delisted=False, is_isolated_only=False, margin_table=56
            ),
            wire.CoinMeta(
                "LOOM",
                1,
                1,
                3,
                is_delisted=True,
                is_isolated_only=True,
                margin_table=3,
                margin_mode="strictIsolated",
                growth_mode="enabled",
                growth_mode_changed="2025-11-23T17:37:10.033211662",
            ),
        ),
        margin_tables=(
            wire.MarginTable(
                51,
                "tiered 10x",
                (wire.MarginTier("0.0", 10), wire.MarginTier("3000000.0", 5)),
            ),
        ),
        collateral_token=0,
    )
    assert wire.read_meta(told.META) == metadata.coins


def test_a_coin_that_only_knows_isolated_margin_by_its_mode_is_isolated_only():
    coin = {"name": "X", "szDecimals": 1, "maxLeverage": 3, "marginMode": "noCross"}

    assert wire.read_meta({"universe": [coin]})[0].is_isolated_only


def test_spot_tokens_and_pairs():
    assert wire.read_spot_metadata(told.SPOT_META) == wire.SpotMetadata(
        tokens=(
            wire.SpotToken(
                name="USDC",
                index=0,
                token_id="0x6d1e7cde53ba9467b783cb7c530ce054",  # noqa: S106 - a public number
                size_decimals=8,
                wei_decimals=8,
                is_canonical=True,
                full_name="USD Coin",
                deployer_fee_share="0.0",
                evm_address=told.OTHER,
                evm_extra_wei_decimals=-2,
            ),
        ),
        pairs=(wire.SpotPair("PURR/USDC", 0, (1, 0), is_canonical=True),),
    )


def test_the_first_dex_is_the_venues_own_and_has_no_entry():
    own, built = wire.read_perp_dexs([None, told.PERP_DEX])

    assert own is None
    assert built == wire.PerpDex(
        name="xyz",
        full_name="XYZ",
        deployer=told.USER,
        oracle_updater=told.OTHER,
        fee_recipient=told.USER,
        open_interest_caps=(("xyz:XYZ100", "100000000.0"),),
        funding_multipliers=(("xyz:XYZ100", "0.5"),),
        funding_interest_rates=(("xyz:XYZ100", "0.0001"),),
        sub_deployers=(("setOracle", (told.USER, told.OTHER)),),
        deployer_fee_scale="1.0",
        deployer_fee_scale_changed="2025-11-23T17:37:10.033211662",
    )


CONTEXT = wire.Context(
    coin="BTC",
    mark_price="14.3161",
    oracle_price="14.32",
    funding_rate="0.0000125",
    open_interest="688.11",
    previous_day_price="15.322",
    day_notional_volume="1169046.29406",
    day_base_volume="0.0183",
    premium="0.00031774",
    mid_price="14.314",
    impact_prices=("14.3047", "14.3444"),
)


def test_the_context_of_a_coin_pushed_or_asked_for():
    assert wire.read_pushed_context({"coin": "BTC", "ctx": told.CONTEXT}) == CONTEXT

    both = wire.read_metadata_and_contexts([told.META, [told.CONTEXT, told.CONTEXT]])

    assert both.metadata == wire.read_metadata(told.META)
    assert both.contexts[0] == CONTEXT
    assert both.contexts[1].coin == "LOOM"


def test_a_thin_book_leaves_parts_of_a_context_null():
    thin = told.CONTEXT | {"premium": None, "midPx": None, "impactPxs": None}

    context = wire.read_context("BTC", thin)

    assert (context.premium, context.mid_price, context.impact_prices) == (None, None, None)


def test_contexts_that_are_not_as_many_as_the_coins_are_malformed():
    with pytest.raises(MalformedDataError, match="1 contexts for 2 coins"):
        wire.read_metadata_and_contexts([told.META, [told.CONTEXT]])


def test_a_book_its_top_and_the_trades_in_it():
    assert wire.read_book(told.BOOK) == wire.Book(
        "BTC",
        1754450974231,
        (("113377.0", "7.6699"),),
        (("113397.0", "0.11543"),),
        (17,),
        (3,),
        "20.0",
        is_fast=True,
    )
    top = {"coin": "BTC", "time": 1, "bbo": [{"px": "1.0", "sz": "2.0", "n": 3}, None]}
    assert wire.read_best_prices(top) == wire.BestPrices(
        "BTC", 1, bid=wire.Level("1.0", "2.0", 3), ask=None
    )
    assert wire.read_trades([told.TRADE]) == (
        wire.Trade(
            coin="BTC",
            is_buy=False,
            price="113397.0",
            size="0.11543",
            hash=told.HASH,
            time_ms=1754450974231,
            trade_id=293353986402527,
            buyer=told.USER,
            seller=told.OTHER,
        ),
    )


def test_a_candle():
    assert wire.read_candle(told.CANDLE) == wire.Candle(
        coin="BTC",
        interval="15m",
        opened_ms=1681923600000,
        closed_ms=1681924499999,
        open_price="29295.0",
        high_price="29309.0",
        low_price="29250.0",
        close_price="29258.0",
        volume="0.98639",
        trades=189,
    )


POSITION = wire.HeldPosition(
    coin="ETH",
    size="0.0335",
    leverage=20,
    is_cross=False,
    isolated_cash="-95.059824",
    entry_price="2986.3",
    value="100.02765",
    unrealised_pnl="-0.0134",
    return_on_equity="-0.0026789",
    liquidation_price="2866.26936529",
    margin_used="4.967826",
    leverage_max=50,
    funding=wire.CumulativeFunding("514.085417", "0.0", "0.0"),
)


def test_an_account_has_its_cross_bucket_and_the_total():
    assert wire.read_account(told.ACCOUNT) == wire.Account(
        cash="13104.514502",
        value="13104.514502",
        margin_used="0.0",
        withdrawable="13104.514502",
        positions=(POSITION,),
        time_ms=1708622398623,
        notional="0.0",
        maintenance_margin="0.0",
        total=wire.MarginSummary(
            value="13109.482328",
            notional="100.02765",
            cash="13009.454678",
            margin_used="4.967826",
        ),
    )


def test_spot_balances_with_what_portfolio_margin_adds():
    assert wire.read_spot_account(told.SPOT_ACCOUNT) == wire.SpotAccount(
        balances=(
            wire.SpotBalance(
                coin="USDC",
                token=0,
                total="14.625485",
                hold="1.5",
                entry_notional="0.0",
                spot_hold="0.5",
                loan_to_value="0.0",
                borrowed="0.0",
                supplied="0.0",
            ),
        ),
        is_portfolio_margin=False,
        portfolio_margin_ratio="0.1",
        available_after_maintenance=((0, "14.6"),),
        escrows=(("HYPE", 150, "1.0"),),
        borrow_ratios=((0, "0.0"),),
        supply_ratios=((0, "0.2"),),
    )


def test_sub_accounts_of_one_dex_or_of_several_or_none():
    account, spot = wire.read_account(told.ACCOUNT), wire.read_spot_account(told.SPOT_ACCOUNT)

    (one,) = wire.read_sub_accounts([told.SUB_ACCOUNT])
    (several,) = wire.read_sub_accounts([told.SUB_ACCOUNT_BY_DEX])

    assert one == wire.SubAccount("Test", told.OTHER, told.USER, {"": account}, spot)
    assert several.perps == {"": account, "xyz": account}
    assert wire.read_sub_accounts(None) == ()


@pytest.mark.parametrize(
    ("answer", "role"),
    [
        ({"role": "user"}, wire.Role("user", None)),
        ({"role": "missing"}, wire.Role("missing", None)),
        ({"role": "agent", "data": {"user": "0x1"}}, wire.Role("agent", "0x1")),
        ({"role": "subAccount", "data": {"master": "0x2"}}, wire.Role("subAccount", "0x2")),
    ],
)
def test_a_role_names_whom_the_address_belongs_to(answer, role):
    assert wire.read_role(answer) == role


def test_what_may_be_traded_and_how_often_and_for_what():
    assert wire.read_trade_limits(told.LIMITS) == wire.TradeLimits(
        address=told.USER,
        coin="APT",
        leverage=wire.Leverage(3, is_cross=True),
        sizes_max=("24836370.4400000013", "24836370.4400000013"),
        available=("37019438.0284740031", "37019438.0284740031"),
        mark_price="4.4716",
    )
    used = {"cumVlm": "2854574.5", "nRequestsUsed": 2890, "nRequestsCap": 2864574}
    assert wire.read_rate_limit(used) == wire.RateLimit("2854574.5", 2890, 2864574)
    assert wire.read_fees(told.FEES) == wire.Fees(
        taker="0.000315",
        maker="0.000105",
        spot_taker="0.00049",
        spot_maker="0.00028",
        days=(wire.DayVolume("2025-05-23", "0.0", "1.0", "2852367.07"),),
        schedule=wire.FeeSchedule(
            taker="0.00045",
            maker="0.00015",
            spot_taker="0.0007",
            spot_maker="0.0004",
            referral_discount="0.04",
            volume_tiers=(wire.VolumeTier("5000000.0", "0.0004", "0.00012", "0.0006", "0.0003"),),
            maker_tiers=(wire.MakerTier("0.005", "-0.00001"),),
            staking_discounts=(wire.StakingDiscount("0.0001", "0.05"),),
        ),
        referral_discount="0.0",
        staking_discount=wire.StakingDiscount("4.7577998927", "0.3"),
        trial_escrow="0.0",
        staking_user=told.OTHER,
        staking_link="tradingUser",
    )


def test_what_venues_predict_and_which_do_not_trade_the_coin():
    (avax,) = wire.read_predicted_fundings(told.PREDICTED)

    assert avax.coin == "AVAX"
    assert dict(avax.venues) == {
        "BinPerp": wire.PredictedFunding("BinPerp", "0.0001", 1733961600000, None),
        "HlPerp": wire.PredictedFunding("HlPerp", "0.0000125", 1733958000000, 1),
        "BybitPerp": None,
    }


def test_a_ledger_update_of_any_kind_keeps_all_that_was_told():
    delta = {"type": "somethingNew", "usdc": "1.5", "toPerp": True, "nested": [{"a": None}]}

    (update,) = wire.read_ledger_updates([{"time": 5, "hash": "0x1", "delta": delta}])

    assert (update.time_ms, update.hash, update.kind) == (5, "0x1", "somethingNew")
    assert update.delta == {"usdc": "1.5", "toPerp": True, "nested": [{"a": None}]}


def test_a_delegation_is_named_by_its_only_field():
    told_delta = {"delegate": {"validator": "0x2", "amount": "10.0", "isUndelegate": False}}

    (update,) = wire.read_delegations([{"time": 5, "hash": "0x1", "delta": told_delta}])

    assert (update.kind, update.delta) == ("delegate", told_delta["delegate"])
    with pytest.raises(MalformedDataError, match="delta must have one field"):
        wire.read_delegations([{"time": 5, "hash": "0x1", "delta": {}}])
