"""Which keys act for an account: its agents, and the signers of a multi-sig account.

A key is an agent once: an address that is registered anywhere cannot be approved again while it is
valid. Approving another key under a name, or without one, deregisters the key that had it, and the
nonces of a deregistered key are forgotten, as the venue warns; so its old actions could be played
again if it were ever approved anew.
"""

import re
from typing import Any

import orjson

from venues.sandbox.hyperliquid.actions.effects.turn import Turn
from venues.sandbox.hyperliquid.actions.messages.account import ApproveAgent, ConvertToMultiSig
from venues.sandbox.hyperliquid.actions.reading import (
    MalformedError,
    address,
    array,
    integer,
    key,
    shape,
)
from venues.sandbox.hyperliquid.actions.registry import Signers
from venues.sandbox.hyperliquid.config import Agent
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind
from venues.sandbox.hyperliquid.state import Exchange

NAME_LENGTH_MAX = 16
NAMED_AGENTS = 3
NAMED_AGENTS_PER_SUB_ACCOUNT = 2
VALID_MS_MAX = 180 * 86_400_000
SIGNERS_MAX = 10

AGENT_USED = "Extra agent already used."
TOO_MANY_AGENTS = "Too many extra agents for cumulative volume traded. Current limit is {}"
NAME_TOO_LONG = "Agent name must be at most 16 characters."  # ours
EXPIRED = "Agent valid_until already expired."  # also when it is too far ahead
AGENT_IS_USER = "Agent address is an account of its own."  # ours
BAD_SIGNERS = "Invalid multi-sig signers."  # ours

_NOBODY = "0x" + "00" * 20
_VALID_UNTIL = re.compile(r"(.*) valid_until ([0-9]{1,16})\Z")


def approve_agent(turn: Turn, action: ApproveAgent) -> str | None:
    """Let a key trade for the account; the zero address only takes the present one away."""
    name, valid_until_ms = _parsed_name(action.name)
    if action.agent == _NOBODY:
        _deregister(turn.state, turn.account, name)
        return None
    agent = Agent(action.agent, turn.account.address, name, valid_until_ms)
    complaint = _agent_error(turn, agent)
    if complaint is None:
        _deregister(turn.state, turn.account, name)
        turn.state.nonces.pop(agent.address, None)
        turn.state.agents[agent.address] = agent
    return complaint


def is_valid(agent: Agent | None, now_ms: int) -> bool:
    """Tell whether a key is an agent's whose time has not run out."""
    if agent is None:
        return False
    return agent.valid_until_ms is None or now_ms < agent.valid_until_ms


def named(state: Exchange, account: Account, now_ms: int) -> list[Agent]:
    """Return the valid agents of an account that have a name."""
    return [
        agent
        for agent in state.agents.values()
        if agent.master == account.address and agent.name and is_valid(agent, now_ms)
    ]


def convert_to_multi_sig(turn: Turn, action: ConvertToMultiSig) -> str | None:
    """Hand the account to several signers, or with "null" back to its own key."""
    if action.signers_text == "null":
        turn.registry.multi_sig.pop(turn.account.address, None)
        return None
    signers = _parsed_signers(action.signers_text)
    if signers is None:
        return BAD_SIGNERS
    if any(signer not in turn.state.accounts for signer in signers.authorized):
        return BAD_SIGNERS
    turn.registry.multi_sig[turn.account.address] = signers
    return None


def _agent_error(turn: Turn, agent: Agent) -> str | None:
    state, now_ms = turn.state, turn.stamp.time_ms
    if len(agent.name) > NAME_LENGTH_MAX:
        return NAME_TOO_LONG
    until = agent.valid_until_ms
    if until is not None and not now_ms < until <= now_ms + VALID_MS_MAX:
        return EXPIRED
    if agent.address in state.accounts:
        return AGENT_IS_USER
    if is_valid(state.agents.get(agent.address), now_ms):
        return AGENT_USED
    limit = _named_limit(state, turn.account)
    others = [other for other in named(state, turn.account, now_ms) if other.name != agent.name]
    too_many = agent.name and len(others) >= limit
    return TOO_MANY_AGENTS.format(limit) if too_many else None


def _parsed_name(text: str) -> tuple[str, int | None]:
    found = _VALID_UNTIL.match(text)
    return (text, None) if found is None else (found[1], int(found[2]))


def _named_limit(state: Exchange, account: Account) -> int:
    sub_accounts = sum(
        other.kind is AccountKind.SUB_ACCOUNT and other.master == account.address
        for other in state.accounts.values()
    )
    return NAMED_AGENTS + NAMED_AGENTS_PER_SUB_ACCOUNT * sub_accounts


def _deregister(state: Exchange, account: Account, name: str) -> None:
    for agent in list(state.agents.values()):
        if agent.master == account.address and agent.name == name:
            del state.agents[agent.address]
            state.nonces.pop(agent.address, None)


_SIGNERS = shape(
    key("authorizedUsers", array(address)), key("threshold", integer), is_ordered=False
)


def _parsed_signers(text: str) -> Signers | None:
    try:
        fields: dict[str, Any] = _SIGNERS(orjson.loads(text))
    except (MalformedError, orjson.JSONDecodeError):
        return None
    authorized, threshold = tuple(fields["authorizedUsers"]), fields["threshold"]
    if not 1 <= threshold <= len(authorized) <= SIGNERS_MAX:
        return None
    return Signers(authorized, threshold) if len(set(authorized)) == len(authorized) else None
