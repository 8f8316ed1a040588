"""What a prepared chain consists of, as a file others can read.

Holds addresses, not state. Its private keys are public development keys: they may sign on this
sandbox and nowhere else, which is why each account says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from router.domain.error import ConfigError


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """One ERC-20 token."""

    symbol: str
    address: str
    decimals: int


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """One Uniswap V3 pool; `token0` and `token1` are addresses, in the pool's own order."""

    address: str
    token0: str
    token1: str
    fee_pips: int
    tick_spacing: int


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """A funded account with its development key."""

    name: str
    address: str
    private_key: str
    sandbox_only: bool = True


@dataclass(frozen=True, slots=True)
class ChainManifest:
    """Everything needed to talk to the chain; addresses are in EIP-55 case."""

    chain_id: int
    http_url: str
    ws_url: str
    pid: int
    seed: int
    deployment_block: int
    """The newest block when everything was in place: read logs from the next one on."""
    tokens: tuple[TokenEntry, ...]
    contracts: Mapping[str, str]
    pools: tuple[PoolEntry, ...]
    accounts: tuple[AccountEntry, ...]

    def token(self, symbol: str) -> TokenEntry:
        """Return the token called `symbol`."""
        return next(token for token in self.tokens if token.symbol == symbol)

    def account(self, name: str) -> AccountEntry:
        """Return the account called `name`: deployer, trader or other."""
        return next(account for account in self.accounts if account.name == name)

    def pool(self, first: str, second: str, fee_pips: int) -> PoolEntry:
        """Return the pool of two symbols, in either order."""
        wanted = {self.token(first).address, self.token(second).address}
        return next(
            pool
            for pool in self.pools
            if {pool.token0, pool.token1} == wanted and pool.fee_pips == fee_pips
        )

    def write(self, path: Path) -> None:
        """Write the file whole or not at all, so that a waiting reader never sees half of it."""
        part = path.with_name(path.name + ".part")
        part.write_bytes(orjson.dumps(self, option=orjson.OPT_INDENT_2))
        part.replace(path)

    @staticmethod
    def read(path: Path) -> "ChainManifest":
        """Read a file that `write` wrote.

        Raises
        ------
        ConfigError
            There is no such file, or it is not a manifest of this version.
        """
        try:
            return _from_fields(orjson.loads(path.read_bytes()))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is not the manifest of a sandbox chain: {error}") from error


def _from_fields(fields: dict[str, Any]) -> ChainManifest:
    nested = {
        "tokens": tuple(TokenEntry(**each) for each in fields["tokens"]),
        "pools": tuple(PoolEntry(**each) for each in fields["pools"]),
        "accounts": tuple(AccountEntry(**each) for each in fields["accounts"]),
    }
    return ChainManifest(**(fields | nested))
