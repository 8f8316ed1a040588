"""What an account holds: margin, positions, spot balances, sub-accounts, roles and agents.

Refuses to add anything up; unified and portfolio accounts are told as the venue tells them, though
their perp state means nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.primitives import (
    Fields,
    integer,
    many,
    optional,
    optional_boolean,
    optional_integer,
    optional_text,
    pair,
    string,
    table,
    text,
    whole,
)


@dataclass(frozen=True, slots=True)
class Leverage:
    """How a position is margined; `isolated_cash` is the cash leg of an isolated one."""

    value: int
    is_cross: bool
    isolated_cash: str | None = None


@dataclass(frozen=True, slots=True)
class CumulativeFunding:
    """Funding since ever, since the position was opened and since it changed; positive was paid."""

    all_time: str
    since_open: str
    since_change: str


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position with the leverage it is held at; a negative size is short."""

    coin: str
    size: str
    leverage: int
    is_cross: bool
    isolated_cash: str | None = None
    entry_price: str | None = None
    value: str | None = None
    unrealised_pnl: str | None = None
    return_on_equity: str | None = None
    liquidation_price: str | None = None  # None where no price would liquidate it
    margin_used: str | None = None
    leverage_max: int | None = None
    funding: CumulativeFunding | None = None


@dataclass(frozen=True, slots=True)
class MarginSummary:
    """A bucket of margin: its cash counts what positions cost."""

    value: str
    notional: str
    cash: str
    margin_used: str


@dataclass(frozen=True, slots=True)
class Account:
    """The cross-margin bucket of an account, and all its positions; `total` counts isolated too."""

    cash: str
    value: str
    margin_used: str
    withdrawable: str
    positions: tuple[HeldPosition, ...]
    time_ms: int
    notional: str | None = None
    maintenance_margin: str | None = None  # of the cross bucket
    total: MarginSummary | None = None


@dataclass(frozen=True, slots=True)
class SpotBalance:
    """A spot token held; `hold` of it is bound in orders."""

    coin: str
    token: int
    total: str
    hold: str
    entry_notional: str
    spot_hold: str | None = None
    loan_to_value: str | None = None
    borrowed: str | None = None
    supplied: str | None = None


@dataclass(frozen=True, slots=True)
class SpotAccount:
    """All spot balances, and the rates of a portfolio-margin account where it is one."""

    balances: tuple[SpotBalance, ...]
    is_portfolio_margin: bool | None = None
    portfolio_margin_ratio: str | None = None
    available_after_maintenance: tuple[tuple[int, str], ...] = ()
    escrows: tuple[tuple[str, int, str], ...] = ()  # (coin, token, total) held for the EVM
    borrow_ratios: tuple[tuple[int, str], ...] = ()
    supply_ratios: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SubAccount:
    """An account that belongs to a master; its perp states by dex, "" being the first."""

    name: str
    address: str
    master: str
    perps: Mapping[str, Account]
    spot: SpotAccount


@dataclass(frozen=True, slots=True)
class Role:
    """What an address is; whom it belongs to where it is an agent or a sub-account."""

    role: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class Agent:
    """A key that may trade for an account, until a time if one is told."""

    name: str
    address: str
    valid_until_ms: int | None


def read_account(value: object) -> Account:
    """Read `clearinghouseState`."""
    fields = table(value, "clearinghouseState")
    cross = table(fields.get("crossMarginSummary"), "crossMarginSummary")
    return Account(
        cash=text(cross, "totalRawUsd"),
        value=text(cross, "accountValue"),
        margin_used=text(cross, "totalMarginUsed"),
        withdrawable=text(fields, "withdrawable"),
        positions=many(fields.get("assetPositions"), "assetPositions", read_position),
        time_ms=integer(fields, "time"),
        notional=optional_text(cross, "totalNtlPos"),
        maintenance_margin=optional_text(fields, "crossMaintenanceMarginUsed"),
        total=optional(fields.get("marginSummary"), read_margin_summary),
    )


def read_margin_summary(value: object) -> MarginSummary:
    """Read `marginSummary` or `crossMarginSummary`."""
    fields = table(value, "marginSummary")
    return MarginSummary(
        value=text(fields, "accountValue"),
        notional=text(fields, "totalNtlPos"),
        cash=text(fields, "totalRawUsd"),
        margin_used=text(fields, "totalMarginUsed"),
    )


def read_position(value: object) -> HeldPosition:
    """Read one of `assetPositions`; only netted ("oneWay") ones exist."""
    outer = table(value, "assetPositions")
    kind = optional_text(outer, "type")
    if kind not in {None, "oneWay"}:
        raise MalformedDataError(f"type of a position must be oneWay, was {kind!r:.80}")
    fields = table(outer.get("position"), "position")
    leverage = _leverage(fields)
    return HeldPosition(
        coin=text(fields, "coin"),
        size=text(fields, "szi"),
        leverage=leverage.value,
        is_cross=leverage.is_cross,
        isolated_cash=leverage.isolated_cash,
        entry_price=optional_text(fields, "entryPx"),
        value=optional_text(fields, "positionValue"),
        unrealised_pnl=optional_text(fields, "unrealizedPnl"),
        return_on_equity=optional_text(fields, "returnOnEquity"),
        liquidation_price=optional_text(fields, "liquidationPx"),
        margin_used=optional_text(fields, "marginUsed"),
        leverage_max=optional_integer(fields, "maxLeverage"),
        funding=optional(fields.get("cumFunding"), _cumulative_funding),
    )


