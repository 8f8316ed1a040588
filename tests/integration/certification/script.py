"""The words of a certification: what is sent, and what must come, in the shorthand of the trade.

``"A/A"`` is an ExecutionReport with ExecType A and OrdStatus A; ``"9"`` an OrderCancelReject. What
came must be exactly what was written down, in that order, with the fields that are named.
"""

import datetime as dt
import itertools

from tests.integration.certification.peer import SurpriseError

SYMBOL = "ETH/USDC"
PERP = "hyperliquid"
BUY, SELL = "1", "2"
MARKET, LIMIT = "1", "2"
IOC, FOK, GTD = "3", "4", "6"
ICEBERG, WAITS = "1004", "1005"
NAMES = {
    "account": 1,
    "avg": 6,
    "name": 11,
    "cum": 14,
    "exec": 17,
    "ref": 19,
    "last_px": 31,
    "last": 32,
    "order": 37,
    "quantity": 38,
    "status": 39,
    "original": 41,
    "price": 44,
    "text": 58,
    "why_not": 102,
    "why": 103,
    "left": 151,
    "answers": 434,
}
_count = itertools.count(1)


def moment(seconds=0.0):
    """Return a UTCTimestamp, so many seconds from now."""
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1000:03d}"


def fresh(kind):
    """Return a name that was not used before."""
    return f"{kind}-{next(_count)}"


def new(peer, name, quantity="0.01", **more):
    """Send a NewOrderSingle; tags of `more` have a leading t."""
    fields = {
        11: name,
        1: "main",
        55: SYMBOL,
        54: BUY,
        60: moment(),
        38: quantity,
        40: MARKET,
        100: PERP,
        21: "1",
        20004: "Y",  # equal orders, one after another, are meant
    }
    peer.send("D", fields | tags(more))


def waits(peer, name, quantity="0.5", **more):
    """Send an order that waits for a price it will not see."""
    new(peer, name, quantity, **{"t40": LIMIT, "t44": "100", "t847": WAITS, "t20008": "60"} | more)


def rests(peer, name, quantity="2", **more):
    """Send an order that rests in the perp's book, and is followed there."""
    terms = {"t847": ICEBERG, "t20015": "0.5", "t20008": "0.2", "t20017": "90", "t20019": "300"}
    new(peer, name, quantity, **terms | more)


def cancel(peer, name, original, **more):
    """Send an OrderCancelRequest."""
    fields = {11: name, 41: original, 55: SYMBOL, 54: BUY, 60: moment(), 38: "1"}
    peer.send("F", fields | tags(more))


def replace(peer, name, original, quantity, **more):
    """Send an OrderCancelReplaceRequest."""
    fields = {
        11: name,
        41: original,
        55: SYMBOL,
        54: BUY,
        60: moment(),
        38: quantity,
        40: MARKET,
        21: "1",
    }
    peer.send("G", fields | tags(more))


def replace_waiting(peer, name, original, quantity, price="100", **more):
    """Send an OrderCancelReplaceRequest for an order with a limit."""
    replace(peer, name, original, quantity, **{"t40": LIMIT, "t44": price} | more)


def status(peer, name, **more):
    """Send an OrderStatusRequest."""
    peer.send("H", {11: name, 55: SYMBOL, 54: BUY} | tags(more))


def tags(more):
    return {int(tag[1:]): value for tag, value in more.items() if value is not None}


def expect(peer, shorthand, **fields):
    """Take the next message, which must be this one; fields by `NAMES` or as t and a tag."""
    message = peer.next()
    found = message.kind if message.kind != "8" else f"{message[150]}/{message[39]}"
    wanted = {NAMES.get(name) or int(name[1:]): value for name, value in fields.items()}
    off = {tag: message[tag] for tag, value in wanted.items() if message[tag] != value}
    if found != shorthand or off:
        said = {tag: wanted[tag] for tag in off}
        raise SurpriseError(f"expected {shorthand} {said}, came {found} {off}: {message!r}")
    return message


def expect_all(peer, *shorthands, **fields):
    """Take the next messages, each with the same fields; return the last."""
    return [expect(peer, shorthand, **fields) for shorthand in shorthands][-1]
