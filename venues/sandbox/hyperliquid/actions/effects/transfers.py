"""Money that moves without a trade: between pockets, accounts, and out of the venue.

Each writes the row by which both sides find it again. Sending to an address opens an account there;
the venue's one-dollar activation fee for that is not played. A transfer lasts no time: withdrawals
are gone at once.
"""

from venues.sandbox.hyperliquid.actions.effects import money
from venues.sandbox.hyperliquid.actions.effects.money import SPOT, Sum
from venues.sandbox.hyperliquid.actions.effects.turn import NOT_REGISTERED, Turn
from venues.sandbox.hyperliquid.actions.messages.transfers import (
    MoveClass,
    MoveSpotToSubAccount,
    MoveToSubAccount,
    SendAsset,
    SendSpot,
    SendUsd,
    Withdraw,
)
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind
from venues.sandbox.hyperliquid.number import MICRO

WITHDRAWAL_FEE_MICRO_USD = MICRO
INVALID_TRANSFER = "Invalid sub-account transfer from {} to {}"
NOT_OWN = "Agent can only send asset to same user or their sub-accounts."
SAME_POCKET = "Cannot send to the same place."  # ours
WITHDRAWAL_TOO_SMALL = "Withdrawal must be larger than the fee of 1 USDC."  # ours

_NO_FEES: dict[str, object] = {"fee": "0.0", "nativeTokenFee": "0.0"}


def send_usd(turn: Turn, action: SendUsd) -> str | None:
    """Pay another account's first dex out of one's own."""
    amount = _usdc(turn, action.amount_text)
    if isinstance(amount, str):
        return amount
    complaint = _move(turn, amount, source=(turn.account, DEFAULT_DEX), to=action.destination)
    if complaint is None:
        usdc = money.usd_text(amount.micro_usd)
        _record_both(
            turn,
            action.destination,
            {"type": "internalTransfer", "usdc": usdc, **_parties(turn, action.destination)}
            | {"fee": "0.0"},
        )
    return complaint


def send_spot(turn: Turn, action: SendSpot) -> str | None:
    """Pay another account's spot balance out of one's own."""
    amount = _amount(turn, action.token, action.amount_text, pockets=(SPOT,))
    if isinstance(amount, str):
        return amount
    return _send_tokens(turn, amount, destination=action.destination, nonce=action.nonce)


def withdraw(turn: Turn, action: Withdraw) -> str | None:
    """Take money out of the venue; a dollar of it pays for the bridge."""
    amount = _usdc(turn, action.amount_text)
    if isinstance(amount, str):
        return amount
    if amount.micro_usd <= WITHDRAWAL_FEE_MICRO_USD:
        return WITHDRAWAL_TOO_SMALL
    complaint = money.take(turn.state, turn.account, DEFAULT_DEX, amount=amount)
    if complaint is None:
        turn.state.till.paid_out += amount.micro_usd
        turn.record(
            turn.account,
            {
                "type": "withdraw",
                "usdc": money.usd_text(amount.micro_usd - WITHDRAWAL_FEE_MICRO_USD),
                "nonce": action.nonce,
                "fee": money.usd_text(WITHDRAWAL_FEE_MICRO_USD),
            },
        )
    return complaint


def move_class(turn: Turn, action: MoveClass) -> str | None:
    """Move dollars between the first dex and the spot balance of one account."""
    account = _own(turn, action.sub_account)
    if account is None:
        return NOT_REGISTERED.format(action.sub_account, turn.account.address)
    amount = _usdc(turn, action.amount_text)
    if isinstance(amount, str):
        return amount
    source, destination = (SPOT, DEFAULT_DEX) if action.to_perp else (DEFAULT_DEX, SPOT)
    complaint = money.take(turn.state, account, source, amount=amount)
    if complaint is None:
        money.give(account, destination, amount=amount)
        turn.record(
            account,
            {
                "type": "accountClassTransfer",
                "usdc": money.usd_text(amount.micro_usd),
                "toPerp": action.to_perp,
            },
        )
    return complaint


def send_asset(turn: Turn, action: SendAsset) -> str | None:
    """Send a token from any pocket to any pocket; an agent only among its owner's accounts."""
    source = _own(turn, action.sub_account)
    if source is None:
        return NOT_REGISTERED.format(action.sub_account, turn.account.address)
    if action.by_agent and not _is_among_own(turn, action.destination):
        return NOT_OWN
    pockets = (action.source_dex, action.destination_dex)
    amount = _amount(turn, action.token, action.amount_text, pockets=pockets)
    if isinstance(amount, str):
        return amount
    if source.address == action.destination and action.source_dex == action.destination_dex:
        return SAME_POCKET
    complaint = _move(
        turn,
        amount,
        source=(source, action.source_dex),
        to=action.destination,
        pocket=action.destination_dex,
    )
    if complaint is None:
        row: dict[str, object] = {
            "type": "send",
            "user": source.address,
            "destination": action.destination,
            "sourceDex": action.source_dex,
            "destinationDex": action.destination_dex,
            "token": amount.token.name,
            "amount": amount.text,
            "usdcValue": money.usd_value_text(turn.state, amount),
            **_NO_FEES,
            "nonce": action.nonce,
            "feeToken": "",
        }
        _record_both(turn, action.destination, row, sender=source)
    return complaint


