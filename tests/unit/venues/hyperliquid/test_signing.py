"""Signatures against the vectors of the venue's own client, from its signing tests."""

import random
from dataclasses import replace

import msgpack
import pytest

from router.domain.error import ConfigError, NotSentError
from router.domain.units import Side
from tests.unit.venues.hyperliquid.sdk_master_cases import MASTER_KINDS
from venues.hyperliquid.actions import account, safety
from venues.hyperliquid.actions.market import perpetual
from venues.hyperliquid.actions.order import (
    Order,
    TimeInForce,
    Trigger,
    TriggerKind,
    place,
)
from venues.hyperliquid.signing import USER_SIGNED, AgentSigner, Signature, connection_id

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
VAULT = bytes.fromhex("1719884eb866cb12b2287399b15f7db5e7d775ea")
DUMMY = {"type": "dummy", "num": 100000000000}
ORDER = {
    "type": "order",
    "orders": [
        {"a": 1, "b": True, "p": "100", "s": "100", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    ],
    "grouping": "na",
}
ORDER_WITH_CLOID = {
    **ORDER,
    "orders": [{**ORDER["orders"][0], "c": "0x00000000000000000000000000000001"}],
}
STOP = {
    **ORDER,
    "orders": [
        {
            **ORDER["orders"][0],
            "t": {"trigger": {"isMarket": True, "triggerPx": "103", "tpsl": "sl"}},
        }
    ],
}
CREATE_SUB_ACCOUNT = {"type": "createSubAccount", "name": "example"}
SUB_ACCOUNT_TRANSFER = {
    "type": "subAccountTransfer",
    "subAccountUser": "0x1d9470d4b963f552e6f671a81619d395877bf409",
    "isDeposit": True,
    "usd": 10,
}
DISARM = {"type": "scheduleCancel"}
ARM = {"type": "scheduleCancel", "time": 123456789}

VECTORS = [
    (
        DUMMY,
        None,
        True,
        0x53749D5B30552AEB2FCA34B530185976545BB22D0B3CE6F62E31BE961A59298,
        0x755C40BA9BF05223521753995ABB2F73AB3229BE8EC921F350CB447E384D8ED8,
        27,
    ),
    (
        DUMMY,
        None,
        False,
        0x542AF61EF1F429707E3C76C5293C80D01F74EF853E34B76EFFFCB57E574F9510,
        0x17B8B32F086E8CDEDE991F1E2C529F5DD5297CBE8128500E00CBAF766204A613,
        28,
    ),
    (
        DUMMY,
        VAULT,
        True,
        0x3C548DB75E479F8012ACF3000CA3A6B05606BC2EC0C29C50C515066A326239,
        0x4D402BE7396CE74FBBA3795769CDA45AEC00DC3125A984F2A9F23177B190DA2C,
        28,
    ),
    (
        DUMMY,
        VAULT,
        False,
        0xE281D2FB5C6E25CA01601F878E4D69C965BB598B88FAC58E475DD1F5E56C362B,
        0x7DDAD27E9A238D045C035BC606349D075D5C5CD00A6CD1DA23AB5C39D4EF0F60,
        27,
    ),
    (
        ORDER,
        None,
        True,
        0xD65369825A9DF5D80099E513CCE430311D7D26DDF477F5B3A33D2806B100D78E,
        0x2B54116FF64054968AA237C20CA9FF68000F977C93289157748A3162B6EA940E,
        28,
    ),
    (
        ORDER,
        None,
        False,
        0x82B2BA28E76B3D761093AADED1B1CDAD4960B3AF30212B343FB2E6CDFA4E3D54,
        0x6B53878FC99D26047F4D7E8C90EB98955A109F44209163F52D8DC4278CBBD9F5,
        27,
    ),
    (
        ORDER_WITH_CLOID,
        None,
        True,
        0x41AE18E8239A56CACBC5DAD94D45D0B747E5DA11AD564077FCAC71277A946E3,
        0x3C61F667E747404FE7EEA8F90AB0E76CC12CE60270438B2058324681A00116DA,
        27,
    ),
    (
        ORDER_WITH_CLOID,
        None,
        False,
        0xEBA0664BED2676FC4E5A743BF89E5C7501AA6D870BDB9446E122C9466C5CD16D,
        0x7F3E74825C9114BC59086F1EEBEA2928C190FDFBFDE144827CB02B85BBE90988,
        28,
    ),
    (
        STOP,
        None,
        True,
        0x98343F2B5AE8E26BB2587DAAD3863BC70D8792B09AF1841B6FDD530A2065A3F9,
        0x6B5BB6BB0633B710AA22B721DD9DEE6D083646A5F8E581A20B545BE6C1FEB405,
        27,
    ),
    (
        STOP,
        None,
        False,
        0x971C554D917C44E0E1B6CC45D8F9404F32172A9D3B3566262347D0302896A2E4,
        0x206257B104788F80450F8E786C329DAA589AA0B32BA96948201AE556D5637EAC,
        28,
    ),
    (
        CREATE_SUB_ACCOUNT,
        None,
        True,
        0x51096FE3239421D16B671E192F574AE24AE14329099B6DB28E479B86CDD6CAA7,
        0xB71F7D293AF92D3772572AFB8B102D167A7CEF7473388286BC01F52A5C5B423,
        27,
    ),
    (
        CREATE_SUB_ACCOUNT,
        None,
        False,
        0xA699E3ED5C2B89628C746D3298B5DC1CCA604694C2C855DA8BB8250EC8014A5B,
        0x53F1B8153A301C72ECC655B1C315D64E1DCEA3EE58921FD7507E35818FCC1584,
        28,
    ),
    (
        SUB_ACCOUNT_TRANSFER,
        None,
        True,
        0x43592D7C6C7D816ECE2E206F174BE61249D651944932B13343F4D13F306AE602,
        0x71A926CB5C9A7C01C3359EC4C4C34C16FF8107D610994D4DE0E6430E5CC0F4C9,
        28,
    ),
    (
        SUB_ACCOUNT_TRANSFER,
        None,
        False,
        0xE26574013395AD55EE2F4E0575310F003C5BB3351B5425482E2969FA51543927,
        0xEFB08999196366871F919FD0E138B3A7F30EE33E678DF7CFAF203E25F0A4278,
        28,
    ),
    (
        DISARM,
        None,
        True,
        0x6CDFB286702F5917E76CD9B3B8BF678FCC49AEC194C02A73E6D4F16891195DF9,
        0x6557AC307FA05D25B8D61F21FB8A938E703B3D9BF575F6717BA21EC61261B2A0,
        27,
    ),
    (
        DISARM,
        None,
        False,
        0xC75BB195C3F6A4E06B7D395ACC20BBB224F6D23CCFF7C6A26D327304E6EFAEED,
        0x342F8EDE109A29F2C0723BD5EFB9E9100E3BBB493F8FB5164EE3D385908233DF,
        28,
    ),
    (
        ARM,
        None,
        True,
        0x609CB20C737945D070716DCC696BA030E9976FCF5EDAD87AFA7D877493109D55,
        0x16C685D63B5C7A04512D73F183B3D7A00DA5406FF1F8AAD33F8AE2163BAB758B,
        28,
    ),
    (
        ARM,
        None,
        False,
        0x4E4F2DBD4107C69783E251B7E1057D9F2B9D11CEE213441CCFA2BE63516DC5BC,
        0x706C656B23428C8BA356D68DB207E11139EDE1670481A9E01AE2DFCDB0E1A678,
        27,
    ),
]

# The action behind a transaction of the main network (same source, "production hash").
PRODUCTION_NONCE = 1677777606040
PRODUCTION_MSGPACK = (
    "83a474797065a56f72646572a66f72646572739186a16104a162c3a170a6313637302e31"
    "a173a6302e30313437a172c2a17481a56c696d697481a3746966a3496f63a867726f7570696e67a26e61"
)
PRODUCTION_CONNECTION_ID = "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"


@pytest.mark.parametrize(("action", "vault", "is_mainnet", "r", "s", "v"), VECTORS)
def test_signatures_equal_those_of_the_venues_own_client(action, vault, is_mainnet, r, s, v):
    signer = AgentSigner(KEY, is_mainnet=is_mainnet)

    assert signer.sign(action, nonce=0, vault=vault) == Signature(r, s, v)


def test_an_order_action_hashes_to_what_the_main_network_recorded():
    eth = perpetual(4, size_decimals=4, leverage_max=50)
    action = place([Order(eth, Side.BUY, 167_010, 147, TimeInForce.IMMEDIATE)])

    packed = msgpack.packb(action)
    connection = connection_id(action, nonce=PRODUCTION_NONCE, vault=None, expires_after_ms=None)

    assert packed.hex() == PRODUCTION_MSGPACK
    assert connection.hex() == PRODUCTION_CONNECTION_ID


def test_the_builders_make_the_actions_of_the_vectors():
    market = perpetual(1, size_decimals=0, leverage_max=50)
    order = Order(market, Side.BUY, 100 * 10**6, 100, TimeInForce.RESTING)
    stop = Trigger(TriggerKind.STOP_LOSS, 103 * 10**6, is_market=True)
    named = replace(order, cloid="0x00000000000000000000000000000001")

    assert place([order]) == ORDER
    assert place([named]) == ORDER_WITH_CLOID
    assert place([replace(order, when=stop)]) == STOP
    assert account.create_sub_account("example") == CREATE_SUB_ACCOUNT
    assert (
        account.sub_account_transfer(
            "0x1d9470d4b963f552e6f671a81619d395877bf409", is_deposit=True, micro_usd=10
        )
        == SUB_ACCOUNT_TRANSFER
    )
    assert safety.schedule_cancel(None) == DISARM
    assert safety.schedule_cancel(123456789) == ARM


@pytest.mark.parametrize("kind", sorted(USER_SIGNED))
def test_an_agent_refuses_what_only_the_master_key_may_sign(kind):
    with pytest.raises(NotSentError, match="only the master key"):
        AgentSigner(KEY, is_mainnet=True).sign({"type": kind}, nonce=1)


def test_an_agent_refuses_a_readable_action_of_any_name():
    with pytest.raises(NotSentError, match="only the master key"):
        AgentSigner(KEY, is_mainnet=True).sign(
            {"type": "somethingNew", "signatureChainId": "0x66eee"}, nonce=1
        )


def test_every_request_for_the_master_key_is_among_what_an_agent_refuses():
    made = {twin(random.Random(1), 1_700_000_000_000).ours.action for twin in MASTER_KINDS}

    assert len(made) > 10
    assert made <= USER_SIGNED


def test_the_address_is_that_of_the_key():
    assert AgentSigner(KEY, is_mainnet=True).address == "0x14791697260e4c9a71f18484c9f997b308e59325"


@pytest.mark.parametrize("key", ["", "0x12", "zz" * 32, "00" * 32, "ff" * 32])
def test_what_is_no_key_is_refused_without_showing_it(key):
    with pytest.raises(ConfigError) as caught:
        AgentSigner(key, is_mainnet=True)

    assert "agent_key" in str(caught.value)
    assert not key or key not in str(caught.value)


def test_the_configuration_does_not_show_its_key(config):
    assert KEY.removeprefix("0x") not in repr(config)


def test_a_signature_leaves_out_leading_zeros_like_the_venues_client():
    signature = AgentSigner(KEY, is_mainnet=True).sign(DUMMY, nonce=0)

    assert signature.as_wire()["r"] == (
        "0x53749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298"
    )
