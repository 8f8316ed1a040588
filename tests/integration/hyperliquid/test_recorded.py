"""Every recorded answer of the real venue is read without loss.

The recordings are those that the venue's own Python client ships for its tests. Each answer is read
into structs and written back from nothing but these; what comes out must be what was recorded, but
for keys whose value is null, which say no more than keys that are missing.
"""

import os
import re
from pathlib import Path

import orjson
import pytest

from venues.hyperliquid import wire

VARIABLE = "HEADRACE_HYPERLIQUID_RECORDINGS"
FOLDER = os.environ.get(VARIABLE)
EXCHANGES_MIN = 20

# A request or an answer in a recording: a YAML scalar in single quotes, folded over lines.
SCALAR = re.compile(r"^\s*(body|string): '((?:[^']|'')*)'", re.MULTILINE)


def exchanges(path):
    """Return the (request, answer) pairs of a recording, as JSON values."""
    told = [
        orjson.loads(re.sub(r"\s*\n\s*", " ", scalar).replace("''", "'"))
        for _, scalar in SCALAR.findall(path.read_text(encoding="utf-8"))
    ]
    return list(zip(told[::2], told[1::2], strict=True))


def without_nulls(value):
    match value:
        case dict():
            return {key: without_nulls(told) for key, told in value.items() if told is not None}
        case list() | tuple():
            return [without_nulls(told) for told in value]
        case _:
            return value


# Structs back to what the venue wrote.


def side(told):
    return "B" if told.is_buy else "A"


def meta(told):
    assert told.margin_tables == ()
    return {
        "universe": [
            {
                "name": coin.coin,
                "szDecimals": coin.size_decimals,
                "maxLeverage": coin.leverage_max,
                "marginTableId": coin.margin_table,
                "marginMode": coin.margin_mode,
                "isDelisted": coin.is_delisted or None,
                "onlyIsolated": coin.is_isolated_only or None,
            }
            for coin in told.coins
        ],
        "collateralToken": told.collateral_token,
    }


def book(told):
    def levels(prices, orders):
        pairs = zip(prices, orders, strict=True)
        return [{"px": px, "sz": sz, "n": n} for (px, sz), n in pairs]

    sides = [levels(told.bids, told.bid_orders), levels(told.asks, told.ask_orders)]
    return {"coin": told.coin, "time": told.time_ms, "levels": sides, "spread": told.spread}


def candles(told):
    return [
        {
            "s": candle.coin,
            "i": candle.interval,
            "t": candle.opened_ms,
            "T": candle.closed_ms,
            "o": candle.open_price,
            "h": candle.high_price,
            "l": candle.low_price,
            "c": candle.close_price,
            "v": candle.volume,
            "n": candle.trades,
        }
        for candle in told
    ]


def summary(told):
    return {
        "accountValue": told.value,
        "totalNtlPos": told.notional,
        "totalRawUsd": told.cash,
        "totalMarginUsed": told.margin_used,
    }


def position(told, sizes_max):
    kind = "cross" if told.is_cross else "isolated"
    return {
        "type": "oneWay",
        "position": {
            "coin": told.coin,
            "szi": told.size,
            "leverage": {"type": kind, "value": told.leverage, "rawUsd": told.isolated_cash},
            "entryPx": told.entry_price,
            "positionValue": told.value,
            "unrealizedPnl": told.unrealised_pnl,
            "returnOnEquity": told.return_on_equity,
            "liquidationPx": told.liquidation_price,
            "marginUsed": told.margin_used,
            "maxLeverage": told.leverage_max,
            "maxTradeSzs": sizes_max,
        },
    }


def account(told):
    pairs = zip(told.positions, told.trade_sizes_max, strict=True)
    return {
        "assetPositions": [position(held, sizes_max) for held, sizes_max in pairs],
        "marginSummary": summary(told.total),
        "crossMarginSummary": summary(told.cross),
        "withdrawable": told.withdrawable,
    }


def order(told):
    fields = {
        "coin": told.coin,
        "side": side(told),
        "limitPx": told.limit_price,
        "sz": told.size_left,
        "oid": told.oid,
        "timestamp": told.placed_ms,
        "origSz": told.size,
        "cloid": told.cloid,
    }
    if told.details is None:
        return fields | {"reduceOnly": told.is_reduce_only or None}
    return fields | {
        "reduceOnly": told.is_reduce_only,
        "orderType": told.details.order_type,
        "tif": told.details.time_in_force,
        "isTrigger": told.details.is_trigger,
        "triggerPx": told.details.trigger_price,
        "triggerCondition": told.details.trigger_condition,
        "isPositionTpsl": told.details.is_position_tpsl,
        "children": [order(child) for child in told.details.children],
    }