def move_to_sub_account(turn: Turn, action: MoveToSubAccount) -> str | None:
    """Move dollars between the first dex of an owner and of its sub-account."""
    sub_account = _sub_account(turn, action.sub_account)
    if sub_account is None:
        return INVALID_TRANSFER.format(turn.account.address, action.sub_account)
    if action.micro_usd == 0:
        return money.ZERO
    amount = money.usdc(turn.state.config, action.micro_usd)
    sender, receiver = _ends(turn, sub_account, is_deposit=action.is_deposit)
    complaint = _move(turn, amount, source=(sender, DEFAULT_DEX), to=receiver.address)
    if complaint is None:
        row: dict[str, object] = {
            "type": "subAccountTransfer",
            "usdc": money.usd_text(amount.micro_usd),
            "user": sender.address,
            "destination": receiver.address,
        }
        _record_both(turn, receiver.address, row, sender=sender)
    return complaint


def move_spot_to_sub_account(turn: Turn, action: MoveSpotToSubAccount) -> str | None:
    """Move a token between the spot balances of an owner and of its sub-account."""
    sub_account = _sub_account(turn, action.sub_account)
    if sub_account is None:
        return INVALID_TRANSFER.format(turn.account.address, action.sub_account)
    amount = _amount(turn, action.token, action.amount_text, pockets=(SPOT,))
    if isinstance(amount, str):
        return amount
    sender, receiver = _ends(turn, sub_account, is_deposit=action.is_deposit)
    return _send_tokens(turn, amount, destination=receiver.address, nonce=None, sender=sender)


def _send_tokens(
    turn: Turn,
    amount: Sum,
    *,
    destination: str,
    nonce: int | None,
    sender: Account | None = None,
) -> str | None:
    sender = sender or turn.account
    complaint = _move(turn, amount, source=(sender, SPOT), to=destination, pocket=SPOT)
    if complaint is None:
        row: dict[str, object] = {
            "type": "spotTransfer",
            "token": amount.token.name,
            "amount": amount.text,
            "usdcValue": money.usd_value_text(turn.state, amount),
            "user": sender.address,
            "destination": destination,
            **_NO_FEES,
            "nonce": nonce,
            "feeToken": "",
        }
        _record_both(turn, destination, row, sender=sender)
    return complaint


def _move(
    turn: Turn,
    amount: Sum,
    *,
    source: tuple[Account, str],
    to: str,
    pocket: str = DEFAULT_DEX,
) -> str | None:
    complaint = money.take(turn.state, source[0], source[1], amount=amount)
    if complaint is None:
        money.give(turn.state.account(to), pocket, amount=amount)
    return complaint


def _record_both(
    turn: Turn, destination: str, row: dict[str, object], *, sender: Account | None = None
) -> None:
    sender = sender or turn.account
    turn.record(sender, row)
    if destination != sender.address:
        turn.record(turn.state.account(destination), row)


def _parties(turn: Turn, destination: str) -> dict[str, object]:
    return {"user": turn.account.address, "destination": destination}


def _usdc(turn: Turn, text: str) -> Sum | str:
    # Dollars that meet a perpetual pocket: six decimals at most.
    return _amount(turn, "USDC", text, pockets=(DEFAULT_DEX,))


def _amount(turn: Turn, token_text: str, text: str, *, pockets: tuple[str, ...]) -> Sum | str:
    token = money.token_named(turn.state.config, token_text)
    if token is None:
        return money.UNKNOWN_TOKEN
    for pocket in pockets:
        complaint = money.pocket_error(turn.state.config, pocket, token)
        if complaint is not None:
            return complaint
    return money.parsed(text, token, pockets=pockets)


def _own(turn: Turn, sub_account: str | None) -> Account | None:
    return turn.account if sub_account is None else _sub_account(turn, sub_account)


def _is_among_own(turn: Turn, address: str) -> bool:
    return address == turn.account.address or _sub_account(turn, address) is not None


def _sub_account(turn: Turn, address: str) -> Account | None:
    found = turn.state.accounts.get(address)
    if found is None or found.kind is not AccountKind.SUB_ACCOUNT:
        return None
    return found if found.master == turn.account.address else None


def _ends(turn: Turn, sub_account: Account, *, is_deposit: bool) -> tuple[Account, Account]:
    return (turn.account, sub_account) if is_deposit else (sub_account, turn.account)
