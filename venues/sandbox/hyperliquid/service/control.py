"""The vocabulary of `POST /sandbox`: faults, time, prices, liquidity, money, and the venue's books.

It is the sandbox's own and no part of the venue's API. A request is ``{"command": name, ...}``; the
answer is ``{"ok": true, ...}``, or HTTP 400 with an error that names the field and the remedy.
HOW is one of ``"count": n`` (the next n times), ``"percent": p`` (by a seeded chance),
``"on": true`` (every time) and ``"on": false`` (no more).

Requests; `at` is info or exchange (actions posted over a socket count as exchange):
    delay(at, ms, HOW) serves late, and at ws sends frames late; error(at, HOW, status=500) answers
    with an HTTP status and does nothing; limit(at, HOW) answers 429 and does nothing; hang(at, HOW)
    does and answers nothing; swallow_replies(HOW, loss=drop|hang) applies an action and does not
    answer; exhaust_limit(user?) spends the minute of all IPs, or the allowance of an address.
Sockets; `channel` is one data channel or * for all of them:
    drop_frames(channel, HOW), duplicate_frames(channel, HOW), reorder_frames(channel, HOW),
    mute_streams(on), stop_publishing(on), drop_connections().
Market:
    shift_mid(coin, bps), oracle_jump(coin, bps), set_oracle(coin, px), stale_oracle(coin, on),
    set_funding_rate(coin, rate), thin_book(coin, percent) leaves so much of the makers' liquidity,
    withdraw_liquidity(coin), refresh_liquidity(coin), halt(coin, on), oi_cap(coin, on),
    delist(coin) for good, post_only(on),
    shock(bps, duration_ms, coins=[]) moves the scene's fair price.
Accounts:
    deposit(user, usd), register_agent(agent, master, name?).
Time:
    time(factor) runs at that many venue seconds a second, 0 stands still; time(advance_ms) makes up
    for that much of it at once, block by block, and answers when done.
Looking:
    state(users=[the funded ones]) the venue's own books, faults() what is on, repair() switches
    every fault off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from venues.sandbox.hyperliquid.config import Agent, Shock
from venues.sandbox.hyperliquid.number import is_plain, normalised, to_text
from venues.sandbox.hyperliquid.service import fields, inspection
from venues.sandbox.hyperliquid.service.clock import FACTOR_MAX, VenueClock
from venues.sandbox.hyperliquid.service.faults import (
    ALL_CHANNELS,
    Failure,
    Faults,
    Mangling,
    Place,
    ReplyLoss,
    Rule,
)
from venues.sandbox.hyperliquid.service.fields import Body, CommandError
from venues.sandbox.hyperliquid.service.limits import Limits
from venues.sandbox.hyperliquid.venue import Venue

_BPS = 10_000
_BPS_LEAST = -9_000
_DELAY_MAX_MS = 60_000
_LEAP_MAX_MS = 2 * 86_400_000
_STATUS_LEAST, _STATUS_MOST = 500, 599
_ALL_PERCENT = 100
_EXHAUSTED = 10**12


class Liquidity(Protocol):
    """Whoever quotes: the scene's makers, or the house."""

    def thin(self, coin: str, percent: int) -> None:
        """Show only so much of what is usually shown."""

    def shock(self, shock: Shock) -> None:
        """Move the fair price; raise ValueError when there is none to move."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What a command may reach."""

    venue: Venue
    faults: Faults
    limits: Limits
    clock: VenueClock
    liquidity: Liquidity
    drop_connections: Callable[[], None]
    source_ms: Callable[[], int]


def command(controls: Controls, body: object) -> dict[str, Any]:
    """Carry out one control request and return what it has to tell.

    Raises
    ------
    CommandError
        Nothing was done.
    """
    if not isinstance(body, dict):
        raise CommandError("body must be a JSON object with a command")
    operation = _COMMANDS.get(str(body.get("command")))
    if operation is None:
        raise CommandError(
            f"command must be one of {', '.join(_COMMANDS)}, was {body.get('command')!r}"
        )
    return operation(controls, body) or {}


# Requests.


def _fail(failure: Failure) -> "_Operation":
    def order(controls: Controls, body: Body) -> None:
        places = [p.value for p in Place if p is not Place.WS or failure is Failure.DELAY]
        place = Place(fields.one_of(body, "at", dict.fromkeys(places)))
        rule = fields.rule(body)
        if rule is not None and failure is Failure.DELAY:
            rule.delay_ms = fields.integer(body, "ms", most=_DELAY_MAX_MS)
        if rule is not None and "status" in body:
            rule.status = fields.integer(body, "status", least=_STATUS_LEAST, most=_STATUS_MOST)
        _switch_rule(controls.faults.requests, (failure, place), rule)

    return order


