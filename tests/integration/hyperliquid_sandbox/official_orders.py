"""Orders of every kind through the venue's own client; a part of `official_day.py`."""

from hyperliquid.utils.types import Cloid

GTC = {"limit": {"tif": "Gtc"}}
IOC = {"limit": {"tif": "Ioc"}}
ALO = {"limit": {"tif": "Alo"}}
FIRST, SECOND, THIRD = (Cloid.from_int(number) for number in (7, 8, 9))


def buy(exchange, coin, size, price, kind, **rest):
    """Send one order to buy."""
    return exchange.order(coin, is_buy=True, sz=size, limit_px=price, order_type=kind, **rest)


def sell(exchange, coin, size, price, kind, **rest):
    """Send one order to sell."""
    return exchange.order(coin, is_buy=False, sz=size, limit_px=price, order_type=kind, **rest)


def trigger(price, kind, *, is_market=True):
    """Return the order type of a stop or take-profit."""
    return {"trigger": {"isMarket": is_market, "triggerPx": price, "tpsl": kind}}


def request(coin, price, size, *, is_buy=True, kind=None, reduce_only=False):
    """Return an order request as the client wants it in batches."""
    return {
        "coin": coin,
        "is_buy": is_buy,
        "sz": size,
        "limit_px": price,
        "order_type": kind or GTC,
        "reduce_only": reduce_only,
    }


def limits(desk):
    """Rest, find, cross, refuse and cancel limit orders."""
    agent, info, master = desk.agent, desk.info, desk.master
    oid = desk.resting("gtc", buy(agent, "ETH", 1.25, 2900.0, GTC, cloid=FIRST))
    desk.say("open_orders", info.open_orders(master))
    desk.say("frontend_open_orders", info.frontend_open_orders(master))
    desk.say("by_oid", info.query_order_by_oid(master, oid))
    desk.say("by_cloid", info.query_order_by_cloid(master, FIRST))
    desk.statuses("cancel_by_cloid", agent.cancel_by_cloid("ETH", FIRST))
    desk.say("by_cloid_after", info.query_order_by_cloid(master, FIRST))
    desk.filled("ioc", buy(agent, "ETH", 2.0, 3010.0, IOC))
    alo = desk.resting("alo", sell(agent, "ETH", 1.0, 3100.0, ALO))
    desk.statuses("alo_crossing", sell(agent, "ETH", 1.0, 2950.0, ALO))
    desk.statuses("ioc_missing", buy(agent, "ETH", 1.0, 2900.0, IOC))
    desk.statuses("cancel", agent.cancel("ETH", alo))
    desk.statuses("cancel_again", agent.cancel("ETH", alo))
    desk.statuses("reduce_only_wrong", buy(agent, "ETH", 1.0, 2900.0, GTC, reduce_only=True))
    desk.resting("reduce_only", sell(agent, "ETH", 1.0, 3200.0, GTC, reduce_only=True))
    small = request("BTC", 85000.0, 0.00001)
    desk.statuses("batch", agent.bulk_orders([request("BTC", 85000.0, 0.01), small]))
    desk.filled("market_open", agent.market_open("BTC", is_buy=True, sz=0.05))
    desk.filled("market_close", agent.market_close("BTC"))


def triggers(desk):
    """Attach stops and take-profits to the position, alone and in groups."""
    agent, info, master = desk.agent, desk.info, desk.master
    desk.statuses(
        "stop",
        sell(agent, "ETH", 1.0, 2700.0, trigger(2800.0, "sl"), reduce_only=True),
    )
    desk.statuses(
        "take_profit_limit",
        sell(agent, "ETH", 1.0, 3290.0, trigger(3300.0, "tp", is_market=False), reduce_only=True),
    )
    parent = request("BTC", 80000.0, 0.01)
    take = request(
        "BTC", 95000.0, 0.01, is_buy=False, kind=trigger(96000.0, "tp"), reduce_only=True
    )
    stop = request(
        "BTC", 70000.0, 0.01, is_buy=False, kind=trigger(75000.0, "sl"), reduce_only=True
    )
    statuses = desk.statuses(
        "bracket", agent.bulk_orders([parent, take, stop], grouping="normalTpsl")
    )
    desk.say("with_triggers", info.frontend_open_orders(master))
    whole = request("ETH", 2500.0, 2.0, is_buy=False, kind=trigger(2600.0, "sl"), reduce_only=True)
    desk.statuses("position_stop", agent.bulk_orders([whole], grouping="positionTpsl"))
    desk.statuses("cancel_bracket", agent.cancel("BTC", statuses[0]["resting"]["oid"]))
    desk.say("after_bracket", info.frontend_open_orders(master))


