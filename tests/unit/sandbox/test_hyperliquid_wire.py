"""What the venue can read, the form it hashes, and when in a block it applies what it read."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import order
from tests.unit.sandbox.hyperliquid_office import DONE, NOBODY, office, refusal
from venues.sandbox.hyperliquid.actions import MalformedError, read
from venues.sandbox.hyperliquid.actions.apply import TELLING, WORKING
from venues.sandbox.hyperliquid.actions.envelope import FORMS
from venues.sandbox.hyperliquid.actions.messages.other import NotPlayed
from venues.sandbox.hyperliquid.actions.typed import USER_SIGNED
from venues.sandbox.hyperliquid.order import TimeInForce

SIGNATURE = {"r": "0x1", "s": "0x2", "v": 27}
CLOID = "0x" + "0a" * 16
UPPER = "0x" + "AB" * 20
LOWER = "0x" + "ab" * 20


def body(action, **rest):
    return {"action": action, "nonce": 1, "signature": SIGNATURE, **rest}


def orders(*items, **rest):
    return {"type": "order", "orders": list(items), "grouping": "na", **rest}


def trigger(**changes):
    kind = {"isMarket": True, "triggerPx": "2500.0", "tpsl": "sl", **changes}
    return {**order("2400", "1"), "t": {"trigger": kind}}


def user_signed(kind, **fields):
    return {"type": kind, "signatureChainId": "0x1", "hyperliquidChain": "Testnet", **fields}


ASSET = {
    "destination": UPPER,
    "sourceDex": "",
    "destinationDex": "spot",
    "token": "USDC",
    "amount": "1",
    "fromSubAccount": "",
}

# One readable action of every kind.
READABLE = [
    orders(),
    orders(order("2900", "1", cloid=CLOID), builder={"b": LOWER, "f": 10}),
    orders(trigger(), grouping="positionTpsl"),
    orders(order("2900", "1", tif="FrontendMarket")),
    {**orders(order("2900", "1")), "grouping": {"p": 1_000}},
    {"type": "cancel", "cancels": [{"a": 1, "o": 2}], "f": True},
    {"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": CLOID}]},
    {"type": "modify", "oid": CLOID, "order": order("2900", "1")},
    {"type": "batchModify", "modifies": [{"oid": 1, "order": order("2900", "1")}], "a": True},
    {"type": "twapOrder", "twap": {"a": 1, "b": True, "s": "3", "r": False, "m": 30, "t": False}},
    {"type": "twapCancel", "a": 1, "t": 7},
    {"type": "scheduleCancel"},
    {"type": "noop"},
    {"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 3},
    {"type": "updateIsolatedMargin", "asset": 1, "isBuy": True, "ntli": -5},
    {"type": "topUpIsolatedOnlyMargin", "asset": 1, "leverage": "2.5"},
    user_signed("usdSend", destination=UPPER, amount="1", time=1),
    user_signed("spotSend", destination=UPPER, token="PURR:0x1", amount="1", time=1),  # noqa: S106 - a token of money
    user_signed("withdraw3", destination=UPPER, amount="1", time=1),
    user_signed("usdClassTransfer", amount=f"1 subaccount:{UPPER}", toPerp=True, nonce=1),
    user_signed("approveAgent", agentAddress=UPPER, nonce=1),
    user_signed("approveBuilderFee", maxFeeRate="0.001%", builder=UPPER, nonce=1),
    user_signed("userSetAbstraction", user=UPPER, abstraction="disabled", nonce=1),
    user_signed("userDexAbstraction", user=UPPER, enabled=True, nonce=1),
    user_signed("userPortfolioMargin", user=UPPER, enabled=True, nonce=1),
    user_signed("convertToMultiSigUser", signers="null", nonce=1),
    user_signed("tokenDelegate", validator=UPPER, wei=1, isUndelegate=False, nonce=1),
    user_signed("cDeposit", wei=1, nonce=1),
    user_signed("cWithdraw", wei=1, nonce=1),
    user_signed("linkStakingUser", user=UPPER, isFinalize=True, nonce=1),
    user_signed("sendAsset", **ASSET, nonce=1),
    {"type": "agentSendAsset", **ASSET, "nonce": 1},
    user_signed(
        "sendToEvmWithData",
        token="USDC",  # noqa: S106 - a token of money
        amount="1",
        sourceDex="",
        destinationRecipient=UPPER,
        addressEncoding="hex",
        destinationChainId=1,
        gasLimit=1,
        data="0x",
        nonce=1,
    ),
    {"type": "subAccountTransfer", "subAccountUser": UPPER, "isDeposit": True, "usd": 1},
    {
        "type": "subAccountSpotTransfer",
        "subAccountUser": UPPER,
        "isDeposit": True,
        "token": "PURR",
        "amount": "1",
    },
    {"type": "vaultTransfer", "vaultAddress": UPPER, "isDeposit": True, "usd": 1},
    {"type": "createSubAccount", "name": "n"},
    {"type": "subAccountModify", "subAccountUser": UPPER, "name": "n"},
    {"type": "setReferrer", "code": "C"},
    {"type": "registerReferrer", "code": "C"},
    {"type": "setDisplayName", "displayName": ""},
    {"type": "agentSetAbstraction", "abstraction": "u"},
    {"type": "agentEnableDexAbstraction"},
    {"type": "reserveRequestWeight", "weight": 1},
    {"type": "claimRewards"},
    {"type": "evmUserModify", "usingBigBlocks": True},
    {"type": "spotUser", "toggleSpotDusting": {"optOut": True}},
    {"type": "perpDeploy", "haltTrading": {"coin": "xyz:NVDA", "isHalted": True}},
    {"type": "CSignerAction", "jailSelf": None},
]


@pytest.mark.parametrize("action", READABLE)
def test_every_documented_action_is_read(action):
    envelope = read(body(action))

    assert envelope.name == action["type"]
    assert envelope.multi_sig is None


@pytest.mark.parametrize(
    "action", [a for a in READABLE if FORMS[a["type"]] is not FORMS["perpDeploy"]]
)
def test_an_unknown_key_a_missing_key_and_a_wrong_type_are_refused(action):
    with pytest.raises(MalformedError):
        read(body({**action, "extra": 1}))
    for name in action:
        if name in {"builder", "f", "a"}:
            continue  # these may be left out
        with pytest.raises(MalformedError):
            read(body({**action, name: [{}]}))
        with pytest.raises(MalformedError):
            read(body({key: value for key, value in action.items() if key != name}))


def test_every_form_is_tried_and_has_something_to_do():
    opaque = {name for name, form in FORMS.items() if form is FORMS["perpDeploy"]}
    assert {action["type"] for action in READABLE} | opaque == FORMS.keys()

    built = {type(read(body(action)).action) for action in READABLE} - {NotPlayed}

    assert built <= TELLING.keys() | WORKING.keys()
    assert not TELLING.keys() & WORKING.keys()
    assert USER_SIGNED.keys() <= FORMS.keys()


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        {"action": {"type": "noop"}, "nonce": 1},
        body({"type": "nope"}),
        body({"type": 7}),
        body({}),
        body("noop"),
        {**body({"type": "noop"}), "nonce": "1"},
        {**body({"type": "noop"}), "nonce": -1},
        {**body({"type": "noop"}), "nonce": 2**64},
        {**body({"type": "noop"}), "nonce": True},
        {**body({"type": "noop"}), "signature": {"r": "0x1", "s": "0x2"}},
        {**body({"type": "noop"}), "signature": {"r": "1", "s": "0x2", "v": 27}},
        body({"type": "noop"}, vaultAddress="0x12"),
        body({"type": "noop"}, expiresAfter="soon"),
        body({"type": "noop"}, other=1),
        body({"type": "perpDeploy", "maxGas": 10**30}),
    ],
)
def test_a_body_the_venue_cannot_deserialise_is_refused(bad):
    with pytest.raises(MalformedError):
        read(bad)


@pytest.mark.parametrize(
    "changed",
    [
        {"p": 2900},
        {"p": "2900,5"},
        {"p": "-1"},
        {"p": "1e3"},
        {"s": ""},
        {"c": "7"},
        {"c": "0x12"},
        {"a": -1},
        {"a": True},
        {"b": 1},
        {"r": "false"},
        {"t": {}},
        {"t": {"limit": {"tif": "Fok"}}},
        {"t": {"limit": {"tif": "LiquidationMarket"}}},
        {"t": {"limit": {"tif": "Gtc"}, "trigger": {}}},
        {"t": {"trigger": {"isMarket": True, "tpsl": "sl", "triggerPx": "1"}}},
        {"t": {"trigger": {"isMarket": True, "triggerPx": "1", "tpsl": "up"}}},
        {"s": "\N{ARABIC-INDIC DIGIT ONE}"},
    ],
)
def test_an_order_of_the_wrong_form_is_refused(changed):
    with pytest.raises(MalformedError):
        read(body(orders({**order("2900", "1"), **changed})))


@pytest.mark.parametrize("grouping", ["all", {"p": "1"}, {"q": 1}, {}, 5])
def test_an_unknown_grouping_is_refused(grouping):
    with pytest.raises(MalformedError):
        read(body({**orders(order("2900", "1")), "grouping": grouping}))


def test_keys_come_in_the_documented_order_where_the_order_is_hashed():
    with pytest.raises(MalformedError):
        read(body({"type": "order", "grouping": "na", "orders": []}))
    fields = user_signed("usdSend", destination=NOBODY, amount="1", time=1)

    turned = read(body(dict(reversed(fields.items()))))

    assert list(turned.normal) == list(fields)


def test_numbers_addresses_and_unset_flags_are_hashed_in_normal_form():
    sent = orders(order("2900.50", "01.0"), builder={"b": UPPER, "f": 3})
    cancel = {"type": "cancel", "cancels": [], "f": False}

    assert read(body(sent)).normal == orders(order("2900.5", "1"), builder={"b": LOWER, "f": 3})
    assert read(body(orders(trigger()))).normal["orders"][0]["t"]["trigger"]["triggerPx"] == "2500"
    assert read(body(cancel)).normal == {"type": "cancel", "cancels": []}
    assert read(body({"type": "scheduleCancel", "time": None})).normal == {"type": "scheduleCancel"}
    assert read(body({**orders(), "builder": None})).normal == orders()
    transfer = {"type": "subAccountTransfer", "subAccountUser": UPPER, "isDeposit": True, "usd": 1}
    assert read(body(transfer)).normal["subAccountUser"] == LOWER


def test_an_agent_name_that_is_null_stays_null_and_names_nothing():
    # Another client of the venue sends it so, and hashes it when several keys sign.
    sent = user_signed("approveAgent", agentAddress=LOWER, agentName=None, nonce=1)

    assert read(body(sent)).normal == sent
    assert not read(body(sent)).action.name


def test_a_client_that_signs_another_form_is_a_stranger():
    venue = office()

    answer = venue.send(orders(order("2900.0", "1")))

    assert refusal(answer).startswith("User or API Wallet 0x")
    assert venue.send(orders(order("2900", "1")))["status"] == "ok"


def test_text_fields_are_hashed_as_they_stand():
    sent = user_signed("usdSend", destination=UPPER, amount="1.50", time=1)

    assert read(body(sent)).normal["destination"] == UPPER
    assert read(body(sent)).normal["amount"] == "1.50"


def test_an_order_means_what_it_says():
    action = read(
        body(
            orders(
                trigger(tpsl="tp"), order("2900", "1", cloid=CLOID), builder={"b": LOWER, "f": 3}
            )
        )
    ).action

    first, second = action.orders
    assert first.trigger.is_take_profit
    assert first.trigger.price_text == "2500"
    assert first.time_in_force is None
    assert (second.cloid, second.time_in_force) == (CLOID, TimeInForce.GTC)
    assert (action.builder.address, action.builder.tenths_bp) == (LOWER, 3)


def test_a_priority_fee_is_a_grouping_of_its_own():
    action = read(body({**orders(order("2900", "1")), "grouping": {"p": 1_234}})).action

    assert (action.grouping, action.priority_fee) == ("na", 1_234)


@pytest.mark.parametrize(
    ("action", "phase"),
    [
        (orders(order("1", "1", tif="Alo"), order("1", "1", tif="Alo")), 1),
        (orders(order("1", "1", tif="Alo"), order("1", "1", tif="Gtc")), 3),
        (orders(order("1", "1", tif="Ioc")), 3),
        (orders(order("1", "1", tif="FrontendMarket")), 3),
        (orders(trigger()), 1),
        ({"type": "cancel", "cancels": []}, 2),
        ({"type": "cancelByCloid", "cancels": []}, 2),
        ({"type": "modify", "oid": 1, "order": order("1", "1", tif="Alo")}, 1),
        ({"type": "modify", "oid": 1, "order": order("1", "1", tif="Gtc")}, 3),
        ({"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 3}, 1),
        ({"type": "noop"}, 1),
    ],
)
def test_a_block_applies_what_takes_nothing_first_then_cancels_then_takers(action, phase):
    assert read(body(action)).phase == phase


def test_a_multi_sig_action_takes_its_turn_by_what_it_wraps():
    wrapped = {
        "type": "multiSig",
        "signatureChainId": "0x66eee",
        "signatures": [SIGNATURE],
        "payload": {
            "multiSigUser": UPPER,
            "outerSigner": LOWER,
            "action": {"type": "cancel", "cancels": [{"a": 1, "o": 2}, {"a": 1, "o": 3}]},
        },
    }

    envelope = read(body(wrapped))

    assert (envelope.phase, envelope.weight, envelope.is_cancel) == (2, 2, True)
    with pytest.raises(MalformedError):
        read(body({**wrapped, "payload": {**wrapped["payload"], "action": wrapped}}))
    with pytest.raises(MalformedError):
        read(body({**wrapped, "signatures": []}))


def test_an_action_that_is_not_played_is_still_checked_and_refused_in_plain_words():
    venue = office()

    assert refusal(venue.send({"type": "spotDeploy", "genesis": {"token": 1}})) == (
        "Action spotDeploy is not supported by this sandbox."
    )
    assert refusal(venue.sign("cDeposit", wei=1)) == (
        "Action cDeposit is not supported by this sandbox."
    )
    assert venue.send({"type": "evmUserModify", "usingBigBlocks": True}) == DONE
