"""How much one address may follow: subscriptions, and users over all of its sockets."""

from dataclasses import replace

from tests.unit.sandbox.hyperliquid_harness import desk
from tests.unit.sandbox.hyperliquid_listener import Listener
from venues.sandbox.hyperliquid.config import LimitConfig
from venues.sandbox.hyperliquid.service.watch import Watch


def test_one_address_may_follow_ten_users_over_all_its_sockets():
    limits = LimitConfig()
    watch = Watch(limits)
    first, second = Listener(watch=watch), Listener(watch=watch)
    users = [f"0x{number:040x}" for number in range(1, 12)]
    for user in users[:6]:
        first.subscribe("userEvents", user=user)
    for user in users[6:10]:
        second.subscribe("userEvents", user=user)

    known = second.subscribe("orderUpdates", user=users[0])
    (refused,) = second.subscribe("orderUpdates", user=users[10])
    first.stream.close()
    accepted = second.subscribe("orderUpdates", user=users[10])

    assert known[0]["channel"] == "subscriptionResponse"
    assert refused == {"channel": "error", "data": "Cannot track more than 10 total users."}
    assert accepted[0]["channel"] == "subscriptionResponse"


def test_subscriptions_are_limited_and_given_back():
    trader = desk(limits=LimitConfig(subscriptions=2))
    listener = Listener(trader)
    listener.subscribe("trades", coin="ETH")
    listener.subscribe("trades", coin="BTC")

    (refused,) = listener.subscribe("bbo", coin="ETH")
    listener.say("unsubscribe", "trades", coin="BTC")
    accepted = listener.subscribe("bbo", coin="ETH")

    assert refused["data"] == "Cannot subscribe to more than 2 channels."
    assert len(accepted) == 2
    assert listener.stream.subscription_count() == 2


def test_without_limits_anything_goes():
    watch = Watch(replace(LimitConfig(), by_ip=False))
    for number in range(1_200):
        assert watch.refusal(str(number)) is None
        watch.add(str(number))
