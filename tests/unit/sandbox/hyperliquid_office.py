"""The actions of a sandbox venue without its blocks: a client signs, the venue applies.

Signatures come from eth-account's own EIP-712 encoder, which shares no code with the sandbox, and
every answer is followed by the check that no money was made or lost.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from eth_account import Account as Wallet
from eth_account.messages import encode_typed_data

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, order, sign_l1
from venues.sandbox.hyperliquid.actions import Actions, read
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    FundedAccount,
    SandboxConfig,
)
from venues.sandbox.hyperliquid.ledger import conservation
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.state import opened

MICRO = 1_000_000
OTHER_KEY = "0x" + "31" * 32
OTHER = Wallet.from_key(OTHER_KEY).address.lower()
STRANGER_KEY = "0x" + "77" * 32
STRANGER = Wallet.from_key(STRANGER_KEY).address.lower()
NEW_AGENT_KEY = "0x" + "55" * 32
NEW_AGENT = Wallet.from_key(NEW_AGENT_KEY).address.lower()
NOBODY = "0x00000000000000000000000000000000000000aa"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
DONE = {"status": "ok", "response": {"type": "default"}}

# (primary type, fields after hyperliquidChain), as a wallet is shown them.
STRUCTS = {
    "usdSend": ("UsdSend", "destination string, amount string, time uint64"),
    "spotSend": ("SpotSend", "destination string, token string, amount string, time uint64"),
    "withdraw3": ("Withdraw", "destination string, amount string, time uint64"),
    "usdClassTransfer": ("UsdClassTransfer", "amount string, toPerp bool, nonce uint64"),
    "sendAsset": (
        "SendAsset",
        (
            "destination string, sourceDex string, destinationDex string, token string, "
            "amount string, fromSubAccount string, nonce uint64"
        ),
    ),
    "approveAgent": ("ApproveAgent", "agentAddress address, agentName string, nonce uint64"),
    "approveBuilderFee": ("ApproveBuilderFee", "maxFeeRate string, builder address, nonce uint64"),
    "userSetAbstraction": (
        "UserSetAbstraction",
        "user address, abstraction string, nonce uint64",
    ),
    "userDexAbstraction": ("UserDexAbstraction", "user address, enabled bool, nonce uint64"),
    "convertToMultiSigUser": ("ConvertToMultiSigUser", "signers string, nonce uint64"),
    "cDeposit": ("CDeposit", "wei uint64, nonce uint64"),
    "SendMultiSig": ("SendMultiSig", "multiSigActionHash bytes32, nonce uint64"),
}
CO_SIGNED = "payloadMultiSigUser address, outerSigner address, "


def sign_struct(kind, message, *, key, chain="Testnet", chain_id=0x66EEE, co_signed=False):
    name, listed = STRUCTS[kind]
    fields = [field.split(" ") for field in ((CO_SIGNED if co_signed else "") + listed).split(", ")]
    primary = f"HyperliquidTransaction:{name}"
    typed = {
        "domain": {
            "name": "HyperliquidSignTransaction",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": "0x0000000000000000000000000000000000000000",
        },
        "types": {
            primary: [
                {"name": "hyperliquidChain", "type": "string"},
                *({"name": field, "type": kind_} for field, kind_ in fields),
            ],
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
        },
        "primaryType": primary,
        "message": {"hyperliquidChain": chain, **message},
    }
    signed = Wallet.sign_message(encode_typed_data(full_message=typed), key)
    return {"r": hex(signed.r), "s": hex(signed.s), "v": signed.v}


@dataclass
class Office:
    """Accounts, keys, a clock wound by hand, and nonces that count up."""

    config: SandboxConfig = field(default_factory=SandboxConfig)
    now_ms: int = OPENED_MS
    nonce: int = OPENED_MS

    def __post_init__(self):
        self.state = opened(self.config, self.now_ms)
        self.matching = Matching(self.state)
        self.actions = Actions(self.state, self.matching)

    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        self.state.now_ms = self.now_ms
        answer = self.actions.apply(read(body), self.now_ms)
        conservation.check(self.state)
        return answer

    def send(self, action, *, key=DEV_AGENT_KEY, nonce=None, vault=None, expires_after=None):
        """Sign by hash and post."""
        nonce = self.next_nonce() if nonce is None else nonce
        signature = sign_l1(action, key=key, nonce=nonce, vault=vault, expires_after=expires_after)
        return self.post(
            {
                "action": action,
                "nonce": nonce,
                "signature": signature,
                "vaultAddress": vault,
                "expiresAfter": expires_after,
            }
        )

    def sign(self, kind, *, key=DEV_MASTER_KEY, nonce=None, rest=None, **message):
        """Sign field by field and post; `rest` overrides what is posted."""
        nonce = self.next_nonce() if nonce is None else nonce
        clock = "time" if "time uint64" in STRUCTS[kind][1] else "nonce"
        message = {**message, clock: nonce}
        action = {
            "type": kind,
            "signatureChainId": "0x66eee",
            "hyperliquidChain": "Testnet",
            **message,
        }
        body = {
            "action": action,
            "nonce": nonce,
            "signature": sign_struct(kind, message, key=key),
        }
        return self.post({**body, **(rest or {})})

    def next_nonce(self):
        self.nonce += 1
        return self.nonce

    def account(self, address=DEV_MASTER_ADDRESS):
        return self.state.accounts[address]

    def cash(self, address=DEV_MASTER_ADDRESS, dex=""):
        return self.account(address).usd.get(dex, 0)

    def tokens(self, address=DEV_MASTER_ADDRESS, token=0):
        balance = self.account(address).spot.get(token)
        return 0 if balance is None else balance.total

    def rows(self, address=DEV_MASTER_ADDRESS):
        return [update.delta for update in self.account(address).ledger_updates]

    def sub_account(self, name="one"):
        answer = self.send({"type": "createSubAccount", "name": name})
        assert answer["status"] == "ok", answer
        return answer["response"]["data"]


def office(**changes: Any) -> Office:
    """Return a venue with two funded accounts that hold some PURR."""
    funded = tuple(
        FundedAccount(address, 10_000 * MICRO, tokens=(("USDC", "500"), ("PURR", "1000")))
        for address in (DEV_MASTER_ADDRESS, OTHER)
    )
    return Office(config=replace(SandboxConfig(accounts=funded), **changes))


def refusal(answer):
    assert answer["status"] == "err", answer
    return answer["response"]


def with_position(venue, size="10"):
    """Give the first account a long of ETH at 3000 against the second one."""
    asked = {"type": "order", "orders": [order("3000", size, is_buy=False)], "grouping": "na"}
    venue.send(asked, key=OTHER_KEY)
    taken = {"type": "order", "orders": [order("3000", size, tif="Ioc")], "grouping": "na"}
    statuses = venue.send(taken)["response"]["data"]["statuses"]
    assert statuses[0]["filled"]["totalSz"] == f"{size}.0"
    return venue
