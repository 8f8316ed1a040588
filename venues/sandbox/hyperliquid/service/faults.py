"""Failures to rehearse, and the commands that order them.

`Faults` is what the server consults; `command` is the vocabulary of `POST /sandbox`, which is the
sandbox's own and no part of the venue's API. Nothing here fails by chance: each fault is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from venues.sandbox.hyperliquid.actions import wire
from venues.sandbox.hyperliquid.config import Agent
from venues.sandbox.hyperliquid.number import MICRO_DECIMALS, is_plain, to_scaled
from venues.sandbox.hyperliquid.venue import Venue


class ReplyLoss(StrEnum):
    """What a client sees instead of a swallowed reply."""

    DROP = "drop"
    """The connection is closed."""
    HANG = "hang"
    """The connection stays open and nothing ever comes."""


@dataclass(slots=True)
class Faults:
    """What is broken at the moment."""

    replies_to_swallow: int = 0
    """Exchange actions that will be applied and not answered."""
    reply_loss: ReplyLoss = ReplyLoss.DROP
    actions_to_refuse: int = 0
    """Exchange requests that will be answered with HTTP 500 and not applied."""
    streams_muted: bool = False
    """WebSockets stay open and carry nothing, not even pongs."""
    publishing_stopped: bool = False
    """WebSockets answer, but no data channel speaks; events meanwhile are never told."""

    def takes_refusal(self) -> bool:
        """Use up one refusal, if one is left."""
        taken = self.actions_to_refuse > 0
        self.actions_to_refuse -= taken
        return taken

    def takes_swallow(self) -> bool:
        """Use up one swallowed reply, if one is left."""
        taken = self.replies_to_swallow > 0
        self.replies_to_swallow -= taken
        return taken


class CommandError(Exception):
    """The control request makes no sense; the message says which field and what to do."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What a command may reach."""

    venue: Venue
    faults: Faults
    drop_connections: Callable[[], None]


def command(controls: Controls, body: object) -> None:
    """Carry out one control request, ``{"op": name, ...}``.

    Ops: swallow_replies(count, loss?), refuse_actions(count), mute_streams(on),
    stop_publishing(on), drop_connections, shift_mid(coin, bps), set_oracle(coin, px),
    refresh_liquidity(coin), set_funding_rate(coin, rate), deposit(user, usd),
    register_agent(agent, master, name?).
    """
    if not isinstance(body, dict):
        raise CommandError("body must be a JSON object with an op")
    operation = _OPERATIONS.get(str(body.get("op")))
    if operation is None:
        raise CommandError(f"op must be one of {', '.join(_OPERATIONS)}, was {body.get('op')!r}")
    operation(controls, body)


def _swallow_replies(controls: Controls, body: Mapping[str, Any]) -> None:
    loss = body.get("loss", ReplyLoss.DROP.value)
    if loss not in set(ReplyLoss):
        raise CommandError(f"loss must be drop or hang, was {loss!r}")
    controls.faults.reply_loss = ReplyLoss(loss)
    controls.faults.replies_to_swallow = _integer(body, "count", least=0)


def _refuse_actions(controls: Controls, body: Mapping[str, Any]) -> None:
    controls.faults.actions_to_refuse = _integer(body, "count", least=0)


def _mute_streams(controls: Controls, body: Mapping[str, Any]) -> None:
    controls.faults.streams_muted = _switch(body)


def _stop_publishing(controls: Controls, body: Mapping[str, Any]) -> None:
    controls.faults.publishing_stopped = _switch(body)


def _drop_connections(controls: Controls, _: Mapping[str, Any]) -> None:
    controls.drop_connections()


def _shift_mid(controls: Controls, body: Mapping[str, Any]) -> None:
    controls.venue.shift_mid(_coin(controls, body), _integer(body, "bps", least=-5000))


def _set_oracle(controls: Controls, body: Mapping[str, Any]) -> None:
    try:
        controls.venue.set_oracle(_coin(controls, body), _number(body, "px"))
    except ValueError as error:
        raise CommandError(str(error)) from error


def _refresh_liquidity(controls: Controls, body: Mapping[str, Any]) -> None:
    controls.venue.refresh_liquidity(_coin(controls, body))


def _set_funding_rate(controls: Controls, body: Mapping[str, Any]) -> None:
    text = str(body.get("rate"))
    if not is_plain(text.removeprefix("-")):
        raise CommandError(f"rate must be a decimal string such as '-0.0001', was {text!r}")
    controls.venue.set_funding_rate(_coin(controls, body), Fraction(text))


def _deposit(controls: Controls, body: Mapping[str, Any]) -> None:
    micro = to_scaled(_number(body, "usd"), MICRO_DECIMALS)
    if micro is None:
        raise CommandError(f"usd must have at most {MICRO_DECIMALS} decimals")
    controls.venue.deposit(_address(body, "user"), micro)


def _register_agent(controls: Controls, body: Mapping[str, Any]) -> None:
    agent = Agent(_address(body, "agent"), _address(body, "master"), str(body.get("name", "")))
    controls.venue.register_agent(agent)


_OPERATIONS: Mapping[str, Callable[[Controls, Mapping[str, Any]], None]] = {
    "swallow_replies": _swallow_replies,
    "refuse_actions": _refuse_actions,
    "mute_streams": _mute_streams,
    "stop_publishing": _stop_publishing,
    "drop_connections": _drop_connections,
    "shift_mid": _shift_mid,
    "set_oracle": _set_oracle,
    "refresh_liquidity": _refresh_liquidity,
    "set_funding_rate": _set_funding_rate,
    "deposit": _deposit,
    "register_agent": _register_agent,
}


def _integer(body: Mapping[str, Any], field: str, *, least: int) -> int:
    value = body.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise CommandError(f"{field} must be an integer of at least {least}, was {value!r}")
    return value


def _switch(body: Mapping[str, Any]) -> bool:
    value = body.get("on")
    if not isinstance(value, bool):
        raise CommandError(f"on must be true or false, was {value!r}")
    return value


def _coin(controls: Controls, body: Mapping[str, Any]) -> str:
    coin = body.get("coin")
    if not isinstance(coin, str) or coin not in controls.venue.markets:
        raise CommandError(f"coin must be one of {', '.join(controls.venue.markets)}, was {coin!r}")
    return coin


def _number(body: Mapping[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not is_plain(value):
        raise CommandError(f"{field} must be a decimal string, was {value!r}")
    return value


def _address(body: Mapping[str, Any], field: str) -> str:
    try:
        return wire.address(body.get(field))
    except wire.MalformedError:
        raise CommandError(f"{field} must be an address, was {body.get(field)!r}") from None