def _swallow_replies(controls: Controls, body: Body) -> None:
    loss = body.get("loss", ReplyLoss.DROP.value)
    if loss not in list(ReplyLoss):
        raise CommandError(f"loss must be drop or hang, was {loss!r}")
    rule = fields.rule(body)
    controls.faults.reply_loss = ReplyLoss(loss)
    _switch_rule(controls.faults.requests, (Failure.SWALLOW, Place.EXCHANGE), rule)


def _exhaust_limit(controls: Controls, body: Body) -> None:
    if "user" in body:
        user = fields.address(body, "user")
        if user not in controls.faults.market.get("exhaust_limit", []):
            controls.venue.state.account(user).requests_used += _EXHAUSTED
        _note(controls, "exhaust_limit", user, is_on=True)
    else:
        controls.limits.exhaust(now_ms=controls.source_ms())


# Sockets.


def _mangle(mangling: Mangling) -> "_Operation":
    def order(controls: Controls, body: Body) -> None:
        channel = body.get("channel")
        if not isinstance(channel, str) or not channel:
            raise CommandError(
                f"channel must be a channel's name or {ALL_CHANNELS!r}, was {channel!r}"
            )
        _switch_rule(controls.faults.frames, (mangling, channel), fields.rule(body))

    return order


def _mute_streams(controls: Controls, body: Body) -> None:
    controls.faults.streams_muted = fields.switch(body)


def _stop_publishing(controls: Controls, body: Body) -> None:
    controls.faults.publishing_stopped = fields.switch(body)


def _drop_connections(controls: Controls, _: Body) -> None:
    controls.drop_connections()


# Market.


def _shift_mid(controls: Controls, body: Body) -> None:
    coin, bps = _coin(controls, body), fields.integer(body, "bps", least=_BPS_LEAST)
    scene = controls.venue.config.scene
    if scene is None:
        controls.venue.shift_mid(coin, bps)
    else:
        # Makers would put the mid back where their price is, so it is the price that moves.
        controls.liquidity.shock(Shock(0, scene.path_step_ms, bps, (coin,)))


def _set_oracle(controls: Controls, body: Body) -> None:
    _move_oracle(controls, _coin(controls, body), fields.number(body, "px"))


def _oracle_jump(controls: Controls, body: Body) -> None:
    market = controls.venue.markets[_coin(controls, body)]
    factor = _BPS + fields.integer(body, "bps", least=_BPS_LEAST)
    # Rounded down to the price grid: any price will do, it only has to be one.
    price = market.oracle * factor // _BPS
    _move_oracle(controls, market.spec.name, normalised(to_text(price, market.spec.price_decimals)))


def _move_oracle(controls: Controls, coin: str, price_text: str) -> None:
    try:
        controls.venue.set_oracle(coin, price_text)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _stale_oracle(controls: Controls, body: Body) -> None:
    coin, is_on = _coin(controls, body), fields.switch(body)
    controls.venue.freeze_oracle(coin, is_on=is_on)
    _note(controls, "stale_oracle", coin, is_on=is_on)


def _set_funding_rate(controls: Controls, body: Body) -> None:
    text = str(body.get("rate"))
    if not is_plain(text.removeprefix("-")):
        raise CommandError(f"rate must be a decimal string such as '-0.0001', was {text!r}")
    controls.venue.set_funding_rate(_coin(controls, body), Fraction(text))


def _thin_book(controls: Controls, body: Body) -> None:
    coin, percent = _coin(controls, body), fields.integer(body, "percent", most=_ALL_PERCENT)
    controls.liquidity.thin(coin, percent)
    _note(controls, "thin_book", coin, is_on=percent < _ALL_PERCENT)


def _withdraw_liquidity(controls: Controls, body: Body) -> None:
    _thin_book(controls, {**body, "percent": 0})


def _refresh_liquidity(controls: Controls, body: Body) -> None:
    _thin_book(controls, {**body, "percent": _ALL_PERCENT})


def _halt(controls: Controls, body: Body) -> None:
    coin, is_on = _coin(controls, body), fields.switch(body)
    _put(controls.venue.state.modes.halted, coin, is_in=is_on)
    _note(controls, "halt", coin, is_on=is_on)


def _delist(controls: Controls, body: Body) -> None:
    controls.venue.delist(_coin(controls, body))


def _oi_cap(controls: Controls, body: Body) -> None:
    coin, is_on = _coin(controls, body), fields.switch(body)
    _put(controls.venue.state.modes.capped, coin, is_in=is_on)
    _note(controls, "oi_cap", coin, is_on=is_on)


def _post_only(controls: Controls, body: Body) -> None:
    controls.venue.state.modes.post_only = fields.switch(body)
    _note(controls, "post_only", "", is_on=fields.switch(body))