def orders(told):
    return [order(one) for one in told]


def historical_orders(told):
    return [
        {"order": order(one.order), "status": one.status, "statusTimestamp": one.status_ms}
        for one in told
    ]


def fills(told):
    return [
        {
            "coin": fill.coin,
            "px": fill.price,
            "sz": fill.size,
            "side": side(fill),
            "time": fill.time_ms,
            "oid": fill.oid,
            "fee": fill.fee,
            "startPosition": fill.start_position,
            "dir": fill.direction,
            "closedPnl": fill.closed_pnl,
            "hash": fill.hash,
            "crossed": fill.is_taker,
        }
        for fill in told
    ]


def fundings(told):
    return [
        {
            "time": row.time_ms,
            "hash": row.hash,
            "delta": {
                "type": "funding",
                "coin": row.coin,
                "usdc": row.amount,
                "szi": row.size,
                "fundingRate": row.rate,
                "nSamples": row.samples,
            },
        }
        for row in told
    ]


def funding_history(told):
    return [
        {
            "coin": row.coin,
            "fundingRate": row.rate,
            "premium": row.premium,
            "time": row.time_ms,
        }
        for row in told
    ]


def ledger_updates(told):
    return [
        {"time": row.time_ms, "hash": row.hash, "delta": {"type": row.kind, **row.delta}}
        for row in told
    ]


def delegations(told):
    return [{"time": row.time_ms, "hash": row.hash, "delta": {row.kind: row.delta}} for row in told]


def portfolio(told):
    return [
        (
            worth.period,
            {
                "accountValueHistory": worth.values,
                "pnlHistory": worth.profits,
                "vlm": worth.volume,
            },
        )
        for worth in told
    ]


def rate_limit(told):
    return {
        "cumVlm": told.cumulative_volume,
        "nRequestsUsed": told.used,
        "nRequestsCap": told.cap,
        "nRequestsSurplus": told.surplus,
    }


def role(told):
    assert told.owner is None
    return {"role": told.role}


def agents(told):
    return [
        {"name": agent.name, "address": agent.address, "validUntil": agent.valid_until_ms}
        for agent in told
    ]


def vault_equities(told):
    return [
        {
            "vaultAddress": row.vault,
            "equity": row.equity,
            "lockedUntilTimestamp": row.locked_until_ms,
        }
        for row in told
    ]


def twap_slices(told):
    return [
        {"twapId": one.twap_id, "fill": fill}
        for one, fill in zip(told, fills(one.execution for one in told), strict=True)
    ]


READ_AND_WRITE = {
    "allMids": (wire.read_mids, dict),
    "candleSnapshot": (wire.read_candles, candles),
    "clearinghouseState": (wire.read_early_account, account),
    "delegatorHistory": (wire.read_delegations, delegations),
    "extraAgents": (wire.read_agents, agents),
    "frontendOpenOrders": (wire.read_open_orders, orders),
    "fundingHistory": (wire.read_funding_history, funding_history),
    "historicalOrders": (wire.read_order_updates, historical_orders),
    "l2Book": (wire.read_book, book),
    "meta": (wire.read_metadata, meta),
    "openOrders": (wire.read_open_orders, orders),
    "portfolio": (wire.read_portfolio, portfolio),
    "userFills": (wire.read_early_executions, fills),
    "userFillsByTime": (wire.read_early_executions, fills),
    "userFunding": (wire.read_fundings, fundings),
    "userNonFundingLedgerUpdates": (wire.read_ledger_updates, ledger_updates),
    "userRateLimit": (wire.read_rate_limit, rate_limit),
    "userRole": (wire.read_role, role),
    "userTwapSliceFills": (wire.read_twap_slices, twap_slices),
    "userVaultEquities": (wire.read_vault_equities, vault_equities),
}


@pytest.mark.skipif(
    FOLDER is None, reason=f"set {VARIABLE} to the folder of the client's recorded answers"
)
def test_every_recorded_answer_is_read_without_loss():
    read = 0
    for path in sorted(Path(FOLDER).rglob("*.yaml")):
        for request, answer in exchanges(path):
            reader, writer = READ_AND_WRITE[request["type"]]
            written = orjson.loads(orjson.dumps(without_nulls(writer(reader(answer)))))
            assert written == without_nulls(answer), path.name
            read += 1

    assert read >= EXCHANGES_MIN, f"only {read} answers are recorded in {FOLDER}"


def test_a_recording_is_taken_apart_as_its_format_says(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(
        '- request:\n    body: \'{"type": "x"}\'\n  response:\n    body:\n'
        "      string: '[\"Take\n        Profit\", \"it''s\"]'\n"
    )

    assert exchanges(path) == [({"type": "x"}, ["Take Profit", "it's"])]
