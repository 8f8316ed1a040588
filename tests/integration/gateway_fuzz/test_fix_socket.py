"""Bytes that are almost FIX, at the acceptor's socket: the gateway lives, and serves the next."""

import random
import time
from contextlib import closing

import pytest

from tests.integration.gateway_fuzz.fix_peer import SENDER, TARGET, Peer, encoded
from tests.integration.gateway_fuzz.memory import resident_mib, say
from tests.integration.gateway_fuzz.mutations import changed_bytes, fix_message
from tests.integration.gateway_fuzz.running import FIX, running

BATCH = 100
# Within which a session is free again: this desk has no markets, so a dry run that is asked for by
# chance is answered when its time is up, and what came after it is answered then.
LOGON_S = 120
WARM = 1_000
# Reports that are kept for a resend, and names of orders: both bounded, both grow at first.
GROWTH_MIB_MAX = 48.0


def logged_on(port):
    """Return a peer that is logged on; right after another was hung up on, that takes a moment."""
    until = time.monotonic() + LOGON_S
    while time.monotonic() < until:
        peer = Peer(port)
        peer.log_on()
        if peer.is_logged_on():
            return peer
        peer.close()
    raise AssertionError("nobody is let in any more")


def batch(port, chance):
    """Send a hundred messages on one session; return how many it took until it was hung up on."""
    with closing(logged_on(port)) as peer:
        sent = 0
        while sent < BATCH and peer.is_open:
            # One that was garbled leaves a gap, and what comes after a gap is not looked at.
            number = sent + 2
            peer.send(encoded("4", 1, ("123", "N"), ("36", number)))
            message = fix_message(chance, number, sender=SENDER, target=TARGET)
            if b"\x0135=R\x01" not in message:
                peer.send(message)
            sent += 1
        peer.ask_if_there(f"after-{chance.randrange(10**9)}")
        return sent


def first_words(port, chance):
    """Say something that is almost a Logon to begin with."""
    with closing(Peer(port)) as peer:
        peer.send(changed_bytes(chance, encoded("A", 1, ("98", 0), ("108", 300), ("141", "Y"))))


def fuzzed(folder, seed, count):
    chance = random.Random(seed)
    with running(folder, FIX) as gateway:
        sent, sessions, before = 0, 0, 0.0
        while sent < count:
            sent += batch(gateway.port, chance)
            sessions += 1
            first_words(gateway.port, chance)
            if not before and sent >= min(WARM, count // 4):
                before = resident_mib(gateway.gateway)
            gateway.require_well()
        grown = resident_mib(gateway.gateway) - before
        say(
            f"{sent:,} FIX messages in {sessions:,} sessions at the socket, seed {seed};"
            f" {before:.0f} MiB {grown:+.1f} MiB"
        )
        with closing(logged_on(gateway.port)) as peer:
            peer_is_served(peer)
    assert grown < GROWTH_MIB_MAX


def peer_is_served(peer):
    """Send an order that is right, and see it taken."""
    order = (("11", "last"), ("1", "main"), ("55", "ETH/USDC"), ("54", "1"), ("38", "0.01"))
    now = "20260101-00:00:00.000"
    peer.send(encoded("D", 2, *order, ("40", "1"), ("59", "0"), ("60", now)))
    assert peer.hears(b"\x0111=last\x01"), "the order is answered"


def test_whatever_bytes_come_the_acceptor_serves_the_next_session(tmp_path):
    fuzzed(tmp_path, 44_20, 500)


@pytest.mark.soak
def test_a_hundred_thousand_messages_at_the_acceptor_leave_nothing_behind(tmp_path):
    fuzzed(tmp_path, random.SystemRandom().randrange(2**32), 100_000)
