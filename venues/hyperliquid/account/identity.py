"""Is this the venue, the account and the agent that the configuration means? Pure checks at start.

Each check takes what the venue answered and raises a `ConfigError` that names the field and the
remedy. Refuses to ask anything itself.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from router.domain.error import ConfigError
from router.domain.instrument import Instrument
from router.domain.units import InstrumentId, Rounding
from venues.hyperliquid import translate, wire
from venues.hyperliquid.spec import HyperliquidConfig, size_decimals

MODES_REFUSED: Final = frozenset({"unifiedAccount", "portfolioMargin"})
_PIPS_DECIMALS = 6


def assets(metas: Sequence[wire.CoinMeta], config: HyperliquidConfig) -> Mapping[InstrumentId, int]:
    """Return the venue's number of every instrument, after checking grids and leverage."""
    known = {meta.coin: meta for meta in metas}
    return {
        i.id: _asset(known.get(i.symbol), i, config.leverage_of(i.id)) for i in config.instruments
    }


def _asset(meta: wire.CoinMeta | None, instrument: Instrument, leverage: int) -> int:
    name = f"markets.{instrument.symbol}"
    if meta is None:
        raise ConfigError(f"{name}: coin {instrument.symbol} is not traded here: correct it")
    if meta.is_delisted or meta.is_isolated_only:
        raise ConfigError(f"{name}: {meta.coin} is delisted or isolated-only: remove it")
    if meta.size_decimals != size_decimals(instrument):
        raise ConfigError(
            f"{name}: size_decimals of {meta.coin} are {meta.size_decimals}, "
            f"was {size_decimals(instrument)}: correct it"
        )
    if not 1 <= leverage <= meta.leverage_max:
        raise ConfigError(f"{name}: leverage must be 1 to {meta.leverage_max}, was {leverage}")
    return meta.asset


def check_account(role: wire.Role, config: HyperliquidConfig) -> None:
    """Require that the address is a user's master account."""
    if role.role == "user":
        return
    remedies = {
        "missing": "deposit to it first, or correct it",
        "agent": "give the master account's address",
        "subAccount": "give its master here, and this one as sub_account",
    }
    remedy = remedies.get(role.role, "only a user's master account is supported")
    raise ConfigError(f"account {config.address} is {role.role!r} to the venue: {remedy}")


def check_sub_account(role: wire.Role, config: HyperliquidConfig) -> None:
    """Require that the account traded for is one of the master's, or a vault."""
    if role.role == "vault":
        return  # the venue itself refuses actions for a vault that the master does not lead
    if role.role != "subAccount":
        raise ConfigError(
            f"sub_account {config.sub_account} is {role.role!r} to the venue: name a sub-account of"
            f" {config.address}, or leave it out"
        )
    if role.owner is None or role.owner.lower() != config.address:
        raise ConfigError(
            f"sub_account {config.sub_account} belongs to {role.owner}, not to {config.address}: "
            "correct it"
        )


def check_abstraction(abstraction: str) -> None:
    """Require an account whose perp state stands for itself."""
    if abstraction in MODES_REFUSED:
        raise ConfigError(
            f"address: the account is in {abstraction} mode, whose perp balances mean nothing: "
            "switch it to the standard mode"
        )


def check_agent(role: wire.Role, config: HyperliquidConfig, *, agent: str) -> None:
    """Require that the agent's key may trade for the account and is not the account's own."""
    if agent == config.address:
        raise ConfigError("agent_key_env: is the account's own key: use that of an approved agent")
    if role.role == "agent" and role.owner is not None:
        if role.owner.lower() == config.address:
            return
        raise ConfigError(
            f"agent_key_env: {agent} is an agent of {role.owner}, not of {config.address}"
        )
    raise ConfigError(f"agent_key_env: {agent} is not an agent of {config.address}: approve it")


def check_fee(taker_rate: str, config: HyperliquidConfig) -> None:
    """Require that no instrument's fee is below what the account is charged."""
    pips = translate.rounded(taker_rate, _PIPS_DECIMALS, rounding=Rounding.UP, name="userCrossRate")
    for instrument in config.instruments:
        if instrument.fee_pips < pips:
            raise ConfigError(
                f"markets.{instrument.symbol}: taker_fee_pips is {instrument.fee_pips}, but the "
                f"account is charged {pips}: set it to {pips}"
            )
