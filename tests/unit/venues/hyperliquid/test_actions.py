"""Actions as the venue documents them; every other shape is compared with the venue's client."""

from dataclasses import replace

import orjson

from router.domain.units import Side
from venues.hyperliquid.actions import account, change, deploy, margin, order, safety, twap
from venues.hyperliquid.actions.market import perpetual, spot

CLOID = "0x" + "5d" * 16
BUILDER = "0x" + "ab" * 20
BTC = perpetual(0, size_decimals=5, leverage_max=40)
ORDER = order.Order(BTC, Side.BUY, 600_000, 100, order.TimeInForce.POST_ONLY, cloid=CLOID)


def text(action):
    return orjson.dumps(action).decode()


def test_an_order_is_written_with_the_documented_keys_in_their_order():
    action = order.place([ORDER], builder=order.Builder(BUILDER, 10))

    assert text(action) == (
        '{"type":"order","orders":[{"a":0,"b":true,"p":"60000","s":"0.001","r":false,'
        f'"t":{{"limit":{{"tif":"Alo"}}}},"c":"{CLOID}"}}],"grouping":"na",'
        f'"builder":{{"b":"{BUILDER}","f":10}}}}'
    )


def test_a_sell_order_is_the_same_action_with_one_bit_changed():
    buy, sell = (
        order.place([replace(ORDER, side=side)])["orders"][0] for side in (Side.BUY, Side.SELL)
    )

    assert (buy.pop("b"), sell.pop("b")) == (True, False)
    assert buy == sell


def test_a_priority_fee_takes_the_place_of_the_grouping():
    assert order.place([ORDER], grouping=order.Priority(80_000))["grouping"] == {"p": 80_000}
    assert order.place([ORDER], grouping=order.Grouping.EXITS)["grouping"] == "positionTpsl"


def test_a_trigger_is_written_with_the_documented_keys_in_their_order():
    when = order.Trigger(order.TriggerKind.TAKE_PROFIT, 601_000, is_market=False)

    assert text(order.order_wire(replace(ORDER, when=when))["t"]) == (
        '{"trigger":{"isMarket":false,"triggerPx":"60100","tpsl":"tp"}}'
    )


def test_cancels_name_orders_by_the_venues_numbers_or_ours():
    by_oid = change.cancel([change.CancelByOid(0, 77738308)])
    by_cloid = change.cancel_by_cloid([change.CancelByCloid(0, CLOID)])

    assert text(by_oid) == '{"type":"cancel","cancels":[{"a":0,"o":77738308}]}'
    assert by_cloid == {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]}


def test_a_mark_that_is_not_set_is_left_out():
    told, one = [change.CancelByOid(0, 1)], change.Modify(77738308, ORDER)

    assert list(change.cancel(told)) == ["type", "cancels"]
    assert list(change.cancel(told, fast=True)) == ["type", "cancels", "f"]
    assert list(change.modify(one)) == ["type", "oid", "order"]
    assert list(change.modify(one, always_place=True)) == ["type", "oid", "order", "a"]
    assert list(change.batch_modify([one], always_place=True)) == ["type", "modifies", "a"]


def test_leverage_and_margin_are_written_as_documented():
    assert text(margin.update_leverage(BTC, leverage=5, is_cross=True)) == (
        '{"type":"updateLeverage","asset":0,"isCross":true,"leverage":5}'
    )
    assert text(margin.update_isolated_margin(BTC, micro_usd=-1_000_000)) == (
        '{"type":"updateIsolatedMargin","asset":0,"isBuy":true,"ntli":-1000000}'
    )
    assert text(margin.top_up_isolated_only_margin(BTC, leverage_e6=2_500_000)) == (
        '{"type":"topUpIsolatedOnlyMargin","asset":0,"leverage":"2.5"}'
    )


def test_a_sliced_order_has_details_only_where_there_are_some():
    wanted = twap.Twap(BTC, Side.SELL, 10_000, minutes=30, randomise=True)
    begin = twap.TwapTrigger(600_000, is_above=False)

    assert text(twap.twap_order(wanted)) == (
        '{"type":"twapOrder","twap":{"a":0,"b":false,"s":"0.1","r":false,"m":30,"t":true}}'
    )
    assert text(twap.twap_order(replace(wanted, trigger=begin))["details"]) == (
        '{"t":{"p":"60000","a":false},"s":null}'
    )
    assert twap.twap_order(replace(wanted, stop_ticks=590_000))["details"] == {
        "t": None,
        "s": "59000",
    }
    assert twap.twap_cancel(BTC, twap=7) == {"type": "twapCancel", "a": 0, "t": 7}


def test_the_rest_is_written_as_documented():
    assert safety.noop() == {"type": "noop"}
    assert account.agent_set_abstraction(account.AgentAbstraction.UNIFIED) == {
        "type": "agentSetAbstraction",
        "abstraction": "u",
    }
    assert deploy.unregister_validator() == {"type": "CValidatorAction", "unregister": None}


def test_assets_are_numbered_by_what_they_are():
    built = perpetual(3, size_decimals=2, leverage_max=10, dex=2)

    assert (BTC.asset, spot(107, size_decimals=2).asset, built.asset) == (0, 10_107, 120_003)
    assert [m.is_spot for m in (BTC, spot(0, size_decimals=0), built)] == [False, True, False]
    assert spot(0, size_decimals=2).price_decimals == 6
    assert BTC.price_decimals == 1
