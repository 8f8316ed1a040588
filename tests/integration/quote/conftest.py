"""Counterparties of this folder's own, and a configuration of them."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from router.cli.main import app
from router.compose.sandbox import Sandboxes, sandboxes
from router.compose.sandbox_tables import AGENT_KEY_ENV, CHAIN_KEY_ENV

REPOSITORY = Path(__file__).parents[3]
COLLATERAL_USD = 3_000_000


@dataclass(frozen=True)
class Floor:
    """Both counterparties, and the text of a configuration of them."""

    running: Sandboxes
    text: str

    def furnished(self, folder):
        config = folder / "headrace.toml"
        config.write_text(self.text)
        return config


@dataclass(frozen=True)
class Keyless:
    """The command line on a configuration, in an environment without any key."""

    config: Path

    def quote(self, *words, config=None):
        kept = {k: v for k, v in os.environ.items() if k not in {CHAIN_KEY_ENV, AGENT_KEY_ENV}}
        removed = dict.fromkeys((CHAIN_KEY_ENV, AGENT_KEY_ENV))
        ended = CliRunner().invoke(
            app, ["quote", str(config or self.config), *words], env={**kept, **removed}
        )
        structlog.reset_defaults()
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended


@pytest.fixture(scope="package")
def floor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quotes") / "sandboxes"
    text = (REPOSITORY / "configs" / "demo.toml").read_text()
    with sandboxes(folder, seed=7, block_time_s=0.5, collateral_usd=COLLATERAL_USD) as running:
        yield Floor(running, text + running.tables())


@pytest.fixture
def keyless(floor, tmp_path):
    return Keyless(floor.furnished(tmp_path))
