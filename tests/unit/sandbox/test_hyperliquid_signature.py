"""The venue's published signature vectors all name the same signer."""

import pytest

from venues.sandbox.hyperliquid.actions.signature import (
    Signature,
    action_hash,
    agent_digest,
    recover,
)

SIGNER = "0x14791697260e4c9a71f18484c9f997b308e59325"
VAULT = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"


def recover_signer(connection_id, signature, *, source):
    return recover(agent_digest(connection_id, source=source), signature)


def order_action(**extra):
    wire = {
        "a": 1,
        "b": True,
        "p": "100",
        "s": "100",
        "r": False,
        "t": {"limit": {"tif": "Gtc"}},
    }
    return {"type": "order", "orders": [{**wire, **extra}], "grouping": "na"}


TRIGGER = {"trigger": {"isMarket": True, "triggerPx": "103", "tpsl": "sl"}}
SUB_TRANSFER = {
    "type": "subAccountTransfer",
    "subAccountUser": "0x1d9470d4b963f552e6f671a81619d395877bf409",
    "isDeposit": True,
    "usd": 10,
}
DUMMY = {"type": "dummy", "num": 100000000000}

# (action, vault, (r, s, v) on the main network, (r, s, v) on the test network); nonce 0.
VECTORS = {
    "dummy": (
        DUMMY,
        None,
        (
            0x53749D5B30552AEB2FCA34B530185976545BB22D0B3CE6F62E31BE961A59298,
            0x755C40BA9BF05223521753995ABB2F73AB3229BE8EC921F350CB447E384D8ED8,
            27,
        ),
        (
            0x542AF61EF1F429707E3C76C5293C80D01F74EF853E34B76EFFFCB57E574F9510,
            0x17B8B32F086E8CDEDE991F1E2C529F5DD5297CBE8128500E00CBAF766204A613,
            28,
        ),
    ),
    "dummy for a vault": (
        DUMMY,
        VAULT,
        (
            0x3C548DB75E479F8012ACF3000CA3A6B05606BC2EC0C29C50C515066A326239,
            0x4D402BE7396CE74FBBA3795769CDA45AEC00DC3125A984F2A9F23177B190DA2C,
            28,
        ),
        (
            0xE281D2FB5C6E25CA01601F878E4D69C965BB598B88FAC58E475DD1F5E56C362B,
            0x7DDAD27E9A238D045C035BC606349D075D5C5CD00A6CD1DA23AB5C39D4EF0F60,
            27,
        ),
    ),
    "order": (
        order_action(),
        None,
        (
            0xD65369825A9DF5D80099E513CCE430311D7D26DDF477F5B3A33D2806B100D78E,
            0x2B54116FF64054968AA237C20CA9FF68000F977C93289157748A3162B6EA940E,
            28,
        ),
        (
            0x82B2BA28E76B3D761093AADED1B1CDAD4960B3AF30212B343FB2E6CDFA4E3D54,
            0x6B53878FC99D26047F4D7E8C90EB98955A109F44209163F52D8DC4278CBBD9F5,
            27,
        ),
    ),
    "order with a client id": (
        order_action(c="0x00000000000000000000000000000001"),
        None,
        (
            0x41AE18E8239A56CACBC5DAD94D45D0B747E5DA11AD564077FCAC71277A946E3,
            0x3C61F667E747404FE7EEA8F90AB0E76CC12CE60270438B2058324681A00116DA,
            27,
        ),
        (
            0xEBA0664BED2676FC4E5A743BF89E5C7501AA6D870BDB9446E122C9466C5CD16D,
            0x7F3E74825C9114BC59086F1EEBEA2928C190FDFBFDE144827CB02B85BBE90988,
            28,
        ),
    ),
    "trigger order": (
        order_action(t=TRIGGER),
        None,
        (
            0x98343F2B5AE8E26BB2587DAAD3863BC70D8792B09AF1841B6FDD530A2065A3F9,
            0x6B5BB6BB0633B710AA22B721DD9DEE6D083646A5F8E581A20B545BE6C1FEB405,
            27,
        ),
        (
            0x971C554D917C44E0E1B6CC45D8F9404F32172A9D3B3566262347D0302896A2E4,
            0x206257B104788F80450F8E786C329DAA589AA0B32BA96948201AE556D5637EAC,
            28,
        ),
    ),
    "create sub-account": (
        {"type": "createSubAccount", "name": "example"},
        None,
        (
            0x51096FE3239421D16B671E192F574AE24AE14329099B6DB28E479B86CDD6CAA7,
            0xB71F7D293AF92D3772572AFB8B102D167A7CEF7473388286BC01F52A5C5B423,
            27,
        ),
        (
            0xA699E3ED5C2B89628C746D3298B5DC1CCA604694C2C855DA8BB8250EC8014A5B,
            0x53F1B8153A301C72ECC655B1C315D64E1DCEA3EE58921FD7507E35818FCC1584,
            28,
        ),
    ),
    "transfer to a sub-account": (
        SUB_TRANSFER,
        None,
        (
            0x43592D7C6C7D816ECE2E206F174BE61249D651944932B13343F4D13F306AE602,
            0x71A926CB5C9A7C01C3359EC4C4C34C16FF8107D610994D4DE0E6430E5CC0F4C9,
            28,
        ),
        (
            0xE26574013395AD55EE2F4E0575310F003C5BB3351B5425482E2969FA51543927,
            0xEFB08999196366871F919FD0E138B3A7F30EE33E678DF7CFAF203E25F0A4278,
            28,
        ),
    ),
    "disarm the scheduled cancel": (
        {"type": "scheduleCancel"},
        None,
        (
            0x6CDFB286702F5917E76CD9B3B8BF678FCC49AEC194C02A73E6D4F16891195DF9,
            0x6557AC307FA05D25B8D61F21FB8A938E703B3D9BF575F6717BA21EC61261B2A0,
            27,
        ),
        (
            0xC75BB195C3F6A4E06B7D395ACC20BBB224F6D23CCFF7C6A26D327304E6EFAEED,
            0x342F8EDE109A29F2C0723BD5EFB9E9100E3BBB493F8FB5164EE3D385908233DF,
            28,
        ),
    ),
    "schedule a cancel": (
        {"type": "scheduleCancel", "time": 123456789},
        None,
        (
            0x609CB20C737945D070716DCC696BA030E9976FCF5EDAD87AFA7D877493109D55,
            0x16C685D63B5C7A04512D73F183B3D7A00DA5406FF1F8AAD33F8AE2163BAB758B,
            28,
        ),
        (
            0x4E4F2DBD4107C69783E251B7E1057D9F2B9D11CEE213441CCFA2BE63516DC5BC,
            0x706C656B23428C8BA356D68DB207E11139EDE1670481A9E01AE2DFCDB0E1A678,
            27,
        ),
    ),
}


