"""The local counterparties: started, described, and made into configuration tables."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson

from router.compose.sandbox_tables import AGENT_KEY_ENV, CHAIN_KEY_ENV, chain_table, venue_table
from router.domain.error import ConfigError
from venues.sandbox import chain as chain_sandbox
from venues.sandbox.hyperliquid import (
    BTC,
    DEV_MASTER_ADDRESS,
    ETH,
    HYPE,
    SCENES,
    SOL,
    FundedAccount,
    ManifestTakenError,
    SandboxConfig,
    SceneConfig,
    remove_leftover,
)
from venues.sandbox.hyperliquid import serve as serve_venue
from venues.sandbox.hyperliquid.config import LimitConfig

Facts = dict[str, str]

_VENUE_MANIFEST: Final = "hyperliquid.json"
_VENUE_START_POLLS_MAX: Final = 400
_VENUE_START_POLL_S: Final = 0.025
_ANNOUNCED_WITHIN_S: Final = 5.0
# Little enough that margin binds on the demo's order: then pools, book and collateral decide
# together, and the proof says what one more dollar of collateral would save.
COLLATERAL_USD: Final = 45_000
_MICRO: Final = 10**6
_BLOCK_TIME_MAX_S: Final = 1.0
_MS_PER_S: Final = 1_000
_TIME_FACTOR_MAX: Final = 3_600
# As the venue paces its books; the demo wants them at once.
_BOOK_INTERVAL_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Sandboxes:
    """Both counterparties, running.

    Attributes
    ----------
    environment : Mapping[str, str]
        The keys, under the names the tables refer to. Public development keys, worthless.
    """

    chain: chain_sandbox.RunningChain
    venue: Mapping[str, str]
    environment: Mapping[str, str]

    def tables(self) -> str:
        """Return the configuration tables of both venues as TOML."""
        return chain_table(self.chain.manifest) + venue_table(self.venue)


@contextmanager
def sandboxes(
    state_dir: Path, *, seed: int, block_time_s: float | None, collateral_usd: int = COLLATERAL_USD
) -> Iterator[Sandboxes]:
    """Run both until the block is left: the node as a child, the perp venue as another.

    Parameters
    ----------
    block_time_s : float | None
        Seconds between blocks; None makes one for each transaction only.
    collateral_usd : int
        What the trader has at the perp venue.

    Raises
    ------
    ConfigError
        If the node modules are missing, or a sandbox does not come up.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    with (
        _venue_process(state_dir, _venue_config(seed, collateral_usd=collateral_usd)) as venue,
        chain_sandbox.start(
            seed=seed, block_time_s=block_time_s, state_dir=state_dir, families=True
        ) as chain,
    ):
        environment = {
            CHAIN_KEY_ENV: chain.manifest.account("trader").private_key,
            AGENT_KEY_ENV: venue()["agent_key"],
        }
        yield Sandboxes(chain, venue(), environment)


def serve_chain(
    state_dir: Path,
    *,
    seed: int,
    port: int | None,
    block_time_s: float | None,
    on_ready: Callable[[Facts], None],
) -> None:
    """Serve a chain until SIGINT or SIGTERM."""

    def ready(running: chain_sandbox.RunningChain) -> None:
        manifest = running.manifest
        on_ready(
            {
                "http": manifest.http_url,
                "ws": manifest.ws_url,
                "chain_id": str(manifest.chain_id),
                "pools": str(len(manifest.pools)),
                "prepared_ms": str(running.prepared_ms),
                "manifest": str(state_dir / "chain.json"),
            }
        )

    chain_sandbox.serve(
        state_dir=state_dir, on_ready=ready, seed=seed, port=port, block_time_s=block_time_s
    )