def _shock(controls: Controls, body: Body) -> None:
    coins = body.get("coins", [])
    known = list(controls.venue.markets)
    if not isinstance(coins, list) or not all(coin in known for coin in coins):
        raise CommandError(f"coins must be a list of {', '.join(known)}")
    shock = Shock(
        start_ms=0,
        duration_ms=fields.integer(body, "duration_ms", least=1),
        bps=fields.integer(body, "bps", least=_BPS_LEAST),
        coins=tuple(coins),
    )
    try:
        controls.liquidity.shock(shock)
    except ValueError as error:
        raise CommandError(str(error)) from error


# Accounts, time, looking.


def _deposit(controls: Controls, body: Body) -> None:
    controls.venue.deposit(fields.address(body, "user"), fields.micro_usd(body, "usd"))


def _register_agent(controls: Controls, body: Body) -> None:
    agent, master = fields.address(body, "agent"), fields.address(body, "master")
    controls.venue.register_agent(Agent(agent, master, str(body.get("name", ""))))


def _time(controls: Controls, body: Body) -> dict[str, Any]:
    if "factor" not in body and "advance_ms" not in body:
        raise CommandError("say factor (venue seconds a second) or advance_ms")
    leap_ms = fields.integer({"advance_ms": 0, **body}, "advance_ms", most=_LEAP_MAX_MS)
    if "factor" in body:
        controls.clock.set_factor(fields.integer(body, "factor", most=FACTOR_MAX))
    controls.clock.leap(leap_ms)
    return {"factor": controls.clock.factor, "until": controls.clock.target_ms()}


def _state(controls: Controls, body: Body) -> dict[str, Any]:
    funded = [account.address for account in controls.venue.config.accounts]
    users = body.get("users", funded)
    if not isinstance(users, list):
        raise CommandError(f"users must be a list of addresses, was {users!r}")
    addresses = [fields.address({"users": user}, "users") for user in users]
    return {"state": inspection.books(controls.venue, addresses)}


def _faults(controls: Controls, _: Body) -> dict[str, Any]:
    return {"faults": controls.faults.described()}


def _repair(controls: Controls, _: Body) -> None:
    noted = controls.faults.market
    controls.faults.clear()
    modes = controls.venue.state.modes
    modes.post_only = False
    modes.halted.difference_update(noted.pop("halt", []))
    modes.capped.difference_update(noted.pop("oi_cap", []))
    for user in noted.pop("exhaust_limit", []):
        controls.venue.state.account(user).requests_used -= _EXHAUSTED
    for coin in noted.pop("stale_oracle", []):
        controls.venue.freeze_oracle(coin, is_on=False)
    for coin in noted.pop("thin_book", []):
        controls.liquidity.thin(coin, _ALL_PERCENT)
    noted.clear()


_Operation = Callable[[Controls, Body], dict[str, Any] | None]
_COMMANDS: Mapping[str, _Operation] = {
    "delay": _fail(Failure.DELAY),
    "error": _fail(Failure.ERROR),
    "limit": _fail(Failure.LIMIT),
    "hang": _fail(Failure.HANG),
    "swallow_replies": _swallow_replies,
    "exhaust_limit": _exhaust_limit,
    "drop_frames": _mangle(Mangling.DROP),
    "duplicate_frames": _mangle(Mangling.DUPLICATE),
    "reorder_frames": _mangle(Mangling.REORDER),
    "mute_streams": _mute_streams,
    "stop_publishing": _stop_publishing,
    "drop_connections": _drop_connections,
    "shift_mid": _shift_mid,
    "oracle_jump": _oracle_jump,
    "set_oracle": _set_oracle,
    "stale_oracle": _stale_oracle,
    "set_funding_rate": _set_funding_rate,
    "thin_book": _thin_book,
    "withdraw_liquidity": _withdraw_liquidity,
    "refresh_liquidity": _refresh_liquidity,
    "halt": _halt,
    "delist": _delist,
    "oi_cap": _oi_cap,
    "post_only": _post_only,
    "shock": _shock,
    "deposit": _deposit,
    "register_agent": _register_agent,
    "time": _time,
    "state": _state,
    "faults": _faults,
    "repair": _repair,
}


def _coin(controls: Controls, body: Body) -> str:
    return fields.one_of(body, "coin", controls.venue.markets)


def _switch_rule(rules: dict[Any, Rule], key: tuple[Any, Any], rule: Rule | None) -> None:
    if rule is None:
        rules.pop(key, None)
    else:
        rules[key] = rule


def _put(members: set[str], member: str, *, is_in: bool) -> None:
    if is_in:
        members.add(member)
    else:
        members.discard(member)


def _note(controls: Controls, command_name: str, subject: str, *, is_on: bool) -> None:
    # Kept as sorted lists: they are listed as JSON, and undone by `repair`.
    subjects = set(controls.faults.market.get(command_name, []))
    _put(subjects, subject, is_in=is_on)
    controls.faults.market[command_name] = sorted(subjects)
    if not subjects:
        del controls.faults.market[command_name]
