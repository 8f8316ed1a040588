"""What a reason tells of the accounts and of the whole desk, kept from who may not see that.

An order goes on record with why it was refused, in words for people: what an account holds, what
margin would be, how much of a limit everybody together has used. Whoever may read margin for the
whole desk is told all of it, as are the journal, the audit and the logs. Anybody else is told
that it is the accounts, as in a quote, or which limit. Other reasons are told to everybody.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

KEPT_BACK: Final = (
    "what the accounts hold is told to keys of the whole desk; trade less, or ask the desk"
)
_LIMIT: Final = re.compile(
    r"controls\.\S*\b(?:daily_notional_max|daily_loss_max|open_notional_max|position_notional_max"
    r"|leverage_max_pct)"
)
_LIMIT_KEPT_BACK: Final = (
    "{} would be exceeded; how much is used is told to keys of the whole desk; ask for less, or the"
    " desk"
)
# As risk and the optimiser word them; a test reads their sentences out of the sources.
_OF_ACCOUNTS: Final = re.compile(
    r"initial margin|margin is short|margin tier (?:of|that)|stress scenario"
    r"|\bposition may only|\bmay only reduce\b|\bposition would\b|would open a position"
    r"|position cap of|exceed the position's cap|leave without a hedge"
    r"|are spendable|\bcash: |cash is short|of its coin|its coin would pay"
    r"|what the accounts have left|the accounts have room for"
)
_CODE: Final = re.compile(r"(?:[A-Z_]+|C\d\d-[a-z-]+): ")  # that a reason may begin with
_SAID: Final = frozenset({"text", "reason", "message"})


def discreet(text: str) -> str:
    """Return a reason as it is told to who may not see how the accounts and the desk stand."""
    code = _CODE.match(text)
    begin = "" if code is None else code[0]
    limit = _LIMIT.search(text)
    if limit is not None:
        return begin + _LIMIT_KEPT_BACK.format(limit[0])
    return begin + KEPT_BACK if _OF_ACCOUNTS.search(text) else text


def discreet_data(told: Any) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return an answer about orders whose reasons are discreet."""
    if isinstance(told, list):
        return [discreet_data(each) for each in told]
    if not isinstance(told, Mapping):
        return told
    return {
        name: discreet(said) if name in _SAID and isinstance(said, str) else discreet_data(said)
        for name, said in told.items()
    }
