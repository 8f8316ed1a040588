"""What a reason tells of the accounts and of the whole desk, kept from who may not see that.

An order goes on record with why it was refused, in words for people: what an account holds, what
margin would be, how much of a limit everybody together has used. Whoever may read margin for the
whole desk is told all of it, as are the journal and the logs. Anybody else is told
that it is the accounts, as in a quote, or which limit. Other reasons are told to everybody.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

KEPT_BACK: Final = (
    "what the accounts hold is told to keys of the whole desk; trade less, or ask the desk"
)
_OF_DESK: Final = "keys of the whole desk"
_LIMIT_NAME: Final = (
    r"(controls\.(?:firm|[a-z]+\.\"[^\"]*\")\.(?:daily_notional_max|daily_loss_max|open_notional_max"
    r"|position_notional_max|leverage_max_pct|gas_hour_max_native|gas_day_max_native"
    r"|orders_per_min_max|messages_burst_max|messages_per_s_max|unfilled_max_pct"
    r"|impact_10min_max_bps))"
)
_LIMIT: Final = re.compile(_LIMIT_NAME + r"(?: [^;]*; ([^0-9]+)\Z)?")
_LIMIT_KEPT_BACK: Final = f"{{}} would be exceeded; how much is used is told to {_OF_DESK}; {{}}"
_LIMIT_IS_KEPT_BACK: Final = re.compile(
    _LIMIT_NAME + _LIMIT_KEPT_BACK.replace("{}", "", 1).replace("{}", "[^0-9]+")
)
_ELSE: Final = "ask for less, or the desk"
_DIFFERENCE: Final = f"the record and a venue differ; where, is told to {_OF_DESK}"
_HALTED: Final = re.compile(r"halted: .*; find the cause, then run headrace accept\Z", re.DOTALL)
_HALTED_KEPT_BACK: Final = f"halted: {_DIFFERENCE}; ask the desk"
# As risk and the optimiser word them; a test reads their sentences out of the sources.
_OF_ACCOUNTS: Final = re.compile(
    r"initial margin|margin is short|margin tier (?:of|that)|stress scenario"
    r"|\bposition may only|\bmay only reduce\b|\bposition would\b|would open a position"
    r"|position cap of|exceed the position's cap|leave without a hedge"
    r"|are spendable|\bcash: |cash is short|of its coin|its coin would pay"
    r"|what the accounts have left|the accounts have room for"
)
# What a reason may begin with: what happened, and to what. It is told to everybody.
_FRAME: Final = re.compile(
    r"(?:(?:[A-Z_]+|C\d\d-[a-z-]+|sent now it would (?:be refused|wait)"
    r"|basket \S+ is all or none, and \S+ was refused|quote \S+ does not hold any more"
    r"|(?:cancel|amendment) \S+ is not taken|amendment \S+ is refused, and the older terms hold"
    r"|\S+ is (?:halted|cancel_only|reduce_only) since [^;]{1,200}? said so"
    r"|[a-z]+: what did not fill at once is given back; last word"
    r"|all of it at once has no plan, and slices may"
    r"|a part is left after \d+ rounds; last word): )*"
)
_SAID: Final = frozenset({"text", "reason", "message"})
_WHY_HALTED: Final = "halted"


def discreet(text: str) -> str:
    """Return a reason as it is told to who may not see how the accounts and the desk stand."""
    frame = _FRAME.match(text)
    begin = "" if frame is None else frame[0]
    rest = text[len(begin) :]
    if _LIMIT_IS_KEPT_BACK.fullmatch(rest):
        return text
    limit = _LIMIT.search(rest)
    if limit is not None:
        return begin + _LIMIT_KEPT_BACK.format(limit[1], limit[2] or _ELSE)
    if _HALTED.match(rest):
        return begin + _HALTED_KEPT_BACK
    return begin + KEPT_BACK if _OF_ACCOUNTS.search(rest) else text


def discreet_data(told: Any) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return an answer about orders, switches or the desk's health whose reasons are discreet."""
    if isinstance(told, list):
        return [discreet_data(each) for each in told]
    if not isinstance(told, Mapping):
        return told
    return {name: _discreet_field(name, said) for name, said in told.items()}


def _discreet_field(name: str, said: Any) -> Any:  # noqa: ANN401 - whatever JSON says
    if not isinstance(said, str):
        return discreet_data(said)
    if name == _WHY_HALTED:
        return _DIFFERENCE
    return discreet(said) if name in _SAID else said