def _cumulative_funding(value: object) -> CumulativeFunding:
    fields = table(value, "cumFunding")
    return CumulativeFunding(
        text(fields, "allTime"), text(fields, "sinceOpen"), text(fields, "sinceChange")
    )


def _leverage(fields: Fields) -> Leverage:
    leverage = table(fields.get("leverage"), "leverage")
    kind = text(leverage, "type")
    if kind not in {"cross", "isolated"}:
        raise MalformedDataError(f"type of leverage must be cross or isolated, was {kind!r:.80}")
    return Leverage(integer(leverage, "value"), kind == "cross", optional_text(leverage, "rawUsd"))


def read_leverage(fields: Fields) -> tuple[int, bool]:
    """Return the leverage of a position or of `activeAssetData`, and whether it is cross."""
    leverage = _leverage(fields)
    return leverage.value, leverage.is_cross


def read_whole_leverage(fields: Fields) -> Leverage:
    """Return the leverage with the cash of an isolated position."""
    return _leverage(fields)


def read_spot_account(value: object) -> SpotAccount:
    """Read `spotClearinghouseState`."""
    fields = table(value, "spotClearinghouseState")
    escrows = fields.get("evmEscrows")
    return SpotAccount(
        balances=many(fields.get("balances"), "balances", _balance),
        is_portfolio_margin=optional_boolean(fields, "portfolioMarginEnabled"),
        portfolio_margin_ratio=optional_text(fields, "portfolioMarginRatio"),
        available_after_maintenance=_by_token(fields, "tokenToAvailableAfterMaintenance"),
        escrows=() if escrows is None else many(escrows, "evmEscrows", _escrow),
        borrow_ratios=_by_token(fields, "tokenToPortfolioBorrowRatio"),
        supply_ratios=_by_token(fields, "tokenToPortfolioSupplyRatio"),
    )


def _balance(value: object) -> SpotBalance:
    fields = table(value, "balances")
    return SpotBalance(
        coin=text(fields, "coin"),
        token=integer(fields, "token"),
        total=text(fields, "total"),
        hold=text(fields, "hold"),
        entry_notional=text(fields, "entryNtl"),
        spot_hold=optional_text(fields, "spotHold"),
        loan_to_value=optional_text(fields, "ltv"),
        borrowed=optional_text(fields, "borrowed"),
        supplied=optional_text(fields, "supplied"),
    )


def _escrow(value: object) -> tuple[str, int, str]:
    fields = table(value, "evmEscrows")
    return text(fields, "coin"), integer(fields, "token"), text(fields, "total")


def _by_token(fields: Fields, key: str) -> tuple[tuple[int, str], ...]:
    return () if fields.get(key) is None else many(fields[key], key, _token_amount)


def _token_amount(value: object) -> tuple[int, str]:
    token, amount = pair(value, "token amounts")
    return whole(token, "token"), string(amount, "amount")


def read_sub_accounts(value: object) -> tuple[SubAccount, ...]:
    """Read `subAccounts` and `subAccounts2`; null where there are none."""
    return () if value is None else many(value, "subAccounts", _sub_account)


def _sub_account(value: object) -> SubAccount:
    fields = table(value, "subAccounts")
    return SubAccount(
        name=text(fields, "name"),
        address=text(fields, "subAccountUser"),
        master=text(fields, "master"),
        perps=_perps(fields),
        spot=read_spot_account(fields.get("spotState")),
    )


def _perps(fields: Fields) -> Mapping[str, Account]:
    by_dex = fields.get("dexToClearinghouseState")
    if by_dex is None:
        return {"": read_account(fields.get("clearinghouseState"))}
    return dict(many(by_dex, "dexToClearinghouseState", _dex_account))


def _dex_account(value: object) -> tuple[str, Account]:
    dex, account = pair(value, "dexToClearinghouseState")
    return string(dex, "dex"), read_account(account)


def read_abstraction(value: object) -> str:
    """Read `userAbstraction`: "disabled", "default", "unifiedAccount" and the like."""
    return string(value, "userAbstraction")


def read_role(value: object) -> Role:
    """Read `userRole`."""
    fields = table(value, "userRole")
    role = text(fields, "role")
    if role not in {"agent", "subAccount"}:
        return Role(role, None)
    key = "user" if role == "agent" else "master"
    return Role(role, text(table(fields.get("data"), "data"), key))


def read_agents(value: object) -> tuple[Agent, ...]:
    """Read `extraAgents`."""
    return many(value, "extraAgents", _agent)


def _agent(value: object) -> Agent:
    fields = table(value, "extraAgents")
    valid_until = optional_integer(fields, "validUntil")
    return Agent(text(fields, "name"), text(fields, "address"), valid_until)
