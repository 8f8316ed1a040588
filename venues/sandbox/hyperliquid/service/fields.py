"""Fields of a control request, read or refused with a message that says what to send instead."""

from collections.abc import Mapping
from typing import Any

from venues.sandbox.hyperliquid.number import MICRO, MICRO_DECIMALS, is_plain, to_scaled
from venues.sandbox.hyperliquid.service.faults import Rule

_PERCENT_MAX = 100
_ADDRESS_DIGITS = 40
_USD_MAX = 10**12
"""The venue's books are shown as JSON integers, which end at 64 bits."""
_HEX = frozenset("0123456789abcdef")

Body = Mapping[str, Any]


class CommandError(Exception):
    """The control request makes no sense; the message says which field and what to do."""


def integer(body: Body, field: str, *, least: int = 0, most: int | None = None) -> int:
    """Return an integer within bounds."""
    value = body.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise CommandError(f"{field} must be an integer of at least {least}, was {value!r}")
    if most is not None and value > most:
        raise CommandError(f"{field} must be at most {most}, was {value}")
    return value


def switch(body: Body, field: str = "on") -> bool:
    """Return true or false."""
    value = body.get(field)
    if not isinstance(value, bool):
        raise CommandError(f"{field} must be true or false, was {value!r}")
    return value


def number(body: Body, field: str) -> str:
    """Return an unsigned decimal as the text it came as."""
    value = body.get(field)
    if not isinstance(value, str) or not is_plain(value):
        raise CommandError(f"{field} must be a decimal string, was {value!r}")
    return value


def micro_usd(body: Body, field: str) -> int:
    """Return an amount of US dollars in millionths."""
    micro = to_scaled(number(body, field), MICRO_DECIMALS)
    if micro is None:
        raise CommandError(f"{field} must have at most {MICRO_DECIMALS} decimals")
    if micro > _USD_MAX * MICRO:
        raise CommandError(f"{field} must be at most {_USD_MAX}, was {body[field]}")
    return micro


def one_of(body: Body, field: str, known: Mapping[str, Any]) -> str:
    """Return one of the known words."""
    value = body.get(field)
    if not isinstance(value, str) or value not in known:
        raise CommandError(f"{field} must be one of {', '.join(known)}, was {value!r}")
    return value


def address(body: Body, field: str) -> str:
    """Return an address in lower case."""
    value = body.get(field)
    lowered = value.lower() if isinstance(value, str) else ""
    digits = lowered.removeprefix("0x")
    if len(digits) != _ADDRESS_DIGITS or not lowered.startswith("0x") or not set(digits) <= _HEX:
        raise CommandError(f"{field} must be an address, was {value!r}")
    return lowered


def rule(body: Body) -> Rule | None:
    """Return how often a fault strikes; None when it is switched off.

    `count` is how many times, `percent` the chance of each time; `on` alone is every time or never.
    """
    if "count" not in body and "percent" not in body and "on" not in body:
        raise CommandError("say count (how often), percent (the chance) or on (true or false)")
    if not switch({"on": body.get("on", True)}):
        return None
    left = integer(body, "count") if "count" in body else None
    chance = integer(body, "percent", most=_PERCENT_MAX) if "percent" in body else _PERCENT_MAX
    return Rule(left=left, chance_percent=chance) if left != 0 and chance else None