def serve_hyperliquid(
    state_dir: Path,
    *,
    seed: int,
    port: int,
    block_time_s: float,
    time_factor: int,
    scene: str,
    on_ready: Callable[[Facts], None],
) -> None:
    """Serve a perp venue until SIGINT or SIGTERM.

    Parameters
    ----------
    block_time_s : float
        Venue seconds between blocks; zero makes every request a block of its own.
    time_factor : int
        Venue seconds for each second.
    scene : str
        Who trades besides the clients, one of the scenes the sandbox knows.

    Raises
    ------
    ConfigError
        If there is no such scene, a time is out of its range, the port cannot be had, or another
        one is served from the directory.
    """
    config = lone_config(
        seed, port=port, block_time_s=block_time_s, time_factor=time_factor, scene=scene
    )
    state_dir.mkdir(parents=True, exist_ok=True)
    path = _manifest_path(state_dir)

    def announce() -> None:
        facts = _read_manifest(path, os.getpid())
        if facts is not None:
            on_ready({"url": facts["url"], "ws": facts["ws_url"], "manifest": str(path)})

    announcer = threading.Thread(target=announce, daemon=True)
    announcer.start()
    try:
        serve_venue(config, manifest_path=path)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"port {port} cannot be served, take another or 0: {error}") from error
    except ManifestTakenError as error:  # since we looked
        raise ConfigError(str(error)) from error
    announcer.join(_ANNOUNCED_WITHIN_S)  # one that still writes at the end would take the lot down


def lone_config(
    seed: int, *, port: int, block_time_s: float, time_factor: int, scene: str
) -> SandboxConfig:
    """Return what a perp venue that is served by itself is made of.

    Raises
    ------
    ConfigError
        If there is no such scene, or a time is out of its range.
    """
    return replace(
        _venue_config(seed, port=port, collateral_usd=COLLATERAL_USD),
        coins=(BTC, ETH, SOL, HYPE),
        limits=LimitConfig(),
        block_ms=_block_ms(block_time_s),
        book_interval_ms=_BOOK_INTERVAL_MS,
        time_factor=_time_factor(time_factor),
        scene=_scene(scene),
    )


@contextmanager
def _venue_process(
    state_dir: Path, config: SandboxConfig
) -> Iterator[Callable[[], Mapping[str, str]]]:
    path = _manifest_path(state_dir)
    process = multiprocessing.get_context("spawn").Process(
        target=_serve_while_parent_lives, args=(path, config), daemon=True
    )
    process.start()

    def manifest() -> Mapping[str, str]:
        facts = _read_manifest(path, process.pid)
        if facts is None:
            raise ConfigError(f"the perp sandbox did not come up; no manifest at {path}")
        return facts

    try:
        yield manifest
    finally:
        process.terminate()
        process.join()


def _serve_while_parent_lives(path: Path, config: SandboxConfig) -> None:
    # A killed parent cannot end its child, so the child watches for it.
    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
    serve_venue(config, manifest_path=path)


def _venue_config(seed: int, *, collateral_usd: int, port: int = 0) -> SandboxConfig:
    account = FundedAccount(DEV_MASTER_ADDRESS, collateral_usd * _MICRO)
    # Whoever tries the commands on it one after another is not one client too many.
    limits = LimitConfig(by_ip=False)
    return SandboxConfig(seed=seed, port=port, accounts=(account,), limits=limits)


def _block_ms(block_time_s: float) -> int:
    if not 0 <= block_time_s <= _BLOCK_TIME_MAX_S:
        raise ConfigError(
            f"block-time must be 0 to {_BLOCK_TIME_MAX_S} seconds, was {block_time_s}"
        )
    return round(block_time_s * _MS_PER_S)


def _time_factor(factor: int) -> int:
    if not 0 <= factor <= _TIME_FACTOR_MAX:
        raise ConfigError(f"time-factor must be 0 to {_TIME_FACTOR_MAX}, was {factor}")
    return factor


def _scene(name: str) -> SceneConfig | None:
    if name not in SCENES:
        raise ConfigError(f"scene must be one of {', '.join(SCENES)}, was {name!r}")
    return SCENES[name]


def _manifest_path(state_dir: Path) -> Path:
    path = state_dir / _VENUE_MANIFEST
    try:
        remove_leftover(path)
    except ManifestTakenError as error:
        raise ConfigError(str(error)) from error
    return path


def _read_manifest(path: Path, pid: int | None) -> Mapping[str, str] | None:
    # That of one process only: another one may have taken the directory meanwhile.
    for _ in range(_VENUE_START_POLLS_MAX):
        facts = orjson.loads(path.read_bytes()) if path.exists() else {}
        if facts.get("pid") == pid:
            found: Mapping[str, str] = facts
            return found
        time.sleep(_VENUE_START_POLL_S)
    return None
