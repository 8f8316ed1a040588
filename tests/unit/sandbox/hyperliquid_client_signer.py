"""Runs in the environment of the venue's own client: prints bodies the client would send.

Every method of its `Exchange` that sends an action, with random arguments; the request is caught
where it would leave. Nothing is asked of any server.
"""

import json
import random
import sys

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.utils import signing
from hyperliquid.utils.constants import LOCAL_API_URL, MAINNET_API_URL
from hyperliquid.utils.types import Cloid

META = {
    "universe": [
        {"name": name, "szDecimals": decimals} for name, decimals in (("BTC", 5), ("ETH", 4))
    ]
}
SPOT_META = {
    "tokens": [
        {"name": "USDC", "index": 0, "szDecimals": 8},
        {"name": "PURR", "index": 1, "szDecimals": 0},
    ],
    "universe": [{"tokens": [1, 0], "name": "PURR/USDC", "index": 0}],
}
TIFS = ("Gtc", "Ioc", "Alo")


class Caught(Exchange):
    """The client, with what it posts kept instead."""

    def post(self, url_path, payload=None):
        assert url_path == "/exchange"
        self.caught = json.loads(json.dumps(payload))
        return {"status": "ok"}


class Draw:
    """Random arguments."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def address(self):
        return "0x" + self.random.randbytes(20).hex()

    def key(self):
        return "0x" + self.random.randbytes(32).hex()

    def flag(self):
        return self.random.random() < 0.5

    def whole(self, most=2**40):
        return self.random.randrange(1, most)

    def amount(self):
        return round(self.random.uniform(0.01, 5000.0), self.random.randrange(3))

    def word(self):
        return "".join(self.random.choices("abcdefghij XYZé", k=self.random.randrange(1, 16)))

    def kind(self):
        if self.flag():
            return {"limit": {"tif": self.random.choice(TIFS)}}
        return {
            "trigger": {
                "triggerPx": self.amount(),
                "isMarket": self.flag(),
                "tpsl": self.random.choice(("tp", "sl")),
            }
        }

    def order(self):
        order = {
            "coin": self.random.choice(("BTC", "ETH", "PURR/USDC")),
            "is_buy": self.flag(),
            "sz": self.amount(),
            "limit_px": self.amount(),
            "order_type": self.kind(),
            "reduce_only": self.flag(),
        }
        return {**order, "cloid": self.cloid()} if self.flag() else order

    def cloid(self):
        return Cloid.from_str("0x" + self.random.randbytes(16).hex())

    def oid(self):
        return self.whole() if self.flag() else self.cloid()

    def builder(self):
        return {"b": self.address(), "f": self.whole(100)} if self.flag() else None

    def grouping(self):
        return self.random.choice(("na", "normalTpsl", "positionTpsl", {"p": self.whole(10**6)}))

    def several(self, draw):
        return [draw() for _ in range(self.random.randrange(1, 4))]


def trading_calls(draw):
    yield lambda x: x.bulk_orders(
        draw.several(draw.order), draw.builder(), grouping=draw.grouping()
    )
    yield lambda x: x.bulk_modify_orders_new(
        draw.several(lambda: {"oid": draw.oid(), "order": draw.order()})
    )
    yield lambda x: x.bulk_cancel(draw.several(lambda: {"coin": "ETH", "oid": draw.whole()}))
    yield lambda x: x.bulk_cancel_by_cloid(
        draw.several(lambda: {"coin": "BTC", "cloid": draw.cloid()})
    )
    yield lambda x: x.schedule_cancel(draw.whole() if draw.flag() else None)
    yield lambda x: x.update_leverage(draw.whole(50), "ETH", draw.flag())
    yield lambda x: x.update_isolated_margin(draw.amount() - 2500.0, "BTC")
    yield lambda x: x.noop(draw.whole())


def account_calls(draw):
    yield lambda x: x.set_referrer(draw.word())
    yield lambda x: x.create_sub_account(draw.word())
    yield lambda x: x.use_big_blocks(draw.flag())
    yield lambda x: x.agent_enable_dex_abstraction()
    yield lambda x: x.agent_set_abstraction(draw.random.choice("iup"))
    yield lambda x: x.user_dex_abstraction(draw.address(), draw.flag())
    yield lambda x: x.user_set_abstraction(
        draw.address(), draw.random.choice(("unifiedAccount", "portfolioMargin", "disabled"))
    )
    yield lambda x: x.approve_agent(draw.word() if draw.flag() else None)
    yield lambda x: x.approve_builder_fee(draw.address(), f"{draw.whole(1000) / 1000}%")
    yield lambda x: x.convert_to_multi_sig_user(draw.several(draw.address), 1)


def money_calls(draw):
    yield lambda x: x.usd_class_transfer(draw.amount(), draw.flag())
    yield lambda x: x.send_asset(draw.address(), "", "spot", "USDC", draw.amount())
    yield lambda x: x.sub_account_transfer(draw.address(), draw.flag(), draw.whole())
    yield lambda x: x.sub_account_spot_transfer(
        draw.address(), draw.flag(), "PURR:0xc1", draw.amount()
    )
    yield lambda x: x.vault_usd_transfer(draw.address(), draw.flag(), draw.whole())
    yield lambda x: x.usd_transfer(draw.amount(), draw.address())
    yield lambda x: x.spot_transfer(draw.amount(), draw.address(), "PURR:0xc1")
    yield lambda x: x.withdraw_from_bridge(draw.amount(), draw.address())


def other_calls(draw):
    yield lambda x: x.token_delegate(draw.address(), draw.whole(), draw.flag())
    yield lambda x: x.gossip_priority_bid(0, "127.0.0.1", draw.whole())
    yield lambda x: x.spot_deploy_register_token("TEST", 2, 8, draw.whole(), draw.word())
    yield lambda x: x.spot_deploy_user_genesis(1, [(draw.address(), "5")], [(2, "6")])
    yield lambda x: x.perp_deploy_set_oracle(
        "test", {"test:A": "1.0"}, [{"test:A": "1.1"}], {"test:A": "1.2"}
    )
    yield lambda x: x.c_signer_unjail_self()
    yield lambda x: x.c_validator_register(
        "127.0.0.1", draw.word(), draw.word(), draw.flag(), 5, draw.address(), draw.flag(), 7
    )
    yield lambda x: x.c_validator_unregister()


# Structs that the venue has and its client has no method for.
PLAIN_STRUCTS = {
    "cDeposit": ("CDeposit", (("wei", "uint64"),)),
    "cWithdraw": ("CWithdraw", (("wei", "uint64"),)),
    "linkStakingUser": ("LinkStakingUser", (("user", "address"), ("isFinalize", "bool"))),
    "userPortfolioMargin": ("UserPortfolioMargin", (("user", "address"), ("enabled", "bool"))),
    "sendToEvmWithData": (
        "SendToEvmWithData",
        (
            ("token", "string"),
            ("amount", "string"),
            ("sourceDex", "string"),
            ("destinationRecipient", "string"),
            ("addressEncoding", "string"),
            ("destinationChainId", "uint32"),
            ("gasLimit", "uint64"),
            ("data", "bytes"),
        ),
    ),
}


def struct_body(kind, draw, wallet, is_mainnet):
    name, fields = PLAIN_STRUCTS[kind]
    values = {
        "wei": draw.whole(),
        "user": draw.address(),
        "isFinalize": draw.flag(),
        "enabled": draw.flag(),
        "token": "USDC:0x6d1e7cde53ba9467b783cb7c530ce054",
        "amount": "12.5",
        "sourceDex": "",
        "destinationRecipient": draw.address(),
        "addressEncoding": "hex",
        "destinationChainId": draw.whole(2**31),
        "gasLimit": draw.whole(),
        "data": "0x" + draw.random.randbytes(draw.random.randrange(40)).hex(),
    }
    nonce = draw.whole()
    action = {"type": kind, **{field: values[field] for field, _ in fields}, "nonce": nonce}
    types = [{"name": "hyperliquidChain", "type": "string"}]
    types += [{"name": field, "type": solidity} for field, solidity in fields]
    types.append({"name": "nonce", "type": "uint64"})
    signature = signing.sign_user_signed_action(
        wallet, action, types, f"HyperliquidTransaction:{name}", is_mainnet
    )
    return {"action": action, "nonce": nonce, "signature": signature}


def multi_sig_body(draw, exchange, is_mainnet):
    outer, users = exchange.wallet, [Account.from_key(draw.key()) for _ in range(2)]
    user, nonce = draw.address(), draw.whole()
    if draw.flag():
        inner = {"type": "cancel", "cancels": [{"a": 1, "o": draw.whole()}]}
        signatures = [
            signing.sign_multi_sig_l1_action_payload(
                wallet, inner, is_mainnet, None, nonce, None, user, outer.address
            )
            for wallet in users
        ]
    else:
        inner = {
            "type": "sendAsset",
            "signatureChainId": "0x66eee",
            "hyperliquidChain": "Mainnet" if is_mainnet else "Testnet",
            "destination": draw.address(),
            "sourceDex": "",
            "destinationDex": "spot",
            "token": "USDC",
            "amount": "100.0",
            "fromSubAccount": "",
            "nonce": nonce,
        }
        signatures = [
            signing.sign_multi_sig_user_signed_action_payload(
                wallet,
                inner,
                is_mainnet,
                signing.SEND_ASSET_SIGN_TYPES,
                "HyperliquidTransaction:SendAsset",
                user,
                outer.address,
            )
            for wallet in users
        ]
    exchange.multi_sig(user, inner, signatures, nonce)
    return exchange.caught, [wallet.address.lower() for wallet in users]


def client(draw, is_mainnet):
    wallet = Account.from_key(draw.key())
    url = MAINNET_API_URL if is_mainnet else LOCAL_API_URL
    vault = draw.address() if draw.flag() else None
    return Caught(wallet, url, meta=META, spot_meta=SPOT_META, vault_address=vault)


def main(seed, rounds):
    draw = Draw(seed)
    printed = []
    for _ in range(rounds):
        for calls in (trading_calls, account_calls, money_calls, other_calls):
            for call in calls(draw):
                is_mainnet = draw.flag()
                exchange = client(draw, is_mainnet)
                if calls is trading_calls and draw.flag():
                    exchange.set_expires_after(draw.whole())
                if calls is not trading_calls:
                    exchange.vault_address = None
                call(exchange)
                printed.append((exchange, exchange.caught, is_mainnet, []))
        for kind in PLAIN_STRUCTS:
            is_mainnet = draw.flag()
            exchange = client(draw, is_mainnet)
            body = struct_body(kind, draw, exchange.wallet, is_mainnet)
            printed.append((exchange, body, is_mainnet, []))
        is_mainnet = draw.flag()
        exchange = client(draw, is_mainnet)
        exchange.vault_address = None
        body, users = multi_sig_body(draw, exchange, is_mainnet)
        printed.append((exchange, body, is_mainnet, users))
    for exchange, body, is_mainnet, users in printed:
        line = {
            "body": body,
            "signer": exchange.wallet.address.lower(),
            "is_mainnet": is_mainnet,
            "co_signers": users,
        }
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
