"""Every question and every subscription of the venue's own client; a part of `official_day.py`."""

from official_desk import Mailbox

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def follow(desk):
    """Subscribe to everything the client can subscribe to."""
    user = {"user": desk.master}
    wanted = {
        "allMids": {},
        "l2Book": {"coin": "ETH"},
        "bbo": {"coin": "ETH"},
        "trades": {"coin": "ETH"},
        "candle": {"coin": "ETH", "interval": "1m"},
        "activeAssetCtx": {"coin": "ETH"},
        "activeAssetData": {**user, "coin": "ETH"},
        "userEvents": user,
        "userFills": user,
        "orderUpdates": user,
        "userFundings": user,
        "userNonFundingLedgerUpdates": user,
        "webData2": user,
    }
    boxes = {kind: Mailbox(desk.info, {"type": kind, **rest}) for kind, rest in wanted.items()}
    boxes["spotCtx"] = Mailbox(desk.info, {"type": "activeAssetCtx", "coin": "PURR/USDC"})
    return boxes


def first_words(desk, boxes):
    """Keep the first message of the subscriptions that speak at once."""
    silent = {"bbo", "trades", "candle", "userEvents", "orderUpdates"}
    for kind, box in boxes.items():
        if kind not in silent:
            desk.say(f"ws_first_{kind}", box.wait_for(lambda _: True))


def heard(desk, boxes):
    """Keep a message of every subscription that tells what the day did."""
    oid = desk.said["gtc"]["response"]["data"]["statuses"][0]["resting"]["oid"]

    def status_of_first(status):
        return lambda updates: any(
            update["order"]["oid"] == oid and update["status"] == status for update in updates
        )

    for name, kind, accept in (
        ("ws_open", "orderUpdates", status_of_first("open")),
        ("ws_cancelled", "orderUpdates", status_of_first("canceled")),
        ("ws_fill", "userFills", lambda data: not data.get("isSnapshot")),
        ("ws_event", "userEvents", lambda data: "fills" in data),
        ("ws_trades", "trades", lambda data: len(data) > 0),
        ("ws_candle", "candle", lambda data: data["n"] > 0),
        ("ws_bbo", "bbo", lambda data: all(data["bbo"])),
        ("ws_mids", "allMids", lambda data: "ETH" in data["mids"]),
        ("ws_book", "l2Book", lambda data: len(data["levels"][0]) > 0),
        ("ws_context", "activeAssetCtx", lambda data: data["coin"] == "ETH"),
        ("ws_ledger", "userNonFundingLedgerUpdates", lambda data: not data.get("isSnapshot")),
        ("ws_funding", "userFundings", lambda data: not data.get("isSnapshot")),
        ("ws_funding_event", "userEvents", lambda data: "funding" in data),
    ):
        desk.say(name, boxes[kind].wait_for(accept))


def leave(desk, boxes):
    """Unsubscribe from everything."""
    print("-- leaving --")  # noqa: T201 - frames under way from now on surprise nobody
    for box in boxes.values():
        assert desk.info.unsubscribe(box.subscription, box.number)


def market(desk):
    """Ask what there is to trade."""
    info, now = desk.info, desk.info.post("/info", {"type": "exchangeStatus"})["time"]
    desk.say("meta", info.meta())
    desk.say("meta_xyz", info.meta("xyz"))
    desk.say("contexts", info.meta_and_asset_ctxs())
    desk.say("spot_meta", info.spot_meta())
    desk.say("spot_contexts", info.spot_meta_and_asset_ctxs())
    desk.say("perp_dexs", info.perp_dexs())
    desk.say("mids", info.all_mids())
    desk.say("book", info.l2_snapshot("ETH"))
    desk.say("candles", info.candles_snapshot("ETH", "1m", now - HOUR_MS, now))
    desk.say("funding_history", info.funding_history("ETH", now - 3 * HOUR_MS))
    desk.say("funding_history_ended", info.funding_history("ETH", now - 3 * HOUR_MS, now))
    desk.say("perp_auction", info.query_perp_deploy_auction_status())
    desk.ask("all_perp_metas", "allPerpMetas")
    desk.ask("recent_trades", "recentTrades", coin="ETH")
    desk.ask("predicted_fundings", "predictedFundings")
    desk.ask("max_market_orders", "maxMarketOrderNtls")
    desk.ask("at_cap", "perpsAtOpenInterestCap")
    desk.ask("dex_limits", "perpDexLimits", dex="xyz")
    desk.ask("dex_status", "perpDexStatus", dex="xyz")
    desk.ask("margin_table", "marginTable", id=56)
    desk.ask("exchange_status", "exchangeStatus")


def account(desk):
    """Ask everything about the account."""
    info, master = desk.info, desk.master
    now = info.post("/info", {"type": "exchangeStatus"})["time"]
    start = now - DAY_MS
    desk.say("state", info.user_state(master))
    desk.say("spot_state_after", info.spot_user_state(master))
    desk.say("fills", info.user_fills(master))
    desk.say("fills_by_time", info.user_fills_by_time(master, start, now))
    desk.say("fills_joined", info.user_fills_by_time(master, start, aggregate_by_time=True))
    desk.say("user_funding", info.user_funding_history(master, start))
    desk.say("user_funding_ended", info.user_funding_history(master, start, now))
    desk.say("ledger", info.user_non_funding_ledger_updates(master, start))
    desk.say("fees", info.user_fees(master))
    desk.say("rate_limit", info.user_rate_limit(master))
    desk.say("role", info.user_role(master))
    desk.say("portfolio", info.portfolio(master))
    desk.say("historical_orders", info.historical_orders(master))
    desk.say("vault_equities", info.user_vault_equities(master))
    desk.say("referral", info.query_referral_state(master))
    desk.say("multi_sig", info.query_user_to_multi_sig_signers(master))
    desk.say("dex_abstraction", info.query_user_dex_abstraction_state(master))
    desk.say("abstraction_state", info.query_user_abstraction_state(master))
    desk.say("staking_summary", info.user_staking_summary(master))
    desk.say("delegations", info.user_staking_delegations(master))
    desk.say("staking_rewards", info.user_staking_rewards(master))
    desk.say("delegator_history", info.delegator_history(master))
    desk.say("spot_deploy", info.query_spot_deploy_auction_status(master))
    desk.ask("active_data", "activeAssetData", user=master, coin="ETH")
    desk.ask("max_builder_fee", "maxBuilderFee", user=master, builder=desk.friend)
    desk.ask("approved_builders", "approvedBuilders", user=master)
    desk.ask("web_data", "webData2", user=master)
