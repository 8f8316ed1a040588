"""A sandbox venue on a hand-wound clock, and a client that signs for it.

The signer goes through eth-account's own EIP-712 encoder, which shares no code with the sandbox.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import msgpack
from eth_account import Account as Key
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from venues.sandbox.hyperliquid.answers import info
from venues.sandbox.hyperliquid.config import DEV_AGENT_KEY, DEV_MASTER_ADDRESS, SandboxConfig
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.matching.placement import Placement, placement_status
from venues.sandbox.hyperliquid.number import to_scaled
from venues.sandbox.hyperliquid.order import (
    Fill,
    Order,
    OrderChanged,
    OrderRequest,
    Stamp,
    TimeInForce,
    TriggerRequest,
)
from venues.sandbox.hyperliquid.state import credit, opened
from venues.sandbox.hyperliquid.venue import Venue

OPENED_MS = 1_700_000_000_000
BTC_ASSET, ETH_ASSET = 0, 1


def sign_l1(
    action: dict[str, Any],
    *,
    key: str,
    nonce: int,
    vault: str | None = None,
    expires_after: int | None = None,
    source: str = "b",
) -> dict[str, Any]:
    data = msgpack.packb(action) + nonce.to_bytes(8, "big")
    data += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault[2:])
    if expires_after is not None:
        data += b"\x00" + expires_after.to_bytes(8, "big")
    message = encode_typed_data(
        full_message={
            "domain": {
                "chainId": 1337,
                "name": "Exchange",
                "verifyingContract": "0x0000000000000000000000000000000000000000",
                "version": "1",
            },
            "types": {
                "Agent": [
                    {"name": "source", "type": "string"},
                    {"name": "connectionId", "type": "bytes32"},
                ],
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
            },
            "primaryType": "Agent",
            "message": {"source": source, "connectionId": keccak(data)},
        }
    )
    signed = Key.sign_message(message, key)
    return {"r": hex(signed.r), "s": hex(signed.s), "v": signed.v}


def envelope(action: dict[str, Any], *, nonce: int, key: str = DEV_AGENT_KEY, **rest: Any) -> Any:
    body = {
        "action": action,
        "nonce": nonce,
        "signature": sign_l1(action, key=key, nonce=nonce, **rest),
        "vaultAddress": rest.get("vault"),
    }
    if rest.get("expires_after") is not None:
        body["expiresAfter"] = rest["expires_after"]
    return body


def order(
    price: str,
    size: str,
    *,
    is_buy: bool = True,
    tif: str = "Gtc",
    asset: int = ETH_ASSET,
    reduce_only: bool = False,
    cloid: str | None = None,
) -> dict[str, Any]:
    wire = {
        "a": asset,
        "b": is_buy,
        "p": price,
        "s": size,
        "r": reduce_only,
        "t": {"limit": {"tif": tif}},
    }
    return wire if cloid is None else {**wire, "c": cloid}


@dataclass
class Desk:
    """A venue, its clock, and a trader whose nonces count up."""

    config: SandboxConfig = field(default_factory=SandboxConfig)
    now_ms: int = OPENED_MS
    nonce: int = OPENED_MS
    venue: Venue = field(init=False)

    def __post_init__(self):
        self.venue = Venue(self.config, lambda: self.now_ms)

    def send(self, action: dict[str, Any], **rest: Any) -> dict[str, Any]:
        self.nonce += 1
        return self.venue.exchange(envelope(action, nonce=rest.pop("nonce", self.nonce), **rest))

    def place(self, *orders: dict[str, Any], **rest: Any) -> list[Any]:
        answer = self.send({"type": "order", "orders": list(orders), "grouping": "na"}, **rest)
        assert answer["status"] == "ok", answer
        assert answer["response"]["type"] == "order"
        return answer["response"]["data"]["statuses"]

    def ask(self, kind: str, **fields: Any) -> Any:
        return info.answer(self.venue, {"type": kind, **fields})

    def state(self, user: str = DEV_MASTER_ADDRESS) -> Any:
        return self.ask("clearinghouseState", user=user)

    def status(self, oid: int | str, user: str = DEV_MASTER_ADDRESS) -> str:
        found = self.ask("orderStatus", user=user, oid=oid)
        return found["order"]["status"] if found["status"] == "order" else found["status"]


def desk(**changes: Any) -> Desk:
    return Desk(config=replace(SandboxConfig(), **changes))


TRADERS = tuple("0x" + letter * 40 for letter in "abc")
STAMP = Stamp(OPENED_MS, "0x" + "11" * 32)


class Pit:
    """A matching core with empty books and three funded traders; nobody signs anything."""

    def __init__(self, *, deposit: int = 10**13, **changes: Any):
        self.state = opened(replace(SandboxConfig(accounts=(), agents=()), **changes), OPENED_MS)
        self.matching = Matching(self.state)
        for address in TRADERS:
            credit(self.state, address, deposit)

    def request(
        self,
        price: str,
        size: str,
        *,
        is_buy: bool = True,
        tif: str | None = "Gtc",
        trigger: tuple[str, str, bool] | None = None,
        asset: int = ETH_ASSET,
        reduce_only: bool = False,
        cloid: str | None = None,
    ) -> OrderRequest:
        """`trigger` is (trigger price, "tp" or "sl", market when triggered)."""
        return OrderRequest(
            asset=asset,
            is_buy=is_buy,
            price_text=price,
            size_text=size,
            reduce_only=reduce_only,
            time_in_force=None if trigger or tif is None else TimeInForce(tif),
            cloid=cloid,
            trigger=None
            if trigger is None
            else TriggerRequest(
                is_market=trigger[2], price_text=trigger[0], is_take_profit=trigger[1] == "tp"
            ),
        )

    def batch(self, trader: int, *requests: OrderRequest, now_ms: int = OPENED_MS, **rest: Any):
        return self.matching.place_batch(
            requests, self.account(trader), stamp=replace(STAMP, time_ms=now_ms), **rest
        )

    def place(self, trader: int, price: str, size: str, **rest: Any) -> Placement:
        placed = self.batch(trader, self.request(price, size, **rest))
        assert isinstance(placed, list), placed
        return placed[0]

    def answer(self, trader: int, price: str, size: str, **rest: Any) -> Any:
        return placement_status(self.place(trader, price, size, **rest))

    def refusal(self, trader: int, price: str, size: str, **rest: Any) -> tuple[str, str]:
        """Return the status and the text an order was refused with."""
        placed = self.place(trader, price, size, **rest)
        assert placed.refusal is not None, placed
        assert placed.order.status == placed.refusal.status
        return placed.refusal.status, placed.refusal.text

    def account(self, trader: int) -> Account:
        return self.state.accounts[TRADERS[trader]]

    def held(self, trader: int, coin: str = "ETH") -> int:
        return self.account(trader).position(coin).size

    def mark(self, price: str, coin: str = "ETH", now_ms: int = OPENED_MS) -> None:
        """Let the mark be `price`, and what waits for it live."""
        market = self.state.markets[coin]
        scaled = to_scaled(price, market.spec.price_decimals)
        assert scaled
        market.marked = scaled
        self.matching.on_mark(now_ms)

    def statuses(self, order: Order) -> list[str]:
        """Return every status that was reported of an order, in order."""
        return [
            event.order.status
            for event in self.state.events
            if isinstance(event, OrderChanged) and event.order.oid == order.oid
        ]

    def fills(self, trader: int) -> list[Fill]:
        return self.account(trader).fills
