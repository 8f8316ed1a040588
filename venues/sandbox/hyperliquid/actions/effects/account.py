"""What an account says about itself: sub-accounts, names, builders, referrers, modes, requests.

The balance modes (`unifiedAccount`, `portfolioMargin`, `dexAbstraction`) are remembered and shown,
so that a client can be tested against them, but balances stay apart whatever was chosen.
"""

import re

from venues.sandbox.hyperliquid.actions.effects import money
from venues.sandbox.hyperliquid.actions.effects.turn import (
    NOT_REGISTERED,
    Answer,
    Turn,
    refused,
    told,
)
from venues.sandbox.hyperliquid.actions.messages.account import (
    ApproveBuilderFee,
    CreateSubAccount,
    RegisterReferrer,
    RenameSubAccount,
    ReserveWeight,
    SetAbstraction,
    SetDisplayName,
    SetReferrer,
)
from venues.sandbox.hyperliquid.actions.signature import keccak256
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind
from venues.sandbox.hyperliquid.number import MICRO, to_scaled

SUB_ACCOUNTS_MAX = 10
SUB_ACCOUNTS_HARD_MAX = 50
VOLUME_PER_SUB_ACCOUNT_MICRO_USD = 100_000_000 * MICRO
NAME_LENGTH_MAX = 16
DISPLAY_NAME_LENGTH_MAX = 20
CODE_LENGTH_MAX = 20
BUILDER_TENTHS_BP_MAX = 1_000
MICRO_USD_PER_REQUEST = 500

SUB_ACCOUNT_VOLUME = (
    "Cannot create sub-accounts until enough volume traded. Required: ${}. Traded: ${}."
)
TOO_MANY_SUB_ACCOUNTS = "Too many sub-accounts."  # ours
BAD_NAME = "Name must be between 1 and 16 characters."  # ours
NAME_USED = "Sub-account name is already used."  # ours
BAD_RATE = "Invalid max fee rate."  # ours
BAD_CODE = "Referral code must be between 1 and 20 characters."  # ours
CODE_USED = "Referral code is already used."  # ours
UNKNOWN_CODE = "Referral code not registered"
REFERRER_SET = "Referrer already set."  # ours
SELF_REFERRED = "Cannot refer oneself."  # ours
NOT_DEFAULT = "Agents may only set the abstraction of an account in default mode."  # ours
LONG_DISPLAY_NAME = "Display name must be at most 20 characters."  # ours
NO_REWARDS = "No rewards to claim."  # ours
NO_CAPITAL_FOR_WEIGHT = "Insufficient balance to reserve request weight."  # ours

_RATE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%\Z")
_RATE_DECIMALS = 3  # a tenth of a basis point is 0.001 %


def create_sub_account(turn: Turn, action: CreateSubAccount) -> Answer:
    """Open an account that only its owner's keys act for, and tell its address."""
    owner = turn.owner
    complaint = _name_error(turn, owner, action.name) or _count_error(turn, owner)
    if complaint is not None:
        return refused(complaint)
    number = len(_sub_accounts(turn, owner))
    seed = bytes.fromhex(owner.address[2:]) + number.to_bytes(8, "big")
    account = turn.state.account("0x" + keccak256(seed)[-20:].hex())
    account.kind, account.master, account.name = (
        AccountKind.SUB_ACCOUNT,
        owner.address,
        action.name,
    )
    return told("createSubAccount", account.address)


def rename_sub_account(turn: Turn, action: RenameSubAccount) -> str | None:
    """Give a sub-account another name."""
    for account in _sub_accounts(turn, turn.owner):
        if account.address == action.sub_account:
            complaint = _name_error(turn, turn.owner, action.name)
            if complaint is None:
                account.name = action.name
            return complaint
    return NOT_REGISTERED.format(action.sub_account, turn.owner.address)


def set_display_name(turn: Turn, action: SetDisplayName) -> str | None:
    """Name the account on the leader board."""
    if len(action.name) > DISPLAY_NAME_LENGTH_MAX:
        return LONG_DISPLAY_NAME
    turn.account.name = action.name
    return None


def approve_builder_fee(turn: Turn, action: ApproveBuilderFee) -> str | None:
    """Allow a builder to charge up to a rate; zero takes the approval away."""
    found = _RATE.match(action.rate_text)
    tenths = None if found is None else to_scaled(found[1], _RATE_DECIMALS)
    if tenths is None or tenths > BUILDER_TENTHS_BP_MAX:
        return BAD_RATE
    if tenths:
        turn.account.builder_approvals[action.builder] = tenths
    else:
        turn.account.builder_approvals.pop(action.builder, None)
    return None


def register_referrer(turn: Turn, action: RegisterReferrer) -> str | None:
    """Make a code by which others name this account as their referrer."""
    if not 1 <= len(action.code) <= CODE_LENGTH_MAX:
        return BAD_CODE
    if action.code in turn.registry.referral_codes:
        return CODE_USED
    turn.registry.referral_codes[action.code] = turn.account.address
    return None


def set_referrer(turn: Turn, action: SetReferrer) -> str | None:
    """Name the account that referred this one; once."""
    if turn.account.referrer is not None:
        return REFERRER_SET
    referrer = turn.registry.referral_codes.get(action.code)
    if referrer is None:
        return UNKNOWN_CODE
    if referrer == turn.account.address:
        return SELF_REFERRED
    turn.account.referrer = referrer
    return None


def set_abstraction(turn: Turn, action: SetAbstraction) -> str | None:
    """Choose a balance mode for the account or, by its owner's own key, for a sub-account."""
    account = turn.account
    if action.user is None:
        if turn.is_agent and account.abstraction != "default":
            return NOT_DEFAULT
    elif action.user != account.address:
        own = {sub.address: sub for sub in _sub_accounts(turn, turn.account)}
        if action.user not in own:
            return NOT_REGISTERED.format(action.user, account.address)
        account = own[action.user]
    account.abstraction = action.abstraction
    return None


def reserve_weight(turn: Turn, action: ReserveWeight) -> str | None:
    """Buy requests with perpetual cash, for this account or another one."""
    amount = money.usdc(turn.state.config, action.weight * MICRO_USD_PER_REQUEST)
    if money.take(turn.state, turn.account, DEFAULT_DEX, amount=amount) is not None:
        return NO_CAPITAL_FOR_WEIGHT
    turn.state.till.paid_out += amount.micro_usd
    address = action.destination or turn.account.address
    turn.state.account(address).requests_reserved += action.weight
    return None


def _sub_accounts(turn: Turn, owner: Account) -> list[Account]:
    return [
        account
        for account in turn.state.accounts.values()
        if account.kind is AccountKind.SUB_ACCOUNT and account.master == owner.address
    ]


def _name_error(turn: Turn, owner: Account, name: str) -> str | None:
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        return BAD_NAME
    used = {account.name for account in _sub_accounts(turn, owner)}
    return NAME_USED if name in used else None


def _count_error(turn: Turn, owner: Account) -> str | None:
    required = turn.state.config.sub_account_volume_min_usd
    traded = owner.volume_micro_usd
    if traded < required * MICRO:
        return SUB_ACCOUNT_VOLUME.format(required, money.short_usd(traded))
    more = traded // VOLUME_PER_SUB_ACCOUNT_MICRO_USD
    allowed = min(SUB_ACCOUNTS_MAX + more, SUB_ACCOUNTS_HARD_MAX)
    return TOO_MANY_SUB_ACCOUNTS if len(_sub_accounts(turn, owner)) >= allowed else None
