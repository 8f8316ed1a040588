"""Drive a sandbox with the venue's own Python client and print what it answered as one JSON object.

Runs in an environment of its own, because the client cannot share one with web3 8. Arguments: the
sandbox's URL, the agent's key, the master's address.
"""

import json
import queue
import sys

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

WAIT_S = 20.0
CLOID = Cloid.from_int(7)
GTC = {"limit": {"tif": "Gtc"}}


class Mailbox:
    """What one subscription delivered."""

    def __init__(self, info, subscription):
        self._queue = queue.Queue()
        info.subscribe(subscription, self._queue.put)

    def wait_for(self, accept):
        """Return the first message that `accept` likes, or fail after a while."""
        while True:
            message = self._queue.get(timeout=WAIT_S)
            if accept(message):
                return message


def has_status(status, oid):
    def accept(message):
        return any(
            update["status"] == status and update["order"]["oid"] == oid
            for update in message["data"]
        )

    return accept


def trade(exchange, info, master):
    """Place, fill, cancel; return every answer by name."""
    said = {}
    said["resting"] = exchange.order(
        "ETH", sz=1.25, limit_px=2900.0, order_type=GTC, is_buy=True, cloid=CLOID
    )
    said["open_orders"] = info.open_orders(master)
    said["frontend_open_orders"] = info.frontend_open_orders(master)
    said["by_cloid"] = info.query_order_by_cloid(master, CLOID)
    said["cancel_by_cloid"] = exchange.cancel_by_cloid("ETH", CLOID)
    said["by_cloid_after"] = info.query_order_by_cloid(master, CLOID)
    said["filled"] = exchange.order(
        "ETH", sz=2.0, limit_px=3010.0, order_type={"limit": {"tif": "Ioc"}}, is_buy=True
    )
    said["second_resting"] = exchange.order(
        "ETH", sz=1.0, limit_px=3100.0, order_type={"limit": {"tif": "Alo"}}, is_buy=False
    )
    oid = said["second_resting"]["response"]["data"]["statuses"][0]["resting"]["oid"]
    said["cancel"] = exchange.cancel("ETH", oid)
    said["cancel_again"] = exchange.cancel("ETH", oid)
    said["by_oid"] = info.query_order_by_oid(master, oid)
    said["batch"] = exchange.bulk_orders(
        [
            {
                "coin": "BTC",
                "is_buy": True,
                "sz": size,
                "limit_px": 85000.0,
                "order_type": GTC,
                "reduce_only": False,
            }
            for size in (0.01, 0.00001)
        ]
    )
    said["update_leverage"] = exchange.update_leverage(10, "ETH")
    said["market_close"] = exchange.market_close("ETH")
    return said


def main():
    """Run the session named by the command line."""
    url, key, master = sys.argv[1:]
    info = Info(url, timeout=WAIT_S)
    exchange = Exchange(Account.from_key(key), url, account_address=master, timeout=WAIT_S)
    books = Mailbox(info, {"type": "l2Book", "coin": "ETH"})
    updates = Mailbox(info, {"type": "orderUpdates", "user": master})
    fills = Mailbox(info, {"type": "userFills", "user": master})
    said = {
        "meta": info.meta(),
        "book": info.l2_snapshot("ETH"),
        "mids": info.all_mids(),
        "contexts": info.meta_and_asset_ctxs(),
        "before": info.user_state(master),
        "ws_snapshot": fills.wait_for(lambda message: message["data"].get("isSnapshot")),
        "ws_first_book": books.wait_for(lambda _: True),
    }
    said |= trade(exchange, info, master)
    oid = said["resting"]["response"]["data"]["statuses"][0]["resting"]["oid"]
    said["ws_open"] = updates.wait_for(has_status("open", oid))
    said["ws_cancelled"] = updates.wait_for(has_status("canceled", oid))
    said["ws_fill"] = fills.wait_for(lambda message: not message["data"].get("isSnapshot"))
    said["ws_book"] = books.wait_for(
        lambda message: message["data"]["levels"] != said["ws_first_book"]["data"]["levels"]
    )
    said["after"] = info.user_state(master)
    said["fills"] = info.user_fills(master)
    said["fees"] = info.user_fees(master)
    late = {"sz": 1.0, "limit_px": 2900.0, "order_type": GTC, "is_buy": True}
    stranger = Exchange(Account.from_key("0x" + "77" * 32), url, timeout=WAIT_S)
    said["stranger"] = stranger.order("ETH", **late)
    exchange.set_expires_after(1)
    said["expired"] = exchange.order("ETH", **late)
    info.disconnect_websocket()
    print(json.dumps(said))  # noqa: T201 - the answer of this program


if __name__ == "__main__":
    main()