def hash_of(action, vault=None, nonce=0):
    vault_bytes = None if vault is None else bytes.fromhex(vault[2:])
    return action_hash(action, nonce=nonce, vault=vault_bytes, expires_after=None)


@pytest.mark.parametrize("name", VECTORS)
def test_published_signatures_recover_the_published_signer_on_both_networks(name):
    action, vault, mainnet, testnet = VECTORS[name]
    connection_id = hash_of(action, vault)

    assert recover_signer(connection_id, Signature(*mainnet), source="a") == SIGNER
    assert recover_signer(connection_id, Signature(*testnet), source="b") == SIGNER


@pytest.mark.parametrize("name", VECTORS)
def test_the_wrong_network_recovers_a_stranger(name):
    action, vault, mainnet, _ = VECTORS[name]

    assert recover_signer(hash_of(action, vault), Signature(*mainnet), source="b") != SIGNER


def test_the_hash_of_a_recorded_production_order_is_reproduced():
    wire = {
        "a": 4,
        "b": True,
        "p": "1670.1",
        "s": "0.0147",
        "r": False,
        "t": {"limit": {"tif": "Ioc"}},
    }
    action = {"type": "order", "orders": [wire], "grouping": "na"}

    assert hash_of(action, nonce=1677777606040).hex() == (
        "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"
    )


def test_key_order_is_part_of_the_hash():
    assert hash_of({"type": "dummy", "num": 1}) != hash_of({"num": 1, "type": "dummy"})


@pytest.mark.parametrize("signature", [(0, 1, 27), (1, 0, 27), (1, 1, 29), (2**256 - 1, 1, 27)])
def test_an_impossible_signature_recovers_nobody(signature):
    assert recover_signer(bytes(32), Signature(*signature), source="a") is None
