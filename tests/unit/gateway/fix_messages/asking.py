"""Runs conversations on answers by hand."""

from router.domain.units import TimestampNs
from router.gateway.fix import inbound
from router.gateway.fix.message import Message, body
from router.gateway.link import LinkError
from tests.unit.gateway.fix_messages.told import PEER

NOW = TimestampNs(1_767_225_600 * 10**9)  # 2026-01-01 00:00 UTC


def held(kind, items, *answers, peer=PEER, now=NOW):
    """Hold a conversation; return what was asked and what is sent."""
    message = Message(kind, body(*items), body((34, "7")))
    conversation = inbound.conversation(message, peer, now)
    asked, waiting = [], list(answers)
    answer = fault = None
    while True:
        try:
            ask = conversation.send(answer) if fault is None else conversation.throw(fault)
        except StopIteration as done:
            assert not waiting, "every answer was asked for"
            return asked, done.value
        asked.append(ask)
        given = waiting.pop(0)
        answer, fault = (None, given) if isinstance(given, LinkError) else (given, None)