def changes(desk):
    """Modify by the venue's number and by the client's, alone and in a batch; dead man's switch."""
    agent, info, master = desk.agent, desk.info, desk.master
    oid = desk.resting("to_modify", buy(agent, "ETH", 1.0, 2850.0, GTC, cloid=SECOND))
    desk.statuses(
        "modified",
        agent.modify_order(
            oid, "ETH", is_buy=True, sz=1.5, limit_px=2860.0, order_type=GTC, cloid=SECOND
        ),
    )
    desk.say("old_after_modify", info.query_order_by_oid(master, oid))
    desk.say("new_after_modify", info.query_order_by_cloid(master, SECOND))
    again = {"oid": SECOND, "order": {**request("ETH", 2870.0, 1.0), "cloid": SECOND}}
    never = {"oid": 10**15, "order": request("ETH", 2880.0, 1.0)}
    desk.statuses("batch_modified", agent.bulk_modify_orders_new([again, never]))
    desk.done("schedule_cancel", agent.schedule_cancel(venue_time(desk) + 60_000))
    desk.done("unschedule_cancel", agent.schedule_cancel(None))
    desk.refused("schedule_too_early", agent.schedule_cancel(venue_time(desk) + 100))
    desk.say("noop", agent.noop(venue_time(desk)))


def venue_time(desk):
    """Return the venue's time in milliseconds."""
    return desk.info.post("/info", {"type": "exchangeStatus"})["time"]


def builders(desk):
    """Pay a builder, before and after it was approved."""
    fee = {"b": desk.friend, "f": 10}
    desk.refused("builder_unapproved", buy(desk.agent, "ETH", 0.1, 3010.0, IOC, builder=dict(fee)))
    desk.done("approve_builder", desk.owner.approve_builder_fee(desk.friend, "0.01%"))
    desk.filled("builder_paid", buy(desk.agent, "ETH", 0.1, 3010.0, IOC, builder=dict(fee)))


def margins(desk):
    """Choose leverage, go isolated, move margin."""
    agent = desk.agent
    desk.done("leverage", agent.update_leverage(10, "ETH"))
    desk.refused("leverage_too_high", agent.update_leverage(99, "ETH"))
    desk.done("isolate", agent.update_leverage(5, "BTC", is_cross=False))
    desk.filled("isolated_open", agent.market_open("BTC", is_buy=True, sz=0.1))
    desk.done("isolated_more", agent.update_isolated_margin(500.0, "BTC"))
    desk.say("isolated_state", desk.info.user_state(desk.master))
    desk.done("isolated_less", agent.update_isolated_margin(-200.0, "BTC"))


def builder_dex(desk):
    """Trade a coin of a builder's dex with collateral sent there."""
    desk.done("fund_dex", desk.owner.send_asset(desk.master, "", "xyz", desk.usdc, 20_000.0))
    desk.filled("dex_open", desk.agent.market_open("xyz:XYZ100", is_buy=True, sz=0.1))
    desk.say("dex_state", desk.info.user_state(desk.master, "xyz"))
    desk.resting("dex_resting", buy(desk.agent, "xyz:XYZ100", 0.1, 20000.0, GTC))
    desk.say("dex_orders", desk.info.open_orders(desk.master, "xyz"))
    desk.say("dex_mids", desk.info.all_mids("xyz"))


def spot(desk):
    """Trade a pair with somebody else."""
    desk.resting("spot_offer", sell(desk.other, "PURR/USDC", 1000.0, 0.2, GTC))
    desk.filled("spot_buy", buy(desk.agent, "PURR/USDC", 400.0, 0.2, IOC))
    desk.resting("spot_sell", sell(desk.agent, "PURR/USDC", 100.0, 0.25, GTC))
    desk.say("spot_state", desk.info.spot_user_state(desk.master))
    desk.say("spot_book", desk.info.l2_snapshot("PURR/USDC"))


def twap(desk):
    """Run one TWAP order to its end and cancel another."""
    order = {"a": 1, "b": True, "s": "1", "r": False, "m": 5, "t": False}
    started = desk.say("twap", desk.act(desk.agent, {"type": "twapOrder", "twap": order}))
    number = started["response"]["data"]["status"]["running"]["twapId"]
    desk.direct("time", advance_ms=120_000)
    desk.say("twap_slices", desk.info.user_twap_slice_fills(desk.master))
    desk.say("twap_cancel", desk.act(desk.agent, {"type": "twapCancel", "a": 1, "t": number}))
    desk.say("twap_short", desk.act(desk.agent, {"type": "twapOrder", "twap": {**order, "m": 1}}))
    desk.ask("twap_history", "twapHistory", user=desk.master)
