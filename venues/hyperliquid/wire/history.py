"""What an account did besides trading: transfers, vaults, staking, and its worth over time.

What changed stays a table, because the venue adds kinds of change now and then.
"""

from dataclasses import dataclass

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.primitives import (
    Fields,
    flag,
    integer,
    many,
    optional_integer,
    pair,
    string,
    table,
    text,
    whole,
)


@dataclass(frozen=True, slots=True)
class LedgerUpdate:
    """A change of an account's ledger that is no trade and no funding.

    Attributes
    ----------
    kind : str
        "deposit", "accountClassTransfer", "liquidation" and the like.
    delta : Fields
        Everything told of it but the kind.
    """

    time_ms: int
    hash: str
    kind: str
    delta: Fields


@dataclass(frozen=True, slots=True)
class PushedLedgerUpdates:
    """Changes of an account's ledger; a snapshot repeats the latest ones."""

    address: str
    is_snapshot: bool
    rows: tuple[LedgerUpdate, ...]


@dataclass(frozen=True, slots=True)
class VaultEquity:
    """What an account has in a vault, and until when it is locked."""

    vault: str
    equity: str
    locked_until_ms: int | None


@dataclass(frozen=True, slots=True)
class Worth:
    """An account's worth, profit and volume over a period, as (time in ms, dollars)."""

    period: str
    values: tuple[tuple[int, str], ...]
    profits: tuple[tuple[int, str], ...]
    volume: str


def read_ledger_updates(value: object) -> tuple[LedgerUpdate, ...]:
    """Read `userNonFundingLedgerUpdates`."""
    return many(value, "ledgerUpdates", _ledger_update)


def read_pushed_ledger_updates(value: object) -> PushedLedgerUpdates:
    """Read `userNonFundingLedgerUpdates` as it is pushed."""
    fields = table(value, "userNonFundingLedgerUpdates")
    rows = read_ledger_updates(fields.get("nonFundingLedgerUpdates"))
    return PushedLedgerUpdates(text(fields, "user"), flag(fields, "isSnapshot"), rows)


def _ledger_update(value: object) -> LedgerUpdate:
    fields = table(value, "ledgerUpdates")
    delta = table(fields.get("delta"), "delta")
    return LedgerUpdate(
        time_ms=integer(fields, "time"),
        hash=text(fields, "hash"),
        kind=text(delta, "type"),
        delta={key: told for key, told in delta.items() if key != "type"},
    )


def read_delegations(value: object) -> tuple[LedgerUpdate, ...]:
    """Read `delegatorHistory`, where the kind is the name of the only field."""
    return many(value, "delegatorHistory", _delegation)


def _delegation(value: object) -> LedgerUpdate:
    fields = table(value, "delegatorHistory")
    delta = table(fields.get("delta"), "delta")
    if len(delta) != 1:
        raise MalformedDataError(f"delta must have one field, was {len(delta)}")
    ((kind, told),) = delta.items()
    return LedgerUpdate(
        time_ms=integer(fields, "time"),
        hash=text(fields, "hash"),
        kind=kind,
        delta=table(told, kind),
    )


def read_vault_equities(value: object) -> tuple[VaultEquity, ...]:
    """Read `userVaultEquities`."""
    return many(value, "userVaultEquities", _vault_equity)


def _vault_equity(value: object) -> VaultEquity:
    fields = table(value, "userVaultEquities")
    locked = optional_integer(fields, "lockedUntilTimestamp")
    return VaultEquity(text(fields, "vaultAddress"), text(fields, "equity"), locked)


def read_portfolio(value: object) -> tuple[Worth, ...]:
    """Read `portfolio`."""
    return many(value, "portfolio", _worth)


def _worth(value: object) -> Worth:
    period, told = pair(value, "portfolio")
    fields = table(told, "portfolio")
    return Worth(
        period=string(period, "portfolio"),
        values=many(fields.get("accountValueHistory"), "accountValueHistory", _point),
        profits=many(fields.get("pnlHistory"), "pnlHistory", _point),
        volume=text(fields, "vlm"),
    )


def _point(value: object) -> tuple[int, str]:
    time_ms, dollars = pair(value, "history")
    return whole(time_ms, "history"), string(dollars, "history")
