"""What deployers of tokens and dexs sign, and what validators sign. Pure.

Here so that every action of the venue's own client has its twin; nothing that trades uses them.
Decimal texts are written as given. Refuses to know what a deployer may do.

Source: hyperliquid-python-sdk 0.24.0, ``exchange.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class TokenVariant(StrEnum):
    """What can be done to a token by naming it only."""

    ENABLE_FREEZE = "enableFreezePrivilege"
    REVOKE_FREEZE = "revokeFreezePrivilege"
    ENABLE_QUOTE = "enableQuoteToken"


class SignerVariant(StrEnum):
    """What a validator's signer can do to itself."""

    UNJAIL = "unjailSelf"
    JAIL = "jailSelf"


@dataclass(frozen=True, slots=True)
class Token:
    """A token to register."""

    name: str
    size_decimals: int
    wei_decimals: int
    gas_max: int
    full_name: str


@dataclass(frozen=True, slots=True)
class DexSchema:
    """A dex to register with its first asset."""

    full_name: str
    collateral_token: int
    oracle_updater: str | None


@dataclass(frozen=True, slots=True)
class DexAsset:
    """A perpetual to register."""

    coin: str
    size_decimals: int
    oracle_price: str
    margin_table: int
    only_isolated: bool


@dataclass(frozen=True, slots=True)
class Liquidity:
    """A token's automatic orders: first price, size of each, how many."""

    spot: int
    start_price: str
    order_size: str
    order_count: int
    seeded_count: int | None


@dataclass(frozen=True, slots=True)
class Oracle:
    """Prices a deployer publishes: oracle, up to two marks, and those of other venues."""

    oracle: Mapping[str, str]
    marks: Sequence[Mapping[str, str]]
    external: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ValidatorProfile:
    """How a validator shows itself; None leaves as it is, which only a change may."""

    node_ip: str | None
    name: str | None
    description: str | None
    delegations_disabled: bool | None
    commission_bps: int | None
    signer: str | None


def register_token(token: Token) -> dict[str, object]:
    """Return the action that registers a token."""
    spec = {
        "name": token.name,
        "szDecimals": token.size_decimals,
        "weiDecimals": token.wei_decimals,
    }
    told = {"spec": spec, "maxGas": token.gas_max, "fullName": token.full_name}
    return _spot("registerToken2", told)


def user_genesis(
    token: int, *, users: Sequence[tuple[str, str]], tokens: Sequence[tuple[int, str]]
) -> dict[str, object]:
    """Return the action that hands out a new token: to users, and to holders of other tokens."""
    told = {
        "token": token,
        "userAndWei": [[user.lower(), wei] for user, wei in users],
        "existingTokenAndWei": [[existing, wei] for existing, wei in tokens],
    }
    return _spot("userGenesis", told)


def token_variant(variant: TokenVariant, *, token: int) -> dict[str, object]:
    """Return an action that only names a token."""
    return _spot(variant.value, {"token": token})


def freeze_user(token: int, *, user: str, freeze: bool) -> dict[str, object]:
    """Return the action that freezes a holder, or no longer."""
    return _spot("freezeUser", {"token": token, "user": user.lower(), "freeze": freeze})


def genesis(token: int, *, supply_max: str, no_liquidity: bool) -> dict[str, object]:
    """Return the action that ends the handing out."""
    told: dict[str, object] = {"token": token, "maxSupply": supply_max}
    return _spot("genesis", told | {"noHyperliquidity": True} if no_liquidity else told)


def register_spot(base: int, quote: int) -> dict[str, object]:
    """Return the action that opens a spot market."""
    return _spot("registerSpot", {"tokens": [base, quote]})


def register_liquidity(liquidity: Liquidity) -> dict[str, object]:
    """Return the action that sets a token's automatic orders."""
    told: dict[str, object] = {
        "spot": liquidity.spot,
        "startPx": liquidity.start_price,
        "orderSz": liquidity.order_size,
        "nOrders": liquidity.order_count,
    }
    if liquidity.seeded_count is not None:
        told["nSeededLevels"] = liquidity.seeded_count
    return _spot("registerHyperliquidity", told)


def set_deployer_fee_share(token: int, *, share: str) -> dict[str, object]:
    """Return the action that sets the deployer's share of the fees."""
    return _spot("setDeployerTradingFeeShare", {"token": token, "share": share})


def register_asset(
    dex: str, asset: DexAsset, *, gas_max: int | None, schema: DexSchema | None
) -> dict[str, object]:
    """Return the action that registers a perpetual, and its dex if that is new."""
    request = {
        "coin": asset.coin,
        "szDecimals": asset.size_decimals,
        "oraclePx": asset.oracle_price,
        "marginTableId": asset.margin_table,
        "onlyIsolated": asset.only_isolated,
    }
    told = {
        "maxGas": gas_max,
        "assetRequest": request,
        "dex": dex,
        "schema": None if schema is None else _schema(schema),
    }
    return {"type": "perpDeploy", "registerAsset": told}


def set_oracle(dex: str, prices: Oracle) -> dict[str, object]:
    """Return the action that publishes prices; the venue wants them sorted by coin."""
    told = {
        "dex": dex,
        "oraclePxs": _sorted(prices.oracle),
        "markPxs": [_sorted(marks) for marks in prices.marks],
        "externalPerpPxs": _sorted(prices.external),
    }
    return {"type": "perpDeploy", "setOracle": told}


def validator_signer(variant: SignerVariant) -> dict[str, object]:
    """Return the action of a validator's signer."""
    return {"type": "CSignerAction", variant.value: None}


def register_validator(
    profile: ValidatorProfile, *, unjailed: bool, initial_wei: int
) -> dict[str, object]:
    """Return the action that makes a validator; every field of the profile is needed."""
    shown = {
        "node_ip": {"Ip": profile.node_ip},
        "name": profile.name,
        "description": profile.description,
        "delegations_disabled": profile.delegations_disabled,
        "commission_bps": profile.commission_bps,
        "signer": profile.signer,
    }
    told = {"profile": shown, "unjailed": unjailed, "initial_wei": initial_wei}
    return {"type": "CValidatorAction", "register": told}


def change_validator(profile: ValidatorProfile, *, unjailed: bool) -> dict[str, object]:
    """Return the action that changes what of the profile is not None."""
    told = {
        "node_ip": None if profile.node_ip is None else {"Ip": profile.node_ip},
        "name": profile.name,
        "description": profile.description,
        "unjailed": unjailed,
        "disable_delegations": profile.delegations_disabled,
        "commission_bps": profile.commission_bps,
        "signer": profile.signer,
    }
    return {"type": "CValidatorAction", "changeProfile": told}


def unregister_validator() -> dict[str, object]:
    """Return the action that ends a validator."""
    return {"type": "CValidatorAction", "unregister": None}


def _spot(variant: str, told: Mapping[str, object]) -> dict[str, object]:
    return {"type": "spotDeploy", variant: told}


def _schema(schema: DexSchema) -> dict[str, object]:
    updater = schema.oracle_updater
    return {
        "fullName": schema.full_name,
        "collateralToken": schema.collateral_token,
        "oracleUpdater": None if updater is None else updater.lower(),
    }


def _sorted(prices: Mapping[str, str]) -> list[list[str]]:
    return [[coin, price] for coin, price in sorted(prices.items())]
