"""A whole trading day on a sandbox through the venue's own Python client, unpatched.

Runs in an environment of its own, because the client cannot share one with web3 8. Argument: a JSON
object with `url`, the keys of master, agent, friend and of an account to be shared, the addresses
of master and friend, and `vault_address`. Every answer is looked at; all of them are printed as one
JSON object, which the tests look at again.
"""

import json
import sys

import official_money
import official_orders
import official_questions
import official_rare
from official_desk import Desk
from official_heard import unused

HOUR_MS = 3_600_000


def main():
    """Live through the day and print what was said."""
    desk = Desk(json.loads(sys.argv[1]))
    try:
        live(desk)
    finally:
        # The client's socket lives in a thread that would outlive a failure.
        desk.info.disconnect_websocket()
    sys.stdout.write(json.dumps(desk.said) + "\n")


def live(desk):
    """Do everything, in the order in which it can be done."""
    tokens = {token["name"]: token["tokenId"] for token in desk.info.spot_meta()["tokens"]}
    desk.usdc, desk.purr = (f"{name}:{tokens[name]}" for name in ("USDC", "PURR"))
    boxes = official_questions.follow(desk)
    official_questions.first_words(desk, boxes)
    official_orders.limits(desk)
    official_orders.triggers(desk)
    official_orders.changes(desk)
    official_orders.builders(desk)
    official_orders.margins(desk)
    official_money.transfers(desk)
    official_money.sub_accounts(desk)
    official_money.vaults(desk)
    official_money.agents(desk)
    official_money.modes(desk)
    official_orders.builder_dex(desk)
    official_orders.spot(desk)
    official_orders.twap(desk)
    official_rare.batches(desk)
    official_rare.modes(desk)
    official_rare.shared_account(desk)
    official_rare.not_played(desk)
    into_hour_ms = official_orders.venue_time(desk) % HOUR_MS
    desk.direct("time", advance_ms=HOUR_MS - into_hour_ms + 1_000)
    official_questions.market(desk)
    official_questions.account(desk)
    official_questions.heard(desk, boxes)
    official_questions.leave(desk, boxes)
    desk.say("unused", unused(desk.used))


if __name__ == "__main__":
    main()
