"""A desk made of the venue's own Python client: one socket, and an exchange for each key.

Belongs to `official_day.py` and runs where that client is installed.
"""

import queue

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action
from official_heard import Heard

WAIT_S = 60.0
DEXS = ["", "xyz"]


class Mailbox:
    """What one subscription delivered."""

    def __init__(self, info, subscription):
        self._queue = queue.Queue()
        self.subscription = subscription
        self.number = info.subscribe(subscription, self._queue.put)

    def wait_for(self, accept):
        """Return the first message whose data `accept` likes, or fail after a while."""
        while True:
            message = self._queue.get(timeout=WAIT_S)
            if accept(message["data"]):
                return message


class Desk:
    """Everybody who acts in the day, and what was said so far."""

    def __init__(self, setup):
        self.url = setup["url"]
        self.master = setup["master_address"]
        self.friend = setup["friend_address"]
        self.vault = setup["vault_address"]
        self.said = {}
        self.used = set()
        self.info = Heard(Info(self.url, perp_dexs=DEXS, timeout=WAIT_S), self.used)
        self.agent = self.exchange(setup["agent_key"], account_address=self.master)
        self.owner = self.exchange(setup["master_key"])
        self.other = self.exchange(setup["friend_key"])
        self.shared = self.exchange(setup["shared_key"])

    def exchange(self, key, **rest):
        """Return an exchange that signs with a key."""
        wallet = Account.from_key(key)
        exchange = Exchange(wallet, self.url, perp_dexs=DEXS, timeout=WAIT_S, **rest)
        return Heard(exchange, self.used)

    def say(self, name, answer):
        """Keep an answer under a name and return it."""
        assert name not in self.said, f"{name} was said before"
        self.said[name] = answer
        return answer

    def done(self, name, answer):
        """Keep an answer that must be the plain yes."""
        assert answer == {"status": "ok", "response": {"type": "default"}}, (name, answer)
        return self.say(name, answer)

    def statuses(self, name, answer):
        """Keep an answer about orders or cancels and return its statuses."""
        assert answer["status"] == "ok", (name, answer)
        self.say(name, answer)
        return answer["response"]["data"]["statuses"]

    def resting(self, name, answer):
        """Return the number of the one order that must rest now."""
        (status,) = self.statuses(name, answer)
        assert "resting" in status, (name, status)
        return status["resting"]["oid"]

    def filled(self, name, answer):
        """Return the fill of the one order that must have traded."""
        (status,) = self.statuses(name, answer)
        assert "filled" in status, (name, status)
        return status["filled"]

    def refused(self, name, answer):
        """Keep an answer that must be a refusal of the whole request."""
        assert answer["status"] == "err", (name, answer)
        assert isinstance(answer["response"], str), (name, answer)
        return self.say(name, answer)

    def ask(self, name, kind, **fields):
        """Put a question the client has no method for, and keep the answer."""
        return self.say(name, self.info.post("/info", {"type": kind, **fields}))

    def act(self, exchange, action):
        """Send an action the client has no method for, signed by its own means."""
        nonce = get_timestamp_ms()
        signature = sign_l1_action(
            exchange.wallet,
            action,
            exchange.vault_address,
            nonce,
            exchange.expires_after,
            False,  # noqa: FBT003 - the client's own signature
        )
        return exchange._post_action(action, signature, nonce)  # noqa: SLF001 - so do its examples

    def direct(self, command, **fields):
        """Tell the sandbox, not the venue, what to do."""
        answer = self.info.post("/sandbox", {"command": command, **fields})
        assert answer["ok"], (command, answer)
        return answer
