"""Every documented answer and frame is read, and each of its values matters to the reader.

A value of another type than the documented one must be refused, wherever it is: what is refused is
read, so nothing in an example is passed over.
"""

import copy

import pytest

from router.domain.error import MalformedDataError
from tests.unit.venues.hyperliquid.wire_examples import (
    ACCOUNT,
    BOOK,
    CANDLE,
    CONTEXT,
    DETAILED_ORDER,
    FEES,
    FILL,
    HASH,
    LIMITS,
    LIQUIDATION,
    META,
    OPEN_ORDER,
    OTHER,
    PERP_DEX,
    PREDICTED,
    PUSHED_UPDATE,
    SETTLEMENT,
    SPOT_ACCOUNT,
    SPOT_META,
    SUB_ACCOUNT,
    SUB_ACCOUNT_BY_DEX,
    TRADE,
    UPDATE,
    USER,
)
from venues.hyperliquid import wire

EXAMPLES = {
    "meta": (wire.read_metadata, META),
    "metaAndAssetCtxs": (wire.read_metadata_and_contexts, [META, [CONTEXT, CONTEXT]]),
    "spotMeta": (wire.read_spot_metadata, SPOT_META),
    "perpDexs": (wire.read_perp_dexs, [None, PERP_DEX]),
    "l2Book": (wire.read_book, BOOK),
    "allMids": (wire.read_mids, {"APE": "4.33245", "ARB": "1.21695"}),
    "recentTrades": (wire.read_trades, [TRADE]),
    "candleSnapshot": (wire.read_candles, [CANDLE]),
    "clearinghouseState": (wire.read_account, ACCOUNT),
    "spotClearinghouseState": (wire.read_spot_account, SPOT_ACCOUNT),
    "userAbstraction": (wire.read_abstraction, "unifiedAccount"),
    "openOrders": (wire.read_open_orders, [OPEN_ORDER]),
    "frontendOpenOrders": (wire.read_open_orders, [DETAILED_ORDER]),
    "orderStatus": (wire.read_found_order, {"status": "order", "order": UPDATE}),
    "historicalOrders": (wire.read_order_updates, [UPDATE]),
    "userFills": (wire.read_executions, [FILL]),
    "userTwapSliceFills": (wire.read_twap_slices, [{"fill": FILL, "twapId": 3156}]),
    "fundingHistory": (
        wire.read_funding_history,
        [{"coin": "ETH", "fundingRate": "-0.00022196", "premium": "-0.00052196", "time": 1}],
    ),
    "userFunding": (
        wire.read_fundings,
        [{"time": 1, "hash": HASH, "delta": {"type": "funding", **SETTLEMENT}}],
    ),
    "predictedFundings": (wire.read_predicted_fundings, PREDICTED),
    "userFees": (wire.read_fees, FEES),
    "userRateLimit": (
        wire.read_rate_limit,
        {
            "cumVlm": "2854574.593578",
            "nRequestsUsed": 2890,
            "nRequestsCap": 2864574,
            "nRequestsSurplus": 0,
        },
    ),
    "activeAssetData": (wire.read_trade_limits, LIMITS),
    "extraAgents": (wire.read_agents, [{"name": "ok", "address": OTHER, "validUntil": 17677}]),
    "userRole of an agent": (wire.read_role, {"role": "agent", "data": {"user": USER}}),
    "userRole of a sub-account": (wire.read_role, {"role": "subAccount", "data": {"master": USER}}),
    "subAccounts": (wire.read_sub_accounts, [SUB_ACCOUNT]),
    "subAccounts2": (wire.read_sub_accounts, [SUB_ACCOUNT_BY_DEX]),
    "maxMarketOrderNtls": (wire.read_order_limits, [[50, "15000000.0"], [40, "10000000.0"]]),
    "userVaultEquities": (
        wire.read_vault_equities,
        [{"vaultAddress": OTHER, "equity": "742500.08", "lockedUntilTimestamp": 1741132800000}],
    ),
    "portfolio": (
        wire.read_portfolio,
        [["day", {"accountValueHistory": [[1, "0.0"]], "pnlHistory": [[1, "0.5"]], "vlm": "0"}]],
    ),
    "bbo": (
        wire.read_best_prices,
        {"coin": "BTC", "time": 1, "bbo": [{"px": "1.0", "sz": "2.0", "n": 3}, None]},
    ),
    "activeAssetCtx": (wire.read_pushed_context, {"coin": "BTC", "ctx": CONTEXT}),
    "orderUpdates": (wire.read_order_updates, [PUSHED_UPDATE]),
    "user fills": (wire.read_user_event, {"fills": [FILL]}),
    "user twap slices": (
        wire.read_user_event,
        {"twapSliceFills": [{"fill": FILL, "twapId": 3156}]},
    ),
    "user funding": (wire.read_user_event, {"funding": {"time": 1, **SETTLEMENT}}),
    "user liquidation": (wire.read_user_event, {"liquidation": LIQUIDATION}),
    "user cancel": (wire.read_user_event, {"nonUserCancel": [{"coin": "BTC", "oid": 5}]}),
    "userFills frame": (
        wire.read_pushed_fills,
        {"isSnapshot": True, "user": USER, "fills": [FILL]},
    ),
    "userFundings frame": (
        wire.read_user_fundings,
        {"isSnapshot": True, "user": USER, "fundings": [{"time": 1, **SETTLEMENT}]},
    ),
    "clearinghouseState frame": (
        wire.read_pushed_account,
        {"dex": "xyz", "user": USER, "clearinghouseState": ACCOUNT},
    ),
    "error": (wire.read_complaint, "Already subscribed"),
}


def leaves(value, path=()):
    """Yield the path of every value that holds no others, but for nulls."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, told in inner:
        if isinstance(told, (dict, list)):
            yield from leaves(told, (*path, key))
        elif told is not None:
            yield (*path, key)


def mistyped(value, path):
    """Return a copy with a number that the venue never writes at the end of a path."""
    changed = copy.deepcopy(value)
    *outer, last = path
    holder = changed
    for key in outer:
        holder = holder[key]
    holder[last] = 1.5
    return changed


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_read_and_each_of_its_values_is_checked(name):
    read, example = EXAMPLES[name]

    assert read(example) is not None

    if isinstance(example, str):
        with pytest.raises(MalformedDataError):
            read(1.5)
        return
    passed_over = []
    for path in leaves(example):
        try:
            read(mistyped(example, path))
        except MalformedDataError:
            continue
        passed_over.append(path)
    assert not passed_over
