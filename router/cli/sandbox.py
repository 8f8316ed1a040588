"""The local counterparties as commands."""

from pathlib import Path

from rich.console import Console

from router.cli.show import print_ready
from router.compose import sandbox


def chain(state_dir: Path, *, seed: int, port: int, block_time_s: float, as_json: bool) -> None:
    """Serve a chain until it is told to stop."""
    sandbox.serve_chain(
        state_dir,
        seed=seed,
        port=port or None,
        block_time_s=block_time_s or None,
        on_ready=lambda facts: _ready(facts, as_json=as_json),
    )


def hyperliquid(
    state_dir: Path,
    *,
    seed: int,
    port: int,
    block_time_s: float,
    time_factor: int,
    scene: str,
    as_json: bool,
) -> None:
    """Serve a perp venue until it is told to stop."""
    sandbox.serve_hyperliquid(
        state_dir,
        seed=seed,
        port=port,
        block_time_s=block_time_s,
        time_factor=time_factor,
        scene=scene,
        on_ready=lambda facts: _ready(facts, as_json=as_json),
    )


def _ready(facts: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print_ready(facts)
        return
    for name, value in facts.items():
        Console().print(f"{name}: {value}", soft_wrap=True, highlight=False)
